/* SPDX-License-Identifier: MIT
 *
 * Messages as JSON objects.  One loop over the table of fields makes most of them.
 */
#include "json.h"

#include <assert.h>
#include <stdlib.h>

#include "btw/bencode.h"
#include "names.h"

json_t *cap_json_hex(struct btw_slice bytes)
{
    static const char digits[] = "0123456789abcdef";
    char some[256] = "", *text = bytes.len <= sizeof some / 2 ? some : malloc(2 * bytes.len);
    if (text == NULL)
        return json_null();
    for (size_t i = 0; i < bytes.len; i++) {
        text[2 * i] = digits[bytes.data[i] >> 4];
        text[2 * i + 1] = digits[bytes.data[i] & 15];
    }
    json_t *made = json_stringn(text, 2 * bytes.len);
    if (text != some)
        free(text);
    return made;
}

static bool has_controls(struct btw_slice bytes)
{
    for (size_t i = 0; i < bytes.len; i++) {
        if (bytes.data[i] < 0x20 || bytes.data[i] == 0x7f)
            return true;
    }
    return false;
}

json_t *cap_json_text(struct btw_slice bytes)
{
    json_t *made = has_controls(bytes) ? NULL : json_stringn(bytes.len == 0 ? "" : (const char *)bytes.data, bytes.len);
    return made != NULL ? made : json_pack("{s:o}", "hex", cap_json_hex(bytes));
}

/* Keys that are no UTF-8 are written as their hex. */
static void set_key(json_t *object, struct btw_slice key, json_t *value)
{
    json_t *name = has_controls(key) ? NULL : json_stringn(key.len == 0 ? "" : (const char *)key.data, key.len);
    if (name == NULL)
        name = cap_json_hex(key);
    json_object_set_new(object, json_string_value(name), value);
    json_decref(name);
}

/* A value that is no container, or an empty one. */
static json_t *start_of(struct btw_slice value)
{
    struct btw_slice text = { NULL, 0 };
    int64_t number = 0;
    switch (btw_ben_kind(value)) {
    case BTW_BEN_INT:
        return btw_ben_int(value, &number) ? json_integer(number) : json_null();
    case BTW_BEN_STR:
        return btw_ben_str(value, &text) ? cap_json_text(text) : json_null();
    case BTW_BEN_LIST:
        return json_array();
    case BTW_BEN_DICT:
        return json_object();
    case BTW_BEN_NONE:
        break;
    }
    return json_null();
}

json_t *cap_json_bencode(struct btw_slice value)
{
    struct {
        json_t *made;
        struct btw_ben_iter iter;
    } open[BTW_BEN_DEPTH_MAX];
    struct btw_slice key, item;
    size_t depth = 0;
    json_t *root = start_of(value), *made = root;
    for (;;) {
        if (btw_ben_kind(value) == BTW_BEN_DICT || btw_ben_kind(value) == BTW_BEN_LIST) {
            assert(depth < BTW_BEN_DEPTH_MAX); /* nothing deeper passes the check */
            open[depth].made = made;
            open[depth++].iter = btw_ben_iter_of(value);
        }
        while (depth > 0 && !btw_ben_next(&open[depth - 1].iter, &key, &item))
            depth--;
        if (depth == 0)
            return root;
        value = item;
        made = start_of(value);
        if (json_is_object(open[depth - 1].made))
            set_key(open[depth - 1].made, key, made);
        else
            json_array_append_new(open[depth - 1].made, made);
    }
}

/* `dict` and the number of bytes behind it, or `data` where there is none. */
static void set_payload(json_t *object, struct btw_slice payload)
{
    struct btw_slice dict;
    unsigned flaws;
    if (btw_ben_dict_at_front(payload, &dict, &flaws, NULL) != BTW_OK) {
        json_object_set_new(object, "data", cap_json_hex(payload));
        return;
    }
    json_object_set_new(object, "dict", cap_json_bencode(dict));
    if (dict.len < payload.len)
        json_object_set_new(object, "tail", json_integer((json_int_t)(payload.len - dict.len)));
}

static json_t *reserved_bits(const uint8_t reserved[8])
{
    json_t *names = json_array();
    for (const struct btw_reserved_bit *bit = btw_reserved_bits(); bit->name != NULL; bit++) {
        if ((reserved[bit->byte] & bit->mask) != 0)
            json_array_append_new(names, json_string(bit->name));
    }
    return names;
}

static void set_fields(json_t *object, const struct btw_msg *msg, bool full)
{
    for (const struct btw_field *field = btw_desc_of(msg->type)->fields; field->name != NULL; field++) {
        if (field->kind == BTW_KIND_PAYLOAD)
            set_payload(object, btw_field_bytes(msg, field));
        else if (field->kind < BTW_KIND_BYTES)
            json_object_set_new(object, field->name, json_integer(btw_field_number(msg, field)));
        else if (msg->type != BTW_PIECE || (full && msg->data.data != NULL))
            json_object_set_new(object, field->name, cap_json_hex(btw_field_bytes(msg, field)));
    }
}

void cap_json_set_handshake(json_t *object, const uint8_t reserved[8], const uint8_t peer_id[20])
{
    char client[CAP_CLIENT_TEXT];
    cap_client_text(client, peer_id);
    json_object_set_new(object, "reserved_bits", reserved_bits(reserved));
    json_object_set_new(object, "client", json_string(client));
}

/* Which extension a message belongs to, by the ids its receiver has announced. */
static void set_extension(json_t *object, const struct cap_event *event, const struct cap_account *account)
{
    enum btw_ext ext;
    if (event->msg.ext == 0) {
        json_object_set_new(object, "extension", json_string("handshake"));
    } else if (account != NULL &&
               (ext = btw_ext_map_find(&account->side[!event->side].wants, event->msg.ext)) != BTW_EXTS) {
        json_object_set_new(object, "extension", json_string(btw_ext_name(ext)));
    }
}

static void set_message(json_t *object, const struct cap_event *event, const struct cap_account *account, bool full)
{
    const struct btw_msg *msg = &event->msg;
    json_object_set_new(object, "type", json_string(btw_desc_of(msg->type)->name));
    json_object_set_new(object, "offset", json_integer((json_int_t)event->offset));
    json_object_set_new(object, "size", json_integer((json_int_t)event->size));
    if (msg->type == BTW_PIECE)
        json_object_set_new(object, "length", json_integer((json_int_t)msg->data.len));
    set_fields(object, msg, full);
    if (msg->type == BTW_HANDSHAKE)
        cap_json_set_handshake(object, msg->reserved, msg->peer_id);
    if (msg->type == BTW_EXTENDED)
        set_extension(object, event, account);
    if (event->kind == CAP_BAD)
        json_object_set_new(object, "bad", json_string(btw_status_name(event->bad)));
}

json_t *cap_json_endpoint(const struct cap_endpoint *at)
{
    char text[CAP_ENDPOINT_TEXT];
    cap_endpoint_text(text, at);
    return json_string(text);
}

json_t *cap_json_seconds(int64_t ns)
{
    return json_real((double)ns / 1e9);
}

json_t *cap_json_event(const struct cap_event *event, const struct cap_account *account, bool full)
{
    static const char *const types[] = {
        [CAP_GAP] = "gap", [CAP_CIPHER] = "cipher", [CAP_FIN] = "fin", [CAP_RST] = "rst", [CAP_CLOSED] = NULL,
    };
    const struct cap_session *session = event->session;
    bool message = event->kind == CAP_MESSAGE || event->kind == CAP_BAD;
    if (!message && types[event->kind] == NULL)
        return NULL;
    json_t *object = json_object();
    json_object_set_new(object, "flow", json_integer((json_int_t)session->number));
    json_object_set_new(object, "time", cap_json_seconds(event->time_ns));
    json_object_set_new(object, "frame", json_integer((json_int_t)event->frame));
    json_object_set_new(object, "from", cap_json_endpoint(&session->sent[event->side].from));
    json_object_set_new(object, "to", cap_json_endpoint(&session->sent[!event->side].from));
    if (message) {
        set_message(object, event, account, full);
        return object;
    }
    json_object_set_new(object, "type", json_string(types[event->kind]));
    if (event->kind == CAP_GAP || event->kind == CAP_CIPHER)
        json_object_set_new(object, "bytes", json_integer((json_int_t)event->gap));
    if (event->kind == CAP_GAP)
        json_object_set_new(object, "resumed", json_boolean(event->resumed));
    return object;
}

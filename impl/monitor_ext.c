/* SPDX-License-Identifier: MIT
 *
 * Keeps what each side has said in extended messages (BEP 10): the ids of its extensions, what it calls itself, and
 * what it has no longer.
 */
#include "btw/bencode.h"
#include "monitor_state.h"

bool read_dict(struct btw_slice payload, struct btw_slice *dict)
{
    size_t used;
    unsigned flaws;

    if (btw_ben_check_lenient(payload, &used, &flaws, NULL) != BTW_OK)
        return false;
    *dict = btw_slice_of(payload.data, used);
    return btw_ben_kind(*dict) == BTW_BEN_DICT;
}

static unsigned extension_of(struct btw_slice name)
{
    static const struct {
        const char *name;
        enum extension extension;
    } known[] = {
        { "ut_metadata", EXT_UT_METADATA },
        { "ut_pex", EXT_UT_PEX },
        { "lt_donthave", EXT_LT_DONTHAVE },
        { "ut_holepunch", EXT_UT_HOLEPUNCH },
    };

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (btw_slice_equal(name, btw_slice_str(known[i].name)))
            return known[i].extension;
    }
    return EXT_OTHER;
}

static void take_extension_ids(struct said *self, struct btw_slice m)
{
    struct btw_ben_iter iter = btw_ben_iter_of(m);
    struct btw_slice key, value;

    while (btw_ben_next(&iter, &key, &value)) {
        unsigned extension = extension_of(key);
        int64_t id;

        if (!btw_ben_int(value, &id))
            continue;
        if (id != 0)
            self->names[(uint8_t)id] |= (uint8_t)extension;
        if (id < 0 || id > 255) {
            /* Our sender's fault: receivers make its low byte of it, or 0. */
            self->names[0] |= (uint8_t)extension;
            continue;
        }
        if (extension == EXT_UT_METADATA)
            self->view.ext_id_of_ut_metadata = (uint8_t)id;
        if (extension == EXT_UT_PEX)
            self->view.ext_id_of_ut_pex = (uint8_t)id;
    }
}

static void print_client(char *out, size_t cap, struct btw_slice name)
{
    size_t len = name.len < cap - 1 ? name.len : cap - 1;

    for (size_t i = 0; i < len; i++)
        out[i] = (char)(name.data[i] >= 0x20 && name.data[i] < 0x7f ? name.data[i] : '?');
    out[len] = '\0';
}

static void take_ext_handshake(struct said *self, struct btw_slice payload)
{
    struct btw_slice dict, key, value, v;

    self->view.ext_handshake_seen = true;
    if (!read_dict(payload, &dict)) {
        self->ext_unread = true;
        return;
    }
    struct btw_ben_iter iter = btw_ben_iter_of(dict);
    while (btw_ben_next(&iter, &key, &value)) /* m may be there twice, and nobody knows which one a receiver takes */
        if (btw_slice_equal(key, btw_slice_str("m")) && btw_ben_kind(value) == BTW_BEN_DICT)
            take_extension_ids(self, value);
    if (btw_ben_get_str(dict, "v", &v) && v.len > 0)
        print_client(self->view.client, sizeof self->view.client, v);
    (void)btw_ben_get_int(dict, "metadata_size", &self->view.metadata_size);
    (void)btw_ben_get_int(dict, "reqq", &self->view.reqq);
}

void said_take_extended(const struct judge *j)
{
    const struct btw_msg *msg = j->msg;

    if (msg->ext == 0) {
        take_ext_handshake(j->self, msg->data);
    } else if ((j->other->names[msg->ext] & EXT_LT_DONTHAVE) != 0 && msg->data.len == 4) {
        struct btw_reader r = btw_reader_of(msg->data);

        j->self->withdrew = true;
        pieces_remove(&j->self->has, btw_read_u32(&r), j->monitor->world.pieces);
        said_recount(j->self, j->monitor->world.pieces);
    }
}

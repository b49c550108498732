/* SPDX-License-Identifier: MIT
 *
 * The extensions of one connection: ids both ways, extended handshakes both ways.
 */
#include <assert.h>

#include "wire_impl.h"

static struct btw_wire_slot *find(const struct btw_wire *wire, const char *name)
{
    const struct btw_wire_extensions *all = &wire->extensions;

    for (size_t i = 0; i < all->count; i++)
        if (strcmp(all->slot[i].extension->name, name) == 0)
            return (struct btw_wire_slot *)&all->slot[i];
    return NULL;
}

enum btw_status btw_wire_use(struct btw_wire *wire, const struct btw_wire_extension *extension, void *user)
{
    struct btw_wire_extensions *all = &wire->extensions;

    assert(extension->name != NULL && extension->name[0] != '\0');
    if (find(wire, extension->name) != NULL)
        return BTW_REFUSED;
    if (all->count == BTW_WIRE_EXTENSIONS_MAX)
        return BTW_NO_SPACE;
    all->slot[all->count++] = (struct btw_wire_slot){ .extension = extension, .user = user };
    return BTW_OK;
}

enum btw_status btw_wire_switch(struct btw_wire *wire, const char *name, bool on, int64_t now_ms)
{
    struct btw_wire_slot *slot = find(wire, name);

    if (slot == NULL)
        return BTW_NOT_FOUND;
    if (slot->off == !on)
        return BTW_OK;
    slot->off = !on;
    return wire->greeted ? btw_wire_extended_handshake(wire, now_ms) : BTW_OK;
}

bool btw_wire_supports(const struct btw_wire *wire, const char *name)
{
    const struct btw_wire_slot *slot = find(wire, name);

    return slot != NULL && !slot->off && slot->theirs != 0;
}

enum btw_status btw_wire_extended(struct btw_wire *wire, const char *name, struct btw_slice payload, int64_t now_ms)
{
    const struct btw_wire_slot *slot = find(wire, name);

    if (slot == NULL)
        return BTW_NOT_FOUND;
    if (slot->off || slot->theirs == 0)
        return BTW_REFUSED;
    return btw_wire_send(wire, &(struct btw_msg){ .type = BTW_EXTENDED, .ext = slot->theirs, .data = payload }, now_ms);
}

/* --- our extended handshake ------------------------------------------------------------------------------------------
 */

/* The extension whose name comes next in the order of bencoded keys; NULL behind the last. */
static const struct btw_wire_slot *next_name(const struct btw_wire_extensions *all, const struct btw_wire_slot *last)
{
    const struct btw_wire_slot *next = NULL;

    for (size_t i = 0; i < all->count; i++) {
        const struct btw_wire_slot *slot = &all->slot[i];
        if (last != NULL && strcmp(slot->extension->name, last->extension->name) <= 0)
            continue;
        if (next == NULL || strcmp(slot->extension->name, next->extension->name) < 0)
            next = slot;
    }
    return next;
}

static void write_ids(struct btw_writer *w, const struct btw_wire_extensions *all)
{
    btw_ben_put_dict(w);
    for (const struct btw_wire_slot *slot = next_name(all, NULL); slot != NULL; slot = next_name(all, slot)) {
        btw_ben_put_key(w, slot->extension->name);
        btw_ben_put_int(w, slot->off ? 0 : slot - all->slot + 1);
    }
    btw_ben_put_end(w);
}

static int compare(struct btw_slice a, struct btw_slice b)
{
    int order = memcmp(a.data, b.data, a.len < b.len ? a.len : b.len);

    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

/* Both dictionaries as one; of a key in both, the first one's value. */
static void write_merged(struct btw_writer *w, struct btw_slice first, struct btw_slice second)
{
    struct btw_ben_iter a = btw_ben_iter_of(first), b = btw_ben_iter_of(second);
    struct btw_slice key[2], value[2];
    bool more[2] = { btw_ben_next(&a, &key[0], &value[0]), btw_ben_next(&b, &key[1], &value[1]) };

    btw_ben_put_dict(w);
    while (more[0] || more[1]) {
        int order = !more[1] ? -1 : !more[0] ? 1 : compare(key[0], key[1]);
        int taken = order > 0;

        btw_ben_put_str(w, key[taken]);
        btw_write_bytes(w, value[taken]);
        if (order <= 0)
            more[0] = btw_ben_next(&a, &key[0], &value[0]);
        if (order >= 0)
            more[1] = btw_ben_next(&b, &key[1], &value[1]);
    }
    btw_ben_put_end(w);
}

/* The ids, the keys that have members, and all keys, one behind the other; *payload is the last. */
static bool write_handshake(const struct btw_wire *wire, uint8_t *to, size_t cap, struct btw_slice *payload)
{
    const struct btw_wire_torrent *torrent = &wire->config.torrent;
    struct btw_ext_handshake hs = torrent->hello;
    struct btw_writer ids = btw_writer_on(to, cap), merged;
    size_t len;

    write_ids(&ids, &wire->extensions);
    hs.m = btw_slice_of(ids.data, ids.len);
    hs.has |= BTW_EXT_M;
    if (ids.failed || btw_ext_handshake_encode(to + ids.len, cap - ids.len, &len, &hs) != BTW_OK)
        return false;
    *payload = btw_slice_of(to + ids.len, len);
    if (torrent->keys.len == 0)
        return true;
    merged = btw_writer_on(to + ids.len + len, cap - ids.len - len);
    write_merged(&merged, *payload, torrent->keys);
    *payload = btw_slice_of(merged.data, merged.len);
    return !merged.failed;
}

/* Queues it by `say`: as something owed, or as something that the caller wants. */
static enum btw_status greet(struct btw_wire *wire, bool owed, int64_t now_ms)
{
    struct btw_msg msg = { .type = BTW_EXTENDED };
    enum btw_status status;
    uint8_t *memory;
    size_t cap = 512;

    for (;;) {
        memory = wire_memory(wire, NULL, 0, cap);
        if (memory == NULL)
            return BTW_NO_SPACE;
        if (write_handshake(wire, memory, cap, &msg.data))
            break;
        wire_memory(wire, memory, cap, 0);
        cap *= 2;
    }
    status = owed ? wire_owe(wire, &msg) : btw_wire_send(wire, &msg, now_ms);
    wire_memory(wire, memory, cap, 0);
    wire->greeted |= status == BTW_OK;
    return status;
}

enum btw_status btw_wire_extended_handshake(struct btw_wire *wire, int64_t now_ms)
{
    return greet(wire, false, now_ms);
}

void wire_ext_greet(struct btw_wire *wire)
{
    if (greet(wire, true, wire->now_ms) == BTW_NO_SPACE)
        btw_wire_close(wire, BTW_CLOSE_MEMORY);
}

/* --- what they say ---------------------------------------------------------------------------------------------------
 */

void wire_ext_hello(struct btw_wire *wire, const struct btw_msg *handshake)
{
    const struct btw_wire_extensions *all = &wire->extensions;

    for (size_t i = 0; i < all->count && wire->closed == BTW_CLOSE_NONE; i++) {
        const struct btw_wire_slot *slot = &all->slot[i];
        if (slot->extension->on_handshake != NULL)
            slot->extension->on_handshake(slot->user, wire, handshake, wire->now_ms);
    }
}

/* The session asks about ids of extensions that it does not know by name. */
bool wire_ext_known(const struct btw_wire *wire, enum btw_who who, uint8_t id)
{
    const struct btw_wire_extensions *all = &wire->extensions;

    if (who == BTW_US)
        return id <= all->count && !all->slot[id - 1].off;
    for (size_t i = 0; i < all->count; i++)
        if (all->slot[i].theirs == id)
            return true;
    return false;
}

static void hear_handshake(struct btw_wire *wire, const struct btw_msg *msg)
{
    struct btw_wire_extensions *all = &wire->extensions;
    struct btw_ext_handshake hs;

    if (btw_ext_handshake_decode(&hs, msg->data, NULL) != BTW_OK) {
        wire_tell_msg(wire, msg); /* as a message of no extension */
        return;
    }
    for (size_t i = 0; i < all->count; i++)
        btw_ext_id_of(&hs, all->slot[i].extension->name, &all->slot[i].theirs);
    for (size_t i = 0; i < all->count && wire->closed == BTW_CLOSE_NONE; i++) {
        const struct btw_wire_slot *slot = &all->slot[i];
        if (!slot->off && slot->theirs != 0 && slot->extension->on_extended_handshake != NULL)
            slot->extension->on_extended_handshake(slot->user, wire, &hs, wire->now_ms);
    }
    if (wire->closed == BTW_CLOSE_NONE)
        wire_tell(wire, &(struct btw_wire_event){ .kind = BTW_WIRE_EXTENDED_HANDSHAKE, .msg = msg, .hello = &hs });
}

void wire_ext_hear(struct btw_wire *wire, const struct btw_msg *msg)
{
    const struct btw_wire_slot *slot;

    if (msg->ext == 0) {
        hear_handshake(wire, msg);
        return;
    }
    slot = &wire->extensions.slot[msg->ext - 1];
    if (slot->extension->on_message != NULL)
        slot->extension->on_message(slot->user, wire, msg->data, wire->now_ms);
    if (wire->closed == BTW_CLOSE_NONE)
        wire_tell(wire,
                  &(struct btw_wire_event){ .kind = BTW_WIRE_EXTENDED, .msg = msg, .name = slot->extension->name });
}

/* SPDX-License-Identifier: MIT
 *
 * Changes of one message: its bytes, and its fields by their kind in the message table.
 */
#include "mutate.h"

#include <stdlib.h>
#include <string.h>

#include "random.h"

enum { SMALL = 4096 };

static void *must(void *memory)
{
    if (memory == NULL)
        abort();
    return memory;
}

/* ---- numbers ----------------------------------------------------------------------------------------------------- */

uint32_t live_odd_number(enum btw_kind kind, const struct live_mutation *how)
{
    const struct live_facts *facts = how->facts;
    const struct live_torrent *torrent = &facts->torrents[0];
    const uint32_t at = torrent->pieces, length = torrent->piece_length, last = torrent->last_length;
    const uint32_t numbers[] = { 0,
                                 1,
                                 2,
                                 at - 1,
                                 at,
                                 at + 1,
                                 at / 2,
                                 length - BTW_BLOCK_SIZE,
                                 length - 1,
                                 length,
                                 length + 1,
                                 last - 1,
                                 last,
                                 last + 1,
                                 BTW_BLOCK_SIZE - 1,
                                 BTW_BLOCK_SIZE,
                                 BTW_BLOCK_SIZE + 1,
                                 2 * BTW_BLOCK_SIZE,
                                 1 << 17,
                                 (1 << 17) + 1,
                                 0x7fffffff,
                                 0x80000000,
                                 0x80000001,
                                 0xffffc000,
                                 0xfffffffe,
                                 0xffffffff,
                                 facts->metadata_id,
                                 facts->pex_id,
                                 torrent->metadata_size,
                                 8,
                                 16,
                                 255,
                                 256,
                                 512,
                                 65535,
                                 65536 };
    uint32_t number =
        live_one_in(how->random, 12) ? (uint32_t)scn_random(how->random) : LIVE_PICK(how->random, numbers);
    uint32_t mask = kind == BTW_KIND_U8 ? 0xff : kind == BTW_KIND_U16 ? 0xffff : 0xffffffff;
    return number & mask;
}

/* ---- bytes ------------------------------------------------------------------------------------------------------- */

/* Of the many ways to spoil bytes. */
enum { FLIP, SET, DROP, DOUBLE, INSERT, CUT, TELL, BYTE_WAYS };

static void fill(uint8_t *out, size_t len, uint64_t *random)
{
    static const uint8_t usual[] = { 0, 0xff, 0x80, 'd', 'e', 'i', 'l', ':', '9' };
    uint8_t same = LIVE_PICK(random, usual);
    bool mixed = live_one_in(random, 2);
    for (size_t i = 0; i < len; i++)
        out[i] = mixed ? (uint8_t)scn_random(random) : same;
}

/* In place, in a buffer with room for `more` bytes; returns the new length. */
static size_t spoil(uint8_t *bytes, size_t len, size_t more, uint64_t *random)
{
    size_t at = live_below(random, (uint32_t)len), count = 1 + live_below(random, live_one_in(random, 4) ? 64 : 4);
    count = count < len - at ? count : len - at;
    switch (live_below(random, BYTE_WAYS)) {
    case FLIP:
        bytes[at] ^= (uint8_t)(1u << live_below(random, 8));
        return len;
    case SET:
        fill(bytes + at, count, random);
        return len;
    case DROP:
        memmove(bytes + at, bytes + at + count, len - at - count);
        return len - count;
    case DOUBLE:
        if (count > more)
            return len;
        memmove(bytes + at + count, bytes + at, len - at);
        return len + count;
    case INSERT:
        if (count > more)
            return len;
        memmove(bytes + at + count, bytes + at, len - at);
        fill(bytes + at, count, random);
        return len + count;
    case CUT:
        return at;
    default: /* TELL: a lie where the length stands */
        if (len >= 4) {
            const uint32_t lies[] = { 0,
                                      1,
                                      (uint32_t)len,
                                      (uint32_t)len - 5,
                                      (uint32_t)len - 3,
                                      BTW_BLOCK_SIZE + 9,
                                      (1 << 17) + 9,
                                      (1 << 20) + 1,
                                      0x7fffffff,
                                      0x80000000,
                                      0xffffffff };
            uint32_t lie = LIVE_PICK(random, lies);
            for (int i = 0; i < 4; i++)
                bytes[i] = (uint8_t)(lie >> (24 - 8 * i));
        }
        return len;
    }
}

bool live_mutate_bytes(struct live_step *step, const struct live_mutation *how)
{
    if (step->kind != LIVE_SEND || step->len == 0)
        return false;
    uint8_t *bytes = must(malloc(step->len + 64));
    memcpy(bytes, step->bytes, step->len);
    size_t len = spoil(bytes, step->len, 64, how->random);
    bool changed = len != step->len || memcmp(bytes, step->bytes, len) != 0;
    changed = changed && live_step_set(step, bytes, len);
    free(bytes);
    return changed;
}

/* ---- fields ------------------------------------------------------------------------------------------------------ */

/* The rest of a message: sizes around the right one, and what a size without reason would be. */
static struct btw_slice odd_rest(const struct btw_msg *msg, const struct live_mutation *how)
{
    const struct live_torrent *torrent = &how->facts->torrents[0];
    const uint32_t bits = (torrent->pieces + 7) / 8, len = (uint32_t)msg->data.len;
    const uint32_t sizes[] = { 0,
                               1,
                               len + 1,
                               len - (len > 0),
                               len / 2,
                               bits,
                               bits + 1,
                               bits - (bits > 0),
                               2 * len,
                               BTW_BLOCK_SIZE,
                               BTW_BLOCK_SIZE + 1,
                               20,
                               32 };
    uint32_t size = live_one_in(how->random, 2) ? len : LIVE_PICK(how->random, sizes);
    size = size < LIVE_STEP_BYTES_MAX / 2 ? size : LIVE_STEP_BYTES_MAX / 2;
    uint8_t *bytes = must(calloc(1, size + 1));
    if (len > 0)
        memcpy(bytes, msg->data.data, len < size ? len : size);
    if (size > len || live_one_in(how->random, 2))
        fill(bytes + (size > len ? len : live_below(how->random, size + 1)), size > len ? size - len : 0, how->random);
    if (size == len && size > 0)
        bytes[live_below(how->random, size)] ^= (uint8_t)(1 + live_below(how->random, 255));
    return btw_slice_of(bytes, size);
}

static void odd_bytes(uint8_t *bytes, size_t size, const struct live_mutation *how)
{
    const struct live_facts *facts = how->facts;
    switch (live_below(how->random, 5)) {
    case 0:
        bytes[live_below(how->random, (uint32_t)size)] ^= (uint8_t)(1 + live_below(how->random, 255));
        break;
    case 1:
        memset(bytes, live_one_in(how->random, 2) ? 0 : 0xff, size);
        break;
    case 2: /* another torrent, or as an id: something that is none */
        memcpy(bytes, facts->torrents[live_below(how->random, (uint32_t)facts->torrent_count)].info_hash,
               size < 20 ? size : 20);
        break;
    case 3:
        if (facts->peer_id != NULL && size == 20)
            memcpy(bytes, facts->peer_id, 20);
        break;
    default:
        fill(bytes, size, how->random);
        break;
    }
}

static void odd_reserved(uint8_t bits[8], const struct live_mutation *how)
{
    static const char *const names[] = { "fast", "ext", "dht", "v2", "azureus", "location", "nat", "xbt" };
    if (live_one_in(how->random, 6)) {
        memset(bits, live_one_in(how->random, 2) ? 0 : 0xff, 8);
    } else if (live_one_in(how->random, 3)) {
        bits[live_below(how->random, 8)] ^= (uint8_t)(1u << live_below(how->random, 8));
    } else {
        const char *name = LIVE_PICK(how->random, names);
        btw_reserved_set(bits, name, !btw_reserved_has(bits, name));
    }
}

/* Changes the field; *owned is memory to be freed when the message is not needed any more. */
static void change_field(struct btw_msg *msg, const struct btw_field *field, uint8_t **owned,
                         const struct live_mutation *how)
{
    switch (field->kind) {
    case BTW_KIND_U8:
    case BTW_KIND_U16:
    case BTW_KIND_U32:
        btw_field_set_number(msg, field, live_odd_number(field->kind, how));
        break;
    case BTW_KIND_BYTES:
        odd_bytes((uint8_t *)msg + field->offset, field->size, how);
        break;
    case BTW_KIND_RESERVED:
        odd_reserved((uint8_t *)msg + field->offset, how);
        break;
    case BTW_KIND_REST:
    case BTW_KIND_PAYLOAD:
        msg->data = odd_rest(msg, how);
        *owned = (uint8_t *)msg->data.data;
        break;
    }
}

static size_t field_count(const struct btw_desc *desc)
{
    size_t count = 0;
    while (count < BTW_FIELDS_MAX && desc->fields[count].name != NULL)
        count++;
    return count;
}

static bool set_msg(struct live_step *step, const struct btw_msg *msg)
{
    size_t len = 0, size = btw_msg_size(msg);
    uint8_t *bytes = must(malloc(size));
    bool set = btw_msg_encode(bytes, size, &len, msg) == BTW_OK &&
               (len != step->len || memcmp(bytes, step->bytes, len) != 0) && live_step_set(step, bytes, len);
    free(bytes);
    return set;
}

bool live_mutate_msg(struct live_step *step, const struct live_mutation *how)
{
    struct btw_msg msg;
    uint8_t *owned = NULL;
    if (!live_step_msg(step, &msg))
        return false;
    const struct btw_desc *desc = btw_desc_of(msg.type);
    size_t fields = field_count(desc);
    if (fields == 0)
        return false;
    change_field(&msg, &desc->fields[live_below(how->random, (uint32_t)fields)], &owned, how);
    bool changed = set_msg(step, &msg);
    free(owned);
    return changed;
}

bool live_mutate_payload(struct live_step *step, const struct live_mutation *how)
{
    struct btw_msg msg;
    if (!live_step_msg(step, &msg) || msg.type != BTW_EXTENDED)
        return false;
    size_t cap = msg.data.len + 32768;
    uint8_t *payload = must(malloc(cap));
    size_t len = live_mutate_bencode(payload, cap, msg.data, how);
    msg.data = btw_slice_of(payload, len);
    bool changed = len > 0 && set_msg(step, &msg);
    free(payload);
    return changed;
}

/* ---- new ones ---------------------------------------------------------------------------------------------------- */

size_t live_make_msg(uint8_t *out, size_t cap, const struct live_mutation *how)
{
    /* All but the handshake, which stands first in the table, and raw bytes, which stand last. */
    enum btw_type type = (enum btw_type)(BTW_KEEPALIVE + live_below(how->random, BTW_RAW - BTW_KEEPALIVE));
    if (live_one_in(how->random, 6))
        type = BTW_EXTENDED; /* one id of the table, but many messages */
    static const uint8_t hello[] = "d1:md11:ut_metadatai3e6:ut_pexi1ee13:metadata_sizei1234e4:reqqi250ee";
    static const char *const asks[] = { "d8:msg_typei0e5:piecei0ee", "d8:msg_typei1e5:piecei0e10:total_sizei5eehello",
                                        "d8:msg_typei2e5:piecei0ee", "d8:msg_typei3e5:piecei0ee",
                                        "d5:added6:AAAAAA7:added.f1:A7:dropped0:e" };
    static const uint8_t rests[] = { 0, 1, 5, 5 };
    struct btw_msg msg = { .type = type };
    msg.data = btw_slice_of(how->facts->torrents[0].info_hash, LIVE_PICK(how->random, rests));
    const struct btw_desc *desc = btw_desc_of(type);
    const uint8_t ids[] = { 0, 0, how->facts->metadata_id, how->facts->metadata_id, how->facts->pex_id };
    size_t len = 0;
    for (size_t i = 0; i < field_count(desc); i++) {
        enum btw_kind kind = desc->fields[i].kind;
        bool number = kind == BTW_KIND_U8 || kind == BTW_KIND_U16 || kind == BTW_KIND_U32;
        if (number && !live_one_in(how->random, 3))
            btw_field_set_number(&msg, &desc->fields[i], live_odd_number(kind, how));
    }
    if (type == BTW_EXTENDED && !live_one_in(how->random, 4)) {
        msg.ext = LIVE_PICK(how->random, ids);
        msg.data = msg.ext == 0 ? btw_slice_of(hello, sizeof hello - 1) : btw_slice_str(LIVE_PICK(how->random, asks));
    } else if (type == BTW_HASHES) {
        msg.data.len = 0;
    }
    return btw_msg_encode(out, cap, &len, &msg) == BTW_OK ? len : 0;
}

size_t live_make_handshake(uint8_t out[BTW_HANDSHAKE_SIZE], const struct live_mutation *how)
{
    struct btw_msg msg = { .type = BTW_HANDSHAKE };
    size_t len = 0;
    char id[21];
    snprintf(id, sizeof id, "-FZ0001-%06x%06x", live_below(how->random, 1 << 24), live_below(how->random, 1 << 24));
    memcpy(msg.info_hash, how->facts->torrents[0].info_hash, 20);
    memcpy(msg.peer_id, id, 20);
    btw_reserved_set(msg.reserved, "fast", true);
    btw_reserved_set(msg.reserved, "ext", true);
    return btw_msg_encode(out, BTW_HANDSHAKE_SIZE, &len, &msg) == BTW_OK ? len : 0;
}

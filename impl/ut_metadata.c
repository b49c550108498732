/* SPDX-License-Identifier: MIT
 *
 * Messages of BEP 9 and the pieces of metadata.  Whom to ask, and when, is left to the peer.
 */
#include "btw/ut_metadata.h"

#include <assert.h>

#include "btw/dict.h"
#include "btw/hash.h"

#define AT(member) offsetof(struct btw_ut_metadata, member)

enum { MSG_TYPE = 1 << 0, PIECE = 1 << 1, TOTAL_SIZE = 1 << 2 };

/* clang-format off */
static const struct btw_dict_row rows[] = { /* in the order of the enum above */
    { "msg_type",   BTW_BEN_INT,  AT(msg_type),   NULL },
    { "piece",      BTW_BEN_INT,  AT(piece),      NULL },
    { "total_size", BTW_BEN_INT,  AT(total_size), NULL },
    { NULL,         BTW_BEN_NONE, 0,              NULL },
};
/* clang-format on */

static bool is_known(int64_t msg_type)
{
    return msg_type >= BTW_METADATA_REQUEST && msg_type <= BTW_METADATA_REJECT;
}

enum btw_status btw_ut_metadata_decode(struct btw_ut_metadata *out, struct btw_slice payload, struct btw_diag *diag)
{
    struct btw_ut_metadata msg = { .flaws = 0 };
    struct btw_slice dict = { NULL, 0 };
    unsigned has, bad;
    enum btw_status status = btw_ben_dict_at_front(payload, &dict, &msg.flaws, diag);

    if (status != BTW_OK)
        return status;
    btw_dict_read(&msg, rows, dict, &has, &bad);
    if (!(has & MSG_TYPE))
        return btw_fail(diag, BTW_BAD_WIRE, 0, "no msg_type");
    if (is_known(msg.msg_type) && !(has & PIECE))
        return btw_fail(diag, BTW_BAD_WIRE, 0, "no piece");
    msg.has_total_size = has & TOTAL_SIZE;
    msg.data = btw_slice_of(payload.data + dict.len, payload.len - dict.len);
    *out = msg;
    return BTW_OK;
}

enum btw_status btw_ut_metadata_encode(uint8_t *out, size_t cap, size_t *len, const struct btw_ut_metadata *msg)
{
    struct btw_writer w = btw_writer_on(out, cap);

    btw_dict_write(&w, rows, msg, MSG_TYPE | PIECE | (msg->has_total_size ? TOTAL_SIZE : 0));
    btw_write_bytes(&w, msg->data);
    return btw_writer_end(&w, len);
}

size_t btw_metadata_pieces(size_t size)
{
    return size / BTW_METADATA_PIECE + (size % BTW_METADATA_PIECE != 0);
}

bool btw_metadata_piece(struct btw_slice info, int64_t piece, struct btw_slice *out)
{
    if (piece < 0 || (uint64_t)piece >= btw_metadata_pieces(info.len))
        return false;
    size_t begin = (size_t)piece * BTW_METADATA_PIECE;
    size_t left = info.len - begin;
    *out = btw_slice_of(info.data + begin, left < BTW_METADATA_PIECE ? left : BTW_METADATA_PIECE);
    return true;
}

void btw_metadata_init(struct btw_metadata *metadata, uint8_t *buffer, size_t size)
{
    assert(size >= 1 && size <= BTW_METADATA_MAX);
    *metadata = (struct btw_metadata){ .buffer = buffer, .size = size, .missing = btw_metadata_pieces(size) };
}

enum btw_status btw_metadata_add(struct btw_metadata *metadata, const struct btw_ut_metadata *msg,
                                 struct btw_diag *diag)
{
    struct btw_slice place;

    if (msg->msg_type != BTW_METADATA_DATA)
        return btw_fail(diag, BTW_BAD_WIRE, 0, "not a data message");
    if (msg->has_total_size && msg->total_size != (int64_t)metadata->size)
        return btw_fail(diag, BTW_BAD_WIRE, 0, "total_size is not the size of the metadata");
    if (!btw_metadata_piece(btw_slice_of(metadata->buffer, metadata->size), msg->piece, &place))
        return btw_fail(diag, BTW_BAD_WIRE, 0, "no such piece of metadata");
    if (msg->data.len != place.len)
        return btw_fail(diag, BTW_BAD_WIRE, 0, "%zu bytes in a piece of %zu", msg->data.len, place.len);
    if (!btw_bit_get(metadata->have, (size_t)msg->piece)) {
        memcpy(metadata->buffer + (place.data - metadata->buffer), msg->data.data, place.len);
        btw_bit_set(metadata->have, (size_t)msg->piece, true);
        metadata->missing--;
    }
    return BTW_OK;
}

bool btw_metadata_next_missing(const struct btw_metadata *metadata, size_t *piece)
{
    for (size_t i = *piece; metadata->missing > 0 && i < btw_metadata_pieces(metadata->size); i++)
        if (!btw_bit_get(metadata->have, i)) {
            *piece = i;
            return true;
        }
    return false;
}

/* version 1: 20 bytes of SHA-1; version 2: 32 of SHA-256 */
static enum btw_status verify(struct btw_metadata *metadata, struct btw_slice want, struct btw_diag *diag)
{
    struct btw_slice data = btw_slice_of(metadata->buffer, metadata->size);
    uint8_t digest[BTW_SHA256_SIZE];

    if (metadata->missing > 0)
        return btw_fail(diag, BTW_MORE, 0, "%zu pieces of metadata are missing", metadata->missing);
    if (want.len == BTW_SHA256_SIZE)
        btw_sha256(digest, data);
    else
        btw_sha1(digest, data);
    if (memcmp(digest, want.data, want.len) == 0)
        return BTW_OK;
    btw_metadata_init(metadata, metadata->buffer, metadata->size);
    return btw_fail(diag, BTW_BAD_WIRE, 0, "the metadata does not match the info-hash");
}

enum btw_status btw_metadata_verify(struct btw_metadata *metadata, const uint8_t info_hash[20], struct btw_diag *diag)
{
    return verify(metadata, btw_slice_of(info_hash, BTW_SHA1_SIZE), diag);
}

enum btw_status btw_metadata_verify_v2(struct btw_metadata *metadata, const uint8_t info_hash[32],
                                       struct btw_diag *diag)
{
    return verify(metadata, btw_slice_of(info_hash, BTW_SHA256_SIZE), diag);
}

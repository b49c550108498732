/* SPDX-License-Identifier: MIT
 *
 * One piece, put together from its blocks.
 */
#include "btw/piece.h"

#include <assert.h>

#include "btw/hash.h"
#include "btw/msg.h"

static uint32_t blocks(const struct btw_piece *piece)
{
    return (piece->size - 1) / BTW_BLOCK_SIZE + 1;
}

static uint32_t length_at(const struct btw_piece *piece, uint32_t begin)
{
    uint32_t left = piece->size - begin;

    return left < BTW_BLOCK_SIZE ? left : BTW_BLOCK_SIZE;
}

void btw_piece_init(struct btw_piece *piece, uint8_t *buffer, uint32_t size)
{
    assert(size >= 1 && size <= BTW_PIECE_SIZE_MAX);
    *piece = (struct btw_piece){ .buffer = buffer, .size = size };
    piece->missing = blocks(piece);
}

enum btw_status btw_piece_add(struct btw_piece *piece, uint32_t begin, struct btw_slice block, struct btw_diag *diag)
{
    uint32_t i = begin / BTW_BLOCK_SIZE;

    if (begin >= piece->size || begin % BTW_BLOCK_SIZE != 0 || block.len != length_at(piece, begin))
        return btw_fail(diag, BTW_BAD_WIRE, 0, "%zu bytes at %u are no block of a piece of %u", block.len, begin,
                        piece->size);
    if (btw_bit_get(piece->have, i))
        return BTW_OK;
    memcpy(piece->buffer + begin, block.data, block.len);
    btw_bit_set(piece->have, i, true);
    piece->missing--;
    return BTW_OK;
}

bool btw_piece_next_missing(const struct btw_piece *piece, uint32_t *begin, uint32_t *length)
{
    uint32_t first = *begin / BTW_BLOCK_SIZE + (*begin % BTW_BLOCK_SIZE != 0);

    for (uint32_t i = first; piece->missing > 0 && i < blocks(piece); i++)
        if (!btw_bit_get(piece->have, i)) {
            *begin = i * BTW_BLOCK_SIZE;
            *length = length_at(piece, *begin);
            return true;
        }
    return false;
}

enum btw_status btw_piece_verify(struct btw_piece *piece, const uint8_t sha1[20], struct btw_diag *diag)
{
    uint8_t digest[BTW_SHA1_SIZE];

    if (piece->missing > 0)
        return btw_fail(diag, BTW_MORE, 0, "%u blocks are missing", piece->missing);
    btw_sha1(digest, btw_slice_of(piece->buffer, piece->size));
    if (memcmp(digest, sha1, sizeof digest) == 0)
        return BTW_OK;
    btw_piece_init(piece, piece->buffer, piece->size);
    return btw_fail(diag, BTW_BAD_WIRE, 0, "the piece does not match its hash");
}

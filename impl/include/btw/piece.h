/* SPDX-License-Identifier: MIT
 *
 * One piece of a download, put together from its blocks in whatever order they come, and checked (BEP 3).  Which piece
 * to take and whom to ask for its blocks is left to the client.
 *
 *     btw_piece_init(&piece, buffer, btw_piece_size(&geometry, index));
 *     for (begin = 0; btw_piece_next_missing(&piece, &begin, &length); begin += length)
 *         btw_wire_request(&wire, (struct btw_block){ index, begin, length }, now_ms);
 *     BTW_WIRE_PIECE:  btw_piece_add(&piece, event->block.begin, event->msg->data, NULL);
 *                      if (piece.missing == 0 && btw_piece_verify(&piece, hash, NULL) == BTW_OK) ...
 */
#ifndef BTW_PIECE_H
#define BTW_PIECE_H

#include <stdbool.h>

#include "btw/api.h"
#include "btw/bytes.h"

BTW_BEGIN_DECLS

enum {
    BTW_PIECE_SIZE_MAX = 1 << 26, /* 64 MiB; torrents in use stay below */
    BTW_PIECE_BLOCKS_MAX = BTW_PIECE_SIZE_MAX / 16384
};

struct btw_piece {
    uint8_t *buffer; /* of the caller; whole when nothing is missing */
    uint32_t size;
    uint32_t missing;                       /* blocks */
    uint8_t have[BTW_PIECE_BLOCKS_MAX / 8]; /* private */
};

/* Begins with nothing.  buffer has room for `size` bytes, from 1 to BTW_PIECE_SIZE_MAX, and must outlive the piece. */
void btw_piece_init(struct btw_piece *piece, uint8_t *buffer, uint32_t size);

/* Copies a block into its place.
 *
 * BTW_OK        it is there, now or before: the first one stays
 * BTW_BAD_WIRE  not a block of this piece: they begin at multiples of 16384 and are whole, but for the last */
enum btw_status btw_piece_add(struct btw_piece *piece, uint32_t begin, struct btw_slice block, struct btw_diag *diag);

/* The first missing block that begins at *begin or behind; false when there is none. */
bool btw_piece_next_missing(const struct btw_piece *piece, uint32_t *begin, uint32_t *length);

/* Checks the whole piece against the hash in the metainfo (v1; for v2 see btw/merkle.h).
 *
 * BTW_OK        these are the right bytes
 * BTW_MORE      blocks are missing
 * BTW_BAD_WIRE  they are not; all blocks are missing again */
enum btw_status btw_piece_verify(struct btw_piece *piece, const uint8_t sha1[20], struct btw_diag *diag);

BTW_END_DECLS
#endif

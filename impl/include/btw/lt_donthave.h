/* SPDX-License-Identifier: MIT
 *
 * lt_donthave (BEP 54): the sender no longer has a piece that it announced before.  This is the payload of an extended
 * message with the id that the receiver announced for "lt_donthave"; whether the sender has announced one as well does
 * not matter.
 *
 * The session keeps account of it (btw/session.h): the party loses the piece, without Fast the requests for it are
 * void, with Fast each of them is to be rejected.
 */
#ifndef BTW_LT_DONTHAVE_H
#define BTW_LT_DONTHAVE_H

#include "btw/api.h"
#include "btw/bytes.h"

BTW_BEGIN_DECLS

enum { BTW_LT_DONTHAVE_SIZE = 4 };

/* Reads the payload: the index of a piece.  Whether there is such a piece is for the caller to say.
 *
 * BTW_OK        *piece is filled
 * BTW_BAD_WIRE  not exactly four bytes; *piece is unchanged */
enum btw_status btw_lt_donthave_decode(uint32_t *piece, struct btw_slice payload, struct btw_diag *diag);

/* Writes the payload. */
void btw_lt_donthave_encode(uint8_t out[4], uint32_t piece);

BTW_END_DECLS
#endif

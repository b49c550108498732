/* SPDX-License-Identifier: MIT
 *
 * The canonical allowed-fast set (BEP 6): the pieces a peer may ask for while it is choked.
 */
#ifndef BTW_FAST_H
#define BTW_FAST_H

#include <stddef.h>
#include <stdint.h>

#include "btw/api.h"

BTW_BEGIN_DECLS

/* Writes the first k members of the set of the peer at `ipv4` (network order) for a torrent of that many pieces to out,
 * in the order in which they are drawn, and returns their number: k, or `pieces` if that is less.  Members are
 * distinct. k is meant to be small (BEP 6 uses 10); the time grows with its square. */
size_t btw_allowed_fast(uint32_t *out, size_t k, uint32_t pieces, const uint8_t ipv4[4], const uint8_t info_hash[20]);

BTW_END_DECLS
#endif

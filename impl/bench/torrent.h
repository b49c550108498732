/* SPDX-License-Identifier: MIT
 *
 * The torrent that the inputs speak of.
 */
#ifndef BENCH_TORRENT_H
#define BENCH_TORRENT_H

#include "btw/session.h"

enum { TORRENT_PIECES = 1 << 15, TORRENT_PIECE_LENGTH = 4 * BTW_BLOCK_SIZE };

#endif

/* SPDX-License-Identifier: MIT
 *
 * The files that a magnet link selects (BEP 53): `so=0,2,4,6-8`, zero-based, both ends of a range included.  The text
 * is `select` of struct btw_magnet.
 *
 * A selection is a list of ranges, never of files: "0-4294967295" takes as much room as "0", and what lies behind the
 * last file of the torrent means nothing.
 */
#ifndef BTW_SO_H
#define BTW_SO_H

#include <stdbool.h>

#include "btw/api.h"
#include "btw/bytes.h"

BTW_BEGIN_DECLS

enum { BTW_SO_RANGES_MAX = 64 };

struct btw_so_range {
    uint32_t first, last;
};

struct btw_so {
    size_t count;                                 /* of ranges */
    struct btw_so_range range[BTW_SO_RANGES_MAX]; /* in order; neither overlapping nor touching */
};

/* Selects first to last on top of what is selected.  first <= last.
 *
 * BTW_OK        done
 * BTW_NO_SPACE  more than BTW_SO_RANGES_MAX ranges; unchanged */
enum btw_status btw_so_add(struct btw_so *so, uint32_t first, uint32_t last);

/* Reads a selection.  In every case but BTW_NO_SPACE *out holds what could be read, so that a client is free to go on
 * with it; a selection of nothing (count 0) is best taken for none at all.
 *
 * BTW_OK        all of it could be read
 * BTW_BAD_TEXT  some items are neither a number nor a range from a lower to a higher one, or exceed 32 bits; the others
 *               are in *out, diag->offset is where the first wrong one begins
 * BTW_NO_SPACE  more ranges than BTW_SO_RANGES_MAX; *out is unchanged */
enum btw_status btw_so_parse(struct btw_so *out, struct btw_slice text, struct btw_diag *diag);

/* Writes the selection in its shortest form, terminated by NUL.
 *
 * BTW_OK        *len characters, NUL not counted
 * BTW_NO_SPACE  it does not fit */
enum btw_status btw_so_print(char *out, size_t cap, size_t *len, const struct btw_so *so);

/* Is this file selected? */
bool btw_so_has(const struct btw_so *so, uint32_t file);

/* Selected files of a torrent that has `files` of them. */
uint32_t btw_so_count(const struct btw_so *so, uint32_t files);

BTW_END_DECLS
#endif

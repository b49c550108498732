/* SPDX-License-Identifier: MIT
 *
 * The canonical layout of a scenario file: indentation, columns, single spaces.  Comments and the order of everything
 * stay, and so does the meaning: the text formatted is the text formatted again, and parses to the same tree.
 */
#ifndef SCN_FMT_H
#define SCN_FMT_H

#include "arena.h"
#include "script.h"

/* The formatted text, terminated by NUL, in the arena; NULL when the text does not parse: *error says where and why. */
char *scn_fmt(struct scn_arena *arena, const char *file, const char *text, size_t len, struct scn_error *error);

#endif

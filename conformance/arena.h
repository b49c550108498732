/* SPDX-License-Identifier: MIT
 *
 * Memory that is given out piece by piece and freed whole: one per script, one per run.
 */
#ifndef SCN_ARENA_H
#define SCN_ARENA_H

#include <stddef.h>

struct scn_arena;

struct scn_arena *scn_arena_new(void);
void scn_arena_free(struct scn_arena *arena); /* NULL is fine */

/* Zeroed, aligned for anything; never NULL (running out of memory ends the program with a sentence: this is a tool). */
void *scn_arena_get(struct scn_arena *arena, size_t size);
char *scn_arena_text(struct scn_arena *arena, const char *text, size_t len); /* copy, terminated by NUL */
char *scn_arena_format(struct scn_arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif

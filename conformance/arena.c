/* SPDX-License-Identifier: MIT
 *
 * Chunks in a list, the newest first; a piece that does not fit the newest gets a chunk of its own or begins a new one.
 */
#include "arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK = 16 << 10 };

struct chunk {
    struct chunk *next;
    size_t used, cap;
    alignas(max_align_t) unsigned char bytes[];
};

struct scn_arena {
    struct chunk *chunks;
};

static void *must_have(void *memory)
{
    if (!memory) {
        fputs("conformance: out of memory\n", stderr);
        abort();
    }
    return memory;
}

struct scn_arena *scn_arena_new(void)
{
    return must_have(calloc(1, sizeof(struct scn_arena)));
}

void scn_arena_free(struct scn_arena *arena)
{
    if (!arena)
        return;
    for (struct chunk *chunk = arena->chunks; chunk;) {
        struct chunk *next = chunk->next;
        free(chunk);
        chunk = next;
    }
    free(arena);
}

static struct chunk *chunk_new(struct scn_arena *arena, size_t cap)
{
    struct chunk *chunk = must_have(cap <= SIZE_MAX - sizeof *chunk ? malloc(sizeof *chunk + cap) : NULL);
    *chunk = (struct chunk){ .cap = cap };
    /* A big piece goes behind the newest chunk, whose room is still good for small ones. */
    struct chunk **at = cap > CHUNK && arena->chunks ? &arena->chunks->next : &arena->chunks;
    chunk->next = *at;
    *at = chunk;
    return chunk;
}

void *scn_arena_get(struct scn_arena *arena, size_t size)
{
    size_t align = alignof(max_align_t);
    must_have(size <= SIZE_MAX - align ? arena : NULL);
    size = (size + align - 1) / align * align;
    struct chunk *chunk = arena->chunks;
    if (!chunk || chunk->cap - chunk->used < size)
        chunk = chunk_new(arena, size > CHUNK / 4 ? size : CHUNK);
    void *piece = chunk->bytes + chunk->used;
    chunk->used += size;
    return memset(piece, 0, size); /* most chunks are freed nearly empty */
}

char *scn_arena_text(struct scn_arena *arena, const char *text, size_t len)
{
    char *copy = scn_arena_get(arena, len + 1);
    if (len)
        memcpy(copy, text, len);
    return copy;
}

char *scn_arena_format(struct scn_arena *arena, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *text = scn_arena_get(arena, (len < 0 ? 0 : (size_t)len) + 1);
    if (len > 0)
        vsnprintf(text, (size_t)len + 1, format, again);
    va_end(again);
    return text;
}

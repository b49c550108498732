/* SPDX-License-Identifier: MIT
 *
 * The requests of one side: a hash table on piece and begin, with linear probing.  Answered requests stay for as long
 * as there is room, because a cancel may still name them.
 */
#include <stdlib.h>

#include "monitor_state.h"

/* PROBES_MAX: at half load no honest peer comes near it; one that tries to make us walk loses its account instead. */
enum { CAP_MIN = 1024, CAP_MAX = 2 * ASKS_MAX, PROBES_MAX = 512 };

void asks_free(struct asks *asks)
{
    free(asks->slots);
    free(asks->used);
}

static uint32_t home(const struct asks *asks, uint32_t piece, uint32_t begin)
{
    uint64_t key = ((uint64_t)piece << 32 | begin) * UINT64_C(0x9e3779b97f4a7c15);

    return (uint32_t)(key >> 32) & (asks->cap - 1);
}

struct ask *asks_next_at(const struct asks *asks, uint32_t piece, uint32_t begin, uint32_t *at)
{
    while (asks->cap > 0 && *at < PROBES_MAX) {
        uint32_t slot = (home(asks, piece, begin) + (*at)++) & (asks->cap - 1);
        struct ask *ask = &asks->slots[slot];

        if (!asks->used[slot])
            return NULL;
        if (ask->piece == piece && ask->begin == begin)
            return ask;
    }
    return NULL;
}

struct ask *asks_find(const struct asks *asks, uint32_t piece, uint32_t begin, uint32_t length)
{
    uint32_t at = 0;
    struct ask *ask;

    while ((ask = asks_next_at(asks, piece, begin, &at)) != NULL && ask->length != length)
        ;
    return ask;
}

static struct ask *insert(struct asks *asks, const struct ask *ask)
{
    uint32_t first = home(asks, ask->piece, ask->begin);

    for (uint32_t i = 0; i < PROBES_MAX; i++) {
        uint32_t slot = (first + i) & (asks->cap - 1);

        if (!asks->used[slot]) {
            asks->used[slot] = 1;
            asks->slots[slot] = *ask;
            asks->count++;
            return &asks->slots[slot];
        }
    }
    asks->overflow = true;
    return NULL;
}

/* Moves everything, or only what still waits, to a table of `cap` slots. */
static bool rehash(struct asks *asks, uint32_t cap, bool only_waiting)
{
    struct asks next = { .cap = cap, .forgot = asks->forgot || only_waiting, .overflow = asks->overflow };

    next.slots = calloc(cap, sizeof *next.slots);
    next.used = calloc(cap, 1);
    if (next.slots == NULL || next.used == NULL) {
        asks_free(&next);
        return false;
    }
    for (uint32_t i = 0; i < asks->cap; i++) {
        const struct ask *ask = &asks->slots[i];

        if (asks->used[i] && (!only_waiting || ask->open + ask->loose > 0))
            insert(&next, ask);
    }
    struct asks old = *asks;
    *asks = next;
    asks_free(&old);
    return true;
}

/* At most half full, so that probing stays short.  A full table forgets what was answered; when that frees less than
 * half of it, the account is lost, so that the cost of forgetting stays a constant per request. */
static bool make_room(struct asks *asks)
{
    if (asks->count < asks->cap / 2)
        return true;
    if (asks->cap < CAP_MAX)
        return rehash(asks, asks->cap == 0 ? CAP_MIN : asks->cap * 2, false);
    return rehash(asks, CAP_MAX, true) && asks->count < ASKS_MAX / 2;
}

struct ask *asks_put(struct asks *asks, uint32_t piece, uint32_t begin, uint32_t length)
{
    struct ask *ask = asks_find(asks, piece, begin, length);
    struct ask fresh = { .piece = piece, .begin = begin, .length = length };

    if (ask != NULL)
        return ask;
    if (asks->overflow || !make_room(asks)) {
        asks->overflow = true;
        return NULL;
    }
    return insert(asks, &fresh);
}

/* SPDX-License-Identifier: MIT
 *
 * The requests of one side: a list in the order in which they came, so that those of one time lie together, and a hash
 * table of places in it on piece and begin, with linear probing.  Answered requests stay for as long as there is room,
 * because a cancel may still name them.
 */
#include <stdlib.h>

#include "monitor_state.h"

/* PROBES_MAX: at half load no honest peer comes near it; one that tries to make us walk loses its account instead.
 * WAITING_MAX: where memory is dear, so many times more requests may wait than answered ones are kept. */
enum { CAP_MIN = 1024, CAP_MAX = 2 * ASKS_MAX, PROBES_MAX = 512, WAITING_MAX = 32 };

_Static_assert(CAP_MAX / 2 <= UINT16_MAX, "a place fits the index");

void asks_free(struct asks *asks)
{
    free(asks->list);
    free(asks->index);
}

static uint32_t home(const struct asks *asks, uint32_t piece, uint32_t begin)
{
    uint64_t key = ((uint64_t)piece << 32 | begin) * UINT64_C(0x9e3779b97f4a7c15);

    return (uint32_t)(key >> 32) & (asks->cap - 1);
}

struct ask *asks_next_at(const struct asks *asks, uint32_t piece, uint32_t begin, uint32_t *at)
{
    while (asks->cap > 0 && *at < PROBES_MAX) {
        uint16_t place = asks->index[(home(asks, piece, begin) + (*at)++) & (asks->cap - 1)];
        struct ask *ask;

        if (place == 0)
            return NULL;
        ask = &asks->list[place - 1];
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

/* Puts the ask at this place of the list into the index. */
static bool enter(struct asks *asks, uint32_t at)
{
    uint32_t first = home(asks, asks->list[at].piece, asks->list[at].begin);

    for (uint32_t i = 0; i < PROBES_MAX; i++) {
        uint16_t *place = &asks->index[(first + i) & (asks->cap - 1)];

        if (*place == 0) {
            *place = (uint16_t)(at + 1);
            return true;
        }
    }
    asks->overflow = true;
    return false;
}

static void enter_all(struct asks *asks)
{
    memset(asks->index, 0, asks->cap * sizeof *asks->index);
    for (uint32_t i = 0; i < asks->count; i++)
        enter(asks, i);
}

static bool grow(struct asks *asks)
{
    uint32_t cap = asks->cap > 0 ? 2 * asks->cap : asks->kept > 0 ? 2 * asks->kept : CAP_MIN;
    struct ask *list = realloc(asks->list, cap / 2 * sizeof *list);
    uint16_t *index;

    if (list == NULL)
        return false;
    asks->list = list;
    index = realloc(asks->index, cap * sizeof *index);
    if (index == NULL)
        return false;
    asks->index = index;
    asks->cap = cap;
    enter_all(asks);
    return true;
}

/* Keeps only what still waits. */
static void forget(struct asks *asks)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < asks->count; i++)
        if (asks->list[i].open + asks->list[i].loose > 0)
            asks->list[kept++] = asks->list[i];
    asks->count = kept;
    asks->forgot = true;
    enter_all(asks);
}

/* The index is at most half full, so that probing stays short.  A full list forgets what was answered; when that frees
 * less than half of it, the account is lost, so that the cost of forgetting stays a constant per request. */
static bool make_room(struct asks *asks)
{
    if (asks->count < asks->cap / 2)
        return true;
    if (asks->kept > 0 && asks->cap > 0) {
        forget(asks);
        if (asks->count < asks->cap / 4)
            return true;
        if (asks->cap / 2 >= asks->kept * WAITING_MAX)
            return false;
    }
    if (asks->cap < CAP_MAX)
        return grow(asks);
    forget(asks);
    return asks->count < ASKS_MAX / 2;
}

struct ask *asks_add(struct asks *asks, uint32_t piece, uint32_t begin, uint32_t length)
{
    struct ask *ask;

    if (asks->overflow || !make_room(asks)) {
        asks->overflow = true;
        return NULL;
    }
    ask = &asks->list[asks->count];
    *ask = (struct ask){ .piece = piece, .begin = begin, .length = length };
    if (!enter(asks, asks->count))
        return NULL;
    asks->count++;
    return ask;
}

/* SPDX-License-Identifier: MIT
 *
 * The last cases that were played, for deaths whose cause lies some way back.
 */
#ifndef LIVE_PAST_H
#define LIVE_PAST_H

#include "pool.h"

enum { LIVE_PAST_MAX = 4096, LIVE_PAST_BYTES_MAX = 64 << 20 };

struct live_past {
    struct live_past_entry {
        struct live_case one;
        struct live_origin origin;
        uint64_t ended;
    } list[LIVE_PAST_MAX]; /* a ring */
    size_t first, count, bytes;
    uint64_t cleared; /* what ended before that is no suspect: the target was seen alive behind it */
};

/* ended: place in the order of all plays.  The case is copied. */
void live_past_add(struct live_past *past, const struct live_case *one, const struct live_origin *origin,
                   uint64_t ended);
void live_past_clear(struct live_past *past, uint64_t before);
void live_past_free(struct live_past *past);

/* How many of the last ones may have killed the target. */
size_t live_past_suspects(const struct live_past *past);
/* The i-th from the end; NULL: there are not so many. */
const struct live_past_entry *live_past_back(const struct live_past *past, size_t i);
/* The last `length` cases as one, one after another; number is that of the last.  False: they are fewer, or do not fit
 * into one. */
bool live_past_join(const struct live_past *past, size_t length, struct live_case *out, uint64_t *number);

#endif

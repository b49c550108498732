/* SPDX-License-Identifier: MIT
 *
 * The cases that others are made from: the seeds, and those that have shown something new.
 */
#ifndef LIVE_POOL_H
#define LIVE_POOL_H

#include "case.h"

enum { LIVE_POOL_MAX = 4096, LIVE_POOL_BYTES_MAX = 64 << 20 };

/* All that it takes to make a case again. */
struct live_origin {
    uint64_t number;        /* of the case; seeds count from 0 like all others */
    size_t parent, partner; /* in the pool: what it was made from; SIZE_MAX: it is a seed */
};

struct live_entry {
    struct live_case one;
    struct live_origin origin;
    uint32_t picked; /* how often others were made from it, */
    uint32_t paid;   /* and how often these were new */
};

struct live_pool {
    struct live_entry *list;
    size_t count, bytes;
};

/* The case of the entry is copied.  False: the pool is full. */
bool live_pool_add(struct live_pool *pool, const struct live_entry *entry);
/* One that has paid often and been picked seldom, mostly; the pool is not empty. */
size_t live_pool_pick(const struct live_pool *pool, uint64_t *random);
void live_pool_free(struct live_pool *pool);

#endif

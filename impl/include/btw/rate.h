/* SPDX-License-Identifier: MIT
 *
 * Bytes per second over a sliding window: a ring of buckets, one per second, that is moved on by the caller's clock.
 */
#ifndef BTW_RATE_H
#define BTW_RATE_H

#include <stdint.h>

#include "btw/api.h"

BTW_BEGIN_DECLS

enum { BTW_RATE_SECONDS = 10 };

/* All zero is a rate that has seen nothing. */
struct btw_rate {
    /* all fields are private */
    uint64_t bucket[BTW_RATE_SECONDS + 1];
    int64_t second; /* of the newest bucket */
};

/* Adds bytes at now_ms.  A clock that goes back counts into the newest second. */
void btw_rate_add(struct btw_rate *rate, uint64_t bytes, int64_t now_ms);

/* Average in bytes per second over the last BTW_RATE_SECONDS whole seconds, the running one left out. */
uint64_t btw_rate_get(const struct btw_rate *rate, int64_t now_ms);

BTW_END_DECLS
#endif

/* SPDX-License-Identifier: MIT
 *
 * Choices out of the seeded generator.
 */
#ifndef LIVE_RANDOM_H
#define LIVE_RANDOM_H

#include "value.h"

/* 0 to n-1; n is not 0. */
static inline uint32_t live_below(uint64_t *random, uint32_t n)
{
    return (uint32_t)((scn_random(random) >> 32) % n);
}

static inline bool live_one_in(uint64_t *random, uint32_t n)
{
    return live_below(random, n) == 0;
}

#define LIVE_PICK(random, array) ((array)[live_below((random), (uint32_t)(sizeof(array) / sizeof *(array)))])

/* The generator of one case of a campaign. */
static inline uint64_t live_random_of(uint64_t seed, uint64_t number)
{
    uint64_t state = seed * UINT64_C(0x9e3779b97f4a7c15) ^ number;
    scn_random(&state);
    return state;
}

#endif

/* SPDX-License-Identifier: MIT
 *
 * Resources of the target: does it give back what a case costs?  Measured at rest, when no case is under way, against
 * what harmless sessions cost.
 */
#ifndef LIVE_METER_H
#define LIVE_METER_H

#include "follow.h"
#include "past.h"

enum { LIVE_RESTS = 6, LIVE_REST_EVERY = 256 };

struct live_meter {
    struct live_follow *follow;
    struct live_sample rests[LIVE_RESTS]; /* the last ones, newest last */
    size_t count;
    uint64_t case_ms; /* of the processor, that a case of the cheapest round took */
};

/* The target has just been started: what was measured before tells nothing of it. */
void live_meter_start(struct live_meter *meter);

/* The target is at rest, so many cases after it was last.  True: *complaint is a leak or a spin. */
bool live_meter_rest(struct live_meter *meter, uint64_t cases, struct live_complaint *complaint);

/* Looks for the one of the last cases that costs so much, shortens it, and confirms it.  False: none of them alone. */
bool live_meter_follow(struct live_meter *meter, const struct live_past *past, struct live_finding *finding);

#endif

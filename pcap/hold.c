/* SPDX-License-Identifier: MIT
 *
 * A queue of copies.
 */
#include <stdlib.h>

#include "hold.h"

/* Less than a half waits for a hole (half.c): what is held may be what it misses. */
enum { PATIENCE = 12 };
static const int64_t wait_ns_max = INT64_C(20) * 1000000000;

static size_t cost_of(const struct cap_segment *segment)
{
    return sizeof(struct cap_held) + segment->data.len;
}

bool cap_hold_keep(struct cap_hold *hold, enum btw_side side, const struct cap_segment *segment,
                   const struct cap_moment *now, struct cap_room *room)
{
    size_t cost = cost_of(segment);
    struct cap_held *held;

    if (cost > room->max - room->used || cost > room->flow_max - hold->bytes)
        return false;
    held = (struct cap_held *)malloc(cost);
    if (held == NULL)
        return false;
    *held = (struct cap_held){ .side = side, .segment = *segment, .when = *now };
    if (segment->data.len > 0)
        memcpy(held->data, segment->data.data, segment->data.len);
    held->segment.data.data = held->data;
    if (hold->first == NULL)
        hold->first = held;
    else
        hold->last->next = held;
    hold->last = held;
    hold->bytes += cost;
    room->used += cost;
    return true;
}

bool cap_hold_wait(struct cap_hold *hold, const struct cap_moment *now)
{
    return hold->first != NULL && (++hold->age > PATIENCE || now->time_ns - hold->first->when.time_ns > wait_ns_max);
}

struct cap_held *cap_hold_take(struct cap_hold *hold, struct cap_room *room)
{
    struct cap_held *held = hold->first;

    if (held == NULL)
        return NULL;
    hold->first = held->next;
    hold->age = 0;
    hold->bytes -= cost_of(&held->segment);
    room->used -= cost_of(&held->segment);
    return held;
}

void cap_hold_drop(struct cap_hold *hold, struct cap_room *room)
{
    struct cap_held *held;

    while ((held = cap_hold_take(hold, room)) != NULL)
        free(held);
}

/* SPDX-License-Identifier: MIT
 *
 * Segments that have to wait for the other side of their connection.  Each segment says what its sender had received;
 * when the capture has not seen all of that, its frames are out of order, or some are missing.  Such a segment is held
 * until the other side has caught up, or is known to lack what was received: so an answer never comes before its
 * question, and what follows a hole follows it on both sides.
 */
#ifndef CAP_HOLD_H
#define CAP_HOLD_H

#include "half.h"

struct cap_held {
    struct cap_held *next;
    enum btw_side side;
    struct cap_segment segment; /* data is a copy behind this struct */
    struct cap_moment when;
    uint8_t data[];
};

/* Oldest first.  Begin with zeros. */
struct cap_hold {
    struct cap_held *first, *last;
    size_t bytes; /* of room they take */
    bool alone;   /* the other side never opened its stream: nobody waits for that again */
    unsigned age; /* packets of the connection since the first one came to be the first */
};

/* Keeps a copy; false: there is no room. */
bool cap_hold_keep(struct cap_hold *hold, enum btw_side side, const struct cap_segment *segment,
                   const struct cap_moment *now, struct cap_room *room);
/* A packet of the connection went by.  True: the first has waited for long enough. */
bool cap_hold_wait(struct cap_hold *hold, const struct cap_moment *now);
/* Takes the first out; to be freed. */
struct cap_held *cap_hold_take(struct cap_hold *hold, struct cap_room *room);
void cap_hold_drop(struct cap_hold *hold, struct cap_room *room);

#endif

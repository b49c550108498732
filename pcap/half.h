/* SPDX-License-Identifier: MIT
 *
 * One direction of a TCP connection: segments in any order in, its bytes in their order out, and the holes that nothing
 * filled.  Segments that come in order are handed on as they are; only what waits for missing bytes is copied.
 */
#ifndef CAP_HALF_H
#define CAP_HALF_H

#include "dissect.h"
#include "segment.h"

/* A packet of the capture, as something that happened. */
struct cap_moment {
    int64_t time_ns;
    uint64_t frame;
};

/* Where the bytes go; nobody keeps them. */
struct cap_sink {
    void (*bytes)(void *user, struct btw_slice bytes, const struct cap_moment *when);
    void (*gap)(void *user, uint64_t len, const struct cap_moment *when);
    void (*fin)(void *user, const struct cap_moment *when);
    void *user;
};

/* Room for what waits, of all flows together. */
struct cap_room {
    size_t used, max;
    size_t flow_max; /* of it, for one direction */
};

struct cap_half {
    bool based;     /* it is known where the stream begins, or where it was first seen */
    bool isn_known; /* a SYN said so */
    uint32_t isn;
    uint32_t next;                    /* sequence number of the byte that comes next, */
    int64_t offset;                   /* and its offset in the stream */
    struct cap_chunk *waiting, *last; /* behind a hole, in order, without overlap */
    size_t held;                      /* bytes of room they take */
    unsigned chunks;
    unsigned patience;     /* packets that the hole is waited for, once it is known that it was received */
    bool ack_known;        /* of the other side: */
    uint32_t ack;          /* it has got everything in front of this number */
    int64_t waiting_since; /* ns */
    bool fin, fin_told;
    int64_t fin_at;
    struct cap_moment fin_when;
    uint32_t last_seq; /* of the segment before, to know it again */
    uint32_t last_len;
    uint16_t last_checksum;
};

/* The stream begins behind this number.  False: that contradicts what was seen. */
bool cap_half_syn(struct cap_half *half, uint32_t isn);
/* Takes a segment, without its SYN. */
void cap_half_take(struct cap_half *half, const struct cap_segment *segment, const struct cap_moment *now,
                   struct cap_room *room, struct cap_counts *counts, const struct cap_sink *sink);
/* The other side has got everything up to here. */
void cap_half_acknowledged(struct cap_half *half, uint32_t ack);
/* A packet of the connection went by: gives up a hole that has been waited for long enough. */
void cap_half_wait(struct cap_half *half, const struct cap_moment *now, struct cap_room *room,
                   struct cap_counts *counts, const struct cap_sink *sink);
/* The frame of what waits first; UINT64_MAX: nothing does. */
uint64_t cap_half_waits_since(const struct cap_half *half);
/* Bytes behind the last one handed on that whoever sends this acknowledgement has received. */
int64_t cap_half_unseen(const struct cap_half *half, uint32_t ack);
/* The next len bytes will not come: gives up the holes among them.  A stream of which nobody knows where it begins
 * stays as it is. */
void cap_half_skip(struct cap_half *half, int64_t len, const struct cap_moment *now, struct cap_room *room,
                   struct cap_counts *counts, const struct cap_sink *sink);
/* Gives up all holes, also behind the last byte that came. */
void cap_half_finish(struct cap_half *half, const struct cap_moment *now, struct cap_room *room,
                     struct cap_counts *counts, const struct cap_sink *sink);
/* Forgets what waits. */
void cap_half_drop(struct cap_half *half, struct cap_room *room);

#endif

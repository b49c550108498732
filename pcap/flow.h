/* SPDX-License-Identifier: MIT
 *
 * TCP connections and the table of them.  How many there may be is fixed; when one too many comes, the one that is
 * missed least has to go: what is over before what never carried a byte, before the one silent longest.
 */
#ifndef CAP_FLOW_H
#define CAP_FLOW_H

#include "half.h"
#include "hold.h"
#include "voice.h"

enum cap_queue {
    CAP_ENDING,  /* over, but for what comes late */
    CAP_EMPTY,   /* no byte of a stream */
    CAP_TALKING, /* nothing kept */
    CAP_HOLDING, /* bytes kept that wait for others */
    CAP_QUEUES
};

/* Both ends, the smaller one first; no padding, compared as bytes. */
struct cap_key {
    uint8_t address[2][16];
    uint16_t port[2];
    uint32_t address_len;
};

struct cap_flow {
    struct cap_key key;
    struct cap_flow *chain;         /* of the table */
    struct cap_flow *older, *newer; /* of its queue */
    enum cap_queue queue;
    enum btw_side side_of_first; /* the side that key's first end is */
    int64_t seen_ns;             /* its last packet */
    int64_t told_ns;             /* its last event */
    bool told;                   /* CAP_OPENED was */
    bool closed;                 /* and CAP_CLOSED; later packets of the connection mean nothing */
    bool reset[2];               /* by side */
    struct cap_session session;
    struct cap_half half[2];
    struct cap_hold hold;
    struct cap_voice voice[2];
};

struct cap_flows {
    struct cap_flow **table;
    size_t mask;
    size_t count, max;
    uint64_t seed;         /* nobody outside knows where a flow lands */
    struct cap_flow *last; /* found last */
    struct cap_flow *oldest[CAP_QUEUES], *newest[CAP_QUEUES];
};

/* False: memory is short. */
bool cap_flows_init(struct cap_flows *flows, size_t max);
void cap_flows_free(struct cap_flows *flows); /* they must all have been removed */

/* *first: source is the key's first end. */
struct cap_key cap_key_of(const struct cap_endpoint *source, const struct cap_endpoint *target, bool *first);
struct cap_flow *cap_flows_find(struct cap_flows *flows, const struct cap_key *key);
/* A new one, all zero but key and queue (CAP_EMPTY); NULL: memory is short.  There must be room: count < max. */
struct cap_flow *cap_flows_add(struct cap_flows *flows, const struct cap_key *key);
void cap_flows_remove(struct cap_flows *flows, struct cap_flow *flow); /* frees it */
/* It is the newest of this queue now. */
void cap_flows_touch(struct cap_flows *flows, struct cap_flow *flow, enum cap_queue queue);
/* The one to go, as above; NULL: there is none at all. */
struct cap_flow *cap_flows_first(const struct cap_flows *flows);

#endif

/* SPDX-License-Identifier: MIT
 *
 * A gate for dials: so many may be on their way at once, because clients that accept a few connections a second must
 * not be overrun.  A dial is on its way until the target has said something to it or to one that was connected later
 * (connections are accepted in their order), the connection has ended, or it has been silent for too long.
 */
#ifndef SCN_GATE_H
#define SCN_GATE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <uv.h>

enum {
    SCN_GATE_PLACES = 16,
    SCN_GATE_SILENCE_MS = 6000, /* aria2 accepts 3 connections a second: 16 of them take so long */
};

struct scn_gate_dial {
    /* all fields are private */
    enum { SCN_GATE_OUTSIDE, SCN_GATE_FIRST, SCN_GATE_WAITING, SCN_GATE_INSIDE } place;
    TAILQ_ENTRY(scn_gate_dial) link; /* of those that wait */
    uint64_t until;                  /* inside: loop time; UINT64_MAX while it is being connected */
    uint64_t number;                 /* inside and connected: counts up */
};

struct scn_gate {
    /* all fields are private */
    uv_timer_t timer; /* runs while dials wait */
    struct scn_gate_dial *inside[SCN_GATE_PLACES];
    uint64_t connected; /* how many dials, so far */
    TAILQ_HEAD(scn_gate_queue, scn_gate_dial) first, waiting;
    void (*start)(struct scn_gate_dial *dial);
    bool turning;
};

/* start is called when a dial may begin; it may leave at once.  The gate must not be moved. */
void scn_gate_init(struct scn_gate *gate, uv_loop_t *loop, void (*start)(struct scn_gate_dial *dial));
void scn_gate_close(struct scn_gate *gate);

/* dial is zeroed; first come, first served, except that those who are `first` go before all others.  start may be
 * called from inside. */
void scn_gate_enter(struct scn_gate *gate, struct scn_gate_dial *dial, bool first);
/* It is connected: silence counts from now on. */
void scn_gate_connected(struct scn_gate *gate, struct scn_gate_dial *dial);
/* The target has said something: this dial and those connected before it leave. */
void scn_gate_answered(struct scn_gate *gate, struct scn_gate_dial *dial);
/* The dial is over.  Others may be started from inside this and the function above; once more does no harm. */
void scn_gate_leave(struct scn_gate *gate, struct scn_gate_dial *dial);

#endif

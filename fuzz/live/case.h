/* SPDX-License-Identifier: MIT
 *
 * A test case of the live fuzzer: what scripted peers do to a target, step by step, every byte of it.  It is made by
 * changing another one (mutate.h), shortened by minimise.h, and played as the scenario that live_case_print writes.
 */
#ifndef LIVE_CASE_H
#define LIVE_CASE_H

#include <stdio.h>

#include "btw/msg.h"
#include "facts.h"

enum {
    LIVE_STEPS_MAX = 96,
    LIVE_CONNS_MAX = 60,             /* a run has room for 64 */
    LIVE_STEP_BYTES_MAX = 256 << 10, /* of one send */
    LIVE_CASE_BYTES_MAX = 512 << 10,
};

enum live_kind {
    LIVE_DIAL,
    LIVE_SEND,
    LIVE_AWAIT, /* until the message comes, or for a while */
    LIVE_FIN,
    LIVE_RST,
    LIVE_PAUSE, /* stops reading */
    LIVE_RESUME,
};

struct live_step {
    enum live_kind kind;
    unsigned conn;       /* from 0; written p1, p2, ... */
    bool listens;        /* DIAL: the target is made to dial us */
    enum btw_type await; /* AWAIT */
    uint8_t *bytes;      /* SEND: mostly one message; owned by the case */
    size_t len;
    bool joined;        /* SEND: in one write with the step before, where that is a send on the same connection */
    uint32_t split, at; /* SEND, the first of its write: cut into segments of so many bytes; cut once there; 0: no */
    uint32_t gap_ms;    /* between the segments */
};

struct live_case {
    struct live_step *steps;
    size_t count, cap;
    bool bystander; /* an innocent peer is connected all the time, and must be answered at the end */
    bool asks;      /* at the end connections in good order are asked for an answer before they are closed */
};

void live_case_free(struct live_case *one);
struct live_case live_case_copy(const struct live_case *one);

/* The step is copied, its bytes too.  False: the case is full. */
bool live_case_insert(struct live_case *one, size_t at, const struct live_step *step);
void live_case_remove(struct live_case *one, size_t at, size_t count);
/* Other bytes for a send.  False: too many. */
bool live_step_set(struct live_step *step, const uint8_t *bytes, size_t len);

size_t live_case_bytes(const struct live_case *one);   /* that are sent */
unsigned live_case_conns(const struct live_case *one); /* highest number + 1 */

/* All steps of `more` behind those of the case, on connections of their own.  False: no room; nothing is added. */
bool live_case_append(struct live_case *one, const struct live_case *more);

/* Takes out what means nothing: steps on connections that are not there (any more), second dials of one, and what is
 * beyond the limits. */
void live_case_mend(struct live_case *one);

/* Targets refuse two connections with one peer id: gives those of our own making others, drawn from number. */
void live_case_give_ids(struct live_case *one, uint64_t number);

/* Does the case send all that `part` sends, handshakes left out, in that order?  False: also when part sends nothing.
 */
bool live_case_contains(const struct live_case *one, const struct live_case *part);

/* The handshake that a send begins with, or the one message that it is; false: it is neither.  Views into the step. */
bool live_step_msg(const struct live_step *step, struct btw_msg *out);
/* Index of the handshake that the connection of step `at` began with, searched backwards; SIZE_MAX: there is none. */
size_t live_case_handshake(const struct live_case *one, size_t at);

/* How a case is written as a scenario. */
struct live_style {
    const char *name;    /* "fuzz.case" */
    const char *comment; /* lines with # in front, or NULL */
    const struct live_facts *facts;
};
/* Writes the scenario, its end included: connections in good order are asked, all are closed, and the target's end of
 * them is waited for. */
void live_case_print(FILE *out, const struct live_case *one, const struct live_style *style);

#endif

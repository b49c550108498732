/* SPDX-License-Identifier: MIT
 *
 * A session of a capture, kept whole: what was said on one connection, in order, for those who go over it more than
 * once (record.h, replay.h).  Tapes are filled by the events of a dissector, or by anything else that tells them.
 */
#ifndef CAP_TAPE_H
#define CAP_TAPE_H

#include "arena.h"
#include "dissect.h"

enum { CAP_TAPE_BYTES_MAX = 256 << 20 }; /* of all tapes of a set */

struct cap_note {
    enum cap_event_kind kind; /* CAP_MESSAGE, CAP_BAD, CAP_GAP, CAP_FIN or CAP_RST */
    enum btw_side side;       /* who sent */
    int64_t time_ms;          /* since the first note */
    uint64_t frame;
    uint64_t gap;       /* CAP_GAP: bytes that are missing */
    struct btw_msg msg; /* its bytes are the tape's */
};

struct cap_tape {
    uint64_t flow; /* number of the session in the capture */
    enum cap_kind kind;
    struct cap_endpoint from[2];
    struct cap_note *notes;
    size_t count;
    bool cut; /* there was more than fits CAP_TAPE_BYTES_MAX: the end is missing */
    /* the rest is private */
    int64_t first_ns;
    size_t room;
};

/* All sessions of a capture that were told about, in the order of their first packets, or just one. */
struct cap_tapes {
    struct cap_tape **list;
    size_t count;
    int64_t flow; /* the one that is wanted; -1: all.  Set before the first event */
    /* the rest is private */
    struct scn_arena *arena;
    size_t bytes;
};

void cap_tapes_init(struct cap_tapes *tapes, int64_t flow);
void cap_tapes_free(struct cap_tapes *tapes);

/* Takes an event; user is the struct cap_tapes.  Messages are copied.  event->session->user becomes its tape. */
void cap_tapes_take(void *user, const struct cap_event *event);

/* Reads a capture whole; "-" is standard input.  False: error says why, one sentence.  A capture that is cut short is
 * read as far as it goes. */
bool cap_tapes_read(struct cap_tapes *tapes, const char *path, char *error, size_t cap);

/* The session that is wanted; if none is, the one in which most was said.  Where encryption hides one of the
 * handshakes it is made up from the other one, with a peer id of zeros.  NULL: error says what there is instead. */
const struct cap_tape *cap_tapes_pick(struct cap_tapes *tapes, char *error, size_t cap);

/* The first handshake that side sent; NULL: there is none. */
const struct btw_msg *cap_tape_handshake(const struct cap_tape *tape, enum btw_side side);
/* The first extended handshake (BEP 10) that side sent; NULL: there is none. */
const struct btw_msg *cap_tape_extended(const struct cap_tape *tape, enum btw_side side);

#endif

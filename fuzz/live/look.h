/* SPDX-License-Identifier: MIT
 *
 * What a run shows of the target, watched from outside: states of its connections, the steps between them, and which of
 * our own streams were in good order, so that the target may be judged by what it answered.
 */
#ifndef LIVE_LOOK_H
#define LIVE_LOOK_H

#include "case.h"
#include "run.h"

enum { LIVE_MOVES_MAX = 256, LIVE_REPLIES_MAX = 16 };

/* One state of a connection, packed: equal numbers are equal states.  live_state_print tells what it says. */
typedef uint32_t live_state;

struct live_move {
    live_state from, to;
    uint8_t by; /* enum btw_type of the target's message, or LIVE_BY_US, LIVE_BY_END */
};
enum { LIVE_BY_US = BTW_TYPES, LIVE_BY_END };

/* What one connection has come to. */
struct live_conn_look {
    bool there;                  /* bytes went over it, either way */
    bool opened;                 /* the target took it */
    bool met;                    /* our stream began with a whole handshake for a torrent of the target */
    bool orderly;                /* and held nothing but messages of known layout */
    bool sane_ext;               /* with one canonical extended handshake at most */
    enum btw_end our_end, ended; /* ended: by the target */
    uint64_t in, out;            /* bytes from and to the target */
    uint64_t asked;              /* bytes that requests of ours have asked for */
    uint32_t wrong;              /* blocks that hold other bytes than the torrent */
    bool answered;               /* the target said something */
};

struct live_look;

/* world tells what the right content is; it outlives the look. */
struct live_look *live_look_new(const struct scn_world *world);
void live_look_free(struct live_look *look);

/* For scn_run_tap; user is the struct live_look. */
void live_look_tap(void *user, const struct scn_conn *conn, bool sent, struct btw_slice bytes, int64_t now_ms);
/* The run is over: how its connections ended. */
void live_look_end(struct live_look *look, const struct scn_run *run);

/* NULL: there is no such connection. */
const struct live_conn_look *live_look_conn(const struct live_look *look, unsigned number);
const struct live_move *live_look_moves(const struct live_look *look, size_t *count);
/* The same for equal behaviour: states passed, replies with repeats over two left out, and ends; no times, no content.
 */
uint64_t live_look_key(const struct live_look *look);
/* Did the target take a connection, and say something on one or end it? */
bool live_look_reached(const struct live_look *look);
/* The first extended handshake of the target: ids of its extensions, 0: none. */
void live_look_ids(const struct live_look *look, uint8_t *metadata, uint8_t *pex);

enum { LIVE_STATE_TEXT = 120 };
void live_state_print(char text[LIVE_STATE_TEXT], live_state state);
const char *live_by_name(uint8_t by); /* "unchoke", "us", "end" */

#endif

/* SPDX-License-Identifier: MIT
 *
 * Plays a suite over real sockets: a loop, a tracker, a link, and nothing else.
 */
#ifndef SCN_SESSION_H
#define SCN_SESSION_H

#include "link_tcp.h"
#include "suite.h"
#include "tracker.h"

struct scn_session {
    uv_loop_t loop;
    struct scn_tracker *tracker;
    struct scn_tcp *tcp;
    struct scn_suite *suite; /* once played; lives until close */
    bool interrupted;        /* by SIGINT or SIGTERM */
    /* the rest is private */
    uv_prepare_t turn;
    uv_timer_t timer;
    uv_signal_t interrupt, term;
    struct scn_world *world;
};

/* Starts the loop and the tracker on host:port (0: any), and takes SIGINT and SIGTERM until the session is closed.  The
 * struct must not be moved.  False: errno says why. */
bool scn_session_open(struct scn_session *session, const char *host, uint16_t port);

/* Plays the items against tcp->target until all are over, or a signal comes.  Listeners are told to the session's
 * tracker: tcp->offer and tcp->user are not the caller's. */
void scn_session_play(struct scn_session *session, const struct scn_item *items, size_t count, struct scn_world *world,
                      const struct scn_tcp_config *tcp, const struct scn_suite_config *config);

void scn_session_close(struct scn_session *session);

#endif

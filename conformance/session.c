/* SPDX-License-Identifier: MIT
 *
 * One turn of the loop: bytes come in by the link's callbacks, then the suite plays on, then the loop sleeps until
 * there is something to do.
 */
#include "session.h"

#include <signal.h>

static void on_signal(uv_signal_t *handle, int number)
{
    struct scn_session *session = handle->data;
    (void)number;
    session->interrupted = true;
    if (session->suite != NULL)
        scn_suite_interrupt(session->suite, "interrupted");
}

bool scn_session_open(struct scn_session *session, const char *host, uint16_t port)
{
    *session = (struct scn_session){ 0 };
    uv_loop_init(&session->loop);
    session->tracker = scn_tracker_new(&session->loop, host, port);
    if (session->tracker == NULL) {
        uv_loop_close(&session->loop);
        return false;
    }
    /* Until the session is closed: the second Ctrl-C of somebody impatient must not leave a client behind. */
    uv_signal_init(&session->loop, &session->interrupt);
    uv_signal_init(&session->loop, &session->term);
    session->interrupt.data = session->term.data = session;
    uv_signal_start(&session->interrupt, on_signal, SIGINT);
    uv_signal_start(&session->term, on_signal, SIGTERM);
    return true;
}

static void on_timer(uv_timer_t *timer)
{
    (void)timer; /* it only wakes the loop */
}

static void on_turn(uv_prepare_t *prepare)
{
    struct scn_session *session = prepare->data;
    struct scn_suite *suite = session->suite;
    uv_update_time(&session->loop);
    session->world->tracker_ids = scn_tracker_ids(session->tracker, &session->world->tracker_id_count);
    scn_suite_advance(suite);
    if (scn_suite_done(suite)) {
        uv_stop(&session->loop);
        return;
    }
    int64_t deadline = scn_suite_deadline(suite), now = (int64_t)uv_now(&session->loop);
    if (deadline == INT64_MAX)
        uv_timer_stop(&session->timer);
    else
        uv_timer_start(&session->timer, on_timer, deadline > now ? (uint64_t)(deadline - now) : 0, 0);
}

static void on_offer(void *user, const uint8_t info_hash[20], const struct btw_address *address, const uint8_t *peer_id,
                     bool on)
{
    struct scn_session *session = user;
    if (on)
        scn_tracker_add(session->tracker, info_hash, address, peer_id);
    else
        scn_tracker_remove(session->tracker, info_hash, address);
}

void scn_session_play(struct scn_session *session, const struct scn_item *items, size_t count, struct scn_world *world,
                      const struct scn_tcp_config *tcp, const struct scn_suite_config *config)
{
    uv_loop_t *loop = &session->loop;
    struct scn_tcp_config with_offer = *tcp;
    with_offer.offer = on_offer;
    with_offer.user = session;
    session->world = world;
    session->tcp = scn_tcp_new(loop, &with_offer);
    session->suite = scn_suite_new(items, count, world, scn_tcp_link(session->tcp), config);
    uv_prepare_init(loop, &session->turn);
    uv_timer_init(loop, &session->timer);
    session->turn.data = session;
    uv_prepare_start(&session->turn, on_turn);
    uv_run(loop, UV_RUN_DEFAULT);
    uv_close((uv_handle_t *)&session->turn, NULL);
    uv_close((uv_handle_t *)&session->timer, NULL);
}

void scn_session_close(struct scn_session *session)
{
    if (session->suite != NULL) {
        scn_suite_free(session->suite);
        session->suite = NULL;
        scn_tcp_close(session->tcp);
    }
    scn_tracker_close(session->tracker);
    uv_close((uv_handle_t *)&session->interrupt, NULL);
    uv_close((uv_handle_t *)&session->term, NULL);
    uv_run(&session->loop, UV_RUN_DEFAULT);
    if (session->tcp != NULL)
        scn_tcp_free(session->tcp);
    scn_tracker_free(session->tracker);
    uv_loop_close(&session->loop);
}

/* SPDX-License-Identifier: MIT
 *
 * Statements by which the scripted peer opens, uses and ends its connections.
 */
#include <stdlib.h>

#include "step_state.h"

enum {
    ACCEPT_MS = 60000,
    SECURED_MS = 15000,
    OPEN_MS = 600000, /* a dial may have to wait for its turn */
};

/* Probes, and who has a connection already: that one would grow old meanwhile, and idle ones are closed after a minute
 * by some. */
static bool goes_first(const struct scn_run *run)
{
    bool first = run->first;
    for (size_t i = 0; i < run->conn_count; i++)
        first = first || conn_is_open(run->conns[i]);
    return first;
}

static enum step_state start_dial(struct scn_run *run, const struct scn_step *step, struct scn_conn *conn)
{
    struct scn_conn *from = step->from ? run_conn(run, step->from) : NULL;
    struct scn_env env = run_env(run, run->arena);
    int64_t rcvbuf = 0;
    if (step->rcvbuf && !scn_eval_int(&env, step->rcvbuf, &rcvbuf)) {
        run_value_failed(run, step, &env);
        return STEP_BLOCKED;
    }
    struct scn_dial how = { from ? from->source : run->world->next_source++, step->v6, (int)rcvbuf, goes_first(run) };
    if (!cloak_make_plan(conn, step))
        return STEP_BLOCKED;
    conn_dial(conn, &how);
    return STEP_DONE;
}

/* What comes first on an encrypted connection nobody sends by a line of its own, so this one waits for its turn. */
enum step_state play_dial(struct scn_run *run, const struct scn_step *step)
{
    struct scn_conn *conn = run_conn_make(run, step->conn);
    if (step_first(run) && start_dial(run, step, conn) == STEP_BLOCKED)
        return STEP_BLOCKED;
    run->step_deadline = run->step_started + run_scaled(run, OPEN_MS);
    bool waits = conn->plan && !conn->cloak && conn->target_end == BTW_END_NONE && !step_late(run);
    return waits ? STEP_BLOCKED : STEP_DONE;
}

enum step_state play_listen(struct scn_run *run, const struct scn_step *step)
{
    struct scn_conn *conn = run_conn_make(run, step->conn);
    struct scn_env env = run_env(run, run->arena);
    struct scn_value id = { .kind = SCN_VALUE_BYTES };
    if (step->peer_id && (!scn_eval(&env, step->peer_id, &id) || id.kind != SCN_VALUE_BYTES || id.bytes.len != 20))
        return step_failed_as(run, step, SCN_ERROR, "peer_id wants 20 bytes");
    if (!cloak_make_plan(conn, step))
        return STEP_BLOCKED;
    conn->listener = calloc(1, sizeof *conn->listener);
    if (!conn->listener)
        abort();
    *conn->listener = (struct scn_listener){ .run = run, .conn = conn };
    scn_timeline_note(run->timeline, run_time(run), conn->name, "listen");
    conn->listener->handle = run->link->ops->listen(run->link, conn->listener, step->v6, run->torrents[0]->info_hash,
                                                    step->peer_id ? id.bytes.data : NULL);
    if (!conn->listener->handle)
        return step_failed_as(run, step, SCN_UNSUPPORTED, "this target cannot be made to dial");
    return STEP_DONE;
}

enum step_state play_accept(struct scn_run *run, const struct scn_step *step)
{
    struct scn_conn *conn = run_conn(run, step->conn);
    if (step_first(run))
        step_within(run, step, ACCEPT_MS);
    if (conn_is_open(conn))
        return STEP_DONE;
    return step_late(run) ? step_failed(run, step, NULL, "the target did not dial") : STEP_BLOCKED;
}

enum step_state play_secured(struct scn_run *run, const struct scn_step *step)
{
    struct scn_conn *conn = run_conn(run, step->conn);
    if (step_first(run))
        step_within(run, step, SECURED_MS);
    if (cloak_method(conn) != BTW_MSE_NONE)
        return STEP_DONE;
    if (conn->in_garbage || conn->target_end != BTW_END_NONE)
        return step_failed(run, step, NULL, step_how_closed(conn));
    return step_late(run) ? step_failed(run, step, NULL, "no encrypted handshake in time") : STEP_BLOCKED;
}

enum step_state play_send(struct scn_run *run, const struct scn_step *step)
{
    struct scn_conn *conn = run_conn(run, step->conn);
    step_first(run);
    bool gone =
        conn->target_end == BTW_END_RST || (!conn->handle && !conn->listener) || (conn->in_garbage && !conn->opened);
    if (step->stimulus && (gone || conn->target_end != BTW_END_NONE))
        return step_failed_as(run, step, SCN_INCONCLUSIVE, step_how_closed(conn));
    if (gone)
        return STEP_DONE; /* the next line that expects something will say so */
    if (!conn->opened) {
        run->step_deadline = run->step_started + run_scaled(run, OPEN_MS);
        return step_late(run) ? step_failed(run, step, NULL, "no connection in time") : STEP_BLOCKED;
    }
    outbox_add(conn, step);
    outbox_pump(conn);
    return STEP_DONE;
}

/* fin, and sends before it, leave in order: the end waits until the outbox is empty. */
enum step_state play_fin(struct scn_run *run, const struct scn_step *step)
{
    struct scn_conn *conn = run_conn(run, step->conn);
    step_first(run);
    if (!conn->handle || conn->our_end != BTW_END_NONE || conn->target_end == BTW_END_RST)
        return STEP_DONE;
    if (conn->outbox || !conn->opened)
        return STEP_BLOCKED;
    conn->our_end = BTW_END_FIN;
    scn_timeline_note(run->timeline, run_time(run), conn->name, "fin");
    run->link->ops->fin(run->link, conn->handle);
    watch_end(conn, NULL); /* who is told goodbye may be silent */
    return STEP_DONE;
}

enum step_state play_rst(struct scn_run *run, const struct scn_step *step)
{
    struct scn_conn *conn = run_conn(run, step->conn);
    step_first(run);
    if (!conn->handle || conn->our_end == BTW_END_RST || conn->target_end == BTW_END_RST)
        return STEP_DONE;
    if (conn->outbox || !conn->opened)
        return STEP_BLOCKED;
    conn->our_end = BTW_END_RST;
    scn_timeline_note(run->timeline, run_time(run), conn->name, "rst");
    run->link->ops->rst(run->link, conn->handle);
    watch_end(conn, NULL);
    return STEP_DONE;
}

enum step_state play_read(struct scn_run *run, const struct scn_step *step)
{
    struct scn_conn *conn = run_conn(run, step->conn);
    if (conn->handle)
        run->link->ops->read(run->link, conn->handle, step->kind == SCN_RESUME);
    if (step->kind == SCN_PAUSE && conn->monitor)
        btw_monitor_gap(conn->monitor, conn->target); /* from here on its words are seen later than they were said */
    scn_timeline_note(run->timeline, run_time(run), conn->name, step->kind == SCN_RESUME ? "resume" : "pause");
    return STEP_DONE;
}

enum step_state play_serve(struct scn_run *run, const struct scn_step *step)
{
    struct scn_conn *conn = run_conn(run, step->conn);
    struct scn_env env = run_env(run, run->arena);
    int64_t left = INT64_MAX, corrupt = -1;
    if ((step->left && !scn_eval_int(&env, step->left, &left)) ||
        (step->right && !scn_eval_int(&env, step->right, &corrupt))) {
        run_value_failed(run, step, &env);
        return STEP_BLOCKED;
    }
    conn->serve_left = left;
    conn->corrupt = corrupt;
    reflex_catch_up(conn);
    return STEP_DONE;
}

/* SPDX-License-Identifier: MIT
 *
 * What all statements share, those that steer, and the table of all.
 */
#include "step_state.h"

#include <stdio.h>

enum { GOT_SIZE = 24 }; /* what a comparison saw: an integer, or that it was other bytes */

bool step_first(struct scn_run *run)
{
    bool was = !run->entered;
    run->entered = true;
    if (was) {
        run->step_started = run_now(run);
        run->step_deadline = INT64_MAX;
        run->seen = 0;
        run->near_miss = NULL;
    }
    return was;
}

void step_within(struct scn_run *run, const struct scn_step *step, int64_t otherwise_ms)
{
    int64_t ms = step->within_ms >= 0 ? step->within_ms : otherwise_ms;
    run->step_deadline = run->step_started + run_scaled(run, ms);
}

bool step_late(const struct scn_run *run)
{
    return run_now(run) >= run->step_deadline;
}

enum step_state step_failed(struct scn_run *run, const struct scn_step *step, const char *got, const char *reason)
{
    return run_line_failed(run, step, step->fails, step->text, got, reason) ? STEP_DONE : STEP_BLOCKED;
}

enum step_state step_failed_as(struct scn_run *run, const struct scn_step *step, enum scn_verdict verdict,
                               const char *reason)
{
    return run_line_failed(run, step, verdict, step->text, NULL, reason) ? STEP_DONE : STEP_BLOCKED;
}

const char *step_how_closed(const struct scn_conn *conn)
{
    if (conn->target_end == BTW_END_NONE && conn->in_garbage)
        return conn->error ? conn->error : "what came is no BitTorrent stream";
    if (conn->refused)
        return conn->error ? conn->error : "the connection was refused";
    return conn->target_end == BTW_END_FIN ? "the target closed the connection (FIN)"
                                           : "the target closed the connection (RST)";
}

bool step_push(struct scn_run *run, const struct scn_step *step, int64_t times)
{
    if (run->depth == RUN_DEPTH_MAX || times <= 0 || step->body_count == 0)
        return false;
    run->frames[run->depth++] = (struct frame){ step->body, step->body_count, 0, step, 0, times };
    run->entered = false;
    return true;
}

static const char *keep(struct scn_run *run, const char *text)
{
    return scn_arena_text(run->arena, text, strlen(text));
}

/* ---- control ----------------------------------------------------------------------------------------------------- */

static enum step_state play_repeat(struct scn_run *run, const struct scn_step *step)
{
    struct scn_env env = run_env(run, run->arena);
    int64_t times;
    if (!scn_eval_int(&env, step->left, &times)) {
        run_value_failed(run, step, &env);
        return STEP_BLOCKED;
    }
    run->frames[run->depth - 1].at++;
    run->entered = false;
    step_push(run, step, times);
    return STEP_BLOCKED;
}

static enum step_state play_if(struct scn_run *run, const struct scn_step *step)
{
    bool can = conn_can(run_conn(run, step->conn), scn_capability_find(step->name, strlen(step->name)));
    run->frames[run->depth - 1].at++;
    run->entered = false;
    if (can != step->negated)
        step_push(run, step, 1);
    return STEP_BLOCKED;
}

static enum step_state play_wait(struct scn_run *run, const struct scn_step *step)
{
    if (step_first(run))
        run->step_deadline = run->step_started + step->wait_ms;
    return step_late(run) ? STEP_DONE : STEP_BLOCKED;
}

static bool holds(const struct scn_step *step, int64_t left, int64_t right)
{
    switch (step->compare) {
    case SCN_EQ:
        return left == right;
    case SCN_NE:
        return left != right;
    case SCN_LT:
        return left < right;
    case SCN_LE:
        return left <= right;
    case SCN_GT:
        return left > right;
    case SCN_GE:
        return left >= right;
    }
    return false;
}

/* Evaluates both sides; bytes are compared for (in)equality.  *got is what was seen.  False: they cannot be, and the
 * run is over. */
static bool compare(struct scn_run *run, const struct scn_step *step, bool *true_now, char got[GOT_SIZE])
{
    struct scn_arena *arena = scn_arena_new(); /* not the run's: `until` compares at every turn */
    struct scn_env env = run_env(run, arena);
    struct scn_value left, right;
    bool fine = scn_eval(&env, step->left, &left) && scn_eval(&env, step->right, &right) && left.kind == right.kind;
    if (!fine) {
        run_value_failed(run, step, &env);
    } else if (left.kind == SCN_VALUE_INT) {
        *true_now = holds(step, left.number, right.number);
        snprintf(got, GOT_SIZE, "%lld", (long long)left.number);
    } else {
        *true_now = btw_slice_equal(left.bytes, right.bytes) == (step->compare == SCN_EQ);
        snprintf(got, GOT_SIZE, "other bytes");
    }
    scn_arena_free(arena);
    return fine;
}

static enum step_state play_check(struct scn_run *run, const struct scn_step *step)
{
    bool true_now;
    char got[GOT_SIZE];
    if (!compare(run, step, &true_now, got))
        return STEP_BLOCKED;
    return true_now ? STEP_DONE : step_failed(run, step, keep(run, got), "this does not hold");
}

static enum step_state play_until(struct scn_run *run, const struct scn_step *step)
{
    struct scn_conn *conn = run_conn(run, step->conn);
    bool true_now;
    char got[GOT_SIZE];
    if (step_first(run))
        step_within(run, step, STEP_EXPECT_MS);
    while (conn->inbox)
        conn_pop(conn);
    if (!compare(run, step, &true_now, got))
        return STEP_BLOCKED;
    if (true_now)
        return STEP_DONE;
    if (conn->target_end != BTW_END_NONE)
        return step_failed(run, step, keep(run, got), step_how_closed(conn));
    return step_late(run) ? step_failed(run, step, keep(run, got), "this did not come true in time") : STEP_BLOCKED;
}

enum step_state step_play(struct scn_run *run, const struct scn_step *step)
{
    static step_fn *const play[SCN_STEP_KINDS] = {
        [SCN_DIAL] = play_dial,         [SCN_LISTEN] = play_listen, [SCN_ACCEPT] = play_accept,
        [SCN_SECURED] = play_secured,   [SCN_SEND] = play_send,     [SCN_EXPECT] = play_expect,
        [SCN_CLOSES] = play_closes,     [SCN_SYNC] = play_sync,     [SCN_ONEOF] = play_oneof,
        [SCN_ANYORDER] = play_anyorder, [SCN_MAYBE] = play_maybe,   [SCN_NEVER] = play_never,
        [SCN_UNTIL] = play_until,       [SCN_CHECK] = play_check,   [SCN_WAIT] = play_wait,
        [SCN_REPEAT] = play_repeat,     [SCN_IF] = play_if,         [SCN_FIN] = play_fin,
        [SCN_RST] = play_rst,           [SCN_PAUSE] = play_read,    [SCN_RESUME] = play_read,
        [SCN_SERVE] = play_serve,
    };
    return play[step->kind](run, step);
}

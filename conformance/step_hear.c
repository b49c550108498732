/* SPDX-License-Identifier: MIT
 *
 * Statements that wait for what the target says, or for its silence, or for its end.
 */
#include "step_state.h"

enum {
    CLOSES_MS = 10000,
    SYNC_MS = 45000, /* choke-related answers take 30 s, an unchoke 45 s */
    MAYBE_MS = 5000,
};

/* The connection will bring nothing more: it is read out, and closed or no stream of messages any more. */
static bool is_dry(const struct scn_conn *conn)
{
    bool lost = conn->target_end != BTW_END_NONE || (conn->handle ? conn->in_garbage : !conn->listener);
    return !conn->inbox && lost;
}

/* ---- messages ---------------------------------------------------------------------------------------------------- */

static bool item_fits(struct scn_run *run, const struct scn_msg *pattern, const struct inbox_item *item)
{
    struct scn_arena *arena = scn_arena_new();
    struct scn_env env = run_env(run, arena);
    bool fits = (!item->garbage || (pattern->desc && pattern->desc->type == BTW_RAW)) &&
                scn_msg_fits(&env, pattern, &item->msg);
    scn_arena_free(arena);
    return fits;
}

static const char *describe(struct scn_run *run, const struct scn_conn *conn, const struct btw_msg *msg)
{
    return scn_arena_format(run->arena, "%s < %s", conn->name, conn_describe(conn, msg, run->arena));
}

static void note_near_miss(struct scn_run *run, const struct scn_conn *conn, const struct scn_msg *pattern)
{
    const struct btw_msg *msg = &conn->inbox->msg;
    if (!run->near_miss && pattern->desc && pattern->desc->type == msg->type)
        run->near_miss = describe(run, conn, msg);
}

/* Consumes up to the first message that fits.  False: none has come. */
static bool consume(struct scn_run *run, struct scn_conn *conn, const struct scn_msg *pattern)
{
    while (conn->inbox) {
        bool fits = item_fits(run, pattern, conn->inbox);
        if (!fits)
            note_near_miss(run, conn, pattern);
        conn_pop(conn);
        if (fits)
            return true;
    }
    return false;
}

enum step_state play_expect(struct scn_run *run, const struct scn_step *step)
{
    struct scn_conn *conn = run_conn(run, step->conn);
    if (step_first(run))
        step_within(run, step, STEP_EXPECT_MS);
    if (step->next && conn->inbox) {
        if (!item_fits(run, &step->msgs[0], conn->inbox))
            return step_failed(run, step, describe(run, conn, &conn->inbox->msg), "another message came next");
        conn_pop(conn);
        return STEP_DONE;
    }
    if (consume(run, conn, &step->msgs[0]))
        return STEP_DONE;
    if (is_dry(conn))
        return step_failed(run, step, run->near_miss, step_how_closed(conn));
    if (step_late(run))
        return step_failed(run, step, run->near_miss,
                           conn->opened ? "nothing that fits came in time" : "no connection in time");
    return STEP_BLOCKED;
}

enum step_state play_maybe(struct scn_run *run, const struct scn_step *step)
{
    struct scn_conn *conn = run_conn(run, step->conn);
    if (step_first(run))
        step_within(run, step, MAYBE_MS);
    for (struct inbox_item *item = conn->inbox; item; item = item->next) {
        if (item_fits(run, &step->msgs[0], item)) {
            consume(run, conn, &step->msgs[0]);
            return STEP_DONE;
        }
    }
    return step_late(run) || conn->target_end != BTW_END_NONE ? STEP_DONE : STEP_BLOCKED;
}

enum step_state play_anyorder(struct scn_run *run, const struct scn_step *step)
{
    struct scn_conn *conn = run_conn(run, step->conn);
    if (step_first(run))
        step_within(run, step, STEP_EXPECT_MS);
    uint64_t all = UINT64_MAX >> (SCN_ANYORDER_MAX - step->msg_count);
    while (conn->inbox && run->seen != all) {
        for (size_t i = 0; i < step->msg_count; i++) {
            if (!(run->seen >> i & 1) && item_fits(run, &step->msgs[i], conn->inbox)) {
                run->seen |= UINT64_C(1) << i;
                break;
            }
        }
        conn_pop(conn);
    }
    if (run->seen == all)
        return STEP_DONE;
    if (is_dry(conn))
        return step_failed(run, step, NULL, step_how_closed(conn));
    return step_late(run) ? step_failed(run, step, NULL, "not all of these came in time") : STEP_BLOCKED;
}

/* ---- ends -------------------------------------------------------------------------------------------------------- */

static bool end_fits(const struct scn_conn *conn, enum scn_end_kind kind)
{
    return conn->target_end != BTW_END_NONE &&
           (kind == SCN_END_ANY || (kind == SCN_END_FIN) == (conn->target_end == BTW_END_FIN));
}

enum step_state play_closes(struct scn_run *run, const struct scn_step *step)
{
    struct scn_conn *conn = run_conn(run, step->conn);
    if (step_first(run))
        step_within(run, step, CLOSES_MS);
    while (conn->inbox)
        conn_pop(conn);
    if (end_fits(conn, step->end))
        return STEP_DONE;
    if (conn->target_end != BTW_END_NONE)
        return step_failed(run, step, step_how_closed(conn), "it closed in another way");
    return step_late(run) ? step_failed(run, step, NULL, "the connection is still open") : STEP_BLOCKED;
}

enum step_state play_sync(struct scn_run *run, const struct scn_step *step)
{
    struct scn_conn *conn = run_conn(run, step->conn);
    if (step_first(run)) {
        step_within(run, step, SYNC_MS);
        sync_start(conn);
    }
    while (conn->inbox)
        conn_pop(conn);
    if (sync_is_over(conn)) {
        sync_stop(conn);
        return STEP_DONE;
    }
    bool closed = conn->target_end != BTW_END_NONE;
    if (!closed && !step_late(run))
        return STEP_BLOCKED;
    sync_stop(conn);
    return step_failed(run, step, NULL,
                       closed ? step_how_closed(conn)
                              : "no answer to a request that must be answered: the stream is out of step");
}

/* ---- oneof ------------------------------------------------------------------------------------------------------- */

static int64_t alt_deadline(const struct scn_run *run, const struct scn_step *step, const struct scn_alt *alt)
{
    int64_t otherwise = alt->kind == SCN_ALT_SYNC ? SYNC_MS : alt->kind == SCN_ALT_CLOSES ? CLOSES_MS : STEP_EXPECT_MS;
    int64_t ms = alt->within_ms >= 0 ? alt->within_ms : step->within_ms >= 0 ? step->within_ms : otherwise;
    return run->step_started + run_scaled(run, ms);
}

static void oneof_begin(struct scn_run *run, const struct scn_step *step)
{
    run->step_deadline = 0;
    for (size_t i = 0; i < step->alt_count; i++) {
        const struct scn_alt *alt = &step->alts[i];
        int64_t deadline = alt_deadline(run, step, alt);
        if (alt->kind != SCN_ALT_SILENCE || alt->within_ms >= 0 || step->alt_count == 1)
            run->step_deadline = deadline > run->step_deadline ? deadline : run->step_deadline;
        if (alt->kind == SCN_ALT_SYNC)
            sync_start(run_conn(run, step->conn));
    }
}

/* The alternative has come true: PASS goes on, everything else is said. */
static enum step_state take(struct scn_run *run, const struct scn_step *step, const struct scn_alt *alt,
                            const char *got)
{
    struct scn_conn *conn = run_conn(run, step->conn);
    sync_stop(conn);
    if (alt->verdict <= SCN_INFO) {
        if (alt->note)
            run_note(run, alt->verdict, step, alt->note);
        return STEP_DONE;
    }
    if (alt->verdict == SCN_INCONCLUSIVE && alt->kind == SCN_ALT_MSG && alt->msg.desc &&
        alt->msg.desc->type == BTW_CHOKE)
        run->result.waited_for_unchoke = true; /* a rival took the slot */
    return run_line_failed(run, step, alt->verdict, step->text, got, alt->note ? alt->note : "this is not allowed")
               ? STEP_DONE
               : STEP_BLOCKED;
}

static const struct scn_alt *alt_of_item(struct scn_run *run, const struct scn_step *step, struct inbox_item *item)
{
    for (size_t i = 0; i < step->alt_count; i++) {
        const struct scn_alt *alt = &step->alts[i];
        if (alt->kind == SCN_ALT_MSG && run_now(run) < alt_deadline(run, step, alt) && item_fits(run, &alt->msg, item))
            return alt;
    }
    return NULL;
}

static const struct scn_alt *alt_of_kind(const struct scn_run *run, const struct scn_step *step, enum scn_alt_kind kind)
{
    for (size_t i = 0; i < step->alt_count; i++) {
        if (step->alts[i].kind == kind &&
            (kind != SCN_ALT_CLOSES || end_fits(run_conn((struct scn_run *)run, step->conn), step->alts[i].end)))
            return &step->alts[i];
    }
    return NULL;
}

static bool is_sync_answer(const struct scn_conn *conn, const struct btw_msg *msg)
{
    struct scn_conn copy = *conn;
    copy.sync.answered = false;
    return conn->sync.answered && conn->sync.method != SYNC_UNCHOKE && sync_sees(&copy, msg);
}

enum step_state play_oneof(struct scn_run *run, const struct scn_step *step)
{
    struct scn_conn *conn = run_conn(run, step->conn);
    const struct scn_alt *alt;
    if (step_first(run))
        oneof_begin(run, step);
    while (conn->inbox) {
        if (is_sync_answer(conn, &conn->inbox->msg)) {
            conn_pop(conn);
            return take(run, step, alt_of_kind(run, step, SCN_ALT_SYNC), NULL);
        }
        alt = alt_of_item(run, step, conn->inbox);
        const char *got = alt && alt->verdict > SCN_INFO ? describe(run, conn, &conn->inbox->msg) : NULL;
        conn_pop(conn);
        if (alt)
            return take(run, step, alt, got);
    }
    if (conn->sync.method == SYNC_WEAK && sync_is_over(conn))
        return take(run, step, alt_of_kind(run, step, SCN_ALT_SYNC), NULL);
    if (conn->target_end != BTW_END_NONE) {
        alt = alt_of_kind(run, step, SCN_ALT_CLOSES);
        sync_stop(conn);
        return alt ? take(run, step, alt, step_how_closed(conn))
                   : step_failed(run, step, step_how_closed(conn), step_how_closed(conn));
    }
    if (!step_late(run))
        return STEP_BLOCKED;
    alt = alt_of_kind(run, step, SCN_ALT_SILENCE);
    sync_stop(conn);
    return alt ? take(run, step, alt, NULL) : step_failed(run, step, NULL, "none of these came in time");
}

/* ---- never ------------------------------------------------------------------------------------------------------- */

static bool forbids(struct scn_run *run, const struct scn_step *step, const struct scn_conn *conn,
                    const struct inbox_item *item)
{
    if (is_sync_answer(conn, &item->msg))
        return false;
    for (size_t i = 0; i < step->msg_count; i++) {
        if (item_fits(run, &step->msgs[i], item))
            return true;
    }
    return false;
}

void step_watch(struct scn_run *run, struct scn_conn *conn, const struct inbox_item *item)
{
    for (size_t f = 0; f < run->depth && !run->done; f++) {
        const struct scn_step *owner = run->frames[f].owner;
        if (owner && owner->kind == SCN_NEVER && run_conn(run, owner->conn) == conn && forbids(run, owner, conn, item))
            run_line_failed(run, owner, owner->fails, owner->text, describe(run, conn, &item->msg),
                            "this must not come");
    }
}

enum step_state play_never(struct scn_run *run, const struct scn_step *step)
{
    struct scn_conn *conn = run_conn(run, step->conn);
    run->frames[run->depth - 1].at++; /* behind the body it goes on after this statement */
    step_push(run, step, 1);
    for (const struct inbox_item *item = conn->inbox; item && !run->done; item = item->next)
        step_watch(run, conn, item);
    return STEP_BLOCKED;
}

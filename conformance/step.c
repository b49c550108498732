/* SPDX-License-Identifier: MIT
 *
 * The statements of a scenario: one function each, entered when the statement begins and again whenever something may
 * have changed, until it says that it is done.
 */
#include <stdio.h>
#include <stdlib.h>

#include "run_state.h"

enum {
    EXPECT_MS = 10000, /* an answer (spec: 10 s) */
    CLOSES_MS = 10000,
    SYNC_MS = 45000, /* choke-related answers take 30 s, an unchoke 45 s */
    MAYBE_MS = 5000,
    ACCEPT_MS = 60000,
    SECURED_MS = 15000,
    OPEN_MS = 600000, /* a dial may have to wait for its turn */
    ANYORDER_MAX = 64,
    GOT_SIZE = 24, /* what a comparison saw: an integer, or that it was other bytes */
};

static bool first(struct scn_run *run)
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

static void set_deadline(struct scn_run *run, const struct scn_step *step, int64_t otherwise_ms)
{
    int64_t ms = step->within_ms >= 0 ? step->within_ms : otherwise_ms;
    run->step_deadline = run->step_started + run_scaled(run, ms);
}

static bool late(const struct scn_run *run)
{
    return run_now(run) >= run->step_deadline;
}

static enum step_state failed(struct scn_run *run, const struct scn_step *step, const char *got, const char *reason)
{
    return run_line_failed(run, step, step->fails, step->text, got, reason) ? STEP_DONE : STEP_BLOCKED;
}

static const char *keep(struct scn_run *run, const char *text)
{
    return scn_arena_text(run->arena, text, strlen(text));
}

static const char *how_closed(const struct scn_conn *conn)
{
    if (conn->target_end == BTW_END_NONE && conn->in_garbage)
        return conn->error ? conn->error : "what came is no BitTorrent stream";
    if (conn->refused)
        return conn->error ? conn->error : "the connection was refused";
    return conn->target_end == BTW_END_FIN ? "the target closed the connection (FIN)"
                                           : "the target closed the connection (RST)";
}

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

static enum step_state play_expect(struct scn_run *run, const struct scn_step *step)
{
    struct scn_conn *conn = run_conn(run, step->conn);
    if (first(run))
        set_deadline(run, step, EXPECT_MS);
    if (step->next && conn->inbox) {
        if (!item_fits(run, &step->msgs[0], conn->inbox))
            return failed(run, step, describe(run, conn, &conn->inbox->msg), "another message came next");
        conn_pop(conn);
        return STEP_DONE;
    }
    if (consume(run, conn, &step->msgs[0]))
        return STEP_DONE;
    if (is_dry(conn))
        return failed(run, step, run->near_miss, how_closed(conn));
    if (late(run))
        return failed(run, step, run->near_miss,
                      conn->opened ? "nothing that fits came in time" : "no connection in time");
    return STEP_BLOCKED;
}

static enum step_state play_maybe(struct scn_run *run, const struct scn_step *step)
{
    struct scn_conn *conn = run_conn(run, step->conn);
    if (first(run))
        set_deadline(run, step, MAYBE_MS);
    for (struct inbox_item *item = conn->inbox; item; item = item->next) {
        if (item_fits(run, &step->msgs[0], item)) {
            consume(run, conn, &step->msgs[0]);
            return STEP_DONE;
        }
    }
    return late(run) || conn->target_end != BTW_END_NONE ? STEP_DONE : STEP_BLOCKED;
}

static enum step_state play_anyorder(struct scn_run *run, const struct scn_step *step)
{
    struct scn_conn *conn = run_conn(run, step->conn);
    if (first(run))
        set_deadline(run, step, EXPECT_MS);
    uint64_t all = step->msg_count >= 64 ? UINT64_MAX : (UINT64_C(1) << step->msg_count) - 1;
    while (conn->inbox && run->seen != all) {
        for (size_t i = 0; i < step->msg_count && i < ANYORDER_MAX; i++) {
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
        return failed(run, step, NULL, how_closed(conn));
    return late(run) ? failed(run, step, NULL, "not all of these came in time") : STEP_BLOCKED;
}

/* ---- ends -------------------------------------------------------------------------------------------------------- */

static bool end_fits(const struct scn_conn *conn, enum scn_end_kind kind)
{
    return conn->target_end != BTW_END_NONE &&
           (kind == SCN_END_ANY || (kind == SCN_END_FIN) == (conn->target_end == BTW_END_FIN));
}

static enum step_state play_closes(struct scn_run *run, const struct scn_step *step)
{
    struct scn_conn *conn = run_conn(run, step->conn);
    if (first(run))
        set_deadline(run, step, CLOSES_MS);
    while (conn->inbox)
        conn_pop(conn);
    if (end_fits(conn, step->end))
        return STEP_DONE;
    if (conn->target_end != BTW_END_NONE)
        return failed(run, step, how_closed(conn), "it closed in another way");
    return late(run) ? failed(run, step, NULL, "the connection is still open") : STEP_BLOCKED;
}

static enum step_state play_sync(struct scn_run *run, const struct scn_step *step)
{
    struct scn_conn *conn = run_conn(run, step->conn);
    if (first(run)) {
        set_deadline(run, step, SYNC_MS);
        sync_start(conn);
    }
    while (conn->inbox)
        conn_pop(conn);
    if (sync_is_over(conn)) {
        sync_stop(conn);
        return STEP_DONE;
    }
    bool closed = conn->target_end != BTW_END_NONE;
    if (!closed && !late(run))
        return STEP_BLOCKED;
    sync_stop(conn);
    return failed(run, step, NULL,
                  closed ? how_closed(conn)
                         : "no answer to a request that must be answered: the stream is out of step");
}

/* ---- oneof ------------------------------------------------------------------------------------------------------- */

static int64_t alt_deadline(const struct scn_run *run, const struct scn_step *step, const struct scn_alt *alt)
{
    int64_t otherwise = alt->kind == SCN_ALT_SYNC ? SYNC_MS : alt->kind == SCN_ALT_CLOSES ? CLOSES_MS : EXPECT_MS;
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

static enum step_state play_oneof(struct scn_run *run, const struct scn_step *step)
{
    struct scn_conn *conn = run_conn(run, step->conn);
    const struct scn_alt *alt;
    if (first(run))
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
        return alt ? take(run, step, alt, how_closed(conn)) : failed(run, step, how_closed(conn), how_closed(conn));
    }
    if (!late(run))
        return STEP_BLOCKED;
    alt = alt_of_kind(run, step, SCN_ALT_SILENCE);
    sync_stop(conn);
    return alt ? take(run, step, alt, NULL) : failed(run, step, NULL, "none of these came in time");
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

static bool push(struct scn_run *run, const struct scn_step *step, int64_t times)
{
    if (run->depth == RUN_DEPTH_MAX || times <= 0 || step->body_count == 0)
        return false;
    run->frames[run->depth++] = (struct frame){ step->body, step->body_count, 0, step, 0, times };
    run->entered = false;
    return true;
}

static enum step_state play_never(struct scn_run *run, const struct scn_step *step)
{
    struct scn_conn *conn = run_conn(run, step->conn);
    run->frames[run->depth - 1].at++; /* behind the body it goes on after this statement */
    push(run, step, 1);
    for (const struct inbox_item *item = conn->inbox; item && !run->done; item = item->next)
        step_watch(run, conn, item);
    return STEP_BLOCKED;
}

/* ---- control ----------------------------------------------------------------------------------------------------- */

static enum step_state play_repeat(struct scn_run *run, const struct scn_step *step)
{
    struct scn_env env = run_env(run, run->arena);
    int64_t times;
    if (!scn_eval_int(&env, step->left, &times))
        return run_line_failed(run, step, SCN_ERROR, step->text, NULL, env.error) ? STEP_DONE : STEP_BLOCKED;
    run->frames[run->depth - 1].at++;
    run->entered = false;
    push(run, step, times);
    return STEP_BLOCKED;
}

static enum step_state play_if(struct scn_run *run, const struct scn_step *step)
{
    bool can = conn_can(run_conn(run, step->conn), scn_capability_find(step->name, strlen(step->name)));
    run->frames[run->depth - 1].at++;
    run->entered = false;
    if (can != step->negated)
        push(run, step, 1);
    return STEP_BLOCKED;
}

static enum step_state play_wait(struct scn_run *run, const struct scn_step *step)
{
    if (first(run))
        run->step_deadline = run->step_started + step->wait_ms;
    return late(run) ? STEP_DONE : STEP_BLOCKED;
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

/* Evaluates both sides; bytes are compared for (in)equality.  *got is what was seen.  False: the script is wrong. */
static bool compare(struct scn_run *run, const struct scn_step *step, bool *true_now, char got[GOT_SIZE])
{
    struct scn_arena *arena = scn_arena_new(); /* not the run's: `until` compares at every turn */
    struct scn_env env = run_env(run, arena);
    struct scn_value left, right;
    bool fine = scn_eval(&env, step->left, &left) && scn_eval(&env, step->right, &right) && left.kind == right.kind;
    if (!fine) {
        run_line_failed(run, step, SCN_ERROR, step->text, NULL, env.error ? env.error : "these cannot be compared");
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
    return true_now ? STEP_DONE : failed(run, step, keep(run, got), "this does not hold");
}

static enum step_state play_until(struct scn_run *run, const struct scn_step *step)
{
    struct scn_conn *conn = run_conn(run, step->conn);
    bool true_now;
    char got[GOT_SIZE];
    if (first(run))
        set_deadline(run, step, EXPECT_MS);
    while (conn->inbox)
        conn_pop(conn);
    if (!compare(run, step, &true_now, got))
        return STEP_BLOCKED;
    if (true_now)
        return STEP_DONE;
    if (conn->target_end != BTW_END_NONE)
        return failed(run, step, keep(run, got), how_closed(conn));
    return late(run) ? failed(run, step, keep(run, got), "this did not come true in time") : STEP_BLOCKED;
}

/* ---- connections ------------------------------------------------------------------------------------------------- */

static enum step_state start_dial(struct scn_run *run, const struct scn_step *step, struct scn_conn *conn)
{
    struct scn_conn *from = step->from ? run_conn(run, step->from) : NULL;
    struct scn_env env = run_env(run, run->arena);
    int64_t rcvbuf = 0;
    if (step->rcvbuf && !scn_eval_int(&env, step->rcvbuf, &rcvbuf))
        return run_line_failed(run, step, SCN_ERROR, step->text, NULL, env.error) ? STEP_DONE : STEP_BLOCKED;
    struct scn_dial how = { from ? from->source : run->world->next_source++, step->v6, (int)rcvbuf, run->first };
    if (!cloak_make_plan(conn, step))
        return STEP_BLOCKED;
    conn_dial(conn, &how);
    return STEP_DONE;
}

/* What comes first on an encrypted connection nobody sends by a line of its own, so this one waits for its turn. */
static enum step_state play_dial(struct scn_run *run, const struct scn_step *step)
{
    struct scn_conn *conn = run_conn_make(run, step->conn);
    if (first(run) && start_dial(run, step, conn) == STEP_BLOCKED)
        return STEP_BLOCKED;
    run->step_deadline = run->step_started + run_scaled(run, OPEN_MS);
    bool waits = conn->plan && !conn->cloak && conn->target_end == BTW_END_NONE && !late(run);
    return waits ? STEP_BLOCKED : STEP_DONE;
}

static enum step_state play_listen(struct scn_run *run, const struct scn_step *step)
{
    struct scn_conn *conn = run_conn_make(run, step->conn);
    struct scn_env env = run_env(run, run->arena);
    struct scn_value id = { .kind = SCN_VALUE_BYTES };
    if (step->peer_id && (!scn_eval(&env, step->peer_id, &id) || id.kind != SCN_VALUE_BYTES || id.bytes.len != 20))
        return run_line_failed(run, step, SCN_ERROR, step->text, NULL, "peer_id wants 20 bytes") ? STEP_DONE
                                                                                                 : STEP_BLOCKED;
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
        return run_line_failed(run, step, SCN_UNSUPPORTED, step->text, NULL, "this target cannot be made to dial")
                   ? STEP_DONE
                   : STEP_BLOCKED;
    return STEP_DONE;
}

static enum step_state play_accept(struct scn_run *run, const struct scn_step *step)
{
    struct scn_conn *conn = run_conn(run, step->conn);
    if (first(run))
        set_deadline(run, step, ACCEPT_MS);
    if (conn_is_open(conn))
        return STEP_DONE;
    return late(run) ? failed(run, step, NULL, "the target did not dial") : STEP_BLOCKED;
}

static enum step_state play_secured(struct scn_run *run, const struct scn_step *step)
{
    struct scn_conn *conn = run_conn(run, step->conn);
    if (first(run))
        set_deadline(run, step, SECURED_MS);
    if (cloak_method(conn) != BTW_MSE_NONE)
        return STEP_DONE;
    if (conn->in_garbage || conn->target_end != BTW_END_NONE)
        return failed(run, step, NULL, how_closed(conn));
    return late(run) ? failed(run, step, NULL, "no encrypted handshake in time") : STEP_BLOCKED;
}

static enum step_state play_send(struct scn_run *run, const struct scn_step *step)
{
    struct scn_conn *conn = run_conn(run, step->conn);
    first(run);
    bool gone =
        conn->target_end == BTW_END_RST || (!conn->handle && !conn->listener) || (conn->in_garbage && !conn->opened);
    if (step->stimulus && (gone || conn->target_end != BTW_END_NONE))
        return run_line_failed(run, step, SCN_INCONCLUSIVE, step->text, NULL, how_closed(conn)) ? STEP_DONE
                                                                                                : STEP_BLOCKED;
    if (gone)
        return STEP_DONE; /* the next line that expects something will say so */
    if (!conn->opened) {
        run->step_deadline = run->step_started + run_scaled(run, OPEN_MS);
        return late(run) ? failed(run, step, NULL, "no connection in time") : STEP_BLOCKED;
    }
    outbox_add(conn, step);
    outbox_pump(conn);
    return STEP_DONE;
}

/* fin, and sends before it, leave in order: the end waits until the outbox is empty. */
static enum step_state play_fin(struct scn_run *run, const struct scn_step *step)
{
    struct scn_conn *conn = run_conn(run, step->conn);
    first(run);
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

static enum step_state play_rst(struct scn_run *run, const struct scn_step *step)
{
    struct scn_conn *conn = run_conn(run, step->conn);
    first(run);
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

static enum step_state play_read(struct scn_run *run, const struct scn_step *step)
{
    struct scn_conn *conn = run_conn(run, step->conn);
    if (conn->handle)
        run->link->ops->read(run->link, conn->handle, step->kind == SCN_RESUME);
    if (step->kind == SCN_PAUSE && conn->monitor)
        btw_monitor_gap(conn->monitor, conn->target); /* from here on its words are seen later than they were said */
    scn_timeline_note(run->timeline, run_time(run), conn->name, step->kind == SCN_RESUME ? "resume" : "pause");
    return STEP_DONE;
}

static enum step_state play_serve(struct scn_run *run, const struct scn_step *step)
{
    struct scn_conn *conn = run_conn(run, step->conn);
    struct scn_env env = run_env(run, run->arena);
    int64_t left = INT64_MAX, corrupt = -1;
    if ((step->left && !scn_eval_int(&env, step->left, &left)) ||
        (step->right && !scn_eval_int(&env, step->right, &corrupt)))
        return run_line_failed(run, step, SCN_ERROR, step->text, NULL, env.error) ? STEP_DONE : STEP_BLOCKED;
    conn->serve_left = left;
    conn->corrupt = corrupt;
    reflex_catch_up(conn);
    return STEP_DONE;
}

enum step_state step_play(struct scn_run *run, const struct scn_step *step)
{
    static enum step_state (*const play[SCN_STEP_KINDS])(struct scn_run *, const struct scn_step *) = {
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

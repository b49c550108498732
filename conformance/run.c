/* SPDX-License-Identifier: MIT
 *
 * Plays one scenario: which statement is due, what a line that did not come true means, when it is over.
 */
#include "run.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "ledger.h"
#include "run_state.h"
#include "script_walk.h"
#include "torrents.h"

void *run_must(void *memory)
{
    if (!memory)
        abort();
    return memory;
}

int64_t run_now(const struct scn_run *run)
{
    return run->link->ops->now(run->link);
}

int64_t run_time(const struct scn_run *run)
{
    return run_now(run) - run->result.started_ms;
}

int64_t run_scaled(const struct scn_run *run, int64_t ms)
{
    return (int64_t)((double)ms * run->world->timeout_scale);
}

/* ---- names ------------------------------------------------------------------------------------------------------- */

struct scn_conn *run_conn(struct scn_run *run, const char *name)
{
    for (size_t i = 0; i < run->conn_count; i++) {
        if (strcmp(run->conns[i]->name, name) == 0)
            return run->conns[i];
    }
    return run_conn_make(run,
                         name); /* lint refuses such scripts; a connection that never was behaves as a closed one */
}

struct scn_conn *run_conn_make(struct scn_run *run, const char *name)
{
    for (size_t i = 0; i < run->conn_count; i++) {
        if (strcmp(run->conns[i]->name, name) == 0)
            return run->conns[i];
    }
    if (run->conn_count == RUN_CONNS_MAX)
        return run->conns[RUN_CONNS_MAX - 1];
    struct scn_conn *conn = calloc(1, sizeof *conn);
    if (!conn)
        abort();
    conn->run = run;
    conn->name = name;
    conn->number = (unsigned)run->conn_count;
    conn->inbox_last = &conn->inbox;
    conn->outbox_last = &conn->outbox;
    run->conns[run->conn_count++] = conn;
    return conn;
}

static bool get(void *user, const char *name, struct scn_value *out)
{
    struct scn_run *run = user;
    if (name[0] == 't' && name[1] >= '1' && name[1] <= '0' + SCN_TORRENTS_MAX && !name[2] &&
        run->torrents[name[1] - '1']) {
        *out = (struct scn_value){ .kind = SCN_VALUE_TORRENT, .torrent = run->torrents[name[1] - '1'] };
        return true;
    }
    if (strcmp(name, "i") == 0) {
        *out = (struct scn_value){ .kind = SCN_VALUE_INT, .number = run->send_index };
        return true;
    }
    for (size_t i = 0; i < run->var_count; i++) {
        if (strcmp(run->vars[i].name, name) == 0) {
            *out = run->vars[i].value;
            return true;
        }
    }
    return false;
}

static void bind(void *user, const char *name, const struct scn_value *value)
{
    struct scn_run *run = user;
    struct scn_value kept = *value;
    size_t i = 0;
    if (kept.kind == SCN_VALUE_BYTES)
        kept.bytes.data = (const uint8_t *)scn_arena_text(run->arena, (const char *)kept.bytes.data, kept.bytes.len);
    while (i < run->var_count && strcmp(run->vars[i].name, name) != 0)
        i++;
    if (i == SCN_VARS_MAX)
        return;
    run->vars[i] = (struct variable){ name, kept };
    if (i == run->var_count)
        run->var_count++;
}

/* "-CF0001-", the run and 24 random bits in hex.  Written for every step: by hand it costs nothing. */
static void write_peer_id(uint8_t out[20], unsigned run, uint64_t random)
{
    static const char start[] = "-CF0001-", digits[] = "0123456789abcdef";
    uint64_t rest = (uint64_t)(run & 0xffffff) << 24 | (random & 0xffffff);
    for (size_t i = 20; i-- > 0; rest >>= 4)
        out[i] = (uint8_t)(i < strlen(start) ? start[i] : digits[rest & 15]);
}

struct scn_env run_env(struct scn_run *run, struct scn_arena *arena)
{
    struct scn_env env = {
        .arena = arena,
        .get = get,
        .counter = run_counter,
        .bind = bind,
        .user = run,
        .random = &run->random,
    };
    write_peer_id(env.peer_id, run->number, scn_random(&run->random));
    return env;
}

/* ---- verdicts ---------------------------------------------------------------------------------------------------- */

void run_note(struct scn_run *run, enum scn_verdict verdict, const struct scn_step *step, const char *text)
{
    const char *note =
        scn_arena_format(run->arena, "%s: line %u: %s", scn_verdict_name(verdict), step->place.line, text);
    if (run->result.note_count < RUN_NOTES_MAX)
        run->notes[run->result.note_count++] = note;
    scn_timeline_note(run->timeline, run_time(run), step->conn, "# %s", note);
}

/* What a line without a verdict of its own says: before the stimulus nothing was tested; behind it the requirement's
 * level decides. */
static enum scn_verdict default_verdict(const struct scn_run *run)
{
    if (!run->result.stimulus)
        return SCN_INCONCLUSIVE;
    const struct scn_requirement *requirement =
        run->scenario->rules[0] ? scn_requirement_find(run->scenario->rules[0]) : NULL;
    bool weak = requirement && (requirement->level == BTW_SHOULD || requirement->level == BTW_MAY);
    return weak ? SCN_WARN : SCN_FAIL;
}

bool run_over(struct scn_run *run)
{
    if (run->done)
        return true;
    run->done = true;
    run->result.ended_ms = run_now(run);
    run->result.findings = run->findings;
    run->result.notes = run->notes;
    for (size_t i = 0; i < run->conn_count; i++) {
        conn_forget(run->conns[i]);
        if (run->conns[i]->listener && run->conns[i]->listener->handle) {
            run->link->ops->unlisten(run->link, run->conns[i]->listener->handle);
            run->conns[i]->listener->handle = NULL;
        }
    }
    return true;
}

/* Does the line wait for the target to unchoke us? */
static bool waits_for_unchoke(const struct scn_step *step)
{
    bool waits = (step->kind == SCN_EXPECT && step->msgs[0].desc && step->msgs[0].desc->type == BTW_UNCHOKE) ||
                 (step->kind == SCN_UNTIL && strcmp(step->left->name, "choking") == 0);
    for (size_t i = 0; step->kind == SCN_ONEOF && i < step->alt_count; i++) {
        const struct scn_alt *alt = &step->alts[i];
        waits = waits || (alt->kind == SCN_ALT_MSG && alt->verdict == SCN_PASS && alt->msg.desc &&
                          alt->msg.desc->type == BTW_UNCHOKE);
    }
    return waits;
}

bool run_line_failed(struct scn_run *run, const struct scn_step *step, enum scn_verdict verdict, const char *want,
                     const char *got, const char *reason)
{
    if (run->done)
        return false;
    if (verdict == SCN_DEFAULT)
        verdict = default_verdict(run);
    reason = scn_arena_text(run->arena, reason, strlen(reason));
    if (verdict <= SCN_INFO) {
        run_note(run, verdict, step, reason);
        return true;
    }
    if (verdict > run->result.verdict) {
        run->result.verdict = verdict;
        run->result.place = step->place;
        run->result.label = step->label;
        run->result.want = want;
        run->result.got = got;
        run->result.reason = reason;
    }
    run_note(run, verdict, step, reason);
    if (waits_for_unchoke(step))
        run->result.waited_for_unchoke = true;
    if (verdict == SCN_WARN)
        return true;
    run_over(run);
    return false;
}

void run_value_failed(struct scn_run *run, const struct scn_step *step, const struct scn_env *env)
{
    run_line_failed(run, step, env->heard ? SCN_INCONCLUSIVE : SCN_ERROR, step->text, NULL,
                    env->error ? env->error : "the two sides cannot be compared");
}

void scn_run_abort(struct scn_run *run, enum scn_verdict verdict, const char *reason)
{
    if (run->done)
        return;
    run->result.verdict = verdict;
    run->result.reason = scn_arena_text(run->arena, reason, strlen(reason));
    run_over(run);
}

void scn_run_condemn(struct scn_run *run, enum scn_verdict verdict, const char *reason)
{
    if (verdict <= run->result.verdict)
        return;
    run->result.verdict = verdict;
    run->result.reason = scn_arena_text(run->arena, reason, strlen(reason));
}

/* ---- control ----------------------------------------------------------------------------------------------------- */

static const struct scn_step *current(struct scn_run *run)
{
    while (run->depth > 0) {
        struct frame *frame = &run->frames[run->depth - 1];
        if (frame->at < frame->count)
            return &frame->steps[frame->at];
        if (++frame->i < frame->times) {
            frame->at = 0;
            continue;
        }
        run->depth--;
    }
    return NULL;
}

static void set_case(struct scn_run *run)
{
    struct scn_env env = run_env(run, run->arena);
    for (size_t i = 0; run->one && i < 4 && run->one->vars[i]; i++) {
        struct scn_value value;
        if (scn_eval(&env, run->one->values[i], &value))
            bind(run, run->one->vars[i], &value);
        else
            scn_run_abort(run, SCN_ERROR, env.error);
    }
}

/* About connections in clear, where there shall be none. */
static bool is_out_of_place(struct scn_run *run)
{
    if (!run->world->mse || !scn_scenario_has_tag(run->scenario, "clear"))
        return false;
    scn_run_abort(run, SCN_SKIP, "this is about connections in clear");
    return true;
}

/* What the target declares by itself is UNSUPPORTED when it is missing; what lies in how it is run is a SKIP. */
static bool has_what_it_needs(struct scn_run *run)
{
    static const uint64_t circumstances = UINT64_C(1) << SCN_CAP_ipv6 | UINT64_C(1) << SCN_CAP_dials |
                                          UINT64_C(1) << SCN_CAP_metadata | UINT64_C(1) << SCN_CAP_mse_dials;
    const struct scn_torrent *torrent = run->torrents[0];
    bool has_v2 = torrent->known && torrent->meta.has_v2;
    uint64_t known = (uint64_t)torrent->known << SCN_CAP_metadata | (uint64_t)has_v2 << SCN_CAP_v2;
    uint64_t missing = run->scenario->needs & ~(run->world->capabilities | known);
    for (int c = 0; run->world->probed && c < SCN_CAPABILITIES; c++) {
        if (!(missing >> c & 1))
            continue;
        scn_run_abort(run, circumstances >> c & 1 ? SCN_SKIP : SCN_UNSUPPORTED,
                      scn_arena_format(run->arena, "not so here: %s", scn_capability_text((enum scn_capability)c)));
        return false;
    }
    return true;
}

/* Drivers leave out what a client cannot load.  Why a target answers for others only, and not for this one, nobody can
 * tell from outside. */
static void lack(struct scn_run *run, const char *kind)
{
    const struct scn_torrent *unanswered = scn_world_unanswered(run->world, kind, run->copy);
    bool old = run->scenario->needs >> SCN_CAP_v2 & 1;
    if (unanswered)
        scn_run_abort(run, SCN_INCONCLUSIVE,
                      scn_arena_format(run->arena, "the target does not answer for the torrent '%s': is it loaded?",
                                       scn_torrent_name(unanswered)));
    else
        scn_run_abort(run, old ? SCN_UNSUPPORTED : SCN_SKIP,
                      scn_arena_format(run->arena, "the target does not have the torrent '%s'", kind ? kind : "any"));
}

static bool start(struct scn_run *run)
{
    run->started = true;
    run->result.started_ms = run_now(run);
    for (int i = 0; i < SCN_TORRENTS_MAX && (i == 0 || run->scenario->torrents[i]); i++) {
        run->torrents[i] = scn_world_torrent(run->world, run->scenario->torrents[i], run->copy);
        if (!run->torrents[i]) {
            lack(run, run->scenario->torrents[i]);
            return false;
        }
    }
    const struct scn_torrent *torrent = run->torrents[0];
    if (torrent->known && run->world->role != SCN_TARGET_SEED) {
        uint64_t per = (torrent->meta.piece_length + BTW_BLOCK_SIZE - 1) / BTW_BLOCK_SIZE;
        run->delivered_blocks = (uint32_t)(per * torrent->meta.pieces);
        run->delivered = scn_arena_get(run->arena, btw_bits_size(run->delivered_blocks));
    }
    if (is_out_of_place(run) || !has_what_it_needs(run))
        return false;
    set_case(run);
    if (run->done)
        return false;
    run->frames[run->depth++] = (struct frame){ run->scenario->steps, run->scenario->step_count, 0, NULL, 0, 1 };
    return true;
}

static int64_t next_deadline(const struct scn_run *run)
{
    int64_t soonest = run->entered ? run->step_deadline : INT64_MAX;
    for (size_t i = 0; i < run->conn_count; i++) {
        const struct scn_conn *conn = run->conns[i];
        const int64_t deadlines[] = {
            outbox_deadline(conn),
            sync_deadline(conn),
            reflex_deadline(conn),
            cloak_deadline(conn),
            conn->monitor && !conn->monitor_ended ? btw_monitor_deadline(conn->monitor) : INT64_MAX,
        };
        for (size_t d = 0; d < sizeof deadlines / sizeof deadlines[0]; d++)
            soonest = deadlines[d] < soonest ? deadlines[d] : soonest;
    }
    return soonest;
}

static void tick_conns(struct scn_run *run)
{
    for (size_t i = 0; i < run->conn_count && !run->done; i++) {
        struct scn_conn *conn = run->conns[i];
        if (conn->monitor && !conn->monitor_ended)
            btw_monitor_tick(conn->monitor, run_now(run));
        reflex_tick(conn);
        cloak_pump(conn);
        outbox_pump(conn);
    }
}

/* $i of the innermost repeat. */
static int64_t repeat_index(const struct scn_run *run)
{
    for (size_t d = run->depth; d-- > 0;) {
        if (run->frames[d].owner && run->frames[d].owner->kind == SCN_REPEAT)
            return run->frames[d].i;
    }
    return 0;
}

/* Plays statements until one waits or the run is over. */
static void play(struct scn_run *run)
{
    while (!run->done) {
        const struct scn_step *step = current(run);
        if (!step) {
            run_over(run);
            return;
        }
        size_t depth = run->depth;
        struct frame *frame = &run->frames[depth - 1];
        size_t at = frame->at;
        run->send_index = repeat_index(run);
        enum step_state state = step_play(run, step);
        if (state == STEP_DONE && step->stimulus) {
            run->result.stimulus = true;
            run->result.stimulus_ms = run_now(run);
        }
        if (run->done)
            return;
        if (state == STEP_DONE) {
            frame->at++;
            run->entered = false;
        } else if (run->depth == depth && frame->at == at) {
            return; /* waiting */
        }
    }
}

void scn_run_advance(struct scn_run *run)
{
    if (run->done || (!run->started && !start(run)))
        return;
    run->awake = false;
    run->advances++;
    tick_conns(run);
    play(run);
    run->deadline = next_deadline(run);
}

int64_t scn_run_deadline(const struct scn_run *run)
{
    if (run->done)
        return INT64_MAX;
    return run->awake ? run_now(run) : run->deadline;
}

/* What the target showed of itself on the connections of this run, whatever bits we had set. */
uint64_t scn_run_capabilities(const struct scn_run *run)
{
    uint64_t seen = 0;
    for (size_t i = 0; i < run->conn_count; i++) {
        const struct btw_view *theirs = conn_view(run->conns[i], true);
        seen |= (uint64_t)(cloak_method(run->conns[i]) != 0) << SCN_CAP_mse;
        if (!theirs->handshake_seen)
            continue;
        const uint8_t *reserved = theirs->handshake.reserved;
        seen |= (uint64_t)btw_reserved_has(reserved, "fast") << SCN_CAP_fast;
        seen |= (uint64_t)btw_reserved_has(reserved, "ext") << SCN_CAP_ext;
        seen |= (uint64_t)btw_reserved_has(reserved, "dht") << SCN_CAP_dht;
        seen |= (uint64_t)(theirs->ext_id_of_ut_metadata != 0) << SCN_CAP_ut_metadata;
        seen |= (uint64_t)(theirs->ext_id_of_ut_pex != 0) << SCN_CAP_ut_pex;
        seen |= (uint64_t)(theirs->reqq >= 0) << SCN_CAP_reqq;
    }
    return seen;
}

/* ---- outside ----------------------------------------------------------------------------------------------------- */

struct scn_run *scn_run_new(const struct scn_scenario *scenario, const struct scn_case *one, struct scn_world *world,
                            struct scn_link *link, unsigned number, unsigned copy)
{
    struct scn_run *run = calloc(1, sizeof *run);
    if (!run)
        abort();
    run->scenario = scenario;
    run->one = one;
    run->world = world;
    run->link = link;
    run->number = number;
    run->copy = copy;
    run->awake = true;
    run->random = world->seed ^ ((uint64_t)number << 32);
    run->arena = scn_arena_new();
    run->timeline = scn_timeline_new();
    run->id = one ? scn_arena_format(run->arena, "%s/%s", scenario->name, one->name) : scenario->name;
    return run;
}

void scn_run_free(struct scn_run *run)
{
    if (!run)
        return;
    for (size_t i = 0; i < run->conn_count; i++)
        conn_free(run->conns[i]);
    scn_timeline_free(run->timeline);
    scn_arena_free(run->arena);
    free(run);
}

const char *scn_run_id(const struct scn_run *run)
{
    return run->id;
}

const struct scn_scenario *scn_run_scenario(const struct scn_run *run)
{
    return run->scenario;
}

bool scn_run_done(const struct scn_run *run)
{
    return run->done;
}

const struct scn_result *scn_run_result(const struct scn_run *run)
{
    return &run->result;
}

const struct scn_timeline *scn_run_timeline(const struct scn_run *run)
{
    return run->timeline;
}

bool scn_run_fate(const struct scn_run *run, unsigned number, struct scn_fate *out)
{
    if (number >= run->conn_count)
        return false;
    const struct scn_conn *conn = run->conns[number];
    *out = (struct scn_fate){
        .name = conn->name,
        .opened = conn->opened,
        .our_end = conn->our_end,
        .target_end = conn->target_end,
        .target_first = conn->target_first,
    };
    return true;
}

void scn_run_go_first(struct scn_run *run)
{
    run->first = true;
}

void scn_run_tap(struct scn_run *run, scn_tap_fn *tap, void *user)
{
    run->tap = tap;
    run->tap_user = user;
}

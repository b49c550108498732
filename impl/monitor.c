/* SPDX-License-Identifier: MIT
 *
 * The monitor's frame: takes messages and time, runs the rules over them (rules.c) and then lets the state follow
 * (monitor_said.c).
 */
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "monitor_state.h"

struct btw_monitor *btw_monitor_new(const struct btw_monitor_world *world, int64_t grace_ms, btw_finding_fn *found,
                                    void *user)
{
    struct btw_monitor *monitor = calloc(1, sizeof *monitor);

    assert(grace_ms >= 0);
    if (monitor == NULL)
        return NULL;
    if (world != NULL)
        monitor->world = *world;
    monitor->grace_ms = grace_ms;
    monitor->found = found;
    monitor->user = user;
    monitor->met_ms = monitor->look_ms = INT64_MIN;
    said_init(&monitor->said[BTW_DIALLER]);
    said_init(&monitor->said[BTW_ACCEPTOR]);
    monitor->said[BTW_DIALLER].asks.kept = monitor->said[BTW_ACCEPTOR].asks.kept = monitor->world.asks_kept;
    return monitor;
}

void btw_monitor_free(struct btw_monitor *monitor)
{
    if (monitor == NULL)
        return;
    said_free(&monitor->said[BTW_DIALLER]);
    said_free(&monitor->said[BTW_ACCEPTOR]);
    free(monitor);
}

void btw_monitor_set_geometry(struct btw_monitor *monitor, uint32_t pieces, uint32_t piece_length,
                              uint64_t total_length)
{
    if (monitor->world.pieces != pieces)
        monitor->world.piece_sizes = NULL;
    monitor->world.pieces = pieces;
    monitor->world.piece_length = piece_length;
    monitor->world.total_length = total_length;
    for (int side = 0; side < 2; side++) {
        said_recount(&monitor->said[side], pieces);
        rules_index(monitor->said[side].rules_on);
    }
}

void breach(const struct judge *judge, enum btw_verdict verdict, const char *format, ...)
{
    struct said *self = judge->self;
    struct btw_finding finding = {
        btw_rule_at(judge->rule_index), verdict, judge->side, judge->now_ms, NULL, judge->msg,
    };
    char text[240];
    va_list args;

    if (self->told[judge->rule_index] >= TOLD_MAX && self->worst[judge->rule_index] >= verdict)
        return;
    if (self->told[judge->rule_index] < TOLD_MAX)
        self->told[judge->rule_index]++;
    if (self->worst[judge->rule_index] < verdict)
        self->worst[judge->rule_index] = (uint8_t)verdict;
    if (judge->monitor->found == NULL)
        return;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    finding.text = text;
    judge->monitor->found(judge->monitor->user, &finding);
}

void settle(const struct judge *judge, uint32_t events)
{
    for (unsigned event = 0; event < EVENTS; event++)
        if ((events & ON(event)) != 0)
            judge->self->rules_on[event] &= ~(UINT64_C(1) << judge->rule_index);
}

/* Moments that come with time, this long after both handshakes. */
static const struct {
    enum moment moment;
    int64_t after_ms;
} moments[] = {
    { MOMENT_FIRST_WORDS, FIRST_WORDS_MS },
    { MOMENT_LONG_AFTER, LONG_AFTER_MS },
};
enum { MOMENTS = sizeof moments / sizeof moments[0] };

static struct judge judge_of(struct btw_monitor *monitor, enum btw_side side, int64_t now_ms)
{
    struct judge judge = {
        .monitor = monitor,
        .side = side,
        .self = &monitor->said[side],
        .other = &monitor->said[!side],
        .now_ms = now_ms,
    };

    return judge;
}

static void judge_both(struct btw_monitor *monitor, enum moment moment, int64_t now_ms)
{
    for (int side = 0; side < 2; side++) {
        struct judge judge = judge_of(monitor, (enum btw_side)side, now_ms);

        rules_run(&judge, moment);
    }
}

/* When the silence of the side that has been silent longer is a long one. */
static int64_t silence_due(const struct btw_monitor *monitor)
{
    const struct said *said = monitor->said;

    return (said[0].last_ms < said[1].last_ms ? said[0].last_ms : said[1].last_ms) + SILENCE_LONG_MS + 1;
}

static void judge_silence(struct btw_monitor *monitor, int64_t now_ms)
{
    if (now_ms >= silence_due(monitor))
        judge_both(monitor, MOMENT_PULSE, now_ms);
}

/* Judges what time has brought. */
static __attribute__((noinline)) void look_at_clock(struct btw_monitor *monitor, int64_t now_ms)
{
    int64_t due_ms, silence_ms = silence_due(monitor);

    btw_monitor_tick(monitor, now_ms);
    judge_silence(monitor, now_ms);
    due_ms = btw_monitor_deadline(monitor);
    monitor->look_ms = due_ms < silence_ms ? due_ms : silence_ms;
}

/* BEP 52: the acceptor's hash says which version is spoken.  In version 1 of a hybrid files end in padding, which need
 * not be asked for (BEP 47), so that blocks may end anywhere. */
static void find_version(struct btw_monitor *monitor)
{
    const uint8_t *hash = monitor->said[BTW_ACCEPTOR].view.handshake.info_hash, *v2 = monitor->world.info_hash_v2;

    monitor->v2 = v2 != NULL && memcmp(hash, v2, 20) == 0;
    monitor->v1 = monitor->world.v1_only || (v2 != NULL && !monitor->v2);
    if (!monitor->v2 && monitor->world.piece_sizes != NULL)
        monitor->world.total_length = 0;
    if (!monitor->v2)
        monitor->world.piece_sizes = NULL;
}

void btw_monitor_set_v2(struct btw_monitor *monitor, const uint8_t *info_hash_v2, const uint32_t *piece_sizes)
{
    monitor->world.info_hash_v2 = info_hash_v2;
    monitor->world.piece_sizes = piece_sizes;
    monitor->world.v1_only = info_hash_v2 == NULL;
    if (has_met(monitor))
        find_version(monitor);
    rules_index(monitor->said[BTW_DIALLER].rules_on);
    rules_index(monitor->said[BTW_ACCEPTOR].rules_on);
}

static __attribute__((noinline)) void meet(struct btw_monitor *monitor, int64_t now_ms)
{
    if (has_met(monitor) || !monitor->said[0].view.handshake_seen || !monitor->said[1].view.handshake_seen)
        return;
    monitor->met_ms = now_ms;
    monitor->look_ms = INT64_MIN;
    monitor->fast = has_bit(&monitor->said[0], "fast") && has_bit(&monitor->said[1], "fast");
    monitor->ext = has_bit(&monitor->said[0], "ext") && has_bit(&monitor->said[1], "ext");
    find_version(monitor);
    judge_both(monitor, MOMENT_MET, now_ms);
}

static void take(struct btw_monitor *monitor, enum btw_side side, const struct btw_msg *msg, bool bad_wire,
                 int64_t now_ms)
{
    struct judge judge = judge_of(monitor, side, now_ms);

    if (now_ms >= monitor->look_ms)
        look_at_clock(monitor, now_ms);
    judge.msg = msg;
    judge.bad_wire = bad_wire;
    judge.ask = said_ask(monitor, side, msg);
    rules_run(&judge, msg->type);
    said_take(&judge);
    if (msg->type == BTW_HANDSHAKE)
        meet(monitor, now_ms);
}

/* Raw bytes may hold whole messages (a script may send them as raw), and their receiver reads them as such. */
static __attribute__((noinline)) void take_raw_bytes(struct btw_monitor *monitor, enum btw_side side,
                                                     const struct btw_msg *msg, int64_t now_ms)
{
    struct said *said = &monitor->said[side];
    bool expect_handshake = !said->view.handshake_seen && !monitor->world.truncated_start && !monitor->world.hole;
    struct btw_slice rest = msg->data;
    struct btw_msg inner;
    size_t used = 0;

    btw_monitor_tick(monitor, now_ms);
    while (rest.len > 0) {
        /* Nothing in these bytes can be longer than they are: what would be ends outside, so the framing is lost. */
        enum btw_status status = expect_handshake ? btw_handshake_decode(&inner, &used, rest, NULL)
                                                  : btw_msg_decode(&inner, &used, rest, rest.len, NULL);
        bool whole = status == BTW_OK || (status == BTW_BAD_WIRE && !expect_handshake);

        if (!whole) {
            inner = (struct btw_msg){ .type = BTW_RAW, .data = rest };
            /* Four bytes alone are a length that a stream gave up on. */
            take(monitor, side, &inner, status == BTW_BAD_WIRE || (rest.len == 4 && !expect_handshake), now_ms);
            said->dead = true;
            return;
        }
        take(monitor, side, &inner, status == BTW_BAD_WIRE, now_ms);
        expect_handshake = false;
        rest = btw_slice_of(rest.data + used, rest.len - used);
    }
}

void btw_monitor_sent(struct btw_monitor *monitor, enum btw_side side, const struct btw_msg *msg, bool bad_wire,
                      int64_t now_ms)
{
    if (msg->type == BTW_RAW && !bad_wire)
        take_raw_bytes(monitor, side, msg, now_ms);
    else
        take(monitor, side, msg, bad_wire, now_ms);
}

void btw_monitor_gap(struct btw_monitor *monitor, enum btw_side side)
{
    monitor->said[side].gap = true;
}

void btw_monitor_tick(struct btw_monitor *monitor, int64_t now_ms)
{
    while (now_ms >= btw_monitor_deadline(monitor) && monitor->moment < MOMENTS)
        judge_both(monitor, moments[monitor->moment++].moment, now_ms);
}

int64_t btw_monitor_deadline(const struct btw_monitor *monitor)
{
    if (!has_met(monitor) || monitor->ended || monitor->moment == MOMENTS)
        return INT64_MAX;
    return monitor->met_ms + moments[monitor->moment].after_ms;
}

void btw_monitor_end(struct btw_monitor *monitor, const enum btw_side *closed_by, int64_t now_ms)
{
    if (monitor->ended)
        return;
    btw_monitor_tick(monitor, now_ms);
    if (closed_by != NULL)
        judge_silence(monitor, now_ms);
    monitor->ended = true;
}

const struct btw_view *btw_monitor_view(const struct btw_monitor *monitor, enum btw_side side)
{
    return &monitor->said[side].view;
}

bool btw_monitor_has(const struct btw_monitor *monitor, enum btw_side side, uint32_t piece)
{
    return pieces_has(&monitor->said[side].has, piece, monitor->world.pieces);
}

bool btw_monitor_allowed_fast(const struct btw_monitor *monitor, enum btw_side side, uint32_t piece)
{
    return pieces_has(&monitor->said[side].fast, piece, monitor->world.pieces);
}

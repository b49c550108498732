/* SPDX-License-Identifier: MIT
 *
 * Which change, and those of sessions: what happens in which order, on which connection, and how it is cut.
 */
#include "mutate.h"

#include <stdlib.h>
#include <string.h>

#include "random.h"

enum { MSG_MAX = 1024, TRIES = 24, SLOW_SEGMENTS = 24 };

struct ctx {
    struct live_case *one;
    const struct live_case *partner;
    struct live_mutation how;
};

/* ---- helpers ----------------------------------------------------------------------------------------------------- */

static size_t any_step(const struct ctx *ctx)
{
    return live_below(ctx->how.random, (uint32_t)ctx->one->count);
}

static bool is_send(const struct live_step *step)
{
    return step->kind == LIVE_SEND;
}

static bool is_dial(const struct live_step *step)
{
    return step->kind == LIVE_DIAL;
}

static bool is_extended(const struct live_step *step)
{
    struct btw_msg msg;
    return live_step_msg(step, &msg) && msg.type == BTW_EXTENDED;
}

/* One of those; NULL: there is none. */
static struct live_step *any_such(const struct ctx *ctx, bool (*is)(const struct live_step *step))
{
    struct live_step *found = NULL;
    for (size_t i = 0, n = 0; i < ctx->one->count; i++) {
        if (is(&ctx->one->steps[i]) && live_one_in(ctx->how.random, (uint32_t)++n))
            found = &ctx->one->steps[i];
    }
    return found;
}

static unsigned any_conn(const struct ctx *ctx)
{
    return ctx->one->steps[any_step(ctx)].conn;
}

/* ---- messages ---------------------------------------------------------------------------------------------------- */

static bool change_bytes(struct ctx *ctx)
{
    struct live_step *step = any_such(ctx, is_send);
    return step != NULL && live_mutate_bytes(step, &ctx->how);
}

static bool change_field(struct ctx *ctx)
{
    struct live_step *step = any_such(ctx, is_send);
    return step != NULL && live_mutate_msg(step, &ctx->how);
}

static bool change_payload(struct ctx *ctx)
{
    struct live_step *step = any_such(ctx, is_extended);
    return step != NULL && live_mutate_payload(step, &ctx->how);
}

static bool add_msg(struct ctx *ctx)
{
    uint8_t bytes[MSG_MAX];
    size_t at = any_step(ctx);
    struct live_step step = { .kind = LIVE_SEND, .conn = ctx->one->steps[at].conn, .bytes = bytes };
    step.len = live_make_msg(bytes, sizeof bytes, &ctx->how);
    return step.len > 0 && live_case_insert(ctx->one, at + 1, &step);
}

/* BEP 3 knows one handshake; what a second one means is up to the receiver. */
static bool add_handshake(struct ctx *ctx)
{
    uint8_t bytes[BTW_HANDSHAKE_SIZE];
    size_t at = any_step(ctx);
    struct live_step step = { .kind = LIVE_SEND, .conn = ctx->one->steps[at].conn, .bytes = bytes };
    step.len = live_make_handshake(bytes, &ctx->how);
    return live_case_insert(ctx->one, at + 1, &step);
}

/* ---- steps ------------------------------------------------------------------------------------------------------- */

static bool drop_step(struct ctx *ctx)
{
    size_t at = any_step(ctx);
    if (ctx->one->count < 3 || ctx->one->steps[at].kind == LIVE_DIAL)
        return false;
    live_case_remove(ctx->one, at, 1);
    return true;
}

static bool repeat_step(struct ctx *ctx)
{
    static const uint32_t counts[] = { 1, 1, 1, 2, 3, 10, 40 };
    size_t at = any_step(ctx);
    bool changed = false;
    if (ctx->one->steps[at].kind != LIVE_SEND)
        return false;
    for (uint32_t n = LIVE_PICK(ctx->how.random, counts); n > 0; n--) {
        struct live_step step = ctx->one->steps[at];
        changed = live_case_insert(ctx->one, at + 1, &step) || changed;
    }
    return changed;
}

static bool swap_steps(struct ctx *ctx)
{
    size_t a = any_step(ctx), b = any_step(ctx);
    struct live_step kept = ctx->one->steps[a];
    if (a == b || kept.kind == LIVE_DIAL || ctx->one->steps[b].kind == LIVE_DIAL)
        return false;
    ctx->one->steps[a] = ctx->one->steps[b];
    ctx->one->steps[b] = kept;
    return true;
}

/* A few steps of another case, on a connection of this one. */
static bool splice(struct ctx *ctx)
{
    const struct live_case *other = ctx->partner;
    if (other == NULL || other->count == 0)
        return false;
    size_t at = any_step(ctx), from = live_below(ctx->how.random, (uint32_t)other->count);
    size_t left = 1 + live_below(ctx->how.random, 6);
    bool changed = false;
    for (; from < other->count && left > 0; from++, left--) {
        struct live_step step = other->steps[from];
        if (step.kind == LIVE_DIAL)
            continue;
        step.conn = ctx->one->steps[at].conn;
        if (!live_case_insert(ctx->one, ++at, &step))
            break;
        changed = true;
    }
    return changed;
}

/* The other case happens at the same time, on connections of its own. */
static bool interleave(struct ctx *ctx)
{
    struct live_case *one = ctx->one;
    size_t own = one->count;
    if (ctx->partner == NULL || live_case_conns(ctx->partner) > 3 || live_case_conns(one) > 4 ||
        !live_case_append(one, ctx->partner))
        return false;
    for (size_t i = own, at = live_below(ctx->how.random, (uint32_t)own + 1); i < one->count; i++) {
        at += live_below(ctx->how.random, 3);
        if (at > i)
            break;
        struct live_step step = one->steps[i];
        memmove(one->steps + at + 1, one->steps + at, (i - at) * sizeof step);
        one->steps[at++] = step;
    }
    return true;
}

/* The same connection again beside the first one, up to somewhere. */
static bool double_conn(struct ctx *ctx)
{
    struct live_case *one = ctx->one;
    unsigned conn = any_conn(ctx), fresh = live_case_conns(one);
    size_t count = one->count, until = any_step(ctx);
    if (fresh >= 6)
        return false;
    for (size_t i = 0; i < count && i <= until; i++) {
        struct live_step step = one->steps[i];
        step.conn = fresh;
        if (one->steps[i].conn == conn && !live_case_insert(one, one->count, &step))
            return true;
    }
    return true;
}

static bool end_here(struct ctx *ctx)
{
    static const enum live_kind ends[] = { LIVE_FIN, LIVE_FIN, LIVE_RST };
    size_t at = any_step(ctx);
    struct live_step step = { .kind = LIVE_PICK(ctx->how.random, ends), .conn = ctx->one->steps[at].conn };
    return live_case_insert(ctx->one, at + 1, &step);
}

static bool stall(struct ctx *ctx)
{
    size_t at = any_step(ctx);
    struct live_step pause = { .kind = LIVE_PAUSE, .conn = ctx->one->steps[at].conn };
    struct live_step resume = { .kind = LIVE_RESUME, .conn = pause.conn };
    size_t behind = at + 2 + live_below(ctx->how.random, 4);
    return live_case_insert(ctx->one, at + 1, &pause) &&
           live_case_insert(ctx->one, behind < ctx->one->count ? behind : ctx->one->count, &resume);
}

static bool hurry(struct ctx *ctx)
{
    size_t at = any_step(ctx);
    if (ctx->one->steps[at].kind != LIVE_AWAIT)
        return false;
    live_case_remove(ctx->one, at, 1);
    return true;
}

static bool tarry(struct ctx *ctx)
{
    static const enum btw_type types[] = { BTW_HANDSHAKE, BTW_UNCHOKE, BTW_PIECE, BTW_EXTENDED };
    size_t at = any_step(ctx);
    struct live_step step = { .kind = LIVE_AWAIT, .conn = ctx->one->steps[at].conn };
    step.await = LIVE_PICK(ctx->how.random, types);
    return live_case_insert(ctx->one, at + 1, &step);
}

/* Clients trust those a little more whom they have dialled. */
static bool be_dialled(struct ctx *ctx)
{
    struct live_step *step = any_such(ctx, is_dial);
    if (step == NULL || ctx->how.facts->dial_ms == 0)
        return false;
    step->listens = !step->listens;
    return true;
}

/* ---- cuts -------------------------------------------------------------------------------------------------------- */

static bool cut(struct ctx *ctx)
{
    static const uint32_t splits[] = { 1, 2, 3, 5, 17, 68 }, gaps[] = { 0, 0, 1, 5 };
    struct live_step *step = any_such(ctx, is_send);
    if (step == NULL || step->len < 2)
        return false;
    step->split = step->at = 0;
    if (live_one_in(ctx->how.random, 2) && step->len < 256)
        step->split = LIVE_PICK(ctx->how.random, splits);
    else
        step->at = 1 + live_below(ctx->how.random, (uint32_t)step->len - 1);
    step->gap_ms = step->split == 0 || step->len / step->split < SLOW_SEGMENTS ? LIVE_PICK(ctx->how.random, gaps) : 0;
    return true;
}

static bool join(struct ctx *ctx)
{
    bool all = live_one_in(ctx->how.random, 3), changed = false;
    unsigned conn = any_conn(ctx);
    for (size_t i = 1; i < ctx->one->count; i++) {
        struct live_step *step = &ctx->one->steps[i];
        if (step->kind == LIVE_SEND && step->conn == conn && !step->joined && (all || live_one_in(ctx->how.random, 2)))
            step->joined = changed = true;
    }
    return changed;
}

/* ---- manners ----------------------------------------------------------------------------------------------------- */

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Contacts behind the key are of this machine: a target must not be sent to strangers.  The last one may be cut off,
 * and go on with what is sent next. */
static void keep_home(struct live_step *step, const char *key, size_t size, const uint8_t *home)
{
    size_t len = strlen(key);
    for (size_t i = 0; i + len < step->len; i++) {
        if (memcmp(step->bytes + i, key, len) != 0)
            continue;
        size_t at = i + len, told = 0;
        for (; at < step->len && step->bytes[at] >= '0' && step->bytes[at] <= '9' && told < step->len; at++)
            told = 10 * told + (size_t)(step->bytes[at] - '0');
        for (at++; told > 0 && at < step->len; at += size, told -= least(size, told))
            memcpy(step->bytes + at, home, least(least(size - 2, told), step->len - at));
    }
}

static void keep_all_home(struct live_case *one)
{
    static const uint8_t v4[4] = { 127, 1, 1, 1 }, v6[16] = { [15] = 1 };
    for (size_t i = 0; i < one->count; i++) {
        if (one->steps[i].kind != LIVE_SEND)
            continue;
        keep_home(&one->steps[i], "5:added", 6, v4);
        keep_home(&one->steps[i], "6:added6", 18, v6);
    }
}

/* ---- choice ------------------------------------------------------------------------------------------------------ */

/* clang-format off */
static const struct {
    unsigned weight;
    bool (*change)(struct ctx *ctx);
} changes[] = {
    { 30, change_field },
    { 10, change_bytes },
    { 18, change_payload },
    { 20, add_msg },
    {  2, add_handshake },
    {  6, drop_step },
    {  8, repeat_step },
    {  6, swap_steps },
    {  8, splice },
    {  4, interleave },
    {  3, double_conn },
    {  4, end_here },
    {  1, stall },
    {  3, hurry },
    {  2, tarry },
    {  6, be_dialled },
    {  4, cut },
    {  3, join },
};
/* clang-format on */

static bool change_once(struct ctx *ctx)
{
    unsigned sum = 0;
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++)
        sum += changes[i].weight;
    unsigned at = live_below(ctx->how.random, sum);
    size_t i = 0;
    while (at >= changes[i].weight)
        at -= changes[i++].weight;
    return changes[i].change(ctx);
}

void live_mutate(struct live_case *one, const struct live_case *partner, const struct live_facts *facts,
                 uint64_t *random)
{
    static const unsigned counts[] = { 1, 1, 1, 2, 2, 3, 5, 8 };
    struct ctx ctx = { one, partner, { facts, random } };
    unsigned left = LIVE_PICK(random, counts);
    for (unsigned tries = 0; left > 0 && one->count > 0 && tries < TRIES; tries++)
        left -= change_once(&ctx);
    one->asks = live_one_in(random, 4);
    one->bystander = live_one_in(random, 8);
    keep_all_home(one);
    live_case_mend(one);
}

/* SPDX-License-Identifier: MIT
 *
 * Faults on one connection: cuts the stream into messages, applies what fits, queues the rest.  What a message or a
 * pattern is, others know (msg.h, match.h).
 */
#include "fault.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "match.h"
#include "waste.h"

enum {
    OUT_HIGH = 64 * 1024,        /* queued bytes above which the peer's output stays in the peer */
    QUEUE_MAX = 16 * 1024 * 1024 /* a connection for which faults make more wait is given up */
};

/* Bytes that go on together at a time. */
struct chunk {
    struct chunk *next;
    int64_t due_ms;
    size_t len, gone;
    uint8_t bytes[];
};

/* One direction. */
struct lane {
    enum scn_fault_kind kind;
    bool framed;    /* cut into messages; else bytes pass as they come */
    bool handshake; /* is still to come */
    uint8_t *held;  /* an unfinished message */
    size_t held_len, held_cap;
    struct chunk *first, **last;
    size_t queued;
    int64_t due_ms; /* nothing new goes on before */
};

enum state { OPEN, CLOSING, HANGING, GONE };

struct scn_faulty {
    struct btw_peer *peer;
    struct btw_host *host;
    struct scn_faults *faults;
    struct lane rx, tx;
    enum state state;
    enum btw_end rx_end; /* waits behind what rx holds */
    int64_t now_ms;
    uint64_t random;
};

/* A message as it passes: its bytes, and what they mean. */
struct passing {
    struct btw_slice bytes;
    struct btw_msg msg;
    bool bad_wire; /* it breaks framing or layout, */
    bool lost;     /* and nobody knows where the next one begins */
};

enum btw_status scn_faults_apply_policy(struct btw_policy *policy, const struct scn_faults *faults)
{
    for (size_t i = 0; i < faults->count; i++) {
        const struct scn_fault_spec *spec = &faults->specs[i];
        if (spec->kind == SCN_FAULT_POLICY && btw_policy_set(policy, spec->policy, spec->value) != BTW_OK)
            return BTW_NOT_FOUND;
    }
    return BTW_OK;
}

struct scn_script *scn_faults_parse(const char *text, struct scn_error *error)
{
    struct scn_arena *arena = scn_arena_new();
    const char *source = "scenario given.faults\n";
    while (*text) {
        size_t len = strcspn(text, "\n");
        /* The parser wants to know by what a fault is caught; here nobody asks. */
        source = scn_arena_format(arena, "%s  fault %.*s crashes\n", source, (int)len, text);
        text += len + (text[len] == '\n');
    }
    source = scn_arena_format(arena, "%s\nwait 1ms \"not played\"\n", source);
    struct scn_script *script = scn_script_parse("fault", source, strlen(source), error);
    scn_arena_free(arena);
    return script;
}

/* ---- queues ------------------------------------------------------------------------------------------------------ */

static void *grow(void *memory, size_t size)
{
    void *more = realloc(memory, size);
    if (!more) {
        fputs("conformance: out of memory\n", stderr);
        abort();
    }
    return more;
}

static void push(struct lane *lane, struct btw_slice bytes)
{
    struct chunk *chunk = grow(NULL, sizeof *chunk + bytes.len);
    *chunk = (struct chunk){ .due_ms = lane->due_ms, .len = bytes.len };
    memcpy(chunk->bytes, bytes.data, bytes.len);
    *lane->last = chunk;
    lane->last = &chunk->next;
    lane->queued += bytes.len;
}

static void pop(struct lane *lane)
{
    struct chunk *chunk = lane->first;
    lane->first = chunk->next;
    if (!lane->first)
        lane->last = &lane->first;
    lane->queued -= chunk->len - chunk->gone;
    free(chunk);
}

static void hold(struct lane *lane, struct btw_slice bytes)
{
    if (lane->held_cap - lane->held_len < bytes.len) {
        lane->held_cap = 2 * lane->held_cap + bytes.len;
        lane->held = grow(lane->held, lane->held_cap);
    }
    if (bytes.len)
        memcpy(lane->held + lane->held_len, bytes.data, bytes.len);
    lane->held_len += bytes.len;
}

static void push_held(struct lane *lane)
{
    if (lane->held_len)
        push(lane, btw_slice_of(lane->held, lane->held_len));
    lane->held_len = 0;
}

static void lane_init(struct lane *lane, enum scn_fault_kind kind, bool framed)
{
    *lane = (struct lane){ .kind = kind, .framed = framed, .handshake = true, .due_ms = INT64_MIN };
    lane->last = &lane->first;
}

static void lane_clear(struct lane *lane)
{
    while (lane->first)
        pop(lane);
    free(lane->held);
}

/* ---- what a fault does ------------------------------------------------------------------------------------------- */

struct lookup {
    const struct scn_faults *faults;
    const struct btw_msg *msg; /* whose fields are variables, or NULL */
};

static bool field_value(const struct btw_msg *msg, const char *name, struct scn_value *out)
{
    const struct btw_field *field = btw_desc_of(msg->type)->fields;
    while (field->name && strcmp(field->name, name) != 0)
        field++;
    if (!field->name)
        return false;
    if (field->kind == BTW_KIND_U8 || field->kind == BTW_KIND_U16 || field->kind == BTW_KIND_U32)
        *out = (struct scn_value){ .kind = SCN_VALUE_INT, .number = btw_field_number(msg, field) };
    else
        *out = (struct scn_value){ .kind = SCN_VALUE_BYTES, .bytes = btw_field_bytes(msg, field) };
    return true;
}

static bool look_up(void *user, const char *name, struct scn_value *out)
{
    const struct lookup *in = user;
    if (in->msg && field_value(in->msg, name, out))
        return true;
    return in->faults->get && in->faults->get(in->faults->user, name, out);
}

/* A first look, so that values are evaluated for few messages only. */
static bool may_fit(const struct lane *lane, const struct scn_fault_spec *spec, const struct passing *it)
{
    if (spec->kind != lane->kind)
        return false;
    if (spec->bad_wire)
        return it->bad_wire;
    return !spec->match.desc || spec->match.desc->type == it->msg.type;
}

/* The fault's message, or the passing one as the fault sets it, on its way in that lane. */
static void push_changed(struct scn_faulty *faulty, struct lane *lane, struct scn_env *env,
                         const struct scn_fault_spec *spec, const struct passing *it)
{
    struct lookup lookup = { faulty->faults, &it->msg };
    struct btw_msg msg = it->msg;
    size_t len;
    env->user = &lookup;
    bool made =
        spec->action == SCN_ACT_SET ? scn_msg_set(env, &spec->change, &msg) : scn_msg_build(env, &spec->change, &msg);
    if (!made) {
        faulty->faults->error = env->error ? env->error : "the message could not be made";
        return;
    }
    size_t size = btw_msg_size(&msg);
    uint8_t *bytes = grow(NULL, size);
    if (btw_msg_encode(bytes, size, &len, &msg) == BTW_OK)
        push(lane, btw_slice_of(bytes, len));
    free(bytes);
}

static void deliver(struct scn_faulty *faulty);
static void pull(struct scn_faulty *faulty);

/* Lets happen what has come before, so that what the fault sends stands behind it. */
static void settle(struct scn_faulty *faulty, const struct lane *lane)
{
    if (lane == &faulty->rx) {
        deliver(faulty);
        pull(faulty);
    }
}

static void delay(struct lane *lane, int64_t until_ms)
{
    if (lane->due_ms < until_ms)
        lane->due_ms = until_ms;
}

static void apply(struct scn_faulty *faulty, struct lane *lane, struct scn_env *env, const struct scn_fault_spec *spec,
                  const struct passing *it)
{
    faulty->faults->fired++;
    switch (spec->action) {
    case SCN_ACT_DROP:
        return;
    case SCN_ACT_SET:
        push_changed(faulty, lane, env, spec, it);
        return;
    case SCN_ACT_ADD:
        push(lane, it->bytes);
        settle(faulty, lane);
        push_changed(faulty, &faulty->tx, env, spec, it);
        return;
    case SCN_ACT_ANSWER:
        settle(faulty, lane);
        push_changed(faulty, &faulty->tx, env, spec, it);
        return;
    case SCN_ACT_DUP:
        push(lane, it->bytes);
        push(lane, it->bytes);
        return;
    case SCN_ACT_DELAY:
        delay(lane, faulty->now_ms + spec->delay_ms);
        push(lane, it->bytes);
        return;
    case SCN_ACT_CLOSE:
        settle(faulty, lane);
        faulty->state = CLOSING;
        return;
    case SCN_ACT_HANG:
        settle(faulty, lane);
        faulty->state = HANGING;
        return;
    case SCN_ACT_CRASH:
        faulty->state = GONE;
        btw_host_crash(faulty->host);
        return;
    case SCN_ACT_LEAK:
        scn_waste_memory();
        break;
    case SCN_ACT_LOSE:
        scn_waste_descriptor();
        break;
    case SCN_ACT_SPIN:
        scn_waste_time();
        break;
    case SCN_ACT_MUTTER:
        scn_waste_words();
        break;
    }
    push(lane, it->bytes); /* it was only wasteful */
}

/* Does the first fault that fits do something with the message? */
static bool applied(struct scn_faulty *faulty, struct lane *lane, const struct passing *it)
{
    bool done = false;
    for (size_t i = 0; i < faulty->faults->count && !done; i++) {
        const struct scn_fault_spec *spec = &faulty->faults->specs[i];
        if (!may_fit(lane, spec, it))
            continue;
        struct lookup lookup = { faulty->faults, NULL };
        struct scn_env env = { .arena = scn_arena_new(), .get = look_up, .user = &lookup, .random = &faulty->random };
        done = spec->bad_wire || scn_msg_fits(&env, &spec->match, &it->msg);
        if (done)
            apply(faulty, lane, &env, spec, it);
        scn_arena_free(env.arena);
    }
    return done;
}

/* ---- from bytes to messages -------------------------------------------------------------------------------------- */

/* Reads the message at the front of in; false when it is not all there. */
static bool next_message(struct lane *lane, struct btw_slice in, struct passing *out)
{
    size_t used = 0;
    enum btw_status status = lane->handshake ? btw_handshake_decode(&out->msg, &used, in, NULL)
                                             : btw_msg_decode(&out->msg, &used, in, BTW_LEN_MAX_DEFAULT, NULL);
    if (status == BTW_MORE)
        return false;
    out->bad_wire = status != BTW_OK;
    out->lost = status == BTW_TOO_LONG || (status != BTW_OK && lane->handshake);
    out->bytes = out->lost ? out->msg.data : btw_slice_of(in.data, used);
    lane->handshake = false;
    return true;
}

static void feed(struct scn_faulty *faulty, struct lane *lane, struct btw_slice bytes)
{
    struct passing it;
    size_t at = 0;
    hold(lane, bytes);
    while (faulty->state == OPEN && lane->framed &&
           next_message(lane, btw_slice_of(lane->held + at, lane->held_len - at), &it)) {
        at += it.bytes.len;
        if (applied(faulty, lane, &it))
            continue;
        push(lane, it.bytes);
        lane->framed = !it.lost; /* from here on bytes pass as they come */
    }
    lane->held_len -= at;
    if (lane->held_len && at)
        memmove(lane->held, lane->held + at, lane->held_len);
    if (!lane->framed)
        push_held(lane);
}

/* ---- both directions --------------------------------------------------------------------------------------------- */

static bool has_kind(const struct scn_faults *faults, enum scn_fault_kind kind)
{
    for (size_t i = 0; i < faults->count; i++) {
        if (faults->specs[i].kind == kind)
            return true;
    }
    return false;
}

struct scn_faulty *scn_faulty_new(struct btw_peer *peer, struct btw_host *host, struct scn_faults *faults)
{
    struct scn_faulty *faulty = grow(NULL, sizeof *faulty);
    bool rx = has_kind(faults, SCN_FAULT_RX);
    *faulty = (struct scn_faulty){ .peer = peer, .host = host, .faults = faults };
    lane_init(&faulty->rx, SCN_FAULT_RX, rx);
    /* What faults answer goes between the peer's own messages, so these must be known then, too. */
    lane_init(&faulty->tx, SCN_FAULT_TX, rx || has_kind(faults, SCN_FAULT_TX));
    return faulty;
}

void scn_faulty_free(struct scn_faulty *faulty)
{
    if (!faulty)
        return;
    lane_clear(&faulty->rx);
    lane_clear(&faulty->tx);
    btw_peer_free(faulty->peer);
    free(faulty);
}

void scn_faulty_connected(struct scn_faulty *faulty, int64_t now_ms)
{
    btw_peer_connected(faulty->peer, now_ms);
}

/* To the peer goes what is due. */
static void deliver(struct scn_faulty *faulty)
{
    struct lane *rx = &faulty->rx;
    while (faulty->state == OPEN && rx->first && rx->first->due_ms <= faulty->now_ms) {
        btw_peer_received(faulty->peer, btw_slice_of(rx->first->bytes, rx->first->len), faulty->now_ms);
        pop(rx);
    }
    if (faulty->state == OPEN && !rx->first && faulty->rx_end != BTW_END_NONE) {
        btw_peer_received_end(faulty->peer, faulty->rx_end, faulty->now_ms);
        faulty->rx_end = BTW_END_NONE;
    }
}

/* From the peer comes what it has, as long as there is room. */
static void pull(struct scn_faulty *faulty)
{
    struct lane *tx = &faulty->tx;
    while (faulty->state == OPEN && tx->queued + tx->held_len < OUT_HIGH) {
        struct btw_slice out = btw_peer_output(faulty->peer);
        if (out.len > OUT_HIGH)
            out.len = OUT_HIGH;
        if (out.len == 0)
            break;
        feed(faulty, tx, out);
        if (faulty->state != GONE)
            btw_peer_sent(faulty->peer, out.len);
    }
    if (faulty->state == OPEN && btw_peer_wants_end(faulty->peer) != BTW_END_NONE &&
        btw_peer_output(faulty->peer).len == 0)
        push_held(tx); /* it ends inside a message */
}

void scn_faulty_received(struct scn_faulty *faulty, struct btw_slice bytes, int64_t now_ms)
{
    faulty->now_ms = now_ms;
    if (faulty->state != OPEN || bytes.len == 0)
        return;
    feed(faulty, &faulty->rx, bytes);
    deliver(faulty);
    if (faulty->rx.queued > QUEUE_MAX || faulty->tx.queued > QUEUE_MAX)
        faulty->state = GONE;
}

void scn_faulty_received_end(struct scn_faulty *faulty, enum btw_end how, int64_t now_ms)
{
    faulty->now_ms = now_ms;
    push_held(&faulty->rx); /* it ended inside a message */
    faulty->rx_end = how;
    while (how == BTW_END_RST && faulty->rx.first)
        pop(&faulty->rx);
    deliver(faulty);
}

bool scn_faulty_reads(const struct scn_faulty *faulty)
{
    return faulty->state != HANGING;
}

struct btw_slice scn_faulty_output(struct scn_faulty *faulty, int64_t now_ms)
{
    struct lane *tx = &faulty->tx;
    faulty->now_ms = now_ms;
    if (faulty->state == OPEN && !tx->framed && !tx->first)
        return btw_peer_output(faulty->peer);
    pull(faulty);
    if (faulty->state == GONE || !tx->first || tx->first->due_ms > now_ms)
        return btw_slice_of(NULL, 0);
    return btw_slice_of(tx->first->bytes + tx->first->gone, tx->first->len - tx->first->gone);
}

void scn_faulty_sent(struct scn_faulty *faulty, size_t len)
{
    struct lane *tx = &faulty->tx;
    if (!tx->first) {
        btw_peer_sent(faulty->peer, len);
        return;
    }
    assert(len <= tx->first->len - tx->first->gone);
    tx->first->gone += len;
    tx->queued -= len;
    if (tx->first->gone == tx->first->len)
        pop(tx);
}

enum btw_end scn_faulty_wants_end(const struct scn_faulty *faulty)
{
    switch (faulty->state) {
    case OPEN:
        return faulty->tx.first || btw_peer_output(faulty->peer).len ? BTW_END_NONE : btw_peer_wants_end(faulty->peer);
    case CLOSING:
        return faulty->tx.first ? BTW_END_NONE : BTW_END_FIN;
    case HANGING:
        return BTW_END_NONE;
    case GONE:
        break;
    }
    return BTW_END_RST;
}

/* What is due already waits for something else. */
static int64_t lane_deadline(const struct lane *lane, int64_t now_ms)
{
    return lane->first && lane->first->due_ms > now_ms ? lane->first->due_ms : INT64_MAX;
}

int64_t scn_faulty_deadline(const struct scn_faulty *faulty)
{
    int64_t rx = faulty->state == OPEN ? lane_deadline(&faulty->rx, faulty->now_ms) : INT64_MAX;
    int64_t tx = faulty->state != GONE ? lane_deadline(&faulty->tx, faulty->now_ms) : INT64_MAX;
    return rx < tx ? rx : tx;
}

void scn_faulty_tick(struct scn_faulty *faulty, int64_t now_ms)
{
    faulty->now_ms = now_ms;
    deliver(faulty);
}

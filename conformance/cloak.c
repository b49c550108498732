/* SPDX-License-Identifier: MIT
 *
 * Encryption of the scripted peers (MSE): how a script wants it, the handshake in front of the first message, and the
 * cipher between the engine and the link.
 */
#include <stdlib.h>

#include "run_state.h"
#include "script_walk.h"

enum { PLAIN_FIRST_BYTE = 19 };

struct cloak_plan {
    struct btw_mse_config config; /* without a private key */
    struct btw_mse_lies lies;
    enum scn_mse_zero zero;
    size_t split, cut_at, cut; /* of the handshake's bytes, as `wire` says; cut SIZE_MAX: all are sent */
    int64_t gap_ms;
};

struct cloak {
    const struct cloak_plan *plan;
    struct btw_mse_end *end; /* NULL: the private key waits for their public one */
    uint8_t early[BTW_MSE_KEY_SIZE];
    size_t early_len, heard;
    bool keyed;       /* their public key is there */
    bool over;        /* the handshake is done */
    uint8_t *pending; /* of the handshake, with its pauses */
    size_t at, len, sent;
    int64_t not_before; /* link time */
};

/* ---- plans ------------------------------------------------------------------------------------------------------- */

static struct btw_slice random_pad(struct scn_run *run, size_t len)
{
    uint8_t *pad = scn_arena_get(run->arena, len + 1);
    for (size_t i = 0; i < len; i++)
        pad[i] = (uint8_t)scn_random(&run->random);
    return btw_slice_of(pad, len);
}

/* The first handshake that the script sends on the connection behind this place, or else in front of it. */
static const struct scn_msg *first_handshake(const struct scn_step *steps, size_t count, const struct scn_step *after)
{
    for (size_t i = 0; i < count; i++) {
        const struct scn_step *step = &steps[i];
        bool ours = step->kind == SCN_SEND && strcmp(step->conn, after->conn) == 0 && step->msg_count > 0;
        bool later = step->place.line >= after->place.line;
        if (ours && later && step->msgs[0].desc && step->msgs[0].desc->type == BTW_HANDSHAKE)
            return &step->msgs[0];
        const struct scn_msg *inner = first_handshake(step->body, step->body_count, after);
        if (inner)
            return inner;
    }
    return NULL;
}

/* Whose torrent the connection will be for: what its handshake names, if it is one of those that the target has. */
static void choose_skey(struct scn_run *run, const struct scn_step *step, uint8_t skey[20])
{
    const struct scn_msg *handshake = first_handshake(run->scenario->steps, run->scenario->step_count, step);
    struct scn_arena *arena = scn_arena_new();
    uint64_t random = run->random; /* the script's own values stay what they are */
    struct scn_env env = run_env(run, arena);
    env.random = &random;
    struct btw_msg msg;
    bool made = handshake && scn_msg_build(&env, handshake, &msg);
    bool known = made && scn_world_torrent_of(run->world, msg.info_hash);
    memcpy(skey, known ? msg.info_hash : run->torrents[0]->info_hash, 20);
    scn_arena_free(arena);
}

/* What all peers do where the whole run encrypts. */
static void plan_plainly(struct scn_run *run, const struct scn_step *step, struct cloak_plan *plan)
{
    plan->config.methods = run->world->mse;
    plan->config.pad_clear = random_pad(run, scn_random(&run->random) % (BTW_MSE_PAD_MAX + 1));
    plan->config.pad_secret = random_pad(run, scn_random(&run->random) % (BTW_MSE_PAD_MAX + 1));
    choose_skey(run, step, plan->config.skey);
}

static bool plan_number(struct cloak_plan *plan, struct scn_run *run, enum scn_mse_option option, int64_t number)
{
    if (number < 0 || number > (option <= SCN_MSE_SELECT ? UINT32_MAX : UINT16_MAX))
        return false;
    switch (option) {
    case SCN_MSE_METHODS:
        plan->config.methods = (uint32_t)number;
        return true;
    case SCN_MSE_SELECT:
        plan->lies.set |= BTW_MSE_LIE_METHODS;
        plan->lies.methods = (uint32_t)number;
        return true;
    case SCN_MSE_PAD_CLEAR:
        plan->config.pad_clear = random_pad(run, (size_t)number);
        return true;
    case SCN_MSE_PAD_SECRET:
        plan->config.pad_secret = random_pad(run, (size_t)number);
        return true;
    case SCN_MSE_PAD_LEN:
        plan->lies.set |= BTW_MSE_LIE_PAD;
        plan->lies.pad_len = (uint16_t)number;
        return true;
    case SCN_MSE_IA_LEN:
        plan->lies.set |= BTW_MSE_LIE_IA;
        plan->lies.ia_len = (uint16_t)number;
        return true;
    default: /* all others are bytes */
        return false;
    }
}

static bool copy_all(uint8_t *to, size_t size, struct btw_slice from)
{
    if (from.len == size)
        memcpy(to, from.data, size);
    return from.len == size;
}

static bool plan_bytes(struct cloak_plan *plan, enum scn_mse_option option, struct btw_slice bytes)
{
    switch (option) {
    case SCN_MSE_IA:
        plan->config.ia = bytes;
        return bytes.len <= BTW_MSE_IA_MAX;
    case SCN_MSE_SKEY:
        return copy_all(plan->config.skey, sizeof plan->config.skey, bytes);
    case SCN_MSE_VC:
        plan->lies.set |= BTW_MSE_LIE_VC;
        return copy_all(plan->lies.vc, sizeof plan->lies.vc, bytes);
    case SCN_MSE_KEY:
        plan->lies.set |= BTW_MSE_LIE_KEY;
        return copy_all(plan->lies.key, sizeof plan->lies.key, bytes);
    case SCN_MSE_SECRET:
        plan->lies.secret = bytes.data;
        return bytes.len == BTW_MSE_KEY_SIZE;
    default: /* all others are numbers */
        return false;
    }
}

static bool plan_option(struct cloak_plan *plan, struct scn_run *run, struct scn_env *env, const struct scn_mse *mse,
                        enum scn_mse_option option)
{
    struct scn_value value;
    if (!mse->options[option])
        return true;
    if (!scn_eval(env, mse->options[option], &value))
        return false;
    if (value.kind == SCN_VALUE_TORRENT)
        value.bytes = btw_slice_of(value.torrent->info_hash, sizeof value.torrent->info_hash);
    bool fits = value.kind == SCN_VALUE_INT ? plan_number(plan, run, option, value.number)
                                            : plan_bytes(plan, option, value.bytes);
    if (!fits)
        env->error = "a value behind mse does not fit";
    return fits;
}

static bool plan_wire(struct cloak_plan *plan, struct scn_env *env, const struct scn_wire *wire)
{
    int64_t split = 0, at = 0, cut = INT64_MAX;
    if ((wire->split && !scn_eval_int(env, wire->split, &split)) || (wire->at && !scn_eval_int(env, wire->at, &at)) ||
        (wire->cut && !scn_eval_int(env, wire->cut, &cut)))
        return false;
    if (wire->times || wire->prefix || split < 0 || at < 0 || cut < 0) {
        env->error = "behind mse, wire has split=, at=, cut= and gap=";
        return false;
    }
    plan->split = (size_t)split;
    plan->cut_at = (size_t)at;
    plan->cut = (size_t)cut;
    plan->gap_ms = wire->gap_ms;
    return true;
}

static bool plan_as_written(struct scn_run *run, const struct scn_step *step, struct cloak_plan *plan)
{
    struct scn_env env = run_env(run, run->arena);
    plan->config.methods = run->world->mse ? run->world->mse : BTW_MSE_PLAINTEXT | BTW_MSE_RC4;
    plan->zero = step->mse->zero;
    memcpy(plan->config.skey, run->torrents[0]->info_hash, sizeof plan->config.skey);
    bool made = plan_wire(plan, &env, &step->wire);
    for (int option = 0; made && option < SCN_MSE_OPTIONS; option++)
        made = plan_option(plan, run, &env, step->mse, (enum scn_mse_option)option);
    if (!made)
        run_value_failed(run, step, &env);
    return made;
}

/* What a listener is asked for. */
static bool find_skey(void *user, const uint8_t req2[20], uint8_t skey[20])
{
    const struct scn_world *world = user;
    const uint8_t *hashes[2];
    for (size_t i = 0; i < world->torrent_count; i++) {
        for (size_t j = 0, count = scn_torrent_hashes(&world->torrents[i], hashes); j < count; j++) {
            uint8_t hash[20];
            btw_mse_skey_hash(hash, hashes[j]);
            if (memcmp(hash, req2, sizeof hash) == 0) {
                memcpy(skey, hashes[j], 20);
                return true;
            }
        }
    }
    return false;
}

bool cloak_make_plan(struct scn_conn *conn, const struct scn_step *step)
{
    struct scn_run *run = conn->run;
    conn->plan = NULL;
    if (!step->mse && !run->world->mse)
        return true;
    struct cloak_plan *plan = scn_arena_get(run->arena, sizeof *plan);
    *plan = (struct cloak_plan){ .cut = SIZE_MAX, .config = { .find = find_skey, .find_user = run->world } };
    if (!step->mse)
        plan_plainly(run, step, plan);
    else if (!plan_as_written(run, step, plan))
        return false;
    conn->plan = plan;
    return true;
}

/* ---- keys -------------------------------------------------------------------------------------------------------- */

static bool key_is_wanted(const struct scn_conn *conn, const uint8_t private_key[20])
{
    const struct cloak *cloak = conn->cloak;
    uint8_t key[BTW_MSE_KEY_SIZE] = { 0 };
    if (cloak->plan->zero == SCN_MSE_ZERO_SECRET && cloak->early_len == sizeof cloak->early)
        return !btw_mse_secret(key, private_key, cloak->early) || key[0] == 0;
    if (cloak->plan->zero == SCN_MSE_ZERO_NONE && conn->target == BTW_DIALLER)
        return true;
    btw_mse_public_key(key, private_key);
    return cloak->plan->zero == SCN_MSE_ZERO_KEY ? key[0] == 0 : key[0] != PLAIN_FIRST_BYTE;
}

static void begin(struct scn_conn *conn)
{
    struct cloak *cloak = conn->cloak;
    struct btw_mse_config config = cloak->plan->config;
    do {
        for (size_t i = 0; i < sizeof config.private_key; i++)
            config.private_key[i] = (uint8_t)(scn_random(&conn->run->random) | (i == 0));
    } while (!key_is_wanted(conn, config.private_key));
    cloak->end = run_must(btw_mse_end_new(conn->target == BTW_ACCEPTOR, &config, &cloak->plan->lies));
}

void cloak_start(struct scn_conn *conn)
{
    struct cloak *cloak = run_must(calloc(1, sizeof *cloak));
    conn->cloak = cloak;
    cloak->plan = conn->plan;
    if (conn->target == BTW_ACCEPTOR || cloak->plan->zero != SCN_MSE_ZERO_SECRET)
        begin(conn);
    cloak_pump(conn);
}

void cloak_free(struct scn_conn *conn)
{
    if (!conn->cloak)
        return;
    btw_mse_end_free(conn->cloak->end);
    free(conn->cloak->pending);
    free(conn->cloak);
    conn->cloak = NULL;
}

/* ---- bytes that go ----------------------------------------------------------------------------------------------- */

/* Fetches what the handshake has to send.  False: nothing is left. */
static bool refill(struct cloak *cloak)
{
    if (cloak->at < cloak->len)
        return true;
    struct btw_slice out = cloak->end ? btw_mse_end_output(cloak->end) : btw_slice_of(NULL, 0);
    if (out.len == 0)
        return false;
    free(cloak->pending);
    cloak->pending = run_must(malloc(out.len));
    memcpy(cloak->pending, out.data, out.len);
    cloak->at = 0;
    cloak->len = out.len;
    return true;
}

/* Length of the next segment. */
static size_t segment(const struct cloak *cloak)
{
    const struct cloak_plan *plan = cloak->plan;
    size_t len = cloak->len - cloak->at;
    if (plan->cut_at > cloak->sent && plan->cut_at - cloak->sent <= len)
        len = plan->cut_at - cloak->sent;
    else if (plan->split && plan->split < len)
        len = plan->split;
    return plan->cut - cloak->sent < len ? plan->cut - cloak->sent : len;
}

void cloak_pump(struct scn_conn *conn)
{
    struct cloak *cloak = conn->cloak;
    struct scn_run *run = conn->run;
    while (cloak && conn->handle && run_now(run) >= cloak->not_before && refill(cloak)) {
        size_t len = segment(cloak);
        if (len == 0)
            return; /* the script wants no more of it to be sent */
        run->link->ops->send(run->link, conn->handle, btw_slice_of(cloak->pending + cloak->at, len));
        conn->last_sent_ms = run_now(run);
        cloak->at += len;
        cloak->sent += len;
        cloak->not_before = cloak->at < cloak->len ? run_now(run) + cloak->plan->gap_ms : 0;
    }
}

int64_t cloak_deadline(const struct scn_conn *conn)
{
    const struct cloak *cloak = conn->cloak;
    bool waits = cloak && conn->handle && cloak->at < cloak->len && cloak->sent < cloak->plan->cut;
    return waits ? cloak->not_before : INT64_MAX;
}

bool cloak_is_open(const struct scn_conn *conn)
{
    const struct cloak *cloak = conn->cloak;
    return !cloak || (cloak->over && cloak->at == cloak->len);
}

struct btw_slice cloak_encrypt(struct scn_conn *conn, struct btw_slice clear)
{
    return conn->cloak ? btw_mse_end_encrypt(conn->cloak->end, clear) : clear;
}

/* ---- bytes that come --------------------------------------------------------------------------------------------- */

static void finish(struct scn_conn *conn)
{
    static const char *const methods[] = { "none, the target speaks in clear", "plaintext", "RC4" };
    struct cloak *cloak = conn->cloak;
    const struct btw_mse *mse = btw_mse_end_state(cloak->end);
    enum btw_mse_method method = btw_mse_method(mse);
    cloak->over = true;
    cloak_pump(conn);
    scn_timeline_note(conn->run->timeline, run_time(conn->run), conn->name, "# encryption: %s; paddings %u and %u",
                      methods[method], mse->seen.pad_clear, mse->seen.pad_secret);
    conn_ready(conn);
    conn_sent(conn, cloak->plan->config.ia);
}

/* Their key must be whole before the private one can be drawn.  False: it is not; else *bytes is all that came. */
static bool listen_first(struct scn_conn *conn, struct btw_slice *bytes)
{
    struct cloak *cloak = conn->cloak;
    size_t room = sizeof cloak->early - cloak->early_len, len = bytes->len < room ? bytes->len : room;
    memcpy(cloak->early + cloak->early_len, bytes->data, len);
    cloak->early_len += len;
    bool plain = cloak->early_len >= BTW_MSE_HEADER_SIZE &&
                 memcmp(cloak->early, btw_mse_header().data, BTW_MSE_HEADER_SIZE) == 0;
    if (cloak->early_len < sizeof cloak->early && !plain)
        return false;
    begin(conn);
    uint8_t *all = scn_arena_get(conn->run->arena, cloak->early_len + bytes->len - len + 1);
    memcpy(all, cloak->early, cloak->early_len);
    memcpy(all + cloak->early_len, bytes->data + len, bytes->len - len);
    *bytes = btw_slice_of(all, cloak->early_len + bytes->len - len);
    return true;
}

/* No secret is zero as a whole: then there is none, for what came was no key. */
static bool starts_with_zero(const struct cloak *cloak)
{
    static const uint8_t none[BTW_MSE_KEY_SIZE];
    const uint8_t *secret = btw_mse_end_secret(cloak->end);
    return cloak->keyed && secret[0] == 0 && memcmp(secret, none, sizeof none) != 0;
}

static void count_zeros(struct scn_conn *conn)
{
    struct cloak *cloak = conn->cloak;
    bool first = !cloak->keyed && cloak->heard >= BTW_MSE_KEY_SIZE;
    cloak->keyed = cloak->keyed || first;
    conn->mse_zeros += first && starts_with_zero(cloak);
}

static bool take(struct scn_conn *conn, struct btw_slice wire, struct btw_slice *clear)
{
    struct cloak *cloak = conn->cloak;
    struct btw_diag diag = { 0 };
    enum btw_status status = btw_mse_end_received(cloak->end, wire, clear, &diag);
    count_zeros(conn);
    if (status == BTW_MORE)
        cloak_pump(conn);
    else if (status != BTW_OK && !conn->in_garbage)
        conn_spoil(conn, scn_arena_format(conn->run->arena, "the encrypted handshake failed: %s", diag.text));
    else if (status == BTW_OK && !cloak->over)
        finish(conn);
    return status == BTW_OK && clear->len > 0;
}

bool cloak_received(struct scn_conn *conn, struct btw_slice *bytes)
{
    struct cloak *cloak = conn->cloak;
    struct btw_slice wire = *bytes;
    if (!cloak)
        return true;
    if (!cloak->over)
        cloak->heard += wire.len;
    return (cloak->end || listen_first(conn, &wire)) && take(conn, wire, bytes);
}

/* One secret in 256 begins with a zero byte, which some clients leave out.  That is a scenario of its own, and not the
 * fault of all others. */
bool cloak_was_unlucky(const struct scn_conn *conn)
{
    const struct cloak *cloak = conn->cloak;
    if (!cloak || !cloak->end || cloak->over || conn->target != BTW_ACCEPTOR)
        return false;
    bool meant = cloak->plan->zero == SCN_MSE_ZERO_SECRET || cloak->plan->lies.secret;
    return !meant && starts_with_zero(cloak);
}

/* ---- counters ---------------------------------------------------------------------------------------------------- */

unsigned cloak_method(const struct scn_conn *conn)
{
    const struct cloak *cloak = conn->cloak;
    return cloak && cloak->over ? (unsigned)btw_mse_method(btw_mse_end_state(cloak->end)) : 0;
}

size_t cloak_heard(const struct scn_conn *conn)
{
    return conn->cloak ? conn->cloak->heard : 0;
}

const struct btw_mse_seen *cloak_seen(const struct scn_conn *conn)
{
    static const struct btw_mse_seen nothing;
    return conn->cloak && conn->cloak->end ? &btw_mse_end_state(conn->cloak->end)->seen : &nothing;
}

/* SPDX-License-Identifier: MIT
 *
 * A tap writes down what a scenario sends, and what it had waited for.
 */
#include "seeds.h"

#include <stdlib.h>
#include <string.h>

#include "link_mem.h"
#include "look.h"

enum { LISTEN_PORT = 6881, SEED_BYTES_MAX = 96 << 10, MSG_MAX = 200 << 10 };

/* One scenario being written down. */
struct lift {
    struct live_case one;
    struct live_look *look;
    size_t moves_seen;
    bool dialled[LIVE_CONNS_MAX], begun[LIVE_CONNS_MAX];
    bool failed; /* it is too long */
};

static void *must(void *memory)
{
    if (memory == NULL)
        abort();
    return memory;
}

/* ---- writing down ------------------------------------------------------------------------------------------------ */

static void add(struct lift *lift, const struct live_step *step)
{
    lift->failed = lift->failed || !live_case_insert(&lift->one, lift->one.count, step);
}

/* Messages one by one, as far as the write holds whole ones. */
static void add_bytes(struct lift *lift, unsigned conn, struct btw_slice bytes)
{
    bool joined = false;
    while (bytes.len > 0 && !lift->failed) {
        struct btw_msg msg;
        size_t used = 0;
        enum btw_status status = lift->begun[conn] ? btw_msg_decode(&msg, &used, bytes, MSG_MAX, NULL)
                                                   : btw_handshake_decode(&msg, &used, bytes, NULL);
        if (status != BTW_OK && (status != BTW_BAD_WIRE || !lift->begun[conn]))
            used = bytes.len;
        struct live_step step = {
            .kind = LIVE_SEND, .conn = conn, .bytes = (uint8_t *)bytes.data, .len = used, .joined = joined
        };
        add(lift, &step);
        bytes = btw_slice_of(bytes.data + used, bytes.len - used);
        lift->begun[conn] = joined = true;
    }
}

/* What the scenario will have waited for before it goes on. */
static void add_awaits(struct lift *lift, unsigned conn)
{
    size_t count;
    const struct live_move *moves = live_look_moves(lift->look, &count);
    for (; lift->moves_seen < count; lift->moves_seen++) {
        enum btw_type by = (enum btw_type)moves[lift->moves_seen].by;
        struct live_step step = { .kind = LIVE_AWAIT, .conn = conn, .await = by };
        if (by == BTW_HANDSHAKE || by == BTW_UNCHOKE || by == BTW_INTERESTED || by == BTW_REQUEST)
            add(lift, &step);
    }
}

static void tap(void *user, const struct scn_conn *conn, bool sent, struct btw_slice bytes, int64_t now_ms)
{
    struct lift *lift = user;
    unsigned number = scn_conn_number(conn);
    if (number >= LIVE_CONNS_MAX) {
        lift->failed = true;
        return;
    }
    if (!lift->dialled[number])
        add(lift, &(struct live_step){ .kind = LIVE_DIAL, .conn = number });
    lift->dialled[number] = true;
    live_look_tap(lift->look, conn, sent, bytes, now_ms);
    if (sent)
        add_bytes(lift, number, bytes);
    else
        add_awaits(lift, number);
    size_t count;
    live_look_moves(lift->look, &count);
    lift->moves_seen = count;
}

/* ---- one scenario ------------------------------------------------------------------------------------------------ */

static enum btw_role role_of(enum scn_target target)
{
    return target == SCN_TARGET_LEECH ? BTW_LEECH : target == SCN_TARGET_MAGNET ? BTW_MAGNET : BTW_SEED;
}

static void play(struct lift *lift, const struct scn_item *item, const struct scn_world *like)
{
    struct btw_policy policy;
    struct scn_world world = *like;
    world.mse = 0; /* it would only take time */
    btw_policy_init(&policy);
    struct btw_host *host = must(btw_host_new(&policy, world.seed, LISTEN_PORT));
    for (size_t i = 0; i < world.torrent_count; i++) {
        const struct btw_fixture *fixture = scn_torrents_fixture(&world.torrents[i]);
        if (fixture == NULL || btw_host_add(host, fixture, role_of(world.role), NULL) != BTW_OK)
            continue;
    }
    struct scn_mem *mem = scn_mem_new(host, NULL);
    struct scn_run *run = scn_run_new(item->scenario, item->one, &world, scn_mem_link(mem), 0, item->copy);
    scn_run_tap(run, tap, lift);
    scn_mem_play_run(mem, run);
    scn_run_free(run);
    scn_mem_free(mem);
    btw_host_free(host);
}

/* Connections that are dialled again, by the target, or encrypted, do not become a case. */
/* NOLINTNEXTLINE(misc-no-recursion): a script is nested at most SCN_DEPTH_MAX deep */
static bool is_simple(const struct scn_step *steps, size_t count, bool repeated)
{
    for (size_t i = 0; i < count; i++) {
        const struct scn_step *step = &steps[i];
        bool again = step->kind == SCN_DIAL && repeated;
        for (size_t k = 0; k < i && step->kind == SCN_DIAL; k++)
            again = again || (steps[k].kind == SCN_DIAL && strcmp(steps[k].conn, step->conn) == 0);
        if (again || step->kind == SCN_LISTEN || step->mse != NULL || step->v6 ||
            !is_simple(step->body, step->body_count, repeated || step->kind == SCN_REPEAT))
            return false;
    }
    return true;
}

static bool has_torrents(const struct scn_item *item, const struct scn_world *world)
{
    const char *kind;
    for (size_t i = 0; (kind = scn_item_kind(item, i)) != NULL; i++) {
        if (scn_world_torrent(world, kind, item->copy) == NULL)
            return false;
    }
    return true;
}

static bool same_bytes(const struct live_case *a, const struct live_case *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++) {
        const struct live_step *x = &a->steps[i], *y = &b->steps[i];
        bool handshake = x->len == BTW_HANDSHAKE_SIZE; /* ends in a peer id, which always differs */
        size_t len = handshake ? x->len - 20 : x->len;
        if (x->kind != y->kind || x->conn != y->conn || x->len != y->len ||
            (x->len > 0 && memcmp(x->bytes, y->bytes, len) != 0))
            return false;
    }
    return true;
}

static bool is_known(const struct live_seeds *seeds, const struct live_case *one)
{
    for (size_t i = 0; i < seeds->count; i++) {
        if (same_bytes(&seeds->list[i], one))
            return true;
    }
    return false;
}

void live_seeds_add(struct live_seeds *out, struct live_case *one)
{
    live_case_mend(one);
    if (one->count < 2 || live_case_bytes(one) > SEED_BYTES_MAX || is_known(out, one)) {
        live_case_free(one);
        return;
    }
    out->list = must(realloc(out->list, (out->count + 1) * sizeof *out->list));
    out->list[out->count++] = *one;
}

static void take(struct live_seeds *out, const struct scn_item *item, const struct scn_world *world)
{
    struct lift lift = { .look = live_look_new(world) };
    play(&lift, item, world);
    live_look_free(lift.look);
    if (lift.failed)
        live_case_free(&lift.one);
    else
        live_seeds_add(out, &lift.one);
}

/* ---- all --------------------------------------------------------------------------------------------------------- */

void live_seeds_take(struct live_seeds *out, const struct scn_catalogue *catalogue, const struct scn_world *world)
{
    struct scn_filter filter = { .role = world->role };
    struct scn_item *items = must(calloc(catalogue->count + 1, sizeof *items));
    size_t count = scn_catalogue_select(catalogue, &filter, items);
    *out = (struct live_seeds){ 0 };
    for (size_t i = 0; i < count; i++) {
        const struct scn_scenario *scenario = items[i].scenario;
        items[i].copy = world->torrents[0].copy;
        if (is_simple(scenario->steps, scenario->step_count, false) && has_torrents(&items[i], world))
            take(out, &items[i], world);
    }
    free(items);
}

void live_seeds_free(struct live_seeds *seeds)
{
    for (size_t i = 0; i < seeds->count; i++)
        live_case_free(&seeds->list[i]);
    free(seeds->list);
    *seeds = (struct live_seeds){ 0 };
}

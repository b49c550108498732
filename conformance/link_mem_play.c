/* SPDX-License-Identifier: MIT
 *
 * The link in memory: events reach their ends, the host does what it wants, and the clock jumps to what comes next.
 */
#include <stdlib.h>

#include "link_mem_state.h"

/* ---- the peer's side --------------------------------------------------------------------------------------------- */

static void close_peer(struct scn_mem *mem, struct mem_conn *conn, enum btw_end how)
{
    scn_veil_free(conn->peer);
    conn->peer = NULL;
    mem_schedule_end(mem, conn, MEM_TO_ENGINE_END, how, NULL);
}

/* Takes what the peer has to say. */
static void pump(struct scn_mem *mem, struct mem_conn *conn)
{
    struct btw_slice out;
    while (conn->to_engine < conn->window && (out = scn_veil_output(conn->peer, mem->now_ms)).len > 0) {
        if (out.len > conn->window - conn->to_engine)
            out.len = conn->window - conn->to_engine;
        conn->to_engine += out.len;
        mem_schedule(mem, mem_event_new(conn, MEM_TO_ENGINE, out));
        scn_veil_sent(conn->peer, out.len);
    }
    enum btw_end end = scn_veil_wants_end(conn->peer);
    if (end != BTW_END_NONE)
        close_peer(mem, conn, end);
}

/* ---- events ------------------------------------------------------------------------------------------------------ */

static void on_dial(struct scn_mem *mem, struct mem_conn *conn)
{
    if (btw_host_dead(mem->host)) {
        mem_schedule_end(mem, conn, MEM_TO_ENGINE_END, BTW_END_RST, "connection refused");
        return;
    }
    struct btw_peer *peer = btw_host_accept(mem->host, &conn->address, mem->now_ms);
    mem_schedule_plain(mem, conn, MEM_OPENED);
    if (!peer) {
        mem_schedule_end(mem, conn, MEM_TO_ENGINE_END, BTW_END_FIN, NULL);
        return;
    }
    conn->peer = scn_veil_new(peer, mem->host, mem->faults);
    conn->open = true;
}

/* Somebody sends to a peer that is gone. */
static void answer_reset(struct scn_mem *mem, struct mem_conn *conn)
{
    if (!conn->reset)
        mem_schedule_end(mem, conn, MEM_TO_ENGINE_END, BTW_END_RST, NULL);
    conn->reset = true;
}

static void on_to_peer(struct scn_mem *mem, struct mem_conn *conn, const struct mem_event *event)
{
    if (!conn->peer) {
        conn->to_peer -= event->len;
        answer_reset(mem, conn);
    } else if (scn_veil_reads(conn->peer)) { /* else it stays in the window for ever */
        conn->to_peer -= event->len;
        scn_veil_received(conn->peer, btw_slice_of(event->bytes, event->len), mem->now_ms);
    }
    mem_send_backlog(mem, conn);
}

static void on_to_peer_end(struct scn_mem *mem, struct mem_conn *conn, enum btw_end how)
{
    if (!conn->peer)
        return;
    scn_veil_received_end(conn->peer, how, mem->now_ms);
    if (how == BTW_END_RST) {
        scn_veil_free(conn->peer);
        conn->peer = NULL;
    }
}

/* Lets the engine read what has come, as long as it does. */
static void read_on(struct mem_conn *conn)
{
    struct mem_event *event;
    while (!conn->paused && (event = mem_queue_take(&conn->unread))) {
        conn->to_engine -= event->len;
        if (conn->engine && event->kind == MEM_TO_ENGINE)
            scn_conn_received(conn->engine, btw_slice_of(event->bytes, event->len));
        else if (conn->engine)
            scn_conn_ended(conn->engine, event->how, event->error);
        free(event);
    }
}

static bool same_address(const struct btw_address *a, const struct btw_address *b)
{
    return a->len == b->len && a->port == b->port && memcmp(a->bytes, b->bytes, a->len) == 0;
}

static void on_host_dial(struct scn_mem *mem, struct mem_conn *conn)
{
    struct mem_listener *listener = mem->listeners;
    while (listener && !same_address(&listener->address, &conn->address))
        listener = listener->next;
    conn->engine = listener ? scn_conn_accepted(listener->engine, conn) : NULL;
    if (conn->engine)
        mem_schedule_plain(mem, conn, MEM_HOST_CONNECTED);
    else
        mem_schedule_end(mem, conn, MEM_TO_PEER_END, BTW_END_RST, NULL);
}

static void on_host_connected(struct scn_mem *mem, struct mem_conn *conn)
{
    if (!conn->peer)
        return;
    scn_veil_connected(conn->peer, mem->now_ms);
    conn->open = true;
}

static void deliver(struct scn_mem *mem, struct mem_event *event)
{
    struct mem_conn *conn = event->conn;
    conn->pending--;
    switch (event->kind) {
    case MEM_DIAL:
        on_dial(mem, conn);
        break;
    case MEM_OPENED:
        if (conn->engine)
            scn_conn_opened(conn->engine);
        break;
    case MEM_TO_PEER:
        on_to_peer(mem, conn, event);
        break;
    case MEM_TO_PEER_END:
        on_to_peer_end(mem, conn, event->how);
        break;
    case MEM_TO_ENGINE:
    case MEM_TO_ENGINE_END:
        mem_queue_put(&conn->unread, event);
        read_on(conn);
        return;
    case MEM_READABLE:
        read_on(conn);
        break;
    case MEM_DRAINED:
        if (conn->engine && conn->backlog_bytes == 0)
            scn_conn_drained(conn->engine);
        break;
    case MEM_HOST_DIAL:
        on_host_dial(mem, conn);
        break;
    case MEM_HOST_CONNECTED:
        on_host_connected(mem, conn);
        break;
    }
    free(event);
}

/* ---- time -------------------------------------------------------------------------------------------------------- */

/* What plays on the engine's side. */
struct player {
    void (*advance)(void *user);
    int64_t (*deadline)(void *user);
    bool (*done)(void *user);
    void *user;
};

static void learn(struct scn_mem *mem)
{
    for (struct mem_listener *listener = mem->listeners; listener; listener = listener->next) {
        if (listener->learn_ms > mem->now_ms)
            continue;
        listener->learn_ms = INT64_MAX;
        btw_host_learn(mem->host, listener->info_hash, &listener->address, listener->has_id ? listener->peer_id : NULL,
                       mem->now_ms);
    }
}

static void dial_for_host(struct scn_mem *mem)
{
    struct btw_address to;
    struct btw_peer *peer;
    while ((peer = btw_host_next_dial(mem->host, &to))) {
        struct mem_conn *conn = mem_conn_new(mem);
        conn->address = to;
        conn->peer = scn_veil_new(peer, mem->host, mem->faults);
        mem_schedule_plain(mem, conn, MEM_HOST_DIAL);
    }
}

/* All that the host and its connections do at this moment. */
static void move_host(struct scn_mem *mem)
{
    if (!btw_host_dead(mem->host)) {
        learn(mem);
        if (btw_host_deadline(mem->host) <= mem->now_ms)
            btw_host_tick(mem->host, mem->now_ms);
        dial_for_host(mem);
    }
    for (struct mem_conn *conn = mem->conns; conn; conn = conn->next) {
        if (!conn->peer)
            continue;
        if (btw_host_dead(mem->host)) {
            close_peer(mem, conn, BTW_END_RST);
            continue;
        }
        scn_veil_tick(conn->peer, mem->now_ms);
        if (conn->open)
            pump(mem, conn);
    }
}

/* Frees what neither end nor any event knows any more. */
static void sweep(struct scn_mem *mem)
{
    struct mem_conn **at = &mem->conns;
    while (*at) {
        struct mem_conn *conn = *at;
        if (conn->engine || conn->peer || conn->pending) {
            at = &conn->next;
            continue;
        }
        *at = conn->next;
        mem_conn_free(conn);
    }
}

static void earlier(int64_t *deadline, int64_t other)
{
    if (other < *deadline)
        *deadline = other;
}

static int64_t next_deadline(const struct scn_mem *mem)
{
    int64_t deadline = btw_host_dead(mem->host) ? INT64_MAX : btw_host_deadline(mem->host);
    if (mem->events.first)
        earlier(&deadline, mem->events.first->due_ms);
    for (const struct mem_listener *listener = mem->listeners; listener; listener = listener->next)
        earlier(&deadline, listener->learn_ms);
    for (const struct mem_conn *conn = mem->conns; conn; conn = conn->next) {
        if (conn->peer)
            earlier(&deadline, scn_veil_deadline(conn->peer));
    }
    return deadline;
}

static bool play(struct scn_mem *mem, const struct player *player)
{
    int64_t end_ms = mem->now_ms + SCN_MEM_PLAY_MS;
    while (mem->now_ms <= end_ms) {
        while (mem->events.first && mem->events.first->due_ms <= mem->now_ms)
            deliver(mem, mem_queue_take(&mem->events));
        move_host(mem);
        player->advance(player->user);
        sweep(mem);
        if (player->done(player->user))
            return true;
        int64_t next = next_deadline(mem);
        earlier(&next, player->deadline(player->user));
        if (next == INT64_MAX)
            return false;
        mem->now_ms = next > mem->now_ms ? next : mem->now_ms + 1; /* whatever they want, time goes on */
    }
    return false;
}

static void run_advance(void *user)
{
    scn_run_advance(user);
}

static int64_t run_deadline(void *user)
{
    return scn_run_deadline(user);
}

static bool run_done(void *user)
{
    return scn_run_done(user);
}

bool scn_mem_play_run(struct scn_mem *mem, struct scn_run *run)
{
    return play(mem, &(struct player){ run_advance, run_deadline, run_done, run });
}

static void suite_advance(void *user)
{
    scn_suite_advance(user);
}

static int64_t suite_deadline(void *user)
{
    return scn_suite_deadline(user);
}

static bool suite_done(void *user)
{
    return scn_suite_done(user);
}

bool scn_mem_play_suite(struct scn_mem *mem, struct scn_suite *suite)
{
    return play(mem, &(struct player){ suite_advance, suite_deadline, suite_done, suite });
}

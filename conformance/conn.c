/* SPDX-License-Identifier: MIT
 *
 * The engine's end of one connection: bytes in and out, the monitor over both, the messages that wait for the script.
 */
#include <stdlib.h>

#include "btw/bencode.h"
#include "btw/notation.h"
#include "run_state.h"

enum { BUFFER_START = 4096 };

/* ---- text
 * --------------------------------------------------------------------------------------------------------------- */

const char *conn_describe(const struct scn_conn *conn, const struct btw_msg *msg, struct scn_arena *arena)
{
    const struct scn_run *run = conn->run;
    if (msg->type == BTW_PIECE) {
        for (int i = 0; i < SCN_TORRENTS_MAX && run->torrents[i]; i++) {
            if (conn->torrent == run->torrents[i] && msg->data.len > 0 && run->torrents[i]->read &&
                watch_content(conn, msg->piece, msg->begin, msg->data))
                return scn_arena_format(arena, "piece piece=%u begin=%u data=block($t%d,%u,%u,%zu)", msg->piece,
                                        msg->begin, i + 1, msg->piece, msg->begin, msg->data.len);
        }
    }
    char small[512];
    size_t len = 0;
    if (btw_msg_print(small, sizeof small, &len, msg, BTW_PRINT_BRIEF) == BTW_OK)
        return scn_arena_text(arena, small, len);
    char *text = scn_arena_get(arena, len + 1);
    return btw_msg_print(text, len + 1, &len, msg, BTW_PRINT_BRIEF) == BTW_OK ? text : "?";
}

static void show(struct scn_conn *conn, bool sent, const struct btw_msg *msg)
{
    struct scn_arena *arena = scn_arena_new();
    scn_timeline_msg(conn->run->timeline, run_time(conn->run), conn->name, sent, conn_describe(conn, msg, arena));
    scn_arena_free(arena);
}

/* ---- the inbox
 * ---------------------------------------------------------------------------------------------------------- */

void conn_pop(struct scn_conn *conn)
{
    struct inbox_item *item = conn->inbox;
    conn->inbox = item->next;
    if (!conn->inbox)
        conn->inbox_last = &conn->inbox;
    conn->inbox_bytes -= item->size;
    conn->run->world->inbox_bytes -= item->size;
    free(item);
}

static bool inbox_is_full(const struct scn_conn *conn)
{
    return conn->inbox_bytes > CONN_INBOX_MAX || conn->run->world->inbox_bytes > INBOXES_MAX;
}

/* In a full inbox the oldest messages give way. */
static struct inbox_item *inbox_push(struct scn_conn *conn, const struct btw_msg *msg, bool garbage)
{
    struct inbox_item *item = run_must(malloc(sizeof *item + msg->data.len));
    item->next = NULL;
    item->msg = *msg;
    item->garbage = garbage;
    item->answered = false;
    item->size = sizeof *item + msg->data.len;
    if (msg->data.len)
        memcpy(item->bytes, msg->data.data, msg->data.len);
    item->msg.data.data = item->bytes;
    *conn->inbox_last = item;
    conn->inbox_last = &item->next;
    conn->inbox_bytes += item->size;
    conn->run->world->inbox_bytes += item->size;
    while (inbox_is_full(conn) && conn->inbox != item)
        conn_pop(conn);
    return item;
}

/* ---- bytes that come
 * ---------------------------------------------------------------------------------------------------- */

static void count_extended(struct scn_conn *conn, const struct btw_msg *msg)
{
    if (msg->ext && msg->ext == conn->our_metadata_id)
        conn->metadata_messages++;
    if (msg->ext && msg->ext == conn->our_pex_id)
        conn->pex_messages++;
}

static void count_wrong(struct scn_conn *conn, const struct btw_msg *msg)
{
    const struct scn_torrent *torrent = conn->torrent;
    if (torrent && torrent->known && torrent->read && msg->data.len &&
        !watch_content(conn, msg->piece, msg->begin, msg->data))
        conn->wrong_pieces++;
}

static void take_message(struct scn_conn *conn, const struct btw_msg *msg, bool bad_wire, bool garbage)
{
    struct scn_run *run = conn->run;
    run->messages++;
    btw_monitor_sent(conn->monitor, conn->target, msg, bad_wire, run_now(run));
    show(conn, false, msg);
    if (msg->type == BTW_HANDSHAKE) {
        memcpy(run->result.peer_id, msg->peer_id, sizeof run->result.peer_id);
        run->world->alive_seen = true;
    }
    if (msg->type == BTW_EXTENDED) {
        count_extended(conn, msg);
        learn_received(conn, msg);
    }
    if (msg->type == BTW_PIECE)
        count_wrong(conn, msg);
    const struct btw_view *view = conn_view(conn, true);
    if (view->client[0] && (!run->result.client || strcmp(run->result.client, view->client) != 0))
        run->result.client = scn_arena_text(run->arena, view->client, strlen(view->client));
    struct inbox_item *item = inbox_push(conn, msg, garbage);
    sync_sees(conn, msg);
    step_watch(run, conn, item);
    if (!run->done)
        reflex_received(conn, item);
}

/* An accepted connection that opens with something else than a handshake is taken for an MSE try: it is closed, and the
 * target's clear text redial is waited for. */
static bool wants_redial(const struct scn_conn *conn)
{
    return conn->listener && !conn->cloak && !conn_view(conn, false)->handshake_seen;
}

static void take_garbage(struct scn_conn *conn, const struct btw_msg *msg, const struct btw_diag *diag)
{
    conn->in_garbage = true;
    scn_timeline_note(conn->run->timeline, run_time(conn->run), conn->name, "# not a BitTorrent stream any more: %s",
                      diag->text);
    if (msg->type == BTW_RAW && msg->data.len)
        take_message(conn, msg, true, true);
    if (wants_redial(conn))
        conn_forget(conn);
}

static void grow(uint8_t **buffer, struct btw_stream *stream)
{
    size_t need = btw_stream_need(stream);
    uint8_t *bigger = run_must(malloc(need));
    btw_stream_rebuffer(stream, bigger, need);
    free(*buffer);
    *buffer = bigger;
}

void conn_spoil(struct scn_conn *conn, const char *why)
{
    conn->in_garbage = true;
    conn->error = why;
    scn_timeline_note(conn->run->timeline, run_time(conn->run), conn->name, "# %s", why);
}

/* A run must end, whatever the target sends and however fast. */
static void stop_flood(struct scn_run *run)
{
    if (run->messages > RUN_MESSAGES_MAX || run->bytes > RUN_BYTES_MAX)
        scn_run_abort(run, SCN_FAIL,
                      scn_arena_format(run->arena, "the target floods: more than %d messages or %d MiB",
                                       RUN_MESSAGES_MAX, RUN_BYTES_MAX >> 20));
}

void scn_conn_received(struct scn_conn *conn, struct btw_slice bytes)
{
    struct scn_run *run = conn->run;
    run->awake = true;
    run->bytes += bytes.len;
    if (!cloak_received(conn, &bytes)) {
        stop_flood(run);
        return;
    }
    if (run->tap)
        run->tap(run->tap_user, conn, false, bytes, run_now(run));
    while (!conn->in_garbage && conn->handle && !run->done) {
        struct btw_msg msg = { .type = BTW_KEEPALIVE };
        struct btw_diag diag = { 0 };
        enum btw_status status = btw_stream_next(&conn->in, &bytes, &msg, &diag);
        if (status == BTW_MORE)
            break;
        if (status == BTW_NO_SPACE)
            grow(&conn->in_buffer, &conn->in);
        else if (status == BTW_TOO_LONG || (status == BTW_BAD_WIRE && !conn_view(conn, true)->handshake_seen))
            take_garbage(conn, &msg, &diag);
        else
            take_message(conn, &msg, status == BTW_BAD_WIRE, false);
        stop_flood(run);
    }
    stop_flood(run);
}

/* ---- bytes that go
 * ------------------------------------------------------------------------------------------------------ */

static void learn_our_extensions(struct scn_conn *conn, const struct btw_msg *msg)
{
    struct btw_slice m;
    int64_t id;
    size_t used;
    unsigned flaws;
    conn->metadata_sure = false;
    if (btw_ben_check_lenient(msg->data, &used, &flaws, NULL) != BTW_OK)
        return;
    struct btw_slice dict = { msg->data.data, used };
    conn->said_metadata_size = conn->said_metadata_size || btw_ben_get_int(dict, "metadata_size", &id);
    if (!btw_ben_get(dict, "m", &m))
        return;
    if (btw_ben_get_int(m, "ut_metadata", &id) && id >= 0 && id <= 255) {
        conn->our_metadata_id = (uint8_t)id;
        conn->metadata_sure = flaws == 0 && used == msg->data.len;
    }
    if (btw_ben_get_int(m, "ut_pex", &id) && id >= 0 && id <= 255)
        conn->our_pex_id = (uint8_t)id;
}

static void sent_message(struct scn_conn *conn, const struct btw_msg *msg, bool bad_wire)
{
    struct scn_run *run = conn->run;
    if (msg->type == BTW_HANDSHAKE) {
        const struct scn_torrent *named = scn_world_torrent_of(run->world, msg->info_hash);
        if (named)
            conn->torrent = named;
        if (conn->torrent && conn->torrent->known)
            btw_monitor_set_geometry(conn->monitor, conn->torrent->meta.pieces,
                                     (uint32_t)conn->torrent->meta.piece_length, conn->torrent->meta.total_length);
        if (conn->torrent && conn->torrent->known)
            btw_monitor_set_v2(conn->monitor, conn->torrent->meta.has_v2 ? conn->torrent->meta.info_hash_v2 : NULL,
                               conn->torrent->piece_sizes);
    }
    if (msg->type == BTW_PIECE)
        watch_delivery(conn, msg);
    if (msg->type == BTW_EXTENDED && msg->ext == 0)
        learn_our_extensions(conn, msg);
    btw_monitor_sent(conn->monitor, conn->target == BTW_DIALLER ? BTW_ACCEPTOR : BTW_DIALLER, msg, bad_wire,
                     run_now(run));
    reflex_sent(conn, msg);
    show(conn, true, msg);
}

/* Whatever follows is no stream of messages: the monitor must not judge the target by what it cannot read. */
static void sent_garbage(struct scn_conn *conn, struct btw_slice bytes)
{
    struct btw_msg raw = { .type = BTW_RAW, .data = bytes };
    btw_monitor_gap(conn->monitor, conn->target == BTW_DIALLER ? BTW_ACCEPTOR : BTW_DIALLER);
    show(conn, true, &raw);
}

void conn_put(struct scn_conn *conn, struct btw_slice bytes)
{
    struct scn_run *run = conn->run;
    if (!conn->handle || !conn->opened || conn->our_end || bytes.len == 0 || !cloak_is_open(conn))
        return;
    run->link->ops->send(run->link, conn->handle, cloak_encrypt(conn, bytes));
    conn->last_sent_ms = run_now(run);
    conn_sent(conn, bytes);
}

void conn_sent(struct scn_conn *conn, struct btw_slice bytes)
{
    struct scn_run *run = conn->run;
    if (bytes.len == 0)
        return;
    if (run->tap)
        run->tap(run->tap_user, conn, true, bytes, run_now(run));
    if (conn->out_garbage)
        sent_garbage(conn, bytes);
    while (!conn->out_garbage) {
        struct btw_msg msg = { .type = BTW_KEEPALIVE };
        struct btw_slice before = bytes;
        enum btw_status status = btw_stream_next(&conn->out, &bytes, &msg, NULL);
        if (status == BTW_MORE)
            break;
        if (status == BTW_NO_SPACE) {
            grow(&conn->out_buffer, &conn->out);
        } else if (status == BTW_TOO_LONG || (status == BTW_BAD_WIRE && !conn_view(conn, false)->handshake_seen)) {
            conn->out_garbage = true;
            sent_garbage(conn, before);
        } else {
            sent_message(conn, &msg, status == BTW_BAD_WIRE);
        }
    }
}

/* ---- beginning and end
 * -------------------------------------------------------------------------------------------------- */

static void streams_start(struct scn_conn *conn)
{
    free(conn->in_buffer);
    free(conn->out_buffer);
    conn->in_buffer = run_must(malloc(BUFFER_START));
    conn->out_buffer = run_must(malloc(BUFFER_START));
    btw_stream_init(&conn->in, conn->in_buffer, BUFFER_START, CONN_LEN_MAX, true);
    btw_stream_init(&conn->out, conn->out_buffer, BUFFER_START, CONN_LEN_MAX, true);
    conn->in_garbage = conn->out_garbage = false;
}

/* Brings the connection back to the state before any byte; a name may be dialled or accepted again. */
static void reset(struct scn_conn *conn)
{
    cloak_free(conn);
    btw_monitor_free(conn->monitor);
    conn->monitor = NULL;
    conn->monitor_ended = false;
    conn->opened = conn->refused = false;
    conn->target_end = conn->our_end = BTW_END_NONE;
    conn->target_first = false;
    conn->error = NULL;
    conn->torrent = NULL;
    conn->our_metadata_id = conn->our_pex_id = 0;
    conn->said_metadata_size = false;
    conn->serve_left = INT64_MAX;
    conn->corrupt = -1;
    conn->we_choke = true;
    while (conn->inbox)
        conn_pop(conn);
    outbox_free(conn);
    sync_stop(conn);
    streams_start(conn);
}

void conn_dial(struct scn_conn *conn, const struct scn_dial *how)
{
    struct scn_run *run = conn->run;
    conn_forget(conn);
    reset(conn);
    conn->target = BTW_ACCEPTOR;
    conn->source = how->source;
    conn->v6 = how->v6;
    conn->how = *how;
    scn_timeline_note(run->timeline, run_time(run), conn->name, "dial");
    conn->handle = run->link->ops->dial(run->link, conn, how);
}

void scn_conn_opened(struct scn_conn *conn)
{
    conn->run->awake = true;
    if (conn->plan)
        cloak_start(conn); /* it is ready when that has come to an end */
    else
        conn_ready(conn);
}

void conn_ready(struct scn_conn *conn)
{
    if (conn->opened)
        return;
    conn->opened = true;
    conn->last_sent_ms = run_now(conn->run);
    watch_start(conn);
    scn_timeline_note(conn->run->timeline, run_time(conn->run), conn->name, "# connected");
}

struct scn_conn *scn_conn_accepted(struct scn_listener *listener, void *handle)
{
    struct scn_conn *conn = listener->conn;
    bool end_is_news = conn->target_end != BTW_END_NONE && conn->ended_behind == conn->run->advances;
    conn->accepts++;
    if (conn_is_open(conn) || end_is_news || listener->run->done)
        return NULL; /* a script that has not seen the end yet would take the new one for the old */
    conn_forget(conn);
    reset(conn);
    conn->target = BTW_DIALLER;
    conn->handle = handle;
    conn_ready(conn); /* encrypted or not is the dialling side's choice */
    if (conn->plan)
        cloak_start(conn);
    return conn;
}

bool conn_is_open(const struct scn_conn *conn)
{
    return conn->handle && conn->opened && conn->target_end == BTW_END_NONE && conn->our_end != BTW_END_RST;
}

void scn_conn_ended(struct scn_conn *conn, enum btw_end how, const char *error)
{
    struct scn_run *run = conn->run;
    run->awake = true;
    conn->refused = !conn->opened;
    if (conn->refused && cloak_was_unlucky(conn)) {
        scn_timeline_note(run->timeline, run_time(run), conn->name, "# closed; the secret begins with a zero byte");
        struct scn_dial again = conn->how;
        conn_dial(conn, &again);
        return;
    }
    if (conn->cloak && conn->refused && !conn->in_garbage)
        conn_spoil(conn, "the target closed the connection during the encrypted handshake");
    conn->target_end = how;
    conn->target_first = conn->our_end == BTW_END_NONE;
    conn->end_ms = run_now(run);
    conn->ended_behind = run->advances;
    if (error)
        conn->error = scn_arena_text(run->arena, error, strlen(error));
    scn_timeline_note(run->timeline, run_time(run), conn->name, "closes %s%s%s", how == BTW_END_FIN ? "fin" : "rst",
                      error ? "  # " : "", error ? error : "");
    watch_end(conn, &conn->target);
}

void scn_conn_drained(struct scn_conn *conn)
{
    conn->run->awake = true;
    outbox_pump(conn);
}

void conn_forget(struct scn_conn *conn)
{
    if (!conn->handle)
        return;
    watch_end(conn, NULL);
    conn->run->link->ops->forget(conn->run->link, conn->handle);
    conn->handle = NULL;
}

void conn_free(struct scn_conn *conn)
{
    conn_forget(conn);
    cloak_free(conn);
    if (conn->listener && conn->listener->handle)
        conn->run->link->ops->unlisten(conn->run->link, conn->listener->handle);
    free(conn->listener);
    btw_monitor_free(conn->monitor);
    while (conn->inbox)
        conn_pop(conn);
    outbox_free(conn);
    free(conn->in_buffer);
    free(conn->out_buffer);
    free(conn);
}

struct scn_run *scn_conn_run(const struct scn_conn *conn)
{
    return conn->run;
}

struct scn_run *scn_listener_run(const struct scn_listener *listener)
{
    return listener->run;
}

unsigned scn_conn_number(const struct scn_conn *conn)
{
    return conn->number;
}

/* ---- capabilities
 * ------------------------------------------------------------------------------------------------------- */

static bool both_bits(const struct scn_conn *conn, const char *bit)
{
    const struct btw_view *ours = conn_view(conn, false), *theirs = conn_view(conn, true);
    return ours->handshake_seen && theirs->handshake_seen && btw_reserved_has(ours->handshake.reserved, bit) &&
           btw_reserved_has(theirs->handshake.reserved, bit);
}

bool conn_can(const struct scn_conn *conn, int capability)
{
    const struct btw_view *theirs = conn_view(conn, true);
    switch ((enum scn_capability)capability) {
    case SCN_CAP_fast:
        return both_bits(conn, "fast");
    case SCN_CAP_ext:
        return both_bits(conn, "ext");
    case SCN_CAP_dht:
        return both_bits(conn, "dht");
    case SCN_CAP_ut_metadata:
        return theirs->ext_id_of_ut_metadata != 0;
    case SCN_CAP_ut_pex:
        return theirs->ext_id_of_ut_pex != 0;
    case SCN_CAP_reqq:
        return theirs->reqq >= 0;
    case SCN_CAP_unchoked:
        return !theirs->choking;
    case SCN_CAP_open:
        return conn_is_open(conn);
    case SCN_CAP_metadata:
        return conn->torrent && conn->torrent->known;
    case SCN_CAP_mse:
        return cloak_method(conn) != 0;
    case SCN_CAP_v2:
        return conn->torrent && conn->torrent->known && conn->torrent->meta.has_v2;
    case SCN_CAP_mse_dials:
    case SCN_CAP_ipv6:
    case SCN_CAP_dials:
    case SCN_CAPABILITIES:
        break;
    }
    return (conn->run->world->capabilities >> capability) & 1;
}

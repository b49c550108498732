/* SPDX-License-Identifier: MIT
 *
 * The monitor of a connection: what it is told of the world, and what becomes of what it finds.
 */
#include <stdlib.h>

#include "btw/merkle.h"
#include "run_state.h"

bool watch_content(const struct scn_conn *conn, uint32_t piece, uint32_t begin, struct btw_slice data)
{
    uint8_t *want = run_must(malloc(data.len + 1));
    bool same =
        scn_torrent_block(conn->torrent, piece, begin, want, data.len) && memcmp(want, data.data, data.len) == 0;
    free(want);
    return same;
}

static bool content_is(void *user, uint32_t piece, uint32_t begin, struct btw_slice data)
{
    return watch_content(user, piece, begin, data);
}

static uint32_t blocks_per_piece(const struct scn_torrent *torrent)
{
    return (uint32_t)((torrent->meta.piece_length + BTW_BLOCK_SIZE - 1) / BTW_BLOCK_SIZE);
}

/* What of a piece has to be sent.  The zeros that fill up the end of a hybrid's file are in no file of either version,
 * and known without being asked for (BEP 47). */
static uint32_t size_to_deliver(const struct scn_torrent *torrent, uint32_t piece)
{
    bool filled = torrent->piece_sizes != NULL && piece < torrent->meta.pieces;
    return filled ? torrent->piece_sizes[piece] : scn_torrent_piece_size(torrent, piece);
}

/* All blocks of the piece have been sent to the target, right, by some connection of this run. */
static bool delivered(void *user, enum btw_side side, uint32_t piece, int64_t now_ms)
{
    const struct scn_conn *conn = user;
    const struct scn_run *run = conn->run;
    (void)now_ms;
    if (side != conn->target || !run->delivered || conn->torrent != run->torrents[0])
        return true; /* not known: not judged */
    uint32_t per = blocks_per_piece(conn->torrent);
    uint32_t blocks = (size_to_deliver(conn->torrent, piece) + BTW_BLOCK_SIZE - 1) / BTW_BLOCK_SIZE;
    for (uint32_t b = 0; b < blocks; b++) {
        size_t bit = (size_t)piece * per + b;
        if (bit >= run->delivered_blocks || !btw_bit_get(run->delivered, bit))
            return false;
    }
    return true;
}

void watch_delivery(struct scn_conn *conn, const struct btw_msg *msg)
{
    struct scn_run *run = conn->run;
    const struct scn_torrent *torrent = conn->torrent;
    if (!run->delivered || torrent != run->torrents[0] || !torrent->read)
        return;
    uint32_t size = scn_torrent_piece_size(torrent, msg->piece);
    struct btw_slice data = msg->data; /* zeros behind the end of a file are no part of it (BEP 52) */
    if (torrent->piece_sizes != NULL && msg->begin < size && data.len > size - msg->begin)
        data.len = size - msg->begin;
    if (msg->begin % BTW_BLOCK_SIZE != 0 || !content_is(conn, msg->piece, msg->begin, data))
        return;
    size_t bit = (size_t)msg->piece * blocks_per_piece(torrent) + msg->begin / BTW_BLOCK_SIZE;
    if (bit < run->delivered_blocks)
        btw_bit_set(run->delivered, bit, true);
}

static enum scn_verdict verdict_of(enum btw_verdict verdict)
{
    static const enum scn_verdict map[] = { SCN_PASS, SCN_INFO, SCN_WARN, SCN_FAIL };
    return map[verdict];
}

/* A breach; only the target's count, and each rule is kept once per run with the worst verdict. */
static void found(void *user, const struct btw_finding *finding)
{
    struct scn_conn *conn = user;
    struct scn_run *run = conn->run;
    enum scn_verdict verdict = verdict_of(finding->verdict);
    if (finding->side != conn->target || verdict <= SCN_INFO)
        return;
    for (size_t i = 0; i < run->result.finding_count; i++) {
        struct scn_finding *old = &run->findings[i];
        if (old->rule == finding->rule) {
            old->count++;
            if (verdict > old->verdict)
                old->verdict = verdict;
            return;
        }
    }
    if (run->result.finding_count == RUN_FINDINGS_MAX)
        return;
    run->findings[run->result.finding_count++] = (struct scn_finding){
        .rule = finding->rule,
        .verdict = verdict,
        .conn = conn->name,
        .text = scn_arena_text(run->arena, finding->text, strlen(finding->text)),
        .time_ms = finding->time_ms - run->result.started_ms,
        .count = 1,
    };
    scn_timeline_note(run->timeline, run_time(run), conn->name, "# %s: %s", finding->rule->id, finding->text);
}

/* Layers of the tree of a file above its leaves; -1: the torrent has no such file. */
static int hash_height(void *user, const uint8_t root[32])
{
    const struct scn_conn *conn = user;
    struct btw_metainfo_files files;
    struct btw_metainfo_file file;
    if (!conn->torrent->meta.has_v2)
        return -1;
    files = btw_metainfo_files_v2(&conn->torrent->meta);
    while (btw_metainfo_next_file(&files, &file)) {
        if (file.root != NULL && memcmp(file.root, root, BTW_SHA256_SIZE) == 0)
            return (int)btw_merkle_height(file.length);
    }
    return -1;
}

static void world_of(struct scn_conn *conn, struct btw_monitor_world *out)
{
    const struct scn_run *run = conn->run;
    const struct scn_torrent *torrent = conn->torrent;
    memset(out, 0, sizeof *out);
    out->user = conn;
    out->delivered = delivered;
    if (torrent && torrent->known) {
        out->pieces = torrent->meta.pieces;
        out->piece_length = (uint32_t)torrent->meta.piece_length;
        out->total_length = torrent->meta.total_length;
        out->content = torrent->read ? content_is : NULL;
        out->info_hash_v2 = torrent->meta.has_v2 ? torrent->meta.info_hash_v2 : NULL;
        out->piece_sizes = torrent->piece_sizes;
        out->hash_height = hash_height;
    }
    enum btw_side near = conn->target == BTW_DIALLER ? BTW_ACCEPTOR : BTW_DIALLER;
    out->side[conn->target].complete = run->world->role == SCN_TARGET_SEED;
    out->side[conn->target].magnet = run->world->role == SCN_TARGET_MAGNET;
    out->side[conn->target].metadata = run->world->role != SCN_TARGET_MAGNET;
    out->v1_only = torrent && torrent->known && !torrent->meta.has_v2;
    out->side[conn->target].listen_port = run->world->listen_port;
    out->side[conn->target].tracker_ids = run->world->tracker_ids;
    out->side[conn->target].tracker_id_count = run->world->tracker_id_count;
    out->side[conn->target].earlier_ids = run->world->earlier_ids;
    out->side[conn->target].earlier_id_count = run->world->earlier_id_count;
    if (conn->address_known) {
        memcpy(out->side[near].address, conn->address.bytes, sizeof conn->address.bytes);
        out->side[near].address_len = conn->address.len;
        out->side[near].port = conn->address.port;
    }
}

void watch_start(struct scn_conn *conn)
{
    struct btw_monitor_world world;
    if (!conn->torrent)
        conn->torrent = conn->run->torrents[0];
    conn->address_known = conn->run->link->ops->address(conn->run->link, conn->handle, &conn->address);
    world_of(conn, &world);
    conn->monitor = run_must(btw_monitor_new(&world, BTW_GRACE_MS_DEFAULT, found, conn));
}

const struct btw_view *conn_view(const struct scn_conn *conn, bool of_target)
{
    static const struct btw_view nothing = { .choking = true, .metadata_size = -1, .reqq = -1 };
    enum btw_side near = conn->target == BTW_DIALLER ? BTW_ACCEPTOR : BTW_DIALLER;
    return conn->monitor ? btw_monitor_view(conn->monitor, of_target ? conn->target : near) : &nothing;
}

void watch_end(struct scn_conn *conn, const enum btw_side *by)
{
    if (!conn->monitor || conn->monitor_ended)
        return;
    conn->monitor_ended = true;
    btw_monitor_end(conn->monitor, by, run_now(conn->run));
}

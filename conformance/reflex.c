/* SPDX-License-Identifier: MIT
 *
 * What the scripted peer does by itself, so that real clients stay: it answers requests for blocks and metadata when it
 * plays a peer that has them, and keeps quiet connections alive.
 */
#include <stdio.h>
#include <stdlib.h>

#include "btw/bencode.h"
#include "hashes.h"
#include "run_state.h"

enum { KEEPALIVE_MS = 90000, LEAVES_MAX = 100 };

static bool may_ask(const struct scn_conn *conn, uint32_t piece)
{
    enum btw_side ours = conn->target == BTW_DIALLER ? BTW_ACCEPTOR : BTW_DIALLER;
    return !conn->we_choke || btw_monitor_allowed_fast(conn->monitor, ours, piece);
}

/* BEP 52: libtorrent asks for whole blocks at the end of a file, and goes on only when the rest is filled up. */
static bool over_the_end(const struct scn_torrent *torrent, const struct btw_msg *request, uint8_t *out)
{
    uint32_t size = scn_torrent_piece_size(torrent, request->piece);
    if (torrent->piece_sizes == NULL || request->begin >= size ||
        (uint64_t)request->begin + request->length > torrent->meta.piece_length)
        return false;
    memset(out, 0, request->length);
    return scn_torrent_block(torrent, request->piece, request->begin, out, size - request->begin);
}

static bool answer_block(struct scn_conn *conn, const struct btw_msg *request)
{
    if (conn->serve_left <= 0 || !conn->torrent || request->length > BTW_LEN_MAX_DEFAULT ||
        !may_ask(conn, request->piece))
        return false;
    uint8_t *block = malloc(request->length + 1u);
    if (!block)
        abort();
    bool there = scn_torrent_block(conn->torrent, request->piece, request->begin, block, request->length) ||
                 over_the_end(conn->torrent, request, block);
    if (there) {
        if (conn->serve_left != INT64_MAX)
            conn->serve_left--;
        if (conn->corrupt == (int64_t)request->piece && request->length) {
            block[0] ^= 0xff;
            conn->corrupt = -1;
        }
        struct btw_msg piece = {
            .type = BTW_PIECE, .piece = request->piece, .begin = request->begin, .data = { block, request->length }
        };
        outbox_add_msg(conn, &piece);
    }
    free(block);
    return there;
}

/* The number of the metadata piece that this message asks for; -1: it is no such request, or there is no such piece. */
static int64_t asked_metadata(const struct scn_conn *conn, const struct btw_msg *msg)
{
    size_t used;
    unsigned flaws;
    int64_t type, piece;
    if (!msg->ext || msg->ext != conn->our_metadata_id ||
        btw_ben_check_lenient(msg->data, &used, &flaws, NULL) != BTW_OK)
        return -1;
    struct btw_slice dict = { msg->data.data, used };
    if (!btw_ben_get_int(dict, "msg_type", &type) || type != 0 || !btw_ben_get_int(dict, "piece", &piece))
        return -1;
    return piece >= 0 && piece <= INT32_MAX && (size_t)piece * BTW_BLOCK_SIZE < conn->torrent->meta.info.len ? piece
                                                                                                             : -1;
}

/* BEP 9: data behind a dictionary, in pieces of 16 KiB. */
static bool answer_metadata(struct scn_conn *conn, const struct btw_msg *msg)
{
    uint8_t out[BTW_BLOCK_SIZE + 200];
    uint8_t theirs = conn_view(conn, true)->ext_id_of_ut_metadata;
    if (!theirs || !conn->said_metadata_size || conn->serve_left <= 0 || !conn->torrent || !conn->torrent->known)
        return false;
    int64_t piece = asked_metadata(conn, msg);
    if (piece < 0)
        return false;
    struct btw_slice info = conn->torrent->meta.info;
    size_t at = (size_t)piece * BTW_BLOCK_SIZE;
    struct btw_writer w = btw_writer_on(out, sizeof out);
    btw_ben_put_dict(&w);
    btw_ben_put_key(&w, "msg_type");
    btw_ben_put_int(&w, 1);
    btw_ben_put_key(&w, "piece");
    btw_ben_put_int(&w, piece);
    btw_ben_put_key(&w, "total_size");
    btw_ben_put_int(&w, (int64_t)info.len);
    btw_ben_put_end(&w);
    btw_write_bytes(&w, btw_slice_of(info.data + at, info.len - at < BTW_BLOCK_SIZE ? info.len - at : BTW_BLOCK_SIZE));
    if (conn->corrupt == piece) {
        out[w.len / 2] ^= 0xff;
        conn->corrupt = -1;
    }
    struct btw_msg data = { .type = BTW_EXTENDED, .ext = theirs, .data = { out, w.len } };
    outbox_add_msg(conn, &data);
    return true;
}

/* BEP 52: every hash request is answered.  What lies below the piece layer costs a look at the whole file, so not for
 * ever. */
static bool answer_hashes(struct scn_conn *conn, const struct btw_msg *request)
{
    struct btw_hash_range range = btw_hash_range_of(request);
    struct btw_msg answer = { .type = BTW_HASH_REJECT };
    struct btw_metainfo_file file;
    uint8_t *hashes = NULL;
    size_t len = 0;
    if (!conn->torrent || !conn->torrent->known)
        return false;
    unsigned layer = btw_merkle_piece_layer(conn->torrent->meta.piece_length);
    bool cheap = range.base >= layer || conn->leaves_told++ < LEAVES_MAX;
    if (conn->serve_left > 0 && cheap && scn_hashes_root(conn->torrent, range.root, &file) &&
        scn_hashes_answer(conn->torrent, &file, &range, false, &hashes, &len))
        answer.type = BTW_HASHES;
    btw_hash_range_put(&answer, &range);
    answer.data = btw_slice_of(hashes, len);
    outbox_add_msg(conn, &answer);
    free(answer.type == BTW_HASHES ? hashes : NULL);
    return true;
}

void reflex_received(struct scn_conn *conn, struct inbox_item *item)
{
    if (conn->run->scenario->strict || !conn_is_open(conn) || item->answered)
        return;
    if (item->msg.type == BTW_REQUEST)
        item->answered = answer_block(conn, &item->msg);
    else if (item->msg.type == BTW_HASH_REQUEST)
        item->answered = answer_hashes(conn, &item->msg);
    else if (item->msg.type == BTW_EXTENDED)
        item->answered = answer_metadata(conn, &item->msg);
}

void reflex_catch_up(struct scn_conn *conn)
{
    for (struct inbox_item *item = conn->inbox; item; item = item->next)
        reflex_received(conn, item);
}

void reflex_sent(struct scn_conn *conn, const struct btw_msg *msg)
{
    if (msg->type == BTW_CHOKE || msg->type == BTW_UNCHOKE)
        conn->we_choke = msg->type == BTW_CHOKE;
}

int64_t reflex_deadline(const struct scn_conn *conn)
{
    bool alive = !conn->run->scenario->strict && conn_is_open(conn) && !conn->our_end && !conn->outbox &&
                 conn_view(conn, true)->handshake_seen;
    return alive ? conn->last_sent_ms + KEEPALIVE_MS : INT64_MAX;
}

void reflex_tick(struct scn_conn *conn)
{
    static const struct btw_msg keepalive = { .type = BTW_KEEPALIVE };
    if (run_now(conn->run) >= reflex_deadline(conn))
        outbox_add_msg(conn, &keepalive);
}

/* SPDX-License-Identifier: MIT
 *
 * What the scripted peer does by itself, so that real clients stay: it answers requests for blocks and metadata when it plays a
 * peer that has them, and keeps quiet connections alive.
 */
#include <stdio.h>
#include <stdlib.h>

#include "btw/bencode.h"
#include "run_state.h"

enum { KEEPALIVE_MS = 90000 };

static void answer_block(struct scn_conn *conn, const struct btw_msg *request)
{
    if (conn->serve_left <= 0 || conn->we_choke || !conn->torrent || request->length > BTW_LEN_MAX_DEFAULT)
        return;
    uint8_t *block = malloc(request->length + 1u);
    if (!block)
        abort();
    if (scn_torrent_block(conn->torrent, request->piece, request->begin, block, request->length)) {
        if (conn->serve_left != INT64_MAX)
            conn->serve_left--;
        if (conn->corrupt == (int64_t)request->piece && request->length) {
            block[0] ^= 0xff;
            conn->corrupt = -1;
        }
        struct btw_msg piece = { .type = BTW_PIECE,
                                 .piece = request->piece,
                                 .begin = request->begin,
                                 .data = { block, request->length } };
        outbox_add_msg(conn, &piece);
    }
    free(block);
}

/* BEP 9: data behind a dictionary, in pieces of 16 KiB. */
static void answer_metadata(struct scn_conn *conn, const struct btw_msg *msg)
{
    uint8_t out[BTW_BLOCK_SIZE + 200];
    size_t used;
    unsigned flaws;
    int64_t type, piece;
    uint8_t theirs = conn_view(conn, true)->ext_id_of_ut_metadata;
    if (!msg->ext || msg->ext != conn->our_metadata_id || !theirs || !conn->said_metadata_size ||
        conn->serve_left <= 0 || !conn->torrent || !conn->torrent->known)
        return;
    if (btw_ben_check_lenient(msg->data, &used, &flaws, NULL) != BTW_OK)
        return;
    struct btw_slice dict = { msg->data.data, used }, info = conn->torrent->meta.info;
    if (!btw_ben_get_int(dict, "msg_type", &type) || type != 0 || !btw_ben_get_int(dict, "piece", &piece))
        return;
    if (piece < 0 || (uint64_t)piece > info.len / BTW_BLOCK_SIZE || (size_t)piece * BTW_BLOCK_SIZE >= info.len)
        return;
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
    struct btw_msg data = { .type = BTW_EXTENDED, .ext = theirs, .data = { out, w.len } };
    outbox_add_msg(conn, &data);
}

void reflex_received(struct scn_conn *conn, const struct btw_msg *msg)
{
    if (conn->run->scenario->strict || !conn_is_open(conn))
        return;
    if (msg->type == BTW_REQUEST)
        answer_block(conn, msg);
    else if (msg->type == BTW_EXTENDED)
        answer_metadata(conn, msg);
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

/* SPDX-License-Identifier: MIT
 *
 * The fence: a round trip whose answer in-order delivery puts behind everything before it.  BitTorrent has no ping, so
 * the cheapest question that this target must answer in its present state is asked.
 */
#include "btw/bencode.h"
#include "run_state.h"

enum { WEAK_MS = 10000 };

static void send_simple(struct scn_conn *conn, enum btw_type type)
{
    struct btw_msg msg = { .type = type };
    outbox_add_msg(conn, &msg);
}

/* A piece whose request is not under way: from the last one backwards, so that scripts may use the first ones. */
static void ask_block(struct scn_conn *conn)
{
    const struct scn_torrent *torrent = conn->torrent;
    uint32_t piece = torrent->meta.pieces - 1;
    uint32_t size = scn_torrent_piece_size(torrent, piece);
    struct btw_msg msg = { .type = BTW_REQUEST,
                           .piece = piece,
                           .length = size < BTW_BLOCK_SIZE ? size : BTW_BLOCK_SIZE };
    conn->sync.method = SYNC_BLOCK;
    conn->sync.piece = piece;
    outbox_add_msg(conn, &msg);
}

static void ask_metadata(struct scn_conn *conn)
{
    static const char request[] = "d8:msg_typei0e5:piecei0ee";
    struct btw_msg msg = { .type = BTW_EXTENDED,
                           .ext = conn_view(conn, true)->ext_id_of_ut_metadata,
                           .data = btw_slice_str(request) };
    conn->sync.method = SYNC_METADATA;
    outbox_add_msg(conn, &msg);
}

/* A leech answers the first HAVE of a piece it misses with Interested. */
static void ask_interest(struct scn_conn *conn)
{
    struct btw_msg msg = { .type = BTW_HAVE, .piece = conn->torrent->meta.pieces - 1 };
    conn->sync.method = SYNC_INTEREST;
    outbox_add_msg(conn, &msg);
}

static void ask_unchoke(struct scn_conn *conn)
{
    conn->sync.method = SYNC_UNCHOKE;
    if (!conn_view(conn, false)->interested)
        send_simple(conn, BTW_INTERESTED);
}

void sync_start(struct scn_conn *conn)
{
    const struct btw_view *theirs = conn_view(conn, true);
    enum scn_target role = conn->run->world->role;
    bool geometry = conn->torrent && conn->torrent->known;
    conn->sync = (struct sync){ .method = SYNC_WEAK, .until = run_now(conn->run) + run_scaled(conn->run, WEAK_MS) };
    if (role == SCN_TARGET_SEED && geometry && (!theirs->choking || conn_can(conn, SCN_CAP_fast)))
        ask_block(conn);
    else if (theirs->ext_id_of_ut_metadata && conn->our_metadata_id && conn->metadata_sure)
        ask_metadata(conn);
    else if (role == SCN_TARGET_SEED && geometry)
        ask_unchoke(conn);
    else if (role == SCN_TARGET_LEECH && geometry && !theirs->interested)
        ask_interest(conn);
}

void sync_stop(struct scn_conn *conn)
{
    conn->sync = (struct sync){ .method = SYNC_NONE };
}

static bool is_metadata_answer(const struct scn_conn *conn, const struct btw_msg *msg)
{
    size_t used;
    unsigned flaws;
    int64_t type;
    return msg->type == BTW_EXTENDED && msg->ext == conn->our_metadata_id &&
           btw_ben_check_lenient(msg->data, &used, &flaws, NULL) == BTW_OK &&
           btw_ben_get_int(btw_slice_of(msg->data.data, used), "msg_type", &type) && type != 0;
}

bool sync_sees(struct scn_conn *conn, const struct btw_msg *msg)
{
    struct sync *sync = &conn->sync;
    bool answer = false;
    if (sync->answered)
        return false;
    switch (sync->method) {
    case SYNC_BLOCK:
        answer = (msg->type == BTW_PIECE || msg->type == BTW_REJECT) && msg->piece == sync->piece && msg->begin == 0;
        break;
    case SYNC_METADATA:
        answer = is_metadata_answer(conn, msg);
        break;
    case SYNC_UNCHOKE:
        if (msg->type == BTW_UNCHOKE)
            ask_block(conn);
        break;
    case SYNC_INTEREST:
        answer = msg->type == BTW_INTERESTED;
        break;
    case SYNC_NONE:
    case SYNC_WEAK:
        break;
    }
    sync->answered = answer;
    return answer;
}

bool sync_is_over(struct scn_conn *conn)
{
    struct sync *sync = &conn->sync;
    if (sync->method == SYNC_WEAK && run_now(conn->run) >= sync->until) {
        conn->run->result.weak = true;
        sync->answered = true;
    }
    return sync->answered;
}

int64_t sync_deadline(const struct scn_conn *conn)
{
    return conn->sync.method == SYNC_WEAK && !conn->sync.answered ? conn->sync.until : INT64_MAX;
}

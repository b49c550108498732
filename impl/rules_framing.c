/* SPDX-License-Identifier: MIT
 *
 * Rules about frames: their layout, their ids, the numbers in them, and the silence between them.
 */
#include "rules.h"

enum { SILENCE_DEAD_MS = 300000 };

void message_framing(const struct judge *j)
{
    struct btw_slice raw = j->msg->data;
    struct btw_reader r;

    if (j->msg->type == BTW_HANDSHAKE) {
        if (j->self->view.handshake_seen)
            breach(j, BTW_FAIL, "sends a second handshake inside the stream");
        return;
    }
    if (!j->bad_wire || raw.len < 4 || !(j->self->view.handshake_seen || j->monitor->world.truncated_start))
        return;
    r = btw_reader_of(raw);
    if (raw.len == 4) {
        /* Whoever asked for a huge or an empty block may get a huge one. */
        if (!j->other->odd_request && is_clear(j->other, ON(BTW_REQUEST)))
            breach(j, BTW_FAIL, "announces a message of %u bytes", btw_read_u32(&r));
        return;
    }
    breach(j, BTW_FAIL, "sends %s with a length of %u", name_of(raw_type(j->msg)), btw_read_u32(&r));
}

/* Judged when something shows that the connection is still there: a silent wire may simply be cut. */
void keep_alive_interval(const struct judge *j)
{
    int64_t silence_ms = j->now_ms - j->self->last_ms;
    enum btw_verdict verdict = silence_ms >= SILENCE_DEAD_MS  ? BTW_FAIL
                               : silence_ms > SILENCE_LONG_MS ? BTW_WARN
                                                              : BTW_PASS;

    if (j->monitor->ended || verdict <= j->self->silence_told || !is_whole(j->monitor, j->self) ||
        !j->other->view.handshake_seen)
        return;
    j->self->silence_told = verdict;
    breach(j, verdict, "was silent for %lld s", (long long)(silence_ms / 1000));
}

void index_in_range(const struct judge *j)
{
    const struct btw_monitor_world *world = &j->monitor->world;
    const struct btw_msg *msg = j->msg;
    uint64_t length = msg->type == BTW_PIECE ? msg->data.len : msg->length;
    bool exact;

    if (world->pieces == 0) {
        settle(j, ON_EVERYTHING);
        return;
    }
    /* Fields that a message has not got are zero.  An answer repeats what was asked, however odd. */
    if ((msg->type == BTW_PIECE || msg->type == BTW_REJECT) &&
        (j->other->odd_request || !is_clear(j->other, ON(BTW_REQUEST)) || j->other->gap))
        return;
    if (msg->piece >= world->pieces)
        breach(j, BTW_FAIL, "%s names piece %u of a torrent of %u pieces", name_of(msg->type), msg->piece,
               world->pieces);
    else if (world->piece_sizes != NULL && msg->begin + length <= world->piece_length)
        return; /* beyond the end of a file at most (BEP52-PC-01) */
    else if (world->piece_length > 0 && msg->begin + length > piece_size(world, msg->piece, &exact))
        breach(j, BTW_FAIL, "%s names piece %u begin %u length %llu, but the piece has %u bytes", name_of(msg->type),
               msg->piece, msg->begin, (unsigned long long)length, piece_size(world, msg->piece, &exact));
}

/* Reject answers requests of v2 sessions without Fast, too (BEP 52). */
static bool needs_fast(const struct judge *j)
{
    uint32_t types = j->monitor->world.v1_only ? ON_FAST : ON_FAST & ~ON(BTW_REJECT);

    return (ON(j->msg->type) & types) != 0;
}

static bool both_handshakes(const struct judge *j)
{
    return j->self->view.handshake_seen && j->other->view.handshake_seen && !j->other->dead;
}

void message_id_assigned(const struct judge *j)
{
    const struct btw_msg *msg = j->msg;

    if (j->monitor->fast)
        settle(j, ON_FAST);
    if (msg->type == BTW_RAW) {
        if (!j->bad_wire && msg->data.len > 4 && raw_type(msg) == BTW_RAW)
            breach(j, BTW_WARN, "sends message id %u, which nobody has assigned", msg->data.data[4]);
    } else if (both_handshakes(j)) {
        if (needs_fast(j) && !j->monitor->fast)
            breach(j, BTW_WARN, "sends %s, but not both sides set the fast bit", name_of(msg->type));
        if (msg->type == BTW_EXTENDED && !j->monitor->ext && !j->other->view.ext_handshake_seen)
            breach(j, BTW_WARN, "sends extended, but not both sides set the extension bit");
    }
}

void port_layout(const struct judge *j)
{
    if (j->msg->type == BTW_PORT && j->msg->port == 0)
        breach(j, BTW_FAIL, "tells UDP port 0");
    if (j->msg->type == BTW_RAW && j->bad_wire && raw_type(j->msg) == BTW_PORT)
        breach(j, BTW_FAIL, "sends port in a frame of %zu bytes; it has 7", j->msg->data.len);
}

void port_negotiated(const struct judge *j)
{
    if (both_handshakes(j) && !has_bit(j->other, "dht") && j->other->view.messages[BTW_PORT] == 0)
        breach(j, BTW_WARN, "sends port to a side that has not set the dht bit");
}

void fast_negotiated(const struct judge *j)
{
    if (j->monitor->fast)
        settle(j, ON_EVERYTHING);
    if (both_handshakes(j) && needs_fast(j) && !j->monitor->fast)
        breach(j, BTW_FAIL, "sends %s, but not both sides set the fast bit", name_of(j->msg->type));
}

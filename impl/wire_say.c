/* SPDX-License-Identifier: MIT
 *
 * What we say: judged by the session, then queued.
 */
#include "session_impl.h"
#include "wire_impl.h"

enum { REQUESTS_MIN = 8 };

bool wire_grow_requests(struct btw_wire *wire, enum btw_who who)
{
    const struct btw_party *party = &wire->session.party[who];
    size_t most = wire->config.requests_max[who], cap = party->pending_cap;
    size_t wanted = cap == 0 ? REQUESTS_MIN : 2 * cap;
    struct btw_pending *pending;

    if (party->pending_count < cap || cap >= most)
        return true;
    wanted = wanted < most ? wanted : most;
    pending = wire_memory(wire, party->pending, cap * sizeof *pending, wanted * sizeof *pending);
    if (pending == NULL)
        return false;
    btw_session_set_pending(&wire->session, who, pending, wanted);
    return true;
}

static enum btw_status say(struct btw_wire *wire, const struct btw_msg *msg, int64_t now_ms)
{
    enum btw_status status;

    if (msg->type == BTW_REQUEST && !wire_grow_requests(wire, BTW_US))
        return BTW_NO_SPACE;
    if (!wire_queue_reserve(wire, wire_queue_own(msg), msg->type == BTW_PIECE))
        return BTW_NO_SPACE;
    status = btw_session_send(&wire->session, msg, now_ms, NULL);
    if (status == BTW_OK || wire->config.permissive)
        wire_queue_msg(wire, msg);
    return status;
}

/* Is there room for what we owe?  If not it is the end. */
static bool may_owe(struct btw_wire *wire, const struct btw_msg *msg)
{
    enum btw_close wrong = BTW_CLOSE_NONE;

    if (wire->closed != BTW_CLOSE_NONE)
        return false;
    if (btw_wire_queued(wire) > 2 * wire->config.queue_max)
        wrong = BTW_CLOSE_SLOW;
    else if (!wire_queue_reserve(wire, wire_queue_own(msg), false))
        wrong = BTW_CLOSE_MEMORY;
    if (wrong != BTW_CLOSE_NONE)
        btw_wire_close(wire, wrong);
    return wrong == BTW_CLOSE_NONE;
}

enum btw_status wire_owe(struct btw_wire *wire, const struct btw_msg *msg)
{
    return may_owe(wire, msg) ? say(wire, msg, wire->now_ms) : BTW_END;
}

enum btw_status btw_wire_send(struct btw_wire *wire, const struct btw_msg *msg, int64_t now_ms)
{
    size_t queued = btw_wire_queued(wire);

    if (wire->closed != BTW_CLOSE_NONE)
        return BTW_END;
    if (!wire->ready || msg->type == BTW_HANDSHAKE) {
        wire->session.breach = wire->ready ? BTW_BREACH_HANDSHAKE_TWICE : BTW_BREACH_NO_HANDSHAKE;
        return BTW_REFUSED;
    }
    if (queued > 0 && queued + btw_msg_size(msg) > wire->config.queue_max) {
        wire->queue.wanted = true;
        return BTW_NO_SPACE;
    }
    return say(wire, msg, now_ms);
}

/* --- by name ---------------------------------------------------------------------------------------------------------
 */

static enum btw_status send_block(struct btw_wire *wire, enum btw_type type, struct btw_block block, int64_t now_ms)
{
    struct btw_msg msg = { .type = type, .piece = block.piece, .begin = block.begin, .length = block.length };

    return btw_wire_send(wire, &msg, now_ms);
}

static enum btw_status send_piece(struct btw_wire *wire, enum btw_type type, uint32_t piece, int64_t now_ms)
{
    return btw_wire_send(wire, &(struct btw_msg){ .type = type, .piece = piece }, now_ms);
}

static enum btw_status send_bare(struct btw_wire *wire, enum btw_type type, int64_t now_ms)
{
    return btw_wire_send(wire, &(struct btw_msg){ .type = type }, now_ms);
}

/* Nothing to say when it is so already. */
static enum btw_status send_change(struct btw_wire *wire, enum btw_type type, bool is_so, int64_t now_ms)
{
    if (is_so && wire->closed == BTW_CLOSE_NONE && wire->ready)
        return BTW_OK;
    return send_bare(wire, type, now_ms);
}

enum btw_status btw_wire_keepalive(struct btw_wire *wire, int64_t now_ms)
{
    return send_bare(wire, BTW_KEEPALIVE, now_ms);
}

/* BEP 6: what is open is rejected, unless it is for a piece that they may ask for while they are choked. */
static void reject_open(struct btw_wire *wire)
{
    const struct btw_party *them = &wire->session.party[BTW_THEM];
    size_t kept = 0;

    while (wire->closed == BTW_CLOSE_NONE && kept < them->pending_count) {
        struct btw_block block = them->pending[kept].block;

        if (btw_party_allowed(&wire->session, BTW_US, block.piece))
            kept++;
        else
            wire_reject(wire, block);
    }
}

enum btw_status btw_wire_choke(struct btw_wire *wire, int64_t now_ms)
{
    bool choking = wire->session.party[BTW_US].choking;
    enum btw_status status = send_change(wire, BTW_CHOKE, choking, now_ms);

    if (status == BTW_OK && !choking && btw_session_fast(&wire->session))
        reject_open(wire);
    return status;
}

enum btw_status btw_wire_unchoke(struct btw_wire *wire, int64_t now_ms)
{
    return send_change(wire, BTW_UNCHOKE, !wire->session.party[BTW_US].choking, now_ms);
}

enum btw_status btw_wire_interested(struct btw_wire *wire, int64_t now_ms)
{
    return send_change(wire, BTW_INTERESTED, wire->session.party[BTW_US].interested, now_ms);
}

enum btw_status btw_wire_not_interested(struct btw_wire *wire, int64_t now_ms)
{
    return send_change(wire, BTW_NOT_INTERESTED, !wire->session.party[BTW_US].interested, now_ms);
}

enum btw_status btw_wire_have(struct btw_wire *wire, uint32_t piece, int64_t now_ms)
{
    return send_piece(wire, BTW_HAVE, piece, now_ms);
}

enum btw_status btw_wire_bitfield(struct btw_wire *wire, struct btw_slice bits, int64_t now_ms)
{
    return btw_wire_send(wire, &(struct btw_msg){ .type = BTW_BITFIELD, .data = bits }, now_ms);
}

enum btw_status btw_wire_request(struct btw_wire *wire, struct btw_block block, int64_t now_ms)
{
    return send_block(wire, BTW_REQUEST, block, now_ms);
}

enum btw_status btw_wire_piece(struct btw_wire *wire, uint32_t piece, uint32_t begin, struct btw_slice bytes,
                               int64_t now_ms)
{
    struct btw_msg msg = { .type = BTW_PIECE, .piece = piece, .begin = begin, .data = bytes };

    return btw_wire_send(wire, &msg, now_ms);
}

enum btw_status btw_wire_cancel(struct btw_wire *wire, struct btw_block block, int64_t now_ms)
{
    return send_block(wire, BTW_CANCEL, block, now_ms);
}

enum btw_status btw_wire_port(struct btw_wire *wire, uint16_t port, int64_t now_ms)
{
    return btw_wire_send(wire, &(struct btw_msg){ .type = BTW_PORT, .port = port }, now_ms);
}

enum btw_status btw_wire_suggest(struct btw_wire *wire, uint32_t piece, int64_t now_ms)
{
    return send_piece(wire, BTW_SUGGEST, piece, now_ms);
}

enum btw_status btw_wire_have_all(struct btw_wire *wire, int64_t now_ms)
{
    return send_bare(wire, BTW_HAVE_ALL, now_ms);
}

enum btw_status btw_wire_have_none(struct btw_wire *wire, int64_t now_ms)
{
    return send_bare(wire, BTW_HAVE_NONE, now_ms);
}

enum btw_status btw_wire_reject(struct btw_wire *wire, struct btw_block block, int64_t now_ms)
{
    return send_block(wire, BTW_REJECT, block, now_ms);
}

void wire_reject(struct btw_wire *wire, struct btw_block block)
{
    wire_owe(wire, &(struct btw_msg){
                       .type = BTW_REJECT, .piece = block.piece, .begin = block.begin, .length = block.length });
}

/* Past the table: an equal one in it waits for an answer of its own. */
void wire_reject_surplus(struct btw_wire *wire, const struct btw_msg *request)
{
    struct btw_msg msg = *request;

    msg.type = request->type == BTW_REQUEST ? BTW_REJECT : BTW_HASH_REJECT;
    if (!may_owe(wire, &msg))
        return;
    session_count_sent(&wire->session, &msg, wire->now_ms);
    wire_queue_msg(wire, &msg);
}

enum btw_status btw_wire_allowed_fast(struct btw_wire *wire, uint32_t piece, int64_t now_ms)
{
    return send_piece(wire, BTW_ALLOWED_FAST, piece, now_ms);
}

static enum btw_status send_hashes(struct btw_wire *wire, enum btw_type type, const struct btw_hash_range *range,
                                   struct btw_slice hashes, int64_t now_ms)
{
    struct btw_msg msg = { .type = type, .data = hashes };

    btw_hash_range_put(&msg, range);
    return btw_wire_send(wire, &msg, now_ms);
}

enum btw_status btw_wire_hash_request(struct btw_wire *wire, const struct btw_hash_range *range, int64_t now_ms)
{
    return send_hashes(wire, BTW_HASH_REQUEST, range, btw_slice_of(NULL, 0), now_ms);
}

enum btw_status btw_wire_hashes(struct btw_wire *wire, const struct btw_hash_range *range, struct btw_slice hashes,
                                int64_t now_ms)
{
    return send_hashes(wire, BTW_HASHES, range, hashes, now_ms);
}

enum btw_status btw_wire_hash_reject(struct btw_wire *wire, const struct btw_hash_range *range, int64_t now_ms)
{
    return send_hashes(wire, BTW_HASH_REJECT, range, btw_slice_of(NULL, 0), now_ms);
}

enum btw_status btw_wire_availability(struct btw_wire *wire, struct btw_slice bits, int64_t now_ms)
{
    uint32_t pieces = wire->config.torrent.geometry.pieces;
    uint32_t count = bits.len < btw_bits_size(pieces) ? 0 : btw_bits_count(bits.data, pieces);
    bool fast = btw_session_fast(&wire->session);

    if (fast && count == 0)
        return btw_wire_have_none(wire, now_ms);
    if (fast && count == pieces)
        return btw_wire_have_all(wire, now_ms);
    return count > 0 ? btw_wire_bitfield(wire, bits, now_ms) : BTW_OK;
}

/* SPDX-License-Identifier: MIT
 *
 * What the peer says: judged by the session, answered where a rule asks for it, told to the caller.
 */
#include <assert.h>

#include "session_impl.h"
#include "wire_impl.h"

_Static_assert((int)BTW_WIRE_UNKNOWN == (int)BTW_RAW && (int)BTW_WIRE_HANDSHAKE == (int)BTW_HANDSHAKE &&
                   (int)BTW_WIRE_EXTENDED == (int)BTW_EXTENDED,
               "events of messages stand in the order of the messages");

/* --- telling ---------------------------------------------------------------------------------------------------------
 */

const char *btw_wire_event_name(enum btw_wire_event_kind kind)
{
    static const char *const names[BTW_WIRE_EVENTS] = {
        [BTW_WIRE_EXTENDED_HANDSHAKE] = "extended_handshake",
        [BTW_WIRE_PIECE_PART] = "piece_part",
        [BTW_WIRE_REFUSED] = "refused",
        [BTW_WIRE_VOID] = "void",
        [BTW_WIRE_TIMEOUT] = "timeout",
        [BTW_WIRE_DOWNLOAD] = "download",
        [BTW_WIRE_UPLOAD] = "upload",
        [BTW_WIRE_RELEASE] = "release",
        [BTW_WIRE_DRAINED] = "drained",
        [BTW_WIRE_SECURED] = "secured",
        [BTW_WIRE_READY] = "ready",
        [BTW_WIRE_CLOSE] = "close",
    };

    if (kind == BTW_WIRE_UNKNOWN)
        return "unknown";
    return names[kind] != NULL ? names[kind] : btw_desc_of((enum btw_type)kind)->name;
}

void wire_tell(struct btw_wire *wire, struct btw_wire_event *event)
{
    if (wire->over)
        return;
    event->now_ms = wire->now_ms;
    wire->config.event(wire->config.user, wire, event);
}

void wire_tell_block(struct btw_wire *wire, enum btw_wire_event_kind kind, struct btw_block block, bool late)
{
    wire_tell(wire, &(struct btw_wire_event){ .kind = kind, .block = block, .late = late });
}

static struct btw_block block_of(const struct btw_msg *msg)
{
    return (struct btw_block){ msg->piece, msg->begin, msg->length };
}

void wire_tell_msg(struct btw_wire *wire, const struct btw_msg *msg)
{
    wire_tell(wire, &(struct btw_wire_event){
                        .kind = (enum btw_wire_event_kind)msg->type, .msg = msg, .block = block_of(msg) });
}

/* --- handshakes ------------------------------------------------------------------------------------------------------
 */

static bool find(struct btw_wire *wire, const struct btw_msg *msg, struct btw_wire_torrent *torrent)
{
    bool only = memcmp(msg->info_hash, wire->config.torrent.info_hash, sizeof msg->info_hash) == 0;

    *torrent = wire->config.torrent;
    memcpy(torrent->info_hash, msg->info_hash, sizeof torrent->info_hash);
    return wire->config.find != NULL ? wire->config.find(wire->config.user, wire, msg, torrent) : only;
}

/* Is this the torrent that we have asked for, or that was asked for under MSE? */
static bool is_expected(const struct btw_wire *wire, const struct btw_msg *msg)
{
    const struct btw_wire_torrent *torrent = &wire->config.torrent;
    const uint8_t *secret = wire_crypt_hash(wire);

    if (!wire->dials)
        return secret == NULL || memcmp(secret, msg->info_hash, sizeof msg->info_hash) == 0;
    return memcmp(msg->info_hash, torrent->info_hash, sizeof msg->info_hash) == 0 ||
           (torrent->may_upgrade && memcmp(msg->info_hash, torrent->info_hash_v2, sizeof msg->info_hash) == 0);
}

static enum btw_close judge_handshake(struct btw_wire *wire, const struct btw_msg *msg)
{
    struct btw_wire_torrent torrent;

    if (!is_expected(wire, msg))
        return BTW_CLOSE_OTHER_TORRENT;
    if (!wire->dials && !find(wire, msg, &torrent))
        return BTW_CLOSE_NO_TORRENT;
    if (!wire->dials && !wire_begin(wire, &torrent))
        return BTW_CLOSE_MEMORY;
    if (memcmp(msg->peer_id, wire->config.torrent.peer_id, sizeof msg->peer_id) == 0)
        return BTW_CLOSE_OURSELVES;
    return BTW_CLOSE_NONE;
}

/* Both handshakes are there: the extended handshake goes first, for there are clients that wait for it. */
static void get_ready(struct btw_wire *wire)
{
    if (wire->closed != BTW_CLOSE_NONE)
        return;
    wire->ready = true;
    if (btw_session_ext(&wire->session))
        wire_ext_greet(wire);
    wire_tell(wire, &(struct btw_wire_event){ .kind = BTW_WIRE_READY });
}

static void hear_handshake(struct btw_wire *wire, const struct btw_msg *msg)
{
    enum btw_close wrong = judge_handshake(wire, msg);
    enum btw_status status;

    if (wire->closed != BTW_CLOSE_NONE) /* by `find` */
        return;
    if (wrong != BTW_CLOSE_NONE) {
        btw_wire_close(wire, wrong);
        return;
    }
    status = btw_session_received(&wire->session, msg, wire->now_ms, NULL);
    assert(status == BTW_OK); /* the stream gives one handshake */
    memcpy(wire->peer_id, msg->peer_id, sizeof wire->peer_id);
    wire_tell_msg(wire, msg);
    wire_ext_hello(wire, msg);
    if (!wire->dials && wire->closed == BTW_CLOSE_NONE) {
        struct btw_msg ours = wire_handshake(wire);
        wire_owe(wire, &ours);
    }
    get_ready(wire);
}

/* --- messages --------------------------------------------------------------------------------------------------------
 */

/* A bitfield, or have_all, where only a have is expected (aria2 1.36): what is new in it counts as so many haves. */
static bool hear_late_availability(struct btw_wire *wire, const struct btw_msg *msg)
{
    const struct btw_geometry *geometry = &wire->session.config.geometry;
    bool fits = msg->type == BTW_HAVE_ALL ||
                (msg->type == BTW_BITFIELD && session_check_bits(geometry, msg->data) == BTW_BREACH_NONE);

    for (uint32_t piece = 0; fits && piece < geometry->pieces && wire->closed == BTW_CLOSE_NONE; piece++) {
        struct btw_msg have = { .type = BTW_HAVE, .piece = piece };

        if (btw_party_has(&wire->session, BTW_THEM, piece) ||
            (msg->type == BTW_BITFIELD && !btw_bit_get(msg->data.data, piece)))
            continue;
        session_apply(&wire->session, BTW_THEM, &have, wire->now_ms);
        wire_tell_msg(wire, &have);
    }
    return fits && geometry->pieces > 0;
}

static bool is_tolerated(const struct btw_wire *wire, enum btw_breach breach)
{
    return (wire->config.tolerated & BTW_WIRE_BREACH(breach)) != 0;
}

/* Passed over, or the end. */
static void refuse(struct btw_wire *wire, const struct btw_msg *msg, enum btw_breach breach)
{
    if (!is_tolerated(wire, breach)) {
        btw_wire_close(wire, BTW_CLOSE_BREACH);
        return;
    }
    if (breach == BTW_BREACH_LATE_AVAILABILITY && hear_late_availability(wire, msg))
        return;
    if (breach == BTW_BREACH_HASHES_MANY || (breach == BTW_BREACH_TOO_MANY && btw_session_fast(&wire->session)))
        wire_reject_surplus(wire, msg);
    else if (msg->type == BTW_REQUEST && btw_session_fast(&wire->session))
        wire_reject(wire, block_of(msg));
    wire_tell(wire, &(struct btw_wire_event){
                        .kind = BTW_WIRE_REFUSED, .msg = msg, .block = block_of(msg), .breach = breach });
}

static void hear_request(struct btw_wire *wire, const struct btw_msg *msg)
{
    if (wire->session.party[BTW_US].choking && !btw_party_allowed(&wire->session, BTW_US, msg->piece))
        refuse(wire, msg, BTW_BREACH_CHOKED);
    else
        wire_tell_msg(wire, msg);
}

/* BEP 6: every request gets an answer. */
static void hear_cancel(struct btw_wire *wire, const struct btw_msg *msg)
{
    if (btw_session_fast(&wire->session))
        wire_reject(wire, block_of(msg));
    wire_tell_msg(wire, msg);
}

/* Of a request of ours that is answered: was it late, or given up? */
static bool was_late(const struct btw_wire *wire, struct btw_block block)
{
    const struct btw_pending *pending = btw_party_pending(&wire->session, BTW_US, block);

    return pending != NULL && (pending->late || pending->cancelled);
}

/* A part of a block, which is judged when the last has come.  False until then.  Where it belongs to is written by the
 * peer: of what lies outside the torrent nothing is told. */
static bool hear_part(struct btw_wire *wire, const struct btw_msg *msg, struct btw_block block)
{
    size_t offset = btw_stream_part(&wire->stream);
    struct btw_wire_event event = {
        .kind = BTW_WIRE_PIECE_PART, .msg = msg, .block = block, .part = msg->data, .offset = offset
    };

    event.asked = btw_party_pending(&wire->session, BTW_US, block) != NULL;
    if (btw_block_fits(&wire->session.config.geometry, block))
        wire_tell(wire, &event);
    return wire->closed == BTW_CLOSE_NONE && offset + msg->data.len == msg->length;
}

/* A block that nobody waits for is told all the same: it may have crossed a cancel.  With parts, the session is shown
 * the last part with the length of all of them, for it looks at no byte. */
static void hear_piece(struct btw_wire *wire, const struct btw_msg *msg)
{
    struct btw_block block = { msg->piece, msg->begin, wire->config.parts ? msg->length : (uint32_t)msg->data.len };
    struct btw_msg whole = *msg, told = *msg;
    bool late, asked;

    if (wire->config.parts && !hear_part(wire, msg, block))
        return;
    whole.data.len = block.length;
    late = was_late(wire, block);
    asked = btw_session_received(&wire->session, &whole, wire->now_ms, NULL) == BTW_OK;
    if (!asked && (wire->session.breach != BTW_BREACH_PIECE_UNASKED || !is_tolerated(wire, wire->session.breach))) {
        refuse(wire, msg, wire->session.breach);
        return;
    }
    wire_tell(wire, &(struct btw_wire_event){ .kind = BTW_WIRE_DOWNLOAD, .block = block, .bytes = block.length });
    if (wire->config.parts)
        told.data.len = 0;
    if (wire->closed == BTW_CLOSE_NONE)
        wire_tell(wire, &(struct btw_wire_event){
                            .kind = BTW_WIRE_PIECE, .msg = &told, .block = block, .asked = asked, .late = late });
}

static void hear_reject(struct btw_wire *wire, const struct btw_msg *msg, bool late)
{
    wire_tell(wire,
              &(struct btw_wire_event){ .kind = BTW_WIRE_REJECT, .msg = msg, .block = block_of(msg), .late = late });
}

static void hear_allowed(struct btw_wire *wire, const struct btw_msg *msg, bool late)
{
    switch (msg->type) {
    case BTW_CHOKE: /* told by the session, in front of what it makes void */
        return;
    case BTW_REQUEST:
        hear_request(wire, msg);
        return;
    case BTW_CANCEL:
        hear_cancel(wire, msg);
        return;
    case BTW_REJECT:
        hear_reject(wire, msg, late);
        return;
    case BTW_EXTENDED:
        wire_ext_hear(wire, msg);
        return;
    default:
        wire_tell_msg(wire, msg);
        return;
    }
}

void wire_hear(struct btw_wire *wire, const struct btw_msg *msg)
{
    enum btw_status status;
    bool late;

    if (msg->type == BTW_HANDSHAKE) {
        hear_handshake(wire, msg);
        return;
    }
    if (msg->type == BTW_PIECE) {
        hear_piece(wire, msg);
        return;
    }
    if (msg->type == BTW_REQUEST && !wire_grow_requests(wire, BTW_THEM)) {
        btw_wire_close(wire, BTW_CLOSE_MEMORY);
        return;
    }
    late = msg->type == BTW_REJECT && was_late(wire, block_of(msg));
    status = btw_session_received(&wire->session, msg, wire->now_ms, NULL);
    if (wire->closed != BTW_CLOSE_NONE) /* whoever was told of void requests */
        return;
    if (status == BTW_OK)
        hear_allowed(wire, msg, late);
    else
        refuse(wire, msg, wire->session.breach);
}

/* SPDX-License-Identifier: MIT
 *
 * What comes of a message to the reference peer: it goes through the session, the policy says what becomes of a breach,
 * and whoever is in charge of its type gets it.
 */
#include <assert.h>

#include "peer_impl.h"

/* What the policy says about a breach of the session's rules. */
static int64_t reaction_to(const struct btw_peer *peer, const struct btw_msg *msg, enum btw_breach breach)
{
    const struct btw_policy *policy = &peer->host->policy;

    switch (breach) {
    case BTW_BREACH_NONE:
    case BTW_BREACH_NOT_INTERESTED:
    case BTW_BREACH_CHOKED:
    case BTW_BREACH_NOT_ANNOUNCED:
    case BTW_BREACH_REQUEST_TWICE:
    case BTW_BREACH_RANGE:
    case BTW_BREACH_TOO_MANY:
        return REACT_IGNORE; /* requests are judged by the seed */
    case BTW_BREACH_NO_HANDSHAKE:
    case BTW_BREACH_HANDSHAKE_TWICE:
    case BTW_BREACHES:
        return REACT_CLOSE;
    case BTW_BREACH_LATE_AVAILABILITY:
        return policy->on_late_availability;
    case BTW_BREACH_BITFIELD_SIZE:
        return policy->on_bitfield_size;
    case BTW_BREACH_SPARE_BITS:
        return policy->on_spare_bits;
    case BTW_BREACH_INDEX:
        return msg->type == BTW_HAVE ? policy->on_bad_index : policy->on_bad_hint;
    case BTW_BREACH_HAVE_TWICE:
        return msg->type == BTW_HAVE ? policy->on_have_twice : REACT_IGNORE;
    case BTW_BREACH_PIECE_UNASKED:
        return btw_peer_fast(peer) ? policy->on_piece_unasked : policy->on_stray_piece;
    case BTW_BREACH_CANCEL_UNASKED:
        return policy->on_cancel_unasked;
    case BTW_BREACH_REJECT_UNASKED:
        return policy->on_reject_unasked;
    case BTW_BREACH_FAST_OFF:
        return policy->on_fast_off;
    case BTW_BREACH_DHT_OFF:
        return msg->port == 0 ? policy->on_port_zero : policy->on_port;
    case BTW_BREACH_HASHES_UNASKED:
        return policy->on_hashes_unasked;
    case BTW_BREACH_HASHES_MANY:
        return REACT_IGNORE; /* rejected */
    case BTW_BREACH_EXT_OFF:
        return policy->on_ext_off;
    case BTW_BREACH_EXT_ID:
        return policy->on_unknown_ext;
    case BTW_BREACH_EXT_LAYOUT:
    case BTW_BREACH_NOT_HELD:
        return REACT_IGNORE;
    }
    return REACT_CLOSE;
}

void btw_peer_learned(struct btw_peer *peer)
{
    if (peer->state != PEER_OPEN)
        return;
    struct btw_geometry geometry = btw_peer_geometry(peer);
    if (btw_session_set_geometry(&peer->session, &geometry, NULL) != BTW_OK) {
        btw_peer_react(peer, reaction_to(peer, &(struct btw_msg){ .type = BTW_HAVE }, peer->session.breach));
        return;
    }
    btw_leech_availability(peer, &(struct btw_msg){ .type = BTW_BITFIELD });
    btw_peer_announce(peer);
    btw_seed_interest(peer);
}

/* Hands an accepted message to whoever is in charge. */
static void dispatch(struct btw_peer *peer, const struct btw_msg *msg)
{
    switch (msg->type) {
    case BTW_HANDSHAKE:
    case BTW_KEEPALIVE:
    case BTW_RAW:
    case BTW_HASH_REQUEST: /* in the session's table, as requests are */
    case BTW_REQUEST:      /* the seed has it already */
    case BTW_CHOKE:
    case BTW_UNCHOKE:
        return; /* the session's state says it all, btw_peer_work goes by that */
    case BTW_ALLOWED_FAST:
        btw_leech_availability(peer, msg);
        return;
    case BTW_INTERESTED:
    case BTW_NOT_INTERESTED:
        btw_seed_interest(peer);
        return;
    case BTW_HAVE:
    case BTW_BITFIELD:
    case BTW_HAVE_ALL:
    case BTW_HAVE_NONE:
        btw_leech_availability(peer, msg);
        btw_seed_availability(peer);
        return;
    case BTW_PIECE:
        btw_leech_block(peer, msg);
        return;
    case BTW_CANCEL:
        btw_seed_cancel(peer, msg);
        return;
    case BTW_PORT:
        btw_peer_react(peer, msg->port == 0 ? peer->host->policy.on_port_zero : peer->host->policy.on_port);
        return;
    case BTW_SUGGEST:
        btw_leech_availability(peer, msg);
        btw_peer_react(peer, peer->host->policy.on_suggest);
        return;
    case BTW_REJECT:
        btw_leech_rejected(peer, msg);
        return;
    case BTW_HASHES:
        btw_hash_received(peer, msg);
        return;
    case BTW_HASH_REJECT:
        btw_hash_rejected(peer);
        return;
    case BTW_EXTENDED:
        btw_peer_ext_received(peer, msg);
        return;
    case BTW_TYPES:
        break;
    }
    assert(false);
}

static bool changes_nothing(struct btw_peer *peer, enum btw_type type)
{
    const struct btw_party *them = btw_peer_them(peer);

    return (type == BTW_CHOKE && them->choking) || (type == BTW_UNCHOKE && !them->choking) ||
           (type == BTW_INTERESTED && them->interested) || (type == BTW_NOT_INTERESTED && !them->interested);
}

static bool is_availability(enum btw_type type)
{
    return type == BTW_BITFIELD || type == BTW_HAVE_ALL || type == BTW_HAVE_NONE;
}

/* What the policy says about an answer that the session accepts all the same. */
static void judge_answer(struct btw_peer *peer, const struct btw_msg *msg)
{
    const struct btw_policy *policy = &peer->host->policy;
    const struct btw_party *us = btw_peer_us(peer);
    struct btw_block block = { msg->piece, msg->begin, (uint32_t)msg->data.len };
    const struct btw_pending *pending = btw_party_pending(&peer->session, BTW_US, block);

    if (btw_peer_them(peer)->choking)
        btw_peer_react(peer, policy->on_choked_piece);
    if (pending != NULL && pending->cancelled)
        btw_peer_react(peer, policy->on_cancelled_piece);
    if (policy->block_order && us->pending_count > 0 && !btw_block_equal(us->pending[0].block, block))
        btw_peer_react(peer, REACT_CLOSE);
}

/* Faults that take a breach for something good. */
static bool forgiven(struct btw_peer *peer, const struct btw_msg *msg, enum btw_breach breach)
{
    const struct btw_policy *policy = &peer->host->policy;

    if (breach == BTW_BREACH_LATE_AVAILABILITY && policy->second_bitfield) {
        btw_leech_all(peer);
        return true;
    }
    if (breach == BTW_BREACH_SPARE_BITS && policy->use_spare_bits) {
        peer->spare_interest = true;
        return true;
    }
    if (breach == BTW_BREACH_PIECE_UNASKED || breach == BTW_BREACH_REJECT_UNASKED)
        return btw_leech_unasked(peer, msg);
    return false;
}

void btw_peer_message(struct btw_peer *peer, const struct btw_msg *msg)
{
    const struct btw_policy *policy = &peer->host->policy;
    enum btw_breach breach = BTW_BREACH_NONE;
    bool first = !btw_peer_them(peer)->opened;

    if (changes_nothing(peer, msg->type))
        btw_peer_react(peer, policy->on_repeated_state);
    if (msg->type == BTW_PIECE)
        judge_answer(peer, msg);
    if (msg->type == BTW_ALLOWED_FAST && peer->was_unchoked)
        btw_peer_react(peer, policy->on_late_allowed_fast);
    if (msg->type == BTW_CANCEL && !policy->honour_cancel)
        return;
    if (btw_session_received(&peer->session, msg, peer->host->now_ms, NULL) != BTW_OK)
        breach = peer->session.breach;
    if (msg->type == BTW_PIECE && breach == BTW_BREACH_RANGE)
        breach = BTW_BREACH_PIECE_UNASKED; /* to the policy it is all the same where it belongs */
    if (first && btw_peer_them(peer)->opened && btw_peer_fast(peer) && !is_availability(msg->type))
        btw_peer_react(peer, policy->on_missing_availability);
    if (msg->type == BTW_REQUEST)
        btw_seed_request(peer, msg, breach);
    else if (msg->type == BTW_HASH_REQUEST)
        btw_hash_request(peer, msg, breach);
    else if (forgiven(peer, msg, breach))
        return;
    else if (breach != BTW_BREACH_NONE)
        btw_peer_react(peer, reaction_to(peer, msg, breach));
    else
        dispatch(peer, msg);
}

/* SPDX-License-Identifier: MIT
 *
 * One connection of the reference peer: its messages go through the session to whoever is in charge of them, its timers
 * go off.
 */
#include <assert.h>
#include <stdlib.h>

#include "peer_impl.h"

enum {
    MAPS = 6,               /* of the session: have and allowed_fast of both; of the leech: declined and has */
    HASH_QUEUE = 64,        /* open hash requests of either side */
    EARLY_MAP_SIZE = 65536, /* remembered availability while the metadata is unknown: 2^19 pieces */
};

/* --- sending ---------------------------------------------------------------------------------------------------------
 */

void btw_peer_put(struct btw_peer *peer, const struct btw_msg *msg)
{
    if (peer->state == PEER_DONE || peer->hung)
        return;
    if (btw_session_send(&peer->session, msg, peer->host->now_ms, NULL) != BTW_OK)
        peer->host->refusals++;
    btw_peer_put_raw(peer, msg);
}

void btw_peer_put_plain(struct btw_peer *peer, enum btw_type type)
{
    btw_peer_put(peer, &(struct btw_msg){ .type = type });
}

void btw_peer_put_piece(struct btw_peer *peer, enum btw_type type, uint32_t piece)
{
    btw_peer_put(peer, &(struct btw_msg){ .type = type, .piece = piece });
}

void btw_peer_put_block(struct btw_peer *peer, enum btw_type type, struct btw_block block)
{
    btw_peer_put(peer,
                 &(struct btw_msg){ .type = type, .piece = block.piece, .begin = block.begin, .length = block.length });
}

/* --- state -----------------------------------------------------------------------------------------------------------
 */

struct btw_party *btw_peer_us(struct btw_peer *peer)
{
    return &peer->session.party[BTW_US];
}

struct btw_party *btw_peer_them(struct btw_peer *peer)
{
    return &peer->session.party[BTW_THEM];
}

bool btw_peer_fast(const struct btw_peer *peer)
{
    return btw_session_fast(&peer->session);
}

void btw_peer_after(struct btw_peer *peer, enum peer_timer timer, int64_t delay_ms)
{
    peer->timers[timer] = delay_ms > 0 ? peer->host->now_ms + delay_ms : INT64_MAX;
}

void btw_peer_never(struct btw_peer *peer, enum peer_timer timer)
{
    peer->timers[timer] = INT64_MAX;
}

static void on_event(void *user, const struct btw_session_event *event)
{
    btw_leech_event(user, event);
}

/* Version 1 of a hybrid has padding where version 2 has gaps, and serves it, too. */
static struct btw_geometry session_geometry(const struct btw_peer *peer)
{
    struct btw_geometry geometry = peer->torrent->geometry;

    if (!peer->v2)
        geometry.piece_sizes = NULL;
    return geometry;
}

bool btw_peer_attach(struct btw_peer *peer)
{
    const struct btw_policy *policy = &peer->host->policy;
    size_t map_size = peer->torrent->known ? btw_bits_size(peer->torrent->geometry.pieces) : EARLY_MAP_SIZE;
    size_t ours = (size_t)policy->pipeline, theirs = (size_t)policy->queue + 1;
    struct btw_session_config config = {
        .geometry = peer->torrent->geometry,
        .map_size = map_size,
        .request_timeout_ms = policy->request_timeout_ms,
        .keepalive_ms = policy->keepalive_ms,
        .idle_ms = policy->idle_ms,
        .permissive = true,
        .event = on_event,
        .user = peer,
    };

    peer->maps = calloc(MAPS, map_size);
    peer->pending = calloc(ours + theirs, sizeof *peer->pending);
    peer->hash_pending = calloc((size_t)2 * HASH_QUEUE, sizeof *peer->hash_pending);
    if (peer->maps == NULL || peer->pending == NULL || peer->hash_pending == NULL)
        return false;
    for (int who = BTW_US; who <= BTW_THEM; who++) {
        config.have[who] = peer->maps + (size_t)who * map_size;
        config.allowed_fast[who] = peer->maps + (size_t)(who + 2) * map_size;
    }
    peer->declined = peer->maps + 4 * map_size;
    peer->has = peer->maps + 5 * map_size;
    config.pending[BTW_US] = peer->pending;
    config.pending_cap[BTW_US] = ours;
    config.pending[BTW_THEM] = peer->pending + ours;
    config.pending_cap[BTW_THEM] = theirs;
    for (int who = BTW_US; who <= BTW_THEM; who++) {
        config.hash_pending[who] = peer->hash_pending + (size_t)who * HASH_QUEUE;
        config.hash_cap[who] = HASH_QUEUE;
    }
    btw_session_init(&peer->session, &config, peer->host->now_ms);
    return true;
}

void btw_peer_close(struct btw_peer *peer, enum btw_end how)
{
    if (how == BTW_END_RST)
        peer->out.at = peer->out.len = 0;
    if (peer->state == PEER_DONE)
        return;
    peer->state = PEER_DONE;
    peer->end = how;
    for (size_t i = 0; i < TIMERS; i++)
        peer->timers[i] = INT64_MAX;
    if (peer->candidate != NULL)
        peer->candidate->peer = NULL;
    peer->candidate = NULL;
    if (peer->torrent == NULL)
        return;
    btw_seed_leave(peer);
    btw_leech_leave(peer);
    btw_magnet_leave(peer);
    btw_hash_leave(peer);
    peer->torrent->wake = true;
}

void btw_peer_react(struct btw_peer *peer, int64_t reaction)
{
    switch ((enum reaction)reaction) {
    case REACT_IGNORE:
    case REACT_DESYNC: /* only where a frame was read; see btw_peer_received */
        return;
    case REACT_CLOSE:
        btw_peer_close(peer, BTW_END_FIN);
        return;
    case REACT_CRASH:
        btw_host_crash(peer->host);
        return;
    case REACT_HANG:
        peer->hung = true;
        return;
    }
}

void btw_peer_opened(struct btw_peer *peer)
{
    const struct btw_policy *policy = &peer->host->policy;

    peer->state = PEER_OPEN;
    peer->session.config.geometry = session_geometry(peer);
    btw_peer_never(peer, TIMER_HANDSHAKE);
    btw_peer_ext_hello(peer);
    btw_peer_announce(peer);
    btw_peer_after(peer, TIMER_FLAP, policy->flap_ms);
    btw_peer_after(peer, TIMER_HAVES, policy->have_repeat_ms);
    btw_peer_after(peer, TIMER_REPEAT, policy->request_repeat_ms);
}

void btw_peer_work(struct btw_peer *peer)
{
    if (peer->state != PEER_OPEN || peer->hung)
        return;
    btw_meta_serve(peer);
    btw_seed_serve(peer);
    btw_hash_serve(peer);
    btw_magnet_ask(peer);
    btw_hash_ask(peer);
    btw_leech_interest(peer);
    btw_leech_ask(peer);
    if (peer->half_closed && !btw_seed_busy(peer))
        btw_peer_close(peer, BTW_END_FIN);
}

/* --- messages --------------------------------------------------------------------------------------------------------
 */

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
    struct btw_geometry geometry = session_geometry(peer);
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

/* --- ends
 * ------------------------------------------------------------------------------------------------------------- */

enum btw_end btw_peer_wants_end(const struct btw_peer *peer)
{
    return peer->state == PEER_DONE ? peer->end : BTW_END_NONE;
}

void btw_peer_connected(struct btw_peer *peer, int64_t now_ms)
{
    peer->host->now_ms = now_ms;
    if (peer->state != PEER_DIALLING)
        return;
    peer->state = PEER_GREETING;
    if (!peer->host->policy.dial_first)
        return;
    btw_peer_greet(peer);
    if (peer->host->policy.early_messages)
        btw_peer_announce(peer);
}

void btw_peer_free(struct btw_peer *peer)
{
    struct btw_host *host = peer->host;

    btw_peer_close(peer, BTW_END_RST);
    if (peer->prev != NULL)
        peer->prev->next = peer->next;
    else
        host->peers = peer->next;
    if (peer->next != NULL)
        peer->next->prev = peer->prev;
    host->peer_count -= !host->policy.count_closed;
    memcpy(host->departed, peer->peer_id, sizeof host->departed);
    free(peer->input);
    free(peer->out.data);
    free(peer->maps);
    free(peer->pending);
    free(peer->hash_pending);
    free(peer->served);
    free(peer->refused);
    free(peer);
    btw_host_settle(host);
}

/* --- time ------------------------------------------------------------------------------------------------------------
 */

static void on_timer(struct btw_peer *peer, enum peer_timer timer)
{
    switch (timer) {
    case TIMER_HANDSHAKE:
        btw_peer_close(peer, BTW_END_RST);
        return;
    case TIMER_CHOKE:
    case TIMER_FLAP:
        btw_seed_timer(peer, timer);
        return;
    case TIMER_HAVES:
        btw_peer_repeat_haves(peer);
        return;
    case TIMER_REPEAT:
    case TIMER_PAUSE:
        btw_leech_timer(peer, timer);
        return;
    case TIMER_METADATA:
        btw_magnet_timer(peer);
        return;
    case TIMER_PEX:
        btw_pex_timer(peer);
        return;
    case TIMER_HASHES:
        btw_hash_timer(peer);
        return;
    case TIMERS:
        break;
    }
    assert(false);
}

static void session_tick(struct btw_peer *peer)
{
    int64_t now_ms = peer->host->now_ms;
    bool idle = peer->session.idle_at_ms <= now_ms, silent = peer->session.keepalive_at_ms <= now_ms;

    btw_session_tick(&peer->session, now_ms);
    btw_leech_late(peer);
    if (idle)
        btw_peer_close(peer, BTW_END_FIN);
    else if (silent)
        btw_peer_put_plain(peer, BTW_KEEPALIVE);
}

void btw_peer_tick(struct btw_peer *peer)
{
    if (peer->state == PEER_DONE || peer->hung)
        return;
    for (int timer = 0; timer < TIMERS; timer++) {
        if (peer->timers[timer] > peer->host->now_ms)
            continue;
        peer->timers[timer] = INT64_MAX;
        on_timer(peer, (enum peer_timer)timer);
    }
    if (peer->state == PEER_OPEN && btw_session_deadline(&peer->session) <= peer->host->now_ms)
        session_tick(peer);
    btw_peer_work(peer);
}

int64_t btw_peer_deadline(const struct btw_peer *peer)
{
    int64_t next = INT64_MAX, session;

    if (peer->state == PEER_DONE || peer->hung)
        return INT64_MAX;
    for (int timer = 0; timer < TIMERS; timer++)
        if (peer->timers[timer] < next)
            next = peer->timers[timer];
    session = peer->state == PEER_OPEN ? btw_session_deadline(&peer->session) : INT64_MAX;
    return session < next ? session : next;
}

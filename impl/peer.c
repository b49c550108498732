/* SPDX-License-Identifier: MIT
 *
 * One connection of the reference peer, from its session to its end: what is sent goes through the session, timers go
 * off, and whoever is in charge does the work.
 */
#include <assert.h>
#include <stdlib.h>

#include "peer_impl.h"

enum {
    MAPS = 6,               /* of the session: have and allowed_fast of both; of the leech: declined and has */
    HASH_QUEUE = 64,        /* open hash requests of either side */
    EARLY_MAP_SIZE = 65536, /* remembered availability while the metadata is unknown: 2^19 pieces */
};

/* --- sending ----------------------------------------------------------------------------------------------------- */

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

/* --- state ------------------------------------------------------------------------------------------------------- */

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

struct btw_geometry btw_peer_geometry(const struct btw_peer *peer)
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
    peer->session.config.geometry = btw_peer_geometry(peer);
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

/* --- ends -------------------------------------------------------------------------------------------------------- */

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

/* --- time -------------------------------------------------------------------------------------------------------- */

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

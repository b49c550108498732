/* SPDX-License-Identifier: MIT
 *
 * Taking: what others have, interest, requests and their answers (BEP 3, BEP 6).  What to ask for is chosen in
 * peer_pick.c, a whole piece is judged in peer_verify.c.
 */
#include <stdlib.h>

#include "peer_impl.h"

/* --- what they have --------------------------------------------------------------------------------------------------
 */

void btw_leech_all(struct btw_peer *peer)
{
    for (uint32_t i = 0; i < peer->torrent->geometry.pieces; i++)
        btw_bit_set(peer->has, i, true);
}

/* With the decent policy `has` is what the session says; every other entry reads something else into a message. */
void btw_leech_availability(struct btw_peer *peer, const struct btw_msg *msg)
{
    const struct btw_policy *policy = &peer->host->policy;
    bool hint = (msg->type == BTW_ALLOWED_FAST && policy->allowed_fast_has) ||
                (msg->type == BTW_SUGGEST && policy->suggest_has);
    bool have = msg->type == BTW_HAVE && policy->use_have && (peer->bitfield_seen || !policy->have_needs_bitfield);

    if (hint || have)
        btw_bit_set(peer->has, msg->piece, true);
    if (msg->type == BTW_HAVE || msg->type == BTW_ALLOWED_FAST || msg->type == BTW_SUGGEST)
        return;
    peer->bitfield_seen = true;
    memcpy(peer->has, btw_peer_them(peer)->have, peer->session.config.map_size);
    if (msg->type == BTW_HAVE_NONE && policy->have_none_means)
        btw_leech_all(peer);
    if (msg->type == BTW_HAVE_ALL && !policy->have_all_means)
        memset(peer->has, 0, peer->session.config.map_size);
}

static bool has_something(const struct btw_peer *peer)
{
    const struct torrent *torrent = peer->torrent;

    for (size_t i = 0; i < btw_bits_size(torrent->geometry.pieces); i++)
        if ((peer->has[i] & ~torrent->have[i]) != 0)
            return true;
    return peer->spare_interest;
}

static bool wants_interest(struct btw_peer *peer)
{
    switch (peer->host->policy.interest) {
    case 0:
        return false;
    case 2:
        return true;
    case 3:
        return !btw_peer_them(peer)->choking && has_something(peer);
    default:
        return has_something(peer);
    }
}

void btw_leech_interest(struct btw_peer *peer)
{
    bool wants, shown = btw_peer_us(peer)->interested;

    if (peer->state != PEER_OPEN || !peer->torrent->known)
        return;
    wants = wants_interest(peer);
    if (wants && !shown)
        btw_peer_put_plain(peer, BTW_INTERESTED);
    else if (!wants && shown && peer->host->policy.not_interested)
        btw_peer_put_plain(peer, BTW_NOT_INTERESTED);
}

/* --- requests --------------------------------------------------------------------------------------------------------
 */

/* May any piece be asked for, or only allowed-fast ones? */
static bool free_to_ask(struct btw_peer *peer)
{
    const struct btw_policy *policy = &peer->host->policy;
    bool unchoked = !btw_peer_them(peer)->choking && !peer->unchoke_lost;
    size_t map_size = peer->session.config.map_size;

    if (unchoked || !policy->request_unchoked || (!policy->obey_choke && peer->was_unchoked))
        return true;
    for (size_t i = 0; policy->request_any_fast && i < map_size; i++)
        if (btw_peer_them(peer)->allowed_fast[i] != 0)
            return true;
    return false;
}

static size_t room(struct btw_peer *peer)
{
    const struct btw_policy *policy = &peer->host->policy;
    int64_t limit = policy->pipeline, used = (int64_t)btw_peer_us(peer)->pending_count + peer->leaked;

    if (policy->obey_reqq && peer->reqq > 0 && peer->reqq < limit)
        limit = peer->reqq;
    return used < limit ? (size_t)(limit - used) : 0;
}

void btw_leech_ask(struct btw_peer *peer)
{
    const struct btw_policy *policy = &peer->host->policy;
    struct btw_block block;
    bool all;

    if (!peer->torrent->known || peer->paused || peer->half_closed)
        return;
    if (btw_torrent_complete(peer->torrent) && !policy->request_complete)
        return;
    if (!btw_peer_us(peer)->interested && policy->request_interested)
        return;
    all = free_to_ask(peer);
    if (!all && !btw_peer_fast(peer))
        return;
    for (size_t n = room(peer); n > 0 && peer->state == PEER_OPEN && btw_pick_block(peer, all, &block); n--)
        btw_peer_put_block(peer, BTW_REQUEST, block);
}

/* How many open requests there are for a block, so that others are not asked for it. */
static void count_asked(struct btw_peer *peer, struct btw_block block, int change)
{
    struct download *d = btw_pick_find(peer->torrent, block.piece);
    uint32_t i;

    if (d == NULL || !btw_pick_index(d, peer->torrent, block, &i))
        return;
    if (change > 0)
        d->asked[i]++;
    else if (d->asked[i] > 0)
        d->asked[i]--;
    if (change > 0 && d->only == 0 && (d->alone || peer->host->policy.one_source)) {
        d->alone = true;
        d->only = peer->serial;
    }
}

/* A piece that was to come from this peer alone may come from another one. */
static void let_go(struct btw_peer *peer)
{
    for (struct download *d = peer->torrent->downloads; d != NULL; d = d->next)
        if (d->only == peer->serial && !peer->host->policy.one_source)
            d->only = 0;
}

static void void_all(struct btw_peer *peer)
{
    struct btw_party *us = btw_peer_us(peer);

    for (size_t i = 0; i < us->pending_count; i++)
        if (!us->pending[i].late && !us->pending[i].cancelled)
            count_asked(peer, us->pending[i].block, -1);
    us->pending_count = 0;
    let_go(peer);
}

static void on_their_event(struct btw_peer *peer, enum btw_session_event_kind kind)
{
    const struct btw_policy *policy = &peer->host->policy;

    if (kind == BTW_EVENT_UNCHOKE) {
        peer->was_unchoked = true;
        peer->paused = peer->paused && policy->retry_rejected == 2;
        peer->unchoke_lost = !policy->remember_unchoke && !btw_peer_us(peer)->interested;
        memset(peer->declined, 0, peer->session.config.map_size);
    } else if (kind == BTW_EVENT_CHOKE) {
        let_go(peer);
        if (btw_peer_fast(peer) && !policy->keep_on_choke)
            void_all(peer);
    }
}

void btw_leech_event(struct btw_peer *peer, const struct btw_session_event *event)
{
    const struct btw_policy *policy = &peer->host->policy;

    if (event->who == BTW_THEM) {
        on_their_event(peer, event->kind);
        return;
    }
    if (!peer->torrent->known || event->given_up)
        return;
    if (event->kind == BTW_EVENT_REQUEST)
        count_asked(peer, event->block, 1);
    else if (event->kind == BTW_EVENT_ANSWERED || event->kind == BTW_EVENT_CANCELLED ||
             (event->kind == BTW_EVENT_REJECTED && policy->retry_rejected != 0) ||
             (event->kind == BTW_EVENT_VOIDED && policy->drop_on_choke) ||
             (event->kind == BTW_EVENT_REQUEST_LATE && policy->reassign))
        count_asked(peer, event->block, -1);
}

static void pause_asking(struct btw_peer *peer, int64_t ms)
{
    let_go(peer);
    peer->paused = ms > 0;
    btw_peer_after(peer, TIMER_PAUSE, ms);
}

/* What is late is taken back, and the peer is left alone until it answers something or the time has passed again. */
void btw_leech_late(struct btw_peer *peer)
{
    struct btw_party *us = btw_peer_us(peer);

    if (!peer->host->policy.reassign)
        return;
    for (size_t i = 0; i < us->pending_count;) {
        struct btw_pending pending = us->pending[i];

        if (pending.late && !pending.cancelled) {
            btw_peer_put_block(peer, BTW_CANCEL, pending.block);
            pause_asking(peer, peer->host->policy.request_timeout_ms);
            peer->torrent->wake = true;
        }
        i += i < us->pending_count && btw_block_equal(us->pending[i].block, pending.block);
    }
}

/* --- answers ---------------------------------------------------------------------------------------------------------
 */

/* End game: the others need not send it any more. */
static void cancel_elsewhere(const struct btw_peer *peer, struct btw_block block)
{
    for (struct btw_peer *other = peer->host->peers; other != NULL; other = other->next) {
        const struct btw_pending *pending;

        if (other == peer || other->torrent != peer->torrent || other->state != PEER_OPEN)
            continue;
        pending = btw_party_pending(&other->session, BTW_US, block);
        if (pending != NULL && !pending->cancelled)
            btw_peer_put_block(other, BTW_CANCEL, block);
    }
}

static void announce(const struct torrent *torrent, uint32_t piece)
{
    for (struct btw_peer *peer = torrent->host->peers; peer != NULL; peer = peer->next)
        if (peer->torrent == torrent)
            btw_peer_have(peer, piece);
}

static bool is_whole(const struct torrent *torrent, const struct download *d)
{
    if (!torrent->host->policy.count_blocks)
        return d->received >= btw_piece_size(&torrent->geometry, d->piece);
    for (uint32_t i = 0; i < d->blocks; i++)
        if (!d->got[i])
            return false;
    return true;
}

static void store(struct btw_peer *peer, struct download *d, uint32_t i, const struct btw_msg *msg)
{
    const struct btw_policy *policy = &peer->host->policy;
    uint32_t size = btw_piece_size(&peer->torrent->geometry, d->piece), room_left = size - msg->begin;
    size_t len = msg->data.len < room_left ? msg->data.len : room_left;

    if (policy->have_when == 1 && d->received == 0)
        announce(peer->torrent, d->piece);
    if (len > 0)
        memcpy(d->data + msg->begin, msg->data.data, len);
    d->got[i] = 1;
    d->from[i] = peer->serial;
    d->received += (uint32_t)len;
    if (policy->endgame_cancel && policy->endgame)
        cancel_elsewhere(peer, (struct btw_block){ msg->piece, msg->begin, (uint32_t)msg->data.len });
    if (is_whole(peer->torrent, d))
        btw_verify(peer->torrent, d);
}

void btw_leech_block(struct btw_peer *peer, const struct btw_msg *msg)
{
    struct torrent *torrent = peer->torrent;
    struct download *d = btw_pick_find(torrent, msg->piece);
    uint32_t i = msg->begin / (uint32_t)peer->host->policy.request_size;

    peer->paused = false;
    if (d != NULL && i < d->blocks && !d->got[i] && msg->begin < btw_piece_size(&torrent->geometry, msg->piece))
        store(peer, d, i, msg);
}

void btw_leech_rejected(struct btw_peer *peer, const struct btw_msg *msg)
{
    const struct btw_policy *policy = &peer->host->policy;

    if (!policy->reject_frees)
        peer->leaked++;
    if (btw_peer_them(peer)->choking && btw_party_allowed(&peer->session, BTW_THEM, msg->piece))
        btw_bit_set(peer->declined, msg->piece, true);
    else if (!btw_peer_them(peer)->choking || policy->retry_rejected == 2)
        pause_asking(peer, policy->retry_rejected == 2 ? INT32_MAX : policy->reject_pause_ms);
    peer->torrent->wake = true;
}

/* Our open request for the same place, whatever its length; NULL: none. */
static const struct btw_pending *request_at(struct btw_peer *peer, const struct btw_msg *msg)
{
    const struct btw_party *us = btw_peer_us(peer);

    for (size_t i = 0; i < us->pending_count; i++)
        if (us->pending[i].block.piece == msg->piece &&
            (msg->type == BTW_REJECT || us->pending[i].block.begin == msg->begin))
            return &us->pending[i];
    return NULL;
}

bool btw_leech_unasked(struct btw_peer *peer, const struct btw_msg *msg)
{
    const struct btw_policy *policy = &peer->host->policy;
    const struct btw_pending *pending = request_at(peer, msg);
    struct download *d = peer->torrent->known ? btw_pick_find(peer->torrent, msg->piece) : NULL;
    struct btw_msg answer;

    if (msg->type == BTW_PIECE && !policy->count_blocks && d != NULL) {
        d->received += (uint32_t)msg->data.len;
        if (is_whole(peer->torrent, d))
            btw_verify(peer->torrent, d);
        return true;
    }
    if (pending == NULL || (msg->type == BTW_PIECE ? policy->block_exact : policy->reject_exact))
        return false;
    /* To the session it is the answer that was asked for. */
    answer = *msg;
    answer.piece = pending->block.piece;
    answer.begin = pending->block.begin;
    answer.length = pending->block.length;
    answer.data.len = msg->type == BTW_PIECE ? pending->block.length : 0;
    btw_session_received(&peer->session, &answer, peer->host->now_ms, NULL);
    if (msg->type == BTW_PIECE)
        btw_leech_block(peer, msg);
    else
        btw_leech_rejected(peer, &answer);
    return true;
}

/* --- time and ends ---------------------------------------------------------------------------------------------------
 */

/* BEP 6: every request has exactly one answer.  Who gave none to a request nor to its cancel will not any more, and the
 * request would take its place in the pipeline for ever. */
static bool owes_too_long(struct btw_peer *peer)
{
    const struct btw_party *us = btw_peer_us(peer);
    int64_t patience = 2 * peer->host->policy.request_timeout_ms;

    return us->pending_count > 0 && us->pending[0].cancelled &&
           us->pending[0].since_ms + patience <= peer->host->now_ms;
}

void btw_leech_timer(struct btw_peer *peer, enum peer_timer timer)
{
    const struct btw_party *us = btw_peer_us(peer);

    if (timer == TIMER_PAUSE) {
        peer->paused = false;
        if (owes_too_long(peer))
            btw_peer_close(peer, BTW_END_FIN);
        return;
    }
    for (size_t i = 0; i < us->pending_count; i++) {
        struct btw_block block = us->pending[i].block;
        btw_peer_put_raw(peer,
                         &(struct btw_msg){
                             .type = BTW_REQUEST, .piece = block.piece, .begin = block.begin, .length = block.length });
    }
    btw_peer_after(peer, TIMER_REPEAT, peer->host->policy.request_repeat_ms);
}

void btw_leech_leave(struct btw_peer *peer)
{
    if (peer->torrent->known)
        void_all(peer);
}

void btw_leech_forget(struct torrent *torrent)
{
    while (torrent->downloads != NULL)
        btw_pick_drop(torrent, torrent->downloads);
}

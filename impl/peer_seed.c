/* SPDX-License-Identifier: MIT
 *
 * Giving: who is unchoked, which requests are answered and how (BEP 3, BEP 6).  A request lives in the session's table
 * until it has had its answer; blocks are read only when there is room in the output.
 */
#include <stdlib.h>

#include "btw/fast.h"
#include "peer_impl.h"

/* What an entry like policy.invalid_request says. */
enum answer {
    ANSWER_NONE,
    ANSWER_REJECT,
    ANSWER_REJECT_OR_CLOSE,
    ANSWER_CLOSE,
    ANSWER_SERVE,
    ANSWER_SERVE_FITTING,
    ANSWER_CRASH
};

/* --- blocks ----------------------------------------------------------------------------------------------------------
 */

/* Reads what the torrent holds there; a fault may ask for anything, and gets zeros where nothing is. */
static void read_block(struct btw_peer *peer, struct btw_block block, uint8_t *out)
{
    const struct btw_geometry *geometry = &peer->torrent->geometry;
    uint64_t at = (uint64_t)block.piece * geometry->piece_length + block.begin, end = at + block.length;

    memset(out, 0, block.length);
    if (end > geometry->total_length)
        end = geometry->total_length;
    if (at < end)
        btw_fixture_read(peer->torrent->fixture, at, out, (size_t)(end - at));
}

/* Number of a block in the torrent, for the memories of faults. */
static size_t block_number(const struct torrent *torrent, struct btw_block block)
{
    return (size_t)(((uint64_t)block.piece * torrent->geometry.piece_length + block.begin) / BTW_BLOCK_SIZE);
}

/* Was the block marked before?  Marks it. */
static bool mark(const struct btw_peer *peer, uint8_t **marks, struct btw_block block)
{
    size_t n = block_number(peer->torrent, block);
    size_t count = (size_t)(peer->torrent->geometry.total_length / BTW_BLOCK_SIZE) + 1;
    bool before;

    if (*marks == NULL)
        *marks = calloc(1, count);
    if (*marks == NULL || n >= count)
        return false;
    before = (*marks)[n];
    (*marks)[n] = 1;
    return before;
}

/* As asked for, but for the faults that answer with another block. */
static struct btw_block bent(const struct btw_peer *peer, struct btw_block block)
{
    const struct btw_policy *policy = &peer->host->policy;

    if (policy->serve_aligned)
        block.begin -= block.begin % BTW_BLOCK_SIZE;
    if (policy->serve_padded && block.length < BTW_BLOCK_SIZE)
        block.length = BTW_BLOCK_SIZE;
    return block;
}

/* Is the block no longer than anything the policy lets us read? */
static bool is_servable(const struct btw_peer *peer, struct btw_block block)
{
    return block.length <= BTW_BLOCK_SIZE || (int64_t)block.length <= peer->host->policy.request_max;
}

static void put_block(struct btw_peer *peer, struct btw_block block)
{
    struct btw_host *host = peer->host;
    struct btw_msg msg = { .type = BTW_PIECE, .piece = block.piece };

    block = bent(peer, block);
    if (!is_servable(peer, block))
        return;
    msg.begin = block.begin;
    read_block(peer, block, host->scratch);
    msg.data = btw_slice_of(host->scratch, block.length);
    btw_peer_put(peer, &msg);
}

/* --- answers ---------------------------------------------------------------------------------------------------------
 */

static bool may_serve(struct btw_peer *peer, struct btw_block block)
{
    const struct btw_policy *policy = &peer->host->policy;

    return !btw_peer_us(peer)->choking ||
           (policy->allowed_fast_serve && btw_party_allowed(&peer->session, BTW_US, block.piece));
}

static struct btw_block clamped(const struct btw_peer *peer, struct btw_block block)
{
    uint32_t size = btw_piece_size(&peer->session.config.geometry, block.piece);
    uint32_t left = block.begin < size ? size - block.begin : 0;

    if (block.length > left)
        block.length = left;
    if (block.length > BTW_BLOCK_SIZE)
        block.length = BTW_BLOCK_SIZE;
    return block;
}

static void answer(struct btw_peer *peer, struct btw_block block, int64_t how)
{
    switch ((enum answer)how) {
    case ANSWER_NONE:
        return;
    case ANSWER_REJECT:
    case ANSWER_REJECT_OR_CLOSE:
        if (btw_peer_fast(peer))
            btw_peer_put_block(peer, BTW_REJECT, block);
        else if (how == ANSWER_REJECT_OR_CLOSE)
            btw_peer_close(peer, BTW_END_FIN);
        return;
    case ANSWER_CLOSE:
        btw_peer_close(peer, BTW_END_FIN);
        return;
    case ANSWER_SERVE:
        put_block(peer, block);
        return;
    case ANSWER_SERVE_FITTING:
        put_block(peer, clamped(peer, block));
        return;
    case ANSWER_CRASH:
        btw_host_crash(peer->host);
        return;
    }
}

static bool asked_twice(struct btw_peer *peer, struct btw_block block)
{
    const struct btw_party *them = btw_peer_them(peer);
    size_t times = 0;

    for (size_t i = 0; i < them->pending_count; i++)
        times += btw_block_equal(them->pending[i].block, block);
    return times > 1;
}

/* How to answer at once; ANSWER_SERVE: the request waits for its turn. */
static int64_t decide(struct btw_peer *peer, struct btw_block block, enum btw_breach breach)
{
    const struct btw_policy *policy = &peer->host->policy;
    const struct torrent *torrent = peer->torrent;

    if ((int64_t)btw_peer_them(peer)->pending_count > policy->queue || breach == BTW_BREACH_TOO_MANY)
        return policy->excess_request;
    if (!torrent->known)
        return policy->missing_request;
    if (!btw_block_fits(&peer->session.config.geometry, block))
        return policy->invalid_request;
    if ((int64_t)block.length > policy->request_max)
        return policy->oversized_request;
    if (!btw_bit_get(torrent->have, block.piece) || (!policy->upload && !btw_torrent_complete(torrent)))
        return policy->missing_request;
    if (!may_serve(peer, block))
        return policy->choked_request;
    if (!btw_peer_them(peer)->interested && policy->uninterested_request != ANSWER_SERVE)
        return policy->uninterested_request;
    if (policy->repeated_request != ANSWER_SERVE && asked_twice(peer, block))
        return policy->repeated_request;
    if (policy->cancel_for_ever && peer->refused != NULL && peer->refused[block_number(torrent, block)])
        return ANSWER_NONE;
    if (policy->serve_once && mark(peer, &peer->served, block))
        return ANSWER_NONE;
    return ANSWER_SERVE;
}

/* A fault: the newest request for this block is forgotten, and gets no answer however things change. */
static void forget(struct btw_peer *peer, struct btw_block block)
{
    struct btw_party *them = btw_peer_them(peer);

    for (size_t i = them->pending_count; i-- > 0;)
        if (btw_block_equal(them->pending[i].block, block)) {
            them->pending[i].cancelled = true;
            return;
        }
}

void btw_seed_request(struct btw_peer *peer, const struct btw_msg *msg, enum btw_breach breach)
{
    struct btw_block block = { msg->piece, msg->begin, msg->length };
    int64_t how = decide(peer, block, breach);

    if (how == ANSWER_NONE)
        forget(peer, block);

    /* Only a fault serves what the session does not know as open. */
    if (how != ANSWER_SERVE || !may_serve(peer, block) || !btw_block_fits(&peer->session.config.geometry, block) ||
        btw_party_pending(&peer->session, BTW_THEM, block) == NULL)
        answer(peer, block, how);
}

/* BEP 6: a cancelled request gets its one answer all the same. */
void btw_seed_cancel(struct btw_peer *peer, const struct btw_msg *msg)
{
    const struct btw_policy *policy = &peer->host->policy;
    struct btw_block block = { msg->piece, msg->begin, msg->length };

    if (policy->cancel_for_ever)
        mark(peer, &peer->refused, block);
    if (btw_peer_fast(peer) && policy->cancel_answer)
        btw_peer_put_block(peer, BTW_REJECT, block);
}

/* The next request whose turn it is, or NULL. */
static const struct btw_pending *next_request(struct btw_peer *peer)
{
    const struct btw_party *them = btw_peer_them(peer);

    if (peer->host->policy.serve_last_only && them->pending_count > 0)
        return &them->pending[them->pending_count - 1];
    for (size_t i = 0; i < them->pending_count; i++)
        if (!them->pending[i].cancelled && may_serve(peer, them->pending[i].block) &&
            is_servable(peer, them->pending[i].block) &&
            btw_block_fits(&peer->session.config.geometry, them->pending[i].block))
            return &them->pending[i];
    return NULL;
}

void btw_seed_serve(struct btw_peer *peer)
{
    const struct btw_policy *policy = &peer->host->policy;
    const struct btw_pending *pending;

    while (peer->state == PEER_OPEN && peer->torrent->known && (int64_t)btw_peer_backlog(peer) < policy->output_fill &&
           (pending = next_request(peer)) != NULL) {
        struct btw_block block = pending->block;
        size_t open = btw_peer_them(peer)->pending_count;

        put_block(peer, block);
        if (policy->serve_extra) {
            block.begin += block.length;
            put_block(peer, clamped(peer, block));
        }
        if (policy->serve_last_only)
            btw_peer_them(peer)->pending_count = 0;
        if (btw_peer_them(peer)->pending_count == open)
            return; /* a fault answered something else, so this one stays open */
    }
}

bool btw_seed_busy(const struct btw_peer *peer)
{
    return next_request((struct btw_peer *)peer) != NULL;
}

/* --- choking ---------------------------------------------------------------------------------------------------------
 */

static bool may_change(const struct btw_peer *peer)
{
    return !peer->ever_unchoked || peer->host->now_ms - peer->choke_changed_ms >= peer->host->policy.choke_interval_ms;
}

/* BEP 6: after a choke every pending request is rejected, but for the allowed-fast ones. */
static void reject_pending(struct btw_peer *peer)
{
    const struct btw_policy *policy = &peer->host->policy;
    struct btw_party *them = btw_peer_them(peer);

    for (size_t i = 0; i < them->pending_count;) {
        struct btw_block block = them->pending[i].block;
        size_t open = them->pending_count;

        if (btw_party_allowed(&peer->session, BTW_US, block.piece)) {
            if (!policy->choke_spares_fast)
                them->pending[i].cancelled = true;
            i++;
            continue;
        }
        btw_peer_put_block(peer, BTW_REJECT, block);
        i += them->pending_count == open;
    }
}

static void choke(struct btw_peer *peer)
{
    const struct btw_policy *policy = &peer->host->policy;
    bool rejects = btw_peer_fast(peer) && policy->reject_on_choke;

    peer->choke_changed_ms = peer->host->now_ms;
    if (rejects && !policy->choke_first)
        reject_pending(peer);
    if (!btw_peer_fast(peer) && !policy->void_on_choke) {
        /* A fault: the wire says choke, but the queue is served to its end. */
        btw_peer_put_raw(peer, &(struct btw_msg){ .type = BTW_CHOKE });
        btw_seed_serve(peer);
    } else {
        btw_peer_put_plain(peer, BTW_CHOKE);
    }
    if (rejects && policy->choke_first)
        reject_pending(peer);
}

static void unchoke(struct btw_peer *peer)
{
    peer->choke_changed_ms = peer->host->now_ms;
    peer->ever_unchoked = true;
    peer->slot = true;
    peer->wants_since_ms = INT64_MAX;
    peer->host->slots_used++;
    btw_peer_put_plain(peer, BTW_UNCHOKE);
}

static void give_back(struct btw_peer *peer)
{
    if (peer->slot)
        peer->host->slots_used--;
    peer->slot = false;
}

static struct btw_peer *longest_waiting(const struct btw_host *host)
{
    struct btw_peer *first = NULL;

    for (struct btw_peer *peer = host->peers; peer != NULL; peer = peer->next)
        if (peer->state == PEER_OPEN && peer->wants_since_ms != INT64_MAX && may_change(peer) &&
            (first == NULL || peer->wants_since_ms < first->wants_since_ms))
            first = peer;
    return first;
}

static void fill_slots(struct btw_host *host)
{
    struct btw_peer *peer;

    while (host->policy.unchoke && (int64_t)host->slots_used < host->policy.slots &&
           (peer = longest_waiting(host)) != NULL)
        unchoke(peer);
}

static void take_slot(struct btw_peer *peer)
{
    give_back(peer);
    choke(peer);
}

static bool serves(const struct btw_peer *peer)
{
    const struct torrent *torrent = peer->torrent;

    return torrent->known && (peer->host->policy.upload || btw_torrent_complete(torrent)) &&
           (peer->host->policy.unchoke_empty || peer->session.party[BTW_THEM].have_count > 0);
}

/* Brings the choke state of one peer in line with its interest, now or when it may be changed. */
static void review(struct btw_peer *peer)
{
    const struct btw_policy *policy = &peer->host->policy;
    bool wants = btw_peer_them(peer)->interested && serves(peer);

    if (wants && !peer->slot && peer->wants_since_ms == INT64_MAX)
        peer->wants_since_ms = peer->host->now_ms;
    if (!wants)
        peer->wants_since_ms = INT64_MAX;
    if (!wants && peer->slot && policy->choke_uninterested && may_change(peer))
        take_slot(peer);
    else if (wants != peer->slot && !may_change(peer))
        peer->timers[TIMER_CHOKE] = peer->choke_changed_ms + policy->choke_interval_ms;
    fill_slots(peer->host);
}

/* BEP 6: a peer that has hardly anything gets pieces it may ask for while choked. */
static void offer_fast(struct btw_peer *peer)
{
    const struct btw_policy *policy = &peer->host->policy;
    const struct torrent *torrent = peer->torrent;
    uint32_t set[64];
    uint8_t address[4];
    size_t k = (size_t)policy->allowed_fast, count;

    if (peer->offered_fast || !btw_peer_fast(peer) || peer->address.len != 4 || !btw_torrent_complete(torrent))
        return;
    if (k == 0 || k > 64 || btw_peer_them(peer)->have_count >= k)
        return;
    peer->offered_fast = true;
    memcpy(address, peer->address.bytes, sizeof address);
    if (!policy->allowed_fast_mask)
        address[2] ^= address[3]; /* a fault: the byte that the canonical set masks away counts */
    count = btw_allowed_fast(set, k, torrent->geometry.pieces, address, torrent->info_hash);
    for (size_t i = 0; i < count; i++)
        if (!btw_party_has(&peer->session, BTW_THEM, set[i]))
            btw_peer_put_piece(peer, BTW_ALLOWED_FAST,
                               policy->allowed_fast_modulo ? set[i] : set[i] + torrent->geometry.pieces);
}

void btw_seed_availability(struct btw_peer *peer)
{
    offer_fast(peer);
    if (!peer->host->policy.unchoke_empty)
        review(peer);
}

void btw_seed_interest(struct btw_peer *peer)
{
    if (btw_peer_them(peer)->interested)
        offer_fast(peer);
    review(peer);
}

void btw_seed_timer(struct btw_peer *peer, enum peer_timer timer)
{
    if (timer == TIMER_CHOKE) {
        review(peer);
        return;
    }
    btw_peer_put_plain(peer, btw_peer_us(peer)->choking ? BTW_UNCHOKE : BTW_CHOKE);
    btw_peer_after(peer, TIMER_FLAP, peer->host->policy.flap_ms);
}

/* Optimistic unchoking (BEP 3): who waits longest takes the slot of who has had one longest. */
void btw_seed_rotate(struct btw_host *host)
{
    struct btw_peer *oldest = NULL;

    if (longest_waiting(host) == NULL)
        return;
    for (struct btw_peer *peer = host->peers; peer != NULL; peer = peer->next)
        if (peer->slot && may_change(peer) && (oldest == NULL || peer->choke_changed_ms < oldest->choke_changed_ms))
            oldest = peer;
    if (oldest == NULL)
        return;
    take_slot(oldest);
    fill_slots(host);
    review(oldest);
}

void btw_seed_leave(struct btw_peer *peer)
{
    peer->wants_since_ms = INT64_MAX;
    give_back(peer);
    fill_slots(peer->host);
}

/* SPDX-License-Identifier: MIT
 *
 * The beginning of a connection: both handshakes (BEP 3), then what we have (BEP 3, BEP 6).
 */
#include <assert.h>
#include <stdlib.h>

#include "peer_impl.h"

enum { PROTOCOL_SIZE = 20, RESERVED_END = 28, INFO_HASH_END = 48 };

static const uint8_t protocol[] = "\x13"
                                  "BitTorrent protocol";

/* --- our handshake ---------------------------------------------------------------------------------------------------
 */

static void fill_handshake(const struct btw_host *host, struct btw_msg *msg, const uint8_t info_hash[20])
{
    *msg = (struct btw_msg){ .type = BTW_HANDSHAKE };
    btw_reserved_set(msg->reserved, "ext", host->policy.ext != 0);
    btw_reserved_set(msg->reserved, "fast", host->policy.fast != 0);
    btw_reserved_set(msg->reserved, "dht", host->policy.dht != 0);
    memcpy(msg->info_hash, info_hash, sizeof msg->info_hash);
    memcpy(msg->peer_id, host->peer_id, sizeof msg->peer_id);
}

/* As they asked for it, or better (BEP 52); only a fault answers for another torrent than it serves. */
static const uint8_t *answer_hash(const struct btw_peer *peer)
{
    const struct btw_metainfo *meta = &peer->torrent->fixture->meta;
    struct btw_msg theirs = { .type = BTW_HANDSHAKE };
    const uint8_t *hash;

    memcpy(theirs.reserved, peer->greeting + PROTOCOL_SIZE, sizeof theirs.reserved);
    memcpy(theirs.info_hash, peer->greeting + RESERVED_END, sizeof theirs.info_hash);
    if (peer->host->policy.upgrade == 2)
        btw_reserved_set(theirs.reserved, "v2", true);
    hash = btw_metainfo_answer(meta, &theirs, peer->host->policy.upgrade > 0);
    return hash == NULL ? peer->greeting + RESERVED_END : hash;
}

void btw_peer_greet(struct btw_peer *peer)
{
    const struct btw_metainfo *meta = &peer->torrent->fixture->meta;
    struct btw_msg msg;

    fill_handshake(peer->host, &msg, peer->dialled ? peer->torrent->info_hash : answer_hash(peer));
    if (peer->dialled)
        btw_reserved_set(msg.reserved, "v2", meta->has_v1 && meta->has_v2 && peer->host->policy.upgrade > 0);
    else
        peer->v2 = btw_metainfo_speaks_v2(meta, msg.info_hash);
    peer->greeted = true;
    btw_peer_put(peer, &msg);
}

/* --- theirs ----------------------------------------------------------------------------------------------------------
 */

static bool protocol_fits(const struct btw_peer *peer)
{
    size_t compared = peer->host->policy.check_protocol == 2   ? PROTOCOL_SIZE
                      : peer->host->policy.check_protocol == 1 ? 1
                                                               : 0;

    if (compared > peer->greeting_len)
        compared = peer->greeting_len;
    return memcmp(peer->greeting, protocol, compared) == 0;
}

static void answer_unknown(struct btw_peer *peer)
{
    struct btw_msg msg;

    fill_handshake(peer->host, &msg, peer->greeting + RESERVED_END);
    switch (peer->host->policy.unknown_info_hash) {
    case 0:
        peer->hung = true;
        return;
    case 2:
        btw_peer_put_raw(peer, &msg);
        btw_peer_never(peer, TIMER_HANDSHAKE);
        return;
    case 3:
        btw_peer_put_raw(peer, &msg);
        break;
    default:
        break;
    }
    btw_peer_close(peer, BTW_END_FIN);
}

/* They dialled: their handshake names the torrent. */
static void choose_torrent(struct btw_peer *peer)
{
    struct btw_host *host = peer->host;
    struct torrent *torrent = btw_host_find(host, peer->greeting + RESERVED_END);

    if (peer->encrypted && host->policy.mse_check_hash && btw_host_find(host, peer->skey) != torrent) {
        btw_peer_close(peer, BTW_END_FIN);
        return;
    }
    if (host->policy.first_torrent == 2 || (host->policy.first_torrent == 1 && torrent != NULL))
        torrent = host->torrents;
    if (torrent == NULL) {
        answer_unknown(peer);
        return;
    }
    peer->torrent = torrent;
    if (btw_peer_attach(peer))
        btw_peer_greet(peer);
    else
        btw_peer_close(peer, BTW_END_RST);
}

static void close_all(struct torrent *torrent)
{
    for (struct btw_peer *peer = torrent->host->peers; peer != NULL; peer = peer->next)
        if (peer->torrent == torrent)
            btw_peer_close(peer, BTW_END_FIN);
}

/* Another open connection of the torrent with the same peer id, or with the same host on the other end. */
static struct btw_peer *twin_of(const struct btw_peer *peer, bool by_host)
{
    for (struct btw_peer *other = peer->host->peers; other != NULL; other = other->next) {
        bool same = by_host ? memcmp(other->address.bytes, peer->address.bytes, sizeof peer->address.bytes) == 0
                            : memcmp(other->peer_id, peer->peer_id, sizeof peer->peer_id) == 0;
        if (same && other != peer && other->torrent == peer->torrent && other->state == PEER_OPEN)
            return other;
    }
    return NULL;
}

/* A second connection of one peer: what the policy says of the pair. */
static void judge_twins(struct btw_peer *peer, struct btw_peer *twin, int64_t policy)
{
    const struct btw_host *host = peer->host;
    bool ghost = policy == 3 && memcmp(host->departed, peer->peer_id, sizeof host->departed) == 0;

    if (ghost || (twin != NULL && policy > 0))
        btw_peer_close(peer, BTW_END_FIN);
    if (twin != NULL && policy == 2)
        btw_peer_close(twin, BTW_END_FIN);
}

/* Is the peer id one we want to talk to?  Closes when it is not. */
static bool peer_id_fits(struct btw_peer *peer)
{
    const struct btw_policy *policy = &peer->host->policy;
    const struct candidate *expected = peer->candidate;
    bool own = policy->own_peer_id > 0 && memcmp(peer->peer_id, peer->host->peer_id, sizeof peer->peer_id) == 0;
    bool another = expected != NULL && expected->has_peer_id && policy->check_peer_id &&
                   memcmp(peer->peer_id, expected->peer_id, sizeof peer->peer_id) != 0;
    bool empty = peer->peer_id[0] == '\0' && !policy->peer_id_nul;

    if (own && policy->own_peer_id == 2)
        close_all(peer->torrent);
    if (own || another || empty) {
        btw_peer_close(peer, BTW_END_FIN);
    } else {
        judge_twins(peer, twin_of(peer, false), policy->same_peer_id);
        judge_twins(peer, twin_of(peer, true), policy->same_address);
    }
    return peer->state != PEER_DONE;
}

static bool reserved_fits(const struct btw_peer *peer, const uint8_t reserved[8])
{
    static const uint8_t assigned[8] = { 0x80, 0, 0x08, 0, 0, 0x13, 0, 0x1f };

    for (size_t i = 0; i < sizeof assigned; i++)
        if ((reserved[i] & ~assigned[i]) != 0)
            return peer->host->policy.odd_reserved != 0;
    return true;
}

/* We dialled: does the answer name the torrent, or what we offered to upgrade to? */
static bool hash_fits(const struct btw_peer *peer, const struct btw_msg *answer)
{
    struct btw_msg ours = { .type = BTW_HANDSHAKE };

    memcpy(ours.reserved, peer->session.party[BTW_US].reserved, sizeof ours.reserved);
    memcpy(ours.info_hash, peer->torrent->info_hash, sizeof ours.info_hash);
    return btw_metainfo_may_answer(&peer->torrent->fixture->meta, &ours, answer);
}

/* All 68 bytes are there. */
static void judge_handshake(struct btw_peer *peer)
{
    struct btw_msg msg;
    size_t used;
    enum btw_status status;

    memcpy(peer->greeting, protocol, PROTOCOL_SIZE); /* judged before, by policy */
    status = btw_handshake_decode(&msg, &used, btw_slice_of(peer->greeting, sizeof peer->greeting), NULL);
    assert(status == BTW_OK);
    memcpy(peer->peer_id, msg.peer_id, sizeof peer->peer_id);
    if (peer->dialled && peer->host->policy.check_info_hash && !hash_fits(peer, &msg)) {
        btw_peer_close(peer, BTW_END_FIN);
        return;
    }
    if (peer->dialled)
        peer->v2 = btw_metainfo_speaks_v2(&peer->torrent->fixture->meta, msg.info_hash);
    if (!reserved_fits(peer, msg.reserved)) {
        btw_peer_close(peer, BTW_END_FIN);
        return;
    }
    if (!peer_id_fits(peer))
        return;
    if (!peer->greeted)
        btw_peer_greet(peer);
    btw_session_received(&peer->session, &msg, peer->host->now_ms, NULL);
    btw_peer_opened(peer);
}

void btw_peer_greeted(struct btw_peer *peer, struct btw_slice *in)
{
    const struct btw_policy *policy = &peer->host->policy;
    size_t room = sizeof peer->greeting - peer->greeting_len, more = in->len < room ? in->len : room;
    size_t answer_at = policy->handshake_at > INFO_HASH_END ? (size_t)policy->handshake_at : INFO_HASH_END;

    if (more == 0)
        return;
    if (policy->handshake_whole && in->len < room) {
        btw_peer_close(peer, BTW_END_FIN);
        return;
    }
    memcpy(peer->greeting + peer->greeting_len, in->data, more);
    peer->greeting_len += more;
    *in = btw_slice_of(in->data + more, in->len - more);
    if (!protocol_fits(peer)) {
        btw_peer_close(peer, BTW_END_FIN);
        return;
    }
    if (!peer->dialled && peer->torrent == NULL && peer->greeting_len >= answer_at)
        choose_torrent(peer);
    if (peer->state != PEER_GREETING || peer->torrent == NULL || peer->greeting_len < BTW_HANDSHAKE_SIZE)
        return;
    judge_handshake(peer);
    if (!policy->handshake_tail)
        *in = btw_slice_of(NULL, 0);
}

/* --- what we have ----------------------------------------------------------------------------------------------------
 */

static bool speaks_fast(struct btw_peer *peer)
{
    return btw_peer_fast(peer) || (peer->host->policy.fast && !peer->host->policy.fast_needs_both);
}

static void put_bitfield(struct btw_peer *peer)
{
    const struct btw_policy *policy = &peer->host->policy;
    const struct torrent *torrent = peer->torrent;
    uint32_t pieces = torrent->geometry.pieces;
    size_t size = btw_bits_size(pieces) + (size_t)policy->bitfield_extra;
    uint8_t *bits = calloc(1, size);

    if (bits == NULL)
        return;
    for (uint32_t i = 0; i < pieces; i++)
        btw_bit_set(bits, policy->bitfield_lsb ? (i ^ 7) % (size * 8) : i, btw_bit_get(torrent->have, i));
    for (size_t i = pieces; policy->bitfield_spare && i < btw_bits_size(pieces) * 8; i++)
        btw_bit_set(bits, i, true);
    if (policy->availability >= 5)
        btw_bit_set(bits, 0, policy->availability == 5);
    btw_peer_put(peer, &(struct btw_msg){ .type = BTW_BITFIELD, .data = btw_slice_of(bits, size) });
    if (policy->availability == 6)
        btw_peer_put_piece(peer, BTW_HAVE, 0);
    free(bits);
}

static void put_port(struct btw_peer *peer)
{
    const struct btw_policy *policy = &peer->host->policy;
    bool both = policy->dht && btw_reserved_has(btw_peer_them(peer)->reserved, "dht");

    if (policy->send_port == 2 || (policy->send_port == 1 && both))
        btw_peer_put(peer, &(struct btw_msg){ .type = BTW_PORT, .port = peer->host->listen_port });
}

/* BEP 6: exactly one of have_all, have_none and bitfield.  BEP 3: a bitfield, which may be left out when it is empty.
 */
static void put_availability(struct btw_peer *peer)
{
    const struct torrent *torrent = peer->torrent;
    bool fast = speaks_fast(peer);

    switch (peer->host->policy.availability) {
    case 0:
        return;
    case 3:
        btw_peer_put_plain(peer, BTW_HAVE_ALL);
        return;
    case 4:
        btw_peer_put_plain(peer, BTW_HAVE_NONE);
        return;
    case 1:
        if (fast && (torrent->have_count == 0 || btw_torrent_complete(torrent))) {
            btw_peer_put_plain(peer, torrent->have_count == 0 ? BTW_HAVE_NONE : BTW_HAVE_ALL);
            return;
        }
        if (torrent->have_count == 0)
            return;
        break;
    default:
        break;
    }
    put_bitfield(peer);
}

void btw_peer_announce(struct btw_peer *peer)
{
    if (!peer->torrent->known || peer->announced)
        return;
    peer->announced = true;
    put_availability(peer);
    put_port(peer);
}

static uint32_t swapped(uint32_t value)
{
    return value >> 24 | (value >> 8 & 0xff00) | (value << 8 & 0xff0000) | value << 24;
}

void btw_peer_have(struct btw_peer *peer, uint32_t piece)
{
    const struct btw_policy *policy = &peer->host->policy;

    if (peer->state != PEER_OPEN || !peer->announced)
        return;
    if (policy->have_form == 1)
        put_bitfield(peer);
    else if (policy->have_form == 2 && btw_torrent_complete(peer->torrent))
        btw_peer_put_plain(peer, BTW_HAVE_ALL);
    else if (policy->have_form == 0)
        btw_peer_put_piece(peer, BTW_HAVE, policy->have_swapped ? swapped(piece) : piece);
}

void btw_peer_repeat_haves(struct btw_peer *peer)
{
    for (uint32_t i = 0; i < peer->torrent->geometry.pieces; i++)
        if (btw_bit_get(peer->torrent->have, i))
            btw_peer_have(peer, i);
    btw_peer_after(peer, TIMER_HAVES, peer->host->policy.have_repeat_ms);
}

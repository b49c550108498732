/* SPDX-License-Identifier: MIT
 *
 * A magnet's way to its metadata (BEP 9): one attempt at one size at a time, pieces from whoever has them, the whole
 * judged by the info-hash.  After a bad hash the next attempt takes everything from one peer, so that a liar is found.
 */
#include <stdlib.h>

#include "peer_impl.h"

enum { PIECES_IN_FLIGHT = 4 };

/* --- the attempt -----------------------------------------------------------------------------------------------------
 */

void btw_magnet_forget(struct torrent *torrent)
{
    free(torrent->fetch.buffer);
    free(torrent->fetch.asked);
    torrent->fetch = (struct fetch){ .alone = torrent->fetch.alone };
    for (struct btw_peer *peer = torrent->host->peers; peer != NULL; peer = peer->next)
        if (peer->torrent == torrent)
            peer->metadata_open = 0;
}

static bool begin(struct torrent *torrent, int64_t size)
{
    struct fetch *fetch = &torrent->fetch;

    btw_magnet_forget(torrent);
    fetch->size = (size_t)size;
    fetch->buffer = calloc(1, fetch->size);
    fetch->asked = calloc(btw_metadata_pieces(fetch->size), sizeof *fetch->asked);
    if (fetch->buffer == NULL || fetch->asked == NULL) {
        btw_magnet_forget(torrent);
        return false;
    }
    btw_metadata_init(&fetch->metadata, fetch->buffer, fetch->size);
    return true;
}

static bool anything_open(const struct torrent *torrent)
{
    for (const struct btw_peer *peer = torrent->host->peers; peer != NULL; peer = peer->next)
        if (peer->torrent == torrent && peer->metadata_open > 0)
            return true;
    return false;
}

/* Is there an attempt this peer can take part in?  One at another size gives way once nobody owes it an answer. */
static bool join(struct btw_peer *peer)
{
    struct torrent *torrent = peer->torrent;
    struct fetch *fetch = &torrent->fetch;

    if (torrent->first_size == 0)
        torrent->first_size = peer->metadata_size;
    if (!peer->host->policy.metadata_resize && torrent->first_size != peer->metadata_size)
        return false;
    if (fetch->buffer == NULL || ((int64_t)fetch->size != peer->metadata_size && !anything_open(torrent)))
        if (!begin(torrent, peer->metadata_size))
            return false;
    if ((int64_t)fetch->size != peer->metadata_size)
        return false;
    if (fetch->only == 0 && (fetch->alone || !peer->host->policy.metadata_keep_going)) {
        fetch->alone = true;
        fetch->only = peer->serial;
    }
    return !fetch->alone || fetch->only == peer->serial;
}

/* --- asking ----------------------------------------------------------------------------------------------------------
 */

static bool useful(const struct btw_peer *peer)
{
    const struct torrent *torrent = peer->torrent;

    return !torrent->known && !torrent->broken && peer->ext_heard && btw_peer_ext_on(peer, BTW_EXT_UT_METADATA) &&
           peer->metadata_size > 0 && peer->metadata_size <= peer->host->policy.metadata_max &&
           peer->metadata_size <= BTW_METADATA_MAX && !peer->metadata_paused;
}

/* The first piece that is missing and not asked of anybody. */
static bool next_piece(const struct fetch *fetch, size_t *piece)
{
    for (*piece = 0; btw_metadata_next_missing(&fetch->metadata, piece); ++*piece)
        if (fetch->asked[*piece] == 0)
            return true;
    return false;
}

void btw_magnet_ask(struct btw_peer *peer)
{
    const struct btw_policy *policy = &peer->host->policy;
    struct fetch *fetch = &peer->torrent->fetch;
    size_t piece;

    if (!useful(peer) || !join(peer))
        return;
    while (peer->metadata_open < PIECES_IN_FLIGHT && next_piece(fetch, &piece) && peer->state == PEER_OPEN) {
        if (piece > 0 && !policy->metadata_all)
            return;
        fetch->asked[piece] = peer->serial;
        peer->metadata_open++;
        btw_peer_after(peer, TIMER_METADATA, policy->metadata_timeout_ms);
        btw_meta_send(peer, &(struct btw_ut_metadata){ .msg_type = BTW_METADATA_REQUEST,
                                                       .piece = (int64_t)piece + policy->metadata_from });
    }
}

/* What this peer was asked for may be asked of others. */
static void release(struct btw_peer *peer)
{
    struct fetch *fetch = &peer->torrent->fetch;

    peer->metadata_open = 0;
    if (fetch->buffer == NULL)
        return;
    for (size_t i = 0; i < btw_metadata_pieces(fetch->size); i++)
        if (fetch->asked[i] == peer->serial)
            fetch->asked[i] = 0;
    if (fetch->only == peer->serial && peer->host->policy.metadata_keep_going)
        fetch->only = 0;
    peer->torrent->wake = true;
}

static void pause_asking(struct btw_peer *peer)
{
    release(peer);
    peer->metadata_paused = peer->host->policy.metadata_pause_ms > 0;
    btw_peer_after(peer, TIMER_METADATA, peer->host->policy.metadata_pause_ms);
}

void btw_magnet_timer(struct btw_peer *peer)
{
    if (peer->metadata_open > 0)
        pause_asking(peer);
    else
        peer->metadata_paused = false;
}

void btw_magnet_leave(struct btw_peer *peer)
{
    release(peer);
}

/* --- answers ---------------------------------------------------------------------------------------------------------
 */

static void learn(struct torrent *torrent)
{
    struct fetch *fetch = &torrent->fetch;
    struct btw_slice info = btw_slice_of(fetch->buffer, fetch->size);
    struct btw_metainfo meta;

    if (!torrent->host->policy.metadata_start)
        return;
    if (btw_metainfo_read_info(&meta, info, NULL) != BTW_OK || !btw_torrent_know(torrent, &meta)) {
        torrent->broken = true; /* the hash was right, so it will not get better */
        btw_magnet_forget(torrent);
        return;
    }
    torrent->info = fetch->buffer;
    fetch->buffer = NULL;
    btw_magnet_forget(torrent);
    for (struct btw_peer *peer = torrent->host->peers; peer != NULL; peer = peer->next) {
        if (peer->torrent != torrent)
            continue;
        btw_peer_never(peer, TIMER_METADATA);
        btw_peer_learned(peer);
    }
    torrent->wake = true;
}

/* If all of it came from one peer, that peer is not asked again. */
static void refuse(struct torrent *torrent)
{
    uint64_t liar = torrent->fetch.mixed ? 0 : torrent->fetch.source;

    torrent->fetch.alone = true;
    btw_magnet_forget(torrent);
    for (struct btw_peer *peer = torrent->host->peers; peer != NULL; peer = peer->next)
        if (peer->torrent == torrent && peer->serial == liar)
            peer->metadata_size = 0;
    torrent->wake = true;
}

static void judge(struct torrent *torrent)
{
    const struct btw_metainfo *meta = &torrent->fixture->meta;
    enum btw_status status = meta->has_v1 || torrent->host->policy.metadata_sha1
                                 ? btw_metadata_verify(&torrent->fetch.metadata, torrent->info_hash, NULL)
                                 : btw_metadata_verify_v2(&torrent->fetch.metadata, meta->info_hash_v2, NULL);

    if (status == BTW_MORE)
        return;
    if (status == BTW_OK || !torrent->host->policy.metadata_check)
        learn(torrent);
    else
        refuse(torrent);
}

static bool was_asked(const struct btw_peer *peer, const struct btw_ut_metadata *msg)
{
    const struct fetch *fetch = &peer->torrent->fetch;

    return fetch->buffer != NULL && msg->piece >= 0 && (uint64_t)msg->piece < btw_metadata_pieces(fetch->size) &&
           fetch->asked[msg->piece] == peer->serial;
}

void btw_magnet_data(struct btw_peer *peer, const struct btw_ut_metadata *msg)
{
    const struct btw_policy *policy = &peer->host->policy;
    struct fetch *fetch = &peer->torrent->fetch;

    if (!was_asked(peer, msg)) {
        btw_peer_react(peer, policy->on_metadata_unasked);
        return;
    }
    if (policy->metadata_size_last && msg->has_total_size && msg->total_size > 0 &&
        msg->total_size <= policy->metadata_max && (size_t)msg->total_size != fetch->size) {
        peer->metadata_size = msg->total_size;
        begin(peer->torrent, msg->total_size);
        return;
    }
    if (btw_metadata_add(&fetch->metadata, msg, NULL) != BTW_OK) {
        btw_peer_react(peer, policy->on_metadata_bad);
        if (policy->metadata_retry)
            pause_asking(peer);
        return;
    }
    peer->metadata_open--;
    if (peer->metadata_open == 0)
        btw_peer_never(peer, TIMER_METADATA);
    fetch->mixed |= fetch->source != 0 && fetch->source != peer->serial;
    fetch->source = peer->serial;
    judge(peer->torrent);
}

void btw_magnet_rejected(struct btw_peer *peer, const struct btw_ut_metadata *msg)
{
    if (!was_asked(peer, msg))
        return;
    pause_asking(peer);
    if (peer->host->policy.metadata_reject_clears)
        btw_magnet_forget(peer->torrent);
}

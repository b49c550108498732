/* SPDX-License-Identifier: MIT
 *
 * Which block to ask a peer for next: pieces that are begun first, then the rarest, and at the end those that others
 * have been asked for already (end game).
 */
#include <stdlib.h>

#include "peer_impl.h"

enum { ENDGAME_PEERS = 3 };

/* --- downloads -------------------------------------------------------------------------------------------------------
 */

static uint32_t block_size(const struct torrent *torrent)
{
    return (uint32_t)torrent->host->policy.request_size;
}

struct download *btw_pick_find(const struct torrent *torrent, uint32_t piece)
{
    struct download *d = torrent->downloads;

    while (d != NULL && d->piece != piece)
        d = d->next;
    return d;
}

static void free_download(struct download *d)
{
    free(d->data);
    free(d->got);
    free(d->asked);
    free(d->from);
    free(d);
}

void btw_pick_drop(struct torrent *torrent, struct download *download)
{
    struct download **at = &torrent->downloads;

    while (*at != download)
        at = &(*at)->next;
    *at = download->next;
    free_download(download);
}

static struct download *begin(struct torrent *torrent, uint32_t piece)
{
    uint32_t size = btw_piece_size(&torrent->geometry, piece);
    uint32_t blocks = (size + block_size(torrent) - 1) / block_size(torrent);
    struct download *d = calloc(1, sizeof *d);

    if (d == NULL)
        return NULL;
    d->piece = piece;
    d->blocks = blocks;
    d->data = calloc(1, torrent->geometry.piece_length); /* with the padding of a hybrid */
    d->got = calloc(blocks, sizeof *d->got);
    d->asked = calloc(blocks, sizeof *d->asked);
    d->from = calloc(blocks, sizeof *d->from);
    if (d->data == NULL || d->got == NULL || d->asked == NULL || d->from == NULL) {
        free_download(d);
        return NULL;
    }
    d->next = torrent->downloads;
    torrent->downloads = d;
    return d;
}

static struct btw_block block_at(const struct torrent *torrent, const struct download *d, uint32_t i)
{
    uint32_t size = btw_piece_size(&torrent->geometry, d->piece), offset = i * block_size(torrent);
    uint32_t length = block_size(torrent);

    if (length > size - offset && torrent->host->policy.request_fits)
        length = size - offset;
    return (struct btw_block){ d->piece, offset, length };
}

bool btw_pick_index(const struct download *download, const struct torrent *torrent, struct btw_block block, uint32_t *i)
{
    *i = block.begin / block_size(torrent);
    return *i < download->blocks && btw_block_equal(block, block_at(torrent, download, *i));
}

/* --- the choice ------------------------------------------------------------------------------------------------------
 */

static bool wanted(const struct torrent *torrent, uint32_t piece)
{
    return !btw_bit_get(torrent->have, piece) && (!torrent->meta.has_v2 || btw_hash_knows(torrent, piece));
}

/* all: not only allowed-fast pieces (BEP 6). */
static bool askable(const struct btw_peer *peer, uint32_t piece, bool all)
{
    bool announced = btw_bit_get(peer->has, piece) || !peer->host->policy.request_announced;

    return announced &&
           (all || (btw_party_allowed(&peer->session, BTW_THEM, piece) && !btw_bit_get(peer->declined, piece)));
}

static bool is_skipped(const struct torrent *torrent, const struct download *d, uint32_t i)
{
    return torrent->host->policy.skip_last_block && d->piece + 1 == torrent->geometry.pieces && i + 1 == d->blocks;
}

/* A block of this download that fewer than `below` peers have been asked for. */
static bool pick_in(const struct btw_peer *peer, struct download *d, uint16_t below, struct btw_block *block)
{
    if (d->alone && d->only != 0 && d->only != peer->serial)
        return false;
    for (uint32_t i = 0; i < d->blocks; i++) {
        if (d->got[i] || d->asked[i] >= below || is_skipped(peer->torrent, d, i))
            continue;
        *block = block_at(peer->torrent, d, i);
        if (btw_party_pending(&peer->session, BTW_US, *block) == NULL)
            return true;
    }
    return false;
}

static bool pick_begun(const struct btw_peer *peer, bool all, uint16_t below, struct btw_block *block)
{
    for (struct download *d = peer->torrent->downloads; d != NULL; d = d->next)
        if (askable(peer, d->piece, all) && pick_in(peer, d, below, block))
            return true;
    return false;
}

static uint32_t holders(const struct torrent *torrent, uint32_t piece)
{
    uint32_t count = 0;

    for (const struct btw_peer *peer = torrent->host->peers; peer != NULL; peer = peer->next)
        count += peer->torrent == torrent && peer->state == PEER_OPEN && btw_bit_get(peer->has, piece);
    return count;
}

/* The rarest piece that nobody has begun; UINT32_MAX: none. */
static uint32_t rarest(const struct btw_peer *peer, bool all)
{
    const struct torrent *torrent = peer->torrent;
    uint32_t best = UINT32_MAX, best_holders = 0;

    for (uint32_t i = 0; i < torrent->geometry.pieces; i++) {
        /* `order` decides among equals, so walking in that order the first of the rarest is the one. */
        uint32_t piece = torrent->host->policy.pick ? torrent->order[i] : i, count;

        if (!wanted(torrent, piece) || !askable(peer, piece, all) || btw_pick_find(torrent, piece) != NULL)
            continue;
        if (!torrent->host->policy.pick)
            return piece;
        count = holders(torrent, piece);
        if (best == UINT32_MAX || count < best_holders) {
            best = piece;
            best_holders = count;
        }
    }
    return best;
}

static bool everything_asked(const struct torrent *torrent)
{
    uint32_t begun = 0;

    for (const struct download *d = torrent->downloads; d != NULL; d = d->next, begun++)
        for (uint32_t i = 0; i < d->blocks; i++)
            if (!d->got[i] && d->asked[i] == 0)
                return false;
    return begun == torrent->geometry.pieces - torrent->have_count;
}

/* A fault: one block of a piece that is there already. */
static bool pick_again(struct btw_peer *peer, struct btw_block *block)
{
    const struct torrent *torrent = peer->torrent;

    for (uint32_t i = 0; i < torrent->geometry.pieces && !peer->asked_again; i++) {
        if (wanted(torrent, i) || !btw_bit_get(peer->has, i))
            continue;
        peer->asked_again = true;
        *block = (struct btw_block){ i, 0, BTW_BLOCK_SIZE };
        return true;
    }
    return false;
}

bool btw_pick_block(struct btw_peer *peer, bool all, struct btw_block *block)
{
    const struct btw_policy *policy = &peer->host->policy;
    struct download *d;
    uint32_t piece;

    if (policy->request_complete && pick_again(peer, block))
        return true;
    if (pick_begun(peer, all, 1, block))
        return true;
    piece = rarest(peer, all);
    if (piece != UINT32_MAX) {
        d = begin(peer->torrent, piece);
        return d != NULL && pick_in(peer, d, 1, block);
    }
    return policy->endgame && everything_asked(peer->torrent) && pick_begun(peer, all, ENDGAME_PEERS, block);
}

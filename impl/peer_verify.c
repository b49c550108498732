/* SPDX-License-Identifier: MIT
 *
 * A piece is whole: is it right, and if not, who is to blame?  A bad piece is fetched again from one peer alone, so
 * that next time there is no doubt.
 */
#include "btw/hash.h"
#include "peer_impl.h"

/* Of a hybrid both hashes must fit (BEP 52), in version 1 with the padding behind the file. */
static bool is_right(const struct torrent *torrent, const struct download *d)
{
    uint32_t size = btw_piece_size(&torrent->geometry, d->piece);
    uint8_t hash[20];

    if (!torrent->host->policy.check_hash)
        return true;
    if (torrent->meta.has_v2 && !btw_hash_piece_fits(torrent, d->piece, btw_slice_of(d->data, size)))
        return false;
    if (!torrent->meta.has_v1)
        return true;
    btw_sha1(hash, btw_slice_of(d->data, btw_metainfo_piece_size(&torrent->meta, d->piece)));
    return memcmp(hash, btw_metainfo_piece_hash(&torrent->meta, d->piece), sizeof hash) == 0;
}

static void accept(struct torrent *torrent, struct download *d)
{
    uint32_t piece = d->piece;

    btw_pick_drop(torrent, d);
    btw_bit_set(torrent->have, piece, true);
    torrent->have_count++;
    torrent->wake = true;
    if (torrent->host->policy.have_when != 2)
        return;
    for (struct btw_peer *peer = torrent->host->peers; peer != NULL; peer = peer->next)
        if (peer->torrent == torrent)
            btw_peer_have(peer, piece);
}

/* Everything came from one peer: that one sent it wrong. */
static void blame(const struct torrent *torrent, uint64_t serial)
{
    int64_t patience = torrent->host->policy.ban_after;

    for (struct btw_peer *peer = torrent->host->peers; peer != NULL; peer = peer->next) {
        if (peer->serial != serial || peer->state == PEER_DONE)
            continue;
        peer->bad_pieces++;
        if (patience == 0 || (int64_t)peer->bad_pieces < patience)
            return;
        btw_host_ban(torrent->host, &peer->address);
        btw_peer_close(peer, BTW_END_FIN);
        return;
    }
}

static void refuse(struct torrent *torrent, struct download *d)
{
    bool one = true;

    for (uint32_t i = 1; i < d->blocks; i++)
        one = one && d->from[i] == d->from[0];
    memset(d->got, 0, d->blocks);
    d->received = 0;
    d->alone = true;
    d->only = 0;
    torrent->wake = true;
    if (one)
        blame(torrent, d->from[0]);
}

void btw_verify(struct torrent *torrent, struct download *download)
{
    if (is_right(torrent, download))
        accept(torrent, download);
    else
        refuse(torrent, download);
}

/* SPDX-License-Identifier: MIT
 *
 * Look-ups in what a run knows.
 */
#include "world.h"

#include <string.h>

const struct scn_torrent *scn_world_torrent(const struct scn_world *world, const char *kind, unsigned copy)
{
    bool any = !kind || strcmp(kind, "any") == 0;
    for (size_t i = 0; i < world->torrent_count; i++) {
        const struct scn_torrent *torrent = &world->torrents[i];
        if ((any || strcmp(torrent->kind, kind) == 0) && (torrent->copy == copy || strcmp(torrent->kind, "any") == 0))
            return torrent;
    }
    return NULL;
}

uint32_t scn_torrent_piece_size(const struct scn_torrent *torrent, uint32_t piece)
{
    bool inside = torrent->known && piece < torrent->meta.pieces;
    return inside ? btw_metainfo_piece_size(&torrent->meta, piece) : 0;
}

bool scn_torrent_block(const struct scn_torrent *torrent, uint32_t piece, uint32_t begin, uint8_t *out, size_t len)
{
    uint32_t size = scn_torrent_piece_size(torrent, piece);
    if (!torrent->read || size == 0 || begin > size || len > size - begin)
        return false;
    return torrent->read(torrent, (uint64_t)piece * torrent->meta.piece_length + begin, out, len);
}

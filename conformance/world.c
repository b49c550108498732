/* SPDX-License-Identifier: MIT
 *
 * Look-ups in what a run knows.
 */
#include "world.h"

#include <string.h>

static bool is(const char *kind, const char *name)
{
    return strcmp(kind, name) == 0;
}

const char *scn_kind_fixture(const char *kind)
{
    return !kind || is(kind, "any") || is(kind, "some") ? "base" : kind;
}

/* May the user's own torrent stand where a script says `some`? */
static bool is_some(const struct scn_torrent *torrent)
{
    return torrent->known && torrent->read && torrent->meta.pieces >= SCN_SOME_PIECES &&
           torrent->meta.piece_length >= SCN_SOME_PIECE_LENGTH;
}

static bool fits(const struct scn_torrent *torrent, const char *kind, unsigned copy)
{
    bool own = is(torrent->kind, "any");
    if (is(kind, "any"))
        return own || torrent->copy == copy;
    if (is(kind, "some") && own)
        return is_some(torrent);
    return is(torrent->kind, scn_kind_fixture(kind)) && torrent->copy == copy;
}

static const struct scn_torrent *find(const struct scn_world *world, const char *kind, unsigned copy, bool unanswered)
{
    for (size_t i = 0; i < world->torrent_count; i++) {
        const struct scn_torrent *torrent = &world->torrents[i];
        if (torrent->unanswered == unanswered && fits(torrent, kind ? kind : "any", copy))
            return torrent;
    }
    return NULL;
}

const struct scn_torrent *scn_world_torrent(const struct scn_world *world, const char *kind, unsigned copy)
{
    return find(world, kind, copy, false);
}

const struct scn_torrent *scn_world_unanswered(const struct scn_world *world, const char *kind, unsigned copy)
{
    return find(world, kind, copy, true);
}

size_t scn_torrent_hashes(const struct scn_torrent *torrent, const uint8_t *hashes[2])
{
    hashes[0] = torrent->info_hash;
    hashes[1] = torrent->meta.info_hash_v2;
    return torrent->known && torrent->meta.has_v1 && torrent->meta.has_v2 ? 2 : 1;
}

const struct scn_torrent *scn_world_torrent_of(const struct scn_world *world, const uint8_t info_hash[20])
{
    const uint8_t *hashes[2];
    for (size_t i = 0; i < world->torrent_count; i++) {
        for (size_t j = 0, count = scn_torrent_hashes(&world->torrents[i], hashes); j < count; j++) {
            if (memcmp(hashes[j], info_hash, 20) == 0)
                return &world->torrents[i];
        }
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

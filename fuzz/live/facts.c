/* SPDX-License-Identifier: MIT */
#include "facts.h"

#include <string.h>

enum { AWAIT_MS = 1000, PATIENCE_MS = 5000 };

void live_facts_init(struct live_facts *facts, const struct scn_world *world)
{
    *facts = (struct live_facts){ .await_ms = AWAIT_MS, .patience_ms = PATIENCE_MS, .secret = world->mse != 0 };
    for (size_t i = 0; i < world->torrent_count && facts->torrent_count < LIVE_TORRENTS_MAX; i++) {
        const struct scn_torrent *from = &world->torrents[i];
        struct live_torrent *to = &facts->torrents[facts->torrent_count++];
        *to = (struct live_torrent){ .kind = from->kind };
        memcpy(to->info_hash, from->info_hash, sizeof to->info_hash);
        if (!from->known)
            continue;
        to->pieces = from->meta.pieces;
        to->piece_length = (uint32_t)from->meta.piece_length;
        to->last_length = scn_torrent_piece_size(from, from->meta.pieces - 1);
        to->metadata_size = (uint32_t)from->meta.info.len;
    }
}

const struct live_torrent *live_facts_torrent(const struct live_facts *facts, const uint8_t info_hash[20])
{
    for (size_t i = 0; i < facts->torrent_count; i++) {
        if (memcmp(facts->torrents[i].info_hash, info_hash, 20) == 0)
            return &facts->torrents[i];
    }
    return NULL;
}

/* SPDX-License-Identifier: MIT
 *
 * Cases out of scenarios: each is played against the reference peer in memory, and what its scripted peers send becomes
 * a case.  And out of captures: what each side of a session said.
 */
#ifndef LIVE_SEEDS_H
#define LIVE_SEEDS_H

#include "catalogue.h"
#include "case.h"

struct live_seeds {
    struct live_case *list;
    size_t count;
};

/* Takes all items that a target in that role, with the world's torrents, can be asked, and that dial; longer ones, and
 * those that say nothing new, are left out. */
void live_seeds_take(struct live_seeds *out, const struct scn_catalogue *catalogue, const struct scn_world *world);
/* Adds both sides of all sessions of a capture file, as if they had been about the world's first torrent, and as far as
 * there is room.  False: error says why, one sentence. */
bool live_seeds_take_capture(struct live_seeds *out, const char *path, const struct scn_world *world, char *error,
                             size_t cap);
/* Takes the case over, and frees it if it is too long or known. */
void live_seeds_add(struct live_seeds *out, struct live_case *one);
void live_seeds_free(struct live_seeds *seeds);

#endif

/* SPDX-License-Identifier: MIT
 *
 * Cases out of scenarios: each is played against the reference peer in memory, and what its scripted peers send becomes
 * a case.
 */
#ifndef LIVE_SEEDS_H
#define LIVE_SEEDS_H

#include "catalogue.h"
#include "case.h"

struct live_seed {
    const char *id; /* of the item; lives as long as the catalogue */
    struct live_case one;
};

struct live_seeds {
    struct live_seed *list;
    size_t count;
};

/* Takes all items that a target in that role, with the world's torrents, can be asked, and that dial; longer ones, and
 * those that say nothing new, are left out. */
void live_seeds_take(struct live_seeds *out, const struct scn_catalogue *catalogue, const struct scn_world *world);
void live_seeds_free(struct live_seeds *seeds);

#endif

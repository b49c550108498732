/* SPDX-License-Identifier: MIT
 *
 * A campaign that goes on another day.  A case is not stored: it follows from the seed, its number and the two cases it
 * was made from, so a line of numbers each is enough.
 */
#ifndef LIVE_RESUME_H
#define LIVE_RESUME_H

#include "campaign.h"

struct live_resume {
    uint64_t next_case;
    struct live_pool pool;
    struct live_findings findings; /* without their cases: known is known */
};

/* The case of that number: a seed, or made from those two of the pool (SIZE_MAX: it is a seed). */
struct live_case live_resume_case(const struct live_campaign_config *config, const struct live_pool *pool,
                                  uint64_t number, size_t parent, size_t partner);

/* Writes DIR/campaign.txt.  False: errno says why. */
bool live_resume_save(const struct live_campaign_config *config, const struct live_resume *resume,
                      const struct live_graph *graph);
/* False: there is no such file, or it is of another seed or of other seeds; graph is unchanged then. */
bool live_resume_load(const struct live_campaign_config *config, struct live_resume *out, struct live_graph *graph);

#endif

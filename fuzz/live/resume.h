/* SPDX-License-Identifier: MIT
 *
 * A campaign that goes on another day.  A case is not stored: it follows from the seed, its number and the two cases it
 * was made from, so a line of numbers each is enough.
 */
#ifndef LIVE_RESUME_H
#define LIVE_RESUME_H

#include "campaign.h"
#include "past.h"

enum { LIVE_PENDING_MAX = 16 };

/* A complaint to be followed. */
struct live_pending {
    struct live_complaint complaint;
    struct live_case one;
    struct live_origin origin;
    double after; /* seconds from the beginning of the campaign */
};

struct live_resume {
    uint64_t next_case;
    struct live_pool pool;
    struct live_findings findings; /* without their cases: known is known */
    struct live_pending pending[LIVE_PENDING_MAX];
    size_t pending_count;
    struct live_past *past; /* borrowed: */
    size_t suspects;        /* so many of its last cases may have killed the target, and are still to be followed */
};

/* The case of that origin. */
struct live_case live_resume_case(const struct live_campaign_config *config, const struct live_pool *pool,
                                  const struct live_origin *origin);

/* Writes DIR/campaign.txt.  False: errno says why. */
bool live_resume_save(const struct live_campaign_config *config, const struct live_resume *resume,
                      const struct live_graph *graph);
/* Cases are put into out->past, which the caller sets.  False: there is no such file, or it is of another seed or of
 * other seeds; graph is unchanged then. */
bool live_resume_load(const struct live_campaign_config *config, struct live_resume *out, struct live_graph *graph);

#endif

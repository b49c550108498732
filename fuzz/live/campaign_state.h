/* SPDX-License-Identifier: MIT
 *
 * The inside of a campaign, shared by campaign.c (making and playing cases) and campaign_follow.c (what came of them).
 * Nobody else includes it.
 */
#ifndef LIVE_CAMPAIGN_STATE_H
#define LIVE_CAMPAIGN_STATE_H

#include "campaign.h"
#include "follow.h"
#include "meter.h"
#include "resume.h"

struct live_campaign {
    struct live_campaign_config config;
    struct live_pool pool;
    struct live_graph *graph;
    struct live_past past; /* what was played since the target was last seen alive, and some more */
    struct live_findings findings;
    struct live_follow follow;
    struct live_meter meter;
    struct live_stats stats;
    struct live_pending pending[LIVE_PENDING_MAX];
    size_t pending_count;
    uint64_t first_case, next_case, next_play, next_probe;
    unsigned probes_out, probes_failed, since_probe, since_rest, since_renewal;
    bool probe_due, dead, finished;
    const char *trouble;
    double began, progress_at, rate_from, rest_at, saved_at;
    uint64_t rate_cases;
};

double campaign_now(void); /* seconds */
/* Does somebody outside want it to end? */
bool campaign_stopped(const struct live_campaign *c);
/* Has a sanitizer written something since the target was started? */
bool campaign_hears_sanitizer(struct live_campaign *c);

/* Counts what was met before.  True: it is settled; a suspect is followed again when it is met for the second, fourth,
 * eighth time. */
bool campaign_knows(struct live_campaign *c, const struct live_complaint *complaint);

/* Nothing is under way.  Follows all that is pending; the death of the target; what resources have shown. */
void campaign_follow_pending(struct live_campaign *c);
void campaign_follow_death(struct live_campaign *c);
void campaign_rest(struct live_campaign *c);
/* Starts the target again, as it was at first. */
void campaign_renew(struct live_campaign *c);

#endif

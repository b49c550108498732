/* SPDX-License-Identifier: MIT
 *
 * What a campaign says at its end, for people and for programs, and while it runs.
 */
#ifndef LIVE_SUMMARY_H
#define LIVE_SUMMARY_H

#include "campaign.h"

struct live_summary {
    const struct live_campaign *campaign;
    const struct live_facts *facts;
    const struct live_calibration *calibration;
    const char *target;
    uint64_t seed;
    unsigned jobs;
    size_t seeds;
};

/* Share of the cases that reached the target, 0 to 1. */
double live_summary_reached(const struct live_summary *report);

void live_summary_calibration(FILE *out, const struct live_facts *facts, const struct live_calibration *calibration,
                              unsigned jobs);
void live_summary_terminal(FILE *out, const struct live_summary *report);
void live_summary_json(FILE *out, const struct live_summary *report);

/* One line, rewritten in place. */
void live_summary_status(FILE *out, const struct live_stats *stats, const struct live_graph *graph, size_t pool,
                         const struct live_findings *findings);

#endif

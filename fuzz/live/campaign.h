/* SPDX-License-Identifier: MIT
 *
 * A fuzzing campaign against one target: makes cases, plays them, keeps those that show something new, judges, and
 * follows every complaint to a finding.
 */
#ifndef LIVE_CAMPAIGN_H
#define LIVE_CAMPAIGN_H

#include <signal.h>

#include "findings.h"
#include "graph.h"
#include "pool.h"
#include "probe.h"
#include "seeds.h"

struct live_stats {
    uint64_t resumed;      /* cases that an earlier campaign has kept */
    uint64_t cases;        /* played and over */
    uint64_t reached;      /* the target took a connection, and answered or ended it */
    uint64_t met;          /* got past the handshake */
    uint64_t delivered;    /* still connected when the last byte had gone */
    uint64_t fresh;        /* showed something new */
    uint64_t inconclusive; /* could not be played to their end */
    uint64_t probes, deaths;
    uint64_t silences; /* connections whose end the target did not show: waited for in vain */
    double seconds;    /* in all; of these */
    double following;  /* spent on findings */
};

struct live_campaign_config {
    struct live_ground *ground;
    const struct live_facts *facts;
    const struct live_seeds *seeds;
    const char *dir; /* for findings, and to go on later: what is found there is gone on with; NULL: none */
    uint64_t seed;
    uint64_t cases_max;                /* 0: no limit */
    double seconds_max;                /* 0: no limit */
    bool local;                        /* the target is a process of this machine: its resources are watched */
    pid_t pid;                         /* of it; 0: found by the port */
    double rate;                       /* cases a second, 0: as fast as it goes */
    unsigned findings_max;             /* ends when there are so many; 0: no limit */
    unsigned oracles;                  /* set of 1 << enum live_verdict */
    unsigned tries_max;                /* plays to minimise one finding */
    double follow_max;                 /* seconds for that; 0: no limit */
    const volatile sig_atomic_t *stop; /* set from outside to end */
    void (*progress)(void *user, const struct live_stats *stats, const struct live_graph *graph, size_t pool,
                     const struct live_findings *findings);
    void *user;
};

struct live_campaign;

struct live_campaign *live_campaign_new(const struct live_campaign_config *config);
void live_campaign_free(struct live_campaign *campaign);

/* Fuzzes until a limit is reached, or the target is dead and cannot be started again. */
void live_campaign_play(struct live_campaign *campaign);

const struct live_stats *live_campaign_stats(const struct live_campaign *campaign);
const struct live_graph *live_campaign_graph(const struct live_campaign *campaign);
/* Was the target's process watched? */
bool live_campaign_metered(const struct live_campaign *campaign);
const struct live_findings *live_campaign_findings(const struct live_campaign *campaign);
/* Why it ended before its time; NULL: it did not. */
const char *live_campaign_trouble(const struct live_campaign *campaign);

#endif

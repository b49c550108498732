/* SPDX-License-Identifier: MIT
 *
 * From a complaint to a finding: does the case show it again, on a target in its first state; what is the shortest case
 * that does; how often does that show it.
 */
#ifndef LIVE_FOLLOW_H
#define LIVE_FOLLOW_H

#include <signal.h>

#include "findings.h"
#include "ground.h"
#include "proc.h"

struct live_follow {
    struct live_ground *ground;
    const struct live_facts *facts;
    unsigned tries_max;                /* plays to make a case short */
    double seconds_max;                /* the same in time; 0: no limit */
    const volatile sig_atomic_t *stop; /* nothing reproduces any more: for a quick end */
    uint64_t number;                   /* of the next probe */
    uint64_t deaths;                   /* how often the target died on the way */
    bool local;                        /* the target is on this machine */
    pid_t pid;                         /* its process; 0: the one that listens */
    bool lost;                         /* it could not be started again: as with stop */
    bool watched;                      /* proc is known */
    struct live_proc proc;             /* that the target was when it was last watched or started */
    /* private */
    struct live_complaint wanted;
    double until;   /* after that nothing fails any more; 0: no limit */
    unsigned again; /* plays of one case until it counts as harmless */
};

/* Nothing that is found out from here on means anything. */
bool live_follow_over(const struct live_follow *follow);

/* Finds the process that the target is now. */
void live_follow_watch(struct live_follow *follow);
/* Is it still the same process?  True when nothing is known. */
bool live_follow_same(const struct live_follow *follow);
/* Puts the target back into its first state behind a death; who is not ours may be started again by whoever watches
 * over him.  False: it does not come back. */
bool live_follow_restart(struct live_follow *follow);

/* Is the target gone, another process, silent, or in the hands of a sanitizer?  Then *out is crash, restart, hang or
 * sanitizer, with what is known of it; it is left as it is. */
bool live_follow_dead(struct live_follow *follow, struct live_complaint *out);

/* Plays cases in turn, `plays` in all and as many at once as the ground does; NULL among them is a decent session. */
void live_follow_crowd(struct live_follow *follow, const struct live_case *const *cases, size_t count, size_t plays);

/* Plays a case alone.  Does it bring the wanted complaint?  Fills in what was said of it. */
bool live_follow_shows(struct live_follow *follow, const struct live_case *one, struct live_complaint *wanted);

/* Shortens finding->one and confirms it.  finding->complaint is what to look for. */
void live_follow(struct live_follow *follow, struct live_finding *finding);

#endif

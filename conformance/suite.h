/* SPDX-License-Identifier: MIT
 *
 * Many runs against one target over one link: who runs when, is the target alive, what came of it.
 */
#ifndef SCN_SUITE_H
#define SCN_SUITE_H

#include "run.h"

/* One run to be made: a scenario, or one case of it. */
struct scn_item {
    const struct scn_scenario *scenario;
    const struct scn_case *one; /* NULL: the scenario has no cases */
    const char *id;
    unsigned copy; /* of the torrents it consumes; 0 for seeds */
};

/* What became of an item.  Strings live as long as the suite. */
struct scn_outcome {
    const struct scn_item *item;
    struct scn_result result;
    const struct scn_timeline *timeline; /* NULL when it never ran */
    double seconds;
};

struct scn_suite_config {
    unsigned jobs; /* runs at once; 0: all */
    bool health;   /* probe the target first, last and behind each run */
    bool asks;     /* nobody knows which torrents the target has: it is asked in front of all; needs health */
    void (*progress)(void *user, const struct scn_outcome *outcome, size_t done, size_t total); /* or NULL */
    /* Starts the target again after it died; false: it cannot be.  NULL: the same. */
    bool (*restart)(void *user);
    scn_tap_fn *(*tap)(void *user, const struct scn_run *run, void **tap_user); /* or NULL */
    void *user;
};

struct scn_suite;

struct scn_suite *scn_suite_new(const struct scn_item *items, size_t count, struct scn_world *world,
                                struct scn_link *link, const struct scn_suite_config *config);
void scn_suite_free(struct scn_suite *suite);

/* Plays on as far as possible; call first, after link events (scn_suite_wake marks the run), and at the deadline. */
void scn_suite_advance(struct scn_suite *suite);
int64_t scn_suite_deadline(const struct scn_suite *suite);
bool scn_suite_done(const struct scn_suite *suite);
/* Ctrl-C: ends what runs, keeps what is known. */
void scn_suite_interrupt(struct scn_suite *suite, const char *reason);

size_t scn_suite_outcome_count(const struct scn_suite *suite);
const struct scn_outcome *scn_suite_outcome(const struct scn_suite *suite, size_t i); /* in the order of the items */
/* Raises the verdict of an outcome that is there, for who knows more of it than the script. */
void scn_suite_condemn(struct scn_suite *suite, size_t i, enum scn_verdict verdict, const char *reason);

/* Why nothing could be tested (target unreachable, accepts and closes, never answers, garbage); NULL when something
 * was. */
const char *scn_suite_trouble(const struct scn_suite *suite);

/* The torrents that the target was asked for in vain: the i-th, or NULL behind the last. */
const struct scn_torrent *scn_suite_unanswered(const struct scn_suite *suite, size_t i);

#endif

/* SPDX-License-Identifier: MIT
 *
 * The inside of a suite, shared by the files that play it: suite.c (who runs when), suite_pulse.c (is the target
 * alive?) and suite_death.c (who killed it?).
 */
#ifndef SCN_SUITE_STATE_H
#define SCN_SUITE_STATE_H

#include "suite.h"

enum item_state { ITEM_WAITING, ITEM_RUNNING, ITEM_PROBING, ITEM_DONE };

struct entry {
    const struct scn_item *item;
    enum item_state state;
    struct scn_run *run;
    unsigned tries;
    size_t company;      /* it was in flight when the target died: runs again, with so few at once; 0: any number */
    int64_t stimulus_ms; /* of a suspect: when it gave its stimulus */
    bool again;          /* waits for its second try */
    struct scn_outcome outcome;
};

/* What a probe is for.  The runs begin when the questions in front of PROBE_PULSE are answered or not asked. */
enum probe { PROBE_TORRENTS, PROBE_FIRST, PROBE_METADATA, PROBE_MSE, PROBE_PULSE, PROBES };

struct scn_suite {
    struct scn_world *world;
    struct scn_link *link;
    struct scn_suite_config config;
    struct entry *entries;
    size_t count, done;
    unsigned next_number;
    unsigned vain_tries;
    bool finished;
    struct scn_script *probes[PROBES];
    struct scn_scenario *about; /* of each torrent, the probe whether the target has it */
    enum probe stage;           /* what the probes under way, or the next ones, are for */
    struct scn_run **under_way; /* probes, all at once */
    size_t under_way_count;
    int64_t probe_started, probe_not_before;
    unsigned failed_probes;
    char trouble[300];
    struct scn_run **old; /* earlier tries, kept because outcomes may point into them */
    size_t old_count;
};

/* Memory is not short. */
void *suite_must(void *memory);
int64_t suite_now(const struct scn_suite *suite);
/* Keeps a run that is over until the suite is freed. */
void suite_bury(struct scn_suite *suite, struct scn_run *run);

bool entry_in_flight(const struct entry *entry);
/* Its outcome is what the run says. */
void entry_settle(struct scn_suite *suite, struct entry *entry);
/* It never runs, or never again. */
void entry_settle_as(struct scn_suite *suite, struct entry *entry, enum scn_verdict verdict, const char *reason);
/* All that are not done end like that, and so does the suite. */
void suite_finish_as(struct scn_suite *suite, enum scn_verdict verdict, const char *reason);
size_t suite_count_if(const struct scn_suite *suite, bool (*is)(const struct entry *));

void suite_pulse_new(struct scn_suite *suite);
void suite_pulse_free(struct scn_suite *suite);
/* True: something has changed. */
bool suite_pulse_advance(struct scn_suite *suite);
int64_t suite_pulse_deadline(const struct scn_suite *suite);

/* The target answers no more: it is started again if it can be, and those who may have done it are tried again. */
void suite_target_died(struct scn_suite *suite);

#endif

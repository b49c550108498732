/* SPDX-License-Identifier: MIT
 *
 * A death of the target: who may have caused it runs again in a fraction of the company, until one is alone with a dead
 * target.
 */
#include "suite_state.h"

enum {
    SUSPECTS_PARTS = 4,  /* a death is looked for in parts of those who can have caused it, */
    SUSPECTS_LATEST = 4, /* but first with those alone who gave their stimulus last: death is mostly sudden */
};

static void accuse(struct scn_suite *suite, struct entry *entry, size_t suspects)
{
    static const char alone[] = "the target did not survive this: it answers no handshake any more";
    static const char among[] = "the target died while this and other scenarios were in flight, and cannot be started "
                                "again to tell which it was";
    bool guilty = scn_run_result(entry->run)->stimulus;
    entry_settle_as(suite, entry, guilty ? SCN_CRASH : SCN_INCONCLUSIVE,
                    !guilty         ? "the target died before the stimulus"
                    : suspects == 1 ? alone
                                    : among);
}

/* May it have killed the target?  Before its stimulus a run does what all runs do. */
static bool is_suspect(const struct entry *entry)
{
    return entry_in_flight(entry) && scn_run_result(entry->run)->stimulus;
}

/* Runs it again from the start, as if it had never run. */
static void take_back(struct entry *entry, size_t company)
{
    scn_run_abort(entry->run, SCN_INCONCLUSIVE, "the target died");
    entry->state = ITEM_WAITING;
    entry->company = company;
    entry->stimulus_ms = scn_run_result(entry->run)->stimulus_ms;
    entry->tries--;
}

/* One death has one cause: the others are suspects no more. */
static void acquit_all(struct scn_suite *suite)
{
    for (size_t i = 0; i < suite->count; i++)
        suite->entries[i].company = 0;
}

/* The one in company of those taken back that gave its stimulus last; NULL: there is none. */
static struct entry *latest_in_company(struct scn_suite *suite)
{
    struct entry *latest = NULL;
    for (size_t i = 0; i < suite->count; i++) {
        struct entry *entry = &suite->entries[i];
        if (entry->state == ITEM_WAITING && entry->company > 1 &&
            (latest == NULL || entry->stimulus_ms > latest->stimulus_ms))
            latest = entry;
    }
    return latest;
}

static void single_out_the_latest(struct scn_suite *suite)
{
    struct entry *latest;
    for (size_t i = 0; i < SUSPECTS_LATEST && (latest = latest_in_company(suite)) != NULL; i++)
        latest->company = 1;
}

/* Those who may have done it run again in a fraction of the company, until one is alone with a dead target.  The others
 * run again as they were; when nobody can have done it, all did. */
void suite_target_died(struct scn_suite *suite)
{
    size_t suspects = suite_count_if(suite, is_suspect);
    bool all = suspects == 0;
    if (all)
        suspects = suite_count_if(suite, entry_in_flight);
    size_t company = suspects > SUSPECTS_PARTS ? suspects / SUSPECTS_PARTS : 1;
    for (size_t i = 0; i < suite->count; i++) {
        struct entry *entry = &suite->entries[i];
        if (!entry_in_flight(entry))
            continue;
        bool suspect = all || is_suspect(entry);
        if (!suite->config.restart || (suspect && suspects == 1))
            accuse(suite, entry, suspects);
        else
            take_back(entry, suspect ? company : entry->company);
    }
    if (suspects == 1)
        acquit_all(suite);
    else
        single_out_the_latest(suite);
    if (!suite->config.restart || !suite->config.restart(suite->config.user))
        suite_finish_as(suite, SCN_INCONCLUSIVE, "the target is gone");
}

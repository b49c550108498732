/* SPDX-License-Identifier: MIT
 *
 * Many runs at once: who runs when, and what becomes of each.
 */
#include "suite_state.h"

#include <assert.h>
#include <stdlib.h>

#include "script_walk.h"

enum {
    SECOND_TRY_JOBS = 3, /* rivals for an upload slot in the second try */
    VAIN_TRIES_MAX = 3,  /* second tries in a row that wait in vain, too: the target unchokes nobody */
};

int64_t suite_now(const struct scn_suite *suite)
{
    return suite->link->ops->now(suite->link);
}

void *suite_must(void *memory)
{
    if (!memory)
        abort();
    return memory;
}

struct scn_suite *scn_suite_new(const struct scn_item *items, size_t count, struct scn_world *world,
                                struct scn_link *link, const struct scn_suite_config *config)
{
    struct scn_suite *suite = suite_must(calloc(1, sizeof *suite));
    suite->world = world;
    suite->link = link;
    suite->config = *config;
    suite->count = count;
    suite->entries = suite_must(calloc(count + 1, sizeof *suite->entries));
    for (size_t i = 0; i < count; i++) {
        suite->entries[i].item = &items[i];
        suite->entries[i].outcome.item = &items[i];
    }
    suite_pulse_new(suite);
    return suite;
}

void scn_suite_free(struct scn_suite *suite)
{
    if (!suite)
        return;
    suite_pulse_free(suite);
    for (size_t i = 0; i < suite->count; i++)
        scn_run_free(suite->entries[i].run);
    for (size_t i = 0; i < suite->old_count; i++)
        scn_run_free(suite->old[i]);
    free(suite->old);
    free(suite->entries);
    free(suite);
}

/* ---- one entry --------------------------------------------------------------------------------------------------- */

void suite_bury(struct scn_suite *suite, struct scn_run *run)
{
    suite->old = suite_must(realloc(suite->old, (suite->old_count + 1) * sizeof *suite->old));
    suite->old[suite->old_count++] = run;
}

static void launch(struct scn_suite *suite, struct entry *entry)
{
    if (entry->run)
        suite_bury(suite, entry->run);
    entry->run = scn_run_new(entry->item->scenario, entry->item->one, suite->world, suite->link, suite->next_number++,
                             entry->item->copy);
    entry->state = ITEM_RUNNING;
    entry->again = false;
    entry->tries++;
    if (suite->config.tap) {
        void *user = NULL;
        scn_tap_fn *tap = suite->config.tap(suite->config.user, entry->run, &user);
        if (tap)
            scn_run_tap(entry->run, tap, user);
    }
}

void entry_settle(struct scn_suite *suite, struct entry *entry)
{
    entry->state = ITEM_DONE;
    entry->company = 0;
    suite->done++;
    if (entry->run) {
        entry->outcome.result = *scn_run_result(entry->run);
        entry->outcome.timeline = scn_run_timeline(entry->run);
        entry->outcome.seconds = (double)(entry->outcome.result.ended_ms - entry->outcome.result.started_ms) / 1000.0;
    }
    if (suite->config.progress)
        suite->config.progress(suite->config.user, &entry->outcome, suite->done, suite->count);
}

void entry_settle_as(struct scn_suite *suite, struct entry *entry, enum scn_verdict verdict, const char *reason)
{
    if (entry->run && !scn_run_done(entry->run))
        scn_run_abort(entry->run, verdict, reason);
    if (entry->run)
        scn_run_condemn(entry->run, verdict, reason);
    else
        entry->outcome.result = (struct scn_result){ .verdict = verdict, .reason = reason };
    entry_settle(suite, entry);
}

void suite_finish_as(struct scn_suite *suite, enum scn_verdict verdict, const char *reason)
{
    for (size_t i = 0; i < suite->count; i++) {
        if (suite->entries[i].state != ITEM_DONE)
            entry_settle_as(suite, &suite->entries[i], verdict, reason);
    }
    suite->finished = true;
}

bool entry_in_flight(const struct entry *entry)
{
    return entry->state == ITEM_RUNNING || entry->state == ITEM_PROBING;
}

size_t suite_count_if(const struct scn_suite *suite, bool (*is)(const struct entry *))
{
    size_t sum = 0;
    for (size_t i = 0; i < suite->count; i++)
        sum += is(&suite->entries[i]);
    return sum;
}

/* The run counts: done, or waiting for the pulse. */
static void conclude(struct scn_suite *suite, struct entry *entry)
{
    const struct scn_result *result = scn_run_result(entry->run);
    entry->again = false;
    if (!suite->config.health || result->verdict == SCN_SKIP || result->verdict == SCN_UNSUPPORTED)
        entry_settle(suite, entry);
    else
        entry->state = ITEM_PROBING;
}

/* A second try shows whether others had taken the upload slots.  Where it shows again and again that they had not, the
 * rest is spared. */
static void count_second_try(struct scn_suite *suite, bool vain)
{
    suite->vain_tries = vain ? suite->vain_tries + 1 : 0;
    for (size_t i = 0; suite->vain_tries == VAIN_TRIES_MAX && i < suite->count; i++) {
        if (suite->entries[i].again)
            conclude(suite, &suite->entries[i]);
    }
}

/* The run has played its script: it counts, or is tried again with fewer rivals. */
static void played(struct scn_suite *suite, struct entry *entry)
{
    bool vain = scn_run_result(entry->run)->waited_for_unchoke;
    if (vain && entry->tries == 1 && suite->config.jobs != 1 && suite->vain_tries < VAIN_TRIES_MAX) {
        entry->state = ITEM_WAITING;
        entry->again = true;
        return;
    }
    if (entry->tries == 2)
        count_second_try(suite, vain);
    conclude(suite, entry);
}

/* ---- scheduling -------------------------------------------------------------------------------------------------- */

/* The smallest company that an entry asks for which is not done; 0: none asks. */
static size_t smallest_company(const struct scn_suite *suite)
{
    size_t smallest = 0;
    for (size_t i = 0; i < suite->count; i++) {
        const struct entry *entry = &suite->entries[i];
        if (entry->state != ITEM_DONE && entry->company != 0 && (smallest == 0 || entry->company < smallest))
            smallest = entry->company;
    }
    return smallest;
}

/* What keeps a target so busy that others would wait in vain runs behind all others, by itself. */
static bool is_loner(const struct entry *entry)
{
    return scn_scenario_has_tag(entry->item->scenario, "alone");
}

static bool is_fresh(const struct entry *entry)
{
    return !is_loner(entry) &&
           ((entry->state == ITEM_WAITING && !entry->again) || (entry_in_flight(entry) && entry->tries == 1));
}

static bool is_crowd(const struct entry *entry)
{
    return entry->state != ITEM_DONE && !is_loner(entry);
}

static void start_loner(struct scn_suite *suite)
{
    if (suite_count_if(suite, entry_in_flight) > 0)
        return;
    for (size_t i = 0; i < suite->count; i++) {
        if (suite->entries[i].state == ITEM_WAITING) {
            launch(suite, &suite->entries[i]);
            return;
        }
    }
}

/* The next to start, in the order of the items; of suspects the one that gave its stimulus last. */
static struct entry *next_entry(struct scn_suite *suite, size_t company, bool fresh)
{
    struct entry *next = NULL;
    for (size_t i = 0; i < suite->count; i++) {
        struct entry *entry = &suite->entries[i];
        if (entry->state != ITEM_WAITING || is_loner(entry) || entry->company != company ||
            (company == 0 && entry->again == fresh))
            continue;
        if (next == NULL || (company != 0 && entry->stimulus_ms > next->stimulus_ms))
            next = entry;
    }
    return next;
}

/* Suspects go first, those in the smallest company before the others; then first tries; then second tries, in small
 * company too; loners last. */
static void start_more(struct scn_suite *suite)
{
    if (suite_count_if(suite, is_crowd) == 0) {
        start_loner(suite);
        return;
    }
    size_t company = smallest_company(suite);
    bool fresh = suite_count_if(suite, is_fresh) > 0;
    size_t limit = company != 0              ? company
                   : !fresh                  ? SECOND_TRY_JOBS
                   : suite->config.jobs != 0 ? suite->config.jobs
                                             : SIZE_MAX;
    struct entry *next;
    for (size_t busy = suite_count_if(suite, entry_in_flight);
         busy < limit && (next = next_entry(suite, company, fresh)); busy++)
        launch(suite, next);
}

/* A run may also have ended between two advances: what must never come ends it at once. */
static int64_t run_deadline(const struct scn_suite *suite, const struct scn_run *run)
{
    return scn_run_done(run) ? suite_now(suite) : scn_run_deadline(run);
}

static bool advance_runs(struct scn_suite *suite)
{
    bool changed = false;
    for (size_t i = 0; i < suite->count; i++) {
        struct entry *entry = &suite->entries[i];
        if (entry->state != ITEM_RUNNING || run_deadline(suite, entry->run) > suite_now(suite))
            continue;
        scn_run_advance(entry->run);
        if (scn_run_done(entry->run)) {
            played(suite, entry);
            changed = true;
        }
    }
    return changed;
}

void scn_suite_advance(struct scn_suite *suite)
{
    bool changed = true;
    while (changed && !scn_suite_done(suite)) {
        changed = suite_pulse_advance(suite);
        if (suite->stage != PROBE_PULSE || suite->finished)
            continue;
        if (!suite->failed_probes)
            start_more(suite);
        changed = advance_runs(suite) || changed;
    }
}

int64_t scn_suite_deadline(const struct scn_suite *suite)
{
    int64_t soonest = INT64_MAX;
    if (scn_suite_done(suite))
        return soonest;
    for (size_t i = 0; i < suite->count; i++) {
        const struct entry *entry = &suite->entries[i];
        if (entry->state == ITEM_RUNNING) {
            int64_t due = run_deadline(suite, entry->run);
            soonest = due < soonest ? due : soonest;
        }
    }
    int64_t deadline = suite_pulse_deadline(suite);
    return deadline < soonest ? deadline : soonest;
}

bool scn_suite_done(const struct scn_suite *suite)
{
    return suite->finished || suite->done == suite->count;
}

void scn_suite_interrupt(struct scn_suite *suite, const char *reason)
{
    suite_finish_as(suite, SCN_INCONCLUSIVE, reason);
}

size_t scn_suite_outcome_count(const struct scn_suite *suite)
{
    return suite->count;
}

const struct scn_outcome *scn_suite_outcome(const struct scn_suite *suite, size_t i)
{
    return &suite->entries[i].outcome;
}

void scn_suite_condemn(struct scn_suite *suite, size_t i, enum scn_verdict verdict, const char *reason)
{
    struct entry *entry = &suite->entries[i];
    assert(entry->state == ITEM_DONE && entry->run != NULL);
    scn_run_condemn(entry->run, verdict, reason);
    entry->outcome.result = *scn_run_result(entry->run);
}

const struct scn_torrent *scn_suite_unanswered(const struct scn_suite *suite, size_t i)
{
    const struct scn_world *world = suite->world;
    for (size_t k = 0; k < world->torrent_count; k++) {
        if (world->torrents[k].unanswered && i-- == 0)
            return &world->torrents[k];
    }
    return NULL;
}

const char *scn_suite_trouble(const struct scn_suite *suite)
{
    return suite->trouble[0] ? suite->trouble : NULL;
}

/* SPDX-License-Identifier: MIT
 *
 * Many runs at once, and the pulse of the target: a handshake must be answered before the first, behind each and after
 * the last of them.  One probe serves all runs that ended before it began.
 */
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "script_walk.h"

enum {
    PROBES_TO_DEATH = 3,   /* handshakes in a row without an answer */
    PROBE_PAUSE_MS = 1500, /* between those */
    SECOND_TRY_JOBS = 3,   /* rivals for an upload slot in the second try */
    SUSPECTS_PARTS = 4,    /* a death is looked for in parts of those who can have caused it, */
    SUSPECTS_LATEST = 4,   /* but first with those alone who gave their stimulus last: death is mostly sudden */
    VAIN_TRIES_MAX = 3,    /* second tries in a row that wait in vain, too: the target unchokes nobody */
};

static const char health_text[] = "# The target answers a handshake.\n"
                                  "scenario health.alive\n"
                                  "  rule BEP3-HS-02\n"
                                  "  fault rx handshake crash crashes\n"
                                  "\n"
                                  "p1 dial\n"
                                  "p1 >! handshake info_hash=$t1 reserved=[ext fast]\n"
                                  "p1 < handshake info_hash=$t1 within 12s\n";
static const char first_text[] = "# What the target offers.\n"
                                 "scenario health.first\n"
                                 "  rule BEP3-HS-02\n"
                                 "  fault rx handshake crash crashes\n"
                                 "\n"
                                 "p1 dial\n"
                                 "p1 >! handshake info_hash=$t1 reserved=[ext fast]\n"
                                 "p1 < handshake info_hash=$t1 within 15s\n"
                                 "p1 maybe extended ext=0 within 3s\n";

static const char fetch_text[] = "# The metadata comes from the target itself.\n"
                                 "scenario health.metadata\n"
                                 "  rule BEP9-META-02\n"
                                 "  fault rx handshake crash crashes\n"
                                 "\n"
                                 "p1 dial\n"
                                 "p1 >! handshake info_hash=$t1 reserved=[ext fast]\n"
                                 "p1 <  handshake info_hash=$t1 within 15s\n"
                                 "p1 >  extended ext=0 dict={m={ut_metadata=1}}\n"
                                 "p1 <  extended ext=0 dict={m={ut_metadata=?um} metadata_size=?size} within 15s\n"
                                 "repeat ($size+16383)/16384 {\n"
                                 "  p1 > extended ext=$um dict={msg_type=0 piece=$i}\n"
                                 "  p1 < extended ext=1 dict={msg_type=1 piece=$i} within 15s\n"
                                 "}\n";

static const char mse_text[] = "# The target answers an encrypted handshake.\n"
                               "scenario health.mse\n"
                               "  rule MSE-IN-01\n"
                               "  fault rx handshake crash crashes\n"
                               "\n"
                               "p1 dial! mse provide=2\n"
                               "p2 dial mse provide=2 pad_a=512\n"
                               "p1 secured within 10s else info\n"
                               "p2 secured within 10s else info\n";

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

struct scn_suite {
    struct scn_world *world;
    struct scn_link *link;
    struct scn_suite_config config;
    struct entry *entries;
    size_t count, done;
    unsigned next_number;
    struct scn_script *first_script, *health_script, *fetch_script, *mse_script;
    struct scn_run *probe;
    int64_t probe_started, probe_not_before;
    unsigned failed_probes;
    unsigned vain_tries;
    bool first_done, finished;
    bool fetching;   /* the probe under way asks for the metadata, */
    bool encrypting; /* or for encryption */
    char trouble[300];
    struct scn_run **old; /* earlier tries, kept because outcomes may point into them */
    size_t old_count;
};

static int64_t now(const struct scn_suite *suite)
{
    return suite->link->ops->now(suite->link);
}

static void *must(void *memory)
{
    if (!memory)
        abort();
    return memory;
}

struct scn_suite *scn_suite_new(const struct scn_item *items, size_t count, struct scn_world *world,
                                struct scn_link *link, const struct scn_suite_config *config)
{
    struct scn_suite *suite = must(calloc(1, sizeof *suite));
    struct scn_error error;
    suite->world = world;
    suite->link = link;
    suite->config = *config;
    suite->count = count;
    suite->entries = must(calloc(count + 1, sizeof *suite->entries));
    for (size_t i = 0; i < count; i++) {
        suite->entries[i].item = &items[i];
        suite->entries[i].outcome.item = &items[i];
    }
    suite->first_script = must(scn_script_parse("health.scn", first_text, sizeof first_text - 1, &error));
    suite->health_script = must(scn_script_parse("health.scn", health_text, sizeof health_text - 1, &error));
    suite->fetch_script = must(scn_script_parse("health.scn", fetch_text, sizeof fetch_text - 1, &error));
    suite->mse_script = must(scn_script_parse("health.scn", mse_text, sizeof mse_text - 1, &error));
    suite->first_done = !config->health;
    return suite;
}

void scn_suite_free(struct scn_suite *suite)
{
    if (!suite)
        return;
    scn_run_free(suite->probe);
    for (size_t i = 0; i < suite->count; i++)
        scn_run_free(suite->entries[i].run);
    for (size_t i = 0; i < suite->old_count; i++)
        scn_run_free(suite->old[i]);
    scn_script_free(suite->first_script);
    scn_script_free(suite->health_script);
    scn_script_free(suite->fetch_script);
    scn_script_free(suite->mse_script);
    free(suite->old);
    free(suite->entries);
    free(suite);
}

/* ---- one entry --------------------------------------------------------------------------------------------------- */

static void bury(struct scn_suite *suite, struct scn_run *run)
{
    suite->old = must(realloc(suite->old, (suite->old_count + 1) * sizeof *suite->old));
    suite->old[suite->old_count++] = run;
}

static void launch(struct scn_suite *suite, struct entry *entry)
{
    if (entry->run)
        bury(suite, entry->run);
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

static void settle(struct scn_suite *suite, struct entry *entry)
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

/* An entry that never runs, or never again. */
static void settle_as(struct scn_suite *suite, struct entry *entry, enum scn_verdict verdict, const char *reason)
{
    if (entry->run && !scn_run_done(entry->run))
        scn_run_abort(entry->run, verdict, reason);
    if (entry->run)
        scn_run_condemn(entry->run, verdict, reason);
    else
        entry->outcome.result = (struct scn_result){ .verdict = verdict, .reason = reason };
    settle(suite, entry);
}

/* The run counts: done, or waiting for the pulse. */
static void conclude(struct scn_suite *suite, struct entry *entry)
{
    const struct scn_result *result = scn_run_result(entry->run);
    entry->again = false;
    if (!suite->config.health || result->verdict == SCN_SKIP || result->verdict == SCN_UNSUPPORTED)
        settle(suite, entry);
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

/* ---- death ------------------------------------------------------------------------------------------------------- */

static bool in_flight(const struct entry *entry)
{
    return entry->state == ITEM_RUNNING || entry->state == ITEM_PROBING;
}

static void accuse(struct scn_suite *suite, struct entry *entry, size_t suspects)
{
    static const char alone[] = "the target did not survive this: it answers no handshake any more";
    static const char among[] = "the target died while this and other scenarios were in flight, and cannot be started "
                                "again to tell which it was";
    bool guilty = scn_run_result(entry->run)->stimulus;
    settle_as(suite, entry, guilty ? SCN_CRASH : SCN_INCONCLUSIVE,
              !guilty         ? "the target died before the stimulus"
              : suspects == 1 ? alone
                              : among);
}

/* May it have killed the target?  Before its stimulus a run does what all runs do. */
static bool is_suspect(const struct entry *entry)
{
    return in_flight(entry) && scn_run_result(entry->run)->stimulus;
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

static size_t count_if(const struct scn_suite *suite, bool (*is)(const struct entry *))
{
    size_t sum = 0;
    for (size_t i = 0; i < suite->count; i++)
        sum += is(&suite->entries[i]);
    return sum;
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
static void target_died(struct scn_suite *suite)
{
    size_t suspects = count_if(suite, is_suspect);
    bool all = suspects == 0;
    if (all)
        suspects = count_if(suite, in_flight);
    size_t company = suspects > SUSPECTS_PARTS ? suspects / SUSPECTS_PARTS : 1;
    for (size_t i = 0; i < suite->count; i++) {
        struct entry *entry = &suite->entries[i];
        if (!in_flight(entry))
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
    suite->failed_probes = 0;
    if (suite->config.restart && suite->config.restart(suite->config.user))
        return;
    for (size_t i = 0; i < suite->count; i++) {
        if (suite->entries[i].state != ITEM_DONE)
            settle_as(suite, &suite->entries[i], SCN_INCONCLUSIVE, "the target is gone");
    }
    suite->finished = true;
}

/* ---- the pulse --------------------------------------------------------------------------------------------------- */

/* Probes ask for a torrent that no scenario uses up: of leeches and magnets the shared copy. */
static unsigned probe_copy(const struct scn_suite *suite)
{
    bool shared = scn_world_torrent(suite->world, NULL, SCN_COPY_SHARED) != NULL;
    return shared || suite->world->torrent_count == 0 ? SCN_COPY_SHARED : suite->world->torrents[0].copy;
}

static void probe_start(struct scn_suite *suite)
{
    const struct scn_script *script = suite->fetching     ? suite->fetch_script
                                      : suite->encrypting ? suite->mse_script
                                      : suite->first_done ? suite->health_script
                                                          : suite->first_script;
    suite->probe =
        scn_run_new(&script->scenarios[0], NULL, suite->world, suite->link, suite->next_number++, probe_copy(suite));
    scn_run_go_first(suite->probe);
    suite->probe_started = now(suite);
}

static void first_failed(struct scn_suite *suite, const struct scn_result *result)
{
    snprintf(suite->trouble, sizeof suite->trouble, "the first %shandshake with the target failed: %s",
             suite->world->mse ? "encrypted " : "", result->reason ? result->reason : "no reason known");
    for (size_t i = 0; i < suite->count; i++)
        settle_as(suite, &suite->entries[i], SCN_INCONCLUSIVE, suite->trouble);
    suite->finished = true;
}

/* Only the user's own torrent can be unknown, and it is the only one then. */
static bool metadata_is_wanted(const struct scn_world *world)
{
    return world->torrent_count == 1 && !world->torrents[0].known && world->role == SCN_TARGET_SEED &&
           (world->capabilities >> SCN_CAP_ut_metadata & 1);
}

/* With or without the metadata the runs may begin. */
static void fetch_over(struct scn_suite *suite)
{
    struct scn_torrent *torrent = &suite->world->torrents[0];
    struct btw_slice info;
    torrent->known =
        scn_run_metadata(suite->probe, &info) && btw_metainfo_read_info(&torrent->meta, info, NULL) == BTW_OK;
    suite->fetching = false;
    suite->first_done = !suite->encrypting;
}

/* Only those who ask for encryption make it worth while to find out. */
static bool encryption_is_wanted(const struct scn_suite *suite)
{
    bool wanted = false;
    for (size_t i = 0; i < suite->count; i++)
        wanted = wanted || (suite->entries[i].item->scenario->needs >> SCN_CAP_mse & 1);
    return wanted && !(suite->world->capabilities >> SCN_CAP_mse & 1);
}

static void probe_passed(struct scn_suite *suite)
{
    suite->failed_probes = 0;
    if (!suite->first_done) {
        suite->world->capabilities |= scn_run_capabilities(suite->probe);
        suite->world->probed = true;
        suite->fetching = metadata_is_wanted(suite->world);
        suite->encrypting = encryption_is_wanted(suite);
        suite->first_done = !suite->fetching && !suite->encrypting;
        return;
    }
    for (size_t i = 0; i < suite->count; i++) {
        struct entry *entry = &suite->entries[i];
        if (entry->state == ITEM_PROBING && scn_run_result(entry->run)->ended_ms <= suite->probe_started)
            settle(suite, entry);
    }
}

static void probe_over(struct scn_suite *suite)
{
    const struct scn_result *result = scn_run_result(suite->probe);
    if (suite->fetching) {
        fetch_over(suite);
    } else if (suite->encrypting) {
        suite->world->capabilities |= scn_run_capabilities(suite->probe);
        suite->encrypting = false;
        suite->first_done = true;
    } else if (result->verdict == SCN_PASS || result->verdict == SCN_INFO) {
        probe_passed(suite);
    } else if (++suite->failed_probes < PROBES_TO_DEATH) {
        suite->probe_not_before = now(suite) + PROBE_PAUSE_MS;
    } else if (!suite->first_done) {
        first_failed(suite, result);
    } else {
        target_died(suite);
    }
    bury(suite, suite->probe);
    suite->probe = NULL;
}

static bool probe_wanted(const struct scn_suite *suite)
{
    if (suite->finished || !suite->config.health)
        return false;
    if (!suite->first_done || suite->failed_probes)
        return true;
    for (size_t i = 0; i < suite->count; i++) {
        if (suite->entries[i].state == ITEM_PROBING)
            return true;
    }
    return false;
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
           ((entry->state == ITEM_WAITING && !entry->again) || (in_flight(entry) && entry->tries == 1));
}

static bool is_crowd(const struct entry *entry)
{
    return entry->state != ITEM_DONE && !is_loner(entry);
}

static void start_loner(struct scn_suite *suite)
{
    if (count_if(suite, in_flight) > 0)
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
    if (count_if(suite, is_crowd) == 0) {
        start_loner(suite);
        return;
    }
    size_t company = smallest_company(suite);
    bool fresh = count_if(suite, is_fresh) > 0;
    size_t limit = company != 0              ? company
                   : !fresh                  ? SECOND_TRY_JOBS
                   : suite->config.jobs != 0 ? suite->config.jobs
                                             : SIZE_MAX;
    struct entry *next;
    for (size_t busy = count_if(suite, in_flight); busy < limit && (next = next_entry(suite, company, fresh)); busy++)
        launch(suite, next);
}

/* A run may also have ended between two advances: what must never come ends it at once. */
static int64_t run_deadline(const struct scn_suite *suite, const struct scn_run *run)
{
    return scn_run_done(run) ? now(suite) : scn_run_deadline(run);
}

static bool advance_runs(struct scn_suite *suite)
{
    bool changed = false;
    for (size_t i = 0; i < suite->count; i++) {
        struct entry *entry = &suite->entries[i];
        if (entry->state != ITEM_RUNNING || run_deadline(suite, entry->run) > now(suite))
            continue;
        scn_run_advance(entry->run);
        if (scn_run_done(entry->run)) {
            played(suite, entry);
            changed = true;
        }
    }
    return changed;
}

static bool advance_probe(struct scn_suite *suite)
{
    if (suite->probe) {
        scn_run_advance(suite->probe);
        if (!scn_run_done(suite->probe))
            return false;
        probe_over(suite);
        return true;
    }
    if (!probe_wanted(suite) || now(suite) < suite->probe_not_before)
        return false;
    probe_start(suite);
    return true;
}

void scn_suite_advance(struct scn_suite *suite)
{
    bool changed = true;
    while (changed && !scn_suite_done(suite)) {
        changed = advance_probe(suite);
        if (!suite->first_done || suite->finished)
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
            int64_t deadline = run_deadline(suite, entry->run);
            soonest = deadline < soonest ? deadline : soonest;
        }
    }
    if (suite->probe) {
        int64_t deadline = scn_run_deadline(suite->probe);
        soonest = deadline < soonest ? deadline : soonest;
    } else if (probe_wanted(suite)) {
        soonest = suite->probe_not_before < soonest ? suite->probe_not_before : soonest;
    }
    return soonest;
}

bool scn_suite_done(const struct scn_suite *suite)
{
    return suite->finished || suite->done == suite->count;
}

void scn_suite_interrupt(struct scn_suite *suite, const char *reason)
{
    for (size_t i = 0; i < suite->count; i++) {
        if (suite->entries[i].state != ITEM_DONE)
            settle_as(suite, &suite->entries[i], SCN_INCONCLUSIVE, reason);
    }
    suite->finished = true;
}

size_t scn_suite_outcome_count(const struct scn_suite *suite)
{
    return suite->count;
}

const struct scn_outcome *scn_suite_outcome(const struct scn_suite *suite, size_t i)
{
    return &suite->entries[i].outcome;
}

const char *scn_suite_trouble(const struct scn_suite *suite)
{
    return suite->trouble[0] ? suite->trouble : NULL;
}

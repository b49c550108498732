/* SPDX-License-Identifier: MIT
 *
 * The pulse of the target: a handshake must be answered before the first run, behind each and after the last of them.
 * One probe serves all runs that ended before it began.  In front of all runs it also tells what the target can do.
 */
#include "suite_state.h"

#include <stdio.h>
#include <string.h>

enum {
    PROBES_TO_DEATH = 3,   /* handshakes in a row without an answer */
    PROBE_PAUSE_MS = 1500, /* between those */
};

static const char *const texts[PROBES] = {
    [PROBE_FIRST] = "# What the target offers.\n"
                    "scenario health.first\n"
                    "  rule BEP3-HS-02\n"
                    "  fault rx handshake crash crashes\n"
                    "\n"
                    "p1 dial\n"
                    "p1 >! handshake info_hash=$t1 reserved=[ext fast]\n"
                    "p1 < handshake info_hash=$t1 within 15s\n"
                    "p1 maybe extended ext=0 within 3s\n",
    [PROBE_METADATA] = "# The metadata comes from the target itself.\n"
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
                       "}\n",
    [PROBE_MSE] = "# The target answers an encrypted handshake.\n"
                  "scenario health.mse\n"
                  "  rule MSE-IN-01\n"
                  "  fault rx handshake crash crashes\n"
                  "\n"
                  "p1 dial! mse provide=2\n"
                  "p2 dial mse provide=2 pad_a=512\n"
                  "p1 secured within 10s else info\n"
                  "p2 secured within 10s else info\n",
    [PROBE_PULSE] = "# The target answers a handshake.\n"
                    "scenario health.alive\n"
                    "  rule BEP3-HS-02\n"
                    "  fault rx handshake crash crashes\n"
                    "\n"
                    "p1 dial\n"
                    "p1 >! handshake info_hash=$t1 reserved=[ext fast]\n"
                    "p1 < handshake info_hash=$t1 within 12s\n",
};

void suite_pulse_new(struct scn_suite *suite)
{
    struct scn_error error;
    for (size_t i = 0; i < PROBES; i++)
        suite->probes[i] = suite_must(scn_script_parse("health.scn", texts[i], strlen(texts[i]), &error));
    suite->stage = suite->config.health ? PROBE_FIRST : PROBE_PULSE;
}

void suite_pulse_free(struct scn_suite *suite)
{
    scn_run_free(suite->probe);
    for (size_t i = 0; i < PROBES; i++)
        scn_script_free(suite->probes[i]);
}

/* Probes ask for a torrent that no scenario uses up: of leeches and magnets the shared copy. */
static unsigned probe_copy(const struct scn_suite *suite)
{
    bool shared = scn_world_torrent(suite->world, NULL, SCN_COPY_SHARED) != NULL;
    return shared || suite->world->torrent_count == 0 ? SCN_COPY_SHARED : suite->world->torrents[0].copy;
}

static void probe_start(struct scn_suite *suite)
{
    const struct scn_scenario *scenario = &suite->probes[suite->stage]->scenarios[0];
    suite->probe = scn_run_new(scenario, NULL, suite->world, suite->link, suite->next_number++, probe_copy(suite));
    scn_run_go_first(suite->probe);
    suite->probe_started = suite_now(suite);
}

/* ---- what the target can do -------------------------------------------------------------------------------------- */

/* Only the user's own torrent can be unknown, and it is the only one then. */
static bool metadata_is_wanted(const struct scn_suite *suite)
{
    const struct scn_world *world = suite->world;
    return world->torrent_count == 1 && !world->torrents[0].known && world->role == SCN_TARGET_SEED &&
           (world->capabilities >> SCN_CAP_ut_metadata & 1);
}

/* Only those who ask for encryption make it worth while to find out. */
static bool encryption_is_wanted(const struct scn_suite *suite)
{
    bool wanted = false;
    for (size_t i = 0; i < suite->count; i++)
        wanted = wanted || (suite->entries[i].item->scenario->needs >> SCN_CAP_mse & 1);
    return wanted && !(suite->world->capabilities >> SCN_CAP_mse & 1);
}

static enum probe stage_behind(const struct scn_suite *suite)
{
    if (suite->stage < PROBE_METADATA && metadata_is_wanted(suite))
        return PROBE_METADATA;
    if (suite->stage < PROBE_MSE && encryption_is_wanted(suite))
        return PROBE_MSE;
    return PROBE_PULSE;
}

static void learn_capabilities(struct scn_suite *suite)
{
    suite->world->capabilities |= scn_run_capabilities(suite->probe);
    suite->world->probed = true;
}

/* With or without the metadata the runs may begin. */
static void learn_metadata(struct scn_suite *suite)
{
    struct scn_torrent *torrent = &suite->world->torrents[0];
    struct btw_slice info;
    torrent->known =
        scn_run_metadata(suite->probe, &info) && btw_metainfo_read_info(&torrent->meta, info, NULL) == BTW_OK;
}

/* ---- alive or not ------------------------------------------------------------------------------------------------ */

static void settle_probed(struct scn_suite *suite)
{
    for (size_t i = 0; i < suite->count; i++) {
        struct entry *entry = &suite->entries[i];
        if (entry->state == ITEM_PROBING && scn_run_result(entry->run)->ended_ms <= suite->probe_started)
            entry_settle(suite, entry);
    }
}

static void probe_passed(struct scn_suite *suite)
{
    suite->failed_probes = 0;
    if (suite->stage == PROBE_PULSE)
        settle_probed(suite);
    else
        learn_capabilities(suite);
    suite->stage = stage_behind(suite);
}

static void first_failed(struct scn_suite *suite, const struct scn_result *result)
{
    snprintf(suite->trouble, sizeof suite->trouble, "the first %shandshake with the target failed: %s",
             suite->world->mse ? "encrypted " : "", result->reason ? result->reason : "no reason known");
    suite_finish_as(suite, SCN_INCONCLUSIVE, suite->trouble);
}

static void probe_failed(struct scn_suite *suite, const struct scn_result *result)
{
    if (++suite->failed_probes < PROBES_TO_DEATH) {
        suite->probe_not_before = suite_now(suite) + PROBE_PAUSE_MS;
    } else if (suite->stage == PROBE_FIRST) {
        first_failed(suite, result);
    } else {
        suite->failed_probes = 0;
        suite_target_died(suite);
    }
}

static void probe_over(struct scn_suite *suite)
{
    const struct scn_result *result = scn_run_result(suite->probe);
    if (suite->stage == PROBE_METADATA)
        learn_metadata(suite);
    if (suite->stage == PROBE_METADATA || suite->stage == PROBE_MSE || result->verdict == SCN_PASS ||
        result->verdict == SCN_INFO)
        probe_passed(suite);
    else
        probe_failed(suite, result);
    suite_bury(suite, suite->probe);
    suite->probe = NULL;
}

static bool probe_wanted(const struct scn_suite *suite)
{
    if (suite->finished || !suite->config.health)
        return false;
    if (suite->stage != PROBE_PULSE || suite->failed_probes)
        return true;
    for (size_t i = 0; i < suite->count; i++) {
        if (suite->entries[i].state == ITEM_PROBING)
            return true;
    }
    return false;
}

bool suite_pulse_advance(struct scn_suite *suite)
{
    if (suite->probe) {
        scn_run_advance(suite->probe);
        if (!scn_run_done(suite->probe))
            return false;
        probe_over(suite);
        return true;
    }
    if (!probe_wanted(suite) || suite_now(suite) < suite->probe_not_before)
        return false;
    probe_start(suite);
    return true;
}

int64_t suite_pulse_deadline(const struct scn_suite *suite)
{
    if (suite->probe)
        return scn_run_deadline(suite->probe);
    return probe_wanted(suite) ? suite->probe_not_before : INT64_MAX;
}

/* SPDX-License-Identifier: MIT
 *
 * The pulse of the target: a handshake must be answered before the first run, behind each and after the last of them.
 * One probe serves all runs that ended before it began.  In front of all runs it also tells which torrents the target
 * has, and what it can do.
 */
#include "suite_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    PROBES_TO_DEATH = 3,   /* handshakes in a row without an answer */
    PROBE_PAUSE_MS = 1500, /* between those */
};

static const char *const texts[PROBES] = {
    /* By its right name, or by one that somebody may have mistaken for it: only who is unknown by all of them need not
     * be there.  That others are wrong is for the scenarios to say. */
    [PROBE_TORRENTS] = "# The target has the torrent.\n"
                       "scenario health.torrent\n"
                       "  rule BEP3-HS-02\n"
                       "  fault rx handshake crash crashes\n"
                       "\n"
                       "p1 dial\n"
                       "p1 >! handshake info_hash=$t1 reserved=[ext fast]\n"
                       "p1 < handshake within 12s else info\n"
                       "repeat 1-p1.handshakes {\n"
                       "  p2 dial\n"
                       "  p2 > handshake info_hash=sha1(sorted(metadata($t1))) reserved=[ext fast]\n"
                       "  p3 dial\n"
                       "  p3 > handshake info_hash=part(sha256(metadata($t1)),0,20) reserved=[ext fast]\n"
                       "  p4 dial\n"
                       "  p4 > handshake info_hash=part(sha256(metadata($t1)),12,20) reserved=[ext fast]\n"
                       "  p2 < handshake within 5s else info\n"
                       "  p3 < handshake within 1s else info\n"
                       "  p4 < handshake within 1s else info\n"
                       "  repeat 1-p2.handshakes-p3.handshakes-p4.handshakes {\n"
                       "    p1 < handshake within 1s\n"
                       "  }\n"
                       "}\n",
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

/* A torrent that is the only one must be there, or nothing can be tested. */
static bool torrents_are_wanted(const struct scn_suite *suite)
{
    return suite->config.asks && suite->world->torrent_count > 1;
}

void suite_pulse_new(struct scn_suite *suite)
{
    struct scn_error error;
    for (size_t i = 0; i < PROBES; i++)
        suite->probes[i] = suite_must(scn_script_parse("health.scn", texts[i], strlen(texts[i]), &error));
    suite->under_way = suite_must(calloc(suite->world->torrent_count + 1, sizeof *suite->under_way));
    suite->about = suite_must(calloc(suite->world->torrent_count + 1, sizeof *suite->about));
    for (size_t i = 0; i < suite->world->torrent_count; i++) {
        suite->about[i] = suite->probes[PROBE_TORRENTS]->scenarios[0];
        suite->about[i].torrents[0] = suite->world->torrents[i].kind;
    }
    suite->stage = !suite->config.health ? PROBE_PULSE : torrents_are_wanted(suite) ? PROBE_TORRENTS : PROBE_FIRST;
}

void suite_pulse_free(struct scn_suite *suite)
{
    for (size_t i = 0; i < suite->under_way_count; i++)
        scn_run_free(suite->under_way[i]);
    free(suite->under_way);
    free(suite->about);
    for (size_t i = 0; i < PROBES; i++)
        scn_script_free(suite->probes[i]);
}

/* Probes ask for a torrent that no scenario uses up: of leeches and magnets the shared copy. */
static unsigned probe_copy(const struct scn_suite *suite)
{
    const struct scn_world *world = suite->world;
    if (scn_world_torrent(world, NULL, SCN_COPY_SHARED) != NULL)
        return SCN_COPY_SHARED;
    for (size_t i = 0; i < world->torrent_count; i++) {
        if (!world->torrents[i].unanswered)
            return world->torrents[i].copy;
    }
    return SCN_COPY_SHARED;
}

static void probe_add(struct scn_suite *suite, const struct scn_scenario *scenario, unsigned copy)
{
    struct scn_run *run = scn_run_new(scenario, NULL, suite->world, suite->link, suite->next_number++, copy);
    scn_run_go_first(run);
    suite->under_way[suite->under_way_count++] = run;
}

static void probe_start(struct scn_suite *suite)
{
    suite->probe_started = suite_now(suite);
    if (suite->stage != PROBE_TORRENTS)
        probe_add(suite, &suite->probes[suite->stage]->scenarios[0], probe_copy(suite));
    for (size_t i = 0; suite->stage == PROBE_TORRENTS && i < suite->world->torrent_count; i++)
        probe_add(suite, &suite->about[i], suite->world->torrents[i].copy);
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
    if (suite->stage < PROBE_FIRST)
        return PROBE_FIRST;
    if (suite->stage < PROBE_METADATA && metadata_is_wanted(suite))
        return PROBE_METADATA;
    if (suite->stage < PROBE_MSE && encryption_is_wanted(suite))
        return PROBE_MSE;
    return PROBE_PULSE;
}

static void learn_capabilities(struct scn_suite *suite)
{
    suite->world->capabilities |= scn_run_capabilities(suite->under_way[0]);
    suite->world->probed = true;
}

static bool answered(const struct scn_run *probe)
{
    return scn_run_result(probe)->verdict <= SCN_INFO;
}

/* The probes stand in the order of the torrents. */
static void learn_torrents(struct scn_suite *suite)
{
    for (size_t i = 0; i < suite->under_way_count; i++)
        suite->world->torrents[i].unanswered = !answered(suite->under_way[i]);
}

/* With or without the metadata the runs may begin. */
static void learn_metadata(struct scn_suite *suite)
{
    struct scn_torrent *torrent = &suite->world->torrents[0];
    struct btw_slice info;
    torrent->known =
        scn_run_metadata(suite->under_way[0], &info) && btw_metainfo_read_info(&torrent->meta, info, NULL) == BTW_OK;
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
    switch (suite->stage) {
    case PROBE_TORRENTS:
        learn_torrents(suite);
        break;
    case PROBE_METADATA:
        learn_metadata(suite);
        learn_capabilities(suite);
        break;
    case PROBE_FIRST:
    case PROBE_MSE:
        learn_capabilities(suite);
        break;
    case PROBE_PULSE:
        settle_probed(suite);
        break;
    case PROBES:
        break;
    }
    suite->stage = stage_behind(suite);
}

/* Nothing has run yet. */
static void first_failed(struct scn_suite *suite)
{
    const char *reason = scn_run_result(suite->under_way[0])->reason;
    bool again = suite->stage == PROBE_FIRST && torrents_are_wanted(suite);
    snprintf(suite->trouble, sizeof suite->trouble, "the first %shandshake with the target%s failed: %s",
             suite->world->mse ? "encrypted " : "", again ? " since it was asked for its torrents" : "",
             reason ? reason : "no reason known");
    suite_finish_as(suite, SCN_INCONCLUSIVE, suite->trouble);
}

static void probe_failed(struct scn_suite *suite)
{
    if (++suite->failed_probes < PROBES_TO_DEATH) {
        suite->probe_not_before = suite_now(suite) + PROBE_PAUSE_MS;
    } else if (suite->stage <= PROBE_FIRST) {
        first_failed(suite);
    } else {
        suite->failed_probes = 0;
        suite_target_died(suite);
    }
}

static void probe_over(struct scn_suite *suite)
{
    bool passed = suite->stage == PROBE_METADATA || suite->stage == PROBE_MSE; /* whatever came of it */
    for (size_t i = 0; i < suite->under_way_count; i++)
        passed = passed || answered(suite->under_way[i]);
    if (passed)
        probe_passed(suite);
    else
        probe_failed(suite);
    for (size_t i = 0; i < suite->under_way_count; i++)
        suite_bury(suite, suite->under_way[i]);
    suite->under_way_count = 0;
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

static bool probes_done(struct scn_suite *suite)
{
    bool done = true;
    for (size_t i = 0; i < suite->under_way_count; i++) {
        scn_run_advance(suite->under_way[i]);
        done = scn_run_done(suite->under_way[i]) && done;
    }
    return done;
}

bool suite_pulse_advance(struct scn_suite *suite)
{
    if (suite->under_way_count > 0) {
        if (!probes_done(suite))
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
    int64_t soonest = INT64_MAX;
    if (suite->under_way_count == 0)
        return probe_wanted(suite) ? suite->probe_not_before : soonest;
    for (size_t i = 0; i < suite->under_way_count; i++) {
        int64_t deadline = scn_run_deadline(suite->under_way[i]);
        soonest = deadline < soonest ? deadline : soonest;
    }
    return soonest;
}

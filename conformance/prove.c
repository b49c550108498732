/* SPDX-License-Identifier: MIT
 *
 * One fresh host and one fresh link per run, fixtures made once.
 */
#include "prove.h"

#include <assert.h>
#include <stdlib.h>

#include "link_mem.h"
#include "script_walk.h"
#include "torrents.h"

enum { LISTEN_PORT = 6881 };

/* Everything that outlives a single run. */
struct prover {
    const struct scn_prove_config *config;
    FILE *out;
    struct scn_torrents torrents; /* all that any trial has asked for */
    bool *rule_proven;            /* by the index of the table */
    struct scn_prove_result result;
};

/* One run of one item, with its target and what the target knows. */
struct trial {
    struct scn_item item; /* of copy 0: the target is its own */
    struct scn_torrent torrents[SCN_TORRENTS_MAX + 1];
    struct scn_world world;
    uint8_t own_id[20], earlier_id[20]; /* what the target told a tracker, and told it in an earlier run */
    struct scn_faults faults;
    struct scn_arena *arena;
    struct btw_host *host;
    struct scn_mem *mem;
    struct scn_suite *suite;
};

/* ---- one trial --------------------------------------------------------------------------------------------------- */

static enum btw_role role_of(enum scn_target target)
{
    switch (target) {
    case SCN_TARGET_LEECH:
        return BTW_LEECH;
    case SCN_TARGET_MAGNET:
        return BTW_MAGNET;
    case SCN_TARGET_SEED:
    case SCN_TARGET_ANY:
        break;
    }
    return BTW_SEED;
}

/* The host gets the torrent, and the world knows of it. */
static void add_torrent(struct prover *prover, struct trial *trial, const char *kind)
{
    struct scn_world *world = &trial->world;
    if (!scn_torrents_add_fixture(&prover->torrents, kind, 0) || scn_world_torrent(world, kind, 0))
        return; /* a scenario about one that does not exist does not pass */
    struct scn_torrent *torrent = &trial->torrents[world->torrent_count++];
    for (size_t i = 0; i < prover->torrents.count; i++) {
        if (strcmp(prover->torrents.list[i].kind, kind) == 0)
            *torrent = prover->torrents.list[i];
    }
    enum btw_status added =
        btw_host_add(trial->host, scn_torrents_fixture(torrent), role_of(trial->item.scenario->target), NULL);
    assert(added == BTW_OK);
    (void)added;
}

/* Variables of the scenario, for faults: its torrents and what its case sets. */
static bool scenario_value(void *user, const char *name, struct scn_value *out)
{
    const struct trial *trial = user;
    const struct scn_case *one = trial->item.one;
    if (name[0] == 't' && name[1] >= '1' && name[1] <= '0' + SCN_TORRENTS_MAX && !name[2]) {
        const char *kind = trial->item.scenario->torrents[name[1] - '1'];
        *out = (struct scn_value){ SCN_VALUE_TORRENT, .torrent = scn_world_torrent(&trial->world, kind, 0) };
        return out->torrent != NULL;
    }
    for (size_t i = 0; one && i < 4 && one->vars[i]; i++) {
        struct scn_env env = { .arena = trial->arena, .get = scenario_value, .user = user };
        if (strcmp(one->vars[i], name) == 0)
            return scn_eval(&env, one->values[i], out);
    }
    return false;
}

/* The peer id of a run that was before this one. */
static void take_earlier_id(uint8_t out[20], const struct btw_policy *policy, uint64_t seed)
{
    struct btw_host *earlier = btw_host_new(policy, ~seed, LISTEN_PORT);
    memcpy(out, btw_host_peer_id(earlier), 20);
    btw_host_free(earlier);
}

static bool trial_host(struct prover *prover, struct trial *trial)
{
    const struct scn_scenario *scenario = trial->item.scenario;
    struct btw_policy policy;
    btw_policy_init(&policy);
    policy.mse_dial = prover->config->mse || (scenario->needs >> SCN_CAP_mse_dials & 1);
    if (scn_faults_apply_policy(&policy, &trial->faults) != BTW_OK)
        return false;
    trial->host = btw_host_new(&policy, prover->config->seed, LISTEN_PORT);
    memcpy(trial->own_id, btw_host_peer_id(trial->host), sizeof trial->own_id);
    take_earlier_id(trial->earlier_id, &policy, prover->config->seed);
    trial->world = (struct scn_world){
        .torrents = trial->torrents,
        .role = scenario->target == SCN_TARGET_ANY ? SCN_TARGET_SEED : scenario->target,
        .capabilities = 1u << SCN_CAP_ipv6 | 1u << SCN_CAP_dials | 1u << SCN_CAP_metadata | 1u << SCN_CAP_mse_dials,
        .mse = prover->config->mse,
        .listen_port = LISTEN_PORT,
        .timeout_scale = 1,
        .seed = prover->config->seed,
        .tracker_ids = (const uint8_t(*)[20])trial->own_id,
        .tracker_id_count = 1,
        .earlier_ids = (const uint8_t(*)[20])trial->earlier_id,
        .earlier_id_count = 1,
    };
    if (!scenario->torrents[0])
        add_torrent(prover, trial, "base");
    for (size_t i = 0; i < SCN_TORRENTS_MAX && scenario->torrents[i]; i++)
        add_torrent(prover, trial, scn_kind_fixture(scenario->torrents[i]));
    return true;
}

/* Plays the item against a host with these faults.  With health the target is probed first and last; otherwise it has
 * those capabilities.  False: the fault names a policy that does not exist. */
static bool trial_play(struct prover *prover, struct trial *trial, const struct scn_item *item,
                       const struct scn_fault_spec *fault, bool health, uint64_t capabilities)
{
    *trial = (struct trial){ .item = *item, .arena = scn_arena_new() };
    trial->item.copy = 0;
    trial->faults = (struct scn_faults){ .specs = fault, .count = fault != NULL, .get = scenario_value, .user = trial };
    if (!trial_host(prover, trial))
        return false;
    trial->world.capabilities |= capabilities;
    trial->world.probed = !health;
    trial->world.alive_seen = !health;
    trial->mem = scn_mem_new(trial->host, &trial->faults);
    struct scn_suite_config config = { .jobs = 1, .health = health };
    trial->suite = scn_suite_new(&trial->item, 1, &trial->world, scn_mem_link(trial->mem), &config);
    if (!scn_mem_play_suite(trial->mem, trial->suite))
        scn_suite_interrupt(trial->suite, "nothing was left that could happen, or it took too long");
    return true;
}

static const struct scn_result *trial_result(const struct trial *trial)
{
    return &scn_suite_outcome(trial->suite, 0)->result;
}

static void trial_end(struct trial *trial)
{
    scn_suite_free(trial->suite);
    scn_mem_free(trial->mem);
    btw_host_free(trial->host);
    scn_arena_free(trial->arena);
}

/* ---- what came of it --------------------------------------------------------------------------------------------- */

static void print_result(const struct prover *prover, const struct trial *trial)
{
    const struct scn_outcome *outcome = scn_suite_outcome(trial->suite, 0);
    const struct scn_result *result = &outcome->result;
    fprintf(prover->out, "    %s: %s", trial->item.id, scn_verdict_name(result->verdict));
    if (result->place.line)
        fprintf(prover->out, " at line %u%s%s", result->place.line, result->label ? " @" : "",
                result->label ? result->label : "");
    fprintf(prover->out, "%s%s\n", result->reason ? ": " : "", result->reason ? result->reason : "");
    if (result->want)
        fprintf(prover->out, "      want %s\n      got  %s\n", result->want, result->got ? result->got : "-");
    for (size_t i = 0; i < result->finding_count; i++) {
        const struct scn_finding *finding = &result->findings[i];
        fprintf(prover->out, "      %s by %s (%s): %s\n", scn_verdict_name(finding->verdict), finding->rule->name,
                finding->rule->id, finding->text);
    }
    if (trial->faults.count && trial->faults.specs->kind != SCN_FAULT_POLICY && !trial->faults.fired)
        fprintf(prover->out, "      no message fitted the fault\n");
    if (trial->faults.error)
        fprintf(prover->out, "      the fault's message could not be made: %s\n", trial->faults.error);
    for (size_t i = 0; prover->config->verbose && outcome->timeline && i < scn_timeline_count(outcome->timeline); i++)
        fprintf(prover->out, "      %s\n", scn_timeline_line(outcome->timeline, i));
}

static bool is_decent(const struct scn_result *result)
{
    return result->verdict <= SCN_INFO && result->finding_count == 0;
}

static bool is_rule(const struct btw_rule *rule, const char *id_or_name)
{
    return strcmp(rule->id, id_or_name) == 0 || strcmp(rule->name, id_or_name) == 0;
}

/* The finding that catches the fault; NULL: none does. */
static const struct scn_finding *caught_by_rule(const struct scn_result *result, const struct scn_fault_spec *fault)
{
    for (size_t i = 0; i < result->finding_count; i++) {
        const struct scn_finding *finding = &result->findings[i];
        if (is_rule(finding->rule, fault->by) && finding->verdict == fault->expected)
            return finding;
    }
    return NULL;
}

static void mark_rule(struct prover *prover, const struct btw_rule *rule)
{
    for (size_t i = 0; i < btw_rule_count(); i++) {
        if (btw_rule_at(i) == rule)
            prover->rule_proven[i] = true;
    }
}

static bool is_caught(struct prover *prover, const struct scn_result *result, const struct scn_fault_spec *fault)
{
    if (!fault->by || fault->by[0] == '@')
        return result->verdict == fault->expected &&
               (!fault->by || (result->label && strcmp(result->label, fault->by + 1) == 0));
    const struct scn_finding *finding = caught_by_rule(result, fault);
    if (finding)
        mark_rule(prover, finding->rule);
    return finding != NULL;
}

/* ---- proofs ------------------------------------------------------------------------------------------------------ */

/* The decent peer; returns what it was seen to be capable of. */
static uint64_t prove_decent(struct prover *prover, const struct scn_item *item)
{
    struct trial trial;
    trial_play(prover, &trial, item, NULL, true, 0);
    prover->result.items++;
    if (is_decent(trial_result(&trial))) {
        prover->result.passed++;
    } else {
        fprintf(prover->out, "%s:%u: the decent peer does not pass\n", item->scenario->place.file,
                item->scenario->place.line);
        print_result(prover, &trial);
    }
    uint64_t capabilities = trial.world.capabilities;
    trial_end(&trial);
    return capabilities;
}

/* One try; what came instead is told when nobody else will try. */
static bool try_fault(struct prover *prover, const struct scn_item *item, const struct scn_fault_spec *fault,
                      uint64_t capabilities, bool tell)
{
    struct trial trial;
    bool caught = false;
    if (trial_play(prover, &trial, item, fault, fault->expected == SCN_CRASH, capabilities)) {
        caught = !trial.faults.error && is_caught(prover, trial_result(&trial), fault);
        if (!caught && tell)
            print_result(prover, &trial);
    } else if (tell) {
        fprintf(prover->out, "    the reference peer has no policy '%s'\n", fault->policy);
    }
    trial_end(&trial);
    return caught;
}

/* Is the fault caught in one of the items of its scenario? */
static void prove_fault(struct prover *prover, const struct scn_item *items, size_t count,
                        const struct scn_fault_spec *fault, uint64_t capabilities)
{
    prover->result.faults++;
    for (size_t i = 0; i < count; i++) {
        if (try_fault(prover, &items[i], fault, capabilities, false)) {
            prover->result.proven++;
            return;
        }
    }
    fprintf(prover->out, "%s:%u: not caught: fault %s, expected %s %s\n", fault->place.file, fault->place.line,
            fault->text, scn_verdict_name(fault->expected), fault->by ? fault->by : "");
    for (size_t i = 0; i < count; i++)
        try_fault(prover, &items[i], fault, capabilities, true);
}

static void prove_rules(struct prover *prover)
{
    prover->result.rules = btw_rule_count();
    for (size_t i = 0; i < prover->result.rules; i++) {
        const struct btw_rule *rule = btw_rule_at(i);
        if (prover->rule_proven[i])
            prover->result.rules_proven++;
        else if (prover->config->all_rules)
            fprintf(prover->out, "rule %s (%s): no fault of any scenario is caught by it\n", rule->name, rule->id);
    }
}

static bool holds(const struct scn_prove_result *result, bool all_rules)
{
    return result->items > 0 && result->passed == result->items && result->proven == result->faults &&
           (!all_rules || result->rules_proven == result->rules);
}

struct scn_prove_result scn_prove(const struct scn_item *items, size_t count, const struct scn_prove_config *config,
                                  FILE *out)
{
    struct prover *prover = calloc(1, sizeof *prover);
    bool *rule_proven = calloc(btw_rule_count() + 1, sizeof *rule_proven);
    if (!prover || !rule_proven)
        abort();
    prover->config = config;
    prover->out = out;
    prover->rule_proven = rule_proven;
    for (size_t i = 0, n; i < count; i += n) {
        const struct scn_scenario *scenario = items[i].scenario;
        bool skipped = config->mse && scn_scenario_has_tag(scenario, "clear");
        uint64_t capabilities = 0;
        for (n = 0; i + n < count && items[i + n].scenario == scenario; n++)
            capabilities |= skipped ? 0 : prove_decent(prover, &items[i + n]);
        for (size_t f = 0; !skipped && f < scenario->fault_count; f++)
            prove_fault(prover, &items[i], n, &scenario->faults[f], capabilities);
    }
    prove_rules(prover);
    struct scn_prove_result result = prover->result;
    result.ok = holds(&result, config->all_rules);
    scn_torrents_free(&prover->torrents);
    free(rule_proven);
    free(prover);
    return result;
}

/* SPDX-License-Identifier: MIT
 *
 * `conformance list`: what there is.
 */
#include <fnmatch.h>
#include <jansson.h>
#include <string.h>

#include "btw/policy.h"
#include "cli.h"
#include "coverage.h"
#include "plural.h"
#include "report.h"

static struct {
    char *scenarios;
    int rules, faults, policies, uncovered, json;
} options;

static const struct poptOption table[] = {
    { "rules", 0, POPT_ARG_NONE, &options.rules, 0, "the requirements, and what covers them", NULL },
    { "faults", 0, POPT_ARG_NONE, &options.faults, 0, "the faults, and what must catch them", NULL },
    { "policies", 0, POPT_ARG_NONE, &options.policies, 0, "the reference peer's decisions, which faults change", NULL },
    { "uncovered", 0, POPT_ARG_NONE, &options.uncovered, 0,
      "requirements in scope that nothing covers, and the exceptions", NULL },
    { "json", 0, POPT_ARG_NONE, &options.json, 0, "scenarios and requirements as JSON", NULL },
    { "scenarios", 0, POPT_ARG_STRING, &options.scenarios, 0, "scenario files instead of those built in", "DIR" },
    POPT_TABLEEND,
};

static const char teaches[] =
    "A PATTERN is as for 'conformance run'.\n"
    "\n"
    "Examples:\n"
    "  conformance list 'request.*'\n"
    "  conformance list BEP6-REJ-01         the scenarios about a requirement\n"
    "  conformance list --uncovered\n"
    "  conformance list --policies 'have-*' the decisions of that name, and how they are decided by default\n"
    "\n"
    "Exit status: 0 done, 1 with --uncovered something is not covered, 2 usage or script error, 3 nothing matched.\n";

struct list {
    struct scn_catalogue catalogue;
    struct scn_item *items;
    size_t count;
};

static bool is_first_case(const struct list *list, size_t i)
{
    return i == 0 || list->items[i - 1].scenario != list->items[i].scenario;
}

/* ---- text -------------------------------------------------------------------------------------------------------- */

static int print_scenarios(const struct list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct scn_scenario *scenario = list->items[i].scenario;
        printf("%-44s %-7s %s\n", list->items[i].id, scn_target_name(scenario->target),
               scenario->title ? scenario->title : "");
    }
    return CLI_GREEN;
}

static int print_faults(const struct list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct scn_scenario *scenario = list->items[i].scenario;
        for (size_t k = 0; is_first_case(list, i) && k < scenario->fault_count; k++)
            printf("%-36s %-60s %s\n", scenario->name, scenario->faults[k].text,
                   scenario->faults[k].by ? scenario->faults[k].by : "crashes");
    }
    return CLI_GREEN;
}

static size_t scenarios_about(const struct list *list, const char *id)
{
    size_t count = 0;
    for (size_t i = 0; i < list->count; i++)
        count += is_first_case(list, i) && scn_scenario_covers(list->items[i].scenario, id);
    return count;
}

static int print_rules(const struct list *list)
{
    for (size_t i = 0; i < scn_requirement_count(); i++) {
        const struct scn_requirement *requirement = scn_requirement_at(i);
        char spec[16], by[64] = "-";
        size_t scenarios = scenarios_about(list, requirement->id);
        const struct btw_rule *rule = btw_rule_find(requirement->id);
        if (scenarios > 0 || rule != NULL)
            snprintf(by, sizeof by, "%s%s%zu scenario%s", rule ? "monitor" : "", rule ? ", " : "", scenarios,
                     scn_plural(scenarios));
        printf("%-16s %-7s %-7s %-24s %s\n", requirement->id, scn_requirement_spec(requirement, spec),
               scn_level_name(requirement->level), by, requirement->summary);
    }
    return CLI_GREEN;
}

static int print_uncovered(const struct list *list)
{
    size_t scope = 0, covered = 0, excepted = 0;
    for (size_t i = 0; i < scn_requirement_count(); i++) {
        const struct scn_requirement *requirement = scn_requirement_at(i);
        const char *reason = scn_exception_reason(requirement->id);
        if (!scn_requirement_in_scope(requirement))
            continue;
        scope++;
        if (scn_requirement_is_covered(&list->catalogue, requirement)) {
            covered++;
        } else if (reason != NULL) {
            excepted++;
            printf("%-16s excepted: %s\n", requirement->id, reason);
        } else {
            printf("%-16s %s\n", requirement->id, requirement->summary);
        }
    }
    printf("%zu of %zu requirements in scope are covered, %zu excepted, %zu open\n", covered, scope, excepted,
           scope - covered - excepted);
    return covered + excepted == scope ? CLI_GREEN : CLI_RED;
}

/* ---- JSON -------------------------------------------------------------------------------------------------------- */

static json_t *texts(const char *const *list, size_t cap)
{
    json_t *out = json_array();
    for (size_t i = 0; i < cap && list[i] != NULL; i++)
        json_array_append_new(out, json_string(list[i]));
    return out;
}

static json_t *scenario_of(const struct scn_item *item)
{
    const struct scn_scenario *scenario = item->scenario;
    json_t *out = json_object(), *faults = json_array();
    for (size_t i = 0; i < scenario->fault_count; i++)
        json_array_append_new(faults, json_string(scenario->faults[i].text));
    json_object_set_new(out, "id", json_string(item->id));
    json_object_set_new(out, "title", scenario->title ? json_string(scenario->title) : json_null());
    json_object_set_new(out, "rules", texts(scenario->rules, SCN_RULES_MAX));
    json_object_set_new(out, "role", json_string(scn_target_name(scenario->target)));
    json_object_set_new(out, "tags", texts(scenario->tags, sizeof scenario->tags / sizeof scenario->tags[0]));
    json_object_set_new(out, "faults", faults);
    return out;
}

static json_t *requirement_of(const struct list *list, const struct scn_requirement *requirement)
{
    json_t *out = json_object(), *covered_by = json_array();
    const char *reason = scn_exception_reason(requirement->id);
    const struct btw_rule *rule = btw_rule_find(requirement->id);
    if (rule != NULL)
        json_array_append_new(covered_by, json_sprintf("monitor:%s", rule->name));
    for (size_t i = 0; i < list->count; i++) {
        if (is_first_case(list, i) && scn_scenario_covers(list->items[i].scenario, requirement->id))
            json_array_append_new(covered_by, json_string(list->items[i].scenario->name));
    }
    json_object_set_new(out, "id", json_string(requirement->id));
    json_object_set_new(out, "bep", json_string(requirement->bep));
    json_object_set_new(out, "level", json_string(scn_level_name(requirement->level)));
    json_object_set_new(out, "covered_by", covered_by);
    json_object_set_new(out, "exception", reason ? json_string(reason) : json_null());
    return out;
}

static int print_json(const struct list *list)
{
    json_t *root = json_object(), *scenarios = json_array(), *rules = json_array();
    for (size_t i = 0; i < list->count; i++)
        json_array_append_new(scenarios, scenario_of(&list->items[i]));
    for (size_t i = 0; i < scn_requirement_count(); i++)
        json_array_append_new(rules, requirement_of(list, scn_requirement_at(i)));
    json_object_set_new(root, "scenarios", scenarios);
    json_object_set_new(root, "rules", rules);
    json_dumpf(root, stdout, JSON_INDENT(1));
    putchar('\n');
    json_decref(root);
    return CLI_GREEN;
}

static int print(const struct list *list)
{
    if (options.json)
        return print_json(list);
    if (options.rules)
        return print_rules(list);
    if (options.faults)
        return print_faults(list);
    return options.uncovered ? print_uncovered(list) : print_scenarios(list);
}

/* Is there no pattern, or one that fits? */
static bool is_wanted(const char *name, const char **patterns)
{
    bool wanted = patterns[0] == NULL;
    for (; *patterns != NULL && !wanted; patterns++)
        wanted = fnmatch(*patterns, name, 0) == 0;
    return wanted;
}

/* As the notation writes them: '-' for '_'. */
static int print_policies(const struct cli_command *self, const char **patterns)
{
    size_t printed = 0;
    for (size_t i = 0; i < btw_policy_count(); i++) {
        const struct btw_policy_row *row = btw_policy_at(i);
        char name[64];
        snprintf(name, sizeof name, "%s", row->name);
        for (char *c = name; *c != '\0'; c++)
            *c = (char)(*c == '_' ? '-' : *c);
        if (is_wanted(name, patterns))
            printed += printf("%-26s %10lld  %s\n", name, (long long)row->value, row->what) > 0;
    }
    return printed > 0 ? CLI_GREEN : cli_fail(self, CLI_NOTHING, "no policy matches");
}

static int run(const struct cli_command *self, int argc, const char **argv)
{
    struct list list;
    struct scn_error error;
    struct scn_filter filter = { .slow_too = true };
    const char **patterns;
    int status = cli_options(self, argc, argv, table, &patterns);
    if (status != CLI_CONTINUE)
        return status;
    if (options.rules + options.faults + options.policies + options.uncovered + options.json > 1)
        return cli_fail(self, CLI_USAGE, "--rules, --faults, --policies, --uncovered and --json exclude each other");
    if (options.policies)
        return print_policies(self, patterns);
    if (!scn_catalogue_load(&list.catalogue, options.scenarios, &error)) {
        scn_error_print(stderr, &error);
        return CLI_USAGE;
    }
    filter.patterns = patterns;
    list.items = calloc(list.catalogue.count + 1, sizeof *list.items);
    if (list.items == NULL)
        abort();
    list.count = scn_catalogue_select(&list.catalogue, &filter, list.items);
    status = list.count == 0 ? cli_fail(self, CLI_NOTHING, "no scenario matches") : print(&list);
    free(list.items);
    scn_catalogue_free(&list.catalogue);
    return status;
}

const struct cli_command cli_list = { "list", "[PATTERN...]", "Tell scenarios, requirements and faults", teaches, run };

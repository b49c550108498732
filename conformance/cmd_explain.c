/* SPDX-License-Identifier: MIT
 *
 * `conformance explain`: everything about one scenario, requirement or rule.
 */
#include <string.h>

#include "cli.h"
#include "coverage.h"
#include "report.h"

static struct {
    char *scenarios;
} options;

static const struct poptOption table[] = {
    { "scenarios", 0, POPT_ARG_STRING, &options.scenarios, 0, "scenario files instead of those built in", "DIR" },
    POPT_TABLEEND,
};

static const char teaches[] =
    "ID is that of a scenario or of one of its cases, of a requirement, or the name of a monitor's rule.\n"
    "\n"
    "Examples:\n"
    "  conformance explain request.right-block\n"
    "  conformance explain BEP3-SRV-01\n"
    "\n"
    "Exit status: 0 done, 2 nothing has that name.\n";

static void explain_requirement(const struct scn_catalogue *catalogue, const struct scn_requirement *requirement)
{
    char spec[16];
    const char *reason = scn_exception_reason(requirement->id);
    printf("%s (%s, %s, %s)\n  %s\n", requirement->id, scn_requirement_spec(requirement, spec), requirement->section,
           scn_level_name(requirement->level), requirement->summary);
    printf("  for      %s; %s\n", requirement->role, requirement->direction);
    printf("  stimulus %s\n  expected %s\n  fault    %s\n", requirement->stimulus, requirement->expected,
           requirement->fault);
    const struct btw_rule *rule = btw_rule_find(requirement->id);
    if (rule != NULL)
        printf("  watched  by the monitors in every run, as %s\n", rule->name);
    for (size_t i = 0; i < catalogue->count; i++) {
        if (scn_scenario_covers(catalogue->items[i].scenario, requirement->id))
            printf("  tested   by %s\n", catalogue->items[i].id);
    }
    if (reason != NULL)
        printf("  not covered: %s\n", reason);
}

static void explain_rule(const struct btw_rule *rule)
{
    printf("%s (%s, %s, %s): a rule of the monitors, judged in every run\n  %s\n", rule->name, rule->id, rule->bep,
           scn_level_name(rule->level), rule->text);
}

static void explain_scenario(const struct scn_catalogue *catalogue, const struct scn_scenario *scenario)
{
    printf("%s:%u\n\n%s\n", scenario->place.file, scenario->place.line, scenario->text);
    for (size_t i = 0; i < SCN_RULES_MAX && scenario->rules[i] != NULL; i++) {
        const struct scn_requirement *requirement = scn_requirement_find(scenario->rules[i]);
        if (requirement == NULL)
            continue;
        putchar('\n');
        explain_requirement(catalogue, requirement);
    }
}

static const struct scn_scenario *find_scenario(const struct scn_catalogue *catalogue, const char *id)
{
    for (size_t i = 0; i < catalogue->count; i++) {
        const struct scn_item *item = &catalogue->items[i];
        if (strcmp(item->id, id) == 0 || strcmp(item->scenario->name, id) == 0)
            return item->scenario;
    }
    return NULL;
}

static const struct scn_catalogue *named; /* for cli_nearest */

static const char *item_name(size_t i)
{
    return named->items[i].id;
}

static int explain(const struct cli_command *self, const struct scn_catalogue *catalogue, const char *id)
{
    const struct scn_scenario *scenario = find_scenario(catalogue, id);
    const struct scn_requirement *requirement = scn_requirement_find(id);
    const struct btw_rule *rule = btw_rule_find(id);
    if (scenario != NULL)
        explain_scenario(catalogue, scenario);
    if (rule != NULL)
        explain_rule(rule);
    if (requirement == NULL && rule != NULL)
        requirement = scn_requirement_find(rule->id);
    if (requirement != NULL)
        explain_requirement(catalogue, requirement);
    if (scenario != NULL || requirement != NULL || rule != NULL)
        return CLI_GREEN;
    named = catalogue;
    const char *nearest = cli_nearest(id, item_name, catalogue->count);
    return cli_fail(self, CLI_USAGE, "nothing is called '%s'%s%s%s", id, nearest ? "; did you mean '" : "",
                    nearest ? nearest : "", nearest ? "'?" : "");
}

static int run(const struct cli_command *self, int argc, const char **argv)
{
    const char **operands;
    struct scn_catalogue catalogue;
    struct scn_error error;
    int status = cli_options(self, argc, argv, table, &operands);
    if (status != CLI_CONTINUE)
        return status;
    if (operands[0] == NULL || operands[1] != NULL)
        return cli_fail(self, CLI_USAGE, "one id is wanted");
    if (!scn_catalogue_load(&catalogue, options.scenarios, &error)) {
        scn_error_print(stderr, &error);
        return CLI_USAGE;
    }
    status = explain(self, &catalogue, operands[0]);
    scn_catalogue_free(&catalogue);
    return status;
}

const struct cli_command cli_explain = { "explain", "ID", "Tell all about a scenario or a requirement", teaches, run };

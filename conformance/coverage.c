/* SPDX-License-Identifier: MIT
 *
 * The ledger held against the scenarios and the monitors.
 */
#include "coverage.h"

#include <string.h>

extern const struct scn_exception scn_exception_rows[]; /* made by embed.cmake; behind the last, id is NULL */

const char *scn_exception_reason(const char *id)
{
    for (const struct scn_exception *row = scn_exception_rows; row->id != NULL; row++) {
        if (strcmp(row->id, id) == 0)
            return row->reason;
    }
    return NULL;
}

static bool is_one_of(const char *word, const char *const *words)
{
    while (*words != NULL && strcmp(*words, word) != 0)
        words++;
    return *words != NULL;
}

bool scn_requirement_in_scope(const struct scn_requirement *requirement)
{
    static const char *const active[] = { "3", "6", "10", "52", "MSE", NULL };
    static const char *const passive[] = { "3", "4", "5", "6", "10", "20", "52", NULL };
    static const char *const roles[] = { "seed", "any", NULL };
    static const char *const directions[] = { "in", "either", NULL };
    if (scn_requirement_is_passive(requirement))
        return is_one_of(requirement->bep, passive);
    return is_one_of(requirement->bep, active) && is_one_of(requirement->role, roles) &&
           is_one_of(requirement->direction, directions);
}

bool scn_scenario_covers(const struct scn_scenario *scenario, const char *id)
{
    for (size_t i = 0; i < SCN_RULES_MAX && scenario->rules[i] != NULL; i++) {
        if (strcmp(scenario->rules[i], id) == 0)
            return true;
    }
    return false;
}

bool scn_requirement_is_covered(const struct scn_catalogue *catalogue, const struct scn_requirement *requirement)
{
    if (scn_requirement_is_passive(requirement) && btw_rule_find(requirement->id) != NULL)
        return true;
    for (size_t i = 0; i < catalogue->count; i++) {
        if (scn_scenario_covers(catalogue->items[i].scenario, requirement->id))
            return true;
    }
    return false;
}

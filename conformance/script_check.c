/* SPDX-License-Identifier: MIT
 *
 * Variables of a scenario: none is used before something has given it a value.
 */
#include "script_lex.h"

#include <string.h>

#include "script_walk.h"

struct scope {
    struct scn_parser *parser;
    const char *names[SCN_VARS_MAX];
    size_t count;
    unsigned loops;                 /* where $i has a value */
    const struct btw_desc *matched; /* in a fault: its fields are variables, too */
};

static bool is_bound(const struct scope *scope, const char *name)
{
    for (size_t i = 0; i < scope->count; i++) {
        if (strcmp(scope->names[i], name) == 0)
            return true;
    }
    for (size_t i = 0; scope->matched && scope->matched->fields[i].name; i++) {
        if (strcmp(scope->matched->fields[i].name, name) == 0)
            return true;
    }
    return scope->loops > 0 && strcmp(name, "i") == 0;
}

static void bind(struct scope *scope, const char *name, struct scn_place place)
{
    if (is_bound(scope, name))
        return; /* bound again: the newer value counts */
    if (scope->count == SCN_VARS_MAX)
        lex_fail_place(scope->parser, place, "no room for ?%s: expected at most %d variables", name, SCN_VARS_MAX);
    else
        scope->names[scope->count++] = name;
}

static void visit(void *user, const struct scn_expr *expr)
{
    struct scope *scope = user;
    if (expr->kind == SCN_EXPR_BIND)
        bind(scope, expr->name, expr->place);
    else if (expr->kind == SCN_EXPR_VAR && !is_bound(scope, expr->name))
        lex_fail_place(
            scope->parser, expr->place,
            "$%s has no value here: expected a torrent ($t1 ...), a variable of the cases, or one that ?name "
            "bound in an earlier line",
            expr->name);
}

static void check_steps(struct scope *scope, const struct scn_step *steps, size_t count)
{
    for (size_t i = 0; i < count && !scope->parser->failed; i++) {
        const struct scn_step *step = &steps[i];
        scn_walk_expr(step->wire.times, visit, scope);
        bool loops = step->kind == SCN_REPEAT || step->wire.times;
        if (step->kind == SCN_REPEAT)
            scn_walk_step(step, visit, scope); /* the number of rounds is outside the loop */
        scope->loops += loops;
        if (step->kind != SCN_REPEAT)
            scn_walk_step(step, visit, scope);
        check_steps(scope, step->body, step->body_count);
        scope->loops -= loops;
    }
}

static void bind_torrents(struct scope *scope, const struct scn_scenario *scenario)
{
    static const char *const names[SCN_TORRENTS_MAX] = { "t1", "t2", "t3", "t4" };
    for (size_t i = 0; i < SCN_TORRENTS_MAX && (i == 0 || scenario->torrents[i]); i++)
        scope->names[scope->count++] = names[i];
}

static void bind_cases(struct scope *scope, const struct scn_scenario *scenario)
{
    for (size_t i = 0; i < scenario->case_count; i++) {
        const struct scn_case *one = &scenario->cases[i];
        for (size_t v = 0; v < sizeof one->vars / sizeof one->vars[0] && one->vars[v]; v++) {
            scn_walk_expr(one->values[v], visit, scope);
            bind(scope, one->vars[v], one->place);
        }
    }
}

bool check_variables(struct scn_parser *parser, const struct scn_scenario *scenario)
{
    struct scope scope = { .parser = parser };
    bind_torrents(&scope, scenario);
    bind_cases(&scope, scenario);
    for (size_t i = 0; i < scenario->fault_count; i++) {
        const struct scn_fault_spec *fault = &scenario->faults[i];
        scope.matched = fault->match.desc;
        scn_walk_msg(&fault->match, visit, &scope);
        scn_walk_msg(&fault->change, visit, &scope);
    }
    scope.matched = NULL;
    check_steps(&scope, scenario->steps, scenario->step_count);
    return !parser->failed;
}

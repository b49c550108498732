/* SPDX-License-Identifier: MIT
 *
 * Lint of what a scenario names itself: variables and connections.
 */
#include "lint_state.h"

#include <errno.h>
#include <string.h>

#include "beside.h"
#include "script_walk.h"

static bool has(const struct lint_names *set, const char *name)
{
    for (size_t i = 0; i < set->count; i++) {
        if (strcmp(set->names[i], name) == 0)
            return true;
    }
    return set->count == LINT_NAMES_MAX;
}

static void add(struct lint_names *set, const char *name)
{
    if (!has(set, name))
        set->names[set->count++] = name;
}

/* ---- variables --------------------------------------------------------------------------------------------------- */

enum { CASE_VARS = sizeof((struct scn_case *)0)->vars / sizeof(const char *) };

static void note_use(void *user, const struct scn_expr *expr)
{
    struct lint *lint = user;
    if (expr->kind == SCN_EXPR_VAR)
        add(&lint->used, expr->name);
}

static void note_uses(struct lint *lint, const struct scn_step *step)
{
    scn_walk_step(step, note_use, lint);
}

static bool case_sets(const struct scn_case *one, const char *name)
{
    for (size_t i = 0; i < CASE_VARS && one->vars[i]; i++) {
        if (strcmp(one->vars[i], name) == 0)
            return true;
    }
    return false;
}

static void check_bind(void *user, const struct scn_expr *expr)
{
    struct lint *lint = user;
    if (expr->kind != SCN_EXPR_BIND)
        return;
    if (!has(&lint->used, expr->name))
        lint_report(lint, expr->place, "?%s is never used: expected * where the value does not matter", expr->name);
    for (size_t i = 0; i < lint->scenario->case_count; i++) {
        if (case_sets(&lint->scenario->cases[i], expr->name)) {
            lint_report(lint, expr->place, "?%s is a variable of the cases, too", expr->name);
            return;
        }
    }
}

static void check_binds(struct lint *lint, const struct scn_step *step)
{
    scn_walk_step(step, check_bind, lint);
}

static void check_case(struct lint *lint, const struct scn_case *one)
{
    const struct scn_case *first = &lint->scenario->cases[0];
    for (size_t i = 0; i < CASE_VARS && one->vars[i]; i++) {
        if (!has(&lint->used, one->vars[i]))
            lint_report(lint, one->place, "$%s of case '%s' is never used", one->vars[i], one->name);
        if (!case_sets(first, one->vars[i]))
            lint_report(lint, one->place, "case '%s' sets $%s, but case '%s' does not", one->name, one->vars[i],
                        first->name);
    }
    for (size_t i = 0; i < CASE_VARS && first->vars[i]; i++) {
        if (!case_sets(one, first->vars[i]))
            lint_report(lint, one->place, "case '%s' sets $%s, but case '%s' does not", first->name, first->vars[i],
                        one->name);
    }
}

void lint_variables(struct lint *lint)
{
    const struct scn_scenario *scenario = lint->scenario;
    lint_each_step(lint, scenario->steps, scenario->step_count, note_uses);
    for (size_t i = 0; i < scenario->fault_count; i++) {
        scn_walk_msg(&scenario->faults[i].match, note_use, lint);
        scn_walk_msg(&scenario->faults[i].change, note_use, lint);
    }
    for (size_t i = 0; i < scenario->case_count; i++) {
        for (size_t v = 0; v < CASE_VARS; v++)
            scn_walk_expr(scenario->cases[i].values[v], note_use, lint);
    }
    for (size_t i = 0; i < scenario->case_count; i++)
        check_case(lint, &scenario->cases[i]);
    lint_each_step(lint, scenario->steps, scenario->step_count, check_binds);
}

/* ---- files beside the scenario ----------------------------------------------------------------------------------- */

static void check_file(void *user, const struct scn_expr *expr)
{
    struct lint *lint = user;
    if (expr->kind != SCN_EXPR_CALL || strcmp(expr->name, "file") != 0)
        return;
    const struct scn_expr *name = expr->items[0];
    if (name->kind != SCN_EXPR_BYTES || !scn_beside_is_name(name->bytes))
        lint_report(lint, expr->place,
                    "expected the name of a file beside this one, written out: file(\"session.bin\")");
    else if (scn_beside_size(expr->place.file, name->bytes) < 0)
        lint_report(lint, expr->place, "'%.*s' beside this file cannot be read: %s", (int)name->bytes.len,
                    (const char *)name->bytes.data, strerror(errno));
}

static void check_step_files(struct lint *lint, const struct scn_step *step)
{
    scn_walk_step(step, check_file, lint);
}

void lint_files(struct lint *lint)
{
    lint_each_step(lint, lint->scenario->steps, lint->scenario->step_count, check_step_files);
}

/* ---- connections ------------------------------------------------------------------------------------------------- */

static void check_known(struct lint *lint, struct scn_place place, const char *conn)
{
    if (has(&lint->open, conn))
        return;
    lint_report(lint, place, "nobody has dialled or accepted %s: expected '%s dial' or '%s accept' before this line",
                conn, conn, conn);
    add(&lint->open, conn); /* once is enough */
}

static void check_named(void *user, const struct scn_expr *expr)
{
    if (expr->kind == SCN_EXPR_CONN)
        check_known(user, expr->place, expr->name);
}

static void check_connection(struct lint *lint, const struct scn_step *step)
{
    if (step->from)
        check_known(lint, step->place, step->from);
    scn_walk_step(step, check_named, lint);
    if (step->kind == SCN_LISTEN) {
        add(&lint->listening, step->conn);
    } else if (step->kind == SCN_ACCEPT && !has(&lint->listening, step->conn)) {
        lint_report(lint, step->place, "%s does not listen: expected '%s listen' before this line", step->conn,
                    step->conn);
        add(&lint->open, step->conn);
    } else if (step->kind == SCN_DIAL || step->kind == SCN_ACCEPT) {
        add(&lint->open, step->conn);
    } else if (step->conn) {
        check_known(lint, step->place, step->conn);
    }
}

void lint_connections(struct lint *lint)
{
    lint_each_step(lint, lint->scenario->steps, lint->scenario->step_count, check_connection);
}

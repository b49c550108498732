/* SPDX-License-Identifier: MIT
 *
 * One function per rule about scenarios, and the table of them.  Rules about variables are in lint_names.c.
 */
#include "lint.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "btw/policy.h"
#include "ledger.h"
#include "lint_state.h"

void lint_report(struct lint *lint, struct scn_place place, const char *format, ...)
{
    char text[240];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    lint->count++;
    lint->report(lint->user, &place, text);
}

void lint_each_step(struct lint *lint, const struct scn_step *steps, size_t count, lint_step_fn *visit)
{
    for (size_t i = 0; i < count; i++) {
        visit(lint, &steps[i]);
        lint_each_step(lint, steps[i].body, steps[i].body_count, visit);
    }
}

static void each_step(struct lint *lint, lint_step_fn *visit)
{
    lint_each_step(lint, lint->scenario->steps, lint->scenario->step_count, visit);
}

/* ---- the header -------------------------------------------------------------------------------------------------- */

static void check_title(struct lint *lint)
{
    if (lint->scenario->title[0] == '\0')
        lint_report(lint, lint->scenario->place, "no title: expected a comment directly above");
}

/* scenarios/request/right-block.scn holds request.*: the folder is the area. */
static void check_area(struct lint *lint)
{
    const char *name = lint->scenario->name, *file = lint->scenario->place.file;
    const char *end = strrchr(file, '/');
    if (!end)
        return;
    const char *area = end;
    while (area > file && area[-1] != '/')
        area--;
    size_t len = (size_t)(end - area);
    if (strncmp(name, area, len) != 0 || name[len] != '.')
        lint_report(lint, lint->scenario->place, "'%s' in folder '%.*s': expected a name that begins with the folder's",
                    name, (int)len, area);
}

static void check_rules(struct lint *lint)
{
    const char *const *rules = lint->scenario->rules;
    if (!rules[0])
        lint_report(lint, lint->scenario->place, "no rule: expected the id of a requirement");
    for (size_t i = 0; i < SCN_RULES_MAX && rules[i]; i++) {
        if (!scn_requirement_find(rules[i]))
            lint_report(lint, lint->scenario->place, "the ledger has no requirement '%s'", rules[i]);
    }
}

static void check_case_names(struct lint *lint)
{
    const struct scn_case *cases = lint->scenario->cases;
    for (size_t i = 0; i < lint->scenario->case_count; i++) {
        for (size_t k = 0; k < i; k++) {
            if (strcmp(cases[i].name, cases[k].name) == 0)
                lint_report(lint, cases[i].place, "a second case '%s'; the first is in line %u", cases[i].name,
                            cases[k].place.line);
        }
    }
}

/* ---- faults ------------------------------------------------------------------------------------------------------ */

static const struct scn_step *find_label(const struct scn_step *steps, size_t count, const char *label)
{
    for (size_t i = 0; i < count; i++) {
        if (steps[i].label && strcmp(steps[i].label, label) == 0)
            return &steps[i];
        const struct scn_step *inner = find_label(steps[i].body, steps[i].body_count, label);
        if (inner)
            return inner;
    }
    return NULL;
}

static void check_fault(struct lint *lint, const struct scn_fault_spec *fault)
{
    struct btw_policy policy;
    btw_policy_init(&policy);
    if (fault->kind == SCN_FAULT_POLICY && btw_policy_set(&policy, fault->policy, fault->value) != BTW_OK)
        lint_report(lint, fault->place, "the reference peer has no policy '%s'", fault->policy);
    if (!fault->by)
        return;
    if (fault->by[0] == '@') {
        if (!find_label(lint->scenario->steps, lint->scenario->step_count, fault->by + 1))
            lint_report(lint, fault->place, "no line has the label %s", fault->by);
    } else if (!btw_rule_find(fault->by)) {
        lint_report(lint, fault->place, "no monitor judges a rule '%s': expected its id or name, or a @label",
                    fault->by);
    }
}

static void check_faults(struct lint *lint)
{
    if (lint->scenario->fault_count == 0)
        lint_report(lint, lint->scenario->place, "no fault: nothing is believed until it has failed");
    for (size_t i = 0; i < lint->scenario->fault_count; i++)
        check_fault(lint, &lint->scenario->faults[i]);
}

/* ---- steps ------------------------------------------------------------------------------------------------------- */

static void find_stimulus(struct lint *lint, const struct scn_step *step)
{
    lint->stimulus = lint->stimulus || step->stimulus;
}

static void check_stimulus(struct lint *lint)
{
    each_step(lint, find_stimulus);
    if (!lint->stimulus)
        lint_report(lint, lint->scenario->place,
                    "no stimulus: expected '!' behind the verb of the line that is the test");
}

/* Macros give each of their lines the same label, which is meant. */
static void check_label(struct lint *lint, const struct scn_step *step)
{
    const struct scn_step *first =
        step->label ? find_label(lint->scenario->steps, lint->scenario->step_count, step->label) : NULL;
    if (first && first != step && !(first->macro && step->macro))
        lint_report(lint, step->place, "a second label @%s; the first is in line %u", step->label, first->place.line);
}

static void check_labels(struct lint *lint)
{
    each_step(lint, check_label);
}

static void check_wait(struct lint *lint, const struct scn_step *step)
{
    if (step->kind == SCN_WAIT && !step->reason)
        lint_report(lint, step->place, "no reason: expected wait D \"reason\"");
}

static void check_waits(struct lint *lint)
{
    each_step(lint, check_wait);
}

/* Silence is no answer, unless it fails anyway. */
static bool is_answered(const struct scn_step *oneof)
{
    for (size_t i = 0; i < oneof->alt_count; i++) {
        if (oneof->alts[i].kind == SCN_ALT_SILENCE && oneof->alts[i].verdict != SCN_FAIL)
            return false;
    }
    return true;
}

/* Does something of the target come back behind all that it had sent before? */
static bool is_fence(const struct scn_step *step)
{
    static const char excuse[] = "no fence:";
    switch (step->kind) {
    case SCN_SYNC:
    case SCN_CLOSES:
    case SCN_EXPECT:
    case SCN_ANYORDER:
    case SCN_UNTIL:
        return true;
    case SCN_ONEOF:
        return is_answered(step);
    case SCN_WAIT:
        return step->reason && strncmp(step->reason, excuse, sizeof excuse - 1) == 0;
    default: /* all others tell nothing of the target */
        return false;
    }
}

static void check_fence(struct lint *lint, const struct scn_step *step)
{
    if (step->kind != SCN_NEVER || (step->body_count && is_fence(&step->body[step->body_count - 1])))
        return;
    lint_report(lint, step->place,
                "'never' without a fence: expected sync, closes, <, oneof without silence, anyorder, until or "
                "wait D \"no fence: ...\" as the last line of its block");
}

static void check_fences(struct lint *lint)
{
    each_step(lint, check_fence);
}

/* clang-format off */
static void (*const checks[])(struct lint *lint) = {
    check_title, check_area, check_rules, check_case_names, check_faults,
    check_stimulus, check_labels, check_waits, check_fences,
    lint_variables, lint_files, lint_connections,
};
/* clang-format on */

size_t scn_lint(const struct scn_script *script, scn_lint_fn *report, void *user)
{
    size_t count = 0;
    for (size_t i = 0; i < script->count; i++) {
        struct lint lint = { .scenario = &script->scenarios[i], .report = report, .user = user };
        for (size_t k = 0; k < sizeof checks / sizeof checks[0]; k++)
            checks[k](&lint);
        count += lint.count;
    }
    return count;
}

/* The scenario of that name in front of this one. */
static const struct scn_scenario *find_earlier(const struct scn_script *const *scripts,
                                               const struct scn_scenario *wanted)
{
    for (size_t s = 0;; s++) {
        for (size_t i = 0; i < scripts[s]->count; i++) {
            const struct scn_scenario *found = &scripts[s]->scenarios[i];
            if (found == wanted)
                return NULL;
            if (strcmp(found->name, wanted->name) == 0)
                return found;
        }
    }
}

size_t scn_lint_names(const struct scn_script *const *scripts, size_t count, scn_lint_fn *report, void *user)
{
    struct lint lint = { .report = report, .user = user };
    for (size_t s = 0; s < count; s++) {
        for (size_t i = 0; i < scripts[s]->count; i++) {
            const struct scn_scenario *scenario = &scripts[s]->scenarios[i];
            const struct scn_scenario *first = find_earlier(scripts, scenario);
            if (first)
                lint_report(&lint, scenario->place, "a second scenario '%s'; the first is in %s, line %u",
                            scenario->name, first->place.file, first->place.line);
        }
    }
    return lint.count;
}

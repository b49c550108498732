/* SPDX-License-Identifier: MIT
 *
 * What lint.c and lint_names.c share.  Nobody else includes it.
 */
#ifndef SCN_LINT_STATE_H
#define SCN_LINT_STATE_H

#include "lint.h"

enum { LINT_NAMES_MAX = 64 };

/* Names seen so far; more than fit are forgotten, and nothing is said about them. */
struct lint_names {
    const char *names[LINT_NAMES_MAX];
    size_t count;
};

struct lint {
    const struct scn_scenario *scenario;
    scn_lint_fn *report;
    void *user;
    size_t count;                /* complaints */
    bool stimulus;               /* seen */
    struct lint_names used;      /* variables */
    struct lint_names open;      /* connections dialled or accepted */
    struct lint_names listening; /* connections that may be accepted */
};

typedef void lint_step_fn(struct lint *lint, const struct scn_step *step);

void lint_report(struct lint *lint, struct scn_place place, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Visits the steps and their bodies in order. */
void lint_each_step(struct lint *lint, const struct scn_step *steps, size_t count, lint_step_fn *visit);

/* Variables: every case sets the same ones; each is used; none is both set and bound. */
void lint_variables(struct lint *lint);
/* What is taken from files beside the scenario is there. */
void lint_files(struct lint *lint);
/* Connections are dialled or accepted before anything else happens on them. */
void lint_connections(struct lint *lint);

#endif

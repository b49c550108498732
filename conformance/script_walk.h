/* SPDX-License-Identifier: MIT
 *
 * Looks into a parsed scenario: visits the values of a statement in the order in which they are evaluated, finds tags.
 */
#ifndef SCN_SCRIPT_WALK_H
#define SCN_SCRIPT_WALK_H

#include "script.h"

typedef void scn_visit_fn(void *user, const struct scn_expr *expr);

/* The expression and all below it, the inner ones first. */
void scn_walk_expr(const struct scn_expr *expr, scn_visit_fn *visit, void *user);
void scn_walk_msg(const struct scn_msg *msg, scn_visit_fn *visit, void *user);
/* The values of the step itself, not those of its body. */
void scn_walk_step(const struct scn_step *step, scn_visit_fn *visit, void *user);

bool scn_scenario_has_tag(const struct scn_scenario *scenario, const char *tag);

#endif

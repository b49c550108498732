/* SPDX-License-Identifier: MIT */
#include "script_walk.h"

#include <string.h>

void scn_walk_expr(const struct scn_expr *expr, scn_visit_fn *visit, void *user)
{
    if (!expr)
        return;
    for (size_t i = 0; i < expr->count; i++)
        scn_walk_expr(expr->items[i], visit, user);
    visit(user, expr);
}

void scn_walk_msg(const struct scn_msg *msg, scn_visit_fn *visit, void *user)
{
    for (size_t i = 0; i < BTW_FIELDS_MAX; i++)
        scn_walk_expr(msg->fields[i], visit, user);
    scn_walk_expr(msg->dict, visit, user);
    scn_walk_expr(msg->tail, visit, user);
}

void scn_walk_step(const struct scn_step *step, scn_visit_fn *visit, void *user)
{
    const struct scn_expr *own[] = {
        step->left,       step->right,   step->rcvbuf,      step->peer_id,  step->wire.times,
        step->wire.split, step->wire.at, step->wire.prefix, step->wire.cut,
    };
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
        scn_walk_expr(own[i], visit, user);
    for (size_t i = 0; step->mse && i < SCN_MSE_OPTIONS; i++)
        scn_walk_expr(step->mse->options[i], visit, user);
    for (size_t i = 0; i < step->msg_count; i++)
        scn_walk_msg(&step->msgs[i], visit, user);
    for (size_t i = 0; i < step->alt_count; i++)
        scn_walk_msg(&step->alts[i].msg, visit, user);
}

bool scn_scenario_has_tag(const struct scn_scenario *scenario, const char *tag)
{
    for (size_t i = 0; i < sizeof scenario->tags / sizeof scenario->tags[0] && scenario->tags[i] != NULL; i++) {
        if (strcmp(scenario->tags[i], tag) == 0)
            return true;
    }
    return false;
}

/* SPDX-License-Identifier: MIT
 *
 * What becomes of complaints: findings, suspects, or nothing new.
 */
#include "campaign_state.h"

#include <string.h>
#include <time.h>

#include "artefacts.h"

enum { SUSPECTS_MAX = 96 };

double campaign_now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void settle(struct live_campaign *c, struct live_finding *finding)
{
    live_follow(&c->follow, finding);
    finding->count = 1;
    struct live_finding *added = live_findings_add(&c->findings, finding);
    if (c->config.dir != NULL)
        live_artefacts_write(c->config.dir, added, &c->follow, c->config.seed);
}

void campaign_follow_pending(struct live_campaign *c)
{
    for (size_t i = 0; i < c->pending_count; i++) {
        struct pending *pending = &c->pending[i];
        struct live_finding finding = {
            .complaint = pending->complaint,
            .one = pending->one,
            .number = pending->number,
            .after = pending->after,
        };
        settle(c, &finding);
    }
    c->pending_count = 0;
}

/* Leaks and spins show over many cases; the culprit is looked for among the last of them. */
void campaign_rest(struct live_campaign *c)
{
    struct live_finding finding = { .after = campaign_now() - c->began, .count = 1 };
    uint64_t cases = c->since_rest;
    c->since_rest = 0;
    c->rest_at = campaign_now();
    if (!live_meter_rest(&c->meter, cases, &finding.complaint) ||
        (c->config.oracles >> finding.complaint.verdict & 1) == 0)
        return;
    struct live_finding *known = live_findings_find(&c->findings, finding.complaint.verdict, finding.complaint.key);
    if (known != NULL) {
        known->count++;
        return;
    }
    live_meter_follow(&c->meter, &c->past, &finding);
    struct live_finding *added = live_findings_add(&c->findings, &finding);
    if (c->config.dir != NULL)
        live_artefacts_write(c->config.dir, added, &c->follow, c->config.seed);
}

/* One death may have many shapes; the short case tells whether it is known. */
static void settle_death(struct live_campaign *c, struct live_finding *finding)
{
    char signature[sizeof finding->complaint.key];
    live_follow(&c->follow, finding);
    live_signature(signature, sizeof signature, &finding->one);
    struct live_finding *known = live_findings_find(&c->findings, finding->complaint.verdict, signature);
    if (known != NULL) {
        known->count++;
        live_case_free(&finding->one);
        return;
    }
    snprintf(finding->complaint.key, sizeof finding->complaint.key, "%s", signature);
    finding->count = 1;
    struct live_finding *added = live_findings_add(&c->findings, finding);
    if (c->config.dir != NULL)
        live_artefacts_write(c->config.dir, added, &c->follow, c->config.seed);
}

/* The case that killed the target, or several of them joined; false: it cannot be brought about again. */
static bool find_killer(struct live_campaign *c, struct live_finding *finding)
{
    struct live_complaint wanted = finding->complaint;
    size_t suspects = live_past_suspects(&c->past);
    for (size_t i = 0; i < suspects && i < SUSPECTS_MAX; i++) {
        const struct live_case *one = live_past_back(&c->past, i, &finding->number);
        if (live_follow_shows(&c->follow, one, &wanted)) {
            finding->one = live_case_copy(one);
            return true;
        }
    }
    for (size_t length = 2; length <= LIVE_CONNS_MAX; length *= 2) {
        if (!live_past_join(&c->past, length, &finding->one, &finding->number))
            return false;
        if (live_follow_shows(&c->follow, &finding->one, &wanted))
            return true;
        live_case_free(&finding->one);
    }
    return false;
}

/* A process that is gone may have a successor. */
static enum live_verdict name_death(struct live_campaign *c)
{
    bool refused = c->refused;
    if (c->replaced && live_follow_alive(&c->follow, &refused))
        return LIVE_restart;
    return refused ? LIVE_crash : LIVE_hang;
}

void campaign_follow_death(struct live_campaign *c)
{
    enum live_verdict verdict = name_death(c);
    struct live_finding finding = { .complaint = { .verdict = verdict } };
    snprintf(finding.complaint.text, sizeof finding.complaint.text, "%s", live_verdict_text(verdict));
    finding.after = campaign_now() - c->began;
    c->stats.deaths++;
    if (!live_ground_restart(c->config.ground)) {
        const struct live_case *last = live_past_back(&c->past, 0, &finding.number);
        finding.one = last != NULL ? live_case_copy(last) : (struct live_case){ 0 };
        finding.count = 1;
        live_findings_add(&c->findings, &finding);
        c->trouble = "the target died, and cannot be started again";
        c->finished = true;
        return;
    }
    if ((c->config.oracles >> verdict & 1) == 0) {
        /* Nobody wants to know. */
    } else if (find_killer(c, &finding)) {
        settle_death(c, &finding);
    } else {
        finding.count = 1;
        snprintf(finding.complaint.key, sizeof finding.complaint.key, "unexplained");
        struct live_finding *known = live_findings_find(&c->findings, finding.complaint.verdict, "unexplained");
        if (known != NULL)
            known->count++;
        else
            live_findings_add(&c->findings, &finding);
    }
    live_past_clear(&c->past, UINT64_MAX);
    live_ground_restart(c->config.ground);
    if (c->config.local)
        live_meter_start(&c->meter, c->config.pid);
    c->dead = c->replaced = c->refused = false;
    c->probes_failed = 0;
}

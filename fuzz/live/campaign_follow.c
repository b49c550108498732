/* SPDX-License-Identifier: MIT
 *
 * What becomes of complaints: findings, suspects, or nothing new.
 */
#include "campaign_state.h"

#include <string.h>
#include <time.h>

#include "artefacts.h"

enum { SUSPECTS_MAX = 256, LATEST = 2 };

double campaign_now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

bool campaign_stopped(const struct live_campaign *c)
{
    return live_follow_over(&c->follow);
}

bool campaign_hears_sanitizer(struct live_campaign *c)
{
    struct live_obituary obituary;
    live_ground_obituary(c->config.ground, 0, &obituary);
    return obituary.report[0] != '\0';
}

static void write_artefacts(struct live_campaign *c, const struct live_finding *finding)
{
    if (c->config.dir != NULL && finding->one.count > 0)
        live_artefacts_write(c->config.dir, finding, &c->follow, c->config.seed);
}

static void add(struct live_campaign *c, struct live_finding *finding)
{
    finding->count = 1;
    write_artefacts(c, live_findings_add(&c->findings, finding));
}

/* What was a suspect has been followed once more, from another case. */
static void try_again(struct live_campaign *c, struct live_finding *known, struct live_finding *finding)
{
    if (!live_finding_confirmed(finding)) {
        live_case_free(&finding->one);
        return;
    }
    finding->count = known->count;
    memcpy(finding->name, known->name, sizeof finding->name);
    live_case_free(&known->one);
    *known = *finding;
    write_artefacts(c, known);
}

bool campaign_knows(struct live_campaign *c, const struct live_complaint *complaint)
{
    struct live_finding *known = live_findings_find(&c->findings, complaint->verdict, complaint->key);
    if (known == NULL)
        return false;
    known->count++;
    return live_finding_confirmed(known) || (known->count & (known->count - 1)) != 0;
}

/* What came of following it. */
static void settle(struct live_campaign *c, struct live_finding *finding)
{
    const struct live_complaint *complaint = &finding->complaint;
    struct live_finding *known = live_findings_find(&c->findings, complaint->verdict, complaint->key);
    if (known != NULL)
        try_again(c, known, finding);
    else
        add(c, finding);
}

/* It was seen once more?  Then it is counted, and its case freed. */
static bool is_known(struct live_campaign *c, struct live_finding *finding)
{
    const struct live_complaint *complaint = &finding->complaint;
    struct live_finding *known = live_findings_find(&c->findings, complaint->verdict, complaint->key);
    if (known == NULL)
        return false;
    known->count++;
    live_case_free(&finding->one);
    return true;
}

/* ---- complaints -------------------------------------------------------------------------------------------------- */

void campaign_follow_pending(struct live_campaign *c)
{
    struct live_complaint death;
    c->dead = live_follow_dead(&c->follow, &death); /* then it comes first */
    while (!c->dead && c->pending_count > 0) {
        struct live_pending *pending = &c->pending[0];
        struct live_finding finding = {
            .complaint = pending->complaint,
            .one = live_case_copy(&pending->one),
            .number = pending->origin.number,
            .after = pending->after,
        };
        live_follow(&c->follow, &finding);
        if (campaign_stopped(c)) {
            live_case_free(&finding.one);
            return; /* it stays where it is */
        }
        live_case_free(&pending->one);
        memmove(pending, pending + 1, --c->pending_count * sizeof *pending);
        settle(c, &finding);
    }
    live_meter_start(&c->meter); /* it was started again on the way */
}

/* Leaks and spins show over many cases; the culprit is looked for among the last of them. */
void campaign_rest(struct live_campaign *c)
{
    struct live_finding finding = { .after = campaign_now() - c->began };
    uint64_t cases = c->since_rest;
    c->since_rest = 0;
    c->rest_at = campaign_now();
    if (!live_meter_rest(&c->meter, cases, &finding.complaint) ||
        (c->config.oracles >> finding.complaint.verdict & 1) == 0 || campaign_knows(c, &finding.complaint))
        return;
    live_meter_follow(&c->meter, &c->past, &finding);
    if (campaign_stopped(c))
        live_case_free(&finding.one); /* the next campaign measures again */
    else
        settle(c, &finding);
}

/* ---- deaths ------------------------------------------------------------------------------------------------------ */

/* Plays them together, as they were; does the target survive? */
static bool group_kills(struct live_campaign *c, const struct live_case *const *cases, size_t count,
                        struct live_complaint *out)
{
    if (campaign_stopped(c))
        return false;
    live_follow_crowd(&c->follow, cases, count, count);
    if (!live_follow_dead(&c->follow, out) || campaign_stopped(c))
        return false;
    c->follow.deaths++;
    c->follow.lost = !live_follow_restart(&c->follow);
    return true;
}

/* The one that kills the target alone: one of the latest, mostly; else it is looked for in the half that kills.  count:
 * there is none. */
static size_t find_alone(struct live_campaign *c, const struct live_case *const *cases, size_t count,
                         struct live_complaint *out)
{
    size_t first = 0, left = count;
    for (size_t i = 0; i < LATEST && i < count; i++) {
        if (group_kills(c, cases + i, 1, out))
            return i;
    }
    while (left > 1) {
        size_t half = left / 2;
        if (group_kills(c, cases + first, half, out)) {
            left = half;
        } else {
            first += half;
            left -= half;
        }
    }
    return left == 1 && group_kills(c, cases + first, 1, out) ? first : count;
}

/* The case that killed the target, or several of them joined; false: it cannot be brought about again. */
static bool find_killer(struct live_campaign *c, struct live_finding *finding)
{
    const struct live_case *cases[SUSPECTS_MAX];
    size_t suspects = live_past_suspects(&c->past), count = suspects < SUSPECTS_MAX ? suspects : SUSPECTS_MAX;
    for (size_t i = 0; i < count; i++)
        cases[i] = &live_past_back(&c->past, i)->one;
    size_t found = find_alone(c, cases, count, &finding->complaint);
    if (found < count) {
        finding->one = live_case_copy(cases[found]);
        finding->number = live_past_back(&c->past, found)->origin.number;
        return true;
    }
    for (size_t length = 2; length <= LIVE_CONNS_MAX && !campaign_stopped(c); length *= 2) {
        if (!live_past_join(&c->past, length, &finding->one, &finding->number))
            return false;
        if (live_follow_shows(&c->follow, &finding->one, &finding->complaint))
            return true;
        live_case_free(&finding->one);
    }
    return false;
}

/* One death may have many shapes; the short case tells whether it is known. */
static void settle_death(struct live_campaign *c, struct live_finding *finding)
{
    struct live_complaint *complaint = &finding->complaint;
    live_follow(&c->follow, finding);
    if (campaign_stopped(c)) {
        live_case_free(&finding->one);
        return;
    }
    live_signature(complaint->key, sizeof complaint->key, &finding->one);
    if (!is_known(c, finding))
        add(c, finding);
}

static void settle_unexplained(struct live_campaign *c, struct live_finding *finding)
{
    snprintf(finding->complaint.key, sizeof finding->complaint.key, "unexplained");
    if (!is_known(c, finding))
        add(c, finding);
}

/* Who was silent may answer again. */
static void name_death(struct live_campaign *c, struct live_complaint *out)
{
    if (live_follow_dead(&c->follow, out))
        return;
    out->verdict = LIVE_hang;
    snprintf(out->text, sizeof out->text, "%s, for a while", live_verdict_text(out->verdict));
}

/* Who is connected to a target that dies suffers, and no case of his is to blame. */
static void drop_consequences(struct live_campaign *c)
{
    size_t kept = 0;
    for (size_t i = 0; i < c->pending_count; i++) {
        if (live_verdict_is_relative(c->pending[i].complaint.verdict))
            live_case_free(&c->pending[i].one);
        else
            c->pending[kept++] = c->pending[i];
    }
    c->pending_count = kept;
}

static void give_up(struct live_campaign *c, struct live_finding *finding)
{
    const struct live_past_entry *last = live_past_back(&c->past, 0);
    if (last != NULL) {
        finding->one = live_case_copy(&last->one);
        finding->number = last->origin.number;
    }
    finding->count = 1;
    live_findings_add(&c->findings, finding);
    c->trouble = "the target died, and cannot be started again";
    c->finished = true;
}

void campaign_renew(struct live_campaign *c)
{
    live_past_clear(&c->past, UINT64_MAX);
    c->follow.lost = !live_follow_restart(&c->follow);
    live_meter_start(&c->meter);
    c->dead = false;
    c->probes_failed = c->since_renewal = 0;
}

void campaign_follow_death(struct live_campaign *c)
{
    struct live_finding finding = { .after = campaign_now() - c->began };
    name_death(c, &finding.complaint);
    bool wanted = c->config.oracles >> finding.complaint.verdict & 1;
    drop_consequences(c);
    c->stats.deaths++;
    if (!live_follow_restart(&c->follow)) {
        if (!campaign_stopped(c))
            give_up(c, &finding);
        return;
    }
    bool found = wanted && find_killer(c, &finding);
    if (found)
        settle_death(c, &finding);
    else if (wanted && !campaign_stopped(c))
        settle_unexplained(c, &finding);
    if (!campaign_stopped(c))
        campaign_renew(c); /* else the dead is followed the next time */
}

/* SPDX-License-Identifier: MIT */
#include "meter.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "minimise.h"
#include "probe.h"

enum {
    RSS_STEP = 1 << 20,     /* from rest to rest, every time: a leak */
    FDS_STEP = 8,           /* the same */
    CASE_MS = 10,           /* and what one in a crowd may cost */
    CPU_PER_CASE_MS = 2000, /* more than a case may cost */
    GROUP_MAX = 256,        /* cases that a culprit is looked for in */
    GROUP_PLAYS = 128,      /* of each group, so that it shows */
    RSS_PER_PLAY = 2048,    /* more than harmless sessions cost */
    TRIES_MAX = 40,         /* to make a case short: each costs seconds */
    SETTLE_US = 200000,     /* for the target to close what it wants to close */
};

/* ---- the process ------------------------------------------------------------------------------------------------- */

void live_meter_start(struct live_meter *meter, pid_t pid)
{
    const struct scn_endpoint *endpoint = live_ground_endpoint(meter->follow->ground);
    uint16_t port = ntohs(endpoint->has_v4 ? endpoint->v4.sin_port : endpoint->v6.sin6_port);
    meter->known = pid != 0 ? live_proc_of_pid(&meter->proc, pid) : live_proc_of_port(&meter->proc, port);
    meter->count = 0;
}

bool live_meter_same(const struct live_meter *meter)
{
    struct live_sample sample;
    return !meter->known || live_proc_sample(&meter->proc, &sample);
}

/* ---- at rest ----------------------------------------------------------------------------------------------------- */

static bool grew(const struct live_meter *meter, size_t offset, uint64_t step)
{
    for (size_t i = 1; i < LIVE_RESTS; i++) {
        uint64_t before = *(const uint64_t *)((const char *)&meter->rests[i - 1] + offset);
        uint64_t after = *(const uint64_t *)((const char *)&meter->rests[i] + offset);
        if (after < before + step)
            return false;
    }
    return true;
}

static bool complain(struct live_complaint *complaint, enum live_verdict verdict, const char *key, const char *text)
{
    complaint->verdict = verdict;
    snprintf(complaint->key, sizeof complaint->key, "%s", key);
    snprintf(complaint->text, sizeof complaint->text, "%s", text);
    return true;
}

bool live_meter_rest(struct live_meter *meter, uint64_t cases, struct live_complaint *complaint)
{
    struct live_sample now;
    if (!meter->known || !live_proc_sample(&meter->proc, &now))
        return false;
    if (meter->count == LIVE_RESTS)
        memmove(meter->rests, meter->rests + 1, (LIVE_RESTS - 1) * sizeof meter->rests[0]);
    else
        meter->count++;
    meter->rests[meter->count - 1] = now;
    if (meter->count >= 2 && now.cpu_ms - meter->rests[meter->count - 2].cpu_ms > cases * CASE_MS + CPU_PER_CASE_MS)
        return complain(complaint, LIVE_spin, "", "the processor is busy for seconds with a few hundred cases");
    if (meter->count < LIVE_RESTS)
        return false;
    if (grew(meter, offsetof(struct live_sample, fds), FDS_STEP))
        return complain(complaint, LIVE_leak, "fds", "open descriptors grow and are not given back");
    if (grew(meter, offsetof(struct live_sample, rss), RSS_STEP))
        return complain(complaint, LIVE_leak, "memory", "memory grows and is not given back");
    return false;
}

/* ---- many plays -------------------------------------------------------------------------------------------------- */

/* Plays cases in turn, so many times in all; where there is none, a harmless session. */
struct round {
    const struct live_meter *meter;
    const struct live_case *const *cases;
    size_t count, left, next;
};

static char *print(const struct live_meter *meter, const struct live_case *from, size_t *len)
{
    struct live_follow *follow = meter->follow;
    char *text = NULL, harmless[LIVE_PROBE_TEXT];
    FILE *out = open_memstream(&text, len);
    if (out == NULL)
        abort();
    if (from == NULL) {
        fwrite(harmless, 1, live_probe_print(harmless, follow->facts, follow->number++), out);
    } else {
        struct live_case one = live_case_copy(from);
        live_case_give_ids(&one, follow->number++);
        live_case_print(out, &one, &(struct live_style){ "fuzz.round", NULL, follow->facts });
        live_case_free(&one);
    }
    fclose(out);
    return text;
}

static struct live_play *round_next(void *user)
{
    struct round *round = user;
    if (round->left == 0)
        return NULL;
    struct live_play *play = calloc(1, sizeof *play);
    if (play == NULL)
        abort();
    round->left--;
    play->text = print(round->meter, round->cases[round->next++ % round->count], &play->len);
    return play;
}

static void round_over(void *user, struct live_play *play)
{
    (void)user;
    free((char *)play->text);
    free(play);
}

/* What so many plays of these cases cost.  False: the target is gone. */
static bool cost(struct live_meter *meter, const struct live_case *const *cases, size_t count, size_t plays,
                 struct live_sample *out)
{
    struct live_sample before, after;
    struct round round = { meter, cases, count, plays, 0 };
    if (!live_proc_sample(&meter->proc, &before))
        return false;
    live_ground_play(meter->follow->ground, &(struct live_player){ round_next, round_over, &round });
    usleep(SETTLE_US);
    if (!live_proc_sample(&meter->proc, &after))
        return false;
    *out = (struct live_sample){ after.rss > before.rss ? after.rss - before.rss : 0,
                                 after.fds > before.fds ? after.fds - before.fds : 0, after.cpu_ms - before.cpu_ms };
    return true;
}

/* ---- the culprit ------------------------------------------------------------------------------------------------- */

struct search {
    struct live_meter *meter;
    enum live_verdict verdict;
    bool fds;
    struct live_sample harmless; /* what GROUP_PLAYS harmless sessions cost */
};

static bool costs_too_much(struct search *search, const struct live_case *const *cases, size_t count)
{
    struct live_sample cost_of;
    size_t plays = search->verdict == LIVE_spin ? count : GROUP_PLAYS > count ? GROUP_PLAYS : count;
    if (!cost(search->meter, cases, count, plays, &cost_of))
        return false;
    if (search->verdict == LIVE_spin)
        return cost_of.cpu_ms > CPU_PER_CASE_MS / 2 + count * 10;
    if (search->fds)
        return cost_of.fds > search->harmless.fds + GROUP_PLAYS / 16;
    return cost_of.rss > 2 * search->harmless.rss + plays * RSS_PER_PLAY / count;
}

static bool fails(void *user, const struct live_case *one)
{
    return costs_too_much(user, &one, 1);
}

/* Halves the group as long as one half is enough. */
static const struct live_case *search_group(struct search *search, const struct live_case **cases, size_t count)
{
    while (count > 1) {
        size_t half = count / 2;
        if (costs_too_much(search, cases + half, count - half)) {
            cases += half;
            count -= half;
        } else if (costs_too_much(search, cases, half)) {
            count = half;
        } else {
            return NULL;
        }
    }
    return cases[0];
}

bool live_meter_follow(struct live_meter *meter, const struct live_past *past, struct live_finding *finding)
{
    const struct live_case *group[GROUP_MAX], *none[] = { NULL };
    uint64_t numbers[GROUP_MAX];
    size_t count = 0;
    struct search search = {
        .meter = meter,
        .verdict = finding->complaint.verdict,
        .fds = strcmp(finding->complaint.key, "fds") == 0,
    };
    struct live_minimise how = { .fails = fails, .user = &search, .tries_max = TRIES_MAX };
    while (count < GROUP_MAX && (group[count] = live_past_back(past, count, &numbers[count])) != NULL)
        count++;
    /* Twice: what the first round costs for good is what the target wants to have at hand. */
    if (count == 0 || !cost(meter, none, 1, GROUP_PLAYS, &search.harmless) ||
        !cost(meter, none, 1, GROUP_PLAYS, &search.harmless))
        return false;
    const struct live_case *guilty = search_group(&search, group, count);
    if (guilty == NULL || !fails(&search, guilty))
        return false;
    finding->one = live_case_copy(guilty);
    for (size_t i = 0; i < count; i++) {
        if (group[i] == guilty)
            finding->number = numbers[i];
    }
    finding->steps_before = guilty->count;
    live_minimise(&finding->one, &how);
    finding->steps = finding->one.count;
    finding->tries = how.tries;
    for (int i = 0; i < LIVE_CONFIRM_PLAYS; i++)
        finding->shown += fails(&search, &finding->one);
    return true;
}

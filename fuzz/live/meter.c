/* SPDX-License-Identifier: MIT */
#include "meter.h"

#include <string.h>
#include <unistd.h>

#include "minimise.h"

enum {
    RSS_STEP = 1 << 20,     /* from rest to rest, every time: a leak */
    FDS_STEP = 8,           /* the same */
    CASE_MS = 10,           /* what one in a crowd may cost before it is known what it does */
    CPU_PER_CASE_MS = 2000, /* more than a case may cost */
    GROUP_MAX = 256,        /* cases that a culprit is looked for in */
    GROUP_PLAYS = 128,      /* of each group, so that it shows */
    RSS_PER_PLAY = 2048,    /* more than harmless sessions cost, */
    PLAYS_PER_FD = 16,      /* and the same of descriptors */
    TRIES_MAX = 40,         /* to make a case short: each costs seconds */
    SETTLE_US = 200000,     /* for the target to close what it wants to close, and to come to rest: */
    SETTLE_IDLE = 2,        /* so many times in a row it used less than */
    SETTLE_BUSY_MS = 20,    /* of the processor */
    SETTLE_TIMES = 100,
};

void live_meter_start(struct live_meter *meter)
{
    meter->count = 0;
    meter->case_ms = CASE_MS;
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

/* Waits until the target has done what it was told to do: a busy machine may keep it at that.  False: it is gone. */
static bool settle(const struct live_meter *meter, struct live_sample *out)
{
    struct live_sample before;
    if (!live_proc_sample(&meter->follow->proc, out))
        return false;
    for (int idle = 0, times = 0; idle < SETTLE_IDLE && times < SETTLE_TIMES; times++) {
        before = *out;
        usleep(SETTLE_US);
        if (!live_proc_sample(&meter->follow->proc, out))
            return false;
        idle = out->cpu_ms < before.cpu_ms + SETTLE_BUSY_MS ? idle + 1 : 0;
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

/* More than the cheapest round so far, and a case that spins? */
static bool is_busy(struct live_meter *meter, uint64_t spent_ms, uint64_t cases)
{
    bool busy = spent_ms > cases * meter->case_ms * 3 / 2 + CPU_PER_CASE_MS;
    if (cases > 0 && spent_ms / cases + 1 < meter->case_ms)
        meter->case_ms = spent_ms / cases + 1;
    return busy;
}

bool live_meter_rest(struct live_meter *meter, uint64_t cases, struct live_complaint *complaint)
{
    struct live_sample now;
    if (!meter->follow->watched || !settle(meter, &now))
        return false;
    if (meter->count == LIVE_RESTS)
        memmove(meter->rests, meter->rests + 1, (LIVE_RESTS - 1) * sizeof meter->rests[0]);
    else
        meter->count++;
    meter->rests[meter->count - 1] = now;
    if (meter->count >= 2 && is_busy(meter, now.cpu_ms - meter->rests[meter->count - 2].cpu_ms, cases))
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

/* What so many plays of these cases cost.  False: the target is gone. */
static bool cost(struct live_meter *meter, const struct live_case *const *cases, size_t count, size_t plays,
                 struct live_sample *out)
{
    struct live_sample before, after;
    if (!live_proc_sample(&meter->follow->proc, &before))
        return false;
    live_follow_crowd(meter->follow, cases, count, plays);
    if (!settle(meter, &after))
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

/* So that it shows. */
static size_t plays_of(const struct search *search, size_t count)
{
    return search->verdict == LIVE_spin || count > GROUP_PLAYS ? count : GROUP_PLAYS;
}

/* What these cost of the resource that is looked into; 0: the target is gone, or it is over. */
static uint64_t price(struct search *search, const struct live_case *const *cases, size_t count)
{
    struct live_sample spent;
    if (live_follow_over(search->meter->follow) || !cost(search->meter, cases, count, plays_of(search, count), &spent))
        return 0;
    return search->verdict == LIVE_spin ? spent.cpu_ms : search->fds ? spent.fds : spent.rss;
}

/* What they may cost if one of them is not to be suspected. */
static uint64_t fair_price(const struct search *search, size_t count)
{
    if (search->verdict == LIVE_spin)
        return CPU_PER_CASE_MS / 2 + count * search->meter->case_ms;
    size_t plays_of_one = plays_of(search, count) / count;
    if (search->fds)
        return search->harmless.fds + plays_of_one / PLAYS_PER_FD;
    return 2 * search->harmless.rss + plays_of_one * RSS_PER_PLAY;
}

static bool fails(void *user, const struct live_case *one)
{
    struct search *search = user;
    return price(search, &one, 1) > fair_price(search, 1);
}

/* Goes on with the half that costs more, for as long as that is too much. */
static const struct live_case *search_group(struct search *search, const struct live_case **cases, size_t count)
{
    while (count > 1) {
        size_t half = count / 2;
        uint64_t first = price(search, cases, half), second = price(search, cases + half, count - half);
        if (second > first)
            cases += half;
        count = second > first ? count - half : half;
        if ((second > first ? second : first) <= fair_price(search, count))
            return NULL;
    }
    return cases[0];
}

bool live_meter_follow(struct live_meter *meter, const struct live_past *past, struct live_finding *finding)
{
    const struct live_case *group[GROUP_MAX], *none[] = { NULL };
    const struct live_past_entry *entry;
    size_t count = 0;
    struct search search = {
        .meter = meter,
        .verdict = finding->complaint.verdict,
        .fds = strcmp(finding->complaint.key, "fds") == 0,
    };
    struct live_minimise how = { .fails = fails, .user = &search, .tries_max = TRIES_MAX };
    for (; count < GROUP_MAX && (entry = live_past_back(past, count)) != NULL; count++)
        group[count] = &entry->one;
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
            finding->number = live_past_back(past, i)->origin.number;
    }
    finding->steps_before = guilty->count;
    live_minimise(&finding->one, &how);
    finding->steps = finding->one.count;
    finding->tries = how.tries;
    for (int i = 0; i < LIVE_CONFIRM_PLAYS; i++)
        finding->shown += fails(&search, &finding->one);
    return true;
}

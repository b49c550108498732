/* SPDX-License-Identifier: MIT */
#include "follow.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "minimise.h"
#include "mutate.h"
#include "probe.h"

enum { PROBES = 3, STUCK_PATIENCE = 4, FLAKY_PLAYS = 3, COME_BACK_TIMES = 20, COME_BACK_US = 100000 };

/* ---- single plays ------------------------------------------------------------------------------------------------ */

struct single {
    struct live_play play;
    bool taken;
    const struct live_facts *facts;
    struct live_complaint complaints[LIVE_COMPLAINTS_MAX];
    size_t complaint_count;
    bool passed, opened;
};

static struct live_play *next(void *user)
{
    struct single *single = user;
    bool taken = single->taken;
    single->taken = true;
    return taken ? NULL : &single->play;
}

static void over(void *user, struct live_play *play)
{
    struct single *single = user;
    const struct live_conn_look *conn;
    if (play->run == NULL)
        return;
    conn = live_look_conn(play->look, 0);
    single->opened = conn != NULL && conn->opened;
    single->passed = live_probe_passed(play);
    single->complaint_count = live_judge(play, single->facts, single->complaints);
}

bool live_follow_over(const struct live_follow *follow)
{
    return follow->lost || (follow->stop != NULL && *follow->stop);
}

static void play_single(struct live_follow *follow, struct single *single)
{
    live_ground_play(follow->ground, &(struct live_player){ next, over, single });
}

/* Three innocent sessions in a row, until one is answered.  *refused: nobody even took the last connection. */
static bool is_answered(struct live_follow *follow, bool *refused)
{
    char text[LIVE_PROBE_TEXT];
    *refused = false;
    for (int i = 0; i < PROBES; i++) {
        struct single single = { .facts = follow->facts };
        live_probe_prepare(&single.play, text, follow->facts, follow->number++);
        play_single(follow, &single);
        if (single.passed)
            return true;
        *refused = !single.opened;
    }
    return false;
}

/* ---- life and death ---------------------------------------------------------------------------------------------- */

void live_follow_watch(struct live_follow *follow)
{
    const struct scn_endpoint *endpoint = live_ground_endpoint(follow->ground);
    uint16_t port = ntohs(endpoint->has_v4 ? endpoint->v4.sin_port : endpoint->v6.sin6_port);
    follow->watched = follow->local && (follow->pid != 0 ? live_proc_of_pid(&follow->proc, follow->pid)
                                                         : live_proc_of_port(&follow->proc, port));
}

bool live_follow_same(const struct live_follow *follow)
{
    struct live_sample sample;
    return !follow->watched || live_proc_sample(&follow->proc, &sample);
}

/* A supervisor may need a moment. */
static bool comes_back(struct live_follow *follow)
{
    bool refused, answered = is_answered(follow, &refused);
    for (int times = 0; !answered && refused && times < COME_BACK_TIMES && !live_follow_over(follow); times++) {
        usleep(COME_BACK_US);
        answered = is_answered(follow, &refused);
    }
    return answered;
}

bool live_follow_restart(struct live_follow *follow)
{
    bool back = live_ground_can_restart(follow->ground) ? live_ground_restart(follow->ground) : comes_back(follow);
    live_follow_watch(follow);
    return back;
}

/* What it is called; is it answered, are connections refused?  Who hangs takes none either when enough wait for him. */
static enum live_verdict name_of(const struct live_follow *follow, const struct live_obituary *obituary, bool answered,
                                 bool refused)
{
    bool same = live_follow_same(follow);
    if (answered)
        return same ? LIVE_sanitizer : LIVE_restart;
    return obituary->over || (refused && !(follow->watched && same)) ? LIVE_crash : LIVE_hang;
}

bool live_follow_dead(struct live_follow *follow, struct live_complaint *out)
{
    struct live_obituary obituary;
    char what[LIVE_OBITUARY_TEXT];
    bool refused, answered = is_answered(follow, &refused);
    live_ground_obituary(follow->ground, answered || !refused ? 0 : LIVE_END_MS, &obituary);
    if (refused && !obituary.over && !live_follow_same(follow))
        answered = comes_back(follow);
    if (answered && obituary.report[0] == '\0' && live_follow_same(follow))
        return false;
    out->verdict = name_of(follow, &obituary, answered, refused);
    live_obituary_print(what, &obituary);
    const char *detail = answered ? obituary.report : out->verdict == LIVE_crash ? what : "";
    snprintf(out->text, sizeof out->text, "%s", *detail != '\0' ? detail : live_verdict_text(out->verdict));
    return true;
}

/* ---- crowds ------------------------------------------------------------------------------------------------------ */

struct crowd {
    struct live_follow *follow;
    const struct live_case *const *cases;
    size_t count, left, next;
};

static char *print_crowd(struct live_follow *follow, const struct live_case *from, size_t *len)
{
    char *text = NULL, harmless[LIVE_PROBE_TEXT];
    FILE *out = open_memstream(&text, len);
    if (out == NULL)
        abort();
    if (from == NULL) {
        fwrite(harmless, 1, live_probe_print(harmless, follow->facts, follow->number++), out);
    } else {
        struct live_case one = live_case_copy(from);
        live_case_give_ids(&one, follow->number++);
        live_case_print(out, &one, &(struct live_style){ "fuzz.crowd", NULL, follow->facts });
        live_case_free(&one);
    }
    fclose(out);
    return text;
}

static struct live_play *crowd_next(void *user)
{
    struct crowd *crowd = user;
    if (crowd->left == 0)
        return NULL;
    struct live_play *play = calloc(1, sizeof *play);
    if (play == NULL)
        abort();
    crowd->left--;
    play->text = print_crowd(crowd->follow, crowd->cases[crowd->next++ % crowd->count], &play->len);
    return play;
}

static void crowd_over(void *user, struct live_play *play)
{
    (void)user;
    free((char *)play->text);
    free(play);
}

void live_follow_crowd(struct live_follow *follow, const struct live_case *const *cases, size_t count, size_t plays)
{
    struct crowd crowd = { follow, cases, count, plays, 0 };
    live_ground_play(follow->ground, &(struct live_player){ crowd_next, crowd_over, &crowd });
}

/* ---- does it show ------------------------------------------------------------------------------------------------ */

static void play_case(struct live_follow *follow, const struct live_case *one, const struct live_facts *facts,
                      struct single *single)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    if (out == NULL)
        abort();
    live_case_print(out, one, &(struct live_style){ "fuzz.again", NULL, facts });
    fclose(out);
    *single = (struct single){ .facts = facts, .play = { .text = text, .len = len } };
    play_single(follow, single);
    free(text);
}

static bool kills(struct live_follow *follow, const struct live_case *one, struct live_complaint *wanted)
{
    struct single single;
    play_case(follow, one, follow->facts, &single);
    if (!live_follow_dead(follow, wanted) || live_follow_over(follow)) /* who interrupts us may have ended it, too */
        return false;
    follow->deaths++;
    follow->lost = !live_follow_restart(follow);
    return true;
}

bool live_follow_shows(struct live_follow *follow, const struct live_case *one, struct live_complaint *wanted)
{
    struct single single;
    struct live_facts facts = *follow->facts;
    if (live_follow_over(follow))
        return false;
    if (live_verdict_is_death(wanted->verdict))
        return kills(follow, one, wanted);
    if (wanted->verdict == LIVE_stuck)
        facts.patience_ms *= STUCK_PATIENCE; /* slow is not stuck */
    play_case(follow, one, &facts, &single);
    for (size_t i = 0; i < single.complaint_count; i++) {
        const struct live_complaint *complaint = &single.complaints[i];
        if (complaint->verdict != wanted->verdict || strcmp(complaint->key, wanted->key) != 0)
            continue;
        *wanted = *complaint;
        return true;
    }
    return false;
}

static double seconds(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void set_limit(struct live_follow *follow)
{
    follow->until = follow->seconds_max > 0 ? seconds() + follow->seconds_max : 0;
}

static bool fails(void *user, const struct live_case *one)
{
    struct live_follow *follow = user;
    bool shown = false;
    if (follow->until > 0 && seconds() > follow->until)
        return false;
    for (unsigned i = 0; i < follow->again && !shown; i++) {
        struct live_complaint wanted = follow->wanted;
        shown = live_follow_shows(follow, one, &wanted);
    }
    return shown;
}

/* Plays the case as it is, and with questions at the end, until one of both shows it.  What does not do so at once is
 * tried more often from then on. */
static bool reproduce(struct live_follow *follow, struct live_case *one)
{
    bool asked = one->asks;
    for (follow->again = 1; follow->again <= FLAKY_PLAYS; follow->again++) {
        one->asks = !asked;
        if (fails(follow, one))
            return true;
        one->asks = asked;
        if (fails(follow, one))
            return true;
    }
    return false;
}

/* Does a decent session in its place show the same?  Then it is the target's way with everybody. */
static bool is_ordinary(struct live_follow *follow)
{
    struct live_case decent = { .bystander = true };
    uint8_t bytes[BTW_HANDSHAKE_SIZE];
    uint64_t random = follow->number;
    struct live_mutation how = { follow->facts, &random };
    struct live_step hello = { .kind = LIVE_SEND, .bytes = bytes, .len = live_make_handshake(bytes, &how) };
    bool shown = false;
    live_case_insert(&decent, 0, &(struct live_step){ .kind = LIVE_DIAL });
    live_case_insert(&decent, 1, &hello);
    for (int i = 0; i < LIVE_CONFIRM_PLAYS && !shown; i++) {
        struct live_complaint wanted = follow->wanted;
        live_case_give_ids(&decent, follow->number++);
        shown = live_follow_shows(follow, &decent, &wanted);
    }
    live_case_free(&decent);
    return shown;
}

/* ---- the whole way ----------------------------------------------------------------------------------------------- */

void live_follow(struct live_follow *follow, struct live_finding *finding)
{
    struct live_minimise how = { .fails = fails, .user = follow, .tries_max = follow->tries_max };
    follow->wanted = finding->complaint;
    finding->steps_before = finding->one.count;
    set_limit(follow);
    if (reproduce(follow, &finding->one)) {
        set_limit(follow);
        live_minimise(&finding->one, &how);
    }
    finding->steps = finding->one.count;
    finding->tries = how.tries;
    finding->shown = 0;
    /* What is not ours goes on as it is. */
    follow->lost = live_ground_can_restart(follow->ground) && !live_follow_restart(follow);
    for (int i = 0; i < LIVE_CONFIRM_PLAYS; i++) {
        finding->shown += live_follow_shows(follow, &finding->one, &finding->complaint);
    }
    if (finding->shown > 0 && live_verdict_is_relative(finding->complaint.verdict) && is_ordinary(follow))
        finding->shown = 0;
}

/* SPDX-License-Identifier: MIT
 *
 * Plays are handed to the ground one by one as it asks for them; what came of them is taken in as they end.  When there
 * is something to follow no more are handed out, and it is followed when the last one has ended.
 */
#include "campaign_state.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mutate.h"
#include "random.h"

enum {
    PROBE_EVERY = 64, /* cases */
    PROBES_TO_DEATH = 3,
    TRIES_MAX = 100, /* cases in a row that hold a known death */
    NAP_US = 2000,
};

/* One case under way. */
struct flight {
    struct live_play play;
    struct live_case one;
    struct live_origin origin;
    bool probe;
    uint64_t began; /* place in the order of all plays */
};

static const double SAVE_SECONDS = 30;
static const double REST_SECONDS = 3; /* between two rests, at least: they wait for the slowest case */

static void *must(void *memory)
{
    if (memory == NULL)
        abort();
    return memory;
}

/* ---- making cases ------------------------------------------------------------------------------------------------ */

static void make_case(struct live_campaign *c, struct flight *flight)
{
    struct live_origin *origin = &flight->origin;
    uint64_t random = live_random_of(c->config.seed, origin->number);
    if (origin->number >= c->config.seeds->count) {
        origin->partner = live_pool_pick(&c->pool, &random);
        origin->parent = live_pool_pick(&c->pool, &random);
    }
    flight->one = live_resume_case(&c->config, &c->pool, origin);
}

static void print_case(struct flight *flight, const struct live_facts *facts)
{
    char *text = NULL;
    FILE *out = must(open_memstream(&text, &flight->play.len));
    live_case_print(out, &flight->one, &(struct live_style){ "fuzz.case", NULL, facts });
    fclose(out);
    flight->play.text = text;
}

static void print_probe(struct flight *flight, const struct live_facts *facts, uint64_t number)
{
    live_probe_prepare(&flight->play, must(malloc(LIVE_PROBE_TEXT)), facts, number);
}

/* ---- handing out ------------------------------------------------------------------------------------------------- */

static bool limit_reached(const struct live_campaign *c)
{
    const struct live_campaign_config *config = &c->config;
    return campaign_stopped(c) || (config->cases_max > 0 && c->next_case - c->first_case >= config->cases_max) ||
           (config->seconds_max > 0 && campaign_now() - c->began >= config->seconds_max) ||
           (config->findings_max > 0 && live_findings_confirmed(&c->findings) >= config->findings_max);
}

/* Is it too early for the next case? */
static bool too_fast(const struct live_campaign *c)
{
    return c->config.rate > 0 && (double)c->rate_cases > (campaign_now() - c->rate_from) * c->config.rate;
}

static bool wants_probe(const struct live_campaign *c)
{
    return c->probes_out == 0 && (c->probe_due || c->probes_failed > 0 || c->since_probe >= PROBE_EVERY);
}

/* Resources are measured when nothing is under way. */
static bool wants_rest(const struct live_campaign *c)
{
    return c->follow.watched && c->since_rest >= LIVE_REST_EVERY && campaign_now() - c->rest_at >= REST_SECONDS;
}

/* A leech that has everything, or a magnet that knows its torrent, is none any more. */
static bool wants_renewal(const struct live_campaign *c)
{
    static const unsigned cases[] = { [SCN_TARGET_LEECH] = 2048, [SCN_TARGET_MAGNET] = 256 };
    enum scn_target role = live_ground_world(c->config.ground)->role;
    return (role == SCN_TARGET_LEECH || role == SCN_TARGET_MAGNET) && c->since_renewal >= cases[role] &&
           live_ground_can_restart(c->config.ground);
}

static struct flight *flight_new(struct live_campaign *c, bool probe)
{
    struct flight *flight = must(calloc(1, sizeof *flight));
    flight->play.user = flight;
    flight->origin = (struct live_origin){ .parent = SIZE_MAX, .partner = SIZE_MAX };
    flight->probe = probe;
    flight->began = c->next_play++;
    return flight;
}

static struct live_play *start_probe(struct live_campaign *c)
{
    struct flight *flight = flight_new(c, true);
    print_probe(flight, c->config.facts, c->next_probe++);
    c->probes_out++;
    c->since_probe = 0;
    c->probe_due = false;
    c->stats.probes++;
    return &flight->play;
}

/* What is known to kill the target is not done to it again and again. */
static bool is_known_death(const struct live_campaign *c, const struct live_case *one)
{
    for (size_t i = 0; i < c->findings.count; i++) {
        const struct live_finding *finding = &c->findings.list[i];
        if (live_verdict_is_death(finding->complaint.verdict) && live_case_contains(one, &finding->one))
            return true;
    }
    return false;
}

static struct live_play *start_case(struct live_campaign *c)
{
    struct flight *flight = flight_new(c, false);
    c->since_probe++;
    c->since_rest++;
    c->since_renewal++;
    c->rate_cases++;
    for (unsigned tries = 0; tries == 0 || (tries < TRIES_MAX && is_known_death(c, &flight->one)); tries++) {
        live_case_free(&flight->one);
        flight->origin.number = c->next_case++;
        make_case(c, flight);
    }
    print_case(flight, c->config.facts);
    return &flight->play;
}

static struct live_play *next(void *user)
{
    struct live_campaign *c = user;
    if (c->dead || c->pending_count > 0 || campaign_stopped(c))
        return NULL;
    if (wants_probe(c))
        return start_probe(c);
    if (c->probes_failed > 0 || limit_reached(c) || too_fast(c) || wants_rest(c) || wants_renewal(c))
        return NULL;
    return start_case(c);
}

/* ---- taking in --------------------------------------------------------------------------------------------------- */

/* False: the target did not take a single connection. */
static bool count_conns(struct live_campaign *c, const struct live_play *play)
{
    const struct live_conn_look *conn;
    bool met = false, opened = false, delivered = true;
    for (unsigned i = 0; (conn = live_look_conn(play->look, i)) != NULL; i++) {
        met = met || (conn->met && conn->answered);
        opened = opened || conn->opened;
        delivered = delivered && (conn->our_end == BTW_END_FIN || conn->ended == BTW_END_NONE);
        c->stats.silences += conn->our_end == BTW_END_FIN && conn->ended == BTW_END_NONE;
    }
    c->stats.cases++;
    c->stats.met += met;
    c->stats.delivered += delivered && opened;
    c->stats.reached += live_look_reached(play->look);
    c->stats.inconclusive += scn_run_result(play->run)->verdict == SCN_INCONCLUSIVE;
    c->probe_due = c->probe_due || !opened;
    return opened;
}

static void keep_if_new(struct live_campaign *c, const struct flight *flight, const struct live_look *look)
{
    unsigned fresh = live_graph_add(c->graph, look, flight->origin.number);
    if (fresh == 0)
        return;
    c->stats.fresh++;
    if (flight->origin.parent == SIZE_MAX)
        return; /* a seed is there already */
    live_pool_add(&c->pool, &(struct live_entry){ .one = flight->one, .origin = flight->origin });
    c->pool.list[flight->origin.parent].paid++;
}

static void note_complaint(struct live_campaign *c, const struct live_complaint *complaint, const struct flight *flight)
{
    if ((c->config.oracles >> complaint->verdict & 1) == 0 || c->pending_count == LIVE_PENDING_MAX)
        return;
    if (campaign_knows(c, complaint))
        return;
    for (size_t i = 0; i < c->pending_count; i++) {
        const struct live_complaint *other = &c->pending[i].complaint;
        if (other->verdict == complaint->verdict && strcmp(other->key, complaint->key) == 0)
            return;
    }
    c->pending[c->pending_count++] =
        (struct live_pending){ *complaint, live_case_copy(&flight->one), flight->origin, campaign_now() - c->began };
}

static void case_over(struct live_campaign *c, struct flight *flight)
{
    struct live_complaint complaints[LIVE_COMPLAINTS_MAX];
    struct live_play *play = &flight->play;
    if (play->run == NULL) {
        fprintf(stderr, "%.*s\n%s\n", (int)play->len, play->text, play->error);
        c->trouble = "a case is no scenario: this is a mistake of the fuzzer";
        c->finished = true;
        return;
    }
    bool opened = count_conns(c, play);
    if (flight->origin.parent != SIZE_MAX)
        c->pool.list[flight->origin.parent].picked++;
    keep_if_new(c, flight, play->look);
    size_t count = campaign_stopped(c) ? 0 : live_judge(play, c->config.facts, complaints);
    for (size_t i = 0; i < count; i++)
        note_complaint(c, &complaints[i], flight);
    if (opened) /* else it cannot be to blame for anything */
        live_past_add(&c->past, &flight->one, &flight->origin, c->next_play++);
}

static void probe_over(struct live_campaign *c, const struct flight *flight)
{
    const struct live_play *play = &flight->play;
    c->probes_out--;
    if (campaign_stopped(c))
        return; /* who interrupts us may have ended the target, too */
    if (!live_follow_same(&c->follow)) {
        c->dead = true;
        return;
    }
    if (live_probe_passed(play)) {
        c->dead = campaign_hears_sanitizer(c);
        if (c->dead)
            return;
        c->probes_failed = 0;
        live_past_clear(&c->past, flight->began);
        return;
    }
    c->dead = ++c->probes_failed >= PROBES_TO_DEATH;
}

static void save(struct live_campaign *c)
{
    struct live_resume resume = {
        .next_case = c->next_case,
        .pool = c->pool,
        .findings = c->findings,
        .pending_count = c->pending_count,
        .past = &c->past,
        .suspects = c->dead ? live_past_suspects(&c->past) : 0,
    };
    memcpy(resume.pending, c->pending, sizeof resume.pending);
    if (c->config.dir != NULL)
        live_resume_save(&c->config, &resume, c->graph);
}

static void take_seeds(struct live_campaign *c)
{
    for (size_t i = 0; i < c->config.seeds->count; i++) {
        struct live_entry entry = { .origin = { .number = i, .parent = SIZE_MAX, .partner = SIZE_MAX } };
        entry.one = live_resume_case(&c->config, &c->pool, &entry.origin);
        live_pool_add(&c->pool, &entry);
        live_case_free(&entry.one);
    }
}

/* What an earlier campaign in the folder has kept; else it begins with the seeds. */
static void restore(struct live_campaign *c)
{
    struct live_resume resume = { .past = &c->past };
    if (c->config.dir == NULL || !live_resume_load(&c->config, &resume, c->graph)) {
        take_seeds(c);
        return;
    }
    memcpy(c->pending, resume.pending, sizeof c->pending);
    c->pending_count = resume.pending_count;
    c->dead = resume.suspects > 0;
    c->pool = resume.pool;
    c->findings = resume.findings;
    c->next_case = resume.next_case;
    c->first_case = resume.next_case;
    c->stats.resumed = resume.pool.count;
}

static void tell(struct live_campaign *c)
{
    double time = campaign_now();
    c->stats.seconds = time - c->began;
    if (time - c->saved_at > SAVE_SECONDS) {
        c->saved_at = time;
        save(c);
    }
    if (c->config.progress == NULL || time - c->progress_at < 0.25)
        return;
    c->progress_at = time;
    c->config.progress(c->config.user, &c->stats, c->graph, c->pool.count, &c->findings);
}

static void over(void *user, struct live_play *play)
{
    struct live_campaign *c = user;
    struct flight *flight = play->user;
    if (flight->probe)
        probe_over(c, flight);
    else
        case_over(c, flight);
    live_case_free(&flight->one);
    free((char *)play->text);
    free(flight);
    tell(c);
}

/* ---- the whole --------------------------------------------------------------------------------------------------- */

struct live_campaign *live_campaign_new(const struct live_campaign_config *config)
{
    struct live_campaign *c = must(calloc(1, sizeof *c));
    c->config = *config;
    c->graph = live_graph_new();
    c->next_probe = 1000;
    c->follow = (struct live_follow){
        .ground = config->ground,
        .facts = config->facts,
        .tries_max = config->tries_max,
        .seconds_max = config->follow_max,
        .stop = config->stop,
        .local = config->local,
        .pid = config->pid,
        .number = UINT64_C(1) << 32,
    };
    return c;
}

void live_campaign_free(struct live_campaign *c)
{
    if (c == NULL)
        return;
    live_pool_free(&c->pool);
    live_graph_free(c->graph);
    live_past_free(&c->past);
    live_findings_free(&c->findings);
    free(c);
}

static void end_early(struct live_campaign *c)
{
    c->finished = true;
    if (c->follow.lost)
        c->trouble = "the target cannot be started again";
}

void live_campaign_play(struct live_campaign *c)
{
    struct live_player player = { next, over, c };
    c->began = c->rate_from = c->saved_at = campaign_now();
    if (c->config.seeds->count == 0) {
        c->trouble = "there are no seeds";
        return;
    }
    c->meter.follow = &c->follow;
    live_follow_watch(&c->follow);
    live_meter_start(&c->meter);
    restore(c);
    while (!c->finished) {
        live_ground_play(c->config.ground, &player);
        double from = campaign_now();
        if (campaign_stopped(c))
            end_early(c); /* what is to be followed waits for the next time */
        else if (c->dead)
            campaign_follow_death(c);
        else if (c->pending_count > 0)
            campaign_follow_pending(c);
        else if (wants_rest(c))
            campaign_rest(c);
        else if (wants_renewal(c))
            campaign_renew(c);
        else if (limit_reached(c))
            c->finished = c->probes_failed == 0;
        else
            usleep(NAP_US);
        if (campaign_now() - from > 0.01)
            c->stats.following += campaign_now() - from;
        c->stats.deaths += c->follow.deaths;
        c->follow.deaths = 0;
    }
    c->stats.seconds = campaign_now() - c->began;
    save(c);
}

const struct live_stats *live_campaign_stats(const struct live_campaign *c)
{
    return &c->stats;
}

const struct live_graph *live_campaign_graph(const struct live_campaign *c)
{
    return c->graph;
}

const struct live_findings *live_campaign_findings(const struct live_campaign *c)
{
    return &c->findings;
}

bool live_campaign_metered(const struct live_campaign *c)
{
    return c->follow.watched;
}

const char *live_campaign_trouble(const struct live_campaign *c)
{
    return c->trouble;
}

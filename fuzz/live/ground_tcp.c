/* SPDX-License-Identifier: MIT
 *
 * A target behind sockets: so many plays at once on one loop, each connection from an address of its own.
 */
#include <stdlib.h>
#include <string.h>

#include "ground_state.h"
#include "link_tcp.h"
#include "tracker.h"

/* A case of 60 connections may take long with a client that accepts three a second; longer it never has to. */
enum { PLAY_MS_MAX = 120 * 1000 };

struct sockets {
    uv_loop_t loop;
    uv_prepare_t turn;
    uv_timer_t timer;
    struct scn_tracker *tracker;
    struct scn_tcp *tcp;
    struct scn_target_config target;
    struct ground_job jobs[GROUND_JOBS_MAX];
    const struct live_player *player; /* NULL: nothing is played */
    struct live_ground *ground;
};

static void on_timer(uv_timer_t *timer)
{
    (void)timer; /* it only wakes the loop */
}

static int64_t job_deadline(const struct sockets *sockets, const struct ground_job *job)
{
    if (scn_run_done(job->run))
        return (int64_t)uv_now(&sockets->loop);
    int64_t deadline = scn_run_deadline(job->run);
    return deadline < job->until_ms ? deadline : job->until_ms;
}

static bool start_job(struct sockets *sockets, struct ground_job *job, struct live_play *play)
{
    if (!ground_job_start(job, sockets->ground, scn_tcp_link(sockets->tcp), sockets->player, play))
        return false;
    job->until_ms = (int64_t)uv_now(&sockets->loop) + (play->ms_max > 0 ? play->ms_max : PLAY_MS_MAX);
    return true;
}

/* Advances what is due; a job that is over makes room for the next. */
static bool turn_job(struct sockets *sockets, struct ground_job *job)
{
    struct live_play *play;
    if (job->play == NULL) {
        play = sockets->player->next(sockets->player->user);
        return play != NULL && start_job(sockets, job, play);
    }
    if (job_deadline(sockets, job) > (int64_t)uv_now(&sockets->loop))
        return false;
    scn_run_advance(job->run);
    if (!scn_run_done(job->run) && job->until_ms <= (int64_t)uv_now(&sockets->loop))
        scn_run_abort(job->run, SCN_INCONCLUSIVE, "it takes too long");
    if (!scn_run_done(job->run))
        return false;
    ground_job_end(job, sockets->player);
    return true;
}

static void on_turn(uv_prepare_t *prepare)
{
    struct sockets *sockets = prepare->data;
    unsigned busy = 0;
    int64_t soonest = INT64_MAX;
    uv_update_time(&sockets->loop);
    for (unsigned i = 0; i < sockets->ground->config.jobs; i++) {
        struct ground_job *job = &sockets->jobs[i];
        while (turn_job(sockets, job))
            ;
        if (job->play == NULL)
            continue;
        int64_t deadline = job_deadline(sockets, job);
        soonest = deadline < soonest ? deadline : soonest;
        busy++;
    }
    int64_t now = (int64_t)uv_now(&sockets->loop);
    if (busy == 0)
        uv_stop(&sockets->loop);
    else if (soonest == INT64_MAX)
        uv_timer_stop(&sockets->timer);
    else
        uv_timer_start(&sockets->timer, on_timer, soonest > now ? (uint64_t)(soonest - now) : 0, 0);
}

static void tcp_play(struct live_ground *ground, const struct live_player *player)
{
    struct sockets *sockets = ground->inside;
    sockets->player = player;
    uv_prepare_start(&sockets->turn, on_turn);
    uv_run(&sockets->loop, UV_RUN_DEFAULT);
    uv_prepare_stop(&sockets->turn);
    uv_timer_stop(&sockets->timer);
    sockets->player = NULL;
}

static bool tcp_restart(struct live_ground *ground)
{
    return scn_target_restart(&ground->target);
}

static void tcp_close(struct live_ground *ground)
{
    struct sockets *sockets = ground->inside;
    scn_target_close(&ground->target);
    scn_tcp_close(sockets->tcp);
    scn_tracker_close(sockets->tracker);
    uv_close((uv_handle_t *)&sockets->turn, NULL);
    uv_close((uv_handle_t *)&sockets->timer, NULL);
    uv_run(&sockets->loop, UV_RUN_DEFAULT);
    scn_tcp_free(sockets->tcp);
    scn_tracker_free(sockets->tracker);
    uv_loop_close(&sockets->loop);
    free(sockets);
}

static bool tcp_target(struct live_ground *ground, struct sockets *sockets, char *error, size_t cap)
{
    const struct live_ground_config *config = &ground->config;
    sockets->target = (struct scn_target_config){
        .address = config->address,
        .driver = config->driver,
        .fixture = config->fixture,
        .role = config->role,
        .encrypts = config->mse != 0,
        .keeps_log = true,
        .faults = config->faults,
    };
    /* A seed has no reason to dial, and only would have to wait for the tracker when it ends. */
    if (config->role != SCN_TARGET_SEED)
        snprintf(sockets->target.tracker, sizeof sockets->target.tracker, "http://127.0.0.1:%u/announce",
                 scn_tracker_port(sockets->tracker));
    bool opened = scn_target_open(&ground->target, &sockets->target, config->torrents);
    if (!opened)
        snprintf(error, cap, "%s", ground->target.error);
    return opened;
}

static void on_offer(void *user, const uint8_t info_hash[20], const struct btw_address *address, const uint8_t *peer_id,
                     bool on)
{
    struct scn_tracker *tracker = user;
    if (on)
        scn_tracker_add(tracker, info_hash, address, peer_id);
    else
        scn_tracker_remove(tracker, info_hash, address);
}

static bool tcp_open(struct live_ground *ground, char *error, size_t cap)
{
    struct sockets *sockets = ground->inside = calloc(1, sizeof *sockets);
    if (sockets == NULL)
        abort();
    sockets->ground = ground;
    uv_loop_init(&sockets->loop);
    sockets->tracker = scn_tracker_new(&sockets->loop, "127.0.0.1", 0);
    if (sockets->tracker == NULL || !tcp_target(ground, sockets, error, cap)) {
        if (sockets->tracker == NULL)
            snprintf(error, cap, "no port for the tracker");
        else
            scn_tracker_close(sockets->tracker);
        uv_run(&sockets->loop, UV_RUN_DEFAULT);
        if (sockets->tracker != NULL)
            scn_tracker_free(sockets->tracker);
        uv_loop_close(&sockets->loop);
        free(sockets);
        return false;
    }
    ground->endpoint = ground->target.endpoint;
    struct scn_tcp_config tcp = { .target = ground->endpoint, .offer = on_offer, .user = sockets->tracker };
    sockets->tcp = scn_tcp_new(&sockets->loop, &tcp);
    uv_prepare_init(&sockets->loop, &sockets->turn);
    uv_timer_init(&sockets->loop, &sockets->timer);
    sockets->turn.data = sockets;
    return true;
}

const struct ground_ops ground_tcp_ops = { tcp_open, tcp_close, tcp_play, tcp_restart };

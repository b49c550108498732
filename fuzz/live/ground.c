/* SPDX-License-Identifier: MIT
 *
 * What both grounds share: the life of a play.
 */
#include "ground_state.h"

#include <stdlib.h>
#include <string.h>

enum { LOG_PATH_SIZE = 256 };

static void tap(void *user, const struct scn_conn *conn, bool sent, struct btw_slice bytes, int64_t now_ms)
{
    struct ground_job *job = user;
    live_look_tap(job->look, conn, sent, bytes, now_ms);
    if (job->play->tap != NULL)
        job->play->tap(job->play->tap_user, conn, sent, bytes, now_ms);
}

bool ground_job_start(struct ground_job *job, struct live_ground *ground, struct scn_link *link,
                      const struct live_player *player, struct live_play *play)
{
    static struct scn_error error;
    *job = (struct ground_job){ .play = play, .script = scn_script_parse("case", play->text, play->len, &error) };
    play->run = NULL;
    play->look = NULL;
    play->error = NULL;
    if (job->script == NULL) {
        play->error = error.text;
        player->over(player->user, play);
        job->play = NULL;
        return false;
    }
    job->run = scn_run_new(&job->script->scenarios[0], NULL, &ground->world, link, ground->next_number++,
                           ground->world.torrents[0].copy);
    job->look = live_look_new(&ground->world);
    play->run = job->run;
    play->look = job->look;
    scn_run_tap(job->run, tap, job);
    return true;
}

void ground_job_end(struct ground_job *job, const struct live_player *player)
{
    live_look_end(job->look, job->run);
    player->over(player->user, job->play); /* the play may be gone */
    scn_run_free(job->run);
    live_look_free(job->look);
    scn_script_free(job->script);
    job->play = NULL;
}

struct live_ground *live_ground_open(const struct live_ground_config *config, char *error, size_t cap)
{
    struct live_ground *ground = calloc(1, sizeof *ground);
    if (ground == NULL)
        abort();
    ground->ops = config->sockets ? &ground_tcp_ops : &ground_mem_ops;
    ground->config = *config;
    live_ground_set_jobs(ground, config->sockets ? config->jobs : 1);
    if (!ground->ops->open(ground, error, cap)) {
        free(ground);
        return NULL;
    }
    ground->world = (struct scn_world){
        .torrents = config->torrents->list,
        .torrent_count = config->torrents->count,
        .role = config->role,
        .capabilities = 1u << SCN_CAP_metadata,
        .probed = true,
        .listen_port = ntohs(ground->endpoint.v4.sin_port),
        .timeout_scale = 1,
        .mse = config->mse,
        .seed = config->seed,
    };
    return ground;
}

void live_ground_close(struct live_ground *ground)
{
    if (ground == NULL)
        return;
    ground->ops->close(ground);
    free(ground);
}

void live_ground_play(struct live_ground *ground, const struct live_player *player)
{
    ground->ops->play(ground, player);
}

void live_ground_set_jobs(struct live_ground *ground, unsigned jobs)
{
    ground->config.jobs = jobs < 1 ? 1 : jobs < GROUND_JOBS_MAX ? jobs : GROUND_JOBS_MAX;
}

unsigned live_ground_jobs(const struct live_ground *ground)
{
    return ground->config.jobs;
}

bool live_ground_can_restart(const struct live_ground *ground)
{
    return ground->config.address == NULL;
}

bool live_ground_restart(struct live_ground *ground)
{
    memset(ground->heard, 0, sizeof ground->heard);
    return live_ground_can_restart(ground) && ground->ops->restart(ground);
}

const struct scn_world *live_ground_world(const struct live_ground *ground)
{
    return &ground->world;
}

const struct scn_endpoint *live_ground_endpoint(const struct live_ground *ground)
{
    return &ground->endpoint;
}

bool live_ground_log(const struct live_ground *ground, size_t i, char *path, size_t cap)
{
    return ground->config.sockets && scn_target_log(&ground->target, i, path, cap);
}

void live_ground_obituary(struct live_ground *ground, unsigned wait_ms, struct live_obituary *out)
{
    char path[LOG_PATH_SIZE];
    struct scn_child_end end = { .status = -1 };
    bool process = ground->config.sockets;
    *out = (struct live_obituary){ .process = process, .ours = process && ground->config.address == NULL };
    if (!out->ours)
        return;
    out->over = scn_target_ended(&ground->target, wait_ms, &end);
    out->status = end.status;
    out->signal = end.signal;
    for (size_t i = 0; i < LOGS_MAX && live_ground_log(ground, i, path, sizeof path) && out->report[0] == '\0'; i++)
        live_report_find(path, &ground->heard[i], out->report);
}

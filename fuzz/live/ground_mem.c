/* SPDX-License-Identifier: MIT
 *
 * The reference peer in memory: one host for all plays until it is started again, one play after another.
 */
#include <arpa/inet.h>
#include <stdlib.h>

#include "ground_state.h"
#include "link_mem.h"

enum { LISTEN_PORT = 6881, FAULTS_TEXT_MAX = 4096 };

struct memory {
    struct scn_script *script; /* of the faults, or NULL */
    struct scn_faults faults;
    struct btw_host *host;
    struct scn_mem *mem;
};

static enum btw_role role_of(enum scn_target target)
{
    return target == SCN_TARGET_LEECH ? BTW_LEECH : target == SCN_TARGET_MAGNET ? BTW_MAGNET : BTW_SEED;
}

static bool start(struct live_ground *ground)
{
    struct memory *memory = ground->inside;
    const struct live_ground_config *config = &ground->config;
    struct btw_policy policy;
    btw_policy_init(&policy);
    if (scn_faults_apply_policy(&policy, &memory->faults) != BTW_OK)
        return false;
    memory->host = btw_host_new(&policy, config->seed, LISTEN_PORT);
    for (size_t i = 0; memory->host != NULL && i < config->torrents->count; i++)
        btw_host_add(memory->host, scn_torrents_fixture(&config->torrents->list[i]), role_of(config->role), NULL);
    memory->mem = scn_mem_new(memory->host, &memory->faults);
    return memory->host != NULL;
}

static void stop(struct memory *memory)
{
    scn_mem_free(memory->mem);
    btw_host_free(memory->host);
    memory->mem = NULL;
    memory->host = NULL;
}

static bool read_faults(struct memory *memory, const char *const *faults, char *error, size_t cap)
{
    char text[FAULTS_TEXT_MAX];
    size_t len = 0;
    struct scn_error wrong;
    for (; faults != NULL && *faults != NULL && len < sizeof text; faults++)
        len += (size_t)snprintf(text + len, sizeof text - len, "%s\n", *faults);
    if (len == 0)
        return true;
    memory->script = len < sizeof text ? scn_faults_parse(text, &wrong) : NULL;
    if (memory->script == NULL) {
        snprintf(error, cap, "a fault does not parse: %s", len < sizeof text ? wrong.text : "all are too long");
        return false;
    }
    memory->faults.specs = memory->script->scenarios[0].faults;
    memory->faults.count = memory->script->scenarios[0].fault_count;
    return true;
}

static void mem_close(struct live_ground *ground)
{
    struct memory *memory = ground->inside;
    stop(memory);
    if (memory->script != NULL)
        scn_script_free(memory->script);
    free(memory);
}

static bool mem_open(struct live_ground *ground, char *error, size_t cap)
{
    struct memory *memory = ground->inside = calloc(1, sizeof *memory);
    if (memory == NULL)
        abort();
    bool fine = read_faults(memory, ground->config.faults, error, cap);
    if (fine && !start(ground)) {
        snprintf(error, cap, "a fault names a policy that does not exist");
        fine = false;
    }
    ground->endpoint.has_v4 = true;
    ground->endpoint.v4 = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(LISTEN_PORT) };
    ground->endpoint.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (!fine)
        mem_close(ground);
    return fine;
}

static bool mem_restart(struct live_ground *ground)
{
    stop(ground->inside);
    return start(ground);
}

static void mem_play(struct live_ground *ground, const struct live_player *player)
{
    struct memory *memory = ground->inside;
    struct live_play *play;
    struct ground_job job;
    while ((play = player->next(player->user)) != NULL) {
        if (!ground_job_start(&job, ground, scn_mem_link(memory->mem), player, play))
            continue;
        if (!scn_mem_play_run(memory->mem, job.run))
            scn_run_abort(job.run, SCN_INCONCLUSIVE, "nothing was left that could happen, or it took too long");
        ground_job_end(&job, player);
    }
}

const struct ground_ops ground_mem_ops = { mem_open, mem_close, mem_play, mem_restart };

/* SPDX-License-Identifier: MIT
 *
 * The inside of a ground, shared by ground.c, ground_mem.c and ground_tcp.c.  Nobody else includes it.
 */
#ifndef LIVE_GROUND_STATE_H
#define LIVE_GROUND_STATE_H

#include "ground.h"

enum { GROUND_JOBS_MAX = 256, LOGS_MAX = 4 };

struct ground_ops {
    /* False: error is set. */
    bool (*open)(struct live_ground *ground, char *error, size_t cap);
    void (*close)(struct live_ground *ground);
    void (*play)(struct live_ground *ground, const struct live_player *player);
    bool (*restart)(struct live_ground *ground);
};
extern const struct ground_ops ground_mem_ops, ground_tcp_ops;

struct live_ground {
    const struct ground_ops *ops;
    struct live_ground_config config;
    struct scn_world world;
    struct scn_target_process target; /* sockets only */
    struct scn_endpoint endpoint;
    unsigned next_number;
    long heard[LOGS_MAX]; /* how much of each log is known to hold no report */
    void *inside;         /* of the ops */
};

/* A play under way. */
struct ground_job {
    struct live_play *play;
    struct scn_script *script;
    struct scn_run *run;
    struct live_look *look;
    int64_t until_ms; /* with sockets: it is given up then */
};
/* False: the text is wrong, and the play is over. */
bool ground_job_start(struct ground_job *job, struct live_ground *ground, struct scn_link *link,
                      const struct live_player *player, struct live_play *play);
void ground_job_end(struct ground_job *job, const struct live_player *player);

#endif

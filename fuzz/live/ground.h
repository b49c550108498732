/* SPDX-License-Identifier: MIT
 *
 * Where cases are played: the reference peer in memory under a virtual clock, or a target behind sockets.  Both take
 * scenario texts one after another, or many at once, from whoever makes them.
 */
#ifndef LIVE_GROUND_H
#define LIVE_GROUND_H

#include <sys/types.h>

#include "look.h"
#include "obituary.h"
#include "target.h"

struct live_ground_config {
    enum scn_target role;
    bool sockets;                  /* false: memory */
    const char *address;           /* HOST:PORT, or NULL */
    const char *driver;            /* program, or NULL; with neither the reference peer is the target */
    const char *fixture;           /* folder for the driver, or NULL */
    const char *const *faults;     /* of the reference peer, NULL behind the last; or NULL */
    struct scn_torrents *torrents; /* that the target has or shall have; those it cannot load are taken out */
    uint64_t seed;
    uint32_t mse;  /* methods that all scripted peers encrypt with; 0: in clear */
    unsigned jobs; /* plays at once, with sockets */
};

/* One play of a scenario. */
struct live_play {
    const char *text;
    size_t len;
    scn_tap_fn *tap; /* who else wants to see the bytes, or NULL */
    void *tap_user;
    void *user;
    int64_t ms_max; /* with sockets it is given up then; 0: after a long time */
    /* out, valid until the call of `over` returns: */
    const struct scn_run *run;
    const struct live_look *look;
    const char *error; /* the text does not parse; run and look are NULL */
};

/* Who makes plays and takes what came of them. */
struct live_player {
    struct live_play *(*next)(void *user);            /* borrowed until it is over; NULL: none now */
    void (*over)(void *user, struct live_play *play); /* and may free it */
    void *user;
};

struct live_ground;

enum {
    LIVE_END_MS = 2000
}; /* for a process that takes no connections any more to be gone, and its driver to say how */

/* Takes hold of the target.  config is borrowed.  NULL: error says why, one sentence. */
struct live_ground *live_ground_open(const struct live_ground_config *config, char *error, size_t cap);
void live_ground_close(struct live_ground *ground); /* NULL is fine */

/* Plays until next() has none any more and all are over. */
void live_ground_play(struct live_ground *ground, const struct live_player *player);
/* Starts the target again, in its first state.  False: it is not ours, or does not come back. */
bool live_ground_restart(struct live_ground *ground);
/* How many plays at once, from the next call of live_ground_play on; memory plays one by one whatever is said. */
void live_ground_set_jobs(struct live_ground *ground, unsigned jobs);
unsigned live_ground_jobs(const struct live_ground *ground);
bool live_ground_can_restart(const struct live_ground *ground);

const struct scn_world *live_ground_world(const struct live_ground *ground);
const struct scn_endpoint *live_ground_endpoint(const struct live_ground *ground);
/* The i-th file with what the target wrote since it was started; false: there are no more. */
bool live_ground_log(const struct live_ground *ground, size_t i, char *path, size_t cap);
/* What is known of the target's end, for which it waits at most wait_ms.  Reports in its logs count from its start, and
 * again and again until it is started anew. */
void live_ground_obituary(struct live_ground *ground, unsigned wait_ms, struct live_obituary *out);

#endif

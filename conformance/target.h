/* SPDX-License-Identifier: MIT
 *
 * Getting hold of a target: one that listens already, one that a driver starts, or the reference peer in a process of
 * its own.
 */
#ifndef SCN_TARGET_H
#define SCN_TARGET_H

#include "child.h"
#include "net.h"
#include "torrents.h"

enum { SCN_TARGET_READY_MS = 120 * 1000 };

struct scn_target_config {
    const char *address; /* HOST:PORT, or NULL */
    const char *driver;  /* program, or NULL; with neither the reference peer is the target */
    const char *fixture; /* folder for the driver; NULL: one is made and taken away again */
    enum scn_target role;
    bool encrypts;  /* the reference peer shall dial with encryption first; clients have environments of their own */
    bool keeps_log; /* what the reference peer writes goes to a file, as with clients; else it is ours */
    const char *const *faults;  /* of the reference peer, NULL behind the last; or NULL */
    char tracker[SCN_NET_TEXT]; /* URL of the suite's tracker for those who are started; "": none */
};

struct scn_target_process {
    struct scn_endpoint endpoint;
    const struct scn_target_config *config;
    struct scn_child *child; /* NULL: not ours, or not running */
    char *names;             /* torrents to load, parted by spaces */
    char scratch[64];        /* folder of our own, "" when there is none */
    char fixture[128];
    uint16_t port;
    unsigned starts;
    char error[300]; /* why the last call failed, one sentence */
};

/* Takes hold of the target, which shall have the torrents; those that a driver says the client cannot load are taken
 * out of the list.  config is borrowed.  False: error says why, and nothing is left behind. */
bool scn_target_open(struct scn_target_process *target, const struct scn_target_config *config,
                     struct scn_torrents *torrents);
/* Starts it anew, in its first state.  False: it is not ours, or error says why. */
bool scn_target_restart(struct scn_target_process *target);
/* Has the client that was started ended by itself, or does it within wait_ms?  *out is filled as far as it is known:
 * status -1 says that it is not.  False: it runs, or is not ours. */
bool scn_target_ended(struct scn_target_process *target, unsigned wait_ms, struct scn_child_end *out);
/* The i-th file with what the client wrote since it was started.  False: there are no more. */
bool scn_target_log(const struct scn_target_process *target, size_t i, char *path, size_t cap);
/* Stops what was started and removes what was written. */
void scn_target_close(struct scn_target_process *target);

#endif

/* SPDX-License-Identifier: MIT
 *
 * A target's process on this machine, as /proc shows it.
 */
#ifndef LIVE_PROC_H
#define LIVE_PROC_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct live_proc {
    pid_t pid;
    uint64_t started; /* in ticks since boot: another process with the pid has another time */
};

struct live_sample {
    uint64_t rss; /* bytes */
    uint64_t fds;
    uint64_t cpu_ms; /* user and system, so far */
};

/* Who listens on the port.  False: nobody whose descriptors we may read. */
bool live_proc_of_port(struct live_proc *out, uint16_t port);
bool live_proc_of_pid(struct live_proc *out, pid_t pid);
/* False: it is gone. */
bool live_proc_sample(const struct live_proc *proc, struct live_sample *out);

#endif

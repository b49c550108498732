/* SPDX-License-Identifier: MIT
 *
 * A program that plays the target: started, waited for until it says that it is ready, stopped.
 */
#ifndef SCN_CHILD_H
#define SCN_CHILD_H

#include <stdbool.h>
#include <stddef.h>

enum { SCN_CHILD_SAID = 64 * 1024 };

struct scn_child;

/* Starts argv (NULL behind the last) and waits for its line that begins with `ready`, at most timeout_ms.  Its standard
 * input stays open until it is stopped; its standard error goes to the file `log`, or is ours (NULL).  Blocks; SIGINT
 * and SIGTERM cut it short.  NULL: error says why, one sentence; nothing is left running. */
struct scn_child *scn_child_start(const char *const *argv, const char *log, unsigned timeout_ms, char *error,
                                  size_t cap);

/* All lines so far, each with its newline; what is beyond SCN_CHILD_SAID is left out. */
const char *scn_child_said(const struct scn_child *child);

/* How a program ended. */
struct scn_child_end {
    int status; /* that it returned */
    int signal; /* that ended it; 0: none */
};
/* Has it ended by itself, or does it within wait_ms?  Takes in what it says meanwhile.  False: it runs. */
bool scn_child_ended(struct scn_child *child, unsigned wait_ms, struct scn_child_end *out);

/* SIGTERM, and SIGKILL when that does not help; returns when it is gone.  NULL is fine. */
void scn_child_stop(struct scn_child *child);

#endif

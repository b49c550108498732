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
 * input stays open until it is stopped, its standard error is ours.  Blocks; SIGINT and SIGTERM cut it short.
 * NULL: error says why, one sentence; nothing is left running. */
struct scn_child *scn_child_start(const char *const *argv, unsigned timeout_ms, char *error, size_t cap);

/* All lines up to the one with `ready`, each with its newline; what is beyond SCN_CHILD_SAID is left out. */
const char *scn_child_said(const struct scn_child *child);

/* SIGTERM, and SIGKILL when that does not help; returns when it is gone.  NULL is fine. */
void scn_child_stop(struct scn_child *child);

#endif

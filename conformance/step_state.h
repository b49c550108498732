/* SPDX-License-Identifier: MIT
 *
 * The statements of a scenario: one function each, entered when the statement begins and again whenever something may
 * have changed, until it says that it is done.  step.c has what steers, step_hear.c what waits for the target, and
 * step_conn.c what the scripted peer does.
 */
#ifndef SCN_STEP_STATE_H
#define SCN_STEP_STATE_H

#include "run_state.h"

enum { STEP_EXPECT_MS = 10000 }; /* an answer (spec: 10 s) */

/* True at the first entry, which notes when the statement began. */
bool step_first(struct scn_run *run);
/* The deadline is the statement's own, or else that. */
void step_within(struct scn_run *run, const struct scn_step *step, int64_t otherwise_ms);
bool step_late(const struct scn_run *run);
/* As its `else` says.  got and reason must live as long as the run; got may be NULL. */
enum step_state step_failed(struct scn_run *run, const struct scn_step *step, const char *got, const char *reason);
enum step_state step_failed_as(struct scn_run *run, const struct scn_step *step, enum scn_verdict verdict,
                               const char *reason);
/* How the target ended the connection, in words. */
const char *step_how_closed(const struct scn_conn *conn);
/* Plays the body of the statement so often before what follows.  False: there is nothing to play. */
bool step_push(struct scn_run *run, const struct scn_step *step, int64_t times);

typedef enum step_state step_fn(struct scn_run *run, const struct scn_step *step);
step_fn play_expect, play_maybe, play_anyorder, play_closes, play_sync, play_oneof, play_never;
step_fn play_dial, play_listen, play_accept, play_secured, play_send, play_fin, play_rst, play_read, play_serve;

#endif

/* SPDX-License-Identifier: MIT
 *
 * A tape of what is said on a connection of a running scenario, made as it is said.
 */
#ifndef CAP_LIVE_H
#define CAP_LIVE_H

#include "run.h"
#include "tape.h"

struct cap_live;

/* us: the side that the scripted peer stands for. */
struct cap_live *cap_live_new(enum btw_side us);
void cap_live_free(struct cap_live *live); /* NULL is fine */

/* For scn_run_tap; user is the struct cap_live.  A connection that is made anew begins the tape anew. */
void cap_live_tap(void *user, const struct scn_conn *conn, bool sent, struct btw_slice bytes, int64_t now_ms);

/* The connection was ended: how, and by which side. */
void cap_live_end(struct cap_live *live, enum btw_side side, enum btw_end how, int64_t now_ms);

/* Lives until cap_live_free. */
const struct cap_tape *cap_live_tape(const struct cap_live *live);

#endif

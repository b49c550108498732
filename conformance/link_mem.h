/* SPDX-License-Identifier: MIT
 *
 * A link in memory: the reference peer on the other end, one millisecond away, under a clock that jumps from deadline
 * to deadline.  Everything arrives, in order, in the pieces in which it was sent; windows are bounded; every run of the
 * same things is the same run.
 */
#ifndef SCN_LINK_MEM_H
#define SCN_LINK_MEM_H

#include "fault.h"
#include "suite.h"

enum {
    SCN_MEM_LATENCY_MS = 1,
    SCN_MEM_LEARN_MS = 100,      /* from a listener to the host's knowing of it */
    SCN_MEM_WINDOW = 256 * 1024, /* bytes on their way, each direction; rcvbuf narrows what comes to the engine */
    SCN_MEM_WINDOW_MIN = 4096,
    SCN_MEM_SENDBUF = 64 * 1024,     /* what the peer's side keeps on top of that */
    SCN_MEM_PLAY_MS = 30 * 60 * 1000 /* longest play, virtual time */
};

struct scn_mem;

/* host and faults (NULL: none) are borrowed and outlive the link; the host must have no connections yet. */
struct scn_mem *scn_mem_new(struct btw_host *host, struct scn_faults *faults);
/* Runs and suites that use the link must be freed before. */
void scn_mem_free(struct scn_mem *mem);
struct scn_link *scn_mem_link(struct scn_mem *mem);

/* Plays until the run or suite is done.  False: it was not after SCN_MEM_PLAY_MS, or nothing was left that could
 * happen. */
bool scn_mem_play_run(struct scn_mem *mem, struct scn_run *run);
bool scn_mem_play_suite(struct scn_mem *mem, struct scn_suite *suite);

#endif

/* SPDX-License-Identifier: MIT
 *
 * How one end of a session differs from what the same end of another session said.  Message by message where order is
 * the protocol's, by meaning where it is not: which answer a question got, which pieces were announced, which blocks
 * were wanted, who ended it and how.
 */
#ifndef CAP_COMPARE_H
#define CAP_COMPARE_H

#include "pairs.h"

struct cap_difference {
    bool grave;                 /* an answer is not what it was; all else is a matter of taste or of who it is */
    const char *captured, *now; /* in the notation; NULL: nothing of the kind */
    unsigned more;              /* of the same kind, which are not listed */
};

struct cap_comparison {
    struct cap_difference *list;
    size_t count;
    uint64_t asked, same;        /* questions that were answered in the capture; those that are answered alike now, */
    uint64_t unasked;            /* and those that nobody asked this time */
    uint64_t blocks;             /* blocks that came now */
    uint64_t wanted, wanted_now; /* blocks that the target asked for, each once */
};

/* What the target (who is it by side) says now, compared with what it said in the capture.  same_torrent: content and
 * sizes can be compared, too.  All of it lives in the arena. */
struct cap_comparison cap_compare(struct scn_arena *arena, const struct cap_tape *captured, const struct cap_tape *now,
                                  enum btw_side target, bool same_torrent);

#endif

/* SPDX-License-Identifier: MIT
 *
 * What `conformance replay` says of a session that was played again: how the target differs from the captured one, and
 * which rules it broke.
 */
#ifndef CAP_REPLAY_H
#define CAP_REPLAY_H

#include <jansson.h>
#include <stdio.h>

#include "compare.h"
#include "suite.h"

struct cap_replay {
    /* To be filled by the caller; all of it is borrowed. */
    const char *source; /* what the capture is called */
    const struct cap_tape *captured, *now;
    enum btw_side target;
    const struct scn_outcome *outcome; /* of the run */
    const struct cap_comparison *comparison;
};

/* For people: first the differences, then the findings of the monitors, then one line that sums up. */
void cap_replay_print(const struct cap_replay *replay, FILE *out);
/* For programs: what docs/report.md has of a replay and of nothing else.  The caller's. */
json_t *cap_replay_json(const struct cap_replay *replay);

/* NULL: the target did what the captured one did (strict: and in no way differently).  Otherwise what it did not, one
 * sentence.  The rules are judged apart. */
const char *cap_replay_objection(const struct cap_replay *replay, bool strict);

#endif

/* SPDX-License-Identifier: MIT
 *
 * The last lines of a session, kept cheaply until somebody wants to read them: numbers, and a copy of what is more than
 * that.  Memory is bounded, and nothing is allocated for the messages that come in thousands.
 */
#ifndef CAP_LINES_H
#define CAP_LINES_H

#include "dissect.h"

enum { CAP_LINES_KEPT = 9 };

struct cap_line {
    int64_t time_ns;
    uint64_t length; /* of a gap, or of the message's data */
    uint32_t piece, begin, number;
    uint8_t kind, side, type, bad;
    bool resumed;
    uint8_t *copy; /* a whole message, and the beginning of its data behind it */
    size_t room;   /* of the copy */
};

/* Begin with zeros; all fields are private but `seen`. */
struct cap_lines {
    struct cap_line ring[CAP_LINES_KEPT];
    size_t seen; /* ever */
};

void cap_lines_take(struct cap_lines *lines, const struct cap_event *event);
/* Line i of those ever seen, one of the last CAP_LINES_KEPT: "0.000123 f0 > have piece=3", in brief style, to be freed.
 * Times count from start_ns.  NULL: there is nothing worth a line. */
char *cap_lines_text(const struct cap_lines *lines, size_t i, const struct cap_session *session, int64_t start_ns);
void cap_lines_free(struct cap_lines *lines);

#endif

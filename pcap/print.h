/* SPDX-License-Identifier: MIT
 *
 * Events as lines of the notation (docs/captures.md): time, flow, the end that dialled, the direction, the other end,
 * and what was said.
 *
 *     0.000123 f0 10.0.0.1:50123 > 10.0.0.2:6881 have piece=3
 */
#ifndef CAP_PRINT_H
#define CAP_PRINT_H

#include <stdio.h>

#include "names.h"

/* A text that grows.  Begin with zeros. */
struct cap_text {
    char *text;
    size_t len, room;
};
void cap_text_free(struct cap_text *text);

/* A message in the notation; style as in btw_msg_print.  A block whose bytes were not kept has its length only:
 * "data=..(16384 bytes)".  Lives until the next call with the same buffer. */
const char *cap_message_text(struct cap_text *buffer, const struct btw_msg *msg, int style);
/* What an event says, likewise: a message, "fin", "rst", or a comment.  NULL: nothing worth a line. */
const char *cap_event_text(struct cap_text *buffer, const struct cap_event *event, int style);

/* What stands in front of the messages of a session: "f0 A > B", "f0 A < B". */
struct cap_heads {
    char of[2][2 * CAP_ENDPOINT_TEXT + 32]; /* by enum btw_side */
};
void cap_heads_of(struct cap_heads *out, const struct cap_session *session);

struct cap_printer {
    FILE *out;
    bool color;             /* and alignment: for eyes */
    int style;              /* BTW_PRINT_BRIEF or BTW_PRINT_FULL */
    int digits;             /* decimals of a second */
    int64_t start_ns;       /* what times count from */
    struct cap_text buffer; /* private */
};
/* Coloured on a terminal only; NO_COLOR is respected. */
struct cap_printer cap_printer_on(FILE *out);
void cap_printer_free(struct cap_printer *printer);

void cap_print_event(struct cap_printer *printer, const struct cap_heads *heads, const struct cap_event *event);
/* A comment about one direction. */
void cap_print_note(struct cap_printer *printer, const struct cap_heads *heads, enum btw_side side, int64_t time_ns,
                    const char *note);

#endif

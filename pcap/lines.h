/* SPDX-License-Identifier: MIT
 *
 * The last lines of a session, kept cheaply until somebody wants to read them: numbers, and a copy of what is more than
 * that.  Memory is bounded, and nothing is allocated for the messages that come in thousands.
 */
#ifndef CAP_LINES_H
#define CAP_LINES_H

#include "dissect.h"

enum {
    CAP_LINES_KEPT = 9, /* can be read */
    CAP_LINES_ROOM = 16 /* a power of two */
};

struct cap_line {
    int64_t time_ns;
    uint64_t length; /* of the message's data */
    uint32_t piece, begin, number;
    enum btw_type type;
    enum cap_event_kind kind;
    enum btw_side side;
    uint8_t *copy; /* of an event that is more than that, with the beginning of its data behind it */
    size_t room;   /* of the copy */
};

/* Begin with zeros; all fields are private but `seen`. */
struct cap_lines {
    struct cap_line ring[CAP_LINES_ROOM];
    size_t seen; /* ever */
};

/* Keeps a copy of the event. */
void cap_line_copy(struct cap_line *line, const struct cap_event *event);

/* Do piece, begin and length say it all?  Of a block nobody wants the bytes. */
static inline bool cap_line_is_plain(enum cap_event_kind kind, enum btw_type type)
{
    const uint32_t plain = 1u << BTW_KEEPALIVE | 1u << BTW_CHOKE | 1u << BTW_UNCHOKE | 1u << BTW_INTERESTED |
                           1u << BTW_NOT_INTERESTED | 1u << BTW_HAVE | 1u << BTW_REQUEST | 1u << BTW_PIECE |
                           1u << BTW_CANCEL | 1u << BTW_SUGGEST | 1u << BTW_HAVE_ALL | 1u << BTW_HAVE_NONE |
                           1u << BTW_REJECT | 1u << BTW_ALLOWED_FAST;
    return kind == CAP_MESSAGE && (plain & 1u << type) != 0;
}

static inline void cap_lines_take(struct cap_lines *lines, const struct cap_event *event)
{
    struct cap_line *line = &lines->ring[lines->seen++ % CAP_LINES_ROOM];
    line->time_ns = event->time_ns;
    line->length = event->msg.data.len;
    line->piece = event->msg.piece;
    line->begin = event->msg.begin;
    line->number = event->msg.length;
    line->type = event->msg.type;
    line->kind = event->kind;
    line->side = event->side;
    if (!cap_line_is_plain(event->kind, event->msg.type))
        cap_line_copy(line, event);
}
/* Line i of those ever seen, one of the last CAP_LINES_KEPT: "0.000123 f0 > have piece=3", in brief style, to be freed.
 * Times count from start_ns.  NULL: there is nothing worth a line. */
char *cap_lines_text(const struct cap_lines *lines, size_t i, const struct cap_session *session, int64_t start_ns);
void cap_lines_free(struct cap_lines *lines);

#endif

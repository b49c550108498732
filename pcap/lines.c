/* SPDX-License-Identifier: MIT
 *
 * A ring of lines, printed only on request.
 */
#include "lines.h"

#include <inttypes.h>
#include <stdlib.h>

#include "btw/notation.h"
#include "print.h"

enum { DATA_KEPT = 1024, DIGITS = 6 };

/* What is kept of a message's data; an event that is none may still have an older message's. */
static struct btw_slice data_of(const struct cap_event *event)
{
    bool message = event->kind == CAP_MESSAGE || event->kind == CAP_BAD;
    size_t len = event->msg.data.len < DATA_KEPT ? event->msg.data.len : DATA_KEPT;
    return btw_slice_of(event->msg.data.data, message ? len : 0);
}

void cap_line_copy(struct cap_line *line, const struct cap_event *event)
{
    struct btw_slice data = data_of(event);
    size_t need = sizeof *event + data.len;
    if (need > line->room) {
        uint8_t *grown = realloc(line->copy, need);
        if (grown == NULL)
            abort();
        line->copy = grown;
        line->room = need;
    }
    memcpy(line->copy, event, sizeof *event);
    if (data.len > 0)
        memcpy(line->copy + sizeof *event, data.data, data.len);
}

/* The event again, as far as a line tells of it. */
static struct cap_event event_of(const struct cap_line *line)
{
    struct cap_event event = {
        .kind = line->kind,
        .side = line->side,
        .msg = { .type = line->type,
                 .piece = line->piece,
                 .begin = line->begin,
                 .length = line->number,
                 .data = { NULL, line->length } },
    };
    if (cap_line_is_plain(line->kind, line->type))
        return event;
    memcpy(&event, line->copy, sizeof event);
    event.msg.data = btw_slice_of(line->copy + sizeof event, data_of(&event).len);
    return event;
}

char *cap_lines_text(const struct cap_lines *lines, size_t i, const struct cap_session *session, int64_t start_ns)
{
    const struct cap_line *line = &lines->ring[i % CAP_LINES_ROOM];
    struct cap_event event = event_of(line);
    struct cap_text buffer = { 0 };
    char time[CAP_TIME_TEXT], remark[48] = "", *made = NULL;
    const char *text = cap_event_text(&buffer, &event, BTW_PRINT_BRIEF);
    cap_time_text(time, line->time_ns - start_ns, DIGITS);
    if (event.msg.data.len > 0 && event.msg.data.len < line->length)
        (void)snprintf(remark, sizeof remark, " # %" PRIu64 " bytes in all", line->length);
    if (text != NULL && asprintf(&made, "%s f%" PRIu64 " %c %s%s", time, session->number,
                                 event.side == BTW_DIALLER ? '>' : '<', text, remark) < 0)
        abort();
    cap_text_free(&buffer);
    return made;
}

void cap_lines_free(struct cap_lines *lines)
{
    for (size_t i = 0; i < CAP_LINES_ROOM; i++)
        free(lines->ring[i].copy);
}

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

/* Does piece, begin and length say it all?  Of a block nobody wants the bytes. */
static bool is_plain(const struct cap_event *event)
{
    const uint32_t plain = 1u << BTW_KEEPALIVE | 1u << BTW_CHOKE | 1u << BTW_UNCHOKE | 1u << BTW_INTERESTED |
                           1u << BTW_NOT_INTERESTED | 1u << BTW_HAVE | 1u << BTW_REQUEST | 1u << BTW_PIECE |
                           1u << BTW_CANCEL | 1u << BTW_SUGGEST | 1u << BTW_HAVE_ALL | 1u << BTW_HAVE_NONE |
                           1u << BTW_REJECT | 1u << BTW_ALLOWED_FAST;
    bool message = event->kind == CAP_MESSAGE || event->kind == CAP_BAD;
    return !message || (plain & 1u << event->msg.type) != 0;
}

static size_t kept_of(uint64_t len)
{
    return len < DATA_KEPT ? (size_t)len : DATA_KEPT;
}

static void keep_copy(struct cap_line *line, const struct btw_msg *msg)
{
    size_t len = kept_of(msg->data.len), need = sizeof *msg + len;
    if (need > line->room) {
        uint8_t *grown = realloc(line->copy, need);
        if (grown == NULL)
            abort();
        line->copy = grown;
        line->room = need;
    }
    memcpy(line->copy, msg, sizeof *msg);
    if (len > 0)
        memcpy(line->copy + sizeof *msg, msg->data.data, len);
}

void cap_lines_take(struct cap_lines *lines, const struct cap_event *event)
{
    struct cap_line *line = &lines->ring[lines->seen++ % CAP_LINES_KEPT];
    const struct btw_msg *msg = &event->msg;
    line->time_ns = event->time_ns;
    line->length = event->kind == CAP_GAP || event->kind == CAP_CIPHER ? event->gap : msg->data.len;
    line->piece = msg->piece;
    line->begin = msg->begin;
    line->number = msg->length;
    line->kind = (uint8_t)event->kind;
    line->side = (uint8_t)event->side;
    line->type = (uint8_t)msg->type;
    line->bad = (uint8_t)event->bad;
    line->resumed = event->resumed;
    if (!is_plain(event))
        keep_copy(line, msg);
}

/* The event again, as far as a line tells of it. */
static struct cap_event event_of(const struct cap_line *line, const struct cap_session *session)
{
    struct cap_event event = {
        .kind = (enum cap_event_kind)line->kind,
        .session = (struct cap_session *)session, /* only read */
        .side = (enum btw_side)line->side,
        .time_ns = line->time_ns,
        .bad = (enum btw_status)line->bad,
        .gap = line->length,
        .resumed = line->resumed,
        .msg = { .type = (enum btw_type)line->type,
                 .piece = line->piece,
                 .begin = line->begin,
                 .length = line->number,
                 .data = { NULL, line->length } },
    };
    if (is_plain(&event))
        return event;
    memcpy(&event.msg, line->copy, sizeof event.msg);
    event.msg.data = btw_slice_of(line->copy + sizeof event.msg, kept_of(line->length));
    return event;
}

char *cap_lines_text(const struct cap_lines *lines, size_t i, const struct cap_session *session, int64_t start_ns)
{
    const struct cap_line *line = &lines->ring[i % CAP_LINES_KEPT];
    struct cap_event event = event_of(line, session);
    struct cap_text buffer = { 0 };
    char time[CAP_TIME_TEXT], remark[48] = "", *made = NULL;
    const char *text = cap_event_text(&buffer, &event, BTW_PRINT_BRIEF);
    cap_time_text(time, line->time_ns - start_ns, DIGITS);
    if (!is_plain(&event) && event.msg.data.len < line->length)
        (void)snprintf(remark, sizeof remark, " # %" PRIu64 " bytes in all", line->length);
    if (text != NULL && asprintf(&made, "%s f%" PRIu64 " %c %s%s", time, session->number,
                                 event.side == BTW_DIALLER ? '>' : '<', text, remark) < 0)
        abort();
    cap_text_free(&buffer);
    return made;
}

void cap_lines_free(struct cap_lines *lines)
{
    for (size_t i = 0; i < CAP_LINES_KEPT; i++)
        free(lines->ring[i].copy);
}

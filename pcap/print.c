/* SPDX-License-Identifier: MIT
 *
 * Lines of a decoded capture.
 */
#include "print.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include "btw/notation.h"

enum { ROOM_MIN = 512, HEAD_WIDTH = 50 };

void cap_text_free(struct cap_text *text)
{
    free(text->text);
    *text = (struct cap_text){ 0 };
}

static void make_room(struct cap_text *text, size_t room)
{
    if (room <= text->room)
        return;
    text->room = room > 2 * text->room ? room : 2 * text->room;
    text->text = realloc(text->text, text->room);
    if (text->text == NULL)
        abort();
}

static const char *format(struct cap_text *text, const char *how, ...) __attribute__((format(printf, 2, 3)));
static const char *format(struct cap_text *text, const char *how, ...)
{
    va_list args;
    make_room(text, ROOM_MIN);
    va_start(args, how);
    text->len = (size_t)vsnprintf(text->text, text->room, how, args);
    va_end(args);
    return text->text;
}

const char *cap_message_text(struct cap_text *buffer, const struct btw_msg *msg, int style)
{
    if (msg->type == BTW_PIECE && msg->data.data == NULL)
        return format(buffer, "piece piece=%" PRIu32 " begin=%" PRIu32 " data=..(%zu bytes)", msg->piece, msg->begin,
                      msg->data.len);
    make_room(buffer, ROOM_MIN);
    if (btw_msg_print(buffer->text, buffer->room, &buffer->len, msg, style) == BTW_NO_SPACE) {
        make_room(buffer, buffer->len + 1);
        (void)btw_msg_print(buffer->text, buffer->room, &buffer->len, msg, style);
    }
    return buffer->text;
}

/* Bytes that are no message, and why. */
static const char *bad_text(struct cap_text *buffer, const struct cap_event *event, int style)
{
    const char *why = btw_status_text(event->bad);
    cap_message_text(buffer, &event->msg, style);
    size_t len = buffer->len, more = strlen(why) + sizeof " # ";
    make_room(buffer, len + more);
    buffer->len += (size_t)snprintf(buffer->text + len, more, " # %s", why);
    return buffer->text;
}

static const char *opened_text(struct cap_text *buffer, const struct cap_session *session)
{
    const struct cap_direction *sent = session->sent;
    if (session->kind == CAP_WIRE && session->dialler_known && sent[BTW_DIALLER].start)
        return NULL;
    return format(buffer, "# %s%s%s", cap_kind_text(session->kind),
                  session->dialler_known ? "" : "; nobody was seen to dial",
                  sent[BTW_DIALLER].start ? "" : "; the start was not captured");
}

const char *cap_event_text(struct cap_text *buffer, const struct cap_event *event, int style)
{
    switch (event->kind) {
    case CAP_OPENED:
        return opened_text(buffer, event->session);
    case CAP_MESSAGE:
        return cap_message_text(buffer, &event->msg, style);
    case CAP_BAD:
        return bad_text(buffer, event, style);
    case CAP_GAP:
        return format(buffer, "# %" PRIu64 " byte%s missing; %s", event->gap, event->gap == 1 ? " is" : "s are",
                      event->resumed ? "reading goes on" : "the rest of this direction cannot be read");
    case CAP_CIPHER:
        return format(buffer, "# %" PRIu64 " encrypted byte%s", event->gap, event->gap == 1 ? "" : "s");
    case CAP_FIN:
        return format(buffer, "fin");
    case CAP_RST:
        return format(buffer, "rst");
    case CAP_CLOSED:
        return NULL;
    }
    return NULL;
}

void cap_heads_of(struct cap_heads *out, const struct cap_session *session)
{
    char dialler[CAP_ENDPOINT_TEXT], acceptor[CAP_ENDPOINT_TEXT];
    cap_endpoint_text(dialler, &session->sent[BTW_DIALLER].from);
    cap_endpoint_text(acceptor, &session->sent[BTW_ACCEPTOR].from);
    for (int side = 0; side < 2; side++)
        (void)snprintf(out->of[side], sizeof out->of[side], "f%" PRIu64 " %s %c %s", session->number, dialler,
                       side == BTW_DIALLER ? '>' : '<', acceptor);
}

struct cap_printer cap_printer_on(FILE *out)
{
    const char *none = getenv("NO_COLOR");
    return (struct cap_printer){
        .out = out,
        .color = isatty(fileno(out)) != 0 && (none == NULL || none[0] == '\0'),
        .style = BTW_PRINT_BRIEF,
        .digits = 6,
    };
}

void cap_printer_free(struct cap_printer *printer)
{
    cap_text_free(&printer->buffer);
}

static void print_line(const struct cap_printer *printer, const char *head, enum btw_side side, int64_t time_ns,
                       const char *text)
{
    static const char *const colors[] = { [BTW_DIALLER] = "\033[36m", [BTW_ACCEPTOR] = "\033[33m" };
    char time[CAP_TIME_TEXT];
    cap_time_text(time, time_ns - printer->start_ns, printer->digits);
    if (printer->color)
        fprintf(printer->out, "%*s \033[2m%-*s\033[0m %s%s\033[0m\n", printer->digits + 5, time, HEAD_WIDTH, head,
                text[0] == '#' ? "\033[2m" : colors[side], text);
    else
        fprintf(printer->out, "%s %s %s\n", time, head, text);
}

void cap_print_event(struct cap_printer *printer, const struct cap_heads *heads, const struct cap_event *event)
{
    const char *text = cap_event_text(&printer->buffer, event, printer->style);
    if (text != NULL)
        print_line(printer, heads->of[event->side], event->side, event->time_ns, text);
}

void cap_print_note(struct cap_printer *printer, const struct cap_heads *heads, enum btw_side side, int64_t time_ns,
                    const char *note)
{
    (void)format(&printer->buffer, "# %s", note);
    print_line(printer, heads->of[side], side, time_ns, printer->buffer.text);
}

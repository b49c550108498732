/* SPDX-License-Identifier: MIT
 *
 * A session as text, for tests of those who listen to events.  Each line is one event and one frame: a side (d dials, a
 * accepts), milliseconds, and a message in the notation or one of
 *
 *     gap N       N bytes are missing, reading goes on behind     lost N    the same, and reading ends
 *     bad HEX     bytes that break their layout                   fin, rst
 *
 * CAP_OPENED comes first and CAP_CLOSED last.
 */
#ifndef CAP_TEST_EVENTS_H
#define CAP_TEST_EVENTS_H

#include <stdio.h>
#include <stdlib.h>

#include "btw/notation.h"
#include "dissect.h"

/* The session of a test; begin with EVENTS_SESSION and change what is different. */
#define EVENTS_SESSION                                                                                                 \
    {                                                                                                                  \
        .kind = CAP_WIRE, .dialler_known = true, .first_frame = 1,                                                     \
        .sent = { { .from = { { 10, 0, 0, 1 }, 4, 40000 }, .start = true, .seen = true },                              \
                  { .from = { { 10, 0, 0, 2 }, 4, 6881 }, .start = true, .seen = true } },                             \
    }

static inline void events_read(struct cap_event *event, const char *text, size_t len)
{
    static uint8_t scratch[1 << 17];
    unsigned long number = 0;
    struct btw_diag diag = { 0 };
    event->kind = CAP_MESSAGE;
    if (sscanf(text, "gap %lu", &number) == 1 || sscanf(text, "lost %lu", &number) == 1) {
        event->kind = CAP_GAP;
        event->gap = event->size = number;
        event->resumed = text[0] == 'g';
    } else if (strncmp(text, "fin", 3) == 0) {
        event->kind = CAP_FIN;
    } else if (strncmp(text, "rst", 3) == 0) {
        event->kind = CAP_RST;
    } else if (strncmp(text, "bad ", 4) == 0) {
        event->kind = CAP_BAD;
        event->bad = BTW_BAD_WIRE;
        event->msg.type = BTW_RAW;
        if (btw_text_bytes(scratch, sizeof scratch, &len, btw_slice_of(text + 4, len - 4), &diag) != BTW_OK)
            abort();
        event->msg.data = btw_slice_of(scratch, len);
    } else if (btw_msg_parse(&event->msg, scratch, sizeof scratch, text, len, &diag) != BTW_OK) {
        fprintf(stderr, "%.*s: %s\n", (int)len, text, diag.text);
        abort();
    }
    if (event->kind == CAP_MESSAGE || event->kind == CAP_BAD)
        event->size = btw_msg_size(&event->msg);
}

/* What the bytes of a session do to what is known of it. */
static inline void events_count(struct cap_session *session, const struct cap_event *event)
{
    struct cap_direction *sent = &session->sent[event->side];
    if (event->kind == CAP_GAP)
        sent->missing += event->gap;
    if (event->kind == CAP_MESSAGE && event->msg.type == BTW_HANDSHAKE && !session->hash_known) {
        memcpy(session->info_hash, event->msg.info_hash, 20);
        session->hash_known = true;
    }
    sent->bytes += event->size;
    session->last_ns = event->time_ns;
}

/* payload: blocks with their bytes. */
static inline void events_play(struct cap_session *session, const char *text, bool payload, cap_event_fn *told,
                               void *user)
{
    struct cap_event turn = { .kind = CAP_OPENED, .session = session };
    uint64_t at[2] = { 0, 0 };
    uint64_t frame = 0;
    told(user, &turn);
    while (*text != '\0') {
        const char *end = strchr(text, '\n');
        struct cap_event event = { .session = session, .frame = ++frame, .msg = { .type = BTW_KEEPALIVE } };
        long long ms;
        char side;
        int skip = 0;
        if (sscanf(text, "%c %lld %n", &side, &ms, &skip) < 2)
            abort();
        event.side = side == 'd' ? BTW_DIALLER : BTW_ACCEPTOR;
        event.time_ns = ms * 1000000;
        events_read(&event, text + skip, (size_t)(end - text) - (size_t)skip);
        event.offset = at[event.side];
        /* A hole lies in what comes behind it. */
        if (event.kind != CAP_GAP || !event.resumed)
            at[event.side] += event.size;
        if (event.msg.type == BTW_PIECE && !payload)
            event.msg.data.data = NULL;
        events_count(session, &event);
        turn.time_ns = event.time_ns;
        turn.frame = event.frame;
        told(user, &event);
        text = end + 1;
    }
    turn.kind = CAP_CLOSED;
    told(user, &turn);
}

/* Beginnings: A dials and wants, B has everything. */
#define EVENTS_HASH "info_hash=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define EVENTS_MEET(bits)                                                                                              \
    "d 0 handshake reserved=[" bits "] " EVENTS_HASH " peer_id=\"-AA0001-abcdefghijkl\"\n"                             \
    "a 1 handshake reserved=[" bits "] " EVENTS_HASH " peer_id=\"-BB0001-mnopqrstuvwx\"\n"
#define EVENTS_PLAIN EVENTS_MEET("") "a 2 bitfield bits=ffc0\nd 3 interested\na 4 unchoke\n" /* frames 1 to 5 */

#endif

/* SPDX-License-Identifier: MIT
 *
 * A session as text, for tests: a line is a side (d dials, a accepts), milliseconds and a message in the notation, or
 * `fin`, `rst` or `gap`.  It becomes the events that a dissector would tell of it.
 */
#ifndef CAP_TEST_TELL_H
#define CAP_TEST_TELL_H

#include <stdio.h>
#include <stdlib.h>

#include "btw/notation.h"
#include "tape.h"

static void tell_line(struct cap_tapes *tapes, struct cap_session *session, const char *line, size_t len)
{
    static uint8_t scratch[1 << 17];
    char side;
    int ms, at = 0;
    struct btw_diag diag = { 0 };
    struct cap_event event = { .kind = CAP_MESSAGE, .session = session, .msg = { .type = BTW_KEEPALIVE } };
    if (sscanf(line, "%c %d %n", &side, &ms, &at) < 2)
        abort();
    event.side = side == 'd' ? BTW_DIALLER : BTW_ACCEPTOR;
    event.time_ns = (int64_t)ms * 1000000;
    if (strncmp(line + at, "fin", 3) == 0) {
        event.kind = CAP_FIN;
    } else if (strncmp(line + at, "rst", 3) == 0) {
        event.kind = CAP_RST;
    } else if (strncmp(line + at, "gap", 3) == 0) {
        event.kind = CAP_GAP;
        event.gap = 1;
    } else if (btw_msg_parse(&event.msg, scratch, sizeof scratch, line + at, len - (size_t)at, &diag) != BTW_OK) {
        fprintf(stderr, "%.*s: %s\n", (int)len, line, diag.text);
        abort();
    }
    cap_tapes_take(tapes, &event);
}

/* One session, flow 0. */
static void tell(struct cap_tapes *tapes, const char *text)
{
    struct cap_session session = { .kind = CAP_WIRE, .dialler_known = true };
    session.sent[0].from = (struct cap_endpoint){ { 127, 0, 0, 1 }, 4, 40000 };
    session.sent[1].from = (struct cap_endpoint){ { 127, 0, 0, 1 }, 4, 6881 };
    cap_tapes_init(tapes, -1);
    while (*text != '\0') {
        const char *end = strchr(text, '\n');
        tell_line(tapes, &session, text, (size_t)(end - text));
        text = end + 1;
    }
}

#endif

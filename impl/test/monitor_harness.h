/* SPDX-License-Identifier: MIT
 *
 * A monitored session as text: one line per event, the time in milliseconds, the side (A dials, B accepts) and a
 * message in the notation, or one of
 *
 *     bad HEX     raw bytes that broke their layout        tick     time went on (the side means nothing)
 *     gap         bytes of this side were not seen         end      this side closed;  lost  nobody did
 */
#ifndef MONITOR_HARNESS_H
#define MONITOR_HARNESS_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "btw/bytes.h"
#include "btw/monitor.h"
#include "btw/notation.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* Beginnings of sessions.  The torrent of `tiny` has ten pieces: nine of 8 bytes, and one of 5. */
#define HASH "info_hash=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HELLO_A(bits) "0 A handshake reserved=[" bits "] " HASH " peer_id=\"-AA0001-abcdefghijkl\"\n"
#define HELLO_B(bits) "1 B handshake reserved=[" bits "] " HASH " peer_id=\"-BB0001-mnopqrstuvwx\"\n"
#define MEET(a, b) HELLO_A(a) HELLO_B(b)
#define EXT_A "2 A extended ext=0 dict={m={lt_donthave=203 ut_metadata=201 ut_pex=202}}\n"
#define EXT_B "2 B extended ext=0 dict={m={ut_metadata=3 ut_pex=1}}\n"
/* A wants, B has everything: the plain protocol, and Fast with extensions. */
#define PLAIN MEET("", "") "3 B bitfield bits=ffc0\n3 A interested\n"
#define FAST MEET("ext fast", "ext fast") EXT_A EXT_B "3 A have_none\n3 B have_all\n3 A interested\n"
#define UNCHOKED "4 B unchoke\n"

static const struct btw_monitor_world unknown = { 0 };
static const struct btw_monitor_world tiny = { .pieces = 10, .piece_length = 8, .total_length = 77 };

struct heard {
    char text[4096]; /* "BEP3-REQ-01 FAIL A, ..." */
    size_t len;
};

static inline void hear(void *user, const struct btw_finding *finding)
{
    struct heard *heard = user;
    int len = snprintf(heard->text + heard->len, sizeof heard->text - heard->len, "%s%s %s %c",
                       heard->len > 0 ? ", " : "", finding->rule->id, finding->verdict == BTW_FAIL ? "FAIL" : "WARN",
                       finding->side == BTW_DIALLER ? 'A' : 'B');

    assert_in_range(finding->verdict, BTW_WARN, BTW_FAIL);
    assert_true(strlen(finding->text) > 0);
    heard->len += (size_t)len;
    assert_true(heard->len < sizeof heard->text);
}

static inline size_t read_hex(uint8_t *out, size_t cap, const char *text, size_t len)
{
    struct btw_slice value = btw_slice_of(text, len);

    assert_int_equal(btw_text_bytes(out, cap, &len, value, NULL), BTW_OK);
    return len;
}

/* One line; the message lives in a heap block of its exact size, so that a read beyond it is seen. */
static inline void play_line(struct btw_monitor *monitor, const char *line, size_t len)
{
    uint8_t *scratch = malloc(len + 1);
    int at = 0;
    long long time_ms;
    char who;

    assert_int_equal(sscanf(line, "%lld %c %n", &time_ms, &who, &at), 2);
    assert_true(who == 'A' || who == 'B');
    enum btw_side side = who == 'A' ? BTW_DIALLER : BTW_ACCEPTOR;
    const char *text = line + at;
    size_t rest = len - (size_t)at;
    struct btw_msg msg = { .type = BTW_RAW };
    struct btw_diag diag = { 0 };

    if (strncmp(text, "bad ", 4) == 0) {
        msg.data = btw_slice_of(scratch, read_hex(scratch, len, text + 4, rest - 4));
        btw_monitor_sent(monitor, side, &msg, true, time_ms);
    } else if (strncmp(text, "tick", 4) == 0) {
        btw_monitor_tick(monitor, time_ms);
    } else if (strncmp(text, "gap", 3) == 0) {
        btw_monitor_gap(monitor, side);
    } else if (strncmp(text, "end", 3) == 0) {
        btw_monitor_end(monitor, &side, time_ms);
    } else if (strncmp(text, "lost", 4) == 0) {
        btw_monitor_end(monitor, NULL, time_ms);
    } else {
        if (btw_msg_parse(&msg, scratch, len + 1, text, rest, &diag) != BTW_OK)
            fail_msg("\"%.*s\": %s", (int)len, line, diag.text);
        btw_monitor_sent(monitor, side, &msg, false, time_ms);
    }
    free(scratch);
}

static inline void play(struct btw_monitor *monitor, const char *session)
{
    while (*session != '\0') {
        size_t len = strcspn(session, "\n");

        play_line(monitor, session, len);
        session += len;
        session += *session == '\n';
    }
}

/* Plays the session in a world; what was found is in heard, the caller frees the monitor. */
static inline struct btw_monitor *played(const struct btw_monitor_world *world, const char *session,
                                         struct heard *heard)
{
    struct btw_monitor *monitor = btw_monitor_new(world, BTW_GRACE_MS_DEFAULT, hear, heard);

    heard->text[0] = '\0';
    heard->len = 0;
    assert_non_null(monitor);
    play(monitor, session);
    return monitor;
}

#endif

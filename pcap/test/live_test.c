/* SPDX-License-Identifier: MIT
 *
 * Bytes of a run onto a tape, however they are cut.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "live.h"

/* BEP 3: 19, the name of the protocol, 8 reserved bytes, info-hash, peer id; then messages behind their lengths. */
#define HELLO                                                                                                          \
    "\x13"                                                                                                             \
    "BitTorrent protocol"                                                                                              \
    "\0\0\0\0\0\0\0\0"                                                                                                 \
    "aaaaaaaaaaaaaaaaaaaa"                                                                                             \
    "bbbbbbbbbbbbbbbbbbbb"
static const char theirs[] = HELLO "\0\0\0\5\4\0\0\0\3"
                                   "\0\0\0\2\xff\0"
                                   "\0\0\0\3\4\0\0"; /* have 3, an id nobody knows, a have that is too short */

static void tap(struct cap_live *live, bool sent, const char *bytes, size_t len, size_t step, int64_t now_ms)
{
    for (size_t at = 0; at < len; at += step)
        cap_live_tap(live, NULL, sent, btw_slice_of(bytes + at, step < len - at ? step : len - at), now_ms);
}

static void bytes_become_notes(void **state)
{
    (void)state;
    for (size_t step = 1; step < sizeof theirs; step += 7) {
        struct cap_live *live = cap_live_new(BTW_DIALLER);
        tap(live, true, HELLO, sizeof HELLO - 1, step, 1000);
        tap(live, false, theirs, sizeof theirs - 1, step, 1250);
        const struct cap_tape *tape = cap_live_tape(live);
        assert_int_equal(tape->count, 5);
        assert_int_equal(tape->notes[0].msg.type, BTW_HANDSHAKE);
        assert_int_equal(tape->notes[0].side, BTW_DIALLER);
        assert_int_equal(tape->notes[1].side, BTW_ACCEPTOR);
        assert_int_equal(tape->notes[1].time_ms, 250);
        assert_int_equal(tape->notes[2].msg.type, BTW_HAVE);
        assert_int_equal(tape->notes[2].msg.piece, 3);
        assert_int_equal(tape->notes[3].kind, CAP_MESSAGE);
        assert_int_equal(tape->notes[3].msg.type, BTW_RAW);
        assert_int_equal(tape->notes[4].kind, CAP_BAD);
        cap_live_free(live);
    }
}

/* A client that tries encryption first, is turned down, and dials again. */
static void a_second_connection_begins_anew(void **state)
{
    (void)state;
    struct cap_live *live = cap_live_new(BTW_ACCEPTOR);
    tap(live, false, "no handshake at all, but random bytes of a key exchange", 55, 55, 0);
    assert_int_equal(cap_live_tape(live)->count, 0);
    tap(live, false, theirs, sizeof theirs - 1, sizeof theirs, 10);
    assert_int_equal(cap_live_tape(live)->count, 4);
    assert_int_equal(cap_live_tape(live)->notes[0].side, BTW_DIALLER);
    cap_live_free(live);
}

/* The other side spoke; what this one says is none of our language, and ends there. */
static void garbage_ends_a_voice(void **state)
{
    (void)state;
    struct cap_live *live = cap_live_new(BTW_DIALLER);
    tap(live, true, HELLO, sizeof HELLO - 1, 10, 0);
    tap(live, false, "HTTP/1.1 400 Bad Request\r\n\r\n", 28, 10, 0);
    tap(live, false, "more of it", 10, 10, 0);
    assert_int_equal(cap_live_tape(live)->count, 1);
    cap_live_free(live);
}

static void an_end_is_a_note(void **state)
{
    (void)state;
    struct cap_live *live = cap_live_new(BTW_DIALLER);
    tap(live, true, HELLO, sizeof HELLO - 1, 100, 1000);
    cap_live_end(live, BTW_ACCEPTOR, BTW_END_RST, 1300);
    cap_live_end(live, BTW_DIALLER, BTW_END_NONE, 1300);
    const struct cap_tape *tape = cap_live_tape(live);
    assert_int_equal(tape->count, 3);
    assert_int_equal(tape->notes[1].kind, CAP_RST);
    assert_int_equal(tape->notes[1].side, BTW_ACCEPTOR);
    assert_int_equal(tape->notes[1].time_ms, 300);
    assert_int_equal(tape->notes[2].kind, CAP_FIN);
    cap_live_free(live);
}

static void nothing_is_an_empty_tape(void **state)
{
    (void)state;
    struct cap_live *live = cap_live_new(BTW_DIALLER);
    assert_int_equal(cap_live_tape(live)->count, 0);
    assert_null(cap_tape_handshake(cap_live_tape(live), BTW_ACCEPTOR));
    cap_live_free(live);
    cap_live_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_become_notes),       cmocka_unit_test(a_second_connection_begins_anew),
        cmocka_unit_test(garbage_ends_a_voice),     cmocka_unit_test(an_end_is_a_note),
        cmocka_unit_test(nothing_is_an_empty_tape),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

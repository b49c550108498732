/* SPDX-License-Identifier: MIT
 *
 * A capture becomes seeds: one for each side, about the target's torrent, and once only.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "seeds.h"

#define CORPUS CORPUS_DIR "/pcap/"

static struct scn_torrent torrent = { .kind = "base", .info_hash = "abcdefghijklmnopqrs" };
static const struct scn_world world = { .torrents = &torrent, .torrent_count = 1 };

/* What a session with Transmission, of one connection, is about to be. */
static void both_sides_of_a_session_become_seeds(void **state)
{
    static const enum btw_type said[] = { BTW_HANDSHAKE, BTW_EXTENDED, BTW_HAVE_NONE, BTW_PORT };
    struct live_seeds seeds = { 0 };
    struct btw_msg msg;
    char error[200] = "";
    (void)state;
    assert_true(live_seeds_take_capture(&seeds, CORPUS "a-session", &world, error, sizeof error));
    assert_int_equal(seeds.count, 2);
    const struct live_case *dialler = &seeds.list[0];
    assert_int_equal(dialler->steps[0].kind, LIVE_DIAL);
    size_t at = 1;
    for (size_t i = 0; i < sizeof said / sizeof said[0]; i++, at++) {
        at += dialler->steps[at].kind == LIVE_AWAIT;
        assert_true(live_step_msg(&dialler->steps[at], &msg));
        assert_int_equal(msg.type, said[i]);
    }
    assert_true(live_step_msg(&dialler->steps[1], &msg));
    assert_memory_equal(msg.info_hash, torrent.info_hash, 20);
    assert_memory_equal(msg.peer_id, "-FZ0001-", 8);

    /* Once more: nothing is new. */
    assert_true(live_seeds_take_capture(&seeds, CORPUS "a-session", &world, error, sizeof error));
    assert_int_equal(seeds.count, 2);
    live_seeds_free(&seeds);
}

static void nothing_comes_of_what_is_hidden(void **state)
{
    struct live_seeds seeds = { 0 };
    char error[200] = "";
    (void)state;
    assert_true(live_seeds_take_capture(&seeds, CORPUS "mse-rc4", &world, error, sizeof error));
    assert_int_equal(seeds.count, 0);
    live_seeds_free(&seeds);
}

static void what_is_no_capture_is_refused(void **state)
{
    struct live_seeds seeds = { 0 };
    char error[200] = "";
    (void)state;
    assert_false(live_seeds_take_capture(&seeds, "/nonexistent/capture", &world, error, sizeof error));
    assert_string_not_equal(error, "");
    assert_int_equal(seeds.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_sides_of_a_session_become_seeds),
        cmocka_unit_test(nothing_comes_of_what_is_hidden),
        cmocka_unit_test(what_is_no_capture_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

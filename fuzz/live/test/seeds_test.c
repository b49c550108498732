/* SPDX-License-Identifier: MIT
 *
 * A capture becomes seeds: one for each side, about the target's torrent, and once only.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "seeds.h"

#define CORPUS CORPUS_DIR "/pcap/"

static struct scn_torrent torrent = { .kind = "base", .info_hash = "abcdefghijklmnopqrs" };
static const struct scn_world world = { .torrents = &torrent, .torrent_count = 1 };

/* "dial > handshake < unchoke": what the case does, says and waits for. */
static void tell(char *out, size_t cap, const struct live_case *one)
{
    static const char *const marks[] = { [LIVE_DIAL] = "dial", [LIVE_SEND] = " > ", [LIVE_AWAIT] = " < " };
    size_t len = 0;
    for (size_t i = 0; i < one->count; i++) {
        const struct live_step *step = &one->steps[i];
        struct btw_msg msg = { .type = step->await };
        assert_in_range(step->kind, LIVE_DIAL, sizeof marks / sizeof marks[0] - 1);
        assert_true(step->kind != LIVE_SEND || live_step_msg(step, &msg));
        len += (size_t)snprintf(out + len, cap - len, "%s%s", marks[step->kind],
                                step->kind == LIVE_DIAL ? "" : btw_desc_of(msg.type)->name);
        assert_true(len < cap);
    }
}

static void greets_as_we_do(const struct live_case *one)
{
    struct btw_msg msg;
    size_t at = one->steps[1].kind == LIVE_AWAIT ? 2 : 1;
    assert_true(live_step_msg(&one->steps[at], &msg));
    assert_memory_equal(msg.info_hash, torrent.info_hash, 20);
    assert_memory_equal(msg.peer_id, "-FZ0001-", 8);
}

/* A session with Transmission, of one connection. */
static void both_sides_of_a_session_become_seeds(void **state)
{
    static const char *const told[] = {
        "dial > handshake < handshake > extended > have_none > port > request > extended > interested > keepalive"
        " > request > request > request > request > cancel > not_interested > interested > have > request < unchoke",
        "dial < handshake > handshake > extended > have_all > extended < request < interested < request < request"
        " < request < request < interested < request > reject > reject > reject > reject > reject > reject > unchoke",
    };
    struct live_seeds seeds = { 0 };
    char error[200] = "", text[1000];
    (void)state;
    assert_true(live_seeds_take_capture(&seeds, CORPUS "a-session", &world, error, sizeof error));
    assert_int_equal(seeds.count, 2);
    for (size_t i = 0; i < 2; i++) {
        tell(text, sizeof text, &seeds.list[i]);
        assert_string_equal(text, told[i]);
        greets_as_we_do(&seeds.list[i]);
    }

    /* Once more: nothing is new. */
    assert_true(live_seeds_take_capture(&seeds, CORPUS "a-session", &world, error, sizeof error));
    assert_int_equal(seeds.count, 2);
    live_seeds_free(&seeds);
}

/* It would be a seed that only waits. */
static void who_says_nothing_is_no_seed(void **state)
{
    struct live_seeds seeds = { 0 };
    char error[200] = "", text[200];
    (void)state;
    assert_true(live_seeds_take_capture(&seeds, CORPUS "kind-one-silent", &world, error, sizeof error));
    assert_int_equal(seeds.count, 1);
    tell(text, sizeof text, &seeds.list[0]);
    assert_string_equal(text, "dial > handshake > interested > request");
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
        cmocka_unit_test(who_says_nothing_is_no_seed),
        cmocka_unit_test(nothing_comes_of_what_is_hidden),
        cmocka_unit_test(what_is_no_capture_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

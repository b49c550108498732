/* SPDX-License-Identifier: MIT
 *
 * What is left still fails, nothing of it can go, and the search comes to an end whatever the target says.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "minimise.h"
#include "random.h"

static void add_msg(struct live_case *one, unsigned conn, const struct btw_msg *msg)
{
    uint8_t bytes[512];
    size_t len;
    assert_int_equal(btw_msg_encode(bytes, sizeof bytes, &len, msg), BTW_OK);
    struct live_step step = { .kind = LIVE_SEND, .conn = conn, .bytes = bytes, .len = len };
    assert_true(live_case_insert(one, one->count, &step));
}

static void add_kind(struct live_case *one, unsigned conn, enum live_kind kind)
{
    assert_true(live_case_insert(one, one->count, &(struct live_step){ .kind = kind, .conn = conn }));
}

/* Three connections, each with a handshake and eight messages. */
static struct live_case crowd(void)
{
    struct live_case one = { .asks = true, .bystander = true };
    for (unsigned c = 0; c < 3; c++) {
        struct btw_msg hello = { .type = BTW_HANDSHAKE, .reserved = { [5] = 0x10, [7] = 4 } };
        add_kind(&one, c, LIVE_DIAL);
        add_msg(&one, c, &hello);
        for (uint32_t i = 0; i < 4; i++) {
            add_msg(&one, c, &(struct btw_msg){ .type = BTW_HAVE, .piece = 10 * c + i });
            add_msg(&one, c, &(struct btw_msg){ .type = BTW_REQUEST, .piece = i, .begin = 16384, .length = 16384 });
            one.steps[one.count - 1].split = 3;
            one.steps[one.count - 1].joined = true;
        }
    }
    return one;
}

/* ---- what fails -------------------------------------------------------------------------------------------------- */

struct target {
    unsigned calls;
    bool (*dies)(const struct live_case *one);
};

static bool fails(void *user, const struct live_case *one)
{
    struct target *target = user;
    target->calls++;
    return target->dies(one);
}

static bool says(const struct live_case *one, unsigned conn, enum btw_type type, uint32_t piece)
{
    struct btw_msg msg;
    for (size_t i = 0; i < one->count; i++) {
        if (one->steps[i].conn == conn && live_step_msg(&one->steps[i], &msg) && msg.type == type && msg.piece == piece)
            return true;
    }
    return false;
}

static bool any_conn_says(const struct live_case *one, enum btw_type type, uint32_t piece)
{
    for (unsigned c = 0; c < live_case_conns(one); c++) {
        if (says(one, c, type, piece))
            return true;
    }
    return false;
}

static bool dies_of_have_12(const struct live_case *one)
{
    return any_conn_says(one, BTW_HAVE, 12);
}

/* On one connection, after a handshake. */
static bool dies_of_history(const struct live_case *one)
{
    struct btw_msg msg;
    for (unsigned c = 0; c < live_case_conns(one); c++) {
        int stage = 0;
        for (size_t i = 0; i < one->count; i++) {
            if (one->steps[i].conn != c || !live_step_msg(&one->steps[i], &msg))
                continue;
            stage += (stage == 0 && msg.type == BTW_HANDSHAKE) || (stage == 1 && msg.type == BTW_REQUEST) ||
                     (stage == 2 && msg.type == BTW_HAVE);
        }
        if (stage == 3)
            return true;
    }
    return false;
}

static bool dies_of_two_connections(const struct live_case *one)
{
    return any_conn_says(one, BTW_HAVE, 2) && any_conn_says(one, BTW_HAVE, 21);
}

static bool dies_always(const struct live_case *one)
{
    (void)one;
    return true;
}

static bool dies_of_a_cut(const struct live_case *one)
{
    for (size_t i = 0; i < one->count; i++) {
        if (one->steps[i].split == 3)
            return true;
    }
    return false;
}

static bool dies_never_again(const struct live_case *one)
{
    (void)one;
    return false;
}

/* ---- the rows ---------------------------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    bool (*dies)(const struct live_case *one);
    size_t steps;
    unsigned conns;
} rows[] = {
    { "one message", dies_of_have_12, 2, 1 },
    { "a history", dies_of_history, 4, 1 },
    { "two connections", dies_of_two_connections, 4, 2 },
    { "anything", dies_always, 1, 1 },
    { "a cut", dies_of_a_cut, 2, 1 },
    { "nothing that repeats", dies_never_again, 30, 3 },
};

static void what_is_left_fails_and_nothing_of_it_can_go(void **state)
{
    (void)state;
    for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++) {
        struct live_case one = crowd();
        struct target target = { 0, rows[r].dies };
        struct live_minimise how = { .fails = fails, .user = &target, .tries_max = 10000 };
        live_minimise(&one, &how);
        assert_int_equal(how.tries, target.calls);
        assert_true(how.tries < how.tries_max);
        if (one.count != rows[r].steps)
            fail_msg("%s: %zu steps instead of %zu", rows[r].name, one.count, rows[r].steps);
        assert_int_equal(live_case_conns(&one), rows[r].conns);
        for (size_t i = 0; i < one.count && rows[r].dies != dies_never_again; i++) {
            struct live_case less = live_case_copy(&one);
            assert_true(rows[r].dies(&one));
            live_case_remove(&less, i, 1);
            live_case_mend(&less);
            if (less.count > 0 && rows[r].dies(&less))
                fail_msg("%s: step %zu can go", rows[r].name, i);
            live_case_free(&less);
        }
        live_case_free(&one);
    }
}

static void fields_and_extras_go_to_nothing(void **state)
{
    struct live_case one = crowd();
    struct target target = { 0, dies_of_history };
    struct live_minimise how = { .fails = fails, .user = &target, .tries_max = 10000 };
    struct btw_msg msg;
    (void)state;
    live_minimise(&one, &how);
    assert_false(one.asks);
    assert_false(one.bystander);
    assert_true(live_step_msg(&one.steps[1], &msg));
    assert_memory_equal(msg.reserved, "\0\0\0\0\0\0\0\0", 8);
    assert_memory_equal(msg.peer_id, "-FZ0001-000000000000", 20);
    assert_true(live_step_msg(&one.steps[2], &msg));
    assert_int_equal(msg.type, BTW_REQUEST);
    assert_int_equal(msg.piece + msg.begin + msg.length, 0);
    for (size_t i = 0; i < one.count; i++)
        assert_true(one.steps[i].split == 0 && !one.steps[i].joined);
    live_case_free(&one);
}

/* Four bytes somewhere in forty. */
static bool dies_of_bytes(const struct live_case *one)
{
    for (size_t i = 0; i < one->count; i++) {
        for (size_t k = 0; k + 4 <= one->steps[i].len; k++) {
            if (memcmp(one->steps[i].bytes + k, "\xde\xad\xbe\xef", 4) == 0)
                return true;
        }
    }
    return false;
}

static void bytes_that_are_no_message_become_few(void **state)
{
    struct live_case one = { 0 };
    uint8_t bytes[40] = { 0xff, 0xff, 0xff, 0xff, [22] = 0xde, 0xad, 0xbe, 0xef };
    struct live_step step = { .kind = LIVE_SEND, .bytes = bytes, .len = sizeof bytes };
    struct target target = { 0, dies_of_bytes };
    struct live_minimise how = { .fails = fails, .user = &target, .tries_max = 10000 };
    (void)state;
    add_kind(&one, 0, LIVE_DIAL);
    live_case_insert(&one, 1, &step);
    live_minimise(&one, &how);
    assert_int_equal(one.count, 2);
    assert_int_equal(one.steps[1].len, 4);
    assert_memory_equal(one.steps[1].bytes, "\xde\xad\xbe\xef", 4);
    live_case_free(&one);
}

static void a_budget_is_kept(void **state)
{
    struct live_case one = crowd();
    struct target target = { 0, dies_of_have_12 };
    struct live_minimise how = { .fails = fails, .user = &target, .tries_max = 5 };
    (void)state;
    live_minimise(&one, &how);
    assert_int_equal(target.calls, 5);
    assert_true(dies_of_have_12(&one));
    live_case_free(&one);
}

/* A target that says now this, now that. */
static uint64_t mood;
static bool dies_by_mood(const struct live_case *one)
{
    (void)one;
    return live_one_in(&mood, 3);
}

static void moody_targets_come_to_an_end_too(void **state)
{
    (void)state;
    for (mood = 0; mood < 50; mood++) {
        uint64_t kept = mood;
        struct live_case one = crowd();
        struct target target = { 0, dies_by_mood };
        struct live_minimise how = { .fails = fails, .user = &target, .tries_max = 100000 };
        live_minimise(&one, &how);
        assert_true(how.tries < 5000);
        assert_true(one.count > 0);
        live_case_free(&one);
        mood = kept;
    }
}

/* A message that came in two sends: only without both the rest is what it was. */
static bool dies_when_whole(const struct live_case *one)
{
    size_t halves = 0;
    for (size_t i = 0; i < one->count; i++)
        halves += one->steps[i].kind == LIVE_SEND && one->steps[i].len < 4;
    return halves != 1 && any_conn_says(one, BTW_HAVE, 39);
}

static void what_only_goes_in_pairs_goes(void **state)
{
    struct target target = { .dies = dies_when_whole };
    struct live_minimise how = { .fails = fails, .user = &target, .tries_max = 1000 };
    struct live_case one = { 0 };
    uint8_t zeros[3] = { 0 };
    (void)state;
    add_kind(&one, 0, LIVE_DIAL);
    for (size_t len = 1; len <= 3; len += 2)
        live_case_insert(&one, one.count, &(struct live_step){ .kind = LIVE_SEND, .bytes = zeros, .len = len });
    add_msg(&one, 0, &(struct btw_msg){ .type = BTW_HAVE, .piece = 39 });
    live_minimise(&one, &how);
    assert_int_equal(one.count, 2);
    live_case_free(&one);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_left_fails_and_nothing_of_it_can_go),
        cmocka_unit_test(fields_and_extras_go_to_nothing),
        cmocka_unit_test(bytes_that_are_no_message_become_few),
        cmocka_unit_test(what_only_goes_in_pairs_goes),
        cmocka_unit_test(a_budget_is_kept),
        cmocka_unit_test(moody_targets_come_to_an_end_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

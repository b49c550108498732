/* SPDX-License-Identifier: MIT
 *
 * The monitor around its rules: counters, deadlines, limits.  The rules themselves: rules_test.c.
 */
#include "monitor_harness.h"

#define BLOCK(n) "piece=" #n " begin=0 length=8"
#define DATA(n) "piece=" #n " begin=0 data=0001020304050607"

/* The requests of A after a session, as btw_view counts them. */
/* clang-format off */
static const struct {
    const char *session;
    uint32_t open, open_max, pieces, rejects, surplus;
} accounts[] = {
    { PLAIN UNCHOKED "5 A request " BLOCK(0) "\n5 A request " BLOCK(1) "\n", 2, 2, 0, 0, 0 },
    { PLAIN UNCHOKED "5 A request " BLOCK(0) "\n6 B piece " DATA(0) "\n", 0, 1, 1, 0, 0 },
    { FAST UNCHOKED "5 A request " BLOCK(0) "\n6 B reject " BLOCK(0) "\n", 0, 1, 0, 1, 0 },
    /* an answer counts once */
    { PLAIN UNCHOKED "5 A request " BLOCK(0) "\n6 B piece " DATA(0) "\n6 B piece " DATA(0) "\n", 0, 1, 1, 0, 1 },
    { PLAIN UNCHOKED "5 A request " BLOCK(0) "\n5 A request " BLOCK(0) "\n6 B piece " DATA(0) "\n6 B piece " DATA(0) "\n", 0, 2, 2, 0, 0 },
    /* wrong length, wrong place */
    { PLAIN UNCHOKED "5 A request " BLOCK(0) "\n6 B piece piece=0 begin=0 data=00\n", 1, 1, 0, 0, 1 },
    { PLAIN UNCHOKED "5 A request " BLOCK(0) "\n6 B piece " DATA(1) "\n", 1, 1, 0, 0, 1 },
    /* a choke voids what waits, unless Fast is on */
    { PLAIN UNCHOKED "5 A request " BLOCK(0) "\n6 B choke\n", 0, 1, 0, 0, 0 },
    { PLAIN UNCHOKED "5 A request " BLOCK(0) "\n6 B choke\n7 B piece " DATA(0) "\n", 0, 1, 1, 0, 0 },
    { PLAIN UNCHOKED "5 A request " BLOCK(0) "\n6 B choke\n7 B unchoke\n8 A request " BLOCK(0) "\n9 B piece " DATA(0) "\n", 0, 1, 1, 0, 0 },
    { PLAIN UNCHOKED "5 A request " BLOCK(0) "\n6 B choke\n7 B unchoke\n8 A request " BLOCK(0) "\n9 B piece " DATA(0) "\n"
      "9 B piece " DATA(0) "\n9 B piece " DATA(0) "\n", 0, 1, 2, 0, 1 },
    { FAST UNCHOKED "5 A request " BLOCK(0) "\n6 B choke\n", 1, 1, 0, 0, 0 },
    { PLAIN UNCHOKED "5 A request " BLOCK(0) "\n6 B choke\n7 B unchoke\n8 A request " BLOCK(1) "\n9 B piece " DATA(0) "\n", 1, 1, 1, 0, 0 },
    { FAST UNCHOKED "5 A request " BLOCK(0) "\n6 B choke\n7 B piece " DATA(0) "\n", 0, 1, 1, 0, 0 },
    { FAST UNCHOKED "5 A request " BLOCK(0) "\n6 B choke\n7 B unchoke\n8 A request " BLOCK(0) "\n9 B piece " DATA(0) "\n"
      "9 B piece " DATA(0) "\n", 0, 2, 2, 0, 0 },
    /* a cancel ends the wait, unless Fast demands one answer all the same */
    { PLAIN UNCHOKED "5 A request " BLOCK(0) "\n6 A cancel " BLOCK(0) "\n", 0, 1, 0, 0, 0 },
    { PLAIN UNCHOKED "5 A request " BLOCK(0) "\n6 A cancel " BLOCK(0) "\n7 B piece " DATA(0) "\n", 0, 1, 1, 0, 0 },
    { FAST UNCHOKED "5 A request " BLOCK(0) "\n6 A cancel " BLOCK(0) "\n", 1, 1, 0, 0, 0 },
    { FAST UNCHOKED "5 A request " BLOCK(0) "\n6 A cancel " BLOCK(0) "\n7 B reject " BLOCK(0) "\n", 0, 1, 0, 1, 0 },
    { FAST UNCHOKED "5 A request " BLOCK(0) "\n6 A cancel " BLOCK(0) "\n7 B reject " BLOCK(0) "\n8 B piece " DATA(0) "\n", 0, 1, 0, 1, 1 },
    /* a cancel of nothing */
    { PLAIN UNCHOKED "5 A request " BLOCK(0) "\n6 A cancel " BLOCK(1) "\n", 1, 1, 0, 0, 0 },
    /* requests from before the handshakes, voided by a choke, then Fast */
    { "0 A request " BLOCK(0) "\n0 B unchoke\n0 B choke\n" MEET("fast", "fast") "2 B reject " BLOCK(0) "\n", 0, 1, 0, 1, 0 },
};
/* clang-format on */

static void requests_are_counted(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(accounts); i++) {
        struct heard heard;
        struct btw_monitor *monitor = played(&tiny, accounts[i].session, &heard);
        const struct btw_view *a = btw_monitor_view(monitor, BTW_DIALLER);

        if (a->open_requests != accounts[i].open || a->open_requests_max != accounts[i].open_max ||
            a->answered_pieces != accounts[i].pieces || a->answered_rejects != accounts[i].rejects ||
            a->surplus_answers != accounts[i].surplus)
            fail_msg("row %zu: open %u, at most %u, pieces %u, rejects %u, surplus %u", i, a->open_requests,
                     a->open_requests_max, a->answered_pieces, a->answered_rejects, a->surplus_answers);
        btw_monitor_free(monitor);
    }
}

/* The pieces of A after a session: announced, and one that it has and one that it has not (10: none). */
/* clang-format off */
static const struct {
    const struct btw_monitor_world *world;
    const char *session;
    uint32_t announced, has, lacks;
} maps[] = {
    { &tiny, MEET("", ""), 0, 10, 0 },
    { &tiny, MEET("", "") "2 A bitfield bits=8040\n", 2, 9, 1 },
    { &tiny, MEET("", "") "2 A bitfield bits=ffff\n", 10, 9, 10 },
    { &tiny, MEET("", "") "2 A bitfield bits=80\n3 A have piece=9\n3 A have piece=9\n4 A have piece=10\n", 2, 9, 10 },
    { &tiny, MEET("fast", "fast") "2 A have_all\n", 10, 9, 10 },
    { &tiny, MEET("fast", "fast") "2 A have_all\n3 A have_none\n", 0, 10, 9 },
    { &tiny, MEET("fast", "fast") "2 A have piece=1\n3 A have_none\n4 A have piece=2\n", 1, 2, 1 },
    { &tiny, MEET("ext", "ext") "2 B extended ext=0 dict={m={lt_donthave=7}}\n3 A have_all\n3 A extended ext=7 data=00000004\n", 9, 5, 4 },
    { &tiny, MEET("ext", "ext") "3 A have_all\n3 A extended ext=7 data=00000004\n", 10, 4, 10 },
    /* all of them are spelled out once */
    { &tiny, MEET("ext", "ext") "2 B extended ext=0 dict={m={lt_donthave=7}}\n3 A have_all\n3 A extended ext=7 data=00000004\n"
      "4 A have_all\n4 A extended ext=7 data=00000005\n", 10, 5, 10 },
    { &unknown, MEET("", "") "2 A have piece=1048575\n3 A have piece=0xffffffff\n", 1, 1048575, 0xffffffff },
};
/* clang-format on */

static void pieces_are_mapped(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(maps); i++) {
        struct heard heard;
        struct btw_monitor *monitor = played(maps[i].world, maps[i].session, &heard);

        assert_int_equal(btw_monitor_view(monitor, BTW_DIALLER)->announced, maps[i].announced);
        assert_int_equal(btw_monitor_has(monitor, BTW_DIALLER, maps[i].has), maps[i].has != 10);
        assert_false(btw_monitor_has(monitor, BTW_DIALLER, maps[i].lacks));
        btw_monitor_free(monitor);
    }
}

static void geometry_may_come_late(void **state)
{
    struct heard heard;
    struct btw_monitor *monitor = played(
        &unknown,
        MEET("fast", "fast") "2 A have_all\n2 B bitfield bits=ffff\n3 B allowed_fast piece=4\n3 B have piece=20\n",
        &heard);

    (void)state;
    assert_int_equal(btw_monitor_view(monitor, BTW_DIALLER)->announced, 0);
    assert_true(btw_monitor_has(monitor, BTW_DIALLER, 4000000000));
    btw_monitor_set_geometry(monitor, 10, 8, 77);
    assert_int_equal(btw_monitor_view(monitor, BTW_DIALLER)->announced, 10);
    assert_false(btw_monitor_has(monitor, BTW_DIALLER, 10));
    assert_true(btw_monitor_allowed_fast(monitor, BTW_ACCEPTOR, 4));
    assert_false(btw_monitor_allowed_fast(monitor, BTW_ACCEPTOR, 5));
    assert_int_equal(btw_monitor_view(monitor, BTW_ACCEPTOR)->allowed_fast, 1);
    play(monitor, "4 A have piece=10\n");
    assert_string_equal(heard.text, "BEP3-FRM-06 FAIL A, BEP3-HAVE-02 FAIL A");
    play(monitor, "4 B have piece=10\n"); /* by a side that has been judged for its like before */
    assert_string_equal(heard.text, "BEP3-FRM-06 FAIL A, BEP3-HAVE-02 FAIL A, BEP3-FRM-06 FAIL B, BEP3-HAVE-02 FAIL B");
    btw_monitor_free(monitor);
}

static void version_2_may_come_late(void **state)
{
    static const uint8_t spoken[20] =
        "\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa";
    static const uint8_t other[20] = { 1 };
    static const uint32_t sizes[10] = { 5, 5, 5, 5, 5, 5, 5, 5, 5, 5 };
    static const struct {
        const uint8_t *hash;
        const char *found;
    } rows[] = { { spoken, "BEP52-PC-01 FAIL A" }, { other, "" }, { NULL, "" } };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct heard heard;
        struct btw_monitor *monitor =
            played(&tiny, MEET("", "") "2 A interested\n2 B unchoke\n3 A request piece=0 begin=0 length=8\n", &heard);
        assert_string_equal(heard.text, "");
        btw_monitor_set_v2(monitor, rows[i].hash, sizes);
        play(monitor, "4 A request piece=1 begin=0 length=8\n");
        assert_string_equal(heard.text, rows[i].found);
        btw_monitor_free(monitor);
    }
}

static void the_view_tells_what_was_said(void **state)
{
    struct heard heard;
    struct btw_monitor *monitor = played(&unknown, MEET("ext", "ext"), &heard);
    const struct btw_view *a = btw_monitor_view(monitor, BTW_DIALLER);

    (void)state;
    assert_true(a->handshake_seen);
    assert_memory_equal(a->handshake.peer_id, "-AA0001-abcdefghijkl", 20);
    assert_string_equal(a->client, "AA 0001");
    assert_true(a->choking);
    assert_false(a->interested || a->ext_handshake_seen);
    assert_int_equal(a->bytes, 68);
    assert_int_equal(a->metadata_size, -1);
    assert_int_equal(a->reqq, -1);

    play(monitor, "2 A extended ext=0 dict={m={ut_metadata=3 ut_pex=1} metadata_size=31235 reqq=250 v=\"X\\n1\"}\n"
                  "3 A unchoke\n4 A interested\n5 A keepalive\n");
    assert_true(a->ext_handshake_seen && a->interested);
    assert_false(a->choking);
    assert_string_equal(a->client, "X?1");
    assert_int_equal(a->metadata_size, 31235);
    assert_int_equal(a->reqq, 250);
    assert_int_equal(a->ext_id_of_ut_metadata, 3);
    assert_int_equal(a->ext_id_of_ut_pex, 1);
    assert_int_equal(a->messages[BTW_UNCHOKE], 1);
    assert_int_equal(a->messages[BTW_EXTENDED], 1);

    /* A later handshake adds to the first; 0 switches off. */
    play(monitor, "6 A extended ext=0 dict={m={ut_pex=0}}\n7 A choke\n8 A not_interested\n");
    assert_int_equal(a->ext_id_of_ut_metadata, 3);
    assert_int_equal(a->ext_id_of_ut_pex, 0);
    assert_int_equal(a->reqq, 250);
    assert_true(a->choking);
    assert_false(a->interested);
    btw_monitor_free(monitor);
}

/* Raw bytes are read as their receiver reads them, so that a script may send anything as raw. */
static void raw_bytes_are_taken_apart(void **state)
{
    struct heard heard;
    struct btw_monitor *monitor = played(&unknown, MEET("", "") "2 A raw 0000000101000000010200000000\n", &heard);
    const struct btw_view *a = btw_monitor_view(monitor, BTW_DIALLER);

    (void)state;
    assert_int_equal(a->messages[BTW_UNCHOKE], 1);
    assert_int_equal(a->messages[BTW_INTERESTED], 1);
    assert_int_equal(a->messages[BTW_KEEPALIVE], 1);
    assert_int_equal(a->messages[BTW_RAW], 0);
    assert_int_equal(a->bytes, 68 + 14);
    play(monitor, "3 A raw 00000002\n4 A raw 00\n");
    assert_int_equal(a->messages[BTW_RAW], 2);
    btw_monitor_free(monitor);
}

static void deadlines_follow_the_second_handshake(void **state)
{
    struct heard heard;
    struct btw_monitor *monitor = played(&unknown, HELLO_A("ext"), &heard);

    (void)state;
    assert_int_equal(btw_monitor_deadline(monitor), INT64_MAX);
    play(monitor, HELLO_B("ext") EXT_B);
    assert_int_equal(btw_monitor_deadline(monitor), 15001);
    play(monitor, "15000 A tick\n");
    assert_string_equal(heard.text, "");
    play(monitor, "15001 A tick\n");
    assert_string_equal(heard.text, "BEP4-RES-02 WARN A");
    assert_int_equal(btw_monitor_deadline(monitor), 30001);
    play(monitor, "30001 A lost\n");
    assert_string_equal(heard.text, "BEP4-RES-02 WARN A, BEP10-EXT-01 FAIL A");
    assert_int_equal(btw_monitor_deadline(monitor), INT64_MAX);
    btw_monitor_free(monitor);
}

/* A peer that breaks a rule ten thousand times is told so sixteen times, and once more when it gets worse. */
static void findings_are_limited(void **state)
{
    struct heard heard;
    struct btw_monitor *monitor =
        played(&tiny, MEET("fast", "fast") "2 B have_none\n3 B allowed_fast piece=1\n", &heard);
    struct btw_msg again = { .type = BTW_ALLOWED_FAST, .piece = 1 };
    size_t len;

    (void)state;
    for (int i = 0; i < 16; i++)
        btw_monitor_sent(monitor, BTW_ACCEPTOR, &again, false, 4);
    len = heard.len;
    assert_int_equal(len, 16 * strlen("BEP6-AF-02 WARN B, ") - 2);
    for (int i = 0; i < 10000; i++)
        btw_monitor_sent(monitor, BTW_ACCEPTOR, &again, false, 4);
    assert_int_equal(heard.len, len);
    play(monitor, "5 B allowed_fast piece=10\n");
    assert_string_equal(heard.text + len, ", BEP3-FRM-06 FAIL B, BEP6-AF-02 FAIL B");
    btw_monitor_free(monitor);
}

static void ask(struct btw_monitor *monitor, uint32_t piece)
{
    struct btw_msg msg = { .type = BTW_REQUEST, .piece = piece, .length = 16384 };

    btw_monitor_sent(monitor, BTW_DIALLER, &msg, false, 5);
}

/* Requests are remembered up to a limit, and beyond it nobody is accused of what we have forgotten. */
static void too_many_open_requests_end_the_account(void **state)
{
    struct heard heard;
    struct btw_monitor *monitor = played(&unknown, PLAIN UNCHOKED, &heard);

    (void)state;
    for (uint32_t i = 0; i < 40000; i++)
        ask(monitor, i);
    assert_int_equal(btw_monitor_view(monitor, BTW_DIALLER)->open_requests, 32768);
    play(monitor, "6 B piece piece=50000 begin=0 data=00\n7 A cancel piece=50000 begin=0 length=1\n");
    assert_string_equal(heard.text, "");
    btw_monitor_free(monitor);
}

/* Answered ones make room for ever. */
static void a_long_download_keeps_its_account(void **state)
{
    static const uint8_t block[16384];
    struct heard heard;
    struct btw_monitor *monitor = played(&unknown, PLAIN UNCHOKED, &heard);
    struct btw_msg answer = { .type = BTW_PIECE, .data = { block, sizeof block } };
    const struct btw_view *a = btw_monitor_view(monitor, BTW_DIALLER);

    (void)state;
    for (answer.piece = 0; answer.piece < 100000; answer.piece++) {
        ask(monitor, answer.piece);
        btw_monitor_sent(monitor, BTW_ACCEPTOR, &answer, false, 5);
    }
    assert_int_equal(a->answered_pieces, 100000);
    assert_int_equal(a->open_requests, 0);
    assert_string_equal(heard.text, "");
    play(monitor, "6 A cancel piece=1 begin=0 length=16384\n7 B piece piece=1 begin=0 data=00\n");
    assert_string_equal(heard.text, "BEP3-SRV-05 FAIL B");
    btw_monitor_free(monitor);
}

/* One place asked for with every length there is: the search stays short, and the account is given up. */
static void requests_made_to_collide_are_not_walked_for_ever(void **state)
{
    struct heard heard;
    struct btw_monitor *monitor = played(&unknown, PLAIN UNCHOKED, &heard);

    (void)state;
    for (uint32_t length = 1; length <= 16384; length++) {
        struct btw_msg msg = { .type = BTW_REQUEST, .length = length };

        btw_monitor_sent(monitor, BTW_DIALLER, &msg, false, 5);
    }
    assert_int_equal(btw_monitor_view(monitor, BTW_DIALLER)->open_requests, 512);
    play(monitor, "6 B piece piece=5 begin=0 data=00\n");
    assert_string_equal(heard.text, "");
    btw_monitor_free(monitor);
}

/* Where memory is dear, what was answered is forgotten early; nobody is accused of that, and what waits stays. */
static void few_answered_requests_may_be_kept(void **state)
{
    const struct btw_monitor_world dear = { .asks_kept = 4 };
    struct heard heard;
    struct btw_monitor *monitor = played(&dear, PLAIN UNCHOKED, &heard);
    struct btw_msg answer = { .type = BTW_PIECE };

    (void)state;
    for (uint32_t piece = 0; piece < 100; piece++)
        ask(monitor, piece);
    for (answer.piece = 0; answer.piece < 100; answer.piece++)
        btw_monitor_sent(monitor, BTW_ACCEPTOR, &answer, false, 5);
    assert_int_equal(btw_monitor_view(monitor, BTW_DIALLER)->answered_pieces, 100);
    for (uint32_t piece = 100; piece < 200; piece++)
        ask(monitor, piece);
    play(monitor, "6 A cancel piece=5000 begin=0 length=16384\n");
    assert_string_equal(heard.text, "");
    play(monitor, "7 B piece piece=1 begin=0 data=00\n");
    assert_string_equal(heard.text, "BEP3-SRV-05 FAIL B");
    for (uint32_t piece = 200; piece < 400; piece++) /* more than that wait: the account is given up */
        ask(monitor, piece);
    play(monitor, "8 B piece piece=2 begin=0 data=00\n");
    assert_string_equal(heard.text, "BEP3-SRV-05 FAIL B");
    btw_monitor_free(monitor);
}

/* A choke that was held up on its way is not too early. */
static void times_may_be_uncertain(void **state)
{
    static const char flips[] = PLAIN UNCHOKED "20000 B choke\n24500 B unchoke\n";
    const struct btw_monitor_world uncertain = { .jitter_ms = 5000 };
    struct heard heard;

    (void)state;
    btw_monitor_free(played(&uncertain, flips, &heard));
    assert_string_equal(heard.text, "");
    btw_monitor_free(played(&unknown, flips, &heard));
    assert_string_equal(heard.text, "BEP3-ST-09 WARN B");
    btw_monitor_free(played(&uncertain, PLAIN UNCHOKED "20000 B choke\n23500 B unchoke\n", &heard));
    assert_string_equal(heard.text, "BEP3-ST-09 WARN B");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_are_counted),
        cmocka_unit_test(pieces_are_mapped),
        cmocka_unit_test(geometry_may_come_late),
        cmocka_unit_test(version_2_may_come_late),
        cmocka_unit_test(the_view_tells_what_was_said),
        cmocka_unit_test(raw_bytes_are_taken_apart),
        cmocka_unit_test(deadlines_follow_the_second_handshake),
        cmocka_unit_test(findings_are_limited),
        cmocka_unit_test(too_many_open_requests_end_the_account),
        cmocka_unit_test(a_long_download_keeps_its_account),
        cmocka_unit_test(few_answered_requests_may_be_kept),
        cmocka_unit_test(times_may_be_uncertain),
        cmocka_unit_test(requests_made_to_collide_are_not_walked_for_ever),
    };

    return cmocka_run_group_tests_name("monitor", tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT
 *
 * The beginning of a connection: handshakes in all their variations, accepted and dialled.
 */
#include "peer_talk.h"

static void raw_handshake(struct talk *t, uint8_t wire[68])
{
    memcpy(wire,
           "\x13"
           "BitTorrent protocol\0\0\0\0\0\0\0\0",
           28);
    memcpy(wire + 28, t->fixture->meta.info_hash, 20);
    memcpy(wire + 48, "-CF0001-000000000001", 20);
}

static void the_answer_comes_after_48_bytes(void **state)
{
    struct talk *t = *state;
    uint8_t wire[68];

    start(t, "tiny", BTW_SEED, NULL);
    raw_handshake(t, wire);
    for (size_t i = 0; i < 68; i++) {
        assert_int_equal(btw_peer_output(t->peer).len, i < 48 ? 0 : 68);
        btw_peer_received(t->peer, btw_slice_of(wire + i, 1), t->now_ms);
    }
    assert_int_equal(btw_peer_output(t->peer).len, 68 + 4 + 1 + 1); /* and the bitfield */
    assert_memory_equal(btw_peer_output(t->peer).data + 28, t->fixture->meta.info_hash, 20);
}

static void wrong_handshakes_close_without_a_byte(void **state)
{
    static const size_t wrong[] = { 0, 1, 19, 28, 47 };
    uint8_t wire[68];

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        void *v;
        struct talk *t;

        setup(&v);
        t = v;
        start(t, "tiny", BTW_SEED, NULL);
        raw_handshake(t, wire);
        wire[wrong[i]] ^= 1;
        btw_peer_received(t->peer, btw_slice_of(wire, sizeof wire), t->now_ms);
        assert_int_equal(btw_peer_output(t->peer).len, 0);
        assert_int_equal(btw_peer_wants_end(t->peer), BTW_END_FIN);
        teardown(&v);
    }
}

static void silence_is_not_waited_for(void **state)
{
    struct talk *t = *state;

    start(t, "tiny", BTW_SEED, NULL);
    assert_int_equal(btw_host_deadline(t->host), 31000);
    pass(t, 29999);
    assert_int_equal(btw_peer_wants_end(t->peer), BTW_END_NONE);
    pass(t, 1);
    assert_int_equal(btw_peer_wants_end(t->peer), BTW_END_RST);
    assert_int_equal(btw_host_deadline(t->host), INT64_MAX);
}

static void our_own_id_closes(void **state)
{
    struct talk *t = *state;
    uint8_t wire[68];

    start(t, "tiny", BTW_SEED, NULL);
    raw_handshake(t, wire);
    memcpy(wire + 48, btw_host_peer_id(t->host), 20);
    btw_peer_received(t->peer, btw_slice_of(wire, sizeof wire), t->now_ms);
    assert_int_equal(btw_peer_wants_end(t->peer), BTW_END_FIN);
}

/* A dialling host speaks first, then nothing until the answer has come, and checks what it knows of the other side. */
static void dialling(void **state)
{
    static const struct {
        size_t flip; /* a byte of the answer, 68: none */
        bool known_id;
        enum btw_end end;
    } rows[] = {
        { 68, true, BTW_END_NONE }, { 30, false, BTW_END_FIN }, { 60, true, BTW_END_FIN }, { 60, false, BTW_END_NONE }
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct btw_address to;
        uint8_t wire[69] = { 0 };
        struct talk *t;
        void *v;

        setup(&v);
        t = v;
        start(t, "tiny", BTW_SEED, NULL);
        btw_host_learn(t->host, t->fixture->meta.info_hash, &suite,
                       rows[i].known_id ? (const uint8_t *)"-CF0001-000000000001" : NULL, t->now_ms);
        t->peer = btw_host_next_dial(t->host, &to);
        assert_non_null(t->peer);
        assert_int_equal(to.port, suite.port);
        assert_null(btw_host_next_dial(t->host, &to));
        btw_peer_connected(t->peer, t->now_ms);
        assert_int_equal(btw_peer_output(t->peer).len, 68);
        raw_handshake(t, wire);
        if (rows[i].flip < 68)
            wire[rows[i].flip] ^= 1;
        btw_peer_received(t->peer, btw_slice_of(wire, 68), t->now_ms);
        assert_int_equal(btw_peer_wants_end(t->peer), rows[i].end);
        teardown(&v);
    }
}

/* One handshake, wrong in one byte, and what one entry of the policy makes of it. */
static void handshakes_are_judged_by_policy(void **state)
{
    static const struct {
        const char *policy;
        int64_t value;
        size_t flip;   /* a byte of theirs, 68: none */
        size_t cut;    /* bytes of the first slice */
        size_t answer; /* bytes: a handshake, and a bitfield for a torrent that is served */
        enum btw_end end;
    } rows[] = {
        /* clang-format off */
        { "unknown_info_hash", 0, 30, 68, 0,  BTW_END_NONE },
        { "unknown_info_hash", 1, 30, 68, 0,  BTW_END_FIN },
        { "unknown_info_hash", 2, 30, 68, 68, BTW_END_NONE },
        { "unknown_info_hash", 3, 30, 68, 68, BTW_END_FIN },
        { "first_torrent",     1, 30, 68, 0,  BTW_END_FIN },
        { "first_torrent",     2, 30, 68, 74, BTW_END_NONE },
        { "check_protocol",    2, 1,  60, 0,  BTW_END_FIN },
        { "check_protocol",    1, 1,  60, 74, BTW_END_NONE },
        { "check_protocol",    1, 0,  60, 0,  BTW_END_FIN },
        { "check_protocol",    0, 0,  60, 74, BTW_END_NONE },
        { "peer_id_nul",       0, 48, 60, 68, BTW_END_FIN },
        { "peer_id_nul",       1, 48, 60, 74, BTW_END_NONE },
        { "handshake_whole",   0, 68, 60, 74, BTW_END_NONE },
        { "handshake_whole",   1, 68, 60, 0,  BTW_END_FIN },
        /* clang-format on */
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t wire[69] = { 0 };
        struct talk *t;
        void *v;

        setup(&v);
        t = v;
        assert_int_equal(btw_policy_set(&t->policy, rows[i].policy, rows[i].value), BTW_OK);
        start(t, "tiny", BTW_SEED, NULL);
        raw_handshake(t, wire);
        wire[rows[i].flip] ^= rows[i].flip == 48 ? '-' : 1; /* the peer id begins with '-', now with NUL */
        btw_peer_received(t->peer, btw_slice_of(wire, rows[i].cut), t->now_ms);
        btw_peer_received(t->peer, btw_slice_of(wire + rows[i].cut, 68 - rows[i].cut), t->now_ms);
        if (btw_peer_output(t->peer).len != rows[i].answer || btw_peer_wants_end(t->peer) != rows[i].end)
            fail_msg("row %zu: %zu bytes, end %d", i, btw_peer_output(t->peer).len, btw_peer_wants_end(t->peer));
        if (rows[i].answer > 0) /* as asked for */
            assert_memory_equal(btw_peer_output(t->peer).data + 28, wire + 28, 20);
        pass(t, 40000); /* nobody waits for more of a handshake that was answered or hangs */
        assert_int_equal(btw_peer_wants_end(t->peer), rows[i].end);
        teardown(&v);
    }
}

/* A second connection from the same address, with the same peer id or another one; or one after the first has gone. */
static void twins_are_judged_by_policy(void **state)
{
    static const struct {
        const char *policy;
        int64_t value;
        bool same_id, gone;
        enum btw_end first, second;
    } rows[] = {
        /* clang-format off */
        { "same_peer_id", 0, true,  false, BTW_END_NONE, BTW_END_NONE },
        { "same_peer_id", 1, true,  false, BTW_END_NONE, BTW_END_FIN },
        { "same_peer_id", 2, true,  false, BTW_END_FIN,  BTW_END_FIN },
        { "same_peer_id", 2, false, false, BTW_END_NONE, BTW_END_NONE },
        { "same_peer_id", 2, true,  true,  BTW_END_NONE, BTW_END_NONE },
        { "same_peer_id", 3, true,  true,  BTW_END_NONE, BTW_END_FIN },
        { "same_peer_id", 3, false, true,  BTW_END_NONE, BTW_END_NONE },
        { "same_address", 0, false, false, BTW_END_NONE, BTW_END_NONE },
        { "same_address", 1, false, false, BTW_END_NONE, BTW_END_FIN },
        { "same_address", 2, false, false, BTW_END_FIN,  BTW_END_FIN },
        /* clang-format on */
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct btw_peer *first;
        uint8_t wire[68];
        struct talk *t;
        void *v;

        setup(&v);
        t = v;
        assert_int_equal(btw_policy_set(&t->policy, rows[i].policy, rows[i].value), BTW_OK);
        start(t, "tiny", BTW_SEED, NULL);
        raw_handshake(t, wire);
        first = t->peer;
        btw_peer_received(first, btw_slice_of(wire, sizeof wire), t->now_ms);
        if (rows[i].gone)
            btw_peer_free(first);
        t->peer = btw_host_accept(t->host, &suite, t->now_ms);
        wire[67] = rows[i].same_id ? wire[67] : '2';
        btw_peer_received(t->peer, btw_slice_of(wire, sizeof wire), t->now_ms);
        if ((!rows[i].gone && btw_peer_wants_end(first) != rows[i].first) ||
            btw_peer_wants_end(t->peer) != rows[i].second)
            fail_msg("row %zu: %s %d", i, rows[i].policy, (int)rows[i].value);
        teardown(&v);
    }
}

static void our_own_id_may_close_everything(void **state)
{
    struct talk *t = *state;
    uint8_t wire[68];

    t->policy.own_peer_id = 2;
    start(t, "tiny", BTW_SEED, NULL);
    greet(t, "[]");
    change_over(t, "[]");
    assert_int_equal(btw_peer_wants_end(t->other), BTW_END_NONE);
    btw_peer_free(t->peer);
    t->peer = btw_host_accept(t->host, &suite, t->now_ms);
    raw_handshake(t, wire);
    memcpy(wire + 48, btw_host_peer_id(t->host), 20);
    btw_peer_received(t->peer, btw_slice_of(wire, sizeof wire), t->now_ms);
    assert_int_equal(btw_peer_wants_end(t->peer), BTW_END_FIN);
    assert_int_equal(btw_peer_wants_end(t->other), BTW_END_FIN);
}

/* Whoever asks for the second torrent is told about the pieces of the first. */
static void the_first_torrent_for_everybody(void **state)
{
    struct talk *t = *state;

    t->policy.first_torrent = 1;
    start(t, "base", BTW_SEED, NULL);
    t->fixture = fixture_named("tiny");
    assert_int_equal(btw_host_add(t->host, t->fixture, BTW_SEED, NULL), BTW_OK);
    greet(t, "[]");
    assert_int_equal(strncmp(hear(t), "handshake", 9), 0);
    assert_string_equal(hear(t), "bitfield bits=fffffffffc");
}

static void a_dialler_may_wait_to_be_greeted(void **state)
{
    struct talk *t = *state;
    struct btw_address to;

    t->policy.dial_first = 0;
    start(t, "tiny", BTW_SEED, NULL);
    btw_host_learn(t->host, t->fixture->meta.info_hash, &suite, NULL, t->now_ms);
    t->peer = btw_host_next_dial(t->host, &to);
    assert_non_null(t->peer);
    btw_peer_connected(t->peer, t->now_ms);
    assert_string_equal(hear(t), "");
    greet(t, "[]");
    assert_int_equal(strncmp(hear(t), "handshake", 9), 0);
    assert_string_equal(hear(t), "bitfield bits=80");
}

/* To a stream that is open, the first bytes of a handshake are a huge length prefix. */
static void a_second_handshake_may_be_answered(void **state)
{
    struct talk *t = *state;
    struct btw_slice out;
    uint8_t wire[68];

    t->policy.second_handshake = 1;
    start(t, "tiny", BTW_SEED, NULL);
    greet(t, "[]");
    assert_int_equal(strncmp(hear(t), "handshake", 9), 0);
    assert_string_equal(hear(t), "bitfield bits=80");
    assert_string_equal(hear(t), "");
    raw_handshake(t, wire);
    btw_peer_received(t->peer, btw_slice_of(wire, sizeof wire), t->now_ms);
    out = btw_peer_output(t->peer);
    assert_int_equal(out.len, 68);
    assert_memory_equal(out.data, wire, 20);
    assert_memory_equal(out.data + 48, btw_host_peer_id(t->host), 20);
    assert_int_equal(btw_peer_wants_end(t->peer), BTW_END_FIN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_answer_comes_after_48_bytes, setup, teardown),
        cmocka_unit_test(wrong_handshakes_close_without_a_byte),
        cmocka_unit_test_setup_teardown(silence_is_not_waited_for, setup, teardown),
        cmocka_unit_test_setup_teardown(our_own_id_closes, setup, teardown),
        cmocka_unit_test(dialling),
        cmocka_unit_test(handshakes_are_judged_by_policy),
        cmocka_unit_test(twins_are_judged_by_policy),
        cmocka_unit_test_setup_teardown(our_own_id_may_close_everything, setup, teardown),
        cmocka_unit_test_setup_teardown(the_first_torrent_for_everybody, setup, teardown),
        cmocka_unit_test_setup_teardown(a_dialler_may_wait_to_be_greeted, setup, teardown),
        cmocka_unit_test_setup_teardown(a_second_handshake_may_be_answered, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

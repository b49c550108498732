/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "../fault.h"

/* ---- a peer that only records ------------------------------------------------------------------------------------ */

struct btw_peer {
    uint8_t saw[4096], says[256 * 1024];
    size_t saw_len, says_len;
    enum btw_end saw_end, wants_end;
    int64_t saw_ms;
};

struct btw_host {
    bool crashed;
};

void btw_peer_received(struct btw_peer *peer, struct btw_slice bytes, int64_t now_ms)
{
    assert_true(peer->saw_len + bytes.len <= sizeof peer->saw);
    memcpy(peer->saw + peer->saw_len, bytes.data, bytes.len);
    peer->saw_len += bytes.len;
    peer->saw_ms = now_ms;
}

struct btw_slice btw_peer_output(const struct btw_peer *peer)
{
    return btw_slice_of(peer->says, peer->says_len);
}

void btw_peer_sent(struct btw_peer *peer, size_t len)
{
    peer->says_len -= len;
    memmove(peer->says, peer->says + len, peer->says_len);
}

enum btw_end btw_peer_wants_end(const struct btw_peer *peer)
{
    return peer->wants_end;
}

void btw_peer_received_end(struct btw_peer *peer, enum btw_end how, int64_t now_ms)
{
    peer->saw_end = how;
    peer->saw_ms = now_ms;
}

void btw_peer_connected(struct btw_peer *peer, int64_t now_ms)
{
    (void)peer;
    (void)now_ms;
}

void btw_peer_free(struct btw_peer *peer)
{
    (void)peer;
}

void btw_host_crash(struct btw_host *host)
{
    host->crashed = true;
}

/* ---- a connection under test ------------------------------------------------------------------------------------- */

struct bench {
    struct btw_peer peer;
    struct btw_host host;
    struct scn_script *script;
    struct scn_faults faults;
    struct scn_faulty *faulty;
    uint8_t wire[4096]; /* what has left */
    size_t wire_len;
};

static void bench_open(struct bench *bench, const char *fault)
{
    struct scn_error error;
    memset(bench, 0, sizeof *bench);
    if (fault) {
        bench->script = scn_faults_parse(fault, &error);
        if (!bench->script)
            fail_msg("%s: %s", fault, error.text);
        bench->faults.specs = bench->script->scenarios[0].faults;
        bench->faults.count = bench->script->scenarios[0].fault_count;
    }
    bench->faulty = scn_faulty_new(&bench->peer, &bench->host, &bench->faults);
}

static void bench_close(struct bench *bench)
{
    scn_faulty_free(bench->faulty);
    scn_script_free(bench->script);
}

static size_t unhex(uint8_t *out, const char *hex)
{
    size_t len = 0;
    for (; *hex; hex++) {
        unsigned byte;
        if (*hex == ' ')
            continue;
        assert_int_equal(sscanf(hex++, "%2x", &byte), 1);
        out[len++] = (uint8_t)byte;
    }
    return len;
}

/* What the peer says leaves, as far as it may at that time. */
static void collect(struct bench *bench, int64_t now_ms)
{
    struct btw_slice out;
    while ((out = scn_faulty_output(bench->faulty, now_ms)).len > 0) {
        assert_true(bench->wire_len + out.len <= sizeof bench->wire);
        memcpy(bench->wire + bench->wire_len, out.data, out.len);
        bench->wire_len += out.len;
        scn_faulty_sent(bench->faulty, out.len);
    }
}

static void says(struct bench *bench, const char *hex, int64_t now_ms)
{
    bench->peer.says_len += unhex(bench->peer.says + bench->peer.says_len, hex);
    collect(bench, now_ms);
}

static void receives(struct bench *bench, const char *hex, int64_t now_ms)
{
    uint8_t bytes[4096];
    size_t len = unhex(bytes, hex);
    scn_faulty_received(bench->faulty, btw_slice_of(bytes, len), now_ms);
    collect(bench, now_ms);
}

static void assert_hex(const uint8_t *bytes, size_t len, const char *hex)
{
    uint8_t want[4096];
    size_t want_len = unhex(want, hex);
    assert_int_equal(len, want_len);
    assert_memory_equal(bytes, want, len);
}

/* ---- rows -------------------------------------------------------------------------------------------------------- */

#define PSTR "13 426974546f7272656e742070726f746f636f6c"
#define HASH "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define ID "2d4257303030312d303030303030303030303031"
#define HS PSTR "0000000000100004" HASH ID
#define UNCHOKE "00000001 01"
#define HAVE3 "00000005 04 00000003"
#define REQ1 "0000000d 06 00000001 00004000 00000002"
#define PIECE1 "0000000b 07 00000001 00004000 abcd"
#define EXT1 "0000000d 14 01 64313a6169316565 616263" /* {a=1} and "abc" behind it */
#define BAD_HAVE "00000004 04 000003"
#define UNKNOWN "00000003 63 0102"
#define TOO_LONG "7fffffff"

/* One row is a fault, what each end says, and what the other one gets. */
static const struct {
    const char *fault, *from_wire, *peer_saw, *from_peer, *wire_saw;
} rows[] = {
    /* nothing fits: nothing changes, whatever it is */
    { NULL, HS HAVE3, HS HAVE3, HS UNCHOKE, HS UNCHOKE },
    { "tx choke drop", HS HAVE3, HS HAVE3, HS UNCHOKE UNKNOWN BAD_HAVE HAVE3, HS UNCHOKE UNKNOWN BAD_HAVE HAVE3 },
    { "rx choke drop", HS UNKNOWN BAD_HAVE REQ1, HS UNKNOWN BAD_HAVE REQ1, "", "" },
    { "rx choke drop", HS TOO_LONG "0102", HS TOO_LONG "0102", "", "" },
    { "rx choke drop", "16030100ff", "16030100ff", "", "" },
    { "tx choke drop", "", "", "16030100ff" HAVE3, "16030100ff" HAVE3 },
    /* from the peer */
    { "tx have drop", "", "", HS HAVE3 UNCHOKE HAVE3, HS UNCHOKE },
    { "tx any drop", "", "", HS HAVE3 UNCHOKE, HS },
    { "tx have piece=2..3 drop", "", "", HS HAVE3 "00000005 04 00000004", HS "00000005 04 00000004" },
    { "tx piece set begin=0", "", "", HS PIECE1, HS "0000000b 07 00000001 00000000 abcd" },
    { "tx piece set data=\"xyz\"", "", "", HS PIECE1, HS "0000000c 07 00000001 00004000 78797a" },
    { "tx piece set begin=$begin+1 piece=$piece*2", "", "", HS PIECE1, HS "0000000b 07 00000002 00004001 abcd" },
    { "tx extended ext=1 set tail=\"x\"", "", "", HS EXT1, HS "0000000b 14 01 64313a6169316565 78" },
    { "tx extended dict={a=1} set dict={b=2}", "", "", HS EXT1, HS "0000000d 14 01 64313a6269326565 616263" },
    { "tx handshake set reserved=[fast]", "", "", HS UNCHOKE, PSTR "0000000000000004" HASH ID UNCHOKE },
    { "tx have instead unchoke", "", "", HS HAVE3 HAVE3, HS UNCHOKE UNCHOKE },
    { "tx have add unchoke", "", "", HS HAVE3 REQ1, HS HAVE3 UNCHOKE REQ1 },
    { "tx have dup", "", "", HS HAVE3 UNCHOKE, HS HAVE3 HAVE3 UNCHOKE },
    /* to the peer */
    { "rx request drop", HS REQ1 HAVE3, HS HAVE3, "", "" },
    { "rx request set length=1", HS REQ1, HS "0000000d 06 00000001 00004000 00000001", "", "" },
    { "rx request dup", HS REQ1 HAVE3, HS REQ1 REQ1 HAVE3, "", "" },
    { "rx request answer reject piece=$piece begin=$begin length=$length", HS REQ1 HAVE3, HS HAVE3, HS UNCHOKE,
      HS UNCHOKE "0000000d 10 00000001 00004000 00000002" },
    { "rx request add unchoke", HS REQ1 HAVE3, HS REQ1 HAVE3, HS, HS UNCHOKE },
    { "rx malformed drop", HS BAD_HAVE HAVE3, HS HAVE3, "", "" },
    { "rx malformed drop", HS TOO_LONG HAVE3, HS HAVE3, "", "" },
    { "rx raw * drop", HS UNKNOWN HAVE3, HS HAVE3, "", "" },
    /* the first that fits */
    { "tx have piece=3 drop\ntx have dup", "", "", HS HAVE3 "00000005 04 00000004",
      HS "00000005 04 00000004 00000005 04 00000004" },
};

static void each_fault_does_its_thing(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct bench bench;
        bench_open(&bench, rows[i].fault);
        bench.peer.says_len = unhex(bench.peer.says, rows[i].from_peer);
        receives(&bench, rows[i].from_wire, 0);
        assert_hex(bench.peer.saw, bench.peer.saw_len, rows[i].peer_saw);
        assert_hex(bench.wire, bench.wire_len, rows[i].wire_saw);
        assert_null(bench.faults.error);
        bench_close(&bench);
    }
}

static void any_cut_of_the_stream_is_the_same(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct bench bench;
        uint8_t in[4096], out[4096];
        size_t in_len = unhex(in, rows[i].from_wire), out_len = unhex(out, rows[i].from_peer);
        bench_open(&bench, rows[i].fault);
        for (size_t at = 0; at < out_len; at++) {
            bench.peer.says[0] = out[at];
            bench.peer.says_len = 1;
            collect(&bench, 0);
        }
        for (size_t at = 0; at < in_len; at++) {
            scn_faulty_received(bench.faulty, btw_slice_of(in + at, 1), 0);
            collect(&bench, 0);
        }
        assert_hex(bench.peer.saw, bench.peer.saw_len, rows[i].peer_saw);
        assert_hex(bench.wire, bench.wire_len, rows[i].wire_saw);
        bench_close(&bench);
    }
}

static void a_message_that_cannot_be_made_is_reported(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench, "tx piece set begin=$begin/0");
    says(&bench, HS PIECE1 UNCHOKE, 0);
    assert_hex(bench.wire, bench.wire_len, HS UNCHOKE);
    assert_non_null(bench.faults.error);
    assert_int_equal(bench.faults.fired, 1);
    bench_close(&bench);
}

/* ---- time -------------------------------------------------------------------------------------------------------- */

static void a_delay_holds_all_behind_it(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench, "tx have delay 5s");
    says(&bench, HS UNCHOKE HAVE3 UNCHOKE, 100);
    assert_hex(bench.wire, bench.wire_len, HS UNCHOKE);
    assert_int_equal(scn_faulty_deadline(bench.faulty), 5100);
    bench.peer.wants_end = BTW_END_FIN;
    assert_int_equal(scn_faulty_wants_end(bench.faulty), BTW_END_NONE);
    says(&bench, REQ1, 5099);
    assert_hex(bench.wire, bench.wire_len, HS UNCHOKE);
    collect(&bench, 5100);
    assert_hex(bench.wire, bench.wire_len, HS UNCHOKE HAVE3 UNCHOKE REQ1);
    assert_true(scn_faulty_deadline(bench.faulty) == INT64_MAX);
    assert_int_equal(scn_faulty_wants_end(bench.faulty), BTW_END_FIN);
    bench_close(&bench);
}

static void a_delay_holds_what_comes_and_its_end(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench, "rx request delay 1s");
    receives(&bench, HS REQ1 HAVE3 "0000", 10);
    scn_faulty_received_end(bench.faulty, BTW_END_FIN, 20);
    assert_hex(bench.peer.saw, bench.peer.saw_len, HS);
    assert_int_equal(bench.peer.saw_end, BTW_END_NONE);
    assert_int_equal(scn_faulty_deadline(bench.faulty), 1010);
    scn_faulty_tick(bench.faulty, 1010);
    assert_hex(bench.peer.saw, bench.peer.saw_len, HS REQ1 HAVE3 "0000");
    assert_int_equal(bench.peer.saw_end, BTW_END_FIN);
    assert_int_equal(bench.peer.saw_ms, 1010);
    bench_close(&bench);
}

/* ---- ends -------------------------------------------------------------------------------------------------------- */

static void close_ends_behind_what_was_said(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench, "rx request close");
    bench.peer.says_len = unhex(bench.peer.says, HS UNCHOKE);
    uint8_t bytes[256];
    scn_faulty_received(bench.faulty, btw_slice_of(bytes, unhex(bytes, HS HAVE3 REQ1 HAVE3)), 0);
    assert_hex(bench.peer.saw, bench.peer.saw_len, HS HAVE3);
    assert_int_equal(scn_faulty_wants_end(bench.faulty), BTW_END_NONE);
    says(&bench, HAVE3, 0);
    assert_hex(bench.wire, bench.wire_len, HS UNCHOKE);
    assert_int_equal(scn_faulty_wants_end(bench.faulty), BTW_END_FIN);
    bench_close(&bench);
}

static void a_hanging_connection_neither_reads_nor_writes(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench, "tx unchoke hang");
    assert_true(scn_faulty_reads(bench.faulty));
    says(&bench, HS UNCHOKE HAVE3, 0);
    receives(&bench, HS, 0);
    assert_hex(bench.wire, bench.wire_len, HS);
    assert_int_equal(bench.peer.saw_len, 0);
    assert_false(scn_faulty_reads(bench.faulty));
    bench.peer.wants_end = BTW_END_FIN;
    assert_int_equal(scn_faulty_wants_end(bench.faulty), BTW_END_NONE);
    bench_close(&bench);
}

static void a_crash_takes_the_host(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench, "rx malformed crash");
    receives(&bench, HS HAVE3, 0);
    assert_false(bench.host.crashed);
    receives(&bench, BAD_HAVE, 0);
    assert_true(bench.host.crashed);
    assert_int_equal(scn_faulty_wants_end(bench.faulty), BTW_END_RST);
    assert_true(scn_faulty_deadline(bench.faulty) == INT64_MAX);
    bench_close(&bench);
}

static void a_message_cut_off_by_the_peer_goes_out(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench, "tx choke drop");
    bench.peer.wants_end = BTW_END_FIN;
    says(&bench, HS "0000000d 06", 0);
    assert_hex(bench.wire, bench.wire_len, HS "0000000d 06");
    assert_int_equal(scn_faulty_wants_end(bench.faulty), BTW_END_FIN);
    bench_close(&bench);
}

static void a_reset_is_never_delayed(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench, "rx have delay 1s");
    receives(&bench, HS HAVE3, 0);
    scn_faulty_received_end(bench.faulty, BTW_END_RST, 1);
    assert_int_equal(bench.peer.saw_end, BTW_END_RST);
    assert_hex(bench.peer.saw, bench.peer.saw_len, HS);
    bench_close(&bench);
}

static void an_answer_never_cuts_a_message(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench, "rx request answer choke");
    says(&bench, HS "00000005 04", 0);
    receives(&bench, HS REQ1, 0);
    assert_hex(bench.wire, bench.wire_len, HS "00000001 00");
    says(&bench, "00000003", 0);
    assert_hex(bench.wire, bench.wire_len, HS "00000001 00" HAVE3);
    bench_close(&bench);
}

/* ---- bounds ------------------------------------------------------------------------------------------------------ */

static void what_waits_for_the_wire_only_sets_no_timer(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench, "tx have delay 1s\nrx malformed crash");
    says(&bench, HS HAVE3, 0);
    assert_int_equal(scn_faulty_deadline(bench.faulty), 1000);
    assert_int_equal(scn_faulty_output(bench.faulty, 1000).len, 9);
    assert_true(scn_faulty_deadline(bench.faulty) == INT64_MAX);
    says(&bench, HAVE3, 1000);
    receives(&bench, HS BAD_HAVE, 1500);
    assert_true(scn_faulty_deadline(bench.faulty) == INT64_MAX); /* it is dead */
    bench_close(&bench);
}

static void a_slow_wire_leaves_output_in_the_peer(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench, "tx choke drop");
    bench.peer.says_len = unhex(bench.peer.says, HS);
    for (int i = 0; i < 40000; i++)
        bench.peer.says_len += unhex(bench.peer.says + bench.peer.says_len, UNCHOKE);
    assert_int_equal(scn_faulty_output(bench.faulty, 0).len, BTW_HANDSHAKE_SIZE);
    assert_true(bench.peer.says_len > 100000 && bench.peer.says_len < 140000);
    bench_close(&bench);
}

static void a_connection_with_too_much_waiting_is_given_up(void **state)
{
    (void)state;
    struct bench bench;
    uint8_t bytes[256];
    bench_open(&bench, "rx keepalive answer piece piece=0 begin=0 data=zeros(16384)");
    scn_faulty_received(bench.faulty, btw_slice_of(bytes, unhex(bytes, HS)), 0);
    for (int i = 0; i < 1023; i++)
        scn_faulty_received(bench.faulty, btw_slice_of("\0\0\0\0", 4), 0);
    assert_int_equal(scn_faulty_wants_end(bench.faulty), BTW_END_NONE);
    scn_faulty_received(bench.faulty, btw_slice_of("\0\0\0\0", 4), 0);
    assert_int_equal(scn_faulty_wants_end(bench.faulty), BTW_END_RST);
    assert_int_equal(scn_faulty_output(bench.faulty, 0).len, 0);
    bench_close(&bench);
}

/* ---- policy ------------------------------------------------------------------------------------------------------ */

static void policy_faults_replace_entries(void **state)
{
    (void)state;
    struct btw_policy policy;
    struct scn_error error;
    struct scn_script *script = scn_faults_parse("policy unchoke=0", &error);
    assert_non_null(script);
    struct scn_faults faults = { .specs = script->scenarios[0].faults, .count = 1 };
    btw_policy_init(&policy);
    assert_int_equal(scn_faults_apply_policy(&policy, &faults), BTW_OK);
    assert_int_equal(policy.unchoke, 0);
    scn_script_free(script);
}

static void a_bad_fault_is_refused_with_a_sentence(void **state)
{
    (void)state;
    static const char *const bad[] = { "tx", "tx nonsense drop", "tx have explode", "tx have drop extra" };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct scn_error error = { .text = "" };
        assert_null(scn_faults_parse(bad[i], &error));
        assert_true(error.text[0] != '\0');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_fault_does_its_thing),
        cmocka_unit_test(any_cut_of_the_stream_is_the_same),
        cmocka_unit_test(a_message_that_cannot_be_made_is_reported),
        cmocka_unit_test(a_delay_holds_all_behind_it),
        cmocka_unit_test(a_delay_holds_what_comes_and_its_end),
        cmocka_unit_test(close_ends_behind_what_was_said),
        cmocka_unit_test(a_hanging_connection_neither_reads_nor_writes),
        cmocka_unit_test(a_crash_takes_the_host),
        cmocka_unit_test(a_message_cut_off_by_the_peer_goes_out),
        cmocka_unit_test(a_reset_is_never_delayed),
        cmocka_unit_test(an_answer_never_cuts_a_message),
        cmocka_unit_test(what_waits_for_the_wire_only_sets_no_timer),
        cmocka_unit_test(a_slow_wire_leaves_output_in_the_peer),
        cmocka_unit_test(a_connection_with_too_much_waiting_is_given_up),
        cmocka_unit_test(policy_faults_replace_entries),
        cmocka_unit_test(a_bad_fault_is_refused_with_a_sentence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

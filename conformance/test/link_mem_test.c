/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "../link_mem_state.h"

#define HEADER "scenario test.link\n  rule BEP3-HS-02\n  fault rx handshake crash crashes\n\n"
#define HELLO                                                                                                          \
    "p1 dial\n"                                                                                                        \
    "p1 >! handshake info_hash=$t1 reserved=[fast ext]\n"                                                              \
    "p1 < handshake info_hash=$t1\n"

/* One run of one scenario against a host of its own. */
struct bench {
    struct btw_fixture fixture;
    struct btw_host *host;
    struct scn_script *script, *fault_script;
    struct scn_faults faults;
    struct scn_torrent torrent;
    struct scn_world world;
    struct scn_mem *mem;
    struct scn_run *run;
    const struct scn_result *result;
};

static bool read_fixture(const struct scn_torrent *torrent, uint64_t offset, uint8_t *out, size_t len)
{
    btw_fixture_read(torrent->source, offset, out, len);
    return true;
}

static struct scn_script *must_parse(struct scn_script *script, const struct scn_error *error)
{
    if (!script)
        fail_msg("%u:%u: %s: %s", error->place.line, error->place.column, error->text, error->line);
    return script;
}

static void bench_make(struct bench *bench, const char *kind, const char *fault)
{
    struct btw_policy policy;
    struct scn_error error;
    memset(bench, 0, sizeof *bench);
    assert_int_equal(btw_fixture_make(&bench->fixture, kind, 0), BTW_OK);
    if (fault) {
        bench->fault_script = must_parse(scn_faults_parse(fault, &error), &error);
        bench->faults.specs = bench->fault_script->scenarios[0].faults;
        bench->faults.count = bench->fault_script->scenarios[0].fault_count;
    }
    btw_policy_init(&policy);
    assert_int_equal(scn_faults_apply_policy(&policy, &bench->faults), BTW_OK);
    bench->host = btw_host_new(&policy, 1, 6881);
    assert_int_equal(btw_host_add(bench->host, &bench->fixture, BTW_SEED, NULL), BTW_OK);
    bench->torrent = (struct scn_torrent){
        .kind = kind, .known = true, .meta = bench->fixture.meta, .read = read_fixture, .source = &bench->fixture
    };
    memcpy(bench->torrent.info_hash, bench->fixture.meta.info_hash, 20);
    bench->world = (struct scn_world){
        .torrents = &bench->torrent,
        .torrent_count = 1,
        .role = SCN_TARGET_SEED,
        .capabilities = UINT64_MAX,
        .probed = true,
        .timeout_scale = 1,
    };
    bench->mem = scn_mem_new(bench->host, &bench->faults);
}

static void bench_play(struct bench *bench, const char *text)
{
    struct scn_error error;
    bench->script = must_parse(scn_script_parse("test", text, strlen(text), &error), &error);
    bench->run = scn_run_new(&bench->script->scenarios[0], NULL, &bench->world, scn_mem_link(bench->mem), 1, 0);
    assert_true(scn_mem_play_run(bench->mem, bench->run));
    bench->result = scn_run_result(bench->run);
}

static void bench_free(struct bench *bench)
{
    scn_run_free(bench->run);
    scn_mem_free(bench->mem);
    btw_host_free(bench->host);
    scn_script_free(bench->script);
    scn_script_free(bench->fault_script);
    btw_fixture_free(&bench->fixture);
}

static int64_t played_ms(const struct bench *bench)
{
    return bench->result->ended_ms - bench->result->started_ms;
}

static void assert_verdict(const struct bench *bench, enum scn_verdict verdict)
{
    const struct scn_timeline *timeline = scn_run_timeline(bench->run);
    for (size_t i = 0; bench->result->verdict != verdict && i < scn_timeline_count(timeline); i++)
        print_message("%s\n", scn_timeline_line(timeline, i));
    assert_string_equal(scn_verdict_name(bench->result->verdict), scn_verdict_name(verdict));
}

/* SYN, its answer, and a handshake each way: four times a millisecond. */
static void every_way_takes_a_millisecond(void **state)
{
    struct bench bench;
    (void)state;
    bench_make(&bench, "tiny", NULL);
    bench_play(&bench, HEADER HELLO);
    assert_verdict(&bench, SCN_PASS);
    assert_int_equal(played_ms(&bench), 4);
    bench_free(&bench);
}

static void the_clock_jumps_over_silence(void **state)
{
    struct bench bench;
    (void)state;
    bench_make(&bench, "tiny", NULL);
    bench_play(&bench, HEADER HELLO "wait 90s \"nothing happens\"\n");
    assert_verdict(&bench, SCN_PASS);
    assert_int_equal(played_ms(&bench), 90004);
    bench_free(&bench);
}

static void the_same_run_is_the_same_again(void **state)
{
    static const char text[] = HEADER HELLO "p1 > have_none\np1 > interested\np1 < unchoke\n"
                                            "p1 > request piece=0 begin=0 length=100\n"
                                            "p1 < piece piece=0 begin=0 data=$t1\n";
    struct bench a, b;
    (void)state;
    bench_make(&a, "tiny", NULL);
    bench_make(&b, "tiny", NULL);
    bench_play(&a, text);
    bench_play(&b, text);
    assert_verdict(&a, SCN_PASS);
    const struct scn_timeline *one = scn_run_timeline(a.run), *two = scn_run_timeline(b.run);
    assert_int_equal(scn_timeline_count(one), scn_timeline_count(two));
    for (size_t i = 0; i < scn_timeline_count(one); i++)
        assert_string_equal(scn_timeline_line(one, i), scn_timeline_line(two, i));
    bench_free(&a);
    bench_free(&b);
}

static void both_addresses_are_listened_on(void **state)
{
    struct bench bench;
    (void)state;
    bench_make(&bench, "tiny", NULL);
    bench_play(&bench, HEADER "p1 dial v6\n"
                              "p1 >! handshake info_hash=$t1\n"
                              "p1 < handshake info_hash=$t1\n");
    assert_verdict(&bench, SCN_PASS);
    assert_int_equal(bench.mem->conns->address.len, 16);
    bench_free(&bench);
}

static void a_dead_host_refuses(void **state)
{
    struct bench bench;
    (void)state;
    bench_make(&bench, "tiny", NULL);
    btw_host_crash(bench.host);
    bench_play(&bench, HEADER HELLO);
    assert_int_not_equal(bench.result->verdict, SCN_PASS);
    assert_false(bench.result->stimulus);
    assert_non_null(strstr(bench.result->reason, "connection refused"));
    bench_free(&bench);
}

static void a_crash_resets_all_connections(void **state)
{
    struct bench bench;
    (void)state;
    bench_make(&bench, "tiny", "rx keepalive crash");
    bench_play(&bench, HEADER HELLO "p2 dial\n"
                                    "p2 > handshake info_hash=$t1\n"
                                    "p2 < handshake\n"
                                    "p1 > keepalive\n"
                                    "p2 closes rst within 1s\n"
                                    "p1 closes rst within 1s\n");
    assert_verdict(&bench, SCN_PASS);
    bench_free(&bench);
}

static void a_stranger_is_closed_by_fin(void **state)
{
    struct bench bench;
    (void)state;
    bench_make(&bench, "tiny", NULL);
    bench_play(&bench, HEADER "p1 dial\n"
                              "p1 >! handshake info_hash=0000000000000000000000000000000000000001\n"
                              "p1 closes fin\n");
    assert_verdict(&bench, SCN_PASS);
    bench_free(&bench);
}

/* More than both windows hold waits in the peer, and none of it is lost. */
static void a_reader_that_pauses_gets_everything_later(void **state)
{
    struct bench bench;
    (void)state;
    bench_make(&bench, "f1313", NULL);
    bench_play(&bench, HEADER "p1 dial rcvbuf=4096\n"
                              "p1 >! handshake info_hash=$t1 reserved=[fast]\n"
                              "p1 < handshake info_hash=$t1\n"
                              "p1 > have_none\n"
                              "p1 > interested\n"
                              "p1 < unchoke\n"
                              "p1 pause\n"
                              "p1 > request piece=$i begin=0 length=16384 wire times=100\n"
                              "wait 20s \"nothing is read\"\n"
                              "check p1.pieces == 0\n"
                              "p1 resume\n"
                              "p1 until pieces == 100 within 5s\n");
    assert_verdict(&bench, SCN_PASS);
    bench_free(&bench);
}

/* What a paused reader has coming fills both windows and no more. */
static void a_reader_that_pauses_stops_the_peer(void **state)
{
    struct bench bench;
    (void)state;
    bench_make(&bench, "f1313", NULL);
    bench_play(&bench, HEADER "p1 dial rcvbuf=4096\n"
                              "p1 >! handshake info_hash=$t1 reserved=[fast]\n"
                              "p1 < handshake info_hash=$t1\n"
                              "p1 > have_none\n"
                              "p1 > interested\n"
                              "p1 < unchoke\n"
                              "p1 pause\n"
                              "p1 > request piece=$i begin=0 length=16384 wire times=100\n"
                              "wait 1s \"nothing is read\"\n");
    assert_verdict(&bench, SCN_PASS);
    assert_int_equal(bench.mem->conns->to_engine, 8192 + SCN_MEM_SENDBUF);
    bench_free(&bench);
}

static void a_hanging_peer_takes_no_more_than_a_window(void **state)
{
    struct bench bench;
    (void)state;
    bench_make(&bench, "tiny", "rx interested hang");
    bench_play(&bench, HEADER HELLO "p1 > have_none\n"
                                    "p1 > interested\n"
                                    "p1 > raw repeat(00000000, 4096) wire times=50\n"
                                    "p1 sync within 20s else inconclusive\n");
    assert_verdict(&bench, SCN_INCONCLUSIVE);
    assert_true(played_ms(&bench) >= 20000);
    assert_in_range(bench.mem->conns->to_peer, SCN_MEM_WINDOW - 16384, SCN_MEM_WINDOW);
    assert_true(bench.mem->conns->backlog_bytes > 0);
    bench_free(&bench);
}

/* More than the window holds goes through at once: the sender is told when there is room again. */
static void a_full_window_empties(void **state)
{
    struct bench bench;
    (void)state;
    bench_make(&bench, "tiny", NULL);
    bench_play(&bench, HEADER HELLO "p1 > raw repeat(00000000, 4096) wire times=100\n"
                                    "p1 sync\n");
    assert_verdict(&bench, SCN_PASS);
    assert_in_range(played_ms(&bench), 6, 100);
    bench_free(&bench);
}

static void timers_of_the_peer_run(void **state)
{
    struct bench bench;
    (void)state;
    bench_make(&bench, "tiny", NULL);
    bench_play(&bench, HEADER HELLO "p1 < keepalive within 110s\n");
    assert_verdict(&bench, SCN_PASS);
    assert_in_range(played_ms(&bench), 100000, 100100);
    bench_free(&bench);
}

static void timers_of_faults_run(void **state)
{
    struct bench bench;
    (void)state;
    bench_make(&bench, "tiny", "rx interested delay 3s");
    bench_play(&bench, HEADER HELLO "p1 > have_none\np1 > interested\np1 < unchoke within 30s\n");
    assert_verdict(&bench, SCN_PASS);
    assert_int_equal(played_ms(&bench), 4 + 3002);
    bench_free(&bench);
}

static void a_fin_reaches_the_peer(void **state)
{
    struct bench bench;
    (void)state;
    bench_make(&bench, "tiny", NULL);
    bench_play(&bench, HEADER HELLO "p1 fin\np1 closes fin within 10s\n");
    assert_verdict(&bench, SCN_PASS);
    bench_free(&bench);
}

static void a_reset_reaches_the_peer(void **state)
{
    struct bench bench;
    (void)state;
    bench_make(&bench, "tiny", NULL);
    bench_play(&bench, HEADER HELLO "p1 rst\nwait 10ms \"it goes its way\"\n");
    assert_verdict(&bench, SCN_PASS);
    assert_true(!bench.mem->conns || !bench.mem->conns->peer);
    bench_free(&bench);
}

static void what_a_run_leaves_open_is_closed(void **state)
{
    struct bench bench;
    (void)state;
    bench_make(&bench, "tiny", NULL);
    bench_play(&bench, HEADER HELLO "p2 dial\np2 > handshake info_hash=$t1\np2 < handshake\n");
    assert_non_null(bench.mem->conns->next);
    struct scn_run *again = scn_run_new(&bench.script->scenarios[0], NULL, &bench.world, scn_mem_link(bench.mem), 2, 0);
    assert_true(scn_mem_play_run(bench.mem, again));
    assert_null(bench.mem->conns->next->next); /* those of the second run only */
    scn_run_free(again);
    bench_free(&bench);
}

static void a_listener_is_learned_and_dialled(void **state)
{
    struct bench bench;
    (void)state;
    bench_make(&bench, "tiny", NULL);
    bench_play(&bench, HEADER "p1 listen\n"
                              "p1 accept within 10s\n"
                              "p1 < handshake info_hash=$t1\n"
                              "p1 >! handshake info_hash=$t1\n"
                              "p1 sync\n");
    assert_verdict(&bench, SCN_PASS);
    assert_true(played_ms(&bench) >= SCN_MEM_LEARN_MS + 3 * SCN_MEM_LATENCY_MS);
    bench_free(&bench);
}

static void each_listener_gets_its_own_calls(void **state)
{
    struct bench bench;
    (void)state;
    bench_make(&bench, "tiny", NULL);
    bench_play(&bench, HEADER "p1 listen\np2 listen\n"
                              "p1 accept within 10s\np2 accept within 10s\n"
                              "p1 < handshake info_hash=$t1\np2 < handshake info_hash=$t1\n"
                              "p1 >! handshake info_hash=$t1\n");
    assert_verdict(&bench, SCN_PASS);
    assert_in_range(played_ms(&bench), SCN_MEM_LEARN_MS, 1000);
    bench_free(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_way_takes_a_millisecond),
        cmocka_unit_test(the_clock_jumps_over_silence),
        cmocka_unit_test(the_same_run_is_the_same_again),
        cmocka_unit_test(both_addresses_are_listened_on),
        cmocka_unit_test(a_dead_host_refuses),
        cmocka_unit_test(a_crash_resets_all_connections),
        cmocka_unit_test(a_stranger_is_closed_by_fin),
        cmocka_unit_test(a_reader_that_pauses_gets_everything_later),
        cmocka_unit_test(a_reader_that_pauses_stops_the_peer),
        cmocka_unit_test(a_full_window_empties),
        cmocka_unit_test(timers_of_the_peer_run),
        cmocka_unit_test(timers_of_faults_run),
        cmocka_unit_test(a_fin_reaches_the_peer),
        cmocka_unit_test(a_reset_reaches_the_peer),
        cmocka_unit_test(what_a_run_leaves_open_is_closed),
        cmocka_unit_test(each_listener_gets_its_own_calls),
        cmocka_unit_test(a_hanging_peer_takes_no_more_than_a_window),
        cmocka_unit_test(a_listener_is_learned_and_dialled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

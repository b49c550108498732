/* SPDX-License-Identifier: MIT
 *
 * What a judge believes of what a monitor finds, when parts of the session are missing.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "events.h"
#include "judge.h"

struct bench {
    struct cap_judge *judge;
    char heard[512]; /* "BEP3-REQ-01 d 6 x2, ..." */
    size_t len;
};

static void hear(void *user, const struct cap_finding *finding)
{
    struct bench *bench = user;
    bench->len += (size_t)snprintf(bench->heard + bench->len, sizeof bench->heard - bench->len, "%s%s %c %llu",
                                   bench->len > 0 ? ", " : "", finding->rule->id,
                                   finding->side == BTW_DIALLER ? 'd' : 'a', (unsigned long long)finding->frame);
    if (finding->count > 1)
        bench->len +=
            (size_t)snprintf(bench->heard + bench->len, sizeof bench->heard - bench->len, " x%u", finding->count);
    assert_true(bench->len < sizeof bench->heard);
}

static void take(void *user, const struct cap_event *event)
{
    struct bench *bench = user;
    if (event->kind == CAP_OPENED)
        bench->judge = cap_judge_new(event->session, 0);
    assert_non_null(bench->judge);
    cap_judge_take(bench->judge, event);
    if (event->kind == CAP_CLOSED)
        cap_judge_tell(bench->judge, hear, bench);
}

static void expect(struct cap_session *session, const char *text, const char *want)
{
    struct bench bench = { 0 };
    events_play(session, text, false, take, &bench);
    assert_string_equal(bench.heard, want);
    cap_judge_free(bench.judge);
}

#define UNASKED "a 10 piece piece=3 begin=0 data=00\n"
#define LATE_BITS "a 10 bitfield bits=ffc0\n"
#define HUGE_REQUEST "d 10 request piece=1 begin=0 length=99999\n"

/* What is missing, and what may be said all the same: by both sides' words, by one's own, by the message alone. */
static void holes_silence_what_builds_on_them(void **state)
{
    static const struct {
        const char *text, *heard;
    } rows[] = {
        { EVENTS_PLAIN UNASKED, "BEP3-SRV-05 a 6" },
        { EVENTS_PLAIN "d 9 gap 17\nd 9 keepalive\n" UNASKED, "" },
        { EVENTS_PLAIN "a 9 gap 5\na 9 keepalive\n" UNASKED, "" },
        { EVENTS_PLAIN "d 9 gap 17\n" UNASKED, "" },
        { EVENTS_PLAIN "d 9 lost 17\n" UNASKED, "" },
        { EVENTS_PLAIN LATE_BITS, "BEP3-BF-01 a 6" },
        { EVENTS_PLAIN "d 9 lost 17\n" LATE_BITS, "BEP3-BF-01 a 7" },
        { EVENTS_PLAIN "a 9 lost 17\n" LATE_BITS, "" },
        { EVENTS_PLAIN HUGE_REQUEST, "BEP3-REQ-01 d 6" },
        { EVENTS_PLAIN "d 9 gap 4\na 9 lost 4\n" HUGE_REQUEST, "BEP3-REQ-01 d 8" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct cap_session session = EVENTS_SESSION;
        expect(&session, rows[i].text, rows[i].heard);
    }
}

/* Bytes of a block say nothing that a rule builds on. */
static void holes_in_blocks_do_not_matter(void **state)
{
    struct cap_session session = EVENTS_SESSION;
    (void)state;
    expect(&session,
           EVENTS_PLAIN "d 8 request piece=2 begin=0 length=2\n"
                        "a 9 gap 1\n"
                        "a 9 piece piece=2 begin=0 data=0000\n" UNASKED,
           "BEP3-SRV-05 a 9");
}

static void a_missing_start_is_forgiven(void **state)
{
    struct cap_session neither = EVENTS_SESSION, dialler = EVENTS_SESSION;
    (void)state;
    neither.sent[0].start = neither.sent[1].start = false;
    expect(&neither, "d 3 request piece=1 begin=0 length=16384\na 4 piece piece=9 begin=0 data=00\n" LATE_BITS, "");
    dialler.sent[0].start = false;
    expect(&dialler, EVENTS_PLAIN UNASKED, "");
}

/* A hole in front of the first word that was understood. */
static void what_was_missing_before_is_missing(void **state)
{
    struct cap_session session = EVENTS_SESSION;
    (void)state;
    session.sent[1].missing = 100;
    expect(&session, "d 0 handshake reserved=[] " EVENTS_HASH " peer_id=\"-AA0001-abcdefghijkl\"\na 4 unchoke\n", "");
}

static void one_side_alone_is_judged_by_its_own_words(void **state)
{
    struct cap_session session = EVENTS_SESSION;
    (void)state;
    session.sent[0].seen = session.sent[0].start = false;
    expect(&session,
           "a 1 handshake reserved=[] " EVENTS_HASH " peer_id=\"-BB0001-mnopqrstuvwx\"\n"
           "a 2 have piece=1\na 3 unchoke\na 3 piece piece=1 begin=0 data=00\na 4000 choke\na 4100 unchoke\n"
           "a 5000 bitfield bits=ff\na 5001 bitfield bits=ff\n",
           "BEP3-BF-01 a 7 x2");
}

/* A silence counts when something comes behind it that is not what was missed. */
static void absence_is_proven_by_what_follows(void **state)
{
    static const struct {
        const char *behind, *heard;
    } rows[] = {
        { "", "" },
        { "a 40000 have piece=1\n", "" },
        { "d 40000 extended ext=0 dict={m={}}\n", "" },
        { "d 40000 gap 9\nd 40001 interested\n", "" },
        { "a 40000 have piece=1\nd 40001 interested\n", "BEP4-RES-02 d 5, BEP10-EXT-01 d 5 x2" },
        { "d 40000 interested\n", "BEP4-RES-02 d 5, BEP10-EXT-01 d 5 x2" }, /* by its first word behind the silence */
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct cap_session session = EVENTS_SESSION;
        char text[1024];
        (void)snprintf(text, sizeof text, EVENTS_MEET("ext") "a 2 extended ext=0 dict={m={}}\na 3 unchoke\n%s",
                       rows[i].behind);
        expect(&session, text, rows[i].heard);
    }
}

/* What was lost on the wire and sent again is seen late. */
static void times_are_taken_with_a_grain_of_salt(void **state)
{
    struct cap_session slow = EVENTS_SESSION, fast = EVENTS_SESSION;
    (void)state;
    expect(&slow, EVENTS_PLAIN "a 30000 choke\na 35000 unchoke\n", "");
    expect(&fast, EVENTS_PLAIN "a 30000 choke\na 32000 unchoke\n", "BEP3-ST-09 a 7");
}

/* Frames 2 to 9 are as many as are kept. */
static void hear_lines(void *user, const struct cap_finding *finding)
{
    static const char *const want[] = {
        ("0.001000 f0 < handshake reserved=[] info_hash=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa "
         "peer_id=\"-BB0001-mnopqrstuvwx\""),
        "0.002000 f0 < bitfield bits=ffc0",
        "0.003000 f0 > interested",
        "0.004000 f0 < unchoke",
        "0.005000 f0 > have piece=1",
        "0.006000 f0 > have piece=2",
        "0.007000 f0 > have piece=3",
        "0.008000 f0 > have piece=4",
        "0.010000 f0 < piece piece=3 begin=0 data=..(1 bytes)",
        "0.011000 f0 > keepalive",
        "0.012000 f0 > fin",
    };
    (void)user;
    assert_int_equal(finding->frame, 10);
    assert_int_equal(finding->line_at, 8);
    for (size_t i = 0; i < finding->line_count; i++)
        assert_string_equal(finding->lines[i], want[i]);
    assert_int_equal(finding->line_count, sizeof want / sizeof want[0]);
}

static void findings_come_with_the_lines_around_them(void **state)
{
    struct cap_session session = EVENTS_SESSION;
    struct bench bench = { 0 };
    (void)state;
    events_play(&session,
                EVENTS_PLAIN "d 5 have piece=1\nd 6 have piece=2\nd 7 have piece=3\nd 8 have piece=4\n" UNASKED
                             "d 11 keepalive\nd 12 fin\n",
                false, take, &bench);
    assert_string_equal(bench.heard, "BEP3-SRV-05 a 10");
    cap_judge_tell(bench.judge, hear_lines, NULL);
    cap_judge_free(bench.judge);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(holes_silence_what_builds_on_them),
        cmocka_unit_test(holes_in_blocks_do_not_matter),
        cmocka_unit_test(a_missing_start_is_forgiven),
        cmocka_unit_test(what_was_missing_before_is_missing),
        cmocka_unit_test(one_side_alone_is_judged_by_its_own_words),
        cmocka_unit_test(absence_is_proven_by_what_follows),
        cmocka_unit_test(times_are_taken_with_a_grain_of_salt),
        cmocka_unit_test(findings_come_with_the_lines_around_them),
    };
    return cmocka_run_group_tests_name("judge", tests, NULL, NULL);
}

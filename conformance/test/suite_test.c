/* SPDX-License-Identifier: MIT
 *
 * Many runs against a target that can die: who is accused, what goes on, what is said when nothing could be tested.
 */
#include "suite_harness.h"

static bool restart(void *user)
{
    struct target *target = user;
    target->starts++;
    target->dead = false;
    return true;
}

static const char script_text[] =
    "# Harmless.\nscenario a.harmless\n  rule BEP3-HS-02\n  fault rx keepalive close fails @x\n"
    "  case a $n=1\n  case b $n=2\n  case c $n=3\n\n"
    "p1 dial\np1 > handshake info_hash=$t1\np1 < handshake\np1 >! have piece=$n\nwait 3s \"in flight\"\n"
    "# Deadly.\nscenario a.deadly\n  rule BEP3-HS-02\n  fault rx keepalive close fails @x\n\n"
    "p1 dial\np1 > handshake info_hash=$t1\np1 < handshake\np1 >! have piece=99\nwait 3s \"in flight\"\n"
    "# Fails.\nscenario a.fails\n  rule BEP3-HS-02\n  fault rx keepalive close fails @x\n\n"
    "p1 dial\np1 > handshake info_hash=$t1\np1 < handshake\np1 >! have piece=1\np1 < unchoke within 1s\n"
    "# Keeps the target busy.\nscenario a.loner\n  rule BEP3-HS-02\n  fault rx keepalive close fails @x\n"
    "  tag alone\n\n"
    "p1 dial\np1 >! handshake info_hash=$t1\np1 < handshake\n";

static const char crowd_text[] =
    "# Harmless.\nscenario a.harmless\n  rule BEP3-HS-02\n  fault rx keepalive close fails @x\n"
    "  case a $n=1\n  case b $n=2\n  case c $n=3\n  case d $n=4\n  case e $n=5\n  case f $n=6\n  case g $n=7\n"
    "  case h $n=8\n  case i $n=9\n  case j $n=10\n  case k $n=11\n  case l $n=12\n\n"
    "p1 dial\np1 > handshake info_hash=$t1\np1 < handshake\np1 >! have piece=$n\nwait 3s \"in flight\"\n"
    "# Deadly.\nscenario a.deadly\n  rule BEP3-HS-02\n  fault rx keepalive close fails @x\n\n"
    "p1 dial\np1 > handshake info_hash=$t1\np1 < handshake\nwait 1s \"last\"\np1 >! have piece=99\n"
    "wait 3s \"in flight\"\n";

static void start_with(struct fixture *f, const char *text, enum kind kind, bool can_restart, unsigned jobs)
{
    prepare(f, kind);
    struct scn_suite_config config = {
        .jobs = jobs, .health = true, .restart = can_restart ? restart : NULL, .user = &f->target
    };
    play(f, text, &config);
}

static void start(struct fixture *f, enum kind kind, bool can_restart, unsigned jobs)
{
    start_with(f, script_text, kind, can_restart, jobs);
}

static void verdicts_are(const struct fixture *f, enum scn_verdict harmless, enum scn_verdict deadly,
                         enum scn_verdict fails)
{
    const enum scn_verdict want[] = { harmless, harmless, harmless, deadly, fails, harmless };
    assert_int_equal(6, scn_suite_outcome_count(f->suite));
    for (size_t i = 0; i < 6; i++)
        assert_string_equal(scn_verdict_name(want[i]),
                            scn_verdict_name(scn_suite_outcome(f->suite, i)->result.verdict));
}

static void the_one_that_killed_is_found_among_many(void **state)
{
    static struct fixture f;
    (void)state;
    start(&f, ANSWERS, true, 0);
    verdicts_are(&f, SCN_PASS, SCN_CRASH, SCN_FAIL);
    assert_true(f.target.starts >= 2); /* after the crowd, and after the one alone */
    stop(&f);
}

static void who_acted_last_is_suspected_first(void **state)
{
    static struct fixture f;
    (void)state;
    start_with(&f, crowd_text, ANSWERS, true, 0);
    for (size_t i = 0; i < 13; i++)
        assert_string_equal(i < 12 ? "PASS" : "CRASH", scn_verdict_name(scn_suite_outcome(f.suite, i)->result.verdict));
    assert_int_equal(2, f.target.starts);
    stop(&f);
}

static void one_after_the_other_needs_no_second_look(void **state)
{
    static struct fixture f;
    (void)state;
    start(&f, ANSWERS, true, 1);
    verdicts_are(&f, SCN_PASS, SCN_CRASH, SCN_FAIL);
    assert_int_equal(1, f.target.starts);
    stop(&f);
}

static void without_a_restart_all_in_flight_are_suspects(void **state)
{
    static struct fixture f;
    (void)state;
    start(&f, ANSWERS, false, 0);
    assert_string_equal("CRASH", scn_verdict_name(scn_suite_outcome(f.suite, 3)->result.verdict));
    assert_null(scn_suite_trouble(f.suite));
    stop(&f);
}

static void a_loner_waits_for_all_others(void **state)
{
    static struct fixture f;
    (void)state;
    start(&f, ANSWERS, true, 0);
    for (size_t i = 0; i < 5; i++)
        assert_true(scn_suite_outcome(f.suite, 5)->result.started_ms >= scn_suite_outcome(f.suite, i)->result.ended_ms);
    stop(&f);
}

static void trouble(enum kind kind, const char *word)
{
    static struct fixture f;
    start(&f, kind, false, 0);
    verdicts_are(&f, SCN_INCONCLUSIVE, SCN_INCONCLUSIVE, SCN_INCONCLUSIVE);
    assert_non_null(scn_suite_trouble(f.suite));
    assert_non_null(strstr(scn_suite_trouble(f.suite), word));
    stop(&f);
}

static void a_target_that_cannot_be_tested_is_never_green(void **state)
{
    (void)state;
    trouble(REFUSES, "refused");
    trouble(CLOSES, "closed");
    trouble(SILENT, "nothing that fits came in time");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_one_that_killed_is_found_among_many),
        cmocka_unit_test(who_acted_last_is_suspected_first),
        cmocka_unit_test(one_after_the_other_needs_no_second_look),
        cmocka_unit_test(without_a_restart_all_in_flight_are_suspects),
        cmocka_unit_test(a_loner_waits_for_all_others),
        cmocka_unit_test(a_target_that_cannot_be_tested_is_never_green),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT
 *
 * The state that a target is seen to be in: what makes it another one, and what does not.  And whole campaigns against
 * the reference peer in memory.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "campaign.h"

struct stage {
    struct scn_torrents torrents;
    struct live_ground *ground;
    struct live_facts facts;
};

static struct stage *open_stage(const char *const *faults)
{
    struct stage *stage = calloc(1, sizeof *stage);
    char error[200];
    scn_torrents_add_fixture(&stage->torrents, "base", 0);
    struct live_ground_config config = {
        .role = SCN_TARGET_SEED, .faults = faults, .torrents = &stage->torrents, .seed = 1
    };
    stage->ground = live_ground_open(&config, error, sizeof error);
    assert_non_null(stage->ground);
    live_facts_init(&stage->facts, live_ground_world(stage->ground));
    return stage;
}

static void close_stage(struct stage *stage)
{
    live_ground_close(stage->ground);
    scn_torrents_free(&stage->torrents);
    free(stage);
}

/* ---- states ------------------------------------------------------------------------------------------------------ */

struct seen {
    struct live_play play;
    bool taken;
    uint64_t key;
    char last[LIVE_STATE_TEXT];
    struct live_conn_look conn;
    bool reached;
};

static struct live_play *next(void *user)
{
    struct seen *seen = user;
    bool taken = seen->taken;
    seen->taken = true;
    return taken ? NULL : &seen->play;
}

static void over(void *user, struct live_play *play)
{
    struct seen *seen = user;
    size_t count;
    if (play->error != NULL)
        fail_msg("%s\n%s", play->error, play->text);
    const struct live_move *moves = live_look_moves(play->look, &count);
    assert_true(count > 0);
    live_state_print(seen->last, moves[count - 1].to);
    seen->key = live_look_key(play->look);
    seen->reached = live_look_reached(play->look);
    seen->conn = *live_look_conn(play->look, 0);
}

#define HELLO "p1 dial!\np1 > handshake info_hash=$t1 reserved=[ext fast] peer_id=\"-FZ0001-000000000001\"\n"
#define BYE "p1 fin\np1 closes within 1s else info\n"

static struct seen play(const char *steps)
{
    struct stage *stage = open_stage(NULL);
    char text[2000];
    struct seen seen = { .play = { .text = text } };
    seen.play.len = (size_t)snprintf(text, sizeof text, "scenario fuzz.test\n  torrent base\n  strict\n\n%s", steps);
    live_ground_play(stage->ground, &(struct live_player){ next, over, &seen });
    close_stage(stage);
    return seen;
}

static void a_state_says_what_was_said(void **state)
{
    (void)state;
    assert_string_equal(play(HELLO "p1 < handshake\np1 > interested\np1 < unchoke\n" BYE).last,
                        "met+fast+ext hello+metadata+pex we:ci they:-- open:0 last:unchoke done");
    assert_string_equal(play("p1 dial!\np1 > handshake info_hash=$t1 peer_id=\"-FZ0001-000000000001\"\n"
                             "p1 < handshake\np1 > request piece=0 begin=0 length=1\n" BYE)
                            .last,
                        "met we:c- they:c- open:1 last:bitfield done");
    assert_string_equal(play("p1 dial!\np1 > raw 00\np1 rst\n").last, "nothing we:c- they:c- open:0 last:- broken");
}

/* Numbers, contents and times are no difference; kinds of answers and ends are. */
static void keys_differ_where_behaviour_does(void **state)
{
    uint64_t plain = play(HELLO "p1 < handshake\n" BYE).key;
    (void)state;
    assert_int_equal(plain, play(HELLO "p1 < handshake\np1 > keepalive\np1 > port port=6881\n" BYE).key);
    assert_int_equal(plain, play(HELLO "p1 < handshake\nwait 3s \"no answer to it\"\n" BYE).key);
    assert_int_not_equal(plain, play(HELLO "p1 < handshake\np1 > interested\np1 < unchoke\n" BYE).key);
    assert_int_not_equal(plain, play(HELLO "p1 < handshake\np1 > have piece=99\np1 closes within 1s\n").key);
    uint64_t two = play(HELLO "p1 < handshake\np1 > interested\np1 < unchoke\n"
                              "p1 > request piece=0 begin=0 length=16384\np1 < piece\n"
                              "p1 > request piece=1 begin=0 length=16384\np1 < piece\n" BYE)
                       .key;
    uint64_t three = play(HELLO "p1 < handshake\np1 > interested\np1 < unchoke\n"
                                "p1 > request piece=0 begin=0 length=16384\np1 < piece\n"
                                "p1 > request piece=1 begin=0 length=16384\np1 < piece\n"
                                "p1 > request piece=2 begin=0 length=16384\np1 < piece\n" BYE)
                         .key;
    assert_int_equal(two, three);
}

static void order_of_our_own_stream_is_known(void **state)
{
    (void)state;
    struct live_conn_look fine = play(HELLO "p1 > have piece=3\n" BYE).conn;
    assert_true(fine.met && fine.orderly && fine.sane_ext && fine.opened && fine.answered);
    assert_int_equal(fine.ended, BTW_END_FIN);
    assert_false(play(HELLO "p1 > raw 000000020400\n" BYE).conn.orderly); /* a have too short */
    assert_false(play(HELLO "p1 > raw 0000000504\n" BYE).conn.orderly);   /* broken off */
    assert_false(play(HELLO "p1 > raw 0000000163\n" BYE).conn.orderly);   /* an id nobody assigned */
    assert_false(play(HELLO "p1 > raw ffffffff\n" BYE).conn.orderly);
    assert_true(play(HELLO "p1 > raw ffffffff\n" BYE).conn.met);
    assert_false(play("p1 dial!\np1 > raw 00\n" BYE).conn.met);
    assert_true(play(HELLO "p1 > extended ext=0 dict={m={}}\n" BYE).conn.sane_ext);
    assert_false(play(HELLO "p1 > extended ext=0 dict={m={}}\np1 > extended ext=0 dict={m={}}\n" BYE).conn.sane_ext);
    assert_false(play(HELLO "p1 > extended ext=0 dict={v=\"\" m={}}\n" BYE).conn.sane_ext);
}

/* ---- campaigns --------------------------------------------------------------------------------------------------- */

struct outcome {
    uint64_t cases;
    size_t states, moves, findings, steps;
    enum live_verdict verdict;
    bool trouble;
};

static struct outcome fuzz(const char *fault, uint64_t seed, uint64_t cases)
{
    const char *faults[] = { fault, NULL };
    struct stage *stage = open_stage(faults);
    struct scn_catalogue catalogue;
    struct scn_error error;
    struct live_seeds seeds;
    struct live_calibration calibration;
    struct outcome outcome = { .verdict = LIVE_VERDICTS };
    assert_true(scn_catalogue_load(&catalogue, NULL, &error));
    live_calibrate(stage->ground, &stage->facts, &calibration);
    assert_true(calibration.reached);
    live_seeds_take(&seeds, &catalogue, live_ground_world(stage->ground));
    struct live_campaign_config config = {
        .ground = stage->ground,
        .facts = &stage->facts,
        .seeds = &seeds,
        .seed = seed,
        .cases_max = cases,
        .findings_max = 1,
        .oracles = (1u << LIVE_VERDICTS) - 1,
        .tries_max = 1000,
    };
    struct live_campaign *campaign = live_campaign_new(&config);
    live_campaign_play(campaign);
    const struct live_findings *findings = live_campaign_findings(campaign);
    outcome.cases = live_campaign_stats(campaign)->cases;
    outcome.states = live_graph_states(live_campaign_graph(campaign));
    outcome.moves = live_graph_moves(live_campaign_graph(campaign));
    outcome.findings = live_findings_confirmed(findings);
    outcome.trouble = live_campaign_trouble(campaign) != NULL;
    if (findings->count > 0) {
        outcome.verdict = findings->list[0].complaint.verdict;
        outcome.steps = findings->list[0].steps;
    }
    live_campaign_free(campaign);
    live_seeds_free(&seeds);
    scn_catalogue_free(&catalogue);
    close_stage(stage);
    return outcome;
}

static void nothing_is_found_in_the_decent_peer_and_twice_the_same_happens(void **state)
{
    struct outcome first = fuzz(NULL, 11, 400), second = fuzz(NULL, 11, 400), other = fuzz(NULL, 12, 400);
    (void)state;
    assert_int_equal(first.findings, 0);
    assert_int_equal(first.verdict, LIVE_VERDICTS);
    assert_int_equal(first.cases, 400);
    assert_false(first.trouble);
    assert_int_equal(first.states, second.states);
    assert_int_equal(first.moves, second.moves);
    assert_int_not_equal(first.states + first.moves, other.states + other.moves);
}

static void planted_bugs_are_found_and_made_short(void **state)
{
    static const struct {
        const char *fault;
        enum live_verdict verdict;
        size_t steps;
    } rows[] = {
        { "rx have piece=38..4294967295 crash", LIVE_crash, 3 },
        { "policy on-ext-again=2", LIVE_crash, 4 },
        { "rx request length=0 hang", LIVE_stuck, 3 },
        { "tx reject dup", LIVE_rule, 3 },
        { "tx piece set data=zeros(16384)", LIVE_wrong_data, 4 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct outcome outcome = fuzz(rows[i].fault, 1, 2000);
        if (outcome.findings != 1 || outcome.verdict != rows[i].verdict)
            fail_msg("%s: %zu findings, %s", rows[i].fault, outcome.findings,
                     outcome.verdict == LIVE_VERDICTS ? "none" : live_verdict_name(outcome.verdict));
        if (outcome.steps > rows[i].steps)
            fail_msg("%s: %zu steps", rows[i].fault, outcome.steps);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_state_says_what_was_said),
        cmocka_unit_test(keys_differ_where_behaviour_does),
        cmocka_unit_test(order_of_our_own_stream_is_known),
        cmocka_unit_test(nothing_is_found_in_the_decent_peer_and_twice_the_same_happens),
        cmocka_unit_test(planted_bugs_are_found_and_made_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

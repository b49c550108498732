/* SPDX-License-Identifier: MIT
 *
 * Many runs against a target that can die: who is accused, what goes on, what is said when nothing could be tested.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>

#include "btw/notation.h"
#include "suite.h"

/* ---- a target of few words: it answers handshakes, and dies of `have piece=99` ----------------------------------- */

enum { CONNS = 512 };
enum kind { REFUSES, CLOSES, SILENT, ANSWERS };

struct end {
    struct scn_conn *conn;
    bool opened, gone, greeted, answer_due;
};

struct target {
    struct scn_link link;
    int64_t now;
    enum kind kind;
    bool dead;
    unsigned starts;
    struct end ends[CONNS];
    size_t count;
};

static int64_t target_now(struct scn_link *link)
{
    return ((struct target *)link)->now;
}

static void *target_dial(struct scn_link *link, struct scn_conn *conn, const struct scn_dial *how)
{
    struct target *target = (struct target *)link;
    (void)how;
    assert_true(target->count < CONNS);
    target->ends[target->count].conn = conn;
    return &target->ends[target->count++];
}

static void target_send(struct scn_link *link, void *handle, struct btw_slice bytes)
{
    struct target *target = (struct target *)link;
    struct end *end = handle;
    static const uint8_t poison[] = { 0, 0, 0, 5, 4, 0, 0, 0, 99 };
    if (bytes.len == BTW_HANDSHAKE_SIZE)
        end->answer_due = target->kind == ANSWERS;
    if (bytes.len == sizeof poison && memcmp(bytes.data, poison, sizeof poison) == 0)
        target->dead = true;
}

static size_t target_queued(struct scn_link *link, void *handle)
{
    (void)link;
    (void)handle;
    return 0;
}

static void target_read(struct scn_link *link, void *handle, bool on)
{
    (void)link;
    (void)handle;
    (void)on;
}

static void target_ignore(struct scn_link *link, void *handle)
{
    (void)link;
    (void)handle;
}

static void target_forget(struct scn_link *link, void *handle)
{
    (void)link;
    ((struct end *)handle)->conn = NULL;
}

static bool target_address(struct scn_link *link, void *handle, struct btw_address *out)
{
    (void)link;
    (void)handle;
    (void)out;
    return false;
}

static const struct scn_link_ops target_ops = { .now = target_now,
                                                .dial = target_dial,
                                                .send = target_send,
                                                .queued = target_queued,
                                                .read = target_read,
                                                .fin = target_ignore,
                                                .rst = target_ignore,
                                                .forget = target_forget,
                                                .address = target_address };

static void answer(struct end *end)
{
    static const char text[] = "handshake reserved=[] info_hash=0202020202020202020202020202020202020202 "
                               "peer_id=\"-TT0001-000000000000\"";
    uint8_t scratch[256], wire[BTW_HANDSHAKE_SIZE];
    struct btw_msg msg;
    size_t len;
    assert_int_equal(BTW_OK, btw_msg_parse(&msg, scratch, sizeof scratch, text, sizeof text - 1, NULL));
    assert_int_equal(BTW_OK, btw_msg_encode(wire, sizeof wire, &len, &msg));
    end->answer_due = false;
    scn_conn_received(end->conn, btw_slice_of(wire, len));
}

/* One thing that the target does on one connection.  False: it has nothing to do. */
static bool act(struct target *target)
{
    for (size_t i = 0; i < target->count; i++) {
        struct end *end = &target->ends[i];
        if (!end->conn || end->gone)
            continue;
        if (target->dead || target->kind == REFUSES || (end->opened && target->kind == CLOSES)) {
            end->gone = true;
            scn_conn_ended(end->conn, BTW_END_RST, end->opened ? NULL : "connection refused");
            return true;
        }
        if (!end->opened) {
            end->opened = true;
            scn_conn_opened(end->conn);
            return true;
        }
        if (end->answer_due) {
            answer(end);
            return true;
        }
    }
    return false;
}

static bool restart(void *user)
{
    struct target *target = user;
    target->starts++;
    target->dead = false;
    return true;
}

/* ---- suites ------------------------------------------------------------------------------------------------------ */

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

struct fixture {
    struct target target;
    struct scn_torrent torrent;
    struct scn_world world;
    struct scn_script *script;
    struct scn_item items[16];
    size_t count;
    struct scn_suite *suite;
};

static void start_with(struct fixture *f, const char *text, enum kind kind, bool can_restart, unsigned jobs)
{
    struct scn_error error;
    memset(f, 0, sizeof *f);
    f->target.link.ops = &target_ops;
    f->target.kind = kind;
    f->torrent.kind = "any";
    memset(f->torrent.info_hash, 2, sizeof f->torrent.info_hash);
    f->world =
        (struct scn_world){ .torrents = &f->torrent, .torrent_count = 1, .role = SCN_TARGET_SEED, .timeout_scale = 1 };
    f->script = scn_script_parse("a.scn", text, strlen(text), &error);
    assert_non_null(f->script);
    for (size_t s = 0; s < f->script->count; s++) {
        const struct scn_scenario *scenario = &f->script->scenarios[s];
        for (size_t c = 0; c == 0 || c < scenario->case_count; c++)
            f->items[f->count++] =
                (struct scn_item){ scenario, scenario->case_count ? &scenario->cases[c] : NULL, scenario->name, 0 };
    }
    struct scn_suite_config config = {
        .jobs = jobs, .health = true, .restart = can_restart ? restart : NULL, .user = &f->target
    };
    f->suite = scn_suite_new(f->items, f->count, &f->world, &f->target.link, &config);
    scn_suite_advance(f->suite);
    while (!scn_suite_done(f->suite)) {
        if (!act(&f->target)) {
            int64_t deadline = scn_suite_deadline(f->suite);
            assert_true(deadline < INT64_MAX);
            f->target.now = deadline > f->target.now ? deadline : f->target.now + 1;
        }
        scn_suite_advance(f->suite);
    }
}

static void start(struct fixture *f, enum kind kind, bool can_restart, unsigned jobs)
{
    start_with(f, script_text, kind, can_restart, jobs);
}

static void stop(struct fixture *f)
{
    scn_suite_free(f->suite);
    scn_script_free(f->script);
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

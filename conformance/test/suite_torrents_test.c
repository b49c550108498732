/* SPDX-License-Identifier: MIT
 *
 * A target that is asked which torrents it has: what is judged, and what nobody can tell.
 */
#include "suite_harness.h"

#include "btw/hash.h"

static const char *const kinds[TORRENTS] = { "base", "tiny", "three", "unsorted" };
/* The info dictionaries as they stand; the last one has its keys in another order than it should. */
static const char *const infos[TORRENTS] = { "d1:ai0ee", "d1:ai1ee", "d1:ai2ee", "d1:bi1e1:ai2ee" };
static const char sorted_info[] = "d1:ai2e1:bi1ee";

static const char torrents_text[] =
    "# Of any.\nscenario t.any\n  rule BEP3-HS-02\n  fault rx keepalive close fails @x\n\n"
    "p1 dial\np1 >! handshake info_hash=$t1\np1 < handshake within 1s\n"
    "# Of base.\nscenario t.base\n  rule BEP3-HS-02\n  torrent base\n  fault rx keepalive close fails @x\n\n"
    "p1 dial\np1 >! handshake info_hash=$t1\np1 < handshake within 1s\n"
    "# Of two.\nscenario t.two\n  rule BEP3-HS-02\n  torrent base tiny\n  fault rx keepalive close fails @x\n\n"
    "p1 dial\np1 >! handshake info_hash=$t2\np1 < handshake within 1s\n"
    "# Of three.\nscenario t.three\n  rule BEP3-HS-02\n  torrent three\n  fault rx keepalive close fails @x\n\n"
    "p1 dial\np1 >! handshake info_hash=$t1\np1 < handshake within 1s\n"
    "# Of the one that is out of order.\nscenario t.unsorted\n  rule BEP3-HS-02\n  torrent unsorted\n"
    "  fault rx keepalive close fails @x\n\n"
    "p1 dial\np1 >! handshake info_hash=$t1\np1 < handshake within 1s\n";
enum { ANY, BASE, TWO, THREE, UNSORTED, SCENARIOS };

static struct btw_slice info_of(size_t i)
{
    return btw_slice_str(infos[i]);
}

/* A target that knows nothing yet. */
static void lay_out(struct fixture *f, enum kind to_strangers)
{
    prepare(f, ANSWERS);
    f->world.torrent_count = TORRENTS;
    for (size_t i = 0; i < TORRENTS; i++) {
        f->torrents[i] = (struct scn_torrent){ .kind = kinds[i], .known = true, .meta.info = info_of(i) };
        btw_sha1(f->torrents[i].info_hash, info_of(i));
    }
    f->target.to_strangers = to_strangers;
}

static void knows(struct fixture *f, const char *info)
{
    assert_true(f->target.hash_count < TORRENTS);
    btw_sha1(f->target.hashes[f->target.hash_count++], btw_slice_str(info));
}

static void ask(struct fixture *f)
{
    static const struct scn_suite_config config = { .health = true, .asks = true };
    play(f, torrents_text, &config);
}

/* What is not there costs no verdict but its own, and the reason names it. */
static void outcome_is(const struct fixture *f, size_t scenario, enum scn_verdict verdict, const char *reason)
{
    const struct scn_result *result = &scn_suite_outcome(f->suite, scenario)->result;
    assert_string_equal(scn_verdict_name(verdict), scn_verdict_name(result->verdict));
    if (reason != NULL)
        assert_string_equal(reason, result->reason);
}

static const char no_base[] = "the target does not answer for the torrent 'base': is it loaded?";
static const char no_tiny[] = "the target does not answer for the torrent 'tiny': is it loaded?";
static const char no_three[] = "the target does not answer for the torrent 'three': is it loaded?";
static const char no_unsorted[] = "the target does not answer for the torrent 'unsorted': is it loaded?";

static const enum kind strangers[] = { CLOSES, SILENT };

static void nothing_is_judged_by_a_torrent_that_may_not_be_loaded(void **state)
{
    static struct fixture f;
    (void)state;
    for (size_t i = 0; i < sizeof strangers / sizeof strangers[0]; i++) {
        lay_out(&f, strangers[i]);
        knows(&f, "d1:ai0ee");
        knows(&f, "d1:ai2ee");
        ask(&f);
        outcome_is(&f, ANY, SCN_PASS, NULL);
        outcome_is(&f, BASE, SCN_PASS, NULL);
        outcome_is(&f, TWO, SCN_INCONCLUSIVE, no_tiny);
        outcome_is(&f, THREE, SCN_PASS, NULL);
        outcome_is(&f, UNSORTED, SCN_INCONCLUSIVE, no_unsorted);
        assert_string_equal("tiny", scn_suite_unanswered(f.suite, 0)->kind);
        assert_string_equal("unsorted", scn_suite_unanswered(f.suite, 1)->kind);
        assert_null(scn_suite_unanswered(f.suite, 2));
        stop(&f);
    }
}

/* Whoever drives the target has told what it has: what it does not answer for is its fault. */
static void who_is_not_asked_is_judged(void **state)
{
    static const struct scn_suite_config config = { .health = true };
    static struct fixture f;
    (void)state;
    lay_out(&f, CLOSES);
    knows(&f, "d1:ai0ee");
    play(&f, torrents_text, &config);
    outcome_is(&f, BASE, SCN_PASS, NULL);
    outcome_is(&f, TWO, SCN_FAIL, NULL);
    outcome_is(&f, THREE, SCN_FAIL, NULL);
    assert_null(scn_suite_unanswered(f.suite, 0));
    stop(&f);
}

/* `any` is the first that is there. */
static void the_first_torrent_need_not_be_there(void **state)
{
    static struct fixture f;
    (void)state;
    lay_out(&f, CLOSES);
    knows(&f, "d1:ai1ee");
    ask(&f);
    assert_null(scn_suite_trouble(f.suite));
    outcome_is(&f, ANY, SCN_PASS, NULL);
    outcome_is(&f, BASE, SCN_INCONCLUSIVE, no_base);
    outcome_is(&f, TWO, SCN_INCONCLUSIVE, no_base);
    outcome_is(&f, THREE, SCN_INCONCLUSIVE, no_three);
    stop(&f);
}

/* The torrent is there, so that its scenarios can tell what is wrong. */
static void is_judged_by(const uint8_t hash[20], size_t scenario)
{
    static struct fixture f;
    for (size_t i = 0; i < sizeof strangers / sizeof strangers[0]; i++) {
        lay_out(&f, strangers[i]);
        knows(&f, "d1:ai0ee");
        memcpy(f.target.hashes[f.target.hash_count++], hash, 20);
        ask(&f);
        outcome_is(&f, scenario, SCN_FAIL, NULL);
        outcome_is(&f, TWO, SCN_INCONCLUSIVE, no_tiny);
        stop(&f);
    }
}

static void a_torrent_by_a_wrong_hash_is_judged(void **state)
{
    uint8_t hash[32];
    (void)state;
    btw_sha1(hash, btw_slice_str(sorted_info));
    is_judged_by(hash, UNSORTED);
    btw_sha256(hash, btw_slice_str("d1:ai2ee"));
    is_judged_by(hash, THREE);
    is_judged_by(hash + 12, THREE);
}

/* That of version 1, where the torrent has version 2 only. */
static void a_torrent_by_the_hash_of_another_version_is_judged(void **state)
{
    static struct fixture f;
    (void)state;
    lay_out(&f, CLOSES);
    memset(f.torrents[2].info_hash, 3, 20);
    knows(&f, "d1:ai0ee");
    knows(&f, "d1:ai2ee");
    ask(&f);
    outcome_is(&f, THREE, SCN_FAIL, NULL);
    stop(&f);
}

/* When the first scenario began that needs nothing but base. */
static int64_t begin_with(size_t count)
{
    static struct fixture f;
    lay_out(&f, SILENT);
    for (size_t i = 0; i < count; i++)
        knows(&f, infos[i]);
    ask(&f);
    int64_t began_ms = scn_suite_outcome(f.suite, BASE)->result.started_ms;
    stop(&f);
    return began_ms;
}

/* One after the other, three that are silent would take three times as long as one. */
static void the_torrents_are_asked_for_at_once(void **state)
{
    (void)state;
    assert_true(begin_with(3) > begin_with(TORRENTS));
    assert_int_equal(begin_with(3), begin_with(1));
}

static void whom_nobody_answers_for_is_no_target(void **state)
{
    static struct fixture f;
    static const struct {
        enum kind to_strangers;
        const char *word;
    } rows[] = { { CLOSES, "closed" }, { SILENT, "nothing that fits came in time" } };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        lay_out(&f, rows[i].to_strangers);
        knows(&f, "de");
        ask(&f);
        assert_non_null(scn_suite_trouble(f.suite));
        assert_non_null(strstr(scn_suite_trouble(f.suite), rows[i].word));
        assert_null(scn_suite_unanswered(f.suite, 0));
        for (size_t k = 0; k < SCENARIOS; k++)
            outcome_is(&f, k, SCN_INCONCLUSIVE, scn_suite_trouble(f.suite));
        stop(&f);
    }
}

static void who_dies_of_being_asked_is_never_green(void **state)
{
    static struct fixture f;
    (void)state;
    lay_out(&f, DIES);
    knows(&f, "d1:ai0ee");
    ask(&f);
    assert_non_null(scn_suite_trouble(f.suite));
    assert_non_null(strstr(scn_suite_trouble(f.suite), "since it was asked for its torrents failed"));
    for (size_t i = 0; i < SCENARIOS; i++)
        outcome_is(&f, i, SCN_INCONCLUSIVE, scn_suite_trouble(f.suite));
    stop(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_judged_by_a_torrent_that_may_not_be_loaded),
        cmocka_unit_test(who_is_not_asked_is_judged),
        cmocka_unit_test(the_first_torrent_need_not_be_there),
        cmocka_unit_test(a_torrent_by_a_wrong_hash_is_judged),
        cmocka_unit_test(a_torrent_by_the_hash_of_another_version_is_judged),
        cmocka_unit_test(the_torrents_are_asked_for_at_once),
        cmocka_unit_test(whom_nobody_answers_for_is_no_target),
        cmocka_unit_test(who_dies_of_being_asked_is_never_green),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT
 *
 * All forms of a report about one small suite, played in memory against the reference peer: one run passes, one fails,
 * one is skipped, and the texts hold what the forms must escape.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "link_mem.h"
#include "report.h"
#include "torrents.h"

static const char text[] = "# Right.\n"
                           "scenario one.right\n"
                           "  rule BEP3-HS-02\n"
                           "  fault rx handshake drop fails @reply\n"
                           "\n"
                           "p1 dial\n"
                           "p1 >! handshake info_hash=$t1\n"
                           "p1 < handshake info_hash=$t1 within 5s @reply\n"
                           "\n"
                           "# Wrong: nobody sends this.\n"
                           "scenario two.wrong\n"
                           "  rule BEP3-HS-02\n"
                           "  fault rx handshake drop fails @reply\n"
                           "\n"
                           "p1 dial\n"
                           "p1 >! handshake info_hash=$t1\n"
                           "p1 < extended ext=7 data=\"<&>\" within 2s @reply\n"
                           "\n"
                           "# Not there.\n"
                           "scenario three.not-there\n"
                           "  rule BEP3-HS-02\n"
                           "  torrent meta\n"
                           "  fault rx handshake drop fails @reply\n"
                           "\n"
                           "p1 dial\n"
                           "p1 >! handshake info_hash=$t1\n"
                           "p1 < handshake info_hash=$t1 within 5s @reply\n";

/* Everything the report is about. */
struct stage {
    struct scn_script *script;
    struct scn_item items[3];
    struct scn_torrents torrents;
    struct scn_world world;
    struct btw_host *host;
    struct scn_mem *mem;
    struct scn_suite *suite;
    struct scn_report report;
    char *out;
    size_t len;
};

static int setup(void **state)
{
    static struct stage stage;
    struct scn_error error;
    struct btw_policy policy;
    struct scn_suite_config config = { 0 };
    memset(&stage, 0, sizeof stage);
    stage.script = scn_script_parse("small.scn", text, sizeof text - 1, &error);
    if (stage.script == NULL)
        fail_msg("%u: %s", error.place.line, error.text);
    for (size_t i = 0; i < 3; i++)
        stage.items[i] =
            (struct scn_item){ .scenario = &stage.script->scenarios[i], .id = stage.script->scenarios[i].name };
    assert_true(scn_torrents_add_fixture(&stage.torrents, "base", 0));
    btw_policy_init(&policy);
    stage.host = btw_host_new(&policy, 1, 6881);
    assert_int_equal(btw_host_add(stage.host, scn_torrents_fixture(&stage.torrents.list[0]), BTW_SEED, NULL), BTW_OK);
    stage.world = (struct scn_world){
        .torrents = stage.torrents.list,
        .torrent_count = 1,
        .role = SCN_TARGET_SEED,
        .probed = true,
        .timeout_scale = 1,
        .seed = 1,
    };
    stage.mem = scn_mem_new(stage.host, NULL);
    stage.suite = scn_suite_new(stage.items, 3, &stage.world, scn_mem_link(stage.mem), &config);
    assert_true(scn_mem_play_suite(stage.mem, stage.suite));
    stage.report = (struct scn_report){
        .suite = stage.suite,
        .target = "10.0.0.1:6881",
        .role = "seed",
        .again = "conformance run",
        .seconds = 1.5,
    };
    scn_report_count(&stage.report);
    *state = &stage;
    return 0;
}

static int teardown(void **state)
{
    struct stage *stage = *state;
    free(stage->out);
    scn_suite_free(stage->suite);
    scn_mem_free(stage->mem);
    btw_host_free(stage->host);
    scn_torrents_free(&stage->torrents);
    scn_script_free(stage->script);
    return 0;
}

static const char *written(struct stage *stage, void (*write)(const void *report, FILE *out))
{
    FILE *stream = open_memstream(&stage->out, &stage->len);
    write(&stage->report, stream);
    fclose(stream);
    return stage->out;
}

static void has(const char *out, const char *part)
{
    if (strstr(out, part) == NULL)
        fail_msg("'%s' is not in:\n%s", part, out);
}

/* ---- tests ------------------------------------------------------------------------------------------------------- */

static void verdicts_are_counted(void **state)
{
    struct stage *stage = *state;
    assert_int_equal(stage->report.verdicts[SCN_PASS], 1);
    assert_int_equal(stage->report.verdicts[SCN_FAIL], 1);
    assert_int_equal(stage->report.verdicts[SCN_SKIP], 1);
    assert_true(strncmp(stage->report.peer_id, "-BW", 3) == 0);
}

static void the_status_is_the_worst_that_is_known(void **state)
{
    static const struct {
        size_t verdicts[SCN_DEFAULT], breaches[SCN_DEFAULT];
        bool strict;
        size_t min_pass;
        int status;
    } rows[] = {
        { { [SCN_PASS] = 3 }, { 0 }, false, 0, CLI_GREEN },
        { { [SCN_PASS] = 3 }, { 0 }, false, 4, CLI_NOTHING },
        { { [SCN_PASS] = 3, [SCN_WARN] = 1 }, { 0 }, false, 0, CLI_GREEN },
        { { [SCN_PASS] = 3, [SCN_WARN] = 1 }, { 0 }, true, 0, CLI_RED },
        { { [SCN_PASS] = 3 }, { [SCN_WARN] = 1 }, true, 0, CLI_RED },
        { { [SCN_PASS] = 3 }, { [SCN_FAIL] = 1 }, false, 0, CLI_RED },
        { { [SCN_PASS] = 3, [SCN_CRASH] = 1 }, { 0 }, false, 0, CLI_RED },
        { { [SCN_PASS] = 3, [SCN_FAIL] = 1, [SCN_ERROR] = 1 }, { 0 }, false, 0, CLI_RED },
        { { [SCN_PASS] = 3, [SCN_ERROR] = 1 }, { 0 }, false, 0, CLI_OURS },
        { { [SCN_INCONCLUSIVE] = 3 }, { 0 }, false, 0, CLI_NOTHING },
        { { [SCN_SKIP] = 3, [SCN_UNSUPPORTED] = 1 }, { 0 }, true, 0, CLI_NOTHING },
        { { 0 }, { 0 }, false, 0, CLI_NOTHING },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct scn_report report = { 0 };
        memcpy(report.verdicts, rows[i].verdicts, sizeof report.verdicts);
        memcpy(report.breaches, rows[i].breaches, sizeof report.breaches);
        assert_int_equal(scn_report_status(&report, rows[i].strict, rows[i].min_pass), rows[i].status);
    }
}

static void json_follows_its_schema(void **state)
{
    json_error_t error;
    json_t *root = json_loads(written(*state, scn_report_json), JSON_REJECT_DUPLICATES, &error);
    const char *address, *role, *client, *peer_id, *id, *verdict, *level, *rule, *reason;
    int schema, pass, warn, fail, inconclusive, unsupported, skip, crash, errors;
    double seconds, took;
    json_t *scenarios, *findings, *rules, *transcript;
    assert_non_null(root);
    assert_int_equal(
        json_unpack_ex(root, &error, JSON_STRICT,
                       "{s:i, s:{s:s, s:s, s:s, s:s}, s:{s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:f}, s:o, s:o}",
                       "schema", &schema, "target", "address", &address, "client", &client, "peer_id", &peer_id, "role",
                       &role, "summary", "pass", &pass, "warn", &warn, "fail", &fail, "inconclusive", &inconclusive,
                       "unsupported", &unsupported, "skip", &skip, "crash", &crash, "error", &errors, "seconds",
                       &seconds, "scenarios", &scenarios, "findings", &findings),
        0);
    assert_int_equal(schema, 1);
    assert_string_equal(address, "10.0.0.1:6881");
    assert_string_equal(role, "seed");
    assert_int_equal(pass, 1);
    assert_int_equal(fail, 1);
    assert_int_equal(skip, 1);
    assert_int_equal(warn + inconclusive + unsupported + crash + errors, 0);
    assert_int_equal(json_array_size(scenarios), 3);
    assert_int_equal(json_array_size(findings), 0);
    assert_int_equal(json_unpack_ex(json_array_get(scenarios, 1), &error, 0, "{s:s, s:s, s:s, s:o, s:F, s:s, s:o}",
                                    "id", &id, "verdict", &verdict, "level", &level, "rules", &rules, "seconds", &took,
                                    "reason", &reason, "transcript", &transcript),
                     0);
    assert_string_equal(id, "two.wrong");
    assert_string_equal(verdict, "FAIL");
    assert_string_equal(level, "MUST");
    rule = json_string_value(json_array_get(rules, 0));
    assert_string_equal(rule, "BEP3-HS-02");
    assert_true(json_array_size(transcript) >= 3);
    json_decref(root);
}

static void tap_has_a_point_for_each_run(void **state)
{
    const char *out = written(*state, scn_report_tap);
    has(out, "TAP version 13\n1..3\n");
    has(out, "\nok 1 - one.right\n");
    has(out, "\nnot ok 2 - two.wrong");
    has(out, "\nok 3 - three.not-there # SKIP:");
}

static void junit_is_escaped(void **state)
{
    const char *out = written(*state, scn_report_junit);
    has(out, "tests=\"3\" failures=\"1\" errors=\"0\" skipped=\"1\"");
    has(out, "<testcase classname=\"one\" name=\"one.right\"");
    has(out, "&lt;&amp;&gt;");
    assert_null(strstr(out, "<&>"));
}

static void the_terminal_shows_the_failure_in_full(void **state)
{
    struct stage *stage = *state;
    FILE *stream = open_memstream(&stage->out, &stage->len);
    struct scn_terminal terminal = { .out = stream };
    scn_terminal_report(&terminal, &stage->report);
    fclose(stream);
    has(stage->out, "small.scn:17:1: FAIL two.wrong\n");
    has(stage->out, "  want   p1 < extended ext=7");
    has(stage->out, "  rule   BEP3-HS-02 (BEP 3, handshake, MUST): ");
    has(stage->out, " p1 dial\n");
    has(stage->out, "  again  conformance run two.wrong\n");
    has(stage->out, "SKIP three.not-there: ");
    has(stage->out, "  1 PASS  1 FAIL  1 SKIP\n");
    assert_null(strchr(stage->out, '\033'));
}

static void a_file_appears_whole_or_not_at_all(void **state)
{
    struct stage *stage = *state;
    char dir[] = "/tmp/report_test.XXXXXX", path[64];
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/r.json", dir);
    assert_true(scn_report_write(&stage->report, &scn_report_kinds[0], path));
    assert_int_equal(access(path, R_OK), 0);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(dir), 0); /* nothing else lies there */
    assert_false(scn_report_write(&stage->report, &scn_report_kinds[0], path));
    assert_int_equal(errno, ENOENT);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(verdicts_are_counted),
        TEST(the_status_is_the_worst_that_is_known),
        TEST(json_follows_its_schema),
        TEST(tap_has_a_point_for_each_run),
        TEST(junit_is_escaped),
        TEST(the_terminal_shows_the_failure_in_full),
        TEST(a_file_appears_whole_or_not_at_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "../prove.h"

/* One row is a scenario and what proving it comes to. */
#define BLOCK                                                                                                          \
    "p1 dial\n"                                                                                                        \
    "p1 > handshake info_hash=$t1 reserved=[fast]\n"                                                                   \
    "p1 < handshake info_hash=$t1                                    @handshake\n"                                     \
    "p1 > have_none\n"                                                                                                 \
    "p1 > interested\n"                                                                                                \
    "p1 < unchoke within 30s                               else fail @unchoked\n"                                      \
    "p1 >! request piece=0 begin=0 length=16384\n"                                                                     \
    "p1 < piece piece=0 begin=0 data=$t1                             @block\n"
#define HEADER "scenario test.block\n  rule BEP3-PIECE-01\n  target seed\n"

static const struct {
    const char *text;
    size_t passed, faults, proven;
    bool ok;
    const char *says; /* part of what is printed; NULL: nothing is */
} rows[] = {
    { HEADER "  fault tx unchoke drop fails @unchoked\n"
             "  fault policy unchoke=0 fails @unchoked\n"
             "  fault tx piece set data=zeros(16384) fails @block\n"
             "  fault rx request crash crashes\n\n" BLOCK,
      1, 4, 4, true, NULL },
    /* a rule of the monitor catches it */
    { HEADER "  fault tx piece set begin=16384 fails piece-answers-request\n\n" BLOCK, 1, 1, 1, true, NULL },
    /* it fails, but not so: by another line, by a line instead of a rule, with another verdict, not at all */
    { HEADER "  fault tx unchoke drop fails @block\n\n" BLOCK, 1, 1, 0, false, "FAIL at line 11 @unchoked" },
    { HEADER "  fault tx unchoke drop fails BEP3-SRV-05\n\n" BLOCK, 1, 1, 0, false, "FAIL at line 11 @unchoked" },
    { HEADER "  fault tx unchoke drop warns @unchoked\n\n" BLOCK, 1, 1, 0, false, "expected WARN @unchoked" },
    { HEADER "  fault tx choke drop fails @block\n\n" BLOCK, 1, 1, 0, false, "no message fitted the fault" },
    { HEADER "  fault policy no-such-thing fails @block\n\n" BLOCK, 1, 1, 0, false, "no policy 'no-such-thing'" },
    { HEADER "  fault tx piece set data=block($t1,99,0,1) fails @block\n\n" BLOCK, 1, 1, 0, false,
      "could not be made" },
    { HEADER "  fault tx piece set begin=16384 warns piece-answers-request\n\n" BLOCK, 1, 1, 0, false,
      "expected WARN piece-answers-request" },
    /* what the decent peer was seen to be capable of still holds with a fault */
    { HEADER "  needs fast\n  fault tx piece drop fails @block\n\n" BLOCK, 1, 1, 1, true, NULL },
    /* the decent peer must pass */
    { HEADER "  fault tx piece drop fails @block\n\n" BLOCK "p1 < choke within 5s @choke\n", 0, 1, 1, false,
      "the decent peer does not pass" },
    /* one case that catches it is enough */
    { HEADER "  case first $piece=0\n"
             "  case second $piece=1\n"
             "  fault tx piece piece=$piece drop fails @answer\n"
             "  fault tx piece piece=1 drop fails @answer\n\n"
             "p1 dial\n"
             "p1 > handshake info_hash=$t1 reserved=[fast]\n"
             "p1 < handshake info_hash=$t1\n"
             "p1 > have_none\n"
             "p1 > interested\n"
             "p1 < unchoke within 30s\n"
             "p1 >! request piece=$piece begin=0 length=16384\n"
             "p1 < piece piece=$piece begin=0 data=$t1 @answer\n",
      2, 2, 2, true, NULL },
};

static struct scn_script *parse(const char *text)
{
    struct scn_error error;
    struct scn_script *script = scn_script_parse("test", text, strlen(text), &error);
    if (!script)
        fail_msg("%u:%u: %s: %s", error.place.line, error.place.column, error.text, error.line);
    return script;
}

static size_t items_of(const struct scn_script *script, struct scn_item *items)
{
    const struct scn_scenario *scenario = &script->scenarios[0];
    size_t count = scenario->case_count ? scenario->case_count : 1;
    for (size_t i = 0; i < count; i++)
        items[i] = (struct scn_item){ scenario, scenario->case_count ? &scenario->cases[i] : NULL, scenario->name, 7 };
    return count;
}

static void each_scenario_is_proven_or_not(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct scn_script *script = parse(rows[i].text);
        struct scn_item items[4];
        size_t count = items_of(script, items), len = 0;
        char *text = NULL;
        FILE *out = open_memstream(&text, &len);
        struct scn_prove_result result = scn_prove(items, count, &(struct scn_prove_config){ .seed = 1 }, out);
        fclose(out);
        if (rows[i].says ? !strstr(text, rows[i].says) : len > 0)
            fail_msg("row %zu: %s", i, text);
        assert_int_equal(result.items, count);
        assert_int_equal(result.passed, rows[i].passed);
        assert_int_equal(result.faults, rows[i].faults);
        assert_int_equal(result.proven, rows[i].proven);
        assert_int_equal(result.ok, rows[i].ok);
        free(text);
        scn_script_free(script);
    }
}

static void a_proof_of_nothing_is_none(void **state)
{
    (void)state;
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    assert_false(scn_prove(NULL, 0, &(struct scn_prove_config){ .seed = 1 }, out).ok);
    fclose(out);
    free(text);
}

static void rules_that_nothing_breaks_are_named(void **state)
{
    (void)state;
    struct scn_script *script = parse(rows[1].text);
    struct scn_item items[4];
    char *text = NULL;
    size_t count = items_of(script, items), len = 0;
    FILE *out = open_memstream(&text, &len);
    struct scn_prove_config config = { .seed = 1, .all_rules = true };
    struct scn_prove_result result = scn_prove(items, count, &config, out);
    fclose(out);
    assert_false(result.ok);
    assert_int_equal(result.rules_proven, 1);
    assert_int_equal(result.rules, btw_rule_count());
    assert_null(strstr(text, "(BEP3-SRV-05)"));
    assert_non_null(strstr(text, "no fault of any scenario is caught by it"));
    free(text);
    scn_script_free(script);
}

static void the_timeline_is_shown_on_request(void **state)
{
    (void)state;
    struct scn_script *script = parse(rows[2].text);
    struct scn_item items[4];
    char *text = NULL;
    size_t count = items_of(script, items), len = 0;
    FILE *out = open_memstream(&text, &len);
    scn_prove(items, count, &(struct scn_prove_config){ .seed = 1, .verbose = true }, out);
    fclose(out);
    assert_non_null(strstr(text, "p1 > interested"));
    free(text);
    scn_script_free(script);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_scenario_is_proven_or_not),
        cmocka_unit_test(a_proof_of_nothing_is_none),
        cmocka_unit_test(rules_that_nothing_breaks_are_named),
        cmocka_unit_test(the_timeline_is_shown_on_request),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

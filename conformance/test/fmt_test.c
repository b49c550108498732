/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "embedded.h"
#include "fmt.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static char *format(struct scn_arena *arena, const char *text)
{
    struct scn_error error;
    char *out = scn_fmt(arena, "f.scn", text, strlen(text), &error);
    if (!out)
        scn_error_print(stderr, &error);
    assert_non_null(out);
    return out;
}

static const struct {
    const char *text, *formatted;
} rows[] = {
    { "scenario a.b\np1 dial", "scenario a.b\np1 dial\n" },
    { "\n\n#T.\r\n \tscenario   a.b # why \r\n\n\n\np1\tdial  \n\n\n", "# T.\nscenario a.b  # why\n\np1 dial\n" },
    /* Keys stand in a column. */
    { "scenario a.b\nrule X  Y\n\ttorrent base\n strict\n  needs  -\np1 dial\n",
      "scenario a.b\n  rule    X Y\n  torrent base\n  strict\n  needs   -\np1 dial\n" },
    /* What faults expect stands in a column, in each group of its own. */
    { "scenario a.b\nfault tx piece drop fails @x #a\nfault tx piece set data=\" fails x\" warns @y\nfault rx any "
      "crash "
      "crashes\n\nfault policy u=0    fails @z\np1 dial\n",
      "scenario a.b\n"
      "  fault   tx piece drop                 fails @x  # a\n"
      "  fault   tx piece set data=\" fails x\"  warns @y\n"
      "  fault   rx any crash                  crashes\n\n"
      "  fault   policy u=0  fails @z\n"
      "p1 dial\n" },
    /* The three arrows take the same room, labels keep away, blocks are indented. */
    { "scenario a.b\np1 > choke\np1 >! choke\np1 <   have   piece=1 @x within 5s\ncheck 1 < 2\n",
      "scenario a.b\np1 >  choke\np1 >! choke\np1 <  have piece=1  @x within 5s\ncheck 1 < 2\n" },
    { "scenario a.b\nrepeat 2   {\np1 if fast {\n# in\np1 >   {\nchoke\n}\n}\n}#out\n",
      "scenario a.b\nrepeat 2 {\n  p1 if fast {\n    # in\n    p1 >  {\n      choke\n    }\n  }\n}  # out\n" },
    /* White space in quotes is the author's. */
    { "scenario a.b\nwait 5s \"a  b \\\" #  c\" #d\np1 < extended dict={a=\"x  y\"   b=[1   2]}\n",
      "scenario a.b\nwait 5s \"a  b \\\" #  c\"  # d\np1 <  extended dict={a=\"x  y\" b=[1 2]}\n" },
    /* Comments stand where what they are about stands. */
    { "scenario a.b\n# of the header\nrule X\n\n# of the step\np1 dial\n##\n#!x\n",
      "scenario a.b\n  # of the header\n  rule    X\n\n# of the step\np1 dial\n##\n#!x\n" },
    /* A macro stays a macro. */
    { "scenario a.b\np1   join  have=all\n", "scenario a.b\np1 join have=all\n" },
};

static void layout_is_canonical(void **state)
{
    (void)state;
    struct scn_arena *arena = scn_arena_new();
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_string_equal(format(arena, rows[i].text), rows[i].formatted);
        assert_string_equal(format(arena, rows[i].formatted), rows[i].formatted);
    }
    scn_arena_free(arena);
}

static void text_that_does_not_parse_is_refused(void **state)
{
    (void)state;
    struct scn_arena *arena = scn_arena_new();
    struct scn_error error;
    const char *text = "scenario a.b\np1 dail\n";
    assert_null(scn_fmt(arena, "f.scn", text, strlen(text), &error));
    assert_int_equal(error.place.line, 2);
    assert_int_equal(error.place.column, 4);
    scn_arena_free(arena);
}

/* ---- meaning ----------------------------------------------------------------------------------------------------- */

static void assert_same_expr(const struct scn_expr *a, const struct scn_expr *b)
{
    assert_int_equal(a == NULL, b == NULL);
    if (!a)
        return;
    assert_int_equal(a->kind, b->kind);
    assert_int_equal(a->op, b->op);
    assert_int_equal(a->number, b->number);
    assert_int_equal(a->bytes.len, b->bytes.len);
    if (a->bytes.len)
        assert_memory_equal(a->bytes.data, b->bytes.data, a->bytes.len);
    assert_string_equal(a->name ? a->name : "", b->name ? b->name : "");
    assert_int_equal(a->count, b->count);
    for (size_t i = 0; i < a->count; i++)
        assert_same_expr(a->items[i], b->items[i]);
}

static void assert_same_msg(const struct scn_msg *a, const struct scn_msg *b)
{
    assert_ptr_equal(a->desc, b->desc);
    for (size_t i = 0; i < BTW_FIELDS_MAX; i++)
        assert_same_expr(a->fields[i], b->fields[i]);
    assert_same_expr(a->dict, b->dict);
    assert_same_expr(a->tail, b->tail);
}

static void assert_same_steps(const struct scn_step *a, const struct scn_step *b, size_t count)
{
    for (size_t i = 0; i < count; i++, a++, b++) {
        assert_int_equal(a->kind, b->kind);
        assert_int_equal(a->stimulus, b->stimulus);
        assert_string_equal(a->conn ? a->conn : "", b->conn ? b->conn : "");
        assert_string_equal(a->label ? a->label : "", b->label ? b->label : "");
        assert_string_equal(a->reason ? a->reason : "", b->reason ? b->reason : "");
        assert_int_equal(a->within_ms, b->within_ms);
        assert_int_equal(a->wait_ms, b->wait_ms);
        assert_int_equal(a->fails, b->fails);
        assert_int_equal(a->compare, b->compare);
        assert_int_equal(a->next, b->next);
        assert_same_expr(a->left, b->left);
        assert_same_expr(a->right, b->right);
        assert_same_expr(a->wire.times, b->wire.times);
        assert_same_expr(a->wire.split, b->wire.split);
        assert_int_equal(a->msg_count, b->msg_count);
        for (size_t k = 0; k < a->msg_count; k++)
            assert_same_msg(&a->msgs[k], &b->msgs[k]);
        assert_int_equal(a->alt_count, b->alt_count);
        for (size_t k = 0; k < a->alt_count; k++) {
            assert_int_equal(a->alts[k].kind, b->alts[k].kind);
            assert_int_equal(a->alts[k].verdict, b->alts[k].verdict);
            assert_same_msg(&a->alts[k].msg, &b->alts[k].msg);
        }
        assert_int_equal(a->body_count, b->body_count);
        assert_same_steps(a->body, b->body, a->body_count);
    }
}

static void assert_same_scenario(const struct scn_scenario *a, const struct scn_scenario *b)
{
    assert_string_equal(a->name, b->name);
    assert_string_equal(a->comment, b->comment);
    assert_int_equal(a->target, b->target);
    assert_true(a->needs == b->needs);
    assert_int_equal(a->strict, b->strict);
    for (size_t i = 0; i < SCN_RULES_MAX; i++)
        assert_string_equal(a->rules[i] ? a->rules[i] : "", b->rules[i] ? b->rules[i] : "");
    assert_int_equal(a->case_count, b->case_count);
    for (size_t i = 0; i < a->case_count; i++) {
        assert_string_equal(a->cases[i].name, b->cases[i].name);
        assert_same_expr(a->cases[i].values[0], b->cases[i].values[0]);
    }
    assert_int_equal(a->fault_count, b->fault_count);
    for (size_t i = 0; i < a->fault_count; i++) {
        assert_int_equal(a->faults[i].action, b->faults[i].action);
        assert_int_equal(a->faults[i].expected, b->faults[i].expected);
        assert_string_equal(a->faults[i].by ? a->faults[i].by : "", b->faults[i].by ? b->faults[i].by : "");
        assert_same_msg(&a->faults[i].match, &b->faults[i].match);
        assert_same_msg(&a->faults[i].change, &b->faults[i].change);
    }
    assert_int_equal(a->step_count, b->step_count);
    assert_same_steps(a->steps, b->steps, a->step_count);
}

static void assert_same_meaning(const char *a, size_t a_len, const char *b)
{
    struct scn_error error;
    struct scn_script *one = scn_script_parse("f.scn", a, a_len, &error);
    struct scn_script *two = scn_script_parse("f.scn", b, strlen(b), &error);
    assert_non_null(one);
    assert_non_null(two);
    assert_int_equal(one->count, two->count);
    for (size_t i = 0; i < one->count; i++)
        assert_same_scenario(&one->scenarios[i], &two->scenarios[i]);
    scn_script_free(one);
    scn_script_free(two);
}

static void meaning_is_kept(void **state)
{
    (void)state;
    struct scn_arena *arena = scn_arena_new();
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_same_meaning(rows[i].text, strlen(rows[i].text), rows[i].formatted);
    for (size_t i = 0; i < scn_embedded_scenario_count; i++) {
        const struct scn_embedded *file = &scn_embedded_scenarios[i];
        char *once = format(arena, file->text);
        assert_same_meaning(file->text, file->len, once);
        assert_string_equal(format(arena, once), once);
    }
    scn_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layout_is_canonical),
        cmocka_unit_test(text_that_does_not_parse_is_refused),
        cmocka_unit_test(meaning_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

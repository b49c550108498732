/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "embedded.h"
#include "lint.h"
#include "script_names.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* Complaints, one a line: "line:column text". */
struct heard {
    char text[4000];
    size_t len;
};

static void hear(void *user, const struct scn_place *place, const char *text)
{
    struct heard *heard = user;
    int n = snprintf(heard->text + heard->len, sizeof heard->text - heard->len, "%u:%u %s\n", place->line,
                     place->column, text);
    heard->len += (size_t)n;
    assert_true(heard->len < sizeof heard->text);
}

static struct scn_script *parse(const char *file, const char *text, size_t len)
{
    struct scn_error error;
    struct scn_script *script = scn_script_parse(file, text, len, &error);
    if (!script)
        scn_error_print(stderr, &error);
    assert_non_null(script);
    return script;
}

/* Lines 1 to 7; what is wrong in the rows below is what they replace or add. */
#define TITLE "# T.\n"
#define NAME "scenario a.b\n"
#define RULE "  rule BEP3-SRV-01\n"
#define FAULT "  fault tx piece drop fails @x\n"
#define STEPS "p1 dial\np1 >! choke\np1 < piece @x\n"

static const struct {
    const char *text;
    const char *says; /* the one complaint; NULL: none */
} rows[] = {
    { TITLE NAME RULE FAULT STEPS, NULL },
    { NAME RULE FAULT STEPS, "1:1 no title: " },
    { TITLE "scenario b.b\n" RULE FAULT STEPS, "2:1 'b.b' in folder 'a': " },
    { TITLE "scenario ab.b\n" RULE FAULT STEPS, "2:1 'ab.b' in folder 'a': " },
    { TITLE NAME FAULT STEPS, "2:1 no rule: " },
    { TITLE NAME "  rule BEP3-SRV-99\n" FAULT STEPS, "2:1 the ledger has no requirement 'BEP3-SRV-99'" },
    { TITLE NAME RULE STEPS, "2:1 no fault: " },
    { TITLE NAME RULE "  fault tx piece drop fails @y\n" STEPS, "4:9 no line has the label @y" },
    { TITLE NAME RULE "  fault tx piece drop fails NO-01\n" STEPS, "4:9 no monitor judges a rule 'NO-01'" },
    { TITLE NAME RULE "  fault tx piece drop fails BEP3-HS-01\n" STEPS, NULL },
    { TITLE NAME RULE "  fault policy brave=1 fails @x\n" STEPS, "4:9 the reference peer has no policy 'brave'" },
    { TITLE NAME RULE "  fault policy unchoke=0 fails @x\n" STEPS, NULL },
    { TITLE NAME RULE "  fault rx choke crash crashes\n" STEPS, NULL },
    { TITLE NAME RULE FAULT "p1 dial\np1 > choke\np1 < piece @x\n", "2:1 no stimulus: " },
    { TITLE NAME RULE FAULT STEPS "p1 < have @x\n", "8:1 a second label @x; the first is in line 7" },
    { TITLE NAME RULE FAULT STEPS "p1 unchoked\np1 unchoked\n", NULL },
    { TITLE NAME RULE FAULT STEPS "p1 < unchoke @unchoked\np1 unchoked\n",
      "9:1 a second label @unchoked; the first is in line 8" },
    { TITLE NAME RULE FAULT STEPS "wait 5s\n", "8:1 no reason: " },
    { TITLE NAME RULE FAULT STEPS "p1 > piece piece=0 begin=0 data=file(\"no-such.bin\")\n",
      "8:33 'no-such.bin' beside this file cannot be read: No such file or directory" },
    { TITLE NAME RULE FAULT STEPS "p1 > raw file(text(1))\n", "8:10 expected the name of a file beside this one, " },
    { TITLE NAME RULE FAULT STEPS "p1 > raw file(\"../a.bin\")\n",
      "8:10 expected the name of a file beside this one, " },
    { TITLE NAME RULE FAULT STEPS "p1 never have {\n  wait 5s \"for nothing\"\n}\n", "8:1 'never' without a fence: " },
    { TITLE NAME RULE FAULT STEPS "p1 never have {\n}\n", "8:1 'never' without a fence: " },
    { TITLE NAME RULE FAULT STEPS "p1 never have {\n  p1 sync\n  p1 > choke\n}\n", "8:1 'never' without a fence: " },
    { TITLE NAME RULE FAULT STEPS "repeat 2 {\n  p1 never have {\n  }\n}\n", "9:3 'never' without a fence: " },
    { TITLE NAME RULE FAULT STEPS "p1 never have {\n  wait 5s \"no fence: it may not answer\"\n}\n", NULL },
    { TITLE NAME RULE FAULT STEPS "p1 never have {\n  p1 sync\n}\n", NULL },
    { TITLE NAME RULE FAULT STEPS "p1 never have {\n  p1 closes\n}\n", NULL },
    { TITLE NAME RULE FAULT STEPS "p1 never have {\n  p1 < piece\n}\n", NULL },
    { TITLE NAME RULE FAULT STEPS "p1 never have {\n  p1 oneof {\n    closes\n    sync\n    silence : fail\n  }\n}\n",
      NULL },
    { TITLE NAME RULE FAULT STEPS "p1 never have {\n  p1 oneof {\n    sync\n    silence : info\n  }\n}\n",
      "8:1 'never' without a fence: " },
    { TITLE NAME RULE FAULT STEPS "p1 never have {\n  p1 until pieces == 1\n}\n", NULL },
    { TITLE NAME RULE FAULT STEPS "p1 < have piece=?n\n", "8:17 ?n is never used: " },
    { TITLE NAME RULE FAULT STEPS "p1 < have piece=?n\np1 > have piece=$n\n", NULL },
    { TITLE NAME RULE "  case one $n=1\n" FAULT STEPS "p1 < have piece=?n\np1 > have piece=$n\n",
      "9:17 ?n is a variable of the cases, too" },
    { TITLE NAME RULE "  case one $n=1\n" FAULT STEPS, "4:8 $n of case 'one' is never used" },
    { TITLE NAME RULE FAULT "  case one $n=1\n  case two $m=1 $n=2\n" STEPS "p1 > have piece=$n+$m\n",
      "6:8 case 'two' sets $m, but case 'one' does not" },
    { TITLE NAME RULE FAULT "  case one $n=1\n  case two\n" STEPS "p1 > have piece=$n\n",
      "6:8 case 'one' sets $n, but case 'two' does not" },
    { TITLE NAME RULE FAULT "  case one\n  case one\n" STEPS, "6:8 a second case 'one'; the first is in line 5" },
    { TITLE NAME RULE FAULT STEPS "p2 > choke\np2 > choke\n", "8:1 nobody has dialled or accepted p2: " },
    { TITLE NAME RULE FAULT STEPS "check p2.open == 1\n", "8:7 nobody has dialled or accepted p2: " },
    { TITLE NAME RULE FAULT STEPS "p3 dial from=p2\n", "8:1 nobody has dialled or accepted p2: " },
    { TITLE NAME RULE FAULT STEPS "p2 listen\np2 > choke\n", "9:1 nobody has dialled or accepted p2: " },
    { TITLE NAME RULE FAULT STEPS "p2 accept\n", "8:1 p2 does not listen: " },
    { TITLE NAME RULE FAULT STEPS "p2 listen\np2 accept\np2 > choke\ncheck p2.open == 1\n", NULL },
    { TITLE NAME RULE FAULT STEPS "p2 join\np2 > choke\n", NULL },
};

static void each_rule_about_scenarios_is_heard(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct heard heard = { "", 0 };
        struct scn_script *script = parse("scenarios/a/f.scn", rows[i].text, strlen(rows[i].text));
        size_t count = scn_lint(script, hear, &heard);
        const char *says = rows[i].says ? rows[i].says : "";
        if (count != (rows[i].says != NULL) || strncmp(heard.text, says, strlen(says)) != 0) {
            print_error("%s\nwanted '%s', heard '%s'\n", rows[i].text, says, heard.text);
            fail();
        }
        scn_script_free(script);
    }
}

static void a_file_without_a_folder_has_no_area(void **state)
{
    (void)state;
    struct heard heard = { "", 0 };
    const char *text = TITLE NAME RULE FAULT STEPS;
    struct scn_script *script = parse("f.scn", text, strlen(text));
    assert_int_equal(scn_lint(script, hear, &heard), 0);
    scn_script_free(script);
}

static void names_are_distinct_across_files(void **state)
{
    (void)state;
    struct heard heard = { "", 0 };
    const char *one = "scenario a.a\np1 dial\nscenario a.b\np1 dial\nscenario a.a\np1 dial\n";
    const char *two = "scenario a.c\np1 dial\n\nscenario a.b\np1 dial\n";
    struct scn_script *scripts[] = { parse("a/one.scn", one, strlen(one)), parse("a/two.scn", two, strlen(two)) };
    assert_int_equal(scn_lint_names((const struct scn_script *const *)scripts, 2, hear, &heard), 2);
    assert_string_equal(heard.text, "5:1 a second scenario 'a.a'; the first is in a/one.scn, line 1\n"
                                    "4:1 a second scenario 'a.b'; the first is in a/one.scn, line 3\n");
    scn_script_free(scripts[0]);
    scn_script_free(scripts[1]);
}

/* ---- the manual -------------------------------------------------------------------------------------------------- */

static char *read_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    char *text = calloc(1, 1 << 20);
    assert_non_null(text);
    size_t len = fread(text, 1, (1 << 20) - 1, file);
    assert_true(len > 0 && len < (1 << 20) - 1);
    fclose(file);
    return text;
}

typedef void example_fn(const char *text, size_t len);

/* Calls `each` with the inside of every block of this kind; how many there are. */
static size_t each_example(const char *open, example_fn *each)
{
    static const char close[] = "\n```\n";
    char *text = read_file("docs/notation.md");
    size_t count = 0;
    for (const char *at = text; (at = strstr(at, open)) != NULL; count++) {
        at += strlen(open);
        const char *end = strstr(at, close);
        assert_non_null(end);
        each(at, (size_t)(end - at));
        at = end;
    }
    free(text);
    return count;
}

/* A whole file: it parses, and nobody complains. */
static void assert_clean(const char *text, size_t len)
{
    struct heard heard = { "", 0 };
    struct scn_script *script = parse("notation.md", text, len);
    scn_lint(script, hear, &heard);
    assert_string_equal(heard.text, "");
    scn_script_free(script);
}

/* Statements of any scenario: they parse. */
static void assert_steps(const char *text, size_t len)
{
    char whole[4000];
    int size = snprintf(whole, sizeof whole, "scenario a.b\n%.*s\n", (int)len, text);
    assert_in_range(size, 1, sizeof whole - 1);
    scn_script_free(parse("notation.md", whole, (size_t)size));
}

static void examples_of_the_manual_are_right(void **state)
{
    (void)state;
    assert_true(each_example("\n```scn\n", assert_clean) >= 5);
    assert_true(each_example("\n```steps\n", assert_steps) >= 4);
}

/* The manual names every word of the closed sets. */
static void tables_are_in_the_manual(void **state)
{
    (void)state;
    const struct scn_names *const sets[] = { &scn_counters, &scn_properties, &scn_capabilities, &scn_targets,
                                             &scn_levels };
    char *text = read_file("docs/notation.md");
    for (size_t i = 0; i < COUNT(sets); i++) {
        for (size_t k = 0; k < sets[i]->count; k++) {
            char quoted[40];
            snprintf(quoted, sizeof quoted, "`%s`", sets[i]->names[k]);
            if (!strstr(text, quoted))
                fail_msg("the manual does not name %s", quoted);
        }
    }
    for (size_t i = 0; i < scn_function_count(); i++) {
        char call[40];
        snprintf(call, sizeof call, "`%s(", scn_function_at(i)->name);
        if (!strstr(text, call))
            fail_msg("the manual does not explain %s", call);
    }
    free(text);
}

static void scenarios_that_come_with_the_program_are_clean(void **state)
{
    (void)state;
    for (size_t i = 0; i < scn_embedded_scenario_count; i++) {
        char path[200];
        struct heard heard = { "", 0 };
        snprintf(path, sizeof path, "scenarios/%s", scn_embedded_scenarios[i].path);
        struct scn_script *script = parse(path, scn_embedded_scenarios[i].text, scn_embedded_scenarios[i].len);
        if (scn_lint(script, hear, &heard)) {
            print_error("%s\n%s", path, heard.text);
            fail();
        }
        scn_script_free(script);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_rule_about_scenarios_is_heard),
        cmocka_unit_test(a_file_without_a_folder_has_no_area),
        cmocka_unit_test(names_are_distinct_across_files),
        cmocka_unit_test(examples_of_the_manual_are_right),
        cmocka_unit_test(tables_are_in_the_manual),
        cmocka_unit_test(scenarios_that_come_with_the_program_are_clean),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT
 *
 * What can be held against a target: no oracle that nothing has shown to see, no rule that the monitors do not know.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "judge.h"

static void verdicts_are_found_by_their_names(void **state)
{
    (void)state;
    for (unsigned i = 0; i < LIVE_VERDICTS; i++) {
        const char *name = live_verdict_name((enum live_verdict)i);
        assert_int_equal(live_verdict_find(name, strlen(name)), i);
        assert_int_equal(live_verdict_find(name, strlen(name) - 1), LIVE_VERDICTS);
    }
}

/* planted.tsv: the verdict is the third column; a row that leaves a choice proves none. */
static void every_verdict_has_a_planted_bug(void **state)
{
    unsigned planted[LIVE_VERDICTS + 1] = { 0 };
    char line[400], verdict[40];
    FILE *file = fopen("fuzz/live/planted.tsv", "r");
    (void)state;
    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL) {
        if (line[0] != '#' && sscanf(line, "%*s %*s %39s", verdict) == 1)
            planted[live_verdict_find(verdict, strlen(verdict))]++;
    }
    fclose(file);
    for (unsigned i = 0; i < LIVE_VERDICTS; i++) {
        if (planted[i] == 0)
            fail_msg("nothing shows that '%s' is seen", live_verdict_name((enum live_verdict)i));
    }
}

/* A rule that got another id would never be held against anybody again. */
static void the_rules_that_count_are_the_monitors_own(void **state)
{
    enum { RULES_THAT_COUNT = 25 };
    unsigned counting = 0;
    (void)state;
    for (size_t i = 0; i < btw_rule_count(); i++) {
        const struct btw_rule *rule = btw_rule_at(i);
        if (live_rule_use(rule->id) == LIVE_RULE_NEVER)
            continue;
        counting++;
        assert_int_equal(rule->level, BTW_MUST);
    }
    assert_int_equal(counting, RULES_THAT_COUNT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verdicts_are_found_by_their_names),
        cmocka_unit_test(every_verdict_has_a_planted_bug),
        cmocka_unit_test(the_rules_that_count_are_the_monitors_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

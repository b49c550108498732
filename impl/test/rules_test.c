/* SPDX-License-Identifier: MIT
 *
 * The rules: rows of sessions, breaches with all that must be found in them, and innocent look-alikes.
 */
#include "monitor_harness.h"

struct row {
    const char *rule; /* what it is about */
    const char *what;
    const struct btw_monitor_world *world;
    const char *session;
    const char *found; /* every finding: "BEP3-REQ-01 FAIL A, ..." */
};

#include "rules_rows_wire.h"
#include "rules_rows_core.h"
#include "rules_rows_ext.h"
#include "rules_rows_pex.h"
#include "rules_rows_hash.h"

static void check_rows(const struct row *rows, size_t count)
{
    size_t wrong = 0;

    for (size_t i = 0; i < count; i++) {
        struct heard heard;
        struct btw_monitor *monitor = played(rows[i].world, rows[i].session, &heard);

        if (strcmp(heard.text, rows[i].found) != 0) {
            print_error("%s, %s: want \"%s\", got \"%s\"\n", rows[i].rule, rows[i].what, rows[i].found, heard.text);
            wrong++;
        }
        btw_monitor_free(monitor);
    }
    assert_int_equal(wrong, 0);
}

static void handshakes_and_frames(void **state)
{
    (void)state;
    check_rows(wire_rows, COUNT(wire_rows));
}

static void availability_choking_requests_and_fast(void **state)
{
    (void)state;
    check_rows(core_rows, COUNT(core_rows));
}

static void version_2(void **state)
{
    (void)state;
    check_rows(hash_rows, COUNT(hash_rows));
}

static void extended_messages(void **state)
{
    (void)state;
    check_rows(ext_rows, COUNT(ext_rows));
    check_rows(pex_rows, COUNT(pex_rows));
}

/* Counts the rows about a rule that must find it, and those that must not. */
static void count_rows(const char *rule, const struct row *rows, size_t count, size_t *breaches, size_t *innocents)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(rows[i].rule, rule) == 0)
            ++*(strstr(rows[i].found, rule) != NULL ? breaches : innocents);
    }
}

static void every_rule_has_a_breach_and_an_innocent(void **state)
{
    (void)state;
    for (size_t i = 0; i < btw_rule_count(); i++) {
        const char *id = btw_rule_at(i)->id;
        size_t breaches = 0, innocents = 0;

        count_rows(id, wire_rows, COUNT(wire_rows), &breaches, &innocents);
        count_rows(id, core_rows, COUNT(core_rows), &breaches, &innocents);
        count_rows(id, ext_rows, COUNT(ext_rows), &breaches, &innocents);
        count_rows(id, pex_rows, COUNT(pex_rows), &breaches, &innocents);
        count_rows(id, hash_rows, COUNT(hash_rows), &breaches, &innocents);
        if (breaches == 0 || innocents == 0)
            fail_msg("%s has %zu breaches and %zu innocents", id, breaches, innocents);
    }
}

static void rules_are_found_by_id_and_by_name(void **state)
{
    (void)state;
    assert_int_equal(btw_rule_count(), 61);
    for (size_t i = 0; i < btw_rule_count(); i++) {
        const struct btw_rule *rule = btw_rule_at(i);

        assert_ptr_equal(btw_rule_find(rule->id), rule);
        assert_ptr_equal(btw_rule_find(rule->name), rule);
    }
    assert_null(btw_rule_find("no-such-rule"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(handshakes_and_frames),
        cmocka_unit_test(availability_choking_requests_and_fast),
        cmocka_unit_test(extended_messages),
        cmocka_unit_test(version_2),
        cmocka_unit_test(every_rule_has_a_breach_and_an_innocent),
        cmocka_unit_test(rules_are_found_by_id_and_by_name),
    };

    return cmocka_run_group_tests_name("rules", tests, NULL, NULL);
}

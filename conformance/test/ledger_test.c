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
#include "ledger.h"

static void a_requirement_is_found_by_its_id(void **state)
{
    (void)state;
    char spec[16];
    const struct scn_requirement *row = scn_requirement_find("BEP3-HS-04");
    assert_non_null(row);
    assert_string_equal(row->id, "BEP3-HS-04");
    assert_string_equal(row->bep, "3");
    assert_string_equal(row->section, "handshake");
    assert_int_equal(row->level, BTW_SHOULD);
    assert_string_equal(row->role, "any");
    assert_string_equal(row->direction, "in");
    assert_string_equal(row->summary, "A responder does not confirm an info-hash it does not serve.");
    assert_string_equal(row->stimulus, "Send HS with 20 random bytes as info-hash.");
    assert_string_equal(row->fault, "Echo any received info-hash before looking the torrent up.");
    assert_false(scn_requirement_is_passive(row));
    assert_string_equal(scn_requirement_spec(row, spec), "BEP 3");
    assert_null(scn_requirement_find("BEP3-HS-0"));
    assert_null(scn_requirement_find(""));
}

static void passive_rows_and_foreign_specifications_are_told(void **state)
{
    (void)state;
    char spec[16];
    assert_true(scn_requirement_is_passive(scn_requirement_find("BEP3-HS-01")));
    assert_string_equal(scn_requirement_spec(scn_requirement_find("MSE-IN-25"), spec), "MSE");
    assert_string_equal(scn_requirement_spec(scn_requirement_find("ROBUST-RES-03"), spec), "TCP");
}

/* The compiled table against the file, read here a second time and in another way. */
static void the_table_is_the_file(void **state)
{
    (void)state;
    static const char *const levels[] = { "MUST", "SHOULD", "MAY", "DEFACTO" };
    char line[4000];
    size_t rows = 0;
    FILE *file = fopen("conformance/ledger.tsv", "rb");
    assert_non_null(file);
    assert_non_null(fgets(line, sizeof line, file));
    for (; fgets(line, sizeof line, file); rows++) {
        char joined[4000];
        const struct scn_requirement *row = scn_requirement_at(rows);
        snprintf(joined, sizeof joined, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", row->id, row->bep, row->section,
                 levels[row->level], row->role, row->direction, row->summary, row->stimulus, row->expected, row->fault);
        assert_string_equal(joined, line);
        assert_ptr_equal(scn_requirement_find(row->id), row); /* no id twice */
    }
    fclose(file);
    assert_int_equal(scn_requirement_count(), rows);
    assert_true(rows > 500);
}

static void scenarios_are_the_files(void **state)
{
    (void)state;
    assert_null(scn_embedded_scenarios[scn_embedded_scenario_count].path);
    for (size_t i = 0; i < scn_embedded_scenario_count; i++) {
        const struct scn_embedded *found = &scn_embedded_scenarios[i];
        char path[300];
        char *text = calloc(1, found->len + 2);
        assert_non_null(text);
        assert_true(i == 0 || strcmp(scn_embedded_scenarios[i - 1].path, found->path) < 0);
        snprintf(path, sizeof path, "conformance/scenarios/%s", found->path);
        FILE *file = fopen(path, "rb");
        assert_non_null(file);
        assert_int_equal(fread(text, 1, found->len + 1, file), found->len);
        fclose(file);
        assert_string_equal(text, found->text);
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_requirement_is_found_by_its_id),
        cmocka_unit_test(passive_rows_and_foreign_specifications_are_told),
        cmocka_unit_test(the_table_is_the_file),
        cmocka_unit_test(scenarios_are_the_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "btw/so.h"

#define COUNT(rows) (sizeof(rows) / sizeof(rows)[0])

static void selections_are_read_and_printed(void **state)
{
    static const struct {
        const char *text;
        enum btw_status status;
        size_t offset; /* of the first wrong item */
        const char *printed;
    } rows[] = {
        { "0", BTW_OK, 0, "0" },
        { "0,2,4,6-8", BTW_OK, 0, "0,2,4,6-8" }, /* BEP 53's own */
        { "8,7,6,4,2,0", BTW_OK, 0, "0,2,4,6-8" },
        { "6-8,0,7,2,4,4", BTW_OK, 0, "0,2,4,6-8" },
        { "0-1,1-2,2-3", BTW_OK, 0, "0-3" },
        { "0,2,1", BTW_OK, 0, "0-2" },
        { "5-9,2-3,0-20", BTW_OK, 0, "0-20" },
        { "5-9,0-5", BTW_OK, 0, "0-9" },
        { "7-7", BTW_OK, 0, "7" },
        { "007", BTW_OK, 0, "7" },
        { "0-4294967295", BTW_OK, 0, "0-4294967295" },
        { "4294967295,0", BTW_OK, 0, "0,4294967295" },
        { "4294967294,4294967295,0", BTW_OK, 0, "0,4294967294-4294967295" },
        { "", BTW_BAD_TEXT, 0, "" },
        { ",", BTW_BAD_TEXT, 0, "" },
        { "1,", BTW_BAD_TEXT, 2, "1" },
        { ",1", BTW_BAD_TEXT, 0, "1" },
        { "1,,3", BTW_BAD_TEXT, 2, "1,3" },
        { "5-2,,99999999999,-1,abc", BTW_BAD_TEXT, 0, "" },
        { "4,5-2,6", BTW_BAD_TEXT, 2, "4,6" },
        { "1,4294967296", BTW_BAD_TEXT, 2, "1" },
        { "1,18446744073709551617", BTW_BAD_TEXT, 2, "1" },
        { "1-4294967296,3", BTW_BAD_TEXT, 0, "3" },
        { "1-", BTW_BAD_TEXT, 0, "" },
        { "1-2-3", BTW_BAD_TEXT, 0, "" },
        { "1 ,2", BTW_BAD_TEXT, 0, "2" },
        { "+1", BTW_BAD_TEXT, 0, "" },
        { "1/2", BTW_BAD_TEXT, 0, "" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct btw_so so = { .count = 99 };
        struct btw_diag diag = { .offset = 0 };
        size_t len = strlen(rows[i].text), printed_len;
        uint8_t *copy = malloc(len + (len == 0));
        char printed[100];

        assert_non_null(copy);
        memcpy(copy, rows[i].text, len);
        if (btw_so_parse(&so, btw_slice_of(copy, len), &diag) != rows[i].status || diag.offset != rows[i].offset)
            fail_msg("%s: %s at %zu", rows[i].text, diag.text, diag.offset);
        free(copy);
        len = strlen(rows[i].printed);
        assert_int_equal(btw_so_print(printed, len, &printed_len, &so), BTW_NO_SPACE);
        assert_int_equal(btw_so_print(printed, len + 1, &printed_len, &so), BTW_OK);
        assert_string_equal(printed, rows[i].printed);
        assert_int_equal(printed_len, len);
    }
}

/* A magnet link without `so` has the empty slice. */
static void no_selection_is_an_empty_one(void **state)
{
    struct btw_so so = { .count = 99 };

    (void)state;
    assert_int_equal(btw_so_parse(&so, btw_slice_of(NULL, 0), NULL), BTW_BAD_TEXT);
    assert_int_equal(so.count, 0);
}

static void files_are_found_and_counted(void **state)
{
    static const struct {
        const char *text;
        uint32_t files, count, in, out;
    } rows[] = {
        { "0,2,4,6-8", 9, 6, 7, 5 },
        { "0,2,4,6-8", 8, 5, 8, 9 },
        { "0,2,4,6-8", 5, 3, 0, 1 },
        { "0,2,4,6-8", 1, 1, 2, 3 },
        { "0,2,4,6-8", 0, 0, 6, UINT32_MAX },
        { "0-4294967294", UINT32_MAX, UINT32_MAX, 4294967294, UINT32_MAX },
        { "7", 7, 0, 7, 6 },
        { "1-4294967295", 3, 2, UINT32_MAX, 0 },
    };
    const struct btw_so none = { .count = 0 };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct btw_so so;
        assert_int_equal(btw_so_parse(&so, btw_slice_str(rows[i].text), NULL), BTW_OK);
        assert_int_equal(btw_so_count(&so, rows[i].files), rows[i].count);
        assert_true(btw_so_has(&so, rows[i].in));
        assert_false(btw_so_has(&so, rows[i].out));
    }
    assert_false(btw_so_has(&none, 0));
    assert_int_equal(btw_so_count(&none, 10), 0);
}

/* 64 ranges fit, in whatever order they come; one more does not, and one that joins two makes room. */
static void the_number_of_ranges_is_bounded(void **state)
{
    char text[1000] = "";
    struct btw_so so = { .count = 0 }, kept;

    (void)state;
    for (uint32_t i = 0; i < BTW_SO_RANGES_MAX; i++) {
        uint32_t file = 2 * (i * 37 % BTW_SO_RANGES_MAX);
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s%u", i > 0 ? "," : "", file);
    }
    assert_int_equal(btw_so_parse(&so, btw_slice_str(text), NULL), BTW_OK);
    assert_int_equal(so.count, BTW_SO_RANGES_MAX);
    for (uint32_t i = 0; i < BTW_SO_RANGES_MAX; i++)
        assert_int_equal(so.range[i].first, 2 * i);
    kept = so;
    assert_int_equal(btw_so_add(&so, 200, 201), BTW_NO_SPACE);
    assert_memory_equal(&so, &kept, sizeof so);
    strcat(text, ",200");
    assert_int_equal(btw_so_parse(&so, btw_slice_str(text), NULL), BTW_NO_SPACE);
    assert_memory_equal(&so, &kept, sizeof so);
    assert_int_equal(btw_so_add(&so, 1, 1), BTW_OK);
    assert_int_equal(so.count, BTW_SO_RANGES_MAX - 1);
    assert_int_equal(btw_so_add(&so, 200, 201), BTW_OK);
    assert_int_equal(so.count, BTW_SO_RANGES_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(selections_are_read_and_printed),
        cmocka_unit_test(no_selection_is_an_empty_one),
        cmocka_unit_test(files_are_found_and_counted),
        cmocka_unit_test(the_number_of_ranges_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

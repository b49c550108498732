/* SPDX-License-Identifier: MIT
 *
 * Where values and fields begin and end in a text, whatever they mean.
 */
#include "btw/notation.h"
#include "wire_rows.h"

/* The grammar of values is wide, because the script language stands on it. */
static void values_are_balanced_text(void **state)
{
    static const struct {
        const char *text;
        size_t len;
    } rows[] = {
        { "$var rest", 4 },
        { "?bind", 5 },
        { "* x", 1 },
        { "1..16384 @label", 8 },
        { "$t1.pieces+1", 12 },
        { "block($t1, 0, 0, 16384) x", 23 },
        { "\"a\"+repeat(\"l\",30000) x", 21 },
        { "{m={ut_metadata=?um} *} within 5s", 23 },
        { "\"a b\\\" c\" d", 9 },
        { "\"# ) }\"#", 7 },
        { "[ext\n fast]", 11 },
        { "1,2", 1 },
        { "1}", 1 },
        { "1#", 1 },
        { "", 0 },
        { " 1", 0 },
        { "}", 0 },
        { "\"a", 0 },
        { "\"a\n\"", 0 },
        { "(1]", 0 },
        { "[[1]", 0 },
        { "\"a\\", 0 },
        { "\"a\\\"", 0 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct btw_slice text = exact_copy(rows[i].text, strlen(rows[i].text));
        if (btw_text_value_len((const char *)text.data, text.len) != rows[i].len)
            fail_msg("%s", rows[i].text);
        release(text);
    }
}

static void brackets_in_a_value_are_bounded(void **state)
{
    char text[2 * 257];

    (void)state;
    for (size_t depth = 255; depth <= 257; depth++) {
        memset(text, '(', depth);
        memset(text + depth, ')', depth);
        assert_int_equal(btw_text_value_len(text, 2 * depth), depth <= 256 ? 2 * depth : 0);
    }
}

static void a_scan_stops_where_fields_end(void **state)
{
    static const struct {
        const char *text;
        size_t count, used;
        const char *last; /* value of the last field */
    } rows[] = {
        { "piece piece=?p begin=0..16384 data=$t1 within 5s", 3, 38, "$t1" },
        { "have piece=$t1.pieces+1 @label", 1, 23, "$t1.pieces+1" },
        { "extended ext=0 dict={m={ut_metadata=?um} *} { sync }", 2, 43, "{m={ut_metadata=?um} *}" },
        { "piece begin=0 data=block($t1,0,0,16384) | choke", 2, 39, "block($t1,0,0,16384)" },
        { "extended ext=3 tail=*", 2, 21, "*" },
        { "handshake *", 0, 9, NULL },
        { "choke }", 0, 5, NULL },
        { "have\npiece=1", 0, 4, NULL },
        { "choke wire split=1", 0, 5, NULL },
        { "have piece=1 else", 1, 12, "1" },
        { "raw \"a\"+repeat(\"l\",30000) within 5s", 1, 25, "\"a\"+repeat(\"l\",30000)" },
        { "raw * within 5s", 1, 5, "*" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct btw_slice text = exact_copy(rows[i].text, strlen(rows[i].text));
        struct btw_diag diag = { .text = "" };
        struct btw_text out;

        if (btw_text_scan(&out, (const char *)text.data, text.len, &diag) != BTW_OK)
            fail_msg("%s: %s", rows[i].text, diag.text);
        assert_int_equal(out.count, rows[i].count);
        assert_int_equal(out.used, rows[i].used);
        if (rows[i].last != NULL)
            assert_true(btw_slice_equal(out.fields[out.count - 1].value, btw_slice_str(rows[i].last)));
        release(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_balanced_text),
        cmocka_unit_test(brackets_in_a_value_are_bounded),
        cmocka_unit_test(a_scan_stops_where_fields_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

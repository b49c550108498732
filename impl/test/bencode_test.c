/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "btw/bencode.h"

#define COUNT(rows) (sizeof(rows) / sizeof(rows)[0])

/* A copy of exactly len bytes, so that a read past the end is seen by the sanitizer. */
static struct btw_slice exact(const char *text, size_t len)
{
    uint8_t *copy = malloc(len == 0 ? 1 : len);

    assert_non_null(copy);
    memcpy(copy, text, len);
    return btw_slice_of(copy, len);
}

static void release(struct btw_slice slice)
{
    free((void *)(uintptr_t)slice.data);
}

static const char *const good[] = {
    "i0e",
    "i42e",
    "i-1e",
    "i9223372036854775807e",
    "i-9223372036854775808e",
    "0:",
    "4:spam",
    "10:abcdefghij",
    "le",
    "de",
    "l4:spam4:eggse",
    "lli1eeli2eee",
    "d3:cow3:moo4:spam4:eggse",
    "d0:i1e1:ai2e2:aai3e1:bi4ee",
    "d1:ad1:bd1:cleeee",
    "d1:md11:ut_metadatai3e6:ut_pexi1ee13:metadata_sizei31235e1:pi6881e4:reqqi250e1:v3:X 1e",
};

static void canonical_values_pass_and_every_prefix_asks_for_more(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(good); i++) {
        size_t size = strlen(good[i]);
        for (size_t len = 0; len <= size; len++) {
            struct btw_slice in = exact(good[i], len);
            struct btw_diag diag = { 0 };
            size_t used, lenient_used = 0;
            unsigned flaws = 0;
            enum btw_status want = len < size ? BTW_MORE : BTW_OK;
            if (btw_ben_check(in, &used, &diag) != want ||
                btw_ben_check_lenient(in, &lenient_used, &flaws, NULL) != want)
                fail_msg("%s cut at %zu", good[i], len);
            assert_int_equal(used, len < size ? 0 : size);
            assert_int_equal(lenient_used, used);
            assert_int_equal(flaws, 0);
            if (want == BTW_MORE)
                assert_int_equal(diag.offset, len);
            release(in);
        }
    }
}

static void bytes_behind_the_value_are_left_to_the_caller(void **state)
{
    const struct btw_slice in = btw_slice_str("d1:ai1eei7e");
    size_t used;
    unsigned flaws = 0;

    (void)state;
    assert_int_equal(btw_ben_check(in, &used, NULL), BTW_OK);
    assert_int_equal(used, 8);
    assert_int_equal(btw_ben_check_lenient(in, &used, &flaws, NULL), BTW_OK);
    assert_int_equal(used, 8);
    assert_int_equal(flaws, BTW_BEN_TRAILING);
}

/* What no reader may forgive; offset is the first byte that is wrong. */
static const struct {
    const char *text;
    size_t offset;
} bad[] = {
    { "x", 0 },
    { "e", 0 },
    { "-1:a", 0 },
    { "ie", 1 },
    { "i-e", 2 },
    { "i--1e", 2 },
    { "i+1e", 1 },
    { "i 1e", 1 },
    { "i1.5e", 2 },
    { "i9223372036854775808e", 19 },
    { "i-9223372036854775809e", 20 },
    { "i99999999999999999999999999e", 19 },
    { "1a", 1 },
    { "1-:", 1 },
    { "9223372036854775808:", 18 },
    { "99999999999999999999:", 18 },
    { "l-e", 1 },
    { "li1exe", 4 },
    { "di1ei2ee", 1 },
    { "dle", 1 },
    { "d1:ae", 4 },
    { "d1:ai1ei2ei3ee", 7 },
    { "d1:ai1e1:be", 10 },
};

static void wrong_bytes_are_named_by_their_offset(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        size_t size = strlen(bad[i].text);
        for (size_t len = 0; len <= size; len++) {
            struct btw_slice in = exact(bad[i].text, len);
            struct btw_diag strict = { 0 }, lenient = { 0 };
            size_t used;
            unsigned flaws = 0;
            enum btw_status want = len <= bad[i].offset ? BTW_MORE : BTW_BAD_BENCODE;
            size_t offset = want == BTW_MORE ? len : bad[i].offset;
            if (btw_ben_check(in, &used, &strict) != want || strict.offset != offset)
                fail_msg("strict: %s cut at %zu: %s at %zu", bad[i].text, len, strict.text, strict.offset);
            if (btw_ben_check_lenient(in, &used, &flaws, &lenient) != want || lenient.offset != offset)
                fail_msg("lenient: %s cut at %zu: %s at %zu", bad[i].text, len, lenient.text, lenient.offset);
            release(in);
        }
    }
}

/* What a strict reader refuses, where, and what a lenient one calls it. */
static const struct {
    const char *text;
    size_t offset;
    unsigned flaws;
} flawed[] = {
    { "i00e", 2, BTW_BEN_LEADING_ZERO },
    { "i042e", 2, BTW_BEN_LEADING_ZERO },
    { "i-042e", 2, BTW_BEN_LEADING_ZERO },
    { "i-0e", 2, BTW_BEN_NEGATIVE_ZERO },
    { "i-00e", 2, BTW_BEN_NEGATIVE_ZERO | BTW_BEN_LEADING_ZERO },
    { "01:a", 1, BTW_BEN_LEADING_ZERO },
    { "00:", 1, BTW_BEN_LEADING_ZERO },
    { "d1:bi1e1:ai2ee", 7, BTW_BEN_KEY_ORDER },
    { "d2:aai1e1:ai2ee", 8, BTW_BEN_KEY_ORDER },
    { "d1:ai1e1:ai2ee", 7, BTW_BEN_KEY_TWICE },
    { "d0:i1e0:i2ee", 6, BTW_BEN_KEY_TWICE },
    { "d1:\xffi1e1:ai2ee", 7, BTW_BEN_KEY_ORDER },
    { "ld1:bi1e1:ai2eei03ee", 8, BTW_BEN_KEY_ORDER | BTW_BEN_LEADING_ZERO },
};

static void flaws_are_refused_or_forgiven_and_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(flawed); i++) {
        struct btw_slice in = exact(flawed[i].text, strlen(flawed[i].text));
        struct btw_diag diag = { 0 };
        size_t used;
        unsigned flaws = 0;
        if (btw_ben_check(in, &used, &diag) != BTW_BAD_BENCODE || diag.offset != flawed[i].offset || used != 0)
            fail_msg("strict: %s: %s at %zu", flawed[i].text, diag.text, diag.offset);
        if (btw_ben_check_lenient(in, &used, &flaws, &diag) != BTW_OK || flaws != flawed[i].flaws || used != in.len)
            fail_msg("lenient: %s: flaws %#x", flawed[i].text, flaws);
        release(in);
    }
}

static void every_flaw_has_a_name(void **state)
{
    (void)state;
    for (unsigned flaw = BTW_BEN_KEY_ORDER; flaw <= BTW_BEN_TRAILING; flaw <<= 1)
        assert_true(strlen(btw_ben_flaw_name((enum btw_ben_flaw)flaw)) > 0);
}

static void depth_ends_at_the_limit(void **state)
{
    char text[2 * (BTW_BEN_DEPTH_MAX + 1)];
    struct btw_diag diag = { 0 };
    size_t used;

    (void)state;
    memset(text, 'l', sizeof text / 2);
    memset(text + sizeof text / 2, 'e', sizeof text / 2);
    assert_int_equal(btw_ben_check(btw_slice_of(text + 1, sizeof text - 2), &used, &diag), BTW_OK);
    assert_int_equal(used, sizeof text - 2);
    assert_int_equal(btw_ben_check(btw_slice_of(text, sizeof text), &used, &diag), BTW_BAD_BENCODE);
    assert_int_equal(diag.offset, BTW_BEN_DEPTH_MAX);
}

static void a_dictionary_at_the_front_is_whole_or_an_error(void **state)
{
    struct btw_diag diag = { 0 };
    struct btw_slice dict = { NULL, 0 };
    unsigned flaws = 0;

    (void)state;
    assert_int_equal(btw_ben_dict_at_front(btw_slice_str("d1:ai1eetail"), &dict, &flaws, &diag), BTW_OK);
    assert_int_equal(dict.len, 8);
    assert_int_equal(flaws, BTW_BEN_TRAILING);
    assert_int_equal(btw_ben_dict_at_front(btw_slice_str("le"), &dict, &flaws, &diag), BTW_BAD_BENCODE);
    assert_int_equal(diag.offset, 0);
    assert_int_equal(btw_ben_dict_at_front(btw_slice_str("d1:a"), &dict, &flaws, &diag), BTW_BAD_BENCODE);
    assert_int_equal(diag.offset, 4);
    assert_int_equal(btw_ben_dict_at_front(btw_slice_of(NULL, 0), &dict, &flaws, &diag), BTW_BAD_BENCODE);
    assert_int_equal(dict.len, 8);
}

static void accessors_answer_only_to_their_kind(void **state)
{
    int64_t number = 99;
    struct btw_slice text = btw_slice_str("before");

    (void)state;
    assert_int_equal(btw_ben_kind(btw_slice_str("i1e")), BTW_BEN_INT);
    assert_int_equal(btw_ben_kind(btw_slice_str("1:a")), BTW_BEN_STR);
    assert_int_equal(btw_ben_kind(btw_slice_str("le")), BTW_BEN_LIST);
    assert_int_equal(btw_ben_kind(btw_slice_str("de")), BTW_BEN_DICT);
    assert_int_equal(btw_ben_kind(btw_slice_of(NULL, 0)), BTW_BEN_NONE);
    assert_int_equal(btw_ben_kind(btw_slice_str("x")), BTW_BEN_NONE);

    assert_false(btw_ben_int(btw_slice_str("1:a"), &number));
    assert_int_equal(number, 99);
    assert_true(btw_ben_int(btw_slice_str("i-9223372036854775808e"), &number));
    assert_true(number == INT64_MIN);
    assert_true(btw_ben_int(btw_slice_str("i-07e"), &number));
    assert_int_equal(number, -7);

    assert_false(btw_ben_str(btw_slice_str("i1e"), &text));
    assert_true(btw_slice_equal(text, btw_slice_str("before")));
    assert_true(btw_ben_str(btw_slice_str("3:abcmore"), &text));
    assert_true(btw_slice_equal(text, btw_slice_str("abc")));
}

static void a_dictionary_is_searched_by_key(void **state)
{
    const struct btw_slice dict = btw_slice_str("d1:ai1e2:ab1:x1:bld1:ai7eee1:ai2ee");
    struct btw_slice value;
    int64_t number;

    (void)state;
    assert_true(btw_ben_get_int(dict, "a", &number));
    assert_int_equal(number, 1); /* the first of two */
    assert_true(btw_ben_get_str(dict, "ab", &value));
    assert_true(btw_slice_equal(value, btw_slice_str("x")));
    assert_true(btw_ben_get(dict, "b", &value));
    assert_true(btw_slice_equal(value, btw_slice_str("ld1:ai7eee")));
    assert_false(btw_ben_get_int(dict, "ab", &number));
    assert_false(btw_ben_get_str(dict, "a", &value));
    assert_false(btw_ben_get(dict, "x", &value)); /* a value, not a key */
    assert_false(btw_ben_get(btw_slice_str("l1:ai1ee"), "a", &value));
    assert_false(btw_ben_get(btw_slice_str("i1e"), "a", &value));
}

static void a_walk_sees_every_item_in_order(void **state)
{
    static const char *const keys[] = { "b", "a", "" }, *const values[] = { "i1e", "le", "1:z" };
    struct btw_ben_iter dict = btw_ben_iter_of(btw_slice_str("d1:bi1e1:ale0:1:ze"));
    struct btw_ben_iter list = btw_ben_iter_of(btw_slice_str("li1ele1:ze"));
    struct btw_ben_iter atom = btw_ben_iter_of(btw_slice_str("i1e"));
    struct btw_slice key, value;

    (void)state;
    for (size_t i = 0; i < COUNT(keys); i++) {
        assert_true(btw_ben_next(&dict, &key, &value));
        assert_true(btw_slice_equal(key, btw_slice_str(keys[i])));
        assert_true(btw_slice_equal(value, btw_slice_str(values[i])));
        assert_true(btw_ben_next(&list, &key, &value));
        assert_null(key.data);
        assert_true(btw_slice_equal(value, btw_slice_str(values[i])));
    }
    assert_false(btw_ben_next(&dict, &key, &value));
    assert_false(btw_ben_next(&dict, &key, &value));
    assert_false(btw_ben_next(&list, &key, &value));
    assert_false(btw_ben_next(&atom, &key, &value));
}

/* Nobody should ask without a check; whoever does gets no byte from behind the end. */
static void bytes_that_were_not_checked_are_not_overread(void **state)
{
    static const char text[] = "d1:ai-12e2:bbl3:xyzdee1:cd1:zi0eee";

    (void)state;
    for (size_t len = 0; len < sizeof text - 1; len++) {
        struct btw_slice cut = exact(text, len), key, value;
        struct btw_ben_iter iter = btw_ben_iter_of(cut);
        size_t items = 0;

        while (btw_ben_next(&iter, &key, &value)) {
            assert_true(value.data + value.len <= cut.data + cut.len);
            items++;
        }
        assert_int_equal(items, (len >= 9) + (len >= 22) + (len >= 33));
        release(cut);
    }
}

static void values_that_are_cut_off_are_none(void **state)
{
    static const char *const numbers[] = { "i", "i-", "i1", "i-1", "i1x" };
    static const char *const texts[] = { "", "1", "1:", "3:ab", "99999999999999999999:a", "x:a" };
    struct btw_slice text, in;
    int64_t number;

    (void)state;
    for (size_t i = 0; i < COUNT(numbers); i++) {
        in = exact(numbers[i], strlen(numbers[i]));
        assert_false(btw_ben_int(in, &number));
        release(in);
    }
    for (size_t i = 0; i < COUNT(texts); i++) {
        in = exact(texts[i], strlen(texts[i]));
        assert_false(btw_ben_str(in, &text));
        release(in);
    }
}

static void values_are_written_canonically(void **state)
{
    uint8_t out[64];
    struct btw_writer w = btw_writer_on(out, sizeof out);

    (void)state;
    btw_ben_put_dict(&w);
    btw_ben_put_key(&w, "a");
    btw_ben_put_int(&w, INT64_MIN);
    btw_ben_put_key(&w, "bc");
    btw_ben_put_list(&w);
    btw_ben_put_str(&w, btw_slice_of("\0x", 2));
    btw_ben_put_str(&w, btw_slice_of(NULL, 0));
    btw_ben_put_int(&w, 0);
    btw_ben_put_end(&w);
    btw_ben_put_end(&w);
    assert_false(w.failed);
    assert_true(
        btw_slice_equal(btw_slice_of(out, w.len), btw_slice_of("d1:ai-9223372036854775808e2:bcl2:\0x0:i0eee", 42)));

    w = btw_writer_on(out, 3);
    btw_ben_put_str(&w, btw_slice_str("abc"));
    assert_true(w.failed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(canonical_values_pass_and_every_prefix_asks_for_more),
        cmocka_unit_test(bytes_behind_the_value_are_left_to_the_caller),
        cmocka_unit_test(wrong_bytes_are_named_by_their_offset),
        cmocka_unit_test(flaws_are_refused_or_forgiven_and_named),
        cmocka_unit_test(every_flaw_has_a_name),
        cmocka_unit_test(depth_ends_at_the_limit),
        cmocka_unit_test(a_dictionary_at_the_front_is_whole_or_an_error),
        cmocka_unit_test(accessors_answer_only_to_their_kind),
        cmocka_unit_test(a_dictionary_is_searched_by_key),
        cmocka_unit_test(a_walk_sees_every_item_in_order),
        cmocka_unit_test(bytes_that_were_not_checked_are_not_overread),
        cmocka_unit_test(values_that_are_cut_off_are_none),
        cmocka_unit_test(values_are_written_canonically),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "btw/ext.h"

#define COUNT(rows) (sizeof(rows) / sizeof(rows)[0])

static struct btw_ext_handshake decoded(const char *text)
{
    struct btw_ext_handshake hs = { .has = 0 };
    struct btw_diag diag = { 0 };

    if (btw_ext_handshake_decode(&hs, btw_slice_str(text), &diag) != BTW_OK)
        fail_msg("%s: %s", text, diag.text);
    return hs;
}

/* The example of the specification's notes, 86 bytes. */
static const char example[] = "d1:md11:ut_metadatai3e6:ut_pexi1ee13:metadata_sizei31235e1:pi6881e4:reqqi250e1:v3:X 1e";

static void the_example_is_read(void **state)
{
    uint8_t id = 0;

    (void)state;
    assert_int_equal(strlen(example), 86);
    struct btw_ext_handshake hs = decoded(example);
    assert_int_equal(hs.has, BTW_EXT_M | BTW_EXT_METADATA_SIZE | BTW_EXT_P | BTW_EXT_REQQ | BTW_EXT_V);
    assert_int_equal(hs.bad, 0);
    assert_int_equal(hs.flaws, 0);
    assert_false(hs.shared_id);
    assert_int_equal(hs.metadata_size, 31235);
    assert_int_equal(hs.p, 6881);
    assert_int_equal(hs.reqq, 250);
    assert_true(btw_slice_equal(hs.v, btw_slice_str("X 1")));
    assert_true(btw_slice_equal(hs.m, btw_slice_str("d11:ut_metadatai3e6:ut_pexi1ee")));
    assert_true(btw_ext_id_of(&hs, "ut_metadata", &id));
    assert_int_equal(id, 3);
    assert_false(btw_ext_id_of(&hs, "UT_METADATA", &id));
    assert_false(btw_ext_id_of(&hs, "ut_holepunch", &id));
    assert_int_equal(id, 3);
}

static void every_key_has_its_member(void **state)
{
    struct btw_ext_handshake hs = decoded("d1:ei1e4:ipv44:abcd4:ipv616:0123456789abcdef1:mde13:metadata_sizei2e1:pi3e"
                                          "4:reqqi4e11:upload_onlyi5e1:v0:6:yourip4:wxyze");

    (void)state;
    assert_int_equal(hs.has, (1 << 10) - 1);
    assert_int_equal(hs.bad, 0);
    assert_int_equal(hs.e, 1);
    assert_int_equal(hs.metadata_size, 2);
    assert_int_equal(hs.p, 3);
    assert_int_equal(hs.reqq, 4);
    assert_int_equal(hs.upload_only, 5);
    assert_true(btw_slice_equal(hs.ipv4, btw_slice_str("abcd")));
    assert_true(btw_slice_equal(hs.ipv6, btw_slice_str("0123456789abcdef")));
    assert_true(btw_slice_equal(hs.yourip, btw_slice_str("wxyz")));
    assert_true(btw_slice_equal(hs.m, btw_slice_str("de")));
    assert_int_equal(hs.v.len, 0);
}

/* What is wrong is left out, named, and harms nothing else. */
static const struct {
    const char *text;
    unsigned has, bad, flaws;
    bool shared_id;
} odd[] = {
    { "de", 0, 0, 0, false },
    { "d1:p4:68814:reqqi5ee", BTW_EXT_REQQ, BTW_EXT_P, 0, false },
    { "d1:e0:1:mi1e1:vlee", 0, BTW_EXT_E | BTW_EXT_M | BTW_EXT_V, 0, false },
    { "d4:ipv43:abce", 0, BTW_EXT_IPV4, 0, false },
    { "d4:ipv64:abcde", 0, BTW_EXT_IPV6, 0, false },
    { "d6:yourip16:0123456789abcdefe", BTW_EXT_YOURIP, 0, 0, false },
    { "d6:yourip5:abcdee", 0, BTW_EXT_YOURIP, 0, false },
    { "d1:md1:ai256eee", BTW_EXT_M, BTW_EXT_M, 0, false },
    { "d1:md1:ai-1eee", BTW_EXT_M, BTW_EXT_M, 0, false },
    { "d1:md1:ai4294967303eee", BTW_EXT_M, BTW_EXT_M, 0, false },
    { "d1:md1:a1:7ee", BTW_EXT_M, BTW_EXT_M, 0, false },
    { "d1:md1:ai255e1:bi255eee", BTW_EXT_M, 0, 0, true },
    { "d1:md1:ai0e1:bi0eee", BTW_EXT_M, 0, 0, false },
    { "d1:pi1e1:ei1ee", BTW_EXT_P | BTW_EXT_E, 0, BTW_BEN_KEY_ORDER, false },
    { "d1:pi01ee", BTW_EXT_P, 0, BTW_BEN_LEADING_ZERO, false },
    { "d1:pi1eeee", BTW_EXT_P, 0, BTW_BEN_TRAILING, false },
    { "d1:aldee1:pi1ee", BTW_EXT_P, 0, 0, false },
};

static void wrong_values_are_left_out_and_reported(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(odd); i++) {
        struct btw_ext_handshake hs = decoded(odd[i].text);
        if (hs.has != odd[i].has || hs.bad != odd[i].bad || hs.flaws != odd[i].flaws ||
            hs.shared_id != odd[i].shared_id)
            fail_msg("%s: has %#x bad %#x flaws %#x", odd[i].text, hs.has, hs.bad, hs.flaws);
    }
}

static void every_prefix_is_bad_bencode_at_its_end(void **state)
{
    (void)state;
    for (size_t len = 0; len < strlen(example); len++) {
        struct btw_ext_handshake hs;
        struct btw_diag diag = { 0 };
        uint8_t *copy = malloc(len + (len == 0));
        assert_non_null(copy);
        memcpy(copy, example, len);
        assert_int_equal(btw_ext_handshake_decode(&hs, btw_slice_of(copy, len), &diag), BTW_BAD_BENCODE);
        assert_int_equal(diag.offset, len);
        free(copy);
    }
    assert_int_equal(btw_ext_handshake_decode(&(struct btw_ext_handshake){ 0 }, btw_slice_str("le"), NULL),
                     BTW_BAD_BENCODE);
}

static void the_example_is_written(void **state)
{
    const struct btw_ext_map map = { .id = { [BTW_EXT_UT_METADATA] = 3, [BTW_EXT_UT_PEX] = 1 } };
    struct btw_ext_handshake hs = { .metadata_size = 31235, .p = 6881, .reqq = 250, .v = btw_slice_str("X 1") };
    uint8_t m[64], out[100];
    size_t len;

    (void)state;
    assert_int_equal(btw_ext_map_encode(m, sizeof m, &len, &map), BTW_OK);
    hs.m = btw_slice_of(m, len);
    hs.has = BTW_EXT_M | BTW_EXT_METADATA_SIZE | BTW_EXT_P | BTW_EXT_REQQ | BTW_EXT_V;
    assert_int_equal(btw_ext_handshake_encode(out, 85, &len, &hs), BTW_NO_SPACE);
    assert_int_equal(btw_ext_handshake_encode(out, 86, &len, &hs), BTW_OK);
    assert_true(btw_slice_equal(btw_slice_of(out, len), btw_slice_str(example)));
    assert_int_equal(btw_ext_map_encode(m, 4, &len, &map), BTW_NO_SPACE);
}

static void ids_add_up_over_handshakes(void **state)
{
    static const struct {
        const char *text;
        uint8_t metadata, pex;
    } steps[] = {
        { "d1:md11:ut_metadatai7eee", 7, 0 },
        { "d1:mdee", 7, 0 },
        { "de", 7, 0 },
        { "d1:md6:ut_pexi9eee", 7, 9 },
        { "d1:md11:UT_METADATAi5eee", 7, 9 },
        { "d1:md11:ut_metadatai263e6:ut_pexi-1eee", 7, 9 }, /* no byte: not 263 mod 256 */
        { "d1:md11:ut_metadatai201eee", 201, 9 },
        { "d1:md11:ut_metadatai0eee", 0, 9 },
    };
    struct btw_ext_map map = { { 0 } };

    (void)state;
    for (size_t i = 0; i < COUNT(steps); i++) {
        struct btw_ext_handshake hs = decoded(steps[i].text);
        btw_ext_map_update(&map, &hs);
        if (map.id[BTW_EXT_UT_METADATA] != steps[i].metadata || map.id[BTW_EXT_UT_PEX] != steps[i].pex)
            fail_msg("step %zu", i);
    }
    assert_int_equal(btw_ext_map_find(&map, 9), BTW_EXT_UT_PEX);
    assert_int_equal(btw_ext_map_find(&map, 7), BTW_EXTS);
    assert_int_equal(btw_ext_map_find(&map, 0), BTW_EXTS);
}

static void names_are_sorted(void **state)
{
    (void)state;
    for (int i = 1; i < BTW_EXTS; i++)
        assert_true(strcmp(btw_ext_name((enum btw_ext)(i - 1)), btw_ext_name((enum btw_ext)i)) < 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_example_is_read),
        cmocka_unit_test(every_key_has_its_member),
        cmocka_unit_test(wrong_values_are_left_out_and_reported),
        cmocka_unit_test(every_prefix_is_bad_bencode_at_its_end),
        cmocka_unit_test(the_example_is_written),
        cmocka_unit_test(ids_add_up_over_handshakes),
        cmocka_unit_test(names_are_sorted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

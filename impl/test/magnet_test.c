/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "btw/magnet.h"

#define COUNT(rows) (sizeof(rows) / sizeof(rows)[0])
#define HASH "000102030405060708090a0b0c0d0e0f10111213"
#define HASH32 "aaaqeayeaudaocajbifqydiob4ibceqt" /* coreutils' base32 of the same bytes */
#define HASH64 "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

static const uint8_t counting[32] = { 0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15,
                                      16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31 };

static void all_forms_of_the_hash_are_understood(void **state)
{
    static const struct {
        const char *text;
        bool v1, v2;
    } rows[] = {
        { "magnet:?xt=urn:btih:" HASH, true, false },
        { "magnet:?xt=urn:btih:000102030405060708090A0B0C0D0E0F10111213", true, false },
        { "magnet:?xt=urn:btih:" HASH32, true, false },
        { "magnet:?xt=urn:btih:AAAQEAYEAUDAOCAJBIFQYDIOB4IBCEQT", true, false },
        { "MAGNET:?XT=URN:BTIH:" HASH, true, false },
        { "magnet:?xt.1=urn:btih:" HASH, true, false },
        { "magnet:?xt=urn:btmh:1220" HASH64, false, true },
        { "magnet:?xt=urn:btih:" HASH "&xt=urn:btmh:1220" HASH64, true, true },
        { "magnet:?&&foo&bar=1&xt=urn:sha1:zz&xl=5&xt=urn:btih:" HASH "&", true, false },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct btw_magnet magnet;
        struct btw_diag diag = { 0 };
        if (btw_magnet_read(&magnet, NULL, 0, btw_slice_str(rows[i].text), &diag) != BTW_OK)
            fail_msg("%s: %s", rows[i].text, diag.text);
        assert_int_equal(magnet.has_v1, rows[i].v1);
        assert_int_equal(magnet.has_v2, rows[i].v2);
        if (rows[i].v1)
            assert_memory_equal(magnet.info_hash, counting, 20);
        if (rows[i].v2)
            assert_memory_equal(magnet.info_hash_v2, counting, 32);
    }
}

static void parameters_are_decoded(void **state)
{
    static const char text[] = "magnet:?dn=a+b%2Bc%20%41&tr=http%3A%2F%2Ft%2Fa%3Fx%3D1&xt=urn:btih:" HASH
                               "&x.pe=127.0.0.1:6881&tr.2=udp://u+v:1&x.pe=[::1]:1&so=0,2-3&tracker=no&x.pea=no&tr.=no";
    struct btw_magnet magnet;
    uint8_t scratch[sizeof text];

    (void)state;
    assert_int_equal(btw_magnet_read(&magnet, scratch, sizeof scratch, btw_slice_str(text), NULL), BTW_OK);
    assert_true(btw_slice_equal(magnet.name, btw_slice_str("a b+c A")));
    assert_true(btw_slice_equal(magnet.select, btw_slice_str("0,2-3")));
    assert_int_equal(magnet.trackers.count, 2);
    assert_true(btw_slice_equal(magnet.trackers.item[0], btw_slice_str("http://t/a?x=1")));
    assert_true(btw_slice_equal(magnet.trackers.item[1], btw_slice_str("udp://u+v:1")));
    assert_int_equal(magnet.peers.count, 2);
    assert_true(btw_slice_equal(magnet.peers.item[0], btw_slice_str("127.0.0.1:6881")));
    assert_true(btw_slice_equal(magnet.peers.item[1], btw_slice_str("[::1]:1")));
    assert_int_equal(btw_magnet_read(&magnet, scratch, 5, btw_slice_str(text), NULL), BTW_NO_SPACE);
}

static void wrong_characters_are_named_by_their_offset(void **state)
{
    static const struct {
        const char *text;
        size_t offset;
    } rows[] = {
        { "", 0 },
        { "magnet:", 0 },
        { "http://x/?xt=urn:btih:" HASH, 0 },
        { "magnet:?", 8 },
        { "magnet:?dn=x", 12 },
        { "magnet:?xt=urn:btih:", 20 },
        { "magnet:?xt=urn:btih:00010203", 28 },
        { "magnet:?xt=urn:btih:00x10203", 22 },
        { "magnet:?xt=urn:btih:" HASH "0", 60 },
        { "magnet:?xt=urn:btih:aaaqeayeaudaocajbifqydiob4ibceq1", 51 },
        { "magnet:?xt=urn:btmh:1220" HASH, 64 },
        { "magnet:?xt=urn:btih:" HASH "&dn=%", 65 },
        { "magnet:?xt=urn:btih:" HASH "&dn=%4", 66 },
        { "magnet:?xt=urn:btih:" HASH "&dn=%4&tr=x", 66 },
        { "magnet:?xt=urn:btih:" HASH "&dn=%g0", 65 },
    };
    uint8_t scratch[100];

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct btw_magnet magnet;
        struct btw_diag diag = { 99, NULL, "" };
        size_t len = strlen(rows[i].text);
        uint8_t *copy = malloc(len + (len == 0));
        assert_non_null(copy);
        memcpy(copy, rows[i].text, len);
        if (btw_magnet_read(&magnet, scratch, sizeof scratch, btw_slice_of(copy, len), &diag) != BTW_BAD_TEXT ||
            diag.offset != rows[i].offset)
            fail_msg("%s: %s at %zu", rows[i].text, diag.text, diag.offset);
        free(copy);
    }
}

static void a_long_list_is_cut(void **state)
{
    char text[600] = "magnet:?xt=urn:btih:" HASH;
    struct btw_magnet magnet;
    uint8_t scratch[sizeof text];

    (void)state;
    for (int i = 0; i < BTW_MAGNET_LIST_MAX + 3; i++)
        strcat(text, "&tr=a&x.pe=b:1");
    assert_int_equal(btw_magnet_read(&magnet, scratch, sizeof scratch, btw_slice_str(text), NULL), BTW_OK);
    assert_int_equal(magnet.trackers.count, BTW_MAGNET_LIST_MAX);
    assert_int_equal(magnet.peers.count, BTW_MAGNET_LIST_MAX);
}

static void links_are_written(void **state)
{
    static const char want[] = "magnet:?xt=urn:btih:" HASH "&xt=urn:btmh:1220" HASH64
                               "&dn=a%20%26%ff&so=0,2-3&tr=http://t/a%3fx%3d1&x.pe=127.0.0.1:6881&x.pe=[::1]:1";
    struct btw_magnet magnet = { .has_v1 = true, .has_v2 = true };
    char out[sizeof want];
    size_t len;

    (void)state;
    memcpy(magnet.info_hash, counting, 20);
    memcpy(magnet.info_hash_v2, counting, 32);
    magnet.name = btw_slice_str("a &\xff");
    magnet.select = btw_slice_str("0,2-3");
    magnet.trackers = (struct btw_magnet_list){ 1, { btw_slice_str("http://t/a?x=1") } };
    magnet.peers = (struct btw_magnet_list){ 2, { btw_slice_str("127.0.0.1:6881"), btw_slice_str("[::1]:1") } };
    assert_int_equal(btw_magnet_write(out, sizeof want - 1, &len, &magnet, BTW_MAGNET_HEX), BTW_NO_SPACE);
    assert_int_equal(btw_magnet_write(out, sizeof want, &len, &magnet, BTW_MAGNET_HEX), BTW_OK);
    assert_string_equal(out, want);
    assert_int_equal(len, strlen(want));

    magnet = (struct btw_magnet){ .has_v1 = true };
    memcpy(magnet.info_hash, counting, 20);
    assert_int_equal(btw_magnet_write(out, sizeof out, &len, &magnet, BTW_MAGNET_BASE32), BTW_OK);
    assert_string_equal(out, "magnet:?xt=urn:btih:" HASH32);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_forms_of_the_hash_are_understood),
        cmocka_unit_test(parameters_are_decoded),
        cmocka_unit_test(wrong_characters_are_named_by_their_offset),
        cmocka_unit_test(a_long_list_is_cut),
        cmocka_unit_test(links_are_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

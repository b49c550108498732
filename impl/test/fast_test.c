/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "btw/fast.h"

/* The vectors of BEP 6 (80.4.4.200), and two made by hand with a stock SHA-1. */
static const struct {
    const char *why;
    uint8_t ipv4[4];
    size_t k;
    uint32_t pieces;
    size_t len;
    uint32_t set[10];
} rows[] = {
    { "BEP 6, k=7", { 80, 4, 4, 200 }, 7, 1313, 7, { 1059, 431, 808, 1217, 287, 376, 1188 } },
    { "BEP 6, k=9", { 80, 4, 4, 200 }, 9, 1313, 9, { 1059, 431, 808, 1217, 287, 376, 1188, 353, 508 } },
    { "one more", { 80, 4, 4, 200 }, 10, 1313, 10, { 1059, 431, 808, 1217, 287, 376, 1188, 353, 508, 1246 } },
    { "same /24", { 80, 4, 4, 7 }, 7, 1313, 7, { 1059, 431, 808, 1217, 287, 376, 1188 } },
    { "loopback", { 127, 0, 0, 1 }, 10, 1313, 10, { 475, 1211, 980, 325, 232, 525, 744, 810, 141, 1160 } },
    { "a prefix", { 127, 0, 0, 1 }, 3, 1313, 3, { 475, 1211, 980 } },
    { "nothing wanted", { 127, 0, 0, 1 }, 0, 1313, 0, { 0 } },
    { "no pieces", { 127, 0, 0, 1 }, 10, 0, 0, { 0 } },
    { "one piece", { 127, 0, 0, 1 }, 10, 1, 1, { 0 } },
};

static void the_set_is_the_one_of_bep_6(void **state)
{
    uint8_t info_hash[20];

    (void)state;
    memset(info_hash, 0xaa, sizeof info_hash);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint32_t set[10] = { 0 };
        size_t len = btw_allowed_fast(set, rows[i].k, rows[i].pieces, rows[i].ipv4, info_hash);
        if (len != rows[i].len || memcmp(set, rows[i].set, sizeof set) != 0)
            fail_msg("%s", rows[i].why);
    }
}

static void a_small_torrent_gets_every_piece_once(void **state)
{
    const uint8_t ipv4[4] = { 127, 0, 0, 1 }, info_hash[20] = { 1 };
    uint32_t set[10] = { 0 };
    unsigned seen = 0;

    (void)state;
    assert_int_equal(btw_allowed_fast(set, 10, 3, ipv4, info_hash), 3);
    for (size_t i = 0; i < 3; i++)
        seen |= 1U << set[i];
    assert_int_equal(seen, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_set_is_the_one_of_bep_6),
        cmocka_unit_test(a_small_torrent_gets_every_piece_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

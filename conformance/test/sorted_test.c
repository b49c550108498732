/* SPDX-License-Identifier: MIT
 *
 * Tests of sorted.c: rows of a dictionary and the same with its keys in order.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "value.h"

/* clang-format off */
static const struct {
    const char *in, *out; /* out NULL: refused */
} rows[] = {
    { "de",                             "de" },
    { "d1:b1:x1:ai1ee",                 "d1:ai1e1:b1:xe" },
    { "d1:c0:1:b0:1:a0:e",              "d1:a0:1:b0:1:c0:e" },
    { "d2:aa0:1:a0:e",                  "d1:a0:2:aa0:e" },
    { "d1:bd1:y0:1:x0:e1:ali2ei1eee",   "d1:ali2ei1ee1:bd1:y0:1:x0:ee" }, /* only the outer keys move */
    { "d1:ai1e",                        NULL },
    { "d1:ai1ee0:",                     NULL },
    { "li1ee",                          NULL },
    { "",                               NULL },
};
/* clang-format on */

static void keys_come_in_order(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct btw_slice in = btw_slice_str(rows[i].in);
        uint8_t out[64];
        assert_int_equal(scn_sorted(out, in), rows[i].out != NULL);
        if (rows[i].out)
            assert_memory_equal(out, rows[i].out, in.len);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(keys_come_in_order) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "btw/lt_donthave.h"
#include "btw/upload_only.h"

#define COUNT(rows) (sizeof(rows) / sizeof(rows)[0])
/* clang-format off */
#define BYTES(text) { (const uint8_t *)(text), sizeof(text) - 1 }
/* clang-format on */

static void an_lt_donthave_is_four_bytes(void **state)
{
    static const struct {
        struct btw_slice payload;
        enum btw_status status;
        uint32_t piece;
    } rows[] = {
        { BYTES("\x00\x00\x00\x00"), BTW_OK, 0 },          { BYTES("\x01\x02\x03\x04"), BTW_OK, 0x01020304 },
        { BYTES("\xff\xff\xff\xff"), BTW_OK, UINT32_MAX }, { BYTES(""), BTW_BAD_WIRE, 77 },
        { BYTES("\x01\x02\x03"), BTW_BAD_WIRE, 77 },       { BYTES("\x01\x02\x03\x04\x05"), BTW_BAD_WIRE, 77 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint32_t piece = 77;
        uint8_t out[5] = { 0, 0, 0, 0, 0xee };
        assert_int_equal(btw_lt_donthave_decode(&piece, rows[i].payload, NULL), rows[i].status);
        assert_int_equal(piece, rows[i].piece);
        if (rows[i].status != BTW_OK)
            continue;
        btw_lt_donthave_encode(out, piece);
        assert_memory_equal(out, rows[i].payload.data, 4);
        assert_int_equal(out[4], 0xee);
    }
}

static void an_upload_only_is_one_byte(void **state)
{
    static const struct {
        struct btw_slice payload;
        enum btw_status status;
        bool upload_only;
    } rows[] = {
        { BYTES("\x00"), BTW_OK, false },  { BYTES("\x01"), BTW_OK, true },           { BYTES("\x80"), BTW_OK, true },
        { BYTES(""), BTW_BAD_WIRE, true }, { BYTES("\x00\x00"), BTW_BAD_WIRE, true },
    };
    uint8_t out[2] = { 0xee, 0xee };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct btw_diag diag = { .text = "" };
        bool upload_only = !rows[i].upload_only || rows[i].status != BTW_OK;
        assert_int_equal(btw_upload_only_decode(&upload_only, rows[i].payload, &diag), rows[i].status);
        assert_int_equal(upload_only, rows[i].upload_only);
        assert_int_equal(diag.text[0] != '\0', rows[i].status != BTW_OK);
    }
    btw_upload_only_encode(out, true);
    assert_memory_equal(out, "\x01\xee", 2);
    btw_upload_only_encode(out, false);
    assert_memory_equal(out, "\x00\xee", 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_lt_donthave_is_four_bytes),
        cmocka_unit_test(an_upload_only_is_one_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

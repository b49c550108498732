/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "btw/ut_holepunch.h"

#define COUNT(rows) (sizeof(rows) / sizeof(rows)[0])
#define A4 "\x7f\x01\x02\x03" /* 127.1.2.3 */
#define A6 "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01"

/* clang-format off */
static const struct {
    const char *bytes;
    size_t len;
    enum btw_holepunch_type type;
    uint8_t address_len;
    uint16_t port;
    uint32_t error;
    bool is_short;
} messages[] = {
    { "\0\0" A4 "\x1a\xe1\0\0\0\0",             12, BTW_HOLEPUNCH_RENDEZVOUS, 4,  6881,  0, false },
    { "\x01\0" A4 "\xff\xff\0\0\0\0",           12, BTW_HOLEPUNCH_CONNECT,    4,  65535, 0, false },
    { "\x02\0" A4 "\0\x01\0\0\0\x02",           12, BTW_HOLEPUNCH_ERROR,      4,  1,     2, false },
    { "\0\x01" A6 "\x1a\xe1\0\0\0\0",           24, BTW_HOLEPUNCH_RENDEZVOUS, 16, 6881,  0, false },
    { "\x01\x01" A6 "\x1a\xe1\0\0\0\0",         24, BTW_HOLEPUNCH_CONNECT,    16, 6881,  0, false },
    { "\x02\x01" A6 "\0\0\0\0\0\x04",           24, BTW_HOLEPUNCH_ERROR,      16, 0,     4, false },
    { "\0\0" A4 "\x1a\xe1",                      8, BTW_HOLEPUNCH_RENDEZVOUS, 4,  6881,  0, true },
    { "\x01\0" A4 "\x1a\xe1",                    8, BTW_HOLEPUNCH_CONNECT,    4,  6881,  0, true },
    { "\x01\x01" A6 "\x1a\xe1",                 20, BTW_HOLEPUNCH_CONNECT,    16, 6881,  0, true },
    /* against BEP 55, and for the receiver to judge */
    { "\x01\0" A4 "\x1a\xe1\0\0\0\x07",         12, BTW_HOLEPUNCH_CONNECT,    4,  6881,  7, false },
    { "\x02\0" A4 "\x1a\xe1\xff\xff\xff\xff",   12, BTW_HOLEPUNCH_ERROR,      4,  6881,  UINT32_MAX, false },
};
/* clang-format on */

static void both_forms_are_read_and_the_long_one_is_written(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(messages); i++) {
        struct btw_ut_holepunch msg;
        uint8_t out[BTW_HOLEPUNCH_SIZE_MAX] = { 0 };
        size_t len, long_len = messages[i].len + (messages[i].is_short ? 4 : 0);

        assert_int_equal(btw_ut_holepunch_decode(&msg, btw_slice_of(messages[i].bytes, messages[i].len), NULL), BTW_OK);
        assert_int_equal(msg.type, messages[i].type);
        assert_int_equal(msg.peer.address_len, messages[i].address_len);
        assert_memory_equal(msg.peer.address, messages[i].address_len == 4 ? A4 : A6, messages[i].address_len);
        assert_int_equal(msg.peer.port, messages[i].port);
        assert_int_equal(msg.error, messages[i].error);
        assert_int_equal(msg.is_short, messages[i].is_short);
        assert_int_equal(btw_ut_holepunch_encode(out, long_len - 1, &len, &msg), BTW_NO_SPACE);
        assert_int_equal(btw_ut_holepunch_encode(out, sizeof out, &len, &msg), BTW_OK);
        assert_int_equal(len, long_len);
        assert_memory_equal(out, messages[i].bytes, messages[i].len);
        if (messages[i].is_short)
            assert_memory_equal(out + messages[i].len, "\0\0\0\0", 4);
    }
}

static void what_fits_neither_form_is_refused(void **state)
{
    static const struct {
        const char *bytes;
        size_t len, offset;
    } rows[] = {
        { "", 0, 0 },
        { "\0", 1, 1 },
        { "\0\0", 2, 2 },
        { "\0\0" A4 "\x1a", 7, 6 },
        { "\0\0" A4 "\x1a\xe1\0\0\0", 11, 8 },
        { "\0\0" A4 "\x1a\xe1\0\0\0\0\0", 13, 12 },
        { "\x02\0" A4 "\x1a\xe1", 8, 8 }, /* an error has to say which */
        { "\x02\x01" A6 "\x1a\xe1", 20, 20 },
        { "\0\x01" A4 "\x1a\xe1\0\0\0\0", 12, 2 },
        { "\0\x01" A6 "\x1a\xe1\0\0\0", 23, 20 },
        { "\0\x02" A6 "\x1a\xe1\0\0\0\0", 24, 1 },
        { "\x03\0" A4 "\x1a\xe1\0\0\0\0", 12, 0 },
        { "\xff\0" A4 "\x1a\xe1\0\0\0\0", 12, 0 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct btw_ut_holepunch msg = { .error = 77 };
        struct btw_diag diag = { .offset = 99 };
        uint8_t *copy = malloc(rows[i].len + (rows[i].len == 0));

        assert_non_null(copy);
        memcpy(copy, rows[i].bytes, rows[i].len);
        if (btw_ut_holepunch_decode(&msg, btw_slice_of(copy, rows[i].len), &diag) != BTW_BAD_WIRE ||
            diag.offset != rows[i].offset)
            fail_msg("row %zu: %s at %zu", i, diag.text, diag.offset);
        assert_int_equal(msg.error, 77);
        free(copy);
    }
}

static void errors_have_the_names_of_bep_55(void **state)
{
    (void)state;
    assert_string_equal(btw_holepunch_error_name(BTW_HOLEPUNCH_NO_ERROR), "none");
    assert_string_equal(btw_holepunch_error_name(1), "NoSuchPeer");
    assert_string_equal(btw_holepunch_error_name(2), "NotConnected");
    assert_string_equal(btw_holepunch_error_name(3), "NoSupport");
    assert_string_equal(btw_holepunch_error_name(4), "NoSelf");
    assert_string_equal(btw_holepunch_error_name(5), "unknown");
    assert_string_equal(btw_holepunch_error_name(UINT32_MAX), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_forms_are_read_and_the_long_one_is_written),
        cmocka_unit_test(what_fits_neither_form_is_refused),
        cmocka_unit_test(errors_have_the_names_of_bep_55),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

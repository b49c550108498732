/* SPDX-License-Identifier: MIT
 *
 * Readers, writers, bits, statuses and diags.
 */
#include "wire_rows.h"

static void numbers_are_big_endian(void **state)
{
    struct btw_slice in = unhex("01 0203 04050607 0809 0a");
    struct btw_reader r = btw_reader_of(in);

    (void)state;
    assert_int_equal(btw_read_u8(&r), 0x01);
    assert_int_equal(btw_read_u16(&r), 0x0203);
    assert_int_equal(btw_read_u32(&r), 0x04050607);
    assert_ptr_equal(btw_read_bytes(&r, 2).data, in.data + 7);
    assert_int_equal(btw_read_rest(&r).len, 1);
    assert_int_equal(btw_read_rest(&r).len, 0);
    assert_false(r.failed);
    release(in);
}

static void a_failed_reader_stays_failed(void **state)
{
    struct btw_slice in = unhex("010203");
    struct btw_reader r = btw_reader_of(in);

    (void)state;
    assert_int_equal(btw_read_u32(&r), 0);
    assert_true(r.failed);
    assert_int_equal(btw_read_u8(&r), 0);
    assert_null(btw_read_bytes(&r, 0).data);
    assert_int_equal(btw_read_rest(&r).len, 0);
    assert_int_equal(r.at, 0);
    release(in);
}

static void only_what_is_left_can_be_read(void **state)
{
    struct btw_slice in = unhex("010203");
    struct btw_reader r = btw_reader_of(in);

    (void)state;
    assert_int_equal(btw_read_u8(&r), 1);
    assert_null(btw_read_bytes(&r, 3).data);
    assert_true(r.failed);
    release(in);
}

static void an_empty_slice_may_have_no_address(void **state)
{
    struct btw_reader r = btw_reader_of(btw_slice_of(NULL, 0));
    struct btw_writer w = btw_writer_on(NULL, 0);

    (void)state;
    assert_int_equal(btw_read_rest(&r).len, 0);
    assert_false(r.failed);
    btw_write_bytes(&w, btw_slice_of(NULL, 0));
    assert_false(w.failed);
    btw_write_u8(&w, 1);
    assert_true(w.failed);
}

static void a_writer_never_writes_half_a_number(void **state)
{
    uint8_t *out = malloc(9);
    struct btw_writer w = btw_writer_on(out, 9);
    struct btw_slice want = unhex("01 0203 04050607");

    (void)state;
    btw_write_u8(&w, 0x01);
    btw_write_u16(&w, 0x0203);
    btw_write_u32(&w, 0x04050607);
    btw_write_u32(&w, 0x08090a0b);
    assert_true(w.failed);
    btw_write_u8(&w, 0x0c);
    assert_bytes(btw_slice_of(out, w.len), want);
    release(want);
    free(out);
}

static void piece_0_is_the_high_bit_of_byte_0(void **state)
{
    uint8_t bits[2] = { 0x80, 0x01 };

    (void)state;
    assert_true(btw_bit_get(bits, 0));
    assert_false(btw_bit_get(bits, 1));
    assert_true(btw_bit_get(bits, 15));
    btw_bit_set(bits, 9, true);
    btw_bit_set(bits, 15, false);
    assert_int_equal(bits[0], 0x80);
    assert_int_equal(bits[1], 0x40);
}

static void spare_bits_do_not_count(void **state)
{
    const uint8_t bits[2] = { 0xf1, 0xff };
    static const struct {
        uint32_t pieces, ones;
    } rows[] = { { 0, 0 }, { 1, 1 }, { 5, 4 }, { 8, 5 }, { 9, 6 }, { 16, 13 } };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_int_equal(btw_bits_count(bits, rows[i].pieces), rows[i].ones);
    assert_int_equal(btw_bits_size(0), 0);
    assert_int_equal(btw_bits_size(8), 1);
    assert_int_equal(btw_bits_size(9), 2);
    assert_true(btw_bits_size(UINT32_MAX) == (size_t)1 << 29);
}

/* The same as bit by bit, for every range, on both sides of words. */
static void ranges_of_bits_are_their_bits(void **state)
{
    enum { BITS = 8 * 24 };
    uint8_t bits[BITS / 8], plain[BITS / 8];

    (void)state;
    for (size_t from = 0; from <= BITS; from += 1 + from % 5)
        for (size_t to = 0; to <= BITS; to++) {
            for (int value = 0; value < 2; value++) {
                memset(bits, value ? 0x12 : 0xed, sizeof bits);
                memcpy(plain, bits, sizeof plain);
                for (size_t i = from; i < to; i++)
                    btw_bit_set(plain, i, value);
                btw_bits_fill(bits, from, to, value);
                assert_memory_equal(bits, plain, sizeof bits);
            }
            memset(bits, 0xff, sizeof bits);
            btw_bits_fill(bits, from, to, false);
            assert_false(btw_bits_any(bits, from, to));
            if (from <= to && to < BITS)
                assert_true(btw_bits_any(bits, from, to + 1));
            if (from < to) {
                btw_bit_set(bits, from + (to - from) / 2, true);
                assert_true(btw_bits_any(bits, from, to));
            }
        }
}

static void statuses_have_names(void **state)
{
    (void)state;
    assert_string_equal(btw_status_name(BTW_OK), "ok");
    assert_string_equal(btw_status_name(BTW_REFUSED), "refused");
    assert_string_equal(btw_status_text(BTW_TOO_LONG), "a length prefix above the limit");
    assert_string_equal(btw_status_name((enum btw_status)99), "unknown");
}

static void a_diag_is_one_short_line(void **state)
{
    struct btw_diag diag = { .rule = "old" };
    char long_text[400];

    (void)state;
    memset(long_text, 'a', sizeof long_text - 1);
    long_text[sizeof long_text - 1] = '\0';
    assert_int_equal(btw_fail(&diag, BTW_BAD_WIRE, 7, "a %s", "b\nc\x1b"), BTW_BAD_WIRE);
    assert_string_equal(diag.text, "a b?c?");
    assert_int_equal(diag.offset, 7);
    assert_null(diag.rule);
    assert_int_equal(btw_fail(&diag, BTW_END, 0, "%s", long_text), BTW_END);
    assert_int_equal(strlen(diag.text), sizeof diag.text - 1);
    assert_int_equal(btw_fail(NULL, BTW_MORE, 0, "nobody listens"), BTW_MORE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_big_endian),
        cmocka_unit_test(a_failed_reader_stays_failed),
        cmocka_unit_test(only_what_is_left_can_be_read),
        cmocka_unit_test(an_empty_slice_may_have_no_address),
        cmocka_unit_test(a_writer_never_writes_half_a_number),
        cmocka_unit_test(piece_0_is_the_high_bit_of_byte_0),
        cmocka_unit_test(spare_bits_do_not_count),
        cmocka_unit_test(ranges_of_bits_are_their_bits),
        cmocka_unit_test(statuses_have_names),
        cmocka_unit_test(a_diag_is_one_short_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

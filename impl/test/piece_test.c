/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "btw/piece.h"

#define COUNT(rows) (sizeof(rows) / sizeof(rows)[0])

enum { SIZE = 2 * 16384 + 5 };

/* sha1sum of SIZE bytes 'x' */
static const uint8_t hash_of_x[20] = { 0x43, 0x90, 0xe5, 0xc0, 0x8f, 0xaa, 0xa3, 0x50, 0x24, 0x38,
                                       0x42, 0x7f, 0x1d, 0xf2, 0xce, 0xad, 0x03, 0xbe, 0x77, 0x6f };

static uint8_t bytes[SIZE + 1];

static struct btw_piece begun(uint8_t *buffer)
{
    struct btw_piece piece;

    memset(bytes, 'x', sizeof bytes);
    btw_piece_init(&piece, buffer, SIZE);
    assert_int_equal(piece.missing, 3);
    return piece;
}

static void blocks_in_any_order_make_the_piece(void **state)
{
    static const struct {
        uint32_t begin, len, missing, next;
    } order[] = { { 32768, 5, 2, 0 }, { 0, 16384, 1, 16384 }, { 0, 16384, 1, 16384 }, { 16384, 16384, 0, 0 } };
    uint8_t *buffer = calloc(1, SIZE);
    struct btw_piece piece;

    (void)state;
    assert_non_null(buffer);
    piece = begun(buffer);
    for (size_t i = 0; i < COUNT(order); i++) {
        uint32_t begin = 0, length = 0;
        assert_int_equal(btw_piece_verify(&piece, hash_of_x, NULL), BTW_MORE);
        assert_int_equal(btw_piece_add(&piece, order[i].begin, btw_slice_of(bytes, order[i].len), NULL), BTW_OK);
        assert_int_equal(piece.missing, order[i].missing);
        assert_int_equal(btw_piece_next_missing(&piece, &begin, &length), order[i].missing > 0);
        assert_int_equal(begin, order[i].next);
        assert_int_equal(length, order[i].missing > 0 ? 16384 : 0);
    }
    assert_int_equal(btw_piece_verify(&piece, hash_of_x, NULL), BTW_OK);
    assert_memory_equal(buffer, bytes, SIZE);
    buffer[SIZE - 1] ^= 1;
    assert_int_equal(btw_piece_verify(&piece, hash_of_x, NULL), BTW_BAD_WIRE);
    assert_int_equal(piece.missing, 3);
    free(buffer);
}

static void what_is_no_block_changes_nothing(void **state)
{
    static const struct {
        uint32_t begin, len;
    } rows[] = {
        { 0, 0 },
        { 0, 16383 },
        { 0, 16385 },
        { 1, 16384 },
        { 16383, 16384 },
        { 32768, 4 },
        { 32768, 6 },
        { 32768, 16384 },
        { 49152, 16384 },
        { UINT32_MAX, 1 },
        { UINT32_MAX - 16383, 16384 },
    };
    uint8_t buffer[SIZE] = { 0 }, zeros[SIZE] = { 0 };
    struct btw_piece piece = begun(buffer);

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct btw_diag diag = { .text = "" };
        if (btw_piece_add(&piece, rows[i].begin, btw_slice_of(bytes, rows[i].len), &diag) != BTW_BAD_WIRE)
            fail_msg("row %zu", i);
        assert_true(strlen(diag.text) > 0);
        assert_int_equal(piece.missing, 3);
    }
    assert_memory_equal(buffer, zeros, SIZE);
}

static void missing_blocks_are_found_from_anywhere(void **state)
{
    static const struct {
        uint32_t from;
        bool found;
        uint32_t begin, length;
    } rows[] = {
        { 0, true, 16384, 16384 },     { 1, true, 16384, 16384 },
        { 16384, true, 16384, 16384 }, { 16385, true, 32768, 5 },
        { 32768, true, 32768, 5 },     { 32769, false, 32769, 0 },
        { SIZE, false, SIZE, 0 },      { UINT32_MAX, false, UINT32_MAX, 0 },
    };
    uint8_t buffer[SIZE];
    struct btw_piece piece = begun(buffer);

    (void)state;
    assert_int_equal(btw_piece_add(&piece, 0, btw_slice_of(bytes, 16384), NULL), BTW_OK);
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint32_t begin = rows[i].from, length = 0;
        if (btw_piece_next_missing(&piece, &begin, &length) != rows[i].found || begin != rows[i].begin ||
            length != rows[i].length)
            fail_msg("row %zu: %u+%u", i, begin, length);
    }
}

static void the_largest_piece_fits(void **state)
{
    uint8_t *buffer = malloc(BTW_PIECE_SIZE_MAX);
    struct btw_piece piece;
    uint32_t begin = 0, length;

    (void)state;
    assert_non_null(buffer);
    begun(buffer);
    btw_piece_init(&piece, buffer, BTW_PIECE_SIZE_MAX);
    assert_int_equal(piece.missing, BTW_PIECE_BLOCKS_MAX);
    for (; btw_piece_next_missing(&piece, &begin, &length); begin += length)
        assert_int_equal(btw_piece_add(&piece, begin, btw_slice_of(bytes, length), NULL), BTW_OK);
    assert_int_equal(begin, BTW_PIECE_SIZE_MAX);
    assert_int_equal(piece.missing, 0);
    free(buffer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_in_any_order_make_the_piece),
        cmocka_unit_test(what_is_no_block_changes_nothing),
        cmocka_unit_test(missing_blocks_are_found_from_anywhere),
        cmocka_unit_test(the_largest_piece_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

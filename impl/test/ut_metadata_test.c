/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "btw/hash.h"
#include "btw/ut_metadata.h"

#define COUNT(rows) (sizeof(rows) / sizeof(rows)[0])

/* Texts in both directions. */
static const struct {
    const char *text;
    int64_t msg_type, piece, total_size;
    bool has_total_size;
    const char *data;
} both[] = {
    { "d8:msg_typei0e5:piecei0ee", 0, 0, 0, false, "" },
    { "d8:msg_typei1e5:piecei0e10:total_sizei3425eexxxxxxxx", 1, 0, 3425, true, "xxxxxxxx" },
    { "d8:msg_typei2e5:piecei0ee", 2, 0, 0, false, "" },
    { "d8:msg_typei1e5:piecei2e10:total_sizei40000eee", 1, 2, 40000, true, "e" },
    { "d8:msg_typei0e5:piecei-9223372036854775808ee", 0, INT64_MIN, 0, false, "" },
    { "d8:msg_typei250e5:piecei4294967296ee", 250, 4294967296, 0, false, "" },
};

static void messages_are_read_and_written(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(both); i++) {
        struct btw_ut_metadata msg;
        uint8_t out[100];
        size_t len, size = strlen(both[i].text);
        if (btw_ut_metadata_decode(&msg, btw_slice_str(both[i].text), NULL) != BTW_OK)
            fail_msg("%s", both[i].text);
        assert_int_equal(msg.msg_type, both[i].msg_type);
        assert_int_equal(msg.piece, both[i].piece);
        assert_int_equal(msg.has_total_size, both[i].has_total_size);
        assert_int_equal(msg.total_size, both[i].total_size);
        assert_true(btw_slice_equal(msg.data, btw_slice_str(both[i].data)));
        assert_int_equal(msg.flaws, msg.data.len > 0 ? BTW_BEN_TRAILING : 0);
        assert_int_equal(btw_ut_metadata_encode(out, size - 1, &len, &msg), BTW_NO_SPACE);
        assert_int_equal(btw_ut_metadata_encode(out, size, &len, &msg), BTW_OK);
        assert_true(btw_slice_equal(btw_slice_of(out, len), btw_slice_str(both[i].text)));
    }
}

/* The data begins where the dictionary ends, which is not the first "ee". */
static void extra_keys_are_passed_over(void **state)
{
    struct btw_ut_metadata msg;

    (void)state;
    assert_int_equal(btw_ut_metadata_decode(
                         &msg, btw_slice_str("d8:msg_typei1e4:note5:seeee5:piecei3e10:total_sizei9ee012345678"), NULL),
                     BTW_OK);
    assert_int_equal(msg.piece, 3);
    assert_true(btw_slice_equal(msg.data, btw_slice_str("012345678")));
    assert_int_equal(
        btw_ut_metadata_decode(&msg, btw_slice_str("d1:ali1ed1:bi2eee8:msg_typei0e5:piecei0e2:zz1:xe"), NULL), BTW_OK);
    assert_int_equal(msg.data.len, 0);
    assert_int_equal(msg.flaws, 0);
    assert_int_equal(btw_ut_metadata_decode(&msg, btw_slice_str("d8:msg_typei3ee"), NULL), BTW_OK);
    assert_int_equal(msg.msg_type, 3);
    assert_int_equal(msg.piece, 0);
    assert_int_equal(btw_ut_metadata_decode(&msg, btw_slice_str("d5:piecei1e8:msg_typei00ee"), NULL), BTW_OK);
    assert_int_equal(msg.flaws, BTW_BEN_KEY_ORDER | BTW_BEN_LEADING_ZERO);
}

static void what_is_no_message_is_refused(void **state)
{
    static const struct {
        const char *text;
        enum btw_status status;
        size_t offset;
    } rows[] = {
        { "", BTW_BAD_BENCODE, 0 },
        { "le", BTW_BAD_BENCODE, 0 },
        { "d8:msg_typei0e5:piecei0e", BTW_BAD_BENCODE, 24 },
        { "d8:msg_typei0e5:piecei0xe", BTW_BAD_BENCODE, 23 },
        { "de", BTW_BAD_WIRE, 0 },
        { "d8:msg_type1:05:piecei0ee", BTW_BAD_WIRE, 0 },
        { "d8:msg_typei0ee", BTW_BAD_WIRE, 0 },
        { "d8:msg_typei2e5:piece1:0e", BTW_BAD_WIRE, 0 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct btw_ut_metadata msg = { .piece = 77 };
        struct btw_diag diag = { 99, NULL, "" };
        if (btw_ut_metadata_decode(&msg, btw_slice_str(rows[i].text), &diag) != rows[i].status ||
            diag.offset != rows[i].offset)
            fail_msg("%s: %s at %zu", rows[i].text, diag.text, diag.offset);
        assert_int_equal(msg.piece, 77);
    }
}

static void pieces_of_held_metadata_are_cut_by_16_kib(void **state)
{
    static const struct {
        size_t size;
        int64_t piece;
        bool found;
        size_t len;
    } rows[] = {
        { 40000, 0, true, 16384 },
        { 40000, 1, true, 16384 },
        { 40000, 2, true, 7232 },
        { 40000, 3, false, 0 },
        { 32768, 1, true, 16384 },
        { 32768, 2, false, 0 },
        { 1, 0, true, 1 },
        { 1, -1, false, 0 },
        { 40000, INT64_MIN, false, 0 },
        { 40000, 4294967296, false, 0 },
        { 40000, INT64_MAX, false, 0 },
    };
    static uint8_t info[40000];

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct btw_slice piece = { NULL, 0 };
        bool found = btw_metadata_piece(btw_slice_of(info, rows[i].size), rows[i].piece, &piece);
        if (found != rows[i].found || piece.len != rows[i].len)
            fail_msg("row %zu", i);
        if (found)
            assert_ptr_equal(piece.data, info + 16384 * rows[i].piece);
    }
    assert_int_equal(btw_metadata_pieces(32768), 2);
    assert_int_equal(btw_metadata_pieces(32769), 3);
}

enum { SIZE = 40000 };

static struct btw_ut_metadata data_message(const uint8_t *info, int64_t piece, size_t len)
{
    struct btw_ut_metadata msg = { .msg_type = 1, .piece = piece, .total_size = SIZE, .has_total_size = true };

    msg.data = btw_slice_of(info + (piece > 0 && piece < 3 ? 16384 * piece : 0), len);
    return msg;
}

static void pieces_in_any_order_make_the_metadata(void **state)
{
    static uint8_t info[SIZE], buffer[SIZE];
    static const struct {
        int64_t piece;
        size_t len;
    } order[] = { { 2, 7232 }, { 0, 16384 }, { 0, 16384 }, { 1, 16384 } };
    struct btw_metadata metadata;
    uint8_t info_hash[20];
    size_t missing = 0;

    (void)state;
    for (size_t i = 0; i < SIZE; i++)
        info[i] = (uint8_t)(i * 7 + i / 256);
    btw_sha1(info_hash, btw_slice_of(info, SIZE));
    btw_metadata_init(&metadata, buffer, SIZE);
    for (size_t i = 0; i < COUNT(order); i++) {
        struct btw_ut_metadata msg = data_message(info, order[i].piece, order[i].len);
        assert_int_equal(btw_metadata_verify(&metadata, info_hash, NULL), BTW_MORE);
        assert_true(btw_metadata_next_missing(&metadata, &missing));
        assert_int_equal(missing, i < 2 ? 0 : 1);
        assert_int_equal(btw_metadata_add(&metadata, &msg, NULL), BTW_OK);
    }
    assert_false(btw_metadata_next_missing(&metadata, &missing));
    assert_int_equal(btw_metadata_verify(&metadata, info_hash, NULL), BTW_OK);
    assert_memory_equal(buffer, info, SIZE);

    buffer[30000] ^= 1;
    assert_int_equal(btw_metadata_verify(&metadata, info_hash, NULL), BTW_BAD_WIRE);
    assert_int_equal(btw_metadata_verify(&metadata, info_hash, NULL), BTW_MORE);
    missing = 2;
    assert_true(btw_metadata_next_missing(&metadata, &missing));
    assert_int_equal(missing, 2);
}

static void pieces_that_do_not_fit_change_nothing(void **state)
{
    static const struct {
        int64_t piece;
        size_t len;
        int64_t msg_type, total_size;
    } rows[] = {
        { 0, 16383, 1, SIZE },         { 0, 16385, 1, SIZE }, { 0, 0, 1, SIZE },         { 2, 7231, 1, SIZE },
        { 2, 16384, 1, SIZE },         { 3, 16384, 1, SIZE }, { -1, 16384, 1, SIZE },    { 65535, 16384, 1, SIZE },
        { INT64_MAX, 16384, 1, SIZE }, { 0, 16384, 1, 1 },    { 0, 16384, 1, SIZE + 1 }, { 0, 16384, 1, -1 },
        { 0, 16384, 0, SIZE },         { 0, 16384, 2, SIZE }, { 0, 16384, 3, SIZE },
    };
    static uint8_t info[2 * SIZE], buffer[SIZE];
    struct btw_metadata metadata;

    (void)state;
    memset(info, 0xff, sizeof info);
    btw_metadata_init(&metadata, buffer, SIZE);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct btw_ut_metadata msg = data_message(info, rows[i].piece, rows[i].len);
        size_t missing = 0;
        msg.msg_type = rows[i].msg_type;
        msg.total_size = rows[i].total_size;
        if (btw_metadata_add(&metadata, &msg, NULL) != BTW_BAD_WIRE)
            fail_msg("row %zu", i);
        assert_true(btw_metadata_next_missing(&metadata, &missing));
        assert_int_equal(missing, 0);
    }
    for (size_t i = 0; i < SIZE; i++)
        assert_int_equal(buffer[i], 0);
}

static void the_largest_metadata_can_be_put_together(void **state)
{
    uint8_t *buffer = calloc(1, BTW_METADATA_MAX);
    struct btw_metadata metadata;
    struct btw_ut_metadata msg = { .msg_type = 1, .data = { buffer, BTW_METADATA_PIECE } };
    size_t missing = 0;

    (void)state;
    assert_non_null(buffer);
    btw_metadata_init(&metadata, buffer, BTW_METADATA_MAX);
    for (msg.piece = 0; msg.piece < BTW_METADATA_PIECES_MAX; msg.piece++) {
        assert_true(btw_metadata_next_missing(&metadata, &missing));
        assert_int_equal(missing, msg.piece);
        msg.data.data = buffer + (BTW_METADATA_PIECE * (msg.piece + 1)) % BTW_METADATA_MAX;
        assert_int_equal(btw_metadata_add(&metadata, &msg, NULL), BTW_OK);
    }
    assert_int_equal(btw_metadata_add(&metadata, &msg, NULL), BTW_BAD_WIRE);
    assert_false(btw_metadata_next_missing(&metadata, &missing));
    free(buffer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_are_read_and_written),
        cmocka_unit_test(extra_keys_are_passed_over),
        cmocka_unit_test(what_is_no_message_is_refused),
        cmocka_unit_test(pieces_of_held_metadata_are_cut_by_16_kib),
        cmocka_unit_test(pieces_in_any_order_make_the_metadata),
        cmocka_unit_test(pieces_that_do_not_fit_change_nothing),
        cmocka_unit_test(the_largest_metadata_can_be_put_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

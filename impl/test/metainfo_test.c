/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "btw/metainfo.h"

#define COUNT(rows) (sizeof(rows) / sizeof(rows)[0])
#define H20 "01234567890123456789"
#define SINGLE "d6:lengthi40000e4:name1:f12:piece lengthi32768e6:pieces40:" H20 H20 "e"
#define MULTI                                                                                                          \
    "d5:filesld6:lengthi10e4:pathl1:a1:beed4:attr1:p6:lengthi6e4:pathl4:.pad1:6eed6:lengthi0e4:pathl1:ceee"            \
    "4:name3:dir12:piece lengthi16e6:pieces20:" H20 "7:privatei1ee"

static void read_info(struct btw_metainfo *m, const char *text)
{
    struct btw_diag diag = { 0 };

    if (btw_metainfo_read_info(m, btw_slice_str(text), &diag) != BTW_OK)
        fail_msg("%s: %s", text, diag.text);
}

static void a_single_file_torrent_is_read(void **state)
{
    /* sha1sum of the text of SINGLE */
    static const char want[] = "d5cee52c8b8ff1ed38a812445c644065bd1bc247";
    char hash[41];
    struct btw_metainfo m;

    (void)state;
    read_info(&m, SINGLE);
    for (size_t i = 0; i < 20; i++)
        snprintf(hash + 2 * i, 3, "%02x", m.info_hash[i]);
    assert_string_equal(hash, want);
    assert_true(btw_slice_equal(m.info, btw_slice_str(SINGLE)));
    assert_true(btw_slice_equal(m.name, btw_slice_str("f")));
    assert_int_equal(m.piece_length, 32768);
    assert_int_equal(m.pieces, 2);
    assert_int_equal(m.total_length, 40000);
    assert_false(m.is_private);
    assert_int_equal(m.meta_version, 1);
    assert_true(m.has_v1);
    assert_false(m.has_v2);
    assert_null(m.announce.data);
    assert_int_equal(btw_metainfo_piece_size(&m, 0), 32768);
    assert_int_equal(btw_metainfo_piece_size(&m, 1), 7232);
    assert_int_equal(btw_metainfo_blocks(&m, 0), 2);
    assert_int_equal(btw_metainfo_blocks(&m, 1), 1);
    assert_ptr_equal(btw_metainfo_piece_hash(&m, 1), m.piece_hashes.data + 20);
}

static void ranges_are_judged_by_the_true_size_of_the_piece(void **state)
{
    static const struct {
        uint32_t piece, begin, length;
        bool inside;
    } rows[] = {
        { 0, 0, 16384, true },
        { 0, 16384, 16384, true },
        { 0, 16385, 16384, false },
        { 0, 0, 32769, false },
        { 1, 0, 7232, true },
        { 1, 0, 7233, false },
        { 1, 7231, 1, true },
        { 1, 7232, 1, false },
        { 1, 0, 0, false },
        { 2, 0, 1, false },
        { UINT32_MAX, 0, 1, false },
        { 0, UINT32_MAX, 1, false },
        { 0, UINT32_MAX, UINT32_MAX, false },
    };
    struct btw_metainfo m;

    (void)state;
    read_info(&m, SINGLE);
    for (size_t i = 0; i < COUNT(rows); i++)
        if (btw_metainfo_has_range(&m, rows[i].piece, rows[i].begin, rows[i].length) != rows[i].inside)
            fail_msg("piece %u begin %u length %u", rows[i].piece, rows[i].begin, rows[i].length);
}

static void files_are_walked_with_their_offsets(void **state)
{
    static const struct {
        const char *path;
        uint64_t offset, length;
        bool pad;
    } want[] = { { "dir/a/b", 0, 10, false }, { "dir/.pad/6", 10, 6, true }, { "dir/c", 16, 0, false } };
    struct btw_metainfo m;
    struct btw_metainfo_file file;
    char path[64];

    (void)state;
    read_info(&m, MULTI);
    assert_true(m.is_private);
    assert_int_equal(m.total_length, 16);
    struct btw_metainfo_files files = btw_metainfo_files_of(&m);
    for (size_t i = 0; i < COUNT(want); i++) {
        assert_true(btw_metainfo_next_file(&files, &file));
        assert_int_equal(btw_metainfo_path(path, sizeof path, &m, &file), BTW_OK);
        assert_string_equal(path, want[i].path);
        assert_int_equal(file.offset, want[i].offset);
        assert_int_equal(file.length, want[i].length);
        assert_int_equal(file.pad, want[i].pad);
    }
    assert_false(btw_metainfo_next_file(&files, &file));

    read_info(&m, SINGLE);
    files = btw_metainfo_files_of(&m);
    assert_true(btw_metainfo_next_file(&files, &file));
    assert_int_equal(file.offset, 0);
    assert_int_equal(file.length, 40000);
    assert_int_equal(btw_metainfo_path(path, 2, &m, &file), BTW_OK);
    assert_string_equal(path, "f");
    assert_int_equal(btw_metainfo_path(path, 1, &m, &file), BTW_NO_SPACE);
    assert_false(btw_metainfo_next_file(&files, &file));
}

static void a_path_never_leaves_its_folder(void **state)
{
    static const struct btw_slice rows[][2] = {
        { { (const uint8_t *)"..", 2 } },   { { (const uint8_t *)".", 1 } },
        { { (const uint8_t *)"", 0 } },     { { (const uint8_t *)"a", 1 }, { (const uint8_t *)"..", 2 } },
        { { (const uint8_t *)"a/b", 3 } },  { { (const uint8_t *)"a\\b", 3 } },
        { { (const uint8_t *)"a\0b", 3 } },
    };
    struct btw_metainfo m;
    char path[64];

    (void)state;
    read_info(&m, MULTI);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct btw_metainfo_file file = { .part = { rows[i][0], rows[i][1] }, .parts = rows[i][1].len > 0 ? 2 : 1 };
        if (btw_metainfo_path(path, sizeof path, &m, &file) != BTW_REFUSED)
            fail_msg("row %zu", i);
    }
    m.name = btw_slice_str("../f");
    assert_int_equal(btw_metainfo_path(path, sizeof path, &m, &(struct btw_metainfo_file){ 0 }), BTW_REFUSED);
}

static void the_hash_covers_the_info_dictionary_as_it_stands(void **state)
{
    /* Unsorted, an unknown key, flaws inside and bytes behind the file. */
    static const char info[] = "d4:name1:f1:xli01ee6:lengthi3e12:piece lengthi16e6:pieces20:" H20 "e";
    char text[400];
    struct btw_metainfo file, bare;

    (void)state;
    snprintf(text, sizeof text, "d4:info%s8:announce10:http://t/ae\n", info);
    assert_int_equal(btw_metainfo_read(&file, btw_slice_str(text), NULL), BTW_OK);
    assert_true(btw_slice_equal(file.info, btw_slice_str(info)));
    assert_true(btw_slice_equal(file.announce, btw_slice_str("http://t/a")));
    read_info(&bare, info);
    assert_memory_equal(file.info_hash, bare.info_hash, 20);
}

#define REST "4:name1:f12:piece lengthi16e6:pieces20:" H20 "e"

/* Each is valid bencoding and no torrent. */
static const char *const wrong[] = {
    "de",
    "d" REST, /* no length */
    "d6:lengthi-1e" REST,
    "d6:lengthi0e4:name1:f12:piece lengthi16e6:pieces0:e", /* no bytes */
    "d6:length2:16" REST,                                  /* a string */
    "d6:lengthi17e" REST,                                  /* two pieces, one hash */
    "d6:lengthi9223372036854775807e" REST,
    "d6:lengthi16e4:name1:f12:piece lengthi0e6:pieces20:" H20 "e",
    "d6:lengthi16e4:name1:f12:piece lengthi-1e6:pieces20:" H20 "e",
    "d6:lengthi16e4:name1:f12:piece lengthi4294967296e6:pieces20:" H20 "e", /* does not fit a begin */
    "d6:lengthi16e4:name1:f12:piece lengthi16e6:pieces21:" H20 "xe",        /* not a multiple of 20 */
    "d6:lengthi16e4:name1:f12:piece lengthi16e6:pieces40:" H20 H20 "e",     /* one hash too many */
    "d6:lengthi16e12:piece lengthi16e6:pieces20:" H20 "e",                  /* no name */
    "d6:lengthi16e4:namei1e12:piece lengthi16e6:pieces20:" H20 "e",
    "d5:filesi1e" REST,
    "d5:filesle" REST,
    "d5:filesli16ee" REST,                   /* a file that is no dictionary */
    "d5:filesld6:lengthi16eee" REST,         /* no path */
    "d5:filesld6:lengthi16e4:pathleee" REST, /* an empty path */
    "d5:filesld6:lengthi16e4:path1:aee" REST,
    "d5:filesld6:lengthi16e4:pathl1:ai1eeee" REST,
    "d5:filesld6:lengthi-16e4:pathl1:aeee" REST,
    /* lengths whose sum is 2^64 + 16 */
    "d5:filesld6:lengthi9223372036854775807e4:pathl1:aeed6:lengthi9223372036854775807e4:pathl1:bee"
    "d6:lengthi18e4:pathl1:ceee" REST,
};

static void contradictions_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(wrong); i++) {
        struct btw_metainfo m = { .pieces = 99 };
        struct btw_diag diag = { 0 };
        char text[400];
        if (btw_metainfo_read_info(&m, btw_slice_str(wrong[i]), &diag) != BTW_BAD_WIRE || diag.text[0] == '\0')
            fail_msg("%s: %s", wrong[i], diag.text);
        snprintf(text, sizeof text, "d1:a0:4:info%se", wrong[i]);
        if (btw_metainfo_read(&m, btw_slice_str(text), &diag) != BTW_BAD_WIRE || diag.offset != 12)
            fail_msg("%s: %s", text, diag.text);
        assert_int_equal(m.pieces, 99);
    }
}

static void what_is_no_dictionary_is_bad_bencode(void **state)
{
    struct btw_metainfo m;
    struct btw_diag diag = { 0 };

    (void)state;
    assert_int_equal(btw_metainfo_read(&m, btw_slice_str("le"), &diag), BTW_BAD_BENCODE);
    assert_int_equal(btw_metainfo_read(&m, btw_slice_of(NULL, 0), &diag), BTW_BAD_BENCODE);
    assert_int_equal(btw_metainfo_read(&m, btw_slice_str("de"), &diag), BTW_BAD_WIRE);
    assert_int_equal(btw_metainfo_read(&m, btw_slice_str("d4:infolee"), &diag), BTW_BAD_WIRE);
    assert_int_equal(btw_metainfo_read_info(&m, btw_slice_str(SINGLE "x"), &diag), BTW_BAD_BENCODE);
    assert_int_equal(diag.offset, strlen(SINGLE));
}

static void every_prefix_is_bad_bencode_at_its_end(void **state)
{
    static const char text[] = "d8:announce10:http://t/a4:info" MULTI "e";

    (void)state;
    for (size_t len = 0; len < sizeof text - 1; len++) {
        struct btw_metainfo m;
        struct btw_diag diag = { 0 };
        uint8_t *copy = malloc(len + (len == 0));
        assert_non_null(copy);
        memcpy(copy, text, len);
        assert_int_equal(btw_metainfo_read(&m, btw_slice_of(copy, len), &diag), BTW_BAD_BENCODE);
        assert_int_equal(diag.offset, len);
        free(copy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_single_file_torrent_is_read),
        cmocka_unit_test(ranges_are_judged_by_the_true_size_of_the_piece),
        cmocka_unit_test(files_are_walked_with_their_offsets),
        cmocka_unit_test(a_path_never_leaves_its_folder),
        cmocka_unit_test(the_hash_covers_the_info_dictionary_as_it_stands),
        cmocka_unit_test(contradictions_are_refused),
        cmocka_unit_test(what_is_no_dictionary_is_bad_bencode),
        cmocka_unit_test(every_prefix_is_bad_bencode_at_its_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT
 *
 * Torrents of BEP 52: those that libtorrent made (test/data), with what libtorrent reads from them; and texts that are
 * wrong in one place.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "btw/merkle.h"
#include "btw/metainfo.h"

#define COUNT(rows) (sizeof(rows) / sizeof(rows)[0])

enum { TEXT_MAX = 1 << 20 };

/* --- torrents of libtorrent ------------------------------------------------------------------------------------------
 */

struct file_row {
    const char *path;
    uint64_t offset, length;
    const char *root; /* NULL: none */
    bool pad;
};
#define A "a957aa90f0c9f7c346a4d0e6dd838bf21be3f18b39abd9f1ea8f502992aeccc4"
#define B "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
#define C "dde6b5aa98fcd7b06bd1585dcbcd3fcfa06f82f9a2b10c33c4e7991e144fc6b0"
#define Z "07be8653c7abca1c13ed42e7ecfc75afa205e33c9b42921634155bad259b035e"
#define ONE "cdc409e97ebd2e1a1ee9c6d29222bac436a8f718bb7d166c783249aeb64adf44"

/* clang-format off */
static const struct file_row many[] = {
    { "many/a.bin",              0, 100000, A,    false },
    { "many/b.bin",         131072,      1, B,    false },
    { "many/sub/c.bin",     163840,  40000, C,    false },
    { "many/sub/empty.bin", 229376,      0, NULL, false },
    { "many/zz.bin",        229376,  32768, Z,    false },
};
static const struct file_row many_padded[] = {
    { "many/a.bin",              0, 100000, NULL, false },
    { "many/.pad/31072",    100000,  31072, NULL, true },
    { "many/b.bin",         131072,      1, NULL, false },
    { "many/.pad/32767",    131073,  32767, NULL, true },
    { "many/sub/c.bin",     163840,  40000, NULL, false },
    { "many/.pad/25536",    203840,  25536, NULL, true },
    { "many/sub/empty.bin", 229376,      0, NULL, false },
    { "many/zz.bin",        229376,  32768, NULL, false },
};
static const struct file_row one[] = { { "one", 0, 81920, ONE, false } };
static const struct file_row one_v1[] = { { "one", 0, 81920, NULL, false } };
static const uint32_t many_sizes[] = { 32768, 32768, 32768, 1696, 1, 32768, 7232, 32768 };
static const uint32_t many_sizes_v1[] = { 32768, 32768, 32768, 32768, 32768, 32768, 32768, 32768 };
static const uint32_t one_sizes[] = { 32768, 32768, 16384 };

static const struct {
    const char *file, *v1, *v2;
    uint64_t total_length;
    uint32_t pieces;
    const uint32_t *sizes, *sizes_v2;
    const struct file_row *files, *files_v2;
    size_t file_count, file_count_v2;
} torrents[] = {
    { "libtorrent-many-v2", NULL,
      "d9690f676a916e8f44669bb6919ebb004f295379d3519987d360612a8bb1eef4", 262144,
      8, many_sizes, many_sizes, many, many, COUNT(many), COUNT(many) },
    { "libtorrent-many-hybrid", "3cbca98b7d60e665d184205ca3d3b61e20de7d97",
      "b08ae164dacf1542d039250ce4256819166f8585a6a7c830a210cfd09ae475bc", 262144,
      8, many_sizes_v1, many_sizes, many_padded, many, COUNT(many_padded), COUNT(many) },
    { "libtorrent-one-v2", NULL,
      "ee9cdd0f5229ff62678101bb5238a420d441c478a368f2fd336ea4d860ac1f22", 81920,
      3, one_sizes, one_sizes, one, one, COUNT(one), COUNT(one) },
    { "libtorrent-one-hybrid", "151f0f1aa81401dad18b243bfc7ff2fbf4b88b51",
      "be0386c438c81f17fd423075487f8c0f14c0f312882bbf636b3518d3d17253ba", 81920,
      3, one_sizes, one_sizes, one_v1, one, COUNT(one_v1), COUNT(one) },
};
/* clang-format on */

static void hex_is(const uint8_t *got, size_t len, const char *want)
{
    char hex[65] = "";

    for (size_t i = 0; i < len; i++)
        snprintf(hex + 2 * i, 3, "%02x", got[i]);
    assert_int_equal(strncmp(hex, want, 2 * len), 0);
}

/* In a heap block of just its size. */
static struct btw_slice load(const char *name)
{
    char path[128];
    uint8_t buffer[4096];

    snprintf(path, sizeof path, "impl/test/data/%s.torrent", name);
    FILE *in = fopen(path, "rb");
    assert_non_null(in);
    size_t len = fread(buffer, 1, sizeof buffer, in);
    fclose(in);
    uint8_t *data = malloc(len);
    assert_non_null(data);
    memcpy(data, buffer, len);
    return btw_slice_of(data, len);
}

static void files_are(const struct btw_metainfo *m, struct btw_metainfo_files files, const struct file_row *rows,
                      size_t count)
{
    struct btw_metainfo_file file;
    char path[64];

    for (size_t i = 0; i < count; i++) {
        assert_true(btw_metainfo_next_file(&files, &file));
        assert_int_equal(btw_metainfo_path(path, sizeof path, m, &file), BTW_OK);
        assert_string_equal(path, rows[i].path);
        assert_int_equal(file.offset, rows[i].offset);
        assert_int_equal(file.length, rows[i].length);
        assert_int_equal(file.pad, rows[i].pad);
        assert_int_equal(file.root != NULL, rows[i].root != NULL);
        if (file.root != NULL)
            hex_is(file.root, 32, rows[i].root);
    }
    assert_false(btw_metainfo_next_file(&files, &file));
    assert_false(btw_metainfo_next_file(&files, &file));
}

static void torrents_of_libtorrent_are_read_as_libtorrent_reads_them(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(torrents); i++) {
        struct btw_slice text = load(torrents[i].file);
        struct btw_metainfo m;
        struct btw_diag diag = { 0 };
        uint32_t sizes[8];
        if (btw_metainfo_read(&m, text, &diag) != BTW_OK)
            fail_msg("%s: %s", torrents[i].file, diag.text);
        assert_true(m.has_v2);
        assert_int_equal(m.has_v1, torrents[i].v1 != NULL);
        assert_int_equal(m.meta_version, 2);
        hex_is(m.info_hash, 20, m.has_v1 ? torrents[i].v1 : torrents[i].v2);
        hex_is(m.info_hash_v2, 32, torrents[i].v2);
        assert_int_equal(m.pieces, torrents[i].pieces);
        assert_int_equal(m.total_length, torrents[i].total_length);
        btw_metainfo_piece_sizes_v2(&m, sizes);
        for (uint32_t piece = 0; piece < m.pieces; piece++) {
            assert_int_equal(btw_metainfo_piece_size(&m, piece), torrents[i].sizes[piece]);
            assert_int_equal(sizes[piece], torrents[i].sizes_v2[piece]);
        }
        files_are(&m, btw_metainfo_files_of(&m), torrents[i].files, torrents[i].file_count);
        files_are(&m, btw_metainfo_files_v2(&m), torrents[i].files_v2, torrents[i].file_count_v2);
        free((void *)text.data);
    }
}

/* The content that make_torrents.py gives them. */
static void content(uint8_t *out, uint32_t at, size_t len, uint32_t seed)
{
    for (uint32_t i = 0; i < len; i++)
        out[i] = (uint8_t)((at + i) * seed + ((at + i) >> 8));
}

static void pieces_have_the_hashes_of_their_layers(void **state)
{
    static const struct {
        uint32_t piece, index, size;
        unsigned layer;
        const char *root;
        uint32_t seed;
    } rows[] = {
        { 0, 0, 32768, 1, A, 3 }, { 1, 1, 32768, 1, A, 3 }, { 3, 3, 1696, 1, A, 3 },  { 4, 0, 1, 0, B, 5 },
        { 5, 0, 32768, 1, C, 7 }, { 6, 1, 7232, 1, C, 7 },  { 7, 0, 32768, 1, Z, 9 },
    };
    static uint8_t data[32768];

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct btw_slice text = load(torrents[i].file);
        struct btw_metainfo m, bare;
        struct btw_metainfo_piece piece;
        uint8_t hash[32];
        assert_int_equal(btw_metainfo_read(&m, text, NULL), BTW_OK);
        assert_int_equal(btw_metainfo_read_info(&bare, m.info, NULL), BTW_OK);
        for (size_t j = 0; j < COUNT(rows); j++) {
            assert_true(btw_metainfo_piece_v2(&m, rows[j].piece, &piece));
            assert_int_equal(piece.index, rows[j].index);
            assert_int_equal(piece.size, rows[j].size);
            assert_int_equal(piece.layer, rows[j].layer);
            hex_is(piece.root, 32, rows[j].root);
            content(data, rows[j].index * 32768, rows[j].size, rows[j].seed);
            assert_true(btw_merkle_of_data(hash, btw_slice_of(data, rows[j].size), piece.layer));
            assert_memory_equal(hash, piece.hash, 32);
            /* Without the layers only files of one piece have a hash. */
            assert_true(btw_metainfo_piece_v2(&bare, rows[j].piece, &piece));
            assert_int_equal(piece.hash != NULL, piece.file_length <= 32768);
        }
        assert_false(btw_metainfo_piece_v2(&m, 8, &piece));
        assert_false(btw_metainfo_piece_v2(&m, UINT32_MAX, &piece));
        free((void *)text.data);
    }
}

static void ranges_end_where_the_file_ends(void **state)
{
    static const struct {
        uint32_t piece, begin, length;
        bool v2, hybrid;
    } rows[] = {
        { 3, 0, 1696, true, true },   { 3, 0, 1697, false, true },     { 3, 1695, 1, true, true },
        { 4, 0, 1, true, true },      { 4, 1, 1, false, true },        { 6, 0, 7232, true, true },
        { 6, 0, 16384, false, true }, { 7, 16384, 16384, true, true }, { 8, 0, 1, false, false },
    };

    (void)state;
    struct btw_slice v2 = load("libtorrent-many-v2"), hybrid = load("libtorrent-many-hybrid");
    struct btw_metainfo m, h;
    assert_int_equal(btw_metainfo_read(&m, v2, NULL), BTW_OK);
    assert_int_equal(btw_metainfo_read(&h, hybrid, NULL), BTW_OK);
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_int_equal(btw_metainfo_has_range(&m, rows[i].piece, rows[i].begin, rows[i].length), rows[i].v2);
        assert_int_equal(btw_metainfo_has_range(&h, rows[i].piece, rows[i].begin, rows[i].length), rows[i].hybrid);
    }
    free((void *)v2.data);
    free((void *)hybrid.data);
}

/* --- texts that are wrong --------------------------------------------------------------------------------------------
 */

/* In a text, \x01 stands for the root of a file of 81920 bytes, \x02 to \x04 for the hashes of its pieces of 32 KiB,
 * \x05 for another hash, \x06 for 20 bytes of a SHA-1. */
static struct btw_slice text_of(const char *pattern)
{
    static const char *const hashes[] = {
        "",
        "c5c907dc04430ebb1cbe748195971d38eb707c0b5a24e2ec6b5fd5c995cb6d7f",
        "1a1fb8144cac6f79b4f40c57031dc35f63b3c3f9fbe828413bc0d9210865d72a",
        "729dd197ee4b3105b86eefb543fdc53def9abbd5a37d61c69efb12be4bf1fcce",
        "e2733491464b085ad18adb9c426d9d7b971fcaebb4f2ea32a8f32e4220e6d116",
        "f5a5fd42d16a20302798ef6ed309979b43003d2320d9f0e8ea9831a92759fb4b",
        "f5a5fd42d16a20302798ef6ed309979b43003d23",
    };
    static uint8_t out[4096];
    size_t len = 0;

    for (; *pattern != '\0'; pattern++) {
        const char *hex = *pattern >= 1 && *pattern <= 6 ? hashes[(int)*pattern] : NULL;
        if (hex == NULL)
            out[len++] = (uint8_t)*pattern;
        for (; hex != NULL && *hex != '\0'; hex += 2, len++) {
            unsigned byte = 0;
            assert_int_equal(sscanf(hex, "%2x", &byte), 1);
            out[len] = (uint8_t)byte;
        }
    }
    return btw_slice_of(out, len);
}

#define FILE5                                                                                                          \
    "d0:d6:lengthi81920e11:pieces root32:\x01"                                                                         \
    "ee"
#define FILE1                                                                                                          \
    "d0:d6:lengthi1e11:pieces root32:\x05"                                                                             \
    "ee"
#define END "12:meta versioni2e4:name1:n12:piece lengthi32768ee"
#define HYBRID_END                                                                                                     \
    "12:meta versioni2e4:name1:n12:piece lengthi32768e6:pieces60:\x06\x06\x06"                                         \
    "e"
#define GOOD "d9:file treed1:f" FILE5 "e" END

/* clang-format off */
static const char *const right[] = {
    GOOD,
    "d9:file treed1:f" FILE1 "e" END,
    "d9:file treed1:ed0:d6:lengthi0eee1:f" FILE1 "e" END,
    "d9:file treed1:dde1:f" FILE1 "e" END,                      /* an empty folder */
    "d9:file treed1:dd1:f" FILE1 "ee" END,
    "d9:file treed1:fd0:d4:attr1:x6:lengthi1e11:pieces root32:\x05" "eee" END,
    "d9:file treed1:n" FILE5 "e6:lengthi81920e" HYBRID_END,
    "d9:file treed1:a" FILE1 "1:bd1:c" FILE1 "ee5:filesl" "d6:lengthi1e4:pathl1:aee" "d4:attr1:p6:lengthi32767e4:pathl1:xee"
        "d6:lengthi1e4:pathl1:b1:cee" "e12:meta versioni2e4:name1:n12:piece lengthi32768e6:pieces40:\x06\x06" "e",
    /* padding at the end, and between two empty files */
    "d9:file treed1:a" FILE1 "1:bd0:d6:lengthi0eeee5:filesl" "d6:lengthi1e4:pathl1:aee" "d4:attr1:p6:lengthi32767e4:pathl1:xee"
        "d6:lengthi0e4:pathl1:bee" "e12:meta versioni2e4:name1:n12:piece lengthi32768e6:pieces20:\x06" "e",
};

static const struct {
    const char *text, *why;
} wrong[] = {
    { "d" END,                                                                  "no file tree" },
    { "d9:file treele" END,                                                     "no file tree" },
    { "d9:file treede" END,                                                     "empty" },
    { "d9:file treed1:fd0:d6:lengthi0eeee" END,                                 "empty" },
    { "d9:file treed0:d6:lengthi1e11:pieces root32:\x05" "ee" END,             "names" },
    { "d9:file treed1:fi1ee" END,                                               "no dictionary" },
    { "d9:file treed1:fd0:i1eee" END,                                           "length" },
    { "d9:file treed1:fd0:deee" END,                                            "length" },
    { "d9:file treed1:fd0:d6:lengthi-1e11:pieces root32:\x05" "eee" END,        "length" },
    { "d9:file treed1:fd0:d6:length1:1eee" END,                                 "length" },
    { "d9:file treed1:fd0:d6:lengthi1eeee" END,                                 "pieces root" },
    { "d9:file treed1:fd0:d6:lengthi1e11:pieces root20:\x06" "eee" END,         "pieces root" },
    { "d9:file treed1:fd0:d6:lengthi1e11:pieces root32:\x05" "e1:gdeee" END,    "folder" },
    { "d9:file treed1:fd1:gde0:d6:lengthi1e11:pieces root32:\x05" "eee" END,   "names" },
    { "d9:file treed1:g" FILE1 "1:f" FILE1 "e" END,                             "names" },
    { "d9:file treed1:f" FILE1 "1:f" FILE1 "e" END,                             "names" },
    { "d9:file treed1:fd0:d6:lengthi9223372036854775807e11:pieces root32:\x05" "eee" END, "more pieces" },
    { "d9:file treed1:fd0:d6:lengthi140737488322561e11:pieces root32:\x05" "eee" END,     "more pieces" },
    { "d9:file treed1:f" FILE1 "1:gd0:d6:lengthi140737488322560e11:pieces root32:\x05" "eee" END, "more pieces" },
    { "d9:file treed1:f" FILE1 "e12:meta versioni2e4:name1:n12:piece lengthi8192ee",       "power of two" },
    { "d9:file treed1:f" FILE1 "e12:meta versioni2e4:name1:n12:piece lengthi49152ee",      "power of two" },
    { "d9:file treed1:f" FILE1 "e12:meta versioni2e12:piece lengthi32768ee",               "name" },
    /* halves of a hybrid: another name, length, number of files, order, place; no padding; too much of it */
    { "d9:file treed1:f" FILE5 "e6:lengthi81920e" HYBRID_END,                   "halves" },
    { "d9:file treed1:n" FILE5 "e6:lengthi81921e" HYBRID_END,                   "halves" },
    { "d9:file treed1:n" FILE5 "e5:filesld6:lengthi81920e4:pathl1:neee" HYBRID_END, "halves" },
    { "d9:file treed1:dd1:n" FILE5 "ee6:lengthi81920e" HYBRID_END,              "halves" },
    { "d9:file treed1:a" FILE1 "1:b" FILE1 "e5:filesl" "d6:lengthi1e4:pathl1:aee" "d4:attr1:p6:lengthi32767e4:pathl1:xee"
      "d6:lengthi1e4:pathl1:cee" "e12:meta versioni2e4:name1:n12:piece lengthi32768e6:pieces40:\x06\x06" "e", "halves" },
    { "d9:file treed1:a" FILE1 "1:b" FILE1 "e5:filesl" "d6:lengthi1e4:pathl1:bee" "d4:attr1:p6:lengthi32767e4:pathl1:xee"
      "d6:lengthi1e4:pathl1:aee" "e12:meta versioni2e4:name1:n12:piece lengthi32768e6:pieces40:\x06\x06" "e", "halves" },
    { "d9:file treed1:a" FILE1 "1:bd0:d6:lengthi32768e11:pieces root32:\x05" "eee5:filesl" "d6:lengthi1e4:pathl1:aee"
      "d4:attr1:p6:lengthi32766e4:pathl1:xee" "d6:lengthi32768e4:pathl1:bee"
      "e12:meta versioni2e4:name1:n12:piece lengthi32768e6:pieces40:\x06\x06" "e", "halves" },
    { "d9:file treed1:a" FILE1 "1:b" FILE1 "e5:filesl" "d6:lengthi1e4:pathl1:aee" "d6:lengthi1e4:pathl1:bee"
      "e12:meta versioni2e4:name1:n12:piece lengthi32768e6:pieces20:\x06" "e", "halves" },
    { "d9:file treed1:a" FILE1 "e5:filesl" "d6:lengthi1e4:pathl1:aee" "d4:attr1:p6:lengthi32768e4:pathl1:xee"
      "e12:meta versioni2e4:name1:n12:piece lengthi32768e6:pieces40:\x06\x06" "e", "halves" },
    { "d9:file treed1:dd1:a" FILE1 "ee5:filesl" "d6:lengthi1e4:pathl1:d1:aee" "d6:lengthi1e4:pathl1:bee"
      "e12:meta versioni2e4:name1:n12:piece lengthi32768e6:pieces20:\x06" "e", "halves" },
    { "d9:file treed1:n" FILE5 "e6:lengthi81920e12:meta versioni2e4:name1:n12:piece lengthi32768e6:pieces40:\x06\x06" "e",
      "number of piece hashes" },
};

/* Behind "d4:info" GOOD. */
static const struct {
    const char *layers, *why; /* NULL: right */
} layer_rows[] = {
    { "12:piece layersd32:\x01" "96:\x02\x03\x04" "ee",                         NULL },
    { "12:piece layersd32:\x01" "96:\x02\x03\x04" "32:\x05" "32:\x05" "ee",     NULL }, /* one too many, but true */
    { "e",                                                                      "no piece layers" },
    { "12:piece layersdee",                                                     "without its piece layer" },
    { "12:piece layersi1ee",                                                    "no dictionary" },
    { "12:piece layersle" "e",                                                  "no dictionary" },
    { "12:piece layersd32:\x01" "96:\x02\x03\x05" "ee",                         "does not match" },
    { "12:piece layersd32:\x01" "96:\x03\x02\x04" "ee",                         "does not match" },
    { "12:piece layersd32:\x01" "64:\x02\x03" "ee",                             "does not match" },
    { "12:piece layersd32:\x01" "32:\x01" "ee",                                 "without its piece layer" },
    { "12:piece layersd32:\x01" "95:\x02\x03" "0123456789012345678901234567890" "ee", "does not match" },
    { "12:piece layersd32:\x01" "128:\x02\x03\x04\x05" "ee",                    "without its piece layer" }, /* padding */
    { "12:piece layersd32:\x01" "0:ee",                                         "does not match" },
    { "12:piece layersd32:\x01" "i1eee",                                        "does not match" },
    { "12:piece layersd20:\x06" "96:\x02\x03\x04" "ee",                         "does not match" },
    { "12:piece layersd32:\x05" "32:\x05" "32:\x01" "96:\x02\x03\x04" "ee",     "out of order" },
    { "12:piece layersd32:\x01" "96:\x02\x03\x04" "32:\x01" "96:\x02\x03\x04" "ee", "out of order" },
};
/* clang-format on */

static void what_is_right_is_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(right); i++) {
        struct btw_metainfo m;
        struct btw_diag diag = { 0 };
        if (btw_metainfo_read_info(&m, text_of(right[i]), &diag) != BTW_OK)
            fail_msg("row %zu: %s", i, diag.text);
        assert_int_equal(m.piece_layers.len, 0);
    }
}

static void what_is_wrong_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(wrong); i++) {
        struct btw_metainfo m = { .pieces = 99 };
        struct btw_diag diag = { 0 };
        if (btw_metainfo_read_info(&m, text_of(wrong[i].text), &diag) != BTW_BAD_WIRE ||
            strstr(diag.text, wrong[i].why) == NULL)
            fail_msg("row %zu wants %s: %s", i, wrong[i].why, diag.text);
        assert_int_equal(m.pieces, 99);
    }
}

static void piece_layers_must_be_there_and_true(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(layer_rows); i++) {
        struct btw_metainfo m;
        struct btw_diag diag = { 0 };
        char text[1000];
        const char *why = layer_rows[i].why;
        snprintf(text, sizeof text, "d4:info%s%s", GOOD, layer_rows[i].layers);
        enum btw_status status = btw_metainfo_read(&m, text_of(text), &diag);
        if (status != (why == NULL ? BTW_OK : BTW_BAD_WIRE) || (why != NULL && strstr(diag.text, why) == NULL))
            fail_msg("row %zu wants %s: %s", i, why == NULL ? "nothing" : why, diag.text);
    }
}

static void a_newer_version_is_refused_before_all_else(void **state)
{
    struct btw_metainfo m;
    struct btw_diag diag = { 0 };

    (void)state;
    assert_int_equal(btw_metainfo_read_info(&m, btw_slice_str("d12:meta versioni3ee"), &diag), BTW_REFUSED);
    assert_non_null(strstr(diag.text, "newer"));
    assert_int_equal(btw_metainfo_read(&m, btw_slice_str("d4:infod12:meta versioni3eee"), NULL), BTW_REFUSED);
}

/* --- limits ----------------------------------------------------------------------------------------------------------
 */

/* A torrent, or its info dictionary alone, with a file in that many folders. */
static enum btw_status read_depth(size_t depth, bool info, struct btw_metainfo *m)
{
    static char text[4096];
    size_t len = (size_t)snprintf(text, sizeof text, "d4:infod9:file tree");
    size_t before = strlen("d4:info");

    for (size_t i = 0; i < depth; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, "d1:d");
    len += (size_t)snprintf(text + len, sizeof text - len,
                            "d0:d6:lengthi1e11:pieces root32:01234567890123456789012345678901ee");
    for (size_t i = 0; i < depth; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, "e");
    len += (size_t)snprintf(text + len, sizeof text - len, "%s", END);
    if (info)
        return btw_metainfo_read_info(m, btw_slice_of(text + before, len - before), NULL);
    snprintf(text + len, sizeof text - len, "12:piece layersdee");
    return btw_metainfo_read(m, btw_slice_str(text), NULL);
}

static void a_path_has_sixty_parts_at_most(void **state)
{
    struct btw_metainfo m;
    struct btw_metainfo_file file;
    char path[200];

    (void)state;
    assert_int_equal(read_depth(BTW_METAINFO_PARTS_MAX, true, &m), BTW_OK);
    assert_int_equal(read_depth(BTW_METAINFO_PARTS_MAX + 1, true, &m), BTW_BAD_WIRE);
    assert_int_equal(read_depth(BTW_METAINFO_PARTS_MAX, false, &m), BTW_OK);
    struct btw_metainfo_files files = btw_metainfo_files_of(&m);
    assert_true(btw_metainfo_next_file(&files, &file));
    assert_int_equal(file.parts, BTW_METAINFO_PARTS_MAX);
    assert_int_equal(btw_metainfo_path(path, sizeof path, &m, &file), BTW_OK);
    assert_int_equal(strlen(path), 1 + 2 * BTW_METAINFO_PARTS_MAX);
    assert_int_not_equal(read_depth(BTW_METAINFO_PARTS_MAX + 1, false, &m), BTW_OK);
}

struct layer_entry {
    uint8_t root[32], hashes[2][32];
};

static int by_root(const void *a, const void *b)
{
    return memcmp(a, b, 32);
}

/* `count` files of two pieces each, all different; without the layer of the one numbered `missing`. */
static struct btw_slice many_files(size_t count, size_t missing)
{
    uint8_t *out = malloc(TEXT_MAX);
    struct layer_entry *entries = calloc(count, sizeof *entries);
    char name[80];

    assert_non_null(out);
    assert_non_null(entries);
    struct btw_writer w = btw_writer_on(out, TEXT_MAX);
    btw_write_bytes(&w, btw_slice_str("d4:infod9:file treed"));
    for (size_t i = 0; i < count; i++) {
        memcpy(entries[i].hashes[0], &i, sizeof i);
        btw_merkle_node(entries[i].root, entries[i].hashes[0], entries[i].hashes[1]);
        snprintf(name, sizeof name, "6:%06zud0:d6:lengthi40000e11:pieces root32:", i);
        btw_write_bytes(&w, btw_slice_str(name));
        btw_write_bytes(&w, btw_slice_of(entries[i].root, 32));
        btw_write_bytes(&w, btw_slice_str("ee"));
    }
    btw_write_bytes(&w, btw_slice_str("e" END "12:piece layersd"));
    qsort(entries, count, sizeof *entries, by_root);
    for (size_t i = 0; i < count; i++) {
        if (i == missing)
            continue;
        btw_ben_put_str(&w, btw_slice_of(entries[i].root, 32));
        btw_ben_put_str(&w, btw_slice_of(entries[i].hashes, 64));
    }
    btw_write_bytes(&w, btw_slice_str("ee"));
    assert_false(w.failed);
    free(entries);
    return btw_slice_of(out, w.len);
}

static void every_layer_is_found_however_many_there_are(void **state)
{
    static const size_t counts[] = { 1, 2, 255, 256, 257, 511, 512, 513, 3000 };

    (void)state;
    for (size_t i = 0; i < COUNT(counts); i++) {
        struct btw_metainfo m;
        struct btw_slice text = many_files(counts[i], SIZE_MAX);
        assert_int_equal(btw_metainfo_read(&m, text, NULL), BTW_OK);
        assert_int_equal(m.pieces, 2 * counts[i]);
        free((void *)text.data);
        const size_t missing[] = { 0, counts[i] / 2, counts[i] - 1 };
        for (size_t j = 0; j < COUNT(missing); j++) {
            text = many_files(counts[i], missing[j]);
            assert_int_equal(btw_metainfo_read(&m, text, NULL), BTW_BAD_WIRE);
            free((void *)text.data);
        }
    }
}

static void any_byte_changed_is_harmless(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(torrents); i++) {
        struct btw_slice text = load(torrents[i].file);
        uint8_t *bytes = (uint8_t *)text.data;
        for (size_t at = 0; at < text.len; at++) {
            static const uint8_t changes[] = { 0x01, 0x80, 'd' ^ 'e', '0' ^ 'i' };
            for (size_t j = 0; j < COUNT(changes); j++) {
                struct btw_metainfo m;
                struct btw_metainfo_file file;
                bytes[at] ^= changes[j];
                if (btw_metainfo_read(&m, text, NULL) == BTW_OK) {
                    struct btw_metainfo_files files = btw_metainfo_files_of(&m);
                    uint64_t end = 0;
                    while (btw_metainfo_next_file(&files, &file))
                        end = file.length > 0 ? file.offset + file.length : end;
                    assert_int_equal(end, m.total_length);
                }
                bytes[at] ^= changes[j];
            }
        }
        free(bytes);
    }
}

/* --- handshakes ------------------------------------------------------------------------------------------------------
 */

static void a_hybrid_answers_by_either_hash(void **state)
{
    enum { NONE, V1, V2 };
    static const struct {
        int asked;
        bool bit, upgrade;
        int answer;
    } rows[] = {
        { V1, false, false, V1 }, { V1, false, true, V1 }, { V1, true, false, V1 },    { V1, true, true, V2 },
        { V2, false, true, V2 },  { V2, true, true, V2 },  { NONE, true, true, NONE },
    };
    struct btw_slice text = load("libtorrent-many-hybrid");
    struct btw_metainfo m;

    (void)state;
    assert_int_equal(btw_metainfo_read(&m, text, NULL), BTW_OK);
    const uint8_t *hashes[] = { (const uint8_t *)"no torrent's hash at all", m.info_hash, m.info_hash_v2 };
    assert_false(btw_metainfo_speaks_v2(&m, m.info_hash));
    assert_true(btw_metainfo_speaks_v2(&m, m.info_hash_v2));
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct btw_msg ours = { .type = BTW_HANDSHAKE }, answer = ours;
        memcpy(ours.info_hash, hashes[rows[i].asked], 20);
        btw_reserved_set(ours.reserved, "v2", rows[i].bit);
        const uint8_t *hash = btw_metainfo_answer(&m, &ours, rows[i].upgrade);
        assert_ptr_equal(hash, rows[i].answer == NONE ? NULL : hashes[rows[i].answer]);
        for (int back = NONE; back <= V2; back++) {
            memcpy(answer.info_hash, hashes[back], 20);
            assert_int_equal(btw_metainfo_may_answer(&m, &ours, &answer),
                             back == rows[i].asked || (back == V2 && rows[i].asked == V1 && rows[i].bit));
        }
    }
    free((void *)text.data);
}

static void a_torrent_of_one_version_has_no_upgrade(void **state)
{
    struct btw_slice text = load("libtorrent-many-v2");
    struct btw_metainfo m;
    struct btw_msg msg = { .type = BTW_HANDSHAKE };

    (void)state;
    btw_reserved_set(msg.reserved, "v2", true);
    assert_int_equal(btw_metainfo_read(&m, text, NULL), BTW_OK);
    memcpy(msg.info_hash, m.info_hash, 20);
    assert_memory_equal(btw_metainfo_answer(&m, &msg, true), m.info_hash_v2, 20);
    free((void *)text.data);
    assert_int_equal(
        btw_metainfo_read_info(&m,
                               btw_slice_str("d6:lengthi1e4:name1:n12:piece lengthi1e6:pieces20:0123456789012345678"
                                             "9e"),
                               NULL),
        BTW_OK);
    memcpy(msg.info_hash, m.info_hash, 20);
    assert_ptr_equal(btw_metainfo_answer(&m, &msg, true), m.info_hash);
    assert_false(btw_metainfo_speaks_v2(&m, m.info_hash));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(torrents_of_libtorrent_are_read_as_libtorrent_reads_them),
        cmocka_unit_test(pieces_have_the_hashes_of_their_layers),
        cmocka_unit_test(ranges_end_where_the_file_ends),
        cmocka_unit_test(what_is_right_is_read),
        cmocka_unit_test(what_is_wrong_is_refused),
        cmocka_unit_test(piece_layers_must_be_there_and_true),
        cmocka_unit_test(a_newer_version_is_refused_before_all_else),
        cmocka_unit_test(a_path_has_sixty_parts_at_most),
        cmocka_unit_test(every_layer_is_found_however_many_there_are),
        cmocka_unit_test(any_byte_changed_is_harmless),
        cmocka_unit_test(a_hybrid_answers_by_either_hash),
        cmocka_unit_test(a_torrent_of_one_version_has_no_upgrade),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

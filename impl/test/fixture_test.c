/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "btw/fixture.h"
#include "btw/hash.h"
#include "btw/merkle.h"

#define COUNT(rows) (sizeof(rows) / sizeof(rows)[0])

/* Geometry as the ledger asks for it; hashes as libtorrent 2.0.8 computed them from the files. */
static const struct {
    const char *name, *info_hash;
    uint32_t piece_length, pieces, last_piece;
    size_t info_size, files; /* info_size 0: any */
} rows[] = {
    { "base", "7d85fbbb2e4db46f9a3449c575ce5e061e5fce9e", 32768, 38, 20001, 0, 5 },
    { "tiny", "20a19ce5bfffa79fc4b8e2913249a265868eb1f2", 16384, 1, 100, 0, 1 },
    { "three", "d66ecaf5941405e8adb289a1e399bc3e5e2736e6", 16384, 3, 5000, 0, 1 },
    { "meta", "2297269fe73c7fdcf2ad330e5329727b23768b23", 16384, 38, 10001, 32768, 1 },
    { "meta3", "e0e48c05f3483f3b15c94d6c1209936ed0fa7811", 16384, 38, 10001, 40000, 1 },
    { "f1313", "15ab1e8e61e5dec967879b7522287ba9a1e87f03", 16384, 1313, 16384, 0, 1 },
    { "big", "8a627e5da1b4cf5a1c034bab98fa9bbd8d5bd21e", 2097152, 3, 50001, 0, 1 },
    { "priv", "2d083d72c7c007eff04e43a1be80e6c74a381c86", 32768, 13, 777, 0, 1 },
    { "pad", "195d0889d1937ba9e6c5b75f84461593c719748d", 32768, 10, 4464, 0, 7 },
    { "unsorted", "107c75f7faf391e49f52f4ccbeb395a9de2767bd", 32768, 6, 4321, 600, 1 },
    { "v2", "d9575b964ae575ac522e375f991700ef32196d69", 32768, 51, 20001, 0, 6 },
    { "hybrid", "1c85f59e188ca3c05fe5bca53b29bcdb2904c74a", 32768, 51, 20001, 0, 11 },
    { "v2big", "d81b2dc1c5cb62ac426d4328eba1223ef12cfe9c", 16384, 1538, 16384, 0, 2 },
};

static void geometry_and_info_hash_are_the_known_ones(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct btw_fixture fixture;
        struct btw_metainfo_file file;
        size_t files = 0;
        char hash[41];
        assert_int_equal(btw_fixture_make(&fixture, rows[i].name, 0), BTW_OK);
        const struct btw_metainfo *m = &fixture.meta;
        for (size_t j = 0; j < 20; j++)
            snprintf(hash + 2 * j, 3, "%02x", m->info_hash[j]);
        assert_string_equal(hash, rows[i].info_hash);
        assert_string_equal(btw_fixture_name(i), rows[i].name);
        assert_int_equal(m->piece_length, rows[i].piece_length);
        assert_int_equal(m->pieces, rows[i].pieces);
        assert_int_equal(btw_metainfo_piece_size(m, m->pieces - 1), rows[i].last_piece);
        if (rows[i].info_size > 0)
            assert_int_equal(m->info.len, rows[i].info_size);
        struct btw_metainfo_files iter = btw_metainfo_files_of(m);
        while (btw_metainfo_next_file(&iter, &file))
            files++;
        assert_int_equal(files, rows[i].files);
        assert_int_equal(m->is_private, strcmp(rows[i].name, "priv") == 0);
        assert_int_equal(memcmp(m->info_hash, fixture.resorted_hash, 20) != 0, strcmp(rows[i].name, "unsorted") == 0);
        btw_fixture_free(&fixture);
    }
    assert_null(btw_fixture_name(COUNT(rows)));
}

static void blocks_add_up_to_pieces_that_match_their_hashes(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct btw_fixture fixture;
        uint8_t *piece = malloc(rows[i].piece_length), hash[20], hash_v2[32];
        struct btw_metainfo_piece v2;
        assert_non_null(piece);
        assert_int_equal(btw_fixture_make(&fixture, rows[i].name, 3), BTW_OK);
        const uint32_t probes[] = { 0, fixture.meta.pieces / 2, fixture.meta.pieces - 1 };
        for (size_t j = 0; j < COUNT(probes); j++) {
            uint32_t size = btw_metainfo_piece_size(&fixture.meta, probes[j]);
            for (uint32_t begin = 0, len; begin < size; begin += len) {
                len = size - begin < 16384 ? size - begin : 16384;
                btw_fixture_block(&fixture, probes[j], begin, piece + begin, len);
            }
            btw_sha1(hash, btw_slice_of(piece, size));
            if (fixture.meta.has_v1)
                assert_memory_equal(hash, btw_metainfo_piece_hash(&fixture.meta, probes[j]), 20);
            if (btw_metainfo_piece_v2(&fixture.meta, probes[j], &v2)) {
                assert_true(btw_merkle_of_data(hash_v2, btw_slice_of(piece, v2.size), v2.layer));
                assert_memory_equal(hash_v2, v2.hash, 32);
            }
        }
        free(piece);
        btw_fixture_free(&fixture);
    }
}

static void any_cut_of_the_payload_gives_the_same_bytes(void **state)
{
    struct btw_fixture fixture;
    uint8_t whole[100], part[100];

    (void)state;
    assert_int_equal(btw_fixture_make(&fixture, "tiny", 0), BTW_OK);
    btw_fixture_read(&fixture, 0, whole, sizeof whole);
    for (size_t begin = 0; begin <= sizeof whole; begin++)
        for (size_t end = begin; end <= sizeof whole; end++) {
            memset(part, 0xee, sizeof part);
            btw_fixture_read(&fixture, begin, part, end - begin);
            assert_memory_equal(part, whole + begin, end - begin);
            if (end - begin < sizeof part)
                assert_int_equal(part[end - begin], 0xee);
        }
    btw_fixture_free(&fixture);
}

/* As libtorrent 2.0.8 computed them from the files. */
static void versions_are_the_known_ones(void **state)
{
    static const struct {
        const char *name, *info_hash_v2;
        bool v1;
    } known[] = {
        { "v2", "d9575b964ae575ac522e375f991700ef32196d695a5f56e68dfe4d4d6290d111", false },
        { "hybrid", "02fbfabe45754c3b977fc4afaf1d38fde3953470592ba162be316aac6fa322f2", true },
        { "v2big", "d81b2dc1c5cb62ac426d4328eba1223ef12cfe9c48ac0dc2ab1bc9d29f18fe82", false },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(known); i++) {
        struct btw_fixture fixture;
        char hash[65];
        assert_int_equal(btw_fixture_make(&fixture, known[i].name, 0), BTW_OK);
        assert_true(fixture.meta.has_v2);
        assert_int_equal(fixture.meta.has_v1, known[i].v1);
        for (size_t j = 0; j < 32; j++)
            snprintf(hash + 2 * j, 3, "%02x", fixture.meta.info_hash_v2[j]);
        assert_string_equal(hash, known[i].info_hash_v2);
        btw_fixture_free(&fixture);
    }
}

static void padding_is_zeros_and_nothing_else_is(void **state)
{
    struct btw_fixture fixture;
    struct btw_metainfo_file file;
    uint8_t bytes[16];
    const uint8_t zeros[16] = { 0 };
    size_t pads = 0;

    (void)state;
    assert_int_equal(btw_fixture_make(&fixture, "pad", 0), BTW_OK);
    struct btw_metainfo_files iter = btw_metainfo_files_of(&fixture.meta);
    while (btw_metainfo_next_file(&iter, &file)) {
        uint64_t end = file.offset + file.length;
        if (!file.pad)
            continue;
        pads++;
        btw_fixture_read(&fixture, file.offset, bytes, sizeof bytes);
        assert_memory_equal(bytes, zeros, sizeof bytes);
        btw_fixture_read(&fixture, end - 16, bytes, sizeof bytes);
        assert_memory_equal(bytes, zeros, sizeof bytes);
        btw_fixture_read(&fixture, file.offset - 8, bytes, sizeof bytes);
        assert_memory_not_equal(bytes, zeros, 8);
        assert_memory_equal(bytes + 8, zeros, 8);
        btw_fixture_read(&fixture, end - 8, bytes, sizeof bytes);
        assert_memory_equal(bytes, zeros, 8);
        assert_memory_not_equal(bytes + 8, zeros, 8);
        assert_int_equal(end % fixture.meta.piece_length, 0);
    }
    assert_int_equal(pads, 3);
    btw_fixture_free(&fixture);
}

static void a_copy_has_the_geometry_and_nothing_else(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct btw_fixture a, b, again;
        uint8_t x[64], y[64];
        assert_int_equal(btw_fixture_make(&a, rows[i].name, 0), BTW_OK);
        assert_int_equal(btw_fixture_make(&b, rows[i].name, 4294967295U), BTW_OK);
        assert_int_equal(btw_fixture_make(&again, rows[i].name, 0), BTW_OK);
        assert_true(btw_slice_equal(a.torrent, again.torrent));
        assert_int_equal(a.meta.total_length, b.meta.total_length);
        assert_int_equal(a.meta.piece_length, b.meta.piece_length);
        assert_memory_not_equal(a.meta.info_hash, b.meta.info_hash, 20);
        if (rows[i].info_size > 0)
            assert_int_equal(b.meta.info.len, rows[i].info_size);
        btw_fixture_read(&a, 0, x, sizeof x);
        btw_fixture_read(&b, 0, y, sizeof y);
        assert_memory_not_equal(x, y, sizeof x);
        assert_true(btw_slice_equal(a.meta.name, btw_slice_str(a.name)));
        assert_string_equal(a.name, rows[i].name);
        btw_fixture_free(&a);
        btw_fixture_free(&b);
        btw_fixture_free(&again);
    }
}

static void the_metadata_pieces_of_meta3_differ(void **state)
{
    struct btw_fixture fixture;

    (void)state;
    assert_int_equal(btw_fixture_make(&fixture, "meta3", 0), BTW_OK);
    const uint8_t *info = fixture.meta.info.data;
    assert_memory_not_equal(info, info + 16384, 16384);
    assert_memory_not_equal(info + 16384, info + 32768, 7232);
    btw_fixture_free(&fixture);
}

/* Clients that write the dictionary anew before hashing it (aria2, Transmission 3.00) arrive at this one. */
static void the_resorted_hash_is_what_re_encoding_gives(void **state)
{
    static const uint8_t want[20] = { 0x47, 0x21, 0x4b, 0xf2, 0xb8, 0xaf, 0xb8, 0xf0, 0xf2, 0x82,
                                      0xd1, 0xbe, 0x21, 0x2a, 0xa7, 0x75, 0x75, 0x01, 0x30, 0x62 };
    struct btw_fixture fixture;

    (void)state;
    assert_int_equal(btw_fixture_make(&fixture, "unsorted", 0), BTW_OK);
    assert_memory_equal(fixture.resorted_hash, want, sizeof want);
    btw_fixture_free(&fixture);
}

static void an_unknown_name_is_not_found(void **state)
{
    struct btw_fixture fixture;

    (void)state;
    assert_int_equal(btw_fixture_make(&fixture, "base-1", 0), BTW_NOT_FOUND);
    assert_int_equal(btw_fixture_make(&fixture, "", 0), BTW_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(geometry_and_info_hash_are_the_known_ones),
        cmocka_unit_test(blocks_add_up_to_pieces_that_match_their_hashes),
        cmocka_unit_test(any_cut_of_the_payload_gives_the_same_bytes),
        cmocka_unit_test(versions_are_the_known_ones),
        cmocka_unit_test(padding_is_zeros_and_nothing_else_is),
        cmocka_unit_test(a_copy_has_the_geometry_and_nothing_else),
        cmocka_unit_test(the_metadata_pieces_of_meta3_differ),
        cmocka_unit_test(the_resorted_hash_is_what_re_encoding_gives),
        cmocka_unit_test(an_unknown_name_is_not_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

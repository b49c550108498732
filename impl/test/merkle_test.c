/* SPDX-License-Identifier: MIT
 *
 * Trees against hashes computed with Python's hashlib: a file of five blocks, block i (1..5) being 16384 times byte i.
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
#include "btw/msg.h"

#define COUNT(rows) (sizeof(rows) / sizeof(rows)[0])

enum { BLOCKS = 5, SIZE = BLOCKS * BTW_BLOCK_SIZE };

/* clang-format off */
static const struct {
    unsigned layer;
    uint64_t index;
    const char *hash;
} nodes[] = {
    { 0, 0, "111ce3c2a38d83a2e4706bde4abddd509d7f8248116c6832b06745bdc349e09f" },
    { 0, 1, "746664dba900c81ef311c8456e15b02a5efeee3736a4f3827ce1eb1e0c24d8da" },
    { 0, 2, "467cc9ea2a7a0e20a11a77ba37179a42ca9de21d8155c14ca5325d56dba1e2c4" },
    { 0, 3, "398d5a4e10fcb5e60748ec07237105bde4a1a2a1560fa4e1410e680b97f45247" },
    { 0, 4, "91e69faaa9b6e93a7ad72921e02f6cbac0561e7c0af1e844e9dd5008ceebd30d" },
    { 0, 5, "0000000000000000000000000000000000000000000000000000000000000000" },
    { 0, 7, "0000000000000000000000000000000000000000000000000000000000000000" },
    { 1, 0, "1a1fb8144cac6f79b4f40c57031dc35f63b3c3f9fbe828413bc0d9210865d72a" },
    { 1, 1, "729dd197ee4b3105b86eefb543fdc53def9abbd5a37d61c69efb12be4bf1fcce" },
    { 1, 2, "e2733491464b085ad18adb9c426d9d7b971fcaebb4f2ea32a8f32e4220e6d116" },
    { 1, 3, "f5a5fd42d16a20302798ef6ed309979b43003d2320d9f0e8ea9831a92759fb4b" },
    { 2, 0, "8aa46b99f2907a2e06a12eed5ab6fcd5bd86bc7f49fe062eeaa78a4304b314eb" },
    { 2, 1, "12f841ef79e2ee312ee605056b70a9a965f3e5b65a6bcfbacfe8368be3548335" },
    { 3, 0, "c5c907dc04430ebb1cbe748195971d38eb707c0b5a24e2ec6b5fd5c995cb6d7f" },
};
static const char *const pads[] = {
    "0000000000000000000000000000000000000000000000000000000000000000",
    "f5a5fd42d16a20302798ef6ed309979b43003d2320d9f0e8ea9831a92759fb4b",
    "db56114e00fdd4c1f85c892bf35ac9a89289aaecb1ebd0a96cde606a748b5d71",
    "c78009fdf07fc56a11f122370658a353aaa542ed63e44c4bc15ff4cd105ab33c",
};
/* clang-format on */

static void hash_is(const uint8_t got[32], const char *want)
{
    char hex[65] = "";

    for (size_t i = 0; i < 32; i++)
        snprintf(hex + 2 * i, 3, "%02x", got[i]);
    assert_string_equal(hex, want);
}

/* In a heap block of just that size, so that a read beyond it shows. */
static uint8_t *file_of(size_t len)
{
    uint8_t *data = malloc(len);

    assert_non_null(data);
    for (size_t i = 0; i < len; i++)
        data[i] = (uint8_t)(i / BTW_BLOCK_SIZE + 1);
    return data;
}

static void heights_follow_from_lengths(void **state)
{
    static const struct {
        uint64_t length;
        unsigned height;
    } rows[] = {
        { 0, 0 },
        { 1, 0 },
        { 16384, 0 },
        { 16385, 1 },
        { 32768, 1 },
        { 32769, 2 },
        { SIZE, 3 },
        { UINT64_C(1) << 40, 26 },
        { INT64_MAX, BTW_MERKLE_HEIGHT_MAX },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_int_equal(btw_merkle_height(rows[i].length), rows[i].height);
    assert_int_equal(btw_merkle_piece_layer(16384), 0);
    assert_int_equal(btw_merkle_piece_layer(32768), 1);
    assert_int_equal(btw_merkle_piece_layer(UINT32_C(1) << 31), 17);
}

static void a_tree_has_the_known_nodes(void **state)
{
    uint8_t *data = file_of(SIZE), hash[32];
    size_t size = btw_merkle_size(BLOCKS, 0, 3);
    uint8_t *memory = malloc(size);
    struct btw_merkle tree;

    (void)state;
    assert_non_null(memory);
    assert_int_equal(size, (5 + 3 + 2 + 1) * 32);
    for (size_t i = 0; i < BLOCKS; i++)
        btw_sha256(memory + i * 32, btw_slice_of(data + i * BTW_BLOCK_SIZE, BTW_BLOCK_SIZE));
    assert_true(btw_merkle_build(&tree, memory, BLOCKS, 0, 3));
    for (size_t i = 0; i < COUNT(nodes); i++) {
        assert_true(btw_merkle_get(&tree, nodes[i].layer, nodes[i].index, hash));
        hash_is(hash, nodes[i].hash);
    }
    assert_int_equal(btw_merkle_count(&tree, 0), 5);
    assert_int_equal(btw_merkle_count(&tree, 2), 2);
    assert_int_equal(btw_merkle_count(&tree, 4), 0);
    assert_false(btw_merkle_get(&tree, 0, 8, hash));
    assert_false(btw_merkle_get(&tree, 3, 1, hash));
    assert_false(btw_merkle_get(&tree, 4, 0, hash));
    assert_false(btw_merkle_get(&tree, UINT32_MAX, 0, hash));
    assert_false(btw_merkle_get(&tree, 0, UINT64_MAX, hash));
    free(memory);
    free(data);
}

static void a_tree_may_begin_at_the_piece_layer(void **state)
{
    uint8_t memory[6 * 32], hash[32], *data = file_of(SIZE);
    struct btw_merkle tree;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        size_t at = i * 32768, len = SIZE - at < 32768 ? SIZE - at : 32768;
        assert_true(btw_merkle_of_data(memory + i * 32, btw_slice_of(data + at, len), 1));
    }
    assert_int_equal(btw_merkle_size(3, 1, 3), sizeof memory);
    assert_true(btw_merkle_build(&tree, memory, 3, 1, 3));
    for (size_t i = 0; i < COUNT(nodes); i++) {
        assert_int_equal(btw_merkle_get(&tree, nodes[i].layer, nodes[i].index, hash), nodes[i].layer >= 1);
        if (nodes[i].layer >= 1)
            hash_is(hash, nodes[i].hash);
    }
    free(data);
}

static void impossible_trees_are_refused(void **state)
{
    static const struct {
        uint64_t count;
        unsigned base, height;
        size_t size;
    } rows[] = {
        { 1, 0, 0, 32 },
        { 1, 3, 3, 32 },
        { 8, 0, 3, 15 * 32 },
        { 0, 0, 3, 0 },
        { 9, 0, 3, 0 },
        { 1, 4, 3, 0 },
        { 1, 0, BTW_MERKLE_HEIGHT_MAX, (BTW_MERKLE_HEIGHT_MAX + 1) * 32 },
        { 1, 0, BTW_MERKLE_HEIGHT_MAX + 1, 0 },
        { UINT64_MAX, 0, BTW_MERKLE_HEIGHT_MAX, 0 },
    };
    struct btw_merkle tree;

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_int_equal(btw_merkle_size(rows[i].count, rows[i].base, rows[i].height), rows[i].size);
        if (rows[i].size == 0)
            assert_false(btw_merkle_build(&tree, NULL, rows[i].count, rows[i].base, rows[i].height));
    }
}

static void padding_has_the_known_hashes(void **state)
{
    uint8_t hash[32];

    (void)state;
    for (unsigned i = 0; i < COUNT(pads); i++) {
        btw_merkle_pad(hash, i);
        hash_is(hash, pads[i]);
    }
}

/* Sizes with their roots in the given layer, from hashlib. */
static void data_of_any_length_has_its_root(void **state)
{
    static const struct {
        size_t len;
        unsigned layer;
        const char *root;
    } rows[] = {
        { 1, 0, "4bf5122f344554c53bde2ebb8cd2b7e3d1600ad631c385a5d7cce23c7785459a" },
        { 16384, 0, "111ce3c2a38d83a2e4706bde4abddd509d7f8248116c6832b06745bdc349e09f" },
        { SIZE, 3, "c5c907dc04430ebb1cbe748195971d38eb707c0b5a24e2ec6b5fd5c995cb6d7f" },
        { 32768, 1, "1a1fb8144cac6f79b4f40c57031dc35f63b3c3f9fbe828413bc0d9210865d72a" },
        /* one byte of a second block; in a tree of four leaves, too */
        { 16385, 1, "28b522a07eed0589ba0731558a9d171299f492ad93239b69f72aa9ba41c2818d" },
        { 16385, 2, "cd41c2fae08b0024a39c7291eff5183f570002c5871724d3c9ac831a4b005834" },
    };
    uint8_t hash[32];

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint8_t *data = file_of(rows[i].len);
        assert_true(btw_merkle_of_data(hash, btw_slice_of(data, rows[i].len), rows[i].layer));
        hash_is(hash, rows[i].root);
        free(data);
    }
}

static void sums_refuse_what_does_not_fit(void **state)
{
    uint8_t *data = file_of(SIZE), hash[32] = { 0 };

    (void)state;
    assert_false(btw_merkle_of_data(hash, btw_slice_of(NULL, 0), 0));
    assert_false(btw_merkle_of_data(hash, btw_slice_of(data, SIZE), 2));
    assert_false(btw_merkle_of_data(hash, btw_slice_of(data, SIZE), BTW_MERKLE_HEIGHT_MAX + 1));
    assert_true(btw_merkle_of_hashes(hash, btw_slice_of(data, 64), 1, 2));
    assert_false(btw_merkle_of_hashes(hash, btw_slice_of(data, 63), 1, 2));
    assert_false(btw_merkle_of_hashes(hash, btw_slice_of(data, 96), 1, 2));
    assert_false(btw_merkle_of_hashes(hash, btw_slice_of(data, 32), 2, 1));
    free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(heights_follow_from_lengths),         cmocka_unit_test(a_tree_has_the_known_nodes),
        cmocka_unit_test(a_tree_may_begin_at_the_piece_layer), cmocka_unit_test(impossible_trees_are_refused),
        cmocka_unit_test(padding_has_the_known_hashes),        cmocka_unit_test(data_of_any_length_has_its_root),
        cmocka_unit_test(sums_refuse_what_does_not_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

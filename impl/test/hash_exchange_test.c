/* SPDX-License-Identifier: MIT
 *
 * Requests for hashes of the file of five blocks of merkle_test.c, and their answers, written down from the tree.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "btw/hash_exchange.h"

#define COUNT(rows) (sizeof(rows) / sizeof(rows)[0])

/* Leaves, layer 1, layer 2 and the root of the tree. */
#define L0 "111ce3c2a38d83a2e4706bde4abddd509d7f8248116c6832b06745bdc349e09f"
#define L1 "746664dba900c81ef311c8456e15b02a5efeee3736a4f3827ce1eb1e0c24d8da"
#define L2 "467cc9ea2a7a0e20a11a77ba37179a42ca9de21d8155c14ca5325d56dba1e2c4"
#define L3 "398d5a4e10fcb5e60748ec07237105bde4a1a2a1560fa4e1410e680b97f45247"
#define L4 "91e69faaa9b6e93a7ad72921e02f6cbac0561e7c0af1e844e9dd5008ceebd30d"
#define ZERO "0000000000000000000000000000000000000000000000000000000000000000"
#define M0 "1a1fb8144cac6f79b4f40c57031dc35f63b3c3f9fbe828413bc0d9210865d72a"
#define M1 "729dd197ee4b3105b86eefb543fdc53def9abbd5a37d61c69efb12be4bf1fcce"
#define M2 "e2733491464b085ad18adb9c426d9d7b971fcaebb4f2ea32a8f32e4220e6d116"
#define M3 "f5a5fd42d16a20302798ef6ed309979b43003d2320d9f0e8ea9831a92759fb4b"
#define N0 "8aa46b99f2907a2e06a12eed5ab6fcd5bd86bc7f49fe062eeaa78a4304b314eb"
#define N1 "12f841ef79e2ee312ee605056b70a9a965f3e5b65a6bcfbacfe8368be3548335"
#define ROOT "c5c907dc04430ebb1cbe748195971d38eb707c0b5a24e2ec6b5fd5c995cb6d7f"

enum { HEIGHT = 3 };

static size_t from_hex(uint8_t *out, const char *hex)
{
    size_t len = strlen(hex) / 2;

    for (size_t i = 0; i < len; i++) {
        unsigned byte = 0;
        assert_int_equal(sscanf(hex + 2 * i, "%2x", &byte), 1);
        out[i] = (uint8_t)byte;
    }
    return len;
}

static struct btw_hash_range range_of(uint32_t base, uint32_t index, uint32_t length, uint32_t proof)
{
    struct btw_hash_range range = { .base = base, .index = index, .length = length, .proof = proof };

    from_hex(range.root, ROOT);
    return range;
}

/* base 0: the whole tree; 1: from the piece layer of 32 KiB pieces on. */
static struct btw_merkle tree_from(unsigned base, uint8_t memory[11 * 32])
{
    struct btw_merkle tree;
    size_t len = from_hex(memory, base == 0 ? L0 L1 L2 L3 L4 : M0 M1 M2);

    assert_true(btw_merkle_build(&tree, memory, len / 32, base, HEIGHT));
    return tree;
}

/* clang-format off */
static const struct {
    uint32_t base, index, length, proof;
    const char *hashes;
    unsigned top; /* layer that the answer proves */
} answers[] = {
    { 0, 0, 2, 2, L0 L1 M1 N1,                          3 },
    { 0, 2, 2, 2, L2 L3 M0 N1,                          3 },
    { 0, 4, 2, 2, L4 ZERO M3 N0,                        3 },
    { 0, 6, 2, 2, ZERO ZERO M2 N0,                      3 },
    { 0, 0, 4, 2, L0 L1 L2 L3 N1,                       3 },
    { 0, 4, 4, 2, L4 ZERO ZERO ZERO N0,                 3 },
    { 0, 0, 8, 2, L0 L1 L2 L3 L4 ZERO ZERO ZERO,        3 },
    { 0, 0, 8, 0, L0 L1 L2 L3 L4 ZERO ZERO ZERO,        3 },
    { 1, 2, 2, 1, M2 M3 N0,                             3 },
    { 1, 0, 4, 1, M0 M1 M2 M3,                          3 },
    { 2, 0, 2, 0, N0 N1,                                3 },
    /* proofs that end below the root */
    { 0, 0, 2, 0, L0 L1,                                1 },
    { 0, 0, 2, 1, L0 L1 M1,                             2 },
    { 0, 4, 4, 1, L4 ZERO ZERO ZERO,                    2 },
    { 1, 2, 2, 0, M2 M3,                                2 },
};
static const struct {
    uint32_t base, index, length, proof;
    const char *why;
} invalid[] = {
    { 0, 0, 0, 0,                   "power of two" },
    { 0, 0, 1, 0,                   "power of two" },
    { 0, 0, 3, 0,                   "power of two" },
    { 0, 0, UINT32_MAX, 0,          "power of two" },
    { 0, 0, 1024, 0,                "512" },
    { 0, 0, UINT32_C(1) << 31, 0,   "512" },
    { 0, 1, 2, 0,                   "multiple" },
    { 0, 2, 4, 0,                   "multiple" },
    { 0, 8, 2, 0,                   "outside" },
    { 0, 0, 16, 0,                  "outside" },
    { 1, 4, 2, 0,                   "outside" },
    { 3, 0, 2, 0,                   "outside" },
    { 4, 0, 2, 0,                   "outside" },
    { UINT32_MAX, 0, 2, 0,          "outside" },
    { 0, UINT32_MAX - 1, 2, 0,      "outside" },
    { 0, 0, 2, 3,                   "beyond the root" },
    { 2, 0, 2, 1,                   "beyond the root" },
    { 0, 0, 2, UINT32_MAX,          "beyond the root" },
};
/* clang-format on */

static void answers_are_the_known_hashes(void **state)
{
    uint8_t memory[11 * 32], want[8 * 32];
    struct btw_merkle tree = tree_from(0, memory);

    (void)state;
    for (size_t i = 0; i < COUNT(answers); i++) {
        struct btw_hash_range range = range_of(answers[i].base, answers[i].index, answers[i].length, answers[i].proof);
        size_t size = from_hex(want, answers[i].hashes), len;
        uint8_t *out = malloc(size);
        assert_non_null(out);
        assert_int_equal(btw_hash_range_count(&range) * 32, size);
        assert_int_equal(btw_hashes_write(out, size, &len, &tree, &range, NULL), BTW_OK);
        assert_int_equal(len, size);
        assert_memory_equal(out, want, size);
        assert_int_equal(btw_hashes_write(out, size - 1, &len, &tree, &range, NULL), BTW_NO_SPACE);
        free(out);
    }
}

static void answers_prove_what_they_reach(void **state)
{
    uint8_t hashes[8 * 32], node[32], memory[11 * 32], want[32];
    struct btw_merkle tree = tree_from(0, memory);
    unsigned layer;
    uint64_t index;

    (void)state;
    for (size_t i = 0; i < COUNT(answers); i++) {
        struct btw_hash_range range = range_of(answers[i].base, answers[i].index, answers[i].length, answers[i].proof);
        struct btw_slice slice = { hashes, from_hex(hashes, answers[i].hashes) };
        assert_int_equal(btw_hashes_top(node, &layer, &index, slice, &range, HEIGHT, NULL), BTW_OK);
        assert_int_equal(layer, answers[i].top);
        assert_true(btw_merkle_get(&tree, layer, index, want));
        assert_memory_equal(node, want, 32);
        assert_int_equal(btw_hashes_verify(slice, &range, HEIGHT, NULL),
                         answers[i].top == HEIGHT ? BTW_OK : BTW_REFUSED);
    }
}

static void one_wrong_bit_anywhere_proves_nothing(void **state)
{
    uint8_t hashes[8 * 32];

    (void)state;
    for (size_t i = 0; i < COUNT(answers); i++) {
        struct btw_hash_range range = range_of(answers[i].base, answers[i].index, answers[i].length, answers[i].proof);
        struct btw_slice slice = { hashes, from_hex(hashes, answers[i].hashes) };
        for (size_t at = 0; answers[i].top == HEIGHT && at < slice.len; at += 31) {
            hashes[at] ^= 0x10;
            assert_int_equal(btw_hashes_verify(slice, &range, HEIGHT, NULL), BTW_BAD_WIRE);
            hashes[at] ^= 0x10;
        }
        range.root[31] ^= 1;
        if (answers[i].top == HEIGHT)
            assert_int_equal(btw_hashes_verify(slice, &range, HEIGHT, NULL), BTW_BAD_WIRE);
    }
}

static void an_answer_has_just_its_number_of_hashes(void **state)
{
    struct btw_hash_range range = range_of(0, 0, 2, 2);
    uint8_t *hashes = malloc(5 * 32);

    (void)state;
    assert_non_null(hashes);
    from_hex(hashes, L0 L1 M1 N1 ROOT);
    for (size_t len = 0; len <= 5 * 32; len++)
        assert_int_equal(btw_hashes_verify(btw_slice_of(hashes, len), &range, HEIGHT, NULL),
                         len == 4 * 32 ? BTW_OK : BTW_BAD_WIRE);
    free(hashes);
}

static void invalid_ranges_are_refused(void **state)
{
    uint8_t memory[11 * 32], out[32], node[32];
    struct btw_merkle tree = tree_from(0, memory);
    unsigned layer;
    uint64_t index;
    size_t len;

    (void)state;
    for (size_t i = 0; i < COUNT(invalid); i++) {
        struct btw_hash_range range = range_of(invalid[i].base, invalid[i].index, invalid[i].length, invalid[i].proof);
        struct btw_diag diag = { 0 };
        assert_int_equal(btw_hash_range_check(&range, HEIGHT, &diag), BTW_REFUSED);
        assert_non_null(strstr(diag.text, invalid[i].why));
        assert_int_equal(btw_hashes_write(out, sizeof out, &len, &tree, &range, NULL), BTW_REFUSED);
        assert_int_equal(btw_hashes_top(node, &layer, &index, btw_slice_of(NULL, 0), &range, HEIGHT, NULL),
                         BTW_REFUSED);
    }
    struct btw_hash_range range = range_of(0, 0, 2, 0);
    assert_int_equal(btw_hash_range_check(&range, 0, NULL), BTW_REFUSED);
    range = range_of(0, 0, 512, 39);
    assert_int_equal(btw_hash_range_check(&range, 40, NULL), BTW_OK);
}

static void what_lies_below_the_known_layers_is_not_found(void **state)
{
    uint8_t memory[11 * 32], out[4 * 32], want[4 * 32];
    struct btw_merkle tree = tree_from(1, memory);
    struct btw_hash_range leaves = range_of(0, 0, 2, 2), pieces = range_of(1, 2, 2, 1);
    size_t len;

    (void)state;
    assert_int_equal(btw_hashes_write(out, sizeof out, &len, &tree, &leaves, NULL), BTW_NOT_FOUND);
    assert_int_equal(btw_hashes_write(out, sizeof out, &len, &tree, &pieces, NULL), BTW_OK);
    assert_int_equal(len, from_hex(want, M2 M3 N0));
    assert_memory_equal(out, want, len);
}

static void ranges_go_into_messages_and_back(void **state)
{
    struct btw_hash_range range = range_of(1, 2, 3, 4), back, other;
    struct btw_msg msg = { .type = BTW_HASH_REQUEST };
    uint8_t wire[64], want[64];
    size_t len;

    (void)state;
    btw_hash_range_put(&msg, &range);
    assert_int_equal(btw_msg_encode(wire, sizeof wire, &len, &msg), BTW_OK);
    assert_int_equal(len, from_hex(want, "00000031"
                                         "15" ROOT "00000001"
                                         "00000002"
                                         "00000003"
                                         "00000004"));
    assert_memory_equal(wire, want, len);
    back = btw_hash_range_of(&msg);
    assert_true(btw_hash_range_equal(&range, &back));
    for (int field = 0; field < 5; field++) {
        other = range;
        other.root[0] ^= field == 0;
        other.base += field == 1;
        other.index += field == 2;
        other.length += field == 3;
        other.proof += field == 4;
        assert_false(btw_hash_range_equal(&range, &other));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_are_the_known_hashes),
        cmocka_unit_test(answers_prove_what_they_reach),
        cmocka_unit_test(one_wrong_bit_anywhere_proves_nothing),
        cmocka_unit_test(an_answer_has_just_its_number_of_hashes),
        cmocka_unit_test(invalid_ranges_are_refused),
        cmocka_unit_test(what_lies_below_the_known_layers_is_not_found),
        cmocka_unit_test(ranges_go_into_messages_and_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT
 *
 * Hashes of the fixture `v2`, told right from wrong: with a proof, by the piece layers, and not at all.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "btw/fixture.h"
#include "btw/hash_exchange.h"
#include "tree.h"

enum { PIECES = 40, PIECE_LAYER = 1, HASHES_MAX = 64 };

/* The last file: 40 pieces of 32 KiB, so 64 places in layer 1 of a tree of 7 layers. */
struct bench {
    struct btw_fixture fixture;
    struct cap_torrent torrent;
    struct btw_metainfo_file file;
    uint8_t memory[2 * HASHES_MAX * BTW_SHA256_SIZE];
    struct btw_merkle tree;
};

static void set_up(struct bench *bench)
{
    struct btw_metainfo_file file;
    struct btw_slice layer;
    memset(bench, 0, sizeof *bench);
    assert_int_equal(btw_fixture_make(&bench->fixture, "v2", 0), BTW_OK);
    bench->torrent.meta = bench->fixture.meta;
    struct btw_metainfo_files files = btw_metainfo_files_v2(&bench->fixture.meta);
    while (btw_metainfo_next_file(&files, &file)) {
        if (file.root != NULL && file.length > 39 * 32768)
            bench->file = file;
    }
    assert_non_null(bench->file.root);
    assert_true(btw_metainfo_piece_layer(&bench->fixture.meta, bench->file.root, &layer));
    assert_int_equal(layer.len, PIECES * BTW_SHA256_SIZE);
    memcpy(bench->memory, layer.data, layer.len);
    assert_true(btw_merkle_size(PIECES, PIECE_LAYER, btw_merkle_height(bench->file.length)) <= sizeof bench->memory);
    assert_true(
        btw_merkle_build(&bench->tree, bench->memory, PIECES, PIECE_LAYER, btw_merkle_height(bench->file.length)));
}

static const struct {
    uint32_t base, index, length, proof;
    size_t flip; /* this byte of the hashes is wrong; SIZE_MAX: none */
    size_t cut;  /* so many bytes are missing */
    enum btw_status status;
} rows[] = {
    { 1, 2, 2, 5, SIZE_MAX, 0, BTW_OK }, /* up to the root */
    { 1, 2, 2, 5, 0, 0, BTW_BAD_WIRE },
    { 1, 2, 2, 5, 191, 0, BTW_BAD_WIRE },
    { 1, 2, 2, 5, SIZE_MAX, 32, BTW_BAD_WIRE },
    { 1, 0, 64, 0, SIZE_MAX, 0, BTW_OK },
    { 1, 0, 64, 0, 64 * 32 - 1, 0, BTW_BAD_WIRE }, /* in the padding */
    { 1, 4, 4, 0, SIZE_MAX, 0, BTW_OK },           /* without proof, by the piece layers */
    { 1, 4, 4, 0, 100, 0, BTW_BAD_WIRE },
    { 1, 4, 4, 0, SIZE_MAX, 32, BTW_BAD_WIRE },
    { 1, 48, 16, 0, SIZE_MAX, 0, BTW_OK }, /* nothing but padding */
    { 1, 48, 16, 0, 5, 0, BTW_BAD_WIRE },
    { 2, 4, 4, 2, SIZE_MAX, 0, BTW_OK },
    { 2, 4, 4, 2, 130, 0, BTW_BAD_WIRE },
};

static void hashes_are_told_right_from_wrong(void **state)
{
    static struct bench bench;
    (void)state;
    set_up(&bench);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t hashes[(HASHES_MAX + 8) * BTW_SHA256_SIZE];
        size_t len;
        struct btw_hash_range range = { { 0 }, rows[i].base, rows[i].index, rows[i].length, rows[i].proof };
        memcpy(range.root, bench.file.root, sizeof range.root);
        assert_int_equal(btw_hashes_write(hashes, sizeof hashes, &len, &bench.tree, &range, NULL), BTW_OK);
        if (rows[i].flip != SIZE_MAX)
            hashes[rows[i].flip] ^= 1;
        struct btw_msg msg = { .type = BTW_HASHES, .data = { hashes, len - rows[i].cut } };
        btw_hash_range_put(&msg, &range);
        if (cap_tree_check(&bench.torrent, &msg) != rows[i].status)
            fail_msg("row %zu", i);
        bench.torrent.meta.piece_layers = (struct btw_slice){ 0 };
        bool proven = rows[i].proof == 5 || rows[i].length == 64;
        bool short_of = rows[i].cut > 0;
        assert_int_equal(cap_tree_check(&bench.torrent, &msg), proven || short_of ? rows[i].status : BTW_NOT_FOUND);
        bench.torrent.meta.piece_layers = bench.fixture.meta.piece_layers;
        msg.root[0] ^= 1;
        assert_int_equal(cap_tree_check(&bench.torrent, &msg), BTW_NOT_FOUND);
    }
    btw_fixture_free(&bench.fixture);
}

/* Zeros, which no leaf is.  What they add up to lies in the piece layer or above. */
static void leaves_are_compared_by_what_they_add_up_to(void **state)
{
    static struct bench bench;
    static const uint8_t hashes[4 * BTW_SHA256_SIZE];
    struct btw_msg msg = { .type = BTW_HASHES, .data = { hashes, sizeof hashes } };
    (void)state;
    set_up(&bench);
    struct btw_hash_range range = { { 0 }, 0, 0, 4, 0 };
    memcpy(range.root, bench.file.root, sizeof range.root);
    btw_hash_range_put(&msg, &range);
    assert_int_equal(cap_tree_check(&bench.torrent, &msg), BTW_BAD_WIRE); /* two pieces: layer 2 */
    range.length = 2;
    btw_hash_range_put(&msg, &range);
    msg.data.len /= 2;
    assert_int_equal(cap_tree_check(&bench.torrent, &msg), BTW_BAD_WIRE); /* one piece: layer 1 */
    range.length = 3;                                                     /* nobody may ask so */
    btw_hash_range_put(&msg, &range);
    assert_int_equal(cap_tree_check(&bench.torrent, &msg), BTW_NOT_FOUND);
    btw_fixture_free(&bench.fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hashes_are_told_right_from_wrong),
        cmocka_unit_test(leaves_are_compared_by_what_they_add_up_to),
    };
    return cmocka_run_group_tests_name("tree", tests, NULL, NULL);
}

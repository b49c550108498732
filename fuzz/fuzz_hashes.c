/* SPDX-License-Identifier: MIT
 *
 * What a tree answers to a request for hashes leads to its root, and with any one byte changed it does not; whatever
 * else claims to be such an answer proves nothing unless it is that answer.  Building a tree piece by piece, at once,
 * and by the book comes to one root.
 *
 * The input is leaves; the request and what becomes of the answer are read from its end.
 */
#include "btw/hash_exchange.h"
#include "fuzz.h"

enum { LEAVES_MAX = 64, HEIGHT_MAX = 12, ROOM = 32 * 1024 };

/* What is not done for every input. */
enum { ROOT, DATA, EXCHANGES };

/* By the book: halves, down to leaves, zeros beyond the end. */
/* NOLINTNEXTLINE(misc-no-recursion): as deep as the tree is high */
static void node_by_the_book(uint8_t out[32], const uint8_t *leaves, uint64_t count, unsigned layer, uint64_t index)
{
    uint8_t left[32], right[32];

    if (index << layer >= count) {
        btw_merkle_pad(out, layer);
    } else if (layer == 0) {
        memcpy(out, leaves + index * 32, 32);
    } else {
        node_by_the_book(left, leaves, count, layer - 1, 2 * index);
        node_by_the_book(right, leaves, count, layer - 1, 2 * index + 1);
        btw_merkle_node(out, left, right);
    }
}

static void check_one_root(const struct btw_merkle *tree, const uint8_t *leaves)
{
    struct btw_merkle_sum sum;
    uint8_t book[32], summed[32], built[32], at_once[32];

    node_by_the_book(book, leaves, tree->count, tree->height, 0);
    btw_merkle_sum_init(&sum, 0);
    for (uint64_t i = 0; i < tree->count; i++)
        btw_merkle_sum_add(&sum, leaves + 32 * i);
    FUZZ_CHECK(btw_merkle_sum_end(&sum, tree->height, summed) && memcmp(book, summed, 32) == 0);
    FUZZ_CHECK(btw_merkle_get(tree, tree->height, 0, built) && memcmp(book, built, 32) == 0);
    FUZZ_CHECK(btw_merkle_of_hashes(at_once, btw_slice_of(leaves, tree->count * 32), 0, tree->height));
    FUZZ_CHECK(memcmp(book, at_once, 32) == 0);
    FUZZ_CHECK(!btw_merkle_get(tree, tree->height + 1, 0, built));
}

/* A file that fits in one block is one leaf, whatever stands above it. */
static void check_data(struct btw_slice in, unsigned height)
{
    uint8_t leaf[32], of_data[32], of_leaf[32];

    btw_sha256(leaf, in);
    FUZZ_CHECK(btw_merkle_of_data(of_data, in, height) == (in.len > 0));
    FUZZ_CHECK(btw_merkle_of_hashes(of_leaf, btw_slice_of(leaf, 32), 0, height));
    FUZZ_CHECK(in.len == 0 || memcmp(of_data, of_leaf, 32) == 0);
}

/* An answer with one byte changed is none. */
static void check_answer(uint8_t *answer, size_t len, const struct btw_hash_range *range, unsigned height,
                         struct fuzz_choices *choices)
{
    struct btw_hash_range other = *range;
    size_t at = fuzz_choose(choices, len);
    enum btw_status whole = btw_hashes_verify(btw_slice_of(answer, len), range, height, NULL);

    FUZZ_CHECK(whole == BTW_OK || whole == BTW_REFUSED);
    FUZZ_CHECK(btw_hashes_verify(btw_slice_of(answer, len - 1), range, height, NULL) != BTW_OK);
    answer[at] ^= 1;
    FUZZ_CHECK(btw_hashes_verify(btw_slice_of(answer, len), range, height, NULL) != BTW_OK);
    answer[at] ^= 1;
    other.root[at % 32] ^= 0x80;
    FUZZ_CHECK(btw_hashes_verify(btw_slice_of(answer, len), &other, height, NULL) != BTW_OK);
}

static struct btw_hash_range choose_range(struct fuzz_choices *choices)
{
    struct btw_hash_range range = { .base = fuzz_choose_byte(choices) & 15 };
    uint8_t form = fuzz_choose_byte(choices);

    range.length = form & 0x80 ? fuzz_choose_byte(choices) : 1U << (form & 7);
    range.index = fuzz_choose_byte(choices) * (form & 0x40 ? 1 : range.length);
    range.proof = fuzz_choose_byte(choices) & 31;
    if (form & 0x20)
        range.index = UINT32_MAX - range.index;
    return range;
}

static void check_exchange(const struct btw_merkle *tree, const uint8_t *leaves, struct fuzz_choices *choices,
                           struct btw_slice in)
{
    static uint8_t answer[ROOM];
    struct btw_hash_range range = choose_range(choices);
    uint8_t node[32], book[32];
    unsigned layer;
    uint64_t index;
    size_t len = 0;
    enum btw_status status;

    FUZZ_CHECK(btw_merkle_get(tree, tree->height, 0, range.root));
    status = btw_hashes_write(answer, sizeof answer, &len, tree, &range, NULL);
    FUZZ_CHECK((btw_hash_range_check(&range, tree->height, NULL) == BTW_REFUSED) == (status == BTW_REFUSED));
    if (status == BTW_OK) {
        FUZZ_CHECK(len == 32 * btw_hash_range_count(&range));
        FUZZ_CHECK(btw_hashes_top(node, &layer, &index, btw_slice_of(answer, len), &range, tree->height, NULL) ==
                   BTW_OK);
        node_by_the_book(book, leaves, tree->count, layer, index);
        FUZZ_CHECK(memcmp(node, book, 32) == 0);
        check_answer(answer, len, &range, tree->height, choices);
        FUZZ_CHECK(btw_hashes_write(answer, len - 1, &len, tree, &range, NULL) == BTW_NO_SPACE);
    }
    if (btw_hashes_verify(in, &range, tree->height, NULL) == BTW_OK)
        FUZZ_CHECK(status == BTW_OK && btw_slice_equal(in, btw_slice_of(answer, in.len)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t leaves[LEAVES_MAX * 32], memory[ROOM];
    struct fuzz_choices choices = fuzz_choices_of(data, size);
    uint64_t count = size / 32 < 1 ? 1 : size / 32 < LEAVES_MAX ? size / 32 : LEAVES_MAX;
    unsigned height = fuzz_choose_byte(&choices) % HEIGHT_MAX;
    struct btw_merkle tree;
    size_t need = btw_merkle_size(count, 0, height);

    memset(leaves, 0, sizeof leaves);
    memcpy(leaves, data, size < sizeof leaves ? size : sizeof leaves);
    memcpy(memory, leaves, sizeof leaves);
    FUZZ_CHECK(need <= sizeof memory && (need == 0) == (count > UINT64_C(1) << height));
    FUZZ_CHECK(btw_merkle_build(&tree, memory, count, 0, height) == (need > 0));
    if (need == 0)
        return 0;
    if (fuzz_is_due(data, size, ROOT, 16))
        check_one_root(&tree, leaves);
    if (fuzz_is_due(data, size, DATA, 16))
        check_data(btw_slice_of(data, size < BTW_BLOCK_SIZE ? size : BTW_BLOCK_SIZE), height);
    check_exchange(&tree, leaves, &choices, btw_slice_of(data, size));
    for (unsigned i = 0; i < 3; i++)
        if (fuzz_is_due(data, size, EXCHANGES + i, 8))
            check_exchange(&tree, leaves, &choices, btw_slice_of(data, size));
    return 0;
}

/* SPDX-License-Identifier: MIT
 *
 * Hash trees of BEP 52: nodes, sums over a layer, and trees that are kept.  Which part of one a peer may ask for is
 * hash_exchange.c's business.
 */
#include "btw/merkle.h"

#include <assert.h>

#include "btw/msg.h"

enum { HASH = BTW_SHA256_SIZE };

unsigned btw_merkle_height(uint64_t length)
{
    uint64_t blocks = length / BTW_BLOCK_SIZE + (length % BTW_BLOCK_SIZE != 0);
    unsigned height = 0;

    while (UINT64_C(1) << height < blocks)
        height++;
    return height;
}

unsigned btw_merkle_piece_layer(uint32_t piece_length)
{
    assert(piece_length >= BTW_BLOCK_SIZE && (piece_length & (piece_length - 1)) == 0);
    return btw_merkle_height(piece_length);
}

void btw_merkle_node(uint8_t out[32], const uint8_t left[32], const uint8_t right[32])
{
    uint8_t both[2 * HASH];

    memcpy(both, left, HASH);
    memcpy(both + HASH, right, HASH);
    btw_sha256(out, btw_slice_of(both, sizeof both));
}

void btw_merkle_pad(uint8_t out[32], unsigned layer)
{
    memset(out, 0, HASH);
    while (layer-- > 0)
        btw_merkle_node(out, out, out);
}

/* --- sums ------------------------------------------------------------------------------------------------------------
 */

void btw_merkle_sum_init(struct btw_merkle_sum *sum, unsigned base)
{
    sum->count = 0;
    sum->base = base;
}

/* Like counting in binary: a carry joins two subtrees of the same size. */
void btw_merkle_sum_add(struct btw_merkle_sum *sum, const uint8_t hash[32])
{
    unsigned bit = 0;
    uint8_t node[HASH];

    memcpy(node, hash, HASH);
    for (; sum->count >> bit & 1; bit++)
        btw_merkle_node(node, sum->stack[bit], node);
    assert(bit <= BTW_MERKLE_HEIGHT_MAX);
    memcpy(sum->stack[bit], node, HASH);
    sum->count++;
}

bool btw_merkle_sum_end(const struct btw_merkle_sum *sum, unsigned layer, uint8_t out[32])
{
    uint8_t node[HASH], pad[HASH];

    if (layer < sum->base || layer > BTW_MERKLE_HEIGHT_MAX || sum->count == 0 ||
        sum->count > UINT64_C(1) << (layer - sum->base))
        return false;
    unsigned top = layer - sum->base;
    if (sum->count == UINT64_C(1) << top) {
        memcpy(out, sum->stack[top], HASH);
        return true;
    }
    /* From the bottom: what is held joins with the subtree to its left, or else with padding to its right. */
    btw_merkle_pad(pad, sum->base);
    memcpy(node, pad, HASH);
    for (unsigned bit = 0; bit < top; bit++) {
        if (sum->count >> bit & 1)
            btw_merkle_node(node, sum->stack[bit], node);
        else
            btw_merkle_node(node, node, pad);
        btw_merkle_node(pad, pad, pad);
    }
    memcpy(out, node, HASH);
    return true;
}

bool btw_merkle_of_data(uint8_t out[32], struct btw_slice data, unsigned layer)
{
    struct btw_merkle_sum sum;
    uint8_t leaf[HASH];

    btw_merkle_sum_init(&sum, 0);
    for (size_t at = 0, len; at < data.len; at += len) {
        len = data.len - at < BTW_BLOCK_SIZE ? data.len - at : BTW_BLOCK_SIZE;
        btw_sha256(leaf, btw_slice_of(data.data + at, len));
        btw_merkle_sum_add(&sum, leaf);
    }
    return btw_merkle_sum_end(&sum, layer, out);
}

bool btw_merkle_of_hashes(uint8_t out[32], struct btw_slice hashes, unsigned base, unsigned layer)
{
    struct btw_merkle_sum sum;

    if (hashes.len % HASH != 0)
        return false;
    btw_merkle_sum_init(&sum, base);
    for (size_t at = 0; at < hashes.len; at += HASH)
        btw_merkle_sum_add(&sum, hashes.data + at);
    return btw_merkle_sum_end(&sum, layer, out);
}

/* --- trees -----------------------------------------------------------------------------------------------------------
 */

/* Hashes of a layer that cover data, by those of the layer below. */
static uint64_t above(uint64_t count)
{
    return count / 2 + count % 2;
}

size_t btw_merkle_size(uint64_t count, unsigned base, unsigned height)
{
    uint64_t sum = count;

    if (base > height || height > BTW_MERKLE_HEIGHT_MAX || count == 0 || count > UINT64_C(1) << (height - base))
        return 0;
    for (unsigned layer = base; layer < height; layer++)
        sum += count = above(count);
    return sum > SIZE_MAX / HASH ? 0 : (size_t)sum * HASH;
}

bool btw_merkle_build(struct btw_merkle *tree, uint8_t *memory, uint64_t count, unsigned base, unsigned height)
{
    uint8_t *below = memory, pad[HASH];

    if (btw_merkle_size(count, base, height) == 0)
        return false;
    *tree = (struct btw_merkle){ memory, count, base, height };
    btw_merkle_pad(pad, base);
    for (unsigned layer = base; layer < height; layer++) {
        uint8_t *out = below + count * HASH;
        for (uint64_t i = 0; i < count; i += 2, out += HASH)
            btw_merkle_node(out, below + i * HASH, i + 1 < count ? below + (i + 1) * HASH : pad);
        btw_merkle_node(pad, pad, pad);
        below += count * HASH;
        count = above(count);
    }
    return true;
}

uint64_t btw_merkle_count(const struct btw_merkle *tree, unsigned layer)
{
    uint64_t count = tree->count;

    if (layer < tree->base || layer > tree->height)
        return 0;
    for (unsigned below = tree->base; below < layer; below++)
        count = above(count);
    return count;
}

bool btw_merkle_get(const struct btw_merkle *tree, unsigned layer, uint64_t index, uint8_t out[32])
{
    const uint8_t *hashes = tree->hashes;

    if (layer < tree->base || layer > tree->height || index >> (tree->height - layer) != 0)
        return false;
    if (index >= btw_merkle_count(tree, layer)) {
        btw_merkle_pad(out, layer);
        return true;
    }
    for (unsigned below = tree->base; below < layer; below++)
        hashes += btw_merkle_count(tree, below) * HASH;
    memcpy(out, hashes + index * HASH, HASH);
    return true;
}

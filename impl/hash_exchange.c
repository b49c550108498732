/* SPDX-License-Identifier: MIT
 *
 * Ranges of hash trees: what may be asked for, how it is answered, what an answer proves (BEP 52).
 */
#include "btw/hash_exchange.h"

enum { HASH = BTW_SHA256_SIZE };

struct btw_hash_range btw_hash_range_of(const struct btw_msg *msg)
{
    struct btw_hash_range range = {
        .base = msg->base, .index = msg->index, .length = msg->length, .proof = msg->proof
    };

    memcpy(range.root, msg->root, sizeof range.root);
    return range;
}

void btw_hash_range_put(struct btw_msg *msg, const struct btw_hash_range *range)
{
    memcpy(msg->root, range->root, sizeof msg->root);
    msg->base = range->base;
    msg->index = range->index;
    msg->length = range->length;
    msg->proof = range->proof;
}

bool btw_hash_range_equal(const struct btw_hash_range *a, const struct btw_hash_range *b)
{
    return memcmp(a->root, b->root, sizeof a->root) == 0 && a->base == b->base && a->index == b->index &&
           a->length == b->length && a->proof == b->proof;
}

/* Exponent of a power of two. */
static unsigned log2_of(uint32_t power)
{
    unsigned log = 0;

    while (power >>= 1)
        log++;
    return log;
}

static uint32_t uncles(const struct btw_hash_range *range)
{
    uint32_t omitted = range->length < 2 ? 0 : log2_of(range->length) - 1;

    return range->proof > omitted ? range->proof - omitted : 0;
}

size_t btw_hash_range_count(const struct btw_hash_range *range)
{
    return (size_t)range->length + uncles(range);
}

static enum btw_status refuse(struct btw_diag *diag, const char *why)
{
    return btw_fail(diag, BTW_REFUSED, 0, "%s", why);
}

enum btw_status btw_hash_range_check(const struct btw_hash_range *range, unsigned height, struct btw_diag *diag)
{
    if (range->length < 2 || (range->length & (range->length - 1)) != 0)
        return refuse(diag, "the number of hashes is no power of two of at least 2");
    if (range->length > BTW_HASHES_LENGTH_MAX)
        return refuse(diag, "more than 512 hashes");
    if (range->index % range->length != 0)
        return refuse(diag, "the index is no multiple of the number of hashes");
    if (range->base >= height || (uint64_t)range->index + range->length > UINT64_C(1) << (height - range->base))
        return refuse(diag, "the hashes lie outside the tree");
    if (range->proof > height - range->base - 1)
        return refuse(diag, "the proof goes beyond the root");
    return BTW_OK;
}

enum btw_status btw_hashes_write(uint8_t *out, size_t cap, size_t *len, const struct btw_merkle *tree,
                                 const struct btw_hash_range *range, struct btw_diag *diag)
{
    enum btw_status status = btw_hash_range_check(range, tree->height, diag);

    if (status != BTW_OK)
        return status;
    if (range->base < tree->base)
        return btw_fail(diag, BTW_NOT_FOUND, 0, "hashes below layer %u are not known", tree->base);
    if (cap / HASH < btw_hash_range_count(range))
        return btw_fail(diag, BTW_NO_SPACE, 0, "no room for the hashes");
    uint8_t *at = out;
    uint64_t count = btw_merkle_count(tree, range->base);
    for (uint32_t i = 0; i < range->length; i++, at += HASH) {
        if (i > 0 && (uint64_t)range->index + i > count)
            memcpy(at, at - HASH, HASH); /* padding is the same everywhere, and dear to compute */
        else
            btw_merkle_get(tree, range->base, (uint64_t)range->index + i, at);
    }
    unsigned layer = range->base + log2_of(range->length);
    uint64_t node = range->index >> log2_of(range->length);
    for (uint32_t i = uncles(range); i > 0; i--, layer++, node >>= 1, at += HASH)
        btw_merkle_get(tree, layer, node ^ 1, at);
    *len = (size_t)(at - out);
    return BTW_OK;
}

enum btw_status btw_hashes_top(uint8_t node[32], unsigned *layer, uint64_t *index, struct btw_slice hashes,
                               const struct btw_hash_range *range, unsigned height, struct btw_diag *diag)
{
    enum btw_status status = btw_hash_range_check(range, height, diag);
    uint8_t top[HASH];

    if (status != BTW_OK)
        return status;
    if (hashes.len != btw_hash_range_count(range) * HASH)
        return btw_fail(diag, BTW_BAD_WIRE, 0, "%zu bytes of hashes, must be %zu", hashes.len,
                        btw_hash_range_count(range) * HASH);
    size_t at = (size_t)range->length * HASH;
    *layer = range->base + log2_of(range->length);
    *index = range->index >> log2_of(range->length);
    btw_merkle_of_hashes(top, btw_slice_of(hashes.data, at), range->base, *layer);
    for (; at < hashes.len; at += HASH, ++*layer, *index >>= 1) {
        if (*index & 1)
            btw_merkle_node(top, hashes.data + at, top);
        else
            btw_merkle_node(top, top, hashes.data + at);
    }
    memcpy(node, top, HASH);
    return BTW_OK;
}

enum btw_status btw_hashes_verify(struct btw_slice hashes, const struct btw_hash_range *range, unsigned height,
                                  struct btw_diag *diag)
{
    uint8_t top[HASH];
    unsigned layer = 0;
    uint64_t index;
    enum btw_status status = btw_hashes_top(top, &layer, &index, hashes, range, height, diag);

    if (status != BTW_OK)
        return status;
    if (layer != height)
        return refuse(diag, "the proof ends below the root");
    if (memcmp(top, range->root, HASH) != 0)
        return btw_fail(diag, BTW_BAD_WIRE, 0, "the hashes do not lead to the pieces root");
    return BTW_OK;
}

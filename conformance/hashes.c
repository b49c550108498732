/* SPDX-License-Identifier: MIT
 *
 * Hash trees of files, made when they are asked for: from the piece layer where that is enough, else from the content.
 */
#include "hashes.h"

#include <stdlib.h>

enum { HASH = BTW_SHA256_SIZE };

bool scn_hashes_file(const struct scn_torrent *torrent, int64_t number, struct btw_metainfo_file *out)
{
    struct btw_metainfo_files files;
    if (!torrent->known || !torrent->meta.has_v2)
        return false;
    files = btw_metainfo_files_v2(&torrent->meta);
    while (btw_metainfo_next_file(&files, out)) {
        if (out->root != NULL && number-- == 0)
            return true;
    }
    return false;
}

bool scn_hashes_root(const struct scn_torrent *torrent, const uint8_t root[32], struct btw_metainfo_file *out)
{
    for (int64_t i = 0; scn_hashes_file(torrent, i, out); i++) {
        if (memcmp(out->root, root, HASH) == 0)
            return true;
    }
    return false;
}

static bool hash_leaves(const struct scn_torrent *torrent, const struct btw_metainfo_file *file, uint8_t *leaves)
{
    uint8_t block[BTW_BLOCK_SIZE];
    for (uint64_t at = 0, len; at < file->length; at += len, leaves += HASH) {
        len = file->length - at < sizeof block ? file->length - at : sizeof block;
        if (!torrent->read || !torrent->read(torrent, file->offset + at, block, (size_t)len))
            return false;
        btw_sha256(leaves, btw_slice_of(block, (size_t)len));
    }
    return true;
}

/* A tree that reaches down to the layer wanted; its memory is the caller's. */
static bool grow(const struct scn_torrent *torrent, const struct btw_metainfo_file *file, uint32_t base,
                 struct btw_merkle *tree)
{
    const struct btw_metainfo *meta = &torrent->meta;
    unsigned height = btw_merkle_height(file->length), layer = btw_merkle_piece_layer(meta->piece_length);
    struct btw_slice hashes = { NULL, 0 };
    bool known = base >= layer && meta->piece_layers.len > 0 && btw_metainfo_piece_layer(meta, file->root, &hashes);
    uint64_t count = known ? hashes.len / HASH : (file->length - 1) / BTW_BLOCK_SIZE + 1;
    uint8_t *memory = malloc(btw_merkle_size(count, known ? layer : 0, height));
    if (memory == NULL)
        abort();
    if (known)
        memcpy(memory, hashes.data, hashes.len);
    if ((known || hash_leaves(torrent, file, memory)) &&
        btw_merkle_build(tree, memory, count, known ? layer : 0, height))
        return true;
    free(memory);
    return false;
}

bool scn_hashes_answer(const struct scn_torrent *torrent, const struct btw_metainfo_file *file,
                       const struct btw_hash_range *range, bool literally, uint8_t **out, size_t *len)
{
    struct btw_merkle tree;
    bool valid = btw_hash_range_check(range, btw_merkle_height(file->length), NULL) == BTW_OK;
    bool odd = literally && range->proof == 0 && range->length > 0 && range->length <= BTW_HASHES_LENGTH_MAX;
    if ((!valid && !odd) || !grow(torrent, file, range->base, &tree))
        return false;
    size_t size = btw_hash_range_count(range) * HASH;
    *out = malloc(size);
    if (*out == NULL)
        abort();
    bool there = true;
    if (valid)
        there = btw_hashes_write(*out, size, len, &tree, range, NULL) == BTW_OK;
    for (uint32_t i = 0; there && !valid && i < range->length; i++)
        there = btw_merkle_get(&tree, range->base, (uint64_t)range->index + i, *out + (size_t)i * HASH);
    *len = size;
    free(tree.hashes);
    if (!there)
        free(*out);
    return there;
}

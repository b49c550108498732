/* SPDX-License-Identifier: MIT
 *
 * Hashes that come with a proof up to the root prove themselves; others are compared with the piece layers of the
 * .torrent file.
 */
#include "tree.h"

#include "btw/hash_exchange.h"

static bool find_file(const struct btw_metainfo *meta, const uint8_t root[BTW_SHA256_SIZE],
                      struct btw_metainfo_file *file)
{
    struct btw_metainfo_files files;
    if (!meta->has_v2)
        return false;
    files = btw_metainfo_files_v2(meta);
    while (btw_metainfo_next_file(&files, file)) {
        if (file->root != NULL && memcmp(file->root, root, BTW_SHA256_SIZE) == 0)
            return true;
    }
    return false;
}

/* The node of the file's tree at that place, out of its piece layer. */
static bool node_of(const struct btw_metainfo *meta, const uint8_t root[BTW_SHA256_SIZE], unsigned layer,
                    uint64_t index, uint8_t out[BTW_SHA256_SIZE])
{
    unsigned pieces = btw_merkle_piece_layer(meta->piece_length);
    struct btw_slice hashes;
    if (layer < pieces || !btw_metainfo_piece_layer(meta, root, &hashes))
        return false;
    uint64_t count = hashes.len / BTW_SHA256_SIZE, below = UINT64_C(1) << (layer - pieces), first = index * below;
    if (first >= count) {
        btw_merkle_pad(out, layer);
        return true;
    }
    uint64_t covered = count - first < below ? count - first : below;
    return btw_merkle_of_hashes(
        out, btw_slice_of(hashes.data + first * BTW_SHA256_SIZE, (size_t)covered * BTW_SHA256_SIZE), pieces, layer);
}

enum btw_status cap_tree_check(const struct cap_torrent *torrent, const struct btw_msg *msg)
{
    struct btw_hash_range range = btw_hash_range_of(msg);
    struct btw_metainfo_file file;
    uint8_t top[BTW_SHA256_SIZE], want[BTW_SHA256_SIZE];
    unsigned layer;
    uint64_t index;
    if (!find_file(&torrent->meta, range.root, &file))
        return BTW_NOT_FOUND;
    unsigned height = btw_merkle_height(file.length);
    enum btw_status status = btw_hashes_verify(msg->data, &range, height, NULL);
    if (status != BTW_REFUSED)
        return status;
    status = btw_hashes_top(top, &layer, &index, msg->data, &range, height, NULL);
    if (status == BTW_REFUSED || (status == BTW_OK && !node_of(&torrent->meta, range.root, layer, index, want)))
        return BTW_NOT_FOUND;
    return status == BTW_OK && memcmp(top, want, sizeof top) != 0 ? BTW_BAD_WIRE : status;
}

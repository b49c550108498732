/* SPDX-License-Identifier: MIT
 *
 * The hash tree of a file (BEP 52).  A leaf is the SHA-256 of a block of 16 KiB, of which the last may be shorter; the
 * leaves are filled up with zeros to a power of two, and each node above is the SHA-256 of its two children.  Layers
 * count from the leaves, which are layer 0, to the root, which is layer `height`.
 *
 * Only what covers data is ever stored: a hash beyond the end of the file is that of a padded subtree and depends on
 * nothing but its layer.  No allocation; everything is linear in the hashes given.
 */
#ifndef BTW_MERKLE_H
#define BTW_MERKLE_H

#include "btw/api.h"
#include "btw/bytes.h"
#include "btw/hash.h"

BTW_BEGIN_DECLS

/* No file has more than 2^63 bytes, so no tree is higher than this. */
enum { BTW_MERKLE_HEIGHT_MAX = 49 };

/* Layers above the leaves for a file of that many bytes; 0 when it fits in one block. */
unsigned btw_merkle_height(uint64_t length);
/* The layer of which one hash covers a whole piece.  piece_length is a power of two of at least 16 KiB. */
unsigned btw_merkle_piece_layer(uint32_t piece_length);

/* The parent of two hashes. */
void btw_merkle_node(uint8_t out[32], const uint8_t left[32], const uint8_t right[32]);
/* The hash of a subtree that lies beyond the end of the file: 32 zero bytes at layer 0. */
void btw_merkle_pad(uint8_t out[32], unsigned layer);

/* The top of a subtree whose hashes come one by one, from left to right. */
struct btw_merkle_sum {
    /* all fields are private */
    uint8_t stack[BTW_MERKLE_HEIGHT_MAX + 1][32]; /* one complete subtree per bit of count */
    uint64_t count;
    unsigned base;
};
/* The hashes that are to come lie in layer `base`. */
void btw_merkle_sum_init(struct btw_merkle_sum *sum, unsigned base);
void btw_merkle_sum_add(struct btw_merkle_sum *sum, const uint8_t hash[32]);
/* The node in layer `layer` above everything that came, the rest being padding.  False, and out untouched, when nothing
 * came, or more than lies below one node of that layer, or layer is below base or above BTW_MERKLE_HEIGHT_MAX. */
bool btw_merkle_sum_end(const struct btw_merkle_sum *sum, unsigned layer, uint8_t out[32]);

/* The node in `layer` above a piece, or a whole file, given as bytes; false when there are none or too many for it. */
bool btw_merkle_of_data(uint8_t out[32], struct btw_slice data, unsigned layer);
/* The node in `layer` above hashes of 32 bytes each of layer `base`; false likewise, or when a hash is cut. */
bool btw_merkle_of_hashes(uint8_t out[32], struct btw_slice hashes, unsigned base, unsigned layer);

/* A tree from layer `base` up to its root, in memory of the caller. */
struct btw_merkle {
    uint8_t *hashes; /* first layer base, from left to right, then the layer above, and so on */
    uint64_t count;  /* hashes of layer base that cover data; at least 1 */
    unsigned base, height;
};
/* Bytes of memory for such a tree; 0 when it is impossible (no hashes, more than the height allows) or SIZE_MAX is
 * exceeded. */
size_t btw_merkle_size(uint64_t count, unsigned base, unsigned height);
/* The first count * 32 bytes of `memory` are layer base; fills in what lies above.  False when btw_merkle_size says 0.
 */
bool btw_merkle_build(struct btw_merkle *tree, uint8_t *memory, uint64_t count, unsigned base, unsigned height);
/* Hashes of a layer that cover data: those behind them are padding.  0 when the layer is not there. */
uint64_t btw_merkle_count(const struct btw_merkle *tree, unsigned layer);
/* Any hash of the tree, padding included; false when there is no such place, or it lies below layer base. */
bool btw_merkle_get(const struct btw_merkle *tree, unsigned layer, uint64_t index, uint8_t out[32]);

BTW_END_DECLS
#endif

/* SPDX-License-Identifier: MIT
 *
 * Asking a peer for hashes of a file's tree, and answering (BEP 52, hash request, hashes and hash reject).
 *
 * A request names `length` neighbours in layer `base` from `index` on, and how many layers above them the answer should
 * prove.  The answer is those hashes, then from the bottom up the uncles that lead towards the root; where the hashes
 * cover a whole layer's child themselves, no uncle is needed, so the first log2(length) - 1 proof layers are left out.
 */
#ifndef BTW_HASH_EXCHANGE_H
#define BTW_HASH_EXCHANGE_H

#include "btw/api.h"
#include "btw/merkle.h"
#include "btw/msg.h"

BTW_BEGIN_DECLS

enum { BTW_HASHES_LENGTH_MAX = 512 }; /* nobody should ask for more (BEP 52) */

struct btw_hash_range {
    uint8_t root[32]; /* pieces root of the file */
    uint32_t base;    /* lowest layer */
    uint32_t index;   /* of the first hash in that layer */
    uint32_t length;  /* hashes of that layer */
    uint32_t proof;   /* layers above it that the proof covers */
};

/* The five fields of a hash_request, hashes or hash_reject, and back; the other members of msg are left alone. */
struct btw_hash_range btw_hash_range_of(const struct btw_msg *msg);
void btw_hash_range_put(struct btw_msg *msg, const struct btw_hash_range *range);
/* All five fields: an answer repeats them. */
bool btw_hash_range_equal(const struct btw_hash_range *a, const struct btw_hash_range *b);

/* May this be asked of a tree with that many layers above its leaves?
 *
 * BTW_OK       yes
 * BTW_REFUSED  length is no power of two, below 2 or above BTW_HASHES_LENGTH_MAX; index is no multiple of length; the
 *              range or the proof leaves the tree.  diag says which */
enum btw_status btw_hash_range_check(const struct btw_hash_range *range, unsigned height, struct btw_diag *diag);

/* Hashes in an answer to a range whose length is a power of two: `length` and the uncles. */
size_t btw_hash_range_count(const struct btw_hash_range *range);

/* Writes the hashes of an answer.
 *
 * BTW_OK        *len bytes written, 32 for each hash
 * BTW_REFUSED   btw_hash_range_check says no; send a hash_reject
 * BTW_NOT_FOUND the tree is not known from that layer on; send a hash_reject
 * BTW_NO_SPACE  cap is below 32 * btw_hash_range_count(range) */
enum btw_status btw_hashes_write(uint8_t *out, size_t cap, size_t *len, const struct btw_merkle *tree,
                                 const struct btw_hash_range *range, struct btw_diag *diag);

/* The node that an answer adds up to: *layer and *index say which.  With a full proof it is the root.
 *
 * BTW_OK        node is filled
 * BTW_REFUSED   btw_hash_range_check says no: nobody should have asked
 * BTW_BAD_WIRE  the number of hashes does not fit the range */
enum btw_status btw_hashes_top(uint8_t node[32], unsigned *layer, uint64_t *index, struct btw_slice hashes,
                               const struct btw_hash_range *range, unsigned height, struct btw_diag *diag);

/* Does an answer lead to the root of its range?
 *
 * BTW_OK        yes: the first `length` hashes of it are true
 * BTW_REFUSED   as above; or the proof ends below the root, so that nothing is proven
 * BTW_BAD_WIRE  the number of hashes does not fit the range, or they lead somewhere else */
enum btw_status btw_hashes_verify(struct btw_slice hashes, const struct btw_hash_range *range, unsigned height,
                                  struct btw_diag *diag);

BTW_END_DECLS
#endif

/* SPDX-License-Identifier: MIT
 *
 * Parts of the hash trees of a torrent whose content the suite knows (BEP 52).
 */
#ifndef SCN_HASHES_H
#define SCN_HASHES_H

#include "btw/hash_exchange.h"
#include "world.h"

/* The file of that number with content, counted from 0; or the one with that root.  False: there is none. */
bool scn_hashes_file(const struct scn_torrent *torrent, int64_t number, struct btw_metainfo_file *out);
bool scn_hashes_root(const struct scn_torrent *torrent, const uint8_t root[32], struct btw_metainfo_file *out);

/* Answers a hash request for the file, in memory that the caller frees.  literally: also what nobody should ask for, as
 * long as it is there and without proof.  False: the tree has no such part, or the content is not known. */
bool scn_hashes_answer(const struct scn_torrent *torrent, const struct btw_metainfo_file *file,
                       const struct btw_hash_range *range, bool literally, uint8_t **out, size_t *len);

#endif

/* SPDX-License-Identifier: MIT
 *
 * The torrents that the tests and the scenarios are about, made from their names: everybody who asks for "base" gets
 * the same bytes.  Payload is computed where it is wanted and never held.  This is part of the reference peer's library
 * and allocates.
 */
#ifndef BTW_FIXTURE_H
#define BTW_FIXTURE_H

#include "btw/api.h"
#include "btw/metainfo.h"

BTW_BEGIN_DECLS

struct btw_fixture {
    const struct btw_fixture_kind *kind; /* private */
    unsigned copy;
    char name[24];             /* "base" for copy 0, else "base-7"; also the name inside the torrent */
    uint64_t seed;             /* private */
    uint8_t *memory;           /* private: what torrent lies in */
    struct btw_slice torrent;  /* the .torrent file, without a tracker */
    struct btw_metainfo meta;  /* views of it */
    uint8_t resorted_hash[20]; /* SHA-1 of the info dictionary with its keys sorted; differs from the info-hash only in
                                  "unsorted" (BEP3-BEN-02) */
};

/* The name of the i-th kind of fixture, NULL behind the last. */
const char *btw_fixture_name(size_t i);

/* Makes a fixture; every copy has the same geometry as copy 0 and content and info-hash of its own, so that a leech can
 * be given a fresh one.  Hashes the whole payload: keep the result.  The struct may be moved.
 *
 * BTW_OK         to be freed by btw_fixture_free
 * BTW_NOT_FOUND  no kind of that name
 * BTW_NO_SPACE   out of memory */
enum btw_status btw_fixture_make(struct btw_fixture *out, const char *name, unsigned copy);
void btw_fixture_free(struct btw_fixture *fixture);

/* Writes payload bytes to out.  The range must lie inside the payload, that of a block inside its piece. */
void btw_fixture_read(const struct btw_fixture *fixture, uint64_t offset, uint8_t *out, size_t len);
void btw_fixture_block(const struct btw_fixture *fixture, uint32_t piece, uint32_t begin, uint8_t *out, size_t len);

BTW_END_DECLS
#endif

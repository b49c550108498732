/* SPDX-License-Identifier: MIT
 *
 * What fixture.c, the table of test torrents, shares with fixture_v2.c, which makes what BEP 52 adds to them.
 */
#ifndef BTW_FIXTURE_IMPL_H
#define BTW_FIXTURE_IMPL_H

#include "btw/fixture.h"

enum { FILES_MAX = 16 };

enum option {
    PRIVATE = 1 << 0,  /* BEP 27 */
    REVERSED = 1 << 1, /* keys of the info dictionary in descending order */
    V2 = 1 << 2,       /* BEP 52; alone, */
    V1 = 1 << 3,       /* or as a hybrid */
};

struct file {
    const char
        *path; /* below the folder; NULL behind the last, fixture_pad for bytes that align the next file (BEP 47) */
    uint32_t length;
};
extern const char fixture_pad[];

struct btw_fixture_kind {
    const char *name;
    uint32_t piece_length;
    size_t info_size; /* exact, reached by an unknown key; 0: as it comes */
    unsigned options;
    struct file files[FILES_MAX]; /* one with an empty path: a single-file torrent; version 2: sorted, in folders */
};

/* The hash trees of all files, as far as a torrent tells of them. */
struct fixture_trees {
    struct {
        uint8_t root[32];
        struct btw_slice layer; /* piece layer, a part of `layers`; empty when one piece is all */
    } file[FILES_MAX];
    uint8_t *layers; /* to be freed */
};

/* The payload, at any time while a fixture is made. */
void fixture_read_payload(const struct btw_fixture *fixture, uint64_t offset, uint8_t *out, size_t len);

/* --- fixture_v2.c --- */
/* False: memory is short. */
bool fixture_hash_files(const struct btw_fixture *fixture, struct fixture_trees *trees);
/* The key "file tree" and its value; "piece layers" and its own. */
void fixture_put_tree(struct btw_writer *w, const struct btw_fixture_kind *kind, const struct fixture_trees *trees);
void fixture_put_layers(struct btw_writer *w, const struct btw_fixture_kind *kind, const struct fixture_trees *trees);

#endif

/* SPDX-License-Identifier: MIT
 *
 * A torrent: what a .torrent file, or its info dictionary alone (BEP 9), says.  There are three kinds (BEP 52): version
 * 1 of BEP 3, whose pieces run over all files and have SHA-1 hashes; version 2, in which each file begins with a piece
 * of its own and has a tree of SHA-256 hashes; and hybrids, which say the same in both ways.
 *
 * All slices are views of the caller's bytes.  Unsorted and unknown keys are accepted, because real files have them:
 * the info-hash covers the info dictionary as it stands.  Only where the order of keys is the order of files, in a file
 * tree, it must be right.
 */
#ifndef BTW_METAINFO_H
#define BTW_METAINFO_H

#include "btw/api.h"
#include "btw/bencode.h"
#include "btw/msg.h"

BTW_BEGIN_DECLS

enum { BTW_METAINFO_PARTS_MAX = 60 }; /* of a path; what bencoding's own limit on nesting leaves of a file tree */

struct btw_metainfo {
    struct btw_slice info;         /* the info dictionary, raw */
    bool has_v1, has_v2;           /* one at least; both: a hybrid */
    uint8_t info_hash[20];         /* of the wire: SHA-1 of those bytes; version 2 alone: their SHA-256 cut short */
    uint8_t info_hash_v2[32];      /* has_v2: their SHA-256 */
    struct btw_slice name;         /* of the file, or of the folder that holds the files */
    uint32_t piece_length;         /* bytes; version 2: a power of two of at least 16 KiB */
    uint32_t pieces;               /* at least 1 */
    struct btw_slice piece_hashes; /* has_v1: 20 bytes per piece */
    uint64_t total_length;         /* bytes of the pieces; at least 1, fits int64_t; version 2 alone: with the gaps */
    struct btw_slice files;        /* has_v1: the list of files, raw; {NULL, 0} in a single-file torrent */
    struct btw_slice file_tree;    /* has_v2: raw */
    struct btw_slice piece_layers; /* has_v2: raw, checked; {NULL, 0} when only the info dictionary was read */
    bool is_private;               /* BEP 27 */
    int64_t meta_version;          /* as written; 1 when absent */
    struct btw_slice announce;     /* URL of the tracker; {NULL, 0} when absent or only the info dictionary was read */
};

/* Reads a .torrent file.
 *
 * BTW_OK           m is filled and lives as long as the bytes of `file`
 * BTW_BAD_BENCODE  not a bencoded dictionary; diag->offset is the wrong byte
 * BTW_REFUSED      made for a meta version above 2, which we do not know (BEP 52)
 * BTW_BAD_WIRE     a key is missing, of the wrong type or out of range; sizes and number of pieces do not agree; the
 * two halves of a hybrid do not describe the same files; the piece layers lack a file, or do not add up to its root
 * (BEP 52).  diag says which, its offset is where the dictionary at fault begins */
enum btw_status btw_metainfo_read(struct btw_metainfo *m, struct btw_slice file, struct btw_diag *diag);

/* The same for a bare info dictionary, which must fill `info` exactly: that is what the info-hash covers.  It has no
 * piece layers: they are to be had from peers (hash_exchange.h). */
enum btw_status btw_metainfo_read_info(struct btw_metainfo *m, struct btw_slice info, struct btw_diag *diag);

/* --- pieces --- */

/* Bytes of a piece, and its blocks of 16 KiB (the last may be shorter).  piece must be below m->pieces.  A hybrid is
 * taken as version 1, where padding files fill up the pieces.  Version 2 alone: a walk over the file tree. */
uint32_t btw_metainfo_piece_size(const struct btw_metainfo *m, uint32_t piece);
uint32_t btw_metainfo_blocks(const struct btw_metainfo *m, uint32_t piece);
/* The 20 bytes of a piece's SHA-1; has_v1. */
const uint8_t *btw_metainfo_piece_hash(const struct btw_metainfo *m, uint32_t piece);
/* Do these bytes lie inside the piece, and are there any?  Any values are allowed. */
bool btw_metainfo_has_range(const struct btw_metainfo *m, uint32_t piece, uint32_t begin, uint32_t length);

/* What a piece is in version 2 (BEP 52): a part of one file. */
struct btw_metainfo_piece {
    const uint8_t *root;  /* 32 bytes: the pieces root of the file */
    uint64_t file_length; /* bytes of the file */
    uint32_t index;       /* of the piece in its file */
    uint32_t size;        /* bytes of the piece */
    unsigned layer;       /* of the file's tree, where one hash covers the piece: */
    const uint8_t *hash;  /* 32 bytes; NULL when the piece layer is not known */
};
/* Walks the file tree.  False when there is no version 2 in it, or no such piece. */
bool btw_metainfo_piece_v2(const struct btw_metainfo *m, uint32_t piece, struct btw_metainfo_piece *out);
/* Bytes of every piece in version 2, in one walk; out has room for m->pieces, has_v2. */
void btw_metainfo_piece_sizes_v2(const struct btw_metainfo *m, uint32_t *out);
/* The hashes of the piece layer of the file with this root, 32 bytes each, those of mere padding left out.  A walk over
 * the piece layers; false when it is not among them. */
bool btw_metainfo_piece_layer(const struct btw_metainfo *m, const uint8_t root[32], struct btw_slice *out);

/* --- files --- */

struct btw_metainfo_file {
    uint64_t offset; /* in the pieces, one behind the other; of an empty file, that of the next */
    uint64_t length;
    struct btw_slice part[BTW_METAINFO_PARTS_MAX]; /* of its path below the folder `name`, */
    size_t parts;                                  /* and how many; 0 in a single-file torrent */
    const uint8_t *root;                           /* 32 bytes: its pieces root; NULL in version 1 and when empty */
    bool pad;                                      /* zeros that only align the next file (BEP 47) */
};

/* Walks the files in order of their offsets.  A hybrid has two lists of the same files: this one has the padding. */
struct btw_metainfo_files {
    /* all fields are private */
    const struct btw_metainfo *m;
    uint64_t offset;
    bool tree, single;
    struct btw_ben_iter iter[BTW_METAINFO_PARTS_MAX];
    struct btw_slice part[BTW_METAINFO_PARTS_MAX];
    size_t depth;
};
struct btw_metainfo_files btw_metainfo_files_of(const struct btw_metainfo *m);
/* The files of version 2, which have no padding; has_v2. */
struct btw_metainfo_files btw_metainfo_files_v2(const struct btw_metainfo *m);
bool btw_metainfo_next_file(struct btw_metainfo_files *files, struct btw_metainfo_file *file);

/* Writes the path of a file, "name/part/part" or just "name", terminated by NUL.
 *
 * BTW_OK        written
 * BTW_REFUSED   a part is empty, ".", "..", or holds a slash, a backslash or a NUL: not a name to make a file of
 * BTW_NO_SPACE  it does not fit */
enum btw_status btw_metainfo_path(char *out, size_t cap, const struct btw_metainfo *m,
                                  const struct btw_metainfo_file *file);

/* --- the way from version 1 to version 2 (BEP 52, upgrade path) --- */

/* The info-hash, 20 bytes, to answer a handshake with: the one it carries; or that of version 2 when it carries that of
 * version 1, its sender can do better (reserved bit "v2"), and so can we (`upgrade`).  NULL: another torrent.  Who
 * dials with the hash of version 1 of a hybrid offers the same by that bit. */
const uint8_t *btw_metainfo_answer(const struct btw_metainfo *m, const struct btw_msg *handshake, bool upgrade);
/* May `answer` answer our handshake `ours`, as far as their info-hashes go? */
bool btw_metainfo_may_answer(const struct btw_metainfo *m, const struct btw_msg *ours, const struct btw_msg *answer);
/* Is the session that agreed on this info-hash one of version 2? */
bool btw_metainfo_speaks_v2(const struct btw_metainfo *m, const uint8_t info_hash[20]);

BTW_END_DECLS
#endif

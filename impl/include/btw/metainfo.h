/* SPDX-License-Identifier: MIT
 *
 * A torrent: what a .torrent file, or its info dictionary alone (BEP 9), says (BEP 3, version 1).  All slices are views
 * of the caller's bytes.  Unsorted and unknown keys are accepted, because real files have them: the info-hash covers
 * the info dictionary as it stands.
 */
#ifndef BTW_METAINFO_H
#define BTW_METAINFO_H

#include "btw/api.h"
#include "btw/bencode.h"

BTW_BEGIN_DECLS

struct btw_metainfo {
    struct btw_slice info;         /* the info dictionary, raw */
    uint8_t info_hash[20];         /* SHA-1 of those bytes */
    struct btw_slice name;         /* of the file, or of the folder that holds the files */
    uint32_t piece_length;         /* bytes; the last piece may be shorter */
    uint32_t pieces;               /* at least 1 */
    struct btw_slice piece_hashes; /* 20 bytes per piece */
    uint64_t total_length;         /* bytes of all files; at least 1, fits int64_t */
    struct btw_slice files;        /* the list of files, raw; {NULL, 0} in a single-file torrent */
    bool is_private;               /* BEP 27 */
    int64_t meta_version;          /* BEP 52; 1 when absent */
    struct btw_slice announce;     /* URL of the tracker; {NULL, 0} when absent or only the info dictionary was read */
};

/* Reads a .torrent file.
 *
 * BTW_OK           m is filled and lives as long as the bytes of `file`
 * BTW_BAD_BENCODE  not a bencoded dictionary; diag->offset is the wrong byte
 * BTW_BAD_WIRE     a key is missing, of the wrong type or out of range, or sizes and number of pieces do not agree;
 * diag says which, its offset is where the info dictionary begins */
enum btw_status btw_metainfo_read(struct btw_metainfo *m, struct btw_slice file, struct btw_diag *diag);

/* The same for a bare info dictionary, which must fill `info` exactly: that is what the info-hash covers. */
enum btw_status btw_metainfo_read_info(struct btw_metainfo *m, struct btw_slice info, struct btw_diag *diag);

/* Bytes of a piece, and its blocks of 16 KiB (the last may be shorter).  piece must be below m->pieces. */
uint32_t btw_metainfo_piece_size(const struct btw_metainfo *m, uint32_t piece);
uint32_t btw_metainfo_blocks(const struct btw_metainfo *m, uint32_t piece);
/* The 20 bytes of a piece's SHA-1. */
const uint8_t *btw_metainfo_piece_hash(const struct btw_metainfo *m, uint32_t piece);
/* Do these bytes lie inside the piece, and are there any?  Any values are allowed. */
bool btw_metainfo_has_range(const struct btw_metainfo *m, uint32_t piece, uint32_t begin, uint32_t length);

struct btw_metainfo_file {
    uint64_t offset; /* in the payload, all files one behind the other */
    uint64_t length;
    struct btw_slice path; /* bencoded list of its parts below the folder `name`; {NULL, 0} in a single-file torrent */
    bool pad;              /* zeros that only align the next file (BEP 47) */
};

/* Walks the files in order of their offsets. */
struct btw_metainfo_files {
    /* all fields are private */
    const struct btw_metainfo *m;
    struct btw_ben_iter iter;
    uint64_t offset;
};
struct btw_metainfo_files btw_metainfo_files_of(const struct btw_metainfo *m);
bool btw_metainfo_next_file(struct btw_metainfo_files *files, struct btw_metainfo_file *file);

/* Writes the path of a file, "name/part/part" or just "name", terminated by NUL.
 *
 * BTW_OK        written
 * BTW_REFUSED   a part is empty, ".", "..", or holds a slash, a backslash or a NUL: not a name to make a file of
 * BTW_NO_SPACE  it does not fit */
enum btw_status btw_metainfo_path(char *out, size_t cap, const struct btw_metainfo *m,
                                  const struct btw_metainfo_file *file);

BTW_END_DECLS
#endif

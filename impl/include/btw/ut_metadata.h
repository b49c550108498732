/* SPDX-License-Identifier: MIT
 *
 * Metadata over the wire (BEP 9): the messages of the extension "ut_metadata", and putting the pieces of an info
 * dictionary together.
 */
#ifndef BTW_UT_METADATA_H
#define BTW_UT_METADATA_H

#include "btw/api.h"
#include "btw/bencode.h"

BTW_BEGIN_DECLS

enum {
    BTW_METADATA_PIECE = 16384,  /* bytes of every piece but the last */
    BTW_METADATA_MAX = 16 << 20, /* bytes of metadata that are put together; a million files take less */
    BTW_METADATA_PIECES_MAX = BTW_METADATA_MAX / BTW_METADATA_PIECE
};

/* Values of msg_type; others are to be ignored. */
enum btw_ut_metadata_type { BTW_METADATA_REQUEST = 0, BTW_METADATA_DATA = 1, BTW_METADATA_REJECT = 2 };

struct btw_ut_metadata {
    unsigned flaws; /* enum btw_ben_flaw of the dictionary; TRAILING when data is not empty, which only DATA may have */
    int64_t msg_type;
    int64_t piece;         /* any number a peer may write; 0 when an unknown type has none */
    int64_t total_size;    /* bytes of the metadata */
    bool has_total_size;   /* DATA has one, others should not */
    struct btw_slice data; /* what follows the dictionary: the piece */
};

/* Reads the payload of an extended message; data is a view of it.
 *
 * BTW_OK           out is filled; numbers are as they came, not judged
 * BTW_BAD_BENCODE  no dictionary at the front; diag->offset is the wrong byte
 * BTW_BAD_WIRE     no integer msg_type; or a request, data or reject without an integer piece */
enum btw_status btw_ut_metadata_decode(struct btw_ut_metadata *out, struct btw_slice payload, struct btw_diag *diag);

/* Writes dictionary and data; total_size only if has_total_size.  BTW_OK and *len, or BTW_NO_SPACE. */
enum btw_status btw_ut_metadata_encode(uint8_t *out, size_t cap, size_t *len, const struct btw_ut_metadata *msg);

/* Number of pieces of metadata of that many bytes; a piece of metadata that is held, false when there is no such piece.
 */
size_t btw_metadata_pieces(size_t size);
bool btw_metadata_piece(struct btw_slice info, int64_t piece, struct btw_slice *out);

/* Metadata on its way in. */
struct btw_metadata {
    /* all fields are private */
    uint8_t *buffer;
    size_t size;
    size_t missing;
    uint8_t have[BTW_METADATA_PIECES_MAX / 8];
};

/* The metadata will stand in buffer, which the caller keeps.  size is from 1 to BTW_METADATA_MAX: check what a peer
 * says before. */
void btw_metadata_init(struct btw_metadata *metadata, uint8_t *buffer, size_t size);

/* Takes the piece of a data message.
 *
 * BTW_OK        it is in the buffer, now or already
 * BTW_BAD_WIRE  not data, or total_size, piece or length do not fit this metadata; nothing changed */
enum btw_status btw_metadata_add(struct btw_metadata *metadata, const struct btw_ut_metadata *msg,
                                 struct btw_diag *diag);

/* Is a piece still missing, and which is the first from `piece` on? */
bool btw_metadata_next_missing(const struct btw_metadata *metadata, size_t *piece);

/* BTW_OK        all pieces are there and their SHA-1 is info_hash
 * BTW_MORE      pieces are missing
 * BTW_BAD_WIRE  the hash differs; all pieces count as missing again, for nobody knows which one is wrong */
enum btw_status btw_metadata_verify(struct btw_metadata *metadata, const uint8_t info_hash[20], struct btw_diag *diag);
/* The same with the SHA-256 that a magnet of version 2 names (BEP 52). */
enum btw_status btw_metadata_verify_v2(struct btw_metadata *metadata, const uint8_t info_hash[32],
                                       struct btw_diag *diag);

BTW_END_DECLS
#endif

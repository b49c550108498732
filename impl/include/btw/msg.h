/* SPDX-License-Identifier: MIT
 *
 * The messages of the peer wire and THE TABLE: one row per message, one descriptor per field, in wire order.  Encode,
 * decode, print and parse are loops over that table; nothing else in the project knows a layout.
 *
 * A message is a plain struct whose bytes fields are views of somebody else's memory.  Nothing is allocated or copied.
 */
#ifndef BTW_MSG_H
#define BTW_MSG_H

#include <stdbool.h>

#include "btw/api.h"
#include "btw/diag.h"

BTW_BEGIN_DECLS

enum btw_type {
    BTW_HANDSHAKE,      /* BEP 3; 68 bytes, no length prefix */
    BTW_KEEPALIVE,      /* BEP 3; length 0 */
    BTW_CHOKE,          /* 0 */
    BTW_UNCHOKE,        /* 1 */
    BTW_INTERESTED,     /* 2 */
    BTW_NOT_INTERESTED, /* 3 */
    BTW_HAVE,           /* 4 */
    BTW_BITFIELD,       /* 5 */
    BTW_REQUEST,        /* 6 */
    BTW_PIECE,          /* 7 */
    BTW_CANCEL,         /* 8 */
    BTW_PORT,           /* 9, BEP 5 */
    BTW_SUGGEST,        /* 13, BEP 6 */
    BTW_HAVE_ALL,       /* 14 */
    BTW_HAVE_NONE,      /* 15 */
    BTW_REJECT,         /* 16 */
    BTW_ALLOWED_FAST,   /* 17 */
    BTW_EXTENDED,       /* 20, BEP 10 */
    BTW_HASH_REQUEST,   /* 21, BEP 52 */
    BTW_HASHES,         /* 22 */
    BTW_HASH_REJECT,    /* 23 */
    BTW_RAW,            /* any other bytes, length prefix included */
    BTW_TYPES
};

enum {
    BTW_HANDSHAKE_SIZE = 68,
    BTW_BLOCK_SIZE = 16384,        /* what a request asks for (BEP 3) */
    BTW_LEN_MAX_DEFAULT = 1 << 20, /* a message cap most clients would set, too */
    BTW_FIELDS_MAX = 7             /* with the end mark */
};

/* The numbers and data that a message has not got are zero and empty; arrays that it has not got hold anything. */
struct btw_msg {
    enum btw_type type;
    uint32_t piece;        /* have, request, piece, cancel, suggest, reject, allowed_fast */
    uint32_t begin;        /* request, piece, cancel, reject */
    uint32_t length;       /* request, cancel, reject; hash_*: number of hashes */
    uint32_t base;         /* hash_*: base layer */
    uint32_t index;        /* hash_*: first hash */
    uint32_t proof;        /* hash_*: proof layers */
    uint16_t port;         /* port */
    uint8_t ext;           /* extended: the extended message id, 0 is the handshake */
    struct btw_slice data; /* bitfield: bits; piece: block; extended: payload; hashes: 32-byte hashes; raw: all bytes */
    uint8_t reserved[8];   /* handshake */
    uint8_t info_hash[20]; /* handshake */
    uint8_t peer_id[20];   /* handshake */
    uint8_t root[32];      /* hash_*: pieces root */
};

enum btw_kind {
    BTW_KIND_U8,
    BTW_KIND_U16,
    BTW_KIND_U32,
    BTW_KIND_BYTES,    /* `size` bytes inside struct btw_msg */
    BTW_KIND_RESERVED, /* 8 bytes with named bits */
    BTW_KIND_REST,     /* the rest of the message, a slice */
    BTW_KIND_PAYLOAD,  /* REST that is shown as a bencoded value and a tail where it is one */
};

struct btw_field {
    const char *name;
    enum btw_kind kind;
    uint16_t size;   /* bytes on the wire; 0 for the rest of the message */
    uint16_t offset; /* in struct btw_msg */
    uint8_t least;   /* rest of the message: fewest bytes, */
    uint8_t unit;    /* and what the others come in multiples of */
    bool text;       /* shown as "text" where most of it is printable */
};

struct btw_desc {
    enum btw_type type;
    const char *name;
    int id;                                  /* message id, or -1: handshake, keepalive, raw */
    const char *spec;                        /* "BEP 3" */
    struct btw_field fields[BTW_FIELDS_MAX]; /* in wire order, name NULL behind the last */
};

/* One named bit of the reserved bytes. */
struct btw_reserved_bit {
    const char *name;
    uint8_t byte, mask;
    const char *spec;
};
/* All of them, in the order of the wire; static storage, ends with name NULL. */
const struct btw_reserved_bit *btw_reserved_bits(void);
/* Is the named bit (azureus location ext enp2 enp1 v2 nat fast xbt dht) set?  Unknown names are a programming error. */
bool btw_reserved_has(const uint8_t reserved[8], const char *name);
void btw_reserved_set(uint8_t reserved[8], const char *name, bool value);

/* The row of a type; the row of a name or of an id, NULL when there is none. */
const struct btw_desc *btw_desc_of(enum btw_type type);
const struct btw_desc *btw_desc_named(const char *name, size_t len);
const struct btw_desc *btw_desc_of_id(uint8_t id);

/* Fields of a message by descriptor: numbers (U8, U16, U32), and bytes of all other kinds, as a view.  A value set must
 * fit the field. */
uint32_t btw_field_number(const struct btw_msg *msg, const struct btw_field *field);
void btw_field_set_number(struct btw_msg *msg, const struct btw_field *field, uint32_t value);
struct btw_slice btw_field_bytes(const struct btw_msg *msg, const struct btw_field *field);

/* Bytes that btw_msg_encode will write. */
size_t btw_msg_size(const struct btw_msg *msg);

/* Writes the whole frame (length prefix, id, fields) to out.
 *
 * BTW_OK        *len bytes written
 * BTW_NO_SPACE  cap is below btw_msg_size(msg), or a length prefix would not fit 32 bits; nothing written */
enum btw_status btw_msg_encode(uint8_t *out, size_t cap, size_t *len, const struct btw_msg *msg);

/* The same without the bytes of msg->data, which are the last of any message that has them: the caller sends them from
 * where they are.  So a block needs no copy.
 *
 * BTW_OK        *len bytes written: btw_msg_size(msg) less msg->data.len, where the type has data
 * BTW_NO_SPACE  they do not fit cap, or the length prefix of the whole would not fit 32 bits; nothing written */
enum btw_status btw_msg_encode_head(uint8_t *out, size_t cap, size_t *len, const struct btw_msg *msg);

/* Reads one length-prefixed message from the front of `in` (never a handshake; see btw_handshake_decode).
 *
 * BTW_OK        msg is filled; msg->data points into in.data and lives as long as it does.  An id nobody assigned is
 *               BTW_RAW over the whole frame
 * BTW_MORE      `in` is a prefix of a message; nothing consumed, call again with more
 * BTW_BAD_WIRE  a known id with a layout that does not fit; msg is BTW_RAW over the whole frame, diag says where, *used
 *               covers the frame, so that a caller may go on behind it
 * BTW_TOO_LONG  the length prefix is above len_max; nothing consumed, msg is BTW_RAW over the four bytes
 *
 * *used is the number of bytes taken. */
enum btw_status btw_msg_decode(struct btw_msg *msg, size_t *used, struct btw_slice in, size_t len_max,
                               struct btw_diag *diag);

/* Reads the 68 bytes of a handshake (BEP 3).
 *
 * BTW_OK        msg is BTW_HANDSHAKE, *used is 68
 * BTW_MORE      all bytes so far fit a handshake, fewer than 68 are there
 * BTW_BAD_WIRE  byte diag->offset is not what the protocol string demands; msg is BTW_RAW over all of `in` */
enum btw_status btw_handshake_decode(struct btw_msg *msg, size_t *used, struct btw_slice in, struct btw_diag *diag);

/* Same type and same bytes on the wire. */
bool btw_msg_equal(const struct btw_msg *a, const struct btw_msg *b);

BTW_END_DECLS
#endif

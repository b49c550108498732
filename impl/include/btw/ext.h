/* SPDX-License-Identifier: MIT
 *
 * The extended handshake (BEP 10) and the ids that peers give to extensions.  This is the payload of an `extended`
 * message with ext 0; the message around it is btw/msg.h's.
 */
#ifndef BTW_EXT_H
#define BTW_EXT_H

#include "btw/api.h"
#include "btw/bencode.h"

BTW_BEGIN_DECLS

/* Top-level keys, as members of a set, in the order of their names. */
enum btw_ext_key {
    BTW_EXT_E = 1 << 0,             /* prefers encryption */
    BTW_EXT_IPV4 = 1 << 1,          /* the sender's own address, 4 bytes */
    BTW_EXT_IPV6 = 1 << 2,          /* the same, 16 bytes */
    BTW_EXT_M = 1 << 3,             /* names of extensions and their ids */
    BTW_EXT_METADATA_SIZE = 1 << 4, /* BEP 9: bytes of the info dictionary */
    BTW_EXT_P = 1 << 5,             /* TCP port the sender listens on */
    BTW_EXT_REQQ = 1 << 6,          /* requests the sender lets wait */
    BTW_EXT_UPLOAD_ONLY = 1 << 7,   /* BEP 21 */
    BTW_EXT_V = 1 << 8,             /* name and version of the client */
    BTW_EXT_YOURIP = 1 << 9,        /* the receiver's address as the sender sees it, 4 or 16 bytes */
};

struct btw_ext_handshake {
    struct btw_slice dict; /* decoded: the whole dictionary, for keys that are not listed here */
    unsigned has;          /* keys with a value of the right kind and length; only these members are meaningful */
    unsigned bad;          /* keys with another value; M also when an id is not an integer from 0 to 255 */
    unsigned flaws;        /* enum btw_ben_flaw, TRAILING included */
    bool shared_id;        /* two names of m have the same id other than 0 */
    int64_t e, metadata_size, p, reqq, upload_only;
    struct btw_slice m; /* raw dictionary */
    struct btw_slice ipv4, ipv6, v, yourip;
};

/* Reads the payload; views live as long as it does.  Unknown keys are passed over, wrong ones left out and reported.
 *
 * BTW_OK           out is filled
 * BTW_BAD_BENCODE  not a dictionary, or cut short; diag->offset is the wrong byte of the payload */
enum btw_status btw_ext_handshake_decode(struct btw_ext_handshake *out, struct btw_slice payload,
                                         struct btw_diag *diag);

/* Writes the keys in `has`, canonically if `m` is (see btw_ext_map_encode).
 *
 * BTW_OK        *len bytes
 * BTW_NO_SPACE  they do not fit */
enum btw_status btw_ext_handshake_encode(uint8_t *out, size_t cap, size_t *len, const struct btw_ext_handshake *hs);

/* The id that m gives to a name, whatever the name; false when absent or not from 0 to 255. */
bool btw_ext_id_of(const struct btw_ext_handshake *hs, const char *name, uint8_t *id);

/* The extensions that this project knows, in the order of their names. */
enum btw_ext {
    BTW_EXT_LT_DONTHAVE,  /* BEP 54 */
    BTW_EXT_SHARE_MODE,   /* libtorrent */
    BTW_EXT_UPLOAD,       /* "upload_only", libtorrent's message beside the key of BEP 21 */
    BTW_EXT_UT_HOLEPUNCH, /* BEP 55 */
    BTW_EXT_UT_METADATA,  /* BEP 9 */
    BTW_EXT_UT_PEX,       /* BEP 11 */
    BTW_EXTS
};
const char *btw_ext_name(enum btw_ext ext);

/* The ids one peer wants to be sent; 0 is "not at all".  Start with zeros. */
struct btw_ext_map {
    uint8_t id[BTW_EXTS];
};

/* Takes over what a handshake of that peer says.  m adds up over handshakes: 0 switches off, an absent name, and one
 * with an id that is no byte, stay as they were. */
void btw_ext_map_update(struct btw_ext_map *map, const struct btw_ext_handshake *hs);

/* The extension with that id (the first, if several share it); BTW_EXTS when there is none.  0 is nobody's. */
enum btw_ext btw_ext_map_find(const struct btw_ext_map *map, uint8_t id);

/* Writes the ids other than 0 as a dictionary for `m`.  BTW_OK, BTW_NO_SPACE. */
enum btw_status btw_ext_map_encode(uint8_t *out, size_t cap, size_t *len, const struct btw_ext_map *map);

BTW_END_DECLS
#endif

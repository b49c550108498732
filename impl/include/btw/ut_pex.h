/* SPDX-License-Identifier: MIT
 *
 * Peer exchange (BEP 11): the messages of the extension "ut_pex" and the contacts in them.
 */
#ifndef BTW_UT_PEX_H
#define BTW_UT_PEX_H

#include "btw/api.h"
#include "btw/bencode.h"

BTW_BEGIN_DECLS

/* Keys, as members of a set, in the order of their names. */
enum btw_pex_key {
    BTW_PEX_ADDED = 1 << 0,    /* 6 bytes per contact: IPv4 address, port */
    BTW_PEX_ADDED_F = 1 << 1,  /* "added.f": one byte of flags per contact */
    BTW_PEX_ADDED6 = 1 << 2,   /* 18 bytes per contact: IPv6 address, port */
    BTW_PEX_ADDED6_F = 1 << 3, /* "added6.f" */
    BTW_PEX_DROPPED = 1 << 4,  /* as added */
    BTW_PEX_DROPPED6 = 1 << 5, /* as added6 */
};

/* Bits of a byte of flags. */
enum btw_pex_flag {
    BTW_PEX_ENCRYPTION = 0x01, /* prefers it */
    BTW_PEX_SEED = 0x02,       /* or upload_only */
    BTW_PEX_UTP = 0x04,
    BTW_PEX_HOLEPUNCH = 0x08,
    BTW_PEX_REACHABLE = 0x10, /* the sender dialled it */
};

struct btw_ut_pex {
    unsigned has;   /* keys that are there and well-formed */
    unsigned bad;   /* keys with something else than a string, or with a length that is no multiple of a contact's, or,
                       for   flags, not one byte for each contact; their slices are empty */
    unsigned flaws; /* enum btw_ben_flaw, TRAILING included */
    struct btw_slice added, added_f, added6, added6_f, dropped, dropped6;
};

/* Reads the payload of an extended message; views live as long as it does.  Unknown keys are passed over.
 *
 * BTW_OK           out is filled; the sets say what is wrong with it
 * BTW_BAD_BENCODE  not a dictionary, or cut short; diag->offset is the wrong byte */
enum btw_status btw_ut_pex_decode(struct btw_ut_pex *out, struct btw_slice payload, struct btw_diag *diag);

/* Writes the keys in `has`.  BTW_OK and *len, or BTW_NO_SPACE. */
enum btw_status btw_ut_pex_encode(uint8_t *out, size_t cap, size_t *len, const struct btw_ut_pex *msg);

struct btw_pex_contact {
    uint8_t address[16]; /* network order */
    uint8_t address_len; /* 4 or 16 */
    uint8_t flags;       /* enum btw_pex_flag; 0 when dropped, or when the message has none */
    uint16_t port;
};

/* Contact i of the list `key` (ADDED, ADDED6, DROPPED or DROPPED6); false behind the last. */
bool btw_pex_contact_at(const struct btw_ut_pex *msg, enum btw_pex_key key, size_t i, struct btw_pex_contact *out);

/* Appends the 6 or 18 bytes of a contact, without its flags, to a list under construction. */
void btw_pex_put_contact(struct btw_writer *w, const struct btw_pex_contact *contact);

BTW_END_DECLS
#endif

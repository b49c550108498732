/* SPDX-License-Identifier: MIT
 *
 * Extensions of one connection (BEP 10): a name, what is to be called, and nothing about ids.  Those that a wire uses
 * are announced in its extended handshake under ids of its own; those of the peer are learnt from its handshakes, which
 * add up: an id of 0 switches off, an absent name stays as it was.
 *
 *     static const struct btw_wire_extension messages = { .name = "ut_messages", .on_message = print };
 *
 *     btw_wire_use(&wire, &messages, my_state);
 *     btw_wire_extended(&wire, "ut_messages", btw_slice_str("hello"), now_ms);
 *
 * The codecs of well-known extensions (btw/ut_metadata.h, btw/ut_pex.h ...) make and read the payloads.
 */
#ifndef BTW_WIRE_EXT_H
#define BTW_WIRE_EXT_H

#include "btw/api.h"
#include "btw/ext.h"
#include "btw/msg.h"

BTW_BEGIN_DECLS

struct btw_wire;

enum { BTW_WIRE_EXTENSIONS_MAX = 16 };

/* What a kind of extension does; one for all connections, so it may be const and static.  Every function is optional
 * and may call the wire.  `user` is what btw_wire_use() was given. */
struct btw_wire_extension {
    const char *name;
    /* The peer's handshake has come; ours has not been sent yet if the peer dialled. */
    void (*on_handshake)(void *user, struct btw_wire *wire, const struct btw_msg *handshake, int64_t now_ms);
    /* An extended handshake of a peer that supports this extension. */
    void (*on_extended_handshake)(void *user, struct btw_wire *wire, const struct btw_ext_handshake *handshake,
                                  int64_t now_ms);
    /* A message of this extension; the view lives during the call. */
    void (*on_message)(void *user, struct btw_wire *wire, struct btw_slice payload, int64_t now_ms);
};

/* One extension of one wire. */
struct btw_wire_slot {
    /* all fields are private */
    const struct btw_wire_extension *extension;
    void *user;
    uint8_t theirs; /* the id the peer wants to be sent; 0: it does not */
    bool off;       /* switched off by us */
};

struct btw_wire_extensions {
    /* all fields are private */
    struct btw_wire_slot slot[BTW_WIRE_EXTENSIONS_MAX]; /* our id is the index + 1 */
    size_t count;
};

/* Registers an extension, which must outlive the wire; best before the handshake, so that the first extended handshake
 * names it.  Later, call btw_wire_extended_handshake() to announce it.
 *
 * BTW_OK        from now on it is called, and announced with every extended handshake
 * BTW_REFUSED   an extension of that name is there already (one that is switched off comes back with
 *               btw_wire_switch())
 * BTW_NO_SPACE  there are BTW_WIRE_EXTENSIONS_MAX already */
enum btw_status btw_wire_use(struct btw_wire *wire, const struct btw_wire_extension *extension, void *user);

/* Switches an extension off (id 0) or on again, and announces that if the first extended handshake has been sent.
 * What the peer has sent before it heard of it is passed over.
 *
 * BTW_OK         also when it was so before
 * BTW_NOT_FOUND  no extension has that name
 * other          as btw_wire_extended_handshake(); the extension is off or on all the same */
enum btw_status btw_wire_switch(struct btw_wire *wire, const char *name, bool on, int64_t now_ms);

/* Does the peer want messages of that extension, and do we use it? */
bool btw_wire_supports(const struct btw_wire *wire, const char *name);

/* Sends a message of an extension under the id that the peer gave to it; the payload is copied.
 *
 * BTW_OK         it is queued
 * BTW_NOT_FOUND  no extension of ours has that name
 * BTW_REFUSED    the peer does not support it (or has not said so yet), or we have switched it off
 * other          as btw_wire_send() */
enum btw_status btw_wire_extended(struct btw_wire *wire, const char *name, struct btw_slice payload, int64_t now_ms);

/* Sends our extended handshake again: the keys of the torrent's `hello` and `keys` (btw/wire.h) as they are now, and
 * all extensions.  The first is sent without being asked for.  As btw_wire_send(). */
enum btw_status btw_wire_extended_handshake(struct btw_wire *wire, int64_t now_ms);

/* We no longer have a piece that we announced: says so by "lt_donthave" (BEP 54), which must be in use, and lets go of
 * the peer's open requests for it: they are void, or rejected with Fast.  As btw_wire_extended(), and BTW_REFUSED also
 * when the piece was not announced; the peer then goes on believing what it believed.  That the peer has lost a piece
 * is accounted for before `on_message` is called. */
enum btw_status btw_wire_donthave(struct btw_wire *wire, uint32_t piece, int64_t now_ms);

BTW_END_DECLS
#endif

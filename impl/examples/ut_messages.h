/* SPDX-License-Identifier: MIT
 *
 * An extension of our own (BEP 10): "ut_messages", small texts between two peers.  A message is a bencoded dictionary
 * with one key, "text"; an extended handshake may carry the sender's "nick".  To be read as a pattern: everything that
 * an extension needs is in ut_messages.c, and nothing in there knows an id.
 */
#ifndef UT_MESSAGES_H
#define UT_MESSAGES_H

#include "btw/wire.h"

enum { UT_MESSAGES_TEXT_MAX = 1000, UT_MESSAGES_NICK_MAX = 32 }; /* bytes */

/* One connection's side of it, which lives as long as the wire.  The functions are the caller's, with `user`. */
struct ut_messages {
    void *user;
    /* The peer speaks it, too; may be called again. */
    void (*ready)(void *user, struct ut_messages *messages);
    /* The view lives during the call; the bytes are the peer's: any. */
    void (*heard)(void *user, struct ut_messages *messages, struct btw_slice text);

    struct btw_wire *wire;
    uint8_t peer_id[20];                 /* the peer's, before ready */
    char nick[UT_MESSAGES_NICK_MAX + 1]; /* the peer's, from ready on; printable ASCII, or empty */
};

/* Writes the keys for the extended handshake, to be used as `keys` of struct btw_wire_torrent.  BTW_OK, BTW_NO_SPACE.
 */
enum btw_status ut_messages_keys(uint8_t *out, size_t cap, size_t *len, const char *nick);

/* Before the handshake of the wire; user, ready and heard are set.  As btw_wire_use(). */
enum btw_status ut_messages_use(struct ut_messages *messages, struct btw_wire *wire);

/* BTW_OK        queued
 * BTW_NO_SPACE  the queue is full, or the text has more than UT_MESSAGES_TEXT_MAX bytes
 * BTW_REFUSED   the peer does not speak it
 * BTW_END       the connection is closed */
enum btw_status ut_messages_say(struct ut_messages *messages, struct btw_slice text, int64_t now_ms);

#endif

/* SPDX-License-Identifier: MIT
 *
 * The parts of the wire object, as they see each other: wire.c (begin, bytes, time, end), wire_hear.c (what the peer
 * says), wire_say.c (what we say), wire_ext.c (extensions), wire_queue.c (what is to be sent), wire_crypt.c (MSE).
 */
#ifndef BTW_WIRE_IMPL_H
#define BTW_WIRE_IMPL_H

#include "btw/wire.h"

/* The caller's memory, counted.  As realloc(), with the size it had. */
void *wire_memory(struct btw_wire *wire, void *memory, size_t had, size_t size);

/* Round everything that takes bytes or time: a wire that is destroyed meanwhile is freed when the outermost leaves. */
void wire_enter(struct btw_wire *wire, int64_t now_ms);
void wire_leave(struct btw_wire *wire);

/* --- events ----------------------------------------------------------------------------------------------------------
 */
void wire_tell(struct btw_wire *wire, struct btw_wire_event *event);
void wire_tell_block(struct btw_wire *wire, enum btw_wire_event_kind kind, struct btw_block block, bool late);
/* The message as an event of its own kind. */
void wire_tell_msg(struct btw_wire *wire, const struct btw_msg *msg);

/* --- wire.c ----------------------------------------------------------------------------------------------------------
 */

/* The torrent is known: maps and session.  False without memory. */
bool wire_begin(struct btw_wire *wire, const struct btw_wire_torrent *torrent);
/* Our handshake. */
struct btw_msg wire_handshake(const struct btw_wire *wire);
/* Bytes of the stream, not encrypted. */
void wire_stream(struct btw_wire *wire, struct btw_slice in);

/* --- wire_hear.c -----------------------------------------------------------------------------------------------------
 */
void wire_hear(struct btw_wire *wire, const struct btw_msg *msg);

/* --- wire_say.c ------------------------------------------------------------------------------------------------------
 */

/* As btw_wire_send(), for what we owe: there is room for it until the peer is too slow, which closes. */
enum btw_status wire_owe(struct btw_wire *wire, const struct btw_msg *msg);
/* Answers an open request of theirs; and a request, or hash_request, for which the table had no room. */
void wire_reject(struct btw_wire *wire, struct btw_block block);
void wire_reject_surplus(struct btw_wire *wire, const struct btw_msg *request);
/* Room for one more open request of `who`, if it may have more. */
bool wire_grow_requests(struct btw_wire *wire, enum btw_who who);

/* --- wire_ext.c ------------------------------------------------------------------------------------------------------
 */

/* Our first extended handshake. */
void wire_ext_greet(struct btw_wire *wire);
/* Their handshake has come. */
void wire_ext_hello(struct btw_wire *wire, const struct btw_msg *handshake);
/* Their extended message, which the session allows. */
void wire_ext_hear(struct btw_wire *wire, const struct btw_msg *msg);
/* Does `who` want messages with that id, which is not 0? */
bool wire_ext_known(const struct btw_wire *wire, enum btw_who who, uint8_t id);

/* --- wire_crypt.c ----------------------------------------------------------------------------------------------------
 */

/* Begins MSE; false without memory. */
bool wire_crypt_begin(struct btw_wire *wire);
/* Takes bytes as they came: what they hold of the stream goes to wire_stream(). */
void wire_crypt_receive(struct btw_wire *wire, uint8_t *data, size_t len);
/* Encrypts the next bytes that are sent. */
void wire_crypt_send(struct btw_wire *wire, uint8_t *data, size_t len);
/* The torrent that MSE was made for; NULL without it. */
const uint8_t *wire_crypt_hash(const struct btw_wire *wire);
void wire_crypt_free(struct btw_wire *wire);

/* --- wire_queue.c ----------------------------------------------------------------------------------------------------
 */

/* Room for so many own bytes, and for a block if there is one; false without memory. */
bool wire_queue_reserve(struct btw_wire *wire, size_t own, bool block);
/* The room that was reserved; what is written there is told by wire_queue_wrote(). */
struct btw_writer wire_queue_writer(struct btw_wire *wire);
void wire_queue_wrote(struct btw_wire *wire, size_t len);
/* A message: copied, but for the block of a piece. */
void wire_queue_msg(struct btw_wire *wire, const struct btw_msg *msg);
/* Own bytes that wire_queue_msg() will need. */
size_t wire_queue_own(const struct btw_msg *msg);
/* Forgets what MSE has queued, if none of it was handed out: it is not wanted any more. */
void wire_queue_drop(struct btw_wire *wire);
/* Releases the blocks. */
void wire_queue_close(struct btw_wire *wire);
void wire_queue_trim(struct btw_wire *wire);
void wire_queue_free(struct btw_wire *wire);

#endif

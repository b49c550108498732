/* SPDX-License-Identifier: MIT
 *
 * Bytes in slices of any size in, a handshake and messages out.  However the stream is cut, the events are the same.
 *
 *     while ((status = btw_stream_next(&stream, &in, &msg, &diag)) != BTW_MORE) { ... }
 *
 * A message that lies whole in the slice is a view of it; one that is spread over slices is put together in the
 * caller's buffer.  Views live until the next call.
 */
#ifndef BTW_STREAM_H
#define BTW_STREAM_H

#include "btw/api.h"
#include "btw/msg.h"

BTW_BEGIN_DECLS

struct btw_stream {
    /* all fields are private */
    uint8_t *buffer;
    size_t cap, held; /* bytes of the unfinished item in buffer */
    size_t len_max;
    uint64_t offset;               /* stream offset of the next item */
    bool handshake;                /* still expected */
    bool split;                    /* pieces come in parts: */
    uint32_t piece, begin, length; /* the block whose parts are coming, */
    uint32_t part_from, part_to;   /* the part returned last; the block is over when it reaches length */
    enum btw_status dead;          /* BTW_OK, or the sticky end of this stream */
    bool between;                  /* nothing is begun, expected or over: any small message may be next */
};

/* The buffer must hold at least 68 bytes and may be smaller than a message of len_max: see BTW_NO_SPACE.  len_max is
 * below 4 GiB - 4. */
void btw_stream_init(struct btw_stream *stream, uint8_t *buffer, size_t cap, size_t len_max, bool expect_handshake);

/* Replaces the buffer after BTW_NO_SPACE; held bytes are copied to the new one.  cap must not shrink below what is
 * held. */
void btw_stream_rebuffer(struct btw_stream *stream, uint8_t *buffer, size_t cap);

/* Takes the next item from the front of *in, which it shortens.
 *
 * BTW_OK        msg is a handshake or a message
 * BTW_MORE      *in is used up (kept in the buffer as far as needed)
 * BTW_BAD_WIRE  in a message: msg is BTW_RAW over the frame, the stream goes on behind it.  In the handshake: msg is
 *               BTW_RAW over the bytes up to and with the first wrong one, and the stream is dead
 * BTW_TOO_LONG  a length prefix above len_max; msg is BTW_RAW over the prefix, and the stream is dead
 * BTW_NO_SPACE  the next item needs a buffer of btw_stream_need() bytes; rebuffer and call again, nothing is lost
 *
 * A dead stream takes nothing more and says the same for ever, then with an empty BTW_RAW.  diag->offset counts from
 * the beginning of the stream. */
enum btw_status btw_stream_next(struct btw_stream *stream, struct btw_slice *in, struct btw_msg *msg,
                                struct btw_diag *diag);

/* From now on pieces come in parts, as they arrive, so that no buffer has to hold a block: btw_stream_next() returns
 * BTW_PIECE with the `length` of the whole block and a part of it in `data`, which stands btw_stream_part() bytes
 * behind `begin`.  The last part ends at `length`; a block that lies whole in the slice is one part; only an empty
 * block has an empty part.  All other items are as before.  Call it between items. */
void btw_stream_split_pieces(struct btw_stream *stream);
size_t btw_stream_part(const struct btw_stream *stream);
/* Bytes of the block under way that have not come, also when none of them has; 0: none is under way. */
uint32_t btw_stream_block_left(const struct btw_stream *stream);

/* Buffer size wanted after BTW_NO_SPACE. */
size_t btw_stream_need(const struct btw_stream *stream);

/* Offset in the stream of the item returned last begins at btw_stream_offset() - its size. */
uint64_t btw_stream_offset(const struct btw_stream *stream);

/* Bytes of an unfinished item: at the end of a connection, more than 0 means it was cut off inside one. */
size_t btw_stream_pending(const struct btw_stream *stream);

BTW_END_DECLS
#endif

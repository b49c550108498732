/* SPDX-License-Identifier: MIT
 *
 * Cuts a stream into a handshake and messages.  An item that lies whole in the slice is decoded where it is; only one
 * that crosses the end of a slice is collected in the buffer.  When pieces are split, that is the front of a piece up
 * to its block, and the block itself passes by.
 */
#include <assert.h>

#include "btw/stream.h"
#include "msg_impl.h"

enum { PIECE_FRONT = 13 }; /* length prefix, id, piece, begin */

void btw_stream_init(struct btw_stream *stream, uint8_t *buffer, size_t cap, size_t len_max, bool expect_handshake)
{
    assert(cap >= BTW_HANDSHAKE_SIZE && len_max < UINT32_MAX - 4);
    *stream = (struct btw_stream){ .buffer = buffer, .cap = cap, .len_max = len_max, .handshake = expect_handshake };
}

void btw_stream_rebuffer(struct btw_stream *stream, uint8_t *buffer, size_t cap)
{
    assert(cap >= stream->held && cap >= BTW_HANDSHAKE_SIZE);
    if (stream->held > 0)
        memmove(buffer, stream->buffer, stream->held);
    stream->buffer = buffer;
    stream->cap = cap;
}

/* How many bytes the buffer must hold before decoding it can tell more.  A handshake is looked at byte by byte, so that
 * its first wrong byte is seen when it comes and nothing behind it is taken. */
size_t btw_stream_need(const struct btw_stream *stream)
{
    struct btw_reader r = btw_reader_of(btw_slice_of(stream->buffer, stream->held));
    size_t need;

    if (stream->handshake)
        return stream->held + 1;
    if (stream->held < 4)
        return 4;
    need = 4 + (size_t)btw_read_u32(&r);
    return stream->split && stream->held < PIECE_FRONT && need > PIECE_FRONT ? PIECE_FRONT : need;
}

/* The front of a piece whose block is not all there: a message without its data. */
static bool decode_front(const struct btw_stream *stream, struct btw_msg *msg, struct btw_slice in)
{
    struct btw_reader r = btw_reader_of(in);
    uint32_t len = btw_read_u32(&r);
    const struct btw_desc *desc = btw_desc_of_id(btw_read_u8(&r));

    if (!stream->split || in.len < PIECE_FRONT || desc == NULL || desc->type != BTW_PIECE)
        return false;
    *msg = (struct btw_msg){ .type = BTW_PIECE, .length = len + 4 - PIECE_FRONT };
    msg->piece = btw_read_u32(&r);
    msg->begin = btw_read_u32(&r);
    return true;
}

/* One item from the front of `in`.  What ends the stream is cut to the same bytes, however many more are there. */
static enum btw_status decode(const struct btw_stream *stream, struct btw_msg *msg, size_t *used, struct btw_slice in,
                              struct btw_diag *diag)
{
    enum btw_status status;

    if (!stream->handshake) {
        status = btw_msg_decode(msg, used, in, stream->len_max, diag);
        if (status == BTW_TOO_LONG)
            *used = msg->data.len;
        if (status != BTW_MORE || !decode_front(stream, msg, in))
            return status;
        *used = PIECE_FRONT;
        return BTW_OK;
    }
    status = btw_handshake_decode(msg, used, in, diag);
    if (status == BTW_BAD_WIRE)
        *used = msg->data.len = diag->offset + 1;
    return status;
}

static void take(struct btw_slice *in, size_t len)
{
    if (len > 0)
        *in = btw_slice_of(in->data + len, in->len - len);
}

/* The next bytes of the block that is passing by. */
static enum btw_status next_part(struct btw_stream *stream, struct btw_slice *in, struct btw_msg *msg)
{
    uint32_t left = stream->length - stream->part_to;
    uint32_t len = in->len < left ? (uint32_t)in->len : left;

    if (len == 0)
        return BTW_MORE;
    *msg = (struct btw_msg){ .type = BTW_PIECE,
                             .piece = stream->piece,
                             .begin = stream->begin,
                             .length = stream->length,
                             .data = btw_slice_of(in->data, len) };
    stream->part_from = stream->part_to;
    stream->part_to += len;
    stream->offset += len;
    take(in, len);
    return BTW_OK;
}

/* A piece, whole or only its front. */
static void begin_block(struct btw_stream *stream, struct btw_msg *msg)
{
    if (msg->data.len > 0)
        msg->length = (uint32_t)msg->data.len;
    stream->piece = msg->piece;
    stream->begin = msg->begin;
    stream->length = msg->length;
    stream->part_from = 0;
    stream->part_to = (uint32_t)msg->data.len;
}

/* Hands out an item of `used` bytes; of a piece that is not all there, what follows its front. */
static enum btw_status deliver(struct btw_stream *stream, enum btw_status status, size_t used, struct btw_slice *in,
                               struct btw_msg *msg, struct btw_diag *diag)
{
    if (status != BTW_OK)
        diag->offset += (size_t)stream->offset;
    if (status == BTW_TOO_LONG || (status == BTW_BAD_WIRE && stream->handshake))
        stream->dead = status;
    stream->held = 0;
    stream->offset += used;
    stream->handshake = false;
    if (status != BTW_OK || msg->type != BTW_PIECE || !stream->split)
        return status;
    begin_block(stream, msg);
    return stream->part_to < stream->length ? next_part(stream, in, msg) : BTW_OK;
}

/* Collects an item in the buffer: first as much as tells its length, then the rest. */
static enum btw_status collect(struct btw_stream *stream, struct btw_slice *in, struct btw_msg *msg,
                               struct btw_diag *diag)
{
    for (;;) {
        size_t need = btw_stream_need(stream), more, used;
        struct btw_writer w;
        enum btw_status status;

        if (need > stream->cap)
            return BTW_NO_SPACE;
        assert(need > stream->held);
        more = need - stream->held < in->len ? need - stream->held : in->len;
        w = btw_writer_on(stream->buffer + stream->held, more);
        btw_write_bytes(&w, btw_slice_of(in->data, more));
        take(in, more);
        stream->held += more;
        status = decode(stream, msg, &used, btw_slice_of(stream->buffer, stream->held), diag);
        if (status != BTW_MORE)
            return deliver(stream, status, used, in, msg, diag);
        if (in->len == 0)
            return BTW_MORE;
    }
}

static enum btw_status next(struct btw_stream *stream, struct btw_slice *in, struct btw_msg *msg, struct btw_diag *diag)
{
    enum btw_status status;
    size_t used;

    if (stream->dead != BTW_OK) {
        *msg = (struct btw_msg){ .type = BTW_RAW };
        return btw_fail(diag, stream->dead, (size_t)stream->offset, "the stream ended here");
    }
    if (stream->part_to < stream->length)
        return next_part(stream, in, msg);
    if (stream->held > 0)
        return collect(stream, in, msg, diag);
    status = decode(stream, msg, &used, *in, diag);
    if (status == BTW_MORE)
        return collect(stream, in, msg, diag);
    take(in, used);
    return deliver(stream, status, used, in, msg, diag);
}

static __attribute__((noinline)) enum btw_status next_of_any_kind(struct btw_stream *stream, struct btw_slice *in,
                                                                  struct btw_msg *msg, struct btw_diag *diag)
{
    struct btw_diag unwanted;
    enum btw_status status = next(stream, in, msg, diag == NULL ? &unwanted : diag);

    stream->between = stream->held == 0 && !stream->handshake && stream->dead == BTW_OK &&
                      stream->part_to >= stream->length && stream->len_max >= MSG_PLAIN_MAX - 4;
    return status;
}

/* Nearly always it is a whole, small message in the slice; then nothing else needs to be looked at. */
enum btw_status btw_stream_next(struct btw_stream *stream, struct btw_slice *in, struct btw_msg *msg,
                                struct btw_diag *diag)
{
    size_t used;

    if (!stream->between || !msg_decode_plain(msg, &used, *in))
        return next_of_any_kind(stream, in, msg, diag);
    *in = btw_slice_of(in->data + used, in->len - used);
    stream->offset += used;
    return BTW_OK;
}

uint64_t btw_stream_offset(const struct btw_stream *stream)
{
    return stream->offset;
}

size_t btw_stream_pending(const struct btw_stream *stream)
{
    return stream->held + (stream->part_to < stream->length ? PIECE_FRONT + (size_t)stream->part_to : 0);
}

void btw_stream_split_pieces(struct btw_stream *stream)
{
    assert(btw_stream_pending(stream) == 0 || stream->handshake);
    stream->split = true;
}

size_t btw_stream_part(const struct btw_stream *stream)
{
    return stream->part_from;
}

uint32_t btw_stream_block_left(const struct btw_stream *stream)
{
    return stream->length - stream->part_to;
}

/* SPDX-License-Identifier: MIT
 *
 * Cuts a stream into a handshake and messages.  An item that lies whole in the slice is decoded where it is; only one
 * that crosses the end of a slice is collected in the buffer.
 */
#include <assert.h>

#include "btw/bytes.h"
#include "btw/stream.h"

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

    if (stream->handshake)
        return stream->held + 1;
    return stream->held < 4 ? 4 : 4 + (size_t)btw_read_u32(&r);
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
        return status;
    }
    status = btw_handshake_decode(msg, used, in, diag);
    if (status == BTW_BAD_WIRE)
        *used = msg->data.len = diag->offset + 1;
    return status;
}

/* Hands out an item of `used` bytes. */
static enum btw_status deliver(struct btw_stream *stream, enum btw_status status, size_t used, struct btw_diag *diag)
{
    if (status != BTW_OK)
        diag->offset += (size_t)stream->offset;
    if (status == BTW_TOO_LONG || (status == BTW_BAD_WIRE && stream->handshake))
        stream->dead = status;
    stream->held = 0;
    stream->offset += used;
    stream->handshake = false;
    return status;
}

static void take(struct btw_slice *in, size_t len)
{
    if (len > 0)
        *in = btw_slice_of(in->data + len, in->len - len);
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
            return deliver(stream, status, used, diag);
        if (in->len == 0)
            return BTW_MORE;
    }
}

enum btw_status btw_stream_next(struct btw_stream *stream, struct btw_slice *in, struct btw_msg *msg,
                                struct btw_diag *diag)
{
    struct btw_diag unwanted;
    enum btw_status status;
    size_t used;

    if (diag == NULL)
        diag = &unwanted;
    if (stream->dead != BTW_OK) {
        *msg = (struct btw_msg){ .type = BTW_RAW };
        return btw_fail(diag, stream->dead, (size_t)stream->offset, "the stream ended here");
    }
    if (stream->held > 0)
        return collect(stream, in, msg, diag);
    status = decode(stream, msg, &used, *in, diag);
    if (status == BTW_MORE)
        return collect(stream, in, msg, diag);
    take(in, used);
    return deliver(stream, status, used, diag);
}

uint64_t btw_stream_offset(const struct btw_stream *stream)
{
    return stream->offset;
}

size_t btw_stream_pending(const struct btw_stream *stream)
{
    return stream->held;
}

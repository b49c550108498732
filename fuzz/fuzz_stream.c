/* SPDX-License-Identifier: MIT
 *
 * However a stream is cut into slices, its items, their errors and places, and what is left over are the same; views
 * stay inside the slice or the buffer; blocks that come in parts are the blocks that come whole.
 */
#include "btw/bytes.h"
#include "btw/stream.h"
#include "fuzz.h"

enum { LEN_MAX = 1 << 16, ROOM = LEN_MAX + 4 };

/* One reading of the stream. */
struct reading {
    struct btw_stream stream;
    uint8_t *buffer;
    size_t cap;
    uint64_t digest;
    uint64_t begun; /* where the item that comes next begins */
    uint64_t block; /* digest of the parts of the block so far */
    size_t parts;   /* and their bytes */
    enum btw_status last;
};

static bool lies_in(struct btw_slice view, const uint8_t *data, size_t len)
{
    return view.len == 0 || ((uintptr_t)view.data >= (uintptr_t)data && view.len <= len &&
                             (uintptr_t)view.data - (uintptr_t)data <= len - view.len);
}

static uint64_t digest_fields(uint64_t digest, const struct btw_msg *msg)
{
    const struct btw_desc *desc = btw_desc_of(msg->type);

    digest = fuzz_digest_number(digest, msg->type);
    for (const struct btw_field *field = desc->fields; field->name != NULL; field++) {
        if (field->kind == BTW_KIND_REST || field->kind == BTW_KIND_PAYLOAD)
            continue;
        if (field->kind == BTW_KIND_BYTES || field->kind == BTW_KIND_RESERVED) {
            struct btw_slice bytes = btw_field_bytes(msg, field);
            digest = fuzz_digest(digest, bytes.data, bytes.len);
        } else {
            digest = fuzz_digest_number(digest, btw_field_number(msg, field));
        }
    }
    return digest;
}

/* A part of a block; true when it is the last. */
static bool take_part(struct reading *reading, const struct btw_msg *msg)
{
    FUZZ_CHECK(btw_stream_part(&reading->stream) == reading->parts);
    FUZZ_CHECK(msg->data.len <= msg->length - reading->parts);
    FUZZ_CHECK(msg->data.len > 0 || msg->length == 0);
    if (reading->parts == 0)
        reading->block = FUZZ_DIGEST_START;
    reading->block = fuzz_digest(reading->block, msg->data.data, msg->data.len);
    reading->parts += msg->data.len;
    return reading->parts == msg->length;
}

static void take_item(struct reading *reading, enum btw_status status, const struct btw_msg *msg, size_t offset,
                      bool split)
{
    struct btw_msg whole = *msg;
    uint64_t data;

    if (split && status == BTW_OK && msg->type == BTW_PIECE) {
        if (!take_part(reading, msg))
            return;
        data = fuzz_digest_number(reading->block, reading->parts);
        reading->parts = 0;
    } else {
        data = fuzz_digest_number(fuzz_digest(FUZZ_DIGEST_START, msg->data.data, msg->data.len), msg->data.len);
    }
    whole.length = msg->type == BTW_PIECE ? 0 : msg->length;
    reading->digest = fuzz_digest_number(digest_fields(reading->digest, &whole), status);
    reading->digest = fuzz_digest_number(reading->digest, status == BTW_OK ? 0 : offset);
    reading->digest = fuzz_digest_number(reading->digest, btw_stream_offset(&reading->stream));
    reading->digest = fuzz_digest_number(reading->digest, data);
    FUZZ_CHECK(status != BTW_OK || split || btw_stream_offset(&reading->stream) == reading->begun + btw_msg_size(msg));
    reading->begun = btw_stream_offset(&reading->stream);
    reading->last = status;
}

static void grow(struct reading *reading)
{
    size_t need = btw_stream_need(&reading->stream);
    uint8_t *bigger;

    FUZZ_CHECK(need > reading->cap && need <= ROOM);
    bigger = malloc(need);
    FUZZ_CHECK(bigger != NULL);
    btw_stream_rebuffer(&reading->stream, bigger, need);
    if (reading->cap > BTW_HANDSHAKE_SIZE)
        free(reading->buffer);
    reading->buffer = bigger;
    reading->cap = need;
}

/* False: the stream is dead. */
static bool feed(struct reading *reading, struct btw_slice slice, bool split)
{
    struct btw_slice in = slice;
    struct btw_msg msg;
    struct btw_diag diag = { 0 };
    enum btw_status status;

    while ((status = btw_stream_next(&reading->stream, &in, &msg, &diag)) != BTW_MORE) {
        FUZZ_CHECK(lies_in(in, slice.data, slice.len));
        if (status == BTW_NO_SPACE) {
            grow(reading);
            continue;
        }
        FUZZ_CHECK(status == BTW_OK || status == BTW_BAD_WIRE || status == BTW_TOO_LONG);
        FUZZ_CHECK(lies_in(msg.data, slice.data, slice.len) || lies_in(msg.data, reading->buffer, reading->cap));
        take_item(reading, status, &msg, diag.offset, split);
        if (reading->stream.dead != BTW_OK)
            return false;
    }
    FUZZ_CHECK(in.len == 0);
    return true;
}

/* A dead stream says the same for ever, and nothing else. */
static void check_dead(struct reading *reading)
{
    static const uint8_t more[1] = { 0 };
    struct btw_slice in = btw_slice_of(more, sizeof more);
    struct btw_msg msg;

    FUZZ_CHECK(btw_stream_next(&reading->stream, &in, &msg, NULL) == reading->last);
    FUZZ_CHECK(in.len == sizeof more && msg.type == BTW_RAW && msg.data.len == 0);
}

/* Reads data in slices of `step` bytes, of chosen sizes if that is 0. */
static struct reading read_all(const uint8_t *data, size_t size, size_t step, bool handshake, bool split)
{
    static uint8_t first[BTW_HANDSHAKE_SIZE]; /* most inputs need no other buffer */
    struct reading reading = { .digest = FUZZ_DIGEST_START, .last = BTW_OK };
    struct fuzz_choices choices = fuzz_choices_of(data, size);
    bool alive = true;

    reading.buffer = first;
    reading.cap = sizeof first;
    btw_stream_init(&reading.stream, reading.buffer, reading.cap, LEN_MAX, handshake);
    if (split)
        btw_stream_split_pieces(&reading.stream);
    for (size_t at = 0, len; at < size && alive; at += len) {
        len = step > 0 ? step : 1 + (size_t)fuzz_choose_byte(&choices);
        len = len < size - at ? len : size - at;
        alive = feed(&reading, btw_slice_of(data + at, len), split);
    }
    if (!alive)
        check_dead(&reading);
    if (reading.cap > BTW_HANDSHAKE_SIZE)
        free(reading.buffer);
    return reading;
}

/* The ways to read a stream that are compared with reading it whole. */
static const struct way {
    size_t step;
    bool split;
    unsigned one_in;
} ways[] = { { 0, false, 3 }, { 0, true, 3 }, { 1, false, 16 }, { 1, true, 16 } };

static void compare(const uint8_t *data, size_t size, bool handshake)
{
    struct reading whole = read_all(data, size, size, handshake, false);

    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        const struct way *way = &ways[i];
        struct reading cut;
        if (!fuzz_is_due(data, size, (unsigned)i, way->one_in))
            continue;
        cut = read_all(data, size, way->step, handshake, way->split);
        FUZZ_CHECK(cut.digest == whole.digest && cut.last == whole.last && cut.begun == whole.begun);
        FUZZ_CHECK(way->split || btw_stream_pending(&cut.stream) == btw_stream_pending(&whole.stream));
    }
}

/* With the handshake or without, as it looks; now and then as it does not. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bool handshake = size > 0 && data[0] == 19;

    compare(data, size, handshake);
    if (fuzz_is_due(data, size, sizeof ways / sizeof ways[0], 16))
        compare(data, size, !handshake);
    return 0;
}

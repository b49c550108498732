/* SPDX-License-Identifier: MIT
 *
 * Finding the boundary between two messages in the middle of a stream: a place is believed when several messages in a
 * row begin there, each with an id that exists, a length that its id allows, and numbers as they come in practice.  One
 * message is 5 bytes that must fit; blocks are full of any bytes, so one or two prove nothing.
 */
#include "btw/mse.h"
#include "btw/msg.h"
#include "seek.h"

enum {
    FRAMES_ENOUGH = 3,
    FRAMES_AT_END = 2,   /* if the stream ends with the last of them */
    INDEX_MAX = 1 << 24, /* pieces of a torrent */
    BLOCK_MAX = 1 << 17, /* bytes */
    CLEAR_SIZE = 16,
    DISTINCT_MIN = 60 /* of 96 random bytes, 80 different ones are expected */
};

/* How a message begins that is believed. */
enum look { FITS, FITS_NOT, TOO_SHORT };

static bool size_fits(const struct btw_desc *desc, uint32_t size)
{
    const struct btw_field *field = desc->fields;

    while (field->name != NULL && field->size != 0) {
        if (size < field->size)
            return false;
        size -= field->size;
        field++;
    }
    return field->name == NULL ? size == 0 : size >= field->least && size % field->unit == 0;
}

/* The first number of a message is an index, the second an offset into a piece; extended messages carry a bencoded
 * dictionary. */
static enum look numbers_fit(const struct btw_desc *desc, uint32_t len, struct btw_reader *r)
{
    switch (desc->type) {
    case BTW_HAVE:
    case BTW_REQUEST:
    case BTW_CANCEL:
    case BTW_REJECT:
    case BTW_SUGGEST:
    case BTW_ALLOWED_FAST:
    case BTW_PIECE:
        if (len > 9 + BLOCK_MAX || btw_read_u32(r) >= INDEX_MAX)
            return r->failed ? TOO_SHORT : FITS_NOT;
        break;
    case BTW_EXTENDED:
        btw_read_u8(r);
        if (len < 4 || btw_read_u8(r) != 'd')
            return r->failed ? TOO_SHORT : FITS_NOT;
        break;
    default:
        break;
    }
    return r->failed ? TOO_SHORT : FITS;
}

/* *size is that of the message. */
static enum look look_at(struct btw_slice bytes, uint32_t len_max, size_t *size)
{
    struct btw_reader r = btw_reader_of(bytes);
    uint32_t len = btw_read_u32(&r);
    const struct btw_desc *desc;

    if (r.failed)
        return TOO_SHORT;
    *size = 4 + (size_t)len;
    if (len == 0)
        return FITS;
    if (len > len_max)
        return FITS_NOT;
    desc = btw_desc_of_id(btw_read_u8(&r));
    if (r.failed)
        return TOO_SHORT;
    if (desc == NULL || !size_fits(desc, len - 1))
        return FITS_NOT;
    return numbers_fit(desc, len, &r);
}

/* Zeros look like keepalives without end: they do not count, and two in a row are none. */
static bool begins_messages(struct btw_slice bytes, bool at_end, uint32_t len_max)
{
    unsigned frames = 0;
    bool keepalive = true;

    while (frames < FRAMES_ENOUGH) {
        size_t size = 0;
        enum look look = look_at(bytes, len_max, &size);

        if (look == FITS_NOT || (look == FITS && size == 4 && keepalive))
            return false;
        if (look == TOO_SHORT || (frames + 1 < FRAMES_ENOUGH && size > bytes.len))
            return at_end && bytes.len == 0 && frames >= FRAMES_AT_END;
        keepalive = size == 4;
        frames += !keepalive;
        if (frames < FRAMES_ENOUGH)
            bytes = btw_slice_of(bytes.data + size, bytes.len - size);
    }
    return true;
}

long cap_seek_messages(struct btw_slice bytes, bool at_end, uint32_t len_max)
{
    for (size_t at = 0; at < bytes.len; at++)
        if (bytes.data[at] == 0 && /* no length is larger */
            begins_messages(btw_slice_of(bytes.data + at, bytes.len - at), at_end, len_max))
            return (long)at;
    return CAP_NOT_FOUND;
}

long cap_seek_handshake(struct btw_slice bytes)
{
    struct btw_slice header = btw_mse_header();
    const uint8_t *at = NULL;

    if (bytes.len > 0)
        at = (const uint8_t *)memmem(bytes.data, bytes.len, header.data, header.len);
    return at == NULL ? CAP_NOT_FOUND : at - bytes.data;
}

bool cap_begins_handshake(struct btw_slice bytes)
{
    struct btw_slice header = btw_mse_header();

    return memcmp(bytes.data, header.data, bytes.len < header.len ? bytes.len : header.len) == 0;
}

static bool is_text(uint8_t byte)
{
    return (byte >= ' ' && byte <= '~') || byte == '\r' || byte == '\n' || byte == '\t';
}

bool cap_looks_clear(struct btw_slice bytes)
{
    static const uint8_t tls[2] = { 0x16, 0x03 };
    size_t printable = 0;

    if (bytes.len < CLEAR_SIZE)
        return false;
    while (printable < CLEAR_SIZE && is_text(bytes.data[printable]))
        printable++;
    return printable == CLEAR_SIZE || memcmp(bytes.data, tls, sizeof tls) == 0;
}

bool cap_looks_random(struct btw_slice bytes)
{
    bool seen[UINT8_MAX + 1] = { false };
    unsigned distinct = 0;

    if (bytes.len < CAP_RANDOM_SIZE || cap_looks_clear(bytes))
        return false;
    for (size_t i = 0; i < CAP_RANDOM_SIZE; i++) {
        distinct += !seen[bytes.data[i]];
        seen[bytes.data[i]] = true;
    }
    return distinct >= DISTINCT_MIN;
}

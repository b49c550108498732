/* SPDX-License-Identifier: MIT
 *
 * Big-endian reading and writing over a slice, with a sticky error: after the first read past the end, or the first
 * write that does not fit, every further call does nothing and `failed` stays true.  Check once, at the end.
 */
#ifndef BTW_BYTES_H
#define BTW_BYTES_H

#include <stdbool.h>
#include <string.h>

#include "btw/api.h"
#include "btw/diag.h"

BTW_BEGIN_DECLS

struct btw_reader {
    const uint8_t *data;
    size_t len;
    size_t at; /* bytes taken so far */
    bool failed;
};

struct btw_writer {
    uint8_t *data;
    size_t cap;
    size_t len; /* bytes written so far */
    bool failed;
};

static inline struct btw_slice btw_slice_of(const void *data, size_t len)
{
    struct btw_slice slice = { (const uint8_t *)data, len };
    return slice;
}

/* The number in four bytes. */
static inline uint32_t btw_u32_at(const uint8_t at[4])
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static inline struct btw_reader btw_reader_of(struct btw_slice in)
{
    struct btw_reader r = { in.data, in.len, 0, false };
    return r;
}

/* A view of the next len bytes; {NULL, 0} and failed when fewer are left. */
static inline struct btw_slice btw_read_bytes(struct btw_reader *r, size_t len)
{
    struct btw_slice bytes = { NULL, 0 };

    if (r->failed || len > r->len - r->at) {
        r->failed = true;
        return bytes;
    }
    if (r->data != NULL) /* NULL + 0 is not for C */
        bytes = btw_slice_of(r->data + r->at, len);
    r->at += len;
    return bytes;
}

/* A view of all that is left. */
static inline struct btw_slice btw_read_rest(struct btw_reader *r)
{
    return btw_read_bytes(r, r->len - r->at);
}

static inline uint8_t btw_read_u8(struct btw_reader *r)
{
    const uint8_t *at = btw_read_bytes(r, 1).data;

    return at == NULL ? 0 : at[0];
}

static inline uint16_t btw_read_u16(struct btw_reader *r)
{
    const uint8_t *at = btw_read_bytes(r, 2).data;

    return (uint16_t)(at == NULL ? 0 : at[0] << 8 | at[1]);
}

static inline uint32_t btw_read_u32(struct btw_reader *r)
{
    const uint8_t *at = btw_read_bytes(r, 4).data;

    return at == NULL ? 0 : btw_u32_at(at);
}

static inline struct btw_writer btw_writer_on(uint8_t *data, size_t cap)
{
    struct btw_writer w = { data, cap, 0, false };
    return w;
}

static inline void btw_write_bytes(struct btw_writer *w, struct btw_slice bytes)
{
    if (w->failed || bytes.len > w->cap - w->len) {
        w->failed = true;
        return;
    }
    if (bytes.len > 0)
        memcpy(w->data + w->len, bytes.data, bytes.len);
    w->len += bytes.len;
}

static inline void btw_write_u8(struct btw_writer *w, uint8_t value)
{
    btw_write_bytes(w, btw_slice_of(&value, sizeof value));
}

static inline void btw_write_u16(struct btw_writer *w, uint16_t value)
{
    const uint8_t bytes[2] = { (uint8_t)(value >> 8), (uint8_t)value };

    btw_write_bytes(w, btw_slice_of(bytes, sizeof bytes));
}

static inline void btw_write_u32(struct btw_writer *w, uint32_t value)
{
    const uint8_t bytes[4] = { (uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8), (uint8_t)value };

    btw_write_bytes(w, btw_slice_of(bytes, sizeof bytes));
}

/* How a function that writes into the caller's buffer ends: BTW_OK and *len, or BTW_NO_SPACE. */
enum btw_status btw_writer_end(const struct btw_writer *w, size_t *len);

/* Bit i of a bitfield: piece 0 is the high bit of byte 0 (BEP 3).  i must lie inside. */
static inline bool btw_bit_get(const uint8_t *bits, size_t i)
{
    return (bits[i / 8] & 0x80 >> i % 8) != 0;
}

static inline void btw_bit_set(uint8_t *bits, size_t i, bool value)
{
    uint8_t mask = (uint8_t)(0x80 >> i % 8);

    bits[i / 8] = (uint8_t)(value ? bits[i / 8] | mask : bits[i / 8] & ~mask);
}

/* Sets the bits from `from` to just before `to`, and tells whether any of them is set. */
void btw_bits_fill(uint8_t *bits, size_t from, size_t to, bool value);
bool btw_bits_any(const uint8_t *bits, size_t from, size_t to);

/* Bytes of a bitfield for `pieces` pieces, and the number of ones among the first `pieces` bits. */
size_t btw_bits_size(uint32_t pieces);
uint32_t btw_bits_count(const uint8_t *bits, uint32_t pieces);

static inline struct btw_slice btw_slice_str(const char *text)
{
    return btw_slice_of(text, strlen(text));
}

static inline bool btw_slice_equal(struct btw_slice a, struct btw_slice b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

/* Is it this text?  Most texts that are compared differ in their first letter. */
static inline bool btw_slice_is(struct btw_slice slice, const char *text)
{
    size_t i = 0;

    while (i < slice.len && text[i] != '\0' && slice.data[i] == (uint8_t)text[i])
        i++;
    return i == slice.len && text[i] == '\0';
}

BTW_END_DECLS
#endif

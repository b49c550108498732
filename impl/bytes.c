/* SPDX-License-Identifier: MIT
 *
 * Big-endian numbers and runs of bytes out of and into a caller's memory, and the bits of a bitfield.
 */
#include <assert.h>

#include "btw/bytes.h"

struct btw_reader btw_reader_of(struct btw_slice in)
{
    struct btw_reader r = { in.data, in.len, 0, false };

    assert(in.data != NULL || in.len == 0);
    return r;
}

struct btw_slice btw_read_bytes(struct btw_reader *r, size_t len)
{
    const uint8_t *data;

    if (r->failed || len > r->len - r->at) {
        r->failed = true;
        return btw_slice_of(NULL, 0);
    }
    data = r->data == NULL ? NULL : r->data + r->at; /* NULL + 0 is not for C */
    r->at += len;
    return btw_slice_of(data, len);
}

struct btw_slice btw_read_rest(struct btw_reader *r)
{
    return btw_read_bytes(r, r->len - r->at);
}

static uint32_t read_number(struct btw_reader *r, size_t size)
{
    struct btw_slice bytes = btw_read_bytes(r, size);
    uint32_t value = 0;

    assert(bytes.data != NULL || bytes.len == 0);
    for (size_t i = 0; i < bytes.len; i++)
        value = value << 8 | bytes.data[i];
    return value;
}

uint8_t btw_read_u8(struct btw_reader *r)
{
    return (uint8_t)read_number(r, 1);
}

uint16_t btw_read_u16(struct btw_reader *r)
{
    return (uint16_t)read_number(r, 2);
}

uint32_t btw_read_u32(struct btw_reader *r)
{
    return read_number(r, 4);
}

struct btw_writer btw_writer_on(uint8_t *data, size_t cap)
{
    struct btw_writer w = { data, cap, 0, false };

    assert(data != NULL || cap == 0);
    return w;
}

void btw_write_bytes(struct btw_writer *w, struct btw_slice bytes)
{
    if (w->failed || bytes.len > w->cap - w->len) {
        w->failed = true;
        return;
    }
    if (bytes.len > 0)
        memcpy(w->data + w->len, bytes.data, bytes.len);
    w->len += bytes.len;
}

static void write_number(struct btw_writer *w, uint32_t value, size_t size)
{
    const uint8_t bytes[4] = { (uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8), (uint8_t)value };

    btw_write_bytes(w, btw_slice_of(bytes + 4 - size, size));
}

void btw_write_u8(struct btw_writer *w, uint8_t value)
{
    write_number(w, value, 1);
}

void btw_write_u16(struct btw_writer *w, uint16_t value)
{
    write_number(w, value, 2);
}

void btw_write_u32(struct btw_writer *w, uint32_t value)
{
    write_number(w, value, 4);
}

enum btw_status btw_writer_end(const struct btw_writer *w, size_t *len)
{
    if (w->failed)
        return BTW_NO_SPACE;
    *len = w->len;
    return BTW_OK;
}

bool btw_bit_get(const uint8_t *bits, size_t i)
{
    return (bits[i / 8] & 0x80 >> i % 8) != 0;
}

void btw_bit_set(uint8_t *bits, size_t i, bool value)
{
    uint8_t mask = (uint8_t)(0x80 >> i % 8);

    bits[i / 8] = (uint8_t)(value ? bits[i / 8] | mask : bits[i / 8] & ~mask);
}

size_t btw_bits_size(uint32_t pieces)
{
    return ((size_t)pieces + 7) / 8;
}

uint32_t btw_bits_count(const uint8_t *bits, uint32_t pieces)
{
    uint32_t count = 0;

    for (size_t i = 0; i < pieces / 8; i++)
        count += (uint32_t)__builtin_popcount(bits[i]);
    for (size_t i = pieces / 8 * (size_t)8; i < pieces; i++) /* the last byte may have spare bits */
        count += btw_bit_get(bits, i);
    return count;
}

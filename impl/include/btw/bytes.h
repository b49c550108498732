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

struct btw_reader btw_reader_of(struct btw_slice in);
uint8_t btw_read_u8(struct btw_reader *r);
uint16_t btw_read_u16(struct btw_reader *r);
uint32_t btw_read_u32(struct btw_reader *r);
/* A view of the next len bytes; {NULL, 0} and failed when fewer are left. */
struct btw_slice btw_read_bytes(struct btw_reader *r, size_t len);
/* A view of all that is left. */
struct btw_slice btw_read_rest(struct btw_reader *r);

struct btw_writer btw_writer_on(uint8_t *data, size_t cap);
void btw_write_u8(struct btw_writer *w, uint8_t value);
void btw_write_u16(struct btw_writer *w, uint16_t value);
void btw_write_u32(struct btw_writer *w, uint32_t value);
void btw_write_bytes(struct btw_writer *w, struct btw_slice bytes);

/* How a function that writes into the caller's buffer ends: BTW_OK and *len, or BTW_NO_SPACE. */
enum btw_status btw_writer_end(const struct btw_writer *w, size_t *len);

/* Bit i of a bitfield: piece 0 is the high bit of byte 0 (BEP 3).  i must lie inside. */
bool btw_bit_get(const uint8_t *bits, size_t i);
void btw_bit_set(uint8_t *bits, size_t i, bool value);
/* Bytes of a bitfield for `pieces` pieces, and the number of ones among the first `pieces` bits. */
size_t btw_bits_size(uint32_t pieces);
uint32_t btw_bits_count(const uint8_t *bits, uint32_t pieces);

static inline struct btw_slice btw_slice_of(const void *data, size_t len)
{
    struct btw_slice slice = { (const uint8_t *)data, len };
    return slice;
}

static inline struct btw_slice btw_slice_str(const char *text)
{
    return btw_slice_of(text, strlen(text));
}

static inline bool btw_slice_equal(struct btw_slice a, struct btw_slice b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

BTW_END_DECLS
#endif

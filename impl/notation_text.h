/* SPDX-License-Identifier: MIT
 *
 * What reading and printing the notation share: classes of characters, and output that counts what it has no room for.
 */
#ifndef BTW_NOTATION_TEXT_H
#define BTW_NOTATION_TEXT_H

#include "btw/bytes.h"

/* Characters of the text are handled as bytes and never through <ctype.h>: no locale changes the notation. */
static inline bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static inline bool is_space(uint8_t c)
{
    return is_blank(c) || c == '\n';
}

static inline bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static inline bool is_printable(uint8_t c)
{
    return c >= 0x20 && c < 0x7f;
}

/* Length of the name at the front: [A-Za-z_][A-Za-z0-9_.]*, as `piece` or `added.f`. */
static inline size_t name_len(struct btw_slice text)
{
    size_t len = 0;

    while (len < text.len) {
        uint8_t c = text.data[len], lower = c | 0x20;
        if (!(lower >= 'a' && lower <= 'z') && c != '_' && !(len > 0 && (is_digit(c) || c == '.')))
            break;
        len++;
    }
    return len;
}

/* Text without its first `len` bytes. */
static inline struct btw_slice behind(struct btw_slice text, size_t len)
{
    return len == 0 ? text : btw_slice_of(text.data + len, text.len - len);
}

/* Writes to data while it fits and counts on behind that; {NULL, 0, 0} only counts. */
struct sink {
    uint8_t *data;
    size_t cap, len;
};

static inline void put(struct sink *out, const void *data, size_t len)
{
    if (len > 0 && out->len <= out->cap && len <= out->cap - out->len)
        memcpy(out->data + out->len, data, len);
    out->len += len;
}

static inline void put_char(struct sink *out, uint8_t c)
{
    put(out, &c, 1);
}

static inline void put_str(struct sink *out, const char *text)
{
    put(out, text, strlen(text));
}

#endif

/* SPDX-License-Identifier: MIT
 *
 * How writing ends, and bitfields as a whole; the rest stands in the header, where it can be inlined.
 */
#include "btw/bytes.h"

enum btw_status btw_writer_end(const struct btw_writer *w, size_t *len)
{
    if (w->failed)
        return BTW_NO_SPACE;
    *len = w->len;
    return BTW_OK;
}

size_t btw_bits_size(uint32_t pieces)
{
    return ((size_t)pieces + 7) / 8;
}

void btw_bits_fill(uint8_t *bits, size_t from, size_t to, bool value)
{
    for (; from < to && from % 8 != 0; from++)
        btw_bit_set(bits, from, value);
    if (from < to)
        memset(bits + from / 8, value ? 0xff : 0, (to - from) / 8);
    for (from += from < to ? (to - from) / 8 * 8 : 0; from < to; from++)
        btw_bit_set(bits, from, value);
}

bool btw_bits_any(const uint8_t *bits, size_t from, size_t to)
{
    uint64_t eight;

    for (; from < to && from % 8 != 0; from++)
        if (btw_bit_get(bits, from))
            return true;
    for (; from < to && (to - from) / 8 >= sizeof eight; from += 8 * sizeof eight) {
        memcpy(&eight, bits + from / 8, sizeof eight);
        if (eight != 0)
            return true;
    }
    for (; from < to; from++)
        if (btw_bit_get(bits, from))
            return true;
    return false;
}

uint32_t btw_bits_count(const uint8_t *bits, uint32_t pieces)
{
    size_t whole = pieces / 8, at = 0;
    uint32_t count = 0;
    uint64_t eight;

    for (; whole - at >= sizeof eight; at += sizeof eight) {
        memcpy(&eight, bits + at, sizeof eight);
        count += (uint32_t)__builtin_popcountll(eight);
    }
    for (size_t i = 8 * at; i < pieces; i++) /* the last byte may have spare bits */
        count += btw_bit_get(bits, i);
    return count;
}

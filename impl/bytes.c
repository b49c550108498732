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

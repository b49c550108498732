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
    uint32_t count = 0;

    for (size_t i = 0; i < pieces / 8; i++)
        count += (uint32_t)__builtin_popcount(bits[i]);
    for (size_t i = pieces / 8 * (size_t)8; i < pieces; i++) /* the last byte may have spare bits */
        count += btw_bit_get(bits, i);
    return count;
}

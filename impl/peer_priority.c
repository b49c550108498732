/* SPDX-License-Identifier: MIT
 *
 * Canonical peer priority (BEP 40).
 */
#include "btw/peer_priority.h"

#include <assert.h>
#include <string.h>

#include "btw/bytes.h"

enum { IPV4_SIZE = 4, IPV6_SIZE = 16 };

/* CRC-32C (Castagnoli, reflected), a bit at a time: it is for 32 bytes, once per connection. */
static uint32_t crc32c(struct btw_slice in)
{
    uint32_t crc = UINT32_MAX;

    for (size_t i = 0; i < in.len; i++) {
        crc ^= in.data[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? UINT32_C(0x82f63b78) : 0);
    }
    return ~crc;
}

/* Bytes of the addresses that count whole: those that are equal and the one behind them, but at least the /16 of IPv4
 * and the /48 of IPv6.  Of the others every second bit counts, since who is near can choose them. */
static size_t whole_bytes(const struct btw_endpoint *a, const struct btw_endpoint *b)
{
    size_t least = a->address_len == IPV4_SIZE ? 2 : 6, equal = 0;

    while (equal < a->address_len && a->address[equal] == b->address[equal])
        equal++;
    return equal < least ? least : equal + 1;
}

static void put_masked(struct btw_writer *w, const struct btw_endpoint *endpoint, size_t whole)
{
    for (size_t i = 0; i < endpoint->address_len; i++)
        btw_write_u8(w, i < whole ? endpoint->address[i] : endpoint->address[i] & 0x55);
}

uint32_t btw_peer_priority(const struct btw_endpoint *us, const struct btw_endpoint *them)
{
    uint8_t bytes[2 * IPV6_SIZE];
    struct btw_writer w = btw_writer_on(bytes, sizeof bytes);
    int order = memcmp(us->address, them->address, us->address_len);
    const struct btw_endpoint *low = order < 0 || (order == 0 && us->port < them->port) ? us : them;
    const struct btw_endpoint *high = low == us ? them : us;

    assert(us->address_len == them->address_len && (us->address_len == IPV4_SIZE || us->address_len == IPV6_SIZE));
    if (order == 0) {
        btw_write_u16(&w, low->port);
        btw_write_u16(&w, high->port);
    } else { /* the first byte that differs counts whole, so the mask does not change which address is lower */
        put_masked(&w, low, whole_bytes(low, high));
        put_masked(&w, high, whole_bytes(low, high));
    }
    return crc32c(btw_slice_of(bytes, w.len));
}

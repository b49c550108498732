/* SPDX-License-Identifier: MIT
 *
 * The allowed-fast set of BEP 6: a SHA-1 chain that starts with the peer's /24 and the info-hash, five draws per link.
 */
#include "btw/fast.h"

#include <stdbool.h>

#include "btw/bytes.h"
#include "btw/hash.h"

static bool contains(const uint32_t *set, size_t len, uint32_t piece)
{
    for (size_t i = 0; i < len; i++)
        if (set[i] == piece)
            return true;
    return false;
}

size_t btw_allowed_fast(uint32_t *out, size_t k, uint32_t pieces, const uint8_t ipv4[4], const uint8_t info_hash[20])
{
    /* Peers of one /24 share a set, so that moving within it gains nothing. */
    uint8_t x[24] = { ipv4[0], ipv4[1], ipv4[2], 0 };
    uint8_t digest[BTW_SHA1_SIZE];
    struct btw_slice link = { x, sizeof x };
    size_t wanted = k < pieces ? k : pieces;
    size_t len = 0;

    memcpy(x + 4, info_hash, BTW_SHA1_SIZE);
    while (len < wanted) {
        btw_sha1(digest, link);
        memcpy(x, digest, sizeof digest);
        link.len = sizeof digest;

        struct btw_reader words = btw_reader_of(link);
        while (len < wanted && words.at < words.len) {
            uint32_t piece = btw_read_u32(&words) % pieces;
            if (!contains(out, len, piece))
                out[len++] = piece;
        }
    }
    return len;
}

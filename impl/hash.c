/* SPDX-License-Identifier: MIT
 *
 * Digests of whole slices, and a stream cipher; the work is nettle's.
 */
#include <assert.h>

#include "btw/hash.h"
#include "foreign.h"

#include <nettle/arcfour.h>
#include <nettle/sha1.h>
#include <nettle/sha2.h>

void btw_sha1(uint8_t out[20], struct btw_slice in)
{
    struct sha1_ctx ctx;

    foreign_reads(in.data, in.len);
    sha1_init(&ctx);
    sha1_update(&ctx, in.len, in.data);
    sha1_digest(&ctx, BTW_SHA1_SIZE, out);
    foreign_wrote(out, BTW_SHA1_SIZE);
}

void btw_sha256(uint8_t out[32], struct btw_slice in)
{
    struct sha256_ctx ctx;

    foreign_reads(in.data, in.len);
    sha256_init(&ctx);
    sha256_update(&ctx, in.len, in.data);
    sha256_digest(&ctx, BTW_SHA256_SIZE, out);
    foreign_wrote(out, BTW_SHA256_SIZE);
}

/* The header does without nettle's, so that users of the library do, too: both are 258 bytes of no alignment. */
_Static_assert(sizeof(struct arcfour_ctx) == sizeof(struct btw_rc4) && _Alignof(struct arcfour_ctx) == 1,
               "the state of RC4 fits");

static struct arcfour_ctx *arcfour_of(struct btw_rc4 *rc4)
{
    return (struct arcfour_ctx *)(void *)rc4->state;
}

void btw_rc4_init(struct btw_rc4 *rc4, struct btw_slice key)
{
    assert(key.len >= ARCFOUR_MIN_KEY_SIZE && key.len <= ARCFOUR_MAX_KEY_SIZE);
    foreign_reads(key.data, key.len);
    arcfour_set_key(arcfour_of(rc4), key.len, key.data);
    foreign_wrote(rc4, sizeof *rc4);
}

void btw_rc4_crypt(struct btw_rc4 *rc4, uint8_t *data, size_t len)
{
    foreign_reads(data, len);
    if (len > 0)
        arcfour_crypt(arcfour_of(rc4), len, data, data);
}

/* SPDX-License-Identifier: MIT
 *
 * Digests of whole slices, and a stream cipher; the work is nettle's.
 */
#include <assert.h>

#include "btw/hash.h"

#include <nettle/arcfour.h>
#include <nettle/sha1.h>
#include <nettle/sha2.h>

void btw_sha1(uint8_t out[20], struct btw_slice in)
{
    struct sha1_ctx ctx;

    sha1_init(&ctx);
    sha1_update(&ctx, in.len, in.data);
    sha1_digest(&ctx, BTW_SHA1_SIZE, out);
}

void btw_sha256(uint8_t out[32], struct btw_slice in)
{
    struct sha256_ctx ctx;

    sha256_init(&ctx);
    sha256_update(&ctx, in.len, in.data);
    sha256_digest(&ctx, BTW_SHA256_SIZE, out);
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
    arcfour_set_key(arcfour_of(rc4), key.len, key.data);
}

void btw_rc4_crypt(struct btw_rc4 *rc4, uint8_t *data, size_t len)
{
    if (len > 0)
        arcfour_crypt(arcfour_of(rc4), len, data, data);
}

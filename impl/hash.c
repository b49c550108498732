/* SPDX-License-Identifier: MIT
 *
 * Digests of whole slices; the work is nettle's.
 */
#include "btw/hash.h"

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

/* SPDX-License-Identifier: MIT
 *
 * SHA-1 and SHA-256, a thin face over the crypto library (nettle).
 */
#ifndef BTW_HASH_H
#define BTW_HASH_H

#include "btw/diag.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { BTW_SHA1_SIZE = 20, BTW_SHA256_SIZE = 32 };

void btw_sha1(uint8_t out[20], struct btw_slice in);
void btw_sha256(uint8_t out[32], struct btw_slice in);

#ifdef __cplusplus
}
#endif
#endif

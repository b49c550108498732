/* SPDX-License-Identifier: MIT
 *
 * SHA-1, SHA-256 and RC4, a thin face over the crypto library (nettle).
 */
#ifndef BTW_HASH_H
#define BTW_HASH_H

#include "btw/api.h"
#include "btw/diag.h"

BTW_BEGIN_DECLS

enum { BTW_SHA1_SIZE = 20, BTW_SHA256_SIZE = 32 };

void btw_sha1(uint8_t out[20], struct btw_slice in);
void btw_sha256(uint8_t out[32], struct btw_slice in);

/* A keystream and how far it has gone. */
struct btw_rc4 {
    uint8_t state[258]; /* private */
};

/* The key has 1 to 256 bytes. */
void btw_rc4_init(struct btw_rc4 *rc4, struct btw_slice key);
/* Encrypts, or decrypts, in place with the next len bytes of the keystream. */
void btw_rc4_crypt(struct btw_rc4 *rc4, uint8_t *data, size_t len);

BTW_END_DECLS
#endif

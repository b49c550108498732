/* SPDX-License-Identifier: MIT
 *
 * The arithmetic of Message Stream Encryption: Diffie-Hellman over a prime of 768 bits (gmp) and the hashes over its
 * outcome.  The order of messages is left to mse.c.
 */
#include <assert.h>
#include <gmp.h>

#include "btw/bytes.h"
#include "btw/mse.h"
#include "foreign.h"

enum { DROPPED = 1024 /* first bytes of each keystream */ };

static const char prime_hex[] = "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74"
                                "020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B302B0A6DF25F1437"
                                "4FE1356D6D51C245E485B576625E7EC6F44C42E9A63A36210000000000090563";

static void get(mpz_t number, const uint8_t *bytes, size_t len)
{
    foreign_reads(bytes, len);
    mpz_import(number, len, 1, 1, 1, 0, bytes);
    foreign_wrote(number, sizeof(mpz_t));
}

/* out = base^private mod prime, with its leading zero bytes. */
static void power(uint8_t out[96], const mpz_t base, const uint8_t private_key[20], const mpz_t prime)
{
    mpz_t exponent, result;
    size_t len;

    mpz_inits(exponent, result, NULL);
    get(exponent, private_key, BTW_MSE_PRIVATE_SIZE);
    assert(mpz_sgn(exponent) > 0);
    mpz_powm_sec(result, base, exponent, prime);
    len = (mpz_sizeinbase(result, 2) + 7) / 8;
    assert(len <= BTW_MSE_KEY_SIZE);
    memset(out, 0, BTW_MSE_KEY_SIZE);
    mpz_export(out + BTW_MSE_KEY_SIZE - len, NULL, 1, 1, 1, 0, result);
    mpz_clears(exponent, result, NULL);
}

void btw_mse_public_key(uint8_t key[96], const uint8_t private_key[20])
{
    mpz_t prime, generator;

    mpz_init_set_str(prime, prime_hex, 16);
    mpz_init_set_ui(generator, 2);
    power(key, generator, private_key, prime);
    mpz_clears(prime, generator, NULL);
}

bool btw_mse_secret(uint8_t secret[96], const uint8_t private_key[20], const uint8_t theirs[96])
{
    mpz_t prime, key, highest;
    bool fits;

    mpz_init_set_str(prime, prime_hex, 16);
    mpz_inits(key, highest, NULL);
    get(key, theirs, BTW_MSE_KEY_SIZE);
    mpz_sub_ui(highest, prime, 2);
    fits = mpz_cmp_ui(key, 2) >= 0 && mpz_cmp(key, highest) <= 0;
    if (fits)
        power(secret, key, private_key, prime);
    mpz_clears(prime, key, highest, NULL);
    return fits;
}

/* SHA-1 of a tag of four letters and one or two values behind it. */
static void hash_of(uint8_t hash[20], const char tag[4], struct btw_slice first, struct btw_slice second)
{
    uint8_t text[4 + BTW_MSE_KEY_SIZE + 20];
    struct btw_writer w = btw_writer_on(text, sizeof text);

    btw_write_bytes(&w, btw_slice_of(tag, 4));
    btw_write_bytes(&w, first);
    btw_write_bytes(&w, second);
    assert(!w.failed);
    btw_sha1(hash, btw_slice_of(text, w.len));
}

void btw_mse_sync_hash(uint8_t hash[20], const uint8_t secret[96])
{
    hash_of(hash, "req1", btw_slice_of(secret, BTW_MSE_KEY_SIZE), btw_slice_of(NULL, 0));
}

void btw_mse_skey_hash(uint8_t hash[20], const uint8_t skey[20])
{
    hash_of(hash, "req2", btw_slice_of(skey, 20), btw_slice_of(NULL, 0));
}

void btw_mse_obfuscate(uint8_t hash[20], const uint8_t secret[96])
{
    uint8_t mask[20];

    hash_of(mask, "req3", btw_slice_of(secret, BTW_MSE_KEY_SIZE), btw_slice_of(NULL, 0));
    for (size_t i = 0; i < sizeof mask; i++)
        hash[i] ^= mask[i];
}

void btw_mse_cipher(struct btw_rc4 *rc4, bool initiator, const uint8_t secret[96], const uint8_t skey[20])
{
    uint8_t key[20], dropped[DROPPED] = { 0 };

    hash_of(key, initiator ? "keyA" : "keyB", btw_slice_of(secret, BTW_MSE_KEY_SIZE), btw_slice_of(skey, 20));
    btw_rc4_init(rc4, btw_slice_of(key, sizeof key));
    btw_rc4_crypt(rc4, dropped, sizeof dropped);
}

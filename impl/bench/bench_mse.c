/* SPDX-License-Identifier: MIT
 *
 * MSE of both ends, and the same arithmetic, hashes and keystreams with nothing around them.
 */
#include <assert.h>
#include <gmp.h>
#include <nettle/arcfour.h>
#include <nettle/sha1.h>

#include "btw/mse.h"
#include "work.h"

enum { LARGE = 65536, PAD = 256, DROPPED = 1024 };

static const char prime_hex[] = "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74"
                                "020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B302B0A6DF25F1437"
                                "4FE1356D6D51C245E485B576625E7EC6F44C42E9A63A36210000000000090563";
static const uint8_t keys[2][BTW_MSE_PRIVATE_SIZE] = { "an initiator's key..", "a responder's key..." };
static const uint8_t pad[PAD], ia[68];
static double one = 1, large = LARGE;
static uint8_t data[LARGE];

static bool find(void *user, const uint8_t req2[20], uint8_t skey[20])
{
    (void)user, (void)req2;
    memset(skey, 0xaa, 20);
    return true;
}

static bool pass_on(struct btw_mse *from, struct btw_mse *to)
{
    uint8_t bytes[2048];
    struct btw_slice in = { bytes, btw_mse_output(from, bytes, sizeof bytes) };
    struct btw_diag diag;

    return btw_mse_feed(to, &in, &diag) == BTW_OK;
}

static void open_both(struct btw_mse *dialler, struct btw_mse *acceptor)
{
    struct btw_mse_config config = { .pad_clear = { pad, sizeof pad },
                                     .pad_secret = { pad, sizeof pad },
                                     .methods = BTW_MSE_RC4,
                                     .ia = { ia, sizeof ia },
                                     .find = find };

    memset(config.skey, 0xaa, sizeof config.skey);
    memcpy(config.private_key, keys[0], sizeof config.private_key);
    btw_mse_dial(dialler, &config);
    memcpy(config.private_key, keys[1], sizeof config.private_key);
    btw_mse_accept(acceptor, &config);
    pass_on(dialler, acceptor);
    pass_on(acceptor, dialler);
    assert(pass_on(dialler, acceptor) && pass_on(acceptor, dialler));
}

static void handshake(void)
{
    static struct btw_mse dialler, acceptor;

    open_both(&dialler, &acceptor);
    bench_use(dialler.seen.methods);
}

static void number(mpz_t out, const uint8_t *bytes, size_t len)
{
    mpz_import(out, len, 1, 1, 1, 0, bytes);
}

static void hash(uint8_t out[20], size_t len)
{
    struct sha1_ctx ctx;

    sha1_init(&ctx);
    sha1_update(&ctx, len, data);
    sha1_digest(&ctx, 20, out);
}

/* Per end: its public key, the secret, HASH(req1), (req2), (req3), and both ciphers with 1024 bytes dropped. */
static void handshake_crypto(void)
{
    static mpz_t prime, two, private[2], public[2], secret;
    struct arcfour_ctx cipher;
    uint8_t key[20];

    if (mpz_sgn(prime) == 0) {
        mpz_init_set_str(prime, prime_hex, 16);
        mpz_init_set_ui(two, 2);
        mpz_inits(private[0], private[1], public[0], public[1], secret, NULL);
    }
    for (int end = 0; end < 2; end++) {
        number(private[end], keys[end], sizeof keys[end]);
        mpz_powm_sec(public[end], two, private[end], prime);
    }
    for (int end = 0; end < 2; end++) {
        mpz_powm_sec(secret, public[!end], private[end], prime);
        hash(key, 4 + BTW_MSE_KEY_SIZE);
        hash(key, 4 + 20);
        hash(key, 4 + BTW_MSE_KEY_SIZE);
        for (int way = 0; way < 2; way++) {
            hash(key, 4 + BTW_MSE_KEY_SIZE + 20);
            arcfour_set_key(&cipher, sizeof key, key);
            arcfour_crypt(&cipher, DROPPED, data, data);
        }
    }
    bench_use(mpz_get_ui(secret) + data[0]);
}

static void stream(void)
{
    static struct btw_mse dialler, acceptor;

    if (dialler.seen.methods == 0)
        open_both(&dialler, &acceptor);
    btw_mse_encrypt(&dialler, data, sizeof data);
    bench_use(data[1]);
}

static void stream_crypto(void)
{
    static struct arcfour_ctx cipher;
    static bool keyed;

    if (!keyed)
        arcfour_set_key(&cipher, sizeof keys[0], keys[0]);
    keyed = true;
    arcfour_crypt(&cipher, sizeof data, data, data);
    bench_use(data[1]);
}

/* clang-format off */
static const struct bench_work works[] = {
    { "handshake",        handshake,        &one },
    { "handshake-crypto", handshake_crypto, &one },
    { "stream",           stream,           &large },
    { "stream-crypto",    stream_crypto,    &large },
    { NULL,               NULL,             NULL },
};
/* clang-format on */

int main(void)
{
    return bench_serve(works);
}

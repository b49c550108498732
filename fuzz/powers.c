/* SPDX-License-Identifier: MIT
 *
 * Powers of MSE's key exchange that were computed before: whoever plays the same scenarios with the same random numbers
 * has the same keys again and again, and looks for keys with certain first bytes besides.  Linked with --wrap.
 */
#include "btw/mse.h"
#include "fuzz.h"

enum { KNOWN = 4096, FACTORS_SIZE = BTW_MSE_PRIVATE_SIZE + BTW_MSE_KEY_SIZE };

/* Of a private key and, behind it, what it raises.  The newest of a place stays. */
static struct power {
    bool is_known, fits;
    uint8_t factors[FACTORS_SIZE], result[BTW_MSE_KEY_SIZE];
} powers[KNOWN];

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
bool __real_btw_mse_secret(uint8_t secret[96], const uint8_t private_key[20], const uint8_t theirs[96]);
bool __wrap_btw_mse_secret(uint8_t secret[96], const uint8_t private_key[20], const uint8_t theirs[96]);
void __wrap_btw_mse_public_key(uint8_t key[96], const uint8_t private_key[20]);

bool __wrap_btw_mse_secret(uint8_t secret[96], const uint8_t private_key[20], const uint8_t theirs[96])
{
    uint8_t factors[FACTORS_SIZE];
    struct power *power;

    memcpy(factors, private_key, BTW_MSE_PRIVATE_SIZE);
    memcpy(factors + BTW_MSE_PRIVATE_SIZE, theirs, BTW_MSE_KEY_SIZE);
    power = &powers[fuzz_digest(FUZZ_DIGEST_START, factors, sizeof factors) % KNOWN];
    if (!power->is_known || memcmp(power->factors, factors, sizeof factors) != 0) {
        *power = (struct power){ .is_known = true };
        memcpy(power->factors, factors, sizeof factors);
        power->fits = __real_btw_mse_secret(power->result, private_key, theirs);
    }
    if (power->fits)
        memcpy(secret, power->result, sizeof power->result);
    return power->fits;
}

/* The power of the generator. */
void __wrap_btw_mse_public_key(uint8_t key[96], const uint8_t private_key[20])
{
    static const uint8_t generator[BTW_MSE_KEY_SIZE] = { [BTW_MSE_KEY_SIZE - 1] = 2 };

    (void)__wrap_btw_mse_secret(key, private_key, generator);
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

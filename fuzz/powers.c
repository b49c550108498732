/* SPDX-License-Identifier: MIT
 *
 * Powers of MSE's key exchange that were computed before: whoever plays the same scenarios with the same random numbers
 * has the same keys again and again, and looks for keys with certain first bytes besides.  Linked with --wrap.
 */
#include <string.h>

#include "btw/mse.h"

enum { KNOWN = 4096 };

struct power {
    bool is_known, fits;
    uint8_t private_key[BTW_MSE_PRIVATE_SIZE], base[BTW_MSE_KEY_SIZE], result[BTW_MSE_KEY_SIZE];
};

static struct power powers[KNOWN];

/* Where a power stands, or may: the newest of a place stays. */
static struct power *place_of(const uint8_t private_key[20], const uint8_t base[96])
{
    uint32_t at = 0;

    for (size_t i = 0; i < BTW_MSE_PRIVATE_SIZE; i++)
        at = at * 31 + private_key[i];
    for (size_t i = 0; i < BTW_MSE_KEY_SIZE; i++)
        at = at * 31 + base[i];
    return &powers[at % KNOWN];
}

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
bool __real_btw_mse_secret(uint8_t secret[96], const uint8_t private_key[20], const uint8_t theirs[96]);
bool __wrap_btw_mse_secret(uint8_t secret[96], const uint8_t private_key[20], const uint8_t theirs[96]);
void __wrap_btw_mse_public_key(uint8_t key[96], const uint8_t private_key[20]);

bool __wrap_btw_mse_secret(uint8_t secret[96], const uint8_t private_key[20], const uint8_t theirs[96])
{
    struct power *power = place_of(private_key, theirs);

    if (!power->is_known || memcmp(power->private_key, private_key, sizeof power->private_key) != 0 ||
        memcmp(power->base, theirs, sizeof power->base) != 0) {
        *power = (struct power){ .is_known = true };
        memcpy(power->private_key, private_key, sizeof power->private_key);
        memcpy(power->base, theirs, sizeof power->base);
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

/* SPDX-License-Identifier: MIT
 *
 * The arithmetic of Message Stream Encryption gives the published numbers.
 */
#include "mse_harness.h"

static void the_numbers_are_those_of_the_vectors(void **state)
{
    uint8_t private_key[20], key[96], skey[20], hash[20], zeros[32] = { 0 };
    struct btw_rc4 rc4;

    (void)state;
    get_hex(private_key, XA);
    btw_mse_public_key(key, private_key);
    assert_hex(key, YA);
    get_hex(private_key, XB);
    btw_mse_public_key(key, private_key);
    assert_hex(key, YB);
    get_hex(private_key, XA);
    assert_true(btw_mse_secret(key, private_key, key));
    assert_hex(key, S);
    get_hex(skey, SKEY_AA);
    btw_mse_sync_hash(hash, key);
    assert_hex(hash, SYNC);
    btw_mse_skey_hash(hash, skey);
    assert_hex(hash, REQ2_AA);
    btw_mse_obfuscate(hash, key);
    assert_hex(hash, OBFUSCATED);
    btw_mse_obfuscate(hash, key);
    assert_hex(hash, REQ2_AA);
    btw_mse_cipher(&rc4, true, key, skey);
    btw_rc4_crypt(&rc4, zeros, 20);
    btw_rc4_crypt(&rc4, zeros + 20, 12);
    assert_hex(zeros, STREAM_A);
    memset(zeros, 0, sizeof zeros);
    btw_mse_cipher(&rc4, false, key, skey);
    btw_rc4_crypt(&rc4, zeros, 32);
    assert_hex(zeros, STREAM_B);
}

static void leading_zeros_stay(void **state)
{
    uint8_t private_key[20], key[96], hash[20];

    (void)state;
    get_hex(private_key, XB_OF_SHORT_S);
    btw_mse_public_key(key, private_key);
    assert_hex(key, YB_OF_SHORT_S);
    get_hex(private_key, XA);
    assert_true(btw_mse_secret(key, private_key, key));
    assert_hex(key, SHORT_S);
    btw_mse_sync_hash(hash, key);
    assert_hex(hash, SHORT_SYNC);
    get_hex(private_key, XA_OF_SHORT_Y);
    btw_mse_public_key(key, private_key);
    assert_hex(key, ZEROS_95 "02");
}

static const struct {
    const char *key;
    bool fits;
} keys[] = {
    { ZEROS_95 "00", false },   { ZEROS_95 "01", false },   { ZEROS_95 "02", true },
    { P_BUT_LAST "61", true },  { P_BUT_LAST "62", false }, { P_BUT_LAST "63", false },
    { P_BUT_LAST "64", false }, { ROOT ROOT ROOT, true },   { YA, true },
};

/* Both ends refuse a key outside 2..P-2, when it is whole. */
static void keys_outside_the_group_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(keys); i++) {
        struct btw_slice key = unhex(keys[i].key);
        assert_int_equal(key.len, 96);
        for (size_t end = 0; end < 2; end++) {
            struct ends *ends = ends_new(&plain_rc4);
            arrive(ends, end, key.data, 95);
            assert_int_equal(ends->status[end], BTW_MORE);
            arrive(ends, end, key.data + 95, 1);
            assert_memory_equal(ends->mse[end].seen.public_key, key.data, 96);
            if (keys[i].fits)
                assert_int_equal(ends->status[end], BTW_MORE);
            else
                assert_failed(ends, end, BTW_MSE_BAD_KEY, BTW_BAD_WIRE, 0);
            ends_free(ends);
        }
        release(key);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_numbers_are_those_of_the_vectors),
        cmocka_unit_test(leading_zeros_stay),
        cmocka_unit_test(keys_outside_the_group_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

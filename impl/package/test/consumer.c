/* SPDX-License-Identifier: MIT
 *
 * A program of somebody else's, in C and in C++: it is linked with what was installed, and calls into every part that
 * stands on another library.  Prints the version of the headers.
 */
#include <stdio.h>
#include <string.h>

#include <btw/bytes.h>
#include <btw/hash.h>
#include <btw/mse.h>
#include <btw/msg.h>
#include <btw/stream.h>
#include <btw/version.h>

int main(void)
{
    static const uint8_t have[] = { 0, 0, 0, 5, 4, 0, 0, 0, 3 };
    /* SHA-1 of nothing (FIPS 180-4). */
    static const uint8_t nothing[] = { 0xda, 0x39, 0xa3, 0xee, 0x5e, 0x6b, 0x4b, 0x0d, 0x32, 0x55,
                                       0xbf, 0xef, 0x95, 0x60, 0x18, 0x90, 0xaf, 0xd8, 0x07, 0x09 };
    uint8_t hash[BTW_SHA1_SIZE], private_key[BTW_MSE_PRIVATE_SIZE] = { 0 }, public_key[BTW_MSE_KEY_SIZE];
    struct btw_msg msg;
    size_t used;

    if (btw_msg_decode(&msg, &used, btw_slice_of(have, sizeof have), BTW_LEN_MAX_DEFAULT, NULL) != BTW_OK ||
        msg.type != BTW_HAVE || msg.piece != 3 || used != sizeof have)
        return 1;
    btw_sha1(hash, btw_slice_of(NULL, 0));
    if (memcmp(hash, nothing, sizeof hash) != 0)
        return 2;
    private_key[BTW_MSE_PRIVATE_SIZE - 1] = 3;
    btw_mse_public_key(public_key, private_key); /* 2^3, MSE: the generator is 2 */
    if (public_key[BTW_MSE_KEY_SIZE - 1] != 8)
        return 3;
    puts(BTW_VERSION);
    return 0;
}

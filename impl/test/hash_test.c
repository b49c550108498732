/* SPDX-License-Identifier: MIT
 *
 * The published vectors: FIPS 180 for the hashes, the usual ones for RC4.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "btw/bytes.h"
#include "btw/hash.h"

static void bytes_are(const uint8_t *got, size_t len, const char *want)
{
    char hex[65] = "";

    for (size_t i = 0; i < len; i++)
        snprintf(hex + 2 * i, 3, "%02x", got[i]);
    assert_string_equal(hex, want);
}

/* clang-format off */
static const struct {
    const char *text, *sha1, *sha256;
} digests[] = {
    { "",    "da39a3ee5e6b4b0d3255bfef95601890afd80709",
             "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
    { "abc", "a9993e364706816aba3e25717850c26c9cd0d89d",
             "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
};
static const struct {
    const char *key, *text, *crypted;
} streams[] = {
    { "Key",    "Plaintext",      "bbf316e8d940af0ad3" },
    { "Wiki",   "pedia",          "1021bf0420" },
    { "Secret", "Attack at dawn", "45a01f645fc35b383552544b9bf5" },
};
/* clang-format on */

static void digests_are_the_published_ones(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof digests / sizeof digests[0]; i++) {
        uint8_t sha1[20], sha256[32];
        btw_sha1(sha1, btw_slice_str(digests[i].text));
        btw_sha256(sha256, btw_slice_str(digests[i].text));
        bytes_are(sha1, sizeof sha1, digests[i].sha1);
        bytes_are(sha256, sizeof sha256, digests[i].sha256);
    }
}

static void streams_are_the_usual_ones_whole_and_in_parts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof streams / sizeof streams[0]; i++) {
        struct btw_rc4 rc4;
        uint8_t data[32];
        size_t len = strlen(streams[i].text);
        for (size_t cut = 0; cut <= len; cut++) {
            memcpy(data, streams[i].text, len);
            btw_rc4_init(&rc4, btw_slice_str(streams[i].key));
            btw_rc4_crypt(&rc4, data, cut);
            btw_rc4_crypt(&rc4, data + cut, len - cut);
            bytes_are(data, len, streams[i].crypted);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digests_are_the_published_ones),
        cmocka_unit_test(streams_are_the_usual_ones_whole_and_in_parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

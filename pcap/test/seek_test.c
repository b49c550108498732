/* SPDX-License-Identifier: MIT
 *
 * Where messages begin in bytes that begin anywhere, and where they only seem to.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "btw/msg.h"
#include "seek.h"

/* clang-format off */
#define HAVE     "\0\0\0\5\4\0\0\0\7"
#define REQUEST  "\0\0\0\15\6\0\0\0\1\0\0\0\0\0\0\100\0"
#define UNCHOKE  "\0\0\0\1\1"
#define ALIVE    "\0\0\0\0"
#define PIECE_4  "\0\0\0\15\7\0\0\0\1\0\0\0\0\xff\xff\xff\xff"
#define EXTENDED "\0\0\0\4\24\1de"
#define BYTES(text) text, sizeof(text) - 1

static const struct {
    const char *name, *bytes;
    size_t len;
    long found, found_at_end;
} rows[] = {
    { "from the first byte",      BYTES(HAVE REQUEST UNCHOKE), 0, 0 },
    { "behind a rest",            BYTES("\xaa\0\0\xbb" HAVE HAVE HAVE), 4, 4 },
    { "in a message",             BYTES("\7" HAVE PIECE_4 EXTENDED), 1, 1 },
    { "the third not whole",      BYTES(HAVE HAVE "\0\0\0\15\7\0\0\0\1"), 0, 0 },
    { "two, and the end",         BYTES("\xff\xff" HAVE REQUEST), -1, 2 },
    { "two, and more",            BYTES(HAVE REQUEST "\0\0"), -1, -1 },
    { "one, and the end",         BYTES("\xff\xff\xff" HAVE), -1, -1 },
    { "keepalives do not count",  BYTES(HAVE ALIVE HAVE ALIVE), -1, 0 },
    { "nor do they stand alone",  BYTES(ALIVE HAVE ALIVE HAVE ALIVE HAVE), 4, 4 },
    { "zeros",                    BYTES("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"), -1, -1 },
    { "a flaw in the third",      BYTES(HAVE HAVE "\0\0\0\6\4\0\0\0\7\0" HAVE), -1, -1 },
    { "an id nobody has",         BYTES(HAVE HAVE "\0\0\0\1\41" HAVE), -1, -1 },
    { "an index of 16 million",   BYTES("\0\0\0\5\4\1\0\0\0" HAVE HAVE), -1, 9 },
    { "extended, no dictionary",  BYTES("\0\0\0\4\24\1xe" HAVE HAVE), -1, 8 },
    { "text",                     BYTES("GET / HTTP/1.1\r\nHost: example.org\r\n\r\n"), -1, -1 },
    { "nothing",                  "", 0, -1, -1 },
};
/* clang-format on */

static long seek_in(const char *bytes, size_t len, bool at_end)
{
    uint8_t *exact = (uint8_t *)malloc(len + (len == 0));
    long found;

    assert_non_null(exact);
    memcpy(exact, bytes, len);
    found = cap_seek_messages(btw_slice_of(exact, len), at_end, BTW_LEN_MAX_DEFAULT);
    free(exact);
    return found;
}

static void messages_are_found(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (seek_in(rows[i].bytes, rows[i].len, false) != rows[i].found)
            fail_msg("%s: %ld", rows[i].name, seek_in(rows[i].bytes, rows[i].len, false));
        if (seek_in(rows[i].bytes, rows[i].len, true) != rows[i].found_at_end)
            fail_msg("%s, at the end: %ld", rows[i].name, seek_in(rows[i].bytes, rows[i].len, true));
    }
}

/* 16 MiB in which no message is. */
static void randomness_holds_no_messages(void **state)
{
    static uint8_t bytes[CAP_SEEK_MAX];
    uint64_t seed = 11;

    (void)state;
    for (unsigned round = 0; round < 256; round++) {
        for (size_t i = 0; i < sizeof bytes; i++) {
            seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
            bytes[i] = (uint8_t)(seed >> 56);
        }
        assert_int_equal(cap_seek_messages(btw_slice_of(bytes, sizeof bytes), true, BTW_LEN_MAX_DEFAULT),
                         CAP_NOT_FOUND);
    }
}

/* Every byte of the search could begin a run of keepalives. */
static void a_search_in_zeros_is_quick(void **state)
{
    static const uint8_t zeros[CAP_SEEK_MAX];

    (void)state;
    for (unsigned round = 0; round < 100; round++)
        assert_int_equal(cap_seek_messages(btw_slice_of(zeros, sizeof zeros), true, BTW_LEN_MAX_DEFAULT),
                         CAP_NOT_FOUND);
}

/* clang-format off */
static const struct {
    const char *name, *hex;
    bool clear, random;
} looks[] = {
    { "text", "474554202f20485454502f312e310d0a486f73743a206578616d706c652e6f72670d0a0d0a", true, false },
    { "a line of text", "55534552206e69636b206f7220736f6d657468696e67206c696b652074686174", true, false },
    { "TLS", "1603010200010001fc0303b0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3c4", true, false },
    { "short", "1603", false, false },
};
/* clang-format on */

static size_t put_hex(uint8_t *to, const char *hex)
{
    char digits[3] = "";
    size_t len = strlen(hex) / 2;

    for (size_t i = 0; i < len; i++) {
        memcpy(digits, hex + 2 * i, 2);
        to[i] = (uint8_t)strtoul(digits, NULL, 16);
    }
    return len;
}

static void clear_text_is_told_from_keys(void **state)
{
    uint8_t bytes[CAP_RANDOM_SIZE];
    uint64_t seed = 13;

    (void)state;
    for (size_t i = 0; i < sizeof looks / sizeof looks[0]; i++) {
        size_t len = put_hex(bytes, looks[i].hex);

        if (cap_looks_clear(btw_slice_of(bytes, len)) != looks[i].clear ||
            cap_looks_random(btw_slice_of(bytes, len)) != looks[i].random)
            fail_msg("%s", looks[i].name);
    }
    for (unsigned round = 0; round < 10000; round++) {
        for (size_t i = 0; i < sizeof bytes; i++) {
            seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
            bytes[i] = (uint8_t)(seed >> 56);
        }
        assert_true(cap_looks_random(btw_slice_of(bytes, sizeof bytes)));
    }
    memset(bytes, 0, sizeof bytes);
    assert_false(cap_looks_random(btw_slice_of(bytes, sizeof bytes)));
}

static void a_handshake_is_found_behind_padding(void **state)
{
    static const char bytes[] = "\x13"
                                "BitTorrent protoc\x13"
                                "BitTorrent protocol and more";

    (void)state;
    assert_int_equal(cap_seek_handshake(btw_slice_of(bytes, sizeof bytes - 1)), 18);
    assert_int_equal(cap_seek_handshake(btw_slice_of(bytes, 37)), CAP_NOT_FOUND);
    assert_true(cap_begins_handshake(btw_slice_of(bytes, 18)));
    assert_false(cap_begins_handshake(btw_slice_of(bytes, 19)));
    assert_true(cap_begins_handshake(btw_slice_of(bytes + 18, 28)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_are_found),
        cmocka_unit_test(randomness_holds_no_messages),
        cmocka_unit_test(a_search_in_zeros_is_quick),
        cmocka_unit_test(clear_text_is_told_from_keys),
        cmocka_unit_test(a_handshake_is_found_behind_padding),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

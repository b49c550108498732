/* SPDX-License-Identifier: MIT
 *
 * Every message in both shapes, for the tests of messages, streams and the notation.  The hex is written from the BEPs
 * by hand, never taken from our encoder: a shared table makes a round trip blind for two fields that are swapped.
 */
#ifndef BTW_TEST_WIRE_ROWS_H
#define BTW_TEST_WIRE_ROWS_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "btw/bytes.h"
#include "btw/msg.h"

#define COUNT(rows) (sizeof(rows) / sizeof(rows)[0])

#define PROTOCOL "13 'BitTorrent protocol'"
#define ROOT "c5c907dc04430ebb1cbe748195971d38eb707c0b5a24e2ec6b5fd5c995cb6d7f"
#define LEAF "0101010101010101010101010101010101010101010101010101010101010101"
#define ZERO "0000000000000000000000000000000000000000000000000000000000000000"

static const struct {
    const char *text, *hex; /* between ' ' bytes are written as they are */
} both[] = {
    { "handshake reserved=[ext fast] info_hash=00112233445566778899aabbccddeeff01234567 "
      "peer_id=\"-TR3000-abcdefghijkl\"",
      PROTOCOL "0000000000100004 00112233445566778899aabbccddeeff01234567 '-TR3000-abcdefghijkl'" },
    { "keepalive", "00000000" },
    { "choke", "00000001 00" },
    { "unchoke", "00000001 01" },
    { "interested", "00000001 02" },
    { "not_interested", "00000001 03" },
    { "have piece=3", "00000005 04 00000003" },
    { "bitfield bits=ffe0", "00000003 05 ffe0" },
    { "request piece=1 begin=16384 length=16383", "0000000d 06 00000001 00004000 00003fff" },
    { "piece piece=2 begin=32768 data=68656c6c6f", "0000000e 07 00000002 00008000 'hello'" },
    { "piece piece=2 begin=32768 data=\"\"", "00000009 07 00000002 00008000" },
    { "cancel piece=1 begin=16384 length=16383", "0000000d 08 00000001 00004000 00003fff" },
    { "port port=6881", "00000003 09 1ae1" },
    { "suggest piece=4294967295", "00000005 0d ffffffff" },
    { "have_all", "00000001 0e" },
    { "have_none", "00000001 0f" },
    { "reject piece=1 begin=16384 length=16383", "0000000d 10 00000001 00004000 00003fff" },
    { "allowed_fast piece=1059", "00000005 11 00000423" },
    { "extended ext=0 dict={m={ut_metadata=3 ut_pex=1} metadata_size=31235 p=6881 reqq=250 v=\"X 1\"}",
      "00000058 14 00 'd1:md11:ut_metadatai3e6:ut_pexi1ee13:metadata_sizei31235e1:pi6881e4:reqqi250e1:v3:X 1e'" },
    { "extended ext=3 dict={msg_type=0 piece=0}", "0000001b 14 03 'd8:msg_typei0e5:piecei0ee'" },
    { "extended ext=3 dict={msg_type=1 piece=0 total_size=3425} tail=64343a",
      "00000031 14 03 'd8:msg_typei1e5:piecei0e10:total_sizei3425eed4:'" },
    { "extended ext=1 dict={added=x\"0a0000011ae1\" added.f=x\"02\" dropped=\"\"}",
      "0000002a 14 01 'd5:added6:' 0a0000011ae1 '7:added.f1:' 02 '7:dropped0:e'" },
    { "extended ext=7 data=00000005", "00000006 14 07 00000005" },
    { "extended ext=255 data=\"\"", "00000002 14 ff" },
    { "hash_request root=" ROOT " base=1 index=2 length=4 proof=3",
      "00000031 15" ROOT "00000001 00000002 00000004 00000003" },
    { "hashes root=" ROOT " base=1 index=2 length=2 proof=0 hashes=" LEAF ZERO,
      "00000071 16" ROOT "00000001 00000002 00000002 00000000" LEAF ZERO },
    { "hash_reject root=" ROOT " base=1 index=2 length=4 proof=3",
      "00000031 17" ROOT "00000001 00000002 00000004 00000003" },
    { "raw 00000002ff00", "00000002 ff00" },
};

enum { HANDSHAKE_ROW, FIRST_MESSAGE_ROW };

/* Bytes of a row in a heap block of exactly their size, so that the sanitizer sees every byte read behind them. */
static inline struct btw_slice unhex(const char *hex)
{
    uint8_t *bytes = malloc(strlen(hex) + 1);
    size_t len = 0;

    assert_non_null(bytes);
    while (*hex != '\0') {
        char pair[3] = { hex[0], hex[1], '\0' };
        if (*hex == ' ') {
            hex++;
        } else if (*hex == '\'') {
            for (hex++; *hex != '\''; hex++)
                bytes[len++] = (uint8_t)*hex;
            hex++;
        } else {
            bytes[len++] = (uint8_t)strtoul(pair, NULL, 16);
            hex += 2;
        }
    }
    bytes = realloc(bytes, len + (len == 0));
    assert_non_null(bytes);
    return btw_slice_of(bytes, len);
}

static inline struct btw_slice exact_copy(const void *data, size_t len)
{
    uint8_t *bytes = malloc(len + (len == 0));

    assert_non_null(bytes);
    if (len > 0)
        memcpy(bytes, data, len);
    return btw_slice_of(bytes, len);
}

static inline void release(struct btw_slice bytes)
{
    free((void *)(uintptr_t)bytes.data);
}

static inline void assert_bytes(struct btw_slice got, struct btw_slice want)
{
    assert_int_equal(got.len, want.len);
    assert_memory_equal(got.data, want.data, want.len);
}

#endif

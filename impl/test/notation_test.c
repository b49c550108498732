/* SPDX-License-Identifier: MIT
 *
 * Messages as text: what is printed, what is read, and that nothing is lost between.
 */
#include <stdio.h>

#include "btw/bencode.h"
#include "btw/notation.h"
#include "wire_rows.h"

enum { TEXT_MAX = 1 << 16 };

static char *print(const struct btw_msg *msg, int style)
{
    size_t len = 0, again = 0;
    char *text;

    assert_int_equal(btw_msg_print(NULL, 0, &len, msg, style), BTW_NO_SPACE);
    text = malloc(len + 1);
    assert_int_equal(btw_msg_print(text, len, &again, msg, style), BTW_NO_SPACE);
    assert_int_equal(again, len);
    assert_int_equal(btw_msg_print(text, len + 1, &again, msg, style), BTW_OK);
    assert_int_equal(again, len);
    assert_int_equal(strlen(text), len);
    return text;
}

/* Text, in a block of its own size and with the scratch the header promises to suffice, to the bytes of the wire. */
static struct btw_slice wire_of(const char *text)
{
    struct btw_slice line = exact_copy(text, strlen(text));
    uint8_t *scratch = malloc(2 * line.len), *wire;
    struct btw_diag diag = { .text = "" };
    struct btw_msg msg;
    size_t size, len;

    if (btw_msg_parse(&msg, scratch, 2 * line.len, (const char *)line.data, line.len, &diag) != BTW_OK)
        fail_msg("%s: %zu: %s", text, diag.offset, diag.text);
    size = btw_msg_size(&msg);
    wire = malloc(size + 1);
    assert_int_equal(btw_msg_encode(wire, size, &len, &msg), BTW_OK);
    free(scratch);
    release(line);
    return btw_slice_of(wire, len);
}

static void assert_round_trip(const struct btw_msg *msg, struct btw_slice bytes)
{
    char *text = print(msg, BTW_PRINT_FULL);
    struct btw_slice wire = wire_of(text);

    if (!btw_slice_equal(wire, bytes))
        fail_msg("%s does not read back", text);
    release(wire);
    free(text);
}

static void decode(struct btw_msg *msg, struct btw_slice bytes)
{
    size_t used;

    if (bytes.len > 0 && bytes.data[0] == 0x13)
        assert_int_equal(btw_handshake_decode(msg, &used, bytes, NULL), BTW_OK);
    else
        (void)btw_msg_decode(msg, &used, bytes, 1 << 20, NULL);
    assert_int_equal(used, bytes.len);
}

static void every_message_prints_and_reads_as_written(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(both); i++) {
        struct btw_slice bytes = unhex(both[i].hex), wire = wire_of(both[i].text);
        struct btw_msg msg;
        char *text;

        decode(&msg, bytes);
        text = print(&msg, BTW_PRINT_FULL);
        assert_string_equal(text, both[i].text);
        assert_bytes(wire, bytes);
        free(text);
        release(wire);
        release(bytes);
    }
}

/* Texts that nobody prints but anybody may write. */
static void other_ways_to_write_are_read(void **state)
{
    static const struct {
        const char *text, *hex;
    } rows[] = {
        { "  have  piece=0x10 \t # comment", "00000005 04 00000010" },
        { "have piece=+7\r\n", "00000005 04 00000007" },
        { "request length=3 piece=1 begin=2", "0000000d 06 00000001 00000002 00000003" },
        { "bitfield bits=x\"FFe0\"", "00000003 05 ffe0" },
        { "bitfield bits=\"\\xff\\\"\\\\\\n\\r\\t\"", "00000007 05 ff225c0a0d09" },
        { "bitfield bits=\"\"", "00000001 05" },
        { "piece piece=0 begin=0 data=10", "0000000a 07 00000000 00000000 10" },
        { "raw \"GET /\"", "'GET /'" },
        { "raw\t00", "00" },
        { "raw \"\"", "" },
        { "raw \"caf\xc3\xa9\"", "'caf' c3a9" },
        { "handshake peer_id=x\"000102030405060708090a0b0c0d0e0f10111213\" info_hash=\"aaaaaaaaaaaaaaaaaaaa\"",
          PROTOCOL "0000000000000000 'aaaaaaaaaaaaaaaaaaaa' 000102030405060708090a0b0c0d0e0f10111213" },
        { "handshake reserved=0102030405060708 info_hash=\"aaaaaaaaaaaaaaaaaaaa\" peer_id=\"bbbbbbbbbbbbbbbbbbbb\"",
          PROTOCOL "0102030405060708 'aaaaaaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbbbbb'" },
        { "handshake reserved=[ dht bit0 bit63  bit43 ] info_hash=\"aaaaaaaaaaaaaaaaaaaa\" "
          "peer_id=\"bbbbbbbbbbbbbbbbbbbb\"",
          PROTOCOL "8000000000100001 'aaaaaaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbbbbb'" },
        { "extended ext=0 dict={ z=1   a=-0x10 z=[ ] }", "00000017 14 00 'd1:zi1e1:ai-16e1:zlee'" },
        { "extended ext=1 tail=ff dict=[{} [] x\"00\"]", "0000000c 14 01 'ldele1:' 00 'e' ff" },
        { "extended ext=1 dict=-9223372036854775808", "00000018 14 01 'i-9223372036854775808e'" },
        { "extended ext=1 dict=\"{\\\"=\"", "00000007 14 01 '3:{\"='" },
        { "extended ext=1 dict={\"\"=1 x\"ff\"=\"\" \"a b\"=2}", "00000016 14 01 'd0:i1e1:' ff '0:3:a bi2ee'" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct btw_slice want = unhex(rows[i].hex), wire = wire_of(rows[i].text);
        if (!btw_slice_equal(wire, want))
            fail_msg("%s", rows[i].text);
        release(wire);
        release(want);
    }
}

static void wrong_texts_are_explained(void **state)
{
    static const struct {
        const char *text;
        size_t offset;
        const char *sentence;
    } rows[] = {
        { "", 0, "the name of a message is expected" },
        { "  # nothing", 2, "the name of a message is expected" },
        { "hash piece=1", 0, "no message is called 'hash'; the nearest is 'hash_request'" },
        { " requst piece=1", 1, "no message is called 'requst'; the nearest is 'request'" },
        { "request size=1", 8, "request has no field 'size'; it has piece, begin, length" },
        { "choke piece=1", 6, "choke has no field 'piece'; it has none" },
        { "extended id=1", 9, "extended has no field 'id'; it has ext, data, dict, tail" },
        { "piece dict={}", 6, "piece has no field 'dict'; it has piece, begin, data" },
        { "hashes x=1", 7, "hashes has no field 'x'; it has root, base, index, length, proof, hashes" },
        { "have piece=1 piece=1", 13, "field 'piece' is given twice" },
        { "extended ext=1 dict={} dict={}", 23, "field 'dict' is given twice" },
        { "extended ext=1 dict={} data=00", 23, "a payload is either data or dict and tail" },
        { "extended ext=1 data=00 tail=00", 23, "a payload is either data or dict and tail" },
        { "have", 4, "have wants piece" },
        { "request piece=1 length=2", 24, "request wants begin" },
        { "extended ext=1", 14, "extended wants data or dict" },
        { "extended ext=1 tail=00", 22, "extended wants dict in front of tail" },
        { "raw", 3, "a value is expected" },
        { "raw # no bytes", 4, "a value is expected" },
        { "have piece=", 11, "a value is expected" },
        { "have piece= 1", 11, "a value is expected" },
        { "have piece=(1", 11, "quotes or brackets do not close" },
        { "raw \"abc", 4, "quotes or brackets do not close" },
        { "have piece=1 2", 13, "field=value or the end of the line is expected" },
        { "have piece=1, 2", 12, "field=value or the end of the line is expected" },
        { "choke *", 6, "field=value or the end of the line is expected" },
        { "have piece=x1", 11, "a digit is expected" },
        { "have piece=0x1g", 14, "a hex digit is expected" },
        { "have piece=0x", 13, "a number is expected" },
        { "have piece=-", 12, "a number is expected" },
        { "have piece=-1", 11, "piece is a number from 0 to 4294967295" },
        { "have piece=4294967296", 11, "piece is a number from 0 to 4294967295" },
        { "have piece=9223372036854775808", 11, "the number does not fit 64 bits" },
        { "port port=65536", 10, "port is a number from 0 to 65535" },
        { "extended ext=256 data=00", 13, "ext is a number from 0 to 255" },
        { "bitfield bits=abc", 17, "an odd number of hex digits" },
        { "bitfield bits=0g", 15, "a hex digit is expected" },
        { "bitfield bits=x\"abc\"", 19, "an odd number of hex digits" },
        { "bitfield bits=x\"a\"\"b\"", 17, "a hex digit is expected" },
        { "bitfield bits=\"a\"\"b\"", 17, "nothing may follow the closing quote" },
        { "bitfield bits=\"a\"b", 17, "nothing may follow the closing quote" },
        { "bitfield bits=\"a\\q\"", 16, "unknown escape; known are \\\" \\\\ \\n \\r \\t \\xNN" },
        { "bitfield bits=\"a\\x\"", 16, "\\x wants two hex digits" },
        { "bitfield bits=\"a\\x1\"", 16, "\\x wants two hex digits" },
        { "bitfield bits=\"a\\x1g\"", 19, "a hex digit is expected" },
        { "bitfield bits=\"a\x01\"", 16, "a control character in a text; write it as \\xNN" },
        { "handshake info_hash=00 peer_id=\"bbbbbbbbbbbbbbbbbbbb\"", 20, "info_hash has 20 bytes, not 1" },
        { "handshake info_hash=\"aaaaaaaaaaaaaaaaaaaa\" peer_id=\"bbbbbbbbbbbbbbbbbbbbb\"", 51,
          "peer_id has 20 bytes, not 21" },
        { "handshake reserved=[ext fats]", 24, "no reserved bit has this name; bitN (0..63) names any" },
        { "handshake reserved=[bit64]", 20, "no reserved bit has this name; bitN (0..63) names any" },
        { "handshake reserved=[bit]", 20, "no reserved bit has this name; bitN (0..63) names any" },
        { "handshake reserved=[bit-1]", 20, "no reserved bit has this name; bitN (0..63) names any" },
        { "handshake reserved=[]x", 21, "nothing may follow the closing bracket" },
        { "handshake reserved=01", 19, "reserved bits are [names] or 16 hex digits" },
        { "extended ext=1 dict={a}", 22, "'=' is expected behind a key" },
        { "extended ext=1 dict={5=1}", 21, "a key is expected, a word or \"text\" or x\"hex\"" },
        { "extended ext=1 dict={a=}", 23, "an integer, \"text\", x\"hex\", {key=value} or [value] is expected" },
        { "extended ext=1 dict={a=ff}", 23, "an integer, \"text\", x\"hex\", {key=value} or [value] is expected" },
        { "extended ext=1 dict={a={}b=1}", 25, "white space is expected between values" },
        { "extended ext=1 dict=[\"a\\q\"]", 23, "unknown escape; known are \\\" \\\\ \\n \\r \\t \\xNN" },
        { "extended ext=1 dict={}{}", 22, "nothing may follow the value" },
        { "extended ext=1 dict=[1=2]", 22, "white space is expected between values" },
        { "extended ext=1 dict={} tail=f", 29, "an odd number of hex digits" },
        { "extended ext=1 dict={\"a\\q\"=1}", 23, "unknown escape; known are \\\" \\\\ \\n \\r \\t \\xNN" },
        { "handshake info_hash=0g", 21, "a hex digit is expected" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct btw_slice line = exact_copy(rows[i].text, strlen(rows[i].text));
        uint8_t scratch[128];
        struct btw_diag diag;
        struct btw_msg msg;
        const char *text = (const char *)line.data;

        assert_int_equal(btw_msg_parse(&msg, scratch, sizeof scratch, text, line.len, NULL), BTW_BAD_TEXT);
        assert_int_equal(btw_msg_parse(&msg, scratch, sizeof scratch, text, line.len, &diag), BTW_BAD_TEXT);
        if (strcmp(diag.text, rows[i].sentence) != 0 || diag.offset != rows[i].offset)
            fail_msg("%s: got %zu: %s", rows[i].text, diag.offset, diag.text);
        release(line);
    }
}

static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525 + 1013904223;
    return *seed >> 16;
}

/* All ids with all small lengths, known or not, fitting or not. */
static void any_bytes_survive_the_notation(void **state)
{
    uint32_t seed = 1;

    (void)state;
    for (unsigned id = 0; id < 256; id++) {
        for (size_t len = 1; len <= 60; len++) {
            uint8_t *frame = calloc(1, 4 + len);
            struct btw_slice bytes = { frame, 4 + len };
            struct btw_msg msg;

            frame[3] = (uint8_t)len;
            frame[4] = (uint8_t)id;
            for (size_t i = 5; i < bytes.len; i++)
                frame[i] = (uint8_t)next_random(&seed);
            decode(&msg, bytes);
            assert_round_trip(&msg, bytes);
            free(frame);
        }
    }
}

/* Payloads that are nearly bencoded: one byte of a good one is changed, or it is cut. */
static void any_payload_survives_the_notation(void **state)
{
    static const char interesting[] = "dlie0129:-{}[]=\"\\x\x00\xff";

    (void)state;
    for (size_t row = 0; row < COUNT(both); row++) {
        struct btw_slice good = unhex(both[row].hex);
        for (size_t at = 6; good.len > 6 && good.data[4] == 20 && at < good.len; at++) {
            for (size_t i = 0; i < sizeof interesting; i++) {
                struct btw_msg msg = { .type = BTW_EXTENDED, .ext = good.data[5] };
                struct btw_slice copy = exact_copy(good.data, good.len);
                ((uint8_t *)(uintptr_t)copy.data)[at] = (uint8_t)interesting[i];
                decode(&msg, copy);
                assert_round_trip(&msg, copy);
                release(copy);
            }
        }
        release(good);
    }
}

static void payloads_are_dict_only_in_canonical_form(void **state)
{
    static const struct {
        const char *payload, *text;
    } rows[] = {
        { "de", "extended ext=1 dict={}" },
        { "dee", "extended ext=1 dict={} tail=65" },
        { "d1:ai-5e1:b0:1:cldeleee", "extended ext=1 dict={a=-5 b=\"\" c=[{} []]}" },
        { "d0:i1e3:a bi2ee", "extended ext=1 dict={\"\"=1 \"a b\"=2}" },
        { "d1:ai1e1:ai2ee", "extended ext=1 data=64313a61693165313a6169326565" }, /* a key twice */
        { "d1:ai01ee", "extended ext=1 data=64313a616930316565" },
        { "d1:ai1e", "extended ext=1 data=64313a61693165" },
        { "i1e", "extended ext=1 data=693165" },
        { "1:a", "extended ext=1 data=313a61" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct btw_msg msg = { .type = BTW_EXTENDED, .ext = 1, .data = btw_slice_str(rows[i].payload) };
        char *text = print(&msg, BTW_PRINT_FULL);
        assert_string_equal(text, rows[i].text);
        free(text);
    }
}

/* As deep as bencoding may be; one level more is only data, and no text for dict. */
static void nesting_is_bounded(void **state)
{
    (void)state;
    for (size_t depth = BTW_BEN_DEPTH_MAX - 1; depth <= BTW_BEN_DEPTH_MAX + 1; depth++) {
        char payload[200] = "d1:a", written[200] = "extended ext=1 dict=", wire[256] = "";
        struct btw_msg msg = { .type = BTW_EXTENDED,
                               .ext = 1,
                               .data = { (uint8_t *)payload, 4 + 2 * (depth - 1) + 1 } };
        uint8_t scratch[400];
        struct btw_diag diag;
        char *text;

        memset(payload + 4, 'l', depth - 1);
        memset(payload + 4 + depth - 1, 'e', depth);
        text = print(&msg, BTW_PRINT_FULL);
        assert_int_equal(strstr(text, "dict={a=[[") != NULL, depth <= BTW_BEN_DEPTH_MAX);
        free(text);

        memset(wire, '[', depth);
        memset(wire + depth, ']', depth);
        strcat(written, wire);
        if (depth <= BTW_BEN_DEPTH_MAX) {
            assert_int_equal(btw_msg_parse(&msg, scratch, sizeof scratch, written, strlen(written), &diag), BTW_OK);
            assert_int_equal(msg.data.len, 2 * depth);
        } else {
            assert_int_equal(btw_msg_parse(&msg, scratch, sizeof scratch, written, strlen(written), &diag),
                             BTW_BAD_TEXT);
            assert_string_equal(diag.text, "nested deeper than 64");
            assert_int_equal(diag.offset, 20 + BTW_BEN_DEPTH_MAX);
        }
    }
}

static void brief_cuts_long_bytes(void **state)
{
    static uint8_t block[16384];
    struct btw_msg piece = { .type = BTW_PIECE, .data = { block, sizeof block } };
    struct btw_msg edge = { .type = BTW_BITFIELD, .data = { block, 32 } };
    struct btw_msg dict = { .type = BTW_EXTENDED, .data = btw_slice_str("d1:v33:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaae") };
    char *text;

    (void)state;
    block[15] = 0x0f;
    text = print(&piece, BTW_PRINT_BRIEF);
    assert_string_equal(text, "piece piece=0 begin=0 data=0000000000000000000000000000000f..(16384 bytes)");
    free(text);
    text = print(&edge, BTW_PRINT_BRIEF);
    assert_string_equal(text, "bitfield bits=0000000000000000000000000000000f00000000000000000000000000000000");
    free(text);
    text = print(&dict, BTW_PRINT_BRIEF);
    assert_string_equal(text, "extended ext=0 dict={v=61616161616161616161616161616161..(33 bytes)}");
    free(text);
}

static void one_bencoded_value_prints(void **state)
{
    static const struct {
        const char *value, *text;
    } rows[] = {
        { "i-7e", "-7" },
        { "3:a\"b", "\"a\\\"b\"" },
        { "le", "[]" },
        { "lli1eedee", "[[1] {}]" },
        { "d1:ad1:bleee", "{a={b=[]}}" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char text[64];
        size_t len;
        assert_int_equal(btw_ben_print(text, sizeof text, &len, btw_slice_str(rows[i].value), BTW_PRINT_FULL), BTW_OK);
        assert_string_equal(text, rows[i].text);
        assert_int_equal(btw_ben_print(text, len, &len, btw_slice_str(rows[i].value), BTW_PRINT_FULL), BTW_NO_SPACE);
        assert_int_equal(len, strlen(rows[i].text));
    }
}

static void integers_fill_64_bits(void **state)
{
    static const struct {
        const char *text;
        int64_t value;
    } rows[] = {
        { "0", 0 },
        { "-0", 0 },
        { "007", 7 },
        { "-0x10", -16 },
        { "9223372036854775807", INT64_MAX },
        { "-9223372036854775808", INT64_MIN },
        { "0x7fffffffffffffff", INT64_MAX },
    };
    int64_t value;

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_int_equal(btw_text_int(&value, btw_slice_str(rows[i].text), NULL), BTW_OK);
        assert_true(value == rows[i].value);
    }
    assert_int_equal(btw_text_int(&value, btw_slice_str("-9223372036854775809"), NULL), BTW_BAD_TEXT);
    assert_int_equal(btw_text_int(&value, btw_slice_str("0x8000000000000000"), NULL), BTW_BAD_TEXT);
}

/* A value by itself may end where a line cannot. */
static void a_value_that_is_cut_off_is_explained(void **state)
{
    enum kind { BYTES, RESERVED, BENCODE };
    static const struct {
        enum kind kind;
        const char *text;
        size_t offset;
        const char *sentence;
    } rows[] = {
        { BYTES, "", 0, "bytes are expected: hex, \"text\" or x\"hex\"" },
        { BYTES, "\"ab", 3, "the closing quote is missing" },
        { BYTES, "\"", 1, "the closing quote is missing" },
        { BYTES, "x\"", 2, "the closing quote is missing" },
        { BYTES, "x\"00", 4, "the closing quote is missing" },
        { RESERVED, "[ext", 4, "']' is missing" },
        { RESERVED, "[ext ", 5, "']' is missing" },
        { BENCODE, "{a=1 ", 5, "'}' is missing" },
        { BENCODE, "[{}", 3, "']' is missing" },
        { BENCODE, "", 0, "an integer, \"text\", x\"hex\", {key=value} or [value] is expected" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct btw_slice value = exact_copy(rows[i].text, strlen(rows[i].text));
        struct btw_diag diag = { .text = "" };
        uint8_t out[64];
        size_t len;
        enum btw_status status = rows[i].kind == BYTES      ? btw_text_bytes(out, sizeof out, &len, value, &diag)
                                 : rows[i].kind == RESERVED ? btw_text_reserved(out, value, &diag)
                                                            : btw_text_bencode(out, sizeof out, &len, value, &diag);

        if (status != BTW_BAD_TEXT || strcmp(diag.text, rows[i].sentence) != 0 || diag.offset != rows[i].offset)
            fail_msg("%s: got %zu: %s", rows[i].text, diag.offset, diag.text);
        release(value);
    }
}

static void missing_room_is_counted(void **state)
{
    static const char line[] = "extended ext=1 dict={a=1} tail=ff";
    uint8_t *scratch = malloc(8);
    struct btw_msg msg;
    size_t len;

    (void)state;
    assert_int_equal(btw_text_bytes(NULL, 0, &len, btw_slice_str("x\"0102\""), NULL), BTW_NO_SPACE);
    assert_int_equal(len, 2);
    assert_int_equal(btw_text_bytes(scratch, 1, &len, btw_slice_str("\"abc\""), NULL), BTW_NO_SPACE);
    assert_int_equal(len, 3);
    assert_int_equal(btw_text_bencode(scratch, 7, &len, btw_slice_str("{a=1}"), NULL), BTW_NO_SPACE);
    assert_int_equal(len, 8);
    assert_int_equal(btw_text_bencode(scratch, 8, &len, btw_slice_str("{a=1}"), NULL), BTW_OK);
    assert_memory_equal(scratch, "d1:ai1ee", 8);
    assert_int_equal(btw_msg_parse(&msg, scratch, 8, line, strlen(line), NULL), BTW_NO_SPACE);
    free(scratch);
}

/* Every line of the ```btw blocks in docs/notation.md, comments apart, reads and prints back as itself. */
static void the_examples_of_the_document_are_true(void **state)
{
    FILE *file = fopen("docs/notation.md", "r");
    static char line[TEXT_MAX];
    bool inside = false;
    size_t examples = 0;

    (void)state;
    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, "```", 3) == 0) {
            inside = strcmp(line, "```btw\n") == 0;
        } else if (inside) {
            uint8_t scratch[1024];
            struct btw_diag diag = { .text = "" };
            struct btw_msg msg;
            char *text;
            size_t end = strcspn(line, "#");

            if (btw_msg_parse(&msg, scratch, sizeof scratch, line, strlen(line), &diag) != BTW_OK)
                fail_msg("%s: %zu: %s", line, diag.offset, diag.text);
            while (end > 0 && strchr(" \n", line[end - 1]) != NULL)
                end--;
            line[end] = '\0';
            text = print(&msg, BTW_PRINT_FULL);
            assert_string_equal(text, line);
            free(text);
            examples++;
        }
    }
    fclose(file);
    assert_true(examples >= BTW_TYPES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_message_prints_and_reads_as_written),
        cmocka_unit_test(other_ways_to_write_are_read),
        cmocka_unit_test(wrong_texts_are_explained),
        cmocka_unit_test(any_bytes_survive_the_notation),
        cmocka_unit_test(any_payload_survives_the_notation),
        cmocka_unit_test(payloads_are_dict_only_in_canonical_form),
        cmocka_unit_test(nesting_is_bounded),
        cmocka_unit_test(brief_cuts_long_bytes),
        cmocka_unit_test(one_bencoded_value_prints),
        cmocka_unit_test(integers_fill_64_bits),
        cmocka_unit_test(a_value_that_is_cut_off_is_explained),
        cmocka_unit_test(missing_room_is_counted),
        cmocka_unit_test(the_examples_of_the_document_are_true),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

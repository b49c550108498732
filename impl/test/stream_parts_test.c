/* SPDX-License-Identifier: MIT
 *
 * Pieces in parts: however a stream is cut, the parts put together are the pieces, and all else is as it was.
 */
#include <stdio.h>

#include "btw/notation.h"
#include "btw/stream.h"
#include "wire_rows.h"

enum { LEN_MAX = 200, LOG_MAX = 8192 };

static struct reader {
    struct btw_stream stream;
    uint8_t buffer[LEN_MAX];
    uint8_t block[LEN_MAX]; /* the parts so far */
    size_t parts;           /* of the piece */
    char text[LOG_MAX];     /* one line for each item */
} reader;

static void open_reader(void)
{
    memset(&reader, 0, sizeof reader);
    btw_stream_init(&reader.stream, reader.buffer, sizeof reader.buffer, LEN_MAX, true);
    btw_stream_split_pieces(&reader.stream);
}

/* Puts a part behind the others; false until the piece is whole. */
static bool is_whole(struct btw_msg *msg)
{
    size_t at = btw_stream_part(&reader.stream);

    assert_true(msg->data.len > 0 || msg->length == 0);
    assert_true(at + msg->data.len <= msg->length);
    if (msg->data.len > 0)
        memcpy(reader.block + at, msg->data.data, msg->data.len);
    reader.parts++;
    if (at + msg->data.len < msg->length) {
        assert_int_equal(btw_stream_pending(&reader.stream), 13 + at + msg->data.len);
        return false;
    }
    msg->data = btw_slice_of(reader.block, msg->length);
    return true;
}

static void feed(const uint8_t *data, size_t len)
{
    struct btw_slice block = exact_copy(data, len), in = block;
    struct btw_msg msg;

    while (btw_stream_next(&reader.stream, &in, &msg, NULL) == BTW_OK) {
        size_t at = strlen(reader.text), used;

        if (msg.type == BTW_PIECE && !is_whole(&msg))
            continue;
        assert_int_equal(btw_stream_pending(&reader.stream), 0);
        assert_int_equal(btw_msg_print(reader.text + at, sizeof reader.text - at - 1, &used, &msg, BTW_PRINT_FULL),
                         BTW_OK);
        strcat(reader.text, "\n");
    }
    assert_int_equal(in.len, 0);
    release(block);
}

static void every_cut_gives_the_same_pieces(void **state)
{
    static const size_t steps[] = { 1, 2, 3, 5, 7, 12, 13, 14, 19, 64, 100000 };
    char hex[8192] = "", want[LOG_MAX] = "";
    struct btw_slice bytes;

    (void)state;
    for (size_t i = 0; i < COUNT(both); i++) {
        strcat(hex, both[i].hex);
        strcat(want, both[i].text);
        strcat(want, "\n");
    }
    bytes = unhex(hex);
    for (size_t i = 0; i < COUNT(steps); i++) {
        open_reader();
        for (size_t at = 0; at < bytes.len; at += steps[i])
            feed(bytes.data + at, steps[i] < bytes.len - at ? steps[i] : bytes.len - at);
        assert_string_equal(reader.text, want);
        assert_int_equal(btw_stream_offset(&reader.stream), bytes.len);
    }
    for (size_t first = 1; first < bytes.len; first++) {
        open_reader();
        feed(bytes.data, first);
        feed(bytes.data + first, bytes.len - first);
        assert_string_equal(reader.text, want);
    }
    release(bytes);
}

/* A block larger than the buffer, and than len_max allows for anything else behind it. */
static void a_block_needs_no_buffer(void **state)
{
    static const uint8_t front[] = { 0, 0, 0x40, 9, 7, 0, 0, 0, 2, 0, 0, 0x80, 0 };
    uint8_t buffer[BTW_HANDSHAKE_SIZE], bytes[1448] = { 0 };
    struct btw_stream stream;
    struct btw_slice in = btw_slice_of(front, sizeof front);
    struct btw_msg msg;
    size_t whole = 0;

    (void)state;
    btw_stream_init(&stream, buffer, sizeof buffer, BTW_LEN_MAX_DEFAULT, false);
    btw_stream_split_pieces(&stream);
    assert_int_equal(btw_stream_next(&stream, &in, &msg, NULL), BTW_MORE);
    assert_int_equal(btw_stream_pending(&stream), sizeof front);
    while (whole < 16384) {
        in = btw_slice_of(bytes, sizeof bytes);
        assert_int_equal(btw_stream_next(&stream, &in, &msg, NULL), BTW_OK);
        assert_int_equal(msg.type, BTW_PIECE);
        assert_int_equal(msg.piece, 2);
        assert_int_equal(msg.begin, 0x8000);
        assert_int_equal(msg.length, 16384);
        assert_int_equal(btw_stream_part(&stream), whole);
        whole += msg.data.len;
    }
    assert_int_equal(whole, 16384);
    assert_int_equal(in.len, 12 * sizeof bytes - 16384);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_cut_gives_the_same_pieces),
        cmocka_unit_test(a_block_needs_no_buffer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

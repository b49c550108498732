/* SPDX-License-Identifier: MIT
 *
 * However a stream is cut, the events are the same.
 */
#include <stdio.h>

#include "btw/notation.h"
#include "btw/stream.h"
#include "wire_rows.h"

enum { LEN_MAX = 200, LOG_MAX = 8192 };

/* What a stream said: one line for each event, with status, the stream offset behind it, the message and the diag. */
struct log {
    char text[LOG_MAX];
    size_t len;
};

struct reader {
    struct btw_stream stream;
    uint8_t *buffer;
    size_t taken; /* bytes of all slices */
    struct log log;
};

static void log_event(struct log *log, const struct btw_stream *stream, enum btw_status status,
                      const struct btw_msg *msg, const struct btw_diag *diag)
{
    char text[1024];
    size_t len;

    assert_int_equal(btw_msg_print(text, sizeof text, &len, msg, BTW_PRINT_FULL), BTW_OK);
    log->len += (size_t)snprintf(log->text + log->len, LOG_MAX - log->len, "%s %zu %s", btw_status_name(status),
                                 (size_t)btw_stream_offset(stream), text);
    if (status != BTW_OK)
        log->len += (size_t)snprintf(log->text + log->len, LOG_MAX - log->len, " !%zu %s", diag->offset, diag->text);
    log->len += (size_t)snprintf(log->text + log->len, LOG_MAX - log->len, "\n");
    assert_true(log->len < LOG_MAX);
}

static void grow(struct reader *reader)
{
    size_t need = btw_stream_need(&reader->stream);
    uint8_t *larger = malloc(need);

    btw_stream_rebuffer(&reader->stream, larger, need);
    free(reader->buffer);
    reader->buffer = larger;
}

/* Hands one slice over, in a block of exactly its size. */
static void feed(struct reader *reader, const uint8_t *data, size_t len)
{
    struct btw_slice block = exact_copy(data, len), in = block;
    enum btw_status status;

    do {
        struct btw_msg msg;
        struct btw_diag diag;
        bool was_dead = reader->stream.dead != BTW_OK;
        status = btw_stream_next(&reader->stream, &in, &msg, &diag);
        if (status == BTW_NO_SPACE)
            grow(reader);
        else if (status != BTW_MORE && !was_dead)
            log_event(&reader->log, &reader->stream, status, &msg, &diag);
    } while (status != BTW_MORE && reader->stream.dead == BTW_OK);
    reader->taken += len - in.len;
    if (status == BTW_MORE)
        assert_int_equal(in.len, 0);
    else
        assert_int_equal(reader->taken, btw_stream_offset(&reader->stream)); /* nothing behind the end is lost */
    release(block);
}

static void open_reader(struct reader *reader, bool handshake)
{
    memset(reader, 0, sizeof *reader);
    reader->buffer = malloc(BTW_HANDSHAKE_SIZE);
    btw_stream_init(&reader->stream, reader->buffer, BTW_HANDSHAKE_SIZE, LEN_MAX, handshake);
}

/* Cuts: the first at `first`, then every `step` bytes. */
static void read_cut(struct log *log, struct btw_slice bytes, bool handshake, size_t first, size_t step)
{
    struct reader reader;

    open_reader(&reader, handshake);
    feed(&reader, bytes.data, first);
    for (size_t at = first; at < bytes.len; at += step)
        feed(&reader, bytes.data + at, step < bytes.len - at ? step : bytes.len - at);
    *log = reader.log;
    free(reader.buffer);
}

static void assert_every_cut(const char *hex, bool handshake, const char *want)
{
    static const size_t steps[] = { 1, 2, 3, 5, 7, 19, 64 };
    struct btw_slice bytes = unhex(hex);
    struct log log;

    read_cut(&log, bytes, handshake, bytes.len, 1);
    assert_string_equal(log.text, want);
    for (size_t i = 0; i < COUNT(steps); i++) {
        read_cut(&log, bytes, handshake, 0, steps[i]);
        assert_string_equal(log.text, want);
    }
    for (size_t first = 1; first < bytes.len; first++) {
        read_cut(&log, bytes, handshake, first, bytes.len);
        assert_string_equal(log.text, want);
    }
    release(bytes);
}

static void all_messages_in_a_row(void **state)
{
    char hex[8192] = "", want[LOG_MAX];
    size_t offset = 0, len = 0;

    (void)state;
    for (size_t i = 0; i < COUNT(both); i++) {
        struct btw_slice bytes = unhex(both[i].hex);
        offset += bytes.len;
        strcat(hex, both[i].hex);
        len += (size_t)snprintf(want + len, sizeof want - len, "ok %zu %s\n", offset, both[i].text);
        release(bytes);
    }
    assert_every_cut(hex, true, want);
}

static void broken_streams(void **state)
{
    static const struct {
        const char *hex;
        bool handshake;
        const char *events;
    } rows[] = {
        /* a message that does not fit its id is one event, and the stream goes on behind it */
        { "00000001 00 00000004 04 000001 00000001 01", false,
          "ok 5 choke\n"
          "bad-wire 13 raw 0000000404000001 !13 have has length 4, must be 5\n"
          "ok 18 unchoke\n" },
        { "00000006 04 00000001 ff 00000000", false,
          "bad-wire 10 raw 000000060400000001ff !9 have has length 6, must be 5\n"
          "ok 14 keepalive\n" },
        /* the length prefix at the limit, and one above it */
        { "00000001 00 000000c9 07 0102030405060708090a0b", false,
          "ok 5 choke\n"
          "too-long 9 raw 000000c9 !5 length prefix 201 is above the limit of 200\n" },
        { "ffffffff ffffffff", false,
          "too-long 4 raw ffffffff !0 length prefix 4294967295 is above the limit of 200\n" },
        /* no handshake */
        { "'GET / HTTP/1.1'", true, "bad-wire 1 raw \"G\" !0 byte 0 of the handshake is 0x47, must be 0x13\n" },
        { "13 'BitTorrent protocoL' 0000000000000000", true,
          "bad-wire 20 raw \"\\x13BitTorrent protocoL\" !19 byte 19 of the handshake is 0x4c, must be 0x6c\n" },
        { "13 'bittorrent protocol'", true, "bad-wire 2 raw 1362 !1 byte 1 of the handshake is 0x62, must be 0x42\n" },
        { "", true, "" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_every_cut(rows[i].hex, rows[i].handshake, rows[i].events);
}

static void a_whole_message_is_a_view_of_the_slice(void **state)
{
    struct btw_slice bytes = unhex("0000000e 07 00000002 00008000 'hello'"), in = bytes;
    struct reader reader;
    struct btw_msg msg;

    (void)state;
    open_reader(&reader, false);
    assert_int_equal(btw_stream_next(&reader.stream, &in, &msg, NULL), BTW_OK);
    assert_ptr_equal(msg.data.data, bytes.data + 13);
    in = btw_slice_of(bytes.data, 15);
    assert_int_equal(btw_stream_next(&reader.stream, &in, &msg, NULL), BTW_MORE);
    in = btw_slice_of(bytes.data + 15, 3);
    assert_int_equal(btw_stream_next(&reader.stream, &in, &msg, NULL), BTW_OK);
    assert_ptr_equal(msg.data.data, reader.buffer + 13);
    assert_memory_equal(msg.data.data, "hello", 5);
    free(reader.buffer);
    release(bytes);
}

static void a_small_buffer_asks_for_a_larger_one(void **state)
{
    uint8_t *bytes = calloc(1, 204);
    struct btw_slice in = { bytes, 100 };
    struct reader reader;
    struct btw_msg msg;

    (void)state;
    bytes[3] = LEN_MAX;
    bytes[4] = 7;
    bytes[203] = 0x77;
    open_reader(&reader, false);
    assert_int_equal(btw_stream_next(&reader.stream, &in, &msg, NULL), BTW_NO_SPACE);
    assert_int_equal(btw_stream_need(&reader.stream), 204);
    assert_int_equal(btw_stream_next(&reader.stream, &in, &msg, NULL), BTW_NO_SPACE);
    grow(&reader);
    assert_int_equal(btw_stream_next(&reader.stream, &in, &msg, NULL), BTW_MORE);
    assert_int_equal(btw_stream_pending(&reader.stream), 100);
    assert_int_equal(btw_stream_offset(&reader.stream), 0);
    in = btw_slice_of(bytes + 100, 104);
    assert_int_equal(btw_stream_next(&reader.stream, &in, &msg, NULL), BTW_OK);
    assert_int_equal(msg.data.len, LEN_MAX - 9);
    assert_int_equal(msg.data.data[LEN_MAX - 10], 0x77);
    assert_int_equal(btw_stream_pending(&reader.stream), 0);
    assert_int_equal(btw_stream_offset(&reader.stream), 204);
    free(reader.buffer);
    free(bytes);
}

static void a_dead_stream_stays_dead_and_takes_nothing(void **state)
{
    struct btw_slice bytes = unhex("ffffffff 00000000"), in = bytes;
    struct reader reader;
    struct btw_msg msg;

    (void)state;
    open_reader(&reader, false);
    assert_int_equal(btw_stream_next(&reader.stream, &in, &msg, NULL), BTW_TOO_LONG);
    assert_int_equal(in.len, 4);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(btw_stream_next(&reader.stream, &in, &msg, NULL), BTW_TOO_LONG);
        assert_int_equal(in.len, 4);
        assert_int_equal(msg.type, BTW_RAW);
        assert_int_equal(msg.data.len, 0);
    }
    assert_int_equal(btw_stream_pending(&reader.stream), 0);
    free(reader.buffer);
    release(bytes);
}

#define HAVES "00000005 04 00000001 00000005 04 00000002 00000005 04 00000003"

/* What looks like messages comes where none may be. */
static void small_messages_are_read_only_where_they_may_be(void **state)
{
    static const struct {
        const char *before, *after; /* slices */
        size_t len_max;
        bool handshake, split;
        enum btw_status want;
        const char *type;
    } rows[] = {
        { "00000001 00", HAVES, LEN_MAX, false, false, BTW_OK, "have" },
        { "00000001 00", HAVES, 4, false, false, BTW_TOO_LONG, "raw" },
        { "", HAVES, LEN_MAX, true, false, BTW_BAD_WIRE, "raw" },
        { "000000c9", HAVES, LEN_MAX, false, false, BTW_TOO_LONG, "raw" },
        { "0000002d 07 00000001 00000000", HAVES HAVES, LEN_MAX, false, true, BTW_OK, "piece" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct btw_slice before = unhex(rows[i].before), after = unhex(rows[i].after), in = before;
        uint8_t buffer[BTW_HANDSHAKE_SIZE];
        struct btw_stream stream;
        struct btw_msg msg;

        btw_stream_init(&stream, buffer, sizeof buffer, rows[i].len_max, rows[i].handshake);
        if (rows[i].split)
            btw_stream_split_pieces(&stream);
        btw_stream_next(&stream, &in, &msg, NULL);
        assert_int_equal(in.len, 0);
        in = after;
        assert_int_equal(btw_stream_next(&stream, &in, &msg, NULL), rows[i].want);
        assert_string_equal(btw_desc_of(msg.type)->name, rows[i].type);
        release(before);
        release(after);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_messages_in_a_row),
        cmocka_unit_test(broken_streams),
        cmocka_unit_test(a_whole_message_is_a_view_of_the_slice),
        cmocka_unit_test(a_small_buffer_asks_for_a_larger_one),
        cmocka_unit_test(a_dead_stream_stays_dead_and_takes_nothing),
        cmocka_unit_test(small_messages_are_read_only_where_they_may_be),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT
 *
 * Streams of messages, and what our decoder makes of them, for another implementation to be held against: every message
 * with every field at its limits, then such streams after the mutations that the fuzzers have.  One JSON object a line,
 * for a handshake or a frame; what cannot be gone on behind ends a stream.
 *
 *     fuzz_batch STREAMS
 */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <jansson.h>

#include "btw/ext.h"
#include "mutate.h"

enum { STREAM_ROOM = 1 << 14, MSGS_MAX = 6, ROUNDS_MAX = 4 };

static const uint32_t limits[] = { 0, 1, 16384, INT32_MAX, UINT32_C(1) << 31, UINT32_MAX };
static const char *const hellos[] = {
    "d1:md11:lt_donthavei7e11:ut_metadatai2e6:ut_pexi1ee1:pi6881e4:reqqi250e11:upload_onlyi1ee",
    "d13:metadata_sizei31235ee", "de", "d1:mdee"
};

/* ---- what is sent ------------------------------------------------------------------------------------------------ */

static size_t plain_bytes(uint8_t *data, size_t size, size_t cap)
{
    static uint32_t draws;

    (void)cap;
    draws = draws * 1664525 + 1013904223;
    if (size > 0)
        data[(draws >> 8) % size] ^= (uint8_t)(draws >> 24);
    return size;
}

static uint8_t byte_of(struct mutate *m)
{
    return (uint8_t)mutate_below(m, 256);
}

/* With Fast three times of four: without, the other side hangs up on messages of BEP 6. */
static void put_handshake(struct mutate *m, struct btw_writer *w)
{
    struct btw_msg msg = { .type = BTW_HANDSHAKE };
    size_t len = 0;

    for (size_t i = 0; i < sizeof msg.reserved; i++)
        msg.reserved[i] = byte_of(m);
    for (size_t i = 0; i < sizeof msg.info_hash; i++) {
        msg.info_hash[i] = byte_of(m);
        msg.peer_id[i] = byte_of(m);
    }
    btw_reserved_set(msg.reserved, "fast", mutate_below(m, 4) > 0);
    w->failed |= btw_msg_encode(w->data + w->len, w->cap - w->len, &len, &msg) != BTW_OK;
    w->len += len;
}

/* A message of that type with this field, if there is one, at that limit, and others anywhere. */
static void put_msg(struct mutate *m, struct btw_writer *w, enum btw_type type, size_t at, size_t limit)
{
    static uint8_t bytes[32 * 4];
    const struct btw_desc *desc = btw_desc_of(type);
    struct btw_msg msg = { .type = type };
    size_t len = 0;

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = byte_of(m);
    for (size_t i = 0; desc->fields[i].name != NULL; i++) {
        const struct btw_field *field = &desc->fields[i];
        uint32_t number = i == at ? limits[limit] : (uint32_t)mutate_below(m, 100000);
        size_t unit = field->unit > 0 ? field->unit : 1;

        if (field->kind == BTW_KIND_BYTES)
            memcpy((uint8_t *)&msg + field->offset, bytes, field->size);
        else if (field->kind == BTW_KIND_REST || field->kind == BTW_KIND_PAYLOAD)
            msg.data = btw_slice_of(bytes, field->least + unit * mutate_below(m, 3));
        else
            btw_field_set_number(&msg, field, number & (UINT32_MAX >> (32 - 8 * field->size)));
    }
    if (type == BTW_EXTENDED && msg.ext == 0)
        msg.data = btw_slice_str(MUTATE_PICK(m, hellos));
    w->failed |= btw_msg_encode(w->data + w->len, w->cap - w->len, &len, &msg) != BTW_OK;
    w->len += len;
}

static enum btw_type any_type(struct mutate *m)
{
    return (enum btw_type)(BTW_KEEPALIVE + mutate_below(m, BTW_RAW - BTW_KEEPALIVE));
}

/* ---- what is made of it ------------------------------------------------------------------------------------------ */

static json_t *hex_of(struct btw_slice bytes)
{
    static char hex[2 * STREAM_ROOM + 1];

    assert(bytes.len <= STREAM_ROOM);
    for (size_t i = 0; i < bytes.len; i++)
        snprintf(hex + 2 * i, 3, "%02x", bytes.data[i]);
    return json_stringn(hex, 2 * bytes.len);
}

/* The integers of a dictionary by their keys in hex; as text, for JSON's numbers are not exact. */
static json_t *integers_of(struct btw_slice dict)
{
    json_t *integers = json_object();
    struct btw_slice name, value;
    char text[24];
    int64_t number;

    for (struct btw_ben_iter iter = btw_ben_iter_of(dict); btw_ben_next(&iter, &name, &value);) {
        json_t *key = hex_of(name);
        snprintf(text, sizeof text, "%" PRId64, btw_ben_int(value, &number) ? number : 0);
        if (btw_ben_int(value, &number))
            json_object_set_new(integers, json_string_value(key), json_string(text));
        json_decref(key);
    }
    return integers;
}

/* Only of an extended handshake in the one canonical form. */
static void add_hello(json_t *line, struct btw_slice payload)
{
    struct btw_ext_handshake hello;
    size_t used;

    if (btw_ben_check(payload, &used, NULL) != BTW_OK || used < payload.len ||
        btw_ext_handshake_decode(&hello, payload, NULL) != BTW_OK)
        return;
    json_object_set_new(line, "hello", integers_of(hello.dict));
    if (hello.m.len > 0)
        json_object_set_new(line, "m", integers_of(hello.m));
}

static void print_line(unsigned stream, enum btw_status status, const struct btw_msg *msg, struct btw_slice bytes)
{
    const struct btw_desc *desc = btw_desc_of(msg->type);
    json_t *fields = json_object();
    json_t *line = json_pack("{s:i, s:s, s:s, s:o, s:o}", "stream", (int)stream, "status", btw_status_name(status),
                             "type", desc->name, "fields", fields, "bytes", hex_of(bytes));

    for (size_t i = 0; status == BTW_OK && desc->fields[i].name != NULL; i++) {
        const struct btw_field *field = &desc->fields[i];
        bool number = field->kind == BTW_KIND_U8 || field->kind == BTW_KIND_U16 || field->kind == BTW_KIND_U32;

        json_object_set_new(fields, field->name,
                            number ? json_integer(btw_field_number(msg, field)) : hex_of(btw_field_bytes(msg, field)));
    }
    if (status == BTW_OK && msg->type == BTW_EXTENDED && msg->ext == 0)
        add_hello(line, msg->data);
    json_dumpf(line, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(line);
}

static void print_stream(unsigned stream, struct btw_slice in)
{
    struct btw_msg msg = { .type = BTW_RAW };
    size_t used = 0;
    enum btw_status status = btw_handshake_decode(&msg, &used, in, NULL);
    bool goes_on = status == BTW_OK;

    print_line(stream, status, &msg, goes_on ? btw_slice_of(in.data, used) : in);
    while (goes_on && (in = btw_slice_of(in.data + used, in.len - used)).len > 0) {
        msg = (struct btw_msg){ .type = BTW_RAW };
        status = btw_msg_decode(&msg, &used, in, BTW_LEN_MAX_DEFAULT, NULL);
        goes_on = status == BTW_OK || status == BTW_BAD_WIRE;
        if (status == BTW_TOO_LONG)
            used = msg.data.len;
        print_line(stream, status, &msg, status == BTW_MORE ? in : btw_slice_of(in.data, used));
    }
}

/* ---- the batch --------------------------------------------------------------------------------------------------- */

static unsigned print_limits(struct mutate *m)
{
    static uint8_t room[STREAM_ROOM];
    unsigned streams = 0;

    for (enum btw_type type = BTW_KEEPALIVE; type < BTW_RAW; type++)
        for (size_t at = 0; at == 0 || btw_desc_of(type)->fields[at].name != NULL; at++)
            for (size_t limit = 0; limit < sizeof limits / sizeof limits[0]; limit++) {
                struct btw_writer w = btw_writer_on(room, sizeof room);
                put_handshake(m, &w);
                put_msg(m, &w, type, at, limit);
                assert(!w.failed);
                print_stream(streams++, btw_slice_of(room, w.len));
            }
    return streams;
}

static void print_mutated(struct mutate *m, unsigned stream)
{
    static uint8_t room[STREAM_ROOM];
    struct btw_writer w = btw_writer_on(room, sizeof room);
    size_t len;

    put_handshake(m, &w);
    for (size_t left = 1 + mutate_below(m, MSGS_MAX); left > 0; left--)
        put_msg(m, &w, any_type(m), mutate_below(m, BTW_FIELDS_MAX), mutate_below(m, sizeof limits / sizeof limits[0]));
    assert(!w.failed);
    len = w.len;
    for (size_t rounds = mutate_below(m, ROUNDS_MAX); rounds > 0; rounds--)
        len = mutate_input(m, room, len, sizeof room);
    print_stream(stream, btw_slice_of(room, len));
}

int main(int argc, char **argv)
{
    struct mutate m = mutate_of(1, plain_bytes);
    unsigned long streams = argc == 2 ? strtoul(argv[1], NULL, 10) : 0;

    if (streams == 0 || streams > INT32_MAX) {
        fputs("usage: fuzz_batch STREAMS\n", stderr);
        return 2;
    }
    for (unsigned stream = print_limits(&m); stream < streams; stream++)
        print_mutated(&m, stream);
    return ferror(stdout) != 0;
}

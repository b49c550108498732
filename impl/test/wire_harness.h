/* SPDX-License-Identifier: MIT
 *
 * Two wires piped into each other, under a clock that the test moves.  What is told is written down as text; blocks are
 * served from a torrent whose every byte tells its place.
 */
#ifndef BTW_WIRE_HARNESS_H
#define BTW_WIRE_HARNESS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "btw/notation.h"
#include "btw/wire.h"

enum { PIECES = 10, PIECE_SIZE = 32768, LAST_SIZE = 5000, TOTAL = 9 * PIECE_SIZE + LAST_SIZE, LOG_SIZE = 8192 };

static const uint8_t HASH[20] = "01234567890123456789"; /* no room for the end of the string, and none is wanted */

struct end {
    struct btw_wire wire;
    struct btw_wire_config config;
    char log[LOG_SIZE]; /* "handshake, ready, ..." */
    bool quiet;         /* write down only what is in `only` */
    void (*on)(struct end *end, const struct btw_wire_event *event);
    int blocks; /* held by the wire: pieces queued and not released */
    size_t allocations, fail_at;
    size_t held; /* bytes of memory */
    void *user;
    uint8_t got[TOTAL];
    uint64_t downloaded, uploaded;
};

struct pair {
    struct end a, b; /* a dials */
    int64_t now_ms;
    uint32_t random; /* 0: whole chunks */
};

static inline uint8_t byte_at(uint64_t offset)
{
    return (uint8_t)(offset * 2654435761u >> 13);
}

static inline uint8_t *content(void)
{
    static uint8_t bytes[TOTAL];

    if (bytes[1] == 0)
        for (size_t i = 0; i < sizeof bytes; i++)
            bytes[i] = byte_at(i);
    return bytes;
}

static inline struct btw_slice block_bytes(struct btw_block block)
{
    return btw_slice_of(content() + (size_t)block.piece * PIECE_SIZE + block.begin, block.length);
}

static inline void note(struct end *end, const char *format, ...) __attribute__((format(printf, 2, 3)));
static inline void note(struct end *end, const char *format, ...)
{
    size_t len = strlen(end->log);
    va_list args;

    if (len > 0)
        len += (size_t)snprintf(end->log + len, sizeof end->log - len, ", ");
    assert_true(len < sizeof end->log);
    va_start(args, format);
    vsnprintf(end->log + len, sizeof end->log - len, format, args);
    va_end(args);
}

static inline void note_block(struct end *end, const char *what, const struct btw_wire_event *event)
{
    note(end, "%s %u:%u+%u%s", what, event->block.piece, event->block.begin, event->block.length,
         event->late ? " late" : "");
}

static inline void note_event(struct end *end, const struct btw_wire_event *event)
{
    const char *name = btw_wire_event_name(event->kind);

    switch (event->kind) {
    case BTW_WIRE_HAVE:
    case BTW_WIRE_SUGGEST:
    case BTW_WIRE_ALLOWED_FAST:
        note(end, "%s %u", name, event->block.piece);
        return;
    case BTW_WIRE_PIECE:
        note_block(end, event->asked ? "piece" : "unasked piece", event);
        return;
    case BTW_WIRE_REQUEST:
    case BTW_WIRE_CANCEL:
    case BTW_WIRE_REJECT:
    case BTW_WIRE_VOID:
    case BTW_WIRE_TIMEOUT:
        note_block(end, name, event);
        return;
    case BTW_WIRE_PORT:
        note(end, "port %u", event->msg->port);
        return;
    case BTW_WIRE_EXTENDED:
        note(end, "extended %s %zu", event->name != NULL ? event->name : "?", event->msg->data.len);
        return;
    case BTW_WIRE_REFUSED:
        note(end, "refused %s: %s", btw_desc_of(event->msg->type)->name, btw_breach_text(event->breach));
        return;
    case BTW_WIRE_CLOSE:
        note(end, "close %s", btw_close_name(event->reason));
        return;
    case BTW_WIRE_SECURED:
        note(end, "secured %d", (int)event->method);
        return;
    case BTW_WIRE_DOWNLOAD: /* counted */
    case BTW_WIRE_UPLOAD:
    case BTW_WIRE_RELEASE:
    case BTW_WIRE_PIECE_PART:
        return;
    default:
        note(end, "%s", name);
        return;
    }
}

static inline void keep_part(struct end *end, struct btw_block block, size_t offset, struct btw_slice part)
{
    size_t at = (size_t)block.piece * PIECE_SIZE + block.begin + offset;

    assert_true(at + part.len <= sizeof end->got);
    if (part.len > 0)
        memcpy(end->got + at, part.data, part.len);
}

static inline void on_event(void *user, struct btw_wire *wire, const struct btw_wire_event *event)
{
    struct end *end = user;

    assert_ptr_equal(wire, &end->wire);
    if (!end->quiet)
        note_event(end, event);
    if (event->kind == BTW_WIRE_DOWNLOAD)
        end->downloaded += event->bytes;
    if (event->kind == BTW_WIRE_UPLOAD)
        end->uploaded += event->bytes;
    if (event->kind == BTW_WIRE_RELEASE)
        end->blocks--;
    if (event->kind == BTW_WIRE_PIECE)
        keep_part(end, event->block, 0, event->msg->data);
    if (event->kind == BTW_WIRE_PIECE_PART)
        keep_part(end, event->block, event->offset, event->part);
    if (end->on != NULL)
        end->on(end, event);
}

/* Exact heap blocks, so that ASan sees every step beside them. */
static inline void *on_memory(void *user, void *memory, size_t size)
{
    struct end *end = user;

    if (size == 0) {
        free(memory);
        return NULL;
    }
    if (++end->allocations == end->fail_at)
        return NULL;
    return realloc(memory, size);
}

static inline void config_end(struct end *end, const char *peer_id)
{
    memset(end, 0, sizeof *end);
    btw_wire_defaults(&end->config);
    memcpy(end->config.torrent.info_hash, HASH, 20);
    memcpy(end->config.torrent.peer_id, peer_id, 20);
    end->config.torrent.geometry = (struct btw_geometry){ PIECES, PIECE_SIZE, TOTAL, NULL };
    end->config.event = on_event;
    end->config.memory = on_memory;
    end->config.user = end;
    for (uint8_t i = 0; i < BTW_MSE_PRIVATE_SIZE; i++)
        end->config.mse.private_key[i] = (uint8_t)(peer_id[19] + i);
}

/* Change the configs, then open(). */
static inline void prepare(struct pair *pair)
{
    pair->now_ms = 1000;
    pair->random = 0;
    config_end(&pair->a, "-AA0001-aaaaaaaaaaaa");
    config_end(&pair->b, "-BB0001-bbbbbbbbbbbb");
}

static inline uint32_t draw(struct pair *pair)
{
    pair->random = pair->random * 1664525u + 1013904223u;
    return pair->random >> 8;
}

/* Some of what `from` has to say reaches `to`; false when there is nothing. */
static inline bool carry(struct pair *pair, struct end *from, struct end *to)
{
    struct btw_slice slices[4];
    size_t most = pair->random == 0 ? SIZE_MAX : 1 + draw(pair) % (draw(pair) % 4 == 0 ? 20000 : 60);
    size_t count = btw_wire_output(&from->wire, slices, 4), len = 0;
    uint8_t *bytes;

    for (size_t i = 0; i < count; i++)
        len += slices[i].len;
    if (count == 0)
        return false;
    len = len < most ? len : most;
    bytes = malloc(len);
    assert_non_null(bytes);
    for (size_t i = 0, at = 0; i < count && at < len; i++) {
        size_t part = slices[i].len < len - at ? slices[i].len : len - at;
        memcpy(bytes + at, slices[i].data, part);
        at += part;
    }
    btw_wire_sent(&from->wire, len, pair->now_ms);
    btw_wire_receive(&to->wire, bytes, len, pair->now_ms);
    free(bytes);
    return true;
}

/* Until neither has anything to say. */
static inline void run(struct pair *pair)
{
    bool more = true;

    while (more) {
        bool first = pair->random == 0 || draw(pair) % 2 == 0;

        more = carry(pair, first ? &pair->a : &pair->b, first ? &pair->b : &pair->a);
        more |= carry(pair, first ? &pair->b : &pair->a, first ? &pair->a : &pair->b);
    }
}

static inline void open_pair(struct pair *pair)
{
    assert_int_equal(btw_wire_dial(&pair->a.wire, &pair->a.config, pair->now_ms), BTW_OK);
    assert_int_equal(btw_wire_accept(&pair->b.wire, &pair->b.config, pair->now_ms), BTW_OK);
    run(pair);
}

static inline void close_pair(struct pair *pair)
{
    btw_wire_destroy(&pair->a.wire);
    btw_wire_destroy(&pair->b.wire);
    btw_wire_destroy(&pair->b.wire);
    assert_int_equal(btw_wire_memory(&pair->a.wire, true), 0);
    assert_int_equal(btw_wire_memory(&pair->b.wire, true), 0);
    assert_int_equal(pair->a.blocks, 0);
    assert_int_equal(pair->b.blocks, 0);
}

/* What an end was told since the last time. */
static inline void expect(struct end *end, const char *log)
{
    assert_string_equal(end->log, log);
    end->log[0] = '\0';
}

static inline enum btw_status serve(struct end *end, struct btw_block block, int64_t now_ms)
{
    enum btw_status status = btw_wire_piece(&end->wire, block.piece, block.begin, block_bytes(block), now_ms);

    end->blocks += status == BTW_OK;
    return status;
}

/* Bytes that came, in a block of just their size. */
static inline enum btw_status receive(struct end *end, const void *data, size_t len, int64_t now_ms)
{
    uint8_t *bytes = malloc(len);
    enum btw_status status;

    assert_non_null(bytes);
    memcpy(bytes, data, len);
    status = btw_wire_receive(&end->wire, bytes, len, now_ms);
    free(bytes);
    return status;
}

/* The message came, in the notation. */
static inline enum btw_status hear(struct end *end, const char *text, int64_t now_ms)
{
    uint8_t scratch[1000], wire[1000];
    struct btw_msg msg;
    size_t len;

    assert_int_equal(btw_msg_parse(&msg, scratch, sizeof scratch, text, strlen(text), NULL), BTW_OK);
    assert_int_equal(btw_msg_encode(wire, sizeof wire, &len, &msg), BTW_OK);
    return receive(end, wire, len, now_ms);
}

/* What `end` has to say, in the notation, one message behind the other with ", " between; takes it. */
static inline void expect_said(struct end *end, const char *want)
{
    char text[4096] = "";
    uint8_t bytes[4096];
    struct btw_slice slices[8], in;
    size_t count, len = 0, used, at = 0;
    struct btw_msg msg;

    while ((count = btw_wire_output(&end->wire, slices, 8)) > 0) {
        size_t before = len;

        for (size_t i = 0; i < count; i++) {
            assert_true(len + slices[i].len <= sizeof bytes);
            memcpy(bytes + len, slices[i].data, slices[i].len);
            len += slices[i].len;
        }
        btw_wire_sent(&end->wire, len - before, end->wire.now_ms);
    }
    for (in = btw_slice_of(bytes, len); in.len > 0; in = btw_slice_of(in.data + used, in.len - used)) {
        size_t printed;
        enum btw_status status = in.data[0] == 19 ? btw_handshake_decode(&msg, &used, in, NULL)
                                                  : btw_msg_decode(&msg, &used, in, BTW_LEN_MAX_DEFAULT, NULL);

        assert_int_equal(status, BTW_OK);
        if (at > 0)
            at += (size_t)snprintf(text + at, sizeof text - at, ", ");
        assert_int_equal(btw_msg_print(text + at, sizeof text - at, &printed, &msg, BTW_PRINT_FULL), BTW_OK);
        at += printed;
    }
    assert_string_equal(text, want);
}

#endif

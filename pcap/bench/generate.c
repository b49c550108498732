/* SPDX-License-Identifier: MIT
 *
 * Writes a large capture of peers that keep every rule to standard output.
 *
 *     generate pieces MIB        one session, blocks of 16 KiB
 *     generate packed MIB        one session, small messages, as many in a segment as fit
 *     generate tiny MIB          one session, small messages, each in a segment of its own
 *     generate sessions MIB      1000 sessions in turn, blocks of 16 KiB
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "btw/bytes.h"
#include "btw/msg.h"

enum {
    MSS = 1448,
    HEADERS = 14 + 20 + 20,
    PIECE_LENGTH = 1 << 20,
    BLOCKS = PIECE_LENGTH / BTW_BLOCK_SIZE, /* of a piece */
    AHEAD = 16,                             /* requests in flight */
    OPEN_MAX = 48,
    HALF = 1 << 23, /* pieces */
    SMALL_MAX = 17, /* bytes of a small message */
    SESSIONS = 1000
};

/* One TCP connection; side 0 dialled. */
struct flow {
    uint16_t port;
    uint32_t seq[2];
    uint32_t asked, answered; /* blocks */
};

static uint64_t written, now_us = UINT64_C(1700000000000000);
static uint8_t content[BTW_BLOCK_SIZE];

static void put(const void *data, size_t len)
{
    if (fwrite(data, 1, len, stdout) != len) {
        perror("generate");
        exit(1); /* NOLINT(concurrency-mt-unsafe) */
    }
    written += len;
}

static void put_header(void)
{
    static const uint32_t header[6] = { 0xa1b2c3d4, 4 << 16 | 2, 0, 0, 262144, 1 };

    put(header, sizeof header);
}

/* Ethernet, IPv4 and TCP, without checksums, as offloading leaves them. */
static void put_segment(struct flow *flow, int side, uint8_t flags, struct btw_slice data)
{
    uint32_t size = (uint32_t)(HEADERS + data.len);
    uint32_t record[4] = { (uint32_t)(now_us / 1000000), (uint32_t)(now_us % 1000000), size, size };
    uint8_t bytes[HEADERS] = { 0 };
    struct btw_writer w = btw_writer_on(bytes + 14, HEADERS - 14);
    uint32_t peer[2] = { 0x0a000001, 0x0a000002 };
    uint16_t port[2] = { flow->port, 6881 };

    bytes[12] = 0x08;
    btw_write_u32(&w, 0x45000000 | (uint32_t)(size - 14));
    btw_write_u32(&w, 0x00004000);
    btw_write_u32(&w, 0x40060000);
    btw_write_u32(&w, peer[side]);
    btw_write_u32(&w, peer[!side]);
    btw_write_u16(&w, port[side]);
    btw_write_u16(&w, port[!side]);
    btw_write_u32(&w, flow->seq[side]);
    btw_write_u32(&w, flow->seq[!side]);
    btw_write_u32(&w, 0x50000000 | (uint32_t)flags << 16 | 0xffff);
    put(record, sizeof record);
    put(bytes, sizeof bytes);
    put(data.data, data.len);
    flow->seq[side] += (uint32_t)data.len + ((flags & 3) != 0);
    now_us += 10;
}

static void put_ack(struct flow *flow, int side)
{
    put_segment(flow, side, 0x10, btw_slice_of(content, 0));
}

static void put_bytes(struct flow *flow, int side, const uint8_t *data, size_t len)
{
    for (size_t at = 0; at < len; at += MSS) {
        put_segment(flow, side, 0x18, btw_slice_of(data + at, len - at < MSS ? len - at : MSS));
        if (at / MSS % 2 == 1)
            put_ack(flow, !side);
    }
}

/* Appends a message. */
static void add(struct btw_writer *w, const struct btw_msg *msg)
{
    size_t len = 0;

    if (btw_msg_encode(w->data + w->len, w->cap - w->len, &len, msg) != BTW_OK)
        abort();
    w->len += len;
}

static void say(struct flow *flow, int side, struct btw_writer *w)
{
    put_bytes(flow, side, w->data, w->len);
    w->len = 0;
}

static struct btw_msg block(enum btw_type type, uint32_t number)
{
    struct btw_msg msg = { .type = type, .piece = number / BLOCKS, .begin = number % BLOCKS * BTW_BLOCK_SIZE };

    if (type == BTW_PIECE)
        msg.data = btw_slice_of(content, sizeof content);
    else
        msg.length = BTW_BLOCK_SIZE;
    return msg;
}

/* SYN, handshakes, a seed on the acceptor's side that unchokes. */
static void open_flow(struct flow *flow, uint16_t port)
{
    uint8_t bytes[256];
    struct btw_writer w = btw_writer_on(bytes, sizeof bytes);
    struct btw_msg handshake = { .type = BTW_HANDSHAKE };

    *flow = (struct flow){ .port = port, .seq = { port * 7919U, port * 104729U } };
    btw_reserved_set(handshake.reserved, "fast", true);
    memcpy(handshake.info_hash, "generated generated!", 20);
    put_segment(flow, 0, 0x02, btw_slice_of(content, 0));
    put_segment(flow, 1, 0x12, btw_slice_of(content, 0));
    put_ack(flow, 0);
    memcpy(handshake.peer_id, "-GE0001-leechleech00", 20);
    add(&w, &handshake);
    say(flow, 0, &w);
    memcpy(handshake.peer_id, "-GE0001-seedseed0000", 20);
    add(&w, &handshake);
    add(&w, &(struct btw_msg){ .type = BTW_HAVE_ALL });
    say(flow, 1, &w);
    add(&w, &(struct btw_msg){ .type = BTW_HAVE_NONE });
    add(&w, &(struct btw_msg){ .type = BTW_INTERESTED });
    say(flow, 0, &w);
    add(&w, &(struct btw_msg){ .type = BTW_UNCHOKE });
    say(flow, 1, &w);
}

static void close_flow(struct flow *flow)
{
    put_segment(flow, 0, 0x11, btw_slice_of(content, 0));
    put_segment(flow, 1, 0x11, btw_slice_of(content, 0));
    put_ack(flow, 0);
}

/* Requests as far ahead as usual, then one block. */
static void transfer_block(struct flow *flow)
{
    uint8_t bytes[BTW_BLOCK_SIZE + 64];
    struct btw_writer w = btw_writer_on(bytes, sizeof bytes);
    struct btw_msg msg;

    for (; flow->asked < flow->answered + AHEAD; flow->asked++) {
        msg = block(BTW_REQUEST, flow->asked);
        add(&w, &msg);
    }
    say(flow, 0, &w);
    msg = block(BTW_PIECE, flow->answered++);
    add(&w, &msg);
    say(flow, 1, &w);
    if (flow->answered % BLOCKS == 0) {
        add(&w, &(struct btw_msg){ .type = BTW_HAVE, .piece = flow->answered / BLOCKS - 1 });
        say(flow, 0, &w);
    }
}

static uint32_t draw(uint32_t below)
{
    static uint64_t state = 88172645463325252U;

    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 32) % below;
}

/* What a leech says to a seed, in an order that nobody can foresee, as in impl/bench/inputs.c: pieces of the lower half
 * are announced, blocks of the upper half are asked for and taken back, interest comes and goes.  What is taken back is
 * `answered`, for the seed rejects it (BEP 6). */
static void add_small(struct flow *flow, struct btw_writer *w)
{
    static uint32_t have;
    uint32_t kind = draw(12 + 9 + 9 + 1);
    struct btw_msg msg;

    if (kind < 12) {
        msg = (struct btw_msg){ .type = BTW_HAVE, .piece = have++ % HALF };
    } else if (kind < 21 && flow->asked - flow->answered < OPEN_MAX) {
        msg = block(BTW_REQUEST, flow->asked++);
    } else if (kind < 30 && flow->answered < flow->asked) {
        msg = block(BTW_CANCEL, flow->answered++);
    } else {
        add(w, &(struct btw_msg){ .type = BTW_NOT_INTERESTED });
        msg = (struct btw_msg){ .type = BTW_INTERESTED };
    }
    add(w, &msg);
}

/* A segment with at least so many bytes of messages, and one with the rejects that answer it. */
static void exchange_small(struct flow *flow, size_t size)
{
    uint8_t bytes[MSS];
    struct btw_writer w = btw_writer_on(bytes, sizeof bytes);
    uint32_t rejected = flow->answered;
    struct btw_msg msg;

    while (w.len < size)
        add_small(flow, &w);
    say(flow, 0, &w);
    for (; rejected < flow->answered; rejected++) {
        msg = block(BTW_REJECT, rejected);
        add(&w, &msg);
    }
    if (w.len > 0)
        say(flow, 1, &w);
}

static void generate(const char *kind, uint64_t size)
{
    static struct flow flows[SESSIONS];
    bool small = strcmp(kind, "packed") == 0 || strcmp(kind, "tiny") == 0;
    uint32_t count = strcmp(kind, "sessions") == 0 ? SESSIONS : 1;

    put_header();
    for (uint32_t i = 0; i < count; i++) {
        open_flow(&flows[i], (uint16_t)(20000 + i));
        if (small)
            flows[i].asked = flows[i].answered = HALF * BLOCKS;
    }
    for (uint32_t i = 0; written < size; i = (i + 1) % count) {
        if (small)
            exchange_small(&flows[i], kind[0] == 'p' ? MSS - SMALL_MAX : 1);
        else
            transfer_block(&flows[i]);
    }
    for (uint32_t i = 0; i < count; i++)
        close_flow(&flows[i]);
}

int main(int argc, char **argv)
{
    uint32_t noise = 1;

    if (argc != 3) {
        (void)fprintf(stderr, "usage: generate pieces|packed|tiny|sessions MIB\n");
        return 2;
    }
    for (size_t i = 0; i < sizeof content; i++) {
        noise = noise * 1664525 + 1013904223;
        content[i] = (uint8_t)(noise >> 24);
    }
    generate(argv[1], strtoull(argv[2], NULL, 10) << 20);
    return fflush(stdout) == 0 ? 0 : 1;
}

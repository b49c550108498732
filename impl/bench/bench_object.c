/* SPDX-License-Identifier: MIT
 *
 * The wire object: a whole connection on one side of the codec, and what an idle one costs in memory.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "btw/wire.h"
#include "torrent.h"
#include "work.h"

enum { LARGE = 65536, SLICES = 64, BLOCKS_MAX = 64, BATCH = 16 };

static uint8_t *mix; /* a copy, for what is received may be decrypted in place */
static size_t mix_len;
static double messages, payload;
static struct btw_msg blocks[BLOCKS_MAX];
static size_t block_count;
static uint64_t told;

static void on_event(void *user, struct btw_wire *wire, const struct btw_wire_event *event)
{
    (void)user, (void)wire;
    told += event->kind + event->block.piece;
}

static void *memory(void *user, void *old, size_t size)
{
    (void)user;
    if (size > 0)
        return realloc(old, size);
    free(old);
    return NULL;
}

/* Everything queued is written out. */
static void flush(struct btw_wire *wire)
{
    struct btw_slice slices[SLICES];
    size_t count, len;

    while ((count = btw_wire_output(wire, slices, SLICES)) > 0) {
        len = 0;
        for (size_t i = 0; i < count; i++)
            len += slices[i].len;
        btw_wire_sent(wire, len, 0);
    }
}

/* We are a seed, and a leech has dialled, with the extensions of these reserved bits. */
static void open_wire(struct btw_wire *wire, uint32_t torrent_pieces, bool extensions, bool permissive)
{
    static uint8_t all[TORRENT_PIECES / 8];
    struct btw_msg hello = { .type = BTW_HANDSHAKE, .peer_id = "-CF0001-000000000001" };
    struct btw_wire_config config;
    uint8_t bytes[BTW_HANDSHAKE_SIZE];
    size_t len;

    btw_wire_defaults(&config);
    config.torrent.geometry = (struct btw_geometry){ .pieces = torrent_pieces,
                                                     .piece_length = TORRENT_PIECE_LENGTH,
                                                     .total_length = (uint64_t)torrent_pieces * TORRENT_PIECE_LENGTH };
    config.event = on_event;
    config.memory = memory;
    config.fast = config.ext = extensions;
    config.permissive = permissive;
    assert(btw_wire_accept(wire, &config, 0) == BTW_OK);
    btw_reserved_set(hello.reserved, "fast", extensions);
    btw_reserved_set(hello.reserved, "ext", extensions);
    assert(btw_msg_encode(bytes, sizeof bytes, &len, &hello) == BTW_OK);
    assert(btw_wire_receive(wire, bytes, len, 0) == BTW_OK);
    memset(all, 0xff, sizeof all);
    assert(btw_wire_availability(wire, btw_slice_of(all, btw_bits_size(torrent_pieces)), 0) == BTW_OK);
    assert(btw_wire_unchoke(wire, 0) == BTW_OK);
    flush(wire);
}

static void small_64k(void)
{
    struct btw_wire wire;

    open_wire(&wire, TORRENT_PIECES, false, false);
    for (size_t at = 0; at < mix_len; at += LARGE)
        assert(btw_wire_receive(&wire, mix + at, mix_len - at < LARGE ? mix_len - at : LARGE, 0) == BTW_OK);
    assert(wire.session.party[BTW_THEM].pending_count == 0);
    btw_wire_destroy(&wire);
    bench_use(told);
}

/* Nobody has asked for them, as nobody has asked npm.  A socket would take a batch at a time. */
static void send_pieces(void)
{
    struct btw_wire wire;

    open_wire(&wire, TORRENT_PIECES / 32, false, true);
    for (size_t i = 0; i < block_count; i++) {
        btw_wire_piece(&wire, blocks[i].piece, blocks[i].begin, blocks[i].data, 0);
        if (i % BATCH == BATCH - 1)
            flush(&wire);
    }
    btw_wire_destroy(&wire);
    bench_use(told);
}

/* Reads the inputs as messages: counts those of the mix, keeps the blocks. */
static void prepare(struct btw_slice pieces)
{
    struct btw_slice rest = btw_slice_of(mix, mix_len);
    struct btw_msg msg;
    size_t used;

    while (btw_msg_decode(&msg, &used, rest, BTW_LEN_MAX_DEFAULT, NULL) == BTW_OK) {
        rest = btw_slice_of(rest.data + used, rest.len - used);
        messages++;
    }
    rest = pieces;
    while (btw_msg_decode(&msg, &used, rest, BTW_LEN_MAX_DEFAULT, NULL) == BTW_OK) {
        rest = btw_slice_of(rest.data + used, rest.len - used);
        assert(block_count < BLOCKS_MAX);
        blocks[block_count++] = msg;
        payload += (double)msg.data.len;
    }
}

static int print_memory(void)
{
    struct btw_wire wire;

    open_wire(&wire, 2000, true, false);
    btw_wire_trim(&wire);
    printf("An idle wire: struct %zu bytes, %zu more without piece maps, %zu with those of 2000 pieces.\n", sizeof wire,
           btw_wire_memory(&wire, false), btw_wire_memory(&wire, true));
    btw_wire_destroy(&wire);
    return 0;
}

/* clang-format off */
static const struct bench_work works[] = {
    { "small-64k",   small_64k,   &messages },
    { "send-pieces", send_pieces, &payload },
    { NULL,          NULL,        NULL },
};
/* clang-format on */

int main(int argc, char **argv)
{
    struct btw_slice in;

    assert(argc == 2);
    if (strcmp(argv[1], "--memory") == 0)
        return print_memory();
    in = bench_input(argv[1], "mix");
    mix_len = in.len;
    mix = malloc(mix_len);
    assert(mix != NULL);
    memcpy(mix, in.data, mix_len);
    prepare(bench_input(argv[1], "pieces"));
    return bench_serve(works);
}

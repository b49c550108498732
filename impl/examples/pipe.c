/* SPDX-License-Identifier: MIT
 *
 * Two peers piped into each other in memory: a seed and a leech of a torrent of three pieces.  No socket, no clock:
 * what one wire wants to send is given to the other until both are silent.
 *
 * usage: pipe [--encrypt] [--help]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "btw/wire.h"

enum { PIECE = 32 * 1024, BLOCK = 16 * 1024, TOTAL = 2 * PIECE + 1000 };

static const struct btw_geometry geometry = { .pieces = 3, .piece_length = PIECE, .total_length = TOTAL };
static uint8_t payload[TOTAL]; /* of the seed */
static uint8_t copy[TOTAL];    /* of the leech */
static size_t missing = TOTAL;

static void *memory(void *user, void *old, size_t size)
{
    (void)user;
    if (size > 0)
        return realloc(old, size);
    free(old);
    return NULL;
}

static void on_seed(void *user, struct btw_wire *wire, const struct btw_wire_event *event)
{
    static const uint8_t all_pieces[] = { 0xe0 };
    struct btw_block block = event->block;

    (void)user;
    printf("seed:  %s\n", btw_wire_event_name(event->kind));
    switch (event->kind) {
    case BTW_WIRE_READY:
        btw_wire_availability(wire, btw_slice_of(all_pieces, sizeof all_pieces), event->now_ms);
        break;
    case BTW_WIRE_INTERESTED:
        btw_wire_unchoke(wire, event->now_ms);
        break;
    case BTW_WIRE_REQUEST: /* the wire has seen to it that the block lies inside the torrent */
        btw_wire_piece(wire, block.piece, block.begin,
                       btw_slice_of(payload + (size_t)block.piece * PIECE + block.begin, block.length), event->now_ms);
        break;
    default:
        break;
    }
}

static void ask_for_everything(struct btw_wire *wire, int64_t now_ms)
{
    for (uint32_t piece = 0; piece < geometry.pieces; piece++) {
        uint32_t size = btw_piece_size(&geometry, piece);

        for (uint32_t begin = 0; begin < size; begin += BLOCK) {
            struct btw_block block = { piece, begin, size - begin < BLOCK ? size - begin : BLOCK };
            btw_wire_request(wire, block, now_ms);
        }
    }
}

static void on_leech(void *user, struct btw_wire *wire, const struct btw_wire_event *event)
{
    const struct btw_msg *msg = event->msg;

    (void)user;
    printf("leech: %s\n", btw_wire_event_name(event->kind));
    switch (event->kind) {
    case BTW_WIRE_HAVE_ALL:
        btw_wire_interested(wire, event->now_ms);
        break;
    case BTW_WIRE_UNCHOKE:
        ask_for_everything(wire, event->now_ms);
        break;
    case BTW_WIRE_PIECE:
        if (event->asked) {
            memcpy(copy + (size_t)msg->piece * PIECE + msg->begin, msg->data.data, msg->data.len);
            missing -= msg->data.len;
        }
        break;
    default:
        break;
    }
}

/* Gives what `from` has to send to `to`, and returns the number of bytes. */
static size_t pass(struct btw_wire *from, struct btw_wire *to)
{
    uint8_t buffer[1024];
    struct btw_slice slice;
    size_t len;

    if (btw_wire_output(from, &slice, 1) == 0)
        return 0;
    len = slice.len < sizeof buffer ? slice.len : sizeof buffer;
    memcpy(buffer, slice.data, len);
    btw_wire_sent(from, len, 0);
    btw_wire_receive(to, buffer, len, 0);
    return len;
}

static struct btw_wire_config config_of(btw_wire_event_fn *event, const char *peer_id, bool encrypt)
{
    struct btw_wire_config config;

    btw_wire_defaults(&config);
    memset(config.torrent.info_hash, 'h', sizeof config.torrent.info_hash);
    memcpy(config.torrent.peer_id, peer_id, sizeof config.torrent.peer_id);
    config.torrent.geometry = geometry;
    config.event = event;
    config.memory = memory;
    config.mse.crypto = encrypt ? BTW_WIRE_REQUIRED : BTW_WIRE_CLEAR;
    /* Good enough for two peers in one process.  On a network: random, see tcp.c. */
    memset(config.mse.private_key, peer_id[19], sizeof config.mse.private_key);
    return config;
}

int main(int argc, char **argv)
{
    bool encrypt = argc == 2 && strcmp(argv[1], "--encrypt") == 0;
    struct btw_wire seed, leech;
    struct btw_wire_config seeds, leeches;

    if (argc > 1 && !encrypt) {
        puts("usage: pipe [--encrypt]\nTwo peers in memory: one seeds, one leeches; prints their events.");
        return strcmp(argv[1], "--help") == 0 ? 0 : 2;
    }
    for (size_t i = 0; i < sizeof payload; i++)
        payload[i] = (uint8_t)(i * i >> 8);

    seeds = config_of(on_seed, "-BX0001-the-seed---1", encrypt);
    leeches = config_of(on_leech, "-BX0001-the-leech--2", encrypt);
    if (btw_wire_accept(&seed, &seeds, 0) != BTW_OK || btw_wire_dial(&leech, &leeches, 0) != BTW_OK)
        return 1;
    while (pass(&leech, &seed) + pass(&seed, &leech) > 0)
        ;
    btw_wire_destroy(&leech);
    btw_wire_destroy(&seed);

    printf("%zu bytes missing\n", missing);
    return missing == 0 && memcmp(payload, copy, sizeof payload) == 0 ? 0 : 1;
}

/* SPDX-License-Identifier: MIT
 *
 * A seed: serves one torrent of one file to everybody who dials, and its metadata to those who came by a magnet link.
 * Blocks go from the mapped file to the socket by reference; nothing is copied but by encryption.
 */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "btw/hash.h"
#include "btw/magnet.h"
#include "btw/metainfo.h"
#include "btw/ut_metadata.h"
#include "files.h"
#include "tcp.h"

static const char usage[] =
    "usage: seed [OPTION...] TORRENT FILE\n"
    "Serves FILE, the payload of TORRENT, until it is interrupted.\n"
    "\n"
    "  --listen ADDRESS:PORT  where to wait for peers (127.0.0.1:0: any free port, which is printed)\n"
    "  --crypto WORD          clear, preferred (default: everything is taken) or required\n"
    "  --verbose              print what happens\n"
    "  --help                 this text\n";

struct seed {
    struct btw_metainfo meta;
    struct btw_slice payload;
    uint8_t *all_pieces; /* a bitfield */
    struct btw_wire_config config;
    uv_loop_t loop;
    uv_tcp_t listener;
    uv_signal_t signals[2];
    bool verbose;
};

/* Answers what is asked, oldest first, until nothing is open or the queue is full. */
static void serve(const struct seed *seed, struct btw_wire *wire, int64_t now_ms)
{
    const struct btw_party *peer = &wire->session.party[BTW_THEM];

    while (peer->pending_count > 0) {
        struct btw_block block = peer->pending[0].block;
        const uint8_t *bytes = seed->payload.data + (uint64_t)block.piece * seed->meta.piece_length + block.begin;

        if (btw_wire_piece(wire, block.piece, block.begin, btw_slice_of(bytes, block.length), now_ms) != BTW_OK)
            return; /* DRAINED will be told */
    }
}

static void on_event(void *user, struct btw_wire *wire, const struct btw_wire_event *event)
{
    const struct seed *seed = user;

    if (seed->verbose && event->kind != BTW_WIRE_UPLOAD && event->kind != BTW_WIRE_RELEASE)
        printf("%p %s %s\n", (void *)wire, btw_wire_event_name(event->kind),
               event->kind == BTW_WIRE_CLOSE ? btw_close_text(event->reason) : "");
    switch (event->kind) {
    case BTW_WIRE_READY:
        btw_wire_availability(wire, btw_slice_of(seed->all_pieces, btw_bits_size(seed->meta.pieces)), event->now_ms);
        break;
    case BTW_WIRE_INTERESTED:
        btw_wire_unchoke(wire, event->now_ms);
        break;
    case BTW_WIRE_REQUEST:
    case BTW_WIRE_DRAINED:
        serve(seed, wire, event->now_ms);
        break;
    default:
        break;
    }
}

/* BEP 9: a piece of the info dictionary, or a reject. */
static void on_metadata(void *user, struct btw_wire *wire, struct btw_slice payload, int64_t now_ms)
{
    const struct seed *seed = user;
    struct btw_ut_metadata question, answer = { .msg_type = BTW_METADATA_REJECT };
    uint8_t out[BTW_METADATA_PIECE + 128];
    size_t len;

    if (btw_ut_metadata_decode(&question, payload, NULL) != BTW_OK || question.msg_type != BTW_METADATA_REQUEST)
        return;
    answer.piece = question.piece;
    if (btw_metadata_piece(seed->meta.info, question.piece, &answer.data)) {
        answer.msg_type = BTW_METADATA_DATA;
        answer.has_total_size = true;
        answer.total_size = (int64_t)seed->meta.info.len;
    }
    if (btw_ut_metadata_encode(out, sizeof out, &len, &answer) == BTW_OK)
        btw_wire_extended(wire, "ut_metadata", btw_slice_of(out, len), now_ms);
}

static const struct btw_wire_extension metadata = { .name = "ut_metadata", .on_message = on_metadata };

static void on_closed(struct tcp *tcp)
{
    free(tcp);
}

static void on_connection(uv_stream_t *listener, int status)
{
    struct seed *seed = listener->data;
    struct tcp *tcp;

    if (status < 0 || (tcp = calloc(1, sizeof *tcp)) == NULL)
        return;
    tcp_accept(tcp, listener, seed->config, on_closed);
    btw_wire_use(&tcp->wire, &metadata, seed);
}

static void close_connection(uv_handle_t *handle, void *user)
{
    struct seed *seed = user;
    struct tcp *tcp = handle->data;

    if (handle->type != UV_TCP || handle == (uv_handle_t *)&seed->listener)
        return;
    btw_wire_close(&tcp->wire, BTW_CLOSE_OURS);
    tcp_flush(tcp);
}

/* Closes everything, and the loop ends by itself. */
static void on_signal(uv_signal_t *signal, int number)
{
    struct seed *seed = signal->data;

    (void)number;
    uv_walk(signal->loop, close_connection, seed);
    uv_close((uv_handle_t *)&seed->listener, NULL);
    for (int i = 0; i < 2; i++)
        uv_close((uv_handle_t *)&seed->signals[i], NULL);
}

static bool payload_fits(const struct btw_metainfo *meta, struct btw_slice payload)
{
    bool good = payload.len == meta->total_length;

    for (uint32_t piece = 0; good && piece < meta->pieces; piece++) {
        const uint8_t *bytes = payload.data + (uint64_t)piece * meta->piece_length;
        uint8_t hash[BTW_SHA1_SIZE];

        btw_sha1(hash, btw_slice_of(bytes, btw_metainfo_piece_size(meta, piece)));
        good = memcmp(hash, btw_metainfo_piece_hash(meta, piece), sizeof hash) == 0;
    }
    return good;
}

static bool load(struct seed *seed, const char *torrent, const char *file)
{
    struct btw_slice bytes = file_map(torrent);
    struct btw_diag diag;

    if (bytes.data == NULL)
        return false;
    if (btw_metainfo_read(&seed->meta, bytes, &diag) != BTW_OK) {
        fprintf(stderr, "%s: %s\n", torrent, diag.text);
        return false;
    }
    if (!seed->meta.has_v1 || seed->meta.files.data != NULL) {
        fprintf(stderr, "%s: not one file in version 1, and this example is for no other\n", torrent);
        return false;
    }
    seed->payload = file_map(file);
    if (!payload_fits(&seed->meta, seed->payload)) {
        fprintf(stderr, "%s: is not the payload of %s\n", file, torrent);
        return false;
    }
    return true;
}

static bool prepare(struct seed *seed)
{
    struct btw_wire_torrent *torrent = &seed->config.torrent;

    seed->all_pieces = calloc(1, btw_bits_size(seed->meta.pieces));
    if (seed->all_pieces == NULL)
        return false;
    for (uint32_t piece = 0; piece < seed->meta.pieces; piece++)
        btw_bit_set(seed->all_pieces, piece, true);

    memcpy(torrent->info_hash, seed->meta.info_hash, sizeof torrent->info_hash);
    tcp_peer_id(torrent->peer_id);
    torrent->geometry = (struct btw_geometry){
        .pieces = seed->meta.pieces,
        .piece_length = seed->meta.piece_length,
        .total_length = seed->meta.total_length,
    };
    torrent->hello = (struct btw_ext_handshake){
        .has = BTW_EXT_METADATA_SIZE | BTW_EXT_REQQ | BTW_EXT_UPLOAD_ONLY | BTW_EXT_V,
        .metadata_size = (int64_t)seed->meta.info.len,
        .reqq = (int64_t)seed->config.requests_max[BTW_THEM],
        .upload_only = 1,
        .v = btw_slice_str("btwire example seed"),
    };
    seed->config.event = on_event;
    seed->config.memory = tcp_memory;
    seed->config.user = seed;
    return true;
}

/* Two lines: the port, and a link to share. */
static bool introduce(const struct seed *seed, uint16_t port)
{
    struct btw_magnet magnet = { .has_v1 = true, .name = seed->meta.name };
    char link[1024];
    size_t len;

    memcpy(magnet.info_hash, seed->meta.info_hash, sizeof magnet.info_hash);
    printf("listening on port %d\n", port);
    if (btw_magnet_write(link, sizeof link, &len, &magnet, BTW_MAGNET_HEX) == BTW_OK)
        puts(link);
    return fflush(stdout) == 0;
}

static bool start(struct seed *seed, const struct sockaddr *address)
{
    static const int numbers[2] = { SIGINT, SIGTERM };
    struct sockaddr_storage bound;
    int len = sizeof bound, error;

    if ((error = uv_loop_init(&seed->loop)) != 0 || (error = uv_tcp_init(&seed->loop, &seed->listener)) != 0 ||
        (error = uv_tcp_bind(&seed->listener, address, 0)) != 0 ||
        (error = uv_listen((uv_stream_t *)&seed->listener, 128, on_connection)) != 0 ||
        (error = uv_tcp_getsockname(&seed->listener, (struct sockaddr *)&bound, &len)) != 0) {
        fprintf(stderr, "listening: %s\n", uv_strerror(error));
        return false;
    }
    seed->listener.data = seed;
    for (int i = 0; i < 2; i++) {
        uv_signal_init(&seed->loop, &seed->signals[i]);
        uv_signal_start(&seed->signals[i], on_signal, numbers[i]);
        seed->signals[i].data = seed;
    }
    return introduce(seed, tcp_port(&bound));
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        { "listen", required_argument, NULL, 'l' },
        { "crypto", required_argument, NULL, 'c' },
        { "verbose", no_argument, NULL, 'v' },
        { "help", no_argument, NULL, 'h' },
        { NULL, 0, NULL, 0 },
    };
    static struct seed seed;
    struct sockaddr_storage address;
    bool good = tcp_address(&address, "127.0.0.1:0");
    int option;

    signal(SIGPIPE, SIG_IGN); /* a write to a peer that is gone is an error like others */
    btw_wire_defaults(&seed.config);
    seed.config.mse.crypto = BTW_WIRE_PREFERRED;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 'h')
            return fputs(usage, stdout) < 0;
        if (option == 'l')
            good = good && tcp_address(&address, optarg);
        else if (option == 'c')
            good = good && tcp_crypto(&seed.config.mse.crypto, optarg);
        else if (option == 'v')
            seed.verbose = true;
        else
            good = false;
    }
    if (!good || argc - optind != 2) {
        fputs(usage, stderr);
        return 2;
    }
    if (!load(&seed, argv[optind], argv[optind + 1]) || !prepare(&seed) || !start(&seed, (struct sockaddr *)&address))
        return 1;
    uv_run(&seed.loop, UV_RUN_DEFAULT);
    uv_loop_close(&seed.loop);
    free(seed.all_pieces);
    return 0;
}

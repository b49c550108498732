/* SPDX-License-Identifier: MIT
 *
 * A leech: downloads a torrent of one file from one peer and checks the hash of each piece.  Given a magnet link, it
 * asks the peer for the metadata first (BEP 9).
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
    "usage: leech [OPTION...] TORRENT|MAGNET ADDRESS:PORT FILE\n"
    "Downloads the payload of a torrent, or of a magnet link, from one peer into FILE.\n"
    "\n"
    "  --crypto WORD     clear, preferred (default: encrypted, and if that fails in clear) or required\n"
    "  --depth NUMBER    requests that are open at a time (64)\n"
    "  --timeout SECONDS give up when nothing has come for so long (60)\n"
    "  --verbose         print what happens\n"
    "  --help            this text\n";

enum { BLOCK = 16 * 1024, REFUSALS_MAX = 10000 };
enum block_state { WANTED, ASKED, HERE };

struct leech {
    struct btw_wire_config config;
    uv_loop_t loop;
    struct tcp tcp;
    struct sockaddr_storage peer;
    bool secured; /* both ends agree on encryption, or on none */
    bool again;   /* to be dialled in clear */
    uint32_t depth;
    const char *path;
    bool verbose;
    /* the torrent, as far as it is known */
    uint8_t info_hash[20];
    uint8_t *info; /* of a magnet link: what comes from the peer */
    struct btw_metadata fetching;
    bool known;
    struct btw_metainfo meta;
    /* the payload */
    uint8_t *payload;
    uint8_t *blocks;         /* enum block_state of each, piece for piece */
    uint32_t blocks_a_piece; /* but for the last one */
    uint32_t first;          /* no piece in front of it has a block that is wanted */
    uint32_t missing;        /* pieces */
    uint32_t refusals;       /* since the last block */
    bool failed;
};

static void give_up(struct leech *leech, const char *why)
{
    fprintf(stderr, "leech: %s\n", why);
    leech->failed = true;
    btw_wire_close(&leech->tcp.wire, BTW_CLOSE_OURS);
}

/* --- payload ---------------------------------------------------------------------------------------------------------
 */

static uint8_t *state_of(const struct leech *leech, struct btw_block block)
{
    return &leech->blocks[(size_t)block.piece * leech->blocks_a_piece + block.begin / BLOCK];
}

/* The first block of a piece that is wanted. */
static bool wanted_in(const struct leech *leech, uint32_t piece, struct btw_block *block)
{
    uint32_t size = btw_metainfo_piece_size(&leech->meta, piece);

    for (uint32_t begin = 0; begin < size; begin += BLOCK) {
        *block = (struct btw_block){ piece, begin, size - begin < BLOCK ? size - begin : BLOCK };
        if (*state_of(leech, *block) == WANTED)
            return true;
    }
    return false;
}

/* The first block that is wanted and that the peer has. */
static bool next_block(struct leech *leech, struct btw_block *block)
{
    const uint8_t *theirs = leech->tcp.wire.session.party[BTW_THEM].have;

    while (leech->first < leech->meta.pieces && !wanted_in(leech, leech->first, block))
        leech->first++;
    for (uint32_t piece = leech->first; piece < leech->meta.pieces; piece++)
        if (btw_bit_get(theirs, piece) && wanted_in(leech, piece, block))
            return true;
    return false;
}

static void ask(struct leech *leech, int64_t now_ms)
{
    struct btw_wire *wire = &leech->tcp.wire;
    struct btw_block block;

    if (!leech->known)
        return;
    while (wire->session.party[BTW_US].pending_count < leech->depth && next_block(leech, &block)) {
        if (btw_wire_interested(wire, now_ms) != BTW_OK || btw_wire_request(wire, block, now_ms) != BTW_OK)
            return; /* choked, or no room: UNCHOKE or DRAINED will be told */
        *state_of(leech, block) = ASKED;
    }
}

static void ask_again(struct leech *leech, struct btw_block block)
{
    *state_of(leech, block) = WANTED;
    if (block.piece < leech->first)
        leech->first = block.piece;
    if (++leech->refusals > REFUSALS_MAX)
        give_up(leech, "the peer rejects everything");
}

static void on_block(struct leech *leech, const struct btw_wire_event *event)
{
    struct btw_block block = event->block, other;
    uint32_t size = btw_metainfo_piece_size(&leech->meta, block.piece);
    uint8_t *piece = leech->payload + (uint64_t)block.piece * leech->meta.piece_length, hash[BTW_SHA1_SIZE];
    bool complete = true;

    memcpy(piece + block.begin, event->msg->data.data, block.length);
    *state_of(leech, block) = HERE;
    leech->refusals = 0;
    for (uint32_t begin = 0; begin < size && complete; begin += BLOCK) {
        other = (struct btw_block){ block.piece, begin, 0 };
        complete = *state_of(leech, other) == HERE;
    }
    if (!complete)
        return;
    btw_sha1(hash, btw_slice_of(piece, size));
    if (memcmp(hash, btw_metainfo_piece_hash(&leech->meta, block.piece), sizeof hash) != 0) {
        give_up(leech, "a piece has the wrong hash"); /* who sent it is clear: there is one peer */
        return;
    }
    btw_wire_have(&leech->tcp.wire, block.piece, event->now_ms);
    if (--leech->missing == 0)
        btw_wire_close(&leech->tcp.wire, BTW_CLOSE_OURS);
}

/* The torrent is known now. */
static bool begin(struct leech *leech)
{
    const struct btw_metainfo *meta = &leech->meta;

    if (!meta->has_v1 || meta->files.data != NULL) {
        fprintf(stderr, "leech: not one file in version 1, and this example is for no other\n");
        return false;
    }
    leech->blocks_a_piece = meta->piece_length / BLOCK + (meta->piece_length % BLOCK != 0);
    leech->blocks = calloc(meta->pieces, leech->blocks_a_piece);
    leech->payload = leech->blocks == NULL ? NULL : file_make(leech->path, meta->total_length);
    leech->missing = meta->pieces;
    leech->known = leech->payload != NULL;
    return leech->known;
}

static struct btw_geometry geometry_of(const struct btw_metainfo *meta)
{
    return (struct btw_geometry){
        .pieces = meta->pieces,
        .piece_length = meta->piece_length,
        .total_length = meta->total_length,
    };
}

/* --- metadata (BEP 9) ------------------------------------------------------------------------------------------------
 */

static void metadata_ask(struct leech *leech, int64_t now_ms)
{
    struct btw_ut_metadata question = { .msg_type = BTW_METADATA_REQUEST };
    uint8_t out[64];
    size_t piece = 0, len;

    if (!btw_metadata_next_missing(&leech->fetching, &piece))
        return;
    question.piece = (int64_t)piece;
    if (btw_ut_metadata_encode(out, sizeof out, &len, &question) != BTW_OK ||
        btw_wire_extended(&leech->tcp.wire, "ut_metadata", btw_slice_of(out, len), now_ms) != BTW_OK)
        give_up(leech, "cannot ask for the metadata");
}

/* The peer supports the extension, and says how long the metadata is. */
static void metadata_offered(void *user, struct btw_wire *wire, const struct btw_ext_handshake *hello, int64_t now_ms)
{
    struct leech *leech = user;

    (void)wire;
    if (leech->known || leech->info != NULL || (hello->has & BTW_EXT_METADATA_SIZE) == 0)
        return;
    if (hello->metadata_size < 1 || hello->metadata_size > BTW_METADATA_MAX ||
        (leech->info = malloc((size_t)hello->metadata_size)) == NULL) {
        give_up(leech, "metadata of an impossible size");
        return;
    }
    btw_metadata_init(&leech->fetching, leech->info, (size_t)hello->metadata_size);
    metadata_ask(leech, now_ms);
}

static void metadata_complete(struct leech *leech, int64_t now_ms)
{
    struct btw_wire *wire = &leech->tcp.wire;
    struct btw_geometry geometry;
    struct btw_diag diag;

    if (btw_metadata_verify(&leech->fetching, leech->info_hash, &diag) != BTW_OK ||
        btw_metainfo_read_info(&leech->meta, btw_slice_of(leech->info, leech->fetching.size), &diag) != BTW_OK) {
        give_up(leech, diag.text);
        return;
    }
    printf("metadata: %.*s\n", (int)leech->meta.name.len, (const char *)leech->meta.name.data);
    geometry = geometry_of(&leech->meta);
    if (!begin(leech) || btw_wire_set_geometry(wire, &geometry) != BTW_OK)
        give_up(leech, "cannot go on with this torrent");
    else
        ask(leech, now_ms);
}

static void metadata_message(void *user, struct btw_wire *wire, struct btw_slice payload, int64_t now_ms)
{
    struct leech *leech = user;
    struct btw_ut_metadata answer;
    size_t piece = 0;

    (void)wire;
    if (leech->known || leech->info == NULL || btw_ut_metadata_decode(&answer, payload, NULL) != BTW_OK)
        return;
    if (answer.msg_type == BTW_METADATA_REJECT)
        give_up(leech, "the peer does not give the metadata");
    else if (btw_metadata_add(&leech->fetching, &answer, NULL) != BTW_OK)
        return;
    else if (btw_metadata_next_missing(&leech->fetching, &piece))
        metadata_ask(leech, now_ms);
    else
        metadata_complete(leech, now_ms);
}

static const struct btw_wire_extension metadata = {
    .name = "ut_metadata",
    .on_extended_handshake = metadata_offered,
    .on_message = metadata_message,
};

/* --- the connection --------------------------------------------------------------------------------------------------
 */

/* Who does not know encryption takes it for noise, and closes; a client that is to reach everybody tries again. */
static void on_end(struct leech *leech, enum btw_close reason)
{
    leech->again = !leech->secured && leech->config.mse.crypto == BTW_WIRE_PREFERRED;
    if (!leech->again && !leech->failed && (!leech->known || leech->missing > 0))
        give_up(leech, btw_close_text(reason));
}

static void on_event(void *user, struct btw_wire *wire, const struct btw_wire_event *event)
{
    struct leech *leech = user;

    if (leech->verbose)
        printf("%s\n", btw_wire_event_name(event->kind));
    switch (event->kind) {
    case BTW_WIRE_SECURED:
        leech->secured = true;
        break;
    case BTW_WIRE_READY:
        btw_wire_availability(wire, btw_slice_of(NULL, 0), event->now_ms);
        break;
    case BTW_WIRE_EXTENDED_HANDSHAKE:
        if ((event->hello->has & BTW_EXT_REQQ) != 0 && event->hello->reqq > 0 && event->hello->reqq < leech->depth)
            leech->depth = (uint32_t)event->hello->reqq;
        break;
    case BTW_WIRE_BITFIELD:
    case BTW_WIRE_HAVE_ALL:
    case BTW_WIRE_HAVE:
    case BTW_WIRE_UNCHOKE:
    case BTW_WIRE_ALLOWED_FAST:
    case BTW_WIRE_DRAINED:
        ask(leech, event->now_ms);
        break;
    case BTW_WIRE_PIECE:
        if (event->asked)
            on_block(leech, event);
        ask(leech, event->now_ms);
        break;
    case BTW_WIRE_REJECT:
    case BTW_WIRE_VOID:
        ask_again(leech, event->block);
        ask(leech, event->now_ms);
        break;
    case BTW_WIRE_TIMEOUT:
        give_up(leech, "the peer does not answer");
        break;
    case BTW_WIRE_CLOSE:
        on_end(leech, event->reason);
        break;
    default:
        break;
    }
}

static void on_closed(struct tcp *tcp);

static void dial(struct leech *leech)
{
    leech->again = false;
    leech->tcp.user = leech;
    tcp_dial(&leech->tcp, &leech->loop, (struct sockaddr *)&leech->peer, leech->config, on_closed);
    btw_wire_use(&leech->tcp.wire, &metadata, leech);
}

static void on_closed(struct tcp *tcp)
{
    struct leech *leech = tcp->user;

    if (!leech->again)
        return; /* nothing is left to wait for: the loop ends */
    leech->config.mse.crypto = BTW_WIRE_CLEAR;
    dial(leech);
}

static bool read_magnet(struct leech *leech, const char *link)
{
    size_t size = strlen(link) + 1;
    uint8_t *scratch = malloc(size);
    struct btw_magnet magnet;
    struct btw_diag diag;
    bool good;

    if (scratch == NULL)
        return false;
    good = btw_magnet_read(&magnet, scratch, size, btw_slice_str(link), &diag) == BTW_OK;
    if (!good)
        fprintf(stderr, "%s: %s\n", link, diag.text);
    else if (!magnet.has_v1)
        fprintf(stderr, "%s: not of a torrent in version 1, and this example is for no other\n", link);
    good = good && magnet.has_v1;
    if (good)
        memcpy(leech->info_hash, magnet.info_hash, sizeof leech->info_hash);
    free(scratch);
    return good;
}

static bool read_torrent(struct leech *leech, const char *path)
{
    struct btw_slice bytes = file_map(path);
    struct btw_diag diag;

    if (bytes.data == NULL)
        return false;
    if (btw_metainfo_read(&leech->meta, bytes, &diag) != BTW_OK) {
        fprintf(stderr, "%s: %s\n", path, diag.text);
        return false;
    }
    memcpy(leech->info_hash, leech->meta.info_hash, sizeof leech->info_hash);
    leech->config.torrent.geometry = geometry_of(&leech->meta);
    return begin(leech);
}

static bool download(struct leech *leech)
{
    struct btw_wire_config *config = &leech->config;
    int error = uv_loop_init(&leech->loop);

    if (error != 0) {
        fprintf(stderr, "leech: %s\n", uv_strerror(error));
        return false;
    }
    memcpy(config->torrent.info_hash, leech->info_hash, sizeof config->torrent.info_hash);
    tcp_peer_id(config->torrent.peer_id);
    config->torrent.hello.has = BTW_EXT_V;
    config->torrent.hello.v = btw_slice_str("btwire example leech");
    config->event = on_event;
    config->memory = tcp_memory;
    config->user = leech;
    dial(leech);
    uv_run(&leech->loop, UV_RUN_DEFAULT);
    uv_loop_close(&leech->loop);
    return !leech->failed;
}

/* A number from 1 to `max`; otherwise 0. */
static uint32_t number(const char *text, uint32_t max)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);

    return *text >= '0' && *text <= '9' && *end == '\0' && value <= max ? (uint32_t)value : 0;
}

static bool take_option(struct leech *leech, int option, const char *value)
{
    uint32_t seconds;

    switch (option) {
    case 'c':
        return tcp_crypto(&leech->config.mse.crypto, value);
    case 'd':
        leech->depth = number(value, (uint32_t)leech->config.requests_max[BTW_US]);
        return leech->depth > 0;
    case 't':
        seconds = number(value, UINT16_MAX);
        leech->config.handshake_ms = leech->config.request_timeout_ms = leech->config.idle_ms = 1000 * (int64_t)seconds;
        return seconds > 0;
    case 'v':
        leech->verbose = true;
        return true;
    default:
        return false;
    }
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        { "crypto", required_argument, NULL, 'c' },  { "depth", required_argument, NULL, 'd' },
        { "timeout", required_argument, NULL, 't' }, { "verbose", no_argument, NULL, 'v' },
        { "help", no_argument, NULL, 'h' },          { NULL, 0, NULL, 0 },
    };
    static struct leech leech = { .depth = 64 };
    bool good = true;
    int option;

    signal(SIGPIPE, SIG_IGN); /* a write to a peer that is gone is an error like others */
    btw_wire_defaults(&leech.config);
    leech.config.mse.crypto = BTW_WIRE_PREFERRED;
    take_option(&leech, 't', "60");
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 'h')
            return fputs(usage, stdout) < 0;
        good = good && take_option(&leech, option, optarg);
    }
    argv += optind;
    if (!good || argc - optind != 3 || !tcp_address(&leech.peer, argv[1])) {
        fputs(usage, stderr);
        return 2;
    }
    leech.path = argv[2];
    good = strncmp(argv[0], "magnet:", 7) == 0 ? read_magnet(&leech, argv[0]) : read_torrent(&leech, argv[0]);
    good = good && download(&leech);
    if (good)
        printf("%u pieces, all verified\n", leech.meta.pieces);
    free(leech.blocks);
    free(leech.info);
    return good ? 0 : 1;
}

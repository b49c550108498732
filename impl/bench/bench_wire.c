/* SPDX-License-Identifier: MIT
 *
 * The codec and what stands on it, and the least that could be done instead.
 */
#include <assert.h>
#include <stdlib.h>

#include "btw/monitor.h"
#include "btw/stream.h"
#include "torrent.h"
#include "work.h"

enum { LARGE = 65536, SMALL = 64, SEGMENT = 1448, BUFFER = 128 * 1024, PENDING = 64 };

static struct btw_slice mix, pieces; /* inputs */
static struct btw_msg *mix_list, *piece_list;
static double mix_len, piece_len; /* messages */
static double piece_bytes;        /* of payload */

static uint8_t buffer[BUFFER], out[BUFFER];

typedef void take_fn(void *user, const struct btw_msg *msg);

/* Reads a whole input in chunks. */
static void read_on(struct btw_stream *stream, struct btw_slice in, size_t chunk, take_fn *take, void *user)
{
    struct btw_msg msg;

    for (size_t at = 0; at < in.len; at += chunk) {
        struct btw_slice rest = btw_slice_of(in.data + at, in.len - at < chunk ? in.len - at : chunk);

        while (btw_stream_next(stream, &rest, &msg, NULL) == BTW_OK)
            take(user, &msg);
        assert(rest.len == 0);
    }
    assert(btw_stream_pending(stream) == 0);
}

static void read_in(struct btw_slice in, size_t chunk, take_fn *take, void *user)
{
    struct btw_stream stream;

    btw_stream_init(&stream, buffer, sizeof buffer, BTW_LEN_MAX_DEFAULT, false);
    read_on(&stream, in, chunk, take, user);
}

static void keep(void *user, const struct btw_msg *msg)
{
    struct btw_msg **at = user;

    *(*at)++ = *msg;
}

static struct btw_msg *list_of(struct btw_slice in, double *count)
{
    struct btw_msg *list = calloc(in.len / 5, sizeof *list), *end = list;

    assert(list != NULL);
    read_in(in, in.len, keep, &end);
    *count = (double)(end - list);
    return list;
}

/* --- small messages --------------------------------------------------------------------------------------------------
 */

static void add_up(void *user, const struct btw_msg *msg)
{
    *(uint64_t *)user += msg->type + msg->piece;
}

static void small_in(size_t chunk)
{
    uint64_t sum = 0;

    read_in(mix, chunk, add_up, &sum);
    bench_use(sum);
}

static void small_64k(void)
{
    small_in(LARGE);
}

static void small_64(void)
{
    small_in(SMALL);
}

/* Nobody can do less than to read each length and to go on behind it. */
static void skip(void)
{
    uint64_t sum = 0;

    for (size_t at = 0; mix.len - at >= 4;) {
        uint32_t len;

        memcpy(&len, mix.data + at, sizeof len);
        at += 4 + (size_t)__builtin_bswap32(len);
        sum++;
    }
    bench_use(sum);
}

typedef enum btw_status encode_fn(uint8_t *out, size_t cap, size_t *len, const struct btw_msg *msg);

static void encode_list(encode_fn *encode, const struct btw_msg *list, double count)
{
    size_t at = 0, len;

    for (const struct btw_msg *msg = list; msg < list + (size_t)count; msg++) {
        if (encode(out + at, sizeof out - at, &len, msg) == BTW_NO_SPACE) { /* it would be written out here */
            bench_use(out[at / 2]);
            at = 0;
            encode(out, sizeof out, &len, msg);
        }
        at += len;
    }
    bench_use(out[at / 2]);
}

static void encode_small(void)
{
    encode_list(btw_msg_encode, mix_list, mix_len);
}

/* --- blocks: each is copied to its place -----------------------------------------------------------------------------
 */

static uint8_t store[1 << 20];

static uint8_t *place_of(uint32_t piece, uint32_t begin)
{
    return store + (piece * TORRENT_PIECE_LENGTH + begin) % sizeof store;
}

static void place(void *user, const struct btw_msg *msg)
{
    (void)user;
    memcpy(place_of(msg->piece, msg->begin), msg->data.data, msg->data.len);
}

/* As it arrives, so that it is copied once. */
static void place_part(void *user, const struct btw_msg *msg)
{
    memcpy(place_of(msg->piece, msg->begin) + btw_stream_part(user), msg->data.data, msg->data.len);
}

static void pieces_in(size_t chunk)
{
    struct btw_stream stream;

    btw_stream_init(&stream, buffer, BTW_HANDSHAKE_SIZE, BTW_LEN_MAX_DEFAULT, false);
    btw_stream_split_pieces(&stream);
    read_on(&stream, pieces, chunk, place_part, &stream);
    bench_use(store[1]);
}

static void pieces_64k(void)
{
    pieces_in(LARGE);
}

static void pieces_1448(void)
{
    pieces_in(SEGMENT);
}

/* The same payload from the same places to the same places, without a look at what is around it. */
static void copy(void)
{
    for (const struct btw_msg *msg = piece_list; msg < piece_list + (size_t)piece_len; msg++)
        place(NULL, msg);
    bench_use(store[1]);
}

static void encode_pieces(void)
{
    encode_list(btw_msg_encode, piece_list, piece_len);
}

/* A scatter list would name the blocks where they are. */
static void encode_heads(void)
{
    encode_list(btw_msg_encode_head, piece_list, piece_len);
}

/* --- with state and judgement ----------------------------------------------------------------------------------------
 */

struct judged {
    struct btw_session session;
    struct btw_monitor *monitor; /* NULL: the session alone */
    int64_t now_ms;
};

static void on_finding(void *user, const struct btw_finding *finding)
{
    (void)user, (void)finding;
    assert(false && "the mix breaks no rule");
}

/* The leech dialled us, a seed. */
static void said_by(struct judged *judged, enum btw_who who, const struct btw_msg *msg)
{
    enum btw_status status = who == BTW_US ? btw_session_send(&judged->session, msg, judged->now_ms, NULL)
                                           : btw_session_received(&judged->session, msg, judged->now_ms, NULL);

    assert(status == BTW_OK);
    if (judged->monitor != NULL)
        btw_monitor_sent(judged->monitor, who == BTW_US ? BTW_ACCEPTOR : BTW_DIALLER, msg, false, judged->now_ms);
}

static void judge(void *user, const struct btw_msg *msg)
{
    struct judged *judged = user;

    judged->now_ms += 1;
    said_by(judged, BTW_THEM, msg);
}

static struct btw_monitor *monitor_of(const struct btw_geometry *geometry)
{
    struct btw_monitor_world world = { .pieces = geometry->pieces,
                                       .piece_length = geometry->piece_length,
                                       .total_length = geometry->total_length };
    struct btw_monitor *monitor = btw_monitor_new(&world, BTW_GRACE_MS_DEFAULT, on_finding, NULL);

    assert(monitor != NULL);
    return monitor;
}

static void heard_in(bool judges)
{
    static uint8_t maps[4][TORRENT_PIECES / 8], all[TORRENT_PIECES / 8];
    static struct btw_pending pending[2][PENDING];
    struct btw_geometry geometry = { TORRENT_PIECES, TORRENT_PIECE_LENGTH,
                                     (uint64_t)TORRENT_PIECES * TORRENT_PIECE_LENGTH, NULL };
    struct btw_session_config config = { .geometry = geometry,
                                         .map_size = sizeof all,
                                         .have = { maps[0], maps[1] },
                                         .allowed_fast = { maps[2], maps[3] },
                                         .pending = { pending[0], pending[1] },
                                         .pending_cap = { PENDING, PENDING },
                                         .keepalive_ms = 100000,
                                         .idle_ms = 180000 };
    struct judged judged = { .monitor = judges ? monitor_of(&geometry) : NULL };
    struct btw_msg hello = { .type = BTW_HANDSHAKE, .peer_id = "-CF0001-000000000001" };
    struct btw_msg bits = { .type = BTW_BITFIELD, .data = { all, sizeof all } };

    memset(all, 0xff, sizeof all);
    btw_session_init(&judged.session, &config, judged.now_ms);
    said_by(&judged, BTW_THEM, &hello);
    said_by(&judged, BTW_US, &hello);
    said_by(&judged, BTW_US, &bits);
    said_by(&judged, BTW_US, &(struct btw_msg){ .type = BTW_UNCHOKE });
    said_by(&judged, BTW_THEM, &(struct btw_msg){ .type = BTW_INTERESTED });
    read_in(mix, LARGE, judge, &judged);
    btw_monitor_free(judged.monitor);
}

static void session_64k(void)
{
    heard_in(false);
}

static void judged_64k(void)
{
    heard_in(true);
}

/* clang-format off */
static const struct bench_work works[] = {
    { "small-64k",     small_64k,     &mix_len },
    { "small-64",      small_64,      &mix_len },
    { "skip",          skip,          &mix_len },
    { "encode-small",  encode_small,  &mix_len },
    { "pieces-64k",    pieces_64k,    &piece_bytes },
    { "pieces-1448",   pieces_1448,   &piece_bytes },
    { "copy",          copy,          &piece_bytes },
    { "encode-pieces", encode_pieces, &piece_bytes },
    { "session-64k",   session_64k,   &mix_len },
    { "encode-heads",  encode_heads,  &piece_bytes },
    { "judged-64k",    judged_64k,    &mix_len },
    { NULL,            NULL,          NULL },
};
/* clang-format on */

int main(int argc, char **argv)
{
    assert(argc == 2);
    mix = bench_input(argv[1], "mix");
    pieces = bench_input(argv[1], "pieces");
    mix_list = list_of(mix, &mix_len);
    piece_list = list_of(pieces, &piece_len);
    piece_bytes = piece_len * BTW_BLOCK_SIZE;
    return bench_serve(works);
}

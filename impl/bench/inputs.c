/* SPDX-License-Identifier: MIT
 *
 * Makes the inputs of all programs in a folder: the same bytes for everybody, the same in every run.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "btw/bencode.h"
#include "btw/ext.h"
#include "btw/msg.h"
#include "btw/ut_metadata.h"
#include "btw/ut_pex.h"
#include "torrent.h"

enum { ROOM = 4 << 20, HAVES = 12000, REQUESTS = 9000, TURNS = 1000, OPEN_MAX = 48, BLOCKS = 64 };

static uint8_t bytes[ROOM];
static size_t len;

static uint32_t draw(uint32_t below)
{
    static uint64_t state = 88172645463325252U;

    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 32) % below;
}

static void put(const struct btw_msg *msg)
{
    size_t used;

    assert(btw_msg_encode(bytes + len, sizeof bytes - len, &used, msg) == BTW_OK);
    len += used;
}

static void put_bytes(struct btw_slice more)
{
    assert(more.len <= sizeof bytes - len);
    memcpy(bytes + len, more.data, more.len);
    len += more.len;
}

static void save(const char *dir, const char *name)
{
    char path[4096];
    FILE *file;

    snprintf(path, sizeof path, "%s/%s", dir, name);
    file = fopen(path, "wb");
    if (file == NULL || fwrite(bytes, 1, len, file) != len || fclose(file) != 0) {
        perror(path);
        exit(2);
    }
    len = 0;
}

/* What a leech says to a seed, in an order that nobody can foresee: every piece of the lower half is announced once,
 * blocks of the upper half are asked for and taken back, interest comes and goes. */
static void make_mix(const char *dir)
{
    static uint32_t pieces[TORRENT_PIECES / 2];
    struct btw_block open[OPEN_MAX];
    unsigned have = 0, asked = 0, first = 0, turns = 0;

    for (uint32_t i = 0; i < TORRENT_PIECES / 2; i++) {
        uint32_t other = draw(i + 1);

        pieces[i] = pieces[other];
        pieces[other] = i;
    }
    while (have < HAVES || first < REQUESTS || turns < TURNS) {
        uint32_t kind = draw(HAVES + 2 * REQUESTS + TURNS);
        struct btw_block *block = &open[asked % OPEN_MAX];

        if (kind < HAVES && have < HAVES) {
            put(&(struct btw_msg){ .type = BTW_HAVE, .piece = pieces[have++] });
        } else if (kind < HAVES + REQUESTS && asked < REQUESTS && asked - first < OPEN_MAX) {
            *block = (struct btw_block){ TORRENT_PIECES / 2 + asked / 4, asked % 4 * BTW_BLOCK_SIZE, BTW_BLOCK_SIZE };
            put(&(struct btw_msg){
                .type = BTW_REQUEST, .piece = block->piece, .begin = block->begin, .length = block->length });
            asked++;
        } else if (kind < HAVES + 2 * REQUESTS && first < asked) {
            block = &open[first++ % OPEN_MAX];
            put(&(struct btw_msg){
                .type = BTW_CANCEL, .piece = block->piece, .begin = block->begin, .length = block->length });
        } else if (turns < TURNS) {
            put(&(struct btw_msg){ .type = BTW_NOT_INTERESTED });
            put(&(struct btw_msg){ .type = BTW_INTERESTED });
            turns++;
        }
    }
    save(dir, "mix");
}

static void make_pieces(const char *dir)
{
    uint8_t block[BTW_BLOCK_SIZE];

    for (uint32_t i = 0; i < BLOCKS; i++) {
        for (size_t k = 0; k < sizeof block; k++)
            block[k] = (uint8_t)draw(256);
        put(&(struct btw_msg){ .type = BTW_PIECE,
                               .piece = i / 4,
                               .begin = i % 4 * BTW_BLOCK_SIZE,
                               .data = btw_slice_of(block, sizeof block) });
    }
    save(dir, "pieces");
}

static void make_extensions(const char *dir)
{
    static const char handshake[] =
        "d12:complete_agoi1e1:ei0e4:ipv44:\x7f\0\0\1"
        "1:md11:lt_donthavei7e11:upload_onlyi3e12:ut_holepunchi4e11:ut_metadatai2e6:ut_pexi1ee"
        "13:metadata_sizei31235e1:pi6881e4:reqqi2000e11:upload_onlyi1e1:v17:libtorrent/2.0.106:yourip4:\x7f\0\0\1e";
    uint8_t contacts[50 * 6], flags[50], out[1000];
    struct btw_ut_pex pex = { .has = BTW_PEX_ADDED | BTW_PEX_ADDED_F | BTW_PEX_ADDED6 | BTW_PEX_ADDED6_F |
                                     BTW_PEX_DROPPED | BTW_PEX_DROPPED6,
                              .added = { contacts, sizeof contacts },
                              .added_f = { flags, sizeof flags } };
    size_t used;

    put_bytes(btw_slice_of(handshake, sizeof handshake - 1));
    save(dir, "ext");
    for (size_t i = 0; i < sizeof contacts; i++)
        contacts[i] = (uint8_t)draw(256);
    memset(flags, BTW_PEX_UTP, sizeof flags);
    assert(btw_ut_pex_encode(out, sizeof out, &used, &pex) == BTW_OK);
    put_bytes(btw_slice_of(out, used));
    save(dir, "pex");
}

/* An info dictionary of 960 KB: 9000 files in folders, and the hashes of 24000 pieces. */
static void make_metadata(const char *dir)
{
    struct btw_writer w = btw_writer_on(bytes, sizeof bytes);
    char name[40];

    btw_ben_put_dict(&w);
    btw_ben_put_key(&w, "files");
    btw_ben_put_list(&w);
    for (unsigned i = 0; i < 9000; i++) {
        btw_ben_put_dict(&w);
        btw_ben_put_key(&w, "length");
        btw_ben_put_int(&w, draw(1 << 20));
        btw_ben_put_key(&w, "path");
        btw_ben_put_list(&w);
        snprintf(name, sizeof name, "folder %u", i / 100);
        btw_ben_put_key(&w, name);
        snprintf(name, sizeof name, "%u file.dat", i);
        btw_ben_put_key(&w, name);
        btw_ben_put_end(&w);
        btw_ben_put_end(&w);
    }
    btw_ben_put_end(&w);
    btw_ben_put_key(&w, "name");
    btw_ben_put_key(&w, "a torrent of many files");
    btw_ben_put_key(&w, "piece length");
    btw_ben_put_int(&w, 1 << 18);
    btw_ben_put_key(&w, "pieces");
    btw_ben_put_str(&w, btw_slice_of(bytes + ROOM / 2, (size_t)24000 * 20));
    btw_ben_put_end(&w);
    assert(!w.failed && w.len < ROOM / 2);
    len = w.len;
    save(dir, "metadata");
}

static void make_small(const char *dir)
{
    uint8_t out[100];
    size_t used;

    for (unsigned i = 0; i < 2000; i++) {
        struct btw_ut_metadata msg = { .msg_type = draw(3), .piece = draw(2000), .total_size = 31235, .data = { 0 } };

        msg.has_total_size = msg.msg_type == BTW_METADATA_DATA;
        assert(btw_ut_metadata_encode(out, sizeof out, &used, &msg) == BTW_OK);
        put_bytes(btw_slice_of(out, used));
    }
    save(dir, "small");
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: %s DIR\n", argv[0]);
        return 2;
    }
    make_mix(argv[1]);
    make_pieces(argv[1]);
    make_extensions(argv[1]);
    make_metadata(argv[1]);
    make_small(argv[1]);
    return 0;
}

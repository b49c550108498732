/* SPDX-License-Identifier: MIT
 *
 * Pieces of fixture torrents, put together from blocks in any order, and told right from wrong.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "btw/fixture.h"
#include "content.h"

/* A torrent, two sessions that download it to one address, and a third one to another. */
struct bench {
    struct btw_fixture fixture;
    struct cap_torrent torrent;
    struct cap_session session[3];
    struct cap_content *content;
    char what[CAP_CONTENT_TEXT];
};

static void set_up(struct bench *bench, const char *name)
{
    memset(bench, 0, sizeof *bench);
    assert_int_equal(btw_fixture_make(&bench->fixture, name, 0), BTW_OK);
    bench->torrent.meta = bench->fixture.meta;
    for (uint8_t i = 0; i < 3; i++) {
        bench->session[i].number = i;
        bench->session[i].sent[BTW_DIALLER].from = (struct cap_endpoint){ { 10, 0, 0, i < 2 ? 1 : 9 }, 4, 40000 + i };
        bench->session[i].sent[BTW_ACCEPTOR].from = (struct cap_endpoint){ { 10, 0, 1, i }, 4, 6881 };
    }
    bench->content = cap_content_new();
}

static void tear_down(struct bench *bench)
{
    cap_content_free(bench->content);
    btw_fixture_free(&bench->fixture);
}

static uint32_t block_size(const struct bench *bench, uint32_t piece, uint32_t begin)
{
    struct btw_metainfo_piece v2;
    uint32_t size = bench->fixture.meta.has_v1 ? btw_metainfo_piece_size(&bench->fixture.meta, piece)
                    : btw_metainfo_piece_v2(&bench->fixture.meta, piece, &v2) ? v2.size
                                                                              : 0;
    return size - begin < BTW_BLOCK_SIZE ? size - begin : BTW_BLOCK_SIZE;
}

/* A block of session i's acceptor; flip: with one wrong bit. */
static enum cap_content_verdict send_block(struct bench *bench, size_t i, uint32_t piece, uint32_t begin, bool flip)
{
    uint8_t block[BTW_BLOCK_SIZE];
    uint32_t size = block_size(bench, piece, begin);
    struct cap_event event = {
        .kind = CAP_MESSAGE,
        .session = &bench->session[i],
        .side = BTW_ACCEPTOR,
        .msg = { .type = BTW_PIECE, .piece = piece, .begin = begin, .data = { block, size } },
    };
    btw_fixture_block(&bench->fixture, piece, begin, block, size);
    block[size / 2] ^= flip;
    return cap_content_take(bench->content, &bench->torrent, &event, bench->what);
}

static void expect_counts(const struct bench *bench, uint64_t right, uint64_t wrong, uint64_t mixed,
                          uint64_t unfinished)
{
    struct cap_content_counts counts = cap_content_counts(bench->content);
    assert_int_equal(counts.right, right);
    assert_int_equal(counts.wrong, wrong);
    assert_int_equal(counts.mixed, mixed);
    assert_int_equal(counts.unfinished, unfinished);
}

/* Pieces of 32 KiB. */
static void blocks_may_come_in_any_order(const char *name)
{
    struct bench bench;
    set_up(&bench, name);
    assert_int_equal(bench.fixture.meta.piece_length, 32768);
    assert_int_equal(send_block(&bench, 0, 0, 0, false), CAP_CONTENT_FINE);
    assert_int_equal(send_block(&bench, 0, 1, 16384, false), CAP_CONTENT_FINE);
    expect_counts(&bench, 0, 0, 0, 2);
    assert_int_equal(send_block(&bench, 0, 0, 0, true), CAP_CONTENT_FINE); /* the first one stays */
    assert_int_equal(send_block(&bench, 0, 0, 16384, false), CAP_CONTENT_FINE);
    assert_int_equal(send_block(&bench, 0, 1, 0, false), CAP_CONTENT_FINE);
    expect_counts(&bench, 2, 0, 0, 0);
    assert_int_equal(send_block(&bench, 0, 2, 16384, true), CAP_CONTENT_FINE);
    assert_int_equal(send_block(&bench, 0, 2, 0, false), CAP_CONTENT_WRONG);
    assert_string_equal(bench.what, "has sent all 32768 bytes of piece 2, and their hash is not that of the torrent");
    expect_counts(&bench, 2, 1, 0, 0);
    tear_down(&bench);
}

static void pieces_of_version_1(void **state)
{
    (void)state;
    blocks_may_come_in_any_order("base");
}

static void pieces_of_version_2(void **state)
{
    (void)state;
    blocks_may_come_in_any_order("v2");
}

static void nobody_is_blamed_for_what_others_sent(void **state)
{
    struct bench bench;
    (void)state;
    set_up(&bench, "base");
    assert_int_equal(send_block(&bench, 0, 0, 0, true), CAP_CONTENT_FINE);
    assert_int_equal(send_block(&bench, 1, 0, 16384, false), CAP_CONTENT_SUSPECT);
    assert_string_equal(bench.what, "piece 0 is wrong; which of its senders is to blame cannot be told: "
                                    "10.0.1.0:6881 (f0), 10.0.1.1:6881 (f1)");
    expect_counts(&bench, 0, 0, 1, 0);
    assert_int_equal(send_block(&bench, 0, 1, 0, false), CAP_CONTENT_FINE);
    assert_int_equal(send_block(&bench, 1, 1, 16384, false), CAP_CONTENT_FINE);
    expect_counts(&bench, 1, 0, 1, 0);
    /* Another receiver's blocks are another story. */
    assert_int_equal(send_block(&bench, 0, 2, 0, false), CAP_CONTENT_FINE);
    assert_int_equal(send_block(&bench, 2, 2, 16384, true), CAP_CONTENT_FINE);
    expect_counts(&bench, 1, 0, 1, 2);
    tear_down(&bench);
}

/* The last piece is short, and blocks that do not fit are not blocks. */
static void odd_blocks_are_left_alone(void **state)
{
    static const uint8_t bytes[BTW_BLOCK_SIZE];
    struct bench bench;
    (void)state;
    set_up(&bench, "base");
    struct cap_event event = { .session = &bench.session[0], .msg = { .type = BTW_PIECE, .data = { bytes, 1 } } };
    event.msg.piece = bench.fixture.meta.pieces;
    assert_int_equal(cap_content_take(bench.content, &bench.torrent, &event, bench.what), CAP_CONTENT_FINE);
    event.msg.piece = 0;
    event.msg.begin = UINT32_MAX;
    assert_int_equal(cap_content_take(bench.content, &bench.torrent, &event, bench.what), CAP_CONTENT_FINE);
    event.msg.begin = 0;
    event.msg.data.data = NULL; /* a hole in it */
    assert_int_equal(cap_content_take(bench.content, &bench.torrent, &event, bench.what), CAP_CONTENT_FINE);
    uint32_t last = bench.fixture.meta.pieces - 1;
    assert_int_equal(send_block(&bench, 0, last, 0, false), CAP_CONTENT_FINE);
    assert_int_equal(send_block(&bench, 0, last, 16384, false), CAP_CONTENT_FINE);
    expect_counts(&bench, 1, 0, 0, 1);
    tear_down(&bench);
}

/* More open pieces than there are places for. */
static void the_oldest_gives_way(void **state)
{
    struct bench bench;
    (void)state;
    set_up(&bench, "f1313");
    struct cap_content_counts counts;
    uint32_t pieces = bench.fixture.meta.pieces;
    assert_true(pieces > CAP_OPEN_PIECES_MAX + 1);
    for (uint32_t piece = 0; piece <= CAP_OPEN_PIECES_MAX; piece++) {
        uint8_t byte = 0;
        struct cap_event event = {
            .session = &bench.session[0],
            .side = BTW_ACCEPTOR,
            .msg = { .type = BTW_PIECE, .piece = piece, .begin = 0, .data = { &byte, 1 } },
        };
        (void)cap_content_take(bench.content, &bench.torrent, &event, bench.what);
    }
    counts = cap_content_counts(bench.content);
    assert_int_equal(counts.dropped, 1);
    assert_int_equal(counts.unfinished, CAP_OPEN_PIECES_MAX);
    tear_down(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_of_version_1),
        cmocka_unit_test(pieces_of_version_2),
        cmocka_unit_test(nobody_is_blamed_for_what_others_sent),
        cmocka_unit_test(odd_blocks_are_left_alone),
        cmocka_unit_test(the_oldest_gives_way),
    };
    return cmocka_run_group_tests_name("content", tests, NULL, NULL);
}

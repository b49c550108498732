/* SPDX-License-Identifier: MIT
 *
 * The life of a wire: how it begins, what it holds, how it ends.
 */
#include "wire_harness.h"

#define OK(call) assert_int_equal(call, BTW_OK)

static struct pair p;
static const uint8_t all[2] = { 0xff, 0xc0 };

static void open_plain(void)
{
    prepare(&p);
    open_pair(&p);
    p.a.log[0] = p.b.log[0] = '\0';
}

/* b serves, a may ask. */
static void open_for_requests(void)
{
    open_plain();
    OK(btw_wire_availability(&p.b.wire, btw_slice_of(all, 2), p.now_ms));
    OK(btw_wire_unchoke(&p.b.wire, p.now_ms));
    OK(btw_wire_interested(&p.a.wire, p.now_ms));
    run(&p);
    p.a.log[0] = p.b.log[0] = '\0';
}

static void ask_for(uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        OK(btw_wire_request(&p.a.wire, (struct btw_block){ i / 2, i % 2 * 16384, 16384 }, p.now_ms));
    run(&p);
}

static void serve_at_once(struct end *end, const struct btw_wire_event *event)
{
    if (event->kind == BTW_WIRE_REQUEST)
        OK(serve(end, event->block, event->now_ms));
}

#define ROOT "c5c907dc04430ebb1cbe748195971d38eb707c0b5a24e2ec6b5fd5c995cb6d7f"

/* --- the beginning ---------------------------------------------------------------------------------------------------
 */

#define HANDSHAKE(reserved, hash, id) "handshake reserved=" reserved " info_hash=" hash " peer_id=\"" id "\""
#define HASH_HEX "3031323334353637383930313233343536373839"
#define OTHER_HEX "ffffffffffffffffffffffffffffffffffffffff"

static void a_dialler_speaks_first(void **state)
{
    (void)state;
    prepare(&p);
    p.a.config.dht = true;
    p.a.config.reserved[0] = 0x80;
    OK(btw_wire_dial(&p.a.wire, &p.a.config, p.now_ms));
    OK(btw_wire_accept(&p.b.wire, &p.b.config, p.now_ms));
    expect_said(&p.b, "");
    expect_said(&p.a, HANDSHAKE("[azureus ext fast dht]", HASH_HEX, "-AA0001-aaaaaaaaaaaa"));
    assert_int_equal(btw_wire_unchoke(&p.a.wire, p.now_ms), BTW_REFUSED);
    assert_int_equal(p.a.wire.session.breach, BTW_BREACH_NO_HANDSHAKE);
    assert_int_equal(btw_wire_unchoke(&p.b.wire, p.now_ms), BTW_REFUSED);
    assert_int_equal(btw_wire_set_geometry(&p.b.wire, &p.b.config.torrent.geometry), BTW_NO_SPACE);
    close_pair(&p);
    expect(&p.a, "close ours");
    expect(&p.b, "close ours");
}

static void handshakes_are_judged(void **state)
{
    static const struct {
        bool dials;
        const char *handshake, *log;
    } rows[] = {
        { true, HANDSHAKE("[]", HASH_HEX, "-XX0001-xxxxxxxxxxxx"), "handshake, ready" },
        { false, HANDSHAKE("[]", HASH_HEX, "-XX0001-xxxxxxxxxxxx"), "handshake, ready" },
        { true, HANDSHAKE("[]", OTHER_HEX, "-XX0001-xxxxxxxxxxxx"), "close other-torrent" },
        { false, HANDSHAKE("[]", OTHER_HEX, "-XX0001-xxxxxxxxxxxx"), "close no-torrent" },
        { true, HANDSHAKE("[]", HASH_HEX, "-AA0001-aaaaaaaaaaaa"), "close ourselves" },
        { false, HANDSHAKE("[]", HASH_HEX, "-AA0001-aaaaaaaaaaaa"), "close ourselves" },
        { true, "raw 1342697454", "" },
        { true, "raw 1342697455", "close no-bittorrent" },
        { false, "raw 00000001", "close no-bittorrent" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        prepare(&p);
        if (rows[i].dials)
            OK(btw_wire_dial(&p.a.wire, &p.a.config, p.now_ms));
        else
            OK(btw_wire_accept(&p.a.wire, &p.a.config, p.now_ms));
        hear(&p.a, rows[i].handshake, p.now_ms);
        expect(&p.a, rows[i].log);
        btw_wire_destroy(&p.a.wire);
    }
}

/* BEP 52: the dialler of a hybrid sets the bit; the answer may be for the other hash. */
static void a_hybrid_may_be_upgraded(void **state)
{
    (void)state;
    for (int may = 0; may < 2; may++) {
        prepare(&p);
        p.a.config.torrent.may_upgrade = may;
        memset(p.a.config.torrent.info_hash_v2, 0xff, 20);
        OK(btw_wire_dial(&p.a.wire, &p.a.config, p.now_ms));
        expect_said(&p.a, may ? HANDSHAKE("[ext v2 fast]", HASH_HEX, "-AA0001-aaaaaaaaaaaa")
                              : HANDSHAKE("[ext fast]", HASH_HEX, "-AA0001-aaaaaaaaaaaa"));
        hear(&p.a, HANDSHAKE("[]", OTHER_HEX, "-XX0001-xxxxxxxxxxxx"), p.now_ms);
        expect(&p.a, may ? "handshake, ready" : "close other-torrent");
        btw_wire_destroy(&p.a.wire);
    }
}

static bool close_instead(void *user, struct btw_wire *wire, const struct btw_msg *handshake,
                          struct btw_wire_torrent *torrent)
{
    (void)user, (void)handshake, (void)torrent;
    btw_wire_close(wire, BTW_CLOSE_ERROR);
    return true;
}

static void who_looks_up_may_close(void **state)
{
    (void)state;
    prepare(&p);
    p.b.config.find = close_instead;
    open_pair(&p);
    expect(&p.b, "close error");
    expect_said(&p.b, "");
    close_pair(&p);
}

static void handshakes_have_a_deadline(void **state)
{
    (void)state;
    prepare(&p);
    OK(btw_wire_dial(&p.a.wire, &p.a.config, p.now_ms));
    assert_int_equal(btw_wire_deadline(&p.a.wire), p.now_ms + 30000);
    btw_wire_tick(&p.a.wire, p.now_ms + 29999);
    expect(&p.a, "");
    btw_wire_tick(&p.a.wire, p.now_ms + 30000);
    expect(&p.a, "close handshake-timeout");
    assert_int_equal(btw_wire_deadline(&p.a.wire), INT64_MAX);
    btw_wire_tick(&p.a.wire, p.now_ms + 90000);
    expect(&p.a, "");
    btw_wire_destroy(&p.a.wire);
    p.a.config.handshake_ms = 0;
    OK(btw_wire_dial(&p.a.wire, &p.a.config, p.now_ms));
    assert_int_equal(btw_wire_deadline(&p.a.wire), INT64_MAX);
    btw_wire_destroy(&p.a.wire);
}

/* --- what they say ---------------------------------------------------------------------------------------------------
 */

/* Everything a peer may do wrong once, and what comes of it. */
static void breaches(void **state)
{
    static const struct {
        const char *message, *log, *said;
    } rows[] = {
        { "have piece=9", "have 9", "" },
        { "have piece=10", "close breach", "" },
        { "bitfield bits=ffc0", "bitfield", "" },
        { "bitfield bits=ffe0", "close breach", "" },
        { "bitfield bits=ff", "close breach", "" },
        { "request piece=10 begin=0 length=1", "close breach", "" },
        { "request piece=1 begin=0 length=1", "refused request: a request for a piece the other side has not announced",
          "reject piece=1 begin=0 length=1" },
        { "cancel piece=1 begin=0 length=1", "refused cancel: a cancel without an open request", "" },
        { "reject piece=1 begin=0 length=1", "refused reject: a reject without an open request", "" },
        { "piece piece=1 begin=0 data=00", "unasked piece 1:0+1", "" },
        { "piece piece=9 begin=4998 data=0011", "unasked piece 9:4998+2", "" },
        { "piece piece=9 begin=4999 data=0011", "close breach", "" },
        { "piece piece=10 begin=0 data=00", "close breach", "" },
        { "piece piece=1 begin=4294967295 data=0011", "close breach", "" },
        { "port port=1", "refused port: a port to a side without the DHT bit", "" },
        { "extended ext=5 data=00", "refused extended: an extended id the receiver has not announced", "" },
        { "extended ext=0 data=00", "extended ? 1", "" },
        { "raw 000000020000", "close bad-message", "" },
        { "raw 0000000404000000", "close bad-message", "" },
        { "raw 00100001", "close too-long", "" },
        { "raw 0000000142", "unknown", "" },
        { "raw 00000000", "keepalive", "" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        open_plain();
        hear(&p.a, rows[i].message, p.now_ms);
        expect(&p.a, rows[i].log);
        expect_said(&p.a, rows[i].said);
        close_pair(&p);
    }
}

/* The caller's choice of what ends the connection. */
static void nothing_is_tolerated(void **state)
{
    static const char *const rows[] = { "piece piece=1 begin=0 data=00", "cancel piece=1 begin=0 length=1",
                                        "request piece=1 begin=0 length=1" };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        prepare(&p);
        p.a.config.tolerated = 0;
        open_pair(&p);
        p.a.log[0] = '\0';
        assert_int_equal(hear(&p.a, rows[i], p.now_ms), BTW_END);
        expect(&p.a, "close breach");
        close_pair(&p);
    }
}

/* aria2 1.36 sends a bitfield where it means a have. */
static void late_availability_counts_as_haves(void **state)
{
    (void)state;
    open_plain();
    hear(&p.a, "have piece=1", p.now_ms);
    hear(&p.a, "bitfield bits=c040", p.now_ms);
    expect(&p.a, "have 1, have 0, have 9");
    hear(&p.a, "have_none", p.now_ms);
    hear(&p.a, "bitfield bits=c060", p.now_ms);
    expect(&p.a, "refused have_none: bitfield, have_all or have_none behind other messages, "
                 "refused bitfield: bitfield, have_all or have_none behind other messages");
    hear(&p.a, "have_all", p.now_ms);
    expect(&p.a, "have 2, have 3, have 4, have 5, have 6, have 7, have 8");
    assert_int_equal(p.a.wire.session.party[BTW_THEM].have_count, PIECES);
    close_pair(&p);
}

/* --- what we say -----------------------------------------------------------------------------------------------------
 */

static void every_message_can_be_said(void **state)
{
    static const struct btw_msg hash = { .type = BTW_HASH_REQUEST, .base = 1, .length = 2 };

    (void)state;
    prepare(&p);
    p.a.config.dht = p.b.config.dht = true;
    open_pair(&p);
    OK(btw_wire_bitfield(&p.a.wire, btw_slice_of(all, 1 + 1), p.now_ms));
    OK(btw_wire_port(&p.a.wire, 6881, p.now_ms));
    OK(btw_wire_suggest(&p.a.wire, 3, p.now_ms));
    OK(btw_wire_allowed_fast(&p.a.wire, 4, p.now_ms));
    OK(btw_wire_unchoke(&p.a.wire, p.now_ms));
    OK(btw_wire_choke(&p.a.wire, p.now_ms));
    OK(btw_wire_interested(&p.a.wire, p.now_ms));
    OK(btw_wire_not_interested(&p.a.wire, p.now_ms));
    OK(btw_wire_send(&p.a.wire, &hash, p.now_ms));
    OK(btw_wire_keepalive(&p.a.wire, p.now_ms));
    assert_int_equal(btw_wire_send(&p.a.wire, &(struct btw_msg){ .type = BTW_HANDSHAKE }, p.now_ms), BTW_REFUSED);
    expect_said(&p.a, "bitfield bits=ffc0, port port=6881, suggest piece=3, allowed_fast piece=4, unchoke, choke, "
                      "interested, not_interested, hash_request "
                      "root=0000000000000000000000000000000000000000000000000000000000000000 base=1 index=0 length=2 "
                      "proof=0, keepalive");
    close_pair(&p);
}

static void availability_in_fewest_bytes(void **state)
{
    static const uint8_t rows[][2] = { { 0xff, 0xc0 }, { 0, 0 }, { 0x80, 0 } };
    static const char *const want[2][3] = { { "bitfield bits=ffc0", "", "bitfield bits=8000" },
                                            { "have_all", "have_none", "bitfield bits=8000" } };

    (void)state;
    for (int fast = 0; fast < 2; fast++)
        for (size_t i = 0; i < 3; i++) {
            prepare(&p);
            p.a.config.fast = fast != 0;
            open_pair(&p);
            OK(btw_wire_availability(&p.a.wire, btw_slice_of(rows[i], 2), p.now_ms));
            expect_said(&p.a, want[fast][i]);
            close_pair(&p);
        }
    open_plain();
    OK(btw_wire_availability(&p.a.wire, btw_slice_of(NULL, 0), p.now_ms));
    expect_said(&p.a, "have_none");
    close_pair(&p);
}

/* --- the queue -------------------------------------------------------------------------------------------------------
 */

/* Blocks stay where they are; slices stay as they were while more is queued behind them. */
static void nothing_is_copied_and_nothing_moves(void **state)
{
    static struct btw_slice before[64], after[64];
    uint8_t first[13];
    size_t count, total = 0;

    (void)state;
    open_for_requests();
    ask_for(8);
    for (uint32_t i = 0; i < 4; i++)
        OK(serve(&p.b, (struct btw_block){ i / 2, i % 2 * 16384, 16384 }, p.now_ms));
    count = btw_wire_output(&p.b.wire, before, 64);
    assert_int_equal(count, 8);
    for (uint32_t i = 0; i < 4; i++) {
        assert_int_equal(before[2 * i].len, 13);
        assert_ptr_equal(before[2 * i + 1].data, block_bytes((struct btw_block){ i / 2, i % 2 * 16384, 16384 }).data);
        total += before[2 * i].len + before[2 * i + 1].len;
    }
    memcpy(first, before[0].data, 13);
    for (uint32_t i = 4; i < 8; i++) {
        OK(serve(&p.b, (struct btw_block){ i / 2, i % 2 * 16384, 16384 }, p.now_ms));
        for (int j = 0; j < 20; j++)
            OK(btw_wire_keepalive(&p.b.wire, p.now_ms));
    }
    assert_memory_equal(before[0].data, first, 13); /* with ASan, that it is still there */
    assert_memory_equal(before[6].data, "\0\0\x40\x09\x07\0\0\0\1\0\0\x40\0", 13);
    btw_wire_sent(&p.b.wire, 20, p.now_ms); /* 7 bytes into the first block */
    assert_int_equal(p.b.blocks, 8);
    btw_wire_sent(&p.b.wire, total - 21, p.now_ms); /* all but one byte */
    assert_int_equal(p.b.blocks, 5);
    count = btw_wire_output(&p.b.wire, after, 64);
    assert_int_equal(count, 1 + 4 * 2 + 1);
    assert_ptr_equal(after[0].data, content() + 4 * 16384 - 1);
    assert_int_equal(after[0].len, 1);
    assert_int_equal(btw_wire_output(&p.b.wire, after, 2), 2);
    assert_int_equal(btw_wire_output(&p.b.wire, after, 3), 3);
    assert_int_equal(btw_wire_output(&p.b.wire, after, 0), 0);
    run(&p);
    assert_int_equal(p.b.blocks, 0);
    assert_int_equal(p.b.uploaded, 8 * 16384);
    close_pair(&p);
}

/* What is left moves to the front, where nobody looks at it. */
static void room_is_used_again(void **state)
{
    struct btw_slice slices[20];
    size_t held;

    (void)state;
    open_for_requests();
    ask_for(12);
    btw_wire_trim(&p.b.wire);
    for (uint32_t i = 0; i < 8; i++)
        OK(serve(&p.b, (struct btw_block){ i / 2, i % 2 * 16384, 16384 }, p.now_ms));
    held = btw_wire_memory(&p.b.wire, false);
    assert_int_equal(btw_wire_output(&p.b.wire, slices, 20), 16);
    btw_wire_sent(&p.b.wire, 6 * (13 + 16384), p.now_ms);
    OK(serve(&p.b, (struct btw_block){ 4, 0, 16384 }, p.now_ms));
    assert_int_equal(btw_wire_output(&p.b.wire, slices, 6), 6);
    OK(btw_wire_keepalive(&p.b.wire, p.now_ms));
    btw_wire_sent(&p.b.wire, 3 * (13 + 16384), p.now_ms); /* the keep-alive stays, behind what is gone */
    for (uint32_t i = 9; i < 12; i++)
        OK(serve(&p.b, (struct btw_block){ i / 2, i % 2 * 16384, 16384 }, p.now_ms));
    assert_int_equal(btw_wire_memory(&p.b.wire, false), held);
    run(&p);
    assert_int_equal(p.b.uploaded, 12 * 16384);
    assert_memory_equal(p.a.got + 4 * PIECE_SIZE + 16384, content() + 4 * PIECE_SIZE + 16384, PIECE_SIZE + 16384);
    close_pair(&p);
}

/* Trimming takes nothing that is in use. */
static void trim_in_event(struct end *end, const struct btw_wire_event *event)
{
    (void)event;
    btw_wire_trim(&end->wire);
}

static void trimming_is_harmless(void **state)
{
    static const uint8_t front[] = { 0, 0, 0x40, 9, 7, 0, 0, 0, 1, 0, 0, 0x40, 0 };

    (void)state;
    open_for_requests();
    ask_for(4);
    p.a.on = p.b.on = trim_in_event;
    receive(&p.a, front, sizeof front, p.now_ms);
    receive(&p.a, content() + PIECE_SIZE + 16384, 10000, p.now_ms);
    btw_wire_trim(&p.a.wire);
    assert_true(btw_wire_memory(&p.a.wire, false) > 16384);
    receive(&p.a, content() + PIECE_SIZE + 26384, 6384, p.now_ms);
    expect(&p.a, "piece 1:16384+16384");
    assert_memory_equal(p.a.got + PIECE_SIZE + 16384, content() + PIECE_SIZE + 16384, 16384);
    btw_wire_trim(&p.a.wire);
    assert_true(btw_wire_memory(&p.a.wire, false) < 1000);
    hear(&p.a, "reject piece=0 begin=0 length=16384", p.now_ms);
    hear(&p.a, "reject piece=0 begin=16384 length=16384", p.now_ms);
    hear(&p.a, "reject piece=1 begin=0 length=16384", p.now_ms);
    btw_wire_trim(&p.a.wire);
    assert_int_equal(btw_wire_memory(&p.a.wire, false), 0);
    OK(btw_wire_request(&p.a.wire, (struct btw_block){ 0, 0, 1 }, p.now_ms)); /* and all is there again */
    receive(&p.a, "\0\0\3\1\24", 5, p.now_ms);
    receive(&p.a, content(), 768, p.now_ms);
    receive(&p.a, "\0\0\6\1\24\7", 6, p.now_ms); /* a larger one */
    assert_true(btw_wire_memory(&p.a.wire, false) > 0x600);
    close_pair(&p);
}

static void a_full_queue_says_so_and_drains(void **state)
{
    struct btw_slice slices[16];

    (void)state;
    prepare(&p);
    p.b.config.queue_max = 40000;
    open_pair(&p);
    OK(btw_wire_availability(&p.b.wire, btw_slice_of(all, 2), p.now_ms));
    OK(btw_wire_unchoke(&p.b.wire, p.now_ms));
    OK(btw_wire_interested(&p.a.wire, p.now_ms));
    run(&p);
    ask_for(4);
    p.b.log[0] = '\0';
    OK(serve(&p.b, (struct btw_block){ 0, 0, 16384 }, p.now_ms));
    OK(serve(&p.b, (struct btw_block){ 0, 16384, 16384 }, p.now_ms));
    assert_int_equal(btw_wire_queued(&p.b.wire), 2 * (13 + 16384));
    assert_int_equal(serve(&p.b, (struct btw_block){ 1, 0, 16384 }, p.now_ms), BTW_NO_SPACE);
    assert_int_equal(p.b.wire.session.party[BTW_THEM].pending_count, 2); /* as though it had not been tried */
    assert_int_equal(btw_wire_output(&p.b.wire, slices, 16), 4);
    btw_wire_sent(&p.b.wire, 12794 - 1, p.now_ms);
    expect(&p.b, "");
    btw_wire_sent(&p.b.wire, 1, p.now_ms); /* 20000 are left */
    expect(&p.b, "drained");
    OK(serve(&p.b, (struct btw_block){ 1, 0, 16384 }, p.now_ms));
    close_pair(&p);
}

/* A message of any size may be queued when nothing else is. */
static void an_empty_queue_takes_anything(void **state)
{
    (void)state;
    prepare(&p);
    p.b.config.queue_max = 100;
    open_pair(&p);
    OK(btw_wire_send(&p.b.wire, &(struct btw_msg){ .type = BTW_RAW, .data = { content(), 1000 } }, p.now_ms));
    assert_int_equal(btw_wire_have(&p.b.wire, 1, p.now_ms), BTW_NO_SPACE);
    close_pair(&p);
}

/* Rejects are owed, but not without end to somebody who does not read them. */
static void who_never_reads_is_cut_off(void **state)
{
    int asked = 0;

    (void)state;
    prepare(&p);
    p.a.config.queue_max = 1000;
    open_pair(&p);
    p.a.quiet = true;
    while (hear(&p.a, "request piece=1 begin=0 length=1", p.now_ms) == BTW_OK)
        asked++;
    assert_int_equal(p.a.wire.closed, BTW_CLOSE_SLOW);
    assert_int_equal(asked, (2000 + 16) / 17);
    close_pair(&p);
}

static void open_requests_are_bounded(void **state)
{
    (void)state;
    prepare(&p);
    p.a.config.requests_max[BTW_THEM] = 9;
    p.a.config.requests_max[BTW_US] = 9;
    open_pair(&p);
    OK(btw_wire_have_all(&p.a.wire, p.now_ms));
    OK(btw_wire_unchoke(&p.a.wire, p.now_ms));
    p.a.quiet = true;
    for (int i = 0; i < 11; i++) {
        char text[60];
        snprintf(text, sizeof text, "request piece=1 begin=%d length=1", i);
        hear(&p.a, text, p.now_ms);
    }
    assert_int_equal(p.a.wire.session.party[BTW_THEM].pending_count, 9);
    assert_int_equal(p.a.wire.session.party[BTW_THEM].pending_cap, 9);
    /* BEP 6: each gets its answer. */
    expect_said(&p.a, "have_all, unchoke, reject piece=1 begin=9 length=1, reject piece=1 begin=10 length=1");
    hear(&p.a, "have_all", p.now_ms);
    hear(&p.a, "unchoke", p.now_ms);
    OK(btw_wire_interested(&p.a.wire, p.now_ms));
    for (uint32_t i = 0; i < 9; i++)
        OK(btw_wire_request(&p.a.wire, (struct btw_block){ 1, i, 1 }, p.now_ms));
    assert_int_equal(btw_wire_request(&p.a.wire, (struct btw_block){ 1, 9, 1 }, p.now_ms), BTW_REFUSED);
    assert_int_equal(p.a.wire.session.breach, BTW_BREACH_TOO_MANY);
    close_pair(&p);
}

/* --- time and end ----------------------------------------------------------------------------------------------------
 */

static void silence(void **state)
{
    (void)state;
    open_plain();
    assert_int_equal(btw_wire_deadline(&p.a.wire), p.now_ms + 100000);
    btw_wire_tick(&p.a.wire, p.now_ms + 100000);
    assert_int_equal(btw_wire_queued(&p.a.wire), 4);
    btw_wire_tick(&p.a.wire, p.now_ms + 200000); /* the first has not left yet */
    assert_int_equal(btw_wire_queued(&p.a.wire), 4);
    assert_int_equal(btw_wire_deadline(&p.a.wire), p.now_ms + 240000);
    btw_wire_tick(&p.a.wire, p.now_ms + 240000);
    expect(&p.a, "close idle");
    close_pair(&p);
}

/* Also before there is a session. */
static void times_may_be_changed(void **state)
{
    (void)state;
    prepare(&p);
    OK(btw_wire_dial(&p.a.wire, &p.a.config, p.now_ms));
    OK(btw_wire_accept(&p.b.wire, &p.b.config, p.now_ms));
    btw_wire_set_keepalive(&p.b.wire, 7000, p.now_ms);
    btw_wire_set_request_timeout(&p.b.wire, 5000);
    run(&p);
    assert_int_equal(btw_wire_deadline(&p.b.wire), p.now_ms + 7000);
    hear(&p.b, "have_all", p.now_ms);
    hear(&p.b, "unchoke", p.now_ms);
    OK(btw_wire_interested(&p.b.wire, p.now_ms));
    OK(btw_wire_request(&p.b.wire, (struct btw_block){ 0, 0, 1 }, p.now_ms));
    assert_int_equal(btw_wire_deadline(&p.b.wire), p.now_ms + 5000);
    close_pair(&p);
}

static void the_end_of_the_stream(void **state)
{
    static const struct {
        const char *before, *log;
    } rows[] = {
        { "keepalive", "keepalive, close fin" },
        { "raw 00", "close cut" },
        { "raw 00000009", "close cut" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        open_plain();
        hear(&p.a, rows[i].before, p.now_ms);
        btw_wire_eof(&p.a.wire);
        btw_wire_eof(&p.a.wire);
        expect(&p.a, rows[i].log);
        close_pair(&p);
    }
}

/* After the end nothing is said, heard, sent or told. */
static void the_end_is_told_once(void **state)
{
    struct btw_slice slices[4];

    (void)state;
    open_for_requests();
    ask_for(2);
    OK(serve(&p.b, (struct btw_block){ 0, 0, 16384 }, p.now_ms));
    assert_int_equal(btw_wire_output(&p.b.wire, slices, 4), 2);
    btw_wire_close(&p.b.wire, BTW_CLOSE_ERROR);
    p.b.log[0] = '\0';
    assert_int_equal(p.b.blocks, 0);
    assert_int_equal(slices[0].data[4], 7); /* what was handed out stays till it is destroyed */
    btw_wire_close(&p.b.wire, BTW_CLOSE_OURS);
    assert_int_equal(btw_wire_unchoke(&p.b.wire, p.now_ms), BTW_END);
    assert_int_equal(btw_wire_output(&p.b.wire, slices, 4), 0);
    btw_wire_sent(&p.b.wire, 100, p.now_ms);
    assert_int_equal(hear(&p.b, "choke", p.now_ms), BTW_END);
    assert_int_equal(btw_wire_set_geometry(&p.b.wire, &p.b.config.torrent.geometry), BTW_END);
    assert_int_equal(btw_wire_queued(&p.b.wire), 0);
    expect(&p.b, "");
    close_pair(&p);
    expect(&p.b, "");
}

static enum btw_wire_event_kind destroy_at;

static void destroy_in(struct end *end, const struct btw_wire_event *event)
{
    serve_at_once(end, event);
    if (event->kind == destroy_at)
        btw_wire_destroy(&end->wire);
}

/* From inside any event, also those that a close tells. */
static void it_may_be_destroyed_at_any_time(void **state)
{
    (void)state;
    for (int secret = 0; secret < 2; secret++)
        for (int kind = 0; kind < BTW_WIRE_EVENTS; kind++) {
            prepare(&p);
            p.a.config.mse.crypto = p.b.config.mse.crypto = secret ? BTW_WIRE_REQUIRED : BTW_WIRE_CLEAR;
            p.a.config.parts = secret != 0;
            destroy_at = (enum btw_wire_event_kind)kind;
            p.a.on = p.b.on = destroy_in;
            open_pair(&p);
            btw_wire_availability(&p.b.wire, btw_slice_of(all, 2), p.now_ms);
            btw_wire_unchoke(&p.b.wire, p.now_ms);
            btw_wire_interested(&p.a.wire, p.now_ms);
            run(&p);
            btw_wire_request(&p.a.wire, (struct btw_block){ 0, 0, 16384 }, p.now_ms);
            btw_wire_cancel(&p.a.wire, (struct btw_block){ 0, 0, 16384 }, p.now_ms);
            btw_wire_request(&p.a.wire, (struct btw_block){ 1, 0, 16384 }, p.now_ms);
            run(&p);
            btw_wire_choke(&p.b.wire, p.now_ms);
            btw_wire_tick(&p.a.wire, p.now_ms + 100000);
            run(&p);
            close_pair(&p);
        }
}

/* --- memory ----------------------------------------------------------------------------------------------------------
 */

/* The figure of README.md: an idle wire, piece maps aside.  Measured when a keep-alive has gone out. */
static void an_idle_wire_is_small(void **state)
{
    static const struct {
        enum btw_wire_crypto crypto;
        size_t most;
    } rows[] = { { BTW_WIRE_CLEAR, 2304 }, { BTW_WIRE_REQUIRED, 3072 } };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        prepare(&p);
        p.a.config.mse.crypto = p.b.config.mse.crypto = rows[i].crypto;
        open_pair(&p);
        OK(btw_wire_availability(&p.b.wire, btw_slice_of(all, 2), p.now_ms));
        OK(btw_wire_unchoke(&p.b.wire, p.now_ms));
        OK(btw_wire_interested(&p.a.wire, p.now_ms));
        run(&p);
        p.b.on = serve_at_once;
        ask_for(10);
        assert_true(btw_wire_memory(&p.b.wire, false) > 700);
        btw_wire_tick(&p.a.wire, p.now_ms + 100000);
        btw_wire_tick(&p.b.wire, p.now_ms + 100000);
        run(&p);
        assert_true(sizeof(struct btw_wire) + btw_wire_memory(&p.a.wire, false) < rows[i].most);
        assert_true(sizeof(struct btw_wire) + btw_wire_memory(&p.b.wire, false) < rows[i].most);
        assert_int_equal(btw_wire_memory(&p.a.wire, true) - btw_wire_memory(&p.a.wire, false), 4 * 2);
        close_pair(&p);
    }
}

/* A wire whose memory runs out at any one time ends well, or does without. */
static void memory_may_run_out(void **state)
{
    (void)state;
    for (unsigned row = 0; row < 4; row++)
        for (size_t fail_at = 1; fail_at < 40; fail_at++) {
            struct end *victim;
            bool felt = false;

            prepare(&p);
            p.a.config.mse.crypto = p.b.config.mse.crypto = row & 1 ? BTW_WIRE_REQUIRED : BTW_WIRE_CLEAR;
            victim = row & 2 ? &p.a : &p.b;
            victim->fail_at = fail_at;
            p.a.config.hashes_max = p.b.config.hashes_max = row;
            felt |= btw_wire_dial(&p.a.wire, &p.a.config, p.now_ms) == BTW_NO_SPACE;
            felt |= btw_wire_accept(&p.b.wire, &p.b.config, p.now_ms) == BTW_NO_SPACE;
            assert_int_equal(felt, victim->wire.closed == BTW_CLOSE_MEMORY);
            run(&p);
            felt |= btw_wire_availability(&p.b.wire, btw_slice_of(all, 2), p.now_ms) == BTW_NO_SPACE;
            felt |= btw_wire_unchoke(&p.b.wire, p.now_ms) == BTW_NO_SPACE;
            felt |= btw_wire_interested(&p.a.wire, p.now_ms) == BTW_NO_SPACE;
            run(&p);
            for (uint32_t i = 0; i < 10; i++)
                felt |= btw_wire_request(&p.a.wire, (struct btw_block){ 2, i * 100, 100 }, p.now_ms) == BTW_NO_SPACE;
            run(&p);
            for (uint32_t i = 0; i < 10; i++)
                felt |= serve(&p.b, (struct btw_block){ 2, i * 100, 100 }, p.now_ms) == BTW_NO_SPACE;
            run(&p);
            if (p.a.wire.ready && p.a.wire.method != BTW_MSE_RC4)
                hear(&p.a, "raw 0000100014006465", p.now_ms); /* a long one begins: a buffer for it */
            felt |= victim->wire.closed == BTW_CLOSE_MEMORY;
            if (felt != (victim->allocations >= fail_at))
                fail_msg("%u, %zu: %s", row, fail_at, btw_close_name(victim->wire.closed));
            close_pair(&p);
        }
}

/* --- magnets ---------------------------------------------------------------------------------------------------------
 */

static void metadata_comes_later(void **state)
{
    static const struct btw_geometry fits = { .pieces = PIECES, .piece_length = PIECE_SIZE, .total_length = TOTAL };
    static const struct btw_geometry limit = { .pieces = 65536, .piece_length = 16384, .total_length = 1 << 30 };
    static const struct btw_geometry large = { .pieces = 65537, .piece_length = 16384, .total_length = 1 << 30 };

    (void)state;
    prepare(&p);
    p.a.config.torrent.geometry = (struct btw_geometry){ .pieces = 0 };
    open_pair(&p);
    hear(&p.a, "bitfield bits=ffc0", p.now_ms);
    expect(&p.a, "handshake, ready, extended_handshake, bitfield");
    assert_int_equal(btw_wire_set_geometry(&p.a.wire, &large), BTW_NO_SPACE);
    OK(btw_wire_set_geometry(&p.a.wire, &fits));
    OK(btw_wire_availability(&p.a.wire, btw_slice_of(all, 2), p.now_ms));
    expect_said(&p.a, "have_all");
    assert_true(btw_party_has(&p.a.wire.session, BTW_THEM, 9));
    hear(&p.a, "unchoke", p.now_ms);
    OK(btw_wire_interested(&p.a.wire, p.now_ms));
    OK(btw_wire_request(&p.a.wire, (struct btw_block){ 9, 0, LAST_SIZE }, p.now_ms));
    close_pair(&p);

    prepare(&p);
    p.a.config.torrent.geometry = (struct btw_geometry){ .pieces = 0 };
    open_pair(&p);
    hear(&p.a, "have piece=10", p.now_ms);
    assert_int_equal(btw_wire_set_geometry(&p.a.wire, &fits), BTW_REFUSED);
    expect(&p.a, "handshake, ready, extended_handshake, have 10, close breach");
    close_pair(&p);

    prepare(&p);
    p.a.config.torrent.geometry = (struct btw_geometry){ .pieces = 0 };
    open_pair(&p);
    OK(btw_wire_set_geometry(&p.a.wire, &limit));
    close_pair(&p);
}

/* BEP 52: each hash_request has one answer, and nothing is an answer that nobody asked for. */
static void hashes_are_asked_for(void **state)
{
    struct btw_hash_range range = { .base = 1, .length = 2 };
    uint8_t hashes[64] = { 0 };

    (void)state;
    prepare(&p);
    p.a.config.hashes_max = p.b.config.hashes_max = 2;
    open_pair(&p);
    p.a.log[0] = p.b.log[0] = '\0';
    for (range.index = 0; range.index < 4; range.index += 2)
        OK(btw_wire_hash_request(&p.a.wire, &range, p.now_ms));
    assert_int_equal(btw_wire_hash_request(&p.a.wire, &range, p.now_ms), BTW_REFUSED);
    assert_int_equal(p.a.wire.session.breach, BTW_BREACH_HASHES_MANY);
    run(&p);
    expect(&p.b, "hash_request, hash_request");
    OK(btw_wire_hash_reject(&p.b.wire, &(struct btw_hash_range){ .base = 1, .length = 2 }, p.now_ms));
    range.index = 2;
    OK(btw_wire_hashes(&p.b.wire, &range, btw_slice_of(hashes, sizeof hashes), p.now_ms));
    assert_int_equal(btw_wire_hash_reject(&p.b.wire, &range, p.now_ms), BTW_REFUSED);
    run(&p);
    expect(&p.a, "hash_reject, hashes");
    for (int i = 0; i < 3; i++)
        hear(&p.b, "hash_request root=" ROOT " base=1 index=2 length=2 proof=0", p.now_ms);
    expect(&p.b, "hash_request, hash_request, refused hash_request: more open hash requests than the table holds");
    expect_said(&p.b, "hash_reject root=" ROOT " base=1 index=2 length=2 proof=0");
    hear(&p.b, "hash_reject root=" ROOT " base=1 index=2 length=2 proof=0", p.now_ms);
    expect(&p.b, "close breach");
    close_pair(&p);
}

static void names(void **state)
{
    (void)state;
    assert_string_equal(btw_wire_event_name(BTW_WIRE_NOT_INTERESTED), "not_interested");
    assert_string_equal(btw_wire_event_name(BTW_WIRE_UNKNOWN), "unknown");
    assert_string_equal(btw_wire_event_name(BTW_WIRE_CLOSE), "close");
    assert_string_equal(btw_close_name(BTW_CLOSE_CUT), "cut");
    assert_string_equal(btw_close_text(BTW_CLOSE_MEMORY), "no memory for what the peer sends");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_dialler_speaks_first),
        cmocka_unit_test(handshakes_are_judged),
        cmocka_unit_test(a_hybrid_may_be_upgraded),
        cmocka_unit_test(who_looks_up_may_close),
        cmocka_unit_test(handshakes_have_a_deadline),
        cmocka_unit_test(breaches),
        cmocka_unit_test(nothing_is_tolerated),
        cmocka_unit_test(late_availability_counts_as_haves),
        cmocka_unit_test(every_message_can_be_said),
        cmocka_unit_test(availability_in_fewest_bytes),
        cmocka_unit_test(nothing_is_copied_and_nothing_moves),
        cmocka_unit_test(room_is_used_again),
        cmocka_unit_test(trimming_is_harmless),
        cmocka_unit_test(a_full_queue_says_so_and_drains),
        cmocka_unit_test(an_empty_queue_takes_anything),
        cmocka_unit_test(who_never_reads_is_cut_off),
        cmocka_unit_test(open_requests_are_bounded),
        cmocka_unit_test(silence),
        cmocka_unit_test(times_may_be_changed),
        cmocka_unit_test(the_end_of_the_stream),
        cmocka_unit_test(the_end_is_told_once),
        cmocka_unit_test(it_may_be_destroyed_at_any_time),
        cmocka_unit_test(an_idle_wire_is_small),
        cmocka_unit_test(memory_may_run_out),
        cmocka_unit_test(metadata_comes_later),
        cmocka_unit_test(hashes_are_asked_for),
        cmocka_unit_test(names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

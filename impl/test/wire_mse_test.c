/* SPDX-License-Identifier: MIT
 *
 * Wires under Message Stream Encryption, and the same talk however the bytes are cut.
 */
#include "wire_harness.h"

#define OK(call) assert_int_equal(call, BTW_OK)

static struct pair p;
static uint8_t pad[2][BTW_MSE_PAD_MAX];

static void prepare_mse(enum btw_wire_crypto a, enum btw_wire_crypto b, size_t padding)
{
    prepare(&p);
    p.a.config.mse.crypto = a;
    p.b.config.mse.crypto = b;
    memset(pad[0], 0x55, sizeof pad[0]);
    memset(pad[1], 0xaa, sizeof pad[1]);
    p.a.config.mse.pad_clear = p.a.config.mse.pad_secret = btw_slice_of(pad[0], padding);
    p.b.config.mse.pad_clear = p.b.config.mse.pad_secret = btw_slice_of(pad[1], padding);
}

#define READY ", handshake, ready, extended_handshake"

/* bittorrent-protocol's levels 0, 1 and 2 against each other.  Where that library goes on in clear although RC4 is
 * required, we close. */
static void levels_meet(void **state)
{
    static const struct {
        enum btw_wire_crypto a, b;
        bool prefer_plaintext;
        const char *a_log, *b_log;
    } rows[] = {
        { BTW_WIRE_CLEAR, BTW_WIRE_CLEAR, false, "handshake, ready, extended_handshake",
          "handshake, ready, extended_handshake" },
        { BTW_WIRE_CLEAR, BTW_WIRE_PREFERRED, false, "handshake, ready, extended_handshake", "secured 0" READY },
        { BTW_WIRE_CLEAR, BTW_WIRE_REQUIRED, false, "", "close not-encrypted" },
        { BTW_WIRE_PREFERRED, BTW_WIRE_CLEAR, false, "", "close no-bittorrent" },
        { BTW_WIRE_PREFERRED, BTW_WIRE_PREFERRED, false, "secured 2" READY, "secured 2" READY },
        { BTW_WIRE_PREFERRED, BTW_WIRE_PREFERRED, true, "secured 1" READY, "secured 1" READY },
        { BTW_WIRE_PREFERRED, BTW_WIRE_REQUIRED, false, "secured 2" READY, "secured 2" READY },
        { BTW_WIRE_REQUIRED, BTW_WIRE_CLEAR, false, "", "close no-bittorrent" },
        { BTW_WIRE_REQUIRED, BTW_WIRE_PREFERRED, true, "secured 2" READY, "secured 2" READY },
        { BTW_WIRE_REQUIRED, BTW_WIRE_REQUIRED, true, "secured 2" READY, "secured 2" READY },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        for (size_t padding = 0; padding <= BTW_MSE_PAD_MAX; padding += BTW_MSE_PAD_MAX) {
            prepare_mse(rows[i].a, rows[i].b, padding);
            p.b.config.mse.prefer_plaintext = rows[i].prefer_plaintext;
            open_pair(&p);
            expect(&p.a, rows[i].a_log);
            expect(&p.b, rows[i].b_log);
            close_pair(&p);
        }
}

static const uint8_t plain_handshake[BTW_HANDSHAKE_SIZE] = "\x13"
                                                           "BitTorrent protocol"
                                                           "\0\0\0\0\0\x10\0\4"
                                                           "01234567890123456789"
                                                           "-BB0001-bbbbbbbbbbbb";

/* mse.js, "outgoing fallback to plaintext when peer sends handshake instead of pe2": here only where clear is allowed.
 * What MSE wanted to say is dropped if nothing of it has left. */
static void a_plain_answer_is_taken_if_allowed(void **state)
{
    uint8_t bytes[BTW_HANDSHAKE_SIZE];
    struct btw_slice slice;

    (void)state;
    for (int sent = 0; sent < 2; sent++) {
        prepare_mse(BTW_WIRE_PREFERRED, BTW_WIRE_CLEAR, 10);
        OK(btw_wire_dial(&p.a.wire, &p.a.config, p.now_ms));
        if (sent != 0) {
            assert_int_equal(btw_wire_output(&p.a.wire, &slice, 1), 1);
            assert_int_equal(slice.len, BTW_MSE_KEY_SIZE + 10);
            btw_wire_sent(&p.a.wire, slice.len, p.now_ms);
        }
        memcpy(bytes, plain_handshake, sizeof bytes);
        OK(btw_wire_receive(&p.a.wire, bytes, sizeof bytes, p.now_ms));
        expect(&p.a, "secured 0, handshake, ready");
        assert_int_equal(btw_wire_output(&p.a.wire, &slice, 1), 1);
        assert_memory_equal(slice.data, plain_handshake, 20);
        btw_wire_destroy(&p.a.wire);
    }
    prepare_mse(BTW_WIRE_REQUIRED, BTW_WIRE_CLEAR, 10);
    OK(btw_wire_dial(&p.a.wire, &p.a.config, p.now_ms));
    memcpy(bytes, plain_handshake, sizeof bytes);
    assert_int_equal(btw_wire_receive(&p.a.wire, bytes, sizeof bytes, p.now_ms), BTW_END);
    expect(&p.a, "close not-encrypted");
    btw_wire_destroy(&p.a.wire);

    prepare_mse(BTW_WIRE_PREFERRED, BTW_WIRE_CLEAR, 10);
    OK(btw_wire_dial(&p.a.wire, &p.a.config, p.now_ms));
    p.a.fail_at = p.a.allocations + 1;
    memcpy(bytes, plain_handshake, sizeof bytes);
    assert_int_equal(btw_wire_receive(&p.a.wire, bytes, sizeof bytes, p.now_ms), BTW_END);
    expect(&p.a, "secured 0, handshake, close memory"); /* no extended handshake */
    btw_wire_destroy(&p.a.wire);
}

static const uint8_t other_hash[20] = "98765432109876543210";

static bool find_second(void *user, const uint8_t req2[20], uint8_t skey[20])
{
    struct end *end = user;
    uint8_t hash[20];

    end->user = end; /* was asked */
    btw_mse_skey_hash(hash, other_hash);
    memcpy(skey, other_hash, 20);
    return memcmp(hash, req2, 20) == 0;
}

static bool find_torrent(void *user, struct btw_wire *wire, const struct btw_msg *handshake,
                         struct btw_wire_torrent *torrent)
{
    struct end *end = user;

    assert_ptr_equal(wire, &end->wire);
    torrent->geometry = (struct btw_geometry){ 3, 16384, 40000, NULL };
    return memcmp(handshake->info_hash, other_hash, 20) == 0;
}

/* Many torrents behind one listener: mse.js, "crypto-infohash correct hash". */
static void the_torrent_is_looked_up(void **state)
{
    (void)state;
    for (int secret = 0; secret < 2; secret++)
        for (int known = 0; known < 2; known++) {
            const char *failed = secret ? "close mse" : "close no-torrent";

            prepare_mse(secret ? BTW_WIRE_REQUIRED : BTW_WIRE_CLEAR, BTW_WIRE_PREFERRED, 5);
            p.b.config.mse.find = find_second;
            p.b.config.find = find_torrent;
            if (known)
                memcpy(p.a.config.torrent.info_hash, other_hash, 20);
            open_pair(&p);
            assert_int_equal(p.b.user != NULL, secret);
            if (known) {
                expect(&p.b, secret ? "secured 2" READY : "secured 0" READY);
                assert_int_equal(p.b.wire.session.config.geometry.pieces, 3);
                assert_memory_equal(p.b.wire.config.torrent.info_hash, other_hash, 20);
            } else {
                expect(&p.b, secret ? failed : "secured 0, close no-torrent");
                assert_int_equal(p.b.wire.mse_reason, secret ? BTW_MSE_UNKNOWN_SKEY : BTW_MSE_NO_REASON);
            }
            close_pair(&p);
        }
}

/* Without a table there is one torrent. */
static void the_only_torrent_is_found(void **state)
{
    (void)state;
    prepare_mse(BTW_WIRE_REQUIRED, BTW_WIRE_PREFERRED, 5);
    memcpy(p.a.config.torrent.info_hash, other_hash, 20);
    open_pair(&p);
    expect(&p.b, "close mse");
    assert_int_equal(p.b.wire.mse_reason, BTW_MSE_UNKNOWN_SKEY);
    close_pair(&p);
}

/* The handshake inside is for another torrent than MSE was made for: a dialler that lies about one of them. */
static void mse_and_handshake_must_agree(void **state)
{
    struct btw_mse_config config = { .methods = BTW_MSE_PLAINTEXT, .private_key = { 1, 2, 3, 4, 5, 6, 7 } };
    uint8_t lie[BTW_HANDSHAKE_SIZE], bytes[2000];
    struct btw_mse mse;
    struct btw_slice in, slices[4];
    size_t len, count;

    (void)state;
    prepare_mse(BTW_WIRE_CLEAR, BTW_WIRE_PREFERRED, 0);
    memcpy(lie, plain_handshake, sizeof lie);
    memcpy(lie + 28, other_hash, 20);
    memcpy(config.skey, HASH, 20);
    config.ia = btw_slice_of(lie, sizeof lie);
    btw_mse_dial(&mse, &config);
    OK(btw_wire_accept(&p.b.wire, &p.b.config, p.now_ms));
    len = btw_mse_output(&mse, bytes, sizeof bytes);
    OK(btw_wire_receive(&p.b.wire, bytes, len, p.now_ms));
    count = btw_wire_output(&p.b.wire, slices, 4);
    assert_int_equal(count, 1);
    in = slices[0];
    assert_int_equal(btw_mse_feed(&mse, &in, NULL), BTW_MORE);
    btw_wire_sent(&p.b.wire, slices[0].len, p.now_ms);
    len = btw_mse_output(&mse, bytes, sizeof bytes);
    assert_int_equal(btw_wire_receive(&p.b.wire, bytes, len, p.now_ms), BTW_END);
    expect(&p.b, "secured 1, close other-torrent");
    btw_wire_destroy(&p.b.wire);
}

/* The paddings, the cipher and the stages do not show: what is told is the same under every cut. */
static void serve_at_once(struct end *end, const struct btw_wire_event *event)
{
    if (event->kind == BTW_WIRE_REQUEST)
        OK(serve(end, event->block, event->now_ms));
}

static void talk(uint32_t seed, bool parts, enum btw_wire_crypto crypto, bool prefer_plaintext, char *a, char *b)
{
    static const uint8_t all[2] = { 0xff, 0xc0 };

    prepare_mse(crypto, crypto, seed % (BTW_MSE_PAD_MAX + 1));
    p.a.config.parts = parts;
    p.b.config.mse.prefer_plaintext = prefer_plaintext;
    p.a.config.stage_size = p.b.config.stage_size = 1000 + seed % 1000;
    p.random = seed;
    open_pair(&p);
    p.b.on = serve_at_once;
    OK(btw_wire_availability(&p.b.wire, btw_slice_of(all, 2), p.now_ms));
    OK(btw_wire_unchoke(&p.b.wire, p.now_ms));
    OK(btw_wire_interested(&p.a.wire, p.now_ms));
    run(&p);
    for (uint32_t piece = 0; piece < PIECES - 1; piece++) {
        OK(btw_wire_request(&p.a.wire, (struct btw_block){ piece, 16384, 16384 }, p.now_ms));
        OK(btw_wire_request(&p.a.wire, (struct btw_block){ piece, 0, 16384 }, p.now_ms));
    }
    OK(btw_wire_request(&p.a.wire, (struct btw_block){ PIECES - 1, 0, LAST_SIZE }, p.now_ms));
    OK(btw_wire_keepalive(&p.b.wire, p.now_ms));
    run(&p);
    assert_memory_equal(p.a.got, content(), TOTAL);
    assert_int_equal(p.a.downloaded, TOTAL);
    assert_int_equal(p.b.uploaded, TOTAL);
    assert_int_equal(p.b.blocks, 0);
    strcpy(a, p.a.log);
    strcpy(b, p.b.log);
    close_pair(&p);
}

static void cuts_do_not_show(void **state)
{
    static char whole_a[LOG_SIZE], whole_b[LOG_SIZE], cut_a[LOG_SIZE], cut_b[LOG_SIZE];
    static const struct {
        enum btw_wire_crypto crypto;
        bool prefer_plaintext, parts;
    } rows[] = {
        { BTW_WIRE_CLEAR, false, false },   { BTW_WIRE_CLEAR, false, true },    { BTW_WIRE_REQUIRED, false, false },
        { BTW_WIRE_REQUIRED, false, true }, { BTW_WIRE_PREFERRED, true, true }, { BTW_WIRE_PREFERRED, true, false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        talk(0, rows[i].parts, rows[i].crypto, rows[i].prefer_plaintext, whole_a, whole_b);
        assert_non_null(strstr(whole_a, "piece 9:0+5000"));
        for (uint32_t seed = 1; seed <= 12; seed++) {
            talk(seed, rows[i].parts, rows[i].crypto, rows[i].prefer_plaintext, cut_a, cut_b);
            assert_string_equal(cut_a, whole_a);
            assert_string_equal(cut_b, whole_b);
        }
    }
}

/* mse.js, "sending does not mutate the caller's message payloads": the shared content() would show it above; and
 * "repeated constant messages survive encryption". */
static void what_is_sent_stays_as_it_is(void **state)
{
    static uint8_t bits[2] = { 0xff, 0xc0 };
    uint8_t block[1000];

    (void)state;
    memcpy(block, content(), sizeof block);
    prepare_mse(BTW_WIRE_REQUIRED, BTW_WIRE_REQUIRED, 100);
    open_pair(&p);
    OK(btw_wire_bitfield(&p.b.wire, btw_slice_of(bits, 2), p.now_ms));
    OK(btw_wire_unchoke(&p.b.wire, p.now_ms));
    OK(btw_wire_interested(&p.a.wire, p.now_ms));
    run(&p);
    OK(btw_wire_request(&p.a.wire, (struct btw_block){ 0, 0, sizeof block }, p.now_ms));
    run(&p);
    OK(btw_wire_piece(&p.b.wire, 0, 0, btw_slice_of(block, sizeof block), p.now_ms));
    p.b.blocks++;
    for (int i = 0; i < 3; i++)
        OK(btw_wire_keepalive(&p.b.wire, p.now_ms));
    run(&p);
    assert_memory_equal(block, content(), sizeof block);
    assert_memory_equal(p.a.got, content(), sizeof block);
    assert_int_equal(bits[0] << 8 | bits[1], 0xffc0);
    expect(&p.a, "secured 2" READY ", bitfield, unchoke, piece 0:0+1000, keepalive, keepalive, keepalive");
    close_pair(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(levels_meet),
        cmocka_unit_test(a_plain_answer_is_taken_if_allowed),
        cmocka_unit_test(the_torrent_is_looked_up),
        cmocka_unit_test(the_only_torrent_is_found),
        cmocka_unit_test(mse_and_handshake_must_agree),
        cmocka_unit_test(cuts_do_not_show),
        cmocka_unit_test(what_is_sent_stays_as_it_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

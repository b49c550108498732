/* SPDX-License-Identifier: MIT
 *
 * What the tests of npm bittorrent-protocol 5 assert of its wire, asked of ours.  Each test says which of them it
 * answers.  Where the library of that name is laxer (a request without interest, a piece that nobody announced), the
 * test does first what the protocol wants.
 */
#include "wire_harness.h"

#define OK(call) assert_int_equal(call, BTW_OK)
#define NO(call) assert_int_equal(call, BTW_REFUSED)

static struct pair p;

static void open_with(bool fast_a, bool fast_b)
{
    prepare(&p);
    p.a.config.fast = fast_a;
    p.b.config.fast = fast_b;
    open_pair(&p);
    expect(&p.a, "handshake, ready, extended_handshake");
    expect(&p.b, "handshake, ready, extended_handshake");
}

/* b has everything and has unchoked a, which is interested. */
static void open_for_requests(bool fast)
{
    static const uint8_t all[2] = { 0xff, 0xc0 };

    open_with(fast, fast);
    OK(btw_wire_availability(&p.b.wire, btw_slice_of(all, 2), p.now_ms));
    OK(btw_wire_unchoke(&p.b.wire, p.now_ms));
    OK(btw_wire_interested(&p.a.wire, p.now_ms));
    run(&p);
    expect(&p.a, fast ? "have_all, unchoke" : "bitfield, unchoke");
    expect(&p.b, "interested");
}

static struct btw_party *party(struct end *end, enum btw_who who)
{
    return &end->wire.session.party[who];
}

static void ask(uint32_t piece, uint32_t begin, uint32_t length)
{
    OK(btw_wire_request(&p.a.wire, (struct btw_block){ piece, begin, length }, p.now_ms));
}

static void serve_at_once(struct end *end, const struct btw_wire_event *event)
{
    if (event->kind == BTW_WIRE_REQUEST)
        OK(serve(end, event->block, event->now_ms));
}

/* protocol.js: "Handshake", with and without strings (we take bytes). */
static void handshake_tells_hash_and_id(void **state)
{
    (void)state;
    open_with(true, true);
    assert_memory_equal(p.b.wire.peer_id, "-AA0001-aaaaaaaaaaaa", 20);
    assert_memory_equal(p.a.wire.peer_id, "-BB0001-bbbbbbbbbbbb", 20);
    assert_memory_equal(p.b.wire.config.torrent.info_hash, HASH, 20);
    assert_true(btw_session_ext(&p.a.wire.session));
    close_pair(&p);
}

static struct end *told[8];
static enum btw_wire_event_kind told_kind[8];
static size_t told_count;

static void remember(struct end *end, const struct btw_wire_event *event)
{
    if (event->kind == BTW_WIRE_READY)
        return;
    told[told_count] = end;
    told_kind[told_count++] = event->kind;
}

/* protocol.js: "Asynchronous handshake + extended handshake": first w2 hs, w1 hs, w1 ex, w2 ex. */
static void handshakes_come_in_order(void **state)
{
    static struct end *const ends[] = { &p.b, &p.a, &p.a, &p.b };
    static const enum btw_wire_event_kind kinds[] = { BTW_WIRE_HANDSHAKE, BTW_WIRE_HANDSHAKE,
                                                      BTW_WIRE_EXTENDED_HANDSHAKE, BTW_WIRE_EXTENDED_HANDSHAKE };

    (void)state;
    prepare(&p);
    told_count = 0;
    p.a.on = p.b.on = remember;
    open_pair(&p);
    assert_int_equal(told_count, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_ptr_equal(told[i], ends[i]);
        assert_int_equal(told_kind[i], kinds[i]);
    }
    p.a.on = p.b.on = NULL;
    close_pair(&p);
}

/* protocol.js: "Unchoke", "Interested"; and that saying it twice says nothing. */
static void choke_and_interest(void **state)
{
    (void)state;
    open_with(true, true);
    assert_true(party(&p.a, BTW_US)->choking);
    assert_true(party(&p.b, BTW_THEM)->choking);
    OK(btw_wire_unchoke(&p.a.wire, p.now_ms));
    OK(btw_wire_unchoke(&p.a.wire, p.now_ms));
    OK(btw_wire_interested(&p.a.wire, p.now_ms));
    OK(btw_wire_interested(&p.a.wire, p.now_ms));
    assert_false(party(&p.a, BTW_US)->choking);
    assert_true(party(&p.a, BTW_US)->interested);
    run(&p);
    expect(&p.b, "unchoke, interested");
    assert_false(party(&p.b, BTW_THEM)->choking);
    assert_true(party(&p.b, BTW_THEM)->interested);
    OK(btw_wire_choke(&p.a.wire, p.now_ms));
    OK(btw_wire_choke(&p.a.wire, p.now_ms));
    OK(btw_wire_not_interested(&p.a.wire, p.now_ms));
    OK(btw_wire_not_interested(&p.a.wire, p.now_ms));
    OK(btw_wire_keepalive(&p.a.wire, p.now_ms));
    run(&p);
    expect(&p.b, "choke, not_interested, keepalive");
    close_pair(&p);
}

/* protocol.js: "Request a piece". */
static void a_request_is_answered(void **state)
{
    (void)state;
    open_for_requests(true);
    assert_int_equal(party(&p.a, BTW_US)->pending_count, 0);
    ask(0, 1, 11);
    assert_int_equal(party(&p.a, BTW_US)->pending_count, 1);
    run(&p);
    expect(&p.b, "request 0:1+11");
    assert_int_equal(party(&p.b, BTW_THEM)->pending_count, 1);
    OK(serve(&p.b, (struct btw_block){ 0, 1, 11 }, p.now_ms));
    assert_int_equal(party(&p.b, BTW_THEM)->pending_count, 0);
    run(&p);
    expect(&p.a, "piece 0:1+11");
    assert_int_equal(party(&p.a, BTW_US)->pending_count, 0);
    assert_memory_equal(p.a.got + 1, content() + 1, 11);
    assert_int_equal(p.a.downloaded, 11);
    assert_int_equal(p.b.uploaded, 11);
    close_pair(&p);
}

/* The callbacks of `request` may be called in any order. */
static void requests_are_answered_in_any_order(void **state)
{
    static const struct btw_block blocks[] = { { 0, 0, 100 }, { 3, 16384, 16384 }, { 9, 4000, 1000 } };

    (void)state;
    open_for_requests(false);
    for (size_t i = 0; i < 3; i++)
        ask(blocks[i].piece, blocks[i].begin, blocks[i].length);
    run(&p);
    expect(&p.b, "request 0:0+100, request 3:16384+16384, request 9:4000+1000");
    for (size_t i = 3; i-- > 0;)
        OK(serve(&p.b, blocks[i], p.now_ms));
    run(&p);
    expect(&p.a, "piece 9:4000+1000, piece 3:16384+16384, piece 0:0+100");
    close_pair(&p);
}

/* protocol.js: "No duplicate `have` events for same piece". */
static void a_piece_is_announced_once(void **state)
{
    (void)state;
    open_with(true, true);
    p.a.wire.session.config.permissive = p.a.wire.config.permissive = true;
    assert_false(btw_party_has(&p.b.wire.session, BTW_THEM, 0));
    OK(btw_wire_have(&p.a.wire, 0, p.now_ms));
    run(&p);
    expect(&p.b, "have 0");
    assert_true(btw_party_has(&p.b.wire.session, BTW_THEM, 0));
    NO(btw_wire_have(&p.a.wire, 0, p.now_ms)); /* sent all the same */
    run(&p);
    expect(&p.b, "refused have: a piece announced twice");
    assert_true(btw_party_has(&p.b.wire.session, BTW_THEM, 0));
    close_pair(&p);
}

/* protocol.js: "Fast Extension: handshake when unsupported", "... when supported". */
static void fast_needs_both(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        open_with((i & 1) != 0, (i & 2) != 0);
        assert_int_equal(btw_session_fast(&p.a.wire.session), i == 3);
        assert_int_equal(btw_session_fast(&p.b.wire.session), i == 3);
        close_pair(&p);
    }
}

/* protocol.js: "Fast Extension: have-all", "have-none", "suggest", "allowed-fast"; port of README. */
static void fast_messages_arrive(void **state)
{
    (void)state;
    prepare(&p);
    p.a.config.dht = p.b.config.dht = true;
    open_pair(&p);
    p.a.log[0] = p.b.log[0] = '\0';
    OK(btw_wire_have_all(&p.a.wire, p.now_ms));
    OK(btw_wire_have_none(&p.b.wire, p.now_ms));
    OK(btw_wire_suggest(&p.a.wire, 4, p.now_ms));
    OK(btw_wire_allowed_fast(&p.a.wire, 6, p.now_ms));
    OK(btw_wire_port(&p.a.wire, 6881, p.now_ms));
    assert_true(btw_party_allowed(&p.a.wire.session, BTW_US, 6));
    assert_false(btw_party_allowed(&p.a.wire.session, BTW_THEM, 6));
    run(&p);
    expect(&p.b, "have_all, suggest 4, allowed_fast 6, port 6881");
    expect(&p.a, "have_none");
    assert_true(btw_party_allowed(&p.b.wire.session, BTW_THEM, 6));
    assert_true(btw_party_has(&p.b.wire.session, BTW_THEM, 9));
    close_pair(&p);
}

/* protocol.js: "Fast Extension: reject on choke". */
static void a_choke_rejects(void **state)
{
    (void)state;
    open_for_requests(true);
    ask(0, 2, 22);
    run(&p);
    assert_int_equal(party(&p.b, BTW_THEM)->pending_count, 1);
    OK(btw_wire_choke(&p.b.wire, p.now_ms));
    assert_int_equal(party(&p.b, BTW_THEM)->pending_count, 0);
    assert_int_equal(party(&p.a, BTW_US)->pending_count, 1); /* nothing is void by itself */
    run(&p);
    expect(&p.a, "choke, reject 0:2+22");
    assert_int_equal(party(&p.a, BTW_US)->pending_count, 0);
    close_pair(&p);
}

/* Without Fast a choke makes them void (index.js, _onChoke): the choke is told first. */
static void a_choke_voids(void **state)
{
    (void)state;
    open_for_requests(false);
    ask(0, 2, 22);
    ask(0, 24, 22);
    run(&p);
    OK(btw_wire_choke(&p.b.wire, p.now_ms));
    NO(serve(&p.b, (struct btw_block){ 0, 2, 22 }, p.now_ms));
    run(&p);
    expect(&p.a, "choke, void 0:2+22, void 0:24+22");
    NO(btw_wire_request(&p.a.wire, (struct btw_block){ 0, 2, 22 }, p.now_ms)); /* "peer is choking" */
    assert_int_equal(p.a.wire.session.breach, BTW_BREACH_CHOKED);
    close_pair(&p);
}

/* protocol.js: "Fast Extension: don't reject allowed-fast on choke". */
static void a_choke_spares_what_is_allowed(void **state)
{
    (void)state;
    open_for_requests(true);
    OK(btw_wire_allowed_fast(&p.b.wire, 6, p.now_ms));
    run(&p);
    expect(&p.a, "allowed_fast 6");
    ask(1, 0, 10);
    ask(6, 66, 666);
    ask(2, 0, 10);
    run(&p);
    OK(btw_wire_choke(&p.b.wire, p.now_ms));
    assert_int_equal(party(&p.b, BTW_THEM)->pending_count, 1);
    run(&p);
    expect(&p.a, "choke, reject 1:0+10, reject 2:0+10");
    OK(serve(&p.b, (struct btw_block){ 6, 66, 666 }, p.now_ms));
    ask(6, 0, 66); /* and asks for more, choked as it is */
    run(&p);
    expect(&p.a, "piece 6:66+666");
    expect(&p.b, "request 1:0+10, request 6:66+666, request 2:0+10, request 6:0+66");
    close_pair(&p);
}

/* index.js, _onRequest: a request of a choked peer is rejected with Fast, and passed over without. */
static void a_choked_request_is_rejected(void **state)
{
    (void)state;
    for (int fast = 0; fast < 2; fast++) {
        open_for_requests(fast != 0);
        OK(btw_wire_choke(&p.b.wire, p.now_ms));
        ask(0, 0, 10); /* it crosses the choke */
        run(&p);
        expect(&p.b, "refused request: a request, or a block, although the requester is choked");
        expect(&p.a, fast ? "choke, reject 0:0+10" : "choke, void 0:0+10");
        assert_int_equal(party(&p.b, BTW_THEM)->pending_count, 0);
        close_pair(&p);
    }
}

/* protocol.js: "Fast Extension: reject on error". */
static void what_cannot_be_read_is_rejected(void **state)
{
    (void)state;
    open_for_requests(true);
    ask(6, 66, 666);
    run(&p);
    OK(btw_wire_reject(&p.b.wire, (struct btw_block){ 6, 66, 666 }, p.now_ms));
    run(&p);
    expect(&p.a, "reject 6:66+666");
    assert_int_equal(party(&p.a, BTW_US)->pending_count, 0);
    NO(btw_wire_reject(&p.b.wire, (struct btw_block){ 6, 66, 666 }, p.now_ms)); /* one answer */
    close_pair(&p);
}

/* index.js, _onCancel and respond(): nothing is answered that was taken back.  BEP 6 wants a reject for it. */
static void a_cancel_is_final(void **state)
{
    (void)state;
    for (int fast = 0; fast < 2; fast++) {
        open_for_requests(fast != 0);
        ask(6, 66, 666);
        run(&p);
        OK(btw_wire_cancel(&p.a.wire, (struct btw_block){ 6, 66, 666 }, p.now_ms));
        run(&p);
        expect(&p.b, "request 6:66+666, cancel 6:66+666");
        expect(&p.a, fast ? "reject 6:66+666 late" : "");
        NO(serve(&p.b, (struct btw_block){ 6, 66, 666 }, p.now_ms));
        assert_int_equal(party(&p.a, BTW_US)->pending_count, 0);
        close_pair(&p);
    }
}

/* A block that crosses a cancel is told, as one nobody asked for (index.js, _onPiece). */
static void a_piece_may_cross_a_cancel(void **state)
{
    (void)state;
    open_for_requests(false);
    ask(6, 66, 666);
    run(&p);
    OK(serve(&p.b, (struct btw_block){ 6, 66, 666 }, p.now_ms));
    OK(btw_wire_cancel(&p.a.wire, (struct btw_block){ 6, 66, 666 }, p.now_ms));
    run(&p);
    expect(&p.a, "unasked piece 6:66+666");
    expect(&p.b, "request 6:66+666, refused cancel: a cancel without an open request");
    assert_int_equal(p.a.downloaded, 666);
    close_pair(&p);
}

/* protocol.js: "Fast Extension disabled: ..." five times: sending is an error, receiving is the end. */
static void fast_messages_need_fast(void **state)
{
    static const struct btw_msg rows[] = { { .type = BTW_HAVE_ALL },
                                           { .type = BTW_HAVE_NONE },
                                           { .type = BTW_SUGGEST, .piece = 4 },
                                           { .type = BTW_ALLOWED_FAST, .piece = 4 },
                                           { .type = BTW_REJECT, .piece = 4, .length = 99 } };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        open_with(true, false);
        NO(btw_wire_send(&p.a.wire, &rows[i], p.now_ms));
        assert_int_equal(p.a.wire.session.breach, BTW_BREACH_FAST_OFF);
        run(&p);
        expect(&p.b, "");
        p.a.wire.session.config.permissive = p.a.wire.config.permissive = true;
        NO(btw_wire_send(&p.a.wire, &rows[i], p.now_ms));
        run(&p);
        expect(&p.b, "close breach");
        assert_int_equal(p.b.wire.session.breach, BTW_BREACH_FAST_OFF);
        close_pair(&p);
    }
}

/* state-change-on-end.js. */
static void the_end_chokes(void **state)
{
    (void)state;
    open_with(true, true);
    OK(btw_wire_unchoke(&p.a.wire, p.now_ms));
    OK(btw_wire_interested(&p.a.wire, p.now_ms));
    run(&p);
    expect(&p.b, "unchoke, interested");
    btw_wire_close(&p.b.wire, BTW_CLOSE_OURS);
    expect(&p.b, "not_interested, choke, close ours");
    assert_true(party(&p.b, BTW_THEM)->choking);
    assert_false(party(&p.b, BTW_THEM)->interested);
    close_pair(&p);
    expect(&p.b, "");
}

/* timeout.js and no-timeout.js. */
static void requests_time_out(void **state)
{
    (void)state;
    open_for_requests(true);
    btw_wire_set_request_timeout(&p.a.wire, 1000);
    ask(0, 0, 11);
    ask(0, 11, 11);
    ask(0, 22, 11);
    assert_int_equal(btw_wire_deadline(&p.a.wire), p.now_ms + 1000);
    btw_wire_tick(&p.a.wire, p.now_ms + 999);
    expect(&p.a, "");
    btw_wire_tick(&p.a.wire, p.now_ms + 1000);
    expect(&p.a, "timeout 0:0+11, timeout 0:11+11, timeout 0:22+11");
    btw_wire_tick(&p.a.wire, p.now_ms + 3000);
    expect(&p.a, "");
    p.b.on = serve_at_once;
    run(&p);
    expect(&p.a, "piece 0:0+11 late, piece 0:11+11 late, piece 0:22+11 late");
    ask(1, 0, 11); /* a good peer */
    run(&p);
    btw_wire_tick(&p.a.wire, p.now_ms + 5000);
    expect(&p.a, "piece 1:0+11");
    close_pair(&p);
}

static void close_on_timeout(struct end *end, const struct btw_wire_event *event)
{
    if (event->kind == BTW_WIRE_TIMEOUT)
        btw_wire_close(&end->wire, BTW_CLOSE_OURS);
}

/* timeout-destroy.js: one timeout, all requests fail, no more is told. */
static void the_first_timeout_may_close(void **state)
{
    (void)state;
    open_for_requests(true);
    ask(0, 0, 11);
    ask(0, 11, 11);
    ask(0, 22, 11);
    p.a.on = close_on_timeout;
    btw_wire_tick(&p.a.wire, p.now_ms + 100000); /* a keep-alive is due, too */
    expect(&p.a, "timeout 0:0+11, choke, void 0:0+11 late, void 0:11+11, void 0:22+11, close ours");
    assert_int_equal(btw_wire_request(&p.a.wire, (struct btw_block){ 0, 0, 1 }, p.now_ms),
                     BTW_END); /* "wire is closed" */
    close_pair(&p);
}

/* index.js, "unknownmessage". */
static void an_unknown_message_is_passed_over(void **state)
{
    static const uint8_t frame[] = { 0, 0, 0, 3, 99, 1, 2 };

    (void)state;
    open_with(true, true);
    OK(btw_wire_send(&p.a.wire, &(struct btw_msg){ .type = BTW_RAW, .data = { frame, sizeof frame } }, p.now_ms));
    OK(btw_wire_keepalive(&p.a.wire, p.now_ms));
    run(&p);
    expect(&p.b, "unknown, keepalive");
    close_pair(&p);
}

/* index.js, setKeepAlive(). */
static void silence_is_broken(void **state)
{
    (void)state;
    open_with(true, true);
    btw_wire_set_keepalive(&p.a.wire, 55000, p.now_ms);
    assert_int_equal(btw_wire_deadline(&p.a.wire), p.now_ms + 55000);
    btw_wire_tick(&p.a.wire, p.now_ms + 55000);
    run(&p);
    expect(&p.b, "keepalive");
    btw_wire_set_keepalive(&p.a.wire, 0, p.now_ms);
    btw_wire_tick(&p.a.wire, p.now_ms + 200000);
    run(&p);
    expect(&p.b, "");
    close_pair(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(handshake_tells_hash_and_id),
        cmocka_unit_test(handshakes_come_in_order),
        cmocka_unit_test(choke_and_interest),
        cmocka_unit_test(a_request_is_answered),
        cmocka_unit_test(requests_are_answered_in_any_order),
        cmocka_unit_test(a_piece_is_announced_once),
        cmocka_unit_test(fast_needs_both),
        cmocka_unit_test(fast_messages_arrive),
        cmocka_unit_test(a_choke_rejects),
        cmocka_unit_test(a_choke_voids),
        cmocka_unit_test(a_choke_spares_what_is_allowed),
        cmocka_unit_test(a_choked_request_is_rejected),
        cmocka_unit_test(what_cannot_be_read_is_rejected),
        cmocka_unit_test(a_cancel_is_final),
        cmocka_unit_test(a_piece_may_cross_a_cancel),
        cmocka_unit_test(fast_messages_need_fast),
        cmocka_unit_test(the_end_chokes),
        cmocka_unit_test(requests_time_out),
        cmocka_unit_test(the_first_timeout_may_close),
        cmocka_unit_test(an_unknown_message_is_passed_over),
        cmocka_unit_test(silence_is_broken),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

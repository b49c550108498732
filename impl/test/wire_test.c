/* SPDX-License-Identifier: MIT */
#include "wire_harness.h"

static void answer(struct end *end, const struct btw_wire_event *event)
{
    if (event->kind == BTW_WIRE_REQUEST)
        assert_int_equal(serve(end, event->block, event->now_ms), BTW_OK);
}

static void two_wires_talk(void **state)
{
    static const uint8_t all[2] = { 0xff, 0xc0 };
    static struct pair p;

    (void)state;
    prepare(&p);
    open_pair(&p);
    expect(&p.a, "handshake, ready, extended_handshake");
    expect(&p.b, "handshake, ready, extended_handshake");
    p.b.on = answer;
    assert_int_equal(btw_wire_availability(&p.b.wire, btw_slice_of(all, 2), p.now_ms), BTW_OK);
    assert_int_equal(btw_wire_unchoke(&p.b.wire, p.now_ms), BTW_OK);
    assert_int_equal(btw_wire_interested(&p.a.wire, p.now_ms), BTW_OK);
    run(&p);
    expect(&p.a, "have_all, unchoke");
    assert_int_equal(btw_wire_request(&p.a.wire, (struct btw_block){ 1, 16384, 16384 }, p.now_ms), BTW_OK);
    run(&p);
    expect(&p.a, "piece 1:16384+16384");
    expect(&p.b, "interested, request 1:16384+16384");
    assert_memory_equal(p.a.got + PIECE_SIZE + 16384, content() + PIECE_SIZE + 16384, 16384);
    assert_int_equal(p.a.downloaded, 16384);
    assert_int_equal(p.b.uploaded, 16384);
    close_pair(&p);
    expect(&p.a, "choke, close ours");
    expect(&p.b, "not_interested, close ours");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_wires_talk),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

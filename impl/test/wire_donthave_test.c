/* SPDX-License-Identifier: MIT
 *
 * lt_donthave (BEP 54) and upload_only (BEP 21) between two wires.
 */
#include "wire_harness.h"

#define OK(call) assert_int_equal(call, BTW_OK)
#define SOME(call) assert_int_equal(call, BTW_REFUSED)

static struct pair p;
static unsigned told;

/* The account is right when the extension is called. */
static void on_donthave(void *user, struct btw_wire *wire, struct btw_slice payload, int64_t now_ms)
{
    (void)user, (void)now_ms;
    told++;
    assert_int_equal(payload.len, 4);
    assert_false(btw_party_has(&wire->session, BTW_THEM, payload.data[3]));
}

static const struct btw_wire_extension donthave = { .name = "lt_donthave", .on_message = on_donthave };
static const struct btw_wire_extension upload_only = { .name = "upload_only" };

/* b has everything, a asks for 3:0, 4:0 and 3:16384.  Only a has announced the extension, when b does not use it. */
static void open_asking(bool fast, bool b_uses)
{
    static const uint8_t all[2] = { 0xff, 0xc0 };
    static const struct btw_block blocks[] = { { 3, 0, 16384 }, { 4, 0, 16384 }, { 3, 16384, 16384 } };

    prepare(&p);
    told = 0;
    p.a.config.fast = p.b.config.fast = fast;
    OK(btw_wire_dial(&p.a.wire, &p.a.config, p.now_ms));
    OK(btw_wire_accept(&p.b.wire, &p.b.config, p.now_ms));
    OK(btw_wire_use(&p.a.wire, &donthave, NULL));
    if (b_uses)
        OK(btw_wire_use(&p.b.wire, &donthave, NULL));
    run(&p);
    OK(btw_wire_availability(&p.b.wire, btw_slice_of(all, 2), p.now_ms));
    OK(btw_wire_unchoke(&p.b.wire, p.now_ms));
    OK(btw_wire_interested(&p.a.wire, p.now_ms));
    run(&p);
    for (int i = 0; i < 3; i++)
        OK(btw_wire_request(&p.a.wire, blocks[i], p.now_ms));
    run(&p);
    p.a.log[0] = p.b.log[0] = '\0';
}

static void with_fast_its_requests_are_rejected(void **state)
{
    (void)state;
    open_asking(true, true);
    OK(btw_wire_donthave(&p.b.wire, 3, p.now_ms));
    run(&p);
    expect(&p.a, "extended lt_donthave 4, reject 3:0+16384, reject 3:16384+16384");
    assert_int_equal(told, 1);
    assert_int_equal(p.a.wire.session.party[BTW_THEM].have_count, 9);
    assert_int_equal(p.b.wire.session.party[BTW_US].have_count, 9);
    assert_int_equal(p.a.wire.session.party[BTW_US].pending_count, 1);
    SOME(btw_wire_request(&p.a.wire, (struct btw_block){ 3, 0, 16384 }, p.now_ms));
    OK(serve(&p.b, (struct btw_block){ 4, 0, 16384 }, p.now_ms));
    OK(btw_wire_have(&p.b.wire, 3, p.now_ms));
    run(&p);
    expect(&p.a, "piece 4:0+16384, have 3");
    OK(btw_wire_request(&p.a.wire, (struct btw_block){ 3, 0, 16384 }, p.now_ms));
    close_pair(&p);
}

static void without_fast_they_are_void(void **state)
{
    (void)state;
    open_asking(false, true);
    OK(btw_wire_donthave(&p.b.wire, 3, p.now_ms));
    run(&p);
    expect(&p.a, "void 3:0+16384, void 3:16384+16384, extended lt_donthave 4");
    assert_int_equal(p.b.wire.session.party[BTW_THEM].pending_count, 1);
    close_pair(&p);
}

/* A request that crosses it gets its answer, and does no harm. */
static void a_request_may_cross_it(void **state)
{
    for (int fast = 0; fast < 2; fast++) {
        (void)state;
        open_asking(fast, true);
        OK(btw_wire_request(&p.a.wire, (struct btw_block){ 3, 5, 5 }, p.now_ms));
        OK(btw_wire_donthave(&p.b.wire, 3, p.now_ms));
        run(&p);
        assert_int_equal(p.a.wire.closed, BTW_CLOSE_NONE);
        assert_int_equal(p.b.wire.closed, BTW_CLOSE_NONE);
        assert_int_equal(p.a.wire.session.party[BTW_US].pending_count, 1);
        assert_int_equal(p.b.wire.session.party[BTW_THEM].pending_count, 1);
        close_pair(&p);
    }
}

static void what_cannot_be_said_is_refused(void **state)
{
    (void)state;
    open_asking(true, true);
    SOME(btw_wire_donthave(&p.b.wire, 10, p.now_ms));
    SOME(btw_wire_donthave(&p.a.wire, 3, p.now_ms)); /* never had it */
    OK(btw_wire_donthave(&p.b.wire, 9, p.now_ms));
    SOME(btw_wire_donthave(&p.b.wire, 9, p.now_ms));
    close_pair(&p);

    open_asking(true, false);
    assert_int_equal(btw_wire_donthave(&p.b.wire, 3, p.now_ms), BTW_NOT_FOUND);
    SOME(btw_wire_donthave(&p.a.wire, 3, p.now_ms)); /* b does not want to hear of it */
    close_pair(&p);
}

/* BEP 54: the receiver announces, the sender need not; twice, or without having had it, does no harm. */
static void it_is_heard_from_anybody(void **state)
{
    (void)state;
    open_asking(true, false);
    OK(hear(&p.a, "extended ext=1 data=00000003", p.now_ms));
    OK(hear(&p.a, "extended ext=1 data=00000003", p.now_ms));
    expect(&p.a, "extended lt_donthave 4, refused extended: lt_donthave for a piece that is not announced");
    assert_int_equal(told, 1);
    assert_int_equal(p.a.wire.session.party[BTW_THEM].have_count, 9);
    assert_int_equal(hear(&p.a, "extended ext=1 data=0000000a", p.now_ms), BTW_END);
    close_pair(&p);
}

static void upload_only_is_kept(void **state)
{
    (void)state;
    prepare(&p);
    p.b.config.torrent.hello.has = BTW_EXT_UPLOAD_ONLY;
    p.b.config.torrent.hello.upload_only = 1;
    OK(btw_wire_dial(&p.a.wire, &p.a.config, p.now_ms));
    OK(btw_wire_accept(&p.b.wire, &p.b.config, p.now_ms));
    OK(btw_wire_use(&p.a.wire, &upload_only, NULL));
    OK(btw_wire_use(&p.b.wire, &upload_only, NULL));
    run(&p);
    assert_true(btw_party_uploads_only(&p.a.wire.session, BTW_THEM));
    assert_true(btw_party_uploads_only(&p.b.wire.session, BTW_US));
    OK(btw_wire_extended(&p.b.wire, "upload_only", btw_slice_of("\0", 1), p.now_ms));
    run(&p);
    assert_false(btw_party_uploads_only(&p.a.wire.session, BTW_THEM));
    assert_false(btw_party_uploads_only(&p.b.wire.session, BTW_US));
    close_pair(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(with_fast_its_requests_are_rejected),
        cmocka_unit_test(without_fast_they_are_void),
        cmocka_unit_test(a_request_may_cross_it),
        cmocka_unit_test(what_cannot_be_said_is_refused),
        cmocka_unit_test(it_is_heard_from_anybody),
        cmocka_unit_test(upload_only_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT
 *
 * Extensions of any name between two wires.
 */
#include "btw/ut_metadata.h"
#include "wire_harness.h"

#define OK(call) assert_int_equal(call, BTW_OK)

static struct pair p;

/* An extension that writes down into the log of its end what it is told. */
static void on_handshake(void *user, struct btw_wire *wire, const struct btw_msg *handshake, int64_t now_ms)
{
    struct end *end = user;

    assert_ptr_equal(wire, &end->wire);
    assert_int_equal(now_ms, p.now_ms);
    note(end, "[handshake %.20s %.20s]", (const char *)handshake->info_hash, (const char *)handshake->peer_id);
}

static void on_extended_handshake(void *user, struct btw_wire *wire, const struct btw_ext_handshake *hs, int64_t now_ms)
{
    struct btw_slice hello = { NULL, 0 };

    (void)wire, (void)now_ms;
    btw_ben_get_str(hs->dict, "hello", &hello);
    note(user, "[extended handshake %.*s]", (int)hello.len, (const char *)hello.data);
}

static void on_message(void *user, struct btw_wire *wire, struct btw_slice payload, int64_t now_ms)
{
    (void)wire, (void)now_ms;
    note(user, "[%.*s]", (int)payload.len, (const char *)payload.data);
}

static const struct btw_wire_extension talks = { "talks", on_handshake, on_extended_handshake, on_message };
static const struct btw_wire_extension listens = { .name = "listens", .on_message = on_message };
static const struct btw_wire_extension silent = { .name = "silent" };
static const struct btw_wire_extension ut_metadata = { .name = "ut_metadata", .on_message = on_message };

static void prepare_quietly(void)
{
    prepare(&p);
    p.a.quiet = p.b.quiet = true;
}

static enum btw_status say(struct end *end, const char *name, const char *text)
{
    return btw_wire_extended(&end->wire, name, btw_slice_str(text), p.now_ms);
}

/* Both ends with the extensions of the list, which ends with NULL. */
static void open_with(const struct btw_wire_extension *const *of_a, const struct btw_wire_extension *const *of_b)
{
    OK(btw_wire_dial(&p.a.wire, &p.a.config, p.now_ms));
    OK(btw_wire_accept(&p.b.wire, &p.b.config, p.now_ms));
    for (; *of_a != NULL; of_a++)
        OK(btw_wire_use(&p.a.wire, *of_a, &p.a));
    for (; *of_b != NULL; of_b++)
        OK(btw_wire_use(&p.b.wire, *of_b, &p.b));
    run(&p);
}

/* extension.js of bittorrent-protocol: onHandshake, onExtendedHandshake with a key of its own, onMessage. */
static void all_three_are_called(void **state)
{
    static const struct btw_wire_extension *const all[] = { &talks, NULL };

    (void)state;
    prepare(&p);
    p.b.config.torrent.keys = btw_slice_str("d5:hello6:world!e");
    open_with(all, all);
    expect(&p.a, "handshake, [handshake 01234567890123456789 -BB0001-bbbbbbbbbbbb], ready, "
                 "[extended handshake world!], extended_handshake");
    expect(&p.b, "handshake, [handshake 01234567890123456789 -AA0001-aaaaaaaaaaaa], ready, "
                 "[extended handshake ], extended_handshake");
    OK(say(&p.a, "talks", "hello world!"));
    run(&p);
    expect(&p.b, "[hello world!], extended talks 12");
    close_pair(&p);
}

/* Every end has ids of its own; only what both use is supported. */
static void ids_are_managed_both_ways(void **state)
{
    static const struct btw_wire_extension *const of_a[] = { &silent, &talks, &ut_metadata, NULL };
    static const struct btw_wire_extension *const of_b[] = { &ut_metadata, &listens, &talks, NULL };

    (void)state;
    prepare_quietly();
    open_with(of_a, of_b);
    p.a.log[0] = p.b.log[0] = '\0';
    assert_true(btw_wire_supports(&p.a.wire, "talks"));
    assert_true(btw_wire_supports(&p.b.wire, "ut_metadata"));
    assert_false(btw_wire_supports(&p.a.wire, "silent"));
    assert_false(btw_wire_supports(&p.a.wire, "listens"));
    assert_int_equal(say(&p.a, "listens", "x"), BTW_NOT_FOUND);
    assert_int_equal(say(&p.a, "silent", "x"), BTW_REFUSED);
    OK(say(&p.a, "talks", "a talks"));
    OK(say(&p.a, "ut_metadata", "a metadata"));
    OK(say(&p.b, "talks", "b talks"));
    OK(say(&p.b, "ut_metadata", "b metadata"));
    run(&p);
    expect(&p.a, "[b talks], [b metadata]");
    expect(&p.b, "[a talks], [a metadata]");
    close_pair(&p);
}

/* Names in order, ids by registration, keys of the torrent and others merged; written by hand. */
static void the_extended_handshake_is_canonical(void **state)
{
    static const char want[] = "d4:aaaai7e1:md7:listensi2e5:talksi1e11:ut_metadatai0ee13:metadata_sizei40000e"
                               "4:reqqi250e1:v3:X 11:zlee";
    static const struct btw_wire_extension *const of_a[] = { &talks, &listens, &ut_metadata, NULL };
    static const struct btw_wire_extension *const none[] = { NULL };
    struct btw_slice slice;

    (void)state;
    prepare_quietly();
    p.a.config.torrent.hello = (struct btw_ext_handshake){ .has = BTW_EXT_METADATA_SIZE | BTW_EXT_REQQ | BTW_EXT_V,
                                                           .metadata_size = 40000,
                                                           .reqq = 250,
                                                           .v = btw_slice_str("X 1") };
    p.a.config.torrent.keys = btw_slice_str("d4:aaaai7e4:reqqi1e1:zlee");
    open_with(of_a, none);
    OK(btw_wire_switch(&p.a.wire, "ut_metadata", false, p.now_ms));
    assert_int_equal(btw_wire_output(&p.a.wire, &slice, 1), 1);
    assert_int_equal(slice.len, 6 + sizeof want - 1);
    assert_int_equal(slice.data[4], 20);
    assert_int_equal(slice.data[5], 0);
    assert_memory_equal(slice.data + 6, want, sizeof want - 1);
    close_pair(&p);
}

/* BEP 10: m adds up; 0 switches off; what is not named stays. */
static void handshakes_add_up(void **state)
{
    static const struct btw_wire_extension *const both_of_them[] = { &talks, &listens, NULL };

    (void)state;
    prepare_quietly();
    open_with(both_of_them, both_of_them);
    hear(&p.a, "extended ext=0 dict={m={other=9 talks=77}}", p.now_ms);
    assert_true(btw_wire_supports(&p.a.wire, "listens"));
    OK(say(&p.a, "talks", "x"));
    OK(say(&p.a, "listens", "y"));
    hear(&p.a, "extended ext=0 dict={m={listens=0}}", p.now_ms);
    assert_int_equal(say(&p.a, "listens", "z"), BTW_REFUSED);
    hear(&p.a, "extended ext=0 dict={m={listens=300 talks=78}}", p.now_ms); /* no byte: as it was */
    assert_int_equal(say(&p.a, "listens", "z"), BTW_REFUSED);
    OK(say(&p.a, "talks", "x"));
    expect_said(&p.a, "extended ext=77 data=78, extended ext=2 data=79, extended ext=78 data=78");
    close_pair(&p);
}

/* Off by us: announced as 0, refused both ways; on again under the same id. */
static void what_is_off_stays_off(void **state)
{
    static const struct btw_wire_extension *const both_of_them[] = { &listens, &ut_metadata, NULL };

    (void)state;
    prepare_quietly();
    open_with(both_of_them, both_of_them);
    p.b.quiet = false;
    for (size_t i = 0; i < 2; i++) {
        const char *name = both_of_them[i]->name;

        assert_int_equal(btw_wire_switch(&p.b.wire, "nobody", false, p.now_ms), BTW_NOT_FOUND);
        OK(btw_wire_switch(&p.b.wire, name, true, p.now_ms)); /* as it is */
        assert_int_equal(btw_wire_queued(&p.b.wire), 0);
        OK(say(&p.a, name, "crossing"));
        OK(btw_wire_switch(&p.b.wire, name, false, p.now_ms));
        p.b.log[0] = '\0';
        run(&p);
        expect(&p.b, "refused extended: an extended id the receiver has not announced");
        assert_int_equal(say(&p.a, name, "x"), BTW_REFUSED);
        assert_int_equal(say(&p.b, name, "x"), BTW_REFUSED);
        assert_false(btw_wire_supports(&p.b.wire, name));
        OK(btw_wire_switch(&p.b.wire, name, true, p.now_ms));
        run(&p);
        OK(say(&p.a, name, "again"));
        run(&p);
        assert_non_null(strstr(p.b.log, "[again]"));
    }
    close_pair(&p);
}

static void one_may_come_later(void **state)
{
    static const struct btw_wire_extension *const of_a[] = { &listens, NULL };
    static const struct btw_wire_extension *const none[] = { NULL };

    (void)state;
    prepare_quietly();
    open_with(of_a, none);
    assert_int_equal(say(&p.a, "listens", "x"), BTW_REFUSED);
    OK(btw_wire_use(&p.b.wire, &listens, &p.b));
    OK(btw_wire_extended_handshake(&p.b.wire, p.now_ms));
    run(&p);
    OK(say(&p.a, "listens", "late"));
    run(&p);
    expect(&p.b, "[late]");
    close_pair(&p);
}

static void there_is_room_for_sixteen(void **state)
{
    static struct btw_wire_extension many[BTW_WIRE_EXTENSIONS_MAX + 1];
    static char name[BTW_WIRE_EXTENSIONS_MAX + 1][40];

    (void)state;
    prepare_quietly();
    OK(btw_wire_dial(&p.a.wire, &p.a.config, p.now_ms));
    OK(btw_wire_accept(&p.b.wire, &p.b.config, p.now_ms));
    for (size_t i = 0; i <= BTW_WIRE_EXTENSIONS_MAX; i++) {
        snprintf(name[i], sizeof name[i], "a-name-that-is-quite-long-number-%02zu", i);
        many[i] = (struct btw_wire_extension){ .name = name[i], .on_message = on_message };
        assert_int_equal(btw_wire_use(&p.a.wire, &many[i], &p.a), i < BTW_WIRE_EXTENSIONS_MAX ? BTW_OK : BTW_NO_SPACE);
        assert_int_equal(btw_wire_use(&p.b.wire, &many[i], &p.b), i < BTW_WIRE_EXTENSIONS_MAX ? BTW_OK : BTW_NO_SPACE);
    }
    assert_int_equal(btw_wire_use(&p.a.wire, &many[3], &p.a), BTW_REFUSED);
    run(&p);
    OK(say(&p.a, name[15], "the last"));
    run(&p);
    expect(&p.b, "[the last]");
    close_pair(&p);
}

/* The codecs make the payloads: metadata of one piece is asked for and sent. */
static void on_metadata_request(void *user, struct btw_wire *wire, struct btw_slice payload, int64_t now_ms)
{
    struct btw_ut_metadata msg;
    uint8_t answer[100];
    size_t len;

    (void)user;
    OK(btw_ut_metadata_decode(&msg, payload, NULL));
    assert_int_equal(msg.msg_type, BTW_METADATA_REQUEST);
    msg = (struct btw_ut_metadata){
        .msg_type = BTW_METADATA_DATA, .has_total_size = true, .total_size = 6, .data = btw_slice_str("d1:a0e")
    };
    OK(btw_ut_metadata_encode(answer, sizeof answer, &len, &msg));
    OK(btw_wire_extended(wire, "ut_metadata", btw_slice_of(answer, len), now_ms));
}

static void codecs_fit(void **state)
{
    static const struct btw_wire_extension serves = { .name = "ut_metadata", .on_message = on_metadata_request };
    static const struct btw_wire_extension *const of_a[] = { &ut_metadata, NULL }, *const of_b[] = { &serves, NULL };
    struct btw_ut_metadata request = { .msg_type = BTW_METADATA_REQUEST };
    uint8_t payload[100];
    size_t len;

    (void)state;
    prepare_quietly();
    open_with(of_a, of_b);
    OK(btw_ut_metadata_encode(payload, sizeof payload, &len, &request));
    OK(btw_wire_extended(&p.a.wire, "ut_metadata", btw_slice_of(payload, len), p.now_ms));
    run(&p);
    expect(&p.a, "[d8:msg_typei1e5:piecei0e10:total_sizei6eed1:a0e]");
    close_pair(&p);
}

static void no_extensions_without_the_bit(void **state)
{
    static const struct btw_wire_extension *const all[] = { &talks, NULL };

    (void)state;
    prepare(&p);
    p.b.config.ext = false;
    open_with(all, all);
    expect(&p.a, "handshake, [handshake 01234567890123456789 -BB0001-bbbbbbbbbbbb], ready");
    assert_int_equal(say(&p.a, "talks", "x"), BTW_REFUSED);
    assert_int_equal(btw_wire_extended_handshake(&p.a.wire, p.now_ms), BTW_REFUSED);
    assert_int_equal(p.a.wire.session.breach, BTW_BREACH_EXT_OFF);
    OK(btw_wire_switch(&p.a.wire, "talks", false, p.now_ms)); /* nobody to tell */
    hear(&p.a, "extended ext=1 data=00", p.now_ms);
    expect(&p.a, "close breach");
    close_pair(&p);
}

/* An extension may end it all. */
static int ends_at;

static void end_at(struct btw_wire *wire, int at)
{
    if (at == ends_at)
        btw_wire_destroy(wire);
}

static void end_on_handshake(void *user, struct btw_wire *wire, const struct btw_msg *handshake, int64_t now_ms)
{
    (void)user, (void)handshake, (void)now_ms;
    end_at(wire, 0);
}

static void end_on_extended(void *user, struct btw_wire *wire, const struct btw_ext_handshake *hs, int64_t now_ms)
{
    (void)user, (void)hs, (void)now_ms;
    end_at(wire, 1);
}

static void end_on_message(void *user, struct btw_wire *wire, struct btw_slice payload, int64_t now_ms)
{
    (void)user, (void)payload, (void)now_ms;
    end_at(wire, 2);
}

static void an_extension_may_end_it(void **state)
{
    static const struct btw_wire_extension ends = { "listens", end_on_handshake, end_on_extended, end_on_message };
    static const struct btw_wire_extension *const of_a[] = { &listens, &talks, NULL };
    static const struct btw_wire_extension *const of_b[] = { &ends, &talks, NULL };
    static const char *const logs[] = {
        "handshake, close ours",
        "handshake, [handshake 01234567890123456789 -AA0001-aaaaaaaaaaaa], ready, close ours",
        ("handshake, [handshake 01234567890123456789 -AA0001-aaaaaaaaaaaa], ready, [extended handshake ], "
         "extended_handshake, close ours"),
    };

    (void)state;
    for (ends_at = 0; ends_at < 3; ends_at++) {
        prepare(&p);
        open_with(of_a, of_b);
        say(&p.a, "listens", "the end");
        run(&p);
        expect(&p.b, logs[ends_at]);
        close_pair(&p);
    }
}

/* BEP 54: without Fast a piece that is gone makes requests for it void; whoever is told may close, and then the
 * extension is not called any more. */
static void close_on_void(struct end *end, const struct btw_wire_event *event)
{
    if (event->kind == BTW_WIRE_VOID)
        btw_wire_close(&end->wire, BTW_CLOSE_OURS);
}

static void a_piece_may_go(void **state)
{
    static const struct btw_wire_extension donthave = { .name = "lt_donthave", .on_message = on_message };
    static const struct btw_wire_extension *const all[] = { &donthave, NULL };

    (void)state;
    for (int close = 0; close < 2; close++) {
        prepare_quietly();
        p.a.config.fast = false;
        open_with(all, all);
        p.a.quiet = false;
        p.a.on = close ? close_on_void : NULL;
        hear(&p.a, "bitfield bits=ffc0", p.now_ms);
        hear(&p.a, "unchoke", p.now_ms);
        OK(btw_wire_interested(&p.a.wire, p.now_ms));
        OK(btw_wire_request(&p.a.wire, (struct btw_block){ 5, 0, 10 }, p.now_ms));
        hear(&p.a, "extended ext=1 data=00000005", p.now_ms);
        assert_false(btw_party_has(&p.a.wire.session, BTW_THEM, 5));
        if (close)
            expect(&p.a, "bitfield, unchoke, void 5:0+10, choke, close ours");
        else
            assert_non_null(strstr(p.a.log, "void 5:0+10, ["));
        close_pair(&p);
    }
}

static void ids_of_nobody_are_not_sent(void **state)
{
    static const struct btw_wire_extension *const all[] = { &silent, NULL };

    (void)state;
    prepare_quietly();
    open_with(all, all);
    for (uint8_t id = 1; id < 4; id++)
        assert_int_equal(btw_wire_send(&p.a.wire, &(struct btw_msg){ .type = BTW_EXTENDED, .ext = id }, p.now_ms),
                         id == 1 ? BTW_OK : BTW_REFUSED);
    assert_int_equal(p.a.wire.session.breach, BTW_BREACH_EXT_ID);
    run(&p);
    close_pair(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_three_are_called),
        cmocka_unit_test(ids_are_managed_both_ways),
        cmocka_unit_test(the_extended_handshake_is_canonical),
        cmocka_unit_test(handshakes_add_up),
        cmocka_unit_test(what_is_off_stays_off),
        cmocka_unit_test(one_may_come_later),
        cmocka_unit_test(there_is_room_for_sixteen),
        cmocka_unit_test(codecs_fit),
        cmocka_unit_test(no_extensions_without_the_bit),
        cmocka_unit_test(an_extension_may_end_it),
        cmocka_unit_test(a_piece_may_go),
        cmocka_unit_test(ids_of_nobody_are_not_sent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

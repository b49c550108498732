/* SPDX-License-Identifier: MIT
 *
 * The decent peer: what it says to whom, and what it costs.
 */
#include "peer_talk.h"

static const struct conversation conversations[] = {
    /* clang-format off */
    { "a seed with Fast says have_all", "base", BTW_SEED, "[fast]", NULL, 0,
      { "< handshake reserved=[ext fast]", "< have_all", "<" } },
    { "a seed without Fast sends a bitfield without spare bits", "base", BTW_SEED, "[]", NULL, 0,
      { "< handshake", "< bitfield bits=fffffffffc", "<" } },
    { "a leech with Fast says have_none", "base", BTW_LEECH, "[fast]", NULL, 0, { "< handshake", "< have_none",
      "<" } },
    { "a leech without Fast and pieces says nothing", "base", BTW_LEECH, "[]", NULL, 0, { "< handshake", "<" } },
    { "a magnet says hello and nothing about pieces", "base", BTW_MAGNET, "[ext fast]", NULL, 0,
      { "< handshake", "< extended ext=0 dict={m={ut_metadata=2 ut_pex=1} p=6881 reqq=500 v=", "<" } },
    { "no peer exchange on a private torrent", "priv", BTW_SEED, "[ext]", NULL, 0,
      { "< handshake", "< extended ext=0 dict={m={ut_metadata=2} metadata_size=", "< bitfield", "<" } },

    { "the canonical allowed-fast set, once", "three", BTW_SEED, "[fast]", NULL, 0,
      { "< handshake", "< have_all", "> have_none", "< allowed_fast piece=", "< allowed_fast piece=",
        "< allowed_fast piece=", "<",
        "> interested", "< unchoke", "<" } },
    { "an allowed-fast piece is served to a choked peer", "three", BTW_SEED, "[fast]", "slots", 0,
      { "< handshake", "< have_all", "> have_none", "< allowed_fast", "< allowed_fast", "< allowed_fast",
        "> request " BLOCK(1), "< piece piece=1 begin=0 data=", "<" } },
    { "others are rejected", "base", BTW_SEED, "[fast]", "allowed_fast", 0,
      { "< handshake", "< have_all", "> have_none", "> request " BLOCK(1), "< reject " BLOCK(1), "<" } },
    { "and get nothing without Fast", "base", BTW_SEED, "[]", NULL, 0,
      { "< handshake", "< bitfield", "> request " BLOCK(1), "<", "> interested", "< unchoke", "<" } },

    { "not interested: the slot is taken back, but not at once", "base", BTW_SEED, "[]", NULL, 0,
      { "< handshake", "< bitfield", "> interested", "< unchoke", "> not_interested", "<", "wait 9999", "<",
        "wait 1", "< choke",
        "> interested", "<", "wait 10000", "< unchoke", "<" } },
    { "a piece needs no second thought", "base", BTW_SEED, "[]", NULL, 0,
      { "< handshake", "< bitfield", "> interested", "< unchoke", "> request piece=37 begin=16384 length=3617",
        "< piece piece=37 begin=16384 data=", "> request piece=0 begin=1 length=1",
        "< piece piece=0 begin=1 data=", "<" } },
    { "a request behind the end closes without Fast", "base", BTW_SEED, "[]", NULL, 0,
      { "< handshake", "< bitfield", "> interested", "< unchoke", "> request piece=37 begin=16384 length=16384",
        "fin" } },
    { "and is rejected with Fast", "base", BTW_SEED, "[fast]", "allowed_fast", 0,
      { "< handshake", "< have_all", "> have_none", "> interested", "< unchoke",
        "> request piece=38 begin=0 length=16384",
        "< reject piece=38 begin=0 length=16384", "> request piece=0 begin=4294967295 length=2",
        "< reject piece=0 begin=4294967295 length=2", "<" } },
    { "32 KiB are refused", "base", BTW_SEED, "[fast]", "allowed_fast", 0,
      { "< handshake", "< have_all", "> have_none", "> interested", "< unchoke",
        "> request piece=0 begin=0 length=32768",
        "< reject piece=0 begin=0 length=32768", "<" } },
    { "a leech serves nothing it does not have", "base", BTW_LEECH, "[fast]", NULL, 0,
      { "< handshake", "< have_none", "> have_none", "> interested", "< unchoke", "> request " BLOCK(0),
        "< reject " BLOCK(0), "<" } },
    { "a magnet rejects blocks, too", "base", BTW_MAGNET, "[fast]", NULL, 0,
      { "< handshake", "> have_none", "> request " BLOCK(0), "< reject " BLOCK(0), "<" } },
    { "a stray cancel is ignored", "base", BTW_SEED, "[fast]", "allowed_fast", 0,
      { "< handshake", "< have_all", "> have_none", "> cancel " BLOCK(0), "<", "> interested", "< unchoke" } },

    { "metadata comes in pieces", "meta3", BTW_SEED, "[ext]", NULL, 0,
      { "< handshake", "< extended ext=0 dict={m={ut_metadata=2 ut_pex=1} metadata_size=40000", "< bitfield",
        "> extended ext=0 dict={m={ut_metadata=201}}", "> extended ext=2 dict={msg_type=0 piece=2}",
        "< extended ext=201 dict={msg_type=1 piece=2 total_size=40000} tail=",
        "> extended ext=2 dict={msg_type=0 piece=3}",
        "< extended ext=201 dict={msg_type=2 piece=3}", "> extended ext=2 dict={msg_type=0 piece=-1}",
        "< extended ext=201 dict={msg_type=2 piece=-1}", "> extended ext=2 dict={msg_type=9 piece=0}", "<",
        "> extended ext=0 dict={m={ut_metadata=0}}", "> extended ext=2 dict={msg_type=0 piece=0}", "<" } },
    { "a magnet rejects metadata requests", "meta3", BTW_MAGNET, "[ext]", NULL, 0,
      { "< handshake", "< extended", "> extended ext=0 dict={m={ut_metadata=7}}",
        "> extended ext=2 dict={msg_type=0 piece=0}",
        "< extended ext=7 dict={msg_type=2 piece=0}", "<" } },
    { "a magnet asks, pauses after a reject and asks again", "meta3", BTW_MAGNET, "[ext]", NULL, 0,
      { "< handshake", "< extended", "> extended ext=0 dict={m={ut_metadata=9} metadata_size=40000}",
        "< extended ext=9 dict={msg_type=0 piece=0}", "< extended ext=9 dict={msg_type=0 piece=1}",
        "< extended ext=9 dict={msg_type=0 piece=2}", "<", "> extended ext=2 dict={msg_type=2 piece=1}", "<",
        "wait 4999", "<",
        "wait 1", "< extended ext=9 dict={msg_type=0 piece=0}" } },
    { "no metadata of size 0 or beyond the limit", "meta3", BTW_MAGNET, "[ext]", NULL, 0,
      { "< handshake", "< extended", "> extended ext=0 dict={m={ut_metadata=9} metadata_size=0}", "<",
        "> extended ext=0 dict={metadata_size=8388609}", "<", "> extended ext=0 dict={metadata_size=-1}", "<",
        "> extended ext=0 dict={metadata_size=9223372036854775807}", "<" } },

    { "interest follows what they have", "three", BTW_LEECH, "[]", NULL, 0,
      { "< handshake", "> bitfield bits=00", "<", "> have piece=2", "< interested", "<", "> unchoke",
        "< request piece=2 begin=0 length=5000", "<" } },
    { "an unchoke before any have counts", "three", BTW_LEECH, "[]", NULL, 0,
      { "< handshake", "> unchoke", "<", "> have piece=2", "< interested",
        "< request piece=2 begin=0 length=5000", "<" } },
    { "a choke without Fast makes requests void", "three", BTW_LEECH, "[]", NULL, 0,
      { "< handshake", "> have piece=2", "< interested", "> unchoke", "< request piece=2", "> choke", "<",
        "> unchoke",
        "< request piece=2 begin=0 length=5000", "<" } },
    { "a choke with Fast does not", "three", BTW_LEECH, "[fast]", NULL, 0,
      { "< handshake", "< have_none", "> have_none", "> have piece=2", "< interested", "> unchoke",
        "< request piece=2", "> choke",
        "<", "> unchoke", "<", "> choke", "> reject piece=2 begin=0 length=5000", "<", "> unchoke",
        "< request piece=2 begin=0 length=5000", "<" } },
    { "a rejected block is asked for after a while", "three", BTW_LEECH, "[fast]", NULL, 0,
      { "< handshake", "< have_none", "> have_none", "> have piece=2", "< interested", "> unchoke",
        "< request piece=2",
        "> reject piece=2 begin=0 length=5000", "<", "wait 1999", "<", "wait 1",
        "< request piece=2 begin=0 length=5000", "<" } },
    { "allowed fast: only those, and only if they have them", "three", BTW_LEECH, "[fast]", NULL, 0,
      { "< handshake", "< have_none", "> have_none", "> allowed_fast piece=1", "<", "> have piece=2",
        "< interested", "<",
        "> allowed_fast piece=2", "< request piece=2 begin=0 length=5000", "<" } },
    { "what is late is cancelled", "three", BTW_LEECH, "[]", NULL, 0,
      { "< handshake", "> have piece=2", "< interested", "> unchoke", "< request piece=2", "wait 30000",
        "< cancel piece=2 begin=0 length=5000", "<", "wait 30000", "< request piece=2 begin=0 length=5000", "<" } },
    { "reqq bounds the pipeline", "base", BTW_LEECH, "[ext fast]", NULL, 0,
      { "< handshake", "< extended", "< have_none", "> extended ext=0 dict={reqq=2}", "> have_all",
        "< interested", "> unchoke",
        "< request", "< request", "<" } },

    { "unknown ids are ignored", "base", BTW_SEED, "[]", NULL, 0,
      { "< handshake", "< bitfield", "> raw 000000030a0102", "> interested", "< unchoke", "<" } },
    { "a known id of the wrong size closes", "base", BTW_SEED, "[]", NULL, 0,
      { "< handshake", "< bitfield", "> raw 0000000404000000", "fin" } },
    { "so does a length beyond all reason", "base", BTW_SEED, "[]", NULL, 0,
      { "< handshake", "< bitfield", "> raw ffffffff", "fin" } },
    { "a short bitfield closes", "base", BTW_SEED, "[]", NULL, 0, { "< handshake", "< bitfield",
      "> bitfield bits=ffffffff", "fin" } },
    { "spare bits close", "base", BTW_SEED, "[]", NULL, 0, { "< handshake", "< bitfield",
      "> bitfield bits=ffffffffff", "fin" } },
    { "have behind the end closes", "base", BTW_SEED, "[]", NULL, 0, { "< handshake", "< bitfield",
      "> have piece=38", "fin" } },
    { "a late bitfield is ignored", "base", BTW_SEED, "[]", NULL, 0,
      { "< handshake", "< bitfield", "> have piece=1", "> bitfield bits=ffffffffff", "<", "> interested",
        "< unchoke" } },
    { "have_all without Fast closes", "base", BTW_SEED, "[]", NULL, 0, { "< handshake", "< bitfield",
      "> have_all", "fin" } },
    { "an unsolicited piece closes with Fast", "base", BTW_LEECH, "[fast]", NULL, 0,
      { "< handshake", "< have_none", "> have_all", "< interested", "> piece piece=0 begin=0 data=0011", "fin" } },
    { "and is ignored without", "base", BTW_LEECH, "[]", NULL, 0,
      { "< handshake", "> piece piece=0 begin=0 data=0011", "<", "> have piece=1", "< interested" } },
    { "a reject nobody asked for closes", "base", BTW_SEED, "[fast]", NULL, 0,
      { "< handshake", "< have_all", "> have_all", "> reject " BLOCK(0), "fin" } },
    { "extended messages without the bit are ignored", "base", BTW_SEED, "[]", NULL, 0,
      { "< handshake", "< bitfield", "> extended ext=0 dict={m={ut_metadata=1}}", "<", "> interested",
        "< unchoke" } },
    { "bad bencoding is ignored", "base", BTW_SEED, "[ext]", NULL, 0,
      { "< handshake", "< extended", "< bitfield", "> raw 0000000414006431", "<", "> raw 00000003140269",
        "> interested",
        "< unchoke" } },
    { "seed and seed stay together", "base", BTW_SEED, "[fast]", NULL, 0,
      { "< handshake", "< have_all", "> have_all", "<", "wait 60000", "<" } },

    { "a keep-alive after 100 s of silence, an end after 180 of theirs", "base", BTW_SEED, "[]", NULL, 0,
      { "< handshake", "< bitfield", "wait 99999", "<", "wait 1", "< keepalive", "<", "wait 79999", "<", "wait 1",
        "fin" } },
    { "keep-alives keep", "base", BTW_SEED, "[]", NULL, 0,
      { "< handshake", "< bitfield", "wait 100000", "< keepalive", "> keepalive", "wait 100000", "< keepalive",
        "> keepalive",
        "wait 99999", "<" } },

    { "who does not read does not harm others", "base", BTW_SEED, "[]", NULL, 0,
      { "< handshake", "< bitfield", "> interested", "< unchoke", "stall 20", "other", "< handshake" } },
    { "a reset ends it", "base", BTW_SEED, "[]", NULL, 0, { "< handshake", "< bitfield", "rst-in", "rst" } },
    { "an allowed-fast piece declined is left alone", "three", BTW_LEECH, "[fast]", NULL, 0,
      { "< handshake", "< have_none", "> have_none", "> have piece=2", "< interested", "> allowed_fast piece=2",
        "< request", "> reject piece=2 begin=0 length=5000", "wait 5000", "<", "> unchoke", "< request piece=2" } },
    { "no answer to a cancel closes", "three", BTW_LEECH, "[fast]", NULL, 0,
      { "< handshake", "< have_none", "> have_none", "> have piece=2", "< interested", "> unchoke", "< request",
        "wait 30000", "< cancel", "wait 30000", "fin" } },
    { "the end game", "tiny", BTW_LEECH, "[]", NULL, 0,
      { "< handshake", "> have piece=0", "< interested", "> unchoke", "< request piece=0", "other", "< handshake",
        "> have piece=0", "< interested", "> unchoke", "< request piece=0", "answer", "< have piece=0",
        "< not_interested", "other", "< cancel piece=0 begin=0 length=100", "< have piece=0", "< not_interested",
        "<" } },
    { "a stray metadata reject is nothing", "meta3", BTW_MAGNET, "[ext]", NULL, 0,
      { "< handshake", "< extended", "> extended ext=2 dict={msg_type=2 piece=0}", "<",
        "> extended ext=0 dict={m={ut_metadata=9} metadata_size=100}", "< extended ext=9" } },
    { "another metadata size waits for its turn", "meta3", BTW_MAGNET, "[ext]", NULL, 0,
      { "< handshake", "< extended", "> extended ext=0 dict={m={ut_metadata=9} metadata_size=100}",
        "< extended ext=9", "other", "< handshake", "< extended",
        "> extended ext=0 dict={m={ut_metadata=8} metadata_size=200}", "<", "other",
        "> extended ext=2 dict={msg_type=2 piece=0}", "other", "< extended ext=8 dict={msg_type=0 piece=0}" } },
    /* clang-format on */
};

static void conversations_go_as_written(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof conversations / sizeof conversations[0]; i++) {
        void *t;

        setup(&t);
        converse(t, &conversations[i]);
        assert_int_equal(btw_host_refusals(((struct talk *)t)->host), 0);
        teardown(&t);
    }
}

/* --- bounds ----------------------------------------------------------------------------------------------------------
 */

/* Blocks are read only as far as the output has room; what is queued beyond is still answered, or rejected after a
 * cancel. */
static void a_reader_that_stalls_costs_little(void **state)
{
    struct talk *t = *state;
    size_t pieces = 0, rejects = 0;
    const char *line;
    char text[80];

    start(t, "f1313", BTW_SEED, NULL);
    greet(t, "[fast]");
    say(t, "have_all");
    say(t, "interested");
    for (int i = 0; i < 500; i++) {
        snprintf(text, sizeof text, "request piece=%d begin=0 length=16384", i);
        say(t, text);
    }
    assert_true(btw_peer_output(t->peer).len < 262144 + 2 * 16384);
    for (int i = 400; i < 500; i++) {
        snprintf(text, sizeof text, "cancel piece=%d begin=0 length=16384", i);
        say(t, text);
    }
    while (*(line = hear(t)) != '\0') {
        pieces += strncmp(line, "piece", 5) == 0;
        rejects += strncmp(line, "reject", 6) == 0;
    }
    assert_int_equal(pieces, 400);
    assert_int_equal(rejects, 100);
}

static void a_flood_that_is_not_read_ends(void **state)
{
    struct talk *t = *state;

    start(t, "base", BTW_SEED, NULL);
    greet(t, "[ext fast]");
    say(t, "have_all");
    for (int i = 0; i < 300000 && btw_peer_wants_end(t->peer) == BTW_END_NONE; i++) {
        say(t, "request piece=99 begin=0 length=16384");
        assert_true(btw_peer_output(t->peer).len <= 4194304);
    }
    assert_int_equal(btw_peer_wants_end(t->peer), BTW_END_RST);
    assert_int_equal(btw_peer_output(t->peer).len, 0);
}

/* 40000 bytes for an extension that nobody announced: more than is kept ready for a message, and no more than that. */
static void a_long_message_is_read_in_slices(void **state)
{
    struct talk *t = *state;
    static uint8_t wire[4 + 2 + 40000] = { 0x00, 0x00, 0x9c, 0x42, 20, 99 };

    start(t, "tiny", BTW_SEED, NULL);
    greet(t, "[ext]");
    while (*hear(t) != '\0')
        ;
    for (size_t at = 0; at < sizeof wire; at += 1001)
        btw_peer_received(t->peer, btw_slice_of(wire + at, sizeof wire - at < 1001 ? sizeof wire - at : 1001),
                          t->now_ms);
    assert_string_equal(hear(t), "");
    say(t, "interested");
    assert_string_equal(hear(t), "unchoke");
}

static void a_dead_host_is_dead(void **state)
{
    struct talk *t = *state;

    start(t, "tiny", BTW_SEED, NULL);
    assert_false(btw_host_dead(t->host));
    btw_host_crash(t->host);
    assert_true(btw_host_dead(t->host));
    assert_int_equal(btw_peer_wants_end(t->peer), BTW_END_RST);
    assert_null(btw_host_accept(t->host, &suite, t->now_ms));
    assert_int_equal(btw_host_deadline(t->host), INT64_MAX);
}

/* BEP 3: they have said all they want to say, and get what they asked for before. */
static void a_half_closed_peer_gets_its_blocks(void **state)
{
    struct talk *t = *state;
    size_t pieces = 0;
    const char *line;
    char text[80];

    start(t, "f1313", BTW_SEED, NULL);
    greet(t, "[]");
    say(t, "interested");
    for (int i = 0; i < 100; i++) {
        snprintf(text, sizeof text, "request piece=%d begin=0 length=16384", i);
        say(t, text);
    }
    btw_peer_received_end(t->peer, BTW_END_FIN, t->now_ms);
    while (strlen(line = hear(t)) > 3)
        pieces += strncmp(line, "piece", 5) == 0;
    assert_int_equal(pieces, 100);
    assert_string_equal(line, "fin");
}

/* Without Fast an oversized request has no answer; it must not keep the connection, either. */
static void a_half_closed_peer_is_let_go_of_whatever_it_asked_for(void **state)
{
    struct talk *t = *state;

    start(t, "base", BTW_SEED, NULL);
    greet(t, "[]");
    say(t, "interested");
    say(t, "request piece=0 begin=0 length=32768");
    while (strcmp(hear(t), "unchoke") != 0)
        ; /* behind the handshake and the bitfield */
    btw_peer_received_end(t->peer, BTW_END_FIN, t->now_ms);
    assert_string_equal(hear(t), "fin");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(conversations_go_as_written),
        cmocka_unit_test_setup_teardown(a_reader_that_stalls_costs_little, setup, teardown),
        cmocka_unit_test_setup_teardown(a_flood_that_is_not_read_ends, setup, teardown),
        cmocka_unit_test_setup_teardown(a_long_message_is_read_in_slices, setup, teardown),
        cmocka_unit_test_setup_teardown(a_dead_host_is_dead, setup, teardown),
        cmocka_unit_test_setup_teardown(a_half_closed_peer_gets_its_blocks, setup, teardown),
        cmocka_unit_test_setup_teardown(a_half_closed_peer_is_let_go_of_whatever_it_asked_for, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT
 *
 * Sessions, and the scenarios that come of them: as they should read, and then clean under lint, right for the
 * reference peer and failing by their own fault.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "lint.h"
#include "prove.h"
#include "record.h"
#include "tell.h"
#include "torrents.h"

#define HASH "00112233445566778899aabbccddeeff01234567"
#define DIALLER "d 0 handshake reserved=[ext fast] info_hash=" HASH " peer_id=\"-LT2080-abcdefghijkl\"\n"
#define ACCEPTOR "a 1 handshake reserved=[ext fast] info_hash=" HASH " peer_id=\"-TR3000-abcdefghijkl\"\n"
#define ASKED(piece) "d 5 request piece=" #piece " begin=0 length=2\n"
#define TOLD(piece) "a 5 piece piece=" #piece " begin=0 data=0102\n"

static const struct row {
    const char *what;
    enum btw_side play;
    const char *session, *scenario;
} rows[] = {
    { "few_questions_are_answered_by_name", BTW_DIALLER,
      DIALLER ACCEPTOR
      "d 2 extended ext=0 dict={m={ut_metadata=2 ut_pex=1} p=7003 v=\"libtorrent/2.0.8.0\" yourip=x\"7f000001\"}\n"
      "a 3 extended ext=0 dict={m={ut_metadata=3} metadata_size=716 reqq=512 v=\"Transmission 3.00\"}\n"
      "d 3 have_none\n"
      "a 4 have_all\n"
      "d 4 interested\n"
      "a 5 allowed_fast piece=3\n"
      "a 5 unchoke\n"
      "d 6 request piece=1 begin=16384 length=3\n"
      "d 8 request piece=2 begin=0 length=5\n"
      "d 9 request piece=99 begin=0 length=16384\n"
      "a 9 reject piece=99 begin=0 length=16384\n"
      "a 10 piece piece=2 begin=0 data=0102030405\n"
      "a 11 piece piece=1 begin=16384 data=010203\n"
      "a 11 piece piece=5 begin=0 data=01\n"
      "d 11 extended ext=3 dict={msg_type=0 piece=0}\n"
      "d 11 keepalive\n"
      "a 12 extended ext=2 dict={msg_type=1 piece=0 total_size=716} tail=00\n"
      "d 12 fin\n",
      "# libtorrent/2.0.8.0 dials Transmission 3.00: flow 0 of test.pcap\n"
      "# Not said: 1 keepalive (the scripted peer sends its own).\n"
      "# Not waited for: 1 piece, 1 allowed_fast (the target sends them or does not).\n"
      "scenario recorded.test\n"
      "  rule    BEP3-SRV-01\n"
      "  target  seed\n"
      "  needs   fast ext metadata\n"
      "  fault   tx piece drop  fails @blocks\n"
      "\n"
      "p1 dial\n"
      "p1 >  handshake reserved=[ext fast] info_hash=$t1 peer_id=\"-LT2080-\"+random(12)\n"
      "p1 <  handshake info_hash=$t1 within 15s\n"
      "p1 >  {\n"
      "  extended ext=0 dict={m={ut_metadata=2 ut_pex=1} v=\"libtorrent/2.0.8.0\"}\n"
      "  have_none\n"
      "}\n"
      "p1 <  extended ext=0 dict={m={ut_metadata=?ut_metadata}} within 15s\n"
      "p1 until announced == $t1.pieces within 30s\n"
      "p1 >  interested\n"
      "p1 until choking == 0 within 120s\n"
      "p1 >! {\n"
      "  request piece=1 begin=16384 length=3\n"
      "  request piece=2 begin=0 length=5\n"
      "  request piece=99 begin=0 length=16384\n"
      "}\n"
      "p1 anyorder within 60s  @blocks {\n"
      "  piece piece=1 begin=16384\n"
      "  piece piece=2 begin=0\n"
      "  reject piece=99 begin=0 length=16384\n"
      "}\n"
      "p1 >  extended ext=$ut_metadata dict={msg_type=0 piece=0}\n"
      "p1 <  extended ext=2 dict={msg_type=1 piece=0 total_size=$t1.metadata_size} tail=metadata($t1,0) within 60s\n"
      "p1 fin\n" },

    /* Sixteen pieces of one block, asked for in two goes. */
    { "many_questions_are_counted", BTW_DIALLER,
      DIALLER ACCEPTOR "a 2 bitfield bits=ffff\n"
                       "d 3 interested\n"
                       "a 4 unchoke\n" ASKED(0) ASKED(1) ASKED(2) ASKED(3) TOLD(0) TOLD(1)
                           TOLD(2) "d 5 have piece=0\n" TOLD(3) ASKED(4) ASKED(5) ASKED(6) ASKED(7) ASKED(8) ASKED(9)
                               TOLD(4) TOLD(5) TOLD(6) TOLD(7) TOLD(8) ASKED(11) ASKED(10) ASKED(9) ASKED(8) ASKED(13)
                                   ASKED(12) ASKED(14) ASKED(15) ASKED(0) ASKED(1) ASKED(2) ASKED(3) ASKED(4) ASKED(5)
                                       ASKED(6) ASKED(7) TOLD(9),
      "# libtorrent 2080 dials Transmission 3000: flow 0 of test.pcap\n"
      "scenario recorded.test\n"
      "  rule    BEP3-SRV-01\n"
      "  target  seed\n"
      "  needs   fast ext metadata\n"
      "  fault   tx piece drop  fails @blocks\n"
      "\n"
      "p1 dial\n"
      "p1 >  handshake reserved=[ext fast] info_hash=$t1 peer_id=\"-LT2080-\"+random(12)\n"
      "p1 <  handshake info_hash=$t1 within 15s\n"
      "p1 until announced == $t1.pieces within 30s\n"
      "p1 >  interested\n"
      "p1 until choking == 0 within 120s\n"
      "p1 >! request piece=$i begin=0 length=2 wire times=10\n"
      "p1 until unanswered <= 1 within 60s  @blocks\n"
      "p1 >  have piece=0\n"
      "p1 >  request piece=11-$i begin=0 length=2 wire times=4\n"
      "p1 >  {\n"
      "  request piece=13 begin=0 length=2\n"
      "  request piece=12 begin=0 length=2\n"
      "  request piece=14 begin=0 length=2\n"
      "  request piece=15 begin=0 length=2\n"
      "}\n"
      "p1 >  request piece=$i begin=0 length=2 wire times=8\n"
      "p1 until unanswered <= 16 within 60s\n"
      "check p1.wrong == 0\n"
      "check p1.rejects == 0\n" },

    { "a_leech_asks_in_its_own_order", BTW_ACCEPTOR,
      DIALLER ACCEPTOR "d 2 have_none\n"
                       "a 2 have_all\n"
                       "d 3 interested\n"
                       "a 4 unchoke\n"
                       "d 5 request piece=1 begin=0 length=3\n"
                       "a 6 piece piece=1 begin=0 data=010203\n"
                       "d 7 have piece=1\n"
                       "d 8 request piece=0 begin=0 length=3\n"
                       "a 9 piece piece=0 begin=0 data=010203\n"
                       "d 10 fin\n",
      "# Transmission 3000 is dialled by libtorrent 2080: flow 0 of test.pcap\n"
      "# Not said: 2 piece (the scripted peer answers by itself).\n"
      "# Not waited for: 1 have (the target sends them or does not).\n"
      "scenario recorded.test\n"
      "  rule    BEP3-REQ-01\n"
      "  target  leech\n"
      "  needs   fast ext dials\n"
      "  fault   tx request drop  fails @requests\n"
      "\n"
      "p1 listen\n"
      "p1 accept within 120s\n"
      "p1 <  handshake info_hash=$t1 within 15s\n"
      "p1 >  handshake reserved=[ext fast] info_hash=$t1 peer_id=\"-TR3000-\"+random(12)\n"
      "p1 >  have_all\n"
      "p1 until interested == 1 within 60s\n"
      "p1 >! unchoke\n"
      "p1 until requests >= 2 within 120s  @requests\n" },

    { "a_handshake_is_a_session", BTW_DIALLER, DIALLER ACCEPTOR "a 2 have_all\n",
      "# libtorrent 2080 dials Transmission 3000: flow 0 of test.pcap\n"
      "scenario recorded.test\n"
      "  rule    BEP3-HS-02\n"
      "  needs   fast ext metadata\n"
      "  fault   rx handshake close  fails @handshake\n"
      "\n"
      "p1 dial\n"
      "p1 >! handshake reserved=[ext fast] info_hash=$t1 peer_id=\"-LT2080-\"+random(12)\n"
      "p1 <  handshake info_hash=$t1 within 15s  @handshake\n"
      "p1 until announced == $t1.pieces within 30s\n" },

    { "four_in_a_row_are_a_run", BTW_DIALLER,
      DIALLER ACCEPTOR "d 2 request piece=0 begin=16384 length=16384\n"
                       "d 2 request piece=1 begin=0 length=16384\n"
                       "d 2 request piece=1 begin=16384 length=16384\n"
                       "d 2 request piece=2 begin=0 length=16384\n"
                       "d 3 have piece=9\n"
                       "d 3 have piece=7\n"
                       "d 3 have piece=5\n"
                       "d 3 suggest piece=9\n"
                       "d 3 suggest piece=7\n"
                       "d 3 suggest piece=5\n"
                       "d 3 suggest piece=3\n",
      "# libtorrent 2080 dials Transmission 3000: flow 0 of test.pcap\n"
      "scenario recorded.test\n"
      "  rule    BEP3-HS-02\n"
      "  needs   fast ext\n"
      "  fault   rx handshake close  fails @handshake\n"
      "\n"
      "p1 dial\n"
      "p1 >! handshake reserved=[ext fast] info_hash=$t1 peer_id=\"-LT2080-\"+random(12)\n"
      "p1 <  handshake info_hash=$t1 within 15s  @handshake\n"
      "p1 >  request piece=($i+1)/2 begin=($i+1)%2*16384 length=16384 wire times=4\n"
      "p1 >  {\n"
      "  have piece=9\n"
      "  have piece=7\n"
      "  have piece=5\n"
      "}\n"
      "p1 >  suggest piece=9-$i*2 wire times=4\n" },

    /* The block came before it was asked for: nobody's question was answered. */
    { "no_answer_is_no_service", BTW_ACCEPTOR,
      DIALLER ACCEPTOR "a 2 piece piece=0 begin=0 data=0102\n"
                       "d 3 request piece=0 begin=0 length=2\n",
      "# Transmission 3000 is dialled by libtorrent 2080: flow 0 of test.pcap\n"
      "scenario recorded.test\n"
      "  rule    BEP3-HS-02\n"
      "  needs   fast ext dials\n"
      "  fault   tx handshake hang  fails @handshake\n"
      "\n"
      "p1 listen\n"
      "p1 accept! within 120s\n"
      "p1 <  handshake info_hash=$t1 within 15s  @handshake\n"
      "p1 >  handshake reserved=[ext fast] info_hash=$t1 peer_id=\"-TR3000-\"+random(12)\n"
      "p1 >  piece piece=0 begin=0 data=0102\n" },

    /* It tells of others; it refuses what the scripted peer, who is there for that, gives. */
    { "what_is_not_said_again_is_told", BTW_ACCEPTOR,
      DIALLER ACCEPTOR "d 2 extended ext=0 dict={m={ut_pex=7 ut_holepunch=8}}\n"
                       "a 2 extended ext=0 dict={m={ut_pex=1}}\n"
                       "a 2 have_all\n"
                       "d 2 interested\n"
                       "a 3 unchoke\n"
                       "a 3 extended ext=7 dict={added=x\"7f0000011ae1\"}\n"
                       "a 3 extended ext=8 data=00\n"
                       "d 3 request piece=0 begin=0 length=2\n"
                       "a 4 reject piece=0 begin=0 length=2\n"
                       "a 4 reject piece=1 begin=0 length=2\n"
                       "a 4 keepalive\n",
      "# Transmission 3000 is dialled by libtorrent 2080: flow 0 of test.pcap\n"
      "# Not said: 1 keepalive (the scripted peer sends its own).\n"
      "# Not said: 1 reject (the scripted peer answers by itself).\n"
      "# Not said: 1 ut_holepunch, 1 ut_pex (they name peers that are not there).\n"
      "scenario recorded.test\n"
      "  rule    BEP3-REQ-01\n"
      "  target  leech\n"
      "  needs   fast ext dials\n"
      "  fault   tx request drop  fails @requests\n"
      "\n"
      "p1 listen\n"
      "p1 accept within 120s\n"
      "p1 <  handshake info_hash=$t1 within 15s\n"
      "p1 >  handshake reserved=[ext fast] info_hash=$t1 peer_id=\"-TR3000-\"+random(12)\n"
      "p1 >  {\n"
      "  extended ext=0 dict={m={ut_pex=1}}\n"
      "  have_all\n"
      "}\n"
      "p1 <  extended ext=0 dict={} within 15s\n"
      "p1 until interested == 1 within 60s\n"
      "p1 >! unchoke\n"
      "p1 until requests >= 1 within 120s  @requests\n"
      "p1 >  reject piece=1 begin=0 length=2\n" },

    { "who_hangs_up_on_a_message_does_it_again", BTW_DIALLER, DIALLER ACCEPTOR "d 2 raw 00000002ff00\na 3 rst\n",
      "# libtorrent 2080 dials Transmission 3000: flow 0 of test.pcap\n"
      "scenario recorded.test\n"
      "  rule    BEP3-HS-02\n"
      "  needs   fast ext\n"
      "  fault   rx handshake close  fails @handshake\n"
      "\n"
      "p1 dial\n"
      "p1 >! handshake reserved=[ext fast] info_hash=$t1 peer_id=\"-LT2080-\"+random(12)\n"
      "p1 <  handshake info_hash=$t1 within 15s  @handshake\n"
      "p1 >  raw 00000002ff00\n"
      "p1 closes within 60s\n" },
};

/* A session of a seed, for a replay. */
#define SERVED                                                                                                         \
    DIALLER ACCEPTOR "d 2 interested\n"                                                                                \
                     "a 3 have_all\n"                                                                                  \
                     "a 4 unchoke\n"                                                                                   \
                     "d 5 request piece=0 begin=0 length=2\n"                                                          \
                     "d 5 request piece=1 begin=0 length=2\n"                                                          \
                     "a 15 piece piece=0 begin=0 data=0102\n"                                                          \
                     "a 15 piece piece=1 begin=0 data=0304\n"

/* It asks for a piece that it is allowed while it is choked. */
#define ALLOWED                                                                                                        \
    DIALLER ACCEPTOR "d 2 have_none\n"                                                                                 \
                     "a 2 have_all\n"                                                                                  \
                     "a 2 allowed_fast piece=0\n"                                                                      \
                     "d 3 interested\n"                                                                                \
                     "d 3 request piece=0 begin=0 length=2\n"                                                          \
                     "a 4 piece piece=0 begin=0 data=0102\n"                                                           \
                     "a 5 unchoke\n"

static const struct replay_row {
    const char *what;
    const char *session;
    struct cap_record_config config;
    const char *steps; /* without comment and header */
} replays[] = {
    { "content_that_is_known_is_served",
      SERVED,
      { .play = BTW_ACCEPTOR, .serves = true, .sized = true },
      "p1 listen\n"
      "p1 accept within 120s\n"
      "p1 <  handshake info_hash=$t1 within 15s else warn\n"
      "p1 >  handshake reserved=[ext fast] info_hash=$t1 peer_id=\"-TR3000-\"+random(12)\n"
      "p1 if fast {\n"
      "  p1 >  have_all\n"
      "}\n"
      "p1 if not fast {\n"
      "  p1 >  bitfield bits=bits($t1)\n"
      "}\n"
      "p1 until interested == 1 within 60s else warn\n"
      "p1 >! unchoke\n"
      "p1 until requests >= 2 within 120s else warn  @requests\n" },
    { "content_that_is_not_known_is_that_of_the_capture",
      SERVED,
      { .play = BTW_ACCEPTOR, .keep = true, .percent = 50 },
      "p1 listen\n"
      "p1 accept within 120s\n"
      "p1 <  handshake info_hash=" HASH " within 15s else warn\n"
      "p1 >  handshake reserved=[ext fast] info_hash=" HASH " peer_id=2d5452333030302d6162636465666768696a6b6c\n"
      "p1 if fast {\n"
      "  p1 >  have_all\n"
      "}\n"
      "p1 until interested == 1 within 60s else warn\n"
      "p1 >! unchoke\n"
      "p1 until requests >= 2 within 120s else warn  @requests\n"
      "wait 5ms \"as captured\"\n"
      "p1 >  {\n"
      "  piece piece=0 begin=0 data=0102\n"
      "  piece piece=1 begin=0 data=0304\n"
      "}\n" },
    { "bytes",
      SERVED,
      { .play = BTW_ACCEPTOR, .exact = true, .sized = true },
      "p1 listen\n"
      "p1 accept within 120s\n"
      "p1 <  handshake info_hash=$t1 within 15s else warn\n"
      "p1 >  raw "
      "x\"13426974546f7272656e742070726f746f636f6c0000000000100004\"+$t1.info_hash+x\"2d5452333030302d\"+random(12)\n"
      "p1 >  raw x\"000000010e\"\n"
      "p1 until interested == 1 within 60s else warn\n"
      "p1 >! raw x\"0000000101\"\n"
      "p1 until requests >= 2 within 120s else warn  @requests\n"
      "p1 >  {\n"
      "  raw x\"0000000b0700000000000000000102\"\n"
      "  raw x\"0000000b0700000001000000000304\"\n"
      "}\n" },
    { "who_was_unchoked_later_asks_later",
      ALLOWED,
      { .play = BTW_DIALLER, .sized = true },
      "p1 dial\n"
      "p1 >  handshake reserved=[ext fast] info_hash=$t1 peer_id=\"-LT2080-\"+random(12)\n"
      "p1 <  handshake info_hash=$t1 within 15s else warn\n"
      "p1 if fast {\n"
      "  p1 >  have_none\n"
      "}\n"
      "p1 until announced == $t1.pieces within 30s else warn\n"
      "p1 >  interested\n"
      "p1 until choking == 0 within 120s else warn\n"
      "p1 >! request piece=0 begin=0 length=2\n"
      "p1 <  piece piece=0 begin=0 within 60s else warn  @blocks\n" },
    { "bytes_are_asked_with_when_they_were",
      ALLOWED,
      { .play = BTW_DIALLER, .sized = true, .exact = true },
      "p1 dial\n"
      "p1 >  raw "
      "x\"13426974546f7272656e742070726f746f636f6c0000000000100004\"+$t1.info_hash+x\"2d4c54323038302d\"+random(12)\n"
      "p1 <  handshake info_hash=$t1 within 15s else warn\n"
      "p1 >  raw x\"000000010f\"\n"
      "p1 until announced == $t1.pieces within 30s else warn\n"
      "p1 >! {\n"
      "  raw x\"0000000102\"\n"
      "  raw x\"0000000d06000000000000000000000002\"\n"
      "}\n"
      "p1 <  piece piece=0 begin=0 within 60s else warn  @blocks\n"
      "p1 until choking == 0 within 120s else warn\n" },
};

static void is_replayed(void **state)
{
    const struct replay_row *row = *state;
    struct cap_tapes tapes;
    char error[300] = "";
    struct scn_arena *arena = scn_arena_new();
    struct cap_record_config config = row->config;
    config.name = "recorded.test";
    config.source = "test.pcap";
    config.goes_on = true;
    tell(&tapes, row->session);
    const char *text = cap_record(arena, cap_tapes_pick(&tapes, error, sizeof error), &config, error, sizeof error);
    assert_string_equal(error, "");
    assert_string_equal(strstr(text, config.play == BTW_ACCEPTOR ? "p1 listen" : "p1 dial"), row->steps);
    scn_arena_free(arena);
    cap_tapes_free(&tapes);
}

static void complain(void *user, const struct scn_place *place, const char *text)
{
    (void)user;
    print_error("%u: %s\n", place->line, text);
}

/* It is clean; and if the reference peer can do what is asked, it passes, and fails on its fault. */
static void is_a_scenario(const char *text, bool proven)
{
    struct scn_error error;
    struct scn_script *script = scn_script_parse("recorded.scn", text, strlen(text), &error);
    assert_non_null(script);
    assert_int_equal(scn_lint(script, complain, NULL), 0);
    struct scn_item item = { .scenario = &script->scenarios[0], .id = script->scenarios[0].name };
    struct scn_prove_config config = { .verbose = true, .seed = 1 };
    if (proven)
        assert_true(scn_prove(&item, 1, &config, stderr).ok);
    scn_script_free(script);
}

static void is_recorded(void **state)
{
    const struct row *row = *state;
    struct cap_tapes tapes;
    char error[300] = "";
    struct scn_arena *arena = scn_arena_new();
    struct cap_record_config config = {
        .play = row->play, .name = "recorded.test", .source = "test.pcap", .sized = true, .serves = true
    };
    tell(&tapes, row->session);
    const struct cap_tape *tape = cap_tapes_pick(&tapes, error, sizeof error);
    assert_non_null(tape);
    const char *text = cap_record(arena, tape, &config, error, sizeof error);
    assert_string_equal(error, "");
    assert_string_equal(text, row->scenario);
    is_a_scenario(text, strstr(text, "closes") == NULL);
    scn_arena_free(arena);
    cap_tapes_free(&tapes);
}

/* A block that nobody asked for is no content of the torrent: its bytes lie beside the scenario. */
static void long_payloads_go_into_a_file(void **state)
{
    enum { LEN = 600 };
    char session[4 * LEN] = DIALLER ACCEPTOR "a 2 piece piece=0 begin=0 data=0102\na 3 piece piece=7 begin=0 data=";
    char error[300] = "";
    struct cap_tapes tapes;
    struct scn_arena *arena = scn_arena_new();
    struct cap_record_side side = { .name = "test.bin" };
    struct cap_record_config config = {
        .play = BTW_ACCEPTOR, .name = "recorded.test", .source = "test.pcap", .sized = true, .side = &side
    };
    (void)state;
    for (size_t i = 0; i < LEN; i++)
        snprintf(session + strlen(session), 3, "%02x", (unsigned)(i & 0xff));
    snprintf(session + strlen(session), sizeof session - strlen(session), "\n");
    tell(&tapes, session);
    const char *text = cap_record(arena, cap_tapes_pick(&tapes, error, sizeof error), &config, error, sizeof error);
    assert_non_null(strstr(text, "  piece piece=0 begin=0 data=0102\n"
                                 "  piece piece=7 begin=0 data=file(\"test.bin\",0,600)\n"));
    assert_int_equal(side.len, LEN);
    for (size_t i = 0; i < LEN; i++)
        assert_int_equal(side.bytes[i], i & 0xff);
    free(side.bytes);
    scn_arena_free(arena);
    cap_tapes_free(&tapes);
}

static void a_corrupt_piece_is_served_corrupt(void **state)
{
    char error[300] = "";
    struct cap_tapes tapes;
    struct scn_torrents torrents = { 0 };
    struct scn_arena *arena = scn_arena_new();
    assert_true(scn_torrents_add_fixture(&torrents, "tiny", 0));
    struct cap_record_config config = { .play = BTW_ACCEPTOR,
                                        .name = "recorded.test",
                                        .source = "test.pcap",
                                        .torrent = &torrents.list[0],
                                        .sized = true,
                                        .serves = true };
    (void)state;
    tell(&tapes, DIALLER ACCEPTOR "a 2 have_all\nd 3 interested\na 3 unchoke\nd 4 request piece=0 begin=0 length=2\n"
                                  "a 5 piece piece=0 begin=0 data=0102\n");
    const char *text = cap_record(arena, cap_tapes_pick(&tapes, error, sizeof error), &config, error, sizeof error);
    assert_non_null(strstr(text, "\np1 serve all corrupt=0\n"));
    is_a_scenario(text, true);
    scn_torrents_free(&torrents);
    scn_arena_free(arena);
    cap_tapes_free(&tapes);
}

int main(void)
{
    enum { ROWS = sizeof rows / sizeof rows[0], REPLAYS = sizeof replays / sizeof replays[0] };
    struct CMUnitTest tests[ROWS + REPLAYS + 2] = { { 0 } };
    for (size_t i = 0; i < ROWS; i++)
        tests[i] = (struct CMUnitTest){ rows[i].what, is_recorded, NULL, NULL, (void *)&rows[i] };
    for (size_t i = 0; i < REPLAYS; i++)
        tests[ROWS + i] = (struct CMUnitTest){ replays[i].what, is_replayed, NULL, NULL, (void *)&replays[i] };
    tests[ROWS + REPLAYS] = (struct CMUnitTest)cmocka_unit_test(long_payloads_go_into_a_file);
    tests[ROWS + REPLAYS + 1] = (struct CMUnitTest)cmocka_unit_test(a_corrupt_piece_is_served_corrupt);
    return _cmocka_run_group_tests("record", tests, ROWS + REPLAYS + 2, NULL, NULL);
}

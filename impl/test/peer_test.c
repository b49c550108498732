/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "btw/notation.h"
#include "btw/peer.h"
#include "btw/stream.h"

/* --- a scripted client against one host ------------------------------------------------------------------------------
 */

struct talk {
    const struct btw_fixture *fixture;
    struct btw_policy policy;
    struct btw_host *host;
    struct btw_peer *peer;
    int64_t now_ms;
    struct btw_stream stream;
    uint8_t buffer[1 << 17];
    char line[400];
};

/* Making a fixture hashes all of it, so each is made once. */
static const struct btw_fixture *fixture_named(const char *name)
{
    static struct btw_fixture made[8];
    size_t i = 0;

    while (i < 8 && made[i].torrent.len > 0 && strcmp(made[i].name, name) != 0)
        i++;
    assert_true(i < 8);
    if (made[i].torrent.len == 0)
        assert_int_equal(btw_fixture_make(&made[i], name, 0), BTW_OK);
    return &made[i];
}

static const struct btw_address suite = { { 127, 0, 0, 9 }, 4, 40001 };

static void start(struct talk *t, const char *fixture, enum btw_role role, const uint8_t *have)
{
    t->fixture = fixture_named(fixture);
    t->host = btw_host_new(&t->policy, 7, 6881);
    assert_non_null(t->host);
    assert_int_equal(btw_host_add(t->host, t->fixture, role, have), BTW_OK);
    t->peer = btw_host_accept(t->host, &suite, t->now_ms);
    assert_non_null(t->peer);
    btw_stream_init(&t->stream, t->buffer, sizeof t->buffer, BTW_LEN_MAX_DEFAULT, true);
}

static int setup(void **state)
{
    struct talk *t = calloc(1, sizeof *t);

    btw_policy_init(&t->policy);
    t->now_ms = 1000;
    *state = t;
    return 0;
}

static int teardown(void **state)
{
    struct talk *t = *state;

    btw_host_free(t->host);
    free(t);
    return 0;
}

static void say(struct talk *t, const char *text)
{
    uint8_t scratch[4096], wire[8192];
    struct btw_diag diag;
    struct btw_msg msg;
    size_t len;

    if (btw_msg_parse(&msg, scratch, sizeof scratch, text, strlen(text), &diag) != BTW_OK)
        fail_msg("%s: %s", text, diag.text);
    assert_int_equal(btw_msg_encode(wire, sizeof wire, &len, &msg), BTW_OK);
    btw_peer_received(t->peer, btw_slice_of(wire, len), t->now_ms);
}

static void greet(struct talk *t, const char *reserved)
{
    struct btw_msg msg = { .type = BTW_HANDSHAKE };
    uint8_t wire[68];
    size_t len;

    assert_int_equal(btw_text_reserved(msg.reserved, btw_slice_str(reserved), NULL), BTW_OK);
    memcpy(msg.info_hash, t->fixture->meta.info_hash, 20);
    memcpy(msg.peer_id, "-CF0001-000000000001", 20);
    assert_int_equal(btw_msg_encode(wire, sizeof wire, &len, &msg), BTW_OK);
    btw_peer_received(t->peer, btw_slice_of(wire, len), t->now_ms);
}

/* The next message of the host as text, "" when there is none, "fin" or "rst" at the end. */
static const char *hear(struct talk *t)
{
    struct btw_slice out = btw_peer_output(t->peer), in = out;
    struct btw_msg msg;
    size_t len;

    if (btw_stream_next(&t->stream, &in, &msg, NULL) == BTW_OK) {
        assert_int_equal(btw_msg_print(t->line, sizeof t->line, &len, &msg, BTW_PRINT_BRIEF), BTW_OK);
        btw_peer_sent(t->peer, out.len - in.len);
        return t->line;
    }
    btw_peer_sent(t->peer, out.len);
    switch (btw_peer_wants_end(t->peer)) {
    case BTW_END_NONE:
        return "";
    case BTW_END_FIN:
        return "fin";
    default:
        return "rst";
    }
}

static void pass(struct talk *t, int64_t ms)
{
    t->now_ms += ms;
    btw_host_tick(t->host, t->now_ms);
}

/* --- conversations ---------------------------------------------------------------------------------------------------
 */

/* One step: "> message" is said, "< message" must come next (a prefix will do),
"<" nothing may come, "fin" or "rst" is
 * the end, "wait N" lets N ms pass. */
struct conversation {
    const char *name;
    const char *fixture;
    enum btw_role role;
    const char *reserved;
    const char *policy; /* one entry that differs, or NULL */
    int64_t value;
    const char *steps[24];
};

#define BLOCK(n) "piece=" #n " begin=0 length=16384"

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
    /* clang-format on */
};

/* What single entries of the policy change: each row goes wrong in its own way. */
static const struct conversation faults[] = {
    /* clang-format off */
    { "assigned bits", "base", BTW_SEED, "[location]", "odd_reserved", 0, { "< handshake", "< bitfield" } },
    { "an unassigned bit closes", "base", BTW_SEED, "[bit1]", "odd_reserved", 0, { "< handshake", "fin" } },
    { "a cut-off message is filled up", "base", BTW_SEED, "[]", "pad_at_end", 1,
      { "< handshake", "< bitfield", "> interested", "< unchoke", "bytes 0000000d060000000000000000000040",
        "fin-in", "< piece", } },
    { "the queue is served after the choke", "base", BTW_SEED, "[]", "void_on_choke", 0,
      { "< handshake", "< bitfield", "> interested", "< unchoke", "stall 30", "> not_interested", "wait 10000",
        "unread 16", "< choke",
        "< piece", "< piece" } },
    { "no rejects after a choke", "base", BTW_SEED, "[fast]", "reject_on_choke", 0,
      { "< handshake", "< have_all", "> have_all", "> interested", "< unchoke", "stall 30", "> not_interested",
        "wait 10000",
        "unread 16", "< choke", "<" } },
    { "the choke comes first", "base", BTW_SEED, "[fast]", NULL, 0,
      { "< handshake", "< have_all", "> have_all", "> interested", "< unchoke", "stall 17", "> not_interested",
        "wait 10000",
        "unread 16", "< choke", "< reject", "<" } },
    { "or last", "base", BTW_SEED, "[fast]", "choke_first", 0,
      { "< handshake", "< have_all", "> have_all", "> interested", "< unchoke", "stall 17", "> not_interested",
        "wait 10000",
        "unread 16", "< reject", "< choke", "<" } },
    { "a repeated request is a crash", "base", BTW_SEED, "[]", "repeated_request", 6,
      { "< handshake", "< bitfield", "> interested", "< unchoke", "stall 18",
        "> request piece=17 begin=0 length=16384", "rst" } },
    { "a cancelled block never comes again", "base", BTW_SEED, "[]", "cancel_for_ever", 1,
      { "< handshake", "< bitfield", "> interested", "< unchoke", "stall 18",
        "> cancel piece=17 begin=0 length=16384", "unread 17",
        "> request piece=17 begin=0 length=16384", "<", "> request piece=18 begin=0 length=16384",
        "< piece piece=18" } },
    { "a changed id is forgotten", "base", BTW_SEED, "[ext]", "ext_change", 0,
      { "< handshake", "< extended", "< bitfield", "> extended ext=0 dict={m={ut_metadata=3}}",
        "> extended ext=0 dict={m={ut_metadata=4}}", "> extended ext=2 dict={msg_type=0 piece=0}", "<" } },
    { "a missing one becomes ours", "base", BTW_SEED, "[ext]", "ext_missing", 1,
      { "< handshake", "< extended", "< bitfield", "> extended ext=0 dict={m={ut_metadata=3}}",
        "> extended ext=0 dict={m={}}",
        "> extended ext=2 dict={msg_type=0 piece=0}", "< extended ext=2" } },
    { "names in capitals are taken", "base", BTW_SEED, "[ext]", "ext_case", 0,
      { "< handshake", "< extended", "< bitfield", "> extended ext=0 dict={m={UT_Metadata=3}}",
        "> extended ext=2 dict={msg_type=0 piece=0}", "< extended ext=3" } },
    { "ids are cut to a byte", "base", BTW_SEED, "[ext]", "ext_wrap_ids", 1,
      { "< handshake", "< extended", "< bitfield", "> extended ext=0 dict={m={ut_metadata=259}}",
        "> extended ext=2 dict={msg_type=0 piece=0}", "< extended ext=3" } },
    { "piece numbers come round", "base", BTW_SEED, "[ext]", "metadata_wrap", 1,
      { "< handshake", "< extended", "< bitfield", "> extended ext=0 dict={m={ut_metadata=3}}",
        "> extended ext=2 dict={msg_type=0 piece=4294967296}",
        "< extended ext=3 dict={msg_type=1 piece=4294967296" } },
    { "extra keys silence it", "base", BTW_SEED, "[ext]", "metadata_keys", 0,
      { "< handshake", "< extended", "< bitfield", "> extended ext=0 dict={m={ut_metadata=3}}",
        "> extended ext=2 dict={msg_type=0 piece=0 zz=1}", "<", "> extended ext=2 dict={msg_type=0 piece=0}",
        "< extended ext=3" } },
    { "half of the metadata is served", "meta3", BTW_MAGNET, "[ext]", "metadata_partial", 1,
      { "< handshake", "< extended", "> extended ext=0 dict={m={ut_metadata=9} metadata_size=40000}",
        "< extended", "< extended",
        "< extended", "> extended ext=2 dict={msg_type=0 piece=0}",
        "< extended ext=9 dict={msg_type=1 piece=0 total_size=40000}" } },
    { "the first size is final", "meta3", BTW_MAGNET, "[ext]", "metadata_resize", 0,
      { "< handshake", "< extended", "> extended ext=0 dict={m={ut_metadata=9} metadata_size=100}",
        "< extended ext=9",
        "> extended ext=2 dict={msg_type=2 piece=0}", "> extended ext=0 dict={metadata_size=40000}", "wait 5000",
        "<" } },
    { "the latest total_size counts", "meta3", BTW_MAGNET, "[ext]", "metadata_size_last", 1,
      { "< handshake", "< extended", "> extended ext=0 dict={m={ut_metadata=9} metadata_size=100}",
        "< extended ext=9",
        "> extended ext=2 dict={msg_type=1 piece=0 total_size=20000} tail=00",
        "< extended ext=9 dict={msg_type=0 piece=0}",
        "< extended ext=9 dict={msg_type=0 piece=1}", "<" } },
    { "a short piece is never asked for again", "meta3", BTW_MAGNET, "[ext]", "metadata_retry", 0,
      { "< handshake", "< extended", "> extended ext=0 dict={m={ut_metadata=9} metadata_size=100}",
        "< extended ext=9",
        "> extended ext=2 dict={msg_type=1 piece=0 total_size=100} tail=00", "wait 14000", "<" } },
    { "wrong metadata is a crash", "meta3", BTW_MAGNET, "[ext]", "on_metadata_bad", 2,
      { "< handshake", "< extended", "> extended ext=0 dict={m={ut_metadata=9} metadata_size=100}",
        "< extended ext=9",
        "> extended ext=2 dict={msg_type=1 piece=0 total_size=100} tail=00", "rst" } },
    { "or what nobody asked for", "meta3", BTW_MAGNET, "[ext]", "on_metadata_unasked", 1,
      { "< handshake", "< extended", "> extended ext=2 dict={msg_type=1 piece=0 total_size=100} tail=00", "fin" } },

    { "requests without interest", "three", BTW_LEECH, "[]", "request_interested", 0,
      { "< handshake", "> unchoke", "> have piece=2", "< interested", "< request" } },
    { "a second bitfield is everything", "three", BTW_LEECH, "[]", "second_bitfield", 1,
      { "< handshake", "> bitfield bits=00", "> unchoke", "<", "> bitfield bits=00", "< interested", "< request" } },
    { "a suggestion is an announcement", "three", BTW_LEECH, "[fast]", "suggest_has", 1,
      { "< handshake", "< have_none", "> have_none", "> suggest piece=2", "< interested" } },
    { "any reject of the piece will do", "three", BTW_LEECH, "[fast]", "reject_exact", 0,
      { "< handshake", "< have_none", "> have_none", "> have piece=2", "< interested", "> unchoke", "< request",
        "> reject piece=2 begin=1 length=1", "<", "wait 2000", "< request" } },
    { "any length of a block will do", "three", BTW_LEECH, "[]", "block_exact", 0,
      { "< handshake", "> have piece=2", "< interested", "> unchoke", "< request", "> piece piece=2 begin=0 data=00",
        "< request piece=2 begin=0 length=5000" } },
    { "answers in another order close", "three", BTW_LEECH, "[]", "block_order", 1,
      { "< handshake", "> have piece=0", "< interested", "> have piece=2", "> unchoke", "< request", "< request",
        "first-last", "fin" } },
    { "an answer behind a cancel closes", "three", BTW_LEECH, "[fast]", "on_cancelled_piece", 1,
      { "< handshake", "< have_none", "> have_none", "> have piece=2", "< interested", "> unchoke", "< request",
        "wait 30000",
        "< cancel", "first-last", "fin" } },
    { "no availability of ours", "three", BTW_SEED, "[fast]", "availability", 0, { "< handshake", "<" } },
    { "have_all without the bit", "three", BTW_SEED, "[]", "availability", 3, { "< handshake", "< have_all" } },
    { "have_none of a seed", "three", BTW_SEED, "[fast]", "availability", 4, { "< handshake", "< have_none" } },
    { "hints behind the end", "three", BTW_SEED, "[fast]", "on_bad_hint", 1,
      { "< handshake", "< have_all", "> have_all", "> suggest piece=3", "fin" } },
    { "no availability", "three", BTW_SEED, "[fast]", "on_missing_availability", 3,
      { "< handshake", "< have_all", "> interested", "<" } },
    { "have twice", "three", BTW_SEED, "[]", "on_have_twice", 2,
      { "< handshake", "< bitfield", "> have piece=0", "> have piece=0", "rst" } },
    { "a state twice", "three", BTW_SEED, "[]", "on_repeated_state", 1, { "< handshake", "< bitfield", "> choke",
      "fin" } },
    { "allowed fast behind an unchoke", "three", BTW_SEED, "[fast]", "on_late_allowed_fast", 1,
      { "< handshake", "< have_all", "> have_all", "> unchoke", "> allowed_fast piece=0", "fin" } },
    { "suggestions", "three", BTW_SEED, "[fast]", "on_suggest", 1,
      { "< handshake", "< have_all", "> have_all", "> suggest piece=0", "fin" } },
    { "ports", "three", BTW_SEED, "[]", "on_port", 1, { "< handshake", "< bitfield", "> port port=5", "fin" } },
    { "port 0", "three", BTW_SEED, "[]", "on_port_zero", 1, { "< handshake", "< bitfield", "> port port=0", "fin" } },
    { "unknown extended ids", "three", BTW_SEED, "[ext]", "on_unknown_ext", 1,
      { "< handshake", "< extended", "< bitfield", "> extended ext=99 dict={}", "fin" } },
    { "a late extended handshake", "three", BTW_SEED, "[ext]", "on_ext_late", 1,
      { "< handshake", "< extended", "< bitfield", "> interested", "< unchoke", "> extended ext=0 dict={}", "fin" } },
    { "unknown names", "three", BTW_SEED, "[ext]", "on_ext_unknown_name", 1,
      { "< handshake", "< extended", "< bitfield", "> extended ext=0 dict={m={zz=1}}", "fin" } },
    { "odd values", "three", BTW_SEED, "[ext]", "on_ext_odd_value", 1,
      { "< handshake", "< extended", "< bitfield", "> extended ext=0 dict={reqq=\"a\"}", "fin" } },
    { "lists", "three", BTW_SEED, "[ext]", "on_ext_list", 1,
      { "< handshake", "< extended", "< bitfield", "> extended ext=0 dict={a=[]}", "fin" } },
    { "one id for two", "three", BTW_SEED, "[ext]", "on_ext_same_id", 1,
      { "< handshake", "< extended", "< bitfield", "> extended ext=0 dict={m={a=1 b=1}}", "fin" } },
    /* clang-format on */
};

/* Steps that need more than one message. */
static bool special(struct talk *t, const char *step)
{
    char text[100];

    if (strncmp(step, "stall ", 6) == 0) { /* asks for N blocks and reads nothing */
        for (int i = 0; i < atoi(step + 6); i++) {
            snprintf(text, sizeof text, "request piece=%d begin=0 length=16384", i);
            say(t, text);
        }
    } else if (strncmp(step, "unread ", 7) == 0) { /* reads N blocks */
        for (int i = 0; i < atoi(step + 7); i++)
            assert_int_equal(strncmp(hear(t), "piece", 5), 0);
    } else if (strncmp(step, "bytes ", 6) == 0) {
        uint8_t bytes[100];
        size_t len;
        assert_int_equal(btw_text_bytes(bytes, sizeof bytes, &len, btw_slice_str(step + 6), NULL), BTW_OK);
        btw_peer_received(t->peer, btw_slice_of(bytes, len), t->now_ms);
    } else if (strcmp(step, "fin-in") == 0) {
        btw_peer_received_end(t->peer, BTW_END_FIN, t->now_ms);
    } else if (strcmp(step, "first-last") == 0) { /* answers the request heard last, or the one behind its cancel */
        struct btw_msg msg;
        uint8_t block[BTW_BLOCK_SIZE] = { 0 }, wire[BTW_BLOCK_SIZE + 13];
        size_t len;
        char *name = strchr(t->line, ' ');
        snprintf(text, sizeof text, "request%s", name != NULL ? name : "");
        assert_int_equal(btw_msg_parse(&msg, block, sizeof block, text, strlen(text), NULL), BTW_OK);
        msg.type = BTW_PIECE;
        msg.data = btw_slice_of(block, msg.length);
        assert_int_equal(btw_msg_encode(wire, sizeof wire, &len, &msg), BTW_OK);
        btw_peer_received(t->peer, btw_slice_of(wire, len), t->now_ms);
    } else {
        return false;
    }
    return true;
}

static void converse(struct talk *t, const struct conversation *row)
{
    if (row->policy != NULL)
        assert_int_equal(btw_policy_set(&t->policy, row->policy, row->value), BTW_OK);
    start(t, row->fixture, row->role, NULL);
    greet(t, row->reserved);
    for (size_t i = 0; row->steps[i] != NULL; i++) {
        const char *step = row->steps[i], *heard;

        if (strncmp(step, "> ", 2) == 0) {
            say(t, step + 2);
        } else if (strncmp(step, "wait ", 5) == 0) {
            pass(t, atoll(step + 5));
        } else if (!special(t, step)) {
            const char *want = step[0] == '<' ? step + 1 + (step[1] == ' ') : step;
            heard = hear(t);
            if (strncmp(heard, want, strlen(want)) != 0 || (*want == '\0' && *heard != '\0'))
                fail_msg("%s, step %zu: want \"%s\", heard \"%s\"", row->name, i, want, heard);
        }
    }
}

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

static void faults_go_wrong_as_written(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        void *t;

        setup(&t);
        converse(t, &faults[i]);
        teardown(&t);
    }
}

/* --- handshakes ------------------------------------------------------------------------------------------------------
 */

static void raw_handshake(struct talk *t, uint8_t wire[68])
{
    memcpy(wire,
           "\x13"
           "BitTorrent protocol\0\0\0\0\0\0\0\0",
           28);
    memcpy(wire + 28, t->fixture->meta.info_hash, 20);
    memcpy(wire + 48, "-CF0001-000000000001", 20);
}

static void the_answer_comes_after_48_bytes(void **state)
{
    struct talk *t = *state;
    uint8_t wire[68];

    start(t, "tiny", BTW_SEED, NULL);
    raw_handshake(t, wire);
    for (size_t i = 0; i < 68; i++) {
        assert_int_equal(btw_peer_output(t->peer).len, i < 48 ? 0 : 68);
        btw_peer_received(t->peer, btw_slice_of(wire + i, 1), t->now_ms);
    }
    assert_int_equal(btw_peer_output(t->peer).len, 68 + 4 + 1 + 1); /* and the bitfield */
    assert_memory_equal(btw_peer_output(t->peer).data + 28, t->fixture->meta.info_hash, 20);
}

static void wrong_handshakes_close_without_a_byte(void **state)
{
    static const size_t wrong[] = { 0, 1, 19, 28, 47 };
    uint8_t wire[68];

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        void *v;
        struct talk *t;

        setup(&v);
        t = v;
        start(t, "tiny", BTW_SEED, NULL);
        raw_handshake(t, wire);
        wire[wrong[i]] ^= 1;
        btw_peer_received(t->peer, btw_slice_of(wire, sizeof wire), t->now_ms);
        assert_int_equal(btw_peer_output(t->peer).len, 0);
        assert_int_equal(btw_peer_wants_end(t->peer), BTW_END_FIN);
        teardown(&v);
    }
}

static void silence_is_not_waited_for(void **state)
{
    struct talk *t = *state;

    start(t, "tiny", BTW_SEED, NULL);
    assert_int_equal(btw_host_deadline(t->host), 31000);
    pass(t, 29999);
    assert_int_equal(btw_peer_wants_end(t->peer), BTW_END_NONE);
    pass(t, 1);
    assert_int_equal(btw_peer_wants_end(t->peer), BTW_END_RST);
    assert_int_equal(btw_host_deadline(t->host), INT64_MAX);
}

static void our_own_id_closes(void **state)
{
    struct talk *t = *state;
    uint8_t wire[68];

    start(t, "tiny", BTW_SEED, NULL);
    raw_handshake(t, wire);
    memcpy(wire + 48, btw_host_peer_id(t->host), 20);
    btw_peer_received(t->peer, btw_slice_of(wire, sizeof wire), t->now_ms);
    assert_int_equal(btw_peer_wants_end(t->peer), BTW_END_FIN);
}

/* A dialling host speaks first, then nothing until the answer has come, and checks what it knows of the other side. */
static void dialling(void **state)
{
    static const struct {
        size_t flip; /* a byte of the answer, 68: none */
        bool known_id;
        enum btw_end end;
    } rows[] = {
        { 68, true, BTW_END_NONE }, { 30, false, BTW_END_FIN }, { 60, true, BTW_END_FIN }, { 60, false, BTW_END_NONE }
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct btw_address to;
        uint8_t wire[69] = { 0 };
        struct talk *t;
        void *v;

        setup(&v);
        t = v;
        start(t, "tiny", BTW_SEED, NULL);
        btw_host_learn(t->host, t->fixture->meta.info_hash, &suite,
                       rows[i].known_id ? (const uint8_t *)"-CF0001-000000000001" : NULL, t->now_ms);
        t->peer = btw_host_next_dial(t->host, &to);
        assert_non_null(t->peer);
        assert_int_equal(to.port, suite.port);
        assert_null(btw_host_next_dial(t->host, &to));
        btw_peer_connected(t->peer, t->now_ms);
        assert_int_equal(btw_peer_output(t->peer).len, 68);
        raw_handshake(t, wire);
        if (rows[i].flip < 68)
            wire[rows[i].flip] ^= 1;
        btw_peer_received(t->peer, btw_slice_of(wire, 68), t->now_ms);
        assert_int_equal(btw_peer_wants_end(t->peer), rows[i].end);
        teardown(&v);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(conversations_go_as_written),
        cmocka_unit_test(faults_go_wrong_as_written),
        cmocka_unit_test_setup_teardown(the_answer_comes_after_48_bytes, setup, teardown),
        cmocka_unit_test(wrong_handshakes_close_without_a_byte),
        cmocka_unit_test_setup_teardown(silence_is_not_waited_for, setup, teardown),
        cmocka_unit_test_setup_teardown(our_own_id_closes, setup, teardown),
        cmocka_unit_test(dialling),
        cmocka_unit_test_setup_teardown(a_reader_that_stalls_costs_little, setup, teardown),
        cmocka_unit_test_setup_teardown(a_flood_that_is_not_read_ends, setup, teardown),
        cmocka_unit_test_setup_teardown(a_dead_host_is_dead, setup, teardown),
        cmocka_unit_test_setup_teardown(a_half_closed_peer_gets_its_blocks, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

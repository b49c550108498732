/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "btw/notation.h"
#include "btw/session.h"

enum { PIECES = 10, PENDING = 3 };

/* Ten pieces of 32 KiB, the last of 5000 bytes; what happens is written down as text. */
struct bench {
    struct btw_session session;
    uint8_t maps[4][2];
    struct btw_pending pending[2][PENDING];
    struct btw_session_config config;
    int64_t now_ms;
    char events[1000];
};

static void on_event(void *user, const struct btw_session_event *event)
{
    static const char *const names[] = { "choke",     "unchoke",   "interested",   "not-interested", "availability",
                                         "have",      "dont-have", "request",      "answered",       "rejected",
                                         "cancelled", "voided",    "allowed-fast", "extensions",     "upload-only",
                                         "late",      "keepalive", "idle" };
    struct bench *b = user;
    size_t len = strlen(b->events);

    snprintf(b->events + len, sizeof b->events - len, "%s%s %s", len > 0 ? ", " : "",
             event->who == BTW_US ? "we" : "they", names[event->kind]);
    len = strlen(b->events);
    if (event->block.length > 0)
        snprintf(b->events + len, sizeof b->events - len, " %u:%u+%u%s", event->block.piece, event->block.begin,
                 event->block.length, event->given_up ? " given-up" : "");
    else if (event->kind == BTW_EVENT_HAVE || event->kind == BTW_EVENT_DONTHAVE ||
             event->kind == BTW_EVENT_ALLOWED_FAST)
        snprintf(b->events + len, sizeof b->events - len, " %u", event->block.piece);
}

static void open_bench(struct bench *b, bool known, bool permissive)
{
    *b = (struct bench){ .now_ms = 5000 };
    b->config = (struct btw_session_config){
        .geometry = { known ? PIECES : 0, known ? 32768 : 0, known ? 9 * 32768 + 5000 : 0, NULL },
        .map_size = 2,
        .have = { b->maps[0], b->maps[1] },
        .allowed_fast = { b->maps[2], b->maps[3] },
        .pending = { b->pending[0], b->pending[1] },
        .pending_cap = { PENDING, PENDING },
        .request_timeout_ms = 30000,
        .keepalive_ms = 100000,
        .idle_ms = 180000,
        .permissive = permissive,
        .event = on_event,
        .user = b,
    };
    btw_session_init(&b->session, &b->config, b->now_ms);
}

/* ">" is sent, "<" is received; returns what speaks against it. */
static enum btw_breach play(struct bench *b, const char *line)
{
    uint8_t scratch[1000];
    struct btw_diag diag = { .text = "" };
    struct btw_msg msg;
    enum btw_status status;

    if (btw_msg_parse(&msg, scratch, sizeof scratch, line + 2, strlen(line + 2), &diag) != BTW_OK)
        fail_msg("%s: %s", line, diag.text);
    status = line[0] == '>' ? btw_session_send(&b->session, &msg, b->now_ms, &diag)
                            : btw_session_received(&b->session, &msg, b->now_ms, &diag);
    if (status == BTW_OK)
        return BTW_BREACH_NONE;
    assert_int_equal(status, BTW_REFUSED);
    assert_non_null(strstr(diag.text, btw_breach_text(b->session.breach)));
    return b->session.breach;
}

static void greet(struct bench *b, const char *reserved)
{
    char line[200];

    for (int i = 0; i < 2; i++) {
        snprintf(line, sizeof line,
                 "%c handshake reserved=%s info_hash=0000000000000000000000000000000000000000 "
                 "peer_id=\"-CF0001-000000000001\"",
                 "><"[i], reserved);
        assert_int_equal(play(b, line), BTW_BREACH_NONE);
    }
}

/* One row: a session with these reserved bits on both sides; all lines but the last are right, the last is judged; then
 * the events of the last line. */
struct row {
    const char *reserved;
    const char *lines[8];
    enum btw_breach breach;
    const char *events;
};

static void check_rows(const struct row *rows, size_t count)
{
    for (size_t r = 0; r < count; r++) {
        struct bench b;
        enum btw_breach breach = BTW_BREACH_NONE;

        open_bench(&b, true, false);
        greet(&b, rows[r].reserved);
        for (size_t i = 0; rows[r].lines[i] != NULL; i++) {
            if (breach != BTW_BREACH_NONE)
                fail_msg("row %zu line %zu: %s", r, i - 1, btw_breach_text(breach));
            b.events[0] = '\0';
            breach = play(&b, rows[r].lines[i]);
        }
        if (breach != rows[r].breach)
            fail_msg("row %zu: \"%s\" instead of \"%s\"", r, btw_breach_text(breach), btw_breach_text(rows[r].breach));
        if (strcmp(b.events, rows[r].events) != 0)
            fail_msg("row %zu: \"%s\" instead of \"%s\"", r, b.events, rows[r].events);
    }
}

#define ASK(n) "piece=" #n " begin=0 length=16384"
#define OK BTW_BREACH_NONE
#define B(name) BTW_BREACH_##name

/* clang-format off */
static const struct row plain[] = { /* BEP 3 */
    { "[]", { "< choke" }, OK, "they choke" },
    { "[]", { "< unchoke" }, OK, "they unchoke" },
    { "[]", { "> interested" }, OK, "we interested" },
    { "[]", { "> not_interested" }, OK, "we not-interested" },
    { "[]", { "< bitfield bits=ffc0" }, OK, "they availability" },
    { "[]", { "< bitfield bits=ff" }, B(BITFIELD_SIZE), "" },
    { "[]", { "< bitfield bits=ffc000" }, B(BITFIELD_SIZE), "" },
    { "[]", { "< bitfield bits=ffe0" }, B(SPARE_BITS), "" },
    { "[]", { "< have piece=1", "< bitfield bits=ffc0" }, B(LATE_AVAILABILITY), "" },
    { "[]", { "> bitfield bits=0000", "> bitfield bits=ffc0" }, B(LATE_AVAILABILITY), "" },
    { "[]", { "< have piece=9" }, OK, "they have 9" },
    { "[]", { "< have piece=10" }, B(INDEX), "" },
    { "[]", { "< have piece=4294967295" }, B(INDEX), "" },
    { "[]", { "> have piece=9", "> have piece=9" }, B(HAVE_TWICE), "" },
    { "[]", { "< have piece=1", "> interested", "> request " ASK(1) }, B(CHOKED), "" },
    { "[]", { "< have piece=1", "< unchoke", "> request " ASK(1) }, B(NOT_INTERESTED), "" },
    { "[]", { "< have piece=1", "< unchoke", "> interested", "> request " ASK(1) }, OK, "we request 1:0+16384" },
    { "[]", { "< have piece=1", "< unchoke", "> interested", "> request " ASK(2) }, B(NOT_ANNOUNCED), "" },
    { "[]", { "< have piece=9", "< unchoke", "> interested", "> request " ASK(9) }, B(RANGE), "" },
    { "[]", { "< have piece=9", "< unchoke", "> interested", "> request piece=9 begin=4999 length=1" },
      OK, "we request 9:4999+1" },
    { "[]", { "< have piece=9", "< unchoke", "> interested", "> request piece=9 begin=4999 length=4294967295" },
      B(RANGE), "" },
    { "[]", { "< have piece=9", "< unchoke", "> interested", "> request piece=9 begin=0 length=0" }, B(RANGE), "" },
    { "[]", { "< have piece=1", "< unchoke", "> interested", "> request " ASK(1), "> request " ASK(1) },
      B(REQUEST_TWICE), "" },
    { "[]", { "< have piece=1", "< unchoke", "> interested", "> request " ASK(1), "< choke" },
      OK, "they choke, we voided 1:0+16384" },
    { "[]", { "< have piece=1", "< unchoke", "> interested", "> request piece=1 begin=0 length=2",
      "< piece piece=1 begin=0 data=0011" }, OK,
      "we answered 1:0+2" },
    { "[]",
      { "< have piece=1", "< unchoke", "> interested", "> request piece=1 begin=0 length=2",
        "< piece piece=1 begin=0 data=0011",
        "< piece piece=1 begin=0 data=0011" },
      B(PIECE_UNASKED), "" },
    { "[]", { "< have piece=1", "< unchoke", "> interested", "> request piece=1 begin=0 length=2",
      "< piece piece=1 begin=0 data=00" },
      B(PIECE_UNASKED), "" },
    { "[]", { "< piece piece=9 begin=4999 data=0011" }, B(RANGE), "" },
    { "[]", { "< piece piece=10 begin=0 data=00" }, B(RANGE), "" },
    { "[]", { "< have piece=1", "< unchoke", "> interested", "> request " ASK(1), "> cancel " ASK(1) },
      OK, "we cancelled 1:0+16384" },
    { "[]", { "> cancel " ASK(1) }, B(CANCEL_UNASKED), "" },
    { "[]", { "< cancel " ASK(1) }, B(CANCEL_UNASKED), "" },
    { "[]", { "< request " ASK(1) }, B(NOT_ANNOUNCED), "" },
    { "[]", { "> bitfield bits=ffc0", "< request " ASK(1) }, B(CHOKED), "" },
    { "[]", { "> bitfield bits=ffc0", "> unchoke", "< request " ASK(1) }, OK, "they request 1:0+16384" },
    { "[]", { "> bitfield bits=ffc0", "> unchoke", "< request " ASK(1), "< request " ASK(1) },
      OK, "they request 1:0+16384" },
    { "[]", { "> bitfield bits=ffc0", "> unchoke", "> piece piece=1 begin=0 data=00" }, B(PIECE_UNASKED), "" },
    { "[]", { "> bitfield bits=ffc0", "> unchoke", "< request piece=1 begin=7 length=1",
      "> piece piece=1 begin=7 data=00" }, OK,
      "they answered 1:7+1" },
    { "[]", { "> bitfield bits=ffc0", "> unchoke", "< request " ASK(1), "> choke" },
      OK, "we choke, they voided 1:0+16384" },
    { "[]", { "> bitfield bits=ffc0", "> unchoke", "< request " ASK(1), "< request " ASK(2), "< request " ASK(3),
      "< request " ASK(4) },
      B(TOO_MANY), "" },
    { "[]", { "> port port=1" }, B(DHT_OFF), "" },
    { "[dht]", { "> port port=1" }, OK, "" },
    { "[]", { "> extended ext=0 dict={}" }, B(EXT_OFF), "" },
    { "[]", { "> keepalive" }, OK, "" },
    { "[]", { "> raw 000000020a00" }, OK, "" },
};

static const struct row fast[] = { /* BEP 6 */
    { "[]", { "> have_all" }, B(FAST_OFF), "" },
    { "[]", { "< suggest piece=1" }, B(FAST_OFF), "" },
    { "[]", { "< reject " ASK(1) }, B(FAST_OFF), "" },
    { "[fast]", { "< have_all" }, OK, "they availability" },
    { "[fast]", { "< have_all", "< have_none" }, B(LATE_AVAILABILITY), "" },
    { "[fast]", { "< have_all", "> interested", "> request " ASK(1) }, B(CHOKED), "" },
    { "[fast]", { "< have_all", "> interested", "< allowed_fast piece=1" }, OK, "they allowed-fast 1" },
    { "[fast]", { "< have_all", "> interested", "< allowed_fast piece=1", "> request " ASK(1) },
      OK, "we request 1:0+16384" },
    { "[fast]", { "< have_all", "> interested", "< allowed_fast piece=1", "> request " ASK(2) }, B(CHOKED), "" },
    { "[fast]", { "< have_none", "> interested", "< allowed_fast piece=1", "> request " ASK(1) },
      B(NOT_ANNOUNCED), "" },
    { "[fast]", { "> allowed_fast piece=1", "> allowed_fast piece=1" }, B(HAVE_TWICE), "" },
    { "[fast]", { "< allowed_fast piece=10" }, B(INDEX), "" },
    { "[fast]", { "> suggest piece=1" }, B(NOT_ANNOUNCED), "" },
    { "[fast]", { "> have_all", "> suggest piece=1" }, OK, "" },
    { "[fast]", { "< have_all", "> interested", "< unchoke", "> request " ASK(1), "< choke" }, OK, "they choke" },
    { "[fast]", { "< have_all", "> interested", "< unchoke", "> request " ASK(1), "< choke", "< reject " ASK(1) }, OK,
      "we rejected 1:0+16384" },
    { "[fast]", { "< have_all", "> interested", "< unchoke", "> request " ASK(1),
      "< reject piece=1 begin=0 length=16383" },
      B(REJECT_UNASKED), "" },
    { "[fast]", { "< have_all", "> interested", "< unchoke", "> request " ASK(1), "> cancel " ASK(1),
      "< reject " ASK(1) }, OK,
      "we rejected 1:0+16384 given-up" },
    { "[fast]", { "< have_all", "> interested", "< unchoke", "> request " ASK(1), "> cancel " ASK(1),
      "> cancel " ASK(1) },
      B(CANCEL_UNASKED), "" },
    { "[fast]", { "> have_all", "< request " ASK(1) }, OK, "they request 1:0+16384" },
    { "[fast]", { "> have_all", "< request " ASK(1), "> reject " ASK(1) }, OK, "they rejected 1:0+16384" },
    { "[fast]", { "> have_all", "< request piece=1 begin=0 length=1", "> piece piece=1 begin=0 data=00" },
      B(CHOKED), "" },
    { "[fast]", { "> have_all", "> allowed_fast piece=1", "< request piece=1 begin=0 length=1",
      "> piece piece=1 begin=0 data=00" }, OK,
      "they answered 1:0+1" },
    /* refused, and owed an answer all the same */
    { "[fast]", { "> have_none", "< request " ASK(10) }, B(INDEX), "they request 10:0+16384" },
    { "[fast]", { "> have_all", "> unchoke", "< request piece=1 begin=0 length=1",
      "< cancel piece=1 begin=0 length=1",
                  "> piece piece=1 begin=0 data=00" }, OK, "they answered 1:0+1 given-up" },
};

static const struct row extensions[] = { /* BEP 10 */
    { "[ext]", { "< extended ext=0 dict={m={ut_pex=3}}" }, OK, "they extensions" },
    { "[ext]", { "> extended ext=3 dict={}" }, B(EXT_ID), "" },
    { "[ext]", { "< extended ext=0 dict={m={ut_pex=3}}", "> extended ext=3 dict={}" }, OK, "" },
    { "[ext]", { "< extended ext=0 dict={m={ut_pex=3}}", "< extended ext=0 dict={m={ut_metadata=4}}",
      "> extended ext=3 dict={}" }, OK, "" },
    { "[ext]", { "< extended ext=0 dict={m={ut_pex=3}}", "< extended ext=0 dict={m={ut_pex=5}}",
      "> extended ext=3 dict={}" }, B(EXT_ID), "" },
    { "[ext]", { "< extended ext=0 dict={m={ut_pex=3}}", "< extended ext=0 dict={m={ut_pex=0}}",
      "> extended ext=3 dict={}" }, B(EXT_ID), "" },
    { "[ext]", { "< extended ext=0 dict={m={ut_pex=259}}", "> extended ext=3 dict={}" }, B(EXT_ID), "" },
    { "[ext]", { "> extended ext=0 dict={m={ut_pex=1}}", "< extended ext=1 dict={}" }, OK, "" },
    { "[ext]", { "> extended ext=0 dict={m={ut_pex=1}}", "< extended ext=2 dict={}" }, B(EXT_ID), "" },
    { "[ext]", { "> extended ext=0 dict={}", "> bitfield bits=ffc0" }, OK, "we availability" },
};

#define DONT_HAVE "extended ext=0 dict={m={lt_donthave=7}}"

static const struct row donthave[] = { /* BEP 54; the receiver's id counts, whatever the sender has announced */
    { "[ext]", { "> " DONT_HAVE, "< bitfield bits=ffc0", "< extended ext=7 data=00000003" }, OK, "they dont-have 3" },
    { "[ext]", { "< " DONT_HAVE, "> bitfield bits=ffc0", "> extended ext=7 data=00000003" }, OK, "we dont-have 3" },
    { "[ext]", { "< " DONT_HAVE, "< bitfield bits=ffc0", "< extended ext=7 data=00000003" }, B(EXT_ID), "" },
    { "[ext]", { "> " DONT_HAVE, "< bitfield bits=ffc0", "< extended ext=7 data=00000003", "< have piece=3" },
      OK, "they have 3" },
    { "[ext]", { "> " DONT_HAVE, "< bitfield bits=ffc0", "< extended ext=7 data=00000003", "< have piece=4" },
      B(HAVE_TWICE), "" },
    { "[ext]", { "> " DONT_HAVE, "< bitfield bits=ffc0", "< extended ext=7 data=00000003",
      "< extended ext=7 data=00000003" }, B(NOT_HELD), "" },
    { "[ext]", { "< " DONT_HAVE, "> bitfield bits=8000", "> extended ext=7 data=00000001" }, B(NOT_HELD), "" },
    { "[ext]", { "> " DONT_HAVE, "< bitfield bits=ffc0", "< extended ext=7 data=0000000a" }, B(INDEX), "" },
    { "[ext]", { "> " DONT_HAVE, "< bitfield bits=ffc0", "< extended ext=7 data=ffffffff" }, B(INDEX), "" },
    { "[ext]", { "> " DONT_HAVE, "< bitfield bits=ffc0", "< extended ext=7 data=000003" }, B(EXT_LAYOUT), "" },
    { "[ext]", { "> " DONT_HAVE, "< bitfield bits=ffc0", "< extended ext=7 data=0000000300" }, B(EXT_LAYOUT), "" },
    /* without Fast the requests for the piece are void, and no others; with Fast they are still owed an answer */
    { "[ext]", { "> " DONT_HAVE, "< bitfield bits=ffc0", "< unchoke", "> interested", "> request " ASK(2),
      "> request " ASK(3), "< extended ext=7 data=00000003" }, OK, "they dont-have 3, we voided 3:0+16384" },
    { "[ext]", { "> " DONT_HAVE, "< bitfield bits=ffc0", "< unchoke", "> interested", "> request " ASK(3),
      "< extended ext=7 data=00000003", "> request " ASK(3) }, B(NOT_ANNOUNCED), "" },
    { "[ext]", { "< " DONT_HAVE, "> bitfield bits=ffc0", "> unchoke", "< request " ASK(3),
      "> extended ext=7 data=00000003", "< request " ASK(3) }, B(NOT_ANNOUNCED), "" },
    { "[fast ext]", { "> " DONT_HAVE, "< have_all", "< unchoke", "> interested", "> request " ASK(3),
      "< extended ext=7 data=00000003" }, OK, "they dont-have 3" },
    { "[fast ext]", { "> " DONT_HAVE, "< have_all", "< unchoke", "> interested", "> request " ASK(3),
      "< extended ext=7 data=00000003", "< reject " ASK(3) }, OK, "we rejected 3:0+16384" },
    { "[fast ext]", { "< " DONT_HAVE, "> have_all", "> unchoke", "> extended ext=7 data=00000003",
      "< request " ASK(3) }, B(NOT_ANNOUNCED), "they request 3:0+16384" },
};

#define UPLOAD_ONLY "extended ext=0 dict={m={upload_only=3}}"

static const struct row upload_only[] = { /* BEP 21, and libtorrent's message */
    { "[ext]", { "< extended ext=0 dict={upload_only=1}" }, OK, "they extensions, they upload-only" },
    { "[ext]", { "< extended ext=0 dict={upload_only=0}" }, OK, "they extensions" },
    { "[ext]", { "< extended ext=0 dict={upload_only=\"1\"}" }, OK, "they extensions" },
    { "[ext]", { "< extended ext=0 dict={upload_only=1}", "< extended ext=0 dict={}" }, OK, "they extensions" },
    { "[ext]", { "< extended ext=0 dict={upload_only=1}", "< extended ext=0 dict={upload_only=0}" },
      OK, "they extensions, they upload-only" },
    { "[ext]", { "> " UPLOAD_ONLY, "< extended ext=3 data=01" }, OK, "they upload-only" },
    { "[ext]", { "> " UPLOAD_ONLY, "< extended ext=3 data=00" }, OK, "" },
    { "[ext]", { "> " UPLOAD_ONLY, "< extended ext=0 dict={upload_only=1}", "< extended ext=3 data=00" },
      OK, "they upload-only" },
    { "[ext]", { "< " UPLOAD_ONLY, "> extended ext=3 data=01" }, OK, "we upload-only" },
    { "[ext]", { "> " UPLOAD_ONLY, "< extended ext=3 data=0100" }, B(EXT_LAYOUT), "" },
};
/* clang-format on */

#define CHECK(rows) check_rows(rows, sizeof rows / sizeof rows[0])

static void plain_sessions(void **state)
{
    (void)state;
    CHECK(plain);
}

static void fast_sessions(void **state)
{
    (void)state;
    CHECK(fast);
}

static void extensions_are_agreed_on(void **state)
{
    (void)state;
    CHECK(extensions);
}

static void pieces_can_be_withdrawn(void **state)
{
    (void)state;
    CHECK(donthave);
}

static void upload_only_is_remembered(void **state)
{
    (void)state;
    CHECK(upload_only);
}

static void a_withdrawn_piece_is_not_counted(void **state)
{
    struct bench b;

    (void)state;
    open_bench(&b, true, false);
    greet(&b, "[fast ext]");
    play(&b, "> " DONT_HAVE);
    play(&b, "< have_all");
    assert_true(btw_party_uploads_only(&b.session, BTW_THEM));
    play(&b, "< extended ext=7 data=00000009");
    assert_int_equal(b.session.party[BTW_THEM].have_count, 9);
    assert_false(btw_party_has(&b.session, BTW_THEM, 9));
    assert_true(btw_party_has(&b.session, BTW_THEM, 8));
    assert_false(btw_party_uploads_only(&b.session, BTW_THEM));
    play(&b, "< extended ext=0 dict={upload_only=1}");
    assert_true(btw_party_uploads_only(&b.session, BTW_THEM));
    assert_false(btw_party_uploads_only(&b.session, BTW_US));
    play(&b, "< have piece=9");
    assert_int_equal(b.session.party[BTW_THEM].have_count, 10);
}

/* A permissive session says what it should not, and knows what that does not mean. */
static void nonsense_changes_nothing(void **state)
{
    struct bench b;

    (void)state;
    open_bench(&b, true, true);
    greet(&b, "[ext]");
    play(&b, "< extended ext=0 dict={m={lt_donthave=7 upload_only=3}}");
    play(&b, "> have piece=2");
    b.events[0] = '\0';
    assert_int_equal(play(&b, "> extended ext=7 data=000002"), BTW_BREACH_EXT_LAYOUT);
    assert_int_equal(play(&b, "> extended ext=7 data=00000001"), BTW_BREACH_NOT_HELD);
    assert_int_equal(play(&b, "> extended ext=7 data=0000000a"), BTW_BREACH_INDEX);
    assert_int_equal(play(&b, "> extended ext=3 data=0101"), BTW_BREACH_EXT_LAYOUT);
    assert_int_equal(play(&b, "< extended ext=0 data=6431"), BTW_BREACH_NONE);
    assert_string_equal(b.events, "");
    assert_int_equal(b.session.party[BTW_US].have_count, 1);
    assert_false(b.session.party[BTW_US].upload_only);
}

static void the_last_port_counts(void **state)
{
    struct bench b;

    (void)state;
    open_bench(&b, true, false);
    greet(&b, "[dht]");
    assert_int_equal(b.session.party[BTW_THEM].dht_port, 0);
    play(&b, "< port port=6881");
    play(&b, "< port port=65535");
    play(&b, "> port port=1");
    assert_int_equal(b.session.party[BTW_THEM].dht_port, 65535);
    assert_int_equal(b.session.party[BTW_US].dht_port, 1);
}

static void nothing_goes_before_the_handshakes(void **state)
{
    struct bench b;

    (void)state;
    open_bench(&b, true, false);
    assert_int_equal(play(&b, "> interested"), BTW_BREACH_NO_HANDSHAKE);
    assert_int_equal(play(&b, "< interested"), BTW_BREACH_NO_HANDSHAKE);
    greet(&b, "[]");
    assert_int_equal(play(&b, "> interested"), BTW_BREACH_NONE);
    assert_int_equal(play(&b, "< handshake reserved=[] info_hash=0000000000000000000000000000000000000000 "
                              "peer_id=\"-CF0001-000000000001\""),
                     BTW_BREACH_HANDSHAKE_TWICE);
}

static void one_bit_is_no_agreement(void **state)
{
    struct bench b;

    (void)state;
    open_bench(&b, true, false);
    assert_int_equal(play(&b, "> handshake reserved=[fast ext] info_hash=0000000000000000000000000000000000000000 "
                              "peer_id=\"-CF0001-000000000001\""),
                     BTW_BREACH_NONE);
    assert_int_equal(play(&b, "< handshake reserved=[fast] info_hash=0000000000000000000000000000000000000000 "
                              "peer_id=\"-CF0001-000000000001\""),
                     BTW_BREACH_NONE);
    assert_true(btw_session_fast(&b.session));
    assert_false(btw_session_ext(&b.session));
}

static void refused_is_not_sent_unless_permissive(void **state)
{
    (void)state;
    for (int permissive = 0; permissive < 2; permissive++) {
        struct bench b;

        open_bench(&b, true, permissive);
        greet(&b, "[]");
        play(&b, "< have piece=1");
        assert_int_equal(play(&b, "> request " ASK(1)), BTW_BREACH_CHOKED);
        assert_int_equal(b.session.party[BTW_US].pending_count, permissive);
        assert_int_equal(b.session.party[BTW_US].wire_bytes, 68 + (permissive ? 17 : 0));
    }
}

/* What came before the metadata is judged when it is there. */
static void early_availability(void **state)
{
    static const struct {
        const char *line;
        enum btw_breach breach;
        uint32_t have;
    } rows[] = {
        { "< have_all", BTW_BREACH_NONE, 10 },
        { "< have_none", BTW_BREACH_NONE, 0 },
        { "< bitfield bits=8040", BTW_BREACH_NONE, 2 },
        { "< bitfield bits=80", BTW_BREACH_BITFIELD_SIZE, 0 },
        { "< bitfield bits=8020", BTW_BREACH_SPARE_BITS, 0 },
        { "< have piece=9", BTW_BREACH_NONE, 1 },
        { "< have piece=10", BTW_BREACH_INDEX, 0 },
    };
    const struct btw_geometry geometry = { PIECES, 32768, 9 * 32768 + 5000, NULL };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct bench b;
        enum btw_status status;

        open_bench(&b, false, false);
        greet(&b, "[fast]");
        assert_int_equal(play(&b, rows[i].line), BTW_BREACH_NONE);
        assert_int_equal(play(&b, "> request " ASK(0)), BTW_BREACH_RANGE);
        status = btw_session_set_geometry(&b.session, &geometry, NULL);
        assert_int_equal(status, rows[i].breach == BTW_BREACH_NONE ? BTW_OK : BTW_REFUSED);
        if (status == BTW_REFUSED)
            assert_int_equal(b.session.breach, rows[i].breach);
        assert_int_equal(b.session.party[BTW_THEM].have_count, rows[i].have);
    }
}

#define ROOT "root=c5c907dc04430ebb1cbe748195971d38eb707c0b5a24e2ec6b5fd5c995cb6d7f "
#define HASHES(fields) ROOT fields " hashes=\"\""

/* BEP 52: each hash request has one answer that repeats its fields, whoever asks. */
static void hash_requests_are_answered_once(void **state)
{
    static const struct {
        const char *line;
        enum btw_breach breach;
        size_t ours, theirs; /* open */
    } rows[] = {
        { "> hash_request " ROOT "base=0 index=0 length=2 proof=2", BTW_BREACH_NONE, 1, 0 },
        { "> hash_request " ROOT "base=0 index=2 length=2 proof=2", BTW_BREACH_NONE, 2, 0 },
        { "> hash_request " ROOT "base=0 index=4 length=2 proof=2", BTW_BREACH_HASHES_MANY, 2, 0 },
        { "< hash_request " ROOT "base=1 index=0 length=4 proof=0", BTW_BREACH_NONE, 2, 1 },
        { "< hashes " HASHES("base=1 index=0 length=4 proof=0"), BTW_BREACH_HASHES_UNASKED, 2, 1 },
        { "< hashes " HASHES("base=0 index=2 length=2 proof=1"), BTW_BREACH_HASHES_UNASKED, 2, 1 },
        { "< hashes " HASHES("base=0 index=0 length=2 proof=2"), BTW_BREACH_NONE, 1, 1 },
        { "< hashes " HASHES("base=0 index=0 length=2 proof=2"), BTW_BREACH_HASHES_UNASKED, 1, 1 },
        { "< hash_reject " ROOT "base=0 index=0 length=2 proof=2", BTW_BREACH_HASHES_UNASKED, 1, 1 },
        { "< hash_reject " ROOT "base=0 index=2 length=2 proof=2", BTW_BREACH_NONE, 0, 1 },
        { "> hashes " HASHES("base=1 index=0 length=8 proof=0"), BTW_BREACH_HASHES_UNASKED, 0, 1 },
        { "> hash_reject " ROOT "base=1 index=0 length=4 proof=0", BTW_BREACH_NONE, 0, 0 },
    };
    struct btw_hash_pending pending[2][2];
    struct bench b;

    (void)state;
    open_bench(&b, true, false);
    for (int who = BTW_US; who <= BTW_THEM; who++) {
        b.config.hash_pending[who] = pending[who];
        b.config.hash_cap[who] = 2;
    }
    btw_session_init(&b.session, &b.config, b.now_ms);
    greet(&b, "[fast]");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(play(&b, rows[i].line), rows[i].breach);
        assert_int_equal(b.session.party[BTW_US].hash_count, rows[i].ours);
        assert_int_equal(b.session.party[BTW_THEM].hash_count, rows[i].theirs);
    }
}

static void an_open_hash_request_is_found_by_its_range(void **state)
{
    struct btw_hash_range range = { .base = 1, .index = 4, .length = 4, .proof = 2 };
    struct btw_hash_pending pending[2][2];
    struct bench b;
    size_t len;

    (void)state;
    open_bench(&b, true, false);
    for (int who = BTW_US; who <= BTW_THEM; who++) {
        b.config.hash_pending[who] = pending[who];
        b.config.hash_cap[who] = 2;
    }
    btw_session_init(&b.session, &b.config, b.now_ms);
    greet(&b, "[fast]");
    assert_int_equal(btw_text_bytes(range.root, sizeof range.root, &len, btw_slice_of(&ROOT[5], 64), NULL), BTW_OK);
    assert_null(btw_party_hash_pending(&b.session, BTW_US, &range));
    b.now_ms = 7000;
    assert_int_equal(play(&b, "> hash_request " ROOT "base=0 index=0 length=2 proof=0"), BTW_BREACH_NONE);
    b.now_ms = 8000;
    assert_int_equal(play(&b, "> hash_request " ROOT "base=1 index=4 length=4 proof=2"), BTW_BREACH_NONE);
    assert_non_null(btw_party_hash_pending(&b.session, BTW_US, &range));
    assert_int_equal(btw_party_hash_pending(&b.session, BTW_US, &range)->since_ms, 8000);
    assert_null(btw_party_hash_pending(&b.session, BTW_THEM, &range));
    range.proof = 1;
    assert_null(btw_party_hash_pending(&b.session, BTW_US, &range));
}

/* What may have met ours in flight is forgiven, what no race explains is not. */
static void races_are_told_from_breaches(void **state)
{
    static const enum btw_breach crossing[] = { BTW_BREACH_HAVE_TWICE,    BTW_BREACH_NOT_INTERESTED,
                                                BTW_BREACH_CHOKED,        BTW_BREACH_NOT_ANNOUNCED,
                                                BTW_BREACH_REQUEST_TWICE, BTW_BREACH_CANCEL_UNASKED,
                                                BTW_BREACH_NOT_HELD };
    static const enum btw_breach wrong[] = {
        BTW_BREACH_NO_HANDSHAKE, BTW_BREACH_SPARE_BITS, BTW_BREACH_INDEX,
        BTW_BREACH_RANGE,        BTW_BREACH_FAST_OFF,   BTW_BREACH_HASHES_UNASKED
    };

    (void)state;
    for (size_t i = 0; i < sizeof crossing / sizeof crossing[0]; i++)
        assert_true(btw_breach_may_cross(crossing[i]));
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_false(btw_breach_may_cross(wrong[i]));
}

static void hashes_are_not_judged_without_room_for_requests(void **state)
{
    struct bench b;

    (void)state;
    open_bench(&b, true, false);
    greet(&b, "[fast]");
    assert_int_equal(play(&b, "< hashes " HASHES("base=0 index=0 length=2 proof=0")), BTW_BREACH_NONE);
    assert_int_equal(play(&b, "> hash_request " ROOT "base=0 index=0 length=2 proof=0"), BTW_BREACH_NONE);
    assert_int_equal(b.session.party[BTW_US].hash_count, 0);
}

/* BEP 52: any piece may be the last of its file. */
static void pieces_may_have_sizes_of_their_own(void **state)
{
    static const uint32_t sizes[PIECES] = { 32768, 1, 32768, 5000, 32768, 32768, 32768, 32768, 32768, 7 };
    static const struct {
        struct btw_block block;
        bool fits;
    } rows[] = {
        { { 0, 16384, 16384 }, true }, { { 1, 0, 1 }, true },     { { 1, 0, 2 }, false }, { { 1, 1, 1 }, false },
        { { 3, 0, 5000 }, true },      { { 3, 4999, 2 }, false }, { { 9, 0, 7 }, true },  { { 10, 0, 1 }, false },
    };
    struct bench b;

    (void)state;
    open_bench(&b, true, false);
    b.config.geometry.piece_sizes = sizes;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(btw_block_fits(&b.config.geometry, rows[i].block), rows[i].fits);
}

/* "All but one" is a thing that a magnet must remember, too. */
static void early_withdrawals(void **state)
{
    const struct btw_geometry geometry = { PIECES, 32768, 9 * 32768 + 5000, NULL };
    struct bench b;

    (void)state;
    open_bench(&b, false, false);
    greet(&b, "[fast ext]");
    play(&b, "> " DONT_HAVE);
    assert_int_equal(play(&b, "< have_all"), BTW_BREACH_NONE);
    assert_true(btw_party_uploads_only(&b.session, BTW_THEM));
    assert_int_equal(play(&b, "< extended ext=7 data=00000003"), BTW_BREACH_NONE);
    assert_int_equal(play(&b, "< extended ext=7 data=0000000f"),
                     BTW_BREACH_NONE); /* not in the torrent, as it turns out */
    assert_int_equal(btw_session_set_geometry(&b.session, &geometry, NULL), BTW_OK);
    assert_int_equal(b.session.party[BTW_THEM].have_count, 9);
    assert_false(btw_party_has(&b.session, BTW_THEM, 3));
    assert_true(btw_party_has(&b.session, BTW_THEM, 9));
    assert_false(btw_party_uploads_only(&b.session, BTW_THEM));
}

static void an_unknown_geometry_is_bounded(void **state)
{
    struct bench b;

    (void)state;
    open_bench(&b, false, false);
    greet(&b, "[]");
    assert_int_equal(play(&b, "< have piece=15"), BTW_BREACH_NONE);
    assert_int_equal(play(&b, "< have piece=16"), BTW_BREACH_INDEX);
    assert_int_equal(play(&b, "< have piece=4294967295"), BTW_BREACH_INDEX);
    open_bench(&b, false, false);
    greet(&b, "[]");
    assert_int_equal(play(&b, "< bitfield bits=000000"), BTW_BREACH_BITFIELD_SIZE);
}

static void deadlines(void **state)
{
    struct bench b;

    (void)state;
    open_bench(&b, true, false);
    greet(&b, "[fast]");
    play(&b, "< have_all");
    play(&b, "< unchoke");
    play(&b, "> interested");
    play(&b, "> request " ASK(1));
    assert_int_equal(btw_session_deadline(&b.session), 35000);
    b.events[0] = '\0';
    btw_session_tick(&b.session, 34999);
    assert_string_equal(b.events, "");
    btw_session_tick(&b.session, 35000);
    assert_string_equal(b.events, "we late 1:0+16384");
    assert_int_equal(btw_session_deadline(&b.session), 105000);
    btw_session_tick(&b.session, 105000);
    assert_string_equal(b.events, "we late 1:0+16384, we keepalive");
    assert_int_equal(btw_session_deadline(&b.session), 185000);
    b.now_ms = 110000;
    play(&b, "< keepalive");
    assert_int_equal(btw_session_deadline(&b.session), 205000); /* the next keep-alive of ours */
    play(&b, "> keepalive");
    assert_int_equal(btw_session_deadline(&b.session), 210000); /* sending puts it off */
    b.events[0] = '\0';
    btw_session_tick(&b.session, 290000);
    assert_string_equal(b.events, "we keepalive, they idle");
}

static void totals_and_rates(void **state)
{
    struct bench b;

    (void)state;
    open_bench(&b, true, false);
    greet(&b, "[]");
    play(&b, "> bitfield bits=ffc0");
    play(&b, "> unchoke");
    for (int i = 0; i < 10; i++) {
        b.now_ms = 10000 + i * 1000;
        play(&b, "< request piece=1 begin=0 length=10");
        play(&b, "> piece piece=1 begin=0 data=00112233445566778899");
    }
    assert_int_equal(b.session.party[BTW_US].payload_bytes, 100);
    assert_int_equal(b.session.party[BTW_US].wire_bytes, 68 + 7 + 5 + 10 * 23);
    assert_int_equal(b.session.party[BTW_THEM].wire_bytes, 68 + 10 * 17);
    assert_int_equal(b.session.party[BTW_THEM].payload_bytes, 0);
    assert_int_equal(btw_rate_get(&b.session.party[BTW_US].payload_rate, 20000), 10);
    assert_int_equal(btw_rate_get(&b.session.party[BTW_US].payload_rate, 25000), 5);
    assert_int_equal(btw_rate_get(&b.session.party[BTW_THEM].wire_rate, 20000), 17);
    assert_int_equal(btw_rate_get(&b.session.party[BTW_US].payload_rate, 30000), 0);
}

static void rates_slide(void **state)
{
    struct btw_rate rate = { .second = 0 };

    (void)state;
    btw_rate_add(&rate, 1000, 500);
    assert_int_equal(btw_rate_get(&rate, 999), 0); /* the running second does not count */
    assert_int_equal(btw_rate_get(&rate, 1000), 100);
    assert_int_equal(btw_rate_get(&rate, 10999), 100);
    assert_int_equal(btw_rate_get(&rate, 11000), 0);
    btw_rate_add(&rate, 50, 1000000000000);
    assert_int_equal(btw_rate_get(&rate, 1000000001000), 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_sessions),
        cmocka_unit_test(fast_sessions),
        cmocka_unit_test(extensions_are_agreed_on),
        cmocka_unit_test(pieces_can_be_withdrawn),
        cmocka_unit_test(upload_only_is_remembered),
        cmocka_unit_test(a_withdrawn_piece_is_not_counted),
        cmocka_unit_test(nonsense_changes_nothing),
        cmocka_unit_test(the_last_port_counts),
        cmocka_unit_test(nothing_goes_before_the_handshakes),
        cmocka_unit_test(one_bit_is_no_agreement),
        cmocka_unit_test(refused_is_not_sent_unless_permissive),
        cmocka_unit_test(early_availability),
        cmocka_unit_test(early_withdrawals),
        cmocka_unit_test(hash_requests_are_answered_once),
        cmocka_unit_test(an_open_hash_request_is_found_by_its_range),
        cmocka_unit_test(races_are_told_from_breaches),
        cmocka_unit_test(hashes_are_not_judged_without_room_for_requests),
        cmocka_unit_test(pieces_may_have_sizes_of_their_own),
        cmocka_unit_test(an_unknown_geometry_is_bounded),
        cmocka_unit_test(deadlines),
        cmocka_unit_test(totals_and_rates),
        cmocka_unit_test(rates_slide),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

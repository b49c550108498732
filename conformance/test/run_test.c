/* SPDX-License-Identifier: MIT
 *
 * What the statements of a scenario mean.  A row is a script, what the target does at which time, and the verdict.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "btw/notation.h"
#include "run.h"

/* ---- a link that only remembers ---------------------------------------------------------------------------------- */

struct stub {
    struct scn_link link;
    int64_t now;
    struct scn_conn *conn; /* the last one dialled */
    uint8_t sent[1 << 16];
    size_t sent_len, sends;
};

static struct stub *stub_of(struct scn_link *link)
{
    return (struct stub *)link;
}

static int64_t stub_now(struct scn_link *link)
{
    return stub_of(link)->now;
}

static void *stub_dial(struct scn_link *link, struct scn_conn *conn, const struct scn_dial *how)
{
    (void)how;
    stub_of(link)->conn = conn;
    return link;
}

static void stub_send(struct scn_link *link, void *handle, struct btw_slice bytes)
{
    struct stub *stub = stub_of(link);
    (void)handle;
    assert_true(stub->sent_len + bytes.len <= sizeof stub->sent);
    memcpy(stub->sent + stub->sent_len, bytes.data, bytes.len);
    stub->sent_len += bytes.len;
    stub->sends++;
}

static size_t stub_queued(struct scn_link *link, void *handle)
{
    (void)link;
    (void)handle;
    return 0;
}

static void stub_read(struct scn_link *link, void *handle, bool on)
{
    (void)link;
    (void)handle;
    (void)on;
}

static void stub_handle(struct scn_link *link, void *handle)
{
    (void)link;
    (void)handle;
}

static bool stub_address(struct scn_link *link, void *handle, struct btw_address *out)
{
    (void)link;
    (void)handle;
    (void)out;
    return false;
}

static void *stub_listen(struct scn_link *link, struct scn_listener *listener, bool v6, const uint8_t info_hash[20],
                         const uint8_t *peer_id)
{
    (void)link;
    (void)listener;
    (void)v6;
    (void)info_hash;
    (void)peer_id;
    return NULL;
}

static const struct scn_link_ops stub_ops = { stub_now,     stub_dial,   stub_send,   stub_queued,
                                              stub_read,    stub_handle, stub_handle, stub_handle,
                                              stub_address, stub_listen, stub_handle };

/* ---- playing a row ----------------------------------------------------------------------------------------------- */

#define HEAD "# T.\nscenario test.row\n  rule BEP3-SRV-01\n  fault rx keepalive close fails @x\n\n"
#define SHOULD "# T.\nscenario test.row\n  rule BEP3-ST-14\n  fault rx keepalive close fails @x\n\n"
#define HELLO "p1 dial\np1 > handshake info_hash=$t1 reserved=[ext fast]\np1 < handshake info_hash=$t1\n"
#define HELLO_BACK                                                                                                     \
    { 0, "open" },                                                                                                     \
    {                                                                                                                  \
        1, "handshake reserved=[ext fast] info_hash=0101010101010101010101010101010101010101 "                         \
           "peer_id=\"-TT0001-000000000000\""                                                                          \
    }

/* What the target does: open, fin, rst, flood, or a message. */
struct event {
    int64_t at;
    const char *what;
};

struct row {
    const char *name, *script;
    struct event events[12];
    int64_t until; /* the clock stops here */
    enum scn_verdict verdict;
    unsigned line; /* that decided; 0: none */
};

static void happen(struct stub *stub, const struct event *event)
{
    uint8_t scratch[512], wire[512];
    struct btw_msg msg;
    size_t len;
    static const uint8_t keepalives[4 * 100001]; /* one more than a run takes */
    if (strcmp(event->what, "open") == 0) {
        scn_conn_opened(stub->conn);
    } else if (strcmp(event->what, "fin") == 0) {
        scn_conn_ended(stub->conn, BTW_END_FIN, NULL);
    } else if (strcmp(event->what, "rst") == 0) {
        scn_conn_ended(stub->conn, BTW_END_RST, NULL);
    } else if (strcmp(event->what, "flood") == 0) {
        scn_conn_received(stub->conn, btw_slice_of(keepalives, sizeof keepalives));
    } else {
        assert_int_equal(BTW_OK, btw_msg_parse(&msg, scratch, sizeof scratch, event->what, strlen(event->what), NULL));
        assert_int_equal(BTW_OK, btw_msg_encode(wire, sizeof wire, &len, &msg));
        scn_conn_received(stub->conn, btw_slice_of(wire, len));
    }
}

/* Advances the clock from deadline to deadline, letting the events happen at their times. */
static void play(struct stub *stub, struct scn_run *run, const struct row *row)
{
    const struct event *event = row->events;
    scn_run_advance(run);
    while (!scn_run_done(run) && stub->now <= row->until) {
        int64_t next = event->what ? event->at : row->until + 1;
        int64_t deadline = scn_run_deadline(run);
        if (event->what && event->at <= stub->now)
            happen(stub, event++);
        else
            stub->now = deadline > stub->now && deadline < next ? deadline : next;
        scn_run_advance(run);
    }
}

static struct scn_torrent torrent = { .kind = "any",
                                      .info_hash = { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1 } };

static void with_row(const struct row *row, double scale, struct stub *stub,
                     void (*look)(const struct row *, const struct scn_result *, const struct stub *))
{
    struct scn_error error;
    struct scn_script *script = scn_script_parse(row->name, row->script, strlen(row->script), &error);
    if (!script)
        fail_msg("%s:%u: %s", row->name, error.place.line, error.text);
    struct scn_world world = {
        .torrents = &torrent, .torrent_count = 1, .role = SCN_TARGET_SEED, .timeout_scale = scale
    };
    *stub = (struct stub){ .link = { &stub_ops } };
    struct scn_run *run = scn_run_new(&script->scenarios[0], NULL, &world, &stub->link, 1, 0);
    play(stub, run, row);
    assert_true(scn_run_done(run));
    look(row, scn_run_result(run), stub);
    scn_run_free(run);
    scn_script_free(script);
}

static void verdict_is(const struct row *row, const struct scn_result *result, const struct stub *stub)
{
    (void)stub;
    if (result->verdict != row->verdict || (row->line && result->place.line != row->line))
        fail_msg("%s: %s at line %u, expected %s at line %u (%s)", row->name, scn_verdict_name(result->verdict),
                 result->place.line, scn_verdict_name(row->verdict), row->line, result->reason ? result->reason : "-");
}

/* clang-format off */
static const struct row rows[] = {
    { "what comes passes", HEAD HELLO "p1 >! interested\np1 < unchoke within 5s\n",
      { HELLO_BACK, { 10, "unchoke" } }, 60000, SCN_PASS, 0 },
    { "what does not come fails at its deadline", HEAD HELLO "p1 >! interested\np1 < unchoke within 5s\n",
      { HELLO_BACK, { 5002, "unchoke" } }, 60000, SCN_FAIL, 10 },
    { "a SHOULD warns", SHOULD HELLO "p1 >! interested\np1 < unchoke within 5s\n",
      { HELLO_BACK }, 60000, SCN_WARN, 10 },
    { "else overrides the level", HEAD HELLO "p1 >! interested\np1 < unchoke within 5s else warn\n",
      { HELLO_BACK }, 60000, SCN_WARN, 10 },
    { "a warning lets a later line fail", HEAD HELLO "p1 >! interested\np1 < unchoke within 5s else warn\np1 < choke within 5s\n",
      { HELLO_BACK }, 60000, SCN_FAIL, 11 },
    { "before the stimulus nothing was tested", HEAD HELLO "p1 < unchoke within 5s\np1 >! interested\n",
      { HELLO_BACK }, 60000, SCN_INCONCLUSIVE, 9 },
    { "a close before the stimulus is inconclusive", HEAD HELLO "wait 1s \"x\"\np1 >! interested\np1 < unchoke within 5s\n",
      { HELLO_BACK, { 10, "fin" } }, 60000, SCN_INCONCLUSIVE, 10 },
    { "a close behind the stimulus fails who waits", HEAD HELLO "p1 >! interested\np1 < unchoke within 5s\n",
      { HELLO_BACK, { 10, "fin" } }, 60000, SCN_FAIL, 10 },
    { "traffic does not extend a deadline", HEAD HELLO "p1 >! interested\np1 < unchoke within 5s\n",
      { HELLO_BACK, { 2000, "keepalive" }, { 4000, "have piece=1" }, { 6000, "unchoke" } }, 60000, SCN_FAIL, 10 },
    { "other messages are passed over", HEAD HELLO "p1 >! interested\np1 < unchoke within 5s\n",
      { HELLO_BACK, { 10, "have piece=1" }, { 20, "unchoke" } }, 60000, SCN_PASS, 0 },
    { "next passes nothing over", HEAD HELLO "p1 >! interested\np1 < unchoke next within 5s\n",
      { HELLO_BACK, { 10, "have piece=1" }, { 20, "unchoke" } }, 60000, SCN_FAIL, 10 },
    { "a message is consumed once", HEAD HELLO "p1 >! interested\np1 < unchoke within 5s\np1 < unchoke within 5s\n",
      { HELLO_BACK, { 10, "unchoke" } }, 60000, SCN_FAIL, 11 },
    { "a bound value must come again", HEAD HELLO "p1 >! interested\np1 < have piece=?p within 5s\np1 < suggest piece=$p within 5s\n",
      { HELLO_BACK, { 10, "have piece=7" }, { 11, "suggest piece=6" }, { 12, "suggest piece=7" } }, 60000, SCN_PASS, 0 },
    { "another value does not fit", HEAD HELLO "p1 >! interested\np1 < have piece=?p within 5s\np1 < suggest piece=$p within 5s\n",
      { HELLO_BACK, { 10, "have piece=7" }, { 11, "suggest piece=6" } }, 60000, SCN_FAIL, 11 },
    { "a range holds both ends", HEAD HELLO "p1 >! interested\np1 < have piece=3..4 within 5s\np1 < have piece=3..4 within 5s\n",
      { HELLO_BACK, { 9, "have piece=2" }, { 10, "have piece=3" }, { 11, "have piece=5" }, { 12, "have piece=4" } }, 60000, SCN_PASS, 0 },
    { "closes takes FIN", HEAD HELLO "p1 >! interested\np1 closes within 5s\n",
      { HELLO_BACK, { 10, "fin" } }, 60000, SCN_PASS, 0 },
    { "closes fin refuses RST", HEAD HELLO "p1 >! interested\np1 closes fin within 5s\n",
      { HELLO_BACK, { 10, "rst" } }, 60000, SCN_FAIL, 10 },
    { "closes waits no longer than it says", HEAD HELLO "p1 >! interested\np1 closes within 5s\n",
      { HELLO_BACK, { 5002, "fin" } }, 60000, SCN_FAIL, 10 },
    { "oneof takes what comes first", HEAD HELLO "p1 >! interested\np1 oneof within 5s {\n  choke : fail \"no\"\n  unchoke\n}\n",
      { HELLO_BACK, { 10, "unchoke" }, { 11, "choke" } }, 60000, SCN_PASS, 0 },
    { "an alternative may fail", HEAD HELLO "p1 >! interested\np1 oneof within 5s {\n  choke : fail \"no\"\n  unchoke\n}\n",
      { HELLO_BACK, { 10, "choke" }, { 11, "unchoke" } }, 60000, SCN_FAIL, 10 },
    { "silence fails where it is not allowed", HEAD HELLO "p1 >! interested\np1 oneof within 5s {\n  unchoke\n}\n",
      { HELLO_BACK }, 60000, SCN_FAIL, 10 },
    { "silence passes where it is allowed", HEAD HELLO "p1 >! interested\np1 oneof within 5s {\n  unchoke\n  silence\n}\n",
      { HELLO_BACK }, 60000, SCN_PASS, 0 },
    { "an alternative has a deadline of its own", HEAD HELLO "p1 >! interested\np1 oneof within 9s {\n  unchoke within 2s\n  unchoke : warn \"late\"\n}\n",
      { HELLO_BACK, { 3000, "unchoke" } }, 60000, SCN_WARN, 10 },
    { "a close that is no alternative fails", HEAD HELLO "p1 >! interested\np1 oneof within 9s {\n  unchoke\n}\n",
      { HELLO_BACK, { 10, "rst" } }, 60000, SCN_FAIL, 10 },
    { "never fails on what comes before the fence", HEAD HELLO "p1 >! interested\np1 never unchoke {\n  p1 < have within 5s\n}\n",
      { HELLO_BACK, { 10, "unchoke" }, { 11, "have piece=1" } }, 60000, SCN_FAIL, 10 },
    { "never forgives what comes behind the fence", HEAD HELLO "p1 >! interested\np1 never unchoke {\n  p1 < have within 5s\n}\np1 < unchoke within 5s\n",
      { HELLO_BACK, { 10, "have piece=1" }, { 11, "unchoke" } }, 60000, SCN_PASS, 0 },
    { "never sees what was waiting unread", HEAD HELLO "p1 >! interested\np1 < have piece=1 within 5s\np1 never unchoke {\n  p1 < have piece=2 within 5s\n}\n",
      { HELLO_BACK, { 10, "have piece=1" }, { 10, "unchoke" }, { 11, "have piece=2" } }, 60000, SCN_FAIL, 11 },
    { "anyorder wants all", HEAD HELLO "p1 >! interested\np1 anyorder within 5s {\n  choke\n  have piece=1\n}\n",
      { HELLO_BACK, { 10, "have piece=1" }, { 11, "choke" } }, 60000, SCN_PASS, 0 },
    { "anyorder misses one", HEAD HELLO "p1 >! interested\np1 anyorder within 5s {\n  choke\n  have piece=1\n}\n",
      { HELLO_BACK, { 10, "have piece=1" }, { 11, "have piece=1" } }, 60000, SCN_FAIL, 10 },
    { "maybe does no harm", HEAD HELLO "p1 >! interested\np1 maybe choke within 1s\np1 < unchoke within 5s\n",
      { HELLO_BACK, { 10, "unchoke" } }, 60000, SCN_PASS, 0 },
    { "until counts", HEAD HELLO "p1 >! interested\np1 until haves >= 2 within 5s\n",
      { HELLO_BACK, { 10, "have piece=1" }, { 20, "have piece=2" } }, 60000, SCN_PASS, 0 },
    { "check compares", HEAD HELLO "p1 >! interested\np1 < unchoke within 5s\ncheck p1.haves == 2\n",
      { HELLO_BACK, { 10, "have piece=1" }, { 20, "unchoke" } }, 60000, SCN_FAIL, 11 },
    { "if not skips what it guards", HEAD HELLO "p1 >! interested\np1 if not fast {\n  p1 < choke within 1s\n}\n",
      { HELLO_BACK }, 60000, SCN_PASS, 0 },
    { "repeat repeats", HEAD HELLO "p1 >! interested\nrepeat 2 {\n  p1 < have piece=$i within 5s\n}\n",
      { HELLO_BACK, { 10, "have piece=0" }, { 20, "have piece=1" } }, 60000, SCN_PASS, 0 },
    { "what cannot be said with a number of the target is no mistake of ours",
      HEAD HELLO "p1 < have piece=?p within 5s\np1 >! have piece=$p+1\n",
      { HELLO_BACK, { 10, "have piece=4294967295" } }, 60000, SCN_INCONCLUSIVE, 10 },
    { "with a number of ours it is one", HEAD HELLO "p1 < have piece=?p within 5s\nrepeat 1 {\n  p1 >! have piece=$i-1\n}\n",
      { HELLO_BACK, { 10, "have piece=4294967295" } }, 60000, SCN_ERROR, 11 },
    { "a flood ends the run", HEAD HELLO "p1 >! interested\np1 < unchoke within 5s\n",
      { HELLO_BACK, { 10, "flood" } }, 1000, SCN_FAIL, 0 },
    { "what is no stream any more is not waited for", HEAD HELLO "p1 >! interested\np1 < unchoke within 5s\n",
      { HELLO_BACK, { 10, "raw ffffffff" } }, 1000, SCN_FAIL, 10 },
    { "a fence that failed is gone", HEAD HELLO "p1 >! interested\np1 sync within 1s else warn\np1 oneof within 20s {\n  have\n}\n",
      { HELLO_BACK, { 15000, "have piece=1" } }, 60000, SCN_WARN, 10 },
    { "no connection is inconclusive", HEAD HELLO "p1 >! interested\n",
      { { 5, "rst" } }, 700000, SCN_INCONCLUSIVE, 8 },
};
/* clang-format on */

static void every_statement_means_what_it_says(void **state)
{
    struct stub stub;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        with_row(&rows[i], 1.0, &stub, verdict_is);
}

static void deadlines_scale(void **state)
{
    struct row late = { "scaled",
                        HEAD HELLO "p1 >! interested\np1 < unchoke within 5s\n",
                        { HELLO_BACK, { 9000, "unchoke" } },
                        60000,
                        SCN_PASS,
                        0 };
    struct stub stub;
    (void)state;
    with_row(&late, 2.0, &stub, verdict_is);
    late.verdict = SCN_FAIL;
    with_row(&late, 1.0, &stub, verdict_is);
}

/* The 68 bytes of the handshake, then what the wire clause makes of the message. */
static void sent_is(const char *message, size_t sends, const char *hex)
{
    char script[512];
    struct stub stub;
    struct row row = { "wire", script, { HELLO_BACK, { 90000, "unchoke" } }, 100000, SCN_PASS, 0 };
    snprintf(script, sizeof script, "%s%sp1 >! %s\np1 < unchoke within 95s\n", HEAD, HELLO, message);
    with_row(&row, 1.0, &stub, verdict_is);
    char got[256] = "";
    for (size_t i = 68; i < stub.sent_len && i < 150; i++)
        snprintf(got + 2 * (i - 68), 3, "%02x", stub.sent[i]);
    assert_string_equal(hex, got);
    assert_int_equal(sends, stub.sends - 1);
}

static void the_wire_clause_shapes_what_is_sent(void **state)
{
    (void)state;
    sent_is("have piece=3", 1, "000000050400000003");
    sent_is("have piece=3 wire split=4", 3, "000000050400000003");
    sent_is("have piece=3 wire at=5 gap=1s", 2, "000000050400000003");
    sent_is("have piece=3 wire prefix=0xff000001", 1, "ff0000010400000003");
    sent_is("have piece=3 wire cut=6", 1, "000000050400");
    sent_is("have piece=$i wire times=2 every=1s", 2, "000000050400000000000000050400000001");
    sent_is("raw \"ab\"+u16(258)+repeat(x\"00ff\",2)", 1, "6162010200ff00ff");
    sent_is("extended ext=3 dict={a=1 b=[2 \"x\"]} tail=text(7)", 1, /* d1:ai1e1:bli2e1:xee 7 */
            "00000016140364313a61693165313a626c693265313a78656537");
}

static void silence_is_found(const struct row *row, const struct scn_result *result, const struct stub *stub)
{
    (void)stub;
    assert_int_equal(row->verdict, result->verdict);
    if ((row->line != 0) != (result->finding_count != 0))
        fail_msg("%s: %zu findings", row->name, result->finding_count);
}

/* What would be due after seconds of silence is not, when we have ended the connection. */
static void silence_behind_our_end_is_innocent(void **state)
{
    /* line: has the silence been found? */
    static const struct row silences[] = {
        { "open", HEAD HELLO "p1 >! interested\nwait 40s \"x\"\n", { HELLO_BACK }, 60000, SCN_PASS, 1 },
        { "rst", HEAD HELLO "p1 >! interested\np1 rst\nwait 40s \"x\"\n", { HELLO_BACK }, 60000, SCN_PASS, 0 },
        { "fin", HEAD HELLO "p1 >! interested\np1 fin\nwait 40s \"x\"\n", { HELLO_BACK }, 60000, SCN_PASS, 0 },
    };
    struct stub stub;
    (void)state;
    for (size_t i = 0; i < sizeof silences / sizeof silences[0]; i++)
        with_row(&silences[i], 1.0, &stub, silence_is_found);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_statement_means_what_it_says),
        cmocka_unit_test(deadlines_scale),
        cmocka_unit_test(silence_behind_our_end_is_innocent),
        cmocka_unit_test(the_wire_clause_shapes_what_is_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

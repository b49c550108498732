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
    struct btw_fixture fixture;
    struct btw_policy policy;
    struct btw_host *host;
    struct btw_peer *peer;
    int64_t now_ms;
    struct btw_stream stream;
    uint8_t buffer[1 << 17];
    char line[400];
};

static const struct btw_address suite = { { 127, 0, 0, 9 }, 4, 40001 };

static void start(struct talk *t, const char *fixture, enum btw_role role, const uint8_t *have)
{
    assert_int_equal(btw_fixture_make(&t->fixture, fixture, 0), BTW_OK);
    t->host = btw_host_new(&t->policy, 7, 6881);
    assert_non_null(t->host);
    assert_int_equal(btw_host_add(t->host, &t->fixture, role, have), BTW_OK);
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
    btw_fixture_free(&t->fixture);
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
    memcpy(msg.info_hash, t->fixture.meta.info_hash, 20);
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

static void smoke(void **state)
{
    struct talk *t = *state;
    const char *line;

    start(t, "base", BTW_SEED, NULL);
    greet(t, "[ext fast]");
    say(t, "have_none");
    say(t, "interested");
    say(t, "request piece=1 begin=16384 length=16384");
    say(t, "request piece=37 begin=16384 length=3617");
    say(t, "request piece=38 begin=16384 length=3617");
    while (*(line = hear(t)) != '\0' && strlen(line) > 4)
        printf("%s\n", line);
    pass(t, 100000);
    printf("%s\n", hear(t));
    pass(t, 100000);
    printf("%s\n", hear(t));
    printf("refusals %d\n", (int)btw_host_refusals(t->host));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(smoke, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

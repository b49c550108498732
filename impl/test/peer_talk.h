/* SPDX-License-Identifier: MIT
 *
 * A scripted client against one reference peer: conversations in the notation, one row each, for the tests of the peer.
 */
#ifndef PEER_TALK_H
#define PEER_TALK_H

#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <setjmp.h>
#include <cmocka.h>

#include "btw/hash_exchange.h"
#include "btw/notation.h"
#include "btw/peer.h"
#include "btw/stream.h"

/* --- a scripted client against one host ------------------------------------------------------------------------------
 */

struct talk {
    const struct btw_fixture *fixture;
    struct btw_policy policy;
    struct btw_host *host;
    struct btw_peer *peer, *other; /* the connection that is spoken on, and a second one or NULL */
    int64_t now_ms;
    struct btw_stream stream, other_stream;
    uint8_t buffer[2][1 << 17];
    char line[400];
};

/* Making a fixture hashes all of it, so each is made once. */
static inline const struct btw_fixture *fixture_named(const char *name)
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

static inline void start(struct talk *t, const char *fixture, enum btw_role role, const uint8_t *have)
{
    t->fixture = fixture_named(fixture);
    t->host = btw_host_new(&t->policy, 7, 6881);
    assert_non_null(t->host);
    assert_int_equal(btw_host_add(t->host, t->fixture, role, have), BTW_OK);
    t->peer = btw_host_accept(t->host, &suite, t->now_ms);
    assert_non_null(t->peer);
    btw_stream_init(&t->stream, t->buffer[0], sizeof t->buffer[0], BTW_LEN_MAX_DEFAULT, true);
}

static inline int setup(void **state)
{
    struct talk *t = calloc(1, sizeof *t);

    btw_policy_init(&t->policy);
    t->now_ms = 1000;
    *state = t;
    return 0;
}

static inline int teardown(void **state)
{
    struct talk *t = *state;

    btw_host_free(t->host);
    free(t);
    return 0;
}

/* "$N" in a step is the root of the N-th file, in hex (BEP 52). */
static inline const char *with_roots(const struct talk *t, const char *step)
{
    static char text[600];
    struct btw_metainfo_file file;
    size_t len = 0;

    for (; *step != '\0' && len + 65 < sizeof text; step++) {
        struct btw_metainfo_files files = btw_metainfo_files_v2(&t->fixture->meta);

        if (step[0] != '$' || step[1] < '1' || step[1] > '9') {
            text[len++] = *step;
            continue;
        }
        for (int left = *++step - '0'; left > 0; left -= file.root != NULL)
            assert_true(btw_metainfo_next_file(&files, &file));
        for (int i = 0; i < 32; i++)
            len += (size_t)snprintf(text + len, sizeof text - len, "%02x", file.root[i]);
    }
    text[len] = '\0';
    return text;
}

static inline void say(struct talk *t, const char *step)
{
    const char *text = with_roots(t, step);
    uint8_t scratch[4096], wire[8192];
    struct btw_diag diag;
    struct btw_msg msg;
    size_t len;

    if (btw_msg_parse(&msg, scratch, sizeof scratch, text, strlen(text), &diag) != BTW_OK)
        fail_msg("%s: %s", text, diag.text);
    assert_int_equal(btw_msg_encode(wire, sizeof wire, &len, &msg), BTW_OK);
    btw_peer_received(t->peer, btw_slice_of(wire, len), t->now_ms);
}

static inline void greet(struct talk *t, const char *reserved)
{
    struct btw_msg msg = { .type = BTW_HANDSHAKE };
    uint8_t wire[68];
    size_t len;

    assert_int_equal(btw_text_reserved(msg.reserved, btw_slice_str(reserved), NULL), BTW_OK);
    memcpy(msg.info_hash, t->fixture->meta.info_hash, 20);
    memcpy(msg.peer_id, "-CF0001-000000000001", 20);
    msg.peer_id[19] = (uint8_t)(t->other == NULL ? '1' : '2');
    assert_int_equal(btw_msg_encode(wire, sizeof wire, &len, &msg), BTW_OK);
    btw_peer_received(t->peer, btw_slice_of(wire, len), t->now_ms);
}

/* The next message of the host as text, "" when there is none, "fin" or "rst" at the end. */
static inline const char *hear(struct talk *t)
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

/* Goes on with the other connection; the first time it is made. */
static inline void change_over(struct talk *t, const char *reserved)
{
    struct btw_peer *peer = t->other;
    struct btw_stream stream = t->other_stream;
    struct btw_address from = suite;

    t->other = t->peer;
    t->other_stream = t->stream;
    t->peer = peer;
    t->stream = stream;
    if (peer != NULL)
        return;
    from.port++;
    t->peer = btw_host_accept(t->host, &from, t->now_ms);
    assert_non_null(t->peer);
    btw_stream_init(&t->stream, t->buffer[1], sizeof t->buffer[1], BTW_LEN_MAX_DEFAULT, true);
    greet(t, reserved);
}

static inline void pass(struct talk *t, int64_t ms)
{
    t->now_ms += ms;
    btw_host_tick(t->host, t->now_ms);
}

/* --- conversations ---------------------------------------------------------------------------------------------------
 */

/* One step: "> message" is said, "< message" must come next (a prefix will do), "<~ text" must stand in what comes
 * next,
 * "<" nothing may come, "fin" or "rst" is the end, "wait N" lets N ms pass, "other" goes on with a second connection.
 * "policy NAME VALUE" stands only at the beginning; "$N" is a root.  For the other steps see special(). */
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

/* Answers the request heard last, or the one behind its cancel: with its block, or with zeros. */
static inline void answer(struct talk *t, bool right)
{
    struct btw_msg msg;
    uint8_t block[BTW_BLOCK_SIZE] = { 0 }, wire[BTW_BLOCK_SIZE + 13];
    char text[100], *name = strchr(t->line, ' ');
    size_t len;

    snprintf(text, sizeof text, "request%s", name != NULL ? name : "");
    assert_int_equal(btw_msg_parse(&msg, block, sizeof block, text, strlen(text), NULL), BTW_OK);
    msg.type = BTW_PIECE;
    if (right)
        btw_fixture_block(t->fixture, msg.piece, msg.begin, block, msg.length);
    msg.data = btw_slice_of(block, msg.length);
    assert_int_equal(btw_msg_encode(wire, sizeof wire, &len, &msg), BTW_OK);
    btw_peer_received(t->peer, btw_slice_of(wire, len), t->now_ms);
}

/* The hashes that come next lead to the root that they name, or not. */
static inline bool heard_proof(struct talk *t)
{
    struct btw_slice in = btw_peer_output(t->peer);
    struct btw_metainfo_files files = btw_metainfo_files_v2(&t->fixture->meta);
    struct btw_metainfo_file file;
    struct btw_hash_range range;
    struct btw_stream stream = t->stream;
    struct btw_msg msg;
    bool proven;

    assert_int_equal(btw_stream_next(&stream, &in, &msg, NULL), BTW_OK);
    assert_int_equal(msg.type, BTW_HASHES);
    range = btw_hash_range_of(&msg);
    do
        assert_true(btw_metainfo_next_file(&files, &file));
    while (file.root == NULL || memcmp(file.root, range.root, 32) != 0);
    proven = btw_hashes_verify(msg.data, &range, btw_merkle_height(file.length), NULL) == BTW_OK;
    hear(t);
    return proven;
}

/* Steps that need more than one message. */
static inline bool special(struct talk *t, const char *step)
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
    } else if (strcmp(step, "rst-in") == 0) {
        btw_peer_received_end(t->peer, BTW_END_RST, t->now_ms);
    } else if (strcmp(step, "first-last") == 0) {
        answer(t, false);
    } else if (strcmp(step, "answer") == 0) {
        answer(t, true);
    } else if (strncmp(step, "dials ", 6) == 0) { /* the port, 0: nobody */
        struct btw_address to = { .port = 0 };
        btw_host_next_dial(t->host, &to);
        assert_int_equal(to.port, atoi(step + 6));
    } else if (strcmp(step, "proof") == 0) {
        assert_true(heard_proof(t));
    } else if (strcmp(step, "no-proof") == 0) {
        assert_false(heard_proof(t));
    } else {
        return false;
    }
    return true;
}

/* Does what comes next fit? */
static inline void must_hear(struct talk *t, const struct conversation *row, size_t i)
{
    const char *step = with_roots(t, row->steps[i]), *heard = hear(t);
    bool anywhere = strncmp(step, "<~ ", 3) == 0;
    const char *want = anywhere ? step + 3 : step[0] == '<' ? step + 1 + (step[1] == ' ') : step;
    bool fits = anywhere ? strstr(heard, want) != NULL : strncmp(heard, want, strlen(want)) == 0;

    if (!fits || (*want == '\0' && *heard != '\0'))
        fail_msg("%s, step %zu: want \"%s\", heard \"%s\"", row->name, i, want, heard);
}

/* Sets what the row says, and returns where its conversation begins. */
static inline size_t prepare(struct talk *t, const struct conversation *row)
{
    char name[40];
    size_t i = 0;
    int64_t value;

    if (row->policy != NULL)
        assert_int_equal(btw_policy_set(&t->policy, row->policy, row->value), BTW_OK);
    for (; sscanf(row->steps[i], "policy %39s %" SCNd64, name, &value) == 2; i++)
        assert_int_equal(btw_policy_set(&t->policy, name, value), BTW_OK);
    return i;
}

static inline void converse(struct talk *t, const struct conversation *row)
{
    size_t i = prepare(t, row);

    start(t, row->fixture, row->role, NULL);
    greet(t, row->reserved);
    for (; row->steps[i] != NULL; i++) {
        const char *step = row->steps[i];

        if (strncmp(step, "> ", 2) == 0)
            say(t, step + 2);
        else if (strncmp(step, "wait ", 5) == 0)
            pass(t, atoll(step + 5));
        else if (strcmp(step, "other") == 0)
            change_over(t, row->reserved);
        else if (!special(t, step))
            must_hear(t, row, i);
    }
}

#endif

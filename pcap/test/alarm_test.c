/* SPDX-License-Identifier: MIT
 *
 * A capture that lacks frames, or has them in another order, proves less and never more: whatever is done to a session,
 * nothing is found that is not found in the whole of it.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "judge.h"

enum { PACKETS_MAX = 512, FOUND_MAX = 64, ROUNDS = 12 };

/* A capture in memory, and an order in which its packets are told. */
struct tape {
    struct cap_packet packet[PACKETS_MAX];
    size_t count;
    size_t order[PACKETS_MAX], told;
    int64_t start_ns;
};

struct found {
    struct {
        const struct btw_rule *rule;
        uint16_t port;
    } list[FOUND_MAX];
    size_t count;
};

static struct tape tape_read(const char *path)
{
    struct tape tape = { 0 };
    struct cap_packet packet;
    char *error = NULL;
    struct cap_capture *capture = cap_capture_file(path, &error);
    if (capture == NULL)
        fail_msg("%s", error);
    while (cap_capture_next(capture, &packet) == CAP_OK) {
        uint8_t *copy = malloc(packet.bytes.len);
        assert_non_null(copy);
        assert_true(tape.count < PACKETS_MAX);
        memcpy(copy, packet.bytes.data, packet.bytes.len);
        packet.bytes.data = copy;
        tape.packet[tape.count++] = packet;
    }
    tape.start_ns = tape.packet[0].time_ns;
    cap_capture_close(capture);
    return tape;
}

static void tape_free(struct tape *tape)
{
    for (size_t i = 0; i < tape->count; i++)
        free((void *)tape->packet[i].bytes.data);
}

static void add(void *user, const struct cap_finding *finding)
{
    struct found *found = user;
    assert_true(found->count < FOUND_MAX);
    found->list[found->count].rule = finding->rule;
    found->list[found->count++].port = finding->session->sent[finding->side].from.port;
}

static void take(void *user, const struct cap_event *event)
{
    if (event->kind == CAP_OPENED)
        event->session->user = cap_judge_new(event->session, 0);
    cap_judge_take(event->session->user, event);
    if (event->kind != CAP_CLOSED)
        return;
    cap_judge_tell(event->session->user, add, user);
    cap_judge_free(event->session->user);
}

static struct found play(const struct tape *tape)
{
    struct found found = { 0 };
    struct cap_config config = { 0 };
    struct cap_dissect *dissect = cap_dissect_new(&config, take, &found);
    assert_non_null(dissect);
    for (size_t i = 0; i < tape->told; i++) {
        struct cap_packet packet = tape->packet[tape->order[i]];
        packet.time_ns = tape->packet[i].time_ns; /* time goes on whatever the order */
        cap_dissect_packet(dissect, &packet);
    }
    cap_dissect_end(dissect);
    cap_dissect_free(dissect);
    return found;
}

static bool has(const struct found *found, const struct btw_rule *rule, uint16_t port)
{
    for (size_t i = 0; i < found->count; i++) {
        if (found->list[i].rule == rule && found->list[i].port == port)
            return true;
    }
    return false;
}

/* ---- what is done to a capture ----------------------------------------------------------------------------------- */

static uint32_t drawn = 1;

static size_t draw(size_t below)
{
    drawn = drawn * 1664525 + 1013904223;
    return (drawn >> 8) % below;
}

/* The packet's source address, as far as it tells the two sides apart: Ethernet, IPv4. */
static bool is_from_first(const struct tape *tape, size_t i)
{
    return memcmp(tape->packet[i].bytes.data + 26, tape->packet[0].bytes.data + 26, 4) == 0;
}

static bool is_kept(const struct tape *tape, const char *how, size_t i, size_t at)
{
    switch (how[0]) {
    case '1': /* one is missing */
        return i != at;
    case 'b': /* some in a row */
        return i < at || i >= at + 5;
    case 'l': /* one in thirty */
        return draw(30) != 0;
    case 'h': /* the beginning */
        return i >= at;
    case 't': /* the end */
        return i < at;
    case 'd': /* all that one side sends, from somewhere on */
        return !is_from_first(tape, i) || i < at;
    case 'a': /* and the same of the other */
        return is_from_first(tape, i) || i < at;
    default:
        return true;
    }
}

static void swap(size_t *a, size_t *b)
{
    size_t c = *a;
    *a = *b;
    *b = c;
}

/* Packets change places with others up to seven behind them. */
static void shuffle(struct tape *tape)
{
    for (size_t i = 0; i + 1 < tape->told; i++) {
        size_t reach = tape->told - i < 8 ? tape->told - i : 8;
        if (draw(3) == 0)
            swap(&tape->order[i], &tape->order[i + draw(reach)]);
    }
}

static void change(struct tape *tape, const char *how)
{
    size_t at = draw(tape->count);
    tape->told = 0;
    for (size_t i = 0; i < tape->count; i++) {
        if (is_kept(tape, how, i, at))
            tape->order[tape->told++] = i;
    }
    if (how[0] == 'r')
        shuffle(tape);
}

static void expect_no_more(struct tape *tape, const char *file, const char *how, const struct found *whole)
{
    change(tape, how);
    struct found found = play(tape);
    for (size_t i = 0; i < found.count; i++) {
        if (!has(whole, found.list[i].rule, found.list[i].port))
            fail_msg("%s, %s: %s of port %u", file, how, found.list[i].rule->id, found.list[i].port);
    }
}

static void a_worse_capture_proves_no_more(void **state)
{
    static const char *const files[] = {
        "pcap/test/data/base-mss1448.pcap",
        "pcap/test/data/libtorrent-seed_aria2-leech_nanosec.pcap",
        "pcap/test/data/libtorrent-seed_qbittorrent-leech.pcap",
        "pcap/test/data/libtorrent-x2_hybrid-magnet.pcap",
        "pcap/test/data/libtorrent-x2_mse-plaintext-256k.pcap",
        "pcap/test/data/libtorrent-x2_mse-rc4.pcap",
        "pcap/test/data/scripted-peer_libtorrent-seed.pcap",
        "pcap/test/data/scripted-peer_transmission-seed.pcap",
        "pcap/test/data/transmission-seed_aria2-leech.pcap",
    };
    static const char *const ways[] = { "1", "burst", "loss", "head", "tail", "dialler", "acceptor", "reorder" };
    (void)state;
    for (size_t f = 0; f < sizeof files / sizeof files[0]; f++) {
        struct tape tape = tape_read(files[f]);
        change(&tape, "whole");
        struct found whole = play(&tape);
        for (size_t w = 0; w < sizeof ways / sizeof ways[0]; w++)
            for (size_t i = 0; i < ROUNDS; i++)
                expect_no_more(&tape, files[f], ways[w], &whole);
        tape_free(&tape);
    }
}

struct heard {
    enum cap_kind kind;
    uint64_t messages, bad;
};

static void hear(void *user, const struct cap_event *event)
{
    struct heard *heard = user;
    heard->kind = event->session->kind;
    heard->messages += event->kind == CAP_MESSAGE;
    heard->bad += event->kind == CAP_BAD;
}

/* One side of MSE: the words of the acceptor tell what it is if they go on in clear, and nothing else does. */
static void one_side_of_mse(void **state)
{
    static const struct {
        const char *file;
        enum btw_side side;
        enum cap_kind kind;
        uint64_t messages, other;
    } rows[] = {
        { "pcap/test/data/libtorrent-x2_mse-plaintext-256k.pcap", BTW_ACCEPTOR, CAP_MSE_CLEAR, 26, 0 },
        { "pcap/test/data/libtorrent-x2_mse-plaintext-256k.pcap", BTW_DIALLER, CAP_UNKNOWN, 0, 1 },
        { "pcap/test/data/libtorrent-x2_mse-rc4.pcap", BTW_ACCEPTOR, CAP_UNKNOWN, 0, 1 },
        { "pcap/test/data/libtorrent-x2_mse-rc4.pcap", BTW_DIALLER, CAP_UNKNOWN, 0, 1 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct tape tape = tape_read(rows[i].file);
        struct heard heard = { CAP_UNKNOWN, 0, 0 };
        struct cap_dissect *dissect = cap_dissect_new(&(struct cap_config){ 0 }, hear, &heard);
        assert_non_null(dissect);
        for (size_t k = 0; k < tape.count; k++) {
            if (is_from_first(&tape, k) == (rows[i].side == BTW_DIALLER))
                cap_dissect_packet(dissect, &tape.packet[k]);
        }
        cap_dissect_end(dissect);
        assert_int_equal(heard.kind, rows[i].kind);
        assert_int_equal(heard.messages, rows[i].messages);
        assert_int_equal(heard.bad, 0);
        assert_int_equal(cap_dissect_counts(dissect)->other, rows[i].other);
        cap_dissect_free(dissect);
        tape_free(&tape);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_worse_capture_proves_no_more),
        cmocka_unit_test(one_side_of_mse),
    };
    return cmocka_run_group_tests_name("alarm", tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT
 *
 * Sessions by rows: packets with the messages in them, and the events they become.
 *
 * A word of a row is one packet: `a` or `b` sends it; then S (SYN), F (FIN), R (RST) or `.`; then, optional, `@N`: at
 * offset N of its stream rather than behind what it sent last; then `=` and the messages in it, each a letter: h
 * handshake, i interested, u unchoke, k keepalive, 4 have, 6 request, 7 a piece of 100 bytes, X bytes that are no
 * message.  Behind the messages `-2` sends all but the first two bytes, `+2` only the first two.  At the
 * end `^N` acknowledges the first N bytes of the other side, and not all that it has sent.
 * `new` begins new streams with other ISNs on the same ports; `lost:` in front of a word sends it unseen; `wait` lets
 * enough packets go by.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>

#include "packets.h"

struct play {
    struct wire wire;
    uint32_t isn;
    uint32_t sent[2]; /* offsets */
};

static size_t put_message(uint8_t *to, char letter)
{
    static const struct {
        char letter;
        const char *bytes;
        size_t len;
    } messages[] = {
        { 'i', "\0\0\0\1\2", 5 },
        { 'u', "\0\0\0\1\1", 5 },
        { 'k', "\0\0\0\0", 4 },
        { '4', "\0\0\0\5\4\0\0\0\7", 9 },
        { '6', "\0\0\0\15\6\0\0\0\1\0\0\0\0\0\0\0\144", 17 },
        { '7', "\0\0\0\155\7\0\0\0\1\0\0\0\0", 13 },
        { 'X', "\x7f\xff\xff\xff\x7f", 5 },
        { 'h',
          "\x13"
          "BitTorrent protocol\0\0\0\0\0\0\0\4iiiiiiiiiiiiiiiiiiiipppppppppppppppppppp",
          68 },
    };

    for (size_t i = 0; i < sizeof messages / sizeof messages[0]; i++)
        if (messages[i].letter == letter) {
            memcpy(to, messages[i].bytes, messages[i].len);
            memset(to + messages[i].len, 0xff, letter == '7' ? 100 : 0);
            return messages[i].len + (letter == '7' ? 100 : 0);
        }
    fail_msg("no message %c", letter);
    return 0;
}

static void send_packet(struct play *play, const char *word, bool seen)
{
    bool from_b = word[0] == 'b';
    uint8_t data[2000];
    size_t len = 0, skip = 0;
    struct tcp tcp = { .from_b = from_b, .port = 5000, .flags = CAP_TCP_ACK };
    const char *at = word + 2, *ack = strchr(word, '^');
    uint32_t offset = word[1] == 'S' ? 0 : play->sent[from_b];

    if (*at == '@')
        offset = (uint32_t)strtoul(at + 1, (char **)&at, 10);
    if (*at == '=')
        for (at++; *at != '\0' && strchr("+-^", *at) == NULL; at++)
            len += put_message(data + len, *at);
    if (*at == '-')
        skip = strtoul(at + 1, NULL, 10);
    if (*at == '+')
        len = strtoul(at + 1, NULL, 10);
    tcp.seq = play->isn + 1 + offset + (uint32_t)skip;
    tcp.ack = play->isn + 1 + (ack == NULL ? play->sent[!from_b] : (uint32_t)strtoul(ack + 1, NULL, 10));
    if (word[1] == 'S') {
        tcp.flags = from_b ? CAP_TCP_SYN | CAP_TCP_ACK : CAP_TCP_SYN;
        tcp.seq--;
    } else if (word[1] != '.') {
        tcp.flags |= word[1] == 'F' ? CAP_TCP_FIN : CAP_TCP_RST;
    }
    if (len > 0 && offset + len > play->sent[from_b])
        play->sent[from_b] = offset + (uint32_t)len;
    if (seen)
        wire_tcp(&play->wire, tcp, data + skip, len - skip);
}

static void play_word(struct play *play, const char *word)
{
    if (strcmp(word, "new") == 0) {
        play->isn += 1U << 31;
        play->sent[0] = play->sent[1] = 0;
    } else if (strcmp(word, "wait") == 0) {
        for (int i = 0; i < 40; i++)
            send_packet(play, i % 2 ? "a." : "b.", true);
    } else if (strncmp(word, "lost:", 5) == 0) {
        send_packet(play, word + 5, false);
    } else {
        send_packet(play, word, true);
    }
}

#define SYNS "aS bS a. "
#define OPEN "0 a opened wire\n0 a message handshake\n"
#define BOTH OPEN "0 b message handshake\n"
#define ENDS "0 a fin\n0 b fin\n0 a closed\n"

/* clang-format off */
static const struct {
    const char *name, *packets, *events;
} rows[] = {
    { "a session",             SYNS "a.=h b.=h a.=i b.=u a.=6 b.=7 aF bF", BOTH "0 a message interested\n0 b message unchoke\n0 a message request\n0 b message piece\n" ENDS },
    { "all in one packet",     SYNS "a.=hi6 b.=hu7 aF bF", OPEN "0 a message interested\n0 a message request\n0 b message handshake\n0 b message unchoke\n0 b message piece\n" ENDS },
    { "SYN with data",         "aS=hi bS=h aF bF", OPEN "0 a message interested\n0 b message handshake\n" ENDS },
    { "handshake in parts",    SYNS "a.=h+10 a.@0=h-10 b.=h aF bF", BOTH ENDS },
    { "no SYN",                "a.=h b.=h wait aF bF", BOTH ENDS },
    { "SYN behind the data",   "a.=h aS bS b.=h aF bF", BOTH ENDS },
    { "acceptor first",        "bS aS b.=h a.=h aF bF", "0 b opened wire\n0 b message handshake\n0 a message handshake\n" ENDS },
    { "SYN again and again",   "aS aS bS aS bS a.=h bS b.=h aS aF bF", BOTH ENDS },
    { "one direction",         "aS a.=hi aF", OPEN "0 a message interested\n0 a fin\n0 a closed\n" },
    { "the other direction",   "bS b.=hu bF", "0 b opened wire\n0 b message handshake\n0 b message unchoke\n0 b fin\n0 a closed\n" },
    { "reset",                 SYNS "a.=h b.=h aR b.=u", BOTH "0 a rst\n0 b message unchoke\n0 a closed\n" },
    { "reset from elsewhere",  SYNS "a.=h b.=h aR@9000000 a.=i aF bF", BOTH "0 a message interested\n" ENDS },
    { "both reset",            SYNS "a.=h b.=h aR bR b.=u", BOTH "0 a rst\n0 b rst\n0 a closed\n" },
    { "ports again",           SYNS "a.=h b.=h aF bF new " SYNS "a.=h aF bF", BOTH ENDS "1 a opened wire\n1 a message handshake\n1 a fin\n1 b fin\n1 a closed\n" },
    { "ports again, no FIN",   SYNS "a.=h b.=h new aS bS a.=h", BOTH "0 a closed\n1 a opened wire\n1 a message handshake\n1 a closed\n" },
    { "behind the end",        SYNS "a.=h b.=h aF bF a.@0=h b.@0=h aF aR", BOTH ENDS },
    { "refused",               "aS bR", "" },
    { "nothing said",          SYNS "aF bF", "" },
    { "not BitTorrent",        SYNS "a.=XXXXXXXXXXXXXXXXXXXXX b.=h aF bF", "" },
    { "no handshake back",     SYNS "a.=h b.=XX aF bF", OPEN "0 b bad raw\n" ENDS },
    { "message too long",      SYNS "a.=hiX a.=i aF bF", OPEN "0 a message interested\n0 a bad raw\n" ENDS },
    { "hole in a block",       SYNS "a.=h b.=h b.@68=7+20 b.@68=7-40 b.=u a. wait aF bF", BOTH "0 b gap 20 resumed\n0 b message piece\n0 b message unchoke\n" ENDS },
    { "hole in its front",     SYNS "a.=h b.=h b.@68=7+6 b.@68=7-26 b.=u wait aF bF", BOTH "0 b gap 20 resumed\n0 b message unchoke\n" ENDS },
    { "hole in the handshake", SYNS "a.=h+30 a.@0=h-38 a.=i wait aF bF", "0 a opened wire\n0 a gap 8 resumed\n0 a message interested\n" ENDS },
    { "hole over a boundary",  SYNS "a.=h b.=h lost:b.=u b.=u44444 wait aF bF", BOTH "0 b gap 5\n0 b message unchoke\n0 b message have\n0 b message have\n0 b message have\n0 b message have\n0 b message have\n" ENDS },
    { "hole up to a boundary", SYNS "a.=h b.=h b.@68=7+93 lost:b.@68=7 b.=u wait aF bF", BOTH "0 b gap 20 resumed\n0 b message piece\n0 b message unchoke\n" ENDS },
    { "two holes, then more",  SYNS "a.=h b.=h lost:b.=u b.=4 lost:b.=u b.=44444 wait aF bF", BOTH "0 b gap 5\n0 b gap 5\n0 b gap 9 resumed\n0 b message have\n0 b message have\n0 b message have\n0 b message have\n0 b message have\n" ENDS },
    { "answer seen first",     SYNS "a.=h b.=h lost:a.=i b.=u a.@68=i^68 aF bF", BOTH "0 a message interested\n0 b message unchoke\n" ENDS },
    { "b first, but a dialled", "b.=h aS bS a.=h aF bF", "0 b opened wire\n0 b message handshake\n0 a message handshake\n" ENDS },
    { "rest unreadable",       SYNS "a.=h b.=h lost:b.=u b.=4 wait aF bF", BOTH "0 b gap 5\n" ENDS },
    { "middle of a session",   "a.=6666-3 b.=7777-5 wait aF bF", "0 a opened wire\n0 a gap 14 resumed\n0 a message request\n0 a message request\n0 a message request\n0 a fin\n0 b gap 108 resumed\n0 b message piece\n0 b message piece\n0 b message piece\n0 b fin\n0 a closed\n" },
};
/* clang-format on */

static void play_row(struct play *play, const char *packets, const struct cap_config *config)
{
    char words[1024], *rest = words, *word;

    assert_true(strlen(packets) < sizeof words);
    strcpy(words, packets);
    play->isn = UINT32_MAX - 30; /* it wraps inside the handshake */
    play->sent[0] = play->sent[1] = 0;
    wire_open(&play->wire, config);
    while ((word = strsep(&rest, " ")) != NULL)
        if (*word != '\0')
            play_word(play, word);
    wire_close(&play->wire);
}

static void rows_become_events(void **state)
{
    static struct play play;
    static const struct cap_config configs[] = { { .payload = false }, { .payload = true, .sha1 = true } };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        for (size_t j = 0; j < 2; j++) {
            play_row(&play, rows[i].packets, &configs[j]);
            if (strcmp(play.wire.text, rows[i].events) != 0)
                fail_msg("%s:\n%sinstead of\n%s", rows[i].name, play.wire.text, rows[i].events);
        }
}

static void a_block_with_a_hole_has_no_bytes(void **state)
{
    static struct play play;

    (void)state;
    play_row(&play, SYNS "a.=h b.=h b.=7 aF bF", &(struct cap_config){ .payload = true });
    assert_int_equal(play.wire.block_bytes, 100);
    play_row(&play, SYNS "a.=h b.=h b.@68=7+20 b.@68=7-40 wait aF bF", &(struct cap_config){ .payload = true });
    assert_int_equal(play.wire.events[CAP_MESSAGE], 3);
    assert_int_equal(play.wire.block_bytes, 0);
}

/* As soon as it is known, not only when it is over. */
static void other_protocols_are_left_alone(void **state)
{
    static const char text[] = "GET / HTTP/1.1\r\n";
    static const uint8_t garbage[1400];
    static struct wire wire;

    (void)state;
    wire_open(&wire, &(struct cap_config){ .payload = false });
    wire_tcp(&wire, (struct tcp){ .port = 1, .flags = CAP_TCP_SYN }, "", 0);
    wire_tcp(&wire, (struct tcp){ .port = 1, .seq = 1 }, text, sizeof text - 1);
    assert_int_equal(cap_dissect_counts(wire.dissect)->other, 1);
    for (uint32_t i = 0; i < 100; i++) /* in its middle, both directions */
        wire_tcp(&wire, (struct tcp){ .port = 2, .from_b = i % 2 != 0, .seq = i / 2 * 1400 }, garbage, sizeof garbage);
    for (uint32_t i = 0; i < 60; i++)
        wire_tcp(&wire, (struct tcp){ .port = 2, .from_b = i % 2 != 0, .seq = (50 + i / 2) * 1400 }, garbage,
                 sizeof garbage);
    assert_int_equal(cap_dissect_counts(wire.dissect)->other, 2);
    assert_int_equal(cap_dissect_counts(wire.dissect)->sessions, 0);
    wire_close(&wire);
    assert_int_equal(wire.events[CAP_OPENED], 0);
}

/* A reset by one side ends the session when the other side has been silent for a while. */
static void what_was_reset_closes_soon(void **state)
{
    static struct wire wire;
    uint8_t handshake[100];

    (void)state;
    wire_open(&wire, &(struct cap_config){ .payload = false });
    wire_tcp(&wire, (struct tcp){ .port = 1, .flags = CAP_TCP_SYN }, "", 0);
    wire_tcp(&wire, (struct tcp){ .port = 1, .seq = 1 }, handshake, put_message(handshake, 'h'));
    wire_tcp(&wire, (struct tcp){ .port = 1, .seq = 69, .flags = CAP_TCP_RST }, "", 0);
    wire_tcp(&wire, (struct tcp){ .port = 2, .flags = CAP_TCP_SYN }, "", 0);
    assert_int_equal(wire.events[CAP_CLOSED], 0);
    wire.packet.time_ns += INT64_C(11) * 1000000000;
    wire_tcp(&wire, (struct tcp){ .port = 2, .flags = CAP_TCP_SYN }, "", 0);
    assert_int_equal(wire.events[CAP_CLOSED], 1);
    wire_close(&wire);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_become_events),
        cmocka_unit_test(a_block_with_a_hole_has_no_bytes),
        cmocka_unit_test(other_protocols_are_left_alone),
        cmocka_unit_test(what_was_reset_closes_soon),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT
 *
 * Whoever sends the packets may be out for harm: memory stays bounded, nothing is read or written that is not ours
 * (under ASan and UBSan), and a session that keeps its head is read to its end.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <glob.h>
#include <malloc.h>
#include <stdlib.h>

#include "packets.h"

enum { MIB = 1 << 20, HARD_LIMIT = 24 * MIB };

size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak)); /* NOLINT: the sanitizer's */

static size_t allocated(void)
{
    return __sanitizer_get_current_allocated_bytes != NULL ? __sanitizer_get_current_allocated_bytes()
                                                           : mallinfo2().uordblks;
}

static uint32_t noise(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*state >> 32);
}

static const uint8_t handshake[68] = "\x13"
                                     "BitTorrent protocol";

/* A session of its own on port 1, to be carried on in the middle of all that goes on. */
static void greet(struct wire *wire)
{
    wire_tcp(wire, (struct tcp){ .port = 1, .seq = 99, .flags = CAP_TCP_SYN }, "", 0);
    wire_tcp(wire, (struct tcp){ .port = 1, .seq = 100 }, handshake, sizeof handshake);
}

static void say_goodbye(struct wire *wire)
{
    wire->len = 0;
    wire_tcp(wire, (struct tcp){ .port = 1, .seq = 168 }, "\0\0\0\1\2", 5);
    wire->text[wire->len] = '\0';
    assert_string_equal(wire->text, "0 a message interested\n");
}

static void a_flood_of_syns_pushes_out_only_its_own(void **state)
{
    static struct wire wire;
    size_t before = allocated();

    (void)state;
    wire_open(&wire, &(struct cap_config){ .flows = 1000 });
    greet(&wire);
    for (uint32_t i = 0; i < 100000; i++)
        wire_tcp(&wire, (struct tcp){ .host = 3 + i, .port = 7, .seq = i, .flags = CAP_TCP_SYN }, "", 0);
    assert_true(allocated() - before < 4 * MIB);
    assert_int_equal(cap_dissect_counts(wire.dissect)->flows, 100001);
    assert_int_equal(cap_dissect_counts(wire.dissect)->dropped_flows, 100001 - 1000);
    say_goodbye(&wire);
    wire_close(&wire);
}

/* Each begins something that needs a buffer and says no more. */
static void half_open_connections_are_bounded(void **state)
{
    static const struct {
        const char *data;
        size_t len;
        uint32_t seq;
    } words[] = {
        { "\x13"
          "BitTor",
          7, 1 },                                              /* a handshake that never ends */
        { (const char *)handshake, 68, 1 },                    /* nothing behind it */
        { "\x80\x01\x02\x03\x04\x05\x06\x07\x08\x09", 10, 1 }, /* perhaps a key */
        { "behind a hole that nobody fills", 31, 1000 },       /* waits */
    };
    static struct wire wire;
    size_t before = allocated();

    (void)state;
    wire_open(&wire, &(struct cap_config){ .sha1 = true });
    for (uint32_t i = 0; i < 40000; i++) {
        wire_tcp(&wire, (struct tcp){ .host = 3 + i, .port = 7, .flags = CAP_TCP_SYN }, "", 0);
        wire_tcp(&wire, (struct tcp){ .host = 3 + i, .port = 7, .seq = words[i % 4].seq }, words[i % 4].data,
                 words[i % 4].len);
    }
    assert_true(allocated() - before < HARD_LIMIT);
    wire_close(&wire);
    assert_int_equal(wire.events[CAP_OPENED], wire.events[CAP_CLOSED]);
}

/* A length prefix that is never kept, a gibibyte away or just within the limit, with blocks kept whole. */
static void announced_lengths_cost_no_more_than_there_is_room(void **state)
{
    static const char *const lengths[] = { "\0\x0f\xff\xff\x05", "\x3f\xff\xff\xff\x07", "\xff\xff\xff\xff\x14" };
    static struct wire wire;
    size_t before = allocated();

    (void)state;
    wire_open(&wire, &(struct cap_config){ .payload = true });
    for (uint32_t i = 0; i < 300; i++) {
        struct tcp tcp = { .host = 3 + i, .port = 7, .flags = CAP_TCP_SYN };

        wire_tcp(&wire, tcp, "", 0);
        tcp.flags = 0;
        tcp.seq = 1;
        wire_tcp(&wire, tcp, handshake, sizeof handshake);
        tcp.seq += sizeof handshake;
        wire_tcp(&wire, tcp, lengths[i % 3], 5);
    }
    assert_true(allocated() - before < HARD_LIMIT);
    assert_int_equal(wire.events[CAP_BAD], 200);
    assert_in_range(cap_dissect_counts(wire.dissect)->dropped_flows, 80, 99); /* of a hundred, those silent longest */
    wire_close(&wire);
}

/* Segments anywhere, of any length, over each other: what is told has no more bytes than were sent. */
static void sequence_games_are_bounded(void **state)
{
    static struct wire wire;
    static uint8_t data[1400];
    uint64_t seed = 1;
    size_t before = allocated();

    (void)state;
    memset(data, 'x', sizeof data);
    wire_open(&wire, &(struct cap_config){ .payload = true });
    for (uint16_t port = 10; port < 30; port++) {
        wire_tcp(&wire, (struct tcp){ .port = port, .flags = CAP_TCP_SYN }, "", 0);
        wire_tcp(&wire, (struct tcp){ .port = port, .seq = 1 }, handshake, sizeof handshake);
    }
    for (uint32_t i = 0; i < 50000; i++) {
        struct tcp tcp = { .port = (uint16_t)(10 + i % 20), .flags = CAP_TCP_ACK };

        tcp.from_b = noise(&seed) % 4 == 0;
        tcp.seq = noise(&seed) % 3 == 0 ? noise(&seed) : noise(&seed) % (1 << 22);
        tcp.ack = noise(&seed) % 8 == 0 ? noise(&seed) : noise(&seed) % (1 << 20);
        tcp.flags |= noise(&seed) % 64 == 0 ? (uint8_t)noise(&seed) : 0;
        wire_tcp(&wire, tcp, data, noise(&seed) % sizeof data);
        assert_true(allocated() - before < HARD_LIMIT);
    }
    wire_close(&wire);
    assert_int_equal(wire.events[CAP_OPENED], wire.events[CAP_CLOSED]);
}

/* Every second byte first: the worst order there is. */
static void the_worst_order_takes_bounded_work(void **state)
{
    static struct wire wire;
    size_t before = allocated();

    (void)state;
    wire_open(&wire, &(struct cap_config){ .payload = false });
    greet(&wire);
    for (uint32_t i = 30000; i > 0; i--)
        wire_tcp(&wire, (struct tcp){ .port = 1, .seq = 168 + 2 * i }, "x", 1);
    assert_true(allocated() - before < 4 * MIB);
    wire_close(&wire);
}

static void fragments_without_end_are_bounded(void **state)
{
    static struct wire wire;
    static uint8_t bytes[20 + 1400] = { 0x45, 0 };
    uint64_t seed = 7;
    size_t before = allocated();

    (void)state;
    wire_open(&wire, &(struct cap_config){ .payload = false });
    bytes[2] = sizeof bytes >> 8;
    bytes[3] = sizeof bytes & 0xff;
    bytes[9] = CAP_IP_TCP;
    for (uint32_t i = 0; i < 50000; i++) {
        uint32_t random = noise(&seed);

        bytes[5] = random & 0xff; /* id */
        bytes[6] = (uint8_t)(0x20 | (random >> 8 & 0x1f));
        bytes[7] = (uint8_t)(random >> 16);
        wire_packet(&wire, btw_slice_of(bytes, sizeof bytes));
    }
    assert_true(allocated() - before < HARD_LIMIT);
    assert_int_equal(cap_dissect_counts(wire.dissect)->fragments, 50000);
    assert_true(cap_dissect_counts(wire.dissect)->dropped_fragments > 40000);
    wire_close(&wire);
}

/* Random bytes as packets of every link type. */
static void random_packets_do_no_harm(void **state)
{
    static const int links[] = { DLT_EN10MB, DLT_RAW, DLT_LINUX_SLL, DLT_LINUX_SLL2, DLT_NULL, DLT_PPP, 147 };
    static struct wire wire;
    uint64_t seed = 3;

    (void)state;
    wire_open(&wire, &(struct cap_config){ .sha1 = true });
    for (uint32_t i = 0; i < 50000; i++) {
        size_t len = noise(&seed) % 200;
        uint8_t *bytes = (uint8_t *)malloc(len + 1);

        assert_non_null(bytes);
        for (size_t j = 0; j < len; j++)
            bytes[j] = (uint8_t)noise(&seed);
        wire.packet.link = links[i % 7];
        if (wire.packet.link == DLT_RAW && len > 20) { /* as far as TCP */
            bytes[0] = 0x45;
            bytes[6] = bytes[7] = 0;
            bytes[9] = CAP_IP_TCP;
        }
        wire_packet(&wire, btw_slice_of(bytes, len));
        free(bytes);
    }
    assert_int_equal(cap_dissect_counts(wire.dissect)->packets, 50000);
    wire_close(&wire);
}

static struct btw_slice read_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    uint8_t *bytes = (uint8_t *)malloc(1 << 17);
    size_t len;

    assert_non_null(file);
    assert_non_null(bytes);
    len = fread(bytes, 1, 1 << 17, file);
    (void)fclose(file);
    return btw_slice_of(bytes, len);
}

static void ignore(void *user, const struct cap_event *event)
{
    (void)user;
    assert_in_range(event->side, BTW_DIALLER, BTW_ACCEPTOR);
}

/* Reads a capture in memory to whatever end it has. */
static void read_capture(struct btw_slice file)
{
    char *error = NULL;
    struct cap_capture *capture = cap_capture_memory(file, &error);
    struct cap_dissect *dissect = cap_dissect_new(&(struct cap_config){ .payload = true }, ignore, NULL);
    struct cap_packet packet;

    assert_non_null(dissect);
    if (capture == NULL) {
        assert_non_null(error);
        free(error);
    } else {
        while (cap_capture_next(capture, &packet) == CAP_OK)
            cap_dissect_packet(dissect, &packet);
    }
    cap_dissect_end(dissect);
    cap_dissect_free(dissect);
    cap_capture_close(capture);
}

/* Real captures (their first 128 KiB), with a few bytes changed, or cut. */
static void mutated_captures_do_no_harm(void **state)
{
    glob_t found;
    uint64_t seed = 5;
    size_t before = allocated();

    (void)state;
    assert_int_equal(glob("pcap/test/data/*.pcap*", 0, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        struct btw_slice file = read_file(found.gl_pathv[i]);
        uint8_t *bytes = (uint8_t *)file.data;

        for (unsigned round = 0; round < 8; round++) {
            for (unsigned change = 0; change < 1U << round; change++)
                bytes[noise(&seed) % file.len] = (uint8_t)noise(&seed);
            read_capture(btw_slice_of(bytes, round % 2 == 0 ? file.len : noise(&seed) % file.len));
        }
        free(bytes);
        assert_true(allocated() - before < HARD_LIMIT);
    }
    globfree(&found);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_flood_of_syns_pushes_out_only_its_own),
        cmocka_unit_test(half_open_connections_are_bounded),
        cmocka_unit_test(announced_lengths_cost_no_more_than_there_is_room),
        cmocka_unit_test(sequence_games_are_bounded),
        cmocka_unit_test(the_worst_order_takes_bounded_work),
        cmocka_unit_test(fragments_without_end_are_bounded),
        cmocka_unit_test(random_packets_do_no_harm),
        cmocka_unit_test(mutated_captures_do_no_harm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT
 *
 * Link layers, IP and UDP by rows of hand-written hex.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include <pcap/dlt.h>

#include "fragment.h"
#include "link.h"
#include "segment.h"

/* Bytes of hex with spaces, in a block of exactly that size. */
static struct btw_slice bytes_of(const char *hex)
{
    uint8_t *bytes = (uint8_t *)malloc(strlen(hex) / 2 + 1);
    size_t len = 0;
    char digits[3] = "";

    assert_non_null(bytes);
    while (*hex != '\0') {
        if (isspace((unsigned char)*hex)) {
            hex++;
            continue;
        }
        digits[0] = *hex++;
        digits[1] = *hex++;
        bytes[len++] = (uint8_t)strtoul(digits, NULL, 16);
    }
    if (len > 0)
        bytes = (uint8_t *)realloc(bytes, len);
    assert_non_null(bytes);
    return btw_slice_of(bytes, len);
}

static void free_bytes(struct btw_slice bytes)
{
    free((void *)bytes.data);
}

/* clang-format off */
#define MACS "0200000000aa 0200000000bb "
static const struct {
    const char *name;
    int link;
    const char *frame, *ip;
} links[] = {
    { "Ethernet, IPv4",        DLT_EN10MB, MACS "0800 45aa", "45aa" },
    { "Ethernet, IPv6",        DLT_EN10MB, MACS "86dd 60aa", "60aa" },
    { "Ethernet, ARP",         DLT_EN10MB, MACS "0806 0001", "" },
    { "802.1Q",                DLT_EN10MB, MACS "8100 002a 0800 45aa", "45aa" },
    { "QinQ",                  DLT_EN10MB, MACS "88a8 0001 8100 002a 86dd 60aa", "60aa" },
    { "QinQ, old",             DLT_EN10MB, MACS "9100 0001 8100 002a 0800 45aa", "45aa" },
    { "tag without end",       DLT_EN10MB, MACS "8100 002a 08", "" },
    { "PPPoE, IPv4",           DLT_EN10MB, MACS "8864 1100 0001 0004 0021 45aa", "45aa" },
    { "PPPoE, IPv6",           DLT_EN10MB, MACS "8864 1100 0001 0004 0057 60aa", "60aa" },
    { "PPPoE, LCP",            DLT_EN10MB, MACS "8864 1100 0001 0004 c021 0101", "" },
    { "PPPoE in a VLAN",       DLT_EN10MB, MACS "8100 0007 8864 1100 0001 0004 0021 45aa", "45aa" },
    { "SNAP",                  DLT_EN10MB, MACS "000a aaaa03 000000 0800 45aa", "45aa" },
    { "802.2, spanning tree",  DLT_EN10MB, MACS "0026 424203 0000 000000", "" },
    { "no type",               DLT_EN10MB, MACS "08", "" },
    { "SLL",                   DLT_LINUX_SLL, "0000 0001 0006 0200000000aa 0000 0800 45aa", "45aa" },
    { "SLL, VLAN",             DLT_LINUX_SLL, "0000 0001 0006 0200000000aa 0000 8100 0001 86dd 60aa", "60aa" },
    { "SLL2",                  DLT_LINUX_SLL2, "0800 0000 00000002 0001 00 06 0200000000aa 0000 45aa", "45aa" },
    { "SLL2, cut",             DLT_LINUX_SLL2, "0800 0000 00000002 0001 00 06 0200000000aa 00", "" },
    { "raw",                   DLT_RAW, "45aa", "45aa" },
    { "NULL, little-endian",   DLT_NULL, "02000000 45aa", "45aa" },
    { "NULL, big-endian",      DLT_NULL, "0000001e 60aa", "60aa" },
    { "LOOP",                  DLT_LOOP, "00000002 45aa", "45aa" },
    { "IPv4",                  DLT_IPV4, "45aa", "45aa" },
    { "PPP",                   DLT_PPP, "0021 45aa", "45aa" },
    { "PPP, HDLC framing",     DLT_PPP, "ff03 0057 60aa", "60aa" },
    { "nothing",               DLT_EN10MB, "", "" },
};
/* clang-format on */

static void link_layers_are_taken_off(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof links / sizeof links[0]; i++) {
        struct btw_slice frame = bytes_of(links[i].frame), want = bytes_of(links[i].ip);
        bool known = false;
        struct btw_slice ip = cap_link_ip(links[i].link, frame, &known);

        if (!known || ip.len != want.len || (ip.len > 0 && memcmp(ip.data, want.data, ip.len) != 0))
            fail_msg("%s: %zu bytes", links[i].name, ip.len);
        free_bytes(frame);
        free_bytes(want);
    }
}

static void unknown_link_types_are_said(void **state)
{
    bool known = true;

    (void)state;
    assert_int_equal(cap_link_ip(DLT_USB_LINUX, btw_slice_of("0123456789", 10), &known).len, 0);
    assert_false(known);
}

/* clang-format off */
#define ADDRESSES4 "0a000001 0a000002 "
#define ADDRESSES6 "fd000000000000000000000000000001 fd000000000000000000000000000002 "
static const struct {
    const char *name, *packet;
    uint32_t cut;
    const char *payload; /* NULL: damaged */
    uint8_t protocol;
    uint32_t missing;
    bool fragment, more;
    uint32_t at, id;
} packets[] = {
    { "IPv4",             "4500 0018 0007 4000 40 06 0000 " ADDRESSES4 "01020304", 0, "01020304", 6, 0, false, false, 0, 7 },
    { "padding behind",   "4500 0016 0007 4000 40 06 0000 " ADDRESSES4 "0102 00000000", 0, "0102", 6, 0, false, false, 0, 7 },
    { "options",          "4600 001a 0007 4000 40 11 0000 " ADDRESSES4 "94040000 0102", 0, "0102", 17, 0, false, false, 0, 7 },
    { "offloaded",        "4500 0000 0007 4000 40 06 0000 " ADDRESSES4 "010203", 0, "010203", 6, 0, false, false, 0, 7 },
    { "offloaded, cut",   "4500 0000 0007 4000 40 06 0000 " ADDRESSES4 "010203", 9, "010203", 6, 9, false, false, 0, 7 },
    { "cut",              "4500 001e 0007 4000 40 06 0000 " ADDRESSES4 "010203", 7, "010203", 6, 7, false, false, 0, 7 },
    { "first fragment",   "4500 001c 0007 2000 40 06 0000 " ADDRESSES4 "0102030405060708", 0, "0102030405060708", 6, 0, true, true, 0, 7 },
    { "last fragment",    "4500 0015 0007 0003 40 06 0000 " ADDRESSES4 "01", 0, "01", 6, 0, true, false, 24, 7 },
    { "header too long",  "4f00 0018 0007 4000 40 06 0000 " ADDRESSES4 "01020304", 0, NULL, 0, 0, false, false, 0, 0 },
    { "header too short", "4400 0018 0007 4000 40 06 0000 " ADDRESSES4 "01020304", 0, NULL, 0, 0, false, false, 0, 0 },
    { "length too short", "4500 0013 0007 4000 40 06 0000 " ADDRESSES4 "01020304", 0, NULL, 0, 0, false, false, 0, 0 },
    { "19 bytes",         "4500 0018 0007 4000 40 06 0000 0a000001 0a0000", 0, NULL, 0, 0, false, false, 0, 0 },
    { "version 5",        "5500 0018 0007 4000 40 06 0000 " ADDRESSES4 "01020304", 0, NULL, 0, 0, false, false, 0, 0 },
    { "IPv6",             "60000000 0002 06 40 " ADDRESSES6 "0102", 0, "0102", 6, 0, false, false, 0, 0 },
    { "IPv6, padding",    "60000000 0001 06 40 " ADDRESSES6 "0102", 0, "01", 6, 0, false, false, 0, 0 },
    { "IPv6, cut",        "60000000 0009 06 40 " ADDRESSES6 "0102", 7, "0102", 6, 7, false, false, 0, 0 },
    { "IPv6, offloaded",  "60000000 0000 06 40 " ADDRESSES6 "0102", 0, "0102", 6, 0, false, false, 0, 0 },
    { "hop by hop",       "60000000 000a 00 40 " ADDRESSES6 "06 00 050200000000 0102", 0, "0102", 6, 0, false, false, 0, 0 },
    { "three extensions", "60000000 0025 00 40 " ADDRESSES6 "2b 00 050200000000 3c 00 000000000000 06 01 0000 00000000 0000000000000000 0102030405", 0, "0102030405", 6, 0, false, false, 0, 0 },
    { "authentication",   "60000000 000d 33 40 " ADDRESSES6 "06 01 0000 00000001 00000001 07", 0, "07", 6, 0, false, false, 0, 0 },
    { "IPv6 fragment",    "60000000 0010 2c 40 " ADDRESSES6 "06 00 0001 00000009 0102030405060708", 0, "0102030405060708", 6, 0, true, true, 0, 9 },
    { "its last",         "60000000 0009 2c 40 " ADDRESSES6 "06 00 0008 00000009 09", 0, "09", 6, 0, true, false, 8, 9 },
    { "atomic fragment",  "60000000 0009 2c 40 " ADDRESSES6 "06 00 0000 00000009 09", 0, "09", 6, 0, false, false, 0, 9 },
    { "extension cut",    "60000000 0009 00 40 " ADDRESSES6 "06 01 0000", 0, NULL, 0, 0, false, false, 0, 0 },
    { "39 bytes",         "60000000 0002 06 40 fd000000000000000000000000000001 fd0000000000000000000000000000", 0, NULL, 0, 0, false, false, 0, 0 },
    { "nothing",          "", 0, NULL, 0, 0, false, false, 0, 0 },
};
/* clang-format on */

static void ip_headers_are_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof packets / sizeof packets[0]; i++) {
        struct btw_slice packet = bytes_of(packets[i].packet);
        struct btw_slice want = bytes_of(packets[i].payload == NULL ? "" : packets[i].payload);
        struct cap_ip ip;

        if (cap_ip_read(&ip, packet, packets[i].cut) != (packets[i].payload != NULL))
            fail_msg("%s", packets[i].name);
        if (packets[i].payload != NULL) {
            if (ip.payload.len != want.len || memcmp(ip.payload.data, want.data, want.len) != 0)
                fail_msg("%s: payload", packets[i].name);
            assert_int_equal(ip.protocol, packets[i].protocol);
            assert_int_equal(ip.missing, packets[i].missing);
            assert_int_equal(ip.fragment, packets[i].fragment);
            assert_int_equal(ip.more, packets[i].more);
            assert_int_equal(ip.at, packets[i].at);
            assert_int_equal(ip.id, packets[i].id);
        }
        free_bytes(packet);
        free_bytes(want);
    }
}

/* Every beginning of every packet: an over-read is ASan's. */
static void packets_cut_anywhere_do_no_harm(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof packets / sizeof packets[0]; i++) {
        struct btw_slice packet = bytes_of(packets[i].packet);

        for (size_t len = 0; len < packet.len; len++) {
            uint8_t *exact = (uint8_t *)malloc(len + (len == 0));
            struct cap_segment segment;
            struct cap_ip ip;

            assert_non_null(exact);
            memcpy(exact, packet.data, len);
            if (cap_ip_read(&ip, btw_slice_of(exact, len), (uint32_t)(packet.len - len))) {
                assert_true(ip.payload.len <= len);
                cap_segment_read(&segment, &ip);
                cap_udp_name(&ip);
            }
            free(exact);
        }
        free_bytes(packet);
    }
}

/* What stood behind the fragment header is walked over only when it is whole. */
static void extensions_behind_fragments_are_taken_off(void **state)
{
    struct btw_slice whole = bytes_of("06 00 010400000000 0102");
    struct cap_ip ip = { .address_len = 16, .protocol = 60, .fragment = true, .at = 8 };

    (void)state;
    assert_true(cap_ip_whole(&ip, whole));
    assert_int_equal(ip.protocol, 6);
    assert_int_equal(ip.payload.len, 2);
    assert_ptr_equal(ip.payload.data, whole.data + 8);
    assert_false(ip.fragment);
    free_bytes(whole);
}

/* A fragment of a datagram of many: where, what (one letter for every 8 bytes), whether more follow. */
struct part {
    uint32_t at;
    const char *text;
    bool more;
};

static bool add_part(struct cap_fragments *fragments, uint32_t id, struct part part, struct btw_slice *whole,
                     uint64_t *dropped)
{
    struct cap_ip ip = { .address_len = 4, .protocol = 6, .fragment = true };

    ip.more = part.more;
    ip.at = part.at;
    ip.id = id;
    ip.payload = btw_slice_of(part.text, strlen(part.text));
    return cap_fragments_add(fragments, &ip, whole, dropped);
}

/* clang-format off */
static const struct {
    const char *name;
    struct part parts[4];
    const char *whole; /* NULL: not yet */
} datagrams[] = {
    { "in order",            { { 0, "aaaaaaaa", true }, { 8, "bbbbbbbb", true }, { 16, "c", false } }, "aaaaaaaabbbbbbbbc" },
    { "last first",          { { 16, "c", false }, { 8, "bbbbbbbb", true }, { 0, "aaaaaaaa", true } }, "aaaaaaaabbbbbbbbc" },
    { "one twice",           { { 0, "aaaaaaaa", true }, { 0, "XXXXXXXX", true }, { 8, "b", false } }, "aaaaaaaab" },
    { "overlap, first wins", { { 0, "aaaaaaaabbbbbbbb", true }, { 8, "XXXXXXXXcccccccc", true }, { 24, "d", false } }, "aaaaaaaabbbbbbbbccccccccd" },
    { "one is missing",      { { 0, "aaaaaaaa", true }, { 16, "c", false } }, NULL },
    { "middle not of 8",     { { 0, "aaaaaaa", true }, { 8, "b", false } }, NULL },
    { "behind its end",      { { 8, "b", false }, { 16, "cccccccc", true }, { 0, "aaaaaaaa", true } }, NULL },
};
/* clang-format on */

static void fragments_are_put_together(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof datagrams / sizeof datagrams[0]; i++) {
        struct cap_fragments *fragments = cap_fragments_new();
        struct btw_slice whole = { NULL, 0 };
        uint64_t dropped = 0;
        bool done = false;

        assert_non_null(fragments);
        for (size_t j = 0; j < 4 && datagrams[i].parts[j].text != NULL; j++)
            done = add_part(fragments, 1, datagrams[i].parts[j], &whole, &dropped);
        if (done != (datagrams[i].whole != NULL))
            fail_msg("%s", datagrams[i].name);
        if (done) {
            assert_int_equal(whole.len, strlen(datagrams[i].whole));
            assert_memory_equal(whole.data, datagrams[i].whole, whole.len);
        }
        cap_fragments_free(fragments);
    }
}

static void too_many_datagrams_push_out_the_oldest(void **state)
{
    struct cap_fragments *fragments = cap_fragments_new();
    struct btw_slice whole;
    uint64_t dropped = 0;

    (void)state;
    assert_non_null(fragments);
    for (uint32_t id = 0; id <= CAP_DATAGRAMS_MAX; id++)
        assert_false(add_part(fragments, id, (struct part){ 0, "aaaaaaaa", true }, &whole, &dropped));
    assert_int_equal(dropped, 1);
    assert_true(add_part(fragments, 1, (struct part){ 8, "b", false }, &whole, &dropped));
    assert_false(add_part(fragments, 0, (struct part){ 8, "b", false }, &whole, &dropped));
    cap_fragments_free(fragments);
}

/* clang-format off */
#define UTP_REST "0001 00000000 00000000 00001000 0001 0000"
static const struct {
    const char *name, *data;
    enum cap_udp udp;
} udps[] = {
    { "uTP SYN",            "41 00 " UTP_REST, CAP_UDP_UTP },
    { "uTP data",           "01 00 " UTP_REST "aabb", CAP_UDP_UTP },
    { "uTP selective ack",  "21 01 " UTP_REST "00 04 00000001", CAP_UDP_UTP },
    { "uTP, version 2",     "42 00 " UTP_REST, CAP_UDP_OTHER },
    { "uTP, type 5",        "51 00 " UTP_REST, CAP_UDP_OTHER },
    { "uTP, no end",        "21 01 " UTP_REST "00 05 00000001", CAP_UDP_OTHER },
    { "uTP, 19 bytes",      "41 00 0001 00000000 00000000 00001000 0001 00", CAP_UDP_OTHER },
    { "DHT ping",           "64 313a616464323a696432303a6162636465666768696a30313233343536373839 65 313a71343a70696e67 313a74323a6161 313a79313a71 65", CAP_UDP_DHT },
    { "bencoded, not DHT",  "64 323a6162 323a6364 323a6566 323a6768 65", CAP_UDP_OTHER },
    { "tracker, connect",   "0000041727101980 00000000 12345678", CAP_UDP_TRACKER },
    { "DNS",                "1234 0100 0001 0000 0000 0000 03 777777 00 0001 0001", CAP_UDP_OTHER },
    { "empty",              "", CAP_UDP_OTHER },
};
/* clang-format on */

static void udp_is_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof udps / sizeof udps[0]; i++) {
        char hex[512] = "1ae1 1ae1 0000 0000 ";
        struct cap_ip ip = { .protocol = CAP_IP_UDP };

        strcat(hex, udps[i].data);
        ip.payload = bytes_of(hex);
        if (cap_udp_name(&ip) != udps[i].udp)
            fail_msg("%s", udps[i].name);
        free_bytes(ip.payload);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(link_layers_are_taken_off),
        cmocka_unit_test(unknown_link_types_are_said),
        cmocka_unit_test(ip_headers_are_read),
        cmocka_unit_test(packets_cut_anywhere_do_no_harm),
        cmocka_unit_test(extensions_behind_fragments_are_taken_off),
        cmocka_unit_test(fragments_are_put_together),
        cmocka_unit_test(too_many_datagrams_push_out_the_oldest),
        cmocka_unit_test(udp_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

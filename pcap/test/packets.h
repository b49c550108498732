/* SPDX-License-Identifier: MIT
 *
 * Packets for tests of the dissector, and what it says of them.  Raw IPv4 between 10.0.0.1 (a) and 10.0.0.2 (b).
 */
#ifndef CAP_TEST_PACKETS_H
#define CAP_TEST_PACKETS_H

#include <stdio.h>
#include <string.h>

#include <pcap/dlt.h>

#include "dissect.h"
#include "segment.h"

enum { WIRE_HEADERS = 40, TEXT_MAX = 1 << 16 };

/* A dissector, the packets' clock, and its events as text. */
struct wire {
    struct cap_dissect *dissect;
    struct cap_packet packet;
    uint64_t events[CAP_CLOSED + 1];
    uint64_t block_bytes;    /* of blocks whose bytes came with them */
    struct cap_session last; /* as the last event of any had it */
    char text[TEXT_MAX];     /* a line per event, see hear(); events beyond it are only counted */
    size_t len;
};

static const char *const wire_events[] = { "opened", "message", "bad", "gap", "cipher", "fin", "rst", "closed" };
static const char *const wire_kinds[] = { "unknown", "wire", "mse-clear", "mse", "other" };

/* "0 a message have": the session, who (a dialled, b was dialled), what. */
static void hear(void *user, const struct cap_event *event)
{
    struct wire *wire = (struct wire *)user;
    const char *more = "";
    char number[64];

    wire->events[event->kind]++;
    wire->last = *event->session;
    if (event->kind == CAP_MESSAGE && event->msg.type == BTW_PIECE && event->msg.data.data != NULL)
        wire->block_bytes += event->msg.data.len;
    if (event->kind == CAP_OPENED)
        more = wire_kinds[event->session->kind];
    if (event->kind == CAP_MESSAGE || event->kind == CAP_BAD)
        more = btw_desc_of(event->msg.type)->name;
    if (event->kind == CAP_GAP || event->kind == CAP_CIPHER) {
        (void)snprintf(number, sizeof number, "%llu%s", (unsigned long long)event->gap,
                       event->kind == CAP_GAP && event->resumed ? " resumed" : "");
        more = number;
    }
    if (wire->len < sizeof wire->text - 128)
        wire->len += (size_t)snprintf(wire->text + wire->len, 128, "%llu %c %s%s%s\n",
                                      (unsigned long long)event->session->number, "ab"[event->side],
                                      wire_events[event->kind], more[0] == '\0' ? "" : " ", more);
}

static void wire_open(struct wire *wire, const struct cap_config *config)
{
    *wire = (struct wire){ .packet = { .link = DLT_RAW, .time_ns = INT64_C(1700000000000000000) } };
    wire->dissect = cap_dissect_new(config, hear, wire);
    assert_non_null(wire->dissect);
}

static void wire_packet(struct wire *wire, struct btw_slice bytes)
{
    wire->packet.frame++;
    wire->packet.time_ns += 1000000;
    wire->packet.bytes = bytes;
    wire->packet.length = (uint32_t)bytes.len;
    cap_dissect_packet(wire->dissect, &wire->packet);
}

/* One TCP segment; from_b swaps the ends.  Port and host make connections. */
struct tcp {
    bool from_b;
    uint32_t host; /* of a, behind 10.0.0.0; 0 means 1 */
    uint16_t port; /* of a */
    uint32_t seq, ack;
    uint8_t flags;
};

static void wire_tcp(struct wire *wire, struct tcp tcp, const void *data, size_t len)
{
    static uint8_t bytes[65536];
    struct btw_writer w = btw_writer_on(bytes, sizeof bytes);
    uint32_t ends[2] = { 0x0a000000 | (tcp.host == 0 ? 1 : tcp.host), 0x0a000002 };
    uint16_t ports[2] = { tcp.port, 6881 };

    btw_write_u32(&w, 0x45000000 | (uint32_t)(WIRE_HEADERS + len));
    btw_write_u32(&w, 0);
    btw_write_u32(&w, 0x40060000);
    btw_write_u32(&w, ends[tcp.from_b]);
    btw_write_u32(&w, ends[!tcp.from_b]);
    btw_write_u16(&w, ports[tcp.from_b]);
    btw_write_u16(&w, ports[!tcp.from_b]);
    btw_write_u32(&w, tcp.seq);
    btw_write_u32(&w, tcp.ack);
    btw_write_u32(&w, 0x50000000 | (uint32_t)tcp.flags << 16 | 0xffff);
    btw_write_u32(&w, 0);
    btw_write_bytes(&w, btw_slice_of(data, len));
    assert_false(w.failed);
    wire_packet(wire, btw_slice_of(bytes, w.len));
}

static void wire_close(struct wire *wire)
{
    cap_dissect_end(wire->dissect);
    cap_dissect_free(wire->dissect);
}

#endif

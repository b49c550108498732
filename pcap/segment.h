/* SPDX-License-Identifier: MIT
 *
 * TCP headers, and a name for UDP packets that belong to BitTorrent.
 */
#ifndef CAP_SEGMENT_H
#define CAP_SEGMENT_H

#include "ip.h"

enum { CAP_TCP_FIN = 0x01, CAP_TCP_SYN = 0x02, CAP_TCP_RST = 0x04, CAP_TCP_ACK = 0x10 };

struct cap_segment {
    uint16_t source, target; /* ports */
    uint32_t seq, ack;
    uint8_t flags;
    uint16_t checksum;
    struct btw_slice data;
    uint32_t missing; /* bytes behind data that were not captured */
};

/* False: the header does not fit the packet. */
bool cap_segment_read(struct cap_segment *segment, const struct cap_ip *ip);

enum cap_udp { CAP_UDP_OTHER, CAP_UDP_UTP, CAP_UDP_DHT, CAP_UDP_TRACKER };
enum cap_udp cap_udp_name(const struct cap_ip *ip);

#endif

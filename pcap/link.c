/* SPDX-License-Identifier: MIT
 *
 * One row per link type.  Tags and tunnels that only wrap (802.1Q, QinQ, PPPoE, SNAP) are taken off.
 */
#include <pcap/dlt.h>

#include "link.h"

enum {
    ETHER_IPV4 = 0x0800,
    ETHER_IPV6 = 0x86dd,
    ETHER_VLAN = 0x8100,
    ETHER_QINQ = 0x88a8,
    ETHER_QINQ_OLD = 0x9100,
    ETHER_PPPOE = 0x8864,
    ETHER_LENGTH_MAX = 1500, /* up to here it is the length of an IEEE 802.3 frame */
    PPP_IPV4 = 0x0021,
    PPP_IPV6 = 0x0057
};

/* What is left, when what stands in front says that it is IP. */
static struct btw_slice ip_if(bool is_ip, struct btw_reader *r)
{
    struct btw_slice rest = btw_read_rest(r);

    return is_ip && !r->failed ? rest : btw_slice_of(NULL, 0);
}

static struct btw_slice behind_ppp(struct btw_reader *r)
{
    uint16_t protocol = btw_read_u16(r);

    return ip_if(protocol == PPP_IPV4 || protocol == PPP_IPV6, r);
}

/* PPPoE: version, type and code, session, length; then PPP. */
static struct btw_slice behind_pppoe(struct btw_reader *r)
{
    btw_read_bytes(r, 6);
    return behind_ppp(r);
}

/* IEEE 802.2 with SNAP: aa aa 03, three zeros, and an EtherType again; nothing else carries IP. */
static struct btw_slice behind_snap(struct btw_reader *r)
{
    static const uint8_t snap[6] = { 0xaa, 0xaa, 0x03 };
    struct btw_slice head = btw_read_bytes(r, sizeof snap);
    uint16_t type = btw_read_u16(r);

    if (head.data == NULL || memcmp(head.data, snap, sizeof snap) != 0)
        return btw_slice_of(NULL, 0);
    return ip_if(type == ETHER_IPV4 || type == ETHER_IPV6, r);
}

static struct btw_slice behind_type(struct btw_reader *r, uint16_t type)
{
    while (type == ETHER_VLAN || type == ETHER_QINQ || type == ETHER_QINQ_OLD) {
        btw_read_u16(r); /* priority and VLAN */
        type = btw_read_u16(r);
    }
    if (type == ETHER_PPPOE)
        return behind_pppoe(r);
    if (type <= ETHER_LENGTH_MAX)
        return behind_snap(r);
    return ip_if(type == ETHER_IPV4 || type == ETHER_IPV6, r);
}

static struct btw_slice ethernet(struct btw_reader *r)
{
    btw_read_bytes(r, 12);
    return behind_type(r, btw_read_u16(r));
}

/* Linux cooked capture: the type is at the end of 16 bytes, in version 2 at the beginning of 20. */
static struct btw_slice sll(struct btw_reader *r)
{
    btw_read_bytes(r, 14);
    return behind_type(r, btw_read_u16(r));
}

static struct btw_slice sll2(struct btw_reader *r)
{
    uint16_t type = btw_read_u16(r);

    btw_read_bytes(r, 18);
    return behind_type(r, type);
}

static struct btw_slice raw(struct btw_reader *r)
{
    return btw_read_rest(r);
}

/* The protocol family in the byte order of whoever wrote it; its numbers for IPv6 differ between systems.  The version
 * in the IP header tells as much. */
static struct btw_slice loopback(struct btw_reader *r)
{
    btw_read_bytes(r, 4);
    return btw_read_rest(r);
}

/* HDLC-like framing may be in front. */
static struct btw_slice ppp(struct btw_reader *r)
{
    if (r->len >= 2 && r->data[0] == 0xff && r->data[1] == 0x03)
        btw_read_u16(r);
    return behind_ppp(r);
}

/* clang-format off */
static const struct link {
    int link;
    struct btw_slice (*ip)(struct btw_reader *r);
} links[] = {
    { DLT_EN10MB,     ethernet },
    { DLT_RAW,        raw },
    { DLT_LINUX_SLL,  sll },
    { DLT_LINUX_SLL2, sll2 },
    { DLT_NULL,       loopback },
    { DLT_LOOP,       loopback },
    { DLT_IPV4,       raw },
    { DLT_IPV6,       raw },
    { DLT_PPP,        ppp },
};
/* clang-format on */

struct btw_slice cap_link_ip(int link, struct btw_slice frame, bool *known)
{
    struct btw_reader r = btw_reader_of(frame);

    for (size_t i = 0; i < sizeof links / sizeof links[0]; i++)
        if (links[i].link == link) {
            *known = true;
            return links[i].ip(&r);
        }
    *known = false;
    return btw_slice_of(NULL, 0);
}

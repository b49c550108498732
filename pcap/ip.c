/* SPDX-License-Identifier: MIT
 *
 * IPv4 (RFC 791) and IPv6 with its extension headers (RFC 8200).
 */
#include "ip.h"

enum {
    IPV6_HOP_BY_HOP = 0,
    IPV6_ROUTING = 43,
    IPV6_FRAGMENT = 44,
    IPV6_AUTHENTICATION = 51,
    IPV6_OPTIONS = 60,
    IPV6_MOBILITY = 135,
    IPV6_HIP = 139,
    IPV6_SHIM6 = 140
};

/* Cuts the packet to its length; what is not there is missing.  A length of 0 means all that was on the wire. */
static struct btw_slice cut_to(struct cap_ip *ip, struct btw_slice packet, uint32_t length, uint32_t cut)
{
    if (length == 0) {
        ip->missing = cut;
    } else if (length > packet.len) {
        ip->missing = length - (uint32_t)packet.len;
    } else {
        packet.len = length;
    }
    return packet;
}

static bool read_ipv4(struct cap_ip *ip, struct btw_slice packet, uint32_t cut)
{
    struct btw_reader r = btw_reader_of(packet);
    size_t header = (size_t)(btw_read_u8(&r) & 0x0f) * 4;
    uint32_t length, fragment;

    btw_read_u8(&r);
    length = btw_read_u16(&r);
    ip->id = btw_read_u16(&r);
    fragment = btw_read_u16(&r);
    btw_read_u8(&r);
    ip->protocol = btw_read_u8(&r);
    btw_read_u16(&r);
    if (packet.len < 20 || header < 20 || (length != 0 && length < header) || packet.len < header)
        return false;
    ip->address_len = 4;
    memcpy(ip->source, packet.data + 12, 4);
    memcpy(ip->target, packet.data + 16, 4);
    ip->more = (fragment & 0x2000) != 0;
    ip->at = (fragment & 0x1fff) * 8;
    ip->fragment = ip->more || ip->at > 0;
    packet = cut_to(ip, packet, length, cut);
    ip->payload = btw_slice_of(packet.data + header, packet.len - header);
    return true;
}

/* The bytes of an extension header, by its second byte; 0 when it is none that is known. */
static size_t extension_size(uint8_t type, uint8_t units)
{
    switch (type) {
    case IPV6_HOP_BY_HOP:
    case IPV6_ROUTING:
    case IPV6_OPTIONS:
    case IPV6_MOBILITY:
    case IPV6_HIP:
    case IPV6_SHIM6:
        return ((size_t)units + 1) * 8;
    case IPV6_AUTHENTICATION:
        return ((size_t)units + 2) * 4;
    case IPV6_FRAGMENT:
        return 8;
    default:
        return 0;
    }
}

/* Walks over the extension headers up to the payload, or to the rest of a fragment: what follows in it is whole only
 * when all fragments are. */
static bool read_extensions(struct cap_ip *ip, struct btw_reader *r)
{
    while (!ip->fragment) {
        size_t left = r->len - r->at;
        const uint8_t *head = r->data + r->at;
        size_t size = left < 2 ? 0 : extension_size(ip->protocol, head[1]);
        uint16_t fragment;

        if (extension_size(ip->protocol, 0) == 0)
            break;
        if (size == 0 || size > left)
            return false;
        if (ip->protocol == IPV6_FRAGMENT) {
            fragment = (uint16_t)(head[2] << 8 | head[3]);
            ip->more = (fragment & 1) != 0;
            ip->at = fragment & 0xfff8;
            ip->id = btw_u32_at(head + 4);
            ip->fragment = ip->more || ip->at > 0;
        }
        ip->protocol = head[0];
        btw_read_bytes(r, size);
    }
    ip->payload = btw_read_rest(r);
    return true;
}

static bool read_ipv6(struct cap_ip *ip, struct btw_slice packet, uint32_t cut)
{
    struct btw_reader r;
    uint32_t length;

    if (packet.len < 40)
        return false;
    length = (uint32_t)(packet.data[4] << 8 | packet.data[5]);
    ip->protocol = packet.data[6];
    ip->address_len = 16;
    memcpy(ip->source, packet.data + 8, 16);
    memcpy(ip->target, packet.data + 24, 16);
    packet = cut_to(ip, packet, length == 0 ? 0 : length + 40, cut);
    r = btw_reader_of(packet);
    btw_read_bytes(&r, 40);
    return read_extensions(ip, &r);
}

bool cap_ip_read(struct cap_ip *ip, struct btw_slice packet, uint32_t cut)
{
    uint8_t version = packet.len == 0 ? 0 : packet.data[0] >> 4;

    *ip = (struct cap_ip){ .missing = 0 };
    if (version == 4)
        return read_ipv4(ip, packet, cut);
    return version == 6 && read_ipv6(ip, packet, cut);
}

bool cap_ip_whole(struct cap_ip *ip, struct btw_slice payload)
{
    struct btw_reader r = btw_reader_of(payload);

    ip->fragment = ip->more = false;
    ip->at = 0;
    ip->payload = payload;
    return ip->address_len == 4 || read_extensions(ip, &r);
}

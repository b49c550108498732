/* SPDX-License-Identifier: MIT
 *
 * TCP as RFC 9293 lays it out; UDP only as far as its first bytes tell what it carries.
 */
#include "segment.h"

enum { TCP_HEADER = 20, UDP_HEADER = 8, UTP_HEADER = 20, UTP_TYPES = 5 };

bool cap_segment_read(struct cap_segment *segment, const struct cap_ip *ip)
{
    const uint8_t *at = ip->payload.data;
    size_t header, len = ip->payload.len;

    if (len < TCP_HEADER)
        return false;
    header = (size_t)(at[12] >> 4) * 4;
    if (header < TCP_HEADER || header > len + ip->missing)
        return false;
    if (header > len) { /* options beyond the snap length: nothing of the data is there */
        header = len;
    }
    segment->source = (uint16_t)(at[0] << 8 | at[1]);
    segment->target = (uint16_t)(at[2] << 8 | at[3]);
    segment->seq = btw_u32_at(at + 4);
    segment->ack = btw_u32_at(at + 8);
    segment->flags = at[13];
    segment->checksum = (uint16_t)(at[16] << 8 | at[17]);
    segment->data = btw_slice_of(at + header, len - header);
    segment->missing = ip->missing - (uint32_t)((size_t)(at[12] >> 4) * 4 - header);
    return true;
}

/* BEP 5: a bencoded dictionary with its kind under "y". */
static bool is_dht(struct btw_slice data)
{
    return data.len >= 12 && data.data[0] == 'd' && data.data[data.len - 1] == 'e' &&
           memmem(data.data, data.len, "1:y1:", 5) != NULL;
}

/* BEP 15: connect begins with a magic number. */
static bool is_tracker(struct btw_slice data)
{
    static const uint8_t connect[12] = { 0, 0, 0x04, 0x17, 0x27, 0x10, 0x19, 0x80 };

    return data.len == 16 && memcmp(data.data, connect, sizeof connect) == 0;
}

/* BEP 29: type and version 1, and a chain of extensions that ends inside the packet.  Only SYN has no data of its own,
 * and FIN, STATE and RESET have none but extensions. */
static bool is_utp(struct btw_slice data)
{
    struct btw_reader r = btw_reader_of(data);
    uint8_t head = btw_read_u8(&r), extension = btw_read_u8(&r);

    if (data.len < UTP_HEADER || (head & 0x0f) != 1 || head >> 4 >= UTP_TYPES)
        return false;
    btw_read_bytes(&r, UTP_HEADER - 2);
    while (extension != 0 && !r.failed) {
        if (extension > 3)
            return false;
        extension = btw_read_u8(&r);
        btw_read_bytes(&r, btw_read_u8(&r));
    }
    return !r.failed && (head >> 4 == 0 || r.at == r.len);
}

enum cap_udp cap_udp_name(const struct cap_ip *ip)
{
    struct btw_slice data = ip->payload;

    if (data.len <= UDP_HEADER)
        return CAP_UDP_OTHER;
    data = btw_slice_of(data.data + UDP_HEADER, data.len - UDP_HEADER);
    if (is_dht(data))
        return CAP_UDP_DHT;
    if (is_tracker(data))
        return CAP_UDP_TRACKER;
    return is_utp(data) ? CAP_UDP_UTP : CAP_UDP_OTHER;
}

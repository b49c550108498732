/* SPDX-License-Identifier: MIT
 *
 * IPv4 and IPv6 headers.
 */
#ifndef CAP_IP_H
#define CAP_IP_H

#include "btw/bytes.h"

enum { CAP_IP_TCP = 6, CAP_IP_UDP = 17 };

struct cap_ip {
    uint8_t source[16], target[16]; /* zeros behind address_len */
    uint8_t address_len;            /* 4 or 16 */
    uint8_t protocol;               /* of the payload */
    struct btw_slice payload;       /* as far as captured */
    uint32_t missing;               /* bytes of the payload that were not captured, at its end */
    bool fragment;                  /* a part only: */
    bool more;                      /* not the last one */
    uint32_t at;                    /* where it belongs, bytes */
    uint32_t id;                    /* of the datagram */
};

/* Reads the header of a packet and its extensions.  `cut` bytes of the packet on the wire were not captured; only a
 * packet without a length of its own (segmentation offload, jumbograms) needs to know.  False: the header does not fit
 * the packet. */
bool cap_ip_read(struct cap_ip *ip, struct btw_slice packet, uint32_t cut);
/* Its fragments were put together to this payload, which may begin with more extension headers. */
bool cap_ip_whole(struct cap_ip *ip, struct btw_slice payload);

#endif

/* SPDX-License-Identifier: MIT
 *
 * Packets to their connections: link layer, IP with its fragments, and a name for what is not TCP.
 */
#include <assert.h>
#include <stdlib.h>

#include "dissect_impl.h"
#include "link.h"

enum { FLOW_BYTES = 1 << 20, TOTAL_BYTES = 8 << 20, FLOWS = 8192 };

static void name_udp(struct cap_counts *counts, const struct cap_ip *ip)
{
    switch (cap_udp_name(ip)) {
    case CAP_UDP_OTHER:
        break;
    case CAP_UDP_UTP:
        counts->utp++;
        break;
    case CAP_UDP_DHT:
        counts->dht++;
        break;
    case CAP_UDP_TRACKER:
        counts->tracker++;
        break;
    }
}

/* The IP packet in it, put together from fragments; false: there is none (yet). */
static bool ip_of(struct cap_dissect *dissect, struct cap_ip *ip, const struct cap_packet *packet)
{
    struct cap_counts *counts = &dissect->counts;
    uint32_t cut = packet->length > packet->bytes.len ? packet->length - (uint32_t)packet->bytes.len : 0;
    bool known;
    struct btw_slice bytes = cap_link_ip(packet->link, packet->bytes, &known);

    counts->snapped += cut > 0;
    counts->unknown_link += !known;
    counts->not_ip += known && bytes.len == 0;
    if (bytes.len == 0)
        return false;
    if (!cap_ip_read(ip, bytes, cut)) {
        counts->damaged++;
        return false;
    }
    if (ip->fragment) {
        struct btw_slice whole;

        counts->fragments++;
        if (!cap_fragments_add(dissect->fragments, ip, &whole, &counts->dropped_fragments))
            return false;
        return cap_ip_whole(ip, whole);
    }
    return true;
}

void cap_dissect_packet(struct cap_dissect *dissect, const struct cap_packet *packet)
{
    struct cap_moment now = { packet->time_ns, packet->frame };
    struct cap_ip ip;

    assert(!dissect->ended);
    dissect->counts.packets++;
    dissect->counts.bytes += packet->length;
    if (!ip_of(dissect, &ip, packet))
        return;
    if (ip.protocol == CAP_IP_TCP) {
        cap_connection_take(dissect, &ip, &now);
        return;
    }
    dissect->counts.not_tcp++;
    if (ip.protocol == CAP_IP_UDP)
        name_udp(&dissect->counts, &ip);
}

/* In the order in which they were last heard of. */
void cap_dissect_end(struct cap_dissect *dissect)
{
    struct cap_flow *flow;

    dissect->ended = true;
    while ((flow = cap_flows_first(&dissect->flows)) != NULL)
        cap_connection_remove(dissect, flow);
}

struct cap_dissect *cap_dissect_new(const struct cap_config *config, cap_event_fn *told, void *user)
{
    struct cap_dissect *dissect = (struct cap_dissect *)calloc(1, sizeof *dissect);
    struct cap_config *own;

    if (dissect == NULL)
        return NULL;
    own = &dissect->config;
    *own = *config;
    own->flow_bytes = own->flow_bytes != 0 ? own->flow_bytes : FLOW_BYTES;
    own->total_bytes = own->total_bytes != 0 ? own->total_bytes : TOTAL_BYTES;
    own->flows = own->flows != 0 ? own->flows : FLOWS;
    own->len_max = own->len_max != 0 ? own->len_max : BTW_LEN_MAX_DEFAULT;
    dissect->told = told;
    dissect->user = user;
    dissect->room = (struct cap_room){ .max = own->total_bytes, .flow_max = own->flow_bytes };
    dissect->fragments = cap_fragments_new();
    if (!cap_flows_init(&dissect->flows, own->flows) || dissect->fragments == NULL) {
        cap_dissect_free(dissect);
        return NULL;
    }
    return dissect;
}

void cap_dissect_free(struct cap_dissect *dissect)
{
    struct cap_flow *flow;

    if (dissect == NULL)
        return;
    while ((flow = cap_flows_first(&dissect->flows)) != NULL)
        cap_connection_remove(dissect, flow);
    cap_flows_free(&dissect->flows);
    cap_fragments_free(dissect->fragments);
    free(dissect);
}

const struct cap_counts *cap_dissect_counts(const struct cap_dissect *dissect)
{
    return &dissect->counts;
}

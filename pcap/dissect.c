/* SPDX-License-Identifier: MIT
 *
 * Packets to their connections, and the life of a connection: it begins with a SYN or in its middle, and is over when
 * both sides closed, when another one takes its ports, when it has to make room, or with the capture.
 */
#include <assert.h>
#include <stdlib.h>

#include <nettle/sha1.h>

#include "dissect_impl.h"
#include "link.h"

enum {
    FLOW_BYTES = 1 << 20,
    TOTAL_BYTES = 8 << 20,
    FLOWS = 8192,
    RELIEF_STEPS = 32,           /* flows looked at, so that relief is cheap */
    RESET_DISTANCE_MAX = 1 << 20 /* a RST farther from the stream is not of this connection */
};
static const int64_t linger_ns = INT64_C(10) * 1000000000; /* what is still on its way behind a RST or the last FIN */

static struct cap_hearing hearing_of(struct cap_dissect *dissect, struct cap_flow *flow, enum btw_side side)
{
    struct cap_hearing hearing = { dissect, flow, side };

    return hearing;
}

void cap_tell(const struct cap_hearing *of, enum cap_event_kind kind, const struct cap_moment *when)
{
    struct cap_event *event = &of->dissect->event;
    struct cap_flow *flow = of->flow;

    if (!flow->told)
        return;
    if (when->time_ns > flow->told_ns)
        flow->told_ns = when->time_ns;
    event->kind = kind;
    event->session = &flow->session;
    event->side = of->side;
    event->time_ns = flow->told_ns;
    event->frame = when->frame;
    of->dissect->told(of->dissect->user, event);
}

/* An event about the connection, not about bytes of it. */
static void tell_turn(const struct cap_hearing *of, enum cap_event_kind kind, const struct cap_moment *when)
{
    of->dissect->event.offset = cap_voice_of(of)->at;
    of->dissect->event.size = 0;
    cap_tell(of, kind, when);
}

/* The sink of a half. */

static void take_bytes(void *user, struct btw_slice bytes, const struct cap_moment *when)
{
    const struct cap_hearing *of = (const struct cap_hearing *)user;
    struct cap_direction *direction = &of->flow->session.sent[of->side];
    struct cap_voice *voice = cap_voice_of(of);

    direction->bytes += bytes.len;
    if (direction->missing == 0) {
        direction->whole += bytes.len;
        if (voice->sha1 != NULL)
            sha1_update(voice->sha1, bytes.len, bytes.data);
    }
    cap_voice_hear(of, bytes, when);
}

static void take_gap(void *user, uint64_t len, const struct cap_moment *when)
{
    const struct cap_hearing *of = (const struct cap_hearing *)user;

    of->flow->session.sent[of->side].missing += len;
    cap_voice_miss(of, len, when);
}

static void take_fin(void *user, const struct cap_moment *when)
{
    const struct cap_hearing *of = (const struct cap_hearing *)user;

    cap_voice_end(of, when);
    tell_turn(of, CAP_FIN, when);
}

static struct cap_sink sink_of(struct cap_hearing *of)
{
    struct cap_sink sink = { take_bytes, take_gap, take_fin, of };

    return sink;
}

static void finish_half(struct cap_dissect *dissect, struct cap_flow *flow, enum btw_side side,
                        const struct cap_moment *now)
{
    struct cap_hearing of = hearing_of(dissect, flow, side);
    struct cap_sink sink = sink_of(&of);

    cap_half_finish(&flow->half[side], now, &dissect->room, &dissect->counts, &sink);
}

/* Had the sender of a segment received something from the other side that we have not seen?  A segment without data of
 * its own may come at any time; and before the other side has opened its stream, everything has. */
static bool is_early(const struct cap_flow *flow, enum btw_side side, const struct cap_segment *segment)
{
    const struct cap_half *other = &flow->half[cap_other(side)];
    bool says = segment->data.len > 0 || segment->missing > 0 || (segment->flags & CAP_TCP_FIN) != 0;

    if (!says || (segment->flags & CAP_TCP_ACK) == 0)
        return false;
    return other->based ? cap_half_unseen(other, segment->ack) > 0 : !flow->hold.alone;
}

static void take_in_turn(struct cap_dissect *dissect, struct cap_flow *flow, enum btw_side side,
                         const struct cap_segment *segment, const struct cap_moment *now)
{
    struct cap_hearing of = hearing_of(dissect, flow, side);
    struct cap_sink sink = sink_of(&of);

    cap_half_take(&flow->half[side], segment, now, &dissect->room, &dissect->counts, &sink);
}

/* What the other side has to say before this segment will not come. */
static void skip_for(struct cap_dissect *dissect, struct cap_flow *flow, const struct cap_held *held,
                     const struct cap_moment *now)
{
    struct cap_hearing to = hearing_of(dissect, flow, cap_other(held->side));
    struct cap_sink sink = sink_of(&to);
    struct cap_half *half = &flow->half[to.side];

    flow->hold.alone = flow->hold.alone || !half->based;
    cap_half_skip(half, cap_half_unseen(half, held->segment.ack), now, &dissect->room, &dissect->counts, &sink);
}

/* Takes the segments that were held, as long as the other side has caught up with them; all: or when it has not, for it
 * never will. */
static void release(struct cap_dissect *dissect, struct cap_flow *flow, const struct cap_moment *now, bool all)
{
    struct cap_held *held;

    while ((held = flow->hold.first) != NULL && flow->session.kind != CAP_OTHER) {
        bool early = is_early(flow, held->side, &held->segment);

        if (early && !all && !cap_hold_wait(&flow->hold, now))
            return;
        cap_hold_take(&flow->hold, &dissect->room);
        if (early)
            skip_for(dissect, flow, held, now);
        take_in_turn(dissect, flow, held->side, &held->segment, now);
        free(held);
    }
}

static void digest(struct cap_flow *flow, enum btw_side side)
{
    if (flow->voice[side].sha1 != NULL)
        sha1_digest(flow->voice[side].sha1, SHA1_DIGEST_SIZE, flow->session.sent[side].sha1);
}

/* Tells what is left to tell; the flow stays, for packets that come late. */
static void close_flow(struct cap_dissect *dissect, struct cap_flow *flow)
{
    struct cap_moment end = { flow->seen_ns, flow->session.last_frame };

    if (flow->closed)
        return;
    release(dissect, flow, &end, true);
    for (size_t side = 0; side < 2; side++)
        finish_half(dissect, flow, (enum btw_side)side, &end);
    for (size_t side = 0; side < 2; side++) {
        struct cap_hearing of = hearing_of(dissect, flow, (enum btw_side)side);

        if (!flow->half[side].fin_told)
            cap_voice_end(&of, &end);
    }
    struct cap_hearing dialler = hearing_of(dissect, flow, BTW_DIALLER);

    cap_kind_end(&dialler, &end);
    for (size_t side = 0; side < 2; side++) {
        struct cap_hearing of = hearing_of(dissect, flow, (enum btw_side)side);

        digest(flow, (enum btw_side)side);
        cap_voice_free(&of);
        cap_half_drop(&flow->half[side], &dissect->room);
    }
    cap_hold_drop(&flow->hold, &dissect->room);
    tell_turn(&dialler, CAP_CLOSED, &end);
    flow->closed = true;
}

static void remove_flow(struct cap_dissect *dissect, struct cap_flow *flow)
{
    close_flow(dissect, flow);
    cap_flows_remove(&dissect->flows, flow);
}

/* Makes room for one more. */
static void evict(struct cap_dissect *dissect)
{
    struct cap_flow *flow = cap_flows_first(&dissect->flows);

    if (flow->queue != CAP_ENDING)
        dissect->counts.dropped_flows++;
    remove_flow(dissect, flow);
}

static size_t room_of(const struct cap_flow *flow)
{
    return flow->half[0].held + flow->half[1].held + flow->voice[0].cap + flow->voice[1].cap;
}

/* When there is little room left to wait in, who has waited longest must go. */
static void relieve(struct cap_dissect *dissect)
{
    struct cap_flow *flow = dissect->flows.oldest[CAP_TALKING];

    if (dissect->room.used < dissect->room.max - dissect->room.max / 4)
        return;
    for (unsigned i = 0; i < RELIEF_STEPS && flow != NULL && room_of(flow) == 0; i++)
        flow = flow->newer;
    if (flow == NULL || room_of(flow) == 0)
        return;
    dissect->counts.dropped_flows++;
    remove_flow(dissect, flow);
}

static void set_endpoint(struct cap_flow *flow, enum btw_side side, const struct cap_endpoint *endpoint)
{
    flow->session.sent[side].from = *endpoint;
}

/* A connection whose first packet this is; NULL: memory is short. */
static struct cap_flow *begin_flow(struct cap_dissect *dissect, const struct cap_key *key, bool source_is_first,
                                   const struct cap_endpoint ends[2], enum btw_side sender)
{
    struct cap_flow *flow;

    if (dissect->flows.count == dissect->flows.max)
        evict(dissect);
    flow = cap_flows_add(&dissect->flows, key);
    if (flow == NULL) {
        dissect->counts.dropped_flows++;
        return NULL;
    }
    flow->side_of_first = source_is_first ? sender : cap_other(sender);
    flow->session.number = dissect->counts.flows++;
    set_endpoint(flow, sender, &ends[0]);
    set_endpoint(flow, cap_other(sender), &ends[1]);
    if (dissect->config.sha1)
        for (size_t side = 0; side < 2; side++) {
            flow->voice[side].sha1 = (struct sha1_ctx *)malloc(sizeof(struct sha1_ctx));
            if (flow->voice[side].sha1 != NULL)
                sha1_init(flow->voice[side].sha1);
        }
    return flow;
}

/* Who sent first did not dial after all; nothing has been told yet. */
static void swap_sides(struct cap_flow *flow)
{
    struct cap_half half = flow->half[0];
    struct cap_voice voice = flow->voice[0];
    struct cap_direction sent = flow->session.sent[0];

    flow->half[0] = flow->half[1];
    flow->half[1] = half;
    flow->voice[0] = flow->voice[1];
    flow->voice[1] = voice;
    flow->session.sent[0] = flow->session.sent[1];
    flow->session.sent[1] = sent;
    for (struct cap_held *held = flow->hold.first; held != NULL; held = held->next)
        held->side = cap_other(held->side);
    flow->side_of_first = cap_other(flow->side_of_first);
}

/* A SYN of a connection that is known.  False: it is of another one with the same ports. */
static bool take_syn(struct cap_flow *flow, enum btw_side *side, const struct cap_segment *segment)
{
    enum btw_side dials = (segment->flags & CAP_TCP_ACK) != 0 ? cap_other(*side) : *side;

    if (dials != BTW_DIALLER) {
        if (flow->session.dialler_known || flow->told)
            return false;
        swap_sides(flow);
        *side = cap_other(*side);
    }
    flow->session.dialler_known = true;
    if (flow->closed)
        return flow->half[*side].isn_known && flow->half[*side].isn == segment->seq;
    if (!cap_half_syn(&flow->half[*side], segment->seq))
        return false;
    flow->session.sent[*side].start = true;
    return true;
}

static struct cap_flow *flow_of(struct cap_dissect *dissect, const struct cap_endpoint ends[2],
                                const struct cap_segment *segment, enum btw_side *side)
{
    bool first, is_syn = (segment->flags & CAP_TCP_SYN) != 0;
    struct cap_key key = cap_key_of(&ends[0], &ends[1], &first);
    struct cap_flow *flow = cap_flows_find(&dissect->flows, &key);

    if (flow != NULL) {
        *side = first ? flow->side_of_first : cap_other(flow->side_of_first);
        if (!is_syn || take_syn(flow, side, segment))
            return flow;
        remove_flow(dissect, flow);
    }
    *side = is_syn && (segment->flags & CAP_TCP_ACK) != 0 ? BTW_ACCEPTOR : BTW_DIALLER;
    flow = begin_flow(dissect, &key, first, ends, *side);
    if (flow != NULL && is_syn) {
        flow->session.dialler_known = flow->session.sent[*side].start = true;
        cap_half_syn(&flow->half[*side], segment->seq);
    }
    return flow;
}

/* Whoever is off the path must guess where the stream is. */
static bool reset_is_real(const struct cap_half *half, const struct cap_segment *segment)
{
    int32_t distance = (int32_t)(segment->seq - half->next);

    return !half->based || (distance > -RESET_DISTANCE_MAX && distance < RESET_DISTANCE_MAX);
}

static void take_reset(struct cap_dissect *dissect, struct cap_flow *flow, enum btw_side side,
                       const struct cap_segment *segment, const struct cap_moment *now)
{
    struct cap_hearing of = hearing_of(dissect, flow, side);

    if (flow->reset[side])
        return;
    if (!reset_is_real(&flow->half[side], segment)) {
        dissect->counts.damaged++;
        return;
    }
    release(dissect, flow, now, true);
    finish_half(dissect, flow, side, now);
    flow->reset[side] = true;
    tell_turn(&of, CAP_RST, now);
}

static bool side_is_over(const struct cap_flow *flow, size_t side)
{
    return flow->reset[side] || flow->half[side].fin_told;
}

/* Gives it its place in the queues. */
static void requeue(struct cap_dissect *dissect, struct cap_flow *flow)
{
    bool over[2] = { side_is_over(flow, 0), side_is_over(flow, 1) };
    bool ending = flow->reset[0] || flow->reset[1] || (flow->half[0].fin && flow->half[1].fin);
    bool talks = flow->session.sent[0].bytes + flow->session.sent[1].bytes > 0;

    if (over[0] && over[1])
        close_flow(dissect, flow);
    cap_flows_touch(&dissect->flows, flow, ending ? CAP_ENDING : talks ? CAP_TALKING : CAP_EMPTY);
}

static void take_stream(struct cap_dissect *dissect, struct cap_flow *flow, enum btw_side side,
                        const struct cap_segment *segment, const struct cap_moment *now)
{
    struct cap_hearing from = hearing_of(dissect, flow, side), to = hearing_of(dissect, flow, cap_other(side));
    struct cap_sink sink = sink_of(&from), other = sink_of(&to);
    struct cap_segment rest = *segment;

    if ((segment->flags & CAP_TCP_SYN) != 0)
        rest.seq++;
    if ((segment->flags & CAP_TCP_ACK) != 0)
        cap_half_acknowledged(&flow->half[to.side], segment->ack);
    if (flow->reset[side])
        return;
    if (!is_early(flow, side, &rest) || !cap_hold_keep(&flow->hold, side, &rest, now, &dissect->room))
        take_in_turn(dissect, flow, side, &rest, now);
    release(dissect, flow, now, false);
    cap_half_wait(&flow->half[side], now, &dissect->room, &dissect->counts, &sink);
    cap_half_wait(&flow->half[to.side], now, &dissect->room, &dissect->counts, &other);
}

/* Connections that are over and have been silent since. */
static void sweep(struct cap_dissect *dissect, int64_t now_ns)
{
    struct cap_flow *flow = dissect->flows.oldest[CAP_ENDING];

    while (flow != NULL && now_ns - flow->seen_ns > linger_ns) {
        remove_flow(dissect, flow);
        flow = dissect->flows.oldest[CAP_ENDING];
    }
}

static void take_segment(struct cap_dissect *dissect, const struct cap_ip *ip, const struct cap_moment *now)
{
    struct cap_segment segment;
    struct cap_endpoint ends[2];
    struct cap_flow *flow;
    enum btw_side side;

    if (!cap_segment_read(&segment, ip)) {
        dissect->counts.damaged++;
        return;
    }
    for (size_t i = 0; i < 2; i++)
        ends[i] = (struct cap_endpoint){ .address_len = ip->address_len, .port = i ? segment.target : segment.source };
    memcpy(ends[0].address, ip->source, sizeof ip->source);
    memcpy(ends[1].address, ip->target, sizeof ip->target);
    sweep(dissect, now->time_ns);
    relieve(dissect);
    flow = flow_of(dissect, ends, &segment, &side);
    if (flow == NULL)
        return;
    if (flow->session.first_frame == 0) {
        flow->session.first_frame = now->frame;
        flow->session.first_ns = flow->session.last_ns = now->time_ns;
    }
    if (now->time_ns > flow->session.last_ns)
        flow->session.last_ns = now->time_ns;
    flow->seen_ns = now->time_ns;
    flow->session.last_frame = now->frame;
    flow->session.sent[side].seen = true;
    if (!flow->closed) {
        if (flow->session.kind != CAP_OTHER)
            take_stream(dissect, flow, side, &segment, now);
        if ((segment.flags & CAP_TCP_RST) != 0)
            take_reset(dissect, flow, side, &segment, now);
    }
    requeue(dissect, flow);
}

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
        take_segment(dissect, &ip, &now);
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
        remove_flow(dissect, flow);
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
        remove_flow(dissect, flow);
    cap_flows_free(&dissect->flows);
    cap_fragments_free(dissect->fragments);
    free(dissect);
}

const struct cap_counts *cap_dissect_counts(const struct cap_dissect *dissect)
{
    return &dissect->counts;
}

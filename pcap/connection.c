/* SPDX-License-Identifier: MIT
 *
 * The life of a connection: it begins with a SYN or in its middle, and is over when both sides closed, when another one
 * takes its ports, when it has to make room, or with the capture.
 */
#include <stdlib.h>

#include <nettle/sha1.h>

#include "dissect_impl.h"

enum { RESET_DISTANCE_MAX = 1 << 20 };                     /* a RST farther from the stream is not of this connection */
static const int64_t linger_ns = INT64_C(10) * 1000000000; /* what is still on its way behind a RST or the last FIN */

static void digest(struct cap_flow *flow, enum btw_side side)
{
    if (flow->voice[side].sha1 != NULL)
        sha1_digest(flow->voice[side].sha1, SHA1_DIGEST_SIZE, flow->session.sent[side].sha1);
}

/* Tells what is left to tell; the flow stays, for packets that come late. */
static void close_flow(struct cap_dissect *dissect, struct cap_flow *flow)
{
    struct cap_moment end = { flow->seen_ns, flow->session.last_frame };
    struct cap_hearing dialler = cap_hearing_of(dissect, flow, BTW_DIALLER);

    if (flow->closed)
        return;
    cap_turn_finish(dissect, flow, &end);
    cap_kind_end(&dialler, &end);
    for (size_t side = 0; side < 2; side++) {
        struct cap_hearing of = cap_hearing_of(dissect, flow, (enum btw_side)side);

        digest(flow, (enum btw_side)side);
        cap_voice_free(&of);
        cap_half_drop(&flow->half[side], &dissect->room);
    }
    cap_hold_drop(&flow->hold, &dissect->room);
    cap_tell_turn(&dialler, CAP_CLOSED, &end);
    flow->closed = true;
}

void cap_connection_remove(struct cap_dissect *dissect, struct cap_flow *flow)
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
    cap_connection_remove(dissect, flow);
}

static size_t room_of(const struct cap_flow *flow)
{
    return flow->half[0].held + flow->half[1].held + flow->hold.bytes + flow->voice[0].cap + flow->voice[1].cap;
}

/* When there is little room left to wait in, who has been silent longest while holding some must go. */
static void relieve(struct cap_dissect *dissect)
{
    struct cap_flow *flow = dissect->flows.oldest[CAP_HOLDING];

    if (flow == NULL || dissect->room.used < dissect->room.max - dissect->room.max / 4)
        return;
    dissect->counts.dropped_flows++;
    cap_connection_remove(dissect, flow);
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
        cap_connection_remove(dissect, flow);
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
    if (flow->reset[side])
        return;
    if (!reset_is_real(&flow->half[side], segment)) {
        dissect->counts.damaged++;
        return;
    }
    cap_turn_reset(dissect, flow, side, now);
}

static bool side_is_over(const struct cap_flow *flow, size_t side)
{
    return flow->reset[side] || flow->half[side].fin_told;
}

static enum cap_queue queue_of(const struct cap_flow *flow)
{
    if (flow->reset[0] || flow->reset[1] || (flow->half[0].fin && flow->half[1].fin))
        return CAP_ENDING;
    if (room_of(flow) > 0)
        return CAP_HOLDING;
    return flow->session.sent[0].bytes + flow->session.sent[1].bytes > 0 ? CAP_TALKING : CAP_EMPTY;
}

/* Gives it its place in the queues. */
static void requeue(struct cap_dissect *dissect, struct cap_flow *flow)
{
    if (side_is_over(flow, 0) && side_is_over(flow, 1))
        close_flow(dissect, flow);
    cap_flows_touch(&dissect->flows, flow, queue_of(flow));
}

/* Connections that are over and have been silent since. */
static void sweep(struct cap_dissect *dissect, int64_t now_ns)
{
    struct cap_flow *flow = dissect->flows.oldest[CAP_ENDING];

    while (flow != NULL && now_ns - flow->seen_ns > linger_ns) {
        cap_connection_remove(dissect, flow);
        flow = dissect->flows.oldest[CAP_ENDING];
    }
}

void cap_connection_take(struct cap_dissect *dissect, const struct cap_ip *ip, const struct cap_moment *now)
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
            cap_turn_take(dissect, flow, side, &segment, now);
        if ((segment.flags & CAP_TCP_RST) != 0)
            take_reset(dissect, flow, side, &segment, now);
    }
    requeue(dissect, flow);
}

/* SPDX-License-Identifier: MIT
 *
 * Two streams of one connection, in the order in which one must have come before the other.  What a segment answers is
 * known by its acknowledgement: a segment whose sender had received more than was seen so far is held for a while.
 */
#include <stdlib.h>

#include <nettle/sha1.h>

#include "dissect_impl.h"

void cap_set_scene(const struct cap_hearing *of, const struct cap_moment *when)
{
    struct cap_event *event = &of->dissect->event;
    struct cap_flow *flow = of->flow;

    if (when->time_ns > flow->told_ns)
        flow->told_ns = when->time_ns;
    event->session = &flow->session;
    event->side = of->side;
    event->time_ns = flow->told_ns;
    event->frame = when->frame;
}

void cap_tell(const struct cap_hearing *of, enum cap_event_kind kind, const struct cap_moment *when)
{
    if (!of->flow->told)
        return;
    cap_set_scene(of, when);
    of->dissect->event.kind = kind;
    of->dissect->told(of->dissect->user, &of->dissect->event);
}

void cap_tell_turn(const struct cap_hearing *of, enum cap_event_kind kind, const struct cap_moment *when)
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
    cap_tell_turn(of, CAP_FIN, when);
}

static struct cap_sink sink_of(struct cap_hearing *of)
{
    struct cap_sink sink = { take_bytes, take_gap, take_fin, of };

    return sink;
}

static void finish(struct cap_dissect *dissect, struct cap_flow *flow, enum btw_side side, const struct cap_moment *now)
{
    struct cap_hearing of = cap_hearing_of(dissect, flow, side);
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
    struct cap_hearing of = cap_hearing_of(dissect, flow, side);
    struct cap_sink sink = sink_of(&of);

    cap_half_take(&flow->half[side], segment, now, &dissect->room, &dissect->counts, &sink);
}

/* What the other side has to say before this segment will not come. */
static void skip_for(struct cap_dissect *dissect, struct cap_flow *flow, const struct cap_held *held,
                     const struct cap_moment *now)
{
    struct cap_hearing to = cap_hearing_of(dissect, flow, cap_other(held->side));
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
        take_in_turn(dissect, flow, held->side, &held->segment, &held->when);
        free(held);
    }
}

static enum btw_side side_of_older_hole(const struct cap_flow *flow)
{
    return cap_half_waits_since(&flow->half[0]) <= cap_half_waits_since(&flow->half[1]) ? BTW_DIALLER : BTW_ACCEPTOR;
}

/* Holes that were waited for long enough. */
static void give_up_in_turn(struct cap_dissect *dissect, struct cap_flow *flow, const struct cap_moment *now)
{
    enum btw_side first = side_of_older_hole(flow);

    for (size_t i = 0; i < 2; i++) {
        struct cap_hearing of = cap_hearing_of(dissect, flow, i == 0 ? first : cap_other(first));
        struct cap_sink sink = sink_of(&of);

        cap_half_wait(&flow->half[of.side], now, &dissect->room, &dissect->counts, &sink);
    }
}

void cap_turn_take(struct cap_dissect *dissect, struct cap_flow *flow, enum btw_side side,
                   const struct cap_segment *segment, const struct cap_moment *now)
{
    struct cap_segment rest = *segment;

    if ((segment->flags & CAP_TCP_SYN) != 0)
        rest.seq++;
    if ((segment->flags & CAP_TCP_ACK) != 0)
        cap_half_acknowledged(&flow->half[cap_other(side)], segment->ack);
    if (flow->reset[side])
        return;
    if (!is_early(flow, side, &rest) || !cap_hold_keep(&flow->hold, side, &rest, now, &dissect->room))
        take_in_turn(dissect, flow, side, &rest, now);
    release(dissect, flow, now, false);
    give_up_in_turn(dissect, flow, now);
}

void cap_turn_reset(struct cap_dissect *dissect, struct cap_flow *flow, enum btw_side side,
                    const struct cap_moment *now)
{
    struct cap_hearing of = cap_hearing_of(dissect, flow, side);

    release(dissect, flow, now, true);
    finish(dissect, flow, side, now);
    flow->reset[side] = true;
    cap_tell_turn(&of, CAP_RST, now);
}

void cap_turn_finish(struct cap_dissect *dissect, struct cap_flow *flow, const struct cap_moment *now)
{
    enum btw_side first = side_of_older_hole(flow);

    release(dissect, flow, now, true);
    finish(dissect, flow, first, now);
    finish(dissect, flow, cap_other(first), now);
    for (size_t side = 0; side < 2; side++) {
        struct cap_hearing of = cap_hearing_of(dissect, flow, (enum btw_side)side);

        if (!flow->half[side].fin_told)
            cap_voice_end(&of, now);
    }
}

/* SPDX-License-Identifier: MIT
 *
 * What a connection carries.  The peer wire in clear begins with its 20 bytes.  MSE begins with a public key and
 * padding on both sides, which look like nothing.  S stays secret to whoever only listens, so what was agreed upon
 * cannot be read; but in clear text the answering side's own 20 bytes stand behind its padding, and messages follow
 * behind IA on the other side, where they are found by their looks.
 */
#include <assert.h>

#include "btw/mse.h"
#include "dissect_impl.h"
#include "seek.h"

enum {
    HEADER = BTW_MSE_HEADER_SIZE,
    FLIGHT_MAX = BTW_MSE_KEY_SIZE + BTW_MSE_PAD_MAX,      /* a side's first words */
    ANSWER_MAX = FLIGHT_MAX + 8 + 4 + 2 + BTW_MSE_PAD_MAX /* VC, select, len(PadD), PadD: then comes the payload */
};

static struct btw_slice kept_of(const struct cap_flow *flow, size_t side)
{
    const struct cap_voice *voice = &flow->voice[side];

    return btw_slice_of(voice->buffer, voice->state == CAP_PROBING ? voice->len : 0);
}

static void open_session(const struct cap_hearing *of, enum cap_kind kind, const struct cap_moment *when)
{
    of->flow->session.kind = kind;
    of->flow->told = true;
    of->dissect->counts.sessions++;
    of->dissect->event.offset = of->dissect->event.size = 0;
    cap_tell(of, CAP_OPENED, when);
}

/* Reads what was kept, from there on. */
static void begin_reading(const struct cap_hearing *of, size_t from, const struct cap_moment *when)
{
    struct cap_voice *voice = cap_voice_of(of);
    uint64_t at = voice->at;

    voice->at = from;
    cap_voice_read(of, true);
    voice->at = at;
    cap_voice_recall(of, from, when);
}

/* A voice on the peer wire: it has a handshake in front, if its beginning was captured. */
static void begin_wire(const struct cap_hearing *of, const struct cap_moment *when)
{
    struct btw_slice kept = kept_of(of->flow, of->side);
    bool isn_known = of->flow->half[of->side].isn_known;

    if (cap_voice_of(of)->state != CAP_PROBING || (!isn_known && kept.len == 0))
        return;
    if (isn_known || cap_begins_handshake(kept)) {
        of->flow->session.sent[of->side].start = true;
        begin_reading(of, 0, when);
    } else {
        cap_voice_of(of)->state = CAP_SEEKING; /* in what it has kept, and what comes */
    }
}

static void read_wire(const struct cap_hearing *of, const struct cap_moment *when)
{
    open_session(of, CAP_WIRE, when);
    for (size_t side = 0; side < 2; side++) {
        struct cap_hearing hearing = cap_hearing_of(of->dissect, of->flow, (enum btw_side)side);

        begin_wire(&hearing, when);
    }
}

static void read_clear(const struct cap_hearing *of, const struct cap_moment *when)
{
    open_session(of, CAP_MSE_CLEAR, when);
    for (size_t side = 0; side < 2; side++) {
        struct cap_hearing hearing = cap_hearing_of(of->dissect, of->flow, (enum btw_side)side);
        long found = cap_seek_handshake(kept_of(of->flow, side));

        if (found != CAP_NOT_FOUND)
            begin_reading(&hearing, (size_t)found, when);
        else
            cap_voice_of(&hearing)->state = CAP_SEEKING;
    }
}

/* What was kept goes by as one. */
static void veil(const struct cap_hearing *of, const struct cap_moment *when)
{
    open_session(of, CAP_MSE, when);
    for (size_t side = 0; side < 2; side++) {
        struct cap_hearing hearing = cap_hearing_of(of->dissect, of->flow, (enum btw_side)side);
        struct cap_voice *voice = cap_voice_of(&hearing);
        struct cap_event *event = &of->dissect->event;

        event->gap = event->size = voice->len;
        event->offset = 0;
        if (voice->len > 0)
            cap_tell(&hearing, CAP_CIPHER, when);
        cap_voice_release(&hearing);
        voice->state = CAP_VEILED;
    }
}

static void leave_alone(const struct cap_hearing *of)
{
    struct cap_flow *flow = of->flow;

    flow->session.kind = CAP_OTHER;
    of->dissect->counts.other++;
    for (size_t side = 0; side < 2; side++) {
        struct cap_hearing hearing = cap_hearing_of(of->dissect, of->flow, (enum btw_side)side);

        cap_voice_free(&hearing);
        flow->voice[side].state = CAP_DEAF;
        cap_half_drop(&flow->half[side], &of->dissect->room);
    }
}

/* MSE takes turns: the acceptor's key answers the dialler's. */
static bool keys_were_exchanged(const struct cap_flow *flow)
{
    uint64_t dialled = flow->voice[BTW_ACCEPTOR].other_at;

    return cap_looks_random(kept_of(flow, BTW_DIALLER)) && cap_looks_random(kept_of(flow, BTW_ACCEPTOR)) &&
           dialled >= BTW_MSE_KEY_SIZE && dialled <= FLIGHT_MAX;
}

/* Nothing of one side was captured; the other one's first words look like a key, and behind the longest that MSE can
 * put there its handshake stands in clear.  Without that nobody can tell it from other ciphers. */
static bool is_clear_alone(const struct cap_flow *flow)
{
    for (size_t side = 0; side < 2; side++) {
        struct btw_slice kept = kept_of(flow, side);
        bool alone = !flow->session.sent[!side].seen && flow->half[side].isn_known && cap_looks_random(kept);
        long found = alone ? cap_seek_handshake(kept) : CAP_NOT_FOUND;

        if (found >= BTW_MSE_KEY_SIZE && found <= ANSWER_MAX)
            return true;
    }
    return false;
}

/* CAP_UNKNOWN: more bytes would help.  `final` says that none will come. */
static enum cap_kind judge(const struct cap_flow *flow, bool final)
{
    bool undecided = false;

    for (size_t side = 0; side < 2; side++) {
        struct btw_slice kept = kept_of(flow, side);
        bool begins = kept.len > 0 && cap_begins_handshake(kept);

        if (begins && kept.len >= HEADER)
            return CAP_WIRE;
        undecided |= begins || kept.len < CAP_RANDOM_SIZE;
        if (cap_looks_clear(kept) || (kept.len >= CAP_RANDOM_SIZE && !cap_looks_random(kept)))
            return CAP_OTHER;
    }
    if (final && is_clear_alone(flow))
        return CAP_MSE_CLEAR;
    if (undecided || !keys_were_exchanged(flow))
        return final || !undecided ? CAP_OTHER : CAP_UNKNOWN;
    for (size_t side = 0; side < 2; side++)
        if (cap_seek_handshake(kept_of(flow, side)) != CAP_NOT_FOUND)
            return CAP_MSE_CLEAR;
    return final || kept_of(flow, BTW_ACCEPTOR).len >= ANSWER_MAX + HEADER ? CAP_MSE : CAP_UNKNOWN;
}

static void act(const struct cap_hearing *of, enum cap_kind kind, const struct cap_moment *when)
{
    switch (kind) {
    case CAP_UNKNOWN:
        break;
    case CAP_WIRE:
        read_wire(of, when);
        break;
    case CAP_MSE_CLEAR:
        read_clear(of, when);
        break;
    case CAP_MSE:
        veil(of, when);
        break;
    case CAP_OTHER:
        leave_alone(of);
        break;
    }
}

/* A stream whose beginning nobody saw is sought in, unless it begins with a handshake after all. */
void cap_kind_probe(const struct cap_hearing *of, struct btw_slice *bytes, const struct cap_moment *when)
{
    struct cap_voice *voice = cap_voice_of(of);
    size_t room = CAP_PROBE_MAX - voice->len, len = bytes->len < room ? bytes->len : room;

    if (!cap_voice_keep(of, btw_slice_of(bytes->data, len), CAP_PROBE_MAX)) {
        of->dissect->counts.dropped_bytes += bytes->len;
        leave_alone(of);
        return;
    }
    *bytes = btw_slice_of(bytes->data + len, bytes->len - len);
    voice->at += len;
    if (of->flow->session.kind == CAP_WIRE)
        begin_wire(of, when);
    else if (!of->flow->half[of->side].isn_known && !cap_begins_handshake(kept_of(of->flow, of->side)))
        voice->state = CAP_SEEKING;
    else
        act(of, judge(of->flow, voice->len == CAP_PROBE_MAX), when);
}

void cap_kind_found(const struct cap_hearing *of, const struct cap_moment *when)
{
    if (of->flow->session.kind == CAP_UNKNOWN)
        read_wire(of, when);
}

void cap_kind_lost(const struct cap_hearing *of, const struct cap_moment *when)
{
    const struct cap_voice *other = &of->flow->voice[cap_other(of->side)];

    (void)when;
    if (of->flow->session.kind == CAP_UNKNOWN && (other->state == CAP_DEAF || other->at == 0))
        leave_alone(of);
}

void cap_kind_end(const struct cap_hearing *of, const struct cap_moment *when)
{
    const struct cap_voice *voice = of->flow->voice;

    if (of->flow->session.kind == CAP_UNKNOWN && voice[0].at + voice[1].at > 0)
        act(of, judge(of->flow, true), when);
}

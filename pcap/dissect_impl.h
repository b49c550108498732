/* SPDX-License-Identifier: MIT
 *
 * What the parts of the dissector share.  Packets (dissect.c) go to connections (connection.c), which bring the
 * segments of both sides in order (turn.c) and let a voice read each (voice.c); what they carry is found out in kind.c.
 */
#ifndef CAP_DISSECT_IMPL_H
#define CAP_DISSECT_IMPL_H

#include "flow.h"
#include "fragment.h"

struct cap_dissect {
    struct cap_config config;
    cap_event_fn *told;
    void *user;
    struct cap_counts counts;
    struct cap_room room;
    struct cap_flows flows;
    struct cap_fragments *fragments;
    uint64_t next_number;
    bool ended;
    struct cap_event event; /* the only one there is */
};

/* One side of one flow: what most functions are about. */
struct cap_hearing {
    struct cap_dissect *dissect;
    struct cap_flow *flow;
    enum btw_side side;
};

static inline struct cap_hearing cap_hearing_of(struct cap_dissect *dissect, struct cap_flow *flow, enum btw_side side)
{
    struct cap_hearing hearing = { dissect, flow, side };

    return hearing;
}

static inline enum btw_side cap_other(enum btw_side side)
{
    return side == BTW_DIALLER ? BTW_ACCEPTOR : BTW_DIALLER;
}

static inline struct cap_voice *cap_voice_of(const struct cap_hearing *of)
{
    return &of->flow->voice[of->side];
}

/* Who sends, and when, in dissect->event. */
void cap_set_scene(const struct cap_hearing *of, const struct cap_moment *when);
/* Tells dissect->event, whose other fields are set; nothing of a session that is not told about. */
void cap_tell(const struct cap_hearing *of, enum cap_event_kind kind, const struct cap_moment *when);

/* An event about the connection, not about bytes of it. */
void cap_tell_turn(const struct cap_hearing *of, enum cap_event_kind kind, const struct cap_moment *when);

/* A TCP segment. */
void cap_connection_take(struct cap_dissect *dissect, const struct cap_ip *ip, const struct cap_moment *now);
/* Closes it first, unless it is. */
void cap_connection_remove(struct cap_dissect *dissect, struct cap_flow *flow);

/* A segment of a connection that is open; this side resets it; it is over. */
void cap_turn_take(struct cap_dissect *dissect, struct cap_flow *flow, enum btw_side side,
                   const struct cap_segment *segment, const struct cap_moment *now);
void cap_turn_reset(struct cap_dissect *dissect, struct cap_flow *flow, enum btw_side side,
                    const struct cap_moment *now);
void cap_turn_finish(struct cap_dissect *dissect, struct cap_flow *flow, const struct cap_moment *now);

/* Reads messages from the byte that comes next; skipped bytes are behind what was read before. */
void cap_voice_read(const struct cap_hearing *of, bool expect_handshake);
/* Takes what was kept while it was waiting, `from` there on. */
void cap_voice_recall(const struct cap_hearing *of, size_t from, const struct cap_moment *when);
void cap_voice_seek(const struct cap_hearing *of);
/* No more is read: of a session that is told, `unreadable` says so. */
void cap_voice_deafen(const struct cap_hearing *of);
/* Bytes of the stream, in order; bytes that are missing; the end. */
void cap_voice_hear(const struct cap_hearing *of, struct btw_slice bytes, const struct cap_moment *when);
void cap_voice_miss(const struct cap_hearing *of, uint64_t len, const struct cap_moment *when);
void cap_voice_end(const struct cap_hearing *of, const struct cap_moment *when);
/* Keeps bytes, up to max in all; false: there is no room. */
bool cap_voice_keep(const struct cap_hearing *of, struct btw_slice bytes, size_t max);
void cap_voice_release(const struct cap_hearing *of); /* forgets what was kept */
void cap_voice_free(const struct cap_hearing *of);

/* Bytes of a voice that is PROBING.  Takes some from the front. */
void cap_kind_probe(const struct cap_hearing *of, struct btw_slice *bytes, const struct cap_moment *when);
/* Messages were found where nobody saw the beginning. */
void cap_kind_found(const struct cap_hearing *of, const struct cap_moment *when);
/* This voice will not tell. */
void cap_kind_lost(const struct cap_hearing *of, const struct cap_moment *when);
/* No more will come: the best guess. */
void cap_kind_end(const struct cap_hearing *of, const struct cap_moment *when);

#endif

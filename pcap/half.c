/* SPDX-License-Identifier: MIT
 *
 * Reassembly.  A sequence number is placed within 2^31 of the next byte, so that streams of any length keep 64-bit
 * offsets.  Where segments overlap, the bytes that were captured first win.
 *
 * A hole is given up when the other side has acknowledged it and a few more packets of the connection went by (frames
 * of a capture may be out of order), when it has been there for long, when what waits behind it takes too much room, or
 * when the connection is over.
 */
#include <stdlib.h>

#include "half.h"

enum {
    PATIENCE = 16,        /* packets */
    CHUNKS_MAX = 4096,    /* of one direction: keeps a hostile order of segments from taking long */
    WINDOW_MAX = 1 << 30, /* no window is larger (RFC 7323); what lies farther away is of another connection */
    CHUNK_COST_MIN = 64   /* room that even one byte takes */
};
static const int64_t wait_ns_max = INT64_C(30) * 1000000000;

struct cap_chunk {
    struct cap_chunk *next;
    int64_t at;
    uint32_t len;
    struct cap_moment when;
    uint8_t data[];
};

static int64_t end_of(const struct cap_chunk *chunk)
{
    return chunk->at + chunk->len;
}

static size_t cost_of(size_t len)
{
    return len + CHUNK_COST_MIN;
}

static void advance(struct cap_half *half, uint64_t len)
{
    half->next += (uint32_t)len;
    half->offset += (int64_t)len;
}

bool cap_half_syn(struct cap_half *half, uint32_t isn)
{
    int32_t before = (int32_t)(half->next - (isn + 1));

    if (half->isn_known)
        return half->isn == isn;
    if (half->based || (half->waiting != NULL && (before + half->waiting->at < 0 || before > WINDOW_MAX)))
        return false;
    for (struct cap_chunk *chunk = half->waiting; chunk != NULL; chunk = chunk->next)
        chunk->at += before;
    if (half->fin)
        half->fin_at += before;
    half->isn = isn;
    half->next = isn + 1;
    half->offset = 0;
    half->isn_known = half->based = true;
    return true;
}

/* Room for a chunk in front of `next`; NULL: there is none. */
static struct cap_chunk *new_chunk(struct cap_half *half, int64_t at, struct btw_slice data,
                                   const struct cap_moment *now, struct cap_room *room)
{
    struct cap_chunk *chunk;

    if (cost_of(data.len) > room->max - room->used)
        return NULL;
    chunk = (struct cap_chunk *)malloc(sizeof *chunk + data.len);
    if (chunk == NULL)
        return NULL;
    chunk->at = at;
    chunk->len = (uint32_t)data.len;
    chunk->when = *now;
    memcpy(chunk->data, data.data, data.len);
    if (half->waiting == NULL)
        half->waiting_since = now->time_ns;
    half->held += cost_of(data.len);
    half->chunks++;
    room->used += cost_of(data.len);
    return chunk;
}

/* Keeps those of the bytes that are not there yet. */
static void keep(struct cap_half *half, int64_t at, struct btw_slice data, const struct cap_moment *now,
                 struct cap_room *room, struct cap_counts *counts)
{
    struct cap_chunk **link = half->last != NULL && at >= end_of(half->last) ? &half->last->next : &half->waiting;
    bool overlaps = false;

    while (data.len > 0) {
        struct cap_chunk *chunk;
        size_t len = data.len;

        while (*link != NULL && end_of(*link) <= at)
            link = &(*link)->next;
        if (*link != NULL && (*link)->at <= at) {
            size_t old = (size_t)(end_of(*link) - at);

            overlaps = true;
            len = old < len ? old : len;
        } else {
            if (*link != NULL && (uint64_t)((*link)->at - at) < len)
                len = (size_t)((*link)->at - at);
            chunk = new_chunk(half, at, btw_slice_of(data.data, len), now, room);
            if (chunk == NULL) {
                counts->dropped_bytes += data.len;
                break;
            }
            chunk->next = *link;
            *link = chunk;
            if (chunk->next == NULL)
                half->last = chunk;
        }
        at += (int64_t)len;
        data = btw_slice_of(data.data + len, data.len - len);
    }
    counts->overlapping += overlaps;
}

/* Takes the first chunk out; to be freed. */
static struct cap_chunk *take_off(struct cap_half *half, struct cap_room *room)
{
    struct cap_chunk *chunk = half->waiting;

    half->waiting = chunk->next;
    if (half->waiting == NULL)
        half->last = NULL;
    half->held -= cost_of(chunk->len);
    half->chunks--;
    room->used -= cost_of(chunk->len);
    return chunk;
}

/* Hands on what has no hole in front.  `when` is what filled it; NULL: each chunk stands for itself. */
static void drain(struct cap_half *half, const struct cap_moment *when, struct cap_room *room,
                  const struct cap_sink *sink)
{
    while (half->waiting != NULL && half->waiting->at <= half->offset) {
        struct cap_chunk *chunk = take_off(half, room); /* whoever is told may drop the others */
        struct cap_moment moment = when == NULL ? chunk->when : *when;

        advance(half, chunk->len);
        sink->bytes(sink->user, btw_slice_of(chunk->data, chunk->len), &moment);
        free(chunk);
        half->patience = 0;
        half->waiting_since = moment.time_ns;
    }
    if (half->fin && !half->fin_told && half->offset >= half->fin_at) {
        half->fin_told = true;
        sink->fin(sink->user, when == NULL ? &half->fin_when : when);
    }
}

static void lose(struct cap_half *half, uint64_t len, const struct cap_moment *when, struct cap_counts *counts,
                 const struct cap_sink *sink)
{
    counts->holes++;
    counts->hole_bytes += len;
    advance(half, len);
    sink->gap(sink->user, len, when);
}

/* Where nobody saw the beginning, the first byte that is there becomes it. */
static void give_up(struct cap_half *half, struct cap_room *room, struct cap_counts *counts,
                    const struct cap_sink *sink)
{
    struct cap_chunk *first = half->waiting;

    if (!half->based) {
        int64_t start = first->at;

        for (struct cap_chunk *chunk = first; chunk != NULL; chunk = chunk->next)
            chunk->at -= start;
        half->fin_at -= start;
        half->next += (uint32_t)start;
        half->based = true;
    } else {
        struct cap_moment when = first->when;

        lose(half, (uint64_t)(first->at - half->offset), &when, counts, sink);
    }
    drain(half, NULL, room, sink);
}

/* Is it the same frame, captured twice? */
static bool is_duplicate(struct cap_half *half, const struct cap_segment *segment)
{
    bool same = half->last_seq == segment->seq && half->last_len == segment->data.len &&
                half->last_checksum == segment->checksum;

    half->last_seq = segment->seq;
    half->last_len = (uint32_t)segment->data.len;
    half->last_checksum = segment->checksum;
    return same;
}

/* Counts bytes that all went by before. */
static void seen_before(struct cap_half *half, const struct cap_segment *segment, struct cap_counts *counts)
{
    if (is_duplicate(half, segment))
        counts->duplicate++;
    else
        counts->retransmitted++;
}

static void take_data(struct cap_half *half, const struct cap_segment *segment, int64_t at,
                      const struct cap_moment *now, struct cap_room *room, struct cap_counts *counts,
                      const struct cap_sink *sink)
{
    struct btw_slice data = segment->data;
    int64_t end = at + (int64_t)data.len + segment->missing;

    if (half->based && end <= half->offset) {
        seen_before(half, segment, counts);
        return;
    }
    is_duplicate(half, segment);
    if (half->based && at < half->offset) {
        size_t old = (size_t)(half->offset - at) < data.len ? (size_t)(half->offset - at) : data.len;

        counts->overlapping++;
        data = btw_slice_of(data.data + old, data.len - old);
        at = half->offset;
    }
    if (half->based && at == half->offset && half->waiting == NULL) {
        advance(half, data.len);
        if (data.len > 0)
            sink->bytes(sink->user, data, now);
        if (end > half->offset)
            lose(half, (uint64_t)(end - half->offset), now, counts, sink);
        return;
    }
    counts->reordered += half->based && at > half->offset;
    keep(half, at, data, now, room, counts);
}

/* Data and FIN of a segment, at this place. */
static void place(struct cap_half *half, const struct cap_segment *segment, int64_t at, const struct cap_moment *now,
                  struct cap_room *room, struct cap_counts *counts, const struct cap_sink *sink)
{
    if (segment->data.len + segment->missing > 0)
        take_data(half, segment, at, now, room, counts, sink);
    if ((segment->flags & CAP_TCP_FIN) != 0 && !half->fin) {
        half->fin = true;
        half->fin_at = at + (int64_t)segment->data.len + segment->missing;
        half->fin_when = *now;
    }
}

void cap_half_take(struct cap_half *half, const struct cap_segment *segment, const struct cap_moment *now,
                   struct cap_room *room, struct cap_counts *counts, const struct cap_sink *sink)
{
    int64_t at;

    if (segment->data.len > 0 || segment->missing > 0 || (segment->flags & CAP_TCP_FIN) != 0) {
        if (!half->based && half->waiting == NULL && !half->fin)
            half->next = segment->seq; /* offset 0, until an earlier byte or a SYN comes */
        at = half->offset + (int32_t)(segment->seq - half->next);
        if (at <= half->offset + WINDOW_MAX && at >= half->offset - WINDOW_MAX)
            place(half, segment, at, now, room, counts, sink);
        else
            counts->damaged++;
    }
    if (half->based)
        drain(half, now, room, sink); /* a SYN may have said that the first byte is there */
}

void cap_half_acknowledged(struct cap_half *half, uint32_t ack)
{
    if (!half->ack_known || (int32_t)(ack - half->ack) > 0)
        half->ack = ack;
    half->ack_known = true;
}

uint64_t cap_half_waits_since(const struct cap_half *half)
{
    return half->waiting == NULL ? UINT64_MAX : half->waiting->when.frame;
}

int64_t cap_half_unseen(const struct cap_half *half, uint32_t ack)
{
    int64_t end = half->offset + (int32_t)(ack - half->next);

    if (!half->based || end > half->offset + WINDOW_MAX)
        return 0;
    if (half->fin && end > half->fin_at)
        end = half->fin_at;
    return end > half->offset ? end - half->offset : 0;
}

void cap_half_skip(struct cap_half *half, int64_t len, const struct cap_moment *now, struct cap_room *room,
                   struct cap_counts *counts, const struct cap_sink *sink)
{
    int64_t end = half->offset + len;

    if (!half->based)
        return;
    while (half->offset < end && half->waiting != NULL && half->waiting->at < end)
        give_up(half, room, counts, sink);
    if (half->offset < end)
        lose(half, (uint64_t)(end - half->offset), now, counts, sink);
    drain(half, NULL, room, sink);
}

/* Has the other side got what is in the first hole? */
static bool hole_was_received(const struct cap_half *half)
{
    return half->ack_known && half->offset + (int32_t)(half->ack - half->next) >= half->waiting->at;
}

static bool is_hopeless(const struct cap_half *half, const struct cap_moment *now, const struct cap_room *room)
{
    return half->patience > PATIENCE || half->held > room->flow_max || half->chunks > CHUNKS_MAX ||
           room->used > room->max - room->max / 8 || now->time_ns - half->waiting_since > wait_ns_max;
}

void cap_half_wait(struct cap_half *half, const struct cap_moment *now, struct cap_room *room,
                   struct cap_counts *counts, const struct cap_sink *sink)
{
    if (half->waiting == NULL)
        return;
    if (!half->based || hole_was_received(half))
        half->patience++;
    while (half->waiting != NULL && is_hopeless(half, now, room))
        give_up(half, room, counts, sink);
}

void cap_half_finish(struct cap_half *half, const struct cap_moment *now, struct cap_room *room,
                     struct cap_counts *counts, const struct cap_sink *sink)
{
    while (half->waiting != NULL)
        give_up(half, room, counts, sink);
    /* Received, but never seen.  One byte more may be the FIN. */
    if (!half->fin && half->ack_known && cap_half_unseen(half, half->ack) > 1)
        lose(half, (uint64_t)cap_half_unseen(half, half->ack), now, counts, sink);
    if (!half->fin || half->fin_told)
        return;
    if (half->based && half->fin_at > half->offset)
        lose(half, (uint64_t)(half->fin_at - half->offset), &half->fin_when, counts, sink);
    half->fin_told = true;
    sink->fin(sink->user, &half->fin_when);
}

void cap_half_drop(struct cap_half *half, struct cap_room *room)
{
    while (half->waiting != NULL)
        free(take_off(half, room));
}

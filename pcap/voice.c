/* SPDX-License-Identifier: MIT
 *
 * From a stream to messages.  Missing bytes inside a message of known length are read as zeros, so that the boundary
 * behind it holds; what they spoil is not told.  Where the boundary is lost it is sought.
 */
#include <assert.h>
#include <stdlib.h>

#include "dissect_impl.h"
#include "seek.h"

enum { PIECE_FRONT = 13, PIECE_ID = 7 };

void cap_voice_release(const struct cap_hearing *of)
{
    struct cap_voice *voice = cap_voice_of(of);

    free(voice->buffer);
    of->dissect->room.used -= voice->cap;
    voice->buffer = NULL;
    voice->cap = voice->len = 0;
}

/* A larger buffer with what the old one holds; false: there is no room. */
static bool reserve(const struct cap_hearing *of, size_t cap)
{
    struct cap_voice *voice = cap_voice_of(of);
    struct cap_room *room = &of->dissect->room;
    uint8_t *buffer;

    if (cap <= voice->cap)
        return true;
    if (cap - voice->cap > room->max - room->used)
        return false;
    buffer = (uint8_t *)realloc(voice->buffer, cap);
    if (buffer == NULL)
        return false;
    room->used += cap - voice->cap;
    voice->buffer = buffer;
    voice->cap = cap;
    return true;
}

bool cap_voice_keep(const struct cap_hearing *of, struct btw_slice bytes, size_t max)
{
    struct cap_voice *voice = cap_voice_of(of);
    size_t need = voice->len + bytes.len, cap = voice->cap == 0 ? 256 : voice->cap;

    assert(need <= max);
    while (cap < need)
        cap *= 2;
    if (!reserve(of, cap < max ? cap : max))
        return false;
    if (bytes.len > 0)
        memcpy(voice->buffer + voice->len, bytes.data, bytes.len);
    voice->len += bytes.len;
    return true;
}

void cap_voice_free(const struct cap_hearing *of)
{
    cap_voice_release(of);
    free(cap_voice_of(of)->sha1);
    cap_voice_of(of)->sha1 = NULL;
}

void cap_voice_deafen(const struct cap_hearing *of)
{
    cap_voice_release(of);
    cap_voice_of(of)->state = CAP_DEAF;
    of->flow->session.sent[of->side].unreadable = true;
}

void cap_voice_seek(const struct cap_hearing *of)
{
    struct cap_voice *voice = cap_voice_of(of);

    cap_voice_release(of);
    voice->state = CAP_SEEKING;
    voice->tried = 0;
}

void cap_voice_read(const struct cap_hearing *of, bool expect_handshake)
{
    struct cap_voice *voice = cap_voice_of(of);
    const struct cap_config *config = &of->dissect->config;

    voice->state = CAP_READING;
    voice->base = voice->at;
    voice->item = 0;
    voice->handshake = expect_handshake;
    voice->item_state = CAP_WHOLE;
    btw_stream_init(&voice->stream, voice->small, sizeof voice->small, config->len_max, expect_handshake);
    if (!config->payload)
        btw_stream_split_pieces(&voice->stream);
}

/* The parts of a block that come one by one make one message; the last one tells.  False: more are to come. */
static bool block_is_over(const struct cap_voice *voice, struct btw_msg *msg)
{
    if (btw_stream_block_left(&voice->stream) > 0)
        return false;
    msg->data = btw_slice_of(NULL, msg->length);
    msg->length = 0;
    return true;
}

static void learn_hash(struct cap_session *session, const struct btw_msg *handshake)
{
    if (session->hash_known)
        return;
    memcpy(session->info_hash, handshake->info_hash, sizeof session->info_hash);
    session->hash_known = true;
}

/* The message that was cut off the stream last, behind cap_set_scene. */
static void tell_item(const struct cap_hearing *of, enum btw_status status)
{
    struct cap_dissect *dissect = of->dissect;
    struct cap_voice *voice = cap_voice_of(of);
    struct cap_event *event = &dissect->event;
    struct btw_msg *msg = &event->msg;
    uint64_t end;

    if (msg->type == BTW_PIECE && !dissect->config.payload && !block_is_over(voice, msg))
        return;
    end = btw_stream_offset(&voice->stream);
    event->offset = voice->base + voice->item;
    event->size = end - voice->item;
    event->bad = status;
    voice->item = end;
    voice->handshake = false;
    if (voice->item_state == CAP_HOLED)
        msg->data.data = NULL;
    if (voice->item_state != CAP_LOST) {
        if (msg->type == BTW_HANDSHAKE)
            learn_hash(&of->flow->session, msg);
        event->kind = status == BTW_OK ? CAP_MESSAGE : CAP_BAD;
        dissect->told(dissect->user, event);
    }
    voice->item_state = CAP_WHOLE;
}

/* A message larger than the buffer.  False: there is no room for it. */
static bool rebuffer(const struct cap_hearing *of)
{
    struct cap_voice *voice = cap_voice_of(of);
    uint8_t *old = voice->buffer;
    size_t old_cap = voice->cap;

    voice->buffer = NULL;
    voice->cap = 0;
    if (!reserve(of, btw_stream_need(&voice->stream))) {
        voice->buffer = old;
        voice->cap = old_cap;
        return false;
    }
    btw_stream_rebuffer(&voice->stream, voice->buffer, voice->cap);
    free(old);
    of->dissect->room.used -= old_cap;
    return true;
}

static void read_messages(const struct cap_hearing *of, struct btw_slice in, const struct cap_moment *when)
{
    struct cap_voice *voice = cap_voice_of(of);
    struct btw_msg *msg = &of->dissect->event.msg;
    enum btw_status status;

    assert(of->flow->told);
    cap_set_scene(of, when);
    while (in.len > 0 && (status = btw_stream_next(&voice->stream, &in, msg, NULL)) != BTW_MORE) {
        bool dead = status == BTW_TOO_LONG || (status == BTW_BAD_WIRE && voice->handshake);

        if (status == BTW_NO_SPACE) {
            if (rebuffer(of))
                continue;
            of->dissect->counts.dropped_bytes += in.len;
            cap_voice_deafen(of);
            return;
        }
        tell_item(of, status);
        if (dead) {
            cap_voice_deafen(of);
            return;
        }
    }
    if (voice->buffer != NULL && btw_stream_pending(&voice->stream) == 0) {
        btw_stream_rebuffer(&voice->stream, voice->small, sizeof voice->small);
        cap_voice_release(of);
    }
}

void cap_voice_recall(const struct cap_hearing *of, size_t from, const struct cap_moment *when)
{
    struct cap_voice *voice = cap_voice_of(of);
    uint8_t *kept = voice->buffer;
    size_t len = voice->len, cap = voice->cap;

    assert(from <= len && voice->state == CAP_READING);
    voice->buffer = NULL;
    voice->cap = voice->len = 0;
    if (kept != NULL)
        read_messages(of, btw_slice_of(kept + from, len - from), when);
    free(kept);
    of->dissect->room.used -= cap;
}

/* Bytes that were captured, but could not be told apart. */
static void tell_skipped(const struct cap_hearing *of, uint64_t len, const struct cap_moment *when)
{
    struct cap_event *event = &of->dissect->event;

    if (len == 0)
        return;
    event->gap = event->size = len;
    event->offset = cap_voice_of(of)->at - len;
    event->resumed = true;
    cap_tell(of, CAP_GAP, when);
}

/* Where it can be read from; *greets: that is its handshake.  Behind a public key and padding that is in clear when the
 * other side agreed to that, and comes in front of all messages. */
static long find_start(const struct cap_hearing *of, bool at_end, bool *greets)
{
    const struct cap_voice *voice = cap_voice_of(of);
    struct btw_slice kept = btw_slice_of(voice->buffer, voice->len);
    bool whole = voice->skipped == 0 && voice->at == voice->len; /* from the first byte on */
    long found = CAP_NOT_FOUND;

    if (of->flow->session.kind == CAP_MSE_CLEAR && whole)
        found = cap_seek_handshake(kept);
    *greets = found != CAP_NOT_FOUND;
    return *greets ? found : cap_seek_messages(kept, at_end, of->dissect->config.len_max);
}

/* Searches when there is enough more to be worth it. */
static void search(const struct cap_hearing *of, bool at_end, const struct cap_moment *when)
{
    struct cap_voice *voice = cap_voice_of(of);
    uint64_t next = voice->at;
    bool greets;
    long found;

    if (!at_end && voice->len < CAP_SEEK_MAX && voice->len < voice->tried + voice->tried / 2 + 16)
        return;
    voice->tried = voice->len;
    found = find_start(of, at_end, &greets);
    if (found == CAP_NOT_FOUND) {
        if (voice->len < CAP_SEEK_MAX)
            return;
        cap_voice_deafen(of);
        cap_kind_lost(of, when);
        return;
    }
    cap_kind_found(of, when);
    voice->at = next - voice->len + (uint64_t)found;
    tell_skipped(of, voice->skipped + (uint64_t)found, when);
    voice->skipped = 0;
    cap_voice_read(of, greets);
    voice->at = next;
    cap_voice_recall(of, (size_t)found, when);
}

static void seek(const struct cap_hearing *of, struct btw_slice *in, const struct cap_moment *when)
{
    struct cap_voice *voice = cap_voice_of(of);
    size_t len = CAP_SEEK_MAX - voice->len < in->len ? CAP_SEEK_MAX - voice->len : in->len;

    if (!cap_voice_keep(of, btw_slice_of(in->data, len), CAP_SEEK_MAX)) {
        of->dissect->counts.dropped_bytes += in->len;
        cap_voice_deafen(of);
        cap_kind_lost(of, when);
        return;
    }
    *in = btw_slice_of(in->data + len, in->len - len);
    voice->at += len;
    search(of, false, when);
}

void cap_voice_hear(const struct cap_hearing *of, struct btw_slice bytes, const struct cap_moment *when)
{
    struct cap_voice *voice = cap_voice_of(of);

    if (voice->at == 0)
        voice->other_at = of->flow->voice[cap_other(of->side)].at;
    while (bytes.len > 0 && voice->state == CAP_PROBING)
        cap_kind_probe(of, &bytes, when);
    while (bytes.len > 0 && voice->state == CAP_SEEKING)
        seek(of, &bytes, when);
    if (bytes.len == 0)
        return;
    if (voice->state == CAP_VEILED) {
        of->dissect->event.gap = of->dissect->event.size = bytes.len;
        of->dissect->event.offset = voice->at;
        cap_tell(of, CAP_CIPHER, when);
    }
    voice->at += bytes.len;
    if (voice->state == CAP_READING)
        read_messages(of, bytes, when);
}

/* Bytes that the unfinished item still needs; 0 when that is not known. */
static uint64_t item_left(const struct cap_voice *voice)
{
    const uint8_t *held = voice->buffer != NULL ? voice->buffer : voice->small;
    size_t pending = btw_stream_pending(&voice->stream);

    if (btw_stream_block_left(&voice->stream) > 0)
        return btw_stream_block_left(&voice->stream);
    if (voice->handshake)
        return pending < 20 ? 0 : BTW_HANDSHAKE_SIZE - pending;
    return pending < 4 ? 0 : 4 + (uint64_t)btw_u32_at(held) - pending;
}

/* Reads zeros in place of what is missing of an item. */
static void read_zeros(const struct cap_hearing *of, uint64_t len, const struct cap_moment *when)
{
    static const uint8_t zeros[4096];
    struct cap_voice *voice = cap_voice_of(of);
    const uint8_t *held = voice->buffer != NULL ? voice->buffer : voice->small;
    bool is_block = btw_stream_block_left(&voice->stream) > 0 ||
                    (btw_stream_pending(&voice->stream) >= PIECE_FRONT && held[4] == PIECE_ID);

    if (voice->item_state == CAP_WHOLE)
        voice->item_state = is_block && !voice->handshake ? CAP_HOLED : CAP_LOST;
    while (len > 0 && voice->state == CAP_READING) {
        size_t part = len < sizeof zeros ? (size_t)len : sizeof zeros;

        read_messages(of, btw_slice_of(zeros, part), when);
        len -= part;
    }
}

void cap_voice_miss(const struct cap_hearing *of, uint64_t len, const struct cap_moment *when)
{
    struct cap_voice *voice = cap_voice_of(of);
    struct cap_event *event = &of->dissect->event;
    bool resumes = voice->state == CAP_READING && len <= item_left(voice);

    event->offset = voice->at;
    event->gap = event->size = len;
    event->resumed = resumes || voice->state == CAP_VEILED;
    cap_tell(of, CAP_GAP, when);
    voice->at += len;
    if (resumes) {
        read_zeros(of, len, when);
        return;
    }
    if (voice->state == CAP_SEEKING || voice->state == CAP_PROBING)
        voice->skipped += voice->len;
    if (voice->state != CAP_DEAF && voice->state != CAP_VEILED)
        cap_voice_seek(of);
}

void cap_voice_end(const struct cap_hearing *of, const struct cap_moment *when)
{
    struct cap_voice *voice = cap_voice_of(of);
    struct cap_direction *direction = &of->flow->session.sent[of->side];

    if (voice->state == CAP_SEEKING && voice->len > 0)
        search(of, true, when);
    if (voice->state == CAP_READING)
        direction->unfinished = btw_stream_pending(&voice->stream);
    if (voice->state == CAP_SEEKING && voice->at > 0)
        cap_voice_deafen(of);
}

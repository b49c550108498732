/* SPDX-License-Identifier: MIT
 *
 * Bytes as they pass to a tape, by way of the events that a dissector would tell.
 */
#include "live.h"

#include <stdlib.h>

#include "btw/stream.h"

enum { BUFFER_START = 4096, LEN_MAX = 2 << 20 };

struct voice {
    struct btw_stream stream;
    uint8_t *buffer;
    bool greeted; /* the handshake has come */
    bool dead;    /* no stream of messages any more */
};

struct cap_live {
    enum btw_side us;
    struct voice voices[2]; /* by side */
    struct cap_session session;
    struct cap_tapes tapes;
    struct cap_tape empty;
};

static void *must(void *memory)
{
    if (memory == NULL)
        abort();
    return memory;
}

static void begin(struct cap_live *live)
{
    cap_tapes_free(&live->tapes);
    cap_tapes_init(&live->tapes, -1);
    live->session = (struct cap_session){ .kind = CAP_WIRE, .dialler_known = true };
    for (int side = 0; side < 2; side++) {
        struct voice *voice = &live->voices[side];
        free(voice->buffer);
        voice->buffer = must(malloc(BUFFER_START));
        voice->greeted = voice->dead = false;
        btw_stream_init(&voice->stream, voice->buffer, BUFFER_START, LEN_MAX, true);
    }
}

struct cap_live *cap_live_new(enum btw_side us)
{
    struct cap_live *live = must(calloc(1, sizeof *live));
    live->us = us;
    begin(live);
    return live;
}

void cap_live_free(struct cap_live *live)
{
    if (live == NULL)
        return;
    cap_tapes_free(&live->tapes);
    free(live->voices[0].buffer);
    free(live->voices[1].buffer);
    free(live);
}

static void tell(struct cap_live *live, enum btw_side side, const struct btw_msg *msg, bool bad, int64_t now_ms)
{
    const struct cap_event event = {
        .kind = bad ? CAP_BAD : CAP_MESSAGE,
        .session = &live->session,
        .side = side,
        .time_ns = now_ms * 1000000,
        .msg = *msg,
    };
    cap_tapes_take(&live->tapes, &event);
}

/* BTW_MORE, or how the stream ended. */
static enum btw_status next(struct voice *voice, struct btw_slice *bytes, struct btw_msg *msg)
{
    enum btw_status status = btw_stream_next(&voice->stream, bytes, msg, NULL);
    while (status == BTW_NO_SPACE) {
        size_t need = btw_stream_need(&voice->stream);
        uint8_t *bigger = must(malloc(need));
        btw_stream_rebuffer(&voice->stream, bigger, need);
        free(voice->buffer);
        voice->buffer = bigger;
        status = btw_stream_next(&voice->stream, bytes, msg, NULL);
    }
    return status;
}

/* A second connection under the same name: what came before was a try that led to nothing, as with an MSE that was
 * turned down. */
static bool begins_anew(const struct voice *voice, struct btw_slice bytes)
{
    static const char start[] = "\x13"
                                "BitTorrent protocol";
    return voice->dead && bytes.len >= sizeof start - 1 && memcmp(bytes.data, start, sizeof start - 1) == 0;
}

void cap_live_tap(void *user, const struct scn_conn *conn, bool sent, struct btw_slice bytes, int64_t now_ms)
{
    struct cap_live *live = user;
    enum btw_side side = sent == (live->us == BTW_DIALLER) ? BTW_DIALLER : BTW_ACCEPTOR;
    struct voice *voice = &live->voices[side];
    struct btw_msg msg = { .type = BTW_KEEPALIVE };
    (void)conn;
    if (begins_anew(voice, bytes))
        begin(live);
    while (!voice->dead) {
        enum btw_status status = next(voice, &bytes, &msg);
        if (status == BTW_MORE)
            return;
        voice->dead = status == BTW_TOO_LONG || (status == BTW_BAD_WIRE && !voice->greeted);
        voice->greeted = true;
        if (!voice->dead)
            tell(live, side, &msg, status == BTW_BAD_WIRE, now_ms);
    }
}

void cap_live_end(struct cap_live *live, enum btw_side side, enum btw_end how, int64_t now_ms)
{
    const struct cap_event event = {
        .kind = how == BTW_END_RST ? CAP_RST : CAP_FIN,
        .session = &live->session,
        .side = side,
        .time_ns = now_ms * 1000000,
    };
    cap_tapes_take(&live->tapes, &event);
}

const struct cap_tape *cap_live_tape(const struct cap_live *live)
{
    return live->tapes.count > 0 ? live->tapes.list[0] : &live->empty;
}

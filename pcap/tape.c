/* SPDX-License-Identifier: MIT
 *
 * Events to tapes.
 */
#include "tape.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static void *must(void *memory)
{
    if (memory == NULL)
        abort();
    return memory;
}

void cap_tapes_init(struct cap_tapes *tapes, int64_t flow)
{
    *tapes = (struct cap_tapes){ .flow = flow, .arena = scn_arena_new() };
}

void cap_tapes_free(struct cap_tapes *tapes)
{
    for (size_t i = 0; i < tapes->count; i++)
        free(tapes->list[i]->notes);
    free(tapes->list);
    scn_arena_free(tapes->arena);
    *tapes = (struct cap_tapes){ 0 };
}

static struct cap_tape *begin(struct cap_tapes *tapes, const struct cap_session *session, int64_t time_ns)
{
    tapes->list = must(realloc(tapes->list, (tapes->count + 1) * sizeof(void *)));
    struct cap_tape *tape = scn_arena_get(tapes->arena, sizeof *tape);
    tape->flow = session->number;
    tape->first_ns = time_ns;
    tapes->list[tapes->count++] = tape;
    return tape;
}

/* Room for one more, with `bytes` behind it. */
static struct cap_note *grow(struct cap_tapes *tapes, struct cap_tape *tape, size_t bytes)
{
    size_t size = sizeof(struct cap_note) + bytes;
    if (tape->cut || size > CAP_TAPE_BYTES_MAX - tapes->bytes) {
        tape->cut = true;
        return NULL;
    }
    tapes->bytes += size;
    if (tape->count == tape->room) {
        tape->room = tape->room == 0 ? 64 : 2 * tape->room;
        tape->notes = must(realloc(tape->notes, tape->room * sizeof *tape->notes));
    }
    return &tape->notes[tape->count++];
}

static size_t first_note(const struct cap_tape *tape, enum btw_side side)
{
    size_t i = 0;
    while (i < tape->count && tape->notes[i].side != side)
        i++;
    return i;
}

static void add(struct cap_tapes *tapes, struct cap_tape *tape, const struct cap_event *event)
{
    bool says = event->kind == CAP_MESSAGE || event->kind == CAP_BAD;
    if (event->kind == CAP_GAP && tape->kind == CAP_MSE_CLEAR && first_note(tape, event->side) == tape->count)
        return; /* what had to be said in secret */
    size_t len = says && event->msg.data.data != NULL ? event->msg.data.len : 0;
    struct cap_note *note = grow(tapes, tape, len);
    if (note == NULL)
        return;
    *note = (struct cap_note){
        .kind = event->kind,
        .side = event->side,
        .time_ms = (event->time_ns - tape->first_ns) / 1000000,
        .frame = event->frame,
        .gap = event->gap,
        .msg = { .type = BTW_KEEPALIVE },
    };
    if (!says)
        return;
    note->msg = event->msg;
    if (len > 0)
        note->msg.data.data = (const uint8_t *)scn_arena_text(tapes->arena, (const char *)event->msg.data.data, len);
}

void cap_tapes_take(void *user, const struct cap_event *event)
{
    struct cap_tapes *tapes = user;
    struct cap_session *session = event->session;
    if (tapes->flow >= 0 && session->number != (uint64_t)tapes->flow)
        return;
    if (session->user == NULL)
        session->user = begin(tapes, session, event->time_ns);
    struct cap_tape *tape = session->user;
    tape->kind = session->kind;
    for (int side = 0; side < 2; side++)
        tape->from[side] = session->sent[side].from;
    switch (event->kind) {
    case CAP_MESSAGE:
    case CAP_BAD:
    case CAP_GAP:
    case CAP_FIN:
    case CAP_RST:
        add(tapes, tape, event);
        break;
    case CAP_OPENED:
    case CAP_CIPHER:
    case CAP_CLOSED:
        break;
    }
}

bool cap_tapes_read(struct cap_tapes *tapes, const char *path, char *error, size_t cap)
{
    struct cap_config config = { .payload = true };
    char *why = NULL;
    struct cap_capture *capture = cap_capture_file(path, &why);
    if (capture == NULL) {
        snprintf(error, cap, "%s", why);
        free(why);
        return false;
    }
    struct cap_dissect *dissect = must(cap_dissect_new(&config, cap_tapes_take, tapes));
    struct cap_packet packet;
    enum cap_status status;
    while ((status = cap_capture_next(capture, &packet)) == CAP_OK)
        cap_dissect_packet(dissect, &packet);
    cap_dissect_end(dissect);
    if (status == CAP_ERROR)
        snprintf(error, cap, "%s", cap_capture_error(capture));
    cap_dissect_free(dissect);
    cap_capture_close(capture);
    return status != CAP_ERROR;
}

/* Who only shows one side, or came too late for the beginning, is the worse choice. */
static bool is_better(const struct cap_tape *tape, const struct cap_tape *than)
{
    if (than == NULL)
        return true;
    bool whole = cap_tape_handshake(tape, BTW_DIALLER) != NULL && cap_tape_handshake(tape, BTW_ACCEPTOR) != NULL;
    bool other = cap_tape_handshake(than, BTW_DIALLER) != NULL && cap_tape_handshake(than, BTW_ACCEPTOR) != NULL;
    return whole != other ? whole : tape->count > than->count;
}

static bool is_clear(const struct cap_tape *tape)
{
    return tape->kind == CAP_WIRE || tape->kind == CAP_MSE_CLEAR;
}

/* A handshake may lie in the part of MSE that is enciphered whatever is agreed upon.  What it says shows in the other
 * side's; who says it does not. */
static void reveal(struct cap_tapes *tapes, struct cap_tape *tape, enum btw_side side)
{
    const struct btw_msg *other = cap_tape_handshake(tape, side == BTW_DIALLER ? BTW_ACCEPTOR : BTW_DIALLER);
    size_t at = side == BTW_DIALLER ? 0 : first_note(tape, side);
    if (tape->kind != CAP_MSE_CLEAR || other == NULL || cap_tape_handshake(tape, side) != NULL)
        return;
    struct cap_note hidden = { .kind = CAP_MESSAGE, .side = side, .msg = *other };
    hidden.time_ms = at < tape->count ? tape->notes[at].time_ms : 0;
    memset(hidden.msg.peer_id, 0, sizeof hidden.msg.peer_id);
    if (grow(tapes, tape, 0) == NULL)
        return;
    memmove(tape->notes + at + 1, tape->notes + at, (tape->count - 1 - at) * sizeof *tape->notes);
    tape->notes[at] = hidden;
}

const struct cap_tape *cap_tapes_pick(struct cap_tapes *tapes, char *error, size_t cap)
{
    const struct cap_tape *most = NULL, *secret = NULL;
    for (size_t i = 0; i < tapes->count; i++) {
        struct cap_tape *tape = tapes->list[i];
        reveal(tapes, tape, BTW_DIALLER);
        reveal(tapes, tape, BTW_ACCEPTOR);
        if (tape->kind == CAP_MSE)
            secret = tape;
        if (is_clear(tape) && is_better(tape, most))
            most = tape;
    }
    if (most != NULL)
        return most;
    if (secret != NULL)
        snprintf(error, cap, "flow %" PRIu64 " is encrypted: there is nothing to read in it", secret->flow);
    else if (tapes->flow >= 0)
        snprintf(error, cap, "flow %" PRId64 " is no BitTorrent session of this capture", tapes->flow);
    else
        snprintf(error, cap, "there is no BitTorrent session in this capture");
    return NULL;
}

static const struct btw_msg *first(const struct cap_tape *tape, enum btw_side side, enum btw_type type)
{
    for (size_t i = 0; i < tape->count; i++) {
        const struct cap_note *note = &tape->notes[i];
        if (note->kind == CAP_MESSAGE && note->side == side && note->msg.type == type &&
            (type != BTW_EXTENDED || note->msg.ext == 0))
            return &note->msg;
    }
    return NULL;
}

const struct btw_msg *cap_tape_handshake(const struct cap_tape *tape, enum btw_side side)
{
    return first(tape, side, BTW_HANDSHAKE);
}

const struct btw_msg *cap_tape_extended(const struct cap_tape *tape, enum btw_side side)
{
    return first(tape, side, BTW_EXTENDED);
}

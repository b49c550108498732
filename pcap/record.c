/* SPDX-License-Identifier: MIT
 *
 * Goes over a tape once, in order, and writes a line for what our side says, and in front of it lines for what it must
 * have heard to say so (record_wait.c).
 */
#include "record.h"

#include <inttypes.h>
#include <stdlib.h>

#include "fmt.h"
#include "plural.h"
#include "record_state.h"

enum {
    CAUSED_MS = 1000,     /* who closes sooner than this did so because of what was said */
    PATIENCE_MS = 30000,  /* a replay waits so long for who left by himself, */
    PATIENCE_LEAST = 500, /* and no less than this */
};

static void *must(void *memory)
{
    if (memory == NULL)
        abort();
    return memory;
}

/* ---- what we say ------------------------------------------------------------------------------------------------- */

static void say(struct record *record, size_t i)
{
    const struct btw_msg *msg = &record->tape->notes[i].msg;
    enum record_omission why;
    if (record_omits(record, i, &why)) {
        bool extended = msg->type == BTW_EXTENDED && msg->ext != 0;
        record->left_out[why][extended ? BTW_TYPES + btw_ext_map_find(&record->wants, msg->ext) : msg->type]++;
        return;
    }
    /* We have what has come; to be sure of that is worth a line only now and then. */
    if (msg->type == BTW_HAVE && record_fresh_answers(record) > 0 && !record->config->exact) {
        record->deferred[record->deferred_count++] = i;
        return;
    }
    record_wait(record, i);
    record->pending[record->pending_count++] = i;
    record->asked = i + 1;
    record->own_extended = record->own_extended || (msg->type == BTW_EXTENDED && msg->ext == 0);
    if (msg->type == BTW_HANDSHAKE)
        record_flush(record); /* what follows is sent when it has been answered */
}

/* ---- what we hear ------------------------------------------------------------------------------------------------ */

static bool is_everything(const struct record *record, const struct btw_msg *msg)
{
    const struct scn_torrent *torrent = record->config->torrent;
    bool known = torrent != NULL && torrent->known;
    size_t bits = msg->data.len * 8;
    if (known && record_theirs(record)->announced == torrent->meta.pieces)
        return true;
    if (msg->type == BTW_HAVE_ALL || known || msg->type != BTW_BITFIELD || bits == 0)
        return msg->type == BTW_HAVE_ALL;
    while (msg->data.len * 8 - bits < 8 && !btw_bit_get(msg->data.data, bits - 1))
        bits--;
    return btw_bits_count(msg->data.data, (uint32_t)bits) == bits;
}

static void hear(struct record *record, size_t i)
{
    const struct btw_msg *msg = &record->tape->notes[i].msg;
    const struct cap_pair *pair = &record->pairs[i];
    struct btw_ext_handshake hs;
    if (msg->type == BTW_EXTENDED && msg->ext == 0 && btw_ext_handshake_decode(&hs, msg->data, NULL) == BTW_OK)
        btw_ext_map_update(&record->wants, &hs);
    if (msg->type == BTW_CHOKE)
        record->unchoked = false;
    if (msg->type == BTW_NOT_INTERESTED)
        record->interested = false;
    /* Who becomes complete may well hang up before it has said so. */
    if (record_theirs(record)->messages[BTW_REQUEST] == 0)
        record->complete = record->complete || is_everything(record, msg);
    if (pair->asks && pair->topic == CAP_BLOCKS && pair->other != CAP_ALONE)
        record->wanted++;
    if (pair->asks && pair->topic == CAP_METADATA)
        record->metadata++;
    bool spoken_of = record_is_opening(msg) || pair->asks || (pair->answers && pair->other != CAP_ALONE) ||
                     msg->type == BTW_UNCHOKE || msg->type == BTW_INTERESTED;
    if (!spoken_of)
        record->left_out[RECORD_THEIRS][msg->type]++;
}

static void take(struct record *record, size_t i)
{
    const struct cap_note *note = &record->tape->notes[i];
    bool told = note->kind == CAP_MESSAGE || note->kind == CAP_BAD;
    if (told && note->side == record->us)
        say(record, i);
    if (note->kind == CAP_GAP) {
        btw_monitor_gap(record->heard, note->side);
        record_flush(record);
        fprintf(record->out, "# %" PRIu64 " byte%s of %s %s missing here.\n", note->gap, scn_plural(note->gap),
                note->side == record->us ? "this side" : "the target", note->gap == 1 ? "is" : "are");
    }
    if (told)
        btw_monitor_sent(record->heard, note->side, &note->msg, note->kind == CAP_BAD, note->time_ms);
    if (told && note->side == record->them)
        hear(record, i);
}

/* ---- beginning and end ------------------------------------------------------------------------------------------- */

static void put_connection(struct record *record)
{
    bool v6 = record->tape->from[0].address_len == 16 && !record->config->goes_on;
    bool secret = record->config->encrypted;
    bool clear = record->tape->kind == CAP_MSE_CLEAR && !record->config->goes_on;
    if (record->us == BTW_DIALLER)
        fprintf(record->out, "p1 dial%s%s\n", v6 ? " v6" : "", secret ? " mse" : clear ? " mse provide=1" : "");
    else
        fprintf(record->out, "p1 listen%s%s\np1 accept%s within 120s\n", v6 ? " v6" : "",
                secret  ? " mse"
                : clear ? " mse allow=1"
                        : "",
                record->stimulus == SIZE_MAX ? "!" : "");
    if (record->us == BTW_DIALLER && (clear || secret))
        fputs("p1 secured within 15s\n", record->out);
    if (record->corrupt >= 0 && !record->config->exact)
        fprintf(record->out, "p1 serve all corrupt=%" PRId64 "\n", record->corrupt);
}

/* Of everything at once; some clients (aria2) say it again when they have more. */
static uint64_t announcements(const struct record *record)
{
    const uint64_t *messages = record_ours(record)->messages;
    return messages[BTW_BITFIELD] + messages[BTW_HAVE_ALL] + messages[BTW_HAVE_NONE];
}

/* What nobody is hung up on for: the end of a download, or of an upload, is the target's own decision. */
static bool is_innocent(const struct record *record, const struct cap_note *note)
{
    const struct btw_msg *msg = &note->msg;
    bool asks = record->pairs[note - record->tape->notes].asks;
    bool usual = msg->type == BTW_REQUEST && msg->length <= BTW_BLOCK_SIZE && record->blocks > 0;
    if (note->kind == CAP_BAD)
        return false;
    return usual || msg->type == BTW_HAVE || msg->type == BTW_PIECE || msg->type == BTW_KEEPALIVE ||
           msg->type == BTW_CHOKE || msg->type == BTW_UNCHOKE || msg->type == BTW_NOT_INTERESTED ||
           (msg->type == BTW_EXTENDED && !asks) ||
           ((msg->type == BTW_BITFIELD || msg->type == BTW_HAVE_ALL) && announcements(record) > 1);
}

/* The target closed because of what we said last. */
static bool was_hung_up_on(const struct record *record, const struct cap_note *end)
{
    const struct cap_note *last = NULL;
    for (const struct cap_note *note = record->tape->notes; note < end; note++) {
        if (note->side == record->us && (note->kind == CAP_MESSAGE || note->kind == CAP_BAD))
            last = note;
    }
    return last != NULL && end->side == record->them && !is_innocent(record, last) &&
           end->time_ms - last->time_ms <= CAUSED_MS;
}

/* How long the target had been silent when it left. */
static int64_t silence_before(const struct record *record, const struct cap_note *end)
{
    return end == record->tape->notes ? end->time_ms : end->time_ms - (end - 1)->time_ms;
}

static void put_close(struct record *record, const struct cap_note *note)
{
    int64_t silence = silence_before(record, note);
    if (note->side == record->us) {
        fputs(note->kind == CAP_FIN ? "p1 fin\n" : "p1 rst\n", record->out);
    } else if (was_hung_up_on(record, note)) {
        fputs("p1 closes", record->out);
        record_tail(record, "60s", false, "\n");
    } else if (record->config->goes_on && silence <= PATIENCE_MS) {
        fprintf(record->out, "p1 closes within %" PRId64 "ms else info\n", 2 * silence + PATIENCE_LEAST);
    }
}

static void put_end(struct record *record)
{
    record_wait(record, record->tape->count);
    record_flush(record);
    if (!record->few && record->blocks > 0 && record->wrong == 0 && !record->config->goes_on)
        fputs("check p1.wrong == 0\n", record->out);
    if (!record->few && record->refused == 0 && !record->config->goes_on)
        fputs("check p1.rejects == 0\n", record->out);
    for (size_t i = 0; i < record->tape->count; i++) {
        const struct cap_note *note = &record->tape->notes[i];
        if (note->kind != CAP_FIN && note->kind != CAP_RST)
            continue;
        put_close(record, note);
        return;
    }
}

static void ignore(void *user, const struct btw_finding *finding)
{
    (void)user;
    (void)finding;
}

static void count_questions(struct record *record)
{
    const struct scn_torrent *torrent = record->config->torrent;
    bool has_content = torrent != NULL && torrent->read != NULL;
    size_t requests = 0;
    struct btw_ext_handshake hs;
    const struct btw_msg *extended = record->hello[record->us];
    for (size_t i = 0; i < record->tape->count; i++) {
        const struct cap_pair *pair = &record->pairs[i];
        if (record->tape->notes[i].side != record->us || !pair->asks || pair->topic != CAP_BLOCKS)
            continue;
        requests++;
        if (pair->other == CAP_ALONE)
            continue;
        const struct btw_msg *answer = &record->tape->notes[pair->other].msg;
        bool refused = record->pairs[pair->other].refused;
        record->blocks += !refused;
        record->refused += refused;
        record->wrong += !refused && has_content && !record_is_content(record, answer);
    }
    record->few = requests <= RECORD_FEW;
    if (extended != NULL && btw_ext_handshake_decode(&hs, extended->data, NULL) == BTW_OK)
        btw_ext_id_of(&hs, btw_ext_name(BTW_EXT_UT_METADATA), &record->our_metadata_id);
}

static size_t find_last_unchoke(const struct record *record)
{
    size_t last = 0;
    for (size_t i = 0; i < record->tape->count; i++) {
        const struct cap_note *note = &record->tape->notes[i];
        if (note->side == record->them && note->kind == CAP_MESSAGE && note->msg.type == BTW_UNCHOKE)
            last = i;
    }
    return last;
}

/* What we were asked for, and sent wrong. */
static int64_t find_corrupt(const struct record *record)
{
    const struct scn_torrent *torrent = record->config->torrent;
    for (size_t i = 0; torrent != NULL && torrent->read != NULL && i < record->tape->count; i++) {
        const struct cap_note *note = &record->tape->notes[i];
        const struct cap_pair *pair = &record->pairs[i];
        if (note->side == record->us && pair->answers && pair->other != CAP_ALONE && note->msg.type == BTW_PIECE &&
            note->msg.piece < torrent->meta.pieces && !record_is_content(record, &note->msg))
            return note->msg.piece;
    }
    return -1;
}

static uint32_t blocks_per_piece(const struct record *record)
{
    const struct scn_torrent *torrent = record->config->torrent;
    uint32_t most = 0;
    if (torrent != NULL && torrent->known)
        return (torrent->meta.piece_length + BTW_BLOCK_SIZE - 1) / BTW_BLOCK_SIZE;
    for (size_t i = 0; i < record->tape->count; i++) {
        const struct cap_note *note = &record->tape->notes[i];
        if (note->kind == CAP_MESSAGE && note->msg.type == BTW_REQUEST && note->msg.begin > most)
            most = note->msg.begin;
    }
    return most / BTW_BLOCK_SIZE + 1;
}

static void open_record(struct record *record, const struct cap_tape *tape, const struct cap_record_config *config,
                        bool plain)
{
    const struct scn_torrent *torrent = config->torrent;
    struct btw_monitor_world world = { 0 };
    if (torrent != NULL && torrent->known) {
        world.pieces = torrent->meta.pieces;
        world.piece_length = torrent->meta.piece_length;
        world.total_length = torrent->meta.total_length;
    }
    *record = (struct record){
        .config = config,
        .tape = tape,
        .us = config->play,
        .them = config->play == BTW_DIALLER ? BTW_ACCEPTOR : BTW_DIALLER,
        .pairs = cap_pairs(tape),
        .pending = must(calloc(tape->count + 1, sizeof(size_t))),
        .deferred = must(calloc(tape->count + 1, sizeof(size_t))),
        .heard = must(btw_monitor_new(&world, BTW_GRACE_MS_DEFAULT, ignore, NULL)),
    };
    for (int side = 0; side < 2; side++)
        record->hello[side] = cap_tape_extended(tape, (enum btw_side)side);
    record->blocks_per_piece = blocks_per_piece(record);
    record->corrupt = find_corrupt(record);
    record->last_unchoke = find_last_unchoke(record);
    if (config->side != NULL)
        config->side->len = 0;
    count_questions(record);
    record_choose_kind(record, plain);
}

static char *compose(struct record *record, struct scn_arena *arena, char *error, size_t cap)
{
    char *steps = NULL, *text = NULL, *laid_out;
    size_t steps_len = 0, len = 0;
    struct scn_error wrong;
    record->out = must(open_memstream(&steps, &steps_len));
    put_connection(record);
    for (size_t i = 0; i < record->tape->count; i++)
        take(record, i);
    put_end(record);
    fclose(record->out);
    FILE *whole = must(open_memstream(&text, &len));
    record_header(record, whole);
    fwrite(steps, 1, steps_len, whole);
    fclose(whole);
    laid_out = scn_fmt(arena, "record", text, len, &wrong);
    if (laid_out == NULL)
        snprintf(error, cap, "what came of it is no scenario, line %u: %s", wrong.place.line, wrong.text);
    free(steps);
    free(text);
    return laid_out;
}

/* *whole: the scenario has its stimulus, and the line that its fault names. */
static char *record_as(struct scn_arena *arena, const struct cap_tape *tape, const struct cap_record_config *config,
                       bool plain, bool *whole, char *error, size_t cap)
{
    struct record record;
    open_record(&record, tape, config, plain);
    char *text = compose(&record, arena, error, cap);
    *whole = record.labelled && record.stimulated;
    btw_monitor_free(record.heard);
    free(record.pairs);
    free(record.pending);
    free(record.deferred);
    return text;
}

char *cap_record(struct scn_arena *arena, const struct cap_tape *tape, const struct cap_record_config *config,
                 char *error, size_t cap)
{
    if (cap_tape_handshake(tape, config->play) == NULL) {
        snprintf(error, cap, "the capture lacks the handshake of the side that is to be played");
        return NULL;
    }
    if (cap_tape_handshake(tape, config->play == BTW_DIALLER ? BTW_ACCEPTOR : BTW_DIALLER) == NULL) {
        snprintf(error, cap, "the capture lacks the handshake of the other side");
        return NULL;
    }
    /* A session so odd that the line about what it showed never came is one that began with a handshake. */
    bool whole;
    char *text = record_as(arena, tape, config, false, &whole, error, cap);
    return text == NULL || whole ? text : record_as(arena, tape, config, true, &whole, error, cap);
}

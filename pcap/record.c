/* SPDX-License-Identifier: MIT
 *
 * Goes over a tape once, in order, and writes a line for what our side says, and in front of it lines for what it must
 * have heard to say so.  What the target says by its own choice and in its own order is waited for by counters, which
 * nothing that came in between can upset; what answers a question of ours is waited for by name where it is little.
 *
 * A line that counts takes all messages that have come.  So before the first such line all answers that are due by name
 * are waited for, also those that came later in the capture.
 */
#include "record.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>

#include "fmt.h"
#include "record_state.h"

enum {
    ANYORDER_MAX = 64,
    BATCH = 8, /* answers that are worth a line of their own in between */
    CAUSED_MS = 1000,
    PAUSE_MIN_MS = 2,
};

static void *must(void *memory)
{
    if (memory == NULL)
        abort();
    return memory;
}

/* ---- lines ------------------------------------------------------------------------------------------------------- */

/* The end of a line that waits: how long, what it says if it does not come true, its label. */
static void put_tail(struct record *record, const char *within, bool labelled, const char *end)
{
    fprintf(record->out, " within %s%s", within, record->config->goes_on ? " else warn" : "");
    if (labelled && !record->labelled) {
        fprintf(record->out, "  @%s", record->kind->label);
        record->labelled = true;
    }
    fputs(end, record->out);
}

static bool is_about(const struct record *record, const char *label)
{
    return strcmp(record->kind->label, label) == 0;
}

static void until(struct record *record, const char *within, const char *label, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
static void until(struct record *record, const char *within, const char *label, const char *format, ...)
{
    va_list args;
    record_flush(record);
    fputs("p1 until ", record->out);
    va_start(args, format);
    vfprintf(record->out, format, args);
    va_end(args);
    put_tail(record, within, is_about(record, label), "\n");
}

static const struct btw_view *ours(const struct record *record)
{
    return btw_monitor_view(record->heard, record->us);
}

static const struct btw_view *theirs(const struct record *record)
{
    return btw_monitor_view(record->heard, record->them);
}

/* ---- answers by name --------------------------------------------------------------------------------------------- */

/* A question of ours whose answer has a line of its own. */
static bool is_listed(const struct record *record, size_t i)
{
    const struct cap_pair *pair = &record->pairs[i];
    return record->tape->notes[i].side == record->us && pair->asks && pair->other != CAP_ALONE &&
           (record->few || pair->topic != CAP_BLOCKS);
}

/* Those that are asked and not waited for; with `by`, only if one of them was answered before that note. */
static size_t count_listed(const struct record *record, size_t by)
{
    size_t count = 0;
    bool due = false;
    for (size_t i = record->waited; i < record->asked; i++) {
        if (!is_listed(record, i))
            continue;
        count++;
        due = due || (size_t)record->pairs[i].other < by;
    }
    return due ? count : 0;
}

static bool begins_label(const struct record *record, size_t from)
{
    for (size_t i = from; i < record->asked; i++) {
        if (is_listed(record, i) && record->kind->is(record, (size_t)record->pairs[i].other))
            return true;
    }
    return false;
}

static void wait_answers(struct record *record, size_t by)
{
    size_t count = count_listed(record, by);
    if (count == 0)
        return;
    record_flush(record);
    bool labelled = begins_label(record, record->waited);
    while (count > 0) {
        size_t group = count > ANYORDER_MAX ? ANYORDER_MAX : count;
        count -= group;
        fputs(group > 1 ? "p1 anyorder" : "p1 < ", record->out);
        if (group > 1)
            put_tail(record, "60s", labelled, " {\n");
        for (size_t left = group; left > 0; record->waited++) {
            if (!is_listed(record, record->waited))
                continue;
            record_answer(record, record->out, &record->tape->notes[record->pairs[record->waited].other]);
            if (group > 1)
                fputc('\n', record->out);
            left--;
        }
        if (group > 1)
            fputs("}\n", record->out);
        else
            put_tail(record, "60s", labelled, "\n");
    }
    record->waited = record->asked;
}

/* ---- what must have been heard ----------------------------------------------------------------------------------- */

/* What comes at the start of a connection, from whoever it is and whatever the other side says. */
static bool is_opening(const struct btw_msg *msg)
{
    return msg->type == BTW_HANDSHAKE || msg->type == BTW_BITFIELD || msg->type == BTW_HAVE_ALL ||
           msg->type == BTW_HAVE_NONE || msg->type == BTW_PORT || (msg->type == BTW_EXTENDED && msg->ext == 0);
}

static void wait_handshake(struct record *record, const struct btw_msg *next)
{
    bool dials = record->us == BTW_DIALLER;
    const struct btw_msg *handshake = cap_tape_handshake(record->tape, record->them);
    if (record->opened || handshake == NULL || (next != NULL && next->type == BTW_HANDSHAKE && dials))
        return;
    record->opened = true;
    record_flush(record);
    const struct cap_note note = { .kind = CAP_MESSAGE, .msg = *handshake };
    fputs("p1 < ", record->out);
    record_answer(record, record->out, &note);
    put_tail(record, "15s", is_about(record, "handshake"), "\n");
}

/* In front of the first line that counts, or of the first that makes use of its ids. */
static void wait_extended(struct record *record, const struct btw_msg *next, bool counts)
{
    const struct btw_msg *hello = cap_tape_extended(record->tape, record->them);
    bool can = record->own_extended || cap_tape_extended(record->tape, record->us) == NULL;
    bool due = counts || (theirs(record)->ext_handshake_seen && next != NULL && !is_opening(next));
    if (record->extended || hello == NULL || !can || !due)
        return;
    record->extended = true;
    record_flush(record);
    fputs("p1 < ", record->out);
    record_extended(record, record->out, hello);
    put_tail(record, "15s", false, "\n");
}

enum { ANNOUNCED = 1, UNCHOKED = 2, INTERESTED = 4, ANSWERED = 8, REQUESTED = 16, FETCHED = 32 };

/* Answers to our requests that have come and that no line has waited for. */
static uint64_t fresh_answers(const struct record *record)
{
    return record->few ? 0
                       : (uint64_t)ours(record)->answered_pieces + ours(record)->answered_rejects - record->answered;
}

/* The counts that our next message (NULL: the end) depends on and that have not been waited for. */
static unsigned due_counts(const struct record *record, const struct btw_msg *next)
{
    const struct btw_view *they = theirs(record);
    enum btw_type type = next == NULL ? BTW_TYPES : next->type;
    bool end = next == NULL, ends = end || type == BTW_CHOKE || type == BTW_NOT_INTERESTED;
    bool asks = type == BTW_REQUEST, exact = record->config->exact, served = exact && type == BTW_PIECE;
    unsigned due = 0;
    if (next != NULL && is_opening(next))
        return 0;
    if (record->complete && !record->announced_all && record->config->sized)
        due |= ANNOUNCED;
    if (!they->choking && !record->unchoked && (asks || end))
        due |= UNCHOKED;
    if (they->interested && !record->interested && (type == BTW_UNCHOKE || ends))
        due |= INTERESTED;
    if (fresh_answers(record) >= (exact || ends ? 1 : asks ? BATCH : UINT64_MAX))
        due |= ANSWERED;
    if (record->wanted > record->requested && (ends || served || type == BTW_REJECT || type == BTW_PIECE))
        due |= REQUESTED;
    if (record->metadata > record->metadata_waited)
        due |= FETCHED;
    return due;
}

static void wait_counts(struct record *record, unsigned due)
{
    uint32_t open = ours(record)->open_requests;
    if (due & INTERESTED) {
        until(record, "60s", "", "interested == 1");
        record->interested = true;
    }
    if (due & FETCHED) {
        until(record, "60s", "fetch", "metadata >= %" PRIu64, record->metadata);
        record->metadata_waited = record->metadata;
    }
    if (due & REQUESTED) {
        until(record, "120s", "requests", "requests >= %" PRIu64, record->wanted);
        record->requested = record->wanted;
    }
    if (due & ANNOUNCED) {
        until(record, "30s", "", "announced == $t1.pieces");
        record->announced_all = record->needs_metadata = true;
    }
    if (due & UNCHOKED) {
        until(record, "120s", "", "choking == 0");
        record->unchoked = true;
    }
    if (due & ANSWERED) {
        until(record, "60s", record->blocks > 0 ? "blocks" : "rejects", "unanswered %s %" PRIu32,
              open == 0 ? "==" : "<=", open);
        record->answered += fresh_answers(record);
        for (size_t i = 0; i < record->deferred_count; i++)
            record->pending[record->pending_count++] = record->deferred[i];
        record->deferred_count = 0;
    }
}

static void pause_as_captured(struct record *record, size_t i)
{
    const struct cap_note *notes = record->tape->notes;
    int64_t ms = i == 0 ? 0 : (notes[i].time_ms - notes[i - 1].time_ms) * record->config->percent / 100;
    if (ms < PAUSE_MIN_MS)
        return;
    record_flush(record);
    fprintf(record->out, "wait %" PRId64 "ms \"as captured\"\n", ms);
}

/* Waits for all that our note i (or the end) is based on. */
static void wait_for(struct record *record, size_t i)
{
    const struct btw_msg *next = i < record->tape->count ? &record->tape->notes[i].msg : NULL;
    wait_handshake(record, next);
    unsigned due = due_counts(record, next);
    bool answers = count_listed(record, i) > 0;
    wait_extended(record, next, due != 0 || answers);
    wait_answers(record, due != 0 ? SIZE_MAX : i);
    wait_counts(record, due);
    if (next != NULL)
        pause_as_captured(record, i);
}

/* ---- what we say ------------------------------------------------------------------------------------------------- */

/* The scripted peer does it by itself, or it is of no use to anybody else. */
static bool goes_without(const struct record *record, size_t i)
{
    const struct cap_note *note = &record->tape->notes[i];
    const struct cap_pair *pair = &record->pairs[i];
    if (record->config->exact || note->kind == CAP_BAD)
        return false;
    return note->msg.type == BTW_KEEPALIVE || record_is_volatile(record, note) ||
           (pair->answers && pair->other != CAP_ALONE && record->config->serves);
}

static void say(struct record *record, size_t i)
{
    const struct btw_msg *msg = &record->tape->notes[i].msg;
    if (goes_without(record, i)) {
        record->left_out[record->us][msg->type]++;
        return;
    }
    /* We have what has come; to be sure of that is worth a line only now and then. */
    if (msg->type == BTW_HAVE && fresh_answers(record) > 0 && !record->config->exact) {
        record->deferred[record->deferred_count++] = i;
        return;
    }
    wait_for(record, i);
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
    if (known && theirs(record)->announced == torrent->meta.pieces)
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
    if (theirs(record)->messages[BTW_REQUEST] == 0)
        record->complete = record->complete || is_everything(record, msg);
    if (pair->asks && pair->topic == CAP_BLOCKS && pair->other != CAP_ALONE)
        record->wanted++;
    if (pair->asks && pair->topic == CAP_METADATA)
        record->metadata++;
    bool spoken_of = is_opening(msg) || pair->asks || (pair->answers && pair->other != CAP_ALONE) ||
                     msg->type == BTW_UNCHOKE || msg->type == BTW_INTERESTED;
    if (!spoken_of)
        record->left_out[record->them][msg->type]++;
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
        fprintf(record->out, "# %" PRIu64 " bytes of %s are missing here.\n", note->gap,
                note->side == record->us ? "this side" : "the target");
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
}

/* Of everything at once; some clients (aria2) say it again when they have more. */
static uint64_t announcements(const struct record *record)
{
    const uint64_t *messages = ours(record)->messages;
    return messages[BTW_BITFIELD] + messages[BTW_HAVE_ALL] + messages[BTW_HAVE_NONE];
}

/* What nobody is hung up on for: the end of a download, or of an upload, is the target's own decision. */
static bool is_innocent(const struct record *record, const struct cap_note *note)
{
    const struct btw_msg *msg = &note->msg;
    bool asks = record->pairs[note - record->tape->notes].asks;
    if (note->kind == CAP_BAD)
        return false;
    return msg->type == BTW_HAVE || msg->type == BTW_PIECE || msg->type == BTW_KEEPALIVE || msg->type == BTW_CHOKE ||
           msg->type == BTW_UNCHOKE || msg->type == BTW_NOT_INTERESTED || (msg->type == BTW_EXTENDED && !asks) ||
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

static void put_end(struct record *record)
{
    wait_for(record, record->tape->count);
    record_flush(record);
    if (!record->few && record->blocks > 0 && record->wrong == 0 && !record->config->goes_on)
        fputs("check p1.wrong == 0\n", record->out);
    if (!record->few && record->refused == 0 && !record->config->goes_on)
        fputs("check p1.rejects == 0\n", record->out);
    for (size_t i = 0; i < record->tape->count; i++) {
        const struct cap_note *note = &record->tape->notes[i];
        if (note->kind != CAP_FIN && note->kind != CAP_RST)
            continue;
        if (note->side == record->us)
            fputs(note->kind == CAP_FIN ? "p1 fin\n" : "p1 rst\n", record->out);
        else if (was_hung_up_on(record, note)) {
            fputs("p1 closes", record->out);
            put_tail(record, "60s", false, "\n");
        }
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
    const struct btw_msg *extended = cap_tape_extended(record->tape, record->us);
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

static void open_record(struct record *record, const struct cap_tape *tape, const struct cap_record_config *config)
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
    count_questions(record);
    record_choose_kind(record);
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

char *cap_record(struct scn_arena *arena, const struct cap_tape *tape, const struct cap_record_config *config,
                 char *error, size_t cap)
{
    struct record record;
    char *text = NULL;
    if (cap_tape_handshake(tape, config->play) == NULL) {
        snprintf(error, cap, "the capture lacks the handshake of the side that is to be played");
        return NULL;
    }
    if (cap_tape_handshake(tape, config->play == BTW_DIALLER ? BTW_ACCEPTOR : BTW_DIALLER) == NULL) {
        snprintf(error, cap, "the capture lacks the handshake of the other side");
        return NULL;
    }
    open_record(&record, tape, config);
    text = compose(&record, arena, error, cap);
    btw_monitor_free(record.heard);
    free(record.pairs);
    free(record.pending);
    free(record.deferred);
    return text;
}

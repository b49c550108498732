/* SPDX-License-Identifier: MIT
 *
 * What a recording waits for.  What the target says by its own choice and in its own order is waited for by counters,
 * which nothing that came in between can upset; what answers a question of ours is waited for by name where it is
 * little.
 *
 * A line that counts takes all messages that have come.  So before the first such line all answers that are due by name
 * are waited for, also those that came later in the capture.
 */
#include <inttypes.h>
#include <stdarg.h>

#include "record_state.h"

enum {
    ANYORDER_MAX = 64,
    BATCH = 8, /* answers that are worth a line of their own in between */
    PAUSE_MIN_MS = 2,
};

/* ---- lines ------------------------------------------------------------------------------------------------------- */

/* The end of a line that waits: how long, what it says if it does not come true, its label. */
void record_tail(struct record *record, const char *within, bool labelled, const char *end)
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
    record_tail(record, within, is_about(record, label), "\n");
}

const struct btw_view *record_ours(const struct record *record)
{
    return btw_monitor_view(record->heard, record->us);
}

const struct btw_view *record_theirs(const struct record *record)
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
            record_tail(record, "60s", labelled, " {\n");
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
            record_tail(record, "60s", labelled, "\n");
    }
    record->waited = record->asked;
}

/* ---- what must have been heard ----------------------------------------------------------------------------------- */

/* What comes at the start of a connection, from whoever it is and whatever the other side says. */
bool record_is_opening(const struct btw_msg *msg)
{
    return msg->type == BTW_HANDSHAKE || msg->type == BTW_BITFIELD || msg->type == BTW_HAVE_ALL ||
           msg->type == BTW_HAVE_NONE || msg->type == BTW_PORT || (msg->type == BTW_EXTENDED && msg->ext == 0);
}

static void wait_handshake(struct record *record, const struct btw_msg *next)
{
    bool dials = record->us == BTW_DIALLER;
    if (record->opened || (next != NULL && next->type == BTW_HANDSHAKE && dials))
        return;
    record->opened = true;
    record_flush(record);
    const struct cap_note note = { .kind = CAP_MESSAGE, .msg = *cap_tape_handshake(record->tape, record->them) };
    fputs("p1 < ", record->out);
    record_answer(record, record->out, &note);
    record_tail(record, "15s", is_about(record, "handshake"), "\n");
}

/* In front of the first line that counts, or of the first that makes use of its ids. */
static void wait_extended(struct record *record, const struct btw_msg *next, bool counts)
{
    const struct btw_msg *hello = record->hello[record->them];
    bool can = record->own_extended || record->hello[record->us] == NULL;
    bool due = counts || (record_theirs(record)->ext_handshake_seen && next != NULL && !record_is_opening(next));
    if (record->extended || hello == NULL || !can || !due)
        return;
    record->extended = true;
    record_flush(record);
    fputs("p1 < ", record->out);
    record_extended(record, record->out, hello);
    record_tail(record, "15s", false, "\n");
}

enum { ANNOUNCED = 1, UNCHOKED = 2, INTERESTED = 4, ANSWERED = 8, REQUESTED = 16, FETCHED = 32 };

/* Answers to our requests that have come and that no line has waited for. */
uint64_t record_fresh_answers(const struct record *record)
{
    return record->few ? 0
                       : (uint64_t)record_ours(record)->answered_pieces + record_ours(record)->answered_rejects -
                             record->answered;
}

/* Which pieces it serves while it chokes is a peer's own choice (BEP 6, allowed fast).  So a replay that was unchoked
 * later asks later. */
static bool is_early(const struct record *record, size_t i)
{
    return record->config->goes_on && !record->config->exact && record_ours(record)->interested &&
           i < record->last_unchoke;
}

/* The counts that our note i (the next; or the end) depends on and that have not been waited for. */
static unsigned due_counts(const struct record *record, size_t i, const struct btw_msg *next)
{
    const struct btw_view *they = record_theirs(record);
    enum btw_type type = next == NULL ? BTW_TYPES : next->type;
    bool end = next == NULL, ends = end || type == BTW_CHOKE || type == BTW_NOT_INTERESTED;
    bool asks = type == BTW_REQUEST, exact = record->config->exact, served = exact && type == BTW_PIECE;
    unsigned due = 0;
    if (next != NULL && record_is_opening(next))
        return 0;
    if (record->complete && !record->announced_all && record->config->sized)
        due |= ANNOUNCED;
    if (!record->unchoked && (asks || end) && (!they->choking || is_early(record, i)))
        due |= UNCHOKED;
    if (they->interested && !record->interested && (type == BTW_UNCHOKE || ends))
        due |= INTERESTED;
    if (record_fresh_answers(record) >= (exact || ends ? 1 : asks ? BATCH : UINT64_MAX))
        due |= ANSWERED;
    if (record->wanted > record->requested && (ends || served || type == BTW_REJECT || type == BTW_PIECE))
        due |= REQUESTED;
    if (record->metadata > record->metadata_waited)
        due |= FETCHED;
    return due;
}

static void wait_counts(struct record *record, unsigned due)
{
    uint32_t open = record_ours(record)->open_requests;
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
        record->answered += record_fresh_answers(record);
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
void record_wait(struct record *record, size_t i)
{
    const struct btw_msg *next = i < record->tape->count ? &record->tape->notes[i].msg : NULL;
    wait_handshake(record, next);
    while (record->waited < record->asked && !is_listed(record, record->waited))
        record->waited++;
    unsigned due = due_counts(record, i, next);
    bool answers = count_listed(record, i) > 0;
    wait_extended(record, next, due != 0 || answers);
    wait_answers(record, due != 0 ? SIZE_MAX : i);
    wait_counts(record, due);
    if (next != NULL)
        pause_as_captured(record, i);
}

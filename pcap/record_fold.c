/* SPDX-License-Identifier: MIT
 *
 * What a recording says in a row, as few lines: runs of messages that count up become one line with `wire times=`,
 * others that stand together one write.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "record_state.h"

enum { RUN_MIN = 4 };

static const struct btw_msg *pending(const struct record *record, size_t i)
{
    return &record->tape->notes[record->pending[i]].msg;
}

static bool is_countable(const struct btw_msg *msg)
{
    return msg->type == BTW_REQUEST || msg->type == BTW_CANCEL || msg->type == BTW_HAVE || msg->type == BTW_SUGGEST ||
           msg->type == BTW_ALLOWED_FAST;
}

/* ---- runs -------------------------------------------------------------------------------------------------------- */

/* Blocks in a row: block number `first` + i, so many per piece.  per 0: pieces in a row, begin stays. */
struct run {
    size_t count;
    uint32_t per;
    uint32_t first;
    int64_t step; /* of pieces, when per is 0 */
};

static bool is_alike(const struct btw_msg *a, const struct btw_msg *b)
{
    return a->type == b->type && a->length == b->length;
}

static struct run count_blocks(const struct record *record, size_t at)
{
    const struct btw_msg *first = pending(record, at);
    struct run run = { .per = record->blocks_per_piece };
    if (first->begin % BTW_BLOCK_SIZE != 0 || first->begin / BTW_BLOCK_SIZE >= run.per || first->length == 0 ||
        run.per == 1)
        return run;
    run.first = first->begin / BTW_BLOCK_SIZE;
    while (at + run.count < record->pending_count) {
        const struct btw_msg *msg = pending(record, at + run.count);
        uint64_t block = (uint64_t)run.first + run.count;
        if (!is_alike(msg, first) || msg->piece != first->piece + block / run.per ||
            msg->begin != block % run.per * BTW_BLOCK_SIZE)
            break;
        run.count++;
    }
    return run;
}

static struct run count_pieces(const struct record *record, size_t at)
{
    const struct btw_msg *first = pending(record, at);
    struct run run = { .count = 1 };
    if (at + 1 == record->pending_count)
        return run;
    run.step = (int64_t)pending(record, at + 1)->piece - (int64_t)first->piece;
    while (at + run.count < record->pending_count) {
        const struct btw_msg *msg = pending(record, at + run.count);
        if (!is_alike(msg, first) || msg->begin != first->begin ||
            (int64_t)msg->piece - (int64_t)first->piece != run.step * (int64_t)run.count)
            break;
        run.count++;
    }
    return run;
}

static struct run longest_run(const struct record *record, size_t at)
{
    if (!is_countable(pending(record, at)))
        return (struct run){ .count = 1 };
    struct run blocks = count_blocks(record, at), pieces = count_pieces(record, at);
    return blocks.count > pieces.count ? blocks : pieces;
}

static void put_blocks(FILE *out, const struct run *run, const struct btw_msg *first)
{
    char i[32] = "$i";
    if (run->first > 0)
        snprintf(i, sizeof i, "($i+%u)", run->first);
    fputs(" piece=", out);
    if (first->piece > 0)
        fprintf(out, "%u+", first->piece);
    fprintf(out, "%s/%u begin=%s%%%u*%u", i, run->per, i, run->per, (unsigned)BTW_BLOCK_SIZE);
}

static void put_pieces(FILE *out, const struct run *run, const struct btw_msg *first)
{
    bool blocks = first->type == BTW_REQUEST || first->type == BTW_CANCEL;
    fputs(" piece=", out);
    if (run->step == 0)
        fprintf(out, "%u", first->piece);
    else if (first->piece > 0)
        fprintf(out, "%u%c", first->piece, run->step < 0 ? '-' : '+');
    if (run->step == 1 || run->step == -1)
        fputs("$i", out);
    else if (run->step != 0)
        fprintf(out, "$i*%" PRId64, run->step < 0 ? -run->step : run->step);
    if (blocks)
        fprintf(out, " begin=%u", first->begin);
}

static void put_run(const struct record *record, size_t at, const struct run *run)
{
    FILE *out = record->out;
    const struct btw_msg *first = pending(record, at);
    fputs(btw_desc_of(first->type)->name, out);
    (run->per > 0 ? put_blocks : put_pieces)(out, run, first);
    if (first->type == BTW_REQUEST || first->type == BTW_CANCEL)
        fprintf(out, " length=%u", first->length);
    fprintf(out, " wire times=%zu\n", run->count);
}

/* ---- bytes ------------------------------------------------------------------------------------------------------- */

static void put_bytes(FILE *out, const uint8_t *bytes, size_t len)
{
    fputs("x\"", out);
    for (size_t i = 0; i < len; i++)
        fprintf(out, "%02x", bytes[i]);
    fputc('"', out);
}

/* The bytes of the capture; in a handshake the names are the session's own. */
static void put_exact(const struct record *record, const struct btw_msg *msg)
{
    enum { INFO_HASH = 28, PEER_ID = 48 };
    size_t len = btw_msg_size(msg);
    uint8_t *bytes = malloc(len);
    if (bytes == NULL)
        abort();
    fputs("raw ", record->out);
    if (btw_msg_encode(bytes, len, &len, msg) != BTW_OK)
        len = 0;
    if (msg->type != BTW_HANDSHAKE || record->config->keep) {
        put_bytes(record->out, bytes, len);
    } else {
        put_bytes(record->out, bytes, INFO_HASH);
        fputs("+$t1.info_hash+", record->out);
        put_bytes(record->out, bytes + PEER_ID, 8);
        fprintf(record->out, "+random(%d)", BTW_HANDSHAKE_SIZE - PEER_ID - 8);
    }
    free(bytes);
}

/* ---- statements -------------------------------------------------------------------------------------------------- */

static bool has_stimulus(const struct record *record, size_t at, size_t count)
{
    for (size_t i = at; i < at + count; i++) {
        if (record->pending[i] == record->stimulus)
            return true;
    }
    return false;
}

/* What both sides must have agreed upon for this message; NULL: nothing.  A replay meets targets that agree to less; a
 * scenario needs what the session had. */
static const char *capability_of(const struct record *record, const struct btw_msg *msg)
{
    if (!record->config->goes_on || record->config->exact)
        return NULL;
    if (msg->type >= BTW_SUGGEST && msg->type <= BTW_ALLOWED_FAST)
        return "fast"; /* BEP 6 */
    if (msg->type != BTW_EXTENDED)
        return NULL;
    return btw_ext_map_find(&record->bound, msg->ext) == BTW_EXT_UT_METADATA ? "ut_metadata" : "ext"; /* BEP 9, 10 */
}

static void put_one(const struct record *record, size_t at)
{
    const struct cap_note *note = &record->tape->notes[record->pending[at]];
    if (record->config->exact)
        put_exact(record, &note->msg);
    else
        record_say(record, record->out, note);
    fputc('\n', record->out);
}

/* How many of those from `at` on are in no run, and based on the same agreement. */
static size_t count_single(const struct record *record, size_t at)
{
    const char *first = capability_of(record, pending(record, at));
    size_t count = 1;
    while (at + count < record->pending_count && capability_of(record, pending(record, at + count)) == first &&
           (record->config->exact || longest_run(record, at + count).count < RUN_MIN))
        count++;
    return count;
}

/* Who has everything says so with a bitfield where there is no Fast. */
static void put_instead(const struct record *record, size_t at, size_t count)
{
    for (size_t i = at; i < at + count && record->config->sized; i++) {
        if (pending(record, i)->type == BTW_HAVE_ALL)
            fputs("p1 if not fast {\np1 > bitfield bits=bits($t1)\n}\n", record->out);
    }
}

static void put_statement(const struct record *record, size_t at, size_t count, const struct run *fold)
{
    const char *capability = capability_of(record, pending(record, at));
    if (capability != NULL)
        fprintf(record->out, "p1 if %s {\n", capability);
    fprintf(record->out, "p1 >%s ", has_stimulus(record, at, count) ? "!" : "");
    if (fold != NULL)
        put_run(record, at, fold);
    else if (count > 1)
        fputs("{\n", record->out);
    for (size_t i = at; i < at + count && fold == NULL; i++)
        put_one(record, i);
    if (fold == NULL && count > 1)
        fputs("}\n", record->out);
    if (capability == NULL)
        return;
    fputs("}\n", record->out);
    put_instead(record, at, count);
}

void record_flush(struct record *record)
{
    for (size_t at = 0; at < record->pending_count;) {
        struct run run = longest_run(record, at);
        bool fold = run.count >= RUN_MIN && !record->config->exact;
        size_t count = fold ? run.count : count_single(record, at);
        put_statement(record, at, count, fold ? &run : NULL);
        record->stimulated = record->stimulated || has_stimulus(record, at, count);
        at += count;
    }
    record->pending_count = 0;
}

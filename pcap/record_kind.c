/* SPDX-License-Identifier: MIT
 *
 * What a recorded session was about: decides which requirement the scenario names, where the test begins, and by which
 * fault of the reference peer it must fail.
 */
#include <ctype.h>
#include <inttypes.h>

#include "record_state.h"

/* ---- what a note shows ------------------------------------------------------------------------------------------- */

/* The target answered a question of ours. */
static bool is_answer(const struct record *record, size_t note, enum cap_topic topic, bool refused)
{
    const struct cap_pair *pair = &record->pairs[note];
    return record->tape->notes[note].side == record->them && pair->answers && pair->other != CAP_ALONE &&
           pair->topic == topic && pair->refused == refused;
}

static bool shows_block(const struct record *record, size_t note)
{
    return is_answer(record, note, CAP_BLOCKS, false);
}

static bool shows_reject(const struct record *record, size_t note)
{
    return is_answer(record, note, CAP_BLOCKS, true);
}

static bool shows_metadata(const struct record *record, size_t note)
{
    return is_answer(record, note, CAP_METADATA, false) || is_answer(record, note, CAP_METADATA, true);
}

static bool shows_hashes(const struct record *record, size_t note)
{
    return is_answer(record, note, CAP_HASHES, false);
}

static bool shows_hash_reject(const struct record *record, size_t note)
{
    return is_answer(record, note, CAP_HASHES, true);
}

static bool is_question(const struct record *record, size_t note, enum cap_topic topic)
{
    const struct cap_pair *pair = &record->pairs[note];
    return record->tape->notes[note].side == record->them && pair->asks && pair->topic == topic;
}

static bool shows_request(const struct record *record, size_t note)
{
    return is_question(record, note, CAP_BLOCKS) && record->pairs[note].other != CAP_ALONE;
}

static bool shows_metadata_request(const struct record *record, size_t note)
{
    return is_question(record, note, CAP_METADATA);
}

static bool shows_handshake(const struct record *record, size_t note)
{
    const struct cap_note *seen = &record->tape->notes[note];
    return seen->side == record->them && seen->msg.type == BTW_HANDSHAKE;
}

/* clang-format off */
/* The first row that a session shows is what it was about. */
static const struct record_kind kinds[] = {
    { "blocks",    "BEP3-SRV-01",   "tx piece drop",             NULL, SCN_TARGET_SEED,   shows_block },
    { "hashes",    "BEP52-HASH-01", "tx hashes drop",            NULL, SCN_TARGET_SEED,   shows_hashes },
    { "hashes",    "BEP52-HASH-01", "tx hash_reject drop",       NULL, SCN_TARGET_SEED,   shows_hash_reject },
    { "metadata",  "BEP9-META-02",  "tx extended ext=%u drop",   NULL, SCN_TARGET_SEED,   shows_metadata },
    { "requests",  "BEP3-REQ-01",   "tx request drop",           NULL, SCN_TARGET_LEECH,  shows_request },
    { "rejects",   "BEP6-REJ-02",   "tx reject drop",            NULL, SCN_TARGET_SEED,   shows_reject },
    { "fetch",     "BEP9-META-16",  "tx extended ext=%u drop",   NULL, SCN_TARGET_MAGNET, shows_metadata_request },
    { "handshake", "BEP3-HS-02",    "rx handshake close",        "tx handshake hang", SCN_TARGET_ANY, shows_handshake },
};
/* clang-format on */

/* ---- where the test begins --------------------------------------------------------------------------------------- */

static size_t own_handshake(const struct record *record)
{
    for (size_t i = 0; i < record->tape->count; i++) {
        const struct cap_note *note = &record->tape->notes[i];
        if (note->side == record->us && note->kind == CAP_MESSAGE && note->msg.type == BTW_HANDSHAKE)
            return i;
    }
    return SIZE_MAX;
}

/* The note of ours that the row is about: the question, or what lets the target ask. */
static size_t find_stimulus(const struct record *record, size_t shown)
{
    const struct cap_note *notes = record->tape->notes;
    if (record->pairs[shown].answers)
        return (size_t)record->pairs[shown].other;
    if (notes[shown].msg.type == BTW_HANDSHAKE && record->us == BTW_ACCEPTOR)
        return SIZE_MAX;
    for (size_t i = shown; i-- > 0;) {
        bool said = notes[i].side == record->us && notes[i].kind == CAP_MESSAGE && !record->pairs[i].answers;
        if (said && notes[i].msg.type != BTW_KEEPALIVE && (notes[i].msg.type != BTW_EXTENDED || notes[i].msg.ext == 0))
            return i;
    }
    return own_handshake(record);
}

void record_choose_kind(struct record *record, bool plain)
{
    size_t last = sizeof kinds / sizeof kinds[0] - 1;
    for (size_t k = plain ? last : 0; k <= last; k++) {
        for (size_t i = 0; i < record->tape->count; i++) {
            if (record->tape->notes[i].kind != CAP_MESSAGE || !kinds[k].is(record, i))
                continue;
            record->kind = &kinds[k];
            record->stimulus = find_stimulus(record, i);
            return;
        }
    }
}

/* ---- the header -------------------------------------------------------------------------------------------------- */

/* A name of a client, or of a file: no line of a script may come out of it. */
static void put_word(FILE *out, const char *text)
{
    for (; *text != '\0'; text++)
        fputc(isprint((unsigned char)*text) ? *text : '?', out);
}

/* clang-format off */
static const struct {
    const char *what, *why;
} omissions[] = {
    [RECORD_KEEPALIVES]       = { "Not said",       "the scripted peer sends its own" },
    [RECORD_ANSWERS]          = { "Not said",       "the scripted peer answers by itself" },
    [RECORD_CONTACTS]         = { "Not said",       "they name peers that are not there" },
    [RECORD_OTHER_EXTENSIONS] = { "Not said",       "the target may not have agreed to them" },
    [RECORD_THEIRS]           = { "Not waited for", "the target sends them or does not" },
};
/* clang-format on */

static const char *word(size_t number)
{
    if (number < BTW_TYPES)
        return btw_desc_of((enum btw_type)number)->name;
    return number < RECORD_WORDS - 1 ? btw_ext_name((enum btw_ext)(number - BTW_TYPES)) : "extended";
}

static void put_left_out(const struct record *record, FILE *out)
{
    for (int why = 0; why < RECORD_OMISSIONS; why++) {
        const char *before = "";
        for (size_t i = 0; i < RECORD_WORDS; i++) {
            if (record->left_out[why][i] == 0)
                continue;
            if (before[0] == '\0')
                fprintf(out, "# %s: ", omissions[why].what);
            fprintf(out, "%s%" PRIu64 " %s", before, record->left_out[why][i], word(i));
            before = ", ";
        }
        if (before[0] != '\0')
            fprintf(out, " (%s).\n", omissions[why].why);
    }
}

static void put_title(const struct record *record, FILE *out)
{
    const struct btw_view *ours = btw_monitor_view(record->heard, record->us);
    const struct btw_view *theirs = btw_monitor_view(record->heard, record->them);
    fputs("# ", out);
    put_word(out, ours->client[0] ? ours->client : "A peer");
    fputs(record->us == BTW_DIALLER ? " dials " : " is dialled by ", out);
    put_word(out, theirs->client[0] ? theirs->client : "a peer");
    fprintf(out, ": flow %llu of ", (unsigned long long)record->tape->flow);
    put_word(out, record->config->source);
    fputs("\n", out);
    if (!record->config->exact)
        put_left_out(record, out);
}

static bool speaks_of_hashes(const struct record *record)
{
    for (size_t i = 0; i < record->tape->count; i++) {
        if (record->pairs[i].topic == CAP_HASHES && (record->pairs[i].asks || record->pairs[i].answers))
            return true;
    }
    return false;
}

static void put_needs(const struct record *record, FILE *out)
{
    const struct btw_msg *ours = cap_tape_handshake(record->tape, record->us);
    const struct btw_msg *theirs = cap_tape_handshake(record->tape, record->them);
    const struct {
        const char *name;
        bool needed;
    } needs[] = {
        { "fast", btw_reserved_has(ours->reserved, "fast") && btw_reserved_has(theirs->reserved, "fast") },
        { "ext", btw_reserved_has(ours->reserved, "ext") && btw_reserved_has(theirs->reserved, "ext") },
        { "metadata", record->needs_metadata },
        { "v2", speaks_of_hashes(record) },
        { "dials", record->us == BTW_ACCEPTOR },
        { "mse", record->us == BTW_DIALLER && (record->tape->kind == CAP_MSE_CLEAR || record->config->encrypted) },
        { "ipv6", record->us == BTW_DIALLER && record->tape->from[0].address_len == 16 },
    };
    const char *before = "needs";
    for (size_t i = 0; i < sizeof needs / sizeof needs[0]; i++) {
        if (!needs[i].needed || record->config->goes_on)
            continue;
        fprintf(out, "%s %s", before, needs[i].name);
        before = "";
    }
    if (before[0] == '\0')
        fputc('\n', out);
}

/* Who asks for metadata has a magnet link only. */
static const char *state_of(const struct record *record)
{
    if (record->metadata > 0)
        return "magnet";
    return record->kind->target == SCN_TARGET_LEECH ? "leech" : "seed";
}

void record_header(const struct record *record, FILE *out)
{
    const struct record_kind *kind = record->kind;
    const char *fault = record->us == BTW_ACCEPTOR && kind->fault_v != NULL ? kind->fault_v : kind->fault;
    const struct scn_torrent *torrent = record->config->torrent;
    put_title(record, out);
    fprintf(out, "scenario %s\nrule %s\n", record->config->name, kind->rule);
    if (kind->target != SCN_TARGET_ANY && !record->config->goes_on)
        fprintf(out, "target %s\n", state_of(record));
    if (torrent != NULL && strcmp(torrent->kind, "any") != 0 && !record->config->goes_on)
        fprintf(out, "torrent %s\n", torrent->kind);
    put_needs(record, out);
    if (record->tape->kind == CAP_MSE_CLEAR && !record->config->goes_on)
        fputs("tag clear\n", out);
    if (record->config->exact)
        fputs("strict\n", out);
    fputs("fault ", out);
    const char *id = strstr(fault, "%u");
    if (id != NULL)
        fprintf(out, "%.*s%u%s", (int)(id - fault), fault, record->our_metadata_id, id + 2);
    else
        fputs(fault, out);
    fprintf(out, " fails @%s\n\n", kind->label);
}

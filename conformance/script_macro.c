/* SPDX-License-Identifier: MIT
 *
 * Statements that stand for several: each is a text in the language itself, whose words in capitals are replaced before
 * the same parser reads it.  Whatever the user wrote is checked first, where it stands.
 */
#include "script_lex.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "btw/bytes.h"
#include "btw/notation.h"

/* A connection, up to the point where a decent peer has said who it is and what it has. */
static const char join_text[] = "CONN dialDIAL\n"
                                "CONN >MARK handshake info_hash=TORRENT reserved=BITS\n"
                                "CONN < handshake info_hash=TORRENT within WITHIN @LABEL\n"
                                "CONN if ext {\n"
                                "CONN > extended ext=0 dict=EXT\n"
                                "}\n";

/* What it has; `nothing` says nothing at all. */
static const char have_none_text[] = "CONN if fast {\n"
                                     "CONN > have_none\n"
                                     "}\n";
static const char have_all_text[] = "CONN if fast {\n"
                                    "CONN > have_all\n"
                                    "}\n"
                                    "CONN if not fast {\n"
                                    "CONN > bitfield bits=bits(TORRENT)\n"
                                    "}\n";
static const char have_bits_text[] = "CONN > bitfield bits=bits(TORRENT)\n";

/* The state counts, not a message: some unchoke unasked and choke again before they hear of us. */
static const char unchoked_text[] = "CONN >MARK interested\n"
                                    "CONN until choking == 0 within WITHIN @LABEL\n";

static const char *const have_words[] = { "none", "all", "bits", "nothing" };
static const struct scn_names have_names = { have_words, 4 };
static const char *const have_texts[] = { have_none_text, have_all_text, have_bits_text, "" };

/* ---- replacing words --------------------------------------------------------------------------------------------- */

enum word { CONN, MARK, DIAL, TORRENT, BITS, EXT, WITHIN, LABEL, WORDS };
static const char *const words[WORDS] = { "CONN", "MARK", "DIAL", "TORRENT", "BITS", "EXT", "WITHIN", "LABEL" };

static int word_at(const char *text)
{
    for (int i = 0; i < WORDS; i++) {
        if (strncmp(text, words[i], strlen(words[i])) == 0)
            return i;
    }
    return -1;
}

/* The template with each word replaced by its value, written to out if that is not NULL; the length. */
static size_t fill(const char *text, const char *const values[WORDS], char *out)
{
    size_t len = 0;
    while (*text) {
        int word = word_at(text);
        const char *piece = word < 0 ? text : values[word];
        assert(piece); /* every word has a value */
        size_t size = word < 0 ? 1 : strlen(piece);
        if (out)
            memcpy(out + len, piece, size); /* NOLINT(bugprone-not-null-terminated-result): the caller ends the text */
        len += size;
        text += word < 0 ? 1 : strlen(words[word]);
    }
    return len;
}

static bool expand(const struct scn_cursor *c, const struct scn_step *step, const char *text,
                   const char *const values[WORDS], struct scn_vec *steps)
{
    struct scn_parser *outer = c->parser;
    size_t len = fill(text, values, NULL);
    char *filled = scn_arena_get(outer->arena, len + 1);
    fill(text, values, filled);
    struct scn_parser inner = {
        .file = outer->file,
        .text = filled,
        .len = len,
        .arena = outer->arena,
        .error = outer->error,
        .depth = outer->depth,
        .macro = step,
    };
    struct scn_cursor line;
    while (lex_content(&inner, &line) && step_parse(&line, steps))
        continue;
    outer->failed = inner.failed;
    return !inner.failed;
}

/* ---- join -------------------------------------------------------------------------------------------------------- */

/* Takes a value, which must parse; its text. */
static const char *take_value(struct scn_cursor *c, enum expr_mode mode)
{
    const char *start = c->at;
    size_t len = btw_text_value_len(start, (size_t)(c->end - start));
    return expr_take(c, mode) ? lex_copy(c, btw_slice_of(start, len)) : NULL;
}

static const char *append(const struct scn_cursor *c, const char *text, const char *name, const char *value)
{
    return value ? scn_arena_format(c->parser->arena, "%s %s%s", text, name, value) : text;
}

/* One option of join into values; false when none stands here. */
static bool take_join_option(struct scn_cursor *c, const char *values[WORDS], int *have)
{
    if (lex_take(c, "v6"))
        values[DIAL] = append(c, values[DIAL], "v6", "");
    else if (lex_option(c, "from"))
        values[DIAL] = append(c, values[DIAL], "from=", lex_copy(c, lex_word(c)));
    else if (lex_option(c, "rcvbuf"))
        values[DIAL] = append(c, values[DIAL], "rcvbuf=", take_value(c, EXPR_INT));
    else if (lex_option(c, "bits"))
        values[BITS] = take_value(c, EXPR_BITS);
    else if (lex_option(c, "ext"))
        values[EXT] = take_value(c, EXPR_VALUE);
    else if (lex_option(c, "have"))
        *have = lex_choice(c, "availability", &have_names);
    else if (!lex_at_end(c) && *c->at == '$')
        values[TORRENT] = take_value(c, EXPR_BYTES);
    else
        return false;
    return !c->parser->failed;
}

static const char *duration_text(const struct scn_cursor *c, int64_t ms)
{
    bool whole = ms % 1000 == 0;
    return scn_arena_format(c->parser->arena, "%" PRId64 "%s", whole ? ms / 1000 : ms, whole ? "s" : "ms");
}

/* Deadline and label behind a macro; its own when none is written. */
static bool take_common(struct scn_cursor *c, struct scn_step *step, const char *values[WORDS])
{
    if (!step_options(c, step, OPT_WITHIN | OPT_LABEL) || !lex_end(c))
        return false;
    values[CONN] = step->conn;
    values[MARK] = step->stimulus ? "!" : "";
    if (step->label)
        values[LABEL] = step->label;
    if (step->within_ms >= 0)
        values[WITHIN] = duration_text(c, step->within_ms);
    return true;
}

bool macro_join(struct scn_cursor *c, struct scn_step *step, struct scn_vec *steps)
{
    const char *values[WORDS] = {
        [DIAL] = "",           [TORRENT] = "$t1",
        [BITS] = "[ext fast]", [EXT] = "{m={ut_metadata=1 ut_pex=2} reqq=250 v=\"btwire conformance\"}",
        [WITHIN] = "15s",      [LABEL] = "joined",
    };
    int have = 0;
    while (take_join_option(c, values, &have))
        continue;
    return !c->parser->failed && take_common(c, step, values) && expand(c, step, join_text, values, steps) &&
           expand(c, step, have_texts[have], values, steps);
}

/* ---- unchoked ---------------------------------------------------------------------------------------------------- */

bool macro_unchoked(struct scn_cursor *c, struct scn_step *step, struct scn_vec *steps)
{
    const char *values[WORDS] = { [WITHIN] = "120s", [LABEL] = "unchoked" };
    return take_common(c, step, values) && expand(c, step, unchoked_text, values, steps);
}

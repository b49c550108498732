/* SPDX-License-Identifier: MIT
 *
 * What stands between braces: statements, messages, or the alternatives of oneof; one a line, up to a line that is `}`.
 */
#include "script_lex.h"

#include "btw/bytes.h"

static bool enter(const struct scn_cursor *open)
{
    if (open->parser->depth == SCN_DEPTH_MAX)
        return lex_fail(open, open->end - 1, "blocks are nested more than %d deep", SCN_DEPTH_MAX);
    open->parser->depth++;
    return true;
}

/* The next line of the block; false behind its last and when there is an error. */
static bool next_line(const struct scn_cursor *open, struct scn_cursor *c)
{
    struct scn_parser *parser = open->parser;
    if (!lex_content(parser, c)) {
        lex_fail(open, open->end - 1, "the block does not close: expected '}'");
        return false;
    }
    if (!lex_take(c, "}"))
        return true;
    parser->depth--;
    lex_end(c);
    return false;
}

bool block_steps(struct scn_cursor *open, struct scn_step **out, size_t *count)
{
    struct scn_vec steps = { 0 };
    struct scn_cursor c;
    if (!enter(open))
        return false;
    while (next_line(open, &c) && step_parse(&c, &steps))
        continue;
    *out = steps.items;
    *count = steps.count;
    return !open->parser->failed;
}

bool block_messages(struct scn_cursor *open, enum msg_use use, struct scn_step *step)
{
    struct scn_vec msgs = { 0 };
    struct scn_cursor c;
    if (!enter(open))
        return false;
    while (next_line(open, &c)) {
        struct scn_msg *msg = vec_push(open->parser, &msgs, sizeof *msg);
        if (!msg_take(&c, use, msg) || !lex_end(&c))
            return false;
    }
    step->msgs = msgs.items;
    step->msg_count = msgs.count;
    return !open->parser->failed && (msgs.count > 0 || lex_fail(open, open->end - 1, "the block holds no message"));
}

/* ---- oneof ------------------------------------------------------------------------------------------------------- */

static bool take_event(struct scn_cursor *c, struct scn_alt *alt)
{
    if (lex_take(c, "silence")) {
        alt->kind = SCN_ALT_SILENCE;
    } else if (lex_take(c, "sync")) {
        alt->kind = SCN_ALT_SYNC;
    } else if (lex_take(c, "closes")) {
        alt->kind = SCN_ALT_CLOSES;
        struct btw_slice word = lex_peek(c);
        int end = scn_names_find(&scn_ends, (const char *)word.data, word.len);
        if (end >= 0) {
            lex_word(c);
            alt->end = (enum scn_end_kind)end;
        }
    } else {
        alt->kind = SCN_ALT_MSG;
        return msg_take(c, MSG_PATTERN, &alt->msg);
    }
    return true;
}

/* EVENT [within D] [: LEVEL ["text"]] */
static bool take_alternative(struct scn_cursor *c, struct scn_alt *alt)
{
    *alt = (struct scn_alt){ .within_ms = -1, .verdict = SCN_PASS, .place = lex_place(c, c->at) };
    if (!take_event(c, alt))
        return false;
    if (alt->kind != SCN_ALT_SILENCE && lex_take(c, "within") && !lex_duration(c, &alt->within_ms))
        return false;
    if (lex_take(c, ":")) {
        int level = lex_choice(c, "level", &scn_levels);
        if (level < 0 || (!lex_at_end(c) && !lex_text(c, &alt->note)))
            return false;
        alt->verdict = (enum scn_verdict)level;
    }
    return lex_end(c);
}

bool block_alternatives(struct scn_cursor *open, struct scn_step *step)
{
    struct scn_vec alts = { 0 };
    struct scn_cursor c;
    if (!enter(open))
        return false;
    while (next_line(open, &c)) {
        struct scn_alt *alt = vec_push(open->parser, &alts, sizeof *alt);
        if (!take_alternative(&c, alt))
            return false;
    }
    step->alts = alts.items;
    step->alt_count = alts.count;
    return !open->parser->failed && (alts.count > 0 || lex_fail(open, open->end - 1, "the block holds no alternative"));
}

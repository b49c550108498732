/* SPDX-License-Identifier: MIT
 *
 * Lines, words and errors of the script parser.  What words mean is for the other script_*.c files.
 */
#include "script_lex.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "btw/bytes.h"
#include "btw/notation.h"

static bool is_blank(char ch)
{
    return ch == ' ' || ch == '\t' || ch == '\r';
}

void *vec_push(struct scn_parser *parser, struct scn_vec *vec, size_t size)
{
    if (vec->count == vec->cap) {
        size_t cap = vec->cap ? 2 * vec->cap : 4;
        void *items = scn_arena_get(parser->arena, cap * size);
        if (vec->count)
            memcpy(items, vec->items, vec->count * size);
        vec->items = items;
        vec->cap = cap;
    }
    return (char *)vec->items + size * vec->count++;
}

/* ---- lines ------------------------------------------------------------------------------------------------------- */

/* The '#' that begins the comment of a line, or its end. */
static const char *comment_of(const char *at, const char *end)
{
    bool quoted = false;
    for (; at < end; at++) {
        if (quoted && *at == '\\' && at + 1 < end)
            at++;
        else if (*at == '"')
            quoted = !quoted;
        else if (*at == '#' && !quoted)
            return at;
    }
    return end;
}

static bool has_control(const struct scn_cursor *c, const char *end)
{
    for (const char *at = c->start; at < end; at++) {
        if ((unsigned char)*at < ' ' && *at != '\t' && !(*at == '\r' && at + 1 == end)) {
            lex_fail(c, at, "control character 0x%02x: expected text", (unsigned)(unsigned char)*at);
            return true;
        }
    }
    return false;
}

bool lex_line(struct scn_parser *parser, struct scn_cursor *c)
{
    if (parser->failed || parser->at >= parser->len)
        return false;
    const char *start = parser->text + parser->at;
    const char *newline = memchr(start, '\n', parser->len - parser->at);
    const char *end = newline ? newline : parser->text + parser->len;
    parser->at = (size_t)(end - parser->text) + (newline ? 1 : 0);
    const char *hash = comment_of(start, end);
    *c = (struct scn_cursor){ .parser = parser, .start = start, .end = hash, .line = ++parser->line };
    if (has_control(c, end))
        return false;
    if (hash < end) {
        c->comment = hash + 1;
        c->comment_len = (size_t)(end - hash - 1);
    }
    while (c->end > start && is_blank(c->end[-1]))
        c->end--;
    lex_seek(c, start);
    return true;
}

bool lex_content(struct scn_parser *parser, struct scn_cursor *c)
{
    while (lex_line(parser, c)) {
        if (!lex_at_end(c))
            return true;
    }
    return false;
}

/* ---- errors ------------------------------------------------------------------------------------------------------ */

struct scn_place lex_place(const struct scn_cursor *c, const char *at)
{
    if (c->parser->macro)
        return c->parser->macro->place;
    return (struct scn_place){ c->parser->file, c->line, (unsigned)(at - c->start) + 1 };
}

static void record(struct scn_parser *parser, struct scn_place place, const char *format, va_list args)
{
    if (parser->failed)
        return;
    parser->failed = true;
    parser->error->place = place;
    vsnprintf(parser->error->text, sizeof parser->error->text, format, args);
}

bool lex_fail(const struct scn_cursor *c, const char *at, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    record(c->parser, lex_place(c, at), format, args);
    va_end(args);
    return false;
}

bool lex_fail_place(struct scn_parser *parser, struct scn_place place, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    record(parser, place, format, args);
    va_end(args);
    return false;
}

/* Words in messages are cut: a hostile file must not push the rest of the sentence out. */
#define CUT(word) (int)((word).len < 40 ? (word).len : 40), (const char *)(word).data

bool lex_fail_names(const struct scn_cursor *c, struct btw_slice word, const char *what, const struct scn_names *set)
{
    char names[180];
    scn_names_list(set, names, sizeof names);
    if (word.len == 0)
        return lex_fail(c, c->at, "%s missing: expected %s", what, names);
    return lex_fail(c, (const char *)word.data, "unknown %s '%.*s': expected %s", what, CUT(word), names);
}

/* ---- words ------------------------------------------------------------------------------------------------------- */

bool lex_at_end(const struct scn_cursor *c)
{
    return c->at >= c->end;
}

void lex_seek(struct scn_cursor *c, const char *at)
{
    while (at < c->end && is_blank(*at))
        at++;
    c->at = at;
}

struct btw_slice lex_peek(const struct scn_cursor *c)
{
    const char *at = c->at;
    while (at < c->end && !is_blank(*at))
        at++;
    return btw_slice_of(c->at, (size_t)(at - c->at));
}

struct btw_slice lex_word(struct scn_cursor *c)
{
    struct btw_slice word = lex_peek(c);
    lex_seek(c, c->at + word.len);
    return word;
}

bool lex_is(struct btw_slice word, const char *text)
{
    return btw_slice_equal(word, btw_slice_str(text));
}

bool lex_take(struct scn_cursor *c, const char *word)
{
    struct btw_slice next = lex_peek(c);
    if (!lex_is(next, word))
        return false;
    lex_seek(c, c->at + next.len);
    return true;
}

bool lex_option(struct scn_cursor *c, const char *name)
{
    struct btw_slice word = lex_peek(c);
    size_t len = strlen(name);
    if (word.len <= len || memcmp(word.data, name, len) != 0 || word.data[len] != '=')
        return false;
    c->at += len + 1;
    return true;
}

bool lex_end(const struct scn_cursor *c)
{
    struct btw_slice word = lex_peek(c);
    return word.len == 0 || lex_fail(c, c->at, "unexpected '%.*s': expected the end of the line", CUT(word));
}

bool lex_open(struct scn_cursor *c)
{
    struct btw_slice word = lex_peek(c);
    if (!lex_take(c, "{"))
        return lex_fail(c, c->at, word.len ? "unexpected '%.*s': expected '{'" : "expected '{'", CUT(word));
    return lex_end(c);
}

const char *lex_copy(const struct scn_cursor *c, struct btw_slice word)
{
    return scn_arena_text(c->parser->arena, (const char *)word.data, word.len);
}

static bool is_alpha(uint8_t ch)
{
    return (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z');
}

static bool is_digit(uint8_t ch)
{
    return ch >= '0' && ch <= '9';
}

bool lex_is_name(struct btw_slice word, bool dashes)
{
    if (word.len == 0 || !is_alpha(word.data[0]))
        return false;
    for (size_t i = 1; i < word.len; i++) {
        uint8_t ch = word.data[i];
        if (!is_alpha(ch) && !is_digit(ch) && ch != '_' && !(dashes && (ch == '-' || ch == '.')))
            return false;
    }
    return true;
}

bool lex_duration(struct scn_cursor *c, int64_t *ms)
{
    static const struct {
        const char *unit;
        int64_t ms;
    } units[] = { { "ms", 1 }, { "s", 1000 }, { "m", 60000 } };
    struct btw_slice word = lex_peek(c);
    int64_t number = 0;
    size_t digits = 0;
    for (; digits < word.len && digits < 7 && is_digit(word.data[digits]); digits++)
        number = 10 * number + word.data[digits] - '0';
    struct btw_slice unit = btw_slice_of(word.data + digits, word.len - digits);
    for (size_t i = 0; digits > 0 && i < sizeof units / sizeof units[0]; i++) {
        if (lex_is(unit, units[i].unit)) {
            *ms = number * units[i].ms;
            lex_word(c);
            return true;
        }
    }
    return lex_fail(c, c->at, "expected a duration such as 200ms, 5s or 2m");
}

int lex_choice(struct scn_cursor *c, const char *what, const struct scn_names *set)
{
    struct btw_slice word = lex_peek(c);
    int number = scn_names_find(set, (const char *)word.data, word.len);
    if (number < 0)
        lex_fail_names(c, word, what, set);
    else
        lex_word(c);
    return number;
}

bool lex_text(struct scn_cursor *c, const char **out)
{
    size_t len = lex_at_end(c) || *c->at != '"' ? 0 : btw_text_value_len(c->at, (size_t)(c->end - c->at));
    if (len == 0)
        return lex_fail(c, c->at, "expected a text in quotes");
    uint8_t *text = scn_arena_get(c->parser->arena, len + 1);
    struct btw_diag diag = { 0 };
    size_t text_len;
    if (btw_text_bytes(text, len, &text_len, btw_slice_of(c->at, len), &diag) != BTW_OK)
        return lex_fail(c, c->at + diag.offset, "%s", diag.text);
    text[text_len] = '\0';
    *out = (const char *)text;
    lex_seek(c, c->at + len);
    return true;
}

bool lex_label(struct scn_cursor *c, const char **out)
{
    struct btw_slice word = lex_peek(c);
    if (word.len < 2 || word.data[0] != '@' || !lex_is_name(btw_slice_of(word.data + 1, word.len - 1), true))
        return lex_fail(c, c->at, "expected a label such as @unchoked");
    *out = lex_copy(c, btw_slice_of(word.data + 1, word.len - 1));
    lex_word(c);
    return true;
}

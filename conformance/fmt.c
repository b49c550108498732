/* SPDX-License-Identifier: MIT
 *
 * Works on lines, not on the tree, which knows neither comments nor macros.
 */
#include "fmt.h"

#include <string.h>

#include "btw/bytes.h"
#include "script_lex.h"

/* One line of the result. */
struct row {
    unsigned indent;
    const char *text;    /* single spaces; NULL: nothing but the comment, if any */
    size_t split;        /* of a fault: where its expectation begins; 0: not a fault */
    size_t column;       /* where it shall begin: the same in all faults that follow each other */
    const char *comment; /* behind "# "; NULL: none */
};

struct layout {
    struct scn_parser *parser;
    struct scn_vec rows;
    unsigned depth;
    bool header; /* between `scenario` and the first blank line or step */
};

static bool is_blank(char ch)
{
    return ch == ' ' || ch == '\t' || ch == '\r';
}

/* Copies text; white space outside quotes becomes one space, two before a label that ends a statement. */
static char *squeeze(struct scn_arena *arena, struct btw_slice text, bool statement)
{
    char *out = scn_arena_get(arena, 2 * text.len + 1);
    size_t len = 0;
    bool quoted = false;
    for (size_t i = 0; i < text.len; i++) {
        char ch = (char)text.data[i];
        if (!quoted && is_blank(ch)) {
            if (i + 1 < text.len && !is_blank((char)text.data[i + 1])) {
                out[len++] = ' ';
                if (statement && text.data[i + 1] == '@')
                    out[len++] = ' ';
            }
            continue;
        }
        if (quoted && ch == '\\' && i + 1 < text.len) {
            out[len++] = ch;
            ch = (char)text.data[++i];
        } else if (ch == '"') {
            quoted = !quoted;
        }
        out[len++] = ch;
    }
    out[len] = '\0';
    return out;
}

/* "# " and what was written; NULL when there is no comment. */
static const char *comment_of(struct scn_arena *arena, const struct scn_cursor *c)
{
    if (!c->comment)
        return NULL;
    size_t len = c->comment_len;
    while (len && is_blank(c->comment[len - 1]))
        len--;
    bool gap = len && c->comment[0] != ' ' && c->comment[0] != '!' && c->comment[0] != '#';
    return scn_arena_format(arena, "#%s%.*s", gap ? " " : "", (int)len, c->comment);
}

/* Where the expectation of a fault begins: its last word of that kind outside quotes. */
static size_t find_expectation(const char *text)
{
    static const char *const words[] = { " fails ", " warns ", " crashes" };
    size_t found = 0;
    bool quoted = false;
    for (size_t i = 0; text[i]; i++) {
        if (text[i] == '\\' && quoted && text[i + 1]) {
            i++;
            continue;
        }
        quoted ^= text[i] == '"';
        for (size_t w = 0; !quoted && w < sizeof words / sizeof words[0]; w++) {
            if (strncmp(text + i, words[w], strlen(words[w])) == 0)
                found = i + 1;
        }
    }
    return found;
}

static void lay_header(struct layout *layout, struct scn_cursor *c, struct row *row)
{
    struct scn_arena *arena = layout->parser->arena;
    struct btw_slice key = lex_word(c);
    const char *rest = squeeze(arena, btw_slice_of(c->at, (size_t)(c->end - c->at)), false);
    row->indent = 1;
    row->text =
        *rest ? scn_arena_format(arena, "%-7.*s %s", (int)key.len, (const char *)key.data, rest) : lex_copy(c, key);
    row->split = lex_is(key, "fault") ? find_expectation(row->text) : 0;
}

/* `>` and `<` take the room of `>!`. */
static const char *lay_statement(const struct layout *layout, const char *text)
{
    const char *gap = strchr(text, ' ');
    if (!gap || (gap[1] != '>' && gap[1] != '<') || gap[2] != ' ')
        return text;
    return scn_arena_format(layout->parser->arena, "%.*s %s", (int)(gap + 2 - text), text, gap + 2);
}

static void lay_line(struct layout *layout, struct scn_cursor *c)
{
    struct row *row = vec_push(layout->parser, &layout->rows, sizeof *row);
    struct btw_slice word = lex_peek(c);
    row->comment = comment_of(layout->parser->arena, c);
    if (lex_at_end(c)) {
        layout->header = layout->header && c->comment;
        row->indent = layout->header ? 1 : layout->depth;
        return;
    }
    if (layout->depth == 0 && parse_is_header(word)) {
        lay_header(layout, c, row);
        return;
    }
    layout->header = lex_is(word, "scenario");
    layout->depth -= lex_is(word, "}") ? 1 : 0;
    row->indent = layout->depth;
    row->text = lay_statement(
        layout, squeeze(layout->parser->arena, btw_slice_of(c->at, (size_t)(c->end - c->at)), !layout->header));
    layout->depth += c->end[-1] == '{' ? 1 : 0;
}

/* ---- writing ----------------------------------------------------------------------------------------------------- */

static bool is_empty(const struct row *row)
{
    return !row->text && !row->comment;
}

static void align_faults(struct row *rows, size_t count)
{
    size_t first = 0, widest = 0;
    for (size_t i = 0; i < count; i++) {
        widest = rows[i].split > widest ? rows[i].split : widest;
        if (rows[i].split && i + 1 < count && rows[i + 1].split)
            continue;
        for (; first <= i; first++)
            rows[first].column = widest + 1;
        widest = 0;
    }
}

static void put(struct scn_parser *parser, struct scn_vec *out, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        *(char *)vec_push(parser, out, 1) = text[i];
}

static void put_spaces(struct scn_parser *parser, struct scn_vec *out, size_t count)
{
    for (size_t i = 0; i < count; i++)
        put(parser, out, " ", 1);
}

static void put_row(struct scn_parser *parser, const struct row *row, struct scn_vec *out)
{
    if (!is_empty(row))
        put_spaces(parser, out, 2 * (size_t)row->indent);
    if (row->text && row->split) {
        put(parser, out, row->text, row->split);
        put_spaces(parser, out, row->column - row->split);
        put(parser, out, row->text + row->split, strlen(row->text + row->split));
    } else if (row->text) {
        put(parser, out, row->text, strlen(row->text));
    }
    if (row->comment) {
        put_spaces(parser, out, row->text ? 2 : 0);
        put(parser, out, row->comment, strlen(row->comment));
    }
    put(parser, out, "\n", 1);
}

/* One empty line where there were any, none at either end. */
static char *write_rows(struct layout *layout)
{
    struct row *rows = layout->rows.items;
    struct scn_vec out = { 0 };
    bool gap = false;
    align_faults(rows, layout->rows.count);
    for (size_t i = 0; i < layout->rows.count; i++) {
        if (is_empty(&rows[i])) {
            gap = out.count > 0;
            continue;
        }
        if (gap)
            put(layout->parser, &out, "\n", 1);
        gap = false;
        put_row(layout->parser, &rows[i], &out);
    }
    put(layout->parser, &out, "", 1);
    return out.items;
}

char *scn_fmt(struct scn_arena *arena, const char *file, const char *text, size_t len, struct scn_error *error)
{
    struct scn_script *script = scn_script_parse(file, text, len, error);
    if (!script)
        return NULL;
    scn_script_free(script);
    struct scn_parser parser = { .file = file, .text = text, .len = len, .arena = arena, .error = error };
    struct layout layout = { .parser = &parser };
    struct scn_cursor c;
    while (lex_line(&parser, &c))
        lay_line(&layout, &c);
    return write_rows(&layout);
}

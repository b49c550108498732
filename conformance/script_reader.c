/* SPDX-License-Identifier: MIT
 *
 * Characters and literals of a value.  How values are put together is script_expr.c's.
 */
#include "script_reader.h"

#include <string.h>

#include "btw/bytes.h"
#include "btw/notation.h"

void *reader_fail(const struct reader *r, const char *at, const char *what)
{
    lex_fail(r->c, at, "%s", what);
    return NULL;
}

/* Something else than this mode wants. */
void *reader_fail_mode(const struct reader *r, const char *at, enum expr_mode mode)
{
    static const char *const expected[] = {
        [EXPR_INT] = "expected an integer",
        [EXPR_BYTES] = "expected bytes: hex digits, a text in quotes, or * for any",
        [EXPR_BITS] = "expected reserved bits: [ext fast], 16 hex digits, or * for any",
        [EXPR_VALUE] = "expected a value; words stand in quotes",
    };
    return reader_fail(r, at, expected[mode]);
}

struct scn_expr *reader_make(const struct reader *r, enum scn_expr_kind kind, const char *at)
{
    struct scn_expr *expr = scn_arena_get(r->c->parser->arena, sizeof *expr);
    expr->kind = kind;
    expr->place = lex_place(r->c, at);
    return expr;
}

struct scn_expr *reader_make_items(const struct reader *r, enum scn_expr_kind kind, const char *at,
                                   const struct scn_vec *items)
{
    struct scn_expr *expr = reader_make(r, kind, at);
    expr->items = items->items;
    expr->count = items->count;
    return expr;
}

void reader_push(const struct reader *r, struct scn_vec *items, struct scn_expr *item)
{
    struct scn_expr **slot = vec_push(r->c->parser, items, sizeof *slot);
    *slot = item;
}

/* ---- characters -------------------------------------------------------------------------------------------------- */

char reader_peek(const struct reader *r)
{
    return (char)(r->at < r->end ? *r->at : '\0');
}

char reader_peek_behind(const struct reader *r, size_t n)
{
    return (char)((size_t)(r->end - r->at) > n ? r->at[n] : '\0');
}

bool reader_take(struct reader *r, char ch)
{
    if (reader_peek(r) != ch)
        return false;
    r->at++;
    return true;
}

bool reader_is_digit(char ch)
{
    return ch >= '0' && ch <= '9';
}

bool reader_is_word(char ch)
{
    return reader_is_digit(ch) || (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || ch == '_';
}

void reader_skip_gap(struct reader *r, const char *gap)
{
    while (r->at < r->end && strchr(gap, *r->at))
        r->at++;
}

/* Letters, digits and '_', and what else is allowed in them. */
struct btw_slice reader_take_word(struct reader *r, const char *also)
{
    const char *start = r->at;
    while (r->at < r->end && (reader_is_word(*r->at) || strchr(also, *r->at)))
        r->at++;
    return btw_slice_of(start, (size_t)(r->at - start));
}

/* ---- literals ---------------------------------------------------------------------------------------------------- */

struct scn_expr *reader_bytes(struct reader *r, struct btw_slice text)
{
    const char *at = (const char *)text.data;
    struct scn_expr *expr = reader_make(r, SCN_EXPR_BYTES, at);
    uint8_t *bytes = scn_arena_get(r->c->parser->arena, text.len);
    struct btw_diag diag = { 0 };
    size_t len = 0;
    if (btw_text_bytes(bytes, text.len, &len, text, &diag) != BTW_OK)
        return reader_fail(r, at + diag.offset, diag.text);
    expr->bytes = btw_slice_of(bytes, len);
    return expr;
}

/* "text" or x"hex", from here on. */
struct scn_expr *reader_quoted(struct reader *r)
{
    const char *start = r->at;
    for (r->at += *start == 'x' ? 2 : 1; r->at < r->end && *r->at != '"'; r->at++)
        r->at += *r->at == '\\' && r->at + 1 < r->end ? 1 : 0;
    if (!reader_take(r, '"'))
        return reader_fail(r, start, "the quotes do not close");
    return reader_bytes(r, btw_slice_of(start, (size_t)(r->at - start)));
}

struct scn_expr *reader_integer(struct reader *r)
{
    const char *start = r->at;
    if (*start == '-')
        r->at++;
    reader_take_word(r, "");
    struct btw_slice text = btw_slice_of(start, (size_t)(r->at - start));
    struct scn_expr *expr = reader_make(r, SCN_EXPR_INT, start);
    struct btw_diag diag = { 0 };
    if (btw_text_int(&expr->number, text, &diag) != BTW_OK)
        return reader_fail(r, start + diag.offset, diag.text);
    return expr;
}

struct scn_expr *reader_reserved(struct reader *r)
{
    const char *start = r->at;
    const char *close = memchr(start, ']', (size_t)(r->end - start));
    if (!close)
        return reader_fail(r, start, "the bracket does not close");
    r->at = close + 1;
    struct scn_expr *expr = reader_make(r, SCN_EXPR_RESERVED, start);
    uint8_t *bits = scn_arena_get(r->c->parser->arena, 8);
    struct btw_diag diag = { 0 };
    if (btw_text_reserved(bits, btw_slice_of(start, (size_t)(r->at - start)), &diag) != BTW_OK)
        return reader_fail(r, start + diag.offset, diag.text);
    expr->bytes = btw_slice_of(bits, 8);
    return expr;
}

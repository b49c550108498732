/* SPDX-License-Identifier: MIT
 *
 * Expressions: one value, without white space outside brackets and quotes.
 *
 *     range   = sum [".." sum]
 *     sum     = product {("+" | "-") product}
 *     product = unit {("*" | "/" | "%") unit}
 *     unit    = integer | bytes | "?"name | "*" | "none" | "-"unit | "$"name ["."property] | conn"."counter
 *             | function"(" range {"," range} ")" | "(" range ")" | "[" {range} "]" | "{" {key"="range} "}"
 */
#include "script_lex.h"

#include <string.h>

#include "btw/bytes.h"
#include "btw/notation.h"

struct reader {
    const struct scn_cursor *c;
    const char *at, *end;
    unsigned depth; /* open brackets */
    bool loose;     /* white space may stand around operators */
};

static struct scn_expr *range(struct reader *r, enum expr_mode mode);

static void *fail(const struct reader *r, const char *at, const char *what)
{
    lex_fail(r->c, at, "%s", what);
    return NULL;
}

/* Something else than this mode wants. */
static void *fail_mode(const struct reader *r, const char *at, enum expr_mode mode)
{
    static const char *const expected[] = {
        [EXPR_INT] = "expected an integer",
        [EXPR_BYTES] = "expected bytes: hex digits, a text in quotes, or * for any",
        [EXPR_BITS] = "expected reserved bits: [ext fast], 16 hex digits, or * for any",
        [EXPR_VALUE] = "expected a value; words stand in quotes",
    };
    return fail(r, at, expected[mode]);
}

static struct scn_expr *make(const struct reader *r, enum scn_expr_kind kind, const char *at)
{
    struct scn_expr *expr = scn_arena_get(r->c->parser->arena, sizeof *expr);
    expr->kind = kind;
    expr->place = lex_place(r->c, at);
    return expr;
}

static struct scn_expr *make_items(const struct reader *r, enum scn_expr_kind kind, const char *at,
                                   const struct scn_vec *items)
{
    struct scn_expr *expr = make(r, kind, at);
    expr->items = items->items;
    expr->count = items->count;
    return expr;
}

static void push(const struct reader *r, struct scn_vec *items, struct scn_expr *item)
{
    struct scn_expr **slot = vec_push(r->c->parser, items, sizeof *slot);
    *slot = item;
}

/* ---- characters
 * -------------------------------------------------------------------------------------------------------- */

static char peek(const struct reader *r)
{
    return r->at < r->end ? *r->at : '\0';
}

static char peek_behind(const struct reader *r, size_t n)
{
    return (size_t)(r->end - r->at) > n ? r->at[n] : '\0';
}

static bool take(struct reader *r, char ch)
{
    if (peek(r) != ch)
        return false;
    r->at++;
    return true;
}

static bool is_digit(char ch)
{
    return ch >= '0' && ch <= '9';
}

static bool is_word(char ch)
{
    return is_digit(ch) || (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || ch == '_';
}

static void skip_gap(struct reader *r, const char *gap)
{
    while (r->at < r->end && strchr(gap, *r->at))
        r->at++;
}

/* Letters, digits and '_', and what else is allowed in them. */
static struct btw_slice take_word(struct reader *r, const char *also)
{
    const char *start = r->at;
    while (r->at < r->end && (is_word(*r->at) || strchr(also, *r->at)))
        r->at++;
    return btw_slice_of(start, (size_t)(r->at - start));
}

static bool is_property_next(const struct reader *r)
{
    return peek(r) == '.' && peek_behind(r, 1) != '.';
}

/* ---- literals
 * ---------------------------------------------------------------------------------------------------------- */

static struct scn_expr *bytes_literal(struct reader *r, struct btw_slice text)
{
    const char *at = (const char *)text.data;
    struct scn_expr *expr = make(r, SCN_EXPR_BYTES, at);
    uint8_t *bytes = scn_arena_get(r->c->parser->arena, text.len);
    struct btw_diag diag = { 0 };
    size_t len = 0;
    if (btw_text_bytes(bytes, text.len, &len, text, &diag) != BTW_OK)
        return fail(r, at + diag.offset, diag.text);
    expr->bytes = btw_slice_of(bytes, len);
    return expr;
}

/* "text" or x"hex", from here on. */
static struct scn_expr *quoted(struct reader *r)
{
    const char *start = r->at;
    for (r->at += *start == 'x' ? 2 : 1; r->at < r->end && *r->at != '"'; r->at++)
        r->at += *r->at == '\\' && r->at + 1 < r->end ? 1 : 0;
    if (!take(r, '"'))
        return fail(r, start, "the quotes do not close");
    return bytes_literal(r, btw_slice_of(start, (size_t)(r->at - start)));
}

static struct scn_expr *integer(struct reader *r)
{
    const char *start = r->at;
    if (*start == '-')
        r->at++;
    take_word(r, "");
    struct btw_slice text = btw_slice_of(start, (size_t)(r->at - start));
    struct scn_expr *expr = make(r, SCN_EXPR_INT, start);
    struct btw_diag diag = { 0 };
    if (btw_text_int(&expr->number, text, &diag) != BTW_OK)
        return fail(r, start + diag.offset, diag.text);
    return expr;
}

static struct scn_expr *reserved(struct reader *r)
{
    const char *start = r->at;
    const char *close = memchr(start, ']', (size_t)(r->end - start));
    if (!close)
        return fail(r, start, "the bracket does not close");
    r->at = close + 1;
    struct scn_expr *expr = make(r, SCN_EXPR_RESERVED, start);
    uint8_t *bits = scn_arena_get(r->c->parser->arena, 8);
    struct btw_diag diag = { 0 };
    if (btw_text_reserved(bits, btw_slice_of(start, (size_t)(r->at - start)), &diag) != BTW_OK)
        return fail(r, start + diag.offset, diag.text);
    expr->bytes = btw_slice_of(bits, 8);
    return expr;
}

/* ---- names
 * ------------------------------------------------------------------------------------------------------------- */

/* Behind '$' or '?'. */
static struct scn_expr *variable(struct reader *r, enum scn_expr_kind kind)
{
    struct scn_expr *expr = make(r, kind, r->at++);
    const char *start = r->at;
    struct btw_slice name = take_word(r, "");
    if (!lex_is_name(name, false))
        return fail(r, start, "expected the name of a variable");
    expr->name = lex_copy(r->c, name);
    return expr;
}

static struct scn_expr *property(const struct reader *r, struct scn_expr *of, struct btw_slice name, const char *what,
                                 const struct scn_names *set)
{
    struct scn_expr *expr = make(r, SCN_EXPR_PROP, (const char *)name.data);
    struct scn_vec items = { 0 };
    if (scn_names_find(set, (const char *)name.data, name.len) < 0) {
        lex_fail_names(r->c, name, what, set);
        return NULL;
    }
    push(r, &items, of);
    expr->name = lex_copy(r->c, name);
    expr->items = items.items;
    expr->count = 1;
    return expr;
}

/* .NAME behind a torrent or a connection. */
static struct scn_expr *take_property(struct reader *r, struct scn_expr *of, const char *what,
                                      const struct scn_names *set)
{
    r->at++; /* the dot */
    return property(r, of, take_word(r, ""), what, set);
}

static bool is_torrent(const char *name)
{
    return name[0] == 't' && name[1] >= '1' && name[1] <= '0' + SCN_TORRENTS_MAX && name[2] == '\0';
}

static struct scn_expr *variable_or_property(struct reader *r)
{
    const char *start = r->at;
    struct scn_expr *expr = variable(r, SCN_EXPR_VAR);
    if (!expr || !is_property_next(r))
        return expr;
    if (!is_torrent(expr->name))
        return fail(r, start, "only torrents ($t1, $t2 ...) have properties");
    return take_property(r, expr, "property", &scn_properties);
}

static bool is_pattern(const struct scn_expr *expr)
{
    return expr->kind == SCN_EXPR_BIND || expr->kind == SCN_EXPR_ANY || expr->kind == SCN_EXPR_RANGE ||
           expr->kind == SCN_EXPR_NONE;
}

static struct scn_expr *part(const struct reader *r, struct scn_expr *expr, const char *at)
{
    if (expr && is_pattern(expr))
        return fail(r, at, "a pattern cannot be part of an expression");
    return expr;
}

static enum expr_mode mode_of(char arg)
{
    return arg == 'b' ? EXPR_BYTES : arg == 'v' || arg == 'l' ? EXPR_VALUE : EXPR_INT;
}

static bool arguments(struct reader *r, const struct scn_function *function, struct scn_vec *items)
{
    skip_gap(r, " \t");
    while (!take(r, ')')) {
        if (items->count == function->max || r->at >= r->end)
            return fail(r, r->at,
                        items->count == function->max ? "too many arguments" : "the parenthesis does not close");
        const char *start = r->at;
        struct scn_expr *item = part(r, range(r, mode_of(function->args[items->count])), start);
        if (!item)
            return false;
        push(r, items, item);
        skip_gap(r, " \t");
        if (peek(r) != ')' && !take(r, ','))
            return fail(r, r->at, "expected ',' or ')'");
        skip_gap(r, " \t");
    }
    return items->count >= function->min || fail(r, r->at - 1, "too few arguments");
}

static struct scn_expr *call(struct reader *r, struct btw_slice name)
{
    const struct scn_function *function = scn_function_find((const char *)name.data, name.len);
    const char *start = (const char *)name.data;
    struct scn_vec items = { 0 };
    r->at++; /* the parenthesis */
    if (!function) {
        lex_fail_names(r->c, name, "function", &scn_functions);
        return NULL;
    }
    if (!arguments(r, function, &items))
        return NULL;
    struct scn_expr *expr = make_items(r, SCN_EXPR_CALL, start, &items);
    expr->name = function->name;
    return expr;
}

static bool is_hex(struct btw_slice word)
{
    for (size_t i = 0; i < word.len; i++) {
        if (!strchr("0123456789abcdefABCDEF", word.data[i]))
            return false;
    }
    return word.len > 0;
}

/* Something that begins with a letter, or with a digit where digits are hex. */
static struct scn_expr *word(struct reader *r, enum expr_mode mode)
{
    const char *start = r->at;
    struct btw_slice name = take_word(r, "");
    if (peek(r) == '(')
        return call(r, name);
    if (is_property_next(r) && lex_is_name(name, false)) {
        struct scn_expr *conn = make(r, SCN_EXPR_CONN, start);
        conn->name = lex_copy(r->c, name);
        return take_property(r, conn, "counter", &scn_counters);
    }
    if (lex_is(name, "none"))
        return make(r, SCN_EXPR_NONE, start);
    if ((mode == EXPR_BYTES || mode == EXPR_BITS) && is_hex(name))
        return bytes_literal(r, name);
    return fail_mode(r, start, mode);
}

/* ---- brackets
 * ---------------------------------------------------------------------------------------------------------- */

static struct scn_expr *list(struct reader *r)
{
    const char *start = r->at++;
    struct scn_vec items = { 0 };
    r->loose = false; /* here white space stands between values */
    for (skip_gap(r, " \t,"); !take(r, ']'); skip_gap(r, " \t,")) {
        if (r->at >= r->end)
            return fail(r, start, "the bracket does not close");
        struct scn_expr *item = range(r, EXPR_VALUE);
        if (!item)
            return NULL;
        push(r, &items, item);
    }
    return make_items(r, SCN_EXPR_LIST, start, &items);
}

static struct scn_expr *key(struct reader *r)
{
    if (peek(r) == '"' || (peek(r) == 'x' && peek_behind(r, 1) == '"'))
        return quoted(r);
    struct scn_expr *expr = make(r, SCN_EXPR_BYTES, r->at);
    struct btw_slice name = take_word(r, ".-");
    if (name.len == 0)
        return fail(r, r->at, "expected a key");
    expr->bytes = btw_slice_of(lex_copy(r->c, name), name.len);
    return expr;
}

static struct scn_expr *dict(struct reader *r)
{
    const char *start = r->at++;
    struct scn_vec items = { 0 };
    r->loose = false;
    for (skip_gap(r, " \t,"); !take(r, '}'); skip_gap(r, " \t,")) {
        if (r->at >= r->end)
            return fail(r, start, "the brace does not close");
        struct scn_expr *name = key(r);
        if (!name)
            return NULL;
        if (!take(r, '='))
            return fail(r, r->at, "expected '=' behind the key");
        struct scn_expr *value = range(r, EXPR_VALUE);
        if (!value)
            return NULL;
        push(r, &items, name);
        push(r, &items, value);
    }
    return make_items(r, SCN_EXPR_DICT, start, &items);
}

static struct scn_expr *parenthesis(struct reader *r, enum expr_mode mode)
{
    const char *start = r->at++;
    struct scn_expr *inner = range(r, mode);
    if (inner && !take(r, ')'))
        return fail(r, start, "the parenthesis does not close");
    return inner;
}

static struct scn_expr *bracket(struct reader *r, enum expr_mode mode)
{
    bool loose = r->loose;
    struct scn_expr *expr;
    if (peek(r) == '(')
        return parenthesis(r, mode);
    if (peek(r) == '[' && mode == EXPR_BITS)
        return reserved(r);
    if (mode != EXPR_VALUE)
        return fail_mode(r, r->at, mode);
    expr = peek(r) == '[' ? list(r) : dict(r);
    r->loose = loose;
    return expr;
}

/* ---- operators
 * --------------------------------------------------------------------------------------------------------- */

static struct scn_expr *unit(struct reader *r, enum expr_mode mode);

static struct scn_expr *op(const struct reader *r, char sign, const char *at, struct scn_expr *left,
                           struct scn_expr *right)
{
    struct scn_vec items = { 0 };
    if (!left || !right)
        return NULL;
    push(r, &items, left);
    push(r, &items, right);
    struct scn_expr *expr = make_items(r, SCN_EXPR_OP, at, &items);
    expr->op = sign;
    return expr;
}

static struct scn_expr *negative(struct reader *r, enum expr_mode mode)
{
    const char *start = r->at;
    if (is_digit(peek_behind(r, 1)))
        return integer(r);
    r->at++;
    struct scn_expr *zero = make(r, SCN_EXPR_INT, start);
    return op(r, '-', start, zero, part(r, unit(r, mode), start + 1));
}

static struct scn_expr *unit(struct reader *r, enum expr_mode mode)
{
    char ch = peek(r);
    struct scn_expr *expr;
    if (++r->depth > SCN_DEPTH_MAX)
        return fail(r, r->at, "too deeply nested");
    if (ch == '"' || (ch == 'x' && peek_behind(r, 1) == '"'))
        expr = quoted(r);
    else if (ch == '$')
        expr = variable_or_property(r);
    else if (ch == '?')
        expr = variable(r, SCN_EXPR_BIND);
    else if (ch == '*')
        expr = make(r, SCN_EXPR_ANY, r->at++);
    else if (ch == '-')
        expr = negative(r, mode);
    else if (is_digit(ch) && (mode == EXPR_INT || mode == EXPR_VALUE))
        expr = integer(r);
    else if (is_word(ch))
        expr = word(r, mode);
    else if (ch == '(' || ch == '[' || ch == '{')
        expr = bracket(r, mode);
    else
        expr = fail(r, r->at, "expected a value");
    r->depth--;
    return expr;
}

static bool take_operator(struct reader *r, const char *signs, const char **at)
{
    const char *before = r->at;
    if (r->loose)
        skip_gap(r, " \t");
    *at = r->at;
    if (peek(r) && strchr(signs, peek(r))) {
        r->at++;
        if (r->loose)
            skip_gap(r, " \t");
        return true;
    }
    r->at = before;
    return false;
}

/* A chain of operators of one strength. */
static struct scn_expr *chain(struct reader *r, enum expr_mode mode, const char *signs,
                              struct scn_expr *(*operand)(struct reader *r, enum expr_mode mode))
{
    const char *start = r->at, *at;
    struct scn_expr *left = operand(r, mode);
    while (left && take_operator(r, signs, &at)) {
        const char *second = r->at;
        left = op(r, *at, at, part(r, left, start), part(r, operand(r, mode), second));
    }
    return left;
}

static struct scn_expr *product(struct reader *r, enum expr_mode mode)
{
    return chain(r, mode, "*/%", unit);
}

static struct scn_expr *sum(struct reader *r, enum expr_mode mode)
{
    return chain(r, mode, "+-", product);
}

static struct scn_expr *range(struct reader *r, enum expr_mode mode)
{
    const char *start = r->at;
    struct scn_expr *low = sum(r, mode);
    if (!low || peek(r) != '.' || peek_behind(r, 1) != '.')
        return low;
    r->at += 2;
    const char *second = r->at;
    struct scn_expr *high = sum(r, mode);
    struct scn_vec items = { 0 };
    if (!high || !part(r, low, start) || !part(r, high, second))
        return NULL;
    if (mode == EXPR_BYTES || mode == EXPR_BITS)
        return fail(r, start, "a range where bytes are wanted");
    push(r, &items, low);
    push(r, &items, high);
    return make_items(r, SCN_EXPR_RANGE, start, &items);
}

struct scn_expr *expr_parse(const struct scn_cursor *c, struct btw_slice span, enum expr_mode mode)
{
    const char *start = (const char *)span.data;
    struct reader r = { .c = c, .at = start, .end = start + span.len };
    struct scn_expr *expr = range(&r, mode);
    if (expr && r.at < r.end)
        return fail(&r, r.at, "expected the end of the value");
    return expr;
}

struct scn_expr *expr_take_loose(struct scn_cursor *c)
{
    struct reader r = { .c = c, .at = c->at, .end = c->end, .loose = true };
    struct scn_expr *expr = sum(&r, EXPR_INT);
    lex_seek(c, r.at);
    return expr;
}

struct scn_expr *expr_counter(struct scn_cursor *c, const char *conn)
{
    struct reader r = { .c = c, .at = c->at, .end = c->end };
    struct btw_slice name = take_word(&r, "");
    struct scn_expr *of = make(&r, SCN_EXPR_CONN, c->at);
    of->name = conn;
    struct scn_expr *expr = property(&r, of, name, "counter", &scn_counters);
    lex_seek(c, r.at);
    return expr;
}

struct scn_expr *expr_number(const struct scn_cursor *c, int64_t number)
{
    struct reader r = { .c = c };
    struct scn_expr *expr = make(&r, SCN_EXPR_INT, c->at);
    expr->number = number;
    return expr;
}

struct scn_expr *expr_take(struct scn_cursor *c, enum expr_mode mode)
{
    size_t len = btw_text_value_len(c->at, (size_t)(c->end - c->at));
    if (len == 0) {
        lex_fail(c, c->at, "expected a value");
        return NULL;
    }
    struct scn_expr *expr = expr_parse(c, btw_slice_of(c->at, len), mode);
    lex_seek(c, c->at + len);
    return expr;
}

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
#include "script_reader.h"

#include <string.h>

#include "btw/bytes.h"
#include "btw/notation.h"

static struct scn_expr *range(struct reader *r, enum expr_mode mode);

/* ---- names ------------------------------------------------------------------------------------------------------- */

static bool is_property_next(const struct reader *r)
{
    return reader_peek(r) == '.' && reader_peek_behind(r, 1) != '.';
}

/* Behind '$' or '?'. */
static struct scn_expr *variable(struct reader *r, enum scn_expr_kind kind)
{
    struct scn_expr *expr = reader_make(r, kind, r->at++);
    const char *start = r->at;
    struct btw_slice name = reader_take_word(r, "");
    if (!lex_is_name(name, false))
        return reader_fail(r, start, "expected the name of a variable");
    expr->name = lex_copy(r->c, name);
    return expr;
}

static struct scn_expr *property(const struct reader *r, struct scn_expr *of, struct btw_slice name, const char *what,
                                 const struct scn_names *set)
{
    struct scn_expr *expr = reader_make(r, SCN_EXPR_PROP, (const char *)name.data);
    struct scn_vec items = { 0 };
    if (scn_names_find(set, (const char *)name.data, name.len) < 0) {
        lex_fail_names(r->c, name, what, set);
        return NULL;
    }
    reader_push(r, &items, of);
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
    return property(r, of, reader_take_word(r, ""), what, set);
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
        return reader_fail(r, start, "only torrents ($t1, $t2 ...) have properties");
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
        return reader_fail(r, at, "a pattern cannot be part of an expression");
    return expr;
}

/* These have literals of their own, and are put together, but not reckoned with. */
static bool is_of_bytes(enum expr_mode mode)
{
    return mode == EXPR_BYTES || mode == EXPR_BITS;
}

static enum expr_mode mode_of(char arg)
{
    return arg == 'b' ? EXPR_BYTES : arg == 'v' || arg == 'l' ? EXPR_VALUE : EXPR_INT;
}

static bool arguments(struct reader *r, const struct scn_function *function, struct scn_vec *items)
{
    reader_skip_gap(r, " \t");
    while (!reader_take(r, ')')) {
        if (items->count == function->max || r->at >= r->end)
            return reader_fail(r, r->at,
                               items->count == function->max ? "too many arguments" : "the parenthesis does not close");
        const char *start = r->at;
        struct scn_expr *item = part(r, range(r, mode_of(function->args[items->count])), start);
        if (!item)
            return false;
        reader_push(r, items, item);
        reader_skip_gap(r, " \t");
        if (reader_peek(r) != ')' && !reader_take(r, ','))
            return reader_fail(r, r->at, "expected ',' or ')'");
        reader_skip_gap(r, " \t");
    }
    return items->count >= function->min || reader_fail(r, r->at - 1, "too few arguments");
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
    struct scn_expr *expr = reader_make_items(r, SCN_EXPR_CALL, start, &items);
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
    struct btw_slice name = reader_take_word(r, "");
    if (reader_peek(r) == '(')
        return call(r, name);
    if (is_property_next(r) && lex_is_name(name, false)) {
        struct scn_expr *conn = reader_make(r, SCN_EXPR_CONN, start);
        conn->name = lex_copy(r->c, name);
        return take_property(r, conn, "counter", &scn_counters);
    }
    if (lex_is(name, "none"))
        return reader_make(r, SCN_EXPR_NONE, start);
    if (is_of_bytes(mode) && is_hex(name))
        return reader_bytes(r, name);
    return reader_fail_mode(r, start, mode);
}

/* ---- brackets ---------------------------------------------------------------------------------------------------- */

static struct scn_expr *list(struct reader *r)
{
    const char *start = r->at++;
    struct scn_vec items = { 0 };
    r->loose = false; /* here white space stands between values */
    for (reader_skip_gap(r, " \t,"); !reader_take(r, ']'); reader_skip_gap(r, " \t,")) {
        if (r->at >= r->end)
            return reader_fail(r, start, "the bracket does not close");
        struct scn_expr *item = range(r, EXPR_VALUE);
        if (!item)
            return NULL;
        reader_push(r, &items, item);
    }
    return reader_make_items(r, SCN_EXPR_LIST, start, &items);
}

static struct scn_expr *key(struct reader *r)
{
    if (reader_peek(r) == '"' || (reader_peek(r) == 'x' && reader_peek_behind(r, 1) == '"'))
        return reader_quoted(r);
    struct scn_expr *expr = reader_make(r, SCN_EXPR_BYTES, r->at);
    struct btw_slice name = reader_take_word(r, ".-");
    if (name.len == 0)
        return reader_fail(r, r->at, "expected a key");
    expr->bytes = btw_slice_of(lex_copy(r->c, name), name.len);
    return expr;
}

static struct scn_expr *dict(struct reader *r)
{
    const char *start = r->at++;
    struct scn_vec items = { 0 };
    r->loose = false;
    for (reader_skip_gap(r, " \t,"); !reader_take(r, '}'); reader_skip_gap(r, " \t,")) {
        if (r->at >= r->end)
            return reader_fail(r, start, "the brace does not close");
        struct scn_expr *name = key(r);
        if (!name)
            return NULL;
        if (!reader_take(r, '='))
            return reader_fail(r, r->at, "expected '=' behind the key");
        struct scn_expr *value = range(r, EXPR_VALUE);
        if (!value)
            return NULL;
        reader_push(r, &items, name);
        reader_push(r, &items, value);
    }
    return reader_make_items(r, SCN_EXPR_DICT, start, &items);
}

static struct scn_expr *parenthesis(struct reader *r, enum expr_mode mode)
{
    const char *start = r->at++;
    struct scn_expr *inner = range(r, mode);
    if (inner && !reader_take(r, ')'))
        return reader_fail(r, start, "the parenthesis does not close");
    return inner;
}

static struct scn_expr *bracket(struct reader *r, enum expr_mode mode)
{
    bool loose = r->loose;
    struct scn_expr *expr;
    if (reader_peek(r) == '(')
        return parenthesis(r, mode);
    if (reader_peek(r) == '[' && mode == EXPR_BITS)
        return reader_reserved(r);
    if (mode != EXPR_VALUE)
        return reader_fail_mode(r, r->at, mode);
    expr = reader_peek(r) == '[' ? list(r) : dict(r);
    r->loose = loose;
    return expr;
}

/* ---- operators --------------------------------------------------------------------------------------------------- */

static struct scn_expr *unit(struct reader *r, enum expr_mode mode);

static struct scn_expr *op(const struct reader *r, char sign, const char *at, struct scn_expr *left,
                           struct scn_expr *right)
{
    struct scn_vec items = { 0 };
    if (!left || !right)
        return NULL;
    reader_push(r, &items, left);
    reader_push(r, &items, right);
    struct scn_expr *expr = reader_make_items(r, SCN_EXPR_OP, at, &items);
    expr->op = sign;
    return expr;
}

static struct scn_expr *negative(struct reader *r, enum expr_mode mode)
{
    const char *start = r->at;
    if (is_of_bytes(mode))
        return reader_fail_mode(r, start, mode);
    if (reader_is_digit(reader_peek_behind(r, 1)))
        return reader_integer(r);
    r->at++;
    struct scn_expr *zero = reader_make(r, SCN_EXPR_INT, start);
    return op(r, '-', start, zero, part(r, unit(r, mode), start + 1));
}

static struct scn_expr *unit(struct reader *r, enum expr_mode mode)
{
    char ch = reader_peek(r);
    struct scn_expr *expr;
    if (++r->depth > SCN_DEPTH_MAX)
        return reader_fail(r, r->at, "too deeply nested");
    if (ch == '"' || (ch == 'x' && reader_peek_behind(r, 1) == '"'))
        expr = reader_quoted(r);
    else if (ch == '$')
        expr = variable_or_property(r);
    else if (ch == '?')
        expr = variable(r, SCN_EXPR_BIND);
    else if (ch == '*')
        expr = reader_make(r, SCN_EXPR_ANY, r->at++);
    else if (ch == '-')
        expr = negative(r, mode);
    else if (reader_is_digit(ch) && (mode == EXPR_INT || mode == EXPR_VALUE))
        expr = reader_integer(r);
    else if (reader_is_word(ch))
        expr = word(r, mode);
    else if (ch == '(' || ch == '[' || ch == '{')
        expr = bracket(r, mode);
    else
        expr = reader_fail(r, r->at, "expected a value");
    r->depth--;
    return expr;
}

static bool take_operator(struct reader *r, const char *signs, const char **at)
{
    const char *before = r->at;
    if (r->loose)
        reader_skip_gap(r, " \t");
    *at = r->at;
    if (reader_peek(r) && strchr(signs, reader_peek(r))) {
        r->at++;
        if (r->loose)
            reader_skip_gap(r, " \t");
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
    return chain(r, mode, is_of_bytes(mode) ? "" : "*/%", unit);
}

static struct scn_expr *sum(struct reader *r, enum expr_mode mode)
{
    return chain(r, mode, is_of_bytes(mode) ? "+" : "+-", product);
}

static struct scn_expr *range(struct reader *r, enum expr_mode mode)
{
    const char *start = r->at;
    struct scn_expr *low = sum(r, mode);
    if (!low || reader_peek(r) != '.' || reader_peek_behind(r, 1) != '.')
        return low;
    r->at += 2;
    const char *second = r->at;
    struct scn_expr *high = sum(r, mode);
    struct scn_vec items = { 0 };
    if (!high || !part(r, low, start) || !part(r, high, second))
        return NULL;
    if (is_of_bytes(mode))
        return reader_fail(r, start, "a range where bytes are wanted");
    reader_push(r, &items, low);
    reader_push(r, &items, high);
    return reader_make_items(r, SCN_EXPR_RANGE, start, &items);
}

struct scn_expr *expr_parse(const struct scn_cursor *c, struct btw_slice span, enum expr_mode mode)
{
    const char *start = (const char *)span.data;
    struct reader r = { .c = c, .at = start, .end = start + span.len };
    struct scn_expr *expr = range(&r, mode);
    if (expr && r.at < r.end)
        return reader_fail(&r, r.at, "expected the end of the value");
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
    struct btw_slice name = reader_take_word(&r, "");
    struct scn_expr *of = reader_make(&r, SCN_EXPR_CONN, c->at);
    of->name = conn;
    struct scn_expr *expr = property(&r, of, name, "counter", &scn_counters);
    lex_seek(c, r.at);
    return expr;
}

struct scn_expr *expr_number(const struct scn_cursor *c, int64_t number)
{
    struct reader r = { .c = c };
    struct scn_expr *expr = reader_make(&r, SCN_EXPR_INT, c->at);
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

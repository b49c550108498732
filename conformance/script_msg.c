/* SPDX-License-Identifier: MIT
 *
 * Messages in a script: the grammar is notation.h's, the values are expressions.
 */
#include "script_lex.h"

#include <string.h>

#include "btw/bytes.h"
#include "btw/notation.h"

static enum expr_mode mode_of(const struct btw_field *field)
{
    switch (field->kind) {
    case BTW_KIND_U8:
    case BTW_KIND_U16:
    case BTW_KIND_U32:
        return EXPR_INT;
    case BTW_KIND_RESERVED:
        return EXPR_BITS;
    case BTW_KIND_BYTES:
    case BTW_KIND_REST:
    case BTW_KIND_PAYLOAD:
        break;
    }
    return EXPR_BYTES;
}

/* A literal must fit its field; what is computed is checked when it is known. */
static bool literal_fits(const struct scn_cursor *c, const struct btw_field *field, const struct scn_expr *value,
                         const char *at)
{
    if (value->kind == SCN_EXPR_INT && (value->number < 0 || value->number > (INT64_C(1) << (8 * field->size)) - 1))
        return lex_fail(c, at, "%s has %u bits: expected an integer in that range", field->name, 8u * field->size);
    if (value->kind == SCN_EXPR_BYTES && field->size != 0 && value->bytes.len != field->size)
        return lex_fail(c, at, "%zu bytes: expected %u, the size of %s", value->bytes.len, field->size, field->name);
    return true;
}

static bool has_pattern(const struct scn_expr *expr)
{
    if (expr->kind == SCN_EXPR_BIND || expr->kind == SCN_EXPR_ANY || expr->kind == SCN_EXPR_RANGE ||
        expr->kind == SCN_EXPR_NONE)
        return true;
    for (size_t i = 0; i < expr->count; i++) {
        if (has_pattern(expr->items[i]))
            return true;
    }
    return false;
}

static bool take_value(const struct scn_cursor *c, enum msg_use use, const struct btw_text_field *text,
                       struct scn_msg *out)
{
    const char *at = (const char *)text->value.data;
    bool is_dict = !text->field && lex_is(text->name, "dict");
    enum expr_mode mode = text->field ? mode_of(text->field) : is_dict ? EXPR_VALUE : EXPR_BYTES;
    struct scn_expr *value = expr_parse(c, text->value, mode);
    if (!value)
        return false;
    if (use == MSG_TEMPLATE && has_pattern(value))
        return lex_fail(c, at, "a pattern cannot be sent: expected a value");
    if (is_dict)
        out->dict = value;
    else if (!text->field)
        out->tail = value;
    else
        out->fields[text->field - out->desc->fields] = value;
    return !text->field || literal_fits(c, text->field, value, at);
}

static bool is_optional(const struct btw_field *field)
{
    return field->kind == BTW_KIND_RESERVED || strcmp(field->name, "peer_id") == 0;
}

static bool is_complete(const struct scn_cursor *c, const struct scn_msg *msg, const char *at)
{
    for (size_t i = 0; msg->desc->fields[i].name; i++) {
        const struct btw_field *field = &msg->desc->fields[i];
        if (msg->fields[i] || is_optional(field) || (field->kind == BTW_KIND_PAYLOAD && (msg->dict || msg->tail)))
            continue;
        return lex_fail(c, at, "%s without %s: expected all fields of a message that is sent", msg->desc->name,
                        field->name);
    }
    return true;
}

/* Takes `used` characters that btw_text_scan has understood. */
static bool take_scanned(struct scn_cursor *c, enum msg_use use, const struct btw_text *text, size_t used,
                         struct scn_msg *out)
{
    for (size_t i = 0; i < text->count; i++) {
        if (!take_value(c, use, &text->fields[i], out))
            return false;
    }
    lex_seek(c, c->at + used);
    return true;
}

bool msg_take(struct scn_cursor *c, enum msg_use use, struct scn_msg *out)
{
    const char *start = c->at;
    struct btw_text text;
    struct btw_diag diag = { 0 };
    out->place = lex_place(c, start);
    if (use == MSG_PATTERN && lex_take(c, "any"))
        return true;
    if (btw_text_scan(&text, start, (size_t)(c->end - start), &diag) != BTW_OK)
        return lex_fail(c, start + diag.offset, "%s", diag.text);
    out->desc = text.desc;
    return take_scanned(c, use, &text, text.used, out) && (use == MSG_PATTERN || is_complete(c, out, start));
}

bool msg_take_fields(struct scn_cursor *c, const struct btw_desc *desc, struct scn_msg *out)
{
    /* The scanner wants the name of the message in front.  A copy of the line gets it, and the values found are looked
     * up at the same distance from the cursor. */
    size_t name_len = strlen(desc->name) + 1;
    const char *copy = scn_arena_format(c->parser->arena, "%s %.*s", desc->name, (int)(c->end - c->at), c->at);
    struct btw_text text;
    struct btw_diag diag = { 0 };
    out->place = lex_place(c, c->at);
    out->desc = desc;
    if (btw_text_scan(&text, copy, strlen(copy), &diag) != BTW_OK)
        return lex_fail(c, c->at + (diag.offset > name_len ? diag.offset - name_len : 0), "%s", diag.text);
    if (text.count == 0)
        return lex_fail(c, c->at, "expected FIELD=VALUE of %s", desc->name);
    for (size_t i = 0; i < text.count; i++) {
        struct btw_slice *value = &text.fields[i].value;
        value->data = (const uint8_t *)c->at + ((size_t)((const char *)value->data - copy) - name_len);
    }
    return take_scanned(c, MSG_TEMPLATE, &text, text.used - name_len, out);
}

bool msg_take_wire(struct scn_cursor *c, struct scn_wire *out)
{
    const struct {
        const char *name;
        struct scn_expr **expr;
        int64_t *ms;
    } options[] = {
        { "times", &out->times, NULL },    { "split", &out->split, NULL }, { "at", &out->at, NULL },
        { "prefix", &out->prefix, NULL },  { "cut", &out->cut, NULL },     { "gap", NULL, &out->gap_ms },
        { "every", NULL, &out->every_ms },
    };
    bool any = false;
    for (size_t i = 0; i < sizeof options / sizeof options[0];) {
        const char *start = c->at;
        if (!lex_option(c, options[i].name)) {
            i++;
            continue;
        }
        if ((options[i].expr && *options[i].expr) || (options[i].ms && *options[i].ms))
            return lex_fail(c, start, "'%s' is given twice", options[i].name);
        if (options[i].expr ? !(*options[i].expr = expr_take(c, EXPR_INT)) : !lex_duration(c, options[i].ms))
            return false;
        any = true;
        i = 0;
    }
    return any || lex_fail(c, c->at, "expected times=, split=, at=, prefix=, cut=, gap= or every=");
}

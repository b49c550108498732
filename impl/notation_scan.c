/* SPDX-License-Identifier: MIT
 *
 * The outer shape of a message in the notation: a name, fields, and values as they are written.  What a value means is
 * left to those who evaluate it: notation_parse.c for literals, the script language for patterns and expressions.
 */
#include <stdio.h>
#include <string.h>

#include "btw/notation.h"
#include "notation_text.h"

enum { NESTING_MAX = 256 }; /* of brackets in one value, some more than bencoding may have */

struct scan {
    struct btw_slice text;
    size_t at;
    struct btw_diag *diag;
};

static struct btw_slice rest_of(const struct scan *scan)
{
    return behind(scan->text, scan->at);
}

static void skip_blanks(struct scan *scan)
{
    while (scan->at < scan->text.len && is_blank(scan->text.data[scan->at]))
        scan->at++;
}

/* Length of a quoted text with both quotes, 0 when it does not end on this line. */
static size_t quoted_len(const char *text, size_t len)
{
    for (size_t i = 1; i < len && text[i] != '\n'; i++) {
        if (text[i] == '"')
            return i + 1;
        if (text[i] == '\\')
            i++;
    }
    return 0;
}

static char closer_of(char c)
{
    static const char closers[] = "()[]{}";
    const char *at = c == '\0' ? NULL : strchr(closers, c);

    return (char)(at == NULL || (at - closers) % 2 != 0 ? '\0' : at[1]);
}

static bool ends_word(char c)
{
    return is_space((uint8_t)c) || c == ',' || c == '#' || c == ')' || c == ']' || c == '}';
}

size_t btw_text_value_len(const char *text, size_t len)
{
    char closers[NESTING_MAX];
    size_t depth = 0, at = 0;

    while (at < len) {
        char c = text[at];
        if (c == '"') {
            size_t quoted = quoted_len(text + at, len - at);
            if (quoted == 0)
                return 0;
            at += quoted;
            continue;
        }
        if (depth == 0 && ends_word(c))
            break;
        if (closer_of(c) != '\0') {
            if (depth == NESTING_MAX)
                return 0;
            closers[depth++] = closer_of(c);
        } else if (c == ')' || c == ']' || c == '}') {
            if (closers[--depth] != c)
                return 0;
        }
        at++;
    }
    return depth == 0 ? at : 0;
}

/* Takes the value at the front. */
static enum btw_status scan_value(struct scan *scan, struct btw_slice *value)
{
    struct btw_slice rest = rest_of(scan);
    size_t len = btw_text_value_len((const char *)rest.data, rest.len);

    if (len == 0 && (rest.len == 0 || ends_word((char)rest.data[0])))
        return btw_fail(scan->diag, BTW_BAD_TEXT, scan->at, "a value is expected");
    if (len == 0)
        return btw_fail(scan->diag, BTW_BAD_TEXT, scan->at, "quotes or brackets do not close");
    *value = btw_slice_of(rest.data, len);
    scan->at += len;
    return BTW_OK;
}

static size_t common_len(const char *name, struct btw_slice word)
{
    size_t len = 0;

    while (len < word.len && name[len] != '\0' && (uint8_t)name[len] == word.data[len])
        len++;
    return len;
}

static enum btw_status unknown_message(const struct scan *scan, struct btw_slice word)
{
    const struct btw_desc *nearest = btw_desc_of(BTW_HANDSHAKE);

    if (word.len == 0)
        return btw_fail(scan->diag, BTW_BAD_TEXT, scan->at, "the name of a message is expected");
    for (unsigned type = 0; type < BTW_TYPES; type++) {
        const struct btw_desc *desc = btw_desc_of((enum btw_type)type);
        if (common_len(desc->name, word) > common_len(nearest->name, word))
            nearest = desc;
    }
    return btw_fail(scan->diag, BTW_BAD_TEXT, scan->at, "no message is called '%.*s'; the nearest is '%s'",
                    word.len > 40 ? 40 : (int)word.len, (const char *)word.data, nearest->name);
}

static enum btw_status unknown_field(const struct scan *scan, const struct btw_desc *desc, struct btw_slice word)
{
    char fields[100] = "";
    size_t len = 0;

    for (const struct btw_field *field = desc->fields; field->name != NULL && len < sizeof fields; field++)
        len += (size_t)snprintf(fields + len, sizeof fields - len, "%s%s%s", len == 0 ? "" : ", ", field->name,
                                field->kind == BTW_KIND_PAYLOAD ? ", dict, tail" : "");
    return btw_fail(scan->diag, BTW_BAD_TEXT, scan->at, "%s has no field '%.*s'; it has %s", desc->name,
                    word.len > 30 ? 30 : (int)word.len, (const char *)word.data, len == 0 ? "none" : fields);
}

static bool is_word(struct btw_slice word, const char *text)
{
    return btw_slice_equal(word, btw_slice_str(text));
}

/* Finds the descriptor of a field's name; *field is NULL for the alternatives of a payload. */
static bool find_field(const struct btw_desc *desc, struct btw_slice word, const struct btw_field **field)
{
    bool payload = false;

    for (*field = desc->fields; (*field)->name != NULL; (*field)++) {
        if (is_word(word, (*field)->name))
            return true;
        payload = payload || (*field)->kind == BTW_KIND_PAYLOAD;
    }
    *field = NULL;
    return payload && (is_word(word, "dict") || is_word(word, "tail"));
}

/* May `added` stand beside `other`? */
static enum btw_status check_beside(const struct scan *scan, const struct btw_text_field *added,
                                    const struct btw_text_field *other)
{
    bool payload_twice = (added->field == NULL && other->field != NULL && other->field->kind == BTW_KIND_PAYLOAD) ||
                         (other->field == NULL && added->field != NULL && added->field->kind == BTW_KIND_PAYLOAD);

    if (btw_slice_equal(added->name, other->name))
        return btw_fail(scan->diag, BTW_BAD_TEXT, scan->at, "field '%.*s' is given twice", (int)added->name.len,
                        (const char *)added->name.data);
    if (payload_twice)
        return btw_fail(scan->diag, BTW_BAD_TEXT, scan->at, "a payload is either data or dict and tail");
    return BTW_OK;
}

static enum btw_status scan_field(struct scan *scan, struct btw_text *out, struct btw_slice name)
{
    struct btw_text_field *added = &out->fields[out->count];

    added->name = name;
    if (!find_field(out->desc, name, &added->field))
        return unknown_field(scan, out->desc, name);
    for (size_t i = 0; i < out->count; i++) {
        if (check_beside(scan, added, &out->fields[i]) != BTW_OK)
            return BTW_BAD_TEXT;
    }
    out->count++;
    scan->at += name.len + 1;
    return scan_value(scan, &added->value);
}

/* `raw` is followed by its bytes, without a name. */
static enum btw_status scan_raw(struct scan *scan, struct btw_text *out)
{
    skip_blanks(scan);
    out->fields[0].field = &out->desc->fields[0];
    out->fields[0].name = btw_slice_of(rest_of(scan).data, 0);
    out->count = 1;
    return scan_value(scan, &out->fields[0].value);
}

enum btw_status btw_text_scan(struct btw_text *out, const char *text, size_t len, struct btw_diag *diag)
{
    struct scan scan = { btw_slice_of(text, len), 0, diag };
    struct btw_slice word;
    enum btw_status status = BTW_OK;

    *out = (struct btw_text){ 0 };
    skip_blanks(&scan);
    word = btw_slice_of(rest_of(&scan).data, name_len(rest_of(&scan)));
    out->desc = word.len == 0 ? NULL : btw_desc_named((const char *)word.data, word.len);
    if (out->desc == NULL)
        return unknown_message(&scan, word);
    scan.at += word.len;
    out->used = scan.at;
    if (out->desc->type == BTW_RAW) {
        status = scan_raw(&scan, out);
        out->used = scan.at;
        return status;
    }
    while (status == BTW_OK) {
        out->used = scan.at;
        skip_blanks(&scan);
        word = btw_slice_of(rest_of(&scan).data, name_len(rest_of(&scan)));
        if (word.len == 0 || word.len == rest_of(&scan).len || word.data[word.len] != '=')
            return BTW_OK;
        status = scan_field(&scan, out, word);
    }
    return status;
}

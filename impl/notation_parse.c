/* SPDX-License-Identifier: MIT
 *
 * Literals of the notation and whole messages made of them.  The shape of a line is notation_scan.c's business.
 */
#include <stdio.h>

#include "btw/bencode.h"
#include "btw/notation.h"
#include "notation_text.h"

static int hex_digit(uint8_t c)
{
    uint8_t lower = c | 0x20;

    if (is_digit(c))
        return c - '0';
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* Pairs of hex digits from value[at..end). */
static enum btw_status read_hex(struct sink *out, struct btw_slice value, size_t at, size_t end, struct btw_diag *diag)
{
    for (size_t i = at; i < end; i++) {
        if (hex_digit(value.data[i]) < 0)
            return btw_fail(diag, BTW_BAD_TEXT, i, "a hex digit is expected");
    }
    if ((end - at) % 2 != 0)
        return btw_fail(diag, BTW_BAD_TEXT, end, "an odd number of hex digits");
    for (size_t i = at; i < end; i += 2)
        put_char(out, (uint8_t)(hex_digit(value.data[i]) << 4 | hex_digit(value.data[i + 1])));
    return BTW_OK;
}

/* One \ and what belongs to it, at *at, which moves behind it. */
static enum btw_status read_escape(struct sink *out, struct btw_slice value, size_t *at, struct btw_diag *diag)
{
    static const char names[] = "\"\\nrt", bytes[] = "\"\\\n\r\t";
    size_t start = *at;
    uint8_t c = value.data[start + 1]; /* at least the closing quote is there */
    const char *name = c == '\0' ? NULL : strchr(names, c);

    if (name != NULL) {
        put_char(out, (uint8_t)bytes[name - names]);
        *at += 2;
        return BTW_OK;
    }
    if (c != 'x')
        return btw_fail(diag, BTW_BAD_TEXT, start, "unknown escape; known are \\\" \\\\ \\n \\r \\t \\xNN");
    if (value.len - start < 5)
        return btw_fail(diag, BTW_BAD_TEXT, start, "\\x wants two hex digits");
    *at += 4;
    return read_hex(out, value, start + 2, start + 4, diag);
}

/* "text", with both quotes, that is all of value. */
static enum btw_status read_quoted(struct sink *out, struct btw_slice value, struct btw_diag *diag)
{
    size_t at = 1;

    while (at + 1 < value.len) {
        uint8_t c = value.data[at];
        enum btw_status status = BTW_OK;
        if (c == '"')
            return btw_fail(diag, BTW_BAD_TEXT, at + 1, "nothing may follow the closing quote");
        if (c < 0x20 || c == 0x7f)
            return btw_fail(diag, BTW_BAD_TEXT, at, "a control character in a text; write it as \\xNN");
        if (c == '\\')
            status = read_escape(out, value, &at, diag);
        else
            put_char(out, value.data[at++]);
        if (status != BTW_OK)
            return status;
    }
    if (at + 1 != value.len || value.data[at] != '"')
        return btw_fail(diag, BTW_BAD_TEXT, value.len, "the closing quote is missing");
    return BTW_OK;
}

static bool begins(struct btw_slice value, const char *text)
{
    size_t len = strlen(text);

    return value.len >= len && memcmp(value.data, text, len) == 0;
}

static enum btw_status read_bytes(struct sink *out, struct btw_slice value, struct btw_diag *diag)
{
    if (value.len == 0)
        return btw_fail(diag, BTW_BAD_TEXT, 0, "bytes are expected: hex, \"text\" or x\"hex\"");
    if (value.data[0] == '"')
        return read_quoted(out, value, diag);
    if (!begins(value, "x\""))
        return read_hex(out, value, 0, value.len, diag);
    if (value.len < 3 || value.data[value.len - 1] != '"')
        return btw_fail(diag, BTW_BAD_TEXT, value.len, "the closing quote is missing");
    return read_hex(out, value, 2, value.len - 1, diag);
}

static enum btw_status finish(const struct sink *out, size_t *len, enum btw_status status)
{
    *len = out->len;
    return status == BTW_OK && out->len > out->cap ? BTW_NO_SPACE : status;
}

enum btw_status btw_text_bytes(uint8_t *out, size_t cap, size_t *len, struct btw_slice value, struct btw_diag *diag)
{
    struct sink sink = { out, cap, 0 };
    enum btw_status status = read_bytes(&sink, value, diag);

    return finish(&sink, len, status);
}

enum btw_status btw_text_int(int64_t *out, struct btw_slice value, struct btw_diag *diag)
{
    size_t at = begins(value, "-") || begins(value, "+") ? 1 : 0;
    bool negative = at == 1 && value.data[0] == '-';
    uint64_t max = (uint64_t)INT64_MAX + negative, magnitude = 0;
    unsigned base = begins(behind(value, at), "0x") ? 16 : 10;

    at += base == 16 ? 2 : 0;
    if (at == value.len)
        return btw_fail(diag, BTW_BAD_TEXT, at, "a number is expected");
    for (; at < value.len; at++) {
        int digit = hex_digit(value.data[at]);
        if (digit < 0 || (unsigned)digit >= base)
            return btw_fail(diag, BTW_BAD_TEXT, at, "a %s is expected", base == 16 ? "hex digit" : "digit");
        if (magnitude > (max - (unsigned)digit) / base)
            return btw_fail(diag, BTW_BAD_TEXT, 0, "the number does not fit 64 bits");
        magnitude = magnitude * base + (unsigned)digit;
    }
    /* -INT64_MIN is no int64_t, so the sign is applied one below it. */
    *out = negative && magnitude > 0 ? -(int64_t)(magnitude - 1) - 1 : (int64_t)magnitude;
    return BTW_OK;
}

/* One word between the brackets: a name of the table, or bit0 (the high bit of byte 0) to bit63. */
static bool set_reserved_bit(uint8_t out[8], struct btw_slice word)
{
    int64_t number;

    for (const struct btw_reserved_bit *bit = btw_reserved_bits(); bit->name != NULL; bit++) {
        if (btw_slice_equal(word, btw_slice_str(bit->name))) {
            out[bit->byte] |= bit->mask;
            return true;
        }
    }
    if (!begins(word, "bit") || word.len == 3 || !is_digit(word.data[3]) ||
        btw_text_int(&number, behind(word, 3), NULL) != BTW_OK || number > 63)
        return false;
    btw_bit_set(out, (size_t)number, true);
    return true;
}

enum btw_status btw_text_reserved(uint8_t out[8], struct btw_slice value, struct btw_diag *diag)
{
    struct sink sink = { out, 8, 0 };
    size_t at = 1;

    memset(out, 0, 8);
    if (!begins(value, "[")) {
        enum btw_status status = read_hex(&sink, value, 0, value.len, diag);
        if (status == BTW_OK && sink.len != 8)
            return btw_fail(diag, BTW_BAD_TEXT, 0, "reserved bits are [names] or 16 hex digits");
        return status;
    }
    for (;;) {
        size_t start;
        while (at < value.len && is_space(value.data[at]))
            at++;
        if (at == value.len)
            return btw_fail(diag, BTW_BAD_TEXT, at, "']' is missing");
        if (value.data[at] == ']')
            break;
        for (start = at; at < value.len && !is_space(value.data[at]) && value.data[at] != ']';)
            at++;
        if (!set_reserved_bit(out, btw_slice_of(value.data + start, at - start)))
            return btw_fail(diag, BTW_BAD_TEXT, start, "no reserved bit has this name; bitN (0..63) names any");
    }
    if (at + 1 != value.len)
        return btw_fail(diag, BTW_BAD_TEXT, at + 1, "nothing may follow the closing bracket");
    return BTW_OK;
}

/* Reading of a bencoded value: the text, how far it is read, and the brackets that are open. */
struct nest {
    struct btw_slice text;
    size_t at;
    char open[BTW_BEN_DEPTH_MAX];
    size_t depth;
    struct sink *out;
    struct btw_diag *diag;
};

/* "length:bytes" of a string literal of `len` characters, which is counted before it is written. */
static enum btw_status read_string(struct nest *nest, size_t len)
{
    struct btw_slice literal = btw_slice_of(nest->text.data + nest->at, len);
    struct sink counted = { NULL, 0, 0 };
    char prefix[24];
    enum btw_status status = read_bytes(&counted, literal, nest->diag);

    if (status != BTW_OK) {
        if (nest->diag != NULL)
            nest->diag->offset += nest->at;
        return status;
    }
    (void)snprintf(prefix, sizeof prefix, "%zu:", counted.len);
    put_str(nest->out, prefix);
    nest->at += len;
    return read_bytes(nest->out, literal, nest->diag);
}

/* Number of characters up to white space or a bracket, quotes taken whole. */
static size_t scalar_len(const struct nest *nest)
{
    struct btw_slice rest = behind(nest->text, nest->at);
    bool quoted = false;
    size_t len = 0;

    for (; len < rest.len; len++) {
        uint8_t c = rest.data[len];
        if (c == '"')
            quoted = !quoted;
        else if (quoted && c == '\\')
            len++;
        else if (!quoted && (is_space(c) || strchr("{}[]=", c) != NULL))
            break;
    }
    return len < rest.len ? len : rest.len;
}

static bool is_quoted(struct btw_slice literal)
{
    return begins(literal, "\"") || begins(literal, "x\"");
}

static enum btw_status read_scalar(struct nest *nest)
{
    size_t len = scalar_len(nest);
    struct btw_slice literal = btw_slice_of(nest->text.data + nest->at, len);
    int64_t number;
    char text[32];

    if (is_quoted(literal))
        return read_string(nest, len);
    if (btw_text_int(&number, literal, NULL) != BTW_OK)
        return btw_fail(nest->diag, BTW_BAD_TEXT, nest->at,
                        "an integer, \"text\", x\"hex\", {key=value} or [value] is expected");
    (void)snprintf(text, sizeof text, "i%llde", (long long)number);
    put_str(nest->out, text);
    nest->at += len;
    return BTW_OK;
}

static enum btw_status read_key(struct nest *nest)
{
    struct btw_slice rest = behind(nest->text, nest->at);
    size_t len = name_len(rest), quoted = scalar_len(nest);
    enum btw_status status = BTW_OK;
    char prefix[24];

    if (is_quoted(rest)) {
        status = read_string(nest, quoted);
    } else if (len > 0 && len == quoted) {
        (void)snprintf(prefix, sizeof prefix, "%zu:", len);
        put_str(nest->out, prefix);
        put(nest->out, rest.data, len);
        nest->at += len;
    } else {
        return btw_fail(nest->diag, BTW_BAD_TEXT, nest->at, "a key is expected, a word or \"text\" or x\"hex\"");
    }
    if (status != BTW_OK)
        return status;
    if (nest->at == nest->text.len || nest->text.data[nest->at] != '=')
        return btw_fail(nest->diag, BTW_BAD_TEXT, nest->at, "'=' is expected behind a key");
    nest->at++;
    return BTW_OK;
}

/* An opening bracket, or a value without brackets. */
static enum btw_status read_value(struct nest *nest)
{
    uint8_t c = nest->at < nest->text.len ? nest->text.data[nest->at] : 0;

    if (c != '{' && c != '[')
        return read_scalar(nest);
    if (nest->depth == BTW_BEN_DEPTH_MAX)
        return btw_fail(nest->diag, BTW_BAD_TEXT, nest->at, "nested deeper than %d", BTW_BEN_DEPTH_MAX);
    nest->open[nest->depth++] = (char)c;
    put_char(nest->out, c == '{' ? 'd' : 'l');
    nest->at++;
    return BTW_OK;
}

/* Inside brackets: the next item, or the end of them. */
static enum btw_status read_item(struct nest *nest)
{
    bool dict = nest->open[nest->depth - 1] == '{';
    size_t start = nest->at;

    while (nest->at < nest->text.len && is_space(nest->text.data[nest->at]))
        nest->at++;
    if (nest->at == nest->text.len)
        return btw_fail(nest->diag, BTW_BAD_TEXT, nest->at, "'%c' is missing", dict ? '}' : ']');
    if (nest->text.data[nest->at] == (dict ? '}' : ']')) {
        put_char(nest->out, 'e');
        nest->depth--;
        nest->at++;
        return BTW_OK;
    }
    if (start == nest->at && nest->text.data[start - 1] != '{' && nest->text.data[start - 1] != '[')
        return btw_fail(nest->diag, BTW_BAD_TEXT, nest->at, "white space is expected between values");
    if (dict && read_key(nest) != BTW_OK)
        return BTW_BAD_TEXT;
    return read_value(nest);
}

static enum btw_status read_bencode(struct sink *out, struct btw_slice value, struct btw_diag *diag)
{
    struct nest nest = { .text = value, .out = out, .diag = diag };
    enum btw_status status = read_value(&nest);

    while (status == BTW_OK && nest.depth > 0)
        status = read_item(&nest);
    if (status == BTW_OK && nest.at != value.len)
        return btw_fail(diag, BTW_BAD_TEXT, nest.at, "nothing may follow the value");
    return status;
}

enum btw_status btw_text_bencode(uint8_t *out, size_t cap, size_t *len, struct btw_slice value, struct btw_diag *diag)
{
    struct sink sink = { out, cap, 0 };
    enum btw_status status = read_bencode(&sink, value, diag);

    return finish(&sink, len, status);
}

static enum btw_status set_number(struct btw_msg *msg, const struct btw_field *field, struct btw_slice value,
                                  struct btw_diag *diag)
{
    const int64_t max = ((int64_t)1 << 8 * field->size) - 1;
    int64_t number = 0;
    enum btw_status status = btw_text_int(&number, value, diag);

    if (status != BTW_OK)
        return status;
    if (number < 0 || number > max)
        return btw_fail(diag, BTW_BAD_TEXT, 0, "%s is a number from 0 to %lld", field->name, (long long)max);
    btw_field_set_number(msg, field, (uint32_t)number);
    return BTW_OK;
}

/* Bytes of a fixed number, which live in the message. */
static enum btw_status set_bytes(struct btw_msg *msg, const struct btw_field *field, struct btw_slice value,
                                 struct btw_diag *diag)
{
    size_t len;
    enum btw_status status = btw_text_bytes((uint8_t *)msg + field->offset, field->size, &len, value, diag);

    if (status == BTW_BAD_TEXT)
        return status;
    if (len != field->size)
        return btw_fail(diag, BTW_BAD_TEXT, 0, "%s has %u bytes, not %zu", field->name, (unsigned)field->size, len);
    return BTW_OK;
}

/* One line on its way to a message. */
struct line {
    struct btw_slice whole;
    struct btw_text text;
    struct sink scratch;
    struct btw_diag *diag;
};

/* The field of a descriptor as it is written, or, without one, the alternative of this name. */
static const struct btw_text_field *given(const struct line *line, const struct btw_field *field, const char *name)
{
    for (size_t i = 0; i < line->text.count; i++) {
        const struct btw_text_field *written = &line->text.fields[i];
        if (written->field == field && (field != NULL || btw_slice_equal(written->name, btw_slice_str(name))))
            return written;
    }
    return NULL;
}

static enum btw_status evaluate(struct line *line, struct btw_msg *msg, const struct btw_field *field,
                                struct btw_slice value)
{
    switch (field->kind) {
    case BTW_KIND_U8:
    case BTW_KIND_U16:
    case BTW_KIND_U32:
        return set_number(msg, field, value, line->diag);
    case BTW_KIND_BYTES:
        return set_bytes(msg, field, value, line->diag);
    case BTW_KIND_RESERVED:
        return btw_text_reserved(msg->reserved, value, line->diag);
    case BTW_KIND_REST:
    case BTW_KIND_PAYLOAD:
        break;
    }
    return read_bytes(&line->scratch, value, line->diag);
}

/* Evaluators count from the beginning of a value, our caller from the beginning of the line. */
static enum btw_status in_line(const struct line *line, struct btw_slice value, enum btw_status status)
{
    if (status == BTW_BAD_TEXT && line->diag != NULL)
        line->diag->offset += (size_t)(value.data - line->whole.data);
    return status;
}

static enum btw_status missing(const struct line *line, const char *name)
{
    return btw_fail(line->diag, BTW_BAD_TEXT, line->text.used, "%s wants %s", line->text.desc->name, name);
}

/* dict= and tail=, one behind the other on the wire in whatever order they are written. */
static enum btw_status parse_dict(struct line *line)
{
    const struct btw_text_field *dict = given(line, NULL, "dict"), *tail = given(line, NULL, "tail");
    enum btw_status status;

    if (dict == NULL)
        return missing(line, tail == NULL ? "data or dict" : "dict in front of tail");
    status = in_line(line, dict->value, read_bencode(&line->scratch, dict->value, line->diag));
    if (status != BTW_OK || tail == NULL)
        return status;
    return in_line(line, tail->value, read_bytes(&line->scratch, tail->value, line->diag));
}

static enum btw_status parse_field(struct line *line, struct btw_msg *msg, const struct btw_field *field)
{
    const struct btw_text_field *written = given(line, field, field->name);

    if (written != NULL)
        return in_line(line, written->value, evaluate(line, msg, field, written->value));
    if (field->kind == BTW_KIND_PAYLOAD)
        return parse_dict(line);
    return field->kind == BTW_KIND_RESERVED ? BTW_OK : missing(line, field->name);
}

/* Behind the message only white space and a comment may stand. */
static enum btw_status check_end(const struct line *line)
{
    size_t at = line->text.used;

    while (at < line->whole.len && is_space(line->whole.data[at]))
        at++;
    if (at < line->whole.len && line->whole.data[at] != '#')
        return btw_fail(line->diag, BTW_BAD_TEXT, at, "field=value or the end of the line is expected");
    return BTW_OK;
}

enum btw_status btw_msg_parse(struct btw_msg *msg, uint8_t *scratch, size_t cap, const char *text, size_t len,
                              struct btw_diag *diag)
{
    struct line line = { .whole = btw_slice_of(text, len), .scratch = { scratch, cap, 0 }, .diag = diag };
    enum btw_status status = btw_text_scan(&line.text, text, len, diag);

    if (status != BTW_OK || check_end(&line) != BTW_OK)
        return BTW_BAD_TEXT;
    *msg = (struct btw_msg){ .type = line.text.desc->type };
    for (const struct btw_field *field = line.text.desc->fields; field->name != NULL; field++) {
        status = parse_field(&line, msg, field);
        if (status != BTW_OK)
            return status;
    }
    if (line.scratch.len > cap)
        return BTW_NO_SPACE;
    msg->data = btw_slice_of(scratch, line.scratch.len);
    return BTW_OK;
}

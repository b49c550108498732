/* SPDX-License-Identifier: MIT
 *
 * Messages and bencoded values as text.  Whatever the bytes are, there is a text that reads back as the same bytes.
 */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "btw/bencode.h"
#include "btw/notation.h"
#include "notation_text.h"

enum { BRIEF_MAX = 32, BRIEF_SHOWN = 16 };

static void put_hex(struct sink *out, struct btw_slice bytes)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < bytes.len; i++) {
        put_char(out, (uint8_t)digits[bytes.data[i] >> 4]);
        put_char(out, (uint8_t)digits[bytes.data[i] & 15]);
    }
}

static void put_escaped(struct sink *out, uint8_t c)
{
    /* clang-format off */
    static const struct { uint8_t byte; const char *text; } escapes[] = {
        { '"', "\\\"" }, { '\\', "\\\\" }, { '\n', "\\n" }, { '\r', "\\r" }, { '\t', "\\t" },
    };
    /* clang-format on */

    for (size_t i = 0; i < sizeof escapes / sizeof escapes[0]; i++) {
        if (escapes[i].byte == c) {
            put_str(out, escapes[i].text);
            return;
        }
    }
    if (is_printable(c)) {
        put_char(out, c);
        return;
    }
    put_str(out, "\\x");
    put_hex(out, btw_slice_of(&c, 1));
}

static void put_text(struct sink *out, struct btw_slice bytes)
{
    put_char(out, '"');
    for (size_t i = 0; i < bytes.len; i++)
        put_escaped(out, bytes.data[i]);
    put_char(out, '"');
}

static bool is_mostly_text(struct btw_slice bytes)
{
    size_t printable = 0;

    for (size_t i = 0; i < bytes.len; i++)
        printable += is_printable(bytes.data[i]);
    return printable > bytes.len / 2;
}

/* True when the style cuts these bytes, which are then printed. */
static bool put_brief(struct sink *out, struct btw_slice bytes, int style)
{
    char size[40];

    if (style != BTW_PRINT_BRIEF || bytes.len <= BRIEF_MAX)
        return false;
    put_hex(out, btw_slice_of(bytes.data, BRIEF_SHOWN));
    (void)snprintf(size, sizeof size, "..(%zu bytes)", bytes.len);
    put_str(out, size);
    return true;
}

/* Bytes where nothing but bytes can stand. */
static void put_bytes(struct sink *out, struct btw_slice bytes, bool text, int style)
{
    if (put_brief(out, bytes, style))
        return;
    if (bytes.len == 0 || (text && is_mostly_text(bytes)))
        put_text(out, bytes);
    else
        put_hex(out, bytes);
}

/* Bytes where a number could stand, too. */
static void put_string(struct sink *out, struct btw_slice bytes, int style)
{
    if (put_brief(out, bytes, style))
        return;
    if (bytes.len == 0 || is_mostly_text(bytes)) {
        put_text(out, bytes);
        return;
    }
    put_str(out, "x\"");
    put_hex(out, bytes);
    put_char(out, '"');
}

static void put_key(struct sink *out, struct btw_slice key, int style)
{
    if (key.len > 0 && name_len(key) == key.len)
        put(out, key.data, key.len);
    else
        put_string(out, key, style);
    put_char(out, '=');
}

static void put_number(struct sink *out, int64_t value)
{
    char text[24];

    (void)snprintf(text, sizeof text, "%" PRId64, value);
    put_str(out, text);
}

/* A value that is no container. */
static void put_scalar(struct sink *out, struct btw_slice value, int style)
{
    struct btw_slice bytes;
    int64_t number;

    if (btw_ben_int(value, &number)) {
        put_number(out, number);
    } else {
        bool is_string = btw_ben_str(value, &bytes);
        assert(is_string);
        put_string(out, bytes, style);
    }
}

static void put_bencode(struct sink *out, struct btw_slice value, int style)
{
    struct btw_ben_iter open[BTW_BEN_DEPTH_MAX];
    char closers[BTW_BEN_DEPTH_MAX];
    size_t depth = 0;
    bool first = true;
    struct btw_slice key;

    for (;;) {
        enum btw_ben_kind kind = btw_ben_kind(value);
        if (kind == BTW_BEN_DICT || kind == BTW_BEN_LIST) {
            assert(depth < BTW_BEN_DEPTH_MAX);
            put_char(out, kind == BTW_BEN_DICT ? '{' : '[');
            closers[depth] = kind == BTW_BEN_DICT ? '}' : ']';
            open[depth++] = btw_ben_iter_of(value);
            first = true;
        } else {
            put_scalar(out, value, style);
            first = false;
        }
        while (depth > 0 && !btw_ben_next(&open[depth - 1], &key, &value)) {
            put_char(out, (uint8_t)closers[--depth]);
            first = false;
        }
        if (depth == 0)
            return;
        if (!first)
            put_char(out, ' ');
        if (closers[depth - 1] == '}')
            put_key(out, key, style);
    }
}

/* As {..} where the front is one canonical dictionary, so that the text reads back as these bytes. */
static void put_payload(struct sink *out, struct btw_slice payload, int style)
{
    size_t used;

    if (btw_ben_kind(payload) != BTW_BEN_DICT || btw_ben_check(payload, &used, NULL) != BTW_OK) {
        put_str(out, " data=");
        put_bytes(out, payload, false, style);
        return;
    }
    put_str(out, " dict=");
    put_bencode(out, btw_slice_of(payload.data, used), style);
    if (used == payload.len)
        return;
    put_str(out, " tail=");
    put_bytes(out, behind(payload, used), false, style);
}

static void put_reserved(struct sink *out, const uint8_t reserved[8])
{
    const char *space = "";

    put_char(out, '[');
    for (size_t i = 0; i < 64; i++) {
        const struct btw_reserved_bit *bit = btw_reserved_bits();
        uint8_t mask = (uint8_t)(0x80 >> i % 8);
        if ((reserved[i / 8] & mask) == 0)
            continue;
        while (bit->name != NULL && (bit->byte != i / 8 || bit->mask != mask))
            bit++;
        put_str(out, space);
        put_str(out, bit->name == NULL ? "bit" : bit->name);
        if (bit->name == NULL)
            put_number(out, (int64_t)i);
        space = " ";
    }
    put_char(out, ']');
}

static void put_field(struct sink *out, const struct btw_msg *msg, const struct btw_field *field, int style)
{
    if (field->kind == BTW_KIND_PAYLOAD) {
        put_payload(out, btw_field_bytes(msg, field), style);
        return;
    }
    put_char(out, ' ');
    if (msg->type != BTW_RAW) {
        put_str(out, field->name);
        put_char(out, '=');
    }
    if (field->kind == BTW_KIND_RESERVED)
        put_reserved(out, btw_field_bytes(msg, field).data);
    else if (field->kind < BTW_KIND_BYTES)
        put_number(out, btw_field_number(msg, field));
    else
        put_bytes(out, btw_field_bytes(msg, field), field->text, style);
}

/* The end of every print: NUL, if there is room for all. */
static enum btw_status finish(const struct sink *out, size_t *len)
{
    *len = out->len;
    if (out->len >= out->cap)
        return BTW_NO_SPACE;
    out->data[out->len] = '\0';
    return BTW_OK;
}

enum btw_status btw_ben_print(char *text, size_t cap, size_t *len, struct btw_slice value, int style)
{
    struct sink out = { (uint8_t *)text, cap, 0 };

    put_bencode(&out, value, style);
    return finish(&out, len);
}

enum btw_status btw_msg_print(char *text, size_t cap, size_t *len, const struct btw_msg *msg, int style)
{
    const struct btw_desc *desc = btw_desc_of(msg->type);
    struct sink out = { (uint8_t *)text, cap, 0 };

    put_str(&out, desc->name);
    for (const struct btw_field *field = desc->fields; field->name != NULL; field++)
        put_field(&out, msg, field, style);
    return finish(&out, len);
}

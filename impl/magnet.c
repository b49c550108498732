/* SPDX-License-Identifier: MIT
 *
 * Magnet links: a query string whose interesting parameters are rows of a table.  Nothing here knows what a URL or a
 * host is.
 */
#include "btw/magnet.h"

#include <assert.h>

#include "btw/hash.h"

static const char scheme[] = "magnet:?";
static const char base32[] = "abcdefghijklmnopqrstuvwxyz234567"; /* RFC 4648, read in either case */
static const char hex[] = "0123456789abcdef";

struct link {
    struct btw_magnet *out;
    struct btw_slice text;
    struct btw_writer scratch;
    struct btw_diag *diag;
};

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c - 'A' + 'a') : c;
}

/* Value of a digit in an alphabet, or -1. */
static int digit_of(const char *alphabet, uint8_t c)
{
    const char *found = c == '\0' ? NULL : strchr(alphabet, lower(c));

    return found == NULL ? -1 : (int)(found - alphabet);
}

static bool starts_with(struct btw_slice text, const char *prefix)
{
    size_t len = strlen(prefix);

    if (text.len < len)
        return false;
    for (size_t i = 0; i < len; i++)
        if (lower(text.data[i]) != (uint8_t)prefix[i])
            return false;
    return true;
}

static struct btw_slice behind(struct btw_slice text, size_t len)
{
    return btw_slice_of(text.data + len, text.len - len);
}

/* Digits of 4 or 5 bits, most significant first; 8 * size is a multiple of bits.  False leaves *wrong at the first
 * character that is no digit, or behind the last if there are too few or too many. */
static bool read_digits(uint8_t *out, size_t size, const char *alphabet, unsigned bits, struct btw_slice text,
                        size_t *wrong)
{
    unsigned held = 0, held_bits = 0;
    size_t digits = 8 * size / bits;

    for (*wrong = 0; *wrong < text.len && *wrong < digits; ++*wrong) {
        int digit = digit_of(alphabet, text.data[*wrong]);
        if (digit < 0)
            return false;
        held = (held << bits | (unsigned)digit) & 0xffff;
        held_bits += bits;
        if (held_bits >= 8) {
            held_bits -= 8;
            *out++ = (uint8_t)(held >> held_bits);
        }
    }
    return text.len == digits;
}

static enum btw_status bad(const struct link *link, const uint8_t *at, const char *why)
{
    return btw_fail(link->diag, BTW_BAD_TEXT, (size_t)(at - link->text.data), "%s", why);
}

/* The urns that name a torrent. */
static enum btw_status read_xt(struct link *link, struct btw_slice value)
{
    struct btw_magnet *out = link->out;
    size_t wrong;

    if (starts_with(value, "urn:btih:")) {
        value = behind(value, strlen("urn:btih:"));
        bool is_base32 = value.len == 32;
        if (!read_digits(out->info_hash, BTW_SHA1_SIZE, is_base32 ? base32 : hex, is_base32 ? 5 : 4, value, &wrong))
            return bad(link, value.data + wrong, "not 40 digits of hex nor 32 of base32");
        out->has_v1 = true;
    } else if (starts_with(value, "urn:btmh:1220")) { /* multihash: SHA-256, 32 bytes */
        value = behind(value, strlen("urn:btmh:1220"));
        if (!read_digits(out->info_hash_v2, BTW_SHA256_SIZE, hex, 4, value, &wrong))
            return bad(link, value.data + wrong, "not 64 digits of hex");
        out->has_v2 = true;
    }
    return BTW_OK;
}

/* %XX, and in a name also '+', which stands for a space there. */
static enum btw_status decode(struct link *link, struct btw_slice value, bool plus, struct btw_slice *out)
{
    size_t start = link->scratch.len, wrong;

    for (size_t i = 0; i < value.len; i++) {
        uint8_t c = value.data[i];
        if (c == '%') {
            size_t left = value.len - i - 1;
            struct btw_slice digits = btw_slice_of(value.data + i + 1, left < 2 ? left : 2);
            if (!read_digits(&c, 1, hex, 4, digits, &wrong))
                return bad(link, digits.data + wrong, "not a digit of hex behind a percent sign");
            i += 2;
        } else if (plus && c == '+') {
            c = ' ';
        }
        btw_write_u8(&link->scratch, c);
    }
    if (link->scratch.failed)
        return btw_fail(link->diag, BTW_NO_SPACE, 0, "no room for the decoded texts");
    *out = btw_slice_of(link->scratch.data + start, link->scratch.len - start);
    return BTW_OK;
}

static enum btw_status read_item(struct link *link, struct btw_slice value, struct btw_magnet_list *list)
{
    if (list->count == BTW_MAGNET_LIST_MAX)
        return BTW_OK;
    enum btw_status status = decode(link, value, false, &list->item[list->count]);
    if (status == BTW_OK)
        list->count++;
    return status;
}

static enum btw_status read_dn(struct link *link, struct btw_slice value)
{
    return decode(link, value, true, &link->out->name);
}

static enum btw_status read_so(struct link *link, struct btw_slice value)
{
    return decode(link, value, false, &link->out->select);
}

static enum btw_status read_tr(struct link *link, struct btw_slice value)
{
    return read_item(link, value, &link->out->trackers);
}

static enum btw_status read_x_pe(struct link *link, struct btw_slice value)
{
    return read_item(link, value, &link->out->peers);
}

static const struct {
    const char *name;
    enum btw_status (*read)(struct link *link, struct btw_slice value);
} params[] = {
    { "xt", read_xt }, { "dn", read_dn }, { "so", read_so }, { "tr", read_tr }, { "x.pe", read_x_pe },
};

/* "tr" is also written "tr.1", "tr.2". */
static bool is_named(struct btw_slice key, const char *name)
{
    if (!starts_with(key, name))
        return false;
    struct btw_slice suffix = behind(key, strlen(name));
    size_t digits = 1;
    while (digits < suffix.len && suffix.data[digits] >= '0' && suffix.data[digits] <= '9')
        digits++;
    return suffix.len == 0 || (suffix.data[0] == '.' && digits > 1 && digits == suffix.len);
}

static enum btw_status read_param(struct link *link, struct btw_slice param)
{
    const uint8_t *equals = param.len == 0 ? NULL : memchr(param.data, '=', param.len);

    if (equals == NULL)
        return BTW_OK;
    struct btw_slice key = btw_slice_of(param.data, (size_t)(equals - param.data));
    for (size_t i = 0; i < sizeof params / sizeof params[0]; i++)
        if (is_named(key, params[i].name))
            return params[i].read(link, behind(param, key.len + 1));
    return BTW_OK;
}

enum btw_status btw_magnet_read(struct btw_magnet *out, uint8_t *scratch, size_t cap, struct btw_slice text,
                                struct btw_diag *diag)
{
    struct btw_magnet magnet = { .has_v1 = false };
    struct link link = { &magnet, text, btw_writer_on(scratch, cap), diag };

    if (!starts_with(text, scheme))
        return btw_fail(diag, BTW_BAD_TEXT, 0, "not a magnet link");
    struct btw_slice rest = behind(text, strlen(scheme));
    while (rest.len > 0) {
        const uint8_t *end = memchr(rest.data, '&', rest.len);
        size_t len = end == NULL ? rest.len : (size_t)(end - rest.data);
        enum btw_status status = read_param(&link, btw_slice_of(rest.data, len));
        if (status != BTW_OK)
            return status;
        rest = behind(rest, end == NULL ? len : len + 1);
    }
    if (!magnet.has_v1 && !magnet.has_v2)
        return btw_fail(diag, BTW_BAD_TEXT, text.len, "no info-hash");
    *out = magnet;
    return BTW_OK;
}

static void put_text(struct btw_writer *w, const char *text)
{
    btw_write_bytes(w, btw_slice_str(text));
}

/* The counterpart of read_digits. */
static void put_digits(struct btw_writer *w, const char *alphabet, unsigned bits, struct btw_slice bytes)
{
    unsigned held = 0, held_bits = 0;

    for (size_t i = 0; i < bytes.len; i++) {
        held = (held << 8 | bytes.data[i]) & 0xffff;
        for (held_bits += 8; held_bits >= bits; held_bits -= bits)
            btw_write_u8(w, (uint8_t)alphabet[held >> (held_bits - bits) & ((1U << bits) - 1)]);
    }
    assert(held_bits == 0);
}

static bool is_plain(uint8_t c)
{
    return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z') ||
           (c != '\0' && strchr("-._~:/,[]", c) != NULL);
}

static void put_encoded(struct btw_writer *w, struct btw_slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if (is_plain(text.data[i])) {
            btw_write_u8(w, text.data[i]);
        } else {
            btw_write_u8(w, '%');
            put_digits(w, hex, 4, btw_slice_of(text.data + i, 1));
        }
}

/* The first parameter has nothing before it, the others '&'. */
static void put_name(struct btw_writer *w, const char *name)
{
    if (w->len > strlen(scheme))
        btw_write_u8(w, '&');
    put_text(w, name);
}

static void put_param(struct btw_writer *w, const char *name, struct btw_slice value)
{
    put_name(w, name);
    put_encoded(w, value);
}

static void put_list(struct btw_writer *w, const char *name, const struct btw_magnet_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        put_param(w, name, list->item[i]);
}

enum btw_status btw_magnet_write(char *out, size_t cap, size_t *len, const struct btw_magnet *magnet,
                                 enum btw_magnet_form form)
{
    struct btw_writer w = btw_writer_on((uint8_t *)out, cap);
    struct btw_slice v1 = btw_slice_of(magnet->info_hash, sizeof magnet->info_hash);

    put_text(&w, scheme);
    if (magnet->has_v1) {
        put_name(&w, "xt=urn:btih:");
        put_digits(&w, form == BTW_MAGNET_HEX ? hex : base32, form == BTW_MAGNET_HEX ? 4 : 5, v1);
    }
    if (magnet->has_v2) {
        put_name(&w, "xt=urn:btmh:1220");
        put_digits(&w, hex, 4, btw_slice_of(magnet->info_hash_v2, sizeof magnet->info_hash_v2));
    }
    if (magnet->name.len > 0)
        put_param(&w, "dn=", magnet->name);
    if (magnet->select.len > 0)
        put_param(&w, "so=", magnet->select);
    put_list(&w, "tr=", &magnet->trackers);
    put_list(&w, "x.pe=", &magnet->peers);
    btw_write_u8(&w, '\0');
    if (w.failed)
        return BTW_NO_SPACE;
    *len = w.len - 1;
    return BTW_OK;
}

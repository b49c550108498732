/* SPDX-License-Identifier: MIT
 *
 * One scanner for bencoding, strict or forgiving, with its own small stack instead of recursion; the accessors walk
 * values that have passed it.  What a dictionary means is left to others.
 */
#include "btw/bencode.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

/* An open list or dictionary. */
struct frame {
    struct btw_slice key; /* the last one; data is NULL before the first */
    bool dict;
    bool key_next; /* in a dictionary: a key or the end comes next, not a value */
};

struct scan {
    struct btw_slice in;
    size_t at;
    bool lenient;
    unsigned flaws;
    struct btw_diag *diag;
    unsigned depth;
    struct frame stack[BTW_BEN_DEPTH_MAX];
};

static const struct {
    enum btw_ben_flaw flaw;
    const char *name;
} flaw_names[] = {
    { BTW_BEN_KEY_ORDER, "keys out of order" },     { BTW_BEN_KEY_TWICE, "a key twice" },
    { BTW_BEN_LEADING_ZERO, "a leading zero" },     { BTW_BEN_NEGATIVE_ZERO, "a negative zero" },
    { BTW_BEN_TRAILING, "bytes behind the value" },
};

const char *btw_ben_flaw_name(enum btw_ben_flaw flaw)
{
    for (size_t i = 0; i < sizeof flaw_names / sizeof flaw_names[0]; i++)
        if (flaw_names[i].flaw == flaw)
            return flaw_names[i].name;
    assert(false && "not a flaw");
    return "";
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static enum btw_status want_more(const struct scan *scan)
{
    return btw_fail(scan->diag, BTW_MORE, scan->in.len, "the input ends inside a bencoded value");
}

static enum btw_status wrong_byte(const struct scan *scan, const char *wanted)
{
    return btw_fail(scan->diag, BTW_BAD_BENCODE, scan->at, "byte 0x%02x where %s should be", scan->in.data[scan->at],
                    wanted);
}

static enum btw_status forgive(struct scan *scan, enum btw_ben_flaw flaw, size_t offset)
{
    scan->flaws |= flaw;
    if (scan->lenient)
        return BTW_OK;
    return btw_fail(scan->diag, BTW_BAD_BENCODE, offset, "%s", btw_ben_flaw_name(flaw));
}

/* So many digits fit whatever they are. */
enum { DIGITS_SAFE = 18 };

/* No number with `end` behind it: scan->at is where it stops to be one. */
static enum btw_status no_number(const struct scan *scan, size_t start, uint8_t end)
{
    if (scan->at == scan->in.len)
        return want_more(scan);
    if (scan->at == start)
        return wrong_byte(scan, "a digit");
    return wrong_byte(scan, end == 'e' ? "a digit or 'e'" : "a digit or ':'");
}

/* Reads digits and the byte `end` behind them; `max` is the largest number that is allowed. */
static inline enum btw_status scan_number(struct scan *scan, uint64_t *out, uint64_t max, uint8_t end)
{
    const struct btw_slice in = scan->in;
    const size_t start = scan->at;
    uint64_t value = 0;
    size_t at = start;

    if (in.len - start > 1 && in.data[start] == '0' && is_digit(in.data[start + 1]) &&
        forgive(scan, BTW_BEN_LEADING_ZERO, start + 1) != BTW_OK)
        return BTW_BAD_BENCODE;
    for (; at < in.len && is_digit(in.data[at]); at++) {
        uint64_t digit = (uint64_t)(in.data[at] - '0');
        if (at - start >= DIGITS_SAFE && value > (max - digit) / 10)
            return btw_fail(scan->diag, BTW_BAD_BENCODE, at, "the number is too large");
        value = value * 10 + digit;
    }
    scan->at = at;
    if (at == start || at == in.len || in.data[at] != end)
        return no_number(scan, start, end);
    scan->at++;
    *out = value;
    return BTW_OK;
}

static enum btw_status scan_int(struct scan *scan, int64_t *out)
{
    uint64_t magnitude = 0;
    enum btw_status status;

    scan->at++;
    bool negative = scan->at < scan->in.len && scan->in.data[scan->at] == '-';
    if (negative)
        scan->at++;
    size_t digits = scan->at;
    /* After "-0" nothing canonical can follow, so that byte is the wrong one, whatever comes. */
    if (negative && digits < scan->in.len && scan->in.data[digits] == '0' && !scan->lenient)
        return forgive(scan, BTW_BEN_NEGATIVE_ZERO, digits);
    status = scan_number(scan, &magnitude, (uint64_t)INT64_MAX + negative, 'e');
    if (status != BTW_OK)
        return status;
    *out = negative ? (int64_t)(0 - magnitude) : (int64_t)magnitude;
    return negative && magnitude == 0 ? forgive(scan, BTW_BEN_NEGATIVE_ZERO, digits) : BTW_OK;
}

static enum btw_status scan_str(struct scan *scan, struct btw_slice *out)
{
    uint64_t len = 0;
    enum btw_status status = scan_number(scan, &len, INT64_MAX, ':');

    if (status != BTW_OK)
        return status;
    if (len > scan->in.len - scan->at)
        return want_more(scan);
    *out = btw_slice_of(scan->in.data + scan->at, (size_t)len);
    scan->at += out->len;
    return BTW_OK;
}

static int compare(struct btw_slice a, struct btw_slice b)
{
    size_t shorter = a.len < b.len ? a.len : b.len;
    int order = shorter == 0 ? 0 : memcmp(a.data, b.data, shorter);

    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

static enum btw_status scan_key(struct scan *scan, struct frame *top)
{
    size_t start = scan->at;
    struct btw_slice key = { 0 };

    if (!is_digit(scan->in.data[start]))
        return wrong_byte(scan, "a key or the end of the dictionary");
    enum btw_status status = scan_str(scan, &key);
    if (status == BTW_OK && top->key.data != NULL) {
        int order = compare(top->key, key);
        if (order >= 0)
            status = forgive(scan, order > 0 ? BTW_BEN_KEY_ORDER : BTW_BEN_KEY_TWICE, start);
    }
    top->key = key;
    top->key_next = false;
    return status;
}

static enum btw_status open_container(struct scan *scan, bool dict)
{
    if (scan->depth == BTW_BEN_DEPTH_MAX)
        return btw_fail(scan->diag, BTW_BAD_BENCODE, scan->at, "nested deeper than %d", BTW_BEN_DEPTH_MAX);
    scan->stack[scan->depth++] = (struct frame){ .dict = dict, .key_next = dict };
    scan->at++;
    return BTW_OK;
}

/* One token: a key, an atom, or the opening or closing of a container. */
static enum btw_status scan_token(struct scan *scan)
{
    struct frame *top = scan->depth > 0 ? &scan->stack[scan->depth - 1] : NULL;
    struct btw_slice text;
    int64_t number;

    if (scan->at == scan->in.len)
        return want_more(scan);
    uint8_t c = scan->in.data[scan->at];
    if (c == 'e' && top != NULL && top->dict == top->key_next) {
        scan->depth--;
        scan->at++;
        return BTW_OK;
    }
    if (top != NULL && top->key_next)
        return scan_key(scan, top);
    if (top != NULL)
        top->key_next = top->dict; /* holds from the end of this value on */
    if (c == 'd' || c == 'l')
        return open_container(scan, c == 'd');
    if (c == 'i')
        return scan_int(scan, &number);
    return is_digit(c) ? scan_str(scan, &text) : wrong_byte(scan, "a value");
}

static enum btw_status check(struct scan *scan, size_t *used)
{
    *used = 0;
    do {
        enum btw_status status = scan_token(scan);
        if (status != BTW_OK)
            return status;
    } while (scan->depth > 0);
    *used = scan->at;
    return BTW_OK;
}

/* Not an initializer: that would clear the whole stack for every small value. */
static void scan_init(struct scan *scan, struct btw_slice in, bool lenient, struct btw_diag *diag)
{
    scan->in = in;
    scan->at = 0;
    scan->lenient = lenient;
    scan->flaws = 0;
    scan->diag = diag;
    scan->depth = 0;
}

enum btw_status btw_ben_check(struct btw_slice in, size_t *used, struct btw_diag *diag)
{
    struct scan scan;

    scan_init(&scan, in, false, diag);
    return check(&scan, used);
}

enum btw_status btw_ben_check_lenient(struct btw_slice in, size_t *used, unsigned *flaws, struct btw_diag *diag)
{
    struct scan scan;

    scan_init(&scan, in, true, diag);
    enum btw_status status = check(&scan, used);
    *flaws = scan.flaws;
    if (status == BTW_OK && *used < in.len)
        *flaws |= BTW_BEN_TRAILING;
    return status;
}

enum btw_status btw_ben_dict_at_front(struct btw_slice in, struct btw_slice *dict, unsigned *flaws,
                                      struct btw_diag *diag)
{
    size_t used;
    enum btw_status status = btw_ben_check_lenient(in, &used, flaws, diag);

    if (status != BTW_OK)
        return BTW_BAD_BENCODE;
    if (in.data[0] != 'd')
        return btw_fail(diag, BTW_BAD_BENCODE, 0, "not a dictionary");
    *dict = btw_slice_of(in.data, used);
    return BTW_OK;
}

enum btw_ben_kind btw_ben_kind(struct btw_slice value)
{
    if (value.len == 0)
        return BTW_BEN_NONE;
    switch (value.data[0]) {
    case 'i':
        return BTW_BEN_INT;
    case 'l':
        return BTW_BEN_LIST;
    case 'd':
        return BTW_BEN_DICT;
    default:
        return is_digit(value.data[0]) ? BTW_BEN_STR : BTW_BEN_NONE;
    }
}

bool btw_ben_int(struct btw_slice value, int64_t *out)
{
    size_t at = 1;
    uint64_t number = 0;

    if (btw_ben_kind(value) != BTW_BEN_INT)
        return false;
    if (at < value.len && value.data[at] == '-')
        at++;
    for (; at < value.len && is_digit(value.data[at]); at++)
        number = number * 10 + (uint64_t)(value.data[at] - '0');
    if (at == value.len || value.data[at] != 'e')
        return false;
    *out = (int64_t)(value.data[1] == '-' ? 0 - number : number);
    return true;
}

static inline bool read_str(struct btw_slice in, struct btw_slice *out)
{
    size_t at = 0;
    uint64_t len = 0;

    for (; at < in.len && is_digit(in.data[at]); at++)
        len = len * 10 + (uint64_t)(in.data[at] - '0');
    if (at == 0 || at == in.len || len >= in.len - at)
        return false;
    *out = btw_slice_of(in.data + at + 1, (size_t)len);
    return true;
}

bool btw_ben_str(struct btw_slice value, struct btw_slice *out)
{
    return read_str(value, out);
}

struct btw_ben_iter btw_ben_iter_of(struct btw_slice value)
{
    enum btw_ben_kind kind = btw_ben_kind(value);
    struct btw_ben_iter iter = { { NULL, 0 }, kind == BTW_BEN_DICT };

    if (kind == BTW_BEN_DICT || kind == BTW_BEN_LIST)
        iter.rest = btw_slice_of(value.data + 1, value.len - 1);
    return iter;
}

static struct btw_slice behind(struct btw_slice in, size_t used)
{
    return btw_slice_of(in.data + used, in.len - used);
}

/* Bytes of an integer at the front; 0 when it has no end. */
static size_t int_size(struct btw_slice in)
{
    size_t at = 0;

    while (at < in.len && in.data[at] != 'e')
        at++;
    return at < in.len ? at + 1 : 0;
}

/* Bytes of the token at the front of what has passed a check, and how much deeper it leads; 0 when it has no end. */
static inline size_t token_size(struct btw_slice in, size_t *depth)
{
    struct btw_slice text;

    if (read_str(in, &text))
        return (size_t)(text.data - in.data) + text.len;
    if (in.len == 0 || (in.data[0] == 'e' && *depth == 0))
        return 0;
    if (in.data[0] == 'i')
        return int_size(in);
    *depth = in.data[0] == 'e' ? *depth - 1 : *depth + 1;
    return 1;
}

/* Takes one value from the front of *rest, which has passed a check; false when it has no end. */
static bool take(struct btw_slice *rest, struct btw_slice *value)
{
    struct btw_slice left = *rest;
    size_t depth = 0, size;

    do {
        size = token_size(left, &depth);
        left = behind(left, size);
    } while (size > 0 && depth > 0);
    *value = btw_slice_of(rest->data, rest->len - left.len);
    *rest = left;
    return size > 0;
}

bool btw_ben_next(struct btw_ben_iter *iter, struct btw_slice *key, struct btw_slice *value)
{
    *key = btw_slice_of(NULL, 0);
    if (iter->rest.len == 0 || iter->rest.data[0] == 'e')
        return false;
    if (iter->dict) {
        if (!read_str(iter->rest, key))
            return false;
        iter->rest = behind(iter->rest, (size_t)(key->data - iter->rest.data) + key->len);
    }
    return take(&iter->rest, value);
}

bool btw_ben_get(struct btw_slice dict, const char *key, struct btw_slice *value)
{
    struct btw_ben_iter iter = btw_ben_iter_of(dict);
    struct btw_slice name, found;

    while (iter.dict && btw_ben_next(&iter, &name, &found))
        if (btw_slice_is(name, key)) {
            *value = found;
            return true;
        }
    return false;
}

bool btw_ben_get_int(struct btw_slice dict, const char *key, int64_t *out)
{
    struct btw_slice value;

    return btw_ben_get(dict, key, &value) && btw_ben_int(value, out);
}

bool btw_ben_get_str(struct btw_slice dict, const char *key, struct btw_slice *out)
{
    struct btw_slice value;

    return btw_ben_get(dict, key, &value) && btw_ben_str(value, out);
}

void btw_ben_put_int(struct btw_writer *w, int64_t value)
{
    char text[24];
    int len = snprintf(text, sizeof text, "i%" PRId64 "e", value);

    btw_write_bytes(w, btw_slice_of(text, (size_t)len));
}

void btw_ben_put_str(struct btw_writer *w, struct btw_slice text)
{
    char prefix[24];
    int len = snprintf(prefix, sizeof prefix, "%zu:", text.len);

    btw_write_bytes(w, btw_slice_of(prefix, (size_t)len));
    btw_write_bytes(w, text);
}

void btw_ben_put_key(struct btw_writer *w, const char *key)
{
    btw_ben_put_str(w, btw_slice_str(key));
}

void btw_ben_put_dict(struct btw_writer *w)
{
    btw_write_u8(w, 'd');
}

void btw_ben_put_list(struct btw_writer *w)
{
    btw_write_u8(w, 'l');
}

void btw_ben_put_end(struct btw_writer *w)
{
    btw_write_u8(w, 'e');
}

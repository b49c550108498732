/* SPDX-License-Identifier: MIT
 *
 * Two readers agree: the library's strict check, and a recursive one that is written from BEP 3 with nothing in mind
 * but being plain.  They must accept the same values and find them equally long.
 */
#include "btw/bencode.h"
#include "fuzz.h"

/* What is left to read; data is NULL once something was wrong. */
struct text {
    const uint8_t *data;
    size_t len;
};

static const struct text wrong = { NULL, 0 };

static struct text skip(struct text text, size_t len)
{
    return len <= text.len ? (struct text){ text.data + len, text.len - len } : wrong;
}

static bool begins_with(struct text text, uint8_t byte)
{
    return text.data != NULL && text.len > 0 && text.data[0] == byte;
}

static bool begins_with_digit(struct text text)
{
    return text.len > 0 && text.data[0] >= '0' && text.data[0] <= '9';
}

/* Digits without a leading zero; a number above `most` is wrong. */
static struct text read_digits(struct text text, uint64_t most, uint64_t *number)
{
    bool zero = begins_with(text, '0');

    *number = 0;
    if (text.data == NULL || !begins_with_digit(text))
        return wrong;
    do {
        uint64_t digit = (uint64_t)(text.data[0] - '0');
        if (*number > (most - digit) / 10)
            return wrong;
        *number = *number * 10 + digit;
        text = skip(text, 1);
    } while (!zero && begins_with_digit(text));
    return text;
}

static struct text read_string(struct text text, struct text *string)
{
    uint64_t len;

    text = read_digits(text, SIZE_MAX / 2, &len);
    if (!begins_with(text, ':'))
        return wrong;
    text = skip(text, 1);
    *string = (struct text){ text.data, (size_t)len };
    return skip(text, (size_t)len);
}

static struct text read_integer(struct text text)
{
    bool negative;
    uint64_t number;

    text = skip(text, 1);
    negative = begins_with(text, '-');
    text = read_digits(negative ? skip(text, 1) : text, (uint64_t)INT64_MAX + negative, &number);
    return begins_with(text, 'e') && !(negative && number == 0) ? skip(text, 1) : wrong;
}

static bool is_behind(struct text key, struct text last)
{
    size_t shorter = key.len < last.len ? key.len : last.len;
    int order = shorter > 0 ? memcmp(key.data, last.data, shorter) : 0;

    return order > 0 || (order == 0 && key.len > last.len);
}

static struct text read_value(struct text text, unsigned depth);

/* Its recursion is as deep as the limit that it checks. */
static struct text read_container(struct text text, unsigned depth) // NOLINT(misc-no-recursion)
{
    bool dict = begins_with(text, 'd');
    struct text key, last = wrong;

    if (depth == BTW_BEN_DEPTH_MAX)
        return wrong;
    text = skip(text, 1);
    while (text.data != NULL && !begins_with(text, 'e')) {
        if (dict) {
            text = read_string(text, &key);
            if (text.data == NULL || (last.data != NULL && !is_behind(key, last)))
                return wrong;
            last = key;
        }
        text = read_value(text, depth + 1);
    }
    return text.data == NULL ? wrong : skip(text, 1);
}

static struct text read_value(struct text text, unsigned depth) // NOLINT(misc-no-recursion)
{
    struct text string;

    if (text.data == NULL || text.len == 0)
        return wrong;
    if (text.data[0] == 'l' || text.data[0] == 'd')
        return read_container(text, depth);
    return text.data[0] == 'i' ? read_integer(text) : read_string(text, &string);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t used = 0;
    enum btw_status status = btw_ben_check(btw_slice_of(data, size), &used, NULL);
    struct text rest = size == 0 ? wrong : read_value((struct text){ data, size }, 0);

    FUZZ_CHECK((status == BTW_OK) == (rest.data != NULL));
    FUZZ_CHECK(status != BTW_OK || used == size - rest.len);
    return 0;
}

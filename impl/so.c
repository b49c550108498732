/* SPDX-License-Identifier: MIT
 *
 * File selections of magnet links (BEP 53), as sorted lists of ranges.
 */
#include "btw/so.h"

#include <assert.h>
#include <stdio.h>

/* Does `range` lie so close behind what ends at `last` that they are one?  Careful with the end of the numbers. */
static bool touches(uint32_t last, struct btw_so_range range)
{
    return last >= range.first || last + 1 == range.first;
}

enum btw_status btw_so_add(struct btw_so *so, uint32_t first, uint32_t last)
{
    struct btw_so_range added = { first, last };
    size_t before = 0, behind;

    assert(first <= last);
    while (before < so->count && !touches(so->range[before].last, added))
        before++;
    for (behind = before; behind < so->count && touches(added.last, so->range[behind]); behind++) {
        struct btw_so_range joined = so->range[behind];
        added.first = joined.first < added.first ? joined.first : added.first;
        added.last = joined.last > added.last ? joined.last : added.last;
    }
    if (so->count + 1 - (behind - before) > BTW_SO_RANGES_MAX)
        return BTW_NO_SPACE;
    memmove(so->range + before + 1, so->range + behind, (so->count - behind) * sizeof so->range[0]);
    so->range[before] = added;
    so->count = so->count + 1 - (behind - before);
    return BTW_OK;
}

/* Takes digits from the front of text; false when there are none, or too many for 32 bits. */
static bool read_number(struct btw_slice *text, uint32_t *number)
{
    uint64_t value = 0;
    size_t digits = 0;

    for (; digits < text->len && text->data[digits] >= '0' && text->data[digits] <= '9'; digits++)
        if ((value = value * 10 + (uint64_t)(text->data[digits] - '0')) > UINT32_MAX)
            return false;
    *number = (uint32_t)value;
    *text = btw_slice_of(text->data + digits, text->len - digits);
    return digits > 0;
}

static bool read_range(struct btw_slice item, struct btw_so_range *range)
{
    if (!read_number(&item, &range->first))
        return false;
    range->last = range->first;
    if (item.len > 0 && item.data[0] == '-') {
        item = btw_slice_of(item.data + 1, item.len - 1);
        if (!read_number(&item, &range->last))
            return false;
    }
    return item.len == 0 && range->first <= range->last;
}

enum btw_status btw_so_parse(struct btw_so *out, struct btw_slice text, struct btw_diag *diag)
{
    struct btw_so so = { .count = 0 };
    struct btw_so_range range;
    enum btw_status status = BTW_OK;

    if (text.len == 0)
        text = btw_slice_str(""); /* NULL + 0 is not for C */
    for (size_t at = 0, end; at <= text.len; at = end + 1) {
        const uint8_t *comma = at < text.len ? memchr(text.data + at, ',', text.len - at) : NULL;
        end = comma == NULL ? text.len : (size_t)(comma - text.data);
        if (!read_range(btw_slice_of(text.data + at, end - at), &range)) {
            if (status == BTW_OK)
                status = btw_fail(diag, BTW_BAD_TEXT, at, "neither the number of a file nor a range of them");
        } else if (btw_so_add(&so, range.first, range.last) != BTW_OK) {
            return btw_fail(diag, BTW_NO_SPACE, at, "more than %d ranges of files", BTW_SO_RANGES_MAX);
        }
    }
    *out = so;
    return status;
}

enum btw_status btw_so_print(char *out, size_t cap, size_t *len, const struct btw_so *so)
{
    struct btw_writer w = btw_writer_on((uint8_t *)out, cap);
    char item[sizeof ",4294967295-4294967295"];

    for (size_t i = 0; i < so->count; i++) {
        struct btw_so_range range = so->range[i];
        int n = snprintf(item, sizeof item, range.first == range.last ? "%s%u" : "%s%u-%u", i > 0 ? "," : "",
                         range.first, range.last);
        btw_write_bytes(&w, btw_slice_of(item, (size_t)n));
    }
    btw_write_u8(&w, '\0');
    if (w.failed)
        return BTW_NO_SPACE;
    *len = w.len - 1;
    return BTW_OK;
}

bool btw_so_has(const struct btw_so *so, uint32_t file)
{
    for (size_t i = 0; i < so->count; i++)
        if (file >= so->range[i].first && file <= so->range[i].last)
            return true;
    return false;
}

uint32_t btw_so_count(const struct btw_so *so, uint32_t files)
{
    uint32_t count = 0;

    for (size_t i = 0; i < so->count && so->range[i].first < files; i++) {
        uint32_t last = so->range[i].last < files ? so->range[i].last : files - 1;
        count += last - so->range[i].first + 1;
    }
    return count;
}

/* SPDX-License-Identifier: MIT
 *
 * Loops over the rows of a dictionary.  What the keys mean is left to their owners.
 */
#include "btw/dict.h"

#include <assert.h>

static bool read_value(void *member, const struct btw_dict_row *row, struct btw_slice value)
{
    struct btw_slice text;

    assert(row->kind != BTW_BEN_NONE);
    if (row->kind == BTW_BEN_INT)
        return btw_ben_int(value, (int64_t *)member);
    if (row->kind == BTW_BEN_STR) {
        if (!btw_ben_str(value, &text) || (row->fits != NULL && !row->fits(text.len)))
            return false;
        *(struct btw_slice *)member = text;
        return true;
    }
    if (btw_ben_kind(value) != row->kind)
        return false;
    *(struct btw_slice *)member = value;
    return true;
}

static const struct btw_dict_row *row_of(const struct btw_dict_row *rows, struct btw_slice key)
{
    while (rows->key != NULL && !btw_slice_is(key, rows->key))
        rows++;
    return rows;
}

void btw_dict_read(void *out, const struct btw_dict_row *rows, struct btw_slice dict, unsigned *has, unsigned *bad)
{
    struct btw_ben_iter iter = btw_ben_iter_of(dict);
    struct btw_slice key, value;

    *has = *bad = 0;
    while (btw_ben_next(&iter, &key, &value)) {
        const struct btw_dict_row *row = row_of(rows, key);
        unsigned bit = row->key == NULL ? 0 : 1U << (row - rows);

        if ((bit & ~(*has | *bad)) != 0) /* the first, if a key is there twice */
            *(read_value((uint8_t *)out + row->offset, row, value) ? has : bad) |= bit;
    }
}

static void write_value(struct btw_writer *w, const struct btw_dict_row *row, const void *member)
{
    if (row->kind == BTW_BEN_INT)
        btw_ben_put_int(w, *(const int64_t *)member);
    else if (row->kind == BTW_BEN_STR)
        btw_ben_put_str(w, *(const struct btw_slice *)member);
    else
        btw_write_bytes(w, *(const struct btw_slice *)member);
}

void btw_dict_write(struct btw_writer *w, const struct btw_dict_row *rows, const void *in, unsigned has)
{
    btw_ben_put_dict(w);
    for (unsigned i = 0; rows[i].key != NULL; i++)
        if (has & 1U << i) {
            btw_ben_put_key(w, rows[i].key);
            write_value(w, &rows[i], (const uint8_t *)in + rows[i].offset);
        }
    btw_ben_put_end(w);
}

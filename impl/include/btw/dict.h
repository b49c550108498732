/* SPDX-License-Identifier: MIT
 *
 * A bencoded dictionary and a plain struct, turned into each other by a table: one row per key.  The messages of the
 * extensions (BEP 9, 10, 11) are such tables.
 */
#ifndef BTW_DICT_H
#define BTW_DICT_H

#include "btw/api.h"
#include "btw/bencode.h"

BTW_BEGIN_DECLS

/* Row i stands for bit i of the sets below.  Rows are in the order of their keys, so that what is written is canonical.
 */
struct btw_dict_row {
    const char *key;             /* NULL behind the last row */
    enum btw_ben_kind kind;      /* INT: int64_t; STR: struct btw_slice of the text; LIST, DICT: of the raw value */
    size_t offset;               /* of that member */
    bool (*fits)(size_t length); /* length a text must have, or NULL */
};

/* Fills the members whose keys are there and fit; the others stay as they are.  *has is the set of those keys, *bad
 * that of the keys whose value has a wrong kind or length.  dict has passed a check. */
void btw_dict_read(void *out, const struct btw_dict_row *rows, struct btw_slice dict, unsigned *has, unsigned *bad);

/* Writes a dictionary of the keys in `has`. */
void btw_dict_write(struct btw_writer *w, const struct btw_dict_row *rows, const void *in, unsigned has);

BTW_END_DECLS
#endif

/* SPDX-License-Identifier: MIT
 *
 * Bencoding (BEP 3) over the caller's bytes.  A value is a slice that has passed btw_ben_check; every accessor takes
 * such a slice and never reads outside it.  No recursion, no allocation; depth is bounded.
 */
#ifndef BTW_BENCODE_H
#define BTW_BENCODE_H

#include <stdbool.h>

#include "btw/api.h"
#include "btw/bytes.h"

BTW_BEGIN_DECLS

enum { BTW_BEN_DEPTH_MAX = 64 };

/* Canonical rules that a lenient check forgives and reports. */
enum btw_ben_flaw {
    BTW_BEN_KEY_ORDER = 1 << 0,
    BTW_BEN_KEY_TWICE = 1 << 1,
    BTW_BEN_LEADING_ZERO = 1 << 2, /* in an integer or a string length */
    BTW_BEN_NEGATIVE_ZERO = 1 << 3,
    BTW_BEN_TRAILING = 1 << 4, /* bytes behind the value */
};

enum btw_ben_kind { BTW_BEN_NONE, BTW_BEN_INT, BTW_BEN_STR, BTW_BEN_LIST, BTW_BEN_DICT };

/* Strict: one canonical value at the front of `in`; *used is its length, bytes behind it are the caller's business.
 *
 * BTW_OK           in.data[0..*used) is a value
 * BTW_MORE         the input ends inside the value; diag->offset is in.len
 * BTW_BAD_BENCODE  diag->offset is the first wrong byte; also an integer that does not fit int64_t, and nesting deeper
 * than BTW_BEN_DEPTH_MAX */
enum btw_status btw_ben_check(struct btw_slice in, size_t *used, struct btw_diag *diag);

/* Lenient: as above, but the flaws above are collected in *flaws (a set of enum btw_ben_flaw) and forgiven.
 * BTW_BEN_TRAILING is set when *used < in.len. */
enum btw_status btw_ben_check_lenient(struct btw_slice in, size_t *used, unsigned *flaws, struct btw_diag *diag);

/* Lenient, for a message that should begin with a dictionary and is all there: *dict is the dictionary, what follows it
 * is the caller's business (BTW_BEN_TRAILING).
 *
 * BTW_BAD_BENCODE  as above; also when the input ends inside the value, or the value is no dictionary */
enum btw_status btw_ben_dict_at_front(struct btw_slice in, struct btw_slice *dict, unsigned *flaws,
                                      struct btw_diag *diag);

/* Name of one flaw, for messages. */
const char *btw_ben_flaw_name(enum btw_ben_flaw flaw);

/* Accessors; `value` has passed a check and begins with the value.  False, and *out untouched, when the kind differs.
 */
enum btw_ben_kind btw_ben_kind(struct btw_slice value);
bool btw_ben_int(struct btw_slice value, int64_t *out);
bool btw_ben_str(struct btw_slice value, struct btw_slice *out);

/* Value of a key of a dictionary (the first, if it is there twice); false when absent or not a dictionary. */
bool btw_ben_get(struct btw_slice dict, const char *key, struct btw_slice *value);
bool btw_ben_get_int(struct btw_slice dict, const char *key, int64_t *out);
bool btw_ben_get_str(struct btw_slice dict, const char *key, struct btw_slice *out);

/* Walks a list or dictionary.  key is {NULL, 0} for list items. */
struct btw_ben_iter {
    /* all fields are private */
    struct btw_slice rest;
    bool dict;
};
struct btw_ben_iter btw_ben_iter_of(struct btw_slice value);
bool btw_ben_next(struct btw_ben_iter *iter, struct btw_slice *key, struct btw_slice *value);

/* Writing into a btw_writer (sticky error).  The caller keeps dictionary keys sorted. */
void btw_ben_put_int(struct btw_writer *w, int64_t value);
void btw_ben_put_str(struct btw_writer *w, struct btw_slice text);
void btw_ben_put_key(struct btw_writer *w, const char *key);
void btw_ben_put_dict(struct btw_writer *w);
void btw_ben_put_list(struct btw_writer *w);
void btw_ben_put_end(struct btw_writer *w);

BTW_END_DECLS
#endif

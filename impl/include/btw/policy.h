/* SPDX-License-Identifier: MIT
 *
 * Every decision the reference peer takes, as one table of named numbers.  A fault that a rewrite of the peer's traffic cannot
 * express is this table with one entry replaced.
 */
#ifndef BTW_POLICY_H
#define BTW_POLICY_H

#include "btw/diag.h"

#ifdef __cplusplus
extern "C" {
#endif

/* clang-format off */
/*    name (C)                 default  what it decides; in the notation '_' is written '-' */
#define BTW_POLICY_LIST(X)                                                                                             \
    X(unchoke,                 1,       "unchoke interested peers: 0 never, 1 when a slot is free")                    \
    X(slots,                   1000,    "upload slots")                                                                \
    X(allowed_fast,            10,      "size of the allowed-fast set sent to a peer without pieces; 0 none")
/* clang-format on */

struct btw_policy {
#define BTW_POLICY_FIELD(name, value, what) int64_t name;
    BTW_POLICY_LIST(BTW_POLICY_FIELD)
#undef BTW_POLICY_FIELD
};

/* One row of the table, for listings. */
struct btw_policy_row {
    const char *name; /* with '-' */
    int64_t value;    /* the decent default */
    const char *what;
    size_t offset;    /* in struct btw_policy */
};
size_t btw_policy_count(void);
const struct btw_policy_row *btw_policy_at(size_t i);

/* The decent peer. */
void btw_policy_init(struct btw_policy *policy);
/* Replaces one entry.  BTW_NOT_FOUND: no such name. */
enum btw_status btw_policy_set(struct btw_policy *policy, const char *name, int64_t value);

#ifdef __cplusplus
}
#endif
#endif

/* SPDX-License-Identifier: MIT
 *
 * The inside of values, shared by value.c (expressions, messages) and functions.c.  Nobody else includes it.
 */
#ifndef SCN_VALUE_STATE_H
#define SCN_VALUE_STATE_H

#include "value.h"

/* Always false, for the caller to return. */
bool value_fail(struct scn_env *env, const char *why);
/* Always true, for the caller to return. */
bool value_int(struct scn_value *out, int64_t number);
bool value_bytes(struct scn_value *out, const uint8_t *data, size_t len); /* data is not copied */

/* Zeros for len bytes and one more, NULL when an expression asks for too many. */
uint8_t *value_room(struct scn_env *env, uint64_t len);

/* Bytes of a torrent that is known. */
bool value_block(struct scn_env *env, const struct scn_torrent *torrent, uint32_t piece, uint32_t begin, size_t len,
                 struct scn_value *out);
bool value_all_bits(struct scn_env *env, const struct scn_torrent *torrent, struct scn_value *out);

/* functions.c: what a call comes to. */
bool value_call(struct scn_env *env, const struct scn_expr *expr, struct scn_value *out);

#endif

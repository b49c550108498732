/* SPDX-License-Identifier: MIT
 *
 * The table of session_rules.c, as session.c uses it.
 */
#ifndef BTW_SESSION_IMPL_H
#define BTW_SESSION_IMPL_H

#include "btw/session.h"

/* What speaks against `who` sending msg now. */
enum btw_breach session_check(const struct btw_session *session, enum btw_who who, const struct btw_msg *msg);
/* `who` has sent it: changes the state and tells. */
void session_apply(struct btw_session *session, enum btw_who who, const struct btw_msg *msg, int64_t now_ms);

/* Bits that fit the geometry: right size, no spare ones. */
enum btw_breach session_check_bits(const struct btw_geometry *geometry, struct btw_slice bits);
/* The party announced everything. */
void session_fill(struct btw_party *party, uint32_t pieces);

void session_tell(struct btw_session *session, enum btw_session_event_kind kind, enum btw_who who);
void session_tell_pending(struct btw_session *session, enum btw_session_event_kind kind, enum btw_who who,
                          struct btw_pending pending);

#endif

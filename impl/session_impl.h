/* SPDX-License-Identifier: MIT
 *
 * What session.c, session_rules.c (the table) and session_ext.c (the extended messages) share.
 */
#ifndef BTW_SESSION_IMPL_H
#define BTW_SESSION_IMPL_H

#include "btw/session.h"

/* What speaks against `who` sending msg now. */
enum btw_breach session_check(const struct btw_session *session, enum btw_who who, const struct btw_msg *msg);
/* `who` has sent it: changes the state and tells. */
void session_apply(struct btw_session *session, enum btw_who who, const struct btw_msg *msg, int64_t now_ms);

/* We have sent it; what that changes is another matter. */
void session_count_sent(struct btw_session *session, const struct btw_msg *msg, int64_t now_ms);

/* Bits that fit the geometry: right size, no spare ones. */
enum btw_breach session_check_bits(const struct btw_geometry *geometry, struct btw_slice bits);
/* Is there such a piece, as far as that is known? */
bool session_index_fits(const struct btw_session *session, uint32_t piece);
enum btw_who session_other(enum btw_who who);
/* What `who` waits for will not come: all of it (NULL), or blocks of one piece. */
void session_void(struct btw_session *session, enum btw_who who, const uint32_t *piece);

/* Rows of the table that stand in session_hash.c, */
enum btw_breach session_check_hash_request(const struct btw_session *session, enum btw_who who,
                                           const struct btw_msg *msg);
void session_apply_hash_request(struct btw_session *session, enum btw_who who, const struct btw_msg *msg,
                                int64_t now_ms);
enum btw_breach session_check_hashes(const struct btw_session *session, enum btw_who who, const struct btw_msg *msg);
void session_apply_hashes(struct btw_session *session, enum btw_who who, const struct btw_msg *msg, int64_t now_ms);
/* and in session_ext.c. */
enum btw_breach session_check_extended(const struct btw_session *session, enum btw_who who, const struct btw_msg *msg);
void session_apply_extended(struct btw_session *session, enum btw_who who, const struct btw_msg *msg, int64_t now_ms);

void session_tell(struct btw_session *session, enum btw_session_event_kind kind, enum btw_who who);
void session_tell_piece(struct btw_session *session, enum btw_session_event_kind kind, enum btw_who who,
                        uint32_t piece);
void session_tell_pending(struct btw_session *session, enum btw_session_event_kind kind, enum btw_who who,
                          struct btw_pending pending);

#endif

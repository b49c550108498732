/* SPDX-License-Identifier: MIT
 *
 * Changes a case on three levels: sessions (steps and connections), messages (by the table's kinds of fields, and
 * bencoded payloads by their structure) and plain bytes.
 */
#ifndef LIVE_MUTATE_H
#define LIVE_MUTATE_H

#include "case.h"

/* One to a few changes, drawn from *random.  partner is another case to take steps from.  What comes out is mended. */
void live_mutate(struct live_case *one, const struct live_case *partner, const struct live_facts *facts,
                 uint64_t *random);

/* ---- the levels, each one change ----------------------------------------------------------------------------------
 */

/* What changes one send; false: nothing was changed. */
struct live_mutation {
    const struct live_facts *facts;
    uint64_t *random;
};

bool live_mutate_bytes(struct live_step *step, const struct live_mutation *how);
/* One field of the message in the step; false too when it is none. */
bool live_mutate_msg(struct live_step *step, const struct live_mutation *how);
/* The bencoded payload of the extended message in the step, lengths and message prefix kept true or not. */
bool live_mutate_payload(struct live_step *step, const struct live_mutation *how);
/* Another bencoded value in place of this one, which may be anything; into out (cap bytes).  0: no room. */
size_t live_mutate_bencode(uint8_t *out, size_t cap, struct btw_slice in, const struct live_mutation *how);

/* A new message of any type, with odd fields.  Encoded into out (cap bytes); 0: no room. */
size_t live_make_msg(uint8_t *out, size_t cap, const struct live_mutation *how);
/* A handshake for the target's first torrent, in order. */
size_t live_make_handshake(uint8_t out[BTW_HANDSHAKE_SIZE], const struct live_mutation *how);
/* A number at the edge of something, fit for `kind`. */
uint32_t live_odd_number(enum btw_kind kind, const struct live_mutation *how);

#endif

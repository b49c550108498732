/* SPDX-License-Identifier: MIT
 *
 * Private to the rule files: the check of every row of the table in rules.c.  A check sees the state before the message
 * it judges, and reports with breach().
 */
#ifndef BTW_RULES_H
#define BTW_RULES_H

#include "monitor_state.h"

typedef void btw_rule_check(const struct judge *judge);

/* Message sets. */
#define ON_AVAILABILITY (ON(BTW_BITFIELD) | ON(BTW_HAVE_ALL) | ON(BTW_HAVE_NONE))
#define ON_FAST (ON(BTW_SUGGEST) | ON(BTW_HAVE_ALL) | ON(BTW_HAVE_NONE) | ON(BTW_REJECT) | ON(BTW_ALLOWED_FAST))
#define ON_HASHES (ON(BTW_HASH_REQUEST) | ON(BTW_HASHES) | ON(BTW_HASH_REJECT))
/* What nobody can say without the metadata. */
#define ON_INDEXED                                                                                                     \
    (ON(BTW_HAVE) | ON(BTW_REQUEST) | ON(BTW_PIECE) | ON(BTW_CANCEL) | ON(BTW_SUGGEST) | ON(BTW_ALLOWED_FAST))

/* rules_handshake.c */
btw_rule_check handshake_layout, handshake_peer_id, initiator_waits, reserved_bits_assigned, reserved_bits_spoken,
    peer_id_not_blank, peer_id_random;
/* rules_framing.c */
btw_rule_check message_framing, keep_alive_interval, index_in_range, message_id_assigned, port_layout, port_negotiated;
/* rules_have.c */
btw_rule_check bitfield_first, bitfield_size, bitfield_spare_bits, have_after_data, have_once;
/* rules_choke.c */
btw_rule_check request_unchoked, seed_not_interested, choke_rhythm, request_interested;
/* rules_request.c */
btw_rule_check request_length, request_in_piece, request_aligned, request_once, request_missing_piece,
    piece_answers_request, cancel_names_request, request_in_file;
/* rules_fast.c */
btw_rule_check fast_negotiated, availability_first, have_all_truthful, suggest_announced, choke_before_rejects,
    reject_names_request, allowed_fast_valid;
/* rules_hash.c */
btw_rule_check upgrade_of_hybrids, hash_answer_asked_for, hashes_in_version_2, hash_request_formed, hash_request_length,
    hash_request_layers;
/* rules_ext.c */
btw_rule_check bencoding_canonical, ext_handshake_early, ext_negotiated, ext_id_announced;
/* rules_ext_handshake.c */
btw_rule_check ext_handshake_dict, ext_handshake_ids, ext_listen_port, ext_version_text, ext_yourip, ext_own_addresses,
    ext_reqq, ext_short_keys;
/* rules_pex.c */
btw_rule_check pex_names_a_list, pex_contacts_packed, pex_flags_one_each, pex_flags_known, pex_contacts_once,
    pex_added_or_dropped;

/* Facts for several rule files. */

/* Has this side surely read the other's handshake, by its own words or because time has passed? */
bool knows_handshake(const struct judge *judge);
/* Has this side surely had the metadata from the start? */
bool has_metadata(const struct judge *judge);
/* The name of a message, for texts. */
const char *name_of(enum btw_type type);
/* A strict reader stumbled at this offset; was it only over an integer that is too long for us, though well formed? */
bool is_huge_integer(struct btw_slice in, size_t offset);
/* Is this a message to an id that fits no byte, of which its receiver has made 0, that of the extended handshake?
 * Whoever announced it has asked for the confusion. */
bool is_cut_id(const struct judge *judge);

#endif

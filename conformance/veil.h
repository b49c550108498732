/* SPDX-License-Identifier: MIT
 *
 * One connection of the reference peer as the wire sees it: what is said passes the faults (fault.h), and then the
 * encryption that the peer's policy wants (btw/peer_mse.h).  In clear it is the same as a struct scn_faulty.
 */
#ifndef SCN_VEIL_H
#define SCN_VEIL_H

#include "fault.h"

struct scn_veil;

/* Takes the peer over and frees it; host is the one it belongs to. */
struct scn_veil *scn_veil_new(struct btw_peer *peer, struct btw_host *host, struct scn_faults *faults);
void scn_veil_free(struct scn_veil *veil); /* NULL is fine */

/* All the others are as those of struct scn_faulty, for bytes of the wire. */
void scn_veil_connected(struct scn_veil *veil, int64_t now_ms);
void scn_veil_received(struct scn_veil *veil, struct btw_slice bytes, int64_t now_ms);
void scn_veil_received_end(struct scn_veil *veil, enum btw_end how, int64_t now_ms);
bool scn_veil_reads(const struct scn_veil *veil);
struct btw_slice scn_veil_output(struct scn_veil *veil, int64_t now_ms);
void scn_veil_sent(struct scn_veil *veil, size_t len);
enum btw_end scn_veil_wants_end(const struct scn_veil *veil);
int64_t scn_veil_deadline(const struct scn_veil *veil);
void scn_veil_tick(struct scn_veil *veil, int64_t now_ms);

#endif

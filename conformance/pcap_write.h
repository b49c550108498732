/* SPDX-License-Identifier: MIT
 *
 * Captures of what a run said and heard, for Wireshark and for pcap/: the streams are the true ones, the packets around
 * them are made up (raw IP, a handshake and an end for each connection, right sequence numbers, no lost packets).
 */
#ifndef SCN_PCAP_WRITE_H
#define SCN_PCAP_WRITE_H

#include "net.h"
#include "run.h"

struct scn_pcap;
struct scn_pcap_file;

/* Captures go to dir, which is made when it is not there: ID.pcap, a slash in the id becomes a dash.  NULL: errno says
 * why. */
struct scn_pcap *scn_pcap_new(const char *dir, const struct scn_endpoint *target);
void scn_pcap_free(struct scn_pcap *pcap); /* completes all files; NULL is fine */

/* The capture of one run, begun anew when the run is a second try.  NULL: it cannot be written. */
struct scn_pcap_file *scn_pcap_file(struct scn_pcap *pcap, const struct scn_run *run);
/* For scn_run_tap; user is the struct scn_pcap_file. */
void scn_pcap_tap(void *user, const struct scn_conn *conn, bool sent, struct btw_slice bytes, int64_t now_ms);

#endif

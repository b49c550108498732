/* SPDX-License-Identifier: MIT
 *
 * Faults: what makes the decent reference peer a bad one, so that scenarios and rules can show that they notice.
 *
 * A fault of kind `policy` changes the host before it is made.  Faults of kind `tx` and `rx` stand between one
 * connection of the reference peer and the wire, where they drop, change, repeat, delay, answer or add messages, or end
 * the connection. Whatever no fault fits passes byte for byte, also malformed frames and what never was BitTorrent.
 */
#ifndef SCN_FAULT_H
#define SCN_FAULT_H

#include "btw/peer.h"
#include "script.h"
#include "value.h"

/* The faults of one host.  All of it is borrowed and outlives the connections made with it. */
struct scn_faults {
    const struct scn_fault_spec *specs;
    size_t count;
    /* Variables of a scenario ($t1, those of a case); NULL: none.  In a changed message $FIELD is a field of the
     * message that was matched, before anything else. */
    bool (*get)(void *user, const char *name, struct scn_value *out);
    void *user;
    unsigned fired;    /* out: how often a tx or rx fault did something */
    const char *error; /* out: why a changed message could not be made, static storage; it was left out */
};

/* Applies all policy faults.  BTW_NOT_FOUND: the policy has no such entry; *policy is partly changed. */
enum btw_status scn_faults_apply_policy(struct btw_policy *policy, const struct scn_faults *faults);

/* Parses faults written outside of a scenario, one a line: "tx piece set begin=0".  The script holds one scenario with
 * them and nothing else.  NULL: *error says why. */
struct scn_script *scn_faults_parse(const char *text, struct scn_error *error);

/* ---- one connection ---------------------------------------------------------------------------------------------- */

struct scn_faulty;

/* Takes the peer over and frees it; host is the one it belongs to. */
struct scn_faulty *scn_faulty_new(struct btw_peer *peer, struct btw_host *host, struct scn_faults *faults);
void scn_faulty_free(struct scn_faulty *faulty); /* NULL is fine */

/* The peer dialled, and the connection stands. */
void scn_faulty_connected(struct scn_faulty *faulty, int64_t now_ms);

/* Bytes from the wire, and the end of them; as btw_peer_received and btw_peer_received_end. */
void scn_faulty_received(struct scn_faulty *faulty, struct btw_slice bytes, int64_t now_ms);
void scn_faulty_received_end(struct scn_faulty *faulty, enum btw_end how, int64_t now_ms);
/* False: the connection hangs; leave what comes on it to the transport. */
bool scn_faulty_reads(const struct scn_faulty *faulty);

/* The next bytes for the wire, often one message; a view until the next call.  Ask again after scn_faulty_sent until it
 * is empty, and whenever the peer or the host may have done something. */
struct btw_slice scn_faulty_output(struct scn_faulty *faulty, int64_t now_ms);
void scn_faulty_sent(struct scn_faulty *faulty, size_t len);
/* How the connection is to be closed, once scn_faulty_output is empty and nothing is delayed. */
enum btw_end scn_faulty_wants_end(const struct scn_faulty *faulty);

/* When something that was delayed is due, INT64_MAX: nothing is. */
int64_t scn_faulty_deadline(const struct scn_faulty *faulty);
void scn_faulty_tick(struct scn_faulty *faulty, int64_t now_ms);

#endif

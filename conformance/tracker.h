/* SPDX-License-Identifier: MIT
 *
 * An HTTP tracker (BEP 3, BEP 23) on the loop of the caller: it names the suite's listeners to the target, and keeps
 * what the target says of itself.  Everything else about trackers is no business of a peer wire suite.
 */
#ifndef SCN_TRACKER_H
#define SCN_TRACKER_H

#include <uv.h>

#include "btw/peer.h"

enum {
    SCN_TRACKER_INTERVAL_S = 5,
    SCN_TRACKER_OFFERS_MAX = 256, /* listeners at one time; more are not announced */
    SCN_TRACKER_IDS_MAX = 1024,   /* announced peer ids that are remembered */
};

struct scn_tracker;

/* Listens on host ("127.0.0.1", "0.0.0.0") and port, 0: a free one.  NULL: it cannot, errno says why. */
struct scn_tracker *scn_tracker_new(uv_loop_t *loop, const char *host, uint16_t port);
uint16_t scn_tracker_port(const struct scn_tracker *tracker);

/* Names an address to whoever asks for the torrent.  peer_id NULL: without one.  Remove takes what add took. */
void scn_tracker_add(struct scn_tracker *tracker, const uint8_t info_hash[20], const struct btw_address *address,
                     const uint8_t *peer_id);
void scn_tracker_remove(struct scn_tracker *tracker, const uint8_t info_hash[20], const struct btw_address *address);

/* Distinct peer ids announced so far; the array stays where it is until scn_tracker_free. */
const uint8_t (*scn_tracker_ids(const struct scn_tracker *tracker, size_t *count))[20];
/* Forgets those peer ids: who announced them is gone. */
void scn_tracker_forget_ids(struct scn_tracker *tracker);

/* Stops at once.  The loop must be run once more, until it has nothing left to do, before scn_tracker_free. */
void scn_tracker_close(struct scn_tracker *tracker);
void scn_tracker_free(struct scn_tracker *tracker);

#endif

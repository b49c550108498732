/* SPDX-License-Identifier: MIT
 *
 * Asks an HTTP tracker for peers (BEP 3, BEP 23), for the reference peer.  Blocks: meant for a thread of the loop's
 * pool.
 */
#ifndef SCN_ANNOUNCE_H
#define SCN_ANNOUNCE_H

#include "btw/peer.h"

enum { SCN_ANNOUNCE_PEERS_MAX = 50, SCN_ANNOUNCE_TIMEOUT_S = 5 };

struct scn_announced {
    struct btw_address address;
    uint8_t peer_id[20];
    bool has_id;
};

struct scn_announcer; /* a connection to one tracker, used by one thread at a time */

/* Call curl_global_init before the first thread.  url is copied.  NULL: memory. */
struct scn_announcer *scn_announcer_new(const char *url, const uint8_t peer_id[20], uint16_t port);
void scn_announcer_free(struct scn_announcer *announcer);

/* Number of peers written to out; 0 also when the tracker does not answer, or answers nonsense. */
size_t scn_announce(struct scn_announcer *announcer, const uint8_t info_hash[20], bool complete,
                    struct scn_announced out[SCN_ANNOUNCE_PEERS_MAX]);

#endif

/* SPDX-License-Identifier: MIT
 *
 * What the fuzzer knows of the target: its torrents, and what calibration (calibrate.h) has seen of it.
 */
#ifndef LIVE_FACTS_H
#define LIVE_FACTS_H

#include "world.h"

enum { LIVE_TORRENTS_MAX = SCN_TORRENTS_MAX };

struct live_torrent {
    const char *kind; /* as a scenario names it */
    uint8_t info_hash[20];
    uint32_t pieces, piece_length, last_length; /* 0: not known */
    uint32_t metadata_size;
};

struct live_facts {
    struct live_torrent torrents[LIVE_TORRENTS_MAX]; /* the first is what most cases are about */
    size_t torrent_count;
    uint8_t metadata_id, pex_id; /* extended ids that the target announces; 0: none */
    bool fast, ext;              /* it sets the bit */
    bool secret;                 /* all scripted peers encrypt */
    bool answers_fin;            /* it ends a connection that we have half-closed */
    bool unchokes, has_metadata; /* what an innocent session may expect of it: a block at once, or metadata */
    int64_t sync_ms; /* a request that must be answered has been so by then, and another one will; 0: it is not, or the
                                target makes everybody wait */
    int64_t answer_ms;      /* p99 of the time to its handshake */
    int64_t dial_ms;        /* whom it is told of by its tracker it dials within that; 0: it does not */
    int64_t await_ms;       /* how long a case waits for a message that it would like to see */
    int64_t patience_ms;    /* after so long the target has not answered */
    const uint8_t *peer_id; /* 20 bytes as it sent them, or NULL */
};

/* Before calibration: the geometry alone, and long deadlines. */
void live_facts_init(struct live_facts *facts, const struct scn_world *world);
/* NULL: none of the target's. */
const struct live_torrent *live_facts_torrent(const struct live_facts *facts, const uint8_t info_hash[20]);

#endif

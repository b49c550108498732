/* SPDX-License-Identifier: MIT
 *
 * What a run knows of the target and of the torrents it has loaded.
 */
#ifndef SCN_WORLD_H
#define SCN_WORLD_H

#include "btw/metainfo.h"
#include "script.h"

/* A torrent that the target has (as seed), misses (leech) or knows by info-hash only (magnet). */
struct scn_torrent {
    const char *kind; /* fixture kind, or "any": the user's own */
    unsigned copy;    /* 0: the canonical one that seeds share; others belong to one scenario each */
    uint8_t info_hash[20];
    bool unanswered; /* the target was asked for it in vain: what needs it cannot be judged */
    bool known;      /* meta is filled */
    struct btw_metainfo meta;
    uint32_t *piece_sizes; /* version 2 (BEP 52): of each piece; else NULL */
    /* Content at an absolute offset of the payload; false when the suite does not have the data.  NULL: the same. */
    bool (*read)(const struct scn_torrent *torrent, uint64_t offset, uint8_t *out, size_t len);
    void *source; /* for read */
};

struct scn_world {
    struct scn_torrent *torrents;
    size_t torrent_count;
    enum scn_target role;             /* the target's state: seed, leech or magnet */
    uint64_t capabilities;            /* 1 << enum scn_capability: what the target as a whole was seen to have */
    bool probed;                      /* capabilities are known; before that, only handshake scenarios may run */
    bool alive_seen;                  /* a handshake has been answered at least once */
    uint16_t listen_port;             /* where the target listens, 0 unknown */
    double timeout_scale;             /* of every deadline, 1 normally */
    uint64_t seed;                    /* of everything random */
    uint32_t mse;                     /* methods that all scripted peers encrypt with; 0: those do whose line says so */
    unsigned next_source;             /* source addresses given out so far */
    size_t inbox_bytes;               /* that wait for the scripts of all runs */
    const uint8_t (*tracker_ids)[20]; /* peer ids the target announced to our tracker */
    size_t tracker_id_count;
    const uint8_t (*earlier_ids)[20]; /* peer ids of earlier starts of the target's program */
    size_t earlier_id_count;
};

/* Copies of a fixture: the canonical one of seeds, the one that scenarios of leeches and magnets share, and one for
 * each run that uses its torrent up. */
enum { SCN_COPY_SEED = 0, SCN_COPY_SHARED = 1, SCN_COPY_OWN = 2 };

enum { SCN_SOME_PIECES = 8, SCN_SOME_PIECE_LENGTH = 32768 };

/* The torrent of that kind and copy; NULL when the target does not have it, or does not answer for it.  Kind NULL or
 * "any" is the first one; "some" is the fixture's base, or else the user's own, if it has SCN_SOME_PIECES of
 * SCN_SOME_PIECE_LENGTH at least and its content is known. */
const struct scn_torrent *scn_world_torrent(const struct scn_world *world, const char *kind, unsigned copy);
/* The same, of those that the target does not answer for. */
const struct scn_torrent *scn_world_unanswered(const struct scn_world *world, const char *kind, unsigned copy);

/* The info-hashes that a torrent goes by, 20 bytes each: of a hybrid the second is that of version 2 (BEP 52).  How
 * many there are. */
size_t scn_torrent_hashes(const struct scn_torrent *torrent, const uint8_t *hashes[2]);
/* The torrent that goes by this info-hash; NULL: none does. */
const struct scn_torrent *scn_world_torrent_of(const struct scn_world *world, const uint8_t info_hash[20]);

/* The fixture that a kind of a script stands for. */
const char *scn_kind_fixture(const char *kind);

/* Content of a block.  False: geometry or content unknown, or outside the torrent. */
bool scn_torrent_block(const struct scn_torrent *torrent, uint32_t piece, uint32_t begin, uint8_t *out, size_t len);
/* 0: geometry unknown, or no such piece. */
uint32_t scn_torrent_piece_size(const struct scn_torrent *torrent, uint32_t piece);

#endif

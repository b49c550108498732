/* SPDX-License-Identifier: MIT
 *
 * What a session amounted to: who said how much of what, how long requests waited, who was choked when, which pieces
 * went over.  It keeps counts, never messages; memory per session is small and bounded.
 */
#ifndef CAP_ACCOUNT_H
#define CAP_ACCOUNT_H

#include "btw/ext.h"
#include "dissect.h"

enum {
    CAP_CHOKES_KEPT = 16,          /* periods listed per side; the others are counted */
    CAP_PIECES_MAX = 1 << 20,      /* pieces told apart */
    CAP_POOL_SIZE = 8 << 20,       /* bytes for what grows, in all sessions together */
    CAP_EXT_HANDSHAKE_MAX = 4096,  /* longer ones are not kept */
    CAP_EXT_HANDSHAKES = BTW_EXTS, /* behind the known extensions in cap_side.extended: the extended handshake, */
    CAP_EXT_OTHERS,                /* and the rest */
    CAP_EXT_COUNTS
};

/* Room that all accounts share; begin with CAP_POOL_SIZE. */
struct cap_pool {
    size_t left;
};

struct cap_period {
    int64_t from_ns, to_ns;
};

/* Blocks that one side sent. */
struct cap_pieces {
    uint32_t *bytes;  /* by piece; UINT32_MAX once the receiver has announced it */
    uint32_t room;    /* pieces */
    uint32_t end_max; /* the largest begin + length */
    uint64_t total;   /* bytes of blocks */
    uint64_t untold;  /* blocks of pieces beyond the room */
};

struct cap_side {
    uint64_t messages[BTW_TYPES];      /* handshake and bytes that are none (raw) included */
    uint64_t extended[CAP_EXT_COUNTS]; /* by enum btw_ext, then the two above */
    bool handshake_seen;
    uint8_t reserved[8], info_hash[20], peer_id[20];
    uint8_t *ext_handshake; /* the last one's dictionary, or NULL */
    size_t ext_handshake_len;
    struct btw_ext_map wants; /* ids it wants to be sent */
    uint64_t bad;             /* frames that broke their layout */
    /* its requests */
    uint64_t answered, rejected, cancelled;
    int64_t wait_min_ns, wait_max_ns, wait_sum_ns; /* of those that were answered, */
    uint64_t waits;                                /* and how many of them were timed */
    /* its choking of the other side; it begins choked, from the first message on */
    struct cap_period chokes[CAP_CHOKES_KEPT];
    uint64_t choke_count;
    int64_t choked_ns;
    struct cap_pieces pieces;
    /* private */
    bool choking;
    int64_t choking_since_ns;
    struct cap_asked *asked;
    uint32_t asked_room, asked_first, asked_count;
};

struct cap_account {
    struct cap_side side[2]; /* by enum btw_side */
    bool begun;
    struct cap_pool *pool;
};

/* The account of a session; NULL: memory is short. */
struct cap_account *cap_account_new(struct cap_pool *pool);
void cap_account_free(struct cap_account *account);
void cap_account_take(struct cap_account *account, const struct cap_event *event);
/* The session is over: open periods end. */
void cap_account_end(struct cap_account *account, int64_t time_ns);

/* What is known of a torrent's pieces.  piece_length 0: nothing. */
struct cap_geometry {
    uint32_t pieces; /* 0: unknown */
    uint32_t piece_length;
    uint64_t total_length;
    const uint32_t *piece_sizes; /* where pieces differ (BEP 52), or NULL */
    bool inferred;               /* from the blocks that were seen */
};
/* When nothing better is known: a piece is as long as the blocks of the session need, a power of two. */
struct cap_geometry cap_geometry_inferred(const struct cap_account *account);
uint32_t cap_geometry_size(const struct cap_geometry *geometry, uint32_t piece);
/* Pieces that went over whole. */
uint32_t cap_pieces_whole(const struct cap_pieces *pieces, const struct cap_geometry *geometry);

#endif

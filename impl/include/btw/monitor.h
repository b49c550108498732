/* SPDX-License-Identifier: MIT
 *
 * The monitor: a role-blind observer of one connection.  It sees every message of both directions with its time and
 * judges each side by the rules of one table (rules.c).  It knows nothing of scenarios, captures or roles, and runs in
 * all of them.
 *
 * A sender is judged only by what had surely reached it.  The observer stands next to one side (the near side) or on
 * the path between both; what it saw going to a side counts as known to that side `grace_ms` later, or as soon as that
 * side's own bytes prove it.  So messages that cross in flight are innocent.
 */
#ifndef BTW_MONITOR_H
#define BTW_MONITOR_H

#include "btw/api.h"
#include "btw/msg.h"

BTW_BEGIN_DECLS

enum btw_level { BTW_MUST, BTW_SHOULD, BTW_MAY, BTW_DEFACTO };
enum btw_verdict { BTW_PASS, BTW_INFO, BTW_WARN, BTW_FAIL };
enum btw_side { BTW_DIALLER, BTW_ACCEPTOR };

/* One row of the rule table. */
struct btw_rule {
    const char *id;   /* id in the requirement ledger: "BEP3-REQ-01" */
    const char *name; /* in words: "request-length" */
    enum btw_level level;
    const char *bep;  /* "BEP 3" */
    const char *text; /* what must hold, one sentence of our own */
    /* the check itself is private to rules.c */
};
size_t btw_rule_count(void);
const struct btw_rule *btw_rule_at(size_t i);
/* By id or by name; NULL when there is none. */
const struct btw_rule *btw_rule_find(const char *id_or_name);

/* A breach.  All pointers live only during the callback, except rule.  After 16 findings of one rule against one side
 * only a worse one is reported. */
struct btw_finding {
    const struct btw_rule *rule;
    enum btw_verdict verdict; /* BTW_WARN or BTW_FAIL */
    enum btw_side side;       /* who broke it */
    int64_t time_ms;
    const char *text;          /* what was wrong, one sentence: "requests piece 37 begin 16384 length 16384, but ..." */
    const struct btw_msg *msg; /* the message that shows it, or NULL (silence, end of connection) */
};
typedef void btw_finding_fn(void *user, const struct btw_finding *finding);

/* What is known about the world of one connection; everything may be unknown (0, NULL). */
struct btw_monitor_world {
    uint32_t pieces; /* geometry of the torrent; 0: unknown, index rules stay silent */
    uint32_t piece_length;
    uint64_t total_length;
    /* Are the len bytes the content of this piece at begin?  NULL: content is not judged. */
    bool (*content)(void *user, uint32_t piece, uint32_t begin, struct btw_slice data);
    /* Blocks and HAVEs on other connections with the same far client (one torrent).  NULL: this connection stands
     * alone. delivered: has that side had the piece from the start, or may it have got all of its bytes, with the right
     * content, from anybody?  False is an accusation: set it only where every source of that side is seen. announced:
     * did that side announce the piece on any connection at least 10 s before now? */
    bool (*delivered)(void *user, enum btw_side side, uint32_t piece, int64_t now_ms);
    bool (*announced)(void *user, enum btw_side side, uint32_t piece, int64_t now_ms);
    void *user;
    const uint8_t *info_hash; /* 20 bytes, or NULL */
    struct {
        bool complete;                    /* this side surely has everything (role seed); it never wants anything */
        bool magnet;                      /* this side has surely no metadata at the start */
        bool metadata;                    /* this side surely has the metadata from the start (complete implies it) */
        uint16_t listen_port;             /* 0: unknown */
        uint8_t address[16];              /* as the other side sees it */
        uint8_t address_len;              /* 0 (unknown), 4 or 16 */
        uint16_t port;                    /* of this very connection, 0: unknown */
        const uint8_t (*tracker_ids)[20]; /* peer ids this side announced to a tracker */
        size_t tracker_id_count;
        const uint8_t (*earlier_ids)[20]; /* peer ids that this side used in earlier runs of its program */
        size_t earlier_id_count;
    } side[2];
    bool v1_only; /* the torrent surely has no v2 hashes: hash messages, and reject without Fast, are out of place */
    /* Version 2 (BEP 52); NULL: unknown.  The session is one of version 2 when the acceptor answers with that hash. */
    const uint8_t *info_hash_v2; /* 20 bytes, cut short */
    const uint32_t *piece_sizes; /* of each piece in version 2 */
    /* Layers above the leaves of the file with this root; -1: there is none.  NULL: hash requests are judged by their
     * form alone. */
    int (*hash_height)(void *user, const uint8_t root[32]);
    /* How far the times at which messages are seen may be from those at which they were sent (lost and sent again). */
    int64_t jitter_ms;
    /* Answered requests remembered per side, a power of two, where memory is dear; 0: thousands. */
    uint32_t asks_kept;
    bool truncated_start; /* a capture that begins mid-stream: rules about firsts stay silent */
    bool hole;            /* bytes are missing: rules about absence stay silent */
};

enum { BTW_GRACE_MS_DEFAULT = 5000 };

struct btw_monitor;

/* Allocates a monitor (the reference layer may); NULL when memory is short.  world is copied, what it points to stays
 * the caller's and must outlive the monitor. */
struct btw_monitor *btw_monitor_new(const struct btw_monitor_world *world, int64_t grace_ms, btw_finding_fn *found,
                                    void *user);
void btw_monitor_free(struct btw_monitor *monitor);

/* The geometry became known later (metadata arrived). */
void btw_monitor_set_geometry(struct btw_monitor *monitor, uint32_t pieces, uint32_t piece_length,
                              uint64_t total_length);

/* The torrent's version 2 became known later (metadata arrived), as in the world; NULL when it surely has none.  Sizes
 * are of as many pieces as the geometry has, which is to be set before. */
void btw_monitor_set_v2(struct btw_monitor *monitor, const uint8_t *info_hash_v2, const uint32_t *piece_sizes);

/* `side` sent msg; now_ms never goes back.  bad_wire says that msg is a BTW_RAW that broke layout (btw_stream_next).
 * Bounded work and memory per message whatever it holds. */
void btw_monitor_sent(struct btw_monitor *monitor, enum btw_side side, const struct btw_msg *msg, bool bad_wire,
                      int64_t now_ms);

/* From here on bytes of this side may be missing, or be seen late (a reader that stalls on purpose): what it has said
 * is no longer known for certain, and rules that build on that stay silent. */
void btw_monitor_gap(struct btw_monitor *monitor, enum btw_side side);

/* Time went on; the caller calls at least at btw_monitor_deadline() (INT64_MAX: never). */
void btw_monitor_tick(struct btw_monitor *monitor, int64_t now_ms);
int64_t btw_monitor_deadline(const struct btw_monitor *monitor);

/* The connection ended (closed_by NULL: the observation ended, nobody closed).  now_ms is the last time at which it was
 * surely there.  What is sent after that is still judged, silence is not. */
void btw_monitor_end(struct btw_monitor *monitor, const enum btw_side *closed_by, int64_t now_ms);

/* What has been seen of a side, for scripts (`check`), reports and state feedback.  Counts are of messages sent by that
 * side. */
struct btw_view {
    uint64_t messages[BTW_TYPES];
    uint64_t bytes;
    bool choking, interested; /* current, as sent */
    bool handshake_seen, ext_handshake_seen;
    struct btw_msg handshake; /* valid when handshake_seen */
    uint32_t open_requests;   /* sent, not answered, cancelled or voided */
    uint32_t open_requests_max;
    uint32_t answered_pieces,
        answered_rejects;     /* answers by the other side to requests of this side, each request once */
    uint32_t surplus_answers; /* answers by the other side that match no open request of this side */
    uint32_t announced;       /* pieces this side announced (bitfield, have_all, have) */
    uint32_t allowed_fast;    /* distinct allowed_fast indices this side sent */
    uint8_t ext_id_of_ut_metadata, ext_id_of_ut_pex; /* ids this side wants to receive; 0: none */
    int64_t metadata_size;                           /* announced by this side, -1: not */
    int64_t reqq;                                    /* -1: not */
    char client[64];                                 /* v of the extended handshake, or decoded peer id; printable */
};
const struct btw_view *btw_monitor_view(const struct btw_monitor *monitor, enum btw_side side);
/* Did this side announce the piece?  Did it send allowed_fast for it?  Is a request of this side for the block open? */
bool btw_monitor_has(const struct btw_monitor *monitor, enum btw_side side, uint32_t piece);
bool btw_monitor_allowed_fast(const struct btw_monitor *monitor, enum btw_side side, uint32_t piece);

BTW_END_DECLS
#endif

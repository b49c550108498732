/* SPDX-License-Identifier: MIT
 *
 * The state of one connection behind its handshakes: who chokes whom, who wants and has what, which requests are open,
 * what the extensions agreed on, how much went over the wire and how fast.  It carries no bytes: the caller reports
 * every message it receives and asks before every message it sends.
 *
 * No allocation, no clock, no sockets.  The caller gives memory with explicit sizes; what a peer does stays inside it.
 *
 * Both parties are kept by the same rules (struct btw_party), so a reader of one understands the other.
 */
#ifndef BTW_SESSION_H
#define BTW_SESSION_H

#include "btw/api.h"
#include "btw/bytes.h"
#include "btw/ext.h"
#include "btw/hash_exchange.h"
#include "btw/msg.h"
#include "btw/rate.h"

BTW_BEGIN_DECLS

/* What a message does against the state.  `crossing`: it is innocent when received, since it may have met ours in
 * flight; such a message should be ignored, others may end the connection. */
/* clang-format off */
#define BTW_BREACH_LIST(X)                                                                                          \
    /* code              crossing  spec      sentence */                                                            \
    X(NONE,              true,     "",       "nothing is wrong")                                                    \
    X(NO_HANDSHAKE,      false,    "BEP 3",  "a message before both handshakes")                                    \
    X(HANDSHAKE_TWICE,   false,    "BEP 3",  "a second handshake")                                                  \
    X(LATE_AVAILABILITY, false,    "BEP 3",  "bitfield, have_all or have_none behind other messages")               \
    X(BITFIELD_SIZE,     false,    "BEP 3",  "a bitfield of the wrong size")                                        \
    X(SPARE_BITS,        false,    "BEP 3",  "a bitfield with spare bits set")                                      \
    X(INDEX,             false,    "BEP 3",  "a piece index outside the torrent")                                   \
    X(RANGE,             false,    "BEP 3",  "a block that is empty or leaves its piece")                           \
    X(HAVE_TWICE,        true,     "BEP 3",  "a piece announced twice")                                             \
    X(NOT_INTERESTED,    true,     "BEP 3",  "a request without interest")                                          \
    X(CHOKED,            true,     "BEP 3",  "a request, or a block, although the requester is choked")             \
    X(NOT_ANNOUNCED,     true,     "BEP 3",  "a request for a piece the other side has not announced")              \
    X(REQUEST_TWICE,     true,     "BEP 3",  "a request that is still open")                                        \
    X(TOO_MANY,          false,    "BEP 10", "more open requests than the table holds")                             \
    X(PIECE_UNASKED,     false,    "BEP 6",  "a block nobody asked for")                                            \
    X(CANCEL_UNASKED,    true,     "BEP 3",  "a cancel without an open request")                                    \
    X(REJECT_UNASKED,    false,    "BEP 6",  "a reject without an open request")                                    \
    X(FAST_OFF,          false,    "BEP 6",  "a Fast message although Fast is not agreed on")                       \
    X(EXT_OFF,           false,    "BEP 10", "an extended message although the extension protocol is not agreed on")\
    X(EXT_ID,            false,    "BEP 10", "an extended id the receiver has not announced")                       \
    X(EXT_LAYOUT,        false,    "BEP 10", "an lt_donthave or upload_only with a payload of the wrong size")      \
    X(NOT_HELD,          true,     "BEP 54", "lt_donthave for a piece that is not announced")                       \
    X(DHT_OFF,           false,    "BEP 5",  "a port to a side without the DHT bit")                                \
    X(HASHES_UNASKED,    false,    "BEP 52", "hashes, or a hash_reject, that nobody asked for")                     \
    X(HASHES_MANY,       false,    "BEP 52", "more open hash requests than the table holds")
/* clang-format on */

enum btw_breach {
#define BTW_BREACH_ENUM(code, crossing, spec, sentence) BTW_BREACH_##code,
    BTW_BREACH_LIST(BTW_BREACH_ENUM)
#undef BTW_BREACH_ENUM
        BTW_BREACHES
};
const char *btw_breach_text(enum btw_breach breach);
bool btw_breach_may_cross(enum btw_breach breach);

/* The torrent as the wire sees it.  pieces 0: not known yet (BEP 9). */
struct btw_geometry {
    uint32_t pieces;
    uint32_t piece_length;
    uint64_t total_length;
    const uint32_t *piece_sizes; /* of each piece, where each file begins with one of its own (BEP 52); else NULL */
};
/* Bytes of one piece, the last one may be shorter; 0 outside the torrent. */
uint32_t btw_piece_size(const struct btw_geometry *geometry, uint32_t piece);

struct btw_block {
    uint32_t piece, begin, length;
};
bool btw_block_equal(struct btw_block a, struct btw_block b);
/* Not empty, and inside an existing piece. */
bool btw_block_fits(const struct btw_geometry *geometry, struct btw_block block);

/* One open request: sent, and not answered; without Fast also not cancelled, and not voided by a choke or by
 * lt_donthave. */
struct btw_pending {
    struct btw_block block;
    int64_t since_ms;
    bool cancelled; /* with Fast it still gets its one answer */
    bool late;      /* its timeout has been reported */
};

/* One open hash request (BEP 52): sent, and answered neither by hashes nor by a hash_reject. */
struct btw_hash_pending {
    struct btw_hash_range range;
    int64_t since_ms;
};

enum btw_who { BTW_US, BTW_THEM };

/* What one party has said.  Callers read; only the session writes. */
struct btw_party {
    bool handshake;        /* sent */
    uint8_t reserved[8];   /* of the handshake */
    bool choking;          /* starts true (BEP 3) */
    bool interested;       /* starts false */
    bool opened;           /* has sent something its availability message must stand before */
    bool has_all;          /* have_all; until the geometry is known the whole map is set */
    bool upload_only;      /* wants nothing more (BEP 21): the key of its extended handshake, or the message */
    uint16_t dht_port;     /* of its last port message (BEP 5); 0: none, or told to forget it */
    uint8_t *have;         /* pieces announced, a bitfield of map_size bytes */
    uint8_t *allowed_fast; /* pieces for which this party sent allowed_fast */
    uint32_t have_count;
    size_t bitfield_size;        /* of a bitfield before the geometry is known */
    struct btw_pending *pending; /* open requests of this party, oldest first */
    size_t pending_cap, pending_count;
    struct btw_hash_pending *hash_pending; /* open hash requests of this party, oldest first */
    size_t hash_cap, hash_count;
    struct btw_ext_map ext; /* ids this party wants to be sent */
    uint64_t payload_bytes; /* blocks sent */
    uint64_t wire_bytes;    /* everything sent */
    struct btw_rate payload_rate, wire_rate;
    int64_t last_ms; /* of the last message */
};

enum btw_session_event_kind {
    BTW_EVENT_CHOKE, /* by `who`: it chokes now */
    BTW_EVENT_UNCHOKE,
    BTW_EVENT_INTERESTED,
    BTW_EVENT_NOT_INTERESTED,
    BTW_EVENT_AVAILABILITY,  /* bitfield, have_all, have_none: read the map */
    BTW_EVENT_HAVE,          /* block.piece */
    BTW_EVENT_DONTHAVE,      /* block.piece is gone (BEP 54); without Fast the requests for it are voided next */
    BTW_EVENT_REQUEST,       /* block; `who` asks */
    BTW_EVENT_ANSWERED,      /* block; the request of `who` is closed by a piece */
    BTW_EVENT_REJECTED,      /* block; ... by a reject */
    BTW_EVENT_CANCELLED,     /* block; `who` takes its request back; with Fast it stays open until answered */
    BTW_EVENT_VOIDED,        /* block; ... is void by a choke, or by lt_donthave, without Fast */
    BTW_EVENT_ALLOWED_FAST,  /* block.piece */
    BTW_EVENT_EXTENSIONS,    /* ids may have changed */
    BTW_EVENT_UPLOAD_ONLY,   /* party.upload_only of `who` has changed (BEP 21) */
    BTW_EVENT_REQUEST_LATE,  /* block; ours is not answered in time (once per request) */
    BTW_EVENT_KEEPALIVE_DUE, /* we have been silent for keepalive_ms: send something */
    BTW_EVENT_IDLE,          /* they have been silent for idle_ms */
};
struct btw_session_event {
    enum btw_session_event_kind kind;
    enum btw_who who;
    struct btw_block block;
    bool given_up; /* of an open request: it was late or cancelled before */
};
/* Called from inside the call that caused it, when the state has changed.  It may call btw_session_send() and
 * btw_session_set_pending(), nothing else of the session. */
typedef void btw_session_event_fn(void *user, const struct btw_session_event *event);

/* Does `who` want to be sent extended messages with this id?  Asked for ids that belong to no extension of
 * btw_ext_name(). */
typedef bool btw_session_ext_fn(void *user, enum btw_who who, uint8_t id);

struct btw_session_config {
    struct btw_geometry geometry;
    /* Memory of the caller, which must outlive the session.  map_size is at least btw_bits_size(pieces); while the
     * geometry is unknown it bounds what is remembered. */
    size_t map_size;
    uint8_t *have[2], *allowed_fast[2];
    struct btw_pending *pending[2];
    size_t pending_cap[2];
    /* Room for hash requests (BEP 52).  hash_cap 0: they are not kept, and hashes are not judged. */
    struct btw_hash_pending *hash_pending[2];
    size_t hash_cap[2];
    int64_t request_timeout_ms, keepalive_ms, idle_ms; /* 0: never */
    bool permissive;             /* a refused message of ours counts as sent: for tools that break rules on purpose */
    btw_session_event_fn *event; /* may be NULL */
    btw_session_ext_fn *ext;     /* may be NULL: no other extensions */
    void *user;
};

struct btw_session {
    struct btw_session_config config;
    struct btw_party party[2];           /* by enum btw_who; read only */
    enum btw_breach breach;              /* of the last call that returned BTW_REFUSED */
    bool fast, ext;                      /* private: both handshakes are there and have the bit */
    int64_t keepalive_at_ms, idle_at_ms; /* private */
};

/* Maps are cleared; time starts at now_ms. */
void btw_session_init(struct btw_session *session, const struct btw_session_config *config, int64_t now_ms);

/* They sent msg.
 *
 * BTW_OK       the state has changed accordingly
 * BTW_REFUSED  the state does not allow it and has not changed (totals and silence count all the same); session->breach
 *              and diag say why.  The caller decides: ignore, or close.  One exception: with Fast a refused request is
 *              open all the same if the table has room, since it is owed an answer (BEP 6). */
enum btw_status btw_session_received(struct btw_session *session, const struct btw_msg *msg, int64_t now_ms,
                                     struct btw_diag *diag);

/* May we send msg?  BTW_OK: the state has changed as though it were sent.  BTW_REFUSED: as above, do not send it. */
enum btw_status btw_session_send(struct btw_session *session, const struct btw_msg *msg, int64_t now_ms,
                                 struct btw_diag *diag);

/* Fast, or the extension protocol: both handshakes are there and have the bit. */
bool btw_session_fast(const struct btw_session *session);
bool btw_session_ext(const struct btw_session *session);

/* The oldest open hash request of `who` for this very range, or NULL. */
const struct btw_hash_pending *btw_party_hash_pending(const struct btw_session *session, enum btw_who who,
                                                      const struct btw_hash_range *range);

bool btw_party_has(const struct btw_session *session, enum btw_who who, uint32_t piece);
bool btw_party_allowed(const struct btw_session *session, enum btw_who who, uint32_t piece);
/* Nothing more to be had for this party: it has every piece, or says upload_only (BEP 21).  Two such parties have no
 * use for each other and may disconnect.  A word for now: a later handshake or message may take it back. */
bool btw_party_uploads_only(const struct btw_session *session, enum btw_who who);
/* The oldest open request of `who` for this very block, or NULL. */
const struct btw_pending *btw_party_pending(const struct btw_session *session, enum btw_who who,
                                            struct btw_block block);

/* Metadata arrived: what they announced before is judged now.
 *
 * BTW_OK       as above
 * BTW_REFUSED  their bitfield had the wrong size or spare bits; their map is empty */
enum btw_status btw_session_set_geometry(struct btw_session *session, const struct btw_geometry *geometry,
                                         struct btw_diag *diag);

/* Replaces the table of open requests, into which they have been copied; cap must not shrink below their number. */
void btw_session_set_pending(struct btw_session *session, enum btw_who who, struct btw_pending *pending, size_t cap);

/* Reports what is due at now_ms as events.  btw_session_deadline: when to call next; INT64_MAX: never. */
void btw_session_tick(struct btw_session *session, int64_t now_ms);
int64_t btw_session_deadline(const struct btw_session *session);

BTW_END_DECLS
#endif

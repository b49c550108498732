/* SPDX-License-Identifier: MIT
 *
 * One connection, ready to be embedded: encryption, stream, session and extensions behind one struct.  Bytes and time
 * in, events and bytes out; no sockets, no clock, no randomness, and memory only through one function of the caller's.
 *
 *     struct btw_wire_config config;
 *
 *     btw_wire_defaults(&config);
 *     config.torrent = ...; config.event = on_event; config.memory = my_realloc;
 *     btw_wire_dial(&wire, &config, now_ms);                     or btw_wire_accept()
 *
 *     readable:  btw_wire_receive(&wire, data, len, now_ms);     0 bytes from the socket: btw_wire_eof(&wire)
 *     writable:  n = btw_wire_output(&wire, slices, 16);  sent = writev(...);  btw_wire_sent(&wire, sent, now_ms);
 *     timer:     btw_wire_tick(&wire, now_ms);                   when btw_wire_deadline(&wire) has come
 *
 * What the peer says comes as events, judged by the session (btw/session.h): what breaks the rules is passed over or
 * ends the connection.  What we say is judged, too, before it is queued.  Whatever must be answered by rule is answered
 * without the caller: rejects under Fast (BEP 6), the extended handshake (BEP 10), keep-alives (BEP 3).
 *
 * Every call may be made from inside an event, except btw_wire_receive(), _eof(), _output(), _sent() and _tick(). Times
 * are milliseconds of any clock that does not go back.
 */
#ifndef BTW_WIRE_H
#define BTW_WIRE_H

#include "btw/api.h"
#include "btw/mse.h"
#include "btw/session.h"
#include "btw/stream.h"
#include "btw/wire_ext.h"

BTW_BEGIN_DECLS

/* Why a connection is over. */
/* clang-format off */
#define BTW_CLOSE_LIST(X)                                                                             \
    /* code                    name                 sentence */                                       \
    X(BTW_CLOSE_NONE,          "none",              "the connection is open")                         \
    X(BTW_CLOSE_OURS,          "ours",              "we have closed it")                              \
    X(BTW_CLOSE_FIN,           "fin",               "the peer has closed it")                         \
    X(BTW_CLOSE_CUT,           "cut",               "the peer has closed it inside a message")        \
    X(BTW_CLOSE_ERROR,         "error",             "the transport failed")                           \
    X(BTW_CLOSE_MSE,           "mse",               "the encryption could not be agreed upon")        \
    X(BTW_CLOSE_NOT_ENCRYPTED, "not-encrypted",     "the peer speaks in clear, which is not allowed") \
    X(BTW_CLOSE_NO_BITTORRENT, "no-bittorrent",     "what came first is no handshake")                \
    X(BTW_CLOSE_NO_TORRENT,    "no-torrent",        "the peer wants a torrent that is not here")      \
    X(BTW_CLOSE_OTHER_TORRENT, "other-torrent",     "the peer answers with another torrent")          \
    X(BTW_CLOSE_OURSELVES,     "ourselves",         "the peer has our own peer id")                   \
    X(BTW_CLOSE_TOO_LONG,      "too-long",          "a length prefix above the limit")                \
    X(BTW_CLOSE_BAD_MESSAGE,   "bad-message",       "a message whose layout is wrong")                \
    X(BTW_CLOSE_BREACH,        "breach",            "a message that the state does not allow")        \
    X(BTW_CLOSE_HANDSHAKE,     "handshake-timeout", "the handshakes took too long")                   \
    X(BTW_CLOSE_IDLE,          "idle",              "nothing has come for too long")                  \
    X(BTW_CLOSE_SLOW,          "slow",              "the peer asks and does not read the answers")    \
    X(BTW_CLOSE_MEMORY,        "memory",            "no memory for what the peer sends")
/* clang-format on */

enum btw_close {
#define BTW_CLOSE_ENUM(code, name, sentence) code,
    BTW_CLOSE_LIST(BTW_CLOSE_ENUM)
#undef BTW_CLOSE_ENUM
        BTW_CLOSES
};
/* Static storage. */
const char *btw_close_name(enum btw_close reason);
const char *btw_close_text(enum btw_close reason);

/* What happens.  The first ones are the messages of the peer, in the order of enum btw_type; `msg` is the message as it
 * came and `block` what it is about.  All of them have already changed the state (wire->session) when they are told. */
/* clang-format off */
#define BTW_WIRE_EVENT_LIST(X)                                                                                         \
    /* code           filled in */                                                                                     \
    X(HANDSHAKE)      /* msg; reserved, info_hash, peer_id.  We have answered only when READY is told */               \
    X(KEEPALIVE)      /* msg */                                                                                        \
    X(CHOKE)          /* msg; also when a connection that was not choked is closed */                                  \
    X(UNCHOKE)        /* msg */                                                                                        \
    X(INTERESTED)     /* msg */                                                                                        \
    X(NOT_INTERESTED) /* msg; also when a connection of an interested peer is closed */                                \
    X(HAVE)           /* msg, block.piece */                                                                           \
    X(BITFIELD)       /* msg; the map is wire->session.party[BTW_THEM].have */                                         \
    X(REQUEST)        /* msg, block: answer with btw_wire_piece() or btw_wire_reject(), now or later, in any order */  \
    X(PIECE)          /* msg, block, asked.  With config.parts the last one of the parts has been told, data is empty */ \
    X(CANCEL)         /* msg, block: no answer any more (with Fast a reject has been sent, BEP 6) */                   \
    X(PORT)           /* msg */                                                                                        \
    X(SUGGEST)        /* msg, block.piece */                                                                           \
    X(HAVE_ALL)       /* msg */                                                                                        \
    X(HAVE_NONE)      /* msg */                                                                                        \
    X(REJECT)         /* msg, block, late: our request is not going to be answered */                                  \
    X(ALLOWED_FAST)   /* msg, block.piece */                                                                           \
    X(EXTENDED)       /* msg, name: a message of the extension `name`, which has been called */                        \
    X(HASH_REQUEST)   /* msg */                                                                                        \
    X(HASHES)         /* msg */                                                                                        \
    X(HASH_REJECT)    /* msg */                                                                                        \
    X(UNKNOWN)        /* msg: BTW_RAW, a frame with an id that nobody has assigned.  It is passed over */              \
    /* about messages */                                                                                               \
    X(EXTENDED_HANDSHAKE) /* msg, hello: decoded; the extensions have been called */                                   \
    X(PIECE_PART)     /* block, part, offset, asked: `part` stands `offset` bytes behind block.begin (config.parts) */ \
    X(REFUSED)        /* msg, breach: their message was passed over; a request with Fast, or a hash_request, has been rejected */          \
    /* about requests of ours */                                                                                       \
    X(VOID)           /* block, late: is not going to be answered, for the peer chokes (BEP 3) or it is over */        \
    X(TIMEOUT)        /* block: no answer in time; it stays open until it is answered, rejected or cancelled */        \
    /* about bytes */                                                                                                  \
    X(DOWNLOAD)       /* bytes of a block have come (in front of PIECE) */                                             \
    X(UPLOAD)         /* block, bytes: a block has gone out */                                                         \
    X(RELEASE)        /* block, part: the memory of btw_wire_piece() is the caller's again, sent or not */             \
    X(DRAINED)        /* after BTW_NO_SPACE for lack of room in the queue: half of it is free again */                 \
    /* about the connection */                                                                                         \
    X(SECURED)        /* method: the encryption is agreed upon; BTW_MSE_NONE: the peer speaks in clear */              \
    X(READY)          /* both handshakes have been exchanged: availability and the rest may be sent */                 \
    X(CLOSE)          /* reason, breach with BTW_CLOSE_BREACH.  Always the last event */
/* clang-format on */

enum btw_wire_event_kind {
#define BTW_WIRE_EVENT_ENUM(code) BTW_WIRE_##code,
    BTW_WIRE_EVENT_LIST(BTW_WIRE_EVENT_ENUM)
#undef BTW_WIRE_EVENT_ENUM
        BTW_WIRE_EVENTS
};
/* "handshake", "have_all" ...: static storage. */
const char *btw_wire_event_name(enum btw_wire_event_kind kind);

/* Views live during the call, but for `part` of a RELEASE, which is the caller's memory. */
struct btw_wire_event {
    enum btw_wire_event_kind kind;
    int64_t now_ms;
    const struct btw_msg *msg;
    struct btw_block block;
    bool asked; /* PIECE, PIECE_PART: an open request of ours is answered; else it is some other block of the torrent */
    bool late;  /* REJECT, VOID, and PIECE if asked: the request had timed out, or was cancelled, before */
    struct btw_slice part;
    size_t offset;
    size_t bytes;
    const char *name;
    const struct btw_ext_handshake *hello;
    enum btw_breach breach;
    enum btw_mse_method method;
    enum btw_close reason;
};
typedef void btw_wire_event_fn(void *user, struct btw_wire *wire, const struct btw_wire_event *event);

/* realloc(): memory NULL for new, size 0 to give back (and return NULL); NULL when there is none.  All memory of a wire
 * comes from here: see btw_wire_memory(). */
typedef void *btw_wire_memory_fn(void *user, void *memory, size_t size);

/* What a connection is for, and who we are in it. */
struct btw_wire_torrent {
    uint8_t info_hash[20]; /* v2: the first 20 bytes (BEP 52) */
    /* The dialler of a hybrid torrent sets the upgrade bit, and the answer may carry this hash instead (BEP 52). */
    bool may_upgrade;
    uint8_t info_hash_v2[20];
    uint8_t peer_id[20];
    struct btw_geometry geometry;   /* pieces 0: not known yet, see btw_wire_set_geometry() */
    struct btw_ext_handshake hello; /* the top-level keys in `has`; `m` is filled in; slices must outlive the wire */
    struct btw_slice keys; /* further top-level keys of the extended handshake: a bencoded dictionary with sorted keys,
                              or empty; must outlive the wire */
};

/* A peer that dialled wants the torrent with this info-hash.  *torrent holds config.torrent with this info_hash; fill
 * in the rest and return true, or return false to close.  `hash` may be answered with the v2 hash of the same torrent
 * when the peer's handshake has the upgrade bit: set torrent->info_hash. */
typedef bool btw_wire_find_fn(void *user, struct btw_wire *wire, const struct btw_msg *handshake,
                              struct btw_wire_torrent *torrent);

enum btw_wire_crypto {
    BTW_WIRE_CLEAR,     /* no encryption */
    BTW_WIRE_PREFERRED, /* dial: with MSE, RC4 and plaintext offered, and in clear if the answer is.  accept: all */
    BTW_WIRE_REQUIRED,  /* RC4 and nothing else */
};

struct btw_wire_mse {
    enum btw_wire_crypto crypto;
    bool prefer_plaintext;                     /* accept: where the peer offers both methods */
    uint8_t private_key[BTW_MSE_PRIVATE_SIZE]; /* random, fresh for every connection, see btw/mse.h */
    struct btw_slice pad_clear, pad_secret;    /* random bytes of random length up to BTW_MSE_PAD_MAX; copied by
                                                  reference: must live until SECURED */
    btw_mse_find_fn *find;                     /* accept: the info-hash behind HASH(req2, info-hash), with `user` */
};

/* btw_wire_defaults() sets all of it; torrent or find, event and memory are the caller's to add. */
struct btw_wire_config {
    struct btw_wire_torrent torrent;
    btw_wire_find_fn *find; /* accept: NULL takes config.torrent and no other */
    struct btw_wire_mse mse;
    btw_wire_event_fn *event;
    btw_wire_memory_fn *memory;
    void *user; /* of all functions here */

    bool fast, dht, ext;    /* bits of our handshake; default: fast and ext */
    uint8_t reserved[8];    /* further bits of it */
    bool parts;             /* tell blocks in parts as they come (PIECE_PART), which needs no buffer */
    bool permissive;        /* send what the session refuses, for tools that break rules on purpose */
    uint64_t tolerated;     /* set of BTW_WIRE_BREACH(): passed over; others close.  BTW_WIRE_TOLERATED_DEFAULT */
    size_t len_max;         /* longest message taken; BTW_LEN_MAX_DEFAULT */
    size_t queue_max;       /* bytes that may be queued; 1 MiB.  Twice as many close: BTW_CLOSE_SLOW */
    size_t stage_size;      /* bytes of blocks encrypted at a time; 16 KiB */
    size_t requests_max[2]; /* open requests of ours and of theirs, by enum btw_who; 250 */
    size_t hashes_max;      /* open hash requests each way (BEP 52); 0, the default: hashes are not judged */
    uint32_t pieces_max;    /* that a torrent may turn out to have while its geometry is unknown; 65536 */

    /* 0 is never. */
    int64_t handshake_ms;       /* until READY; 30 s */
    int64_t request_timeout_ms; /* until TIMEOUT; 60 s */
    int64_t keepalive_ms;       /* silence of ours until a keep-alive; 100 s */
    int64_t idle_ms;            /* silence of theirs until BTW_CLOSE_IDLE; 240 s */
};

#define BTW_WIRE_BREACH(breach) (UINT64_C(1) << (breach))
/* What may have crossed something of ours in flight, and what deployed clients do without harm. */
#define BTW_WIRE_TOLERATED_DEFAULT                                                                                     \
    (BTW_WIRE_BREACH(BTW_BREACH_HAVE_TWICE) | BTW_WIRE_BREACH(BTW_BREACH_NOT_INTERESTED) |                             \
     BTW_WIRE_BREACH(BTW_BREACH_CHOKED) | BTW_WIRE_BREACH(BTW_BREACH_NOT_ANNOUNCED) |                                  \
     BTW_WIRE_BREACH(BTW_BREACH_REQUEST_TWICE) | BTW_WIRE_BREACH(BTW_BREACH_TOO_MANY) |                                \
     BTW_WIRE_BREACH(BTW_BREACH_PIECE_UNASKED) | BTW_WIRE_BREACH(BTW_BREACH_CANCEL_UNASKED) |                          \
     BTW_WIRE_BREACH(BTW_BREACH_REJECT_UNASKED) | BTW_WIRE_BREACH(BTW_BREACH_LATE_AVAILABILITY) |                      \
     BTW_WIRE_BREACH(BTW_BREACH_EXT_ID) | BTW_WIRE_BREACH(BTW_BREACH_DHT_OFF) | BTW_WIRE_BREACH(BTW_BREACH_NOT_HELD) | \
     BTW_WIRE_BREACH(BTW_BREACH_HASHES_MANY))

/* A block of the caller's that waits in the queue. */
struct btw_wire_ref {
    struct btw_slice bytes;
    size_t sent;
    size_t before; /* own bytes between the block before it and this one */
    struct btw_block block;
};

/* What is to be sent: bytes of our own, and blocks of the caller's between them. */
struct btw_wire_queue {
    /* all fields are private */
    struct btw_wire_chunk *chunk; /* own bytes from..to, and older chunks that slices still point into */
    size_t from, to;
    size_t behind; /* own bytes behind the last block */
    size_t ready;  /* own bytes at the front that are not to be encrypted any more */
    struct btw_wire_ref *refs;
    size_t ref_first, ref_count, ref_cap;
    size_t ref_bytes; /* unsent bytes of all refs */
    uint8_t *stage;   /* encrypted bytes stage_from..stage_to */
    size_t stage_cap, stage_from, stage_to;
    size_t out;  /* bytes that the last output gave and that were not reported sent */
    bool wanted; /* DRAINED is owed */
};

struct btw_wire {
    struct btw_session session;     /* for all to read, from HANDSHAKE on */
    uint8_t peer_id[20];            /* for all to read: theirs, from HANDSHAKE on */
    enum btw_close closed;          /* for all to read: BTW_CLOSE_NONE while it is open */
    enum btw_mse_reason mse_reason; /* for all to read, with BTW_CLOSE_MSE */
    enum btw_mse_method method;     /* for all to read, from SECURED on */
    /* all other fields are private */
    struct btw_wire_config config;
    struct btw_stream stream;
    struct btw_wire_queue queue;
    struct btw_wire_extensions extensions;
    struct btw_wire_crypt *crypt;    /* while MSE is going on */
    struct btw_mse_ciphers *ciphers; /* under RC4 */
    uint8_t *buffer;                 /* of the stream, when `small` does not do */
    size_t buffer_size;
    uint8_t *maps;
    size_t maps_size;
    struct btw_hash_pending *hashes; /* of both, if hashes_max is not 0 */
    size_t memory;                   /* bytes held */
    int64_t handshake_at_ms, now_ms;
    bool dials;      /* we dialled */
    bool begun;      /* the torrent is known, the session runs */
    bool ready;      /* both handshakes are there */
    bool greeted;    /* our first extended handshake is queued */
    bool hash_known; /* MSE was made for `hash` */
    bool over;       /* CLOSE has been told */
    bool dead;       /* destroyed */
    int depth;       /* of calls that may tell events */
    uint8_t hash[20];
    uint8_t small[BTW_HANDSHAKE_SIZE + 4];
};

/* Fills in all defaults; torrent, find, mse, event, memory and user are zero. */
void btw_wire_defaults(struct btw_wire_config *config);

/* Starts a connection that we dialled: our handshake is queued, behind MSE if that is wanted.  The config is copied.
 * The wire stays where it is until it is destroyed.
 *
 * BTW_OK
 * BTW_NO_SPACE  no memory; the wire is closed (BTW_CLOSE_MEMORY), without an event */
enum btw_status btw_wire_dial(struct btw_wire *wire, const struct btw_wire_config *config, int64_t now_ms);

/* Starts a connection that the peer dialled.  Whether it speaks MSE or in clear is found out.  As btw_wire_dial(). */
enum btw_status btw_wire_accept(struct btw_wire *wire, const struct btw_wire_config *config, int64_t now_ms);

/* Closes with BTW_CLOSE_OURS if it is open, and gives all memory back.  May be called again, and from an event: then
 * the memory is given back when the outermost call returns, and the struct must live until then. */
void btw_wire_destroy(struct btw_wire *wire);

/* --- bytes -----------------------------------------------------------------------------------------------------------
 */

/* Takes all bytes that came from the peer; they are decrypted in place.
 *
 * BTW_OK   they are dealt with
 * BTW_END  the connection is closed, now or before; close the socket */
enum btw_status btw_wire_receive(struct btw_wire *wire, uint8_t *data, size_t len, int64_t now_ms);

/* The peer has closed its side: closes with BTW_CLOSE_FIN or BTW_CLOSE_CUT. */
void btw_wire_eof(struct btw_wire *wire);

/* Fills in up to `max` slices that are to be sent, in order, and returns their number: own bytes, and blocks where the
 * caller keeps them.  Nothing is taken from the queue.  The slices live until the next btw_wire_output() or until
 * btw_wire_sent() has been told of all their bytes, whatever is queued meanwhile; a close does not end them, destroying
 * does.  Under RC4 there is one slice of at most stage_size bytes, and blocks are released as soon as they are
 * encrypted.  Nothing when closed. */
size_t btw_wire_output(struct btw_wire *wire, struct btw_slice *slices, size_t max);

/* So many bytes of these slices have been sent.  Releases blocks, tells of room. */
void btw_wire_sent(struct btw_wire *wire, size_t bytes, int64_t now_ms);

/* Bytes that wait to be sent.  Above config.queue_max everything but answers by rule gets BTW_NO_SPACE. */
size_t btw_wire_queued(const struct btw_wire *wire);

/* --- time and end ----------------------------------------------------------------------------------------------------
 */

/* Does what is due: keep-alive, timeouts of requests, idle close, handshake timeout. */
void btw_wire_tick(struct btw_wire *wire, int64_t now_ms);
/* When to call btw_wire_tick() next; INT64_MAX: never.  Ask again after every other call. */
int64_t btw_wire_deadline(const struct btw_wire *wire);

/* Ends the connection, as it is: VOID for open requests, CHOKE and NOT_INTERESTED for what the peer cannot be any more,
 * RELEASE for blocks in the queue (a write that is going on must end before their memory is used), CLOSE.  Nothing is
 * sent or told afterwards.  Does nothing when it is closed. */
void btw_wire_close(struct btw_wire *wire, enum btw_close reason);

/* Changes the times of the config, 0 for never. */
void btw_wire_set_request_timeout(struct btw_wire *wire, int64_t request_timeout_ms);
void btw_wire_set_keepalive(struct btw_wire *wire, int64_t keepalive_ms, int64_t now_ms);

/* The metadata has come.
 *
 * BTW_OK        HAVE_ALL and the like of the peer count now
 * BTW_NO_SPACE  more pieces than config.pieces_max; nothing changed
 * BTW_REFUSED   what the peer has announced does not fit: the wire is closed */
enum btw_status btw_wire_set_geometry(struct btw_wire *wire, const struct btw_geometry *geometry);

/* Bytes that the wire holds of the caller's memory, besides sizeof(struct btw_wire); without piece maps if those are
 * not wanted.  btw_wire_trim() gives back what is not in use; a keep-alive does that, too. */
size_t btw_wire_memory(const struct btw_wire *wire, bool with_maps);
void btw_wire_trim(struct btw_wire *wire);

/* --- what to say -----------------------------------------------------------------------------------------------------
 */

/* Queues any message but a handshake.  All is copied except the block of a piece, which must live, unchanged, until its
 * RELEASE.
 *
 * BTW_OK        queued; the state is as though it were sent
 * BTW_REFUSED   the session does not allow it (session.breach says why); nothing is queued unless config.permissive
 * BTW_NO_SPACE  the queue is full, wait for DRAINED; or there is no memory
 * BTW_END       the connection is closed */
enum btw_status btw_wire_send(struct btw_wire *wire, const struct btw_msg *msg, int64_t now_ms);

/* The same, by name.  Choke, unchoke, interested and not_interested are BTW_OK without being sent when it is so
 * already. A choke makes open requests of the peer void (BEP 3) or, with Fast, rejects those that are not for allowed
 * pieces (BEP 6). */
enum btw_status btw_wire_keepalive(struct btw_wire *wire, int64_t now_ms);
enum btw_status btw_wire_choke(struct btw_wire *wire, int64_t now_ms);
enum btw_status btw_wire_unchoke(struct btw_wire *wire, int64_t now_ms);
enum btw_status btw_wire_interested(struct btw_wire *wire, int64_t now_ms);
enum btw_status btw_wire_not_interested(struct btw_wire *wire, int64_t now_ms);
enum btw_status btw_wire_have(struct btw_wire *wire, uint32_t piece, int64_t now_ms);
enum btw_status btw_wire_bitfield(struct btw_wire *wire, struct btw_slice bits, int64_t now_ms);
enum btw_status btw_wire_request(struct btw_wire *wire, struct btw_block block, int64_t now_ms);
/* The answer to an open request for just that many bytes; `bytes` stay the caller's and must live until RELEASE. */
enum btw_status btw_wire_piece(struct btw_wire *wire, uint32_t piece, uint32_t begin, struct btw_slice bytes,
                               int64_t now_ms);
enum btw_status btw_wire_cancel(struct btw_wire *wire, struct btw_block block, int64_t now_ms);
enum btw_status btw_wire_port(struct btw_wire *wire, uint16_t port, int64_t now_ms);
enum btw_status btw_wire_suggest(struct btw_wire *wire, uint32_t piece, int64_t now_ms);
enum btw_status btw_wire_have_all(struct btw_wire *wire, int64_t now_ms);
enum btw_status btw_wire_have_none(struct btw_wire *wire, int64_t now_ms);
enum btw_status btw_wire_reject(struct btw_wire *wire, struct btw_block block, int64_t now_ms);
enum btw_status btw_wire_allowed_fast(struct btw_wire *wire, uint32_t piece, int64_t now_ms);

/* BEP 52: the answer to a request is either of the last two, with the same range. */
enum btw_status btw_wire_hash_request(struct btw_wire *wire, const struct btw_hash_range *range, int64_t now_ms);
enum btw_status btw_wire_hashes(struct btw_wire *wire, const struct btw_hash_range *range, struct btw_slice hashes,
                                int64_t now_ms);
enum btw_status btw_wire_hash_reject(struct btw_wire *wire, const struct btw_hash_range *range, int64_t now_ms);

/* Which pieces we have, as the first message behind READY: have_all or have_none with Fast where that says it, a
 * bitfield, or nothing when there is nothing to say. */
enum btw_status btw_wire_availability(struct btw_wire *wire, struct btw_slice bits, int64_t now_ms);

BTW_END_DECLS

#endif

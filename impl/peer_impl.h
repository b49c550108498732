/* SPDX-License-Identifier: MIT
 *
 * What the parts of the reference peer share.  peer.c moves bytes and dispatches messages, host.c keeps torrents and
 * connections, and one file per job does the rest: handshake, extensions, seeding, leeching, metadata, peer exchange.
 */
#ifndef BTW_PEER_IMPL_H
#define BTW_PEER_IMPL_H

#include "btw/peer.h"
#include "btw/session.h"
#include "btw/stream.h"
#include "btw/ut_metadata.h"

/* What an on_* entry of the policy says. */
enum reaction { REACT_IGNORE, REACT_CLOSE, REACT_CRASH, REACT_HANG, REACT_DESYNC };

enum { METADATA_QUEUE_MAX = 64, PEX_TOLD_MAX = 200 };

/* Timers of one connection; each has its handler in peer.c. */
enum peer_timer {
    TIMER_HANDSHAKE, /* theirs is due */
    TIMER_CHOKE,     /* the choke state may be changed again */
    TIMER_FLAP,      /* a fault: change it whatever anybody wants */
    TIMER_HAVES,     /* a fault: repeat all haves */
    TIMER_REPEAT,    /* a fault: repeat all requests */
    TIMER_PAUSE,     /* a peer that rejected may be asked again */
    TIMER_METADATA,  /* an answer is due, or asking is allowed again */
    TIMER_PEX,       /* the next message may be sent */
    TIMER_HASHES,    /* an answer is due, or asking is allowed again */
    TIMERS
};

/* A growing buffer with a head: the output of a connection. */
struct buffer {
    uint8_t *data;
    size_t at, len, cap; /* data[at..len) is still to go */
};

/* One piece that is being downloaded. */
struct download {
    uint32_t piece, blocks;
    uint8_t *data;     /* of the whole piece */
    uint8_t *got;      /* per block: it is there */
    uint16_t *asked;   /* per block: open requests that are neither late nor cancelled */
    uint64_t *from;    /* per block: serial number of the peer it came from */
    uint32_t received; /* bytes, counting every block that came */
    bool alone;        /* after a bad hash all comes from one peer, so that blame is certain */
    uint64_t only;     /* that peer; 0: whoever asks next */
    struct download *next;
};

/* Metadata that is being fetched (BEP 9): one attempt at one size. */
struct fetch {
    struct btw_metadata metadata; /* meaningful while buffer is there */
    uint8_t *buffer;
    size_t size;
    uint64_t *asked; /* per piece: serial number of the peer asked, 0: nobody */
    uint64_t source; /* serial number of who sent what is there, 0: nobody yet */
    bool mixed;      /* several did */
    bool alone;      /* after a bad hash all comes from one peer, so that blame is certain */
    uint64_t only;   /* that peer; 0: whoever asks next */
};

/* A file with content of a torrent of version 2 (BEP 52). */
struct hash_file {
    const uint8_t *root; /* in the metadata */
    uint64_t length;
    uint32_t first, pieces;
    unsigned height;
    const uint8_t *layer; /* hashes of its pieces, or the root when there is but one; NULL: not known yet */
    uint8_t *tree;        /* all of it, once somebody has asked for a part */
    uint8_t *fetched;     /* the layer while it is on its way, */
    int64_t *asked;       /* and for each chunk of it the serial number of the peer asked */
};

/* Somebody we have heard of. */
struct candidate {
    struct btw_address address;
    uint8_t peer_id[20];
    bool has_peer_id;
    struct btw_peer *peer; /* connected or being dialled */
    int64_t next_dial_ms;
    int64_t dials;
    bool in_clear; /* encryption has failed there */
    struct candidate *next;
};

struct torrent {
    struct btw_host *host;
    const struct btw_fixture *fixture; /* borrowed; a magnet may look at its info-hash only until known */
    uint8_t info_hash[20];
    bool known;    /* the metadata is there, so meta, geometry and have are */
    bool broken;   /* a magnet for something that is no torrent */
    uint8_t *info; /* metadata that came over the wire, NULL when it is the fixture's */
    struct btw_metainfo meta;
    struct btw_geometry geometry;
    uint8_t *have; /* verified pieces */
    uint32_t have_count;
    struct hash_file *files; /* version 2: in the order of their pieces, */
    size_t file_count;
    uint32_t *piece_sizes; /* and what geometry.piece_sizes is */
    uint32_t *order;       /* rank of each piece among equally rare ones, from the host's seed */
    struct download *downloads;
    struct fetch fetch;
    int64_t first_size; /* of metadata, that anybody announced; for a fault */
    bool wake;          /* something changed that lets other connections go on */
    struct candidate *candidates;
    size_t candidate_count;
    struct torrent *next;
};

enum peer_state {
    PEER_DIALLING, /* the caller connects */
    PEER_GREETING, /* handshakes are not complete */
    PEER_OPEN,
    PEER_DONE, /* nothing is read any more; output may be left */
};

struct btw_peer {
    struct btw_host *host;
    struct torrent *torrent; /* NULL until the handshake names it */
    struct btw_peer *next, *prev;
    uint64_t serial; /* never used twice in a host, never 0 */
    struct btw_address address;
    struct candidate *candidate;
    bool dialled;
    enum peer_state state;
    enum btw_end end;
    bool half_closed; /* they sent FIN; what is pending is still answered */
    bool hung;        /* a fault: it neither reads nor writes any more */

    uint8_t greeting[BTW_HANDSHAKE_SIZE];
    size_t greeting_len;
    bool greeted;   /* our handshake is out */
    bool announced; /* and what we have */
    uint8_t peer_id[20];
    bool encrypted; /* by a handshake for this torrent: */
    uint8_t skey[20];

    struct btw_stream stream;
    uint8_t *input;
    size_t input_cap;
    struct buffer out;
    int64_t timers[TIMERS];

    struct btw_session session;            /* valid once torrent is set */
    uint8_t *maps;                         /* memory of its four maps, */
    struct btw_pending *pending;           /* of both request tables, */
    struct btw_hash_pending *hash_pending; /* and of those for hashes */
    bool v2;                               /* the session is one of version 2 (BEP 52) */
    bool hash_paused;                      /* no hashes are asked for until TIMER_HASHES */

    /* extensions */
    int64_t reqq;          /* theirs */
    int64_t metadata_size; /* theirs, 0: not announced */
    uint16_t listen_port;  /* theirs, 0: not announced */
    bool upload_only;
    bool ext_sent, ext_heard;
    struct btw_ext_map ext; /* ids to send with: what they announced, as the policy reads it */

    /* seeding */
    bool slot;              /* unchoked and counted */
    int64_t wants_since_ms; /* interested and choked since then, INT64_MAX: not waiting */
    int64_t choke_changed_ms;
    bool ever_unchoked;
    bool offered_fast;
    uint8_t *served, *refused; /* faults: blocks served once, or cancelled for ever; by block number */

    /* metadata */
    int64_t metadata_queue[METADATA_QUEUE_MAX]; /* piece numbers asked for and not answered, oldest first */
    size_t metadata_waiting;
    int64_t metadata_answers;
    bool metadata_paused; /* nothing is asked until TIMER_METADATA */
    size_t metadata_open; /* pieces asked of it */

    /* leeching */
    uint8_t *has;      /* what the policy makes of their announcements: with the decent one the session's map */
    uint8_t *declined; /* allowed-fast pieces they rejected while choking; a bitfield */
    bool paused;       /* nothing is asked until TIMER_PAUSE, an answer or an unchoke */
    bool was_unchoked, bitfield_seen, unchoke_lost, spare_interest, asked_again; /* for faults */
    uint32_t leaked;     /* a fault: places in the pipeline that rejects have used up */
    uint32_t bad_pieces; /* that it delivered alone */

    /* peer exchange */
    struct btw_address told[PEX_TOLD_MAX]; /* contacts told on this connection and not dropped since */
    size_t told_count;
    bool pex_started;
};

struct btw_host {
    struct btw_policy policy;
    uint64_t random;
    uint8_t peer_id[20];
    uint8_t departed[20]; /* id of the peer that left last */
    uint16_t listen_port;
    struct torrent *torrents;
    struct btw_peer *peers;
    size_t peer_count;
    uint64_t serials;
    int64_t now_ms, rotate_at_ms;
    size_t slots_used;
    bool dead;
    uint64_t refusals;           /* own messages the session found wrong: 0 for the decent policy */
    struct btw_ext_map last_ext; /* a fault: one table for all peers */
    struct btw_address banned[64];
    size_t banned_count;
    uint8_t *scratch; /* one block of the longest length served */
};

/* --- host.c --- */
uint64_t btw_host_random(struct btw_host *host);
/* The info-hashes that it goes by: of a hybrid the second is that of version 2 (BEP 52).  How many there are. */
size_t btw_torrent_hashes(const struct torrent *torrent, const uint8_t *hashes[2]);
struct torrent *btw_host_find(const struct btw_host *host, const uint8_t info_hash[20]);
void btw_host_ban(struct btw_host *host, const struct btw_address *address);
struct candidate *btw_torrent_meet(struct torrent *torrent, const struct btw_address *address);
/* Makes meta, geometry and have usable; false when it is too large or memory is short. */
bool btw_torrent_know(struct torrent *torrent, const struct btw_metainfo *meta);
bool btw_torrent_complete(const struct torrent *torrent);
struct btw_peer *btw_peer_new(struct btw_host *host, const struct btw_address *address);
bool btw_address_same_host(const struct btw_address *a, const struct btw_address *b);
bool btw_address_equal(const struct btw_address *a, const struct btw_address *b);
/* Lets the other connections of torrents that were woken go on; the last thing every entry point does. */
void btw_host_settle(struct btw_host *host);

/* --- peer.c --- */
/* Gives a connection whose torrent is known its session; false when memory is short. */
bool btw_peer_attach(struct btw_peer *peer);
/* Sends whatever may be sent now. */
void btw_peer_work(struct btw_peer *peer);
void btw_peer_tick(struct btw_peer *peer);
int64_t btw_peer_deadline(const struct btw_peer *peer);
/* Both handshakes are there. */
void btw_peer_opened(struct btw_peer *peer);
/* Queues a message, or nothing when the connection has ended. */
void btw_peer_put(struct btw_peer *peer, const struct btw_msg *msg);
void btw_peer_put_plain(struct btw_peer *peer, enum btw_type type);
void btw_peer_put_piece(struct btw_peer *peer, enum btw_type type, uint32_t piece);
void btw_peer_put_block(struct btw_peer *peer, enum btw_type type, struct btw_block block);
/* Bytes as they are, behind the back of the session. */
void btw_peer_put_raw(struct btw_peer *peer, const struct btw_msg *msg);
size_t btw_peer_backlog(const struct btw_peer *peer);
/* Ends the connection: everything it held is given back at once, output that is left may still go (FIN). */
void btw_peer_close(struct btw_peer *peer, enum btw_end how);
/* Does what an on_* entry says. */
void btw_peer_react(struct btw_peer *peer, int64_t reaction);
void btw_peer_after(struct btw_peer *peer, enum peer_timer timer, int64_t delay_ms);
void btw_peer_never(struct btw_peer *peer, enum peer_timer timer);
bool btw_peer_fast(const struct btw_peer *peer);
struct btw_party *btw_peer_us(struct btw_peer *peer);
struct btw_party *btw_peer_them(struct btw_peer *peer);

/* That of the session: version 1 of a hybrid has padding where version 2 has gaps, and serves it, too. */
struct btw_geometry btw_peer_geometry(const struct btw_peer *peer);

/* --- peer_message.c --- */
/* A message has come. */
void btw_peer_message(struct btw_peer *peer, const struct btw_msg *msg);
/* The metadata has come: judges what they announced before, and goes on as a leech. */
void btw_peer_learned(struct btw_peer *peer);

/* --- peer_handshake.c --- */
/* Takes handshake bytes from the front of *in. */
void btw_peer_greeted(struct btw_peer *peer, struct btw_slice *in);
void btw_peer_greet(struct btw_peer *peer);
/* Tells what we have; once per connection, when the metadata is known. */
void btw_peer_announce(struct btw_peer *peer);
void btw_peer_have(struct btw_peer *peer, uint32_t piece);
void btw_peer_repeat_haves(struct btw_peer *peer);

/* --- peer_ext.c --- */
void btw_peer_ext_hello(struct btw_peer *peer);
void btw_peer_ext_received(struct btw_peer *peer, const struct btw_msg *msg);
/* Sends a payload with the id they gave to the extension; false, and nothing sent, when it is off. */
bool btw_peer_ext_on(const struct btw_peer *peer, enum btw_ext ext);
void btw_peer_ext_send(struct btw_peer *peer, enum btw_ext ext, struct btw_slice payload);

/* --- peer_seed.c --- */
void btw_seed_interest(struct btw_peer *peer);
void btw_seed_availability(struct btw_peer *peer);
void btw_seed_request(struct btw_peer *peer, const struct btw_msg *msg, enum btw_breach breach);
void btw_seed_cancel(struct btw_peer *peer, const struct btw_msg *msg);
void btw_seed_serve(struct btw_peer *peer);
void btw_seed_timer(struct btw_peer *peer, enum peer_timer timer);
void btw_seed_rotate(struct btw_host *host);
void btw_seed_leave(struct btw_peer *peer);
bool btw_seed_busy(const struct btw_peer *peer);

/* --- peer_leech.c, peer_pick.c, peer_verify.c --- */
void btw_leech_interest(struct btw_peer *peer);
void btw_leech_ask(struct btw_peer *peer);
/* What they have, as the policy reads it. */
void btw_leech_availability(struct btw_peer *peer, const struct btw_msg *msg);
void btw_leech_all(struct btw_peer *peer);
void btw_leech_block(struct btw_peer *peer, const struct btw_msg *msg);
void btw_leech_rejected(struct btw_peer *peer, const struct btw_msg *msg);
/* An answer that names no open request; true when a fault of the policy takes it for one. */
bool btw_leech_unasked(struct btw_peer *peer, const struct btw_msg *msg);
void btw_leech_late(struct btw_peer *peer);
void btw_leech_leave(struct btw_peer *peer);
void btw_leech_timer(struct btw_peer *peer, enum peer_timer timer);
void btw_leech_event(struct btw_peer *peer, const struct btw_session_event *event);
void btw_leech_forget(struct torrent *torrent);

/* The block to ask this peer for next; a download of its piece exists then. */
bool btw_pick_block(struct btw_peer *peer, bool all, struct btw_block *block);
struct download *btw_pick_find(const struct torrent *torrent, uint32_t piece);
void btw_pick_drop(struct torrent *torrent, struct download *download);
/* Index of a block in its download; false when it is none of its blocks. */
bool btw_pick_index(const struct download *download, const struct torrent *torrent, struct btw_block block,
                    uint32_t *i);

/* All blocks are there: announce the piece, or find out whose fault it is. */
void btw_verify(struct torrent *torrent, struct download *download);

/* --- peer_meta.c: asked for metadata --- */
void btw_meta_received(struct btw_peer *peer, struct btw_slice payload);
void btw_meta_serve(struct btw_peer *peer);
void btw_meta_send(struct btw_peer *peer, const struct btw_ut_metadata *msg);

/* --- peer_magnet.c: asking for it --- */
void btw_magnet_ask(struct btw_peer *peer);
void btw_magnet_data(struct btw_peer *peer, const struct btw_ut_metadata *msg);
void btw_magnet_rejected(struct btw_peer *peer, const struct btw_ut_metadata *msg);
void btw_magnet_leave(struct btw_peer *peer);
void btw_magnet_timer(struct btw_peer *peer);
void btw_magnet_forget(struct torrent *torrent);

/* --- peer_hash.c --- */
/* The files of a torrent whose metadata has come; false when memory is short. */
bool btw_hash_know(struct torrent *torrent);
void btw_hash_forget(struct torrent *torrent);
/* Is it known what the piece must hash to, and are these bytes it?  Both true of version 1. */
bool btw_hash_knows(const struct torrent *torrent, uint32_t piece);
bool btw_hash_piece_fits(const struct torrent *torrent, uint32_t piece, struct btw_slice data);
void btw_hash_request(struct btw_peer *peer, const struct btw_msg *msg, enum btw_breach breach);
void btw_hash_serve(struct btw_peer *peer);
void btw_hash_ask(struct btw_peer *peer);
void btw_hash_received(struct btw_peer *peer, const struct btw_msg *msg);
void btw_hash_rejected(struct btw_peer *peer);
void btw_hash_timer(struct btw_peer *peer);
void btw_hash_leave(struct btw_peer *peer);

/* --- peer_pex.c --- */
void btw_pex_start(struct btw_peer *peer);
void btw_pex_timer(struct btw_peer *peer);
void btw_pex_received(struct btw_peer *peer, struct btw_slice payload);

#endif

/* SPDX-License-Identifier: MIT
 *
 * The reference peer: a whole small client (several torrents, many connections) without sockets and without a clock.
 * Bytes and a time go in; bytes, wishes to dial or close, and the next deadline come out.  It can be a seed, a leech or
 * a magnet per torrent. It follows every rule the monitors know; each of its choices is an entry of its policy table
 * (policy.h).
 *
 * This layer allocates; what peers can make it allocate is bounded.
 */
#ifndef BTW_PEER_H
#define BTW_PEER_H

#include <stdbool.h>

#include "btw/api.h"
#include "btw/fixture.h"
#include "btw/policy.h"

BTW_BEGIN_DECLS

struct btw_address {
    uint8_t bytes[16];
    uint8_t len; /* 4 or 16 */
    uint16_t port;
};

enum btw_role { BTW_SEED, BTW_LEECH, BTW_MAGNET };
enum btw_end { BTW_END_NONE, BTW_END_FIN, BTW_END_RST };

struct btw_host; /* the client */
struct btw_peer; /* one of its connections */

/* seed makes peer id and all random choices deterministic; listen_port is what it tells others.  NULL: memory. */
struct btw_host *btw_host_new(const struct btw_policy *policy, uint64_t seed, uint16_t listen_port);
void btw_host_free(struct btw_host *host); /* frees its peers, too */

/* Adds a torrent; the fixture is borrowed and must outlive the host.  have: bitfield of the pieces a leech starts with,
 * NULL for none. */
enum btw_status btw_host_add(struct btw_host *host, const struct btw_fixture *fixture, enum btw_role role,
                             const uint8_t *have);

/* Somebody connected.  NULL: the host does not accept (policy, memory). */
struct btw_peer *btw_host_accept(struct btw_host *host, const struct btw_address *from, int64_t now_ms);

/* The host learns of a peer for a torrent (tracker, magnet x.pe, PEX).  peer_id may be NULL (unknown).  It may want to
 * dial it. */
void btw_host_learn(struct btw_host *host, const uint8_t info_hash[20], const struct btw_address *peer,
                    const uint8_t *peer_id, int64_t now_ms);
/* Takes one wish to dial; the caller connects and reports btw_peer_connected or btw_peer_closed.  NULL: none. */
struct btw_peer *btw_host_next_dial(struct btw_host *host, struct btw_address *to);
/* local: address of our end as it was bound; may be NULL. */
void btw_peer_connected(struct btw_peer *peer, int64_t now_ms);

/* Bytes from the wire. */
void btw_peer_received(struct btw_peer *peer, struct btw_slice bytes, int64_t now_ms);
/* Bytes for the wire: a view that lives until the next call on this peer; btw_peer_sent says how many have gone. */
struct btw_slice btw_peer_output(const struct btw_peer *peer);
void btw_peer_sent(struct btw_peer *peer, size_t len);
/* Does it want the connection closed (after its output has gone)? */
enum btw_end btw_peer_wants_end(const struct btw_peer *peer);
/* The other side sent FIN (BTW_END_FIN: we may still send) or the connection is gone (BTW_END_RST, or both closed). */
void btw_peer_received_end(struct btw_peer *peer, enum btw_end how, int64_t now_ms);
/* Forget this connection; the peer is freed. */
void btw_peer_free(struct btw_peer *peer);

/* Timers over all peers.  INT64_MAX: none. */
int64_t btw_host_deadline(const struct btw_host *host);
void btw_host_tick(struct btw_host *host, int64_t now_ms);

/* Facts for tests and tools. */
const uint8_t *btw_host_peer_id(const struct btw_host *host);
bool btw_host_complete(const struct btw_host *host, const uint8_t info_hash[20]);
/* Own messages that the session (session.h) found wrong: 0 with the decent policy. */
uint64_t btw_host_refusals(const struct btw_host *host);

/* A fault: from now on every connection is reset and none is accepted, dialled or served. */
void btw_host_crash(struct btw_host *host);
bool btw_host_dead(const struct btw_host *host);

BTW_END_DECLS
#endif

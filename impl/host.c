/* SPDX-License-Identifier: MIT
 *
 * The client as a whole: its torrents, its connections, whom it knows and whom it dials, and the clock over all of
 * them.
 */
#include <assert.h>
#include <stdlib.h>

#include "peer_impl.h"

enum { CANDIDATES_MAX = 1000 };

/* splitmix64: a few lines that are the same everywhere; nothing here needs to be secret. */
uint64_t btw_host_random(struct btw_host *host)
{
    uint64_t z = host->random += 0x9e3779b97f4a7c15u;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* BEP 20: "-BW0001-" and twelve random characters. */
static void make_peer_id(struct btw_host *host)
{
    static const char letters[] = "0123456789abcdefghijklmnopqrstuvwxyz";

    memcpy(host->peer_id, "-BW0001-", 8);
    for (size_t i = 8; i < sizeof host->peer_id; i++) {
        uint64_t random = btw_host_random(host);
        host->peer_id[i] = host->policy.peer_id_random ? (uint8_t)letters[random % 36] : '0';
    }
}

struct btw_host *btw_host_new(const struct btw_policy *policy, uint64_t seed, uint16_t listen_port)
{
    struct btw_host *host = calloc(1, sizeof *host);
    size_t longest;

    if (host == NULL)
        return NULL;
    host->policy = *policy;
    btw_policy_tame(&host->policy);
    longest = (size_t)(host->policy.request_max > BTW_BLOCK_SIZE ? host->policy.request_max : BTW_BLOCK_SIZE);
    host->random = seed;
    host->listen_port = listen_port;
    host->rotate_at_ms = host->policy.rotate_ms > 0 ? host->policy.rotate_ms : INT64_MAX;
    host->scratch = malloc(longest);
    if (host->scratch == NULL) {
        free(host);
        return NULL;
    }
    make_peer_id(host);
    return host;
}

static void free_torrent(struct torrent *torrent)
{
    struct candidate *next;

    for (struct candidate *c = torrent->candidates; c != NULL; c = next) {
        next = c->next;
        free(c);
    }
    btw_leech_forget(torrent);
    btw_magnet_forget(torrent);
    btw_hash_forget(torrent);
    free(torrent->info);
    free(torrent->have);
    free(torrent->order);
    free(torrent);
}

void btw_host_free(struct btw_host *host)
{
    struct torrent *next;

    if (host == NULL)
        return;
    while (host->peers != NULL)
        btw_peer_free(host->peers);
    for (struct torrent *t = host->torrents; t != NULL; t = next) {
        next = t->next;
        free_torrent(t);
    }
    free(host->scratch);
    free(host);
}

/* --- torrents --------------------------------------------------------------------------------------------------------
 */

/* Ranks pieces at random, so that equally rare ones are not taken in order. */
static void shuffle(struct torrent *torrent)
{
    for (uint32_t i = 0; i < torrent->geometry.pieces; i++) {
        uint32_t j = (uint32_t)(btw_host_random(torrent->host) % (i + 1));
        torrent->order[i] = torrent->order[j];
        torrent->order[j] = i;
    }
}

bool btw_torrent_know(struct torrent *torrent, const struct btw_metainfo *meta)
{
    uint8_t *have = calloc(1, btw_bits_size(meta->pieces));
    uint32_t *order = calloc(meta->pieces, sizeof *order);

    torrent->meta = *meta;
    torrent->geometry = (struct btw_geometry){ meta->pieces, meta->piece_length, meta->total_length, NULL };
    if (have == NULL || order == NULL || !btw_hash_know(torrent)) {
        free(have);
        free(order);
        return false;
    }
    torrent->have = have;
    torrent->order = order;
    torrent->known = true;
    shuffle(torrent);
    return true;
}

bool btw_torrent_complete(const struct torrent *torrent)
{
    return torrent->known && torrent->have_count == torrent->geometry.pieces;
}

enum btw_status btw_host_add(struct btw_host *host, const struct btw_fixture *fixture, enum btw_role role,
                             const uint8_t *have)
{
    struct torrent *torrent = calloc(1, sizeof *torrent), **last = &host->torrents;

    if (torrent == NULL)
        return BTW_NO_SPACE;
    torrent->host = host;
    torrent->fixture = fixture;
    memcpy(torrent->info_hash, host->policy.reencode_info ? fixture->resorted_hash : fixture->meta.info_hash,
           sizeof torrent->info_hash);
    if (host->policy.v2_hash_end && fixture->meta.has_v2 && !fixture->meta.has_v1)
        memcpy(torrent->info_hash, fixture->meta.info_hash_v2 + 12, sizeof torrent->info_hash);
    if (role != BTW_MAGNET && !btw_torrent_know(torrent, &fixture->meta)) {
        free(torrent);
        return BTW_NO_SPACE;
    }
    for (uint32_t i = 0; i < torrent->geometry.pieces; i++) {
        if (role != BTW_SEED && (have == NULL || !btw_bit_get(have, i)))
            continue;
        btw_bit_set(torrent->have, i, true);
        torrent->have_count++;
    }
    while (*last != NULL)
        last = &(*last)->next;
    *last = torrent;
    return BTW_OK;
}

size_t btw_torrent_hashes(const struct torrent *torrent, const uint8_t *hashes[2])
{
    const struct btw_metainfo *meta = &torrent->fixture->meta;

    hashes[0] = torrent->info_hash;
    hashes[1] = meta->info_hash_v2;
    return meta->has_v1 && meta->has_v2 ? 2 : 1;
}

static bool goes_by(const struct torrent *torrent, const uint8_t info_hash[20])
{
    const uint8_t *hashes[2];
    size_t count = btw_torrent_hashes(torrent, hashes);

    return memcmp(hashes[0], info_hash, sizeof torrent->info_hash) == 0 ||
           (count == 2 && memcmp(hashes[1], info_hash, sizeof torrent->info_hash) == 0);
}

struct torrent *btw_host_find(const struct btw_host *host, const uint8_t info_hash[20])
{
    struct torrent *torrent = host->torrents;

    while (torrent != NULL && !goes_by(torrent, info_hash))
        torrent = torrent->next;
    return torrent;
}

/* --- connections -----------------------------------------------------------------------------------------------------
 */

bool btw_address_same_host(const struct btw_address *a, const struct btw_address *b)
{
    return a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0;
}

bool btw_address_equal(const struct btw_address *a, const struct btw_address *b)
{
    return btw_address_same_host(a, b) && a->port == b->port;
}

static bool is_banned(const struct btw_host *host, const struct btw_address *address)
{
    size_t count = sizeof host->banned / sizeof host->banned[0];

    for (size_t i = 0; i < host->banned_count && i < count; i++)
        if (btw_address_same_host(&host->banned[i], address))
            return true;
    return false;
}

/* The list is a ring: somebody who was banned long ago may come back. */
void btw_host_ban(struct btw_host *host, const struct btw_address *address)
{
    if (!is_banned(host, address))
        host->banned[host->banned_count++ % (sizeof host->banned / sizeof host->banned[0])] = *address;
}

struct btw_peer *btw_peer_new(struct btw_host *host, const struct btw_address *address)
{
    struct btw_peer *peer = calloc(1, sizeof *peer);

    if (peer == NULL)
        return NULL;
    peer->host = host;
    peer->serial = ++host->serials;
    peer->address = *address;
    peer->wants_since_ms = INT64_MAX;
    for (size_t i = 0; i < TIMERS; i++)
        peer->timers[i] = INT64_MAX;
    peer->next = host->peers;
    if (host->peers != NULL)
        host->peers->prev = peer;
    host->peers = peer;
    host->peer_count++;
    return peer;
}

struct btw_peer *btw_host_accept(struct btw_host *host, const struct btw_address *from, int64_t now_ms)
{
    struct btw_peer *peer;

    host->now_ms = now_ms;
    if (host->dead || (int64_t)host->peer_count >= host->policy.max_peers || is_banned(host, from))
        return NULL;
    peer = btw_peer_new(host, from);
    if (peer == NULL)
        return NULL;
    peer->state = PEER_GREETING;
    btw_peer_after(peer, TIMER_HANDSHAKE, host->policy.handshake_ms);
    return peer;
}

/* --- dialling --------------------------------------------------------------------------------------------------------
 */

struct candidate *btw_torrent_meet(struct torrent *torrent, const struct btw_address *address)
{
    struct candidate *c, **last = &torrent->candidates;

    for (; *last != NULL; last = &(*last)->next)
        if (btw_address_equal(&(*last)->address, address))
            return *last;
    if (torrent->candidate_count >= CANDIDATES_MAX || address->port == 0)
        return NULL;
    c = calloc(1, sizeof *c);
    if (c == NULL)
        return NULL;
    c->address = *address;
    *last = c;
    torrent->candidate_count++;
    return c;
}

void btw_host_learn(struct btw_host *host, const uint8_t info_hash[20], const struct btw_address *peer,
                    const uint8_t *peer_id, int64_t now_ms)
{
    struct torrent *torrent = btw_host_find(host, info_hash);
    struct candidate *c = torrent != NULL ? btw_torrent_meet(torrent, peer) : NULL;

    host->now_ms = now_ms;
    if (c == NULL)
        return;
    c->has_peer_id = peer_id != NULL;
    if (peer_id != NULL)
        memcpy(c->peer_id, peer_id, sizeof c->peer_id);
}

/* A seed dials, too: whoever announces himself to a tracker may be a leech that cannot dial. */
static bool worth_dialling(const struct btw_host *host, const struct candidate *c)
{
    return c->peer == NULL && c->next_dial_ms <= host->now_ms && c->dials < host->policy.dial_max &&
           !is_banned(host, &c->address);
}

static struct btw_peer *dial(struct torrent *torrent, struct candidate *c)
{
    struct btw_peer *peer = btw_peer_new(torrent->host, &c->address);

    if (peer == NULL)
        return NULL;
    peer->dialled = true;
    peer->state = PEER_DIALLING;
    peer->torrent = torrent;
    peer->candidate = c;
    c->peer = peer;
    c->dials++;
    c->next_dial_ms = torrent->host->now_ms + torrent->host->policy.dial_ms;
    if (!btw_peer_attach(peer)) {
        btw_peer_free(peer);
        return NULL;
    }
    btw_peer_after(peer, TIMER_HANDSHAKE, torrent->host->policy.handshake_ms);
    return peer;
}

struct btw_peer *btw_host_next_dial(struct btw_host *host, struct btw_address *to)
{
    if (host->dead || (int64_t)host->peer_count >= host->policy.max_peers)
        return NULL;
    for (struct torrent *t = host->torrents; t != NULL; t = t->next)
        for (struct candidate *c = t->candidates; c != NULL; c = c->next)
            if (worth_dialling(host, c)) {
                *to = c->address;
                return dial(t, c);
            }
    return NULL;
}

/* --- time ------------------------------------------------------------------------------------------------------------
 */

static int64_t next_dial_ms(const struct btw_host *host)
{
    int64_t next = INT64_MAX;

    for (struct torrent *t = host->torrents; t != NULL; t = t->next)
        for (struct candidate *c = t->candidates; c != NULL; c = c->next)
            if (c->peer == NULL && c->dials < host->policy.dial_max && c->next_dial_ms > host->now_ms &&
                c->next_dial_ms < next)
                next = c->next_dial_ms;
    return next;
}

int64_t btw_host_deadline(const struct btw_host *host)
{
    int64_t next = next_dial_ms(host), at;

    if (host->dead)
        return INT64_MAX;
    if (host->rotate_at_ms < next)
        next = host->rotate_at_ms;
    for (struct btw_peer *peer = host->peers; peer != NULL; peer = peer->next) {
        at = btw_peer_deadline(peer);
        if (at < next)
            next = at;
    }
    return next;
}

void btw_host_tick(struct btw_host *host, int64_t now_ms)
{
    struct btw_peer *next;

    if (now_ms > host->now_ms)
        host->now_ms = now_ms;
    if (host->dead)
        return;
    if (host->rotate_at_ms <= now_ms) {
        host->rotate_at_ms = now_ms + host->policy.rotate_ms;
        btw_seed_rotate(host);
    }
    for (struct btw_peer *peer = host->peers; peer != NULL; peer = next) {
        next = peer->next; /* a peer is freed by its caller only, never by a tick */
        btw_peer_tick(peer);
    }
    btw_host_settle(host);
}

void btw_host_settle(struct btw_host *host)
{
    for (struct torrent *t = host->torrents; t != NULL; t = t->next) {
        if (!t->wake)
            continue;
        t->wake = false;
        for (struct btw_peer *peer = host->peers; peer != NULL; peer = peer->next)
            if (peer->torrent == t)
                btw_peer_work(peer);
    }
}

/* --- facts -----------------------------------------------------------------------------------------------------------
 */

const uint8_t *btw_host_peer_id(const struct btw_host *host)
{
    return host->peer_id;
}

bool btw_host_complete(const struct btw_host *host, const uint8_t info_hash[20])
{
    const struct torrent *torrent = btw_host_find(host, info_hash);

    return torrent != NULL && btw_torrent_complete(torrent);
}

uint64_t btw_host_refusals(const struct btw_host *host)
{
    return host->refusals;
}

void btw_host_crash(struct btw_host *host)
{
    host->dead = true;
    for (struct btw_peer *peer = host->peers; peer != NULL; peer = peer->next)
        btw_peer_close(peer, BTW_END_RST);
}

bool btw_host_dead(const struct btw_host *host)
{
    return host->dead;
}

/* SPDX-License-Identifier: MIT
 *
 * Peer exchange (BEP 11): at most one message a minute, never an empty one, only contacts we are connected to and whose
 * listening port is known; what was told is taken back when it has gone.
 */
#include "btw/ut_pex.h"
#include "peer_impl.h"

enum { CONTACTS_MAX = 50, CONTACT4_SIZE = 6, CONTACT6_SIZE = 18, LIST_MAX = PEX_TOLD_MAX };

/* A message under construction. */
struct news {
    uint8_t added[LIST_MAX * CONTACT4_SIZE], added_f[LIST_MAX], dropped[LIST_MAX * CONTACT4_SIZE];
    uint8_t added6[LIST_MAX * CONTACT6_SIZE], added6_f[LIST_MAX], dropped6[LIST_MAX * CONTACT6_SIZE];
    struct btw_writer w_added, w_added_f, w_dropped, w_added6, w_added6_f, w_dropped6;
    size_t added_count, dropped_count;
};

static void open_news(struct news *news)
{
    news->w_added = btw_writer_on(news->added, sizeof news->added);
    news->w_added_f = btw_writer_on(news->added_f, sizeof news->added_f);
    news->w_dropped = btw_writer_on(news->dropped, sizeof news->dropped);
    news->w_added6 = btw_writer_on(news->added6, sizeof news->added6);
    news->w_added6_f = btw_writer_on(news->added6_f, sizeof news->added6_f);
    news->w_dropped6 = btw_writer_on(news->dropped6, sizeof news->dropped6);
    news->added_count = news->dropped_count = 0;
}

static struct btw_pex_contact contact_of(const struct btw_address *address)
{
    struct btw_pex_contact contact = { .address_len = address->len, .port = address->port };

    memcpy(contact.address, address->bytes, address->len);
    return contact;
}

/* Where a peer can be reached; port 0: nobody knows. */
static struct btw_address reach(const struct btw_peer *peer)
{
    struct btw_address address = peer->address;

    if (!peer->dialled && peer->host->policy.pex_port)
        address.port = peer->listen_port;
    return address;
}

static bool is_told(const struct btw_peer *peer, const struct btw_address *address)
{
    for (size_t i = 0; i < peer->told_count; i++)
        if (btw_address_equal(&peer->told[i], address))
            return true;
    return false;
}

static bool is_connected(const struct btw_peer *peer, const struct btw_address *address)
{
    for (const struct btw_peer *other = peer->host->peers; other != NULL; other = other->next) {
        struct btw_address there = reach(other);
        if (other != peer && other->torrent == peer->torrent && other->state == PEER_OPEN &&
            btw_address_equal(&there, address))
            return true;
    }
    return false;
}

static uint8_t flags_of(const struct btw_peer *peer)
{
    uint8_t flags = 0;

    if (peer->upload_only ||
        (peer->torrent->known && peer->session.party[BTW_THEM].have_count == peer->torrent->geometry.pieces))
        flags |= BTW_PEX_SEED;
    if (peer->dialled)
        flags |= BTW_PEX_REACHABLE;
    return flags;
}

static void add(struct news *news, struct btw_peer *peer, const struct btw_peer *other,
                const struct btw_address *address)
{
    struct btw_pex_contact contact = contact_of(address);

    btw_pex_put_contact(address->len == 4 ? &news->w_added : &news->w_added6, &contact);
    btw_write_u8(address->len == 4 ? &news->w_added_f : &news->w_added6_f, flags_of(other));
    news->added_count++;
    peer->told[peer->told_count++] = *address;
}

static void gather_added(struct news *news, struct btw_peer *peer)
{
    const struct btw_policy *policy = &peer->host->policy;
    struct btw_address receiver = reach(peer);

    for (const struct btw_peer *other = peer->host->peers; other != NULL; other = other->next) {
        struct btw_address address = reach(other);
        bool self = other == peer || btw_address_equal(&address, &receiver);

        if ((int64_t)news->added_count >= policy->pex_max || peer->told_count == PEX_TOLD_MAX)
            return;
        if (other->torrent == peer->torrent && other->state == PEER_OPEN && address.port != 0 &&
            (!self || policy->pex_self) && !is_told(peer, &address))
            add(news, peer, other, &address);
    }
}

static void gather_dropped(struct news *news, struct btw_peer *peer)
{
    const struct btw_policy *policy = &peer->host->policy;

    for (size_t i = 0; i < peer->told_count && policy->pex_drop;) {
        struct btw_address address = peer->told[i];
        struct btw_pex_contact contact = contact_of(&address);

        if (is_connected(peer, &address) || (int64_t)news->dropped_count >= policy->pex_max) {
            i++;
            continue;
        }
        btw_pex_put_contact(address.len == 4 ? &news->w_dropped : &news->w_dropped6, &contact);
        news->dropped_count++;
        peer->told[i] = peer->told[--peer->told_count];
    }
}

static struct btw_slice list(struct btw_ut_pex *msg, const struct btw_writer *w, unsigned keys)
{
    if (w->len > 0)
        msg->has |= keys;
    return btw_slice_of(w->data, w->len);
}

static void send_news(struct btw_peer *peer, const struct news *news)
{
    uint8_t bytes[sizeof(struct news) + 128];
    struct btw_ut_pex msg = { .has = 0 };
    size_t len;

    msg.added = list(&msg, &news->w_added, BTW_PEX_ADDED | BTW_PEX_ADDED_F);
    msg.added_f = btw_slice_of(news->added_f, news->w_added_f.len);
    msg.added6 = list(&msg, &news->w_added6, BTW_PEX_ADDED6 | BTW_PEX_ADDED6_F);
    msg.added6_f = btw_slice_of(news->added6_f, news->w_added6_f.len);
    msg.dropped = list(&msg, &news->w_dropped, BTW_PEX_DROPPED);
    msg.dropped6 = list(&msg, &news->w_dropped6, BTW_PEX_DROPPED6);
    if (btw_ut_pex_encode(bytes, sizeof bytes, &len, &msg) == BTW_OK)
        btw_peer_ext_send(peer, BTW_EXT_UT_PEX, btw_slice_of(bytes, len));
}

/* A second extended handshake does not lift the limit, so the clock is started once. */
void btw_pex_start(struct btw_peer *peer)
{
    if (peer->pex_started || !btw_peer_ext_on(peer, BTW_EXT_UT_PEX))
        return;
    peer->pex_started = true;
    btw_peer_after(peer, TIMER_PEX, peer->host->policy.pex_first_ms);
}

void btw_pex_timer(struct btw_peer *peer)
{
    const struct btw_policy *policy = &peer->host->policy;
    struct news news;

    if (!btw_peer_ext_on(peer, BTW_EXT_UT_PEX)) {
        btw_peer_after(peer, TIMER_PEX, policy->pex_ms);
        return;
    }
    open_news(&news);
    gather_dropped(&news, peer);
    gather_added(&news, peer);
    if (news.added_count + news.dropped_count == 0 && !policy->pex_empty) {
        btw_peer_after(peer, TIMER_PEX, policy->pex_first_ms);
        return;
    }
    send_news(peer, &news);
    btw_peer_after(peer, TIMER_PEX, policy->pex_ms);
}

/* --- received --------------------------------------------------------------------------------------------------------
 */

/* Nobody can be dialled at no address, at everybody's, or at a group's. */
static bool dialable(const struct btw_pex_contact *contact)
{
    static const uint8_t nowhere[16];

    if (contact->port == 0 || memcmp(contact->address, nowhere, contact->address_len) == 0)
        return false;
    return contact->address_len == 4 ? contact->address[0] < 224 : contact->address[0] != 0xff;
}

static void meet(struct btw_peer *peer, const struct btw_ut_pex *msg, enum btw_pex_key key)
{
    struct btw_pex_contact contact;

    for (size_t i = 0; i < CONTACTS_MAX && btw_pex_contact_at(msg, key, i, &contact); i++) {
        struct btw_address address = { .len = contact.address_len, .port = contact.port };

        memcpy(address.bytes, contact.address, contact.address_len);
        if (dialable(&contact))
            btw_torrent_meet(peer->torrent, &address);
    }
}

void btw_pex_received(struct btw_peer *peer, struct btw_slice payload)
{
    struct btw_ut_pex msg;

    if (btw_ut_pex_decode(&msg, payload, NULL) != BTW_OK) {
        btw_peer_react(peer, peer->host->policy.on_bad_bencode);
        return;
    }
    if (!peer->host->policy.pex_use || btw_torrent_complete(peer->torrent))
        return;
    meet(peer, &msg, BTW_PEX_ADDED);
    meet(peer, &msg, BTW_PEX_ADDED6);
}

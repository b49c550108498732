/* SPDX-License-Identifier: MIT
 *
 * The extension protocol (BEP 10) on one connection: our extended handshake, theirs, and the ids to send with.
 */
#include "peer_impl.h"

#include "btw/version.h"

enum { HELLO_SIZE = 512, MAP_SIZE = 128 };

/* The ids we want to be sent. */
static const struct btw_ext_map our_ids = { .id = { [BTW_EXT_UT_METADATA] = 2, [BTW_EXT_UT_PEX] = 1 } };

/* BEP 27: no peer exchange on a private torrent. */
static struct btw_ext_map spoken(const struct btw_peer *peer)
{
    const struct btw_policy *policy = &peer->host->policy;
    struct btw_ext_map map = our_ids;
    bool is_private = peer->torrent->known && peer->torrent->meta.is_private;

    if (!policy->ut_metadata)
        map.id[BTW_EXT_UT_METADATA] = 0;
    if (!policy->ut_pex || (is_private && !policy->pex_private))
        map.id[BTW_EXT_UT_PEX] = 0;
    return map;
}

/* --- ours ------------------------------------------------------------------------------------------------------------
 */

static void say(struct btw_ext_handshake *hs, bool condition, enum btw_ext_key key)
{
    if (condition)
        hs->has |= key;
}

static void send_hello(struct btw_peer *peer)
{
    const struct btw_policy *policy = &peer->host->policy;
    const struct torrent *torrent = peer->torrent;
    struct btw_ext_map map = spoken(peer);
    uint8_t m[MAP_SIZE], bytes[HELLO_SIZE];
    size_t m_len = 0, len = 0;
    struct btw_ext_handshake hs = {
        .has = BTW_EXT_M | BTW_EXT_REQQ | BTW_EXT_V,
        .metadata_size = torrent->known ? (int64_t)torrent->meta.info.len : 0,
        .p = peer->host->listen_port,
        .reqq = policy->reqq,
        .upload_only = 1,
        .v = btw_slice_str("btwire " BTW_VERSION),
        .yourip = btw_slice_of(peer->address.bytes, peer->address.len),
    };

    say(&hs, policy->ut_metadata && policy->metadata_size && torrent->known, BTW_EXT_METADATA_SIZE);
    say(&hs, hs.p != 0, BTW_EXT_P);
    say(&hs, policy->upload_only == 2 || (policy->upload_only == 1 && btw_torrent_complete(torrent)),
        BTW_EXT_UPLOAD_ONLY);
    say(&hs, policy->yourip && hs.yourip.len > 0, BTW_EXT_YOURIP);
    if (btw_ext_map_encode(m, sizeof m, &m_len, &map) != BTW_OK)
        return;
    hs.m = btw_slice_of(m, m_len);
    if (btw_ext_handshake_encode(bytes, sizeof bytes, &len, &hs) != BTW_OK)
        return;
    peer->ext_sent = true;
    btw_peer_put(peer, &(struct btw_msg){ .type = BTW_EXTENDED, .ext = 0, .data = btw_slice_of(bytes, len) });
}

void btw_peer_ext_hello(struct btw_peer *peer)
{
    const struct btw_policy *policy = &peer->host->policy;
    bool agreed = btw_session_ext(&peer->session) || (policy->ext && !policy->ext_needs_both);

    if (agreed && policy->ext_first)
        send_hello(peer);
}

/* --- ids -------------------------------------------------------------------------------------------------------------
 */

static uint8_t id_of(const struct btw_peer *peer, enum btw_ext ext)
{
    switch (peer->host->policy.ext_ids) {
    case 0:
        return our_ids.id[ext];
    case 2:
        return peer->host->last_ext.id[ext];
    default:
        return peer->ext.id[ext];
    }
}

bool btw_peer_ext_on(const struct btw_peer *peer, enum btw_ext ext)
{
    bool heard = peer->ext_heard || !peer->host->policy.ext_off;

    return spoken(peer).id[ext] != 0 && heard && (id_of(peer, ext) != 0 || !peer->host->policy.ext_off);
}

void btw_peer_ext_send(struct btw_peer *peer, enum btw_ext ext, struct btw_slice payload)
{
    if (btw_peer_ext_on(peer, ext))
        btw_peer_put(peer, &(struct btw_msg){ .type = BTW_EXTENDED, .ext = id_of(peer, ext), .data = payload });
}

static bool same_letters(struct btw_slice key, const char *name)
{
    size_t len = strlen(name);

    for (size_t i = 0; i < len && key.len == len; i++)
        if ((key.data[i] | 0x20) != ((uint8_t)name[i] | 0x20))
            return false;
    return key.len == len;
}

/* Which extension a name in m is; BTW_EXTS: none we know. */
static enum btw_ext ext_of(const struct btw_peer *peer, struct btw_slice key)
{
    int ext = 0;

    while (ext < BTW_EXTS && !btw_slice_equal(key, btw_slice_str(btw_ext_name((enum btw_ext)ext))) &&
           (peer->host->policy.ext_case || !same_letters(key, btw_ext_name((enum btw_ext)ext))))
        ext++;
    return (enum btw_ext)ext;
}

static void take_id(struct btw_peer *peer, enum btw_ext ext, int64_t id)
{
    const struct btw_policy *policy = &peer->host->policy;

    if (policy->ext_wrap_ids)
        id &= 0xff;
    if (id < 0 || id > policy->ext_id_max || (id == 0 && policy->ext_off == 2))
        return;
    if (peer->ext.id[ext] != 0 && id != peer->ext.id[ext] && !policy->ext_change)
        id = 0;
    peer->ext.id[ext] = (uint8_t)id;
    if (id != 0)
        peer->host->last_ext.id[ext] = (uint8_t)id;
}

/* BEP 10: m adds to what was said before, a name that is missing stays as it is. */
static void take_ids(struct btw_peer *peer, struct btw_slice m)
{
    const struct btw_policy *policy = &peer->host->policy;
    struct btw_ben_iter iter = btw_ben_iter_of(m);
    bool seen[BTW_EXTS + 1] = { false };
    struct btw_slice key, value;
    int64_t id;

    while (btw_ben_next(&iter, &key, &value)) {
        enum btw_ext ext = ext_of(peer, key);
        seen[ext] = true;
        if (ext == BTW_EXTS)
            btw_peer_react(peer, policy->on_ext_unknown_name);
        else if (btw_ben_int(value, &id))
            take_id(peer, ext, id);
    }
    for (int ext = 0; ext < BTW_EXTS && policy->ext_missing && peer->ext_heard; ext++)
        if (!seen[ext])
            peer->ext.id[ext] = our_ids.id[ext];
}

/* --- theirs ----------------------------------------------------------------------------------------------------------
 */

/* The address they listen on: not to be dialled again, and what others are told about them (BEP 11). */
static void take_port(struct btw_peer *peer, int64_t port)
{
    struct btw_address listens = peer->address;
    struct candidate *candidate;

    if (port < 1 || port > UINT16_MAX)
        return;
    peer->listen_port = listens.port = (uint16_t)port;
    if (peer->candidate != NULL)
        return;
    candidate = btw_torrent_meet(peer->torrent, &listens);
    if (candidate == NULL || candidate->peer != NULL)
        return;
    candidate->peer = peer;
    peer->candidate = candidate;
}

static void judge_hello(struct btw_peer *peer, const struct btw_ext_handshake *hs)
{
    const struct btw_policy *policy = &peer->host->policy;
    struct btw_ben_iter iter = btw_ben_iter_of(hs->dict);
    struct btw_slice key, value;

    while (btw_ben_next(&iter, &key, &value))
        if (btw_ben_kind(value) == BTW_BEN_LIST)
            btw_peer_react(peer, policy->on_ext_list);
    if (hs->flaws != 0)
        btw_peer_react(peer, policy->on_flawed_bencode);
    if (hs->bad != 0)
        btw_peer_react(peer, policy->on_ext_odd_value);
    if (!(hs->has & BTW_EXT_M))
        btw_peer_react(peer, policy->on_ext_no_m);
    if (hs->shared_id)
        btw_peer_react(peer, policy->on_ext_same_id);
    if (peer->ext_heard)
        btw_peer_react(peer, policy->on_ext_again);
    else if (btw_peer_them(peer)->opened)
        btw_peer_react(peer, policy->on_ext_late);
}

static void on_hello(struct btw_peer *peer, const struct btw_ext_handshake *hs)
{
    judge_hello(peer, hs);
    if (hs->has & BTW_EXT_M)
        take_ids(peer, hs->m);
    if ((hs->has & BTW_EXT_REQQ) && hs->reqq > 0)
        peer->reqq = hs->reqq;
    if (hs->has & BTW_EXT_METADATA_SIZE)
        peer->metadata_size = hs->metadata_size;
    if (hs->has & BTW_EXT_UPLOAD_ONLY)
        peer->upload_only = hs->upload_only == 1;
    if (hs->has & BTW_EXT_P)
        take_port(peer, hs->p);
    if (!peer->ext_sent || peer->host->policy.ext_repeat)
        send_hello(peer);
    peer->ext_heard = true;
    btw_pex_start(peer);
}

void btw_peer_ext_received(struct btw_peer *peer, const struct btw_msg *msg)
{
    struct btw_ext_handshake hs;

    if (msg->ext == our_ids.id[BTW_EXT_UT_METADATA])
        btw_meta_received(peer, msg->data);
    else if (msg->ext == our_ids.id[BTW_EXT_UT_PEX])
        btw_pex_received(peer, msg->data);
    else if (msg->ext == 0 && btw_ext_handshake_decode(&hs, msg->data, NULL) == BTW_OK)
        on_hello(peer, &hs);
    else
        btw_peer_react(peer, peer->host->policy.on_bad_bencode);
}

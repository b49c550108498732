/* SPDX-License-Identifier: MIT
 *
 * Encryption as the reference peer's policy wants it: who encrypts, what is offered, what of the other side is borne.
 */
#include "btw/peer_mse.h"

#include <stdlib.h>

#include "peer_impl.h"

enum { REDIAL_MS = 1000 };

bool btw_peer_mse_dials(const struct btw_peer *peer)
{
    const struct btw_policy *policy = &peer->host->policy;

    return peer->dialled && policy->mse_dial > 0 && !(peer->candidate != NULL && peer->candidate->in_clear);
}

/* A peer that answers to any first bytes, as a fault, has no use for telling them from a public key. */
static bool is_accepted(const struct btw_peer *peer)
{
    const struct btw_policy *policy = &peer->host->policy;

    return !peer->dialled && policy->mse > 0 && policy->check_protocol == 2;
}

static bool find_skey(void *user, const uint8_t req2[20], uint8_t skey[20])
{
    const struct btw_host *host = user;

    for (const struct torrent *torrent = host->torrents; torrent != NULL; torrent = torrent->next) {
        const uint8_t *hashes[2];

        for (size_t i = 0, count = btw_torrent_hashes(torrent, hashes); i < count; i++) {
            uint8_t hash[20];

            btw_mse_skey_hash(hash, hashes[i]);
            if (memcmp(hash, req2, sizeof hash) == 0) {
                memcpy(skey, hashes[i], sizeof torrent->info_hash);
                return true;
            }
        }
    }
    return false;
}

static struct btw_slice random_bytes(struct btw_host *host, uint8_t *to, size_t len)
{
    for (size_t i = 0; i < len; i++)
        to[i] = (uint8_t)btw_host_random(host);
    return btw_slice_of(to, len);
}

/* Any number up to the limit where the policy says -1. */
static size_t pad_len(struct btw_host *host, int64_t entry)
{
    return entry < 0 ? (size_t)(btw_host_random(host) % (BTW_MSE_PAD_MAX + 1)) : (size_t)entry;
}

static void fill_config(struct btw_peer *peer, struct btw_mse_config *config)
{
    struct btw_host *host = peer->host;
    const struct btw_policy *policy = &host->policy;

    *config = (struct btw_mse_config){
        .methods = (uint32_t)policy->mse_methods,
        .prefer_plaintext = policy->mse_prefer == BTW_MSE_PLAINTEXT,
        .find = find_skey,
        .find_user = host,
    };
    random_bytes(host, config->private_key, sizeof config->private_key);
    if (!policy->mse_fresh)
        memset(config->private_key, 1, sizeof config->private_key);
    if (peer->torrent != NULL)
        memcpy(config->skey, peer->torrent->info_hash, sizeof config->skey);
}

static void fill_lies(const struct btw_policy *policy, const struct btw_mse_config *config, struct btw_mse_lies *lies)
{
    uint8_t key[BTW_MSE_KEY_SIZE];

    *lies = (struct btw_mse_lies){
        .vc = { 1 },
        .methods = (uint32_t)policy->mse_methods_lie,
        .pad_len = (uint16_t)((int64_t)config->pad_secret.len + policy->mse_pad_lie),
        .set = (policy->mse_key_lie ? BTW_MSE_LIE_KEY : 0u) | (policy->mse_vc_lie ? BTW_MSE_LIE_VC : 0u) |
               (policy->mse_methods_lie ? BTW_MSE_LIE_METHODS : 0u) | (policy->mse_pad_lie ? BTW_MSE_LIE_PAD : 0u),
    };
    if (policy->mse_key_lie != 2)
        return;
    btw_mse_public_key(key, config->private_key);
    for (size_t i = 0; i < sizeof key; i++)
        lies->key[i] = key[sizeof key - 1 - i];
}

struct btw_mse_end *btw_peer_mse_new(struct btw_peer *peer, struct btw_slice ia)
{
    struct btw_host *host = peer->host;
    size_t clear = pad_len(host, host->policy.mse_pad_clear), secret = pad_len(host, host->policy.mse_pad_secret);
    struct btw_mse_config config;
    struct btw_mse_lies lies;
    struct btw_mse_end *end = NULL;
    uint8_t *pads;

    if (!btw_peer_mse_dials(peer) && !is_accepted(peer))
        return NULL;
    pads = malloc(clear + secret + 1);
    if (pads == NULL)
        return NULL;
    fill_config(peer, &config);
    config.pad_clear = random_bytes(host, pads, clear);
    config.pad_secret = random_bytes(host, pads + clear, secret);
    config.ia = ia;
    fill_lies(&host->policy, &config, &lies);
    end = btw_mse_end_new(peer->dialled, &config, &lies);
    free(pads);
    return end;
}

/* What only a fault minds. */
static bool is_borne(const struct btw_policy *policy, const struct btw_mse_seen *seen, unsigned slices, bool dialled)
{
    return seen->pad_clear <= policy->mse_pad_max && seen->pad_secret <= policy->mse_pad_max &&
           (dialled || (seen->ia >= policy->mse_ia_min && seen->ia <= policy->mse_ia_max)) &&
           (policy->mse_slices == 0 || slices <= policy->mse_slices);
}

void btw_peer_mse_done(struct btw_peer *peer, const struct btw_mse_end *end, unsigned slices)
{
    const struct btw_policy *policy = &peer->host->policy;
    const struct btw_mse *mse = btw_mse_end_state(end);

    if (btw_mse_method(mse) == BTW_MSE_NONE) {
        if (policy->mse == 2)
            btw_peer_close(peer, BTW_END_FIN);
        return;
    }
    if (!policy->mse_zeros && btw_mse_end_secret(end)[0] == 0) {
        btw_peer_close(peer, BTW_END_RST);
        return;
    }
    if (!is_borne(policy, &mse->seen, slices, peer->dialled)) {
        btw_peer_close(peer, BTW_END_FIN);
        return;
    }
    peer->encrypted = true;
    memcpy(peer->skey, btw_mse_skey(mse), sizeof peer->skey);
}

static bool is_no_mse(const struct btw_mse_end *end)
{
    enum btw_mse_reason reason = btw_mse_reason(btw_mse_end_state(end));

    return reason == BTW_MSE_NO_REASON || reason == BTW_MSE_BAD_KEY || reason == BTW_MSE_NO_SYNC;
}

bool btw_peer_mse_failed(struct btw_peer *peer, const struct btw_mse_end *end)
{
    const struct btw_policy *policy = &peer->host->policy;

    if (!peer->dialled && is_no_mse(end) && policy->on_mse == REACT_CLOSE)
        return true;
    if (peer->candidate != NULL && policy->mse_dial == 1) {
        peer->candidate->in_clear = true;
        peer->candidate->next_dial_ms = peer->host->now_ms + REDIAL_MS;
    }
    btw_peer_react(peer, policy->on_mse);
    return false;
}

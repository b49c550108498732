/* SPDX-License-Identifier: MIT
 *
 * ut_metadata (BEP 9) as it comes in, and answering requests for metadata.  Answers wait for room in the output.
 */
#include <stdlib.h>

#include "peer_impl.h"

void btw_meta_send(struct btw_peer *peer, const struct btw_ut_metadata *msg)
{
    size_t cap = msg->data.len + 128, len;
    uint8_t *bytes = malloc(cap);

    if (bytes == NULL)
        return;
    if (btw_ut_metadata_encode(bytes, cap, &len, msg) == BTW_OK)
        btw_peer_ext_send(peer, BTW_EXT_UT_METADATA, btw_slice_of(bytes, len));
    free(bytes);
}

static void reject(struct btw_peer *peer, int64_t piece)
{
    btw_meta_send(peer, &(struct btw_ut_metadata){ .msg_type = BTW_METADATA_REJECT, .piece = piece });
}

/* What is served: the info dictionary, and nothing before all of it is there. */
static struct btw_slice served_bytes(const struct torrent *torrent)
{
    const struct btw_policy *policy = &torrent->host->policy;

    if (torrent->known)
        return policy->metadata_from_file ? torrent->fixture->torrent : torrent->meta.info;
    if (policy->metadata_partial && torrent->fetch.buffer != NULL)
        return btw_slice_of(torrent->fetch.buffer, torrent->fetch.size);
    return btw_slice_of(NULL, 0);
}

static void answer(struct btw_peer *peer, int64_t piece)
{
    const struct btw_policy *policy = &peer->host->policy;
    struct btw_slice bytes = served_bytes(peer->torrent);
    /* A fault: the offset is computed in 32 bits, so that large numbers come round. */
    uint64_t at = policy->metadata_wrap ? (uint32_t)((uint64_t)piece * BTW_METADATA_PIECE) : UINT64_MAX;
    uint64_t size = (uint64_t)policy->metadata_piece, last = bytes.len / size;

    if (piece >= 0 && (uint64_t)piece <= last + 1)
        at = (uint64_t)piece * size;
    if (at >= bytes.len && !(policy->metadata_beyond && at < bytes.len + size && bytes.len > 0)) {
        reject(peer, piece);
        return;
    }
    if (at > bytes.len)
        at = bytes.len;
    btw_meta_send(peer, &(struct btw_ut_metadata){
                            .msg_type = BTW_METADATA_DATA,
                            .piece = policy->metadata_echo ? piece : peer->metadata_answers,
                            .total_size = (int64_t)bytes.len,
                            .has_total_size = true,
                            .data = btw_slice_of(bytes.data + at, bytes.len - at < size ? bytes.len - at : size) });
    peer->metadata_answers++;
}

void btw_meta_serve(struct btw_peer *peer)
{
    while (peer->metadata_waiting > 0 && peer->state == PEER_OPEN &&
           (int64_t)btw_peer_backlog(peer) < peer->host->policy.output_fill) {
        int64_t piece = peer->metadata_queue[0];

        peer->metadata_waiting--;
        memmove(peer->metadata_queue, peer->metadata_queue + 1,
                peer->metadata_waiting * sizeof peer->metadata_queue[0]);
        answer(peer, piece);
    }
}

static void on_request(struct btw_peer *peer, int64_t piece)
{
    if (peer->metadata_waiting >= METADATA_QUEUE_MAX ||
        (int64_t)peer->metadata_waiting >= peer->host->policy.metadata_queue) {
        reject(peer, piece);
        return;
    }
    peer->metadata_queue[peer->metadata_waiting++] = piece;
    btw_meta_serve(peer);
}

static size_t count_keys(struct btw_slice dict)
{
    struct btw_ben_iter iter = btw_ben_iter_of(dict);
    struct btw_slice key, value;
    size_t count = 0;

    while (btw_ben_next(&iter, &key, &value))
        count++;
    return count;
}

void btw_meta_received(struct btw_peer *peer, struct btw_slice payload)
{
    const struct btw_policy *policy = &peer->host->policy;
    struct btw_ut_metadata msg;

    if (btw_ut_metadata_decode(&msg, payload, NULL) != BTW_OK) {
        btw_peer_react(peer, policy->on_bad_bencode);
        return;
    }
    if (!policy->metadata_keys && count_keys(payload) > (msg.has_total_size ? 3 : 2))
        return;
    switch (msg.msg_type) {
    case BTW_METADATA_REQUEST:
        on_request(peer, msg.piece);
        return;
    case BTW_METADATA_DATA:
        btw_magnet_data(peer, &msg);
        return;
    case BTW_METADATA_REJECT:
        btw_magnet_rejected(peer, &msg);
        return;
    default: /* whatever number they like */
        btw_peer_react(peer, policy->on_metadata_type);
        return;
    }
}

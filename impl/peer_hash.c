/* SPDX-License-Identifier: MIT
 *
 * Version 2 of the reference peer (BEP 52): the hash trees of its files, hash requests both ways, and what a piece has
 * to hash to.  A magnet has only the roots and asks for the piece layers, 512 hashes at a time.
 */
#include <stdlib.h>

#include "btw/hash_exchange.h"
#include "peer_impl.h"

enum {
    HASH = BTW_SHA256_SIZE,
    HASHES_MAX = BTW_HASHES_LENGTH_MAX + BTW_MERKLE_HEIGHT_MAX, /* of one answer */
    OPEN_MAX = 4,                                               /* own requests per peer */
    PAUSE_MS = 5000,                                            /* after a reject */
    SILENCE_MS = 15000,                                         /* for one answer */
};

/* What policy.hash_unknown and hash_v1 say. */
enum answer { ANSWER_NONE, ANSWER_REJECT, ANSWER_CLOSE = 3, ANSWER_SERVE, ANSWER_CRASH = 6 };

/* --- the files of a torrent ------------------------------------------------------------------------------------------
 */

static unsigned piece_layer(const struct torrent *torrent)
{
    return btw_merkle_piece_layer(torrent->geometry.piece_length);
}

static void learn_file(struct torrent *torrent, struct hash_file *file, const struct btw_metainfo_file *meta)
{
    struct btw_slice layer;

    file->root = meta->root;
    file->length = meta->length;
    file->first = (uint32_t)(meta->offset / torrent->geometry.piece_length);
    file->pieces = (uint32_t)((meta->length - 1) / torrent->geometry.piece_length + 1);
    file->height = btw_merkle_height(meta->length);
    if (torrent->meta.piece_layers.len > 0 && btw_metainfo_piece_layer(&torrent->meta, meta->root, &layer))
        file->layer = layer.data;
    else if (file->pieces == 1)
        file->layer = meta->root;
}

bool btw_hash_know(struct torrent *torrent)
{
    struct btw_metainfo_files files;
    struct btw_metainfo_file file;
    uint32_t *sizes;
    size_t count = 0;

    if (!torrent->meta.has_v2)
        return true;
    files = btw_metainfo_files_v2(&torrent->meta);
    while (btw_metainfo_next_file(&files, &file))
        count += file.length > 0;
    if (count == 0)
        return false;
    torrent->files = calloc(count, sizeof *torrent->files);
    sizes = calloc(torrent->meta.pieces, sizeof *sizes);
    if (torrent->files == NULL || sizes == NULL) {
        free(torrent->files);
        free(sizes);
        torrent->files = NULL;
        return false;
    }
    btw_metainfo_piece_sizes_v2(&torrent->meta, sizes);
    torrent->geometry.piece_sizes = torrent->piece_sizes = sizes;
    files = btw_metainfo_files_v2(&torrent->meta);
    while (btw_metainfo_next_file(&files, &file))
        if (file.length > 0)
            learn_file(torrent, &torrent->files[torrent->file_count++], &file);
    return true;
}

void btw_hash_forget(struct torrent *torrent)
{
    for (size_t i = 0; i < torrent->file_count; i++) {
        free(torrent->files[i].tree);
        free(torrent->files[i].fetched);
        free(torrent->files[i].asked);
    }
    free(torrent->files);
    free(torrent->piece_sizes);
}

static struct hash_file *find_root(const struct torrent *torrent, const uint8_t root[32])
{
    for (size_t i = 0; i < torrent->file_count; i++)
        if (memcmp(torrent->files[i].root, root, HASH) == 0)
            return &torrent->files[i];
    return NULL;
}

static struct hash_file *file_of(const struct torrent *torrent, uint32_t piece)
{
    struct hash_file *file = torrent->files;

    while (piece - file->first >= file->pieces)
        file++;
    return file;
}

/* --- pieces ----------------------------------------------------------------------------------------------------------
 */

bool btw_hash_knows(const struct torrent *torrent, uint32_t piece)
{
    return torrent->meta.has_v1 || file_of(torrent, piece)->layer != NULL || !torrent->host->policy.hash_first;
}

bool btw_hash_piece_fits(const struct torrent *torrent, uint32_t piece, struct btw_slice data)
{
    const struct hash_file *file = file_of(torrent, piece);
    unsigned layer = file->height < piece_layer(torrent) ? file->height : piece_layer(torrent);
    uint8_t hash[HASH];

    if (file->layer == NULL)
        return torrent->meta.has_v1;
    return btw_merkle_of_data(hash, data, layer) &&
           memcmp(hash, file->layer + (size_t)(piece - file->first) * HASH, HASH) == 0;
}

/* --- answering -------------------------------------------------------------------------------------------------------
 */

/* The whole tree, from the content; kept, since whoever asks once will ask again. */
static bool grow_tree(const struct torrent *torrent, struct hash_file *file, struct btw_merkle *tree)
{
    uint64_t blocks = (file->length + BTW_BLOCK_SIZE - 1) / BTW_BLOCK_SIZE, left = file->length;
    uint64_t offset = (uint64_t)file->first * torrent->geometry.piece_length;

    *tree = (struct btw_merkle){ file->tree, blocks, 0, file->height };
    if (file->tree != NULL)
        return true;
    file->tree = malloc(btw_merkle_size(blocks, 0, file->height));
    if (file->tree == NULL)
        return false;
    for (uint64_t i = 0; i < blocks; i++, left -= BTW_BLOCK_SIZE) {
        size_t len = left < BTW_BLOCK_SIZE ? (size_t)left : BTW_BLOCK_SIZE;
        btw_fixture_read(torrent->fixture, offset + i * BTW_BLOCK_SIZE, torrent->host->scratch, len);
        btw_sha256(file->tree + i * HASH, btw_slice_of(torrent->host->scratch, len));
    }
    return btw_merkle_build(tree, file->tree, blocks, 0, file->height);
}

/* BEP 52: what covers pieces that were announced must be served; the upper layers are there with the metadata. */
static bool may_answer(struct btw_peer *peer, const struct hash_file *file, const struct btw_hash_range *range)
{
    const struct btw_policy *policy = &peer->host->policy;
    const struct torrent *torrent = peer->torrent;
    unsigned layer = piece_layer(torrent);

    if (btw_peer_us(peer)->choking && !policy->hash_choked)
        return false;
    if (file->layer == NULL || (!policy->hash_partial && !btw_torrent_complete(torrent)))
        return false;
    if (range->base >= layer)
        return true;
    if (!policy->hash_leaves)
        return false;
    uint32_t first = range->index >> (layer - range->base);
    uint64_t end = ((uint64_t)range->index + range->length - 1) >> (layer - range->base);
    for (uint32_t i = first; i <= end && i < file->pieces; i++)
        if (!btw_bit_get(torrent->have, file->first + i))
            return false;
    return true;
}

/* A fault: what is wrong with a request is put right instead of refused. */
static void bend(struct btw_hash_range *range, unsigned height)
{
    uint32_t length = 2;

    if (height == 0)
        return;
    if (range->base >= height)
        range->base = 0;
    while (length < range->length && length < BTW_HASHES_LENGTH_MAX && range->base + 1 < height &&
           length < UINT32_C(1) << (height - range->base))
        length *= 2;
    range->length = length;
    range->index -= range->index % length;
    if ((uint64_t)range->index + length > UINT64_C(1) << (height - range->base))
        range->index = 0;
    if (range->proof > height - range->base - 1)
        range->proof = height - range->base - 1;
}

/* Faults in the order and in the number of uncles, behind `length` hashes; the number of all hashes then. */
static size_t muddle(const struct btw_policy *policy, const struct btw_merkle *tree, const struct btw_hash_range *range,
                     uint8_t *hashes, size_t count)
{
    uint8_t *first = hashes + (size_t)range->length * HASH, swap[HASH];
    size_t uncles = count - range->length;

    for (size_t i = 0; policy->hash_uncles == 0 && i < uncles / 2; i++) {
        memcpy(swap, first + i * HASH, HASH);
        memcpy(first + i * HASH, first + (uncles - 1 - i) * HASH, HASH);
        memcpy(first + (uncles - 1 - i) * HASH, swap, HASH);
    }
    for (uint32_t i = 0; !policy->hash_pad && i < range->length; i++)
        if ((uint64_t)range->index + i >= btw_merkle_count(tree, range->base))
            memset(hashes + (size_t)i * HASH, 0, HASH);
    for (; policy->hash_uncles == 2 && count < range->length + (size_t)range->proof && count < HASHES_MAX; count++)
        memset(hashes + count * HASH, 0x55, HASH);
    return count;
}

static void put(struct btw_peer *peer, enum btw_type type, const struct btw_hash_range *range, struct btw_slice hashes)
{
    struct btw_msg msg = { .type = type, .data = hashes };

    btw_hash_range_put(&msg, range);
    btw_peer_put(peer, &msg);
}

static void reject(struct btw_peer *peer, const struct btw_hash_range *range)
{
    put(peer, BTW_HASH_REJECT, range, btw_slice_of(NULL, 0));
}

static void answer(struct btw_peer *peer, struct hash_file *file, const struct btw_hash_range *asked)
{
    const struct btw_policy *policy = &peer->host->policy;
    uint8_t hashes[HASHES_MAX * HASH];
    struct btw_hash_range range = *asked;
    struct btw_merkle tree;
    size_t len;

    if (!policy->hash_check)
        bend(&range, file->height);
    if (policy->hash_scale && range.base < piece_layer(peer->torrent))
        range.index <<= piece_layer(peer->torrent) - range.base;
    if (btw_hash_range_check(&range, file->height, NULL) != BTW_OK || !may_answer(peer, file, &range) ||
        !grow_tree(peer->torrent, file, &tree) ||
        btw_hashes_write(hashes, sizeof hashes, &len, &tree, &range, NULL) != BTW_OK) {
        reject(peer, asked);
        return;
    }
    len = muddle(policy, &tree, &range, hashes, len / HASH) * HASH;
    put(peer, BTW_HASHES, asked, btw_slice_of(hashes, len));
}

/* What to do with a request that has no file; ANSWER_SERVE as though it were the last one. */
static void answer_odd(struct btw_peer *peer, const struct btw_hash_range *range, int64_t how)
{
    struct torrent *torrent = peer->torrent;

    switch ((enum answer)how) {
    case ANSWER_NONE:
        btw_peer_them(peer)->hash_count = 0; /* a fault: they are forgotten */
        return;
    case ANSWER_REJECT:
        reject(peer, range);
        return;
    case ANSWER_CLOSE:
        btw_peer_close(peer, BTW_END_FIN);
        return;
    case ANSWER_SERVE:
        if (torrent->file_count > 0)
            answer(peer, &torrent->files[torrent->file_count - 1], range);
        else
            reject(peer, range);
        return;
    case ANSWER_CRASH:
        btw_host_crash(peer->host);
        return;
    }
    reject(peer, range);
}

void btw_hash_request(struct btw_peer *peer, const struct btw_msg *msg, enum btw_breach breach)
{
    struct btw_msg answer = *msg;

    answer.type = BTW_HASH_REJECT;
    if (breach != BTW_BREACH_NONE)
        btw_peer_put_raw(peer, &answer); /* it is not in the table, where an equal one may be */
}

void btw_hash_serve(struct btw_peer *peer)
{
    const struct btw_policy *policy = &peer->host->policy;
    const struct btw_party *them = btw_peer_them(peer);

    while (peer->state == PEER_OPEN && them->hash_count > 0 && (int64_t)btw_peer_backlog(peer) < policy->output_fill) {
        struct btw_hash_range range = them->hash_pending[0].range;
        struct hash_file *file = find_root(peer->torrent, range.root);
        size_t open = them->hash_count;
        if (!peer->v2)
            answer_odd(peer, &range, policy->hash_v1);
        else if (file == NULL)
            answer_odd(peer, &range, policy->hash_unknown);
        else
            answer(peer, file, &range);
        if (them->hash_count == open)
            return;
    }
}

/* --- asking ----------------------------------------------------------------------------------------------------------
 */

/* A layer is asked for in chunks of that many hashes, and padding that fills up the last one comes with it. */
static uint32_t chunk_length(const struct torrent *torrent, const struct hash_file *file)
{
    uint64_t width = UINT64_C(1) << (file->height - piece_layer(torrent));
    int64_t most = torrent->host->policy.hash_length;

    return width < (uint64_t)most ? (uint32_t)width : (uint32_t)most;
}

static uint32_t chunk_count(const struct torrent *torrent, const struct hash_file *file)
{
    uint32_t length = chunk_length(torrent, file);

    return (file->pieces + length - 1) / length;
}

static bool begin_layer(const struct torrent *torrent, struct hash_file *file)
{
    uint32_t chunks = chunk_count(torrent, file);

    if (file->fetched == NULL)
        file->fetched = calloc((size_t)chunks * chunk_length(torrent, file), HASH);
    if (file->asked == NULL)
        file->asked = calloc(chunks, sizeof *file->asked);
    return file->fetched != NULL && file->asked != NULL;
}

enum { CHUNK_HERE = -1 }; /* in file->asked, where else there is the serial number of who was asked; 0: nobody */

static struct btw_hash_range range_of(const struct torrent *torrent, const struct hash_file *file, uint32_t chunk)
{
    struct btw_hash_range range = { .base = piece_layer(torrent), .length = chunk_length(torrent, file) };

    memcpy(range.root, file->root, HASH);
    range.index = chunk * range.length;
    range.proof = file->height - range.base - 1 + (torrent->host->policy.hash_proof_extra != 0);
    if (torrent->host->policy.hash_exact && file->pieces - range.index < range.length)
        range.length = file->pieces - range.index;
    return range;
}

static size_t open_requests(struct btw_peer *peer)
{
    return btw_peer_us(peer)->hash_count;
}

static void ask_file(struct btw_peer *peer, struct hash_file *file)
{
    const struct torrent *torrent = peer->torrent;

    if (!begin_layer(torrent, file))
        return;
    for (uint32_t i = 0; i < chunk_count(torrent, file) && open_requests(peer) < OPEN_MAX; i++) {
        if (file->asked[i] != 0)
            continue;
        struct btw_hash_range range = range_of(torrent, file, i);
        file->asked[i] = (int64_t)peer->serial;
        btw_peer_after(peer, TIMER_HASHES, SILENCE_MS);
        put(peer, BTW_HASH_REQUEST, &range, btw_slice_of(NULL, 0));
    }
}

void btw_hash_ask(struct btw_peer *peer)
{
    struct torrent *torrent = peer->torrent;

    if (!torrent->known || peer->hash_paused || (!peer->v2 && torrent->host->policy.hash_v2_only))
        return;
    for (size_t i = 0; i < torrent->file_count && peer->state == PEER_OPEN; i++) {
        struct hash_file *file = &torrent->files[i];
        bool useful = false;
        for (uint32_t piece = 0; piece < file->pieces && !useful; piece++)
            useful = btw_bit_get(peer->has, file->first + piece);
        if (file->layer == NULL && useful && find_root(torrent, file->root) == file)
            ask_file(peer, file);
    }
}

/* What this peer was asked for may be asked of others. */
void btw_hash_leave(struct btw_peer *peer)
{
    struct torrent *torrent = peer->torrent;

    for (size_t i = 0; i < torrent->file_count; i++)
        for (uint32_t j = 0; torrent->files[i].asked != NULL && j < chunk_count(torrent, &torrent->files[i]); j++)
            if (torrent->files[i].asked[j] == (int64_t)peer->serial)
                torrent->files[i].asked[j] = 0;
    torrent->wake = true;
}

static void pause_asking(struct btw_peer *peer)
{
    btw_hash_leave(peer);
    peer->hash_paused = true;
    btw_peer_after(peer, TIMER_HASHES, PAUSE_MS);
}

void btw_hash_timer(struct btw_peer *peer)
{
    if (peer->hash_paused)
        peer->hash_paused = false;
    else if (open_requests(peer) > 0)
        btw_peer_close(peer, BTW_END_FIN); /* BEP 52: every hash request is answered */
}

void btw_hash_rejected(struct btw_peer *peer)
{
    if (peer->host->policy.hash_retry)
        pause_asking(peer);
}

void btw_hash_received(struct btw_peer *peer, const struct btw_msg *msg)
{
    struct torrent *torrent = peer->torrent;
    struct btw_hash_range range = btw_hash_range_of(msg);
    struct hash_file *file = find_root(torrent, range.root);
    bool fits;

    if (open_requests(peer) == 0)
        btw_peer_never(peer, TIMER_HASHES);
    if (file == NULL || file->asked == NULL || file->layer != NULL || range.base != piece_layer(torrent))
        return;
    uint32_t chunk = range.index / chunk_length(torrent, file);
    if (chunk >= chunk_count(torrent, file) || file->asked[chunk] != (int64_t)peer->serial)
        return;
    fits = btw_hashes_verify(msg->data, &range, file->height, NULL) == BTW_OK;
    if (!fits && (torrent->host->policy.hash_verify || msg->data.len < (size_t)range.length * HASH)) {
        btw_peer_close(peer, BTW_END_FIN);
        return;
    }
    file->asked[chunk] = CHUNK_HERE;
    memcpy(file->fetched + (size_t)range.index * HASH, msg->data.data, (size_t)range.length * HASH);
    for (uint32_t i = 0; i < chunk_count(torrent, file); i++)
        if (file->asked[i] != CHUNK_HERE)
            return;
    for (size_t i = 0; i < torrent->file_count; i++) /* files with the same content have the same tree */
        if (memcmp(torrent->files[i].root, file->root, HASH) == 0)
            torrent->files[i].layer = file->fetched;
    torrent->wake = true;
}

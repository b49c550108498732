/* SPDX-License-Identifier: MIT
 *
 * Torrents from files, and from metadata that went by.
 */
#include "torrent.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "btw/hash.h"
#include "files.h"

/* Puts a metainfo into the list; bytes is taken over.  NULL: memory is short. */
static const struct cap_torrent *add(struct cap_torrents *torrents, const struct btw_metainfo *meta, uint8_t *bytes)
{
    struct cap_torrent **list = realloc(torrents->list, (torrents->count + 1) * sizeof(struct cap_torrent *));
    struct cap_torrent *torrent = calloc(1, sizeof *torrent);
    if (list != NULL)
        torrents->list = list;
    if (list == NULL || torrent == NULL) {
        free(torrent);
        free(bytes);
        return NULL;
    }
    torrent->meta = *meta;
    torrent->bytes = bytes;
    torrent->geometry = (struct cap_geometry){
        .pieces = meta->pieces,
        .piece_length = meta->piece_length,
        .total_length = meta->total_length,
    };
    if (meta->has_v2 && meta->pieces <= CAP_SIZES_MAX &&
        (torrent->sizes_v2 = malloc(meta->pieces * sizeof(uint32_t))) != NULL)
        btw_metainfo_piece_sizes_v2(meta, torrent->sizes_v2);
    if (!meta->has_v1)
        torrent->geometry.piece_sizes = torrent->sizes_v2;
    list[torrents->count++] = torrent;
    return torrent;
}

bool cap_torrents_add_file(struct cap_torrents *torrents, const char *path, char **error)
{
    struct scn_file file;
    struct btw_metainfo meta;
    struct btw_diag diag = { 0 };
    if (!scn_file_read(&file, path)) {
        if (asprintf(error, "%s: %s", path, strerror(errno)) < 0)
            *error = NULL;
        return false;
    }
    enum btw_status status = btw_metainfo_read(&meta, btw_slice_of(file.text, file.len), &diag);
    if (status != BTW_OK) {
        if (asprintf(error, "%s is no torrent: byte %zu, %s", path, diag.offset, diag.text) < 0)
            *error = NULL;
        scn_file_free(&file);
        return false;
    }
    return add(torrents, &meta, (uint8_t *)file.text) != NULL;
}

const struct cap_torrent *cap_torrents_add_info(struct cap_torrents *torrents, uint8_t *info, size_t len)
{
    struct btw_metainfo meta;
    if (torrents->count >= CAP_TORRENTS_LEARNED_MAX ||
        btw_metainfo_read_info(&meta, btw_slice_of(info, len), NULL) != BTW_OK) {
        free(info);
        return NULL;
    }
    return add(torrents, &meta, info);
}

const struct cap_torrent *cap_torrents_find(const struct cap_torrents *torrents, const uint8_t info_hash[20])
{
    for (size_t i = 0; i < torrents->count; i++) {
        const struct btw_metainfo *meta = &torrents->list[i]->meta;
        if (memcmp(meta->info_hash, info_hash, 20) == 0 || btw_metainfo_speaks_v2(meta, info_hash))
            return torrents->list[i];
    }
    return NULL;
}

void cap_torrents_free(struct cap_torrents *torrents)
{
    for (size_t i = 0; i < torrents->count; i++) {
        free(torrents->list[i]->sizes_v2);
        free(torrents->list[i]->bytes);
        free(torrents->list[i]);
    }
    free(torrents->list);
    *torrents = (struct cap_torrents){ 0 };
}

/* ---- metadata ---------------------------------------------------------------------------------------------------- */

static struct cap_metadata *begin(struct cap_torrents *torrents, const struct btw_ut_metadata *msg)
{
    struct cap_metadata *metadata = NULL;
    if (!msg->has_total_size || msg->total_size < 1 || msg->total_size > CAP_METADATA_MAX ||
        (size_t)msg->total_size > CAP_LEARNING_MAX - torrents->learning)
        return NULL;
    metadata = calloc(1, sizeof *metadata);
    if (metadata == NULL)
        return NULL;
    metadata->buffer = malloc((size_t)msg->total_size);
    if (metadata->buffer == NULL) {
        free(metadata);
        return NULL;
    }
    metadata->size = (size_t)msg->total_size;
    torrents->learning += metadata->size;
    btw_metadata_init(&metadata->state, metadata->buffer, (size_t)msg->total_size);
    return metadata;
}

/* BEP 52: a session of version 2 alone goes by the SHA-256 of the metadata, cut to 20 bytes. */
static bool is_hashed(const struct cap_metadata *metadata, size_t len, const uint8_t info_hash[20])
{
    uint8_t sha1[BTW_SHA1_SIZE], sha256[BTW_SHA256_SIZE];
    btw_sha1(sha1, btw_slice_of(metadata->buffer, len));
    btw_sha256(sha256, btw_slice_of(metadata->buffer, len));
    return memcmp(sha1, info_hash, 20) == 0 || memcmp(sha256, info_hash, 20) == 0;
}

enum cap_metadata_status cap_metadata_take(struct cap_torrents *torrents, struct cap_metadata **metadata,
                                           struct btw_slice payload, const uint8_t info_hash[20], size_t *len)
{
    struct btw_ut_metadata msg;
    size_t piece = 0;
    if ((*metadata != NULL && (*metadata)->settled) || btw_ut_metadata_decode(&msg, payload, NULL) != BTW_OK ||
        msg.msg_type != BTW_METADATA_DATA)
        return CAP_METADATA_MORE;
    if (*metadata == NULL && (*metadata = begin(torrents, &msg)) == NULL)
        return CAP_METADATA_MORE;
    if (btw_metadata_add(&(*metadata)->state, &msg, NULL) != BTW_OK ||
        btw_metadata_next_missing(&(*metadata)->state, &piece))
        return CAP_METADATA_MORE;
    *len = (*metadata)->size;
    (*metadata)->settled = true;
    return is_hashed(*metadata, *len, info_hash) ? CAP_METADATA_WHOLE : CAP_METADATA_WRONG;
}

uint8_t *cap_metadata_release(struct cap_metadata *metadata)
{
    uint8_t *buffer = metadata->buffer;
    metadata->buffer = NULL;
    return buffer;
}

/* What was learned goes on to count. */
void cap_metadata_free(struct cap_torrents *torrents, struct cap_metadata *metadata)
{
    if (metadata == NULL)
        return;
    if (metadata->buffer != NULL)
        torrents->learning -= metadata->size;
    free(metadata->buffer);
    free(metadata);
}

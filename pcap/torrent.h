/* SPDX-License-Identifier: MIT
 *
 * Torrents whose sessions are read: given as files, or learned from metadata that the capture itself carries (BEP 9).
 */
#ifndef CAP_TORRENT_H
#define CAP_TORRENT_H

#include "account.h"
#include "btw/metainfo.h"
#include "btw/ut_metadata.h"

struct cap_torrent {
    struct btw_metainfo meta;
    struct cap_geometry geometry; /* as spoken under meta.info_hash */
    uint32_t *sizes_v2;           /* of each piece in version 2, or NULL */
    uint8_t *bytes;               /* private */
};

struct cap_torrents {
    struct cap_torrent **list;
    size_t count;
    size_t learning; /* bytes of metadata on its way, and learned */
};
enum {
    CAP_TORRENTS_LEARNED_MAX = 64,
    CAP_METADATA_MAX = 4 << 20,
    CAP_LEARNING_MAX = 8 << 20, /* in all */
    CAP_SIZES_MAX = 1 << 20,    /* pieces whose sizes are kept one by one (BEP 52) */
};

/* Reads a .torrent file.  False: error, to be freed, says why. */
bool cap_torrents_add_file(struct cap_torrents *torrents, const char *path, char **error);
/* Takes over `info`, a bare info dictionary from malloc, which is freed when it is none.  NULL: it is none, or that is
 * one too many. */
const struct cap_torrent *cap_torrents_add_info(struct cap_torrents *torrents, uint8_t *info, size_t len);
/* By the 20 bytes of a handshake, of version 1 or 2. */
const struct cap_torrent *cap_torrents_find(const struct cap_torrents *torrents, const uint8_t info_hash[20]);
void cap_torrents_free(struct cap_torrents *torrents);

/* ---- metadata on its way from one side of a session ---- */

struct cap_metadata {
    struct btw_metadata state;
    uint8_t *buffer;
    size_t size;
    bool settled; /* it was whole once, right or wrong */
};
enum cap_metadata_status {
    CAP_METADATA_MORE,
    CAP_METADATA_WHOLE, /* buffer holds an info dictionary with this hash, of *len bytes */
    CAP_METADATA_WRONG, /* all pieces came, and their hash is another */
};
/* Takes the payload of an extended message that belongs to ut_metadata.  *metadata is NULL at first and freed with
 * cap_metadata_free. */
enum cap_metadata_status cap_metadata_take(struct cap_torrents *torrents, struct cap_metadata **metadata,
                                           struct btw_slice payload, const uint8_t info_hash[20], size_t *len);
/* The buffer of whole metadata, which is the caller's from now on. */
uint8_t *cap_metadata_release(struct cap_metadata *metadata);
void cap_metadata_free(struct cap_torrents *torrents, struct cap_metadata *metadata);

#endif

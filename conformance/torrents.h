/* SPDX-License-Identifier: MIT
 *
 * The torrents a target has loaded, as the engine wants to know them.
 */
#ifndef SCN_TORRENTS_H
#define SCN_TORRENTS_H

#include "btw/fixture.h"
#include "world.h"

/* Grows one by one; pointers into list are valid only when no more are added. */
struct scn_torrents {
    struct scn_torrent *list;
    size_t count;
};

/* A fixture, once however often it is asked for.  False: there is no such kind. */
bool scn_torrents_add_fixture(struct scn_torrents *torrents, const char *kind, unsigned copy);

/* The fixture behind a torrent, or behind a copy of the struct; NULL: it is the user's own. */
const struct btw_fixture *scn_torrents_fixture(const struct scn_torrent *torrent);

/* As the fixture's files are named, "base-2"; of the user's own its kind. */
const char *scn_torrent_name(const struct scn_torrent *torrent);

/* The user's own, of kind "any".  data: the file, or the folder that holds the files or the torrent's own folder; NULL:
 * the payload is not known.  False: error says why, one sentence. */
bool scn_torrents_add_file(struct scn_torrents *torrents, const char *torrent, const char *data, char *error,
                           size_t cap);
/* Nothing but its info-hash is known. */
void scn_torrents_add_hash(struct scn_torrents *torrents, const uint8_t info_hash[20]);

/* Takes the i-th out of the list; the others keep their order. */
void scn_torrents_remove(struct scn_torrents *torrents, size_t i);
void scn_torrents_free(struct scn_torrents *torrents);

#endif

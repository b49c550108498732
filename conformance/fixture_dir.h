/* SPDX-License-Identifier: MIT
 *
 * A folder of fixture torrents for a person or a driver to load into a client.
 *
 *     NAME.torrent       what seeds share
 *     NAME-N.torrent     what leeches and magnets are given, each for one run
 *     data/              payload of the former
 *     magnets.txt        a line `NAME-N MAGNET-LINK` for each of the latter
 *     index.txt          a line `NAME INFO-HASH`, sorted as they were asked for
 */
#ifndef SCN_FIXTURE_DIR_H
#define SCN_FIXTURE_DIR_H

#include "torrents.h"

/* Writes all fixtures of the list; makes the folder when it is not there.  False: error says why, one sentence. */
bool scn_fixture_dir_write(const char *dir, const struct scn_torrents *torrents, char *error, size_t cap);

#endif

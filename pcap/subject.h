/* SPDX-License-Identifier: MIT
 *
 * The torrent that a captured session is about, with its content where that can be had: the user's own, or one of the
 * fixtures, which are known by their info-hash.
 */
#ifndef CAP_SUBJECT_H
#define CAP_SUBJECT_H

#include "tape.h"
#include "torrents.h"

/* Finds it and adds it to the list, which is empty.  path (of a .torrent file) and data may be NULL.  *found is NULL
 * when nothing is known of the torrent, else it lives as long as the list.  False: error says what is wrong with the
 * files, one sentence. */
bool cap_subject_find(const struct scn_torrent **found, struct scn_torrents *torrents, const struct cap_tape *tape,
                      const char *path, const char *data, char *error, size_t cap);

/* Is the session about this torrent? */
bool cap_subject_is(const struct cap_tape *tape, const struct scn_torrent *torrent);

#endif

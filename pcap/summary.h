/* SPDX-License-Identifier: MIT
 *
 * A session that is over, for people.
 */
#ifndef CAP_SUMMARY_H
#define CAP_SUMMARY_H

#include <stdio.h>

#include "torrent.h"

/* start_ns is what times count from. */
void cap_summary_print(FILE *out, const struct cap_session *session, const struct cap_account *account,
                       const struct cap_torrents *torrents, int64_t start_ns);

/* The geometry of a session's torrent: known, learned or inferred. */
struct cap_geometry cap_geometry_of(const struct cap_session *session, const struct cap_account *account,
                                    const struct cap_torrents *torrents);

/* How far the pieces that one side sends have come, in one line: "[#####...] 5 of 8 pieces, 81920 bytes".  False: it
 * has sent none. */
enum { CAP_PROGRESS_TEXT = 120 };
bool cap_progress_text(char out[CAP_PROGRESS_TEXT], const struct cap_pieces *pieces,
                       const struct cap_geometry *geometry);

#endif

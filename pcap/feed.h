/* SPDX-License-Identifier: MIT
 *
 * The loop from a capture to a dissector, and what is learned on the way.
 */
#ifndef CAP_FEED_H
#define CAP_FEED_H

#include <signal.h>

#include "dissect.h"
#include "torrent.h"

/* Reads to the end of the capture, or until *stop is set, which may be NULL.  *start_ns is set to the time of the first
 * packet before it is told.  idle, which may be NULL, is called when an interface has nothing to tell.  The dissector's
 * sessions are closed.
 *
 * CAP_END, CAP_CUT or CAP_ERROR */
enum cap_status cap_feed(struct cap_capture *capture, struct cap_dissect *dissect, const volatile sig_atomic_t *stop,
                         int64_t *start_ns, void (*idle)(void *user), void *user);

/* Metadata that goes by in a message, put together from what one side sends; *status says how far it is.  wants is the
 * id under which the receiver wants ut_metadata, 0: it does not.  The torrent once it is whole, right, and not known
 * yet; NULL otherwise. */
const struct cap_torrent *cap_learn(struct cap_torrents *torrents, struct cap_metadata *metadata[2],
                                    const struct cap_event *event, uint8_t wants, enum cap_metadata_status *status);

#endif

/* SPDX-License-Identifier: MIT
 *
 * Packets from a capture into a dissector.
 */
#include "feed.h"

enum cap_status cap_feed(struct cap_capture *capture, struct cap_dissect *dissect, const volatile sig_atomic_t *stop,
                         int64_t *start_ns, void (*idle)(void *user), void *user)
{
    struct cap_packet packet;
    enum cap_status status = CAP_END;
    bool first = true;
    while ((stop == NULL || !*stop) &&
           ((status = cap_capture_next(capture, &packet)) == CAP_OK || status == CAP_IDLE)) {
        if (status == CAP_IDLE) {
            if (idle != NULL)
                idle(user);
            continue;
        }
        if (first)
            *start_ns = packet.time_ns;
        first = false;
        cap_dissect_packet(dissect, &packet);
    }
    cap_dissect_end(dissect);
    return status == CAP_CUT || status == CAP_ERROR ? status : CAP_END;
}

const struct cap_torrent *cap_learn(struct cap_torrents *torrents, struct cap_metadata *metadata[2],
                                    const struct cap_event *event, uint8_t wants, enum cap_metadata_status *status)
{
    const struct cap_session *session = event->session;
    size_t len = 0;
    *status = CAP_METADATA_MORE;
    if (event->kind != CAP_MESSAGE || event->msg.type != BTW_EXTENDED || wants == 0 || event->msg.ext != wants ||
        !session->hash_known)
        return NULL;
    *status = cap_metadata_take(torrents, &metadata[event->side], event->msg.data, session->info_hash, &len);
    if (*status != CAP_METADATA_WHOLE || cap_torrents_find(torrents, session->info_hash) != NULL)
        return NULL;
    return cap_torrents_add_info(torrents, cap_metadata_release(metadata[event->side]), len);
}

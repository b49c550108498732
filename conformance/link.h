/* SPDX-License-Identifier: MIT
 *
 * What moves bytes between the engine and a target: memory under a virtual clock (link_mem.c) or sockets on an event
 * loop (link_tcp.c).  The engine knows nothing else of the world.
 *
 * A link reports by calling scn_conn_opened, scn_conn_received, scn_conn_drained, scn_conn_ended and scn_conn_accepted
 * (run.h), never from inside one of its own operations.
 */
#ifndef SCN_LINK_H
#define SCN_LINK_H

#include "btw/peer.h"

struct scn_conn;     /* the engine's end of a connection, run.h */
struct scn_listener; /* the engine's side of a listener, run.h */

struct scn_dial {
    unsigned source; /* number of the source address: equal numbers share an address, others never do */
    bool v6;
    int rcvbuf; /* bytes, 0: the system's */
    bool first; /* does not wait behind the dials of others */
};

struct scn_link {
    const struct scn_link_ops *ops;
};

struct scn_link_ops {
    /* Milliseconds on a clock that never goes back. */
    int64_t (*now)(struct scn_link *link);

    /* Starts a connection; scn_conn_opened or scn_conn_ended follows.  The handle stays valid until forget(). */
    void *(*dial)(struct scn_link *link, struct scn_conn *conn, const struct scn_dial *how);

    /* Takes bytes for sending (copied); they are sent in this order, each call in a segment of its own as far as the
     * transport allows.  queued() tells how many have not gone yet; scn_conn_drained is called when none are left. */
    void (*send)(struct scn_link *link, void *handle, struct btw_slice bytes);
    size_t (*queued)(struct scn_link *link, void *handle);

    void (*read)(struct scn_link *link, void *handle, bool on); /* stop and go on reading */
    void (*fin)(struct scn_link *link, void *handle);           /* after what is queued */
    void (*rst)(struct scn_link *link, void *handle);
    /* The engine forgets the connection: close it if it is open, free the handle, call nothing for it any more. */
    void (*forget)(struct scn_link *link, void *handle);
    /* Our address as the target sees it; false when unknown. */
    bool (*address)(struct scn_link *link, void *handle, struct btw_address *out);

    /* A listener that the target is told of for this torrent; peer_id (20 bytes) is what the tracker says, or NULL.
     * scn_conn_accepted follows for each connection.  NULL: this target cannot be made to dial. */
    void *(*listen)(struct scn_link *link, struct scn_listener *listener, bool v6, const uint8_t info_hash[20],
                    const uint8_t *peer_id);
    void (*unlisten)(struct scn_link *link, void *handle);
};

#endif

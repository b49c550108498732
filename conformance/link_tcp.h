/* SPDX-License-Identifier: MIT
 *
 * A link over real sockets on a libuv loop.  The loop belongs to the caller, who runs it; everything happens on its
 * thread.
 */
#ifndef SCN_LINK_TCP_H
#define SCN_LINK_TCP_H

#include <uv.h>

#include "link.h"
#include "net.h"

/* A listener that the target is to be told of, or no more (on false).  peer_id is NULL when any will do. */
typedef void scn_tcp_offer_fn(void *user, const uint8_t info_hash[20], const struct btw_address *address,
                              const uint8_t *peer_id, bool on);

struct scn_tcp_config {
    struct scn_endpoint target;
    const struct sockaddr
        *source;             /* of every dial; NULL: on the loopback net one per number, else the system's choice */
    uint16_t listen_port;    /* of the first listener; 0, and all others: chosen by the system */
    scn_tcp_offer_fn *offer; /* NULL: this target cannot be made to dial */
    void *user;
};

struct scn_tcp;

/* config is copied, source included. */
struct scn_tcp *scn_tcp_new(uv_loop_t *loop, const struct scn_tcp_config *config);
struct scn_link *scn_tcp_link(struct scn_tcp *tcp);

/* Runs that use the link must be freed before.  The loop must be run once more, until it has nothing left to do, before
 * scn_tcp_free. */
void scn_tcp_close(struct scn_tcp *tcp);
void scn_tcp_free(struct scn_tcp *tcp);

#endif

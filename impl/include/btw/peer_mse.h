/* SPDX-License-Identifier: MIT
 *
 * The encryption of the reference peer's connections, as its policy wants it.  btw_peer itself knows clear bytes only,
 * so that whoever moves them may stand between the peer and its encryption:
 *
 *     wire  <->  struct btw_mse_end  <->  (faults)  <->  struct btw_peer
 */
#ifndef BTW_PEER_MSE_H
#define BTW_PEER_MSE_H

#include "btw/mse_end.h"
#include "btw/peer.h"

BTW_BEGIN_DECLS

/* The end for a connection that was accepted, or dialled and connected; ia is what a dialling one has to say first.
 * NULL: this connection is in clear, or memory is short.  Freed by the caller, before the host. */
struct btw_mse_end *btw_peer_mse_new(struct btw_peer *peer, struct btw_slice ia);

/* Does the peer dial this connection encrypted? */
bool btw_peer_mse_dials(const struct btw_peer *peer);

/* The handshake is done, and `slices` brought the other side's part of it; the peer may close the connection. */
void btw_peer_mse_done(struct btw_peer *peer, const struct btw_mse_end *end, unsigned slices);

/* It failed, or the connection ended before it was done.  The peer closes the connection, and if it had dialled it may
 * dial again in clear.  True: this was no encryption; what was heard is a bad handshake, for the peer to refuse. */
bool btw_peer_mse_failed(struct btw_peer *peer, const struct btw_mse_end *end);

BTW_END_DECLS
#endif

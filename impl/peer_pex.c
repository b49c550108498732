/* SPDX-License-Identifier: MIT
 *
 * Peer exchange: comes next.
 */
#include "peer_impl.h"

void btw_pex_start(struct btw_peer *peer){(void)peer;}
void btw_pex_timer(struct btw_peer *peer){(void)peer;}
void btw_pex_received(struct btw_peer *peer, struct btw_slice payload){(void)peer;(void)payload;}

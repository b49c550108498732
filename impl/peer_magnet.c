/* SPDX-License-Identifier: MIT
 *
 * Metadata: comes next.
 */
#include "peer_impl.h"

void btw_meta_received(struct btw_peer *peer, struct btw_slice payload){(void)peer;(void)payload;}
void btw_meta_serve(struct btw_peer *peer){(void)peer;}
void btw_magnet_ask(struct btw_peer *peer){(void)peer;}
void btw_magnet_leave(struct btw_peer *peer){(void)peer;}
void btw_magnet_timer(struct btw_peer *peer){(void)peer;}
void btw_magnet_forget(struct torrent *torrent){(void)torrent;}

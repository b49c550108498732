/* SPDX-License-Identifier: MIT
 *
 * Taking: comes next.
 */
#include "peer_impl.h"

void btw_leech_interest(struct btw_peer *peer){(void)peer;}
void btw_leech_ask(struct btw_peer *peer){(void)peer;}
void btw_leech_block(struct btw_peer *peer, const struct btw_msg *msg){(void)peer;(void)msg;}
void btw_leech_rejected(struct btw_peer *peer, const struct btw_msg *msg){(void)peer;(void)msg;}
void btw_leech_late(struct btw_peer *peer){(void)peer;}
void btw_leech_leave(struct btw_peer *peer){(void)peer;}
void btw_leech_timer(struct btw_peer *peer, enum peer_timer timer){(void)peer;(void)timer;}
void btw_leech_event(struct btw_peer *peer, const struct btw_session_event *event){(void)peer;(void)event;}
void btw_leech_forget(struct torrent *torrent){(void)torrent;}

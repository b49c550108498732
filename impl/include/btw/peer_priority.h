/* SPDX-License-Identifier: MIT
 *
 * Canonical peer priority (BEP 40): a number that both ends of a connection compute alike, and nobody else can choose.
 * A client that must do without some connections of a torrent keeps those with the highest numbers.
 */
#ifndef BTW_PEER_PRIORITY_H
#define BTW_PEER_PRIORITY_H

#include "btw/api.h"
#include "btw/endpoint.h"

BTW_BEGIN_DECLS

/* The priority of a connection between two endpoints, in whatever order: the CRC-32C of the addresses, cut to what
 * nearby peers share, or of the ports, where the addresses are equal.
 *
 * `us` is our address as the peer sees it; what peers say about that (`yourip` of BEP 10) is a hint.  Both addresses
 * are of one family (address_len 4, or 16); an IPv4 address mapped into IPv6 is to be given as IPv4. */
uint32_t btw_peer_priority(const struct btw_endpoint *us, const struct btw_endpoint *them);

BTW_END_DECLS
#endif

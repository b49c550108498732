/* SPDX-License-Identifier: MIT
 *
 * Addresses: of targets, of the suite's own ends, and the shapes they come in.
 */
#ifndef SCN_NET_H
#define SCN_NET_H

#include <netinet/in.h>
#include <stdio.h>

#include "btw/peer.h"

/* Where a target listens. */
struct scn_endpoint {
    struct sockaddr_in v4;  /* valid when has_v4 */
    struct sockaddr_in6 v6; /* valid when has_v6 */
    bool has_v4, has_v6;
};

enum { SCN_NET_TEXT = 64 }; /* room for "[v6 address]:port" */

/* Reads "HOST:PORT" or "[V6]:PORT"; names are looked up.  127.0.0.1 stands for [::1], too: clients listen on both.
 * False: error says why, one sentence. */
bool scn_net_resolve(struct scn_endpoint *out, const char *host_port, char *error, size_t cap);

bool scn_net_is_loopback(const struct sockaddr *address);

/* Source address number `number` on the loopback net, 127.r.s.1: a /24 of its own for each, because clients refuse, ban
 * and deduplicate by address, some by /24.  Repeats after 62,500. */
void scn_net_source(struct sockaddr_in *out, unsigned number);
/* The same for listeners, out of 127.251 to 127.254, which no source ever uses. */
void scn_net_listener(struct sockaddr_in *out, unsigned number);

/* The address of this machine that `target` would see; false when there is no route. */
bool scn_net_towards(struct sockaddr_storage *out, const struct sockaddr *target);

/* Does somebody accept connections there?  Blocks; meant for this machine. */
bool scn_net_answers(const struct sockaddr *address);

/* A port on which nobody listens on 127.0.0.1 right now; 0: none. */
uint16_t scn_net_free_port(void);

void scn_net_to_address(struct btw_address *out, const struct sockaddr *in);
bool scn_net_from_address(struct sockaddr_storage *out, const struct btw_address *in);

/* "127.0.0.1:6881", "[::1]:6881" */
void scn_net_print(char text[SCN_NET_TEXT], const struct sockaddr *address);
/* The same for an endpoint: its IPv4 address if it has one. */
void scn_endpoint_print(char text[SCN_NET_TEXT], const struct scn_endpoint *endpoint);

#endif

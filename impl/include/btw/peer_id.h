/* SPDX-License-Identifier: MIT
 *
 * Peer id conventions (BEP 20): which client an id names.
 */
#ifndef BTW_PEER_ID_H
#define BTW_PEER_ID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "btw/api.h"

BTW_BEGIN_DECLS

/* Writes the name and version of the client that a peer id names, "Transmission 3000" or "Mainline 7.10.5": printable
 * ASCII, terminated, cut to cap, which is at least 1.  A client code that is not in our table stands for itself. False,
 * and an empty text: the id follows none of the conventions. */
bool btw_peer_id_client(char *out, size_t cap, const uint8_t id[20]);

BTW_END_DECLS
#endif

/* SPDX-License-Identifier: MIT
 *
 * IP fragments, put together; memory is bounded: the datagram that was begun first goes when there is no room.
 */
#ifndef CAP_FRAGMENT_H
#define CAP_FRAGMENT_H

#include "ip.h"

enum { CAP_DATAGRAMS_MAX = 32 }; /* unfinished at once, of up to 64 KiB each */

struct cap_fragments;

/* NULL: memory is short. */
struct cap_fragments *cap_fragments_new(void);
void cap_fragments_free(struct cap_fragments *fragments);

/* Takes a fragment; where they overlap, the first bytes win.  True: it was the last one that was missing, *payload is
 * the whole, which lives until the next call.  *dropped counts fragments that had to go. */
bool cap_fragments_add(struct cap_fragments *fragments, const struct cap_ip *ip, struct btw_slice *payload,
                       uint64_t *dropped);

#endif

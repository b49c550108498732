/* SPDX-License-Identifier: MIT
 *
 * Link layers: what stands in front of IP.
 */
#ifndef CAP_LINK_H
#define CAP_LINK_H

#include "btw/bytes.h"

/* The frame from its IP header on, with whatever pads its end; empty when it carries no IP.  *known is false when
 * nobody here knows the link type (DLT_...). */
struct btw_slice cap_link_ip(int link, struct btw_slice frame, bool *known);

#endif

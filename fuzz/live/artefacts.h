/* SPDX-License-Identifier: MIT
 *
 * What is laid down beside each other about a finding: the scenario, a capture of it, and what the target wrote.
 */
#ifndef LIVE_ARTEFACTS_H
#define LIVE_ARTEFACTS_H

#include "follow.h"

/* DIR/fuzz.NAME.scn, .pcap, and .log and .console as far as the target has them; the case is played once more for the
 * capture.  False: errno says why; what could be written is there. */
bool live_artefacts_write(const char *dir, const struct live_finding *finding, struct live_follow *follow,
                          uint64_t seed);

#endif

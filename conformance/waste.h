/* SPDX-License-Identifier: MIT
 *
 * What a client with a bug wastes, for faults of the reference peer.
 */
#ifndef SCN_WASTE_H
#define SCN_WASTE_H

#include <stdint.h>

enum { SCN_WASTE_BYTES = 64 * 1024, SCN_WASTE_MS = 2500 };

void scn_waste_memory(void);     /* SCN_WASTE_BYTES are used and never given back */
void scn_waste_descriptor(void); /* a file is opened and never closed */
void scn_waste_time(void);       /* SCN_WASTE_MS of the processor */
void scn_waste_words(void);      /* a line as UBSan writes it, on standard error */
/* How a process that has crashed ends (policy `death`): returns, aborts, reads behind a block of memory and returns,
 * which AddressSanitizer does not let pass, or does nothing more until a signal comes. */
void scn_waste_life(int64_t how);

#endif

/* SPDX-License-Identifier: MIT
 *
 * Shows that the scenarios notice what they are for: the decent reference peer passes each of them without a finding,
 * and each of its faults makes it fail by the line or the rule that the scenario names.  Nothing but memory and a
 * virtual clock.
 */
#ifndef SCN_PROVE_H
#define SCN_PROVE_H

#include <stdio.h>

#include "suite.h"

struct scn_prove_config {
    bool verbose;   /* the timeline of everything that is not proven */
    bool all_rules; /* the items are the whole catalogue: rules of the monitor that no fault breaks are trouble, too */
    uint64_t seed;  /* of everything random */
    uint32_t mse;   /* as in struct scn_world */
};

struct scn_prove_result {
    size_t items, passed; /* runs against the decent peer */
    size_t faults, proven;
    size_t rules, rules_proven; /* of the monitor's table; counted always, demanded with all_rules */
    bool ok;                    /* all that is demanded holds, and there was something to prove */
};

/* Items of one scenario stand next to each other; a fault is proven when one of them catches it.  Writes a line or more
 * about each thing that does not hold to out. */
struct scn_prove_result scn_prove(const struct scn_item *items, size_t count, const struct scn_prove_config *config,
                                  FILE *out);

#endif

/* SPDX-License-Identifier: MIT
 *
 * The requirement ledger: what the specifications ask of a peer, one row per testable rule, in our own words.  It is
 * the file ledger.tsv, compiled into the program (embed.cmake).
 */
#ifndef SCN_LEDGER_H
#define SCN_LEDGER_H

#include <stdbool.h>
#include <stddef.h>

#include "btw/monitor.h"

/* A row; the columns are those of the file. */
struct scn_requirement {
    const char *id;      /* "BEP3-SRV-01" */
    const char *bep;     /* number of the BEP, "MSE" or "TCP" */
    const char *section; /* the family of rules: "piece", "handshake", ... */
    enum btw_level level;
    const char *role;      /* state of the target: seed, leech, magnet or any */
    const char *direction; /* in: the suite dials; out: the target dials; either */
    const char *summary;   /* what must hold, one sentence */
    const char *stimulus, *expected, *fault;
};

size_t scn_requirement_count(void);
const struct scn_requirement *scn_requirement_at(size_t i); /* in the order of the file */
/* NULL: no such id. */
const struct scn_requirement *scn_requirement_find(const char *id);

/* Is it for a monitor in every session, not for a scenario of its own? */
bool scn_requirement_is_passive(const struct scn_requirement *requirement);
/* "BEP 3", "MSE", "TCP": how messages name where it is written. */
const char *scn_requirement_spec(const struct scn_requirement *requirement, char out[16]);

#endif

/* SPDX-License-Identifier: MIT
 *
 * Which requirements of the ledger are covered, and by what; and those that are not, with a reason (exceptions.tsv).
 */
#ifndef SCN_COVERAGE_H
#define SCN_COVERAGE_H

#include "catalogue.h"
#include "ledger.h"

struct scn_exception {
    const char *id, *reason;
};

/* Why the requirement is left alone; NULL: it is not. */
const char *scn_exception_reason(const char *id);

/* Is it one of those that this version sets out to cover?  What a peer that is dialled, as a seed or in any state, must
 * do by BEP 3, 6 and 10; and what monitors can see for BEP 3, 4, 5, 6, 10 and 20. */
bool scn_requirement_in_scope(const struct scn_requirement *requirement);

/* Does the scenario name it? */
bool scn_scenario_covers(const struct scn_scenario *scenario, const char *id);
/* By a scenario, or by a rule of the monitors where it is for them. */
bool scn_requirement_is_covered(const struct scn_catalogue *catalogue, const struct scn_requirement *requirement);

#endif

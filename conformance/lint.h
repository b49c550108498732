/* SPDX-License-Identifier: MIT
 *
 * What a scenario must be, beyond what the language allows: it has a title, names its requirements, says what it does
 * to the target, proves absence with a fence, and can fail.
 */
#ifndef SCN_LINT_H
#define SCN_LINT_H

#include "script.h"

/* place and text live only during the call. */
typedef void scn_lint_fn(void *user, const struct scn_place *place, const char *text);

/* Reports what is wrong with the scenarios of a script; the number of complaints. */
size_t scn_lint(const struct scn_script *script, scn_lint_fn *report, void *user);

/* Reports names that two scenarios share, in one script or in two. */
size_t scn_lint_names(const struct scn_script *const *scripts, size_t count, scn_lint_fn *report, void *user);

#endif

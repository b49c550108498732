/* SPDX-License-Identifier: MIT
 *
 * The option --report KIND=FILE of the subcommands that judge.
 */
#ifndef SCN_CLI_REPORT_H
#define SCN_CLI_REPORT_H

#include "cli.h"
#include "report.h"

/* Is each of them (NULL behind the last, or at all) of a known kind?  CLI_CONTINUE, or the status to leave with. */
int cli_check_reports(const struct cli_command *command, char *const *options);

/* Writes all of them, in these forms; each appears whole or not at all.  False: one could not be written, which has
 * been said. */
bool cli_write_reports(const struct cli_command *command, char *const *options, const struct scn_report_kind *kinds,
                       const void *report);

#endif

/* SPDX-License-Identifier: MIT
 *
 * Report files from the command line.
 */
#include "cli_report.h"

#include <errno.h>
#include <string.h>

/* "json=FILE": the kind, and *path; NULL when there is no such kind. */
static const struct scn_report_kind *find_kind(const struct scn_report_kind *kinds, const char *option,
                                               const char **path)
{
    const char *equals = strchr(option, '=');
    for (const struct scn_report_kind *kind = kinds; equals != NULL && kind->name != NULL; kind++) {
        *path = equals + 1;
        if (strlen(kind->name) == (size_t)(equals - option) && strncmp(kind->name, option, strlen(kind->name)) == 0)
            return kind;
    }
    return NULL;
}

int cli_check_reports(const struct cli_command *command, char *const *options)
{
    const char *path;
    for (; options != NULL && *options != NULL; options++) {
        if (find_kind(scn_report_kinds, *options, &path) == NULL)
            return cli_fail(command, CLI_USAGE, "--report wants json=FILE, tap=FILE or junit=FILE, not '%s'", *options);
    }
    return CLI_CONTINUE;
}

bool cli_write_reports(const struct cli_command *command, char *const *options, const struct scn_report_kind *kinds,
                       const void *report)
{
    bool written = true;
    for (; options != NULL && *options != NULL; options++) {
        const char *path = NULL;
        const struct scn_report_kind *kind = find_kind(kinds, *options, &path);
        if (!scn_report_write(report, kind, path)) {
            (void)cli_fail(command, CLI_OURS, "cannot write '%s': %s", path, strerror(errno));
            written = false;
        }
    }
    return written;
}

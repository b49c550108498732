/* SPDX-License-Identifier: MIT
 *
 * Captures and torrents from the command line.
 */
#include "cli_capture.h"

#include <stdlib.h>
#include <string.h>

struct cap_capture *cli_capture(const struct cli_command *command, const char *path, bool grows, const char *interface,
                                const char *filter)
{
    char *error = NULL;
    bool is_file = strcmp(path, "-") != 0; /* what comes in is waited for anyway */
    struct cap_capture *capture = interface != NULL  ? cap_capture_live(interface, filter, &error)
                                  : grows && is_file ? cap_capture_follow(path, &cli_stopped, &error)
                                                     : cap_capture_file(path, &error);
    if (capture == NULL)
        (void)cli_fail(command, CLI_OURS, "%s", error);
    free(error);
    return capture;
}

bool cli_torrents(const struct cli_command *command, char *const *files, struct cap_torrents *out)
{
    char *error = NULL;
    for (; files != NULL && *files != NULL; files++) {
        if (!cap_torrents_add_file(out, *files, &error)) {
            (void)cli_fail(command, CLI_OURS, "%s", error);
            free(error);
            cap_torrents_free(out);
            return false;
        }
    }
    return true;
}

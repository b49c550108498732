/* SPDX-License-Identifier: MIT
 *
 * What the subcommands that read captures share.
 */
#ifndef SCN_CLI_CAPTURE_H
#define SCN_CLI_CAPTURE_H

#include "capture.h"
#include "cli.h"
#include "torrent.h"

/* Opens the file, to its end or to go on when it grows, or with an interface listens to that.  NULL: it could not, and
 * has said why; leave with CLI_OURS. */
struct cap_capture *cli_capture(const struct cli_command *command, const char *path, bool grows, const char *interface,
                                const char *filter);

/* Reads the torrents of the files (NULL behind the last, or at all) into what is zeroed.  False: likewise, and there is
 * nothing to be freed. */
bool cli_torrents(const struct cli_command *command, char *const *files, struct cap_torrents *out);

#endif

/* SPDX-License-Identifier: MIT
 *
 * The two halves of `conformance decode`: captures, and streams of bare bytes.
 */
#ifndef CLI_CMD_DECODE_H
#define CLI_CMD_DECODE_H

#include "cli.h"

/* Prints the messages of one direction; file is overwritten.  The status to leave with. */
int cli_decode_stream(const struct cli_command *self, const char *path, struct scn_file *file, bool hex,
                      bool expect_handshake);

#endif

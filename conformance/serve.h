/* SPDX-License-Identifier: MIT
 *
 * The reference peer on real sockets: a target to try scenarios on, decent or with a fault.
 */
#ifndef SCN_SERVE_H
#define SCN_SERVE_H

#include "fault.h"

enum { SCN_SERVE_DIED = 70 }; /* exit status of a peer that a fault has crashed */

struct scn_serve_config {
    enum btw_role role;
    uint16_t port;             /* on 127.0.0.1 and [::1]; 0: a free one */
    struct scn_faults *faults; /* none: count 0 */
    const struct btw_fixture *fixtures;
    size_t fixture_count;
    const char *tracker; /* URL, or NULL */
    bool until_eof;      /* end when standard input ends: with the process that started this one */
};

/* Prints "ready PORT" and serves until SIGTERM or SIGINT.  Returns an exit status: 0, SCN_SERVE_DIED, or 1 with *error
 * set when it could not even begin. */
int scn_serve(const struct scn_serve_config *config, const char **error);

#endif

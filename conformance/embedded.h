/* SPDX-License-Identifier: MIT
 *
 * The scenario files under scenarios/, compiled into the program (embed.cmake).
 */
#ifndef SCN_EMBEDDED_H
#define SCN_EMBEDDED_H

#include <stddef.h>

struct scn_embedded {
    const char *path; /* below scenarios/: "request/right-block.scn" */
    const char *text;
    size_t len;
};

extern const struct scn_embedded scn_embedded_scenarios[]; /* sorted by path; behind the last, path is NULL */
extern const size_t scn_embedded_scenario_count;

#endif

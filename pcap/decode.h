/* SPDX-License-Identifier: MIT
 *
 * `conformance decode` of captures: what was said, as lines of the notation, as JSON, or summed up per session.
 */
#ifndef CAP_DECODE_H
#define CAP_DECODE_H

#include "feed.h"
#include "filter.h"
#include "print.h"

struct cap_decode_config {
    const char *name; /* in front of sentences about what was left out: "conformance decode" */
    bool json;
    bool summary;
    bool full; /* long values and blocks in full: lines that read back */
    struct cap_filter filter;
    const volatile sig_atomic_t *stop; /* or NULL */
};

/* Decodes to out; what was left out is counted on stderr.  torrents grows by what the capture teaches.
 *
 * CAP_END    all was read
 * CAP_CUT, CAP_ERROR  what was there has been told; cap_capture_error says why it ended */
enum cap_status cap_decode(struct cap_capture *capture, struct cap_torrents *torrents,
                           const struct cap_decode_config *config, FILE *out);

#endif

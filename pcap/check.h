/* SPDX-License-Identifier: MIT
 *
 * `conformance check`: every monitor over both ends of every session of a capture, and with a torrent the content, too.
 */
#ifndef CAP_CHECK_H
#define CAP_CHECK_H

#include "check_report.h"
#include "feed.h"

/* Sessions judged at once; those beyond are counted as not judged. */
enum { CAP_JUDGED_MAX = 4096 };

struct cap_check_config {
    const char *name; /* in front of sentences about what was left out: "conformance check" */
    const char *file; /* what the capture is called */
    bool summary;     /* also sum up each session */
    bool content;     /* also verify pieces of the torrents that are known from the start */
    bool live;        /* also tell findings in one line when they are found */
    bool color;
    const volatile sig_atomic_t *stop; /* or NULL */
};

/* Judges a capture; findings are told on out as sessions end, and added to report.  torrents grows by what the capture
 * teaches.
 *
 * CAP_END    all was read
 * CAP_CUT, CAP_ERROR  what was there has been judged; cap_capture_error says why it ended */
enum cap_status cap_check(struct cap_capture *capture, struct cap_torrents *torrents,
                          const struct cap_check_config *config, struct cap_check_report *report, FILE *out);

#endif

/* SPDX-License-Identifier: MIT
 *
 * What is known of the end of a target that was started here: how its process ended, and what a sanitizer built into it
 * wrote.
 */
#ifndef LIVE_OBITUARY_H
#define LIVE_OBITUARY_H

#include <stdbool.h>
#include <stddef.h>

enum { LIVE_REPORT_TEXT = 160, LIVE_OBITUARY_TEXT = 200 };

struct live_obituary {
    bool process;                  /* the target is one, not the reference peer in memory */
    bool ours;                     /* it was started here; else nothing below is known */
    bool over;                     /* it has ended by itself */
    int status;                    /* that it returned; -1: not known */
    int signal;                    /* that ended it; 0: none */
    char report[LIVE_REPORT_TEXT]; /* a sanitizer's, one line; "": none */
};

/* "signal 6 (Aborted); AddressSanitizer: ..."; "" when there is no process. */
void live_obituary_print(char out[LIVE_OBITUARY_TEXT], const struct live_obituary *obituary);

/* Looks for a sanitizer's report in what was appended to the file since *heard; without one *heard is moved to its end.
 * The report is cut to one line of printable characters.  False: there is none, or no file. */
bool live_report_find(const char *path, long *heard, char out[LIVE_REPORT_TEXT]);

#endif

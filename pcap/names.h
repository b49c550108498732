/* SPDX-License-Identifier: MIT
 *
 * The texts that all printers of captures share: endpoints, times, kinds of sessions, clients.
 */
#ifndef CAP_NAMES_H
#define CAP_NAMES_H

#include <stdio.h>

#include "dissect.h"

/* "[" address "]:" port, terminated; a time in seconds, terminated */
enum { CAP_ENDPOINT_TEXT = 64, CAP_TIME_TEXT = 32, CAP_CLIENT_TEXT = 64 };

/* "10.0.0.1:6881" or "[2001:db8::1]:6881".  Returns its length. */
size_t cap_endpoint_text(char out[CAP_ENDPOINT_TEXT], const struct cap_endpoint *endpoint);
/* Seconds with `digits` (0 to 9) decimals: "12.345678", "-0.5".  Returns its length. */
size_t cap_time_text(char out[CAP_TIME_TEXT], int64_t ns, int digits);
/* "peer wire", "MSE, encrypted", ... */
const char *cap_kind_text(enum cap_kind kind);
/* Which client a peer id names, "" when it follows no convention. */
void cap_client_text(char out[CAP_CLIENT_TEXT], const uint8_t peer_id[20]);

/* One sentence per line about what was seen and not told, or nothing; "name: " stands in front.  Returns the lines. */
size_t cap_counts_print(FILE *out, const char *name, const struct cap_counts *counts);

#endif

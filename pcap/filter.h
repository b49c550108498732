/* SPDX-License-Identifier: MIT
 *
 * Which sessions and messages are wanted.
 */
#ifndef CAP_FILTER_H
#define CAP_FILTER_H

#include "dissect.h"

/* An address, a port, or both. */
struct cap_pattern {
    bool set;
    struct cap_endpoint endpoint; /* address_len 0: any; port 0: any */
};

struct cap_filter {
    int64_t flow; /* its number; negative: all */
    bool hash_set;
    uint8_t info_hash[20];
    uint32_t types; /* a set of 1 << enum btw_type; 0: all, and what is no message, too */
    struct cap_pattern from, to;
};

/* "10.0.0.1", "10.0.0.1:6881", "[::1]:6881", "::1", ":6881".  False: it is none of these. */
bool cap_pattern_parse(struct cap_pattern *out, const char *text);
/* Adds names of messages, separated by commas.  False: *unknown is the first that is none, *len its length. */
bool cap_filter_add_types(struct cap_filter *filter, const char *names, const char **unknown, size_t *len);
/* 40 hex digits. */
bool cap_hash_parse(uint8_t out[20], const char *text);

/* Is the session wanted?  A session whose info-hash is not known is not, when one is asked for. */
bool cap_filter_session(const struct cap_filter *filter, const struct cap_session *session);
/* Is the event, of a session that is? */
bool cap_filter_event(const struct cap_filter *filter, const struct cap_event *event);

#endif

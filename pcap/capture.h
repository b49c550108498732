/* SPDX-License-Identifier: MIT
 *
 * Where packets come from: a file, standard input, memory, or an interface that is listened to.  One struct, one call
 * for the next packet; libpcap reads them all.
 */
#ifndef CAP_CAPTURE_H
#define CAP_CAPTURE_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "btw/bytes.h"

struct cap_packet {
    int64_t time_ns;        /* since the epoch; captures may go back */
    uint64_t frame;         /* its number in the capture, from 1, as Wireshark counts */
    int link;               /* DLT_... of its interface */
    uint32_t length;        /* on the wire */
    struct btw_slice bytes; /* captured; shorter than length when the capture was cut by a snap length */
};

enum cap_status {
    CAP_OK,
    CAP_END,   /* no more packets */
    CAP_IDLE,  /* of an interface: none has come for a while; call again */
    CAP_CUT,   /* the file ends inside a record; what was whole has been told */
    CAP_ERROR, /* cap_capture_error() says what */
};

struct cap_capture;

/* Opens a file; "-" is standard input.  NULL: *error is a sentence that says what to do, to be freed. */
struct cap_capture *cap_capture_file(const char *path, char **error);
/* The same for a file that grows: at its end more is waited for, until *stop is set and a signal comes, or within a
 * fraction of a second. */
struct cap_capture *cap_capture_follow(const char *path, const volatile sig_atomic_t *stop, char **error);
/* A capture file in memory, which must stay. */
struct cap_capture *cap_capture_memory(struct btw_slice bytes, char **error);
/* Listens to an interface; filter is an expression of libpcap, or NULL. */
struct cap_capture *cap_capture_live(const char *interface, const char *filter, char **error);
void cap_capture_close(struct cap_capture *capture);

/* The next packet, which lives until the next call. */
enum cap_status cap_capture_next(struct cap_capture *capture, struct cap_packet *packet);
/* After CAP_ERROR or CAP_CUT: a sentence, which lives as long as the capture. */
const char *cap_capture_error(const struct cap_capture *capture);

#endif

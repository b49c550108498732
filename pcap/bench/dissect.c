/* SPDX-License-Identifier: MIT
 *
 * The reader alone: events are counted, and nothing is done with them.
 */
#include <stdio.h>

#include "dissect.h"

static void count(void *user, const struct cap_event *event)
{
    unsigned long long *messages = (unsigned long long *)user;

    *messages += event->kind == CAP_MESSAGE;
}

int main(int argc, char **argv)
{
    unsigned long long messages = 0;
    struct cap_config config = { .payload = false };
    struct cap_dissect *dissect = cap_dissect_new(&config, count, &messages);
    char *error = NULL;
    struct cap_capture *capture = argc == 2 ? cap_capture_file(argv[1], &error) : NULL;
    struct cap_packet packet;
    const struct cap_counts *counts;

    if (capture == NULL || dissect == NULL) {
        (void)fprintf(stderr, "%s\n", error == NULL ? "usage: bench_dissect FILE" : error);
        return 1;
    }
    while (cap_capture_next(capture, &packet) == CAP_OK)
        cap_dissect_packet(dissect, &packet);
    cap_dissect_end(dissect);
    counts = cap_dissect_counts(dissect);
    printf("%llu packets, %llu sessions, %llu messages\n", (unsigned long long)counts->packets,
           (unsigned long long)counts->sessions, messages);
    cap_dissect_free(dissect);
    cap_capture_close(capture);
    return 0;
}

/* SPDX-License-Identifier: MIT
 *
 * What happened in a run, in the notation, in order.  Memory is bounded: of a long run the first and the last lines are
 * kept.
 */
#ifndef SCN_TIMELINE_H
#define SCN_TIMELINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct scn_timeline;

enum { SCN_TIMELINE_HEAD = 200, SCN_TIMELINE_TAIL = 200 };

struct scn_timeline *scn_timeline_new(void);
void scn_timeline_free(struct scn_timeline *timeline);

/* What `conn` sent or received: "0.002 p1 < have piece=3".  text is in the notation; sent: from the suite. */
void scn_timeline_msg(struct scn_timeline *timeline, int64_t time_ms, const char *conn, bool sent, const char *text);
/* Anything else: "0.002 p1 dial", "0.350 p1 closes fin".  conn may be NULL. */
void scn_timeline_note(struct scn_timeline *timeline, int64_t time_ms, const char *conn, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Lines kept, oldest first; where lines were left out one line says how many. */
size_t scn_timeline_count(const struct scn_timeline *timeline);
const char *scn_timeline_line(const struct scn_timeline *timeline, size_t i);

#endif

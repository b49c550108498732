/* SPDX-License-Identifier: MIT
 *
 * Lines of a run: the first SCN_TIMELINE_HEAD and a ring of the last SCN_TIMELINE_TAIL.
 */
#include "timeline.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "plural.h"

struct scn_timeline {
    char *head[SCN_TIMELINE_HEAD];
    char *tail[SCN_TIMELINE_TAIL];
    size_t lines; /* ever written */
    char gap[80];
};

struct scn_timeline *scn_timeline_new(void)
{
    struct scn_timeline *timeline = calloc(1, sizeof *timeline);
    if (!timeline)
        abort();
    return timeline;
}

void scn_timeline_free(struct scn_timeline *timeline)
{
    if (!timeline)
        return;
    for (size_t i = 0; i < SCN_TIMELINE_HEAD; i++)
        free(timeline->head[i]);
    for (size_t i = 0; i < SCN_TIMELINE_TAIL; i++)
        free(timeline->tail[i]);
    free(timeline);
}

static void keep(struct scn_timeline *timeline, char *line)
{
    size_t n = timeline->lines++;
    char **slot =
        n < SCN_TIMELINE_HEAD ? &timeline->head[n] : &timeline->tail[(n - SCN_TIMELINE_HEAD) % SCN_TIMELINE_TAIL];
    free(*slot);
    *slot = line;
}

static void add(struct scn_timeline *timeline, int64_t time_ms, const char *conn, const char *middle, const char *text)
{
    char *line = NULL;
    if (asprintf(&line, "%d.%03d %s%s%s%s", (int)(time_ms / 1000), (int)(time_ms % 1000), conn ? conn : "",
                 conn ? " " : "", middle, text) < 0)
        abort();
    keep(timeline, line);
}

void scn_timeline_msg(struct scn_timeline *timeline, int64_t time_ms, const char *conn, bool sent, const char *text)
{
    add(timeline, time_ms, conn, sent ? "> " : "< ", text);
}

void scn_timeline_note(struct scn_timeline *timeline, int64_t time_ms, const char *conn, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    add(timeline, time_ms, conn, "", text);
}

static size_t left_out(const struct scn_timeline *timeline)
{
    size_t kept = SCN_TIMELINE_HEAD + SCN_TIMELINE_TAIL;
    return timeline->lines > kept ? timeline->lines - kept : 0;
}

size_t scn_timeline_count(const struct scn_timeline *timeline)
{
    size_t gone = left_out(timeline);
    return gone ? SCN_TIMELINE_HEAD + 1 + SCN_TIMELINE_TAIL : timeline->lines;
}

const char *scn_timeline_line(const struct scn_timeline *timeline, size_t i)
{
    size_t gone = left_out(timeline);
    if (i < SCN_TIMELINE_HEAD)
        return timeline->head[i];
    if (gone && i == SCN_TIMELINE_HEAD) {
        char *gap = (char *)timeline->gap;
        snprintf(gap, sizeof timeline->gap, "# ... %zu line%s left out", gone, scn_plural(gone));
        return gap;
    }
    size_t n = i - SCN_TIMELINE_HEAD - (gone ? 1 : 0);
    return timeline->tail[(n + gone) % SCN_TIMELINE_TAIL];
}

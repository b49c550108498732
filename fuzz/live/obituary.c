/* SPDX-License-Identifier: MIT */
#include "obituary.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { LINE_SIZE = 4096, LOOK_BACK = 1 << 20 };

/* ---- reports ----------------------------------------------------------------------------------------------------- */

/* What sanitizers write, the more telling first: the summary names the place.  The report begins behind the mark, or
 * with it. */
static const struct {
    const char *mark;
    bool behind;
} marks[] = {
    { "SUMMARY: ", true },
    { "ERROR: AddressSanitizer", false },
    { "ERROR: LeakSanitizer", false },
    { "WARNING: MemorySanitizer", false },
    { "WARNING: ThreadSanitizer", false },
    { ": runtime error: ", false }, /* UBSan: FILE:LINE:COLUMN in front */
};
enum { MARKS = sizeof marks / sizeof marks[0] };

/* The place of a mark of that rank or a better one in the line; NULL: there is none. */
static const char *find_mark(const char *line, size_t *rank)
{
    for (size_t i = 0; i < *rank; i++) {
        const char *at = strstr(line, marks[i].mark);
        /* Other programs have summaries, too. */
        if (at == NULL || (i == 0 && strstr(at, "Sanitizer: ") == NULL))
            continue;
        *rank = i;
        if (strncmp(marks[i].mark, ": runtime", 9) == 0)
            return line;
        return marks[i].behind ? at + strlen(marks[i].mark) : at;
    }
    return NULL;
}

static void copy_printable(char out[LIVE_REPORT_TEXT], const char *from)
{
    size_t len = 0;
    for (; isprint((unsigned char)*from) && len + 1 < LIVE_REPORT_TEXT; from++)
        out[len++] = *from;
    out[len] = '\0';
}

bool live_report_find(const char *path, long *heard, char out[LIVE_REPORT_TEXT])
{
    char line[LINE_SIZE];
    size_t rank = MARKS;
    FILE *in = fopen(path, "re");
    if (in == NULL || fseek(in, 0, SEEK_END) != 0) {
        if (in != NULL)
            fclose(in);
        return false;
    }
    long end = ftell(in), from = *heard <= end ? *heard : 0;
    if (end - from > LOOK_BACK)
        from = end - LOOK_BACK; /* a report is the last that such a process writes */
    fseek(in, from, SEEK_SET);
    while (fgets(line, sizeof line, in) != NULL) {
        const char *report = find_mark(line, &rank);
        if (report != NULL)
            copy_printable(out, report);
    }
    fclose(in);
    if (rank == MARKS)
        *heard = end;
    return rank < MARKS;
}

/* ---- in words ---------------------------------------------------------------------------------------------------- */

void live_obituary_print(char out[LIVE_OBITUARY_TEXT], const struct live_obituary *obituary)
{
    int len = 0;
    out[0] = '\0';
    if (!obituary->process)
        return;
    if (!obituary->ours)
        len = snprintf(out, LIVE_OBITUARY_TEXT, "it was not started here, so its exit status and signal are not known");
    else if (!obituary->over)
        len = snprintf(out, LIVE_OBITUARY_TEXT, "its process is still there");
    else if (obituary->signal != 0)
        len =
            snprintf(out, LIVE_OBITUARY_TEXT, "ended by signal %d (%s)", obituary->signal, strsignal(obituary->signal));
    else if (obituary->status >= 0)
        len = snprintf(out, LIVE_OBITUARY_TEXT, "ended with exit status %d", obituary->status);
    else
        len = snprintf(out, LIVE_OBITUARY_TEXT, "ended, and its driver does not tell how");
    if (obituary->report[0] != '\0')
        snprintf(out + len, LIVE_OBITUARY_TEXT - (size_t)len, "; %s", obituary->report);
}

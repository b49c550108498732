/* SPDX-License-Identifier: MIT
 *
 * Files of the tool: read whole, and written whole or not at all.
 */
#ifndef SCN_FILES_H
#define SCN_FILES_H

#include <stdbool.h>
#include <stdio.h>

enum { SCN_FILE_MAX = 256 << 20 };

struct scn_file {
    char *text; /* terminated by NUL, which len does not count */
    size_t len;
};

/* "-" is standard input.  False: errno says why; EFBIG above SCN_FILE_MAX. */
bool scn_file_read(struct scn_file *out, const char *path);
void scn_file_free(struct scn_file *file);

/* A file that appears under its name only when it is complete.  "-" is standard output. */
struct scn_output {
    FILE *stream;     /* to write to */
    const char *path; /* private */
    char *temporary;  /* private */
};
/* path is borrowed until the end.  False: errno says why. */
bool scn_output_begin(struct scn_output *out, const char *path);
/* False: errno says why, and nothing has appeared. */
bool scn_output_end(struct scn_output *out);

#endif

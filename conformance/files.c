/* SPDX-License-Identifier: MIT
 *
 * Files read whole, and written beside their name first.
 */
#include "files.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool read_stream(struct scn_file *out, FILE *stream)
{
    size_t cap = (size_t)64 * 1024;
    *out = (struct scn_file){ .text = malloc(cap) };
    while (out->text != NULL) {
        out->len += fread(out->text + out->len, 1, cap - 1 - out->len, stream);
        if (out->len < cap - 1)
            break;
        if (cap >= SCN_FILE_MAX) {
            errno = EFBIG;
            return false;
        }
        cap *= 2;
        char *bigger = realloc(out->text, cap);
        if (bigger == NULL)
            return false;
        out->text = bigger;
    }
    if (out->text == NULL || ferror(stream))
        return false;
    out->text[out->len] = '\0';
    return true;
}

bool scn_file_read(struct scn_file *out, const char *path)
{
    *out = (struct scn_file){ 0 };
    bool standard = strcmp(path, "-") == 0;
    FILE *stream = standard ? stdin : fopen(path, "rbe");
    if (stream == NULL)
        return false;
    bool fine = read_stream(out, stream);
    int why = errno;
    if (!standard)
        fclose(stream);
    if (!fine)
        scn_file_free(out);
    errno = why;
    return fine;
}

void scn_file_free(struct scn_file *file)
{
    free(file->text);
    *file = (struct scn_file){ 0 };
}

bool scn_output_begin(struct scn_output *out, const char *path)
{
    *out = (struct scn_output){ .path = path };
    if (strcmp(path, "-") == 0) {
        out->stream = stdout;
        return true;
    }
    if (asprintf(&out->temporary, "%s.XXXXXX", path) < 0)
        return false;
    int fd = mkstemp(out->temporary);
    out->stream = fd < 0 ? NULL : fdopen(fd, "wb");
    if (out->stream == NULL) {
        free(out->temporary);
        return false;
    }
    mode_t mask = umask(0);
    umask(mask);
    fchmod(fd, 0666 & ~mask); /* mkstemp gives it to the owner alone */
    return true;
}

bool scn_output_end(struct scn_output *out)
{
    if (out->temporary == NULL)
        return fflush(out->stream) == 0 && !ferror(out->stream);
    bool fine = !ferror(out->stream);
    fine = fclose(out->stream) == 0 && fine;
    fine = fine && rename(out->temporary, out->path) == 0;
    if (!fine)
        unlink(out->temporary);
    free(out->temporary);
    return fine;
}

/* SPDX-License-Identifier: MIT
 *
 * Gives files, and all files in folders, to a fuzz target, one after the other: so the corpus is an ordinary test under
 * any compiler.  No file at all is a failure.
 */
#include <ftw.h>
#include <sys/stat.h>

#include "fuzz.h"

enum { FOLDERS_OPEN = 16 };

static unsigned files;

/* In a block of just that size, so that a sanitizer sees what is read behind it. */
static bool replay(const char *path, size_t size)
{
    FILE *file = fopen(path, "rb");
    uint8_t *data = malloc(size > 0 ? size : 1);
    bool whole = file != NULL && data != NULL && fread(data, 1, size, file) == size;

    if (file != NULL)
        fclose(file);
    if (whole)
        LLVMFuzzerTestOneInput(data, size);
    else
        perror(path);
    free(data);
    files++;
    return whole;
}

/* The last thing printed is the file that did it. */
static int visit(const char *path, const struct stat *status, int kind, struct FTW *where)
{
    (void)where;
    if (kind != FTW_F)
        return kind == FTW_D ? 0 : 1;
    fprintf(stderr, "%s\n", path);
    return replay(path, (size_t)status->st_size) ? 0 : 1;
}

int main(int argc, char **argv)
{
    if (LLVMFuzzerInitialize != NULL)
        LLVMFuzzerInitialize(&argc, &argv);
    for (int i = 1; i < argc; i++)
        if (nftw(argv[i], visit, FOLDERS_OPEN, FTW_PHYS) != 0) {
            fprintf(stderr, "%s: cannot be replayed\n", argv[i]);
            return 1;
        }
    fprintf(stderr, "%u inputs\n", files);
    return files == 0;
}

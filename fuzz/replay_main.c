/* SPDX-License-Identifier: MIT
 *
 * Gives files, and all files in folders, to a fuzz target, one after the other: so the corpus is an ordinary test under
 * any compiler.  No file at all is a failure.
 *
 *   fuzz_NAME FILE|FOLDER...
 */
#include <dirent.h>
#include <sys/stat.h>

#include "fuzz.h"

enum { PATH_ROOM = 4096 };

static unsigned files;

/* In a block of just that size, so that a sanitizer sees what is read behind it. */
static bool replay_file(const char *path, size_t size)
{
    FILE *file = fopen(path, "rb");
    uint8_t *data = malloc(size > 0 ? size : 1);
    bool whole = file != NULL && data != NULL && fread(data, 1, size, file) == size;

    if (file != NULL)
        fclose(file);
    if (whole)
        LLVMFuzzerTestOneInput(data, size);
    free(data);
    files++;
    return whole;
}

static bool replay(const char *path);

/* NOLINTNEXTLINE(misc-no-recursion): as deep as the folders */
static bool replay_folder(const char *path)
{
    DIR *folder = opendir(path);
    struct dirent *entry;
    char below[PATH_ROOM];
    bool done = folder != NULL;

    while (done && (entry = readdir(folder)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        done = snprintf(below, sizeof below, "%s/%s", path, entry->d_name) < PATH_ROOM && replay(below);
    }
    if (folder != NULL)
        closedir(folder);
    return done;
}

/* NOLINTNEXTLINE(misc-no-recursion): and the last thing printed is the file that did it */
static bool replay(const char *path)
{
    struct stat status;

    if (stat(path, &status) != 0)
        return false;
    if (S_ISDIR(status.st_mode))
        return replay_folder(path);
    fprintf(stderr, "%s\n", path);
    return replay_file(path, (size_t)status.st_size);
}

int main(int argc, char **argv)
{
    if (LLVMFuzzerInitialize != NULL)
        LLVMFuzzerInitialize(&argc, &argv);
    for (int i = 1; i < argc; i++)
        if (!replay(argv[i])) {
            fprintf(stderr, "%s: cannot be replayed\n", argv[i]);
            return 1;
        }
    fprintf(stderr, "%u inputs\n", files);
    return files == 0;
}

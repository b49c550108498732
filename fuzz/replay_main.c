/* SPDX-License-Identifier: MIT
 *
 * Gives files, and all files in folders, to a fuzz target, one after the other: so the corpus is an ordinary test under
 * any compiler.  No file at all is a failure.
 *
 *   fuzz_NAME [-twice] FILE|FOLDER...     -twice: an input goes through the same code each time (in a build of
 *                                         fuzz/coverage): else an engine takes chance for something new
 */
#include <dirent.h>
#include <sys/stat.h>

#include "fuzz.h"

enum { PATH_ROOM = 4096 };

static unsigned files, strange;
static bool twice;

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): those of clang's -fprofile-instr-generate */
uint64_t *__llvm_profile_begin_counters(void) __attribute__((weak));
uint64_t *__llvm_profile_end_counters(void) __attribute__((weak));
void __llvm_profile_reset_counters(void) __attribute__((weak));
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

/* How often each piece of code was gone through for the input. */
static uint64_t digest_of_way(const uint8_t *data, size_t size)
{
    uint64_t digest = FUZZ_DIGEST_START;

    __llvm_profile_reset_counters();
    LLVMFuzzerTestOneInput(data, size);
    for (const uint64_t *at = __llvm_profile_begin_counters(); at < __llvm_profile_end_counters(); at++)
        digest = fuzz_digest_number(digest, *at);
    return digest;
}

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
    if (whole && twice) {
        uint64_t once = digest_of_way(data, size), again = digest_of_way(data, size);
        if (once != again)
            fprintf(stderr, "%s: not the same twice\n", path);
        strange += once != again;
    }
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
    twice = argc > 1 && strcmp(argv[1], "-twice") == 0;
    if (twice && __llvm_profile_begin_counters == NULL) {
        fprintf(stderr, "-twice: nothing is counted in this build\n");
        return 1;
    }
    for (int i = 1 + twice; i < argc; i++)
        if (!replay(argv[i])) {
            fprintf(stderr, "%s: cannot be replayed\n", argv[i]);
            return 1;
        }
    fprintf(stderr, "%u inputs\n", files);
    return files == 0 || strange > 0;
}

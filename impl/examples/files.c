/* SPDX-License-Identifier: MIT */
#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Takes the descriptor. */
static uint8_t *map(int fd, const char *path, size_t size, int protection)
{
    void *memory = size > 0 ? mmap(NULL, size, protection, MAP_SHARED, fd, 0) : MAP_FAILED;

    if (memory == MAP_FAILED)
        fprintf(stderr, "%s: %s\n", path, size > 0 ? strerror(errno) : "empty");
    close(fd);
    return memory == MAP_FAILED ? NULL : memory;
}

struct btw_slice file_map(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat about = { .st_size = 0 };
    const uint8_t *memory;

    if (fd < 0 || fstat(fd, &about) != 0) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        if (fd >= 0)
            close(fd);
        return btw_slice_of(NULL, 0);
    }
    memory = map(fd, path, (size_t)about.st_size, PROT_READ);
    return btw_slice_of(memory, memory == NULL ? 0 : (size_t)about.st_size);
}

uint8_t *file_make(const char *path, size_t size)
{
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    int error = fd < 0 ? errno : posix_fallocate(fd, 0, (off_t)size); /* a full disk is told now */

    if (error != 0) {
        fprintf(stderr, "%s: %s\n", path, strerror(error));
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    return map(fd, path, size, PROT_READ | PROT_WRITE);
}

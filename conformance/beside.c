/* SPDX-License-Identifier: MIT
 *
 * Opens nothing but regular files of plain names: a scenario may come from anybody.
 */
#include "beside.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool scn_beside_is_name(struct btw_slice name)
{
    for (size_t i = 0; i < name.len; i++) {
        if (!isalnum(name.data[i]) && (name.data[i] == '\0' || strchr("_-.", name.data[i]) == NULL))
            return false;
    }
    return name.len > 0 && name.data[0] != '.';
}

bool scn_beside_path(char *out, size_t cap, const char *scenario, struct btw_slice name)
{
    const char *slash = strrchr(scenario, '/');
    int folder = slash == NULL ? 0 : (int)(slash - scenario) + 1;
    int len = snprintf(out, cap, "%.*s%.*s", folder, scenario, (int)name.len, (const char *)name.data);
    if ((size_t)len < cap)
        return true;
    errno = ENAMETOOLONG;
    return false;
}

/* -1: errno says why. */
static int open_beside(const char *scenario, struct btw_slice name, int64_t *size)
{
    char path[PATH_MAX];
    struct stat facts;
    bool fits = scn_beside_path(path, sizeof path, scenario, name);
    int fd = fits ? open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK) : -1;
    if (fd < 0 || fstat(fd, &facts) != 0 || !S_ISREG(facts.st_mode)) {
        errno = fd < 0 ? errno : EINVAL;
        if (fd >= 0)
            close(fd);
        return -1;
    }
    *size = facts.st_size;
    return fd;
}

int64_t scn_beside_size(const char *scenario, struct btw_slice name)
{
    int64_t size = -1;
    int fd = open_beside(scenario, name, &size);
    if (fd >= 0)
        close(fd);
    return size;
}

bool scn_beside_read(uint8_t *out, const char *scenario, struct btw_slice name, uint64_t offset, size_t len)
{
    int64_t size;
    int fd = open_beside(scenario, name, &size);
    bool inside = fd >= 0 && offset <= (uint64_t)size && len <= (uint64_t)size - offset;
    size_t got = 0;
    while (inside && got < len) {
        ssize_t more = pread(fd, out + got, len - got, (off_t)(offset + got));
        if (more <= 0)
            break;
        got += (size_t)more;
    }
    if (fd >= 0)
        close(fd);
    return inside && got == len;
}

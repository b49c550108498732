/* SPDX-License-Identifier: MIT */
#include "proc.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATH_SIZE = 320, LINE_SIZE = 1024, TCP_LISTEN = 10 };

/* ---- who listens ------------------------------------------------------------------------------------------------- */

/* Inode of the socket that listens on the port; 0: none in that table. */
static uint64_t listener_inode(const char *path, uint16_t port)
{
    char line[LINE_SIZE];
    uint64_t found = 0;
    FILE *in = fopen(path, "re");
    while (in != NULL && found == 0 && fgets(line, sizeof line, in) != NULL) {
        unsigned local, state;
        uint64_t inode;
        if (sscanf(line, " %*u: %*[0-9A-F]:%x %*[0-9A-F]:%*x %x %*s %*s %*s %*u %*u %" SCNu64, &local, &state,
                   &inode) == 3 &&
            local == port && state == TCP_LISTEN)
            found = inode;
    }
    if (in != NULL)
        fclose(in);
    return found;
}

static bool holds(const char *pid, uint64_t inode)
{
    char path[PATH_SIZE], link[PATH_SIZE], want[64];
    bool found = false;
    snprintf(want, sizeof want, "socket:[%" PRIu64 "]", inode);
    snprintf(path, sizeof path, "/proc/%.16s/fd", pid);
    DIR *dir = opendir(path);
    const struct dirent *entry;
    while (dir != NULL && !found && (entry = readdir(dir)) != NULL) {
        snprintf(path, sizeof path, "/proc/%.16s/fd/%.32s", pid, entry->d_name);
        ssize_t len = readlink(path, link, sizeof link - 1);
        found = len > 0 && strlen(want) == (size_t)len && memcmp(link, want, (size_t)len) == 0;
    }
    if (dir != NULL)
        closedir(dir);
    return found;
}

bool live_proc_of_port(struct live_proc *out, uint16_t port)
{
    uint64_t inode = listener_inode("/proc/net/tcp", port);
    pid_t pid = 0;
    if (inode == 0)
        inode = listener_inode("/proc/net/tcp6", port);
    DIR *dir = inode != 0 ? opendir("/proc") : NULL;
    const struct dirent *entry;
    while (dir != NULL && pid == 0 && (entry = readdir(dir)) != NULL) {
        long number = strtol(entry->d_name, NULL, 10);
        if (number > 0 && holds(entry->d_name, inode))
            pid = (pid_t)number;
    }
    if (dir != NULL)
        closedir(dir);
    return pid != 0 && live_proc_of_pid(out, pid);
}

/* ---- what it uses ------------------------------------------------------------------------------------------------ */

struct stat_fields {
    uint64_t utime, stime, started, rss_pages;
};

static bool read_stat(pid_t pid, struct stat_fields *out)
{
    char path[PATH_SIZE], line[LINE_SIZE];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *in = fopen(path, "re");
    bool fine = in != NULL && fgets(line, sizeof line, in) != NULL;
    if (in != NULL)
        fclose(in);
    const char *behind = fine ? strrchr(line, ')') : NULL; /* the name may hold anything */
    return behind != NULL && behind[2] != 'Z' &&
           sscanf(behind + 2,
                  "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %" SCNu64 " %" SCNu64 " %*d %*d %*d %*d %*d %*d %" SCNu64
                  " %*u %" SCNu64,
                  &out->utime, &out->stime, &out->started, &out->rss_pages) == 4;
}

bool live_proc_of_pid(struct live_proc *out, pid_t pid)
{
    struct stat_fields fields;
    if (!read_stat(pid, &fields))
        return false;
    *out = (struct live_proc){ pid, fields.started };
    return true;
}

static uint64_t count_fds(pid_t pid)
{
    char path[PATH_SIZE];
    uint64_t count = 0;
    snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
    DIR *dir = opendir(path);
    while (dir != NULL && readdir(dir) != NULL)
        count++;
    if (dir != NULL)
        closedir(dir);
    return count;
}

bool live_proc_sample(const struct live_proc *proc, struct live_sample *out)
{
    struct stat_fields fields;
    if (!read_stat(proc->pid, &fields) || fields.started != proc->started)
        return false;
    out->rss = fields.rss_pages * (uint64_t)sysconf(_SC_PAGESIZE);
    out->cpu_ms = (fields.utime + fields.stime) * 1000 / (uint64_t)sysconf(_SC_CLK_TCK);
    out->fds = count_fds(proc->pid);
    return true;
}

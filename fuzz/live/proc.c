/* SPDX-License-Identifier: MIT */
#include "proc.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "words.h"

enum { PATH_SIZE = 320, LINE_SIZE = 1024, TCP_LISTEN = 10 };
/* Columns, from 0. */
enum { TCP_LOCAL = 1, TCP_STATE = 3, TCP_INODE = 9 };
enum { STAT_UTIME = 11, STAT_STIME = 12, STAT_STARTED = 19, STAT_RSS = 21 }; /* behind the name */

/* ---- who listens ------------------------------------------------------------------------------------------------- */

/* Of a line of /proc/net/tcp: the inode, if the socket listens on the port; else 0. */
static uint64_t listener_of_line(const char *line, uint16_t port)
{
    char word[128];
    uint64_t inode = 0;
    bool fits = true;
    for (int i = 0; i < TCP_INODE && fits; i++) {
        fits = live_take_word(&line, word, sizeof word);
        const char *colon = fits ? strchr(word, ':') : NULL;
        if (i == TCP_LOCAL)
            fits = fits && colon != NULL && strtoul(colon + 1, NULL, 16) == port;
        if (i == TCP_STATE)
            fits = fits && strtoul(word, NULL, 16) == TCP_LISTEN;
    }
    return fits && live_take_number(&line, &inode) ? inode : 0;
}

/* Inode of the socket that listens on the port; 0: none in that table. */
static uint64_t listener_inode(const char *path, uint16_t port)
{
    char line[LINE_SIZE];
    uint64_t found = 0;
    FILE *in = fopen(path, "re");
    while (in != NULL && found == 0 && fgets(line, sizeof line, in) != NULL)
        found = listener_of_line(line, port);
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

static bool read_fields(const char *at, struct stat_fields *out)
{
    struct stat_fields fields = { 0 };
    char word[32];
    for (int i = 0; i <= STAT_RSS; i++) {
        if (!live_take_word(&at, word, sizeof word))
            return false;
        uint64_t number = strtoull(word, NULL, 10);
        fields.utime = i == STAT_UTIME ? number : fields.utime;
        fields.stime = i == STAT_STIME ? number : fields.stime;
        fields.started = i == STAT_STARTED ? number : fields.started;
        fields.rss_pages = i == STAT_RSS ? number : fields.rss_pages;
    }
    *out = fields;
    return true;
}

static bool read_stat(pid_t pid, struct stat_fields *out)
{
    char path[PATH_SIZE], line[LINE_SIZE];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *in = fopen(path, "re");
    bool fine = in != NULL && fgets(line, sizeof line, in) != NULL;
    if (in != NULL)
        fclose(in);
    const char *behind = fine ? strrchr(line, ')') : NULL; /* the name may hold anything */
    return behind != NULL && behind[1] == ' ' && behind[2] != 'Z' && read_fields(behind + 1, out);
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

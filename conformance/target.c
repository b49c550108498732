/* SPDX-License-Identifier: MIT
 *
 * Targets, and the processes and folders behind them.
 */
#include "target.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "catalogue.h"
#include "fixture_dir.h"

enum { ARGUMENTS_MAX = 64, SIGNALLED = 128 };

static bool fail(struct scn_target_process *target, const char *what)
{
    snprintf(target->error, sizeof target->error, "%s: %s", what, strerror(errno));
    return false;
}

/* ---- starting ---------------------------------------------------------------------------------------------------- */

/* The words that both kinds of child understand, behind those of its own. */
static bool start_child(struct scn_target_process *target, const char *const *own, const char *log)
{
    char port[8];
    const char *argv[ARGUMENTS_MAX];
    size_t count = 0;
    snprintf(port, sizeof port, "%u", target->port);
    const char *tracker = target->config->tracker;
    const char *const shared[] = { "--port", port, "--torrents", target->names, *tracker != '\0' ? "--tracker" : NULL,
                                   tracker,  NULL };
    for (; *own != NULL && count < ARGUMENTS_MAX - sizeof shared / sizeof shared[0]; own++)
        argv[count++] = *own;
    for (size_t i = 0; i < sizeof shared / sizeof shared[0]; i++)
        argv[count++] = shared[i];
    target->child = scn_child_start(argv, log, SCN_TARGET_READY_MS, target->error, sizeof target->error);
    return target->child != NULL;
}

static bool start_peer(struct scn_target_process *target)
{
    const struct scn_target_config *config = target->config;
    const char *own[ARGUMENTS_MAX] = { "/proc/self/exe", "serve", "--until-eof", "--role",
                                       scn_target_name(config->role) };
    size_t count = 5;
    if (config->encrypts) {
        own[count++] = "--fault";
        own[count++] = "policy mse-dial=1";
    }
    for (const char *const *fault = config->faults; fault && *fault && count + 2 < ARGUMENTS_MAX; fault++) {
        own[count++] = "--fault";
        own[count++] = *fault;
    }
    char log[96];
    snprintf(log, sizeof log, "%s/log", target->scratch);
    return start_child(target, own, config->keeps_log ? log : NULL);
}

static bool start_driver(struct scn_target_process *target)
{
    char folder[96];
    snprintf(folder, sizeof folder, "%s/run-%u", target->scratch, ++target->starts);
    const char *const own[] = { target->config->driver,
                                "start",
                                scn_target_name(target->config->role),
                                "--fixture",
                                target->fixture,
                                "--dir",
                                folder,
                                NULL };
    return start_child(target, own, NULL);
}

static bool start(struct scn_target_process *target)
{
    char address[SCN_NET_TEXT];
    bool started = target->config->driver != NULL ? start_driver(target) : start_peer(target);
    snprintf(address, sizeof address, "127.0.0.1:%u", target->port);
    return started && scn_net_resolve(&target->endpoint, address, target->error, sizeof target->error);
}

/* ---- what a driver needs ----------------------------------------------------------------------------------------- */

static bool make_scratch(struct scn_target_process *target)
{
    snprintf(target->scratch, sizeof target->scratch, "/tmp/conformance.XXXXXX");
    if (mkdtemp(target->scratch) != NULL)
        return true;
    target->scratch[0] = '\0';
    return fail(target, "cannot make a folder in /tmp");
}

static bool make_fixture(struct scn_target_process *target, const struct scn_torrents *torrents)
{
    if (target->config->fixture != NULL) {
        snprintf(target->fixture, sizeof target->fixture, "%s", target->config->fixture);
        return true;
    }
    snprintf(target->fixture, sizeof target->fixture, "%s/fixture", target->scratch);
    return scn_fixture_dir_write(target->fixture, torrents, target->error, sizeof target->error);
}

static char *names_of(const struct scn_torrents *torrents)
{
    size_t len = 0;
    char *names = malloc(torrents->count * (sizeof(((struct btw_fixture *)0)->name) + 1) + 1);
    if (names == NULL)
        abort();
    names[0] = '\0';
    for (size_t i = 0; i < torrents->count; i++)
        len += (size_t)sprintf(names + len, "%s%s", i > 0 ? " " : "", scn_torrent_name(&torrents->list[i]));
    return names;
}

/* Did the driver say this of the torrent, on a line of its own? */
static bool said(const char *lines, const char *word, const char *name)
{
    char line[64];
    snprintf(line, sizeof line, "%s %s\n", word, name);
    return strstr(lines, line) != NULL;
}

/* A torrent that is loaded and unanswered stays: that may be just what a scenario is about (BEP3-BEN-02). */
static void drop_unloaded(const struct scn_target_process *target, struct scn_torrents *torrents)
{
    const char *lines = scn_child_said(target->child);
    size_t i = 0;
    while (i < torrents->count) {
        if (said(lines, "unsupported", scn_torrent_name(&torrents->list[i])))
            scn_torrents_remove(torrents, i);
        else
            i++;
    }
}

/* ---- the target -------------------------------------------------------------------------------------------------- */

static bool open_process(struct scn_target_process *target, struct scn_torrents *torrents)
{
    target->port = scn_net_free_port();
    if (target->port == 0)
        return fail(target, "no free port");
    target->names = names_of(torrents);
    if ((target->config->driver != NULL || target->config->keeps_log) && !make_scratch(target))
        return false;
    if (target->config->driver != NULL && !make_fixture(target, torrents))
        return false;
    if (!start(target))
        return false;
    drop_unloaded(target, torrents);
    return true;
}

bool scn_target_open(struct scn_target_process *target, const struct scn_target_config *config,
                     struct scn_torrents *torrents)
{
    *target = (struct scn_target_process){ .config = config };
    if (config->address != NULL)
        return scn_net_resolve(&target->endpoint, config->address, target->error, sizeof target->error);
    bool opened = open_process(target, torrents);
    if (!opened)
        scn_target_close(target);
    return opened;
}

bool scn_target_restart(struct scn_target_process *target)
{
    if (target->config->address != NULL)
        return false;
    scn_child_stop(target->child);
    target->child = NULL;
    return start(target);
}

/* ---- what became of it ------------------------------------------------------------------------------------------- */

/* A driver says `died STATUS` of its client, where 128 and more are signals; what it returns itself says nothing. */
static struct scn_child_end end_by_driver(const char *lines)
{
    static const char word[] = "\ndied ";
    const char *line = strstr(lines, word);
    long status = line != NULL ? strtol(line + strlen(word), NULL, 10) : -1;
    if (status > SIGNALLED && status < 256)
        return (struct scn_child_end){ .signal = (int)status - SIGNALLED };
    return (struct scn_child_end){ .status = status < 0 || status > SIGNALLED ? -1 : (int)status };
}

bool scn_target_ended(struct scn_target_process *target, unsigned wait_ms, struct scn_child_end *out)
{
    if (target->child == NULL || !scn_child_ended(target->child, wait_ms, out))
        return false;
    if (target->config->driver != NULL)
        *out = end_by_driver(scn_child_said(target->child));
    return true;
}

bool scn_target_log(const struct scn_target_process *target, size_t i, char *path, size_t cap)
{
    static const char *const names[] = { "log", "console" };
    if (target->scratch[0] == '\0' || i >= sizeof names / sizeof names[0])
        return false;
    if (target->config->driver != NULL)
        snprintf(path, cap, "%s/run-%u/%s", target->scratch, target->starts, names[i]);
    else
        snprintf(path, cap, "%s/%s", target->scratch, names[i]);
    return true;
}

/* ---- the end ----------------------------------------------------------------------------------------------------- */

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *where)
{
    (void)status, (void)kind, (void)where;
    return remove(path);
}

void scn_target_close(struct scn_target_process *target)
{
    scn_child_stop(target->child);
    target->child = NULL;
    free(target->names);
    target->names = NULL;
    if (target->scratch[0] != '\0')
        nftw(target->scratch, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    target->scratch[0] = '\0';
}

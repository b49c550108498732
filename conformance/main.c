/* SPDX-License-Identifier: MIT
 *
 * The program `conformance`: finds the subcommand and runs it.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "btw/version.h"
#include "cli.h"

static const struct cli_command *const commands[] = {
    &cli_run,   &cli_list,   &cli_explain, &cli_lint,   &cli_fmt,    &cli_prove,  &cli_fixture,
    &cli_serve, &cli_decode, &cli_check,   &cli_encode, &cli_record, &cli_replay, &cli_fuzz,
};
enum { COMMANDS = sizeof commands / sizeof commands[0], DESCRIPTORS = 16384 };

static const char *command_name(size_t i)
{
    return commands[i]->name;
}

static void usage(FILE *out)
{
    fputs("Judges BitTorrent clients by what they say on the peer wire.\n\nUsage: conformance COMMAND [OPTION...]\n\n",
          out);
    for (size_t i = 0; i < COMMANDS; i++)
        fprintf(out, "  %-8s %s\n", commands[i]->name, commands[i]->about);
    fputs("\nTry this first, it needs nothing else:\n"
          "  conformance run                               the whole suite against the reference peer\n"
          "  conformance run --driver clients/aria2        against a client that a driver starts\n"
          "  conformance check session.pcapng              who broke which rule in a captured session\n"
          "  conformance COMMAND --help                    each command explains itself\n"
          "\nExit status: 0 green, 1 failures, 2 usage or script error, 3 nothing could be tested, 4 our own error.\n",
          out);
}

/* A suite holds a connection per scenario; the customary 1024 descriptors are few. */
static void raise_descriptors(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= DESCRIPTORS)
        return;
    limit.rlim_cur = limit.rlim_max < DESCRIPTORS ? limit.rlim_max : DESCRIPTORS;
    setrlimit(RLIMIT_NOFILE, &limit);
}

static int run(int argc, const char **argv)
{
    const char *name = argc < 2 ? "--help" : argv[1];
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0) {
        usage(argc < 2 ? stderr : stdout);
        return argc < 2 ? CLI_USAGE : CLI_GREEN;
    }
    if (strcmp(name, "--version") == 0) {
        puts("conformance " BTW_VERSION);
        return CLI_GREEN;
    }
    for (size_t i = 0; i < COMMANDS; i++) {
        if (strcmp(name, commands[i]->name) == 0)
            return commands[i]->run(commands[i], argc - 1, argv + 1);
    }
    const char *nearest = cli_nearest(name, command_name, COMMANDS);
    fprintf(stderr, "conformance: there is no command '%s'", name);
    if (nearest != NULL)
        fprintf(stderr, "; did you mean '%s'?", nearest);
    fputs("\nTry 'conformance --help'.\n", stderr);
    return CLI_USAGE;
}

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN); /* a target that hangs up is no reason to die */
    raise_descriptors();
    int status = run(argc, (const char **)argv);
    if (fflush(stdout) != 0 && status == CLI_GREEN) {
        perror("conformance: standard output");
        status = CLI_OURS;
    }
    exit(status);
}

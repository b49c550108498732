/* SPDX-License-Identifier: MIT
 *
 * What the subcommands share: exit statuses, and options with a help that teaches.
 */
#ifndef SCN_CLI_H
#define SCN_CLI_H

#include <popt.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

#include "files.h"

enum {
    CLI_GREEN = 0,   /* at least one PASS, and nothing worse than a warning */
    CLI_RED = 1,     /* FAIL or CRASH */
    CLI_USAGE = 2,   /* wrong options, unknown names, a script that does not parse */
    CLI_NOTHING = 3, /* nothing could be tested: unreachable, nothing matched, all inconclusive */
    CLI_OURS = 4,    /* our own error: a file, memory, the system */
};

/* A subcommand: its help, and what it does. */
struct cli_command {
    const char *name;
    const char *operands; /* "[PATTERN...]", "" when there are none */
    const char *about;    /* one line, for the list of commands */
    const char *teaches;  /* paragraphs and examples behind the options; lines end in \n */
    int (*run)(const struct cli_command *self, int argc, const char **argv);
};
extern const struct cli_command cli_run, cli_list, cli_explain, cli_lint, cli_fmt, cli_prove, cli_fixture, cli_serve,
    cli_decode, cli_check, cli_encode, cli_record, cli_replay, cli_fuzz;

/* Reads the options into what the table points to.  Strings and lists stay until the program ends.
 * Answer: CLI_CONTINUE and *operands (NULL behind the last), or the status to leave with (help was asked for, or an
 * option is wrong). */
enum { CLI_CONTINUE = -1 };
int cli_options(const struct cli_command *command, int argc, const char **argv, const struct poptOption *options,
                const char ***operands);

/* Reads the one file that the operands name, "-" or none for standard input.
 * Answer: CLI_CONTINUE with *path and *file (to be freed), or the status to leave with. */
int cli_input(const struct cli_command *command, const char **operands, const char **path, struct scn_file *file);

/* Prints "conformance COMMAND: sentence" and, for CLI_USAGE, where help is; returns status. */
int cli_fail(const struct cli_command *command, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* From now on Ctrl-C and SIGTERM do not end the program: they set cli_stopped, and interrupt a read that waits. */
extern volatile sig_atomic_t cli_stopped;
void cli_take_signals(void);

/* The nearest of count names to a word that is none of them, NULL when none is near. */
const char *cli_nearest(const char *word, const char *(*name)(size_t i), size_t count);

#endif

/* SPDX-License-Identifier: MIT
 *
 * Options and messages of the subcommands, on popt.
 */
#include "cli.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { OPTION_HELP = 'h', WORD_MAX = 64 };

static void help(poptContext context, const struct cli_command *command)
{
    printf("%s.\n\n", command->about);
    poptPrintHelp(context, stdout, 0);
    printf("\n%s", command->teaches);
}

int cli_options(const struct cli_command *command, int argc, const char **argv, const struct poptOption *options,
                const char ***operands)
{
    static const char *none[] = { NULL };
    char name[WORD_MAX], usage[2 * WORD_MAX];
    snprintf(name, sizeof name, "conformance %s", command->name);
    snprintf(usage, sizeof usage, "[OPTION...] %s", command->operands);
    struct poptOption table[] = {
        { NULL, '\0', POPT_ARG_INCLUDE_TABLE, (void *)options, 0, "Options:", NULL },
        { "help", 'h', POPT_ARG_NONE, NULL, OPTION_HELP, "show this help", NULL },
        POPT_TABLEEND,
    };
    argv[0] = name;
    poptContext context = poptGetContext(name, argc, argv, table, 0);
    poptSetOtherOptionHelp(context, usage);
    int option = poptGetNextOpt(context), status = CLI_CONTINUE;
    if (option == OPTION_HELP) {
        help(context, command);
        status = CLI_GREEN;
    } else if (option < -1) {
        status = cli_fail(command, CLI_USAGE, "%s: %s", poptBadOption(context, POPT_BADOPTION_NOALIAS),
                          poptStrerror(option));
    }
    /* The context owns the operands, so it stays until the program ends. */
    static poptContext kept;
    poptFreeContext(kept);
    kept = context;
    *operands = poptGetArgs(context);
    if (*operands == NULL)
        *operands = none;
    if (status == CLI_CONTINUE && command->operands[0] == '\0' && **operands != NULL)
        status = cli_fail(command, CLI_USAGE, "'%s' is too much: there are no operands", **operands);
    return status;
}

int cli_fail(const struct cli_command *command, int status, const char *format, ...)
{
    va_list args;
    fprintf(stderr, "conformance %s: ", command->name);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    if (status == CLI_USAGE)
        fprintf(stderr, "Try 'conformance %s --help'.\n", command->name);
    return status;
}

volatile sig_atomic_t cli_stopped;

static void on_signal(int number)
{
    (void)number;
    cli_stopped = 1;
}

void cli_take_signals(void)
{
    struct sigaction action = { .sa_handler = on_signal };
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

int cli_input(const struct cli_command *command, const char **operands, const char **path, struct scn_file *file)
{
    if (operands[0] != NULL && operands[1] != NULL)
        return cli_fail(command, CLI_USAGE, "one file at a time");
    *path = operands[0] ? operands[0] : "-";
    if (!scn_file_read(file, *path))
        return cli_fail(command, CLI_OURS, "cannot read '%s': %s", *path, strerror(errno));
    return CLI_CONTINUE;
}

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* How many letters must be changed, left out or put in to make one word of the other. */
static unsigned distance(const char *a, const char *b)
{
    unsigned row[WORD_MAX + 1];
    size_t len = strlen(b);
    if (len > WORD_MAX || strlen(a) > WORD_MAX)
        return WORD_MAX;
    for (unsigned k = 0; k <= len; k++)
        row[k] = k;
    for (unsigned i = 0; a[i] != '\0'; i++) {
        unsigned corner = row[0];
        row[0] = i + 1;
        for (size_t k = 0; k < len; k++) {
            unsigned change = corner + (a[i] != b[k]);
            corner = row[k + 1];
            row[k + 1] = least(change, least(row[k], corner) + 1);
        }
    }
    return row[len];
}

const char *cli_nearest(const char *word, const char *(*name)(size_t i), size_t count)
{
    const char *nearest = NULL;
    unsigned best = (unsigned)strlen(word) / 3 + 2;
    for (size_t i = 0; i < count; i++) {
        unsigned far = distance(word, name(i));
        if (far < best) {
            best = far;
            nearest = name(i);
        }
    }
    return nearest;
}

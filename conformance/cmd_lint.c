/* SPDX-License-Identifier: MIT
 *
 * `conformance lint`: are the scenario files what they must be?
 */
#include "catalogue.h"
#include "cli.h"
#include "lint.h"

static const struct poptOption table[] = { POPT_TABLEEND };

static const char teaches[] =
    "Without a path the scenarios built in are looked at.  A path is a file or a folder of *.scn files.\n"
    "\n"
    "Examples:\n"
    "  conformance lint\n"
    "  conformance lint conformance/scenarios/request/right-block.scn\n"
    "\n"
    "Exit status: 0 nothing to complain of, 1 complaints, 2 a file does not parse.\n";

static void complain(void *user, const struct scn_place *place, const char *text)
{
    (void)user;
    printf("%s:%u:%u: %s\n", place->file, place->line, place->column, text);
}

/* Complaints about one catalogue are added to *count. */
static int lint(const char *path, size_t *count)
{
    struct scn_catalogue catalogue;
    struct scn_error error;
    if (!scn_catalogue_load(&catalogue, path, &error)) {
        scn_error_print(stderr, &error);
        return CLI_USAGE;
    }
    for (size_t i = 0; i < catalogue.script_count; i++)
        *count += scn_lint(catalogue.scripts[i], complain, NULL);
    *count +=
        scn_lint_names((const struct scn_script *const *)catalogue.scripts, catalogue.script_count, complain, NULL);
    scn_catalogue_free(&catalogue);
    return CLI_CONTINUE;
}

static int run(const struct cli_command *self, int argc, const char **argv)
{
    const char **paths;
    size_t count = 0;
    int status = cli_options(self, argc, argv, table, &paths);
    if (status != CLI_CONTINUE)
        return status;
    if (*paths == NULL)
        status = lint(NULL, &count);
    for (; status == CLI_CONTINUE && *paths != NULL; paths++)
        status = lint(*paths, &count);
    if (status != CLI_CONTINUE)
        return status;
    return count == 0 ? CLI_GREEN : CLI_RED;
}

const struct cli_command cli_lint = { "lint", "[PATH...]", "Check scenario files", teaches, run };

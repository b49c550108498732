/* SPDX-License-Identifier: MIT
 *
 * `conformance prove`: do the scenarios notice what they are for?
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "catalogue.h"
#include "cli.h"
#include "btw/mse.h"
#include "prove.h"

static struct {
    char *scenarios;
    long seed;
    int verbose, mse;
} options = { .seed = 1 };

static const struct poptOption table[] = {
    { "scenarios", 0, POPT_ARG_STRING, &options.scenarios, 0, "scenario files instead of those built in", "DIR" },
    { "verbose", 'v', POPT_ARG_NONE, &options.verbose, 0, "show the timeline of everything that is not proven", NULL },
    { "mse", 0, POPT_ARG_NONE, &options.mse, 0, "let all scripted peers encrypt", NULL },
    { "seed", 0, POPT_ARG_LONG, &options.seed, 0, "of everything random", "N" },
    POPT_TABLEEND,
};

static const char teaches[] =
    "Plays each scenario against the reference peer in memory, under a clock that jumps: first decent, then with each "
    "fault\n"
    "that the scenario names, which must be caught as it says.  A PATTERN is as for 'conformance run'; the path of a "
    "scenario\n"
    "file or folder stands for what is in it.  Without one, each rule of the monitors must have a fault, too.\n"
    "\n"
    "Examples:\n"
    "  conformance prove\n"
    "  conformance prove 'request.*'\n"
    "  conformance prove --verbose my.scn\n"
    "\n"
    "Exit status: 0 all is proven, 1 something is not, 2 usage or script error, 3 nothing matched.\n";

static int prove(const struct cli_command *self, const struct scn_catalogue *catalogue, const char **patterns)
{
    struct scn_filter filter = { .patterns = patterns, .slow_too = true };
    struct scn_item *items = calloc(catalogue->count + 1, sizeof *items);
    if (items == NULL)
        abort();
    size_t count = scn_catalogue_select(catalogue, &filter, items);
    struct scn_prove_config config = {
        .verbose = options.verbose,
        .all_rules = patterns[0] == NULL && options.scenarios == NULL && !options.mse,
        .seed = (uint64_t)options.seed,
        .mse = options.mse ? BTW_MSE_PLAINTEXT | BTW_MSE_RC4 : 0,
    };
    if (count == 0) {
        free(items);
        return cli_fail(self, CLI_NOTHING, "no scenario matches");
    }
    struct scn_prove_result result = scn_prove(items, count, &config, stdout);
    printf("%zu of %zu runs pass against the decent peer, %zu of %zu faults are caught", result.passed, result.items,
           result.proven, result.faults);
    if (config.all_rules)
        printf(", %zu of %zu monitor rules are broken by one", result.rules_proven, result.rules);
    putchar('\n');
    free(items);
    return result.ok ? CLI_GREEN : CLI_RED;
}

static int run(const struct cli_command *self, int argc, const char **argv)
{
    static const char *everything[] = { NULL };
    const char **operands;
    struct scn_catalogue catalogue;
    struct scn_error error;
    struct stat status_of;
    int status = cli_options(self, argc, argv, table, &operands);
    if (status != CLI_CONTINUE)
        return status;
    if (operands[0] != NULL && operands[1] == NULL && options.scenarios == NULL && stat(operands[0], &status_of) == 0) {
        options.scenarios = (char *)operands[0];
        operands = everything;
    }
    if (!scn_catalogue_load(&catalogue, options.scenarios, &error)) {
        scn_error_print(stderr, &error);
        return CLI_USAGE;
    }
    status = prove(self, &catalogue, operands);
    scn_catalogue_free(&catalogue);
    return status;
}

const struct cli_command cli_prove = { "prove", "[PATTERN...]", "Show that scenarios catch what they are for", teaches,
                                       run };

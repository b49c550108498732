/* SPDX-License-Identifier: MIT
 *
 * `conformance fixture`: the torrents of the suite, for a person to load into a client.
 */
#include <stdlib.h>
#include <string.h>

#include "catalogue.h"
#include "cli.h"
#include "fixture_dir.h"
#include "plural.h"

static struct {
    char *role, *scenarios;
} options;

static const struct poptOption table[] = {
    { "role", 'r', POPT_ARG_STRING, &options.role, 0, "only for a client in this state: seed, leech or magnet",
      "ROLE" },
    { "scenarios", 0, POPT_ARG_STRING, &options.scenarios, 0, "for these scenario files instead of those built in",
      "DIR" },
    POPT_TABLEEND,
};

static const char teaches[] =
    "The torrents are made from their names: every call writes the same bytes, and nothing is fetched.  DIR/README.txt "
    "says\n"
    "which of them a client is to load.\n"
    "\n"
    "Examples:\n"
    "  conformance fixture fixture\n"
    "  conformance fixture --role seed fixture && conformance run --target 127.0.0.1:6881 --fixture fixture\n";

static void add_kinds(struct scn_torrents *torrents)
{
    const char *kind;
    for (size_t i = 0; (kind = btw_fixture_name(i)) != NULL; i++)
        scn_torrents_add_fixture(torrents, kind, 0);
}

static void add_copies(struct scn_torrents *torrents, const struct scn_catalogue *catalogue, enum scn_target role)
{
    struct scn_filter filter = { .role = role, .slow_too = true };
    struct scn_item *items = calloc(catalogue->count + 1, sizeof *items);
    const char *kind;
    if (items == NULL)
        abort();
    size_t count = scn_catalogue_select(catalogue, &filter, items);
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; (kind = scn_item_kind(&items[i], k)) != NULL; k++)
            scn_torrents_add_fixture(torrents, kind, items[i].copy);
    }
    scn_catalogue_add_probe(torrents, role);
    free(items);
}

static bool wants(enum scn_target role)
{
    return options.role == NULL || strcmp(options.role, scn_target_name(role)) == 0;
}

static int run(const struct cli_command *self, int argc, const char **argv)
{
    const char **operands;
    struct scn_catalogue catalogue;
    struct scn_torrents torrents = { 0 };
    struct scn_error error;
    char why[400];
    int status = cli_options(self, argc, argv, table, &operands);
    if (status != CLI_CONTINUE)
        return status;
    if (operands[0] == NULL || operands[1] != NULL)
        return cli_fail(self, CLI_USAGE, "one folder is wanted");
    if (!wants(SCN_TARGET_SEED) && !wants(SCN_TARGET_LEECH) && !wants(SCN_TARGET_MAGNET))
        return cli_fail(self, CLI_USAGE, "--role is seed, leech or magnet, not '%s'", options.role);
    if (!scn_catalogue_load(&catalogue, options.scenarios, &error)) {
        scn_error_print(stderr, &error);
        return CLI_USAGE;
    }
    if (wants(SCN_TARGET_SEED))
        add_kinds(&torrents);
    if (wants(SCN_TARGET_LEECH))
        add_copies(&torrents, &catalogue, SCN_TARGET_LEECH);
    if (wants(SCN_TARGET_MAGNET))
        add_copies(&torrents, &catalogue, SCN_TARGET_MAGNET);
    status = CLI_GREEN;
    if (!scn_fixture_dir_write(operands[0], &torrents, why, sizeof why))
        status = cli_fail(self, CLI_OURS, "%s", why);
    else
        printf("%zu torrent%s in %s; %s/README.txt says what to load\n", torrents.count, scn_plural(torrents.count),
               operands[0], operands[0]);
    scn_torrents_free(&torrents);
    scn_catalogue_free(&catalogue);
    return status;
}

const struct cli_command cli_fixture = { "fixture", "DIR", "Write the torrents that a client is to load", teaches,
                                         run };

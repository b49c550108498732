/* SPDX-License-Identifier: MIT
 *
 * `conformance fmt`: scenario files in their canonical layout.
 */
#include <errno.h>
#include <string.h>

#include "cli.h"
#include "files.h"
#include "fmt.h"

static struct {
    int check;
} options;

static const struct poptOption table[] = {
    { "check", 'c', POPT_ARG_NONE, &options.check, 0, "change nothing, only tell which files would change", NULL },
    POPT_TABLEEND,
};

static const char teaches[] =
    "Files are rewritten in place; '-' goes from standard input to standard output.\n"
    "\n"
    "Examples:\n"
    "  conformance fmt my.scn\n"
    "  conformance fmt --check conformance/scenarios/*/*.scn\n"
    "\n"
    "Exit status: 0 done, 1 with --check some file would change, 2 a file does not parse, 4 a file cannot be read or "
    "written.\n";

static int write_back(const struct cli_command *self, const char *path, const char *text)
{
    struct scn_output out;
    bool begun = scn_output_begin(&out, path);
    if (begun)
        fputs(text, out.stream);
    if (!begun || !scn_output_end(&out))
        return cli_fail(self, CLI_OURS, "cannot write '%s': %s", path, strerror(errno));
    return CLI_GREEN;
}

static int format(const struct cli_command *self, const char *path, struct scn_arena *arena)
{
    struct scn_file file;
    struct scn_error error;
    if (!scn_file_read(&file, path))
        return cli_fail(self, CLI_OURS, "cannot read '%s': %s", path, strerror(errno));
    int status = CLI_GREEN;
    const char *text = scn_fmt(arena, path, file.text, file.len, &error);
    bool same = text != NULL && strlen(text) == file.len && memcmp(text, file.text, file.len) == 0;
    if (text == NULL) {
        scn_error_print(stderr, &error);
        status = CLI_USAGE;
    } else if (options.check) {
        if (!same)
            printf("%s\n", path);
        status = same ? CLI_GREEN : CLI_RED;
    } else if (!same || strcmp(path, "-") == 0) {
        status = write_back(self, path, text);
    }
    scn_file_free(&file);
    return status;
}

static int run(const struct cli_command *self, int argc, const char **argv)
{
    const char **paths;
    int status = cli_options(self, argc, argv, table, &paths);
    if (status != CLI_CONTINUE)
        return status;
    if (*paths == NULL)
        return cli_fail(self, CLI_USAGE, "which files?");
    status = CLI_GREEN;
    for (; *paths != NULL; paths++) {
        struct scn_arena *arena = scn_arena_new();
        int one = format(self, *paths, arena);
        status = one > status ? one : status;
        scn_arena_free(arena);
    }
    return status;
}

const struct cli_command cli_fmt = { "fmt", "PATH...", "Lay out scenario files", teaches, run };

/* SPDX-License-Identifier: MIT
 *
 * `conformance serve`: the reference peer as a target, decent or with a fault.
 */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "serve.h"

static struct {
    char *role, *torrents, *tracker;
    char **faults;
    int port, until_eof;
} options;

static const struct poptOption table[] = {
    { "role", 'r', POPT_ARG_STRING, &options.role, 0, "seed (the default), leech or magnet", "ROLE" },
    { "port", 'p', POPT_ARG_INT, &options.port, 0, "port on 127.0.0.1 and [::1]; 0, the default: a free one", "PORT" },
    { "torrents", 0, POPT_ARG_STRING, &options.torrents, 0, "fixture torrents, parted by spaces; default: all kinds",
      "\"NAME...\"" },
    { "fault", 'f', POPT_ARG_ARGV, &options.faults, 0, "misbehave; may be repeated", "SPEC" },
    { "tracker", 0, POPT_ARG_STRING, &options.tracker, 0, "announce to this tracker", "URL" },
    { "until-eof", 0, POPT_ARG_NONE, &options.until_eof, 0, "end when standard input ends", NULL },
    POPT_TABLEEND,
};

static const char teaches[] =
    "Prints `ready PORT` and serves until SIGTERM.  A SPEC is what scenarios write behind `fault`, without the "
    "expectation;\n"
    "'conformance list --faults' shows all that are in use.\n"
    "\n"
    "Examples:\n"
    "  conformance serve --port 6881\n"
    "  conformance serve --role leech --torrents 'base base-2'\n"
    "  conformance serve --port 6881 --fault 'tx piece set begin=0' &\n"
    "  conformance run --target 127.0.0.1:6881 'request.*'\n"
    "\n"
    "Exit status: 0 stopped by a signal, 70 crashed by a fault, 2 usage error, 4 the port is taken.\n";

struct loaded {
    struct btw_fixture *list;
    size_t count;
};

/* "base-7" is copy 7 of kind base. */
static bool load(struct loaded *loaded, const char *name)
{
    char kind[64];
    unsigned long copy = 0;
    snprintf(kind, sizeof kind, "%s", name);
    char *dash = strrchr(kind, '-'), *end = dash;
    if (dash != NULL) {
        copy = strtoul(dash + 1, &end, 10);
        if (dash[1] == '\0' || *end != '\0' || copy > UINT32_MAX)
            return false;
        *dash = '\0';
    }
    loaded->list = realloc(loaded->list, (loaded->count + 1) * sizeof *loaded->list);
    if (loaded->list == NULL)
        abort();
    if (btw_fixture_make(&loaded->list[loaded->count], kind, (unsigned)copy) != BTW_OK)
        return false;
    loaded->count++;
    return true;
}

static int load_all(const struct cli_command *self, struct loaded *loaded)
{
    const char *kind;
    for (size_t i = 0; options.torrents == NULL && (kind = btw_fixture_name(i)) != NULL; i++)
        load(loaded, kind);
    for (char *name = options.torrents ? strtok(options.torrents, " ") : NULL; name != NULL; name = strtok(NULL, " ")) {
        if (!load(loaded, name))
            return cli_fail(self, CLI_USAGE, "there is no fixture torrent '%s'", name);
    }
    return loaded->count > 0 ? CLI_CONTINUE : cli_fail(self, CLI_USAGE, "no torrents");
}

static bool read_role(enum btw_role *role)
{
    static const char *const names[] = { [BTW_SEED] = "seed", [BTW_LEECH] = "leech", [BTW_MAGNET] = "magnet" };
    for (*role = BTW_SEED; options.role != NULL && *role <= BTW_MAGNET; (*role)++) {
        if (strcmp(options.role, names[*role]) == 0)
            return true;
    }
    *role = BTW_SEED;
    return options.role == NULL;
}

/* All specs as the lines of one text.  NULL: they do not parse, and why has been printed. */
static struct scn_script *read_faults(void)
{
    struct scn_error error;
    size_t len = 1;
    for (char **fault = options.faults; *fault != NULL; fault++)
        len += strlen(*fault) + 1;
    char *text = calloc(1, len), *end = text;
    if (text == NULL)
        abort();
    for (char **fault = options.faults; *fault != NULL; fault++)
        end += sprintf(end, "%s\n", *fault);
    struct scn_script *script = scn_faults_parse(text, &error);
    if (script == NULL)
        scn_error_print(stderr, &error);
    free(text);
    return script;
}

static int serve(const struct cli_command *self, struct scn_serve_config *config)
{
    const char *error = NULL;
    curl_global_init(CURL_GLOBAL_ALL);
    int status = scn_serve(config, &error);
    curl_global_cleanup();
    return error == NULL ? status : cli_fail(self, CLI_OURS, "%s", error);
}

static int run(const struct cli_command *self, int argc, const char **argv)
{
    const char **operands;
    struct scn_serve_config config = { 0 };
    struct scn_faults faults = { 0 };
    struct scn_script *script = NULL;
    struct loaded loaded = { 0 };
    int status = cli_options(self, argc, argv, table, &operands);
    if (status != CLI_CONTINUE)
        return status;
    if (options.port < 0 || options.port > 65535)
        return cli_fail(self, CLI_USAGE, "a port lies between 1 and 65535");
    if (!read_role(&config.role))
        return cli_fail(self, CLI_USAGE, "--role is seed, leech or magnet, not '%s'", options.role);
    if (options.faults != NULL && (script = read_faults()) == NULL)
        return CLI_USAGE;
    if (script != NULL) {
        faults.specs = script->scenarios[0].faults;
        faults.count = script->scenarios[0].fault_count;
    }
    status = load_all(self, &loaded);
    config.port = (uint16_t)options.port;
    config.faults = &faults;
    config.fixtures = loaded.list;
    config.fixture_count = loaded.count;
    config.tracker = options.tracker;
    config.until_eof = options.until_eof;
    if (status == CLI_CONTINUE)
        status = serve(self, &config);
    for (size_t i = 0; i < loaded.count; i++)
        btw_fixture_free(&loaded.list[i]);
    free(loaded.list);
    if (script != NULL)
        scn_script_free(script);
    return status;
}

const struct cli_command cli_serve = { "serve", "", "Run the reference peer as a target", teaches, run };

/* SPDX-License-Identifier: MIT
 *
 * `conformance record`: one side of a captured session as a scenario.
 */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "beside.h"
#include "cli.h"
#include "lint.h"
#include "record.h"
#include "subject.h"

enum { NAME_MAX_LEN = 160, ERROR_MAX = 400 };

static struct {
    char *play, *torrent, *data, *name, *output;
    long flow;
} options = { .flow = -1 };

static const struct poptOption table[] = {
    { "flow", 0, POPT_ARG_LONG, &options.flow, 0, "the session; by default the one in which most was said", "N" },
    { "play", 0, POPT_ARG_STRING, &options.play, 0, "whom the scripted peer stands for: initiator or responder",
      "SIDE" },
    { "torrent", 0, POPT_ARG_STRING, &options.torrent, 0, "torrent of the session; fixtures are known", "FILE" },
    { "data", 0, POPT_ARG_STRING, &options.data, 0, "payload of that torrent", "PATH" },
    { "name", 0, POPT_ARG_STRING, &options.name, 0, "of the scenario; by default as the files are called",
      "AREA.WHAT" },
    { "output", 'o', POPT_ARG_STRING, &options.output, 0, "where the scenario goes; by default standard output",
      "FILE" },
    POPT_TABLEEND,
};

static const char teaches[] =
    "Plays the initiator (who dialled) unless told otherwise; the other side is what the scenario tests.\n"
    "What nobody can promise for the next time is left out or becomes a pattern: see docs/captures.md.\n"
    "\n"
    "Examples:\n"
    "  conformance record session.pcap\n"
    "  conformance record session.pcap --flow 3 --play responder -o scenarios/recorded/session.scn\n"
    "  conformance run --scenarios scenarios --driver conformance/clients/libtorrent\n"
    "\n"
    "Exit status: 0 done, 2 usage error, 3 nothing to record, 4 a file cannot be read or written.\n";

/* ---- names ------------------------------------------------------------------------------------------------------- */

/* The last part of a path without its extension, as a word of a name. */
static void put_word(char *out, size_t cap, const char *path)
{
    const char *slash = strrchr(path, '/');
    size_t used = 0;
    for (const char *c = slash != NULL ? slash + 1 : path; *c != '\0' && *c != '.' && used + 1 < cap; c++)
        out[used++] = isalnum((unsigned char)*c) ? (char)tolower((unsigned char)*c) : '-';
    out[used] = '\0';
}

/* The folder that a file will lie in, by its own name: "." says nothing.  False: there is no such folder. */
static bool find_folder(char *out, size_t cap, const char *path)
{
    const char *slash = strrchr(path, '/');
    char *folder = slash == NULL ? strdup(".") : strndup(path, slash == path ? 1 : (size_t)(slash - path));
    char *whole = folder != NULL ? realpath(folder, NULL) : NULL;
    if (whole != NULL)
        snprintf(out, cap, "%s", strrchr(whole, '/') + 1);
    free(folder);
    free(whole);
    return whole != NULL;
}

/* What a scenario may be called. */
static bool is_name(const char *name)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";
    return isalpha((unsigned char)name[0]) && strchr(name, '.') != NULL && name[strspn(name, allowed)] == '\0';
}

/* As lint wants it: the area is the folder that the scenario will lie in.  CLI_CONTINUE, or the status to leave with.
 */
static int make_name(const struct cli_command *self, char out[NAME_MAX_LEN], const char *capture)
{
    char area[NAME_MAX_LEN / 2] = "recorded", what[NAME_MAX_LEN / 2];
    bool filed = options.output != NULL && strcmp(options.output, "-") != 0;
    if (options.name != NULL) {
        snprintf(out, NAME_MAX_LEN, "%s", options.name);
        return is_name(out) ? CLI_CONTINUE
                            : cli_fail(self, CLI_USAGE, "--name wants AREA.WHAT, such as recorded.session");
    }
    if (filed && !find_folder(area, sizeof area, options.output))
        return cli_fail(self, CLI_OURS, "cannot write '%s': %s", options.output, strerror(errno));
    put_word(what, sizeof what, filed ? options.output : capture);
    snprintf(out, NAME_MAX_LEN, "%s.%s", area, what[0] ? what : "session");
    return is_name(out)
               ? CLI_CONTINUE
               : cli_fail(self, CLI_USAGE,
                          "a scenario is called after its folder, and '%s' cannot be: choose another folder", area);
}

/* ---- the scenario ------------------------------------------------------------------------------------------------ */

static void complain(void *user, const struct scn_place *place, const char *text)
{
    (void)user;
    fprintf(stderr, "%s:%u:%u: %s\n", place->file, place->line, place->column, text);
}

/* The file beside the scenario: called like it.  Out of standard output nothing can be beside. */
static const char *side_name(struct scn_arena *arena)
{
    const char *slash = options.output != NULL ? strrchr(options.output, '/') : NULL;
    const char *file = slash != NULL ? slash + 1 : options.output;
    if (file == NULL || strcmp(file, "-") == 0)
        return NULL;
    const char *name = scn_arena_format(arena, "%.*s.bin", (int)strcspn(file, "."), file);
    return scn_beside_is_name(btw_slice_str(name)) ? name : NULL;
}

static bool write_side(const struct cap_record_side *side)
{
    struct scn_output out;
    char path[PATH_MAX];
    if (!scn_beside_path(path, sizeof path, options.output, btw_slice_str(side->name)) || !scn_output_begin(&out, path))
        return false;
    fwrite(side->bytes, 1, side->len, out.stream);
    return scn_output_end(&out);
}

/* Nobody shall get a scenario that the other commands do not take. */
static int check(const struct cli_command *self, const char *text)
{
    struct scn_error error;
    const char *file = options.output != NULL ? options.output : "record";
    struct scn_script *script = scn_script_parse(file, text, strlen(text), &error);
    if (script == NULL) {
        scn_error_print(stderr, &error);
        return cli_fail(self, CLI_OURS, "what came of the session is no scenario");
    }
    size_t complaints = scn_lint(script, complain, NULL);
    scn_script_free(script);
    return complaints == 0 ? CLI_CONTINUE : cli_fail(self, CLI_USAGE, "the scenario would not be clean: try --name");
}

static int write_out(const struct cli_command *self, const char *text)
{
    struct scn_output out;
    const char *path = options.output != NULL ? options.output : "-";
    bool begun = scn_output_begin(&out, path);
    if (begun)
        fputs(text, out.stream);
    if (!begun || !scn_output_end(&out))
        return cli_fail(self, CLI_OURS, "cannot write '%s': %s", path, strerror(errno));
    return CLI_GREEN;
}

static int record(const struct cli_command *self, const char *path, const struct cap_tape *tape,
                  struct scn_arena *arena, struct scn_torrents *torrents)
{
    char error[ERROR_MAX] = "", name[NAME_MAX_LEN];
    const char *slash = strrchr(path, '/');
    struct cap_record_config config = {
        .play = options.play != NULL && strcmp(options.play, "responder") == 0 ? BTW_ACCEPTOR : BTW_DIALLER,
        .name = name,
        .sized = true,
        .serves = true,
        .source = slash != NULL ? slash + 1 : path,
    };
    int status = make_name(self, name, path);
    if (status != CLI_CONTINUE)
        return status;
    if (!cap_subject_find(&config.torrent, torrents, tape, options.torrent, options.data, error, sizeof error))
        return cli_fail(self, CLI_USAGE, "%s", error);
    if (config.torrent != NULL && !cap_subject_is(tape, config.torrent))
        return cli_fail(self, CLI_USAGE, "the session is about another torrent than '%s'", options.torrent);
    struct cap_record_side side = { .name = side_name(arena) };
    config.side = side.name != NULL ? &side : NULL;
    const char *text = cap_record(arena, tape, &config, error, sizeof error);
    if (text == NULL)
        status = cli_fail(self, CLI_NOTHING, "%s", error);
    else if (side.len > 0 && !write_side(&side)) /* lint wants to see it */
        status = cli_fail(self, CLI_OURS, "cannot write '%s' beside the scenario: %s", side.name, strerror(errno));
    else if ((status = check(self, text)) == CLI_CONTINUE)
        status = write_out(self, text);
    free(side.bytes);
    return status;
}

static int with_capture(const struct cli_command *self, const char *path)
{
    char error[ERROR_MAX];
    struct cap_tapes tapes;
    struct scn_torrents torrents = { 0 };
    struct scn_arena *arena = scn_arena_new();
    const struct cap_tape *tape;
    int status;
    cap_tapes_init(&tapes, options.flow);
    if (!cap_tapes_read(&tapes, path, error, sizeof error))
        status = cli_fail(self, CLI_OURS, "%s", error);
    else if ((tape = cap_tapes_pick(&tapes, error, sizeof error)) == NULL)
        status = cli_fail(self, CLI_NOTHING, "%s", error);
    else
        status = record(self, path, tape, arena, &torrents);
    scn_torrents_free(&torrents);
    scn_arena_free(arena);
    cap_tapes_free(&tapes);
    return status;
}

static int run(const struct cli_command *self, int argc, const char **argv)
{
    const char **operands;
    int status = cli_options(self, argc, argv, table, &operands);
    if (status != CLI_CONTINUE)
        return status;
    if (operands[0] == NULL || operands[1] != NULL)
        return cli_fail(self, CLI_USAGE, "one capture, please");
    if (options.play != NULL && strcmp(options.play, "initiator") != 0 && strcmp(options.play, "responder") != 0)
        return cli_fail(self, CLI_USAGE, "--play is initiator or responder, not '%s'", options.play);
    if (options.data != NULL && options.torrent == NULL)
        return cli_fail(self, CLI_USAGE, "--data is the payload of --torrent");
    return with_capture(self, operands[0]);
}

const struct cli_command cli_record = { "record", "FILE", "Turn a capture into a scenario", teaches, run };

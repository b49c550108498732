/* SPDX-License-Identifier: MIT
 *
 * `conformance check`: judges both ends of captured sessions.
 */
#include <stdio.h>

#include "check.h"
#include "cli_capture.h"
#include "cli_report.h"

static struct {
    int summary, strict;
    char *interface, *expression;
    char **torrents, **reports;
} options;

static const struct poptOption table[] = {
    { "torrent", 't', POPT_ARG_ARGV, &options.torrents, 0,
      "verify pieces, metadata and bitfields of this torrent; may be repeated", "FILE" },
    { "summary", 's', POPT_ARG_NONE, &options.summary, 0, "also sum up each session", NULL },
    { "strict", 0, POPT_ARG_NONE, &options.strict, 0, "warnings are failures", NULL },
    { "report", 0, POPT_ARG_ARGV, &options.reports, 0, "also write a report: json=FILE, tap=FILE, junit=FILE",
      "KIND=FILE" },
    { "interface", 'i', POPT_ARG_STRING, &options.interface, 0, "listen there instead of reading files", "NAME" },
    { "filter", 0, POPT_ARG_STRING, &options.expression, 0, "packets to listen to, in the language of libpcap",
      "EXPR" },
    POPT_TABLEEND,
};

static const char teaches[] = "Judges both sides of every BitTorrent session in the captures by the rules that "
                              "`conformance list --rules` lists.\n"
                              "Only what a capture proves is reported: where bytes are missing, the start was not "
                              "captured, or only one side was,\n"
                              "the rules that would need them are silent.  Standard input is '-'.\n"
                              "\n"
                              "Examples:\n"
                              "  conformance check session.pcapng\n"
                              "  conformance check --torrent my.torrent --report junit=report.xml *.pcap\n"
                              "  sudo conformance check --interface lo --filter 'tcp port 6881'\n"
                              "\n"
                              "Exit status: 0 nothing worse than warnings, 1 failures, 2 usage error, 3 no session "
                              "could be judged, 4 a file cannot\n"
                              "be read.\n";

static int check_options(const struct cli_command *self, const char **operands)
{
    bool named = operands != NULL && operands[0] != NULL;
    if (named == (options.interface != NULL))
        return cli_fail(self, CLI_USAGE,
                        named ? "files or --interface, not both" : "which capture?  '-' is standard input");
    return cli_check_reports(self, options.reports);
}

/* CLI_GREEN, or CLI_OURS when it cannot be read to its end. */
static int check_one(const struct cli_command *self, const char *path, struct cap_torrents *torrents,
                     struct cap_check_report *report)
{
    struct cap_check_config config = {
        .name = "conformance check",
        .file = path,
        .summary = options.summary,
        .content = options.torrents != NULL,
        .live = options.interface != NULL,
        .color = scn_terminal_on(stdout).color,
        .stop = &cli_stopped,
    };
    struct cap_capture *capture = cli_capture(self, path, false, options.interface, options.expression);
    if (capture == NULL)
        return CLI_OURS;
    enum cap_status status = cap_check(capture, torrents, &config, report, stdout);
    if (status != CAP_END)
        (void)cli_fail(self, CLI_OURS, "%s: %s", path, cap_capture_error(capture));
    cap_capture_close(capture);
    return status == CAP_ERROR ? CLI_OURS : CLI_GREEN;
}

static int check_all(const struct cli_command *self, const char **files, struct cap_torrents *torrents)
{
    const char *live[] = { options.interface, NULL };
    struct cap_check_report report = { 0 };
    int read = CLI_GREEN;
    for (const char **file = options.interface != NULL ? live : files; *file != NULL && !cli_stopped; file++) {
        int status = check_one(self, *file, torrents, &report);
        read = status == CLI_GREEN ? read : status;
    }
    cap_check_print_sum(stdout, &report);
    bool written = cli_write_reports(self, options.reports, cap_report_kinds, &report);
    int status = cap_check_report_status(&report, options.strict);
    cap_check_report_free(&report);
    if (status != CLI_RED && (read != CLI_GREEN || !written))
        return CLI_OURS;
    return status;
}

static int run(const struct cli_command *self, int argc, const char **argv)
{
    struct cap_torrents torrents = { 0 };
    const char **operands;
    int status = cli_options(self, argc, argv, table, &operands);
    if (status == CLI_CONTINUE)
        status = check_options(self, operands);
    if (status != CLI_CONTINUE)
        return status;
    if (!cli_torrents(self, options.torrents, &torrents))
        return CLI_OURS;
    cli_take_signals();
    status = check_all(self, operands, &torrents);
    cap_torrents_free(&torrents);
    return status;
}

const struct cli_command cli_check = { "check", "FILE...", "Judge both ends of captured sessions", teaches, run };

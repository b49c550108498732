/* SPDX-License-Identifier: MIT
 *
 * `conformance decode`: captures, or bytes of one direction, to lines of the notation.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli_capture.h"
#include "cmd_decode.h"
#include "decode.h"

static struct {
    int hex, handshake, stream, json, summary, full, follow;
    long long flow;
    char *interface, *expression, *info_hash, *from, *to;
    char **types, **torrents;
} options = { .flow = -1 };

static const struct poptOption table[] = {
    { "summary", 's', POPT_ARG_NONE, &options.summary, 0, "sum up each session instead", NULL },
    { "json", 'j', POPT_ARG_NONE, &options.json, 0, "one JSON object a line", NULL },
    { "full", 0, POPT_ARG_NONE, &options.full, 0, "long values and blocks in full: lines that read back", NULL },
    { "flow", 'f', POPT_ARG_LONGLONG, &options.flow, 0, "only this connection: f0 is number 0", "N" },
    { "info-hash", 0, POPT_ARG_STRING, &options.info_hash, 0, "only sessions of this torrent", "HEX" },
    { "torrent", 't', POPT_ARG_ARGV, &options.torrents, 0, "a torrent that may be spoken of; may be repeated", "FILE" },
    { "type", 0, POPT_ARG_ARGV, &options.types, 0, "only these messages, as have,piece; may be repeated", "NAMES" },
    { "from", 0, POPT_ARG_STRING, &options.from, 0, "only what this end sends: ADDRESS, ADDRESS:PORT or :PORT", "END" },
    { "to", 0, POPT_ARG_STRING, &options.to, 0, "only what is sent to this end", "END" },
    { "interface", 'i', POPT_ARG_STRING, &options.interface, 0, "listen there instead of reading a file", "NAME" },
    { "filter", 0, POPT_ARG_STRING, &options.expression, 0, "packets to listen to, in the language of libpcap",
      "EXPR" },
    { "follow", 0, POPT_ARG_NONE, &options.follow, 0,
      "write each line as soon as it is known, and wait for more when the file ends", NULL },
    { "hex", 'x', POPT_ARG_NONE, &options.hex, 0, "FILE is a stream in hex digits; white space is passed over", NULL },
    { "stream", 0, POPT_ARG_NONE, &options.stream, 0, "FILE is a stream, whatever it looks like", NULL },
    { "from-handshake", 0, POPT_ARG_NONE, &options.handshake, 0,
      "the stream begins with a handshake, whatever it looks like", NULL },
    POPT_TABLEEND,
};

static const char teaches[] =
    "Reads a capture (pcap or pcapng), or one direction of a connection, from FILE or standard input.  In a capture\n"
    "'>' leaves the end that dialled; in a stream a handshake in front is recognised.  docs/captures.md tells about\n"
    "lines, summaries and JSON.\n"
    "\n"
    "Examples:\n"
    "  conformance decode session.pcapng\n"
    "  conformance decode --summary session.pcapng\n"
    "  conformance decode --type have,piece --from :6881 --json session.pcap\n"
    "  conformance decode --follow growing.pcap        # until Ctrl-C; --summary sums up what there was\n"
    "  sudo conformance decode --interface lo --filter 'tcp port 6881'\n"
    "  echo 00000005 04 00000003 | conformance decode --hex\n"
    "\n"
    "Exit status: 0 all was read, 1 some bytes of a stream are no messages, 2 usage error, 4 FILE cannot be read.\n";

/* pcap in either byte order with micro- or nanoseconds, and pcapng. */
static bool is_capture(const unsigned char magic[4])
{
    static const unsigned char known[][4] = {
        { 0xa1, 0xb2, 0xc3, 0xd4 }, { 0xd4, 0xc3, 0xb2, 0xa1 }, { 0xa1, 0xb2, 0x3c, 0x4d },
        { 0x4d, 0x3c, 0xb2, 0xa1 }, { 0x0a, 0x0d, 0x0d, 0x0a },
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (memcmp(magic, known[i], 4) == 0)
            return true;
    }
    return false;
}

/* Looks at the first bytes; those of standard input are put back. */
static bool file_is_capture(const char *path)
{
    static char buffer[1 << 16]; /* lives as long as stdin does */
    unsigned char magic[4] = { 0 };
    FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "rb");
    if (file == NULL)
        return false; /* whoever opens it next says why */
    if (file == stdin)
        setvbuf(stdin, buffer, _IOFBF, sizeof buffer);
    size_t len = fread(magic, 1, sizeof magic, file);
    if (file != stdin)
        fclose(file);
    else
        for (size_t i = len; i-- > 0;)
            ungetc(magic[i], stdin);
    return len == sizeof magic && is_capture(magic);
}

static int read_filter(const struct cli_command *self, struct cap_filter *filter)
{
    const char *unknown;
    size_t len;
    filter->flow = options.flow;
    filter->hash_set = options.info_hash != NULL;
    if (filter->hash_set && !cap_hash_parse(filter->info_hash, options.info_hash))
        return cli_fail(self, CLI_USAGE, "'%s' is no info-hash of 40 hex digits", options.info_hash);
    if (options.from != NULL && !cap_pattern_parse(&filter->from, options.from))
        return cli_fail(self, CLI_USAGE, "'%s' is neither ADDRESS nor ADDRESS:PORT nor :PORT", options.from);
    if (options.to != NULL && !cap_pattern_parse(&filter->to, options.to))
        return cli_fail(self, CLI_USAGE, "'%s' is neither ADDRESS nor ADDRESS:PORT nor :PORT", options.to);
    for (char **names = options.types; names != NULL && *names != NULL; names++) {
        if (!cap_filter_add_types(filter, *names, &unknown, &len))
            return cli_fail(self, CLI_USAGE, "'%.*s' is no message of the notation", (int)len, unknown);
    }
    return CLI_CONTINUE;
}

static int decode_capture(const struct cli_command *self, struct cap_capture *capture, const char *path,
                          const struct cap_filter *filter)
{
    struct cap_torrents torrents = { 0 };
    struct cap_decode_config config = {
        .name = "conformance decode",
        .json = options.json,
        .summary = options.summary,
        .full = options.full,
        .filter = *filter,
        .stop = &cli_stopped,
    };
    if (!cli_torrents(self, options.torrents, &torrents))
        return CLI_OURS;
    if (options.follow || options.interface != NULL)
        setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
    enum cap_status status = cap_decode(capture, &torrents, &config, stdout);
    cap_torrents_free(&torrents);
    if (status == CAP_ERROR)
        return cli_fail(self, CLI_OURS, "%s: %s", path, cap_capture_error(capture));
    if (status == CAP_CUT)
        (void)cli_fail(self, CLI_GREEN, "%s: %s", path, cap_capture_error(capture));
    return CLI_GREEN;
}

static int open_and_decode(const struct cli_command *self, const char *path)
{
    struct cap_filter filter = { 0 };
    int status = read_filter(self, &filter);
    if (status != CLI_CONTINUE)
        return status;
    cli_take_signals(); /* a file that grows is waited for from its first byte on */
    struct cap_capture *capture = cli_capture(self, path, options.follow, options.interface, options.expression);
    if (capture == NULL)
        return CLI_OURS;
    status = decode_capture(self, capture, path, &filter);
    cap_capture_close(capture);
    return status;
}

static int run(const struct cli_command *self, int argc, const char **argv)
{
    const char **operands, *path;
    struct scn_file file;
    int status = cli_options(self, argc, argv, table, &operands);
    if (status != CLI_CONTINUE)
        return status;
    path = operands == NULL || operands[0] == NULL ? "-" : operands[0];
    if (options.interface != NULL && (operands != NULL && operands[0] != NULL))
        return cli_fail(self, CLI_USAGE, "a file or --interface, not both");
    if (options.interface != NULL)
        return open_and_decode(self, options.interface);
    if (!options.hex && !options.stream && !options.handshake && (options.follow || file_is_capture(path)))
        return open_and_decode(self, path);
    status = cli_input(self, operands, &path, &file);
    if (status != CLI_CONTINUE)
        return status;
    status = cli_decode_stream(self, path, &file, options.hex, options.handshake);
    scn_file_free(&file);
    return status;
}

const struct cli_command cli_decode = { "decode", "[FILE]", "Turn a capture, or bytes, into the notation", teaches,
                                        run };

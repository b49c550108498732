/* SPDX-License-Identifier: MIT
 *
 * `conformance encode`: lines of the notation to bytes of the wire.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "btw/bytes.h"
#include "btw/notation.h"
#include "cli.h"
#include "files.h"

static struct {
    int hex;
} options;

static const struct poptOption table[] = {
    { "hex", 'x', POPT_ARG_NONE, &options.hex, 0, "write hex digits, one message a line", NULL },
    POPT_TABLEEND,
};

static const char teaches[] =
    "Reads messages, one a line, from FILE or standard input; empty lines and comments are passed over.\n"
    "\n"
    "Examples:\n"
    "  echo 'request piece=0 begin=16384 length=16384' | conformance encode --hex\n"
    "  conformance encode lines.txt | nc 127.0.0.1 6881\n"
    "\n"
    "Exit status: 0 done, 2 a line is not in the notation, 4 FILE cannot be read.\n";

static void put(const uint8_t *bytes, size_t len)
{
    if (!options.hex) {
        fwrite(bytes, 1, len, stdout);
        return;
    }
    for (size_t i = 0; i < len; i++)
        printf("%02x", bytes[i]);
    putchar('\n');
}

static void *must(void *memory)
{
    if (memory == NULL)
        abort();
    return memory;
}

static enum btw_status encode_line(const char *line, size_t len, struct btw_diag *diag)
{
    struct btw_msg msg;
    size_t size = 0;
    uint8_t *scratch = must(malloc(len + 1));
    enum btw_status status = btw_msg_parse(&msg, scratch, len + 1, line, len, diag);
    if (status == BTW_OK) {
        uint8_t *out = must(malloc(btw_msg_size(&msg) + 1));
        status = btw_msg_encode(out, btw_msg_size(&msg), &size, &msg);
        if (status == BTW_OK)
            put(out, size);
        free(out);
    }
    free(scratch);
    return status;
}

static int encode(const char *path, const struct scn_file *file)
{
    const char *line = file->text, *end = file->text + file->len;
    for (unsigned number = 1; line < end; number++) {
        const char *newline = memchr(line, '\n', (size_t)(end - line));
        size_t len = (size_t)((newline ? newline : end) - line);
        size_t blank = strspn(line, " \t\r");
        struct btw_diag diag = { 0 };
        if (blank < len && line[blank] != '#' && encode_line(line, len, &diag) != BTW_OK) {
            fprintf(stderr, "%s:%u:%zu: %s\n  %.*s\n  %*s^\n", path, number, diag.offset + 1, diag.text, (int)len, line,
                    (int)diag.offset, "");
            return CLI_USAGE;
        }
        line += len + 1;
    }
    return CLI_GREEN;
}

static int run(const struct cli_command *self, int argc, const char **argv)
{
    const char **operands, *path;
    struct scn_file file;
    int status = cli_options(self, argc, argv, table, &operands);
    if (status == CLI_CONTINUE)
        status = cli_input(self, operands, &path, &file);
    if (status != CLI_CONTINUE)
        return status;
    status = encode(path, &file);
    scn_file_free(&file);
    return status;
}

const struct cli_command cli_encode = { "encode", "[FILE]", "Turn the notation into bytes", teaches, run };

/* SPDX-License-Identifier: MIT
 *
 * One direction of a connection, as bare bytes or hex, to lines of the notation.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "btw/bytes.h"
#include "btw/notation.h"
#include "cmd_decode.h"

/* Packs the digits in place.  False: *at is the offset of what is no digit, or the end after half a byte. */
static bool unhex(struct scn_file *file, size_t *at)
{
    size_t digits = 0;
    for (size_t i = 0; i < file->len; i++) {
        unsigned char c = (unsigned char)file->text[i];
        *at = i;
        if (isspace(c))
            continue;
        if (!isxdigit(c))
            return false;
        unsigned value = isdigit(c) ? c - (unsigned)'0' : (unsigned)tolower(c) - 'a' + 10;
        char *out = &file->text[digits / 2];
        *out = (char)(digits % 2 == 0 ? value << 4 : (unsigned char)*out | value);
        digits++;
    }
    file->len = digits / 2;
    return digits % 2 == 0;
}

static void print(const struct btw_msg *msg, const char *remark)
{
    size_t len = 0;
    btw_msg_print(NULL, 0, &len, msg, BTW_PRINT_FULL);
    char *text = malloc(len + 1);
    if (text == NULL)
        abort();
    if (btw_msg_print(text, len + 1, &len, msg, BTW_PRINT_FULL) == BTW_OK)
        printf("%s%s%s\n", text, remark[0] ? " # " : "", remark);
    free(text);
}

static bool looks_like_handshake(struct btw_slice in)
{
    static const char start[] = "\x13"
                                "BitTorrent protocol";
    return in.len >= sizeof start - 1 && memcmp(in.data, start, sizeof start - 1) == 0;
}

/* One item from the front; false: what is left is none. */
static bool decode_one(struct btw_slice *in, bool handshake, bool *clean)
{
    struct btw_msg msg;
    struct btw_diag diag = { 0 };
    size_t used = 0;
    enum btw_status status = handshake ? btw_handshake_decode(&msg, &used, *in, &diag)
                                       : btw_msg_decode(&msg, &used, *in, UINT32_MAX - 4, &diag);
    bool wrong = status == BTW_BAD_WIRE;
    if ((wrong && handshake) || (status != BTW_OK && !wrong)) {
        msg = (struct btw_msg){ .type = BTW_RAW, .data = *in };
        print(&msg, status == BTW_MORE ? "the end is missing" : diag.text);
        *clean = false;
        return false;
    }
    print(&msg, wrong ? diag.text : "");
    *clean = *clean && !wrong;
    in->data += used;
    in->len -= used;
    return true;
}

static int decode(struct btw_slice in, bool expect_handshake)
{
    bool handshake = expect_handshake || looks_like_handshake(in), clean = true;
    while (in.len > 0 && decode_one(&in, handshake, &clean))
        handshake = false;
    return clean ? CLI_GREEN : CLI_RED;
}

int cli_decode_stream(const struct cli_command *self, const char *path, struct scn_file *file, bool hex,
                      bool expect_handshake)
{
    size_t at = 0;
    if (hex && !unhex(file, &at))
        return cli_fail(self, CLI_USAGE, "'%s' is not hex at character %zu", path, at + 1);
    return decode(btw_slice_of(file->text, file->len), expect_handshake);
}

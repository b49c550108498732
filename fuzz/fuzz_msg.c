/* SPDX-License-Identifier: MIT
 *
 * Bytes survive the way through a message and through its text, whatever they are; decoding takes nothing beyond the
 * input and asks for more on every prefix, and for nothing else.
 */
#include "btw/bytes.h"
#include "btw/notation.h"
#include "fuzz.h"

enum { LEN_MAX = 1 << 14, TEXT_ROOM = 1 << 17, GUARD = 0x5a };

/* What is not done for every message. */
enum { DIAG, PREFIX, TEXT };

static enum btw_status decode(struct btw_msg *msg, size_t *used, struct btw_slice in, bool handshake,
                              struct btw_diag *diag)
{
    return handshake ? btw_handshake_decode(msg, used, in, diag) : btw_msg_decode(msg, used, in, LEN_MAX, diag);
}

/* What needs more on the whole needs more in part; what is wrong in part is wrong on the whole. */
static void check_prefix(struct btw_slice in, size_t len, enum btw_status status, size_t used, bool handshake)
{
    struct btw_msg msg;
    size_t prefix_used = 1;
    enum btw_status prefix = decode(&msg, &prefix_used, btw_slice_of(in.data, len), handshake, NULL);

    if (prefix == BTW_MORE)
        FUZZ_CHECK(prefix_used == 0 && (status == BTW_MORE || len < used || status == BTW_TOO_LONG || handshake));
    else
        FUZZ_CHECK(prefix == status);
}

static void check_text(const struct btw_msg *msg, struct btw_slice bytes)
{
    static char text[TEXT_ROOM + 2];
    static uint8_t scratch[2 * TEXT_ROOM], wire[LEN_MAX + 4];
    size_t len = 0, wanted = 0, size = 0;
    struct btw_msg read;

    FUZZ_CHECK(btw_msg_print(NULL, 0, &wanted, msg, BTW_PRINT_FULL) == BTW_NO_SPACE && wanted < TEXT_ROOM);
    text[wanted + 1] = GUARD;
    FUZZ_CHECK(btw_msg_print(text, wanted + 1, &len, msg, BTW_PRINT_FULL) == BTW_OK);
    FUZZ_CHECK(len == wanted && strlen(text) == len && text[wanted + 1] == GUARD);
    FUZZ_CHECK(strchr(text, '\n') == NULL);
    FUZZ_CHECK(btw_msg_parse(&read, scratch, 2 * len, text, len, NULL) == BTW_OK);
    FUZZ_CHECK(btw_msg_equal(msg, &read));
    FUZZ_CHECK(btw_msg_size(&read) == bytes.len);
    FUZZ_CHECK(btw_msg_encode(wire, bytes.len, &size, &read) == BTW_OK);
    FUZZ_CHECK(btw_slice_equal(btw_slice_of(wire, size), bytes));
    FUZZ_CHECK(bytes.len == 0 || btw_msg_encode(wire, bytes.len - 1, &size, &read) == BTW_NO_SPACE);
}

/* One item from the front; the bytes that it takes, 0 when nothing can be read behind it. */
static size_t check_item(struct btw_slice in, bool handshake, struct fuzz_choices *choices)
{
    struct btw_msg msg;
    struct btw_diag diag = { 0 };
    size_t used = 0;
    enum btw_status status = decode(&msg, &used, in, handshake, fuzz_is_due(in.data, in.len, DIAG, 8) ? &diag : NULL);

    FUZZ_CHECK(status == BTW_OK || status == BTW_MORE || status == BTW_BAD_WIRE || status == BTW_TOO_LONG);
    FUZZ_CHECK(used <= in.len && diag.offset <= in.len);
    if (in.len > 0) {
        check_prefix(in, in.len - 1, status, used, handshake);
        if (fuzz_is_due(in.data, in.len, PREFIX, 4))
            check_prefix(in, fuzz_choose(choices, in.len), status, used, handshake);
    }
    if (status == BTW_MORE) {
        FUZZ_CHECK(used == 0);
        return 0;
    }
    if (fuzz_is_due(in.data, in.len, TEXT, 16))
        check_text(&msg, btw_slice_of(in.data, status == BTW_TOO_LONG          ? 4
                                               : handshake && status != BTW_OK ? in.len
                                                                               : used));
    return handshake && status != BTW_OK ? 0 : used;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_choices choices = fuzz_choices_of(data, size);
    struct btw_slice in = btw_slice_of(data, size < LEN_MAX ? size : LEN_MAX);
    bool handshake = in.len > 0 && data[0] == 19;
    size_t used;

    while (in.len > 0 && (used = check_item(in, handshake, &choices)) > 0) {
        in = btw_slice_of(in.data + used, in.len - used);
        handshake = false;
    }
    return 0;
}

/* SPDX-License-Identifier: MIT
 *
 * A line that is in the notation prints as a line that says the same; what is not names a character of it.  Nothing
 * that the scanner hands out lies outside the text.
 */
#include "btw/bytes.h"
#include "btw/notation.h"
#include "fuzz.h"

enum { LINE_MAX_FUZZ = 1 << 12, ROOM = 1 << 16 };

/* What is not done for every line. */
enum { DIAG, SAME, SCAN };

static bool lies_in(struct btw_slice view, struct btw_slice whole)
{
    return view.len == 0 || (view.data >= whole.data && view.data + view.len <= whole.data + whole.len);
}

static void check_scan(struct btw_slice line, const char *text)
{
    struct btw_text scanned;
    struct btw_diag diag = { 0 };
    enum btw_status status = btw_text_scan(&scanned, text, line.len, &diag);

    FUZZ_CHECK(status == BTW_OK || (status == BTW_BAD_TEXT && diag.offset <= line.len && diag.text[0] != '\0'));
    if (status != BTW_OK)
        return;
    FUZZ_CHECK(scanned.desc != NULL && scanned.used <= line.len);
    FUZZ_CHECK(scanned.count <= sizeof scanned.fields / sizeof scanned.fields[0]);
    for (size_t i = 0; i < scanned.count; i++) {
        struct btw_slice value = scanned.fields[i].value;
        FUZZ_CHECK(lies_in(scanned.fields[i].name, line) && lies_in(value, line) && value.len > 0);
        FUZZ_CHECK(btw_text_value_len((const char *)value.data, value.len) == value.len);
    }
}

static void check_same(const struct btw_msg *msg)
{
    static char text[ROOM];
    static uint8_t scratch[2 * ROOM];
    struct btw_msg again;
    size_t len = 0;

    FUZZ_CHECK(btw_msg_print(text, sizeof text, &len, msg, BTW_PRINT_FULL) == BTW_OK);
    FUZZ_CHECK(btw_msg_parse(&again, scratch, 2 * len, text, len, NULL) == BTW_OK);
    FUZZ_CHECK(btw_msg_equal(msg, &again));
    FUZZ_CHECK(btw_msg_print(text, sizeof text, &len, msg, BTW_PRINT_BRIEF) == BTW_OK && strlen(text) == len);
}

static void check_line(struct btw_slice line)
{
    const char *text = line.len > 0 ? (const char *)line.data : "";
    uint8_t *scratch = malloc(2 * line.len + 1);
    struct btw_msg msg;
    struct btw_diag diag = { 0 }, *told = fuzz_is_due(line.data, line.len, DIAG, 8) ? &diag : NULL;
    enum btw_status status;

    FUZZ_CHECK(scratch != NULL);
    if (fuzz_is_due(line.data, line.len, SCAN, 4))
        check_scan(line, text);
    status = btw_msg_parse(&msg, scratch, 2 * line.len, text, line.len, told);
    FUZZ_CHECK(status == BTW_OK || (status == BTW_BAD_TEXT && diag.offset <= line.len));
    FUZZ_CHECK(status == BTW_OK || told == NULL || diag.text[0] != '\0');
    if (status == BTW_OK && fuzz_is_due(line.data, line.len, SAME, 8))
        check_same(&msg);
    free(scratch);
}

/* Each line in a block of its own size, where a look behind it is seen. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t begin = 0;

    for (size_t at = 0; at <= size; at++) {
        if (at < size && data[at] != '\n')
            continue;
        if (at - begin <= LINE_MAX_FUZZ) {
            uint8_t *line = malloc(at - begin + (at == begin));
            FUZZ_CHECK(line != NULL);
            if (at > begin)
                memcpy(line, data + begin, at - begin);
            check_line(btw_slice_of(line, at - begin));
            free(line);
        }
        begin = at + 1;
    }
    return 0;
}

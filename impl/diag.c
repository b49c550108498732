/* SPDX-License-Identifier: MIT
 *
 * Names of the statuses, and the one function that fills a diag.
 */
#include <stdio.h>

#include "btw/diag.h"

struct status_row {
    const char *name, *sentence;
};

static const struct status_row rows[] = {
#define STATUS_ROW(code, name, sentence) { name, sentence },
    BTW_STATUS_LIST(STATUS_ROW)
#undef STATUS_ROW
};

static const struct status_row *row_of(enum btw_status status)
{
    static const struct status_row unknown = { "unknown", "not a status of this library" };

    return (size_t)status < sizeof rows / sizeof rows[0] ? &rows[status] : &unknown;
}

const char *btw_status_name(enum btw_status status)
{
    return row_of(status)->name;
}

const char *btw_status_text(enum btw_status status)
{
    return row_of(status)->sentence;
}

enum btw_status btw_fail(struct btw_diag *diag, enum btw_status status, size_t offset, const char *format, ...)
{
    va_list args;

    if (diag == NULL)
        return status;
    diag->offset = offset;
    diag->rule = NULL;
    va_start(args, format);
    (void)vsnprintf(diag->text, sizeof diag->text, format, args);
    va_end(args);
    /* The sentence may quote a peer or a script: it must not move the reader's cursor. */
    for (char *c = diag->text; *c != '\0'; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = '?';
    }
    return status;
}

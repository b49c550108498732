/* SPDX-License-Identifier: MIT
 *
 * What every call of the library answers with: a status, and on request a sentence about what went wrong and where.
 *
 * Three kinds of trouble are never mixed: the peer is wrong (a status and a diag), the world is wrong (a status from
 * the tools), we are wrong (assert, in every build).  Whatever comes from a peer, a capture or a script is data.
 */
#ifndef BTW_DIAG_H
#define BTW_DIAG_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "btw/api.h"

BTW_BEGIN_DECLS

/* clang-format off */
#define BTW_STATUS_LIST(X)                                                              \
    X(BTW_OK,          "ok",          "done")                                           \
    X(BTW_MORE,        "more",        "the input ends before the item does")            \
    X(BTW_END,         "end",         "nothing is left")                                \
    X(BTW_BAD_WIRE,    "bad-wire",    "the peer broke framing or layout")               \
    X(BTW_TOO_LONG,    "too-long",    "a length prefix above the limit")                \
    X(BTW_BAD_BENCODE, "bad-bencode", "not valid bencoding")                            \
    X(BTW_BAD_TEXT,    "bad-text",    "the text is not in the notation")                \
    X(BTW_NO_SPACE,    "no-space",    "the caller's buffer is too small")               \
    X(BTW_NOT_FOUND,   "not-found",   "no such item")                                   \
    X(BTW_REFUSED,     "refused",     "the session's state does not allow it")
/* clang-format on */

enum btw_status {
#define BTW_STATUS_ENUM(code, name, sentence) code,
    BTW_STATUS_LIST(BTW_STATUS_ENUM)
#undef BTW_STATUS_ENUM
};

/* Bytes that somebody else owns.  data may be NULL only when len is 0. */
struct btw_slice {
    const uint8_t *data;
    size_t len;
};

/* Where and why something is wrong.  The caller owns it; every function that takes one also takes NULL. */
struct btw_diag {
    size_t offset;    /* byte of the wire, or of the text, where it went wrong */
    const char *rule; /* id of the broken rule (static storage), or NULL */
    char text[160];   /* one sentence, no newline, always terminated */
};

/* The short name ("bad-wire") and the sentence of a status; static storage, never NULL. */
const char *btw_status_name(enum btw_status status);
const char *btw_status_text(enum btw_status status);

/* Fills diag (when not NULL) and returns status, so that a caller can write `return btw_fail(diag, ...)`. */
enum btw_status btw_fail(struct btw_diag *diag, enum btw_status status, size_t offset, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

BTW_END_DECLS
#endif

/* SPDX-License-Identifier: MIT
 *
 * One value being read, character by character: what script_expr.c and script_reader.c share.  Nobody else includes it.
 */
#ifndef SCN_SCRIPT_READER_H
#define SCN_SCRIPT_READER_H

#include "script_lex.h"

struct reader {
    const struct scn_cursor *c;
    const char *at, *end;
    unsigned depth; /* open brackets */
    bool loose;     /* white space may stand around operators */
};

/* Records the error; always NULL. */
void *reader_fail(const struct reader *r, const char *at, const char *what);
/* Something else stands here than this mode wants. */
void *reader_fail_mode(const struct reader *r, const char *at, enum expr_mode mode);

struct scn_expr *reader_make(const struct reader *r, enum scn_expr_kind kind, const char *at);
struct scn_expr *reader_make_items(const struct reader *r, enum scn_expr_kind kind, const char *at,
                                   const struct scn_vec *items);
void reader_push(const struct reader *r, struct scn_vec *items, struct scn_expr *item);

/* The next character, and the one n behind it; NUL at the end. */
char reader_peek(const struct reader *r);
char reader_peek_behind(const struct reader *r, size_t n);
/* Takes this character if it is the next. */
bool reader_take(struct reader *r, char ch);
void reader_skip_gap(struct reader *r, const char *gap);
bool reader_is_digit(char ch);
bool reader_is_word(char ch); /* letter, digit or '_' */
/* Takes such characters, and those of `also`. */
struct btw_slice reader_take_word(struct reader *r, const char *also);

/* Literals.  NULL: error recorded. */
struct scn_expr *reader_bytes(struct reader *r, struct btw_slice text); /* text has been taken */
struct scn_expr *reader_quoted(struct reader *r);                       /* "text" or x"hex" */
struct scn_expr *reader_integer(struct reader *r);
struct scn_expr *reader_reserved(struct reader *r); /* [ext fast] */

#endif

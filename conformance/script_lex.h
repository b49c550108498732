/* SPDX-License-Identifier: MIT
 *
 * Inside of the script parser: lines, words and errors (script_lex.c), and what the other script_*.c files give each
 * other. Nobody else includes it.
 */
#ifndef SCN_SCRIPT_LEX_H
#define SCN_SCRIPT_LEX_H

#include "arena.h"
#include "script.h"
#include "script_names.h"

enum { SCN_DEPTH_MAX = 16 }; /* blocks in blocks, brackets in brackets */

struct scn_parser {
    const char *file;
    const char *text;
    size_t len;
    size_t at;     /* start of the next line */
    unsigned line; /* number of the line last read */
    struct scn_arena *arena;
    struct scn_error *error; /* the first error; later ones are not kept */
    bool failed;
    unsigned depth; /* open blocks */
    /* Inside the expansion of a macro: the statement that stands for every line of it, else NULL. */
    const struct scn_step *macro;
};

/* One line, read from left to right. */
struct scn_cursor {
    struct scn_parser *parser;
    const char *start;   /* column 1 */
    const char *at;      /* the next character, never white space */
    const char *end;     /* behind the last character of the content: no comment, no white space */
    const char *comment; /* behind its '#'; NULL when there is none */
    size_t comment_len;
    unsigned line;
};

/* An array that grows in the arena. */
struct scn_vec {
    void *items;
    size_t count, cap;
};
/* A zeroed new last item of `size` bytes; earlier items may move. */
void *vec_push(struct scn_parser *parser, struct scn_vec *vec, size_t size);

/* Reads the next line; false at the end of the text. */
bool lex_line(struct scn_parser *parser, struct scn_cursor *c);
/* Reads on to the next line that has content; false at the end of the text. */
bool lex_content(struct scn_parser *parser, struct scn_cursor *c);

/* Records what is wrong at this character, if it is the first error.  Always false. */
bool lex_fail(const struct scn_cursor *c, const char *at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
bool lex_fail_place(struct scn_parser *parser, struct scn_place place, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* "unknown WHAT 'word': expected a, b or c" */
bool lex_fail_names(const struct scn_cursor *c, struct btw_slice word, const char *what, const struct scn_names *set);
struct scn_place lex_place(const struct scn_cursor *c, const char *at);

bool lex_at_end(const struct scn_cursor *c);
/* The next word, up to white space; empty at the end of the line. */
struct btw_slice lex_peek(const struct scn_cursor *c);
struct btw_slice lex_word(struct scn_cursor *c);
/* Takes the next word if it is this one. */
bool lex_take(struct scn_cursor *c, const char *word);
/* Goes on behind this character. */
void lex_seek(struct scn_cursor *c, const char *at);
/* The line must end here. */
bool lex_end(const struct scn_cursor *c);
/* The last word of the line must be `{`; it is taken. */
bool lex_open(struct scn_cursor *c);

bool lex_is(struct btw_slice word, const char *text);
const char *lex_copy(const struct scn_cursor *c, struct btw_slice word);
/* Letters, digits, '_' and, when dashes is set, '-' and '.'; starts with a letter. */
bool lex_is_name(struct btw_slice word, bool dashes);
/* "200ms", "5s" or "2m". */
bool lex_duration(struct scn_cursor *c, int64_t *ms);
/* A word of the set; its number, or -1 and the error. */
int lex_choice(struct scn_cursor *c, const char *what, const struct scn_names *set);
/* "text" in quotes. */
bool lex_text(struct scn_cursor *c, const char **out);
/* A word behind '@'. */
bool lex_label(struct scn_cursor *c, const char **out);

/* ---- script_expr.c ----------------------------------------------------------------------------------------------- */

/* What bare digits are, and what else may stand there. */
enum expr_mode {
    EXPR_INT,   /* digits are an integer */
    EXPR_BYTES, /* digits are hex */
    EXPR_BITS,  /* as bytes; brackets are reserved bits */
    EXPR_VALUE, /* digits are an integer; {..} and [..] may stand, too */
};
/* Parses the expression that covers the whole span, which lies in the cursor's line.  NULL: error recorded. */
struct scn_expr *expr_parse(const struct scn_cursor *c, struct btw_slice span, enum expr_mode mode);
/* Takes the value at the cursor and parses it. */
struct scn_expr *expr_take(struct scn_cursor *c, enum expr_mode mode);
/* Takes an expression in whose operators white space may stand; there is no telling where it ends but by reading it. */
struct scn_expr *expr_take_loose(struct scn_cursor *c);
/* Takes the name of a counter: conn.NAME. */
struct scn_expr *expr_counter(struct scn_cursor *c, const char *conn);
/* An integer that is not written. */
struct scn_expr *expr_number(const struct scn_cursor *c, int64_t number);
/* Takes `name=` if it stands here. */
bool lex_option(struct scn_cursor *c, const char *name);

/* ---- script_msg.c ------------------------------------------------------------------------------------------------ */

enum msg_use {
    MSG_PATTERN,  /* to match: fields may be missing, values may be ?x, *, a..b, none; `any` */
    MSG_TEMPLATE, /* to send: every field, and values that come to something */
};
bool msg_take(struct scn_cursor *c, enum msg_use use, struct scn_msg *out);
/* Takes FIELD=VALUE ... for a message of this kind. */
bool msg_take_fields(struct scn_cursor *c, const struct btw_desc *desc, struct scn_msg *out);
/* Takes one option of `mse`; false when none stands here, or it is wrong (script_mse.c). */
bool mse_take_option(struct scn_cursor *c, bool dials, struct scn_mse *mse);
/* Takes `wire` and what belongs to it. */
bool msg_take_wire(struct scn_cursor *c, struct scn_wire *out);

/* ---- script_step.c, script_block.c, script_macro.c --------------------------------------------------------------- */

/* Parses one statement, with the lines of its block, onto the list (of struct scn_step). */
bool step_parse(struct scn_cursor *c, struct scn_vec *steps);
/* The options behind a statement: any of those allowed, each once. */
enum step_option { OPT_WITHIN = 1, OPT_ELSE = 2, OPT_LABEL = 4, OPT_NEXT = 8, OPT_WIRE = 16 };
bool step_options(struct scn_cursor *c, struct scn_step *step, unsigned allowed);

/* Blocks: the cursor has just taken `{`; they read up to `}`. */
bool block_steps(struct scn_cursor *open, struct scn_step **out, size_t *count);
bool block_messages(struct scn_cursor *open, enum msg_use use, struct scn_step *step);
bool block_alternatives(struct scn_cursor *open, struct scn_step *step);

/* Parses the options of the macro and appends the steps it stands for. */
bool macro_join(struct scn_cursor *c, struct scn_step *step, struct scn_vec *steps);
bool macro_unchoked(struct scn_cursor *c, struct scn_step *step, struct scn_vec *steps);

/* ---- script_fault.c, script_check.c ------------------------------------------------------------------------------ */

/* Is this the key of a header line? */
bool parse_is_header(struct btw_slice word);
bool fault_parse(struct scn_cursor *c, struct scn_fault_spec *out);
/* Is every variable of the scenario bound before it is used? */
bool check_variables(struct scn_parser *parser, const struct scn_scenario *scenario);

#endif

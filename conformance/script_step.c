/* SPDX-License-Identifier: MIT
 *
 * Statements: one row per verb.  Blocks are read by script_block.c, macros expanded by script_macro.c.
 */
#include "script_lex.h"

#include <string.h>

#include "btw/bytes.h"
#include "btw/notation.h"

/* ---- options ----------------------------------------------------------------------------------------------------- */

static bool take_option(struct scn_cursor *c, struct scn_step *step, enum step_option option)
{
    int level;
    switch (option) {
    case OPT_WITHIN:
        lex_word(c);
        return lex_duration(c, &step->within_ms);
    case OPT_ELSE:
        lex_word(c);
        level = lex_choice(c, "level", &scn_levels);
        step->fails = level < 0 ? SCN_DEFAULT : (enum scn_verdict)level;
        return level >= 0;
    case OPT_LABEL:
        return lex_label(c, &step->label);
    case OPT_NEXT:
        lex_word(c);
        step->next = true;
        return true;
    case OPT_WIRE:
        lex_word(c);
        return msg_take_wire(c, &step->wire);
    }
    return false;
}

bool step_options(struct scn_cursor *c, struct scn_step *step, unsigned allowed)
{
    static const struct {
        const char *word;
        enum step_option option;
    } options[] = { { "within", OPT_WITHIN }, { "else", OPT_ELSE }, { "next", OPT_NEXT }, { "wire", OPT_WIRE } };
    unsigned left = allowed;
    while (!lex_at_end(c)) {
        struct btw_slice word = lex_peek(c);
        unsigned found = word.data[0] == '@' ? OPT_LABEL : 0;
        for (size_t i = 0; i < sizeof options / sizeof options[0]; i++)
            found |= lex_is(word, options[i].word) ? options[i].option : 0;
        if (found & allowed & ~left)
            return lex_fail(c, c->at, "this option is given twice");
        if (!(found & left))
            return true; /* what follows is the caller's */
        if (!take_option(c, step, (enum step_option)found))
            return false;
        left &= ~found;
    }
    return true;
}

/* ---- statements -------------------------------------------------------------------------------------------------- */

/* `mse` and what belongs to it; false when something else stands here. */
static bool take_mse(struct scn_cursor *c, bool dials, struct scn_step *step)
{
    if (!step->mse && lex_take(c, "mse")) {
        step->mse = scn_arena_get(c->parser->arena, sizeof *step->mse);
        return true;
    }
    return step->mse && !lex_at_end(c) && mse_take_option(c, dials, step->mse);
}

static bool parse_dial(struct scn_cursor *c, struct scn_step *step)
{
    for (;;) {
        if (lex_take(c, "v6"))
            step->v6 = true;
        else if (lex_option(c, "from"))
            step->from = lex_copy(c, lex_word(c));
        else if (lex_option(c, "rcvbuf"))
            step->rcvbuf = expr_take(c, EXPR_INT);
        else if (!take_mse(c, true, step))
            return step_options(c, step, OPT_ELSE | OPT_LABEL | (step->mse ? OPT_WIRE : 0));
    }
}

static bool parse_listen(struct scn_cursor *c, struct scn_step *step)
{
    for (;;) {
        if (lex_take(c, "v6"))
            step->v6 = true;
        else if (lex_option(c, "peer_id"))
            step->peer_id = expr_take(c, EXPR_BYTES);
        else if (!take_mse(c, false, step))
            return step_options(c, step, OPT_LABEL | (step->mse ? OPT_WIRE : 0));
    }
}

static bool parse_deadline(struct scn_cursor *c, struct scn_step *step)
{
    return step_options(c, step, OPT_WITHIN | OPT_ELSE | OPT_LABEL);
}

static bool take_only_msg(struct scn_cursor *c, enum msg_use use, struct scn_step *step)
{
    step->msgs = scn_arena_get(c->parser->arena, sizeof *step->msgs);
    step->msg_count = 1;
    return msg_take(c, use, step->msgs);
}

static bool parse_send(struct scn_cursor *c, struct scn_step *step)
{
    struct btw_slice word = lex_peek(c);
    bool block = lex_is(word, "{") || lex_is(word, "wire") || (word.len && word.data[0] == '@');
    if (!block)
        return take_only_msg(c, MSG_TEMPLATE, step) && step_options(c, step, OPT_WIRE | OPT_LABEL);
    return step_options(c, step, OPT_WIRE | OPT_LABEL) && lex_open(c) && block_messages(c, MSG_TEMPLATE, step);
}

static bool parse_expect(struct scn_cursor *c, struct scn_step *step)
{
    return take_only_msg(c, MSG_PATTERN, step) && step_options(c, step, OPT_NEXT | OPT_WITHIN | OPT_ELSE | OPT_LABEL);
}

static bool parse_maybe(struct scn_cursor *c, struct scn_step *step)
{
    return take_only_msg(c, MSG_PATTERN, step) && step_options(c, step, OPT_WITHIN);
}

static bool parse_closes(struct scn_cursor *c, struct scn_step *step)
{
    struct btw_slice word = lex_peek(c);
    int end = scn_names_find(&scn_ends, (const char *)word.data, word.len);
    if (end >= 0) {
        lex_word(c);
        step->end = (enum scn_end_kind)end;
    }
    return parse_deadline(c, step);
}

static bool parse_oneof(struct scn_cursor *c, struct scn_step *step)
{
    return parse_deadline(c, step) && lex_open(c) && block_alternatives(c, step);
}

static bool parse_anyorder(struct scn_cursor *c, struct scn_step *step)
{
    const char *start = c->at;
    if (!parse_deadline(c, step) || !lex_open(c) || !block_messages(c, MSG_PATTERN, step))
        return false;
    return step->msg_count <= SCN_ANYORDER_MAX ||
           lex_fail(c, start, "anyorder takes at most %d messages", SCN_ANYORDER_MAX);
}

static bool parse_never(struct scn_cursor *c, struct scn_step *step)
{
    struct scn_vec msgs = { 0 };
    do {
        struct scn_msg *msg = vec_push(c->parser, &msgs, sizeof *msg);
        if (!msg_take(c, MSG_PATTERN, msg))
            return false;
    } while (lex_take(c, "|"));
    step->msgs = msgs.items;
    step->msg_count = msgs.count;
    return step_options(c, step, OPT_ELSE | OPT_LABEL) && lex_open(c) && block_steps(c, &step->body, &step->body_count);
}

/* VALUE op VALUE; the left side is there already. */
static bool take_comparison(struct scn_cursor *c, struct scn_step *step)
{
    int compare = lex_choice(c, "comparison", &scn_comparisons);
    if (compare < 0)
        return false;
    step->compare = (enum scn_compare)compare;
    step->right = expr_take_loose(c);
    return step->right != NULL;
}

static bool parse_until(struct scn_cursor *c, struct scn_step *step)
{
    step->left = expr_counter(c, step->conn);
    return step->left && take_comparison(c, step) && parse_deadline(c, step);
}

static bool parse_check(struct scn_cursor *c, struct scn_step *step)
{
    step->left = expr_take_loose(c);
    return step->left && take_comparison(c, step) && step_options(c, step, OPT_ELSE | OPT_LABEL);
}

static bool parse_wait(struct scn_cursor *c, struct scn_step *step)
{
    return lex_duration(c, &step->wait_ms) && (lex_at_end(c) || lex_text(c, &step->reason));
}

static bool parse_repeat(struct scn_cursor *c, struct scn_step *step)
{
    step->left = expr_take(c, EXPR_INT);
    return step->left && lex_open(c) && block_steps(c, &step->body, &step->body_count);
}

static bool parse_if(struct scn_cursor *c, struct scn_step *step)
{
    step->negated = lex_take(c, "not");
    int capability = lex_choice(c, "capability", &scn_capabilities);
    if (capability < 0)
        return false;
    step->name = scn_capability_name((enum scn_capability)capability);
    return lex_open(c) && block_steps(c, &step->body, &step->body_count);
}

static bool parse_plain(struct scn_cursor *c, struct scn_step *step)
{
    return step_options(c, step, OPT_LABEL);
}

static bool parse_serve(struct scn_cursor *c, struct scn_step *step)
{
    if (lex_take(c, "none"))
        step->left = expr_number(c, 0);
    else if (!lex_take(c, "all") && !(step->left = expr_take(c, EXPR_INT)))
        return false;
    if (lex_option(c, "corrupt"))
        step->right = expr_take(c, EXPR_INT);
    return true;
}

/* ---- the table --------------------------------------------------------------------------------------------------- */

enum verb_place { ON_CONN, ALONE };

/* clang-format off */
static const struct verb {
    const char *word;
    enum scn_step_kind kind;
    enum verb_place place;
    bool (*parse)(struct scn_cursor *c, struct scn_step *step);
    bool (*expand)(struct scn_cursor *c, struct scn_step *step, struct scn_vec *steps); /* a macro: instead of parse */
} verbs[] = {
    { "dial",     SCN_DIAL,     ON_CONN, parse_dial,     NULL },
    { "listen",   SCN_LISTEN,   ON_CONN, parse_listen,   NULL },
    { "accept",   SCN_ACCEPT,   ON_CONN, parse_deadline, NULL },
    { "secured",  SCN_SECURED,  ON_CONN, parse_deadline, NULL },
    { ">",        SCN_SEND,     ON_CONN, parse_send,     NULL },
    { "<",        SCN_EXPECT,   ON_CONN, parse_expect,   NULL },
    { "closes",   SCN_CLOSES,   ON_CONN, parse_closes,   NULL },
    { "sync",     SCN_SYNC,     ON_CONN, parse_deadline, NULL },
    { "oneof",    SCN_ONEOF,    ON_CONN, parse_oneof,    NULL },
    { "anyorder", SCN_ANYORDER, ON_CONN, parse_anyorder, NULL },
    { "maybe",    SCN_MAYBE,    ON_CONN, parse_maybe,    NULL },
    { "never",    SCN_NEVER,    ON_CONN, parse_never,    NULL },
    { "until",    SCN_UNTIL,    ON_CONN, parse_until,    NULL },
    { "if",       SCN_IF,       ON_CONN, parse_if,       NULL },
    { "fin",      SCN_FIN,      ON_CONN, parse_plain,    NULL },
    { "rst",      SCN_RST,      ON_CONN, parse_plain,    NULL },
    { "pause",    SCN_PAUSE,    ON_CONN, parse_plain,    NULL },
    { "resume",   SCN_RESUME,   ON_CONN, parse_plain,    NULL },
    { "serve",    SCN_SERVE,    ON_CONN, parse_serve,    NULL },
    { "join",     SCN_DIAL,     ON_CONN, NULL,           macro_join },
    { "unchoked", SCN_EXPECT,   ON_CONN, NULL,           macro_unchoked },
    { "check",    SCN_CHECK,    ALONE,   parse_check,    NULL },
    { "wait",     SCN_WAIT,     ALONE,   parse_wait,     NULL },
    { "repeat",   SCN_REPEAT,   ALONE,   parse_repeat,   NULL },
};
/* clang-format on */

/* The row of a word of this place; *marked: the word ends in the stimulus mark. */
static const struct verb *find_verb(struct btw_slice word, enum verb_place place, bool *marked)
{
    *marked = word.len > 1 && word.data[word.len - 1] == '!';
    struct btw_slice bare = btw_slice_of(word.data, word.len - (*marked ? 1 : 0));
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        if (verbs[i].place == place && lex_is(bare, verbs[i].word))
            return &verbs[i];
    }
    return NULL;
}

static bool fail_verb(const struct scn_cursor *c, struct btw_slice word)
{
    const char *names[sizeof verbs / sizeof verbs[0]];
    struct scn_names set = { names, 0 };
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        if (verbs[i].place == ON_CONN)
            names[set.count++] = verbs[i].word;
    }
    return lex_fail_names(c, word, "statement", &set);
}

/* The verb, and the connection in front of it. */
static const struct verb *take_verb(struct scn_cursor *c, struct scn_step *step)
{
    const char *start = c->at;
    struct btw_slice word = lex_word(c);
    const struct verb *verb = find_verb(word, ALONE, &step->stimulus);
    if (!verb && (!lex_is_name(word, false) || lex_is(word, "scenario") || find_verb(word, ON_CONN, &step->stimulus))) {
        lex_fail(c, start,
                 lex_is(word, "}")          ? "'}' closes nothing"
                 : lex_is(word, "scenario") ? "'scenario' inside a block: expected '}' before it"
                                            : "expected a connection such as p1, check, wait or repeat");
        return NULL;
    }
    if (!verb) {
        step->conn = lex_copy(c, word);
        word = lex_word(c);
        verb = find_verb(word, ON_CONN, &step->stimulus);
    }
    if (!verb)
        fail_verb(c, word);
    return verb;
}

bool step_parse(struct scn_cursor *c, struct scn_vec *steps)
{
    struct scn_step step = { .within_ms = -1, .fails = SCN_DEFAULT };
    step.place = lex_place(c, c->at);
    step.macro = c->parser->macro ? c->parser->macro->text : NULL;
    step.text = lex_copy(c, btw_slice_of(c->at, (size_t)(c->end - c->at)));
    const struct verb *verb = take_verb(c, &step);
    if (!verb)
        return false;
    step.kind = verb->kind;
    if (verb->expand)
        return verb->expand(c, &step, steps);
    if (!verb->parse(c, &step) || c->parser->failed || !lex_end(c))
        return false;
    *(struct scn_step *)vec_push(c->parser, steps, sizeof step) = step;
    return true;
}

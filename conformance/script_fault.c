/* SPDX-License-Identifier: MIT
 *
 * `fault` lines of a scenario's header: what is changed, and by what it must be caught.
 */
#include "script_lex.h"

#include <string.h>

#include "btw/bytes.h"

/* What a word behind the message does, on which side, and what must follow it. */
enum operand { NO_OPERAND, FIELDS, MESSAGE, DURATION };

/* clang-format off */
static const struct {
    const char *word;
    enum scn_fault_action action;
    enum operand operand;
    bool tx, rx;
} actions[] = {
    { "drop",    SCN_ACT_DROP,   NO_OPERAND, true,  true },
    { "set",     SCN_ACT_SET,    FIELDS,     true,  true },
    { "instead", SCN_ACT_ANSWER, MESSAGE,    true,  false },
    { "answer",  SCN_ACT_ANSWER, MESSAGE,    false, true },
    { "add",     SCN_ACT_ADD,    MESSAGE,    true,  true },
    { "dup",     SCN_ACT_DUP,    NO_OPERAND, true,  true },
    { "delay",   SCN_ACT_DELAY,  DURATION,   true,  true },
    { "close",   SCN_ACT_CLOSE,  NO_OPERAND, true,  true },
    { "hang",    SCN_ACT_HANG,   NO_OPERAND, true,  true },
    { "crash",   SCN_ACT_CRASH,  NO_OPERAND, true,  true },
    { "leak",    SCN_ACT_LEAK,   NO_OPERAND, true,  true },
    { "lose",    SCN_ACT_LOSE,   NO_OPERAND, true,  true },
    { "spin",    SCN_ACT_SPIN,   NO_OPERAND, true,  true },
    { "mutter",  SCN_ACT_MUTTER, NO_OPERAND, true,  true },
};

static const struct {
    const char *word;
    enum scn_verdict verdict;
} expectations[] = {
    { "fails",   SCN_FAIL },
    { "warns",   SCN_WARN },
    { "crashes", SCN_CRASH },
};
/* clang-format on */

static bool take_match(struct scn_cursor *c, struct scn_fault_spec *out)
{
    struct scn_place place = lex_place(c, c->at);
    if (out->kind == SCN_FAULT_RX && lex_take(c, "malformed")) {
        out->match = (struct scn_msg){ .desc = btw_desc_of(BTW_RAW), .place = place };
        out->bad_wire = true;
        return true;
    }
    return msg_take(c, MSG_PATTERN, &out->match);
}

static bool take_operand(struct scn_cursor *c, enum operand operand, const char *action, struct scn_fault_spec *out)
{
    switch (operand) {
    case NO_OPERAND:
        return true;
    case DURATION:
        return lex_duration(c, &out->delay_ms);
    case MESSAGE:
        return msg_take(c, MSG_TEMPLATE, &out->change);
    case FIELDS:
        if (!out->match.desc || out->bad_wire)
            return lex_fail(c, action, "'set' needs to know the message: expected its name in front");
        return msg_take_fields(c, out->match.desc, &out->change);
    }
    return false;
}

static bool take_action(struct scn_cursor *c, struct scn_fault_spec *out)
{
    const char *start = c->at;
    struct btw_slice word = lex_word(c);
    for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++) {
        bool fits = out->kind == SCN_FAULT_TX ? actions[i].tx : actions[i].rx;
        if (fits && lex_is(word, actions[i].word)) {
            out->action = actions[i].action;
            return take_operand(c, actions[i].operand, start, out);
        }
    }
    return lex_fail(c, start, "expected drop, set, %s, add, dup, delay, close, hang, crash, leak, lose or spin",
                    out->kind == SCN_FAULT_TX ? "instead" : "answer");
}

/* NAME means NAME=0. */
static bool take_policy(struct scn_cursor *c, struct scn_fault_spec *out)
{
    const char *start = c->at;
    struct btw_slice word = lex_peek(c);
    const char *equals = word.len ? memchr(word.data, '=', word.len) : NULL;
    struct btw_slice name = btw_slice_of(start, equals ? (size_t)(equals - start) : word.len);
    if (!lex_is_name(name, true))
        return lex_fail(c, start, "expected a policy such as unchoke=0");
    out->policy = lex_copy(c, name);
    lex_seek(c, start + name.len);
    if (!equals)
        return true;
    lex_seek(c, equals + 1);
    struct scn_expr *value = expr_take(c, EXPR_INT);
    if (!value)
        return false;
    out->value = value->number;
    return value->kind == SCN_EXPR_INT || lex_fail(c, equals + 1, "expected an integer");
}

static bool take_by(struct scn_cursor *c, struct scn_fault_spec *out)
{
    const char *start = c->at;
    struct btw_slice word = lex_word(c);
    bool label = word.len > 0 && word.data[0] == '@';
    if (word.len == 0 && out->expected == SCN_CRASH)
        return true;
    if (!lex_is_name(btw_slice_of(word.data + (label ? 1 : 0), word.len - (label ? 1 : 0)), true))
        return lex_fail(c, start, "expected the @label of a line, or the id or name of a rule");
    out->by = lex_copy(c, word);
    return true;
}

static bool take_expectation(struct scn_cursor *c, struct scn_fault_spec *out)
{
    const char *start = c->at;
    struct btw_slice word = lex_word(c);
    for (size_t i = 0; i < sizeof expectations / sizeof expectations[0]; i++) {
        if (lex_is(word, expectations[i].word)) {
            out->expected = expectations[i].verdict;
            return take_by(c, out) && lex_end(c);
        }
    }
    return lex_fail(c, start, "expected fails, warns or crashes");
}

bool fault_parse(struct scn_cursor *c, struct scn_fault_spec *out)
{
    static const char *const kinds[] = { "tx", "rx", "policy" };
    static const struct scn_names kind_names = { kinds, 3 };
    const char *start = c->at;
    out->place = lex_place(c, start);
    int kind = lex_choice(c, "kind of fault", &kind_names);
    if (kind < 0)
        return false;
    out->kind = (enum scn_fault_kind)kind;
    if (out->kind == SCN_FAULT_POLICY ? !take_policy(c, out) : !take_match(c, out) || !take_action(c, out))
        return false;
    const char *end = c->at;
    while (end > start && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    out->text = lex_copy(c, btw_slice_of(start, (size_t)(end - start)));
    return take_expectation(c, out);
}

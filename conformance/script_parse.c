/* SPDX-License-Identifier: MIT
 *
 * A file of scenarios: comments, headers, steps.  The steps themselves are script_step.c's.
 */
#include "script_lex.h"

#include <stdio.h>
#include <string.h>

#include "btw/bytes.h"
#include "btw/fixture.h"

/* The scenario being read. */
struct draft {
    struct scn_scenario scenario;
    struct scn_vec cases, faults, steps;
    size_t rules, torrents, tags;
    size_t text_at; /* where its text begins */
};

/* The comment lines just above. */
struct remark {
    struct scn_vec lines; /* of struct btw_slice */
    size_t at;            /* offset of the first */
};

/* ---- header lines ------------------------------------------------------------------------------------------------ */

static bool push_word(struct scn_cursor *c, const char **list, size_t *count, size_t max, struct btw_slice word)
{
    if (*count == max)
        return lex_fail(c, c->at, "too many: expected at most %zu", max);
    list[(*count)++] = lex_copy(c, word);
    lex_word(c);
    return true;
}

static bool header_rule(struct scn_cursor *c, struct draft *draft)
{
    do {
        struct btw_slice word = lex_peek(c);
        if (!lex_is_name(word, true))
            return lex_fail(c, c->at, "expected the id of a requirement such as BEP3-SRV-01");
        if (!push_word(c, draft->scenario.rules, &draft->rules, SCN_RULES_MAX - 1, word))
            return false;
    } while (!lex_at_end(c));
    return true;
}

static bool header_target(struct scn_cursor *c, struct draft *draft)
{
    int target = lex_choice(c, "target", &scn_targets);
    draft->scenario.target = target < 0 ? SCN_TARGET_ANY : (enum scn_target)target;
    return target >= 0;
}

static bool is_torrent_kind(struct btw_slice word)
{
    for (size_t i = 0; btw_fixture_name(i); i++) {
        if (lex_is(word, btw_fixture_name(i)))
            return true;
    }
    return lex_is(word, "any") || lex_is(word, "some");
}

static bool fail_torrent(const struct scn_cursor *c, struct btw_slice word)
{
    const char *names[32] = { "any", "some" };
    struct scn_names set = { names, 2 };
    while (set.count < 32 && btw_fixture_name(set.count - 2)) {
        names[set.count] = btw_fixture_name(set.count - 2);
        set.count++;
    }
    return lex_fail_names(c, word, "torrent", &set);
}

static bool header_torrent(struct scn_cursor *c, struct draft *draft)
{
    do {
        struct btw_slice word = lex_peek(c);
        if (!is_torrent_kind(word))
            return fail_torrent(c, word);
        if (!push_word(c, draft->scenario.torrents, &draft->torrents, SCN_TORRENTS_MAX, word))
            return false;
    } while (!lex_at_end(c));
    return true;
}

static bool header_needs(struct scn_cursor *c, struct draft *draft)
{
    if (lex_take(c, "-"))
        return true;
    do {
        int capability = lex_choice(c, "capability", &scn_capabilities);
        if (capability < 0)
            return false;
        draft->scenario.needs |= UINT64_C(1) << capability;
    } while (!lex_at_end(c));
    return true;
}

static bool header_tag(struct scn_cursor *c, struct draft *draft)
{
    size_t max = sizeof draft->scenario.tags / sizeof draft->scenario.tags[0] - 1;
    do {
        struct btw_slice word = lex_peek(c);
        if (!lex_is_name(word, true))
            return lex_fail(c, c->at, "expected a tag such as slow");
        if (!push_word(c, draft->scenario.tags, &draft->tags, max, word))
            return false;
    } while (!lex_at_end(c));
    return true;
}

static bool header_strict(struct scn_cursor *c, struct draft *draft)
{
    (void)c;
    draft->scenario.strict = true;
    return true;
}

/* $NAME=VALUE */
static bool take_case_value(struct scn_cursor *c, struct scn_case *one, size_t i)
{
    const char *start = c->at;
    const char *equals = memchr(start, '=', (size_t)(c->end - start));
    struct btw_slice name = btw_slice_of(start + 1, equals ? (size_t)(equals - start - 1) : 0);
    if (*start != '$' || !lex_is_name(name, false))
        return lex_fail(c, start, "expected $name=VALUE");
    if (i == sizeof one->vars / sizeof one->vars[0])
        return lex_fail(c, start, "too many: expected at most %zu variables in a case", i);
    one->vars[i] = lex_copy(c, name);
    c->at = equals + 1;
    one->values[i] = expr_take(c, EXPR_VALUE);
    return one->values[i] != NULL;
}

static bool header_case(struct scn_cursor *c, struct draft *draft)
{
    struct scn_case *one = vec_push(c->parser, &draft->cases, sizeof *one);
    struct btw_slice name = lex_peek(c);
    one->place = lex_place(c, c->at);
    if (!lex_is_name(name, true))
        return lex_fail(c, c->at, "expected the name of the case");
    one->name = lex_copy(c, name);
    lex_word(c);
    for (size_t i = 0; !lex_at_end(c); i++) {
        if (!take_case_value(c, one, i))
            return false;
    }
    return true;
}

static bool header_fault(struct scn_cursor *c, struct draft *draft)
{
    return fault_parse(c, vec_push(c->parser, &draft->faults, sizeof(struct scn_fault_spec)));
}

/* clang-format off */
static const struct header {
    const char *key;
    bool (*parse)(struct scn_cursor *c, struct draft *draft);
} headers[] = {
    { "rule",    header_rule },
    { "target",  header_target },
    { "torrent", header_torrent },
    { "needs",   header_needs },
    { "tag",     header_tag },
    { "strict",  header_strict },
    { "case",    header_case },
    { "fault",   header_fault },
};
/* clang-format on */

static const struct header *find_header(struct btw_slice word)
{
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
        if (lex_is(word, headers[i].key))
            return &headers[i];
    }
    return NULL;
}

bool parse_is_header(struct btw_slice word)
{
    return find_header(word) != NULL;
}

static bool parse_header(struct scn_cursor *c, const struct header *header, struct draft *draft)
{
    if (draft->steps.count)
        return lex_fail(c, c->at, "'%s' belongs above the first step", header->key);
    lex_word(c);
    return header->parse(c, draft) && lex_end(c);
}

/* ---- scenarios --------------------------------------------------------------------------------------------------- */

static const char *remark_text(struct scn_parser *parser, const struct remark *remark)
{
    const struct btw_slice *lines = remark->lines.items;
    size_t len = 0;
    for (size_t i = 0; i < remark->lines.count; i++)
        len += lines[i].len + 1;
    char *text = scn_arena_get(parser->arena, len + 1);
    len = 0;
    for (size_t i = 0; i < remark->lines.count; i++) {
        if (i)
            text[len++] = '\n';
        memcpy(text + len, lines[i].data, lines[i].len);
        len += lines[i].len;
    }
    return text;
}

/* A period ends a sentence at the end of a line, and elsewhere unless a small letter follows: "i.e. this". */
static bool ends_sentence(const char *at)
{
    const char *next = at + 1 + strspn(at + 1, " \n");
    bool small = *next >= 'a' && *next <= 'z';
    return *at == '.' && (next > at + 1 || *next == '\0') && (at[1] == '\n' || !small);
}

/* The first sentence, on one line. */
static const char *title_of(struct scn_parser *parser, const char *comment)
{
    size_t len = 0;
    while (comment[len] && !ends_sentence(comment + len))
        len++;
    len += comment[len] == '.';
    char *title = scn_arena_text(parser->arena, comment, len);
    for (char *ch = title; *ch; ch++) {
        if (*ch == '\n')
            *ch = ' ';
    }
    return title;
}

static void remember(struct scn_parser *parser, const struct scn_cursor *c, struct remark *remark)
{
    const char *text = c->comment;
    size_t len = c->comment_len;
    if (remark->lines.count == 0)
        remark->at = (size_t)(c->start - parser->text);
    if (len && *text == ' ') {
        text++;
        len--;
    }
    while (len && strchr(" \t\r", text[len - 1]))
        len--;
    *(struct btw_slice *)vec_push(parser, &remark->lines, sizeof(struct btw_slice)) = btw_slice_of(text, len);
}

static bool begin_scenario(struct scn_cursor *c, const struct remark *remark, struct draft *draft)
{
    struct scn_parser *parser = c->parser;
    *draft = (struct draft){ .text_at = remark->lines.count ? remark->at : (size_t)(c->start - parser->text) };
    draft->scenario.place = lex_place(c, c->at);
    draft->scenario.comment = remark_text(parser, remark);
    draft->scenario.title = title_of(parser, draft->scenario.comment);
    lex_word(c);
    struct btw_slice name = lex_peek(c);
    if (!lex_is_name(name, true) || !memchr(name.data, '.', name.len))
        return lex_fail(c, c->at, "expected a name such as request.right-block");
    draft->scenario.name = lex_copy(c, name);
    lex_word(c);
    return lex_end(c);
}

/* The scenario is whole: its text ends at this offset. */
static bool end_scenario(struct scn_parser *parser, struct draft *draft, size_t end, struct scn_vec *scenarios)
{
    struct scn_scenario *scenario = &draft->scenario;
    if (!scenario->name)
        return true;
    while (end > draft->text_at && strchr(" \t\r\n", parser->text[end - 1]))
        end--;
    scenario->text = scn_arena_text(parser->arena, parser->text + draft->text_at, end - draft->text_at);
    scenario->cases = draft->cases.items;
    scenario->case_count = draft->cases.count;
    scenario->faults = draft->faults.items;
    scenario->fault_count = draft->faults.count;
    scenario->steps = draft->steps.items;
    scenario->step_count = draft->steps.count;
    if (!scenario->torrents[0])
        scenario->torrents[0] = "any";
    if (scenario->step_count == 0)
        return lex_fail_place(parser, scenario->place, "a scenario without steps");
    *(struct scn_scenario *)vec_push(parser, scenarios, sizeof *scenario) = *scenario;
    return check_variables(parser, scenario);
}

static bool parse_line(struct scn_cursor *c, const struct remark *remark, struct draft *draft,
                       struct scn_vec *scenarios)
{
    struct btw_slice word = lex_peek(c);
    const struct header *header = find_header(word);
    if (lex_is(word, "scenario")) {
        size_t end = remark->lines.count ? remark->at : (size_t)(c->start - c->parser->text);
        return end_scenario(c->parser, draft, end, scenarios) && begin_scenario(c, remark, draft);
    }
    if (!draft->scenario.name)
        return lex_fail(c, c->at, "expected 'scenario'");
    return header ? parse_header(c, header, draft) : step_parse(c, &draft->steps);
}

static void parse_file(struct scn_parser *parser, struct scn_vec *scenarios)
{
    struct draft draft = { 0 };
    struct remark remark = { 0 };
    struct scn_cursor c;
    while (lex_line(parser, &c)) {
        if (lex_at_end(&c) && c.comment) {
            remember(parser, &c, &remark);
            continue;
        }
        if (!lex_at_end(&c) && !parse_line(&c, &remark, &draft, scenarios))
            return;
        remark.lines = (struct scn_vec){ 0 };
    }
    if (!parser->failed)
        end_scenario(parser, &draft, parser->len, scenarios);
}

/* ---- the whole --------------------------------------------------------------------------------------------------- */

/* The source line of an error, for the caret. */
static void quote_line(const char *text, size_t len, struct scn_error *error)
{
    size_t at = 0;
    for (unsigned line = 1; line < error->place.line; line++) {
        const char *newline = memchr(text + at, '\n', len - at);
        at = newline ? (size_t)(newline - text) + 1 : len;
    }
    const char *newline = memchr(text + at, '\n', len - at);
    size_t size = newline ? (size_t)(newline - text) - at : len - at;
    size = size < sizeof error->line ? size : sizeof error->line - 1;
    while (size && text[at + size - 1] == '\r')
        size--;
    memcpy(error->line, text + at, size);
    error->line[size] = '\0';
}

struct scn_script *scn_script_parse(const char *file, const char *text, size_t len, struct scn_error *error)
{
    struct scn_arena *arena = scn_arena_new();
    struct scn_script *script = scn_arena_get(arena, sizeof *script);
    struct scn_vec scenarios = { 0 };
    /* The copy ends in a byte of its own, so that positions just behind the text are positions, too. */
    struct scn_parser parser = {
        .file = file,
        .text = scn_arena_text(arena, text, len),
        .len = len,
        .arena = arena,
        .error = error,
    };
    memset(error, 0, sizeof *error);
    parse_file(&parser, &scenarios);
    if (parser.failed) {
        quote_line(parser.text, len, error);
        scn_arena_free(arena);
        return NULL;
    }
    *script = (struct scn_script){ scenarios.items, scenarios.count, arena };
    return script;
}

void scn_script_free(struct scn_script *script)
{
    if (script)
        scn_arena_free(script->arena);
}

void scn_error_print(void *stream, const struct scn_error *error)
{
    FILE *out = stream;
    fprintf(out, "%s:%u:%u: %s\n", error->place.file, error->place.line, error->place.column, error->text);
    size_t len = strlen(error->line);
    if (len == 0)
        return;
    fprintf(out, "  %s\n", error->line);
    if (error->place.column == 0 || error->place.column > len + 1)
        return;
    fputs("  ", out);
    for (size_t i = 0; i + 1 < error->place.column; i++)
        fputc(error->line[i] == '\t' ? '\t' : ' ', out); /* the caret stands right whatever the width of a tab */
    fputs("^\n", out);
}

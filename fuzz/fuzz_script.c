/* SPDX-License-Identifier: MIT
 *
 * A scenario file that is accepted is laid out as text that is accepted, too, and laid out the same; lint judges it.
 * One that is refused gets a place inside the file and a sentence.  Nothing outside of the text is read.
 */
#include "fmt.h"
#include "fuzz.h"
#include "lint.h"

enum { TEXT_MAX = 1 << 14 };

static void complain(void *user, const struct scn_place *place, const char *text)
{
    size_t *complaints = user;

    FUZZ_CHECK(place->line >= 1 && place->column >= 1 && text[0] != '\0');
    (*complaints)++;
}

static void check_refused(const struct scn_error *error, const char *text, size_t len)
{
    unsigned lines = 1;

    for (size_t i = 0; i < len; i++)
        lines += text[i] == '\n';
    FUZZ_CHECK(error->place.line >= 1 && error->place.line <= lines && error->place.column >= 1);
    FUZZ_CHECK(error->text[0] != '\0' && strnlen(error->text, sizeof error->text) < sizeof error->text);
    FUZZ_CHECK(strnlen(error->line, sizeof error->line) < sizeof error->line);
}

static void check_accepted(struct scn_script *script, const char *text, size_t len)
{
    struct scn_arena *arena = scn_arena_new();
    struct scn_error error;
    const struct scn_script *const scripts[] = { script };
    size_t complaints = 0, told = scn_lint(script, complain, &complaints);
    char *once = scn_fmt(arena, "text", text, len, &error), *twice;

    told += scn_lint_names(scripts, 1, complain, &complaints);
    FUZZ_CHECK(told == complaints && once != NULL);
    twice = scn_fmt(arena, "text", once, strlen(once), &error);
    FUZZ_CHECK(twice != NULL && strcmp(once, twice) == 0);
    scn_arena_free(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = size > 0 ? (const char *)data : "";
    struct scn_error error = { .text = "" };
    struct scn_script *script;

    if (size > TEXT_MAX)
        return 0;
    script = scn_script_parse("text", text, size, &error);
    if (script == NULL) {
        check_refused(&error, text, size);
        return 0;
    }
    if (fuzz_is_due(data, size, 0, 4))
        check_accepted(script, text, size);
    scn_script_free(script);
    return 0;
}

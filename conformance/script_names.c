/* SPDX-License-Identifier: MIT
 *
 * The tables of script_names.h and the look-ups over them.
 */
#include "script_names.h"

#include <stdio.h>
#include <string.h>

#include "script.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define FIRST(name, ...) #name,
#define SECOND(name, what) what,

static const char *const counter_names[] = { SCN_COUNTER_LIST(FIRST) };
static const char *const property_names[] = { SCN_PROPERTY_LIST(FIRST) };
static const char *const capability_names[] = { SCN_CAPABILITY_LIST(FIRST) };
static const char *const capability_texts[] = { SCN_CAPABILITY_LIST(SECOND) };
static const char *const function_names[] = { SCN_FUNCTION_LIST(FIRST) };
static const char *const target_names[] = { "any", "seed", "leech", "magnet" };
static const char *const end_names[] = { "any", "fin", "rst" };
static const char *const comparison_names[] = { "==", "!=", "<", "<=", ">", ">=" };
static const char *const level_names[] = { "pass", "info", "skip", "unsupported", "inconclusive", "warn", "fail" };
static const char *const verdict_names[] = { "PASS", "INFO", "SKIP",  "UNSUPPORTED", "INCONCLUSIVE",
                                             "WARN", "FAIL", "CRASH", "ERROR",       "DEFAULT" };

/* A number in a set is the enum's. */
_Static_assert(COUNT(level_names) == SCN_FAIL + 1, "levels are the verdicts up to FAIL");
_Static_assert(COUNT(verdict_names) == SCN_DEFAULT + 1, "one name for each verdict");
_Static_assert(COUNT(comparison_names) == SCN_GE + 1, "one name for each comparison");
_Static_assert(COUNT(end_names) == SCN_END_RST + 1, "one name for each end");
_Static_assert(COUNT(target_names) == SCN_TARGET_MAGNET + 1, "one name for each target");

const struct scn_names scn_counters = { counter_names, COUNT(counter_names) };
const struct scn_names scn_properties = { property_names, COUNT(property_names) };
const struct scn_names scn_capabilities = { capability_names, COUNT(capability_names) };
const struct scn_names scn_functions = { function_names, COUNT(function_names) };
const struct scn_names scn_targets = { target_names, COUNT(target_names) };
const struct scn_names scn_ends = { end_names, COUNT(end_names) };
const struct scn_names scn_comparisons = { comparison_names, COUNT(comparison_names) };
const struct scn_names scn_levels = { level_names, COUNT(level_names) };

int scn_names_find(const struct scn_names *set, const char *name, size_t len)
{
    for (size_t i = 0; i < set->count; i++) {
        if (strlen(set->names[i]) == len && memcmp(set->names[i], name, len) == 0)
            return (int)i;
    }
    return -1;
}

void scn_names_list(const struct scn_names *set, char *out, size_t cap)
{
    size_t len = 0;
    out[0] = '\0';
    for (size_t i = 0; i < set->count && len < cap; i++) {
        const char *gap = i == 0 ? "" : i + 1 < set->count ? ", " : " or ";
        int n = snprintf(out + len, cap - len, "%s%s", gap, set->names[i]);
        len += n > 0 ? (size_t)n : 0;
    }
    if (len >= cap)
        memcpy(out + cap - sizeof "...", "...", sizeof "...");
}

int scn_counter_find(const char *name, size_t len)
{
    return scn_names_find(&scn_counters, name, len);
}

const char *scn_verdict_name(enum scn_verdict verdict)
{
    return verdict_names[verdict];
}

const char *scn_capability_text(enum scn_capability capability)
{
    return capability_texts[capability];
}

const char *scn_capability_name(enum scn_capability capability)
{
    return capability_names[capability];
}

int scn_capability_find(const char *name, size_t len)
{
    return scn_names_find(&scn_capabilities, name, len);
}

#define FUNCTION(name, min, max, args, what) { #name, min, max, args, what },
static const struct scn_function functions[] = { SCN_FUNCTION_LIST(FUNCTION) };

size_t scn_function_count(void)
{
    return COUNT(functions);
}

const struct scn_function *scn_function_at(size_t i)
{
    return &functions[i];
}

const struct scn_function *scn_function_find(const char *name, size_t len)
{
    for (size_t i = 0; i < COUNT(functions); i++) {
        if (strlen(functions[i].name) == len && memcmp(functions[i].name, name, len) == 0)
            return &functions[i];
    }
    return NULL;
}

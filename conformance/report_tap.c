/* SPDX-License-Identifier: MIT
 *
 * The report in the Test Anything Protocol, version 13.
 */
#include "report.h"

/* What TAP makes of a verdict.  What was not tested is skipped aloud, never "ok" alone. */
static const struct {
    bool ok;
    const char *directive;
} tap[] = {
    [SCN_PASS] = { true, NULL },
    [SCN_INFO] = { true, NULL },
    [SCN_SKIP] = { true, "SKIP" },
    [SCN_UNSUPPORTED] = { true, "SKIP unsupported" },
    [SCN_INCONCLUSIVE] = { true, "SKIP inconclusive" },
    [SCN_WARN] = { false, "TODO warning" },
    [SCN_FAIL] = { false, NULL },
    [SCN_CRASH] = { false, NULL },
    [SCN_ERROR] = { false, NULL },
};

static void details(const struct scn_outcome *outcome, FILE *out)
{
    const struct scn_result *result = &outcome->result;
    fprintf(out, "# %s\n", scn_verdict_name(scn_outcome_verdict(outcome)));
    if (result->place.line > 0)
        fprintf(out, "# %s:%u:%u\n", result->place.file, result->place.line, result->place.column);
    if (result->want != NULL)
        fprintf(out, "# want %s\n", result->want);
    if (result->got != NULL)
        fprintf(out, "# got  %s\n", result->got);
}

void scn_tap_point(FILE *out, size_t number, enum scn_verdict verdict, const char *id, const char *reason)
{
    fprintf(out, "%s %zu - %s", tap[verdict].ok ? "ok" : "not ok", number, id);
    if (tap[verdict].directive != NULL)
        fprintf(out, " # %s", tap[verdict].directive);
    if (reason != NULL)
        fprintf(out, "%s %s", tap[verdict].directive != NULL ? ":" : " -", reason);
    fputc('\n', out);
}

static void put_run(const struct scn_outcome *outcome, size_t number, FILE *out)
{
    enum scn_verdict verdict = scn_outcome_verdict(outcome);
    scn_tap_point(out, number, verdict, outcome->item->id, outcome->result.reason);
    if (verdict >= SCN_WARN)
        details(outcome, out);
}

/* A breach that a monitor saw is a test point of its own. */
static void put_finding(const struct scn_outcome *outcome, const struct scn_finding *finding, size_t number, FILE *out)
{
    fprintf(out, "not ok %zu - %s in %s", number, finding->rule->id, outcome->item->id);
    if (finding->verdict == SCN_WARN)
        fprintf(out, " # %s", tap[SCN_WARN].directive);
    fprintf(out, "\n# %s\n", finding->text);
}

void scn_report_tap(const void *of, FILE *out)
{
    const struct scn_report *report = of;
    size_t count = scn_suite_outcome_count(report->suite), number = 0;
    fprintf(out, "TAP version 13\n1..%zu\n", count + report->breaches[SCN_WARN] + report->breaches[SCN_FAIL]);
    for (size_t i = 0; i < count; i++) {
        const struct scn_outcome *outcome = scn_suite_outcome(report->suite, i);
        put_run(outcome, ++number, out);
        for (const char *const *line = report->lines; line != NULL && *line != NULL; line++)
            fprintf(out, "# %s\n", *line);
        for (size_t k = 0; k < outcome->result.finding_count; k++)
            put_finding(outcome, &outcome->result.findings[k], ++number, out);
    }
}

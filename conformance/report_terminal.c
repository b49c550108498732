/* SPDX-License-Identifier: MIT
 *
 * The report for a person: what is wrong first and in full, then what was not tested and why, then the sum.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "plural.h"
#include "report.h"
#include "torrents.h"

enum { TIMELINE_LINES = 25, SLOWEST = 3, REASONS_MAX = 64 };

/* ---- colour ------------------------------------------------------------------------------------------------------ */

static const char *const colors[] = {
    [SCN_PASS] = "\033[32m",  [SCN_WARN] = "\033[33m",  [SCN_FAIL] = "\033[31m",
    [SCN_CRASH] = "\033[31m", [SCN_ERROR] = "\033[35m", [SCN_DEFAULT] = NULL,
};

static const char *on(const struct scn_terminal *terminal, enum scn_verdict verdict)
{
    return terminal->color && colors[verdict] != NULL ? colors[verdict] : "";
}

static const char *off(const struct scn_terminal *terminal, enum scn_verdict verdict)
{
    return terminal->color && colors[verdict] != NULL ? "\033[0m" : "";
}

struct scn_terminal scn_terminal_on(FILE *out)
{
    bool tty = isatty(fileno(out)) != 0;
    const char *none = getenv("NO_COLOR");
    return (struct scn_terminal){ .out = out, .live = tty, .color = tty && (none == NULL || none[0] == '\0') };
}

/* ---- while it runs ----------------------------------------------------------------------------------------------- */

static bool is_red(enum scn_verdict verdict)
{
    return verdict == SCN_FAIL || verdict == SCN_CRASH || verdict == SCN_ERROR;
}

void scn_terminal_progress(struct scn_terminal *terminal, const struct scn_outcome *outcome, size_t done, size_t total)
{
    terminal->red += is_red(outcome->result.verdict);
    if (!terminal->live)
        return;
    fprintf(terminal->out, "\r\033[K[%zu/%zu] %zu failed  %.50s", done, total, terminal->red, outcome->item->id);
    if (done == total)
        fputs("\r\033[K", terminal->out);
    fflush(terminal->out);
}

/* ---- one outcome ------------------------------------------------------------------------------------------------- */

static void print_requirements(const struct scn_terminal *terminal, const struct scn_scenario *scenario)
{
    for (size_t i = 0; i < SCN_RULES_MAX && scenario->rules[i] != NULL; i++) {
        const struct scn_requirement *requirement = scn_requirement_find(scenario->rules[i]);
        char spec[16];
        if (requirement != NULL)
            fprintf(terminal->out, "  rule   %s (%s, %s, %s): %s\n", requirement->id,
                    scn_requirement_spec(requirement, spec), requirement->section, scn_level_name(requirement->level),
                    requirement->summary);
    }
}

static void print_timeline(const struct scn_terminal *terminal, const struct scn_timeline *timeline)
{
    size_t count = timeline == NULL ? 0 : scn_timeline_count(timeline);
    size_t first = count > TIMELINE_LINES ? count - TIMELINE_LINES : 0;
    if (first > 0)
        fprintf(terminal->out, "  # %zu earlier line%s in the JSON report\n", first, first == 1 ? " is" : "s are");
    for (size_t i = first; i < count; i++)
        fprintf(terminal->out, "  %s\n", scn_timeline_line(timeline, i));
}

static void print_outcome(const struct scn_terminal *terminal, const struct scn_report *report,
                          const struct scn_outcome *outcome)
{
    const struct scn_result *result = &outcome->result;
    const struct scn_scenario *scenario = outcome->item->scenario;
    enum scn_verdict verdict = result->verdict;
    const struct scn_place *place = result->place.line > 0 ? &result->place : &scenario->place;
    fprintf(terminal->out, "\n%s:%u:%u: %s%s%s %s\n", place->file, place->line, place->column, on(terminal, verdict),
            scn_verdict_name(verdict), off(terminal, verdict), outcome->item->id);
    if (scenario->title != NULL)
        fprintf(terminal->out, "  # %s\n", scenario->title);
    if (result->want != NULL)
        fprintf(terminal->out, "  want   %s\n", result->want);
    if (result->got != NULL)
        fprintf(terminal->out, "  got    %s\n", result->got);
    if (result->reason != NULL)
        fprintf(terminal->out, "  why    %s%s\n", result->reason,
                result->weak ? " (weak: nothing the target must answer came behind it)" : "");
    print_requirements(terminal, scenario);
    print_timeline(terminal, outcome->timeline);
    fprintf(terminal->out, "  again  %s %s\n", report->again, outcome->item->id);
}

static void print_outcomes(const struct scn_terminal *terminal, const struct scn_report *report,
                           enum scn_verdict verdict)
{
    for (size_t i = 0; i < scn_suite_outcome_count(report->suite); i++) {
        const struct scn_outcome *outcome = scn_suite_outcome(report->suite, i);
        if (scn_outcome_verdict(outcome) == verdict)
            print_outcome(terminal, report, outcome);
    }
}

/* ---- findings ---------------------------------------------------------------------------------------------------- */

/* All breaches of one rule: the first in full, then in how many runs there were more. */
static void print_rule(const struct scn_terminal *terminal, const struct scn_report *report,
                       const struct btw_rule *rule)
{
    const struct scn_finding *first = NULL;
    const struct scn_outcome *where = NULL;
    enum scn_verdict verdict = SCN_WARN;
    size_t runs = 0;
    for (size_t i = 0; i < scn_suite_outcome_count(report->suite); i++) {
        const struct scn_outcome *outcome = scn_suite_outcome(report->suite, i);
        for (size_t k = 0; k < outcome->result.finding_count; k++) {
            const struct scn_finding *finding = &outcome->result.findings[k];
            if (finding->rule != rule)
                continue;
            runs++;
            verdict = finding->verdict > verdict ? finding->verdict : verdict;
            if (first == NULL) {
                first = finding;
                where = outcome;
            }
        }
    }
    if (first == NULL)
        return;
    fprintf(terminal->out, "\n%s%s%s %s %s (%s): %s\n", on(terminal, verdict), scn_verdict_name(verdict),
            off(terminal, verdict), rule->id, rule->name, rule->bep, rule->text);
    fprintf(terminal->out, "  in %s at %lld.%03llds on %s: %s\n", where->item->id, (long long)first->time_ms / 1000,
            (long long)first->time_ms % 1000, first->conn, first->text);
    if (runs > 1)
        fprintf(terminal->out, "  and in %zu more run%s\n", runs - 1, scn_plural(runs - 1));
    fprintf(terminal->out, "  again  %s %s\n", report->again, where->item->id);
}

static void print_findings(const struct scn_terminal *terminal, const struct scn_report *report)
{
    if (report->breaches[SCN_WARN] + report->breaches[SCN_FAIL] == 0)
        return;
    fprintf(terminal->out, "\nSeen by the monitors, whatever the scenario was about:\n");
    for (size_t i = 0; i < btw_rule_count(); i++)
        print_rule(terminal, report, btw_rule_at(i));
}

/* ---- what was not tested ----------------------------------------------------------------------------------------- */

/* One line per reason, with an example. */
static void print_reasons(const struct scn_terminal *terminal, const struct scn_report *report,
                          enum scn_verdict verdict)
{
    struct {
        const char *reason, *example;
        size_t count;
    } reasons[REASONS_MAX];
    size_t known = 0;
    for (size_t i = 0; i < scn_suite_outcome_count(report->suite); i++) {
        const struct scn_outcome *outcome = scn_suite_outcome(report->suite, i);
        const char *reason = outcome->result.reason ? outcome->result.reason : "no reason given";
        size_t k = 0;
        if (outcome->result.verdict != verdict)
            continue;
        while (k < known && strcmp(reasons[k].reason, reason) != 0)
            k++;
        if (k == REASONS_MAX)
            k--; /* counted with the last */
        if (k == known) {
            reasons[known].reason = reason;
            reasons[known].example = outcome->item->id;
            reasons[known++].count = 0;
        }
        reasons[k].count++;
    }
    for (size_t k = 0; k < known; k++) {
        fprintf(terminal->out, "%s %s", scn_verdict_name(verdict), reasons[k].example);
        if (reasons[k].count > 1)
            fprintf(terminal->out, " and %zu more", reasons[k].count - 1);
        fprintf(terminal->out, ": %s\n", reasons[k].reason);
    }
}

/* ---- the sum ----------------------------------------------------------------------------------------------------- */

static const enum scn_verdict shown[] = {
    SCN_PASS, SCN_WARN, SCN_FAIL, SCN_CRASH, SCN_INCONCLUSIVE, SCN_UNSUPPORTED, SCN_SKIP, SCN_ERROR,
};
enum { SHOWN = sizeof shown / sizeof shown[0] };

static void print_counts(const struct scn_terminal *terminal, const size_t verdicts[SCN_DEFAULT])
{
    for (size_t i = 0; i < SHOWN; i++) {
        if (verdicts[shown[i]] > 0)
            fprintf(terminal->out, "  %s%zu %s%s", on(terminal, shown[i]), verdicts[shown[i]],
                    scn_verdict_name(shown[i]), off(terminal, shown[i]));
    }
    fputc('\n', terminal->out);
}

static size_t area_len(const struct scn_outcome *outcome)
{
    return strcspn(outcome->item->id, ".");
}

/* Runs of one area stand together, because files are sorted by folder. */
static void print_areas(const struct scn_terminal *terminal, const struct scn_report *report)
{
    size_t count = scn_suite_outcome_count(report->suite);
    for (size_t i = 0; i < count;) {
        const struct scn_outcome *first = scn_suite_outcome(report->suite, i);
        size_t len = area_len(first), verdicts[SCN_DEFAULT] = { 0 };
        const struct scn_outcome *outcome = first;
        while (area_len(outcome) == len && strncmp(outcome->item->id, first->item->id, len) == 0) {
            verdicts[scn_outcome_verdict(outcome)]++;
            if (++i == count)
                break;
            outcome = scn_suite_outcome(report->suite, i);
        }
        fprintf(terminal->out, "%-14.*s", (int)len, first->item->id);
        print_counts(terminal, verdicts);
    }
}

static void print_slowest(const struct scn_terminal *terminal, const struct scn_report *report)
{
    const struct scn_outcome *slowest[SLOWEST] = { NULL };
    for (size_t i = 0; i < scn_suite_outcome_count(report->suite); i++) {
        const struct scn_outcome *outcome = scn_suite_outcome(report->suite, i);
        for (size_t k = 0; k < SLOWEST; k++) {
            if (slowest[k] == NULL || outcome->seconds > slowest[k]->seconds) {
                for (size_t last = SLOWEST - 1; last > k; last--)
                    slowest[last] = slowest[last - 1];
                slowest[k] = outcome;
                break;
            }
        }
    }
    fputs("slowest", terminal->out);
    for (size_t k = 0; k < SLOWEST && slowest[k] != NULL; k++)
        fprintf(terminal->out, "  %s %.1f s", slowest[k]->item->id, slowest[k]->seconds);
    fputc('\n', terminal->out);
}

static void print_unanswered(const struct scn_terminal *terminal, const struct scn_report *report)
{
    const struct scn_torrent *torrent;
    for (size_t i = 0; (torrent = scn_suite_unanswered(report->suite, i)) != NULL; i++)
        fprintf(terminal->out, "%s %s",
                i == 0 ? "The target does not answer for these torrents (are they loaded?):" : "",
                scn_torrent_name(torrent));
    if (scn_suite_unanswered(report->suite, 0) != NULL)
        fputc('\n', terminal->out);
}

void scn_terminal_report(struct scn_terminal *terminal, const struct scn_report *report)
{
    const char *trouble = scn_suite_trouble(report->suite);
    if (terminal->live)
        fputs("\r\033[K", terminal->out);
    print_unanswered(terminal, report);
    print_outcomes(terminal, report, SCN_WARN);
    print_outcomes(terminal, report, SCN_ERROR);
    print_outcomes(terminal, report, SCN_FAIL);
    print_outcomes(terminal, report, SCN_CRASH);
    print_findings(terminal, report);
    fputc('\n', terminal->out);
    if (trouble == NULL)
        print_reasons(terminal, report, SCN_INCONCLUSIVE);
    print_reasons(terminal, report, SCN_UNSUPPORTED);
    print_reasons(terminal, report, SCN_SKIP);
    fputc('\n', terminal->out);
    print_areas(terminal, report);
    print_slowest(terminal, report);
    fprintf(terminal->out, "\n%s as %s%s%s%s%s: %.1f s", report->target, report->role, report->client[0] ? ", " : "",
            report->client, report->peer_id[0] ? ", peer id " : "", report->peer_id, report->seconds);
    if (report->breaches[SCN_WARN] + report->breaches[SCN_FAIL] > 0)
        fprintf(terminal->out, ", monitors saw %zu failure%s and %zu warning%s", report->breaches[SCN_FAIL],
                scn_plural(report->breaches[SCN_FAIL]), report->breaches[SCN_WARN],
                scn_plural(report->breaches[SCN_WARN]));
    fputc('\n', terminal->out);
    print_counts(terminal, report->verdicts);
    if (report->interrupted)
        fputs("Interrupted: what had not ended counts as INCONCLUSIVE.\n", terminal->out);
    if (trouble != NULL)
        fprintf(terminal->out, "Nothing was tested: %s.\n", trouble);
}

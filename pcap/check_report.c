/* SPDX-License-Identifier: MIT
 *
 * Keeps what came of a check, and tells it to people.
 */
#include "check_report.h"

#include <inttypes.h>
#include <stdlib.h>

#include "cli.h"
#include "plural.h"

static void release(struct cap_kept *kept)
{
    free(kept->finding.text);
    for (size_t i = 0; i < kept->finding.line_count; i++)
        free(kept->finding.lines[i]);
}

void cap_check_report_free(struct cap_check_report *report)
{
    for (size_t i = 0; i < report->count; i++) {
        for (size_t k = 0; k < report->cases[i].count; k++)
            release(&report->cases[i].findings[k]);
        free(report->cases[i].findings);
        free(report->cases[i].id);
    }
    free(report->cases);
    for (size_t i = 0; i < report->suspicion_count; i++)
        free(report->suspicions[i]);
    free(report->suspicions);
    *report = (struct cap_check_report){ 0 };
}

static void *must(void *made)
{
    if (made == NULL)
        abort();
    return made;
}

/* The session that was begun last has a place of its own even when it is not kept. */
static struct cap_case *last(const struct cap_check_report *report)
{
    return &report->cases[report->count - 1];
}

void cap_check_report_begin(struct cap_check_report *report, char *id, double seconds)
{
    if (report->count == CAP_CASES_MAX) { /* the newest gives way: it has been told, and was counted */
        struct cap_case *old = last(report);
        for (size_t k = 0; k < old->count; k++)
            release(&old->findings[k]);
        report->kept -= old->count;
        free(old->findings);
        free(old->id);
        report->cases_left_out++;
        report->count--;
    }
    if (report->count == report->room) {
        report->room = report->room == 0 ? 16 : 2 * report->room;
        report->cases = must(realloc(report->cases, report->room * sizeof report->cases[0]));
    }
    report->cases[report->count++] = (struct cap_case){ .id = id, .seconds = seconds };
}

static enum scn_verdict verdict_of(enum btw_verdict verdict)
{
    return verdict == BTW_FAIL ? SCN_FAIL : SCN_WARN;
}

void cap_check_report_add(struct cap_check_report *report, const struct cap_finding *finding, const char *who)
{
    struct cap_case *session = last(report);
    enum scn_verdict verdict = verdict_of(finding->verdict);
    report->breaches[verdict]++;
    session->verdict = verdict > session->verdict ? verdict : session->verdict;
    if (report->kept == CAP_KEPT_FINDINGS_MAX) {
        report->findings_left_out++;
        return;
    }
    session->findings = must(realloc(session->findings, (session->count + 1) * sizeof session->findings[0]));
    struct cap_kept *kept = &session->findings[session->count++];
    kept->finding = *finding;
    kept->finding.session = NULL;
    kept->finding.text = must(strdup(finding->text));
    for (size_t i = 0; i < finding->line_count; i++)
        kept->finding.lines[i] = must(strdup(finding->lines[i]));
    kept->finding.time_ns -= report->start_ns;
    (void)snprintf(kept->who, sizeof kept->who, "%s", who);
    report->kept++;
}

void cap_check_report_suspect(struct cap_check_report *report, const char *text)
{
    if (report->suspicion_count == CAP_KEPT_FINDINGS_MAX) {
        report->suspicions_left_out++;
        return;
    }
    report->suspicions = must(realloc(report->suspicions, (report->suspicion_count + 1) * sizeof(char *)));
    report->suspicions[report->suspicion_count++] = must(strdup(text));
}

void cap_check_report_end(struct cap_check_report *report, enum scn_verdict verdict, const char *reason)
{
    struct cap_case *session = last(report);
    if (session->verdict == SCN_PASS)
        session->verdict = verdict;
    session->reason = reason;
    report->verdicts[session->verdict]++;
}

int cap_check_report_status(const struct cap_check_report *report, bool strict)
{
    if (report->breaches[SCN_FAIL] > 0)
        return CLI_RED;
    if (report->verdicts[SCN_PASS] + report->verdicts[SCN_WARN] == 0)
        return CLI_NOTHING;
    return strict && report->breaches[SCN_WARN] > 0 ? CLI_RED : CLI_GREEN;
}

/* ---- for people -------------------------------------------------------------------------------------------------- */

void cap_check_print_finding(FILE *out, bool color, const char *file, const struct cap_finding *finding,
                             const char *who, int64_t start_ns)
{
    const struct btw_rule *rule = finding->rule;
    const struct scn_requirement *requirement = scn_requirement_find(rule->id);
    bool fail = finding->verdict == BTW_FAIL;
    char time[CAP_TIME_TEXT];
    cap_time_text(time, finding->time_ns - start_ns, 6);
    fprintf(out, "\n%s%s%s %s %s (%s%s%s, %s): %s\n",
            !color ? ""
            : fail ? "\033[31m"
                   : "\033[33m",
            fail ? "FAIL" : "WARN", color ? "\033[0m" : "", rule->id, rule->name, rule->bep,
            requirement != NULL ? ", " : "", requirement != NULL ? requirement->section : "",
            scn_level_name(rule->level), rule->text);
    fprintf(out, "  %s, f%" PRIu64 ", frame %" PRIu64 " at %s s: %s: %s", file, finding->session->number,
            finding->frame, time, who, finding->text);
    if (finding->count > 1)
        fprintf(out, "; %u times in this session", finding->count);
    fputc('\n', out);
    for (size_t i = 0; i < finding->line_count; i++)
        fprintf(out, "  %c %s\n", i == finding->line_at ? '*' : ' ', finding->lines[i]);
}

void cap_check_print_sum(FILE *out, const struct cap_check_report *report)
{
    const size_t *verdicts = report->verdicts;
    size_t judged = verdicts[SCN_PASS] + verdicts[SCN_WARN] + verdicts[SCN_FAIL];
    size_t findings = report->breaches[SCN_FAIL] + report->breaches[SCN_WARN];
    fprintf(out, "%s%zu session%s judged: %zu PASS, %zu WARN, %zu FAIL; %zu could not be judged\n",
            findings > 0 ? "\n" : "", judged, scn_plural(judged), verdicts[SCN_PASS], verdicts[SCN_WARN],
            verdicts[SCN_FAIL], verdicts[SCN_SKIP]);
    if (findings > 0)
        fprintf(out, "%zu finding%s: %zu FAIL, %zu WARN\n", findings, scn_plural(findings), report->breaches[SCN_FAIL],
                report->breaches[SCN_WARN]);
    if (report->cases_left_out + report->findings_left_out > 0)
        fprintf(out, "%zu session%s and %zu finding%s left out of the report files: too many\n", report->cases_left_out,
                scn_plural(report->cases_left_out), report->findings_left_out, scn_plural(report->findings_left_out));
}

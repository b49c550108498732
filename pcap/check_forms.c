/* SPDX-License-Identifier: MIT
 *
 * The report of a check as JSON, TAP and JUnit.
 */
#include <inttypes.h>
#include <string.h>

#include "check_report.h"

/* ---- JSON -------------------------------------------------------------------------------------------------------- */

static json_t *lines_of(const struct cap_finding *finding)
{
    json_t *lines = json_array();
    for (size_t i = 0; i < finding->line_count; i++)
        json_array_append_new(lines, scn_json_text(finding->lines[i]));
    return lines;
}

static const char *verdict_name(const struct cap_finding *finding)
{
    return scn_verdict_name(finding->verdict == BTW_FAIL ? SCN_FAIL : SCN_WARN);
}

static json_t *finding_of(const struct cap_case *session, const struct cap_kept *kept)
{
    const struct cap_finding *finding = &kept->finding;
    const struct btw_rule *rule = finding->rule;
    const struct scn_requirement *requirement = scn_requirement_find(rule->id);
    return json_pack(
        "{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:f, s:I, s:o, s:I}", "rule", scn_json_text(rule->id),
        "name", scn_json_text(rule->name), "level", scn_json_text(scn_level_name(rule->level)), "verdict",
        scn_json_text(verdict_name(finding)), "bep", scn_json_text(rule->bep), "section",
        scn_json_text(requirement == NULL ? NULL : requirement->section), "session", scn_json_text(session->id), "who",
        scn_json_text(kept->who), "reason", scn_json_text(finding->text), "frame", (json_int_t)finding->frame, "time",
        (double)finding->time_ns / 1e9, "count", (json_int_t)finding->count, "transcript", lines_of(finding),
        "transcript_at", (json_int_t)finding->line_at);
}

static json_t *session_of(const struct cap_case *session)
{
    return json_pack("{s:o, s:o, s:f, s:o}", "id", scn_json_text(session->id), "verdict",
                     scn_json_text(scn_verdict_name(session->verdict)), "seconds", session->seconds, "reason",
                     scn_json_text(session->reason));
}

static void write_json(const void *of, FILE *out)
{
    const struct cap_check_report *report = of;
    const size_t *verdicts = report->verdicts;
    json_t *sessions = json_array(), *findings = json_array();
    for (size_t i = 0; i < report->count; i++) {
        const struct cap_case *session = &report->cases[i];
        json_array_append_new(sessions, session_of(session));
        for (size_t k = 0; k < session->count; k++)
            json_array_append_new(findings, finding_of(session, &session->findings[k]));
    }
    json_t *suspicions = json_array();
    for (size_t i = 0; i < report->suspicion_count; i++)
        json_array_append_new(suspicions, scn_json_text(report->suspicions[i]));
    size_t left_out = report->cases_left_out + report->findings_left_out + report->suspicions_left_out;
    json_t *summary = json_pack("{s:I, s:I, s:I, s:I, s:I}", "pass", (json_int_t)verdicts[SCN_PASS], "warn",
                                (json_int_t)verdicts[SCN_WARN], "fail", (json_int_t)verdicts[SCN_FAIL], "skip",
                                (json_int_t)verdicts[SCN_SKIP], "left_out", (json_int_t)left_out);
    json_t *root = json_pack("{s:i, s:o, s:o, s:o, s:o}", "schema", 1, "summary", summary, "sessions", sessions,
                             "findings", findings, "suspicions", suspicions);
    json_dumpf(root, out, JSON_INDENT(1) | JSON_REAL_PRECISION(16));
    fputc('\n', out);
    json_decref(root);
}

/* ---- TAP --------------------------------------------------------------------------------------------------------- */

static void put_tap_finding(const struct cap_case *session, const struct cap_kept *kept, size_t number, FILE *out)
{
    const struct cap_finding *finding = &kept->finding;
    char id[256];
    (void)snprintf(id, sizeof id, "%s in %s", finding->rule->id, session->id);
    scn_tap_point(out, number, finding->verdict == BTW_FAIL ? SCN_FAIL : SCN_WARN, id, NULL);
    fprintf(out, "# frame %" PRIu64 ": %s: %s\n", finding->frame, kept->who, finding->text);
    for (size_t i = 0; i < finding->line_count; i++)
        fprintf(out, "#   %s\n", finding->lines[i]);
}

static void write_tap(const void *of, FILE *out)
{
    const struct cap_check_report *report = of;
    size_t number = 0;
    fprintf(out, "TAP version 13\n1..%zu\n", report->count + report->kept);
    for (size_t i = 0; i < report->count; i++) {
        const struct cap_case *session = &report->cases[i];
        scn_tap_point(out, ++number, session->verdict, session->id, session->reason);
        for (size_t k = 0; k < session->count; k++)
            put_tap_finding(session, &session->findings[k], ++number, out);
    }
    for (size_t i = 0; i < report->suspicion_count; i++)
        fprintf(out, "# %s\n", report->suspicions[i]);
}

/* ---- JUnit ------------------------------------------------------------------------------------------------------- */

static void put_junit_finding(const struct cap_case *session, const struct cap_kept *kept, FILE *out)
{
    const struct cap_finding *finding = &kept->finding;
    const char *element = finding->verdict == BTW_FAIL ? "failure" : "system-out";
    fprintf(out, "  <testcase classname=\"monitor\" name=\"%s in ", finding->rule->id);
    scn_xml_text(out, session->id);
    fprintf(out, "\">\n   <%s>%s: frame %" PRIu64 ": ", element, verdict_name(finding), finding->frame);
    scn_xml_text(out, kept->who);
    fputs(": ", out);
    scn_xml_text(out, finding->text);
    for (size_t i = 0; i < finding->line_count; i++) {
        fputc('\n', out);
        scn_xml_text(out, finding->lines[i]);
    }
    fprintf(out, "</%s>\n  </testcase>\n", element);
}

static void put_junit_case(const struct cap_case *session, FILE *out)
{
    fputs("  <testcase classname=\"session\" name=\"", out);
    scn_xml_text(out, session->id);
    fprintf(out, "\" time=\"%.3f\">", session->seconds);
    if (session->verdict == SCN_SKIP) {
        fputs("<skipped message=\"", out);
        scn_xml_text(out, session->reason);
        fputs("\"/>", out);
    }
    fputs("</testcase>\n", out);
    for (size_t k = 0; k < session->count; k++)
        put_junit_finding(session, &session->findings[k], out);
}

/* The findings are what fails; a session of which they are is a test that ran. */
static void write_junit(const void *of, FILE *out)
{
    const struct cap_check_report *report = of;
    fprintf(out,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n <testsuite name=\"conformance check\" "
            "tests=\"%zu\" failures=\"%zu\" errors=\"0\" skipped=\"%zu\">\n",
            report->count + report->kept, report->breaches[SCN_FAIL], report->verdicts[SCN_SKIP]);
    for (size_t i = 0; i < report->count; i++)
        put_junit_case(&report->cases[i], out);
    fputs(" </testsuite>\n</testsuites>\n", out);
}

const struct scn_report_kind cap_report_kinds[] = {
    { "json", write_json },
    { "tap", write_tap },
    { "junit", write_junit },
    { NULL, NULL },
};

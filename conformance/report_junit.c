/* SPDX-License-Identifier: MIT
 *
 * The report in the XML of JUnit, as CI servers read it: an area is a class, a run is a test case.
 */
#include <string.h>

#include "report.h"

/* Text for an attribute or an element.  XML has no way to write most control characters, and the bytes may be no
 * UTF-8. */
void scn_xml_text(FILE *out, const char *text)
{
    for (; text != NULL && *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '<')
            fputs("&lt;", out);
        else if (c == '>')
            fputs("&gt;", out);
        else if (c == '&')
            fputs("&amp;", out);
        else if (c == '"')
            fputs("&quot;", out);
        else if ((c >= ' ' && c < 0x7f) || c == '\n' || c == '\t')
            fputc(c, out);
        else
            fputc('?', out);
    }
}

static void put_attribute(FILE *out, const char *name, const char *value)
{
    fprintf(out, " %s=\"", name);
    scn_xml_text(out, value);
    fputc('"', out);
}

/* The element inside a test case that JUnit has for a verdict, NULL for a pass. */
static const char *element_of(enum scn_verdict verdict)
{
    switch (verdict) {
    case SCN_SKIP:
    case SCN_UNSUPPORTED:
    case SCN_INCONCLUSIVE:
        return "skipped";
    case SCN_FAIL:
    case SCN_CRASH:
        return "failure";
    case SCN_ERROR:
        return "error";
    case SCN_PASS:
    case SCN_INFO:
    case SCN_WARN: /* JUnit has no warning; system-out tells */
    case SCN_DEFAULT:
        return NULL;
    }
    return NULL;
}

static void put_line(const char *line, FILE *out)
{
    scn_xml_text(out, line);
    fputc('\n', out);
}

static void put_output(const struct scn_report *report, const struct scn_outcome *outcome, FILE *out)
{
    fputs("   <system-out>", out);
    fprintf(out, "%s\n", scn_verdict_name(scn_outcome_verdict(outcome)));
    for (const char *const *line = report->lines; line != NULL && *line != NULL; line++)
        put_line(*line, out);
    for (size_t i = 0; outcome->timeline != NULL && i < scn_timeline_count(outcome->timeline); i++)
        put_line(scn_timeline_line(outcome->timeline, i), out);
    fputs("</system-out>\n", out);
}

static void put_verdict(const struct scn_outcome *outcome, FILE *out)
{
    const struct scn_result *result = &outcome->result;
    enum scn_verdict verdict = scn_outcome_verdict(outcome);
    const char *element = element_of(verdict);
    if (element == NULL)
        return;
    fprintf(out, "   <%s", element);
    put_attribute(out, "message", result->reason ? result->reason : scn_verdict_name(verdict));
    fputc('>', out);
    if (result->want != NULL)
        fputs("want ", out), scn_xml_text(out, result->want), fputc('\n', out);
    if (result->got != NULL)
        fputs("got  ", out), scn_xml_text(out, result->got), fputc('\n', out);
    fprintf(out, "</%s>\n", element);
}

static void put_case(const struct scn_report *report, const struct scn_outcome *outcome, FILE *out)
{
    const char *id = outcome->item->id, *dot = strchr(id, '.');
    enum scn_verdict verdict = scn_outcome_verdict(outcome);
    fprintf(out, "  <testcase classname=\"%.*s\"", (int)(dot ? dot - id : (long)strlen(id)), id);
    put_attribute(out, "name", id);
    fprintf(out, " time=\"%.3f\">\n", outcome->seconds);
    put_verdict(outcome, out);
    if (verdict >= SCN_WARN || report->lines != NULL)
        put_output(report, outcome, out);
    fputs("  </testcase>\n", out);
}

/* A breach that a monitor saw is a test case of its own. */
static void put_finding(const struct scn_outcome *outcome, const struct scn_finding *finding, FILE *out)
{
    const char *element = finding->verdict == SCN_FAIL ? "failure" : "system-out";
    fprintf(out, "  <testcase classname=\"monitor\" name=\"%s in ", finding->rule->id);
    scn_xml_text(out, outcome->item->id);
    fprintf(out, "\">\n   <%s>%s: ", element, scn_verdict_name(finding->verdict));
    scn_xml_text(out, finding->text);
    fprintf(out, "</%s>\n  </testcase>\n", element);
}

void scn_report_junit(const void *of, FILE *out)
{
    const struct scn_report *report = of;
    const size_t *verdicts = report->verdicts;
    size_t count = scn_suite_outcome_count(report->suite);
    fprintf(out,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n <testsuite name=\"conformance\" tests=\"%zu\" "
            "failures=\"%zu\" errors=\"%zu\" skipped=\"%zu\" time=\"%.3f\">\n",
            count + report->breaches[SCN_WARN] + report->breaches[SCN_FAIL],
            verdicts[SCN_FAIL] + verdicts[SCN_CRASH] + report->breaches[SCN_FAIL], verdicts[SCN_ERROR],
            verdicts[SCN_SKIP] + verdicts[SCN_UNSUPPORTED] + verdicts[SCN_INCONCLUSIVE], report->seconds);
    fputs("  <properties>\n   <property name=\"target\"", out);
    put_attribute(out, "value", report->target);
    fputs("/>\n   <property name=\"client\"", out);
    put_attribute(out, "value", report->client);
    fputs("/>\n  </properties>\n", out);
    for (size_t i = 0; i < count; i++) {
        const struct scn_outcome *outcome = scn_suite_outcome(report->suite, i);
        put_case(report, outcome, out);
        for (size_t k = 0; k < outcome->result.finding_count; k++)
            put_finding(outcome, &outcome->result.findings[k], out);
    }
    fputs(" </testsuite>\n</testsuites>\n", out);
}

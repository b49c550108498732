/* SPDX-License-Identifier: MIT
 *
 * The facts that all reports share.
 */
#include "report.h"

#include <string.h>

#include "cli.h"
#include "files.h"

const struct scn_report_kind scn_report_kinds[] = {
    { "json", scn_report_json },
    { "tap", scn_report_tap },
    { "junit", scn_report_junit },
    { NULL, NULL },
};

const char *scn_level_name(enum btw_level level)
{
    static const char *const names[] = { "MUST", "SHOULD", "MAY", "DEFACTO" };
    return names[level];
}

const struct scn_requirement *scn_outcome_requirement(const struct scn_outcome *outcome)
{
    const char *id = outcome->item->scenario->rules[0];
    return id == NULL ? NULL : scn_requirement_find(id);
}

enum scn_verdict scn_outcome_verdict(const struct scn_outcome *outcome)
{
    return outcome->result.verdict == SCN_INFO ? SCN_PASS : outcome->result.verdict;
}

static void print_peer_id(char out[4 * 20 + 1], const uint8_t id[20])
{
    static const uint8_t none[20];
    out[0] = '\0';
    if (memcmp(id, none, sizeof none) == 0)
        return;
    for (size_t i = 0; i < 20; i++) {
        bool plain = id[i] > ' ' && id[i] < 0x7f && id[i] != '\\';
        out += sprintf(out, plain ? "%c" : "\\x%02x", id[i]);
    }
}

void scn_report_count(struct scn_report *report)
{
    memset(report->verdicts, 0, sizeof report->verdicts);
    memset(report->breaches, 0, sizeof report->breaches);
    report->client = "";
    report->peer_id[0] = '\0';
    for (size_t i = 0; i < scn_suite_outcome_count(report->suite); i++) {
        const struct scn_outcome *outcome = scn_suite_outcome(report->suite, i);
        const struct scn_result *result = &outcome->result;
        report->verdicts[scn_outcome_verdict(outcome)]++;
        for (size_t k = 0; k < result->finding_count; k++)
            report->breaches[result->findings[k].verdict]++;
        if (report->client[0] == '\0' && result->client != NULL)
            report->client = result->client;
        if (report->peer_id[0] == '\0')
            print_peer_id(report->peer_id, result->peer_id);
    }
}

int scn_report_status(const struct scn_report *report, bool strict, size_t min_pass)
{
    const size_t *verdicts = report->verdicts;
    if (verdicts[SCN_FAIL] + verdicts[SCN_CRASH] + report->breaches[SCN_FAIL] > 0)
        return CLI_RED;
    if (verdicts[SCN_ERROR] > 0)
        return CLI_OURS;
    if (verdicts[SCN_PASS] == 0 || verdicts[SCN_PASS] < min_pass)
        return CLI_NOTHING;
    return strict && verdicts[SCN_WARN] + report->breaches[SCN_WARN] > 0 ? CLI_RED : CLI_GREEN;
}

bool scn_report_write(const void *report, const struct scn_report_kind *kind, const char *path)
{
    struct scn_output out;
    if (!scn_output_begin(&out, path))
        return false;
    kind->write(report, out.stream);
    return scn_output_end(&out);
}

/* SPDX-License-Identifier: MIT
 *
 * The report as JSON, schema 1 (docs/report.md).  Texts that come from the target may be anything, so they are made
 * ASCII.
 */
#include <jansson.h>
#include <stdlib.h>

#include "report.h"

json_t *scn_json_text(const char *from)
{
    if (from == NULL)
        return json_null();
    json_t *made = json_string(from);
    if (made != NULL)
        return made;
    char *ascii = strdup(from); /* it was no UTF-8 */
    for (char *c = ascii; c != NULL && *c != '\0'; c++) {
        if ((unsigned char)*c >= 0x80)
            *c = '?';
    }
    made = ascii == NULL ? json_null() : json_string(ascii);
    free(ascii);
    return made;
}

static json_t *rules_of(const struct scn_scenario *scenario)
{
    json_t *rules = json_array();
    for (size_t i = 0; i < SCN_RULES_MAX && scenario->rules[i] != NULL; i++)
        json_array_append_new(rules, scn_json_text(scenario->rules[i]));
    return rules;
}

static json_t *transcript_of(const struct scn_outcome *outcome)
{
    json_t *lines = json_array();
    for (size_t i = 0; outcome->timeline != NULL && i < scn_timeline_count(outcome->timeline); i++)
        json_array_append_new(lines, scn_json_text(scn_timeline_line(outcome->timeline, i)));
    return lines;
}

static json_t *scenario_of(const struct scn_outcome *outcome)
{
    const struct scn_requirement *requirement = scn_outcome_requirement(outcome);
    const struct scn_result *result = &outcome->result;
    json_t *out = json_object();
    json_object_set_new(out, "id", scn_json_text(outcome->item->id));
    json_object_set_new(out, "verdict", scn_json_text(scn_verdict_name(scn_outcome_verdict(outcome))));
    json_object_set_new(out, "level", requirement ? scn_json_text(scn_level_name(requirement->level)) : json_null());
    json_object_set_new(out, "rules", rules_of(outcome->item->scenario));
    json_object_set_new(out, "seconds", json_real(outcome->seconds));
    json_object_set_new(out, "reason", scn_json_text(result->reason));
    json_object_set_new(out, "want", scn_json_text(result->want));
    json_object_set_new(out, "got", scn_json_text(result->got));
    json_object_set_new(out, "transcript", transcript_of(outcome));
    return out;
}

static json_t *finding_of(const struct scn_outcome *outcome, const struct scn_finding *finding)
{
    json_t *out = json_object();
    json_object_set_new(out, "rule", scn_json_text(finding->rule->id));
    json_object_set_new(out, "level", scn_json_text(scn_level_name(finding->rule->level)));
    json_object_set_new(out, "verdict", scn_json_text(scn_verdict_name(finding->verdict)));
    json_object_set_new(out, "scenario", scn_json_text(outcome->item->id));
    json_object_set_new(out, "reason", scn_json_text(finding->text));
    json_object_set_new(out, "count", json_integer(finding->count));
    return out;
}

static json_t *target_of(const struct scn_report *report)
{
    json_t *out = json_object();
    json_object_set_new(out, "address", scn_json_text(report->target));
    json_object_set_new(out, "client", scn_json_text(report->client));
    json_object_set_new(out, "peer_id", scn_json_text(report->peer_id));
    json_object_set_new(out, "role", scn_json_text(report->role));
    return out;
}

static json_t *summary_of(const struct scn_report *report)
{
    static const struct {
        enum scn_verdict verdict;
        const char *key;
    } keys[] = {
        { SCN_PASS, "pass" },
        { SCN_WARN, "warn" },
        { SCN_FAIL, "fail" },
        { SCN_INCONCLUSIVE, "inconclusive" },
        { SCN_UNSUPPORTED, "unsupported" },
        { SCN_SKIP, "skip" },
        { SCN_CRASH, "crash" },
        { SCN_ERROR, "error" },
    };
    json_t *out = json_object();
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        json_object_set_new(out, keys[i].key, json_integer((json_int_t)report->verdicts[keys[i].verdict]));
    json_object_set_new(out, "seconds", json_real(report->seconds));
    return out;
}

void scn_report_json(const void *of, FILE *out)
{
    const struct scn_report *report = of;
    json_t *root = json_object(), *scenarios = json_array(), *findings = json_array();
    for (size_t i = 0; i < scn_suite_outcome_count(report->suite); i++) {
        const struct scn_outcome *outcome = scn_suite_outcome(report->suite, i);
        json_array_append_new(scenarios, scenario_of(outcome));
        for (size_t k = 0; k < outcome->result.finding_count; k++)
            json_array_append_new(findings, finding_of(outcome, &outcome->result.findings[k]));
    }
    json_object_set_new(root, "schema", json_integer(1));
    json_object_set_new(root, "target", target_of(report));
    json_object_set_new(root, "summary", summary_of(report));
    json_object_set_new(root, "scenarios", scenarios);
    json_object_set_new(root, "findings", findings);
    if (report->members != NULL)
        json_object_update(root, report->members);
    json_dumpf(root, out, JSON_INDENT(1) | JSON_REAL_PRECISION(6));
    fputc('\n', out);
    json_decref(root);
}

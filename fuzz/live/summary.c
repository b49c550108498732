/* SPDX-License-Identifier: MIT */
#include "summary.h"

#include <inttypes.h>
#include <jansson.h>

#include "plural.h"

enum { SIGNATURE = 64 };

static double per_second(const struct live_stats *stats)
{
    double playing = stats->seconds - stats->following;
    return playing > 0 ? (double)stats->cases / playing : 0;
}

double live_summary_reached(const struct live_summary *report)
{
    const struct live_stats *stats = live_campaign_stats(report->campaign);
    return stats->cases > 0 ? (double)stats->reached / (double)stats->cases : 0;
}

static double share(uint64_t part, const struct live_stats *stats)
{
    return stats->cases > 0 ? 100.0 * (double)part / (double)stats->cases : 0;
}

/* ---- for people -------------------------------------------------------------------------------------------------- */

void live_summary_status(FILE *out, const struct live_stats *stats, const struct live_graph *graph, size_t pool,
                         const struct live_findings *findings)
{
    size_t confirmed = live_findings_confirmed(findings);
    fprintf(out,
            "\r%6.0f s  %8" PRIu64
            " cases  %7.1f/s  %zu states  %zu moves  %zu kept  %3.0f%% reached  %zu findings  %zu "
            "suspects  %" PRIu64 " deaths\033[K",
            stats->seconds, stats->cases, per_second(stats), live_graph_states(graph), live_graph_moves(graph), pool,
            share(stats->reached, stats), confirmed, findings->count - confirmed, stats->deaths);
    fflush(out);
}

void live_summary_calibration(FILE *out, const struct live_facts *facts, const struct live_calibration *calibration,
                              unsigned jobs)
{
    fprintf(out, "calibration: handshake after %lld ms (p50), %lld ms (p99); then %s\n", (long long)calibration->p50_ms,
            (long long)calibration->p99_ms, calibration->first[0] != '\0' ? calibration->first : "nothing");
    if (calibration->unchoke_ms >= 0)
        fprintf(out, "             serves a block after %lld ms", (long long)calibration->unchoke_ms);
    else
        fprintf(out, "             unchokes nobody in 3 s: %s tells that it is alive",
                facts->has_metadata ? "metadata" : "a handshake");
    fprintf(out, "; %s; %s%s\n", facts->answers_fin ? "ends half-closed connections" : "keeps half-closed connections",
            calibration->one_per_address ? "one connection an address" : "several connections an address",
            facts->dial_ms > 0 ? "; dials" : "");
    fprintf(out, "             patience %lld ms, waits %lld ms for a message, %u cases at once\n",
            (long long)facts->patience_ms, (long long)facts->await_ms, jobs);
}

static void print_findings(FILE *out, const struct live_findings *findings, bool confirmed)
{
    for (size_t i = 0; i < findings->count; i++) {
        const struct live_finding *finding = &findings->list[i];
        if (live_finding_confirmed(finding) != confirmed)
            continue;
        fprintf(out, "%s  %s: %s\n", confirmed ? "FINDING" : "suspect", finding->name, finding->complaint.text);
        fprintf(out,
                "         case %" PRIu64 " after %.1f s; %zu steps, of %zu; %u of %d plays; met %" PRIu64 " times\n",
                finding->number, finding->after, finding->steps, finding->steps_before, finding->shown,
                LIVE_CONFIRM_PLAYS, finding->count);
    }
}

void live_summary_terminal(FILE *out, const struct live_summary *report)
{
    const struct live_stats *stats = live_campaign_stats(report->campaign);
    const struct live_graph *graph = live_campaign_graph(report->campaign);
    const struct live_findings *findings = live_campaign_findings(report->campaign);
    size_t confirmed = live_findings_confirmed(findings), suspects = findings->count - confirmed;
    print_findings(out, findings, true);
    print_findings(out, findings, false);
    fprintf(out,
            "%" PRIu64 " cases in %.1f s, %.1f a second (%.1f s of it went into findings); %zu seeds, seed %" PRIu64
            "\n",
            stats->cases, stats->seconds, per_second(stats), stats->following, report->seeds, report->seed);
    if (stats->resumed > 0)
        fprintf(out, "gone on with %" PRIu64 " case%s that an earlier campaign had kept\n", stats->resumed,
                scn_plural(stats->resumed));
    fprintf(out,
            "%.1f%% reached the target, %.1f%% got past the handshake, %.1f%% could say all; %" PRIu64
            " inconclusive, %" PRIu64 " ends not seen\n",
            share(stats->reached, stats), share(stats->met, stats), share(stats->delivered, stats), stats->inconclusive,
            stats->silences);
    fprintf(out,
            "%zu state%s, %zu move%s; %" PRIu64 " case%s showed something new; %" PRIu64 " probe%s, %" PRIu64
            " death%s\n",
            live_graph_states(graph), scn_plural(live_graph_states(graph)), live_graph_moves(graph),
            scn_plural(live_graph_moves(graph)), stats->fresh, scn_plural(stats->fresh), stats->probes,
            scn_plural(stats->probes), stats->deaths, scn_plural(stats->deaths));
    if (!live_campaign_metered(report->campaign))
        fputs("memory, descriptors and processor time of the target were not observed\n", out);
    fprintf(out, "%zu finding%s, %zu suspect%s\n", confirmed, scn_plural(confirmed), suspects, scn_plural(suspects));
    if (live_campaign_trouble(report->campaign) != NULL)
        fprintf(out, "ended early: %s\n", live_campaign_trouble(report->campaign));
}

/* ---- for programs ------------------------------------------------------------------------------------------------ */

static json_t *finding_json(const struct live_finding *finding)
{
    return json_pack("{s:s s:s s:s s:b s:I s:f s:i s:i s:i s:i s:i s:I}", "name", finding->name, "verdict",
                     live_verdict_name(finding->complaint.verdict), "text", finding->complaint.text, "confirmed",
                     live_finding_confirmed(finding), "case", (json_int_t)finding->number, "after_s", finding->after,
                     "shown", (int)finding->shown, "plays", LIVE_CONFIRM_PLAYS, "steps_before",
                     (int)finding->steps_before, "steps", (int)finding->steps, "tries", (int)finding->tries, "count",
                     (json_int_t)finding->count);
}

static json_t *stats_json(const struct live_summary *report)
{
    const struct live_stats *stats = live_campaign_stats(report->campaign);
    const struct live_graph *graph = live_campaign_graph(report->campaign);
    return json_pack("{s:I s:f s:f s:f s:I s:I s:I s:I s:I s:I s:I s:I s:i s:i}", "cases", (json_int_t)stats->cases,
                     "seconds", stats->seconds, "following_s", stats->following, "cases_per_s", per_second(stats),
                     "reached", (json_int_t)stats->reached, "met", (json_int_t)stats->met, "delivered",
                     (json_int_t)stats->delivered, "fresh", (json_int_t)stats->fresh, "inconclusive",
                     (json_int_t)stats->inconclusive, "silences", (json_int_t)stats->silences, "probes",
                     (json_int_t)stats->probes, "deaths", (json_int_t)stats->deaths, "states",
                     (int)live_graph_states(graph), "moves", (int)live_graph_moves(graph));
}

static json_t *calibration_json(const struct live_summary *report)
{
    const struct live_calibration *calibration = report->calibration;
    const struct live_facts *facts = report->facts;
    return json_pack("{s:I s:I s:I s:b s:b s:b s:I s:I}", "handshake_p50_ms", (json_int_t)calibration->p50_ms,
                     "handshake_p99_ms", (json_int_t)calibration->p99_ms, "block_ms",
                     (json_int_t)calibration->unchoke_ms, "one_per_address", calibration->one_per_address, "fast",
                     facts->fast, "answers_fin", facts->answers_fin, "patience_ms", (json_int_t)facts->patience_ms,
                     "await_ms", (json_int_t)facts->await_ms);
}

void live_summary_json(FILE *out, const struct live_summary *report)
{
    const struct live_findings *findings = live_campaign_findings(report->campaign);
    const char *trouble = live_campaign_trouble(report->campaign);
    json_t *list = json_array();
    for (size_t i = 0; i < findings->count; i++)
        json_array_append_new(list, finding_json(&findings->list[i]));
    json_t *root =
        json_pack("{s:s s:I s:i s:i s:o s:o s:s? s:o}", "target", report->target, "seed", (json_int_t)report->seed,
                  "seeds", (int)report->seeds, "jobs", (int)report->jobs, "calibration", calibration_json(report),
                  "stats", stats_json(report), "trouble", trouble, "findings", list);
    json_dumpf(root, out, JSON_INDENT(2));
    fputc('\n', out);
    json_decref(root);
}

/* SPDX-License-Identifier: MIT
 *
 * The report of a replay.
 */
#include "replay.h"

#include <inttypes.h>

#include "btw/peer_id.h"

static const char *who(const struct cap_tape *tape, enum btw_side side, char *room, size_t cap)
{
    const struct btw_msg *handshake = cap_tape_handshake(tape, side);
    if (handshake == NULL || !btw_peer_id_client(room, cap, handshake->peer_id))
        snprintf(room, cap, "a peer");
    return room;
}

static void print_difference(const struct cap_difference *difference, FILE *out)
{
    fprintf(out, "  %s captured  %s\n", difference->grave ? "!" : " ",
            difference->captured != NULL ? difference->captured : "-");
    fprintf(out, "    now       %s", difference->now != NULL ? difference->now : "-");
    if (difference->more > 0)
        fprintf(out, "   # and %u more", difference->more);
    fputc('\n', out);
}

static void print_findings(const struct scn_result *result, FILE *out)
{
    for (size_t i = 0; i < result->finding_count; i++) {
        const struct scn_finding *finding = &result->findings[i];
        fprintf(out, "  %s %s %s (%s): %s%s\n", scn_verdict_name(finding->verdict), finding->rule->id,
                finding->rule->name, finding->rule->bep, finding->text, finding->count > 1 ? ", and again" : "");
    }
}

/* What the script waited for in vain. */
static void print_notes(const struct scn_result *result, FILE *out)
{
    if (result->verdict > SCN_INFO)
        fprintf(out, "  %s: %s%s%s\n", scn_verdict_name(result->verdict), result->reason ? result->reason : "",
                result->want != NULL ? "; waited for: " : "", result->want != NULL ? result->want : "");
}

void cap_replay_print(const struct cap_replay *replay, FILE *out)
{
    const struct cap_comparison *comparison = replay->comparison;
    char then[64], now[64];
    fprintf(out, "%s, flow %" PRIu64 ": %s then, %s now\n", replay->source, replay->captured->flow,
            who(replay->captured, replay->target, then, sizeof then),
            who(replay->now, replay->target, now, sizeof now));
    for (size_t i = 0; i < comparison->count; i++)
        print_difference(&comparison->list[i], out);
    print_findings(&replay->outcome->result, out);
    print_notes(&replay->outcome->result, out);
    if (comparison->asked > 0)
        fprintf(out,
                "answers as captured: %" PRIu64 " of %" PRIu64 " (blocks: %" PRIu64 ", never asked: %" PRIu64 "); ",
                comparison->same, comparison->asked, comparison->blocks, comparison->unasked);
    if (comparison->wanted + comparison->wanted_now > 0)
        fprintf(out, "blocks asked for: %" PRIu64 " captured, %" PRIu64 " now; ", comparison->wanted,
                comparison->wanted_now);
    fprintf(out, "differences: %zu; rules broken: %zu\n", comparison->count, replay->outcome->result.finding_count);
}

enum scn_verdict cap_replay_verdict(const struct cap_replay *replay, bool strict)
{
    const struct scn_result *result = &replay->outcome->result;
    const struct cap_comparison *comparison = replay->comparison;
    /* Lines of a replay only warn, so that it goes on; each of them is something that the captured one did. */
    enum scn_verdict worst = result->verdict == SCN_WARN   ? SCN_FAIL
                             : result->verdict == SCN_INFO ? SCN_PASS
                                                           : result->verdict;
    if (strict && comparison->count > 0 && worst < SCN_FAIL)
        worst = SCN_FAIL;
    for (size_t i = 0; i < comparison->count; i++)
        worst = comparison->list[i].grave && worst < SCN_FAIL ? SCN_FAIL : worst;
    for (size_t i = 0; i < result->finding_count; i++) {
        enum scn_verdict verdict = result->findings[i].verdict;
        verdict = verdict == SCN_WARN && strict ? SCN_FAIL : verdict;
        worst = verdict > worst ? verdict : worst;
    }
    return worst;
}

/* SPDX-License-Identifier: MIT
 *
 * What came of a replay, as text and as JSON.
 */
#include "replay.h"

#include <inttypes.h>

#include "btw/peer_id.h"
#include "report.h"

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

static json_t *difference_of(const struct cap_difference *difference)
{
    return json_pack("{s:b, s:o, s:o, s:I}", "grave", difference->grave, "captured",
                     scn_json_text(difference->captured), "now", scn_json_text(difference->now), "more",
                     (json_int_t)difference->more);
}

json_t *cap_replay_json(const struct cap_replay *replay)
{
    const struct cap_comparison *comparison = replay->comparison;
    char then[64];
    json_t *differences = json_array();
    for (size_t i = 0; i < comparison->count; i++)
        json_array_append_new(differences, difference_of(&comparison->list[i]));
    json_t *captured =
        json_pack("{s:o, s:I, s:o}", "file", scn_json_text(replay->source), "flow", (json_int_t)replay->captured->flow,
                  "client", scn_json_text(who(replay->captured, replay->target, then, sizeof then)));
    json_t *answers = json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}", "captured", (json_int_t)comparison->asked, "same",
                                (json_int_t)comparison->same, "unasked", (json_int_t)comparison->unasked, "blocks",
                                (json_int_t)comparison->blocks, "wanted_captured", (json_int_t)comparison->wanted,
                                "wanted_now", (json_int_t)comparison->wanted_now);
    return json_pack("{s:o, s:o, s:o}", "captured", captured, "answers", answers, "differences", differences);
}

const char *cap_replay_objection(const struct cap_replay *replay, bool strict)
{
    const struct cap_comparison *comparison = replay->comparison;
    for (size_t i = 0; i < comparison->count; i++) {
        if (comparison->list[i].grave)
            return "an answer is not what it was";
    }
    /* Lines of a replay only warn, so that it goes on; each of them is something that the captured one did. */
    if (replay->outcome->result.verdict == SCN_WARN)
        return "what the captured one did was waited for in vain";
    return strict && comparison->count > 0 ? "it differs" : NULL;
}

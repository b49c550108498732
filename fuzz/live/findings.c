/* SPDX-License-Identifier: MIT */
#include "findings.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "plural.h"

enum { SIGNATURE_STEPS_MAX = 4 };

bool live_finding_confirmed(const struct live_finding *finding)
{
    /* One death more, on a fresh target and by this case alone, is proof. */
    return finding->shown >= (live_verdict_is_death(finding->complaint.verdict) ? 1 : LIVE_CONFIRM_LEAST);
}

size_t live_findings_confirmed(const struct live_findings *findings)
{
    size_t sum = 0;
    for (size_t i = 0; i < findings->count; i++)
        sum += live_finding_confirmed(&findings->list[i]);
    return sum;
}

struct live_finding *live_findings_find(const struct live_findings *findings, enum live_verdict verdict,
                                        const char *key)
{
    for (size_t i = 0; i < findings->count; i++) {
        const struct live_complaint *known = &findings->list[i].complaint;
        if (known->verdict == verdict && strcmp(known->key, key) == 0)
            return &findings->list[i];
    }
    return NULL;
}

/* "rule-BEP3-SRV-05", "crash-have", and a number where that is taken. */
static void give_name(const struct live_findings *findings, struct live_finding *finding)
{
    char signature[40];
    live_signature(signature, sizeof signature, &finding->one);
    const char *what = finding->complaint.key[0] != '\0' ? finding->complaint.key : signature;
    unsigned number = 1;
    snprintf(finding->name, sizeof finding->name, "%s-%s", live_verdict_name(finding->complaint.verdict), what);
    for (size_t i = 0; i < findings->count; i++) {
        if (strcmp(findings->list[i].name, finding->name) != 0)
            continue;
        snprintf(finding->name, sizeof finding->name, "%s-%s-%u", live_verdict_name(finding->complaint.verdict), what,
                 ++number);
        i = 0;
    }
}

struct live_finding *live_findings_add(struct live_findings *findings, const struct live_finding *finding)
{
    findings->list = realloc(findings->list, (findings->count + 1) * sizeof *findings->list);
    if (findings->list == NULL)
        abort();
    struct live_finding *added = &findings->list[findings->count];
    *added = *finding;
    give_name(findings, added);
    findings->count++;
    return added;
}

void live_findings_free(struct live_findings *findings)
{
    for (size_t i = 0; i < findings->count; i++)
        live_case_free(&findings->list[i].one);
    free(findings->list);
    *findings = (struct live_findings){ 0 };
}

/* ---- words ------------------------------------------------------------------------------------------------------- */

/* The handshake with which nearly all cases begin says nothing. */
static bool is_ordinary(const struct live_case *one, size_t i, const struct btw_msg *msg)
{
    return msg->type == BTW_HANDSHAKE && live_case_handshake(one, i) == i;
}

static const char *word_of(const struct live_case *one, size_t i)
{
    const struct live_step *step = &one->steps[i];
    struct btw_msg msg;
    if (step->kind == LIVE_RST)
        return "rst";
    if (step->kind != LIVE_SEND)
        return NULL;
    if (live_step_msg(step, &msg))
        return is_ordinary(one, i, &msg) ? NULL : btw_desc_of(msg.type)->name;
    const struct btw_desc *desc = step->len > 4 ? btw_desc_of_id(step->bytes[4]) : NULL;
    return desc == NULL ? "raw" : desc->name;
}

void live_signature(char *out, size_t cap, const struct live_case *one)
{
    const char *before = "";
    size_t len = 0, words = 0;
    out[0] = '\0';
    for (size_t i = 0; i < one->count && words < SIGNATURE_STEPS_MAX && len < cap; i++) {
        const char *word = word_of(one, i);
        if (word == NULL || strcmp(word, before) == 0)
            continue;
        len += (size_t)snprintf(out + len, cap - len, "%s%s", words > 0 ? "-" : "", word);
        before = word;
        words++;
    }
    if (words == 0)
        snprintf(out, cap, "handshake");
    for (char *at = out; *at != '\0'; at++) {
        if (*at == '_')
            *at = '-';
    }
}

/* ---- the file ---------------------------------------------------------------------------------------------------- */

void live_finding_print(FILE *out, const struct live_finding *finding, const struct live_facts *facts,
                        const char *client, uint64_t seed)
{
    char comment[1200], name[120];
    snprintf(comment, sizeof comment,
             "# %s: %s.\n# %s\n# Target: %s.  Shown by %u of %d plays%s.\n"
             "# Case %" PRIu64 " of seed %" PRIu64 ", after %.1f s; from %zu step%s to %zu in %u %s.\n",
             live_verdict_name(finding->complaint.verdict), live_verdict_text(finding->complaint.verdict),
             finding->complaint.text, client != NULL ? client : "unknown", finding->shown, LIVE_CONFIRM_PLAYS,
             live_finding_confirmed(finding) ? "" : ": a suspect only", finding->number, seed, finding->after,
             finding->steps_before, scn_plural(finding->steps_before), finding->steps, finding->tries,
             finding->tries == 1 ? "try" : "tries");
    snprintf(name, sizeof name, "fuzz.%s", finding->name);
    for (char *at = name; *at != '\0'; at++) {
        if (*at >= 'A' && *at <= 'Z')
            *at = (char)(*at - 'A' + 'a');
    }
    live_case_print(out, &finding->one, &(struct live_style){ name, comment, facts });
}

/* SPDX-License-Identifier: MIT
 *
 * What a campaign has found: each thing once, with the shortest case that shows it.
 */
#ifndef LIVE_FINDINGS_H
#define LIVE_FINDINGS_H

#include "judge.h"

enum { LIVE_CONFIRM_PLAYS = 5, LIVE_CONFIRM_LEAST = 3 };

struct live_finding {
    struct live_complaint complaint;
    char name[96]; /* "crash-have": also that of its files */
    struct live_case one;
    uint64_t number; /* of the case that showed it first */
    double after;    /* seconds from the beginning of the campaign to that case */
    unsigned shown;  /* plays of the short case on a fresh target that showed it again, of LIVE_CONFIRM_PLAYS */
    unsigned tries;  /* plays to make it short */
    size_t steps_before, steps;
    uint64_t count; /* how often it was met in all */
};

struct live_findings {
    struct live_finding *list;
    size_t count;
};

/* Was it shown often enough: LIVE_CONFIRM_LEAST times, a death once more?  What was not is a suspect. */
bool live_finding_confirmed(const struct live_finding *finding);
size_t live_findings_confirmed(const struct live_findings *findings);

/* The finding of that verdict and key; NULL: there is none. */
struct live_finding *live_findings_find(const struct live_findings *findings, enum live_verdict verdict,
                                        const char *key);
/* Takes over what *finding owns, and gives it a name. */
struct live_finding *live_findings_add(struct live_findings *findings, const struct live_finding *finding);
void live_findings_free(struct live_findings *findings);

/* What a short case consists of, in a few words ("have", "extended-extended"): cases with equal signatures are taken
 * for one bug. */
void live_signature(char *out, size_t cap, const struct live_case *one);

/* The finding as a scenario file, that `conformance run --scenarios` plays; client is what the target calls itself, or
 * NULL. */
void live_finding_print(FILE *out, const struct live_finding *finding, const struct live_facts *facts,
                        const char *client, uint64_t seed);

#endif

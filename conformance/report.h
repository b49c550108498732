/* SPDX-License-Identifier: MIT
 *
 * What came of a suite, in several forms.  All of them say the same; docs/report.md describes the files.
 */
#ifndef SCN_REPORT_H
#define SCN_REPORT_H

#include <jansson.h>
#include <stdio.h>

#include "ledger.h"
#include "suite.h"

struct scn_report {
    /* To be filled by the caller; all of it is borrowed. */
    const struct scn_suite *suite; /* that is over */
    const char *target;            /* "127.0.0.1:6881" */
    const char *role;              /* "seed" */
    const char *again; /* command that runs a scenario again, without its id: "conformance run --target ..." */
    double seconds;
    bool interrupted;
    /* What only the caller knows, of a suite of one run; NULL where there is no more to be said: lines (NULL behind the
     * last) for the comments of TAP and the output of JUnit, members for the JSON. */
    const char *const *lines;
    json_t *members;
    /* Filled by scn_report_count. */
    size_t verdicts[SCN_DEFAULT]; /* runs by verdict; what is INFO counts as PASS */
    size_t breaches[SCN_DEFAULT]; /* findings of monitors: SCN_WARN and SCN_FAIL */
    const char *client;           /* as the target named itself, "" when it did not */
    char peer_id[4 * 20 + 1];     /* printable, "" when no handshake came */
};

void scn_report_count(struct scn_report *report);

/* The exit status, CLI_GREEN and so on.  strict: warnings are red.  min_pass: fewer PASS are CLI_NOTHING. */
int scn_report_status(const struct scn_report *report, bool strict, size_t min_pass);

/* The forms of --report KIND=FILE; what a report is, is up to who has the forms. */
struct scn_report_kind {
    const char *name;
    void (*write)(const void *report, FILE *out);
};
extern const struct scn_report_kind scn_report_kinds[]; /* behind the last, name is NULL */
/* of is a struct scn_report */
void scn_report_json(const void *of, FILE *out);
void scn_report_tap(const void *of, FILE *out);
void scn_report_junit(const void *of, FILE *out);

/* Writes it whole or not at all.  False: errno says why. */
bool scn_report_write(const void *report, const struct scn_report_kind *kind, const char *path);

/* ---- the terminal ------------------------------------------------------------------------------------------------ */

struct scn_terminal {
    FILE *out;
    bool live; /* a line that tells the progress is rewritten in place */
    bool color;
    size_t red; /* failures so far */
};
/* Live and coloured only on a terminal; NO_COLOR is respected. */
struct scn_terminal scn_terminal_on(FILE *out);
void scn_terminal_progress(struct scn_terminal *terminal, const struct scn_outcome *outcome, size_t done, size_t total);
void scn_terminal_report(struct scn_terminal *terminal, const struct scn_report *report);

/* ---- what reports about other things than suites are made of, too ------------------------------------------------ */

/* A JSON string of any bytes: what is no UTF-8 is made ASCII; NULL becomes null. */
json_t *scn_json_text(const char *from);
/* Text for an attribute or an element of XML; what XML cannot hold becomes '?'. */
void scn_xml_text(FILE *out, const char *text);
/* The line of a test point of TAP, behind its number: "ok 3 - id # SKIP: reason".  reason may be NULL. */
void scn_tap_point(FILE *out, size_t number, enum scn_verdict verdict, const char *id, const char *reason);

/* ---- for all forms ----------------------------------------------------------------------------------------------- */

const char *scn_level_name(enum btw_level level); /* "MUST" */
/* Of the first requirement the scenario names; NULL: the ledger does not know it. */
const struct scn_requirement *scn_outcome_requirement(const struct scn_outcome *outcome);
/* The verdict as it is counted: INFO is PASS. */
enum scn_verdict scn_outcome_verdict(const struct scn_outcome *outcome);

#endif

/* SPDX-License-Identifier: MIT
 *
 * What came of `conformance check`, in the forms that `run` has (docs/report.md): one case per session, with its
 * findings.  What is kept is bounded; what did not fit is counted.
 */
#ifndef CAP_CHECK_REPORT_H
#define CAP_CHECK_REPORT_H

#include <stdio.h>

#include "judge.h"
#include "names.h"
#include "report.h"

enum { CAP_CASES_MAX = 10000, CAP_KEPT_FINDINGS_MAX = 1000, CAP_WHO_TEXT = CAP_ENDPOINT_TEXT + CAP_CLIENT_TEXT + 4 };

/* A finding that outlives its session. */
struct cap_kept {
    struct cap_finding finding; /* session is NULL */
    char who[CAP_WHO_TEXT];     /* "10.0.0.1:6881, aria2 1.36.0" */
};

struct cap_case {
    char *id;                 /* "session.pcap f0 10.0.0.1:50123 > 10.0.0.2:6881" */
    enum scn_verdict verdict; /* PASS, WARN, FAIL, or SKIP: nothing of it could be judged */
    const char *reason;       /* why it was skipped, or why its verdict is weak; NULL: neither.  Static */
    double seconds;
    struct cap_kept *findings;
    size_t count;
};

struct cap_check_report {
    struct cap_case *cases;
    size_t count, room;
    size_t kept;                  /* findings */
    size_t verdicts[SCN_DEFAULT]; /* sessions by verdict, those that are not kept included */
    size_t breaches[SCN_DEFAULT]; /* findings by verdict, likewise */
    size_t cases_left_out, findings_left_out;
    char **suspicions; /* sentences about what is wrong and nobody's proven fault */
    size_t suspicion_count, suspicions_left_out;
    int64_t start_ns; /* of the file that is being read: times count from there */
};
void cap_check_report_free(struct cap_check_report *report);

/* The next session; id is taken over. */
void cap_check_report_begin(struct cap_check_report *report, char *id, double seconds);
/* A finding of that session, which is copied; who is whom it is about. */
void cap_check_report_add(struct cap_check_report *report, const struct cap_finding *finding, const char *who);
/* Something is wrong, and it cannot be told who did it.  The text is copied. */
void cap_check_report_suspect(struct cap_check_report *report, const char *text);
/* Its verdict, if nothing was found. */
void cap_check_report_end(struct cap_check_report *report, enum scn_verdict verdict, const char *reason);

/* The exit status.  strict: warnings are red. */
int cap_check_report_status(const struct cap_check_report *report, bool strict);

/* The forms of --report KIND=FILE, of a struct cap_check_report. */
extern const struct scn_report_kind cap_report_kinds[]; /* behind the last, name is NULL */

/* For people: one finding, and the sum. */
void cap_check_print_finding(FILE *out, bool color, const char *file, const struct cap_finding *finding,
                             const char *who, int64_t start_ns);
void cap_check_print_sum(FILE *out, const struct cap_check_report *report);

#endif

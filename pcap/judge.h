/* SPDX-License-Identifier: MIT
 *
 * The monitors over a captured session, both sides judged, and weakened by what a capture cannot prove: where bytes are
 * missing, where the start was not captured or only one side was, a rule that needs to know them is silent.  What is
 * reported is proven.
 */
#ifndef CAP_JUDGE_H
#define CAP_JUDGE_H

#include "lines.h"
#include "torrent.h"

enum {
    CAP_LINES_AFTER = 3,  /* of a transcript; before, CAP_LINES_KEPT with the one it is about */
    CAP_GRACE_MS = 20000, /* a message may be on its way, and be sent again, that long before it counts as known */
    CAP_JITTER_MS = 5000, /* so much may lie between when a message was sent and when the capture saw it */
};

/* All breaches of one rule by one side of a session; the first in full. */
struct cap_finding {
    const struct btw_rule *rule;
    enum btw_verdict verdict; /* BTW_WARN or BTW_FAIL, the worst */
    enum btw_side side;       /* who broke it */
    const struct cap_session *session;
    uint64_t frame;
    int64_t time_ns;
    unsigned count;
    char *text;
    char *lines[CAP_LINES_KEPT + CAP_LINES_AFTER]; /* in the notation, oldest first */
    size_t line_count, line_at;                    /* lines[line_at] shows it */
};
/* The finding lives during the call. */
typedef void cap_finding_fn(void *user, const struct cap_finding *finding);

struct cap_judge;

/* A judge for a session that has just been opened; start_ns is what times in transcripts count from.  NULL: memory is
 * short. */
struct cap_judge *cap_judge_new(const struct cap_session *session, int64_t start_ns);
void cap_judge_free(struct cap_judge *judge);

/* Each event of the session, CAP_CLOSED included. */
void cap_judge_take(struct cap_judge *judge, const struct cap_event *event);
/* The session's torrent is known; at best told before the handshakes are taken.  It must outlive the judge. */
void cap_judge_torrent(struct cap_judge *judge, const struct cap_torrent *torrent);
/* The event that was taken last breaks a rule that somebody else judges. */
void cap_judge_breach(struct cap_judge *judge, const struct btw_rule *rule, enum btw_side side, const char *text);
/* Tells findings that were not told so before and are proven already; their lines and their count may still grow. */
void cap_judge_news(struct cap_judge *judge, cap_finding_fn *told, void *user);
/* Tells the findings, in the order of their frames; once, behind CAP_CLOSED. */
void cap_judge_tell(struct cap_judge *judge, cap_finding_fn *told, void *user);

const struct btw_view *cap_judge_view(const struct cap_judge *judge, enum btw_side side);

#endif

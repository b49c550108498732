/* SPDX-License-Identifier: MIT
 *
 * One scenario being played against a target: steps, connections, monitors, verdict.  No I/O and no clock of its own: a
 * link moves the bytes and tells the time, the caller calls scn_run_advance at the deadline.  Any number of runs share
 * a link.
 */
#ifndef SCN_RUN_H
#define SCN_RUN_H

#include "btw/monitor.h"
#include "link.h"
#include "timeline.h"
#include "world.h"

struct scn_run;

/* A breach of a rule by the target, seen by a monitor during the run. */
struct scn_finding {
    const struct btw_rule *rule;
    enum scn_verdict verdict; /* SCN_WARN or SCN_FAIL */
    const char *conn;
    const char *text;
    int64_t time_ms; /* since the start of the run */
    unsigned count;  /* how often the rule was broken in this run; text and time are the first's */
};

/* What is known when the run is over; lives as long as the run. */
struct scn_result {
    enum scn_verdict verdict;     /* of the script's own lines; PASS may carry notes */
    struct scn_place place;       /* of the line that decided, line 0 when none did */
    const char *label;            /* its label, or NULL */
    const char *want, *got;       /* in the notation; NULL when there is none */
    const char *reason;           /* one sentence; NULL for a plain PASS */
    bool weak;                    /* absence was judged without a fence */
    bool stimulus;                /* the stimulus was sent, */
    int64_t stimulus_ms;          /* and when, the last one of several (link time) */
    bool waited_for_unchoke;      /* no unchoke came: worth a second try with fewer rivals */
    const char *client;           /* as the target named itself on any connection, or NULL */
    uint8_t peer_id[20];          /* of the target, zeros when no handshake came */
    int64_t started_ms, ended_ms; /* link time */
    const struct scn_finding *findings;
    size_t finding_count;
    const char *const *notes; /* INFO and WARN sentences met on the way */
    size_t note_count;
};

/* `number` makes names, peer ids and random values distinct and repeatable; copy selects the torrents' copy.  case NULL
 * when the scenario has none.  Everything passed in must outlive the run. */
struct scn_run *scn_run_new(const struct scn_scenario *scenario, const struct scn_case *one, struct scn_world *world,
                            struct scn_link *link, unsigned number, unsigned copy);
void scn_run_free(struct scn_run *run);

const char *scn_run_id(const struct scn_run *run); /* scenario or scenario/case */
const struct scn_scenario *scn_run_scenario(const struct scn_run *run);

/* Plays on as far as possible.  The first call starts the run. */
void scn_run_advance(struct scn_run *run);
/* When to call scn_run_advance at the latest if nothing happens; INT64_MAX: only an event helps. */
int64_t scn_run_deadline(const struct scn_run *run);
bool scn_run_done(const struct scn_run *run);
const struct scn_result *scn_run_result(const struct scn_run *run);
const struct scn_timeline *scn_run_timeline(const struct scn_run *run);

/* What became of the connection of that number (scn_conn_number), as far as it is known.  False: there is none. */
struct scn_fate {
    const char *name;
    bool opened; /* the target took it */
    enum btw_end our_end;
    enum btw_end target_end; /* BTW_END_NONE: it has not ended it; RST also when it could not be made */
    bool target_first;       /* and before we have */
};
bool scn_run_fate(const struct scn_run *run, unsigned number, struct scn_fate *out);

/* Set of 1 << enum scn_capability that the target showed on this run's connections. */
uint64_t scn_run_capabilities(const struct scn_run *run);

/* The info dictionary of a torrent known by info-hash only, put together from the target's answers and verified; it
 * lives as long as the run.  False: it did not come. */
bool scn_run_metadata(const struct scn_run *run, struct btw_slice *out);

/* Ends the run from outside with this verdict (interrupt, target gone). */
void scn_run_abort(struct scn_run *run, enum scn_verdict verdict, const char *reason);

/* Raises the verdict of a run that is over: the target did not survive it. */
void scn_run_condemn(struct scn_run *run, enum scn_verdict verdict, const char *reason);

/* Its dials do not wait behind those of other runs.  Set before the first advance. */
void scn_run_go_first(struct scn_run *run);

/* Bytes as they pass, for capture files.  sent: from the suite to the target.  Set before the first advance. */
typedef void scn_tap_fn(void *user, const struct scn_conn *conn, bool sent, struct btw_slice bytes, int64_t now_ms);
void scn_run_tap(struct scn_run *run, scn_tap_fn *tap, void *user);
unsigned scn_conn_number(const struct scn_conn *conn); /* distinct within a run, from 0 */

/* ---- called by links --------------------------------------------------------------------------------------------- */

void scn_conn_opened(struct scn_conn *conn);
void scn_conn_received(struct scn_conn *conn, struct btw_slice bytes);
void scn_conn_drained(struct scn_conn *conn);
/* FIN: the target will send no more.  RST: the connection is gone, or could never be made (error, or NULL, says why).
 */
void scn_conn_ended(struct scn_conn *conn, enum btw_end how, const char *error);
/* A connection came to a listener.  Returns the engine's end for it (the link keeps handle), or NULL: not wanted, close
 * it. */
struct scn_conn *scn_conn_accepted(struct scn_listener *listener, void *handle);
struct scn_run *scn_conn_run(const struct scn_conn *conn);
struct scn_run *scn_listener_run(const struct scn_listener *listener);

#endif

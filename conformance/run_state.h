/* SPDX-License-Identifier: MIT
 *
 * The inside of a run, shared by run.c (verdict and control), counters.c (p1.NAME), step.c (the statements), conn.c
 * (bytes), outbox.c (sending), sync.c (round trips), learn.c (metadata) and reflex.c (what the scripted peer does by
 * itself).  Nobody else includes it.
 */
#ifndef SCN_RUN_STATE_H
#define SCN_RUN_STATE_H

#include "btw/mse_end.h"
#include "btw/stream.h"
#include "btw/ut_metadata.h"
#include "match.h"
#include "run.h"

enum {
    RUN_CONNS_MAX = 64,
    RUN_DEPTH_MAX = 20,
    RUN_FINDINGS_MAX = 64,
    RUN_NOTES_MAX = 32,
    RUN_MESSAGES_MAX = 100000,   /* from the target in one run; more is a flood, and ends the run */
    RUN_BYTES_MAX = 192 << 20,   /* the same in bytes */
    CONN_LEN_MAX = 2 << 20,      /* the longest message a target may send */
    CONN_INBOX_MAX = 48 << 20,   /* bytes waiting for the script on one connection */
    INBOXES_MAX = 192 << 20,     /* on all connections of all runs */
    CONN_QUEUED_MAX = 256 << 10, /* bytes handed to the link and not gone */
};

/* A message that came and that no line has consumed. */
struct inbox_item {
    struct inbox_item *next;
    struct btw_msg msg; /* views point into bytes */
    bool garbage;       /* bytes that are no BitTorrent stream: fits `raw` only */
    bool answered;      /* a request that the scripted peer has answered by itself */
    size_t size;
    uint8_t bytes[];
};

/* One send statement on its way: bytes are made when there is room for them. */
struct outbox_item {
    struct outbox_item *next;
    const struct scn_step *step; /* NULL: bytes only */
    int64_t times, i, every_ms;
    int64_t repeat_index; /* $i outside the statement */
    uint8_t *bytes;       /* of the current repetition */
    size_t len, at;
    size_t split, cut_at;
    int64_t gap_ms;
    int64_t not_before; /* link time */
};

enum sync_method { SYNC_NONE, SYNC_BLOCK, SYNC_METADATA, SYNC_UNCHOKE, SYNC_INTEREST, SYNC_WEAK };
struct sync {
    enum sync_method method; /* SYNC_NONE: not under way */
    bool answered;
    uint32_t piece;
    int64_t until; /* SYNC_WEAK: link time when it is over */
};

struct scn_listener {
    struct scn_run *run;
    struct scn_conn *conn;
    void *handle;
};

struct scn_conn {
    struct scn_run *run;
    const char *name;
    unsigned number, source;
    bool v6;
    struct scn_dial how;           /* it was dialled */
    const struct cloak_plan *plan; /* how it encrypts; NULL: in clear */
    struct cloak *cloak;           /* NULL: in clear, or not begun */
    void *handle;                  /* the link's; NULL: not dialled, or forgotten */
    struct scn_listener *listener;
    enum btw_side target; /* which side the target is */
    bool opened, refused; /* refused: it could never be made */
    enum btw_end target_end, our_end;
    bool target_first; /* it ended before we did */
    const char *error;
    int64_t end_ms;
    uint64_t ended_behind; /* advances when it ended */
    const struct scn_torrent *torrent;
    struct btw_address address;
    bool address_known;

    struct btw_stream in, out;
    uint8_t *in_buffer, *out_buffer;
    bool in_garbage, out_garbage;
    struct btw_monitor *monitor;
    bool monitor_ended;

    struct inbox_item *inbox, **inbox_last;
    size_t inbox_bytes;
    struct outbox_item *outbox, **outbox_last;
    struct sync sync;

    uint64_t metadata_messages, pex_messages, wrong_pieces;
    uint64_t accepts;     /* connections the target made to the listener, refused ones counted, too */
    uint64_t mse_zeros;   /* of its encrypted handshakes, those with a secret that begins with a zero byte */
    int64_t serve_left;   /* blocks the reflex still answers; INT64_MAX: all */
    unsigned leaves_told; /* hash requests for leaves that it has answered */
    int64_t corrupt;      /* piece whose next block (or metadata) is spoilt, -1: none */
    uint8_t our_metadata_id, our_pex_id;
    bool metadata_sure; /* our last extended handshake announced ut_metadata in a way that nobody can misread */
    bool said_metadata_size;
    int64_t last_sent_ms;
    bool we_choke;
};

struct frame {
    const struct scn_step *steps;
    size_t count, at;
    const struct scn_step *owner; /* NULL: the scenario itself */
    int64_t i, times;
};

struct variable {
    const char *name;
    struct scn_value value;
};

struct scn_run {
    const struct scn_scenario *scenario;
    const struct scn_case *one;
    struct scn_world *world;
    struct scn_link *link;
    struct scn_arena *arena;
    const char *id;
    unsigned number, copy;
    uint64_t random;
    const struct scn_torrent *torrents[SCN_TORRENTS_MAX];

    struct scn_conn *conns[RUN_CONNS_MAX];
    size_t conn_count;
    struct variable vars[SCN_VARS_MAX];
    size_t var_count;

    bool started, done;
    bool first;        /* its dials do not wait behind those of other runs */
    bool awake;        /* something happened since the last advance */
    uint64_t advances; /* so far */
    int64_t deadline;  /* as the last advance left it */
    struct frame frames[RUN_DEPTH_MAX];
    size_t depth;
    bool entered; /* the current step has been begun */
    int64_t step_deadline;
    int64_t step_started;
    const char *near_miss; /* of the current <: the first message of the right type that did not fit */
    uint64_t seen;         /* anyorder: set of patterns that have come */
    int64_t send_index;    /* $i */

    uint64_t messages, bytes; /* from the target, on all connections */
    struct scn_result result;
    struct scn_finding findings[RUN_FINDINGS_MAX];
    const char *notes[RUN_NOTES_MAX];
    struct scn_timeline *timeline;
    uint8_t *delivered; /* bit per block of torrents[0]: rightly sent to the target */
    uint32_t delivered_blocks;
    struct btw_metadata *learning; /* NULL: nothing has come yet */
    struct btw_slice learnt;       /* the info dictionary as far as it is there */
    bool learnt_all;
    scn_tap_fn *tap;
    void *tap_user;
};

/* run.c */
int64_t run_now(const struct scn_run *run);
int64_t run_time(const struct scn_run *run); /* since its start */
struct scn_env run_env(struct scn_run *run, struct scn_arena *arena);
struct scn_conn *run_conn(struct scn_run *run, const char *name);
struct scn_conn *run_conn_make(struct scn_run *run, const char *name);
/* A line did not come true.  True: the run goes on all the same (WARN, INFO). */
bool run_line_failed(struct scn_run *run, const struct scn_step *step, enum scn_verdict verdict, const char *want,
                     const char *got, const char *reason);
/* A value could not be had, and the run is over: the script is wrong, unless the target had said what it is made of. */
void run_value_failed(struct scn_run *run, const struct scn_step *step, const struct scn_env *env);
void run_note(struct scn_run *run, enum scn_verdict verdict, const struct scn_step *step, const char *text);
bool run_over(struct scn_run *run);
int64_t run_scaled(const struct scn_run *run, int64_t ms);

/* counters.c: of struct scn_env */
bool run_counter(void *user, const char *conn, const char *name, int64_t *out);

/* Memory, or the end: a tool that has none left has nothing better to do. */
void *run_must(void *memory);

/* watch.c */
void watch_start(struct scn_conn *conn);
/* The connection is over; by NULL: nobody closed it. */
void watch_end(struct scn_conn *conn, const enum btw_side *by);
void watch_delivery(struct scn_conn *conn, const struct btw_msg *msg);
/* Are these bytes the content of the connection's torrent? */
bool watch_content(const struct scn_conn *conn, uint32_t piece, uint32_t begin, struct btw_slice data);

/* step.c */
enum step_state { STEP_DONE, STEP_BLOCKED };
enum step_state step_play(struct scn_run *run, const struct scn_step *step);
/* A message of the target arrived: is it what a running `never` forbids?  Returns the statement, or NULL. */
void step_watch(struct scn_run *run, struct scn_conn *conn, const struct inbox_item *item);

/* conn.c */
void conn_dial(struct scn_conn *conn, const struct scn_dial *how);
void conn_free(struct scn_conn *conn);
void conn_forget(struct scn_conn *conn);
bool conn_is_open(const struct scn_conn *conn);
const struct btw_view *conn_view(const struct scn_conn *conn, bool of_target); /* never NULL */
bool conn_can(const struct scn_conn *conn, int capability);
void conn_pop(struct scn_conn *conn);
/* Hands bytes to the link, and shows them to the monitor and the timeline. */
void conn_put(struct scn_conn *conn, struct btw_slice bytes);
/* A message as text, long contents by the name of the torrent they come from. */
const char *conn_describe(const struct scn_conn *conn, const struct btw_msg *msg, struct scn_arena *arena);

/* What the script, or else the target, is shown of bytes that went. */
void conn_sent(struct scn_conn *conn, struct btw_slice bytes);
/* The connection stands, and whatever had to come before the first message is done. */
void conn_ready(struct scn_conn *conn);
/* No stream of messages will come out of this connection. */
void conn_spoil(struct scn_conn *conn, const char *why);

/* cloak.c: encryption.  A plan is made from the step, or from what the whole run is told to do; NULL: in clear. */
bool cloak_make_plan(struct scn_conn *conn, const struct scn_step *step); /* false: the script is wrong */
void cloak_start(struct scn_conn *conn);
void cloak_free(struct scn_conn *conn);
/* Takes bytes of the wire; *bytes is the clear ones from here on.  False: there are none yet. */
bool cloak_received(struct scn_conn *conn, struct btw_slice *bytes);
/* Clear bytes to those of the wire; a view until the next call. */
struct btw_slice cloak_encrypt(struct scn_conn *conn, struct btw_slice clear);
bool cloak_was_unlucky(const struct scn_conn *conn); /* it failed by chance, and another try is due */
bool cloak_is_open(const struct scn_conn *conn);     /* messages may be sent */
void cloak_pump(struct scn_conn *conn);
int64_t cloak_deadline(const struct scn_conn *conn);
/* For counters; what is not there counts nothing. */
unsigned cloak_method(const struct scn_conn *conn);
size_t cloak_heard(const struct scn_conn *conn);
const struct btw_mse_seen *cloak_seen(const struct scn_conn *conn);

/* outbox.c */
void outbox_add(struct scn_conn *conn, const struct scn_step *step);
void outbox_add_msg(struct scn_conn *conn, const struct btw_msg *msg);
void outbox_pump(struct scn_conn *conn);
int64_t outbox_deadline(const struct scn_conn *conn);
void outbox_free(struct scn_conn *conn);

/* sync.c */
void sync_start(struct scn_conn *conn);
void sync_stop(struct scn_conn *conn);
/* Is this message the answer?  Then sync.answered is set and true is returned. */
bool sync_sees(struct scn_conn *conn, const struct btw_msg *msg);
bool sync_is_over(struct scn_conn *conn); /* answered, or the weak wait has passed */
int64_t sync_deadline(const struct scn_conn *conn);

/* learn.c */
void learn_received(struct scn_conn *conn, const struct btw_msg *msg);

/* reflex.c */
void reflex_received(struct scn_conn *conn, struct inbox_item *item);
void reflex_catch_up(struct scn_conn *conn); /* answers what no line has consumed and nobody has answered */
void reflex_sent(struct scn_conn *conn, const struct btw_msg *msg);
void reflex_tick(struct scn_conn *conn);
int64_t reflex_deadline(const struct scn_conn *conn);

#endif

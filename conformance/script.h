/* SPDX-License-Identifier: MIT
 *
 * A scenario file, parsed whole and checked against the message table before anything runs: docs/notation.md,
 * Scenarios. This is the tree; run.h plays it, lint.h judges it, fmt.h writes it back.
 */
#ifndef SCN_SCRIPT_H
#define SCN_SCRIPT_H

#include "btw/msg.h"
#include "btw/peer.h"

/* Where a thing stands in its file, for messages: file:line:column. */
struct scn_place {
    const char *file;
    unsigned line, column; /* both from 1 */
};

/* What a line that did not come true says about the target.  Ordered by weight. */
enum scn_verdict {
    SCN_PASS,
    SCN_INFO, /* observation only; a scenario's verdict is never INFO: it counts as PASS */
    SCN_SKIP,
    SCN_UNSUPPORTED,
    SCN_INCONCLUSIVE,
    SCN_WARN,
    SCN_FAIL,
    SCN_CRASH,
    SCN_ERROR,
    SCN_DEFAULT, /* in a script only: as the stimulus mark and the requirement's level say */
};
const char *scn_verdict_name(enum scn_verdict verdict); /* "PASS" */

/* ---- values ------------------------------------------------------------------------------------------------------ */

/* A value as written: a literal, a variable, a pattern or an expression.  What it evaluates to depends on the field. */
enum scn_expr_kind {
    SCN_EXPR_INT,      /* 16384, 0xff, -1 */
    SCN_EXPR_BYTES,    /* hex, "text", x"hex" */
    SCN_EXPR_VAR,      /* $name */
    SCN_EXPR_BIND,     /* ?name: fits anything, keeps it */
    SCN_EXPR_ANY,      /* * */
    SCN_EXPR_RANGE,    /* a..b: items[0], items[1], inclusive */
    SCN_EXPR_OP,       /* items[0] op items[1]; + joins bytes */
    SCN_EXPR_CALL,     /* name(items...) */
    SCN_EXPR_PROP,     /* items[0].name: property of a torrent, or a counter of a connection (conn.name) */
    SCN_EXPR_CONN,     /* the connection before the dot in p1.pieces */
    SCN_EXPR_RESERVED, /* [ext fast]: bytes holds the 8 */
    SCN_EXPR_DICT,     /* {key=value ...}: items in pairs key (BYTES), value; a pattern lets other keys be there */
    SCN_EXPR_LIST,     /* [a b c] */
    SCN_EXPR_NONE,     /* none: as a pattern in a dict, the key must be absent */
};

struct scn_expr {
    enum scn_expr_kind kind;
    char op; /* '+', '-', '*', '/', '%' */
    int64_t number;
    struct btw_slice bytes; /* BYTES, RESERVED */
    const char *name;       /* VAR, BIND, CALL, PROP, CONN */
    struct scn_expr **items;
    size_t count;
    struct scn_place place;
};

/* A message as a template (to send) or a pattern (to match).  desc NULL: `any`, every message but a handshake. */
struct scn_msg {
    const struct btw_desc *desc;
    struct scn_expr *fields[BTW_FIELDS_MAX]; /* by the table's index; NULL: not written */
    struct scn_expr *dict, *tail;            /* of a payload field, instead of data= */
    struct scn_place place;
};

/* How bytes are put on the wire, orthogonal to what they are; all optional (NULL, 0). */
struct scn_wire {
    struct scn_expr *times;  /* so many times; $i counts from 0 */
    struct scn_expr *split;  /* in segments of so many bytes */
    struct scn_expr *at;     /* one cut behind that many bytes (of the whole write) */
    struct scn_expr *prefix; /* this number instead of the true length prefix */
    struct scn_expr *cut;    /* only the first so many bytes are sent */
    int64_t gap_ms;          /* pause between segments */
    int64_t every_ms;        /* pause between repetitions */
};

/* How a scripted peer encrypts: what is said behind `mse`; NULL where nothing is. */
enum scn_mse_option {
    SCN_MSE_METHODS,    /* provide=N, allow=N */
    SCN_MSE_SELECT,     /* select=N: said to be selected, whatever is */
    SCN_MSE_PAD_CLEAR,  /* pad_a=N, pad_b=N */
    SCN_MSE_PAD_SECRET, /* pad_c=N, pad_d=N */
    SCN_MSE_PAD_LEN,    /* pad_c_len=N, pad_d_len=N: told, whatever is sent */
    SCN_MSE_IA,         /* ia=BYTES */
    SCN_MSE_IA_LEN,     /* ia_len=N: told */
    SCN_MSE_SKEY,       /* skey=BYTES */
    SCN_MSE_VC,         /* vc=BYTES */
    SCN_MSE_KEY,        /* key=BYTES: sent as the public key */
    SCN_MSE_SECRET,     /* secret=BYTES: S, to go on with */
    SCN_MSE_OPTIONS
};
enum scn_mse_zero { SCN_MSE_ZERO_NONE, SCN_MSE_ZERO_KEY, SCN_MSE_ZERO_SECRET };
struct scn_mse {
    struct scn_expr *options[SCN_MSE_OPTIONS];
    enum scn_mse_zero zero; /* zero=key, zero=secret: it begins with a zero byte */
};

/* ---- steps ------------------------------------------------------------------------------------------------------- */

enum scn_step_kind {
    SCN_DIAL,    /* p1 dial [v6] [from=p2] [rcvbuf=N] [mse ...] */
    SCN_LISTEN,  /* p1 listen [v6] [peer_id=VALUE] [mse ...]: a listener of its own, told to the target; peer_id: by the
                    tracker */
    SCN_ACCEPT,  /* p1 accept within D: the target's connection to that listener */
    SCN_SECURED, /* p1 secured [within D]: the encrypted handshake is done */
    SCN_SEND,    /* p1 > MSG [wire ...]   p1 > [wire ...] { MSG ... }: one write */
    SCN_EXPECT,  /* p1 < MSG [next] [within D] */
    SCN_CLOSES,  /* p1 closes [fin|rst|any] [within D] */
    SCN_SYNC,    /* p1 sync [within D]: a round trip that comes back behind all that came before */
    SCN_ONEOF,   /* p1 oneof [within D] { ALTERNATIVE... } */
    SCN_ANYORDER, /* p1 anyorder [within D] { MSG... } */
    SCN_MAYBE,    /* p1 maybe MSG [within D]: consumed if it comes, no harm if not */
    SCN_NEVER,    /* p1 never MSG [| MSG ...] { steps that end in a fence } */
    SCN_UNTIL,    /* p1 until COUNTER op VALUE [within D] */
    SCN_CHECK,    /* check VALUE op VALUE */
    SCN_WAIT,     /* wait D "reason" */
    SCN_REPEAT,   /* repeat N { steps }: $i counts from 0 */
    SCN_IF,       /* p1 if [not] CAPABILITY { steps } */
    SCN_FIN,      /* p1 fin */
    SCN_RST,      /* p1 rst */
    SCN_PAUSE,    /* p1 pause: stop reading */
    SCN_RESUME,   /* p1 resume */
    SCN_SERVE,    /* p1 serve all | none | N: how many more block requests the scripted peer answers by itself;
                     p1 serve all corrupt=PIECE: the first block of that piece comes with one byte flipped, once */
    SCN_STEP_KINDS
};

enum scn_end_kind { SCN_END_ANY, SCN_END_FIN, SCN_END_RST };
enum scn_compare { SCN_EQ, SCN_NE, SCN_LT, SCN_LE, SCN_GT, SCN_GE };

/* One alternative of oneof. */
enum scn_alt_kind { SCN_ALT_MSG, SCN_ALT_CLOSES, SCN_ALT_SYNC, SCN_ALT_SILENCE };
struct scn_alt {
    enum scn_alt_kind kind;
    struct scn_msg msg;
    enum scn_end_kind end;
    int64_t within_ms;        /* -1: the statement's */
    enum scn_verdict verdict; /* what it says when it comes; SCN_PASS when not written */
    const char *note;         /* "text" behind the verdict, or NULL */
    struct scn_place place;
};

struct scn_step {
    enum scn_step_kind kind;
    struct scn_place place;
    const char *text;       /* the line as written, trimmed, without comment */
    const char *macro;      /* the line (join, unchoked) that this step is a part of, or NULL */
    const char *conn;       /* name of the connection; NULL for check, wait, repeat */
    bool stimulus;          /* `!` behind the verb */
    const char *label;      /* of @label, without the '@'; or NULL */
    int64_t within_ms;      /* -1: not written */
    enum scn_verdict fails; /* `else LEVEL`; SCN_DEFAULT when not written */
    struct scn_msg *msgs;   /* SEND (one, or a block), EXPECT and MAYBE (one), ANYORDER, NEVER (any) */
    size_t msg_count;
    struct scn_wire wire; /* SEND */
    bool next;            /* EXPECT: nothing may be passed over */
    struct scn_alt *alts; /* ONEOF */
    size_t alt_count;
    enum scn_end_kind end;         /* CLOSES */
    struct scn_expr *left, *right; /* CHECK; UNTIL; REPEAT: left; SERVE: left (NULL: all), right (corrupt) */
    enum scn_compare compare;
    const char *name; /* IF: capability */
    bool negated;     /* IF */
    int64_t wait_ms;
    const char *reason;       /* WAIT */
    bool v6;                  /* DIAL, LISTEN */
    const char *from;         /* DIAL: use the source address of that connection */
    struct scn_expr *rcvbuf;  /* DIAL */
    struct scn_expr *peer_id; /* LISTEN */
    struct scn_mse *mse;      /* DIAL, LISTEN: encrypted, `wire` is how its handshake travels; NULL: not written */
    struct scn_step *body;    /* NEVER, REPEAT, IF */
    size_t body_count;
};

/* ---- faults ------------------------------------------------------------------------------------------------------ */

enum scn_fault_kind { SCN_FAULT_TX, SCN_FAULT_RX, SCN_FAULT_POLICY };
enum scn_fault_action {
    SCN_ACT_DROP,   /* the message does not happen */
    SCN_ACT_SET,    /* set FIELD=VALUE ...: the message with fields replaced (msg.fields of `set`) */
    SCN_ACT_ANSWER, /* tx: `instead MSG` replaces it; rx: `answer MSG` for the peer, who does not see it */
    SCN_ACT_ADD,    /* `add MSG`: it happens, and then MSG is sent, too */
    SCN_ACT_DUP,    /* it happens twice */
    SCN_ACT_DELAY,  /* it happens D later, and so does all behind it */
    SCN_ACT_CLOSE,  /* the peer closes the connection instead */
    SCN_ACT_HANG,   /* from here on the peer neither reads nor writes on this connection */
    SCN_ACT_CRASH,  /* the whole client dies */
    SCN_ACT_LEAK,   /* it happens, and memory, */
    SCN_ACT_LOSE,   /* a descriptor, */
    SCN_ACT_SPIN,   /* or time of the processor is wasted (waste.h), */
    SCN_ACT_MUTTER, /* or a sanitizer's complaint is written */
};

/* A fault: one change that makes a decent peer break this scenario, and by what it must be caught. */
struct scn_fault_spec {
    enum scn_fault_kind kind;
    struct scn_msg match; /* TX, RX: which messages; the pattern `malformed` is desc RAW with bad_wire set */
    bool bad_wire;        /* match frames of a known id whose layout does not fit */
    enum scn_fault_action action;
    struct scn_msg change; /* SET: fields to replace; ANSWER, ADD: the message */
    int64_t delay_ms;
    const char *policy;        /* POLICY: name */
    int64_t value;             /* POLICY: value, default as `policy NAME` = 0 or NAME=V */
    enum scn_verdict expected; /* fails, warns, crashes */
    const char *by;            /* "@label", or a rule's id or name; NULL only with crashes */
    const char *text;          /* as written, without the expectation: "tx piece set begin=0" */
    struct scn_place place;
};

/* ---- scenarios --------------------------------------------------------------------------------------------------- */

enum { SCN_RULES_MAX = 12, SCN_TORRENTS_MAX = 4, SCN_VARS_MAX = 32, SCN_ANYORDER_MAX = 64 };

struct scn_case {
    const char *name;
    const char *vars[4]; /* NULL behind the last */
    struct scn_expr *values[4];
    struct scn_place place;
};

enum scn_target { SCN_TARGET_ANY, SCN_TARGET_SEED, SCN_TARGET_LEECH, SCN_TARGET_MAGNET };

struct scn_scenario {
    const char *name;    /* request.right-block */
    const char *title;   /* first sentence of the comment above */
    const char *comment; /* all of the comment above, lines joined by \n, without # */
    const char *text;    /* source text of this scenario, for explain */
    struct scn_place place;
    const char *rules[SCN_RULES_MAX]; /* requirement ids, NULL behind the last */
    enum scn_target target;
    const char *torrents[SCN_TORRENTS_MAX]; /* fixture kinds behind $t1..; "any", the default: whatever is loaded */
    uint64_t needs;                         /* set of 1 << enum scn_capability */
    const char *tags[4];
    bool strict;            /* no reflexes */
    struct scn_case *cases; /* each is a run of its own, named scenario/case; none: one run */
    size_t case_count;
    struct scn_fault_spec *faults;
    size_t fault_count;
    struct scn_step *steps;
    size_t step_count;
};

/* Capabilities: `needs` asks the target as a whole (first handshake), `if` the connection. */
/* clang-format off */
#define SCN_CAPABILITY_LIST(X)                                                          \
    X(fast, "both sides set the Fast bit")                                              \
    X(ext, "both sides set the extension bit")                                          \
    X(dht, "both sides set the DHT bit")                                                \
    X(ut_metadata, "the target announced ut_metadata")                                  \
    X(ut_pex, "the target announced ut_pex")                                            \
    X(reqq, "the target announced reqq")                                                \
    X(unchoked, "the target has unchoked this connection")                              \
    X(open, "the connection is open")                                                   \
    X(ipv6, "the target listens on [::1], too")                                         \
    X(dials, "the target dials peers that a tracker names")                             \
    X(metadata, "the torrent's metadata is known to the suite")                         \
    X(mse, "the target answers an encrypted handshake")                                 \
    X(mse_dials, "the target dials peers with encryption: run --mse")                    \
    X(v2, "the target loads torrents of version 2 (BEP 52)")
/* clang-format on */
enum scn_capability {
#define SCN_CAPABILITY_ENUM(name, what) SCN_CAP_##name,
    SCN_CAPABILITY_LIST(SCN_CAPABILITY_ENUM)
#undef SCN_CAPABILITY_ENUM
        SCN_CAPABILITIES
};
const char *scn_capability_name(enum scn_capability capability);
const char *scn_capability_text(enum scn_capability capability); /* what it says, a clause */
/* -1: no such capability. */
int scn_capability_find(const char *name, size_t len);

struct scn_script {
    struct scn_scenario *scenarios;
    size_t count;
    struct scn_arena *arena; /* owns everything above */
};

struct scn_error {
    struct scn_place place;
    char text[240]; /* what is wrong, and what was expected */
    char line[200]; /* the source line, for the caret */
};

/* Parses a file's text (len bytes, any bytes).  file names it in messages and must outlive the script; text may go.
 * NULL: *error says where and why.  Never reads outside text. */
struct scn_script *scn_script_parse(const char *file, const char *text, size_t len, struct scn_error *error);
void scn_script_free(struct scn_script *script);

/* Writes "file:line:column: text\n  line\n  ^\n". */
void scn_error_print(void *stream /* FILE * */, const struct scn_error *error);

#endif

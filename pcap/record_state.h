/* SPDX-License-Identifier: MIT
 *
 * The inside of a recording, shared by record.c (what is said, and when), record_wait.c (what is waited for),
 * record_kind.c (what the scenario is about), record_fold.c (statements) and record_msg.c (messages as text).  Nobody
 * else includes it.
 */
#ifndef CAP_RECORD_STATE_H
#define CAP_RECORD_STATE_H

#include <stdio.h>

#include "btw/ext.h"
#include "btw/monitor.h"
#include "pairs.h"
#include "record.h"

enum { RECORD_FEW = 24 }; /* requests; the answers to more are counted, not listed */

struct record;

/* Why the scenario is silent about a message. */
enum record_omission {
    RECORD_KEEPALIVES,
    RECORD_ANSWERS,
    RECORD_CONTACTS,
    RECORD_OTHER_EXTENSIONS,
    RECORD_THEIRS, /* the target's; all others are ours */
    RECORD_OMISSIONS
};
/* Messages by type; extended ones of ours by extension, the unknown ones behind them. */
enum { RECORD_WORDS = BTW_TYPES + BTW_EXTS + 1 };

/* What a session was about: the requirement, and the fault that must be noticed. */
struct record_kind {
    const char *label;           /* of the line that notices */
    const char *rule;            /* id in the ledger */
    const char *fault, *fault_v; /* of a target that is dialled; of one that dials.  %u is our id of ut_metadata */
    enum scn_target target;
    bool (*is)(const struct record *record, size_t note); /* did this note show it? */
};

struct record {
    const struct cap_record_config *config;
    const struct cap_tape *tape;
    enum btw_side us, them;
    struct cap_pair *pairs;
    FILE *out;
    const struct record_kind *kind;
    size_t stimulus;           /* note of ours that the test begins with; SIZE_MAX: the accepting of the connection */
    bool labelled, stimulated; /* the kind's label, and the mark, have been given */
    bool few;                  /* requests: each answer is a line of its own */
    uint32_t blocks_per_piece; /* as the torrent says, or as far as anybody asked */
    struct btw_monitor *heard; /* has seen all notes so far */
    const struct btw_msg *hello[2]; /* extended handshakes by side, or NULL */
    struct btw_ext_map wants;       /* the target's extension ids, as in the capture */
    struct btw_ext_map bound;       /* those that a variable stands for */
    uint8_t our_metadata_id;        /* what we want ut_metadata to be sent as; 0: not at all */
    size_t *pending;                /* notes of ours that will be written next */
    size_t pending_count;
    size_t *deferred; /* haves of ours, to be said when the next answers have been waited for */
    size_t deferred_count;
    /* The target's last unchoke, a note; 0: none. */
    size_t last_unchoke;
    size_t asked;       /* questions before this note have been sent, and their answers may be waited for */
    size_t waited;      /* and those before this have been */
    bool opened;        /* the target's handshake was waited for */
    bool extended;      /* and so was its extended handshake */
    bool own_extended;  /* ours has been sent */
    bool announced_all; /* the target has all pieces, and that was waited for */
    bool unchoked;      /* waited for; no choke since */
    bool interested;    /* the same */
    bool complete;      /* the target said that it has everything */
    uint64_t answered;  /* of our requests, waited for */
    uint64_t wanted;    /* distinct blocks that the target asked for, */
    uint64_t requested; /* and how many of these were waited for */
    uint64_t metadata;  /* the same for pieces of metadata */
    uint64_t metadata_waited;
    bool needs_metadata; /* a line speaks of the torrent's geometry */
    uint64_t left_out[RECORD_OMISSIONS][RECORD_WORDS];
    int64_t corrupt; /* piece of which we sent other bytes than the torrent's; -1: none */
    uint64_t blocks, refused,
        wrong; /* what our requests were answered with; wrong: blocks that are not the torrent's */
};

/* record_kind.c */
/* plain: the last row, which every session shows. */
void record_choose_kind(struct record *record, bool plain);
/* Comment, name and header lines in front of the steps. */
void record_header(const struct record *record, FILE *out);

/* record_msg.c: a message as it is sent; as a pattern for the answer to a question of ours; the target's extended
 * handshake as a pattern, which binds the ids that are made use of. */
void record_say(const struct record *record, FILE *out, const struct cap_note *note);
void record_answer(const struct record *record, FILE *out, const struct cap_note *note);
void record_extended(struct record *record, FILE *out, const struct btw_msg *msg);
/* Is our note i not said again?  *why then tells why. */
bool record_omits(const struct record *record, size_t i, enum record_omission *why);
/* Is the block what the torrent has there?  Not known is no. */
bool record_is_content(const struct record *record, const struct btw_msg *piece);

/* record_wait.c.  Waits for all that our note i (or the end, as many as there are) is based on. */
void record_wait(struct record *record, size_t i);
/* The end of a line that waits: how long, what it says if it does not come true, the kind's label if it has its place
 * here, and how the line ends. */
void record_tail(struct record *record, const char *within, bool labelled, const char *end);
/* Answers to our requests that have come and that no line has waited for. */
uint64_t record_fresh_answers(const struct record *record);
/* Does it come at the start of a connection, from whoever it is and whatever the other side says? */
bool record_is_opening(const struct btw_msg *msg);
/* What each side has said so far. */
const struct btw_view *record_ours(const struct record *record);
const struct btw_view *record_theirs(const struct record *record);

/* record_fold.c: the pending notes as statements. */
void record_flush(struct record *record);

#endif

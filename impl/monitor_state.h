/* SPDX-License-Identifier: MIT
 *
 * Private to the monitor: what each side of a connection has said so far.  monitor.c drives, monitor_said.c and
 * monitor_ext.c keep this state, monitor_asks.c and monitor_pieces.c are its two containers, rules*.c read it.
 *
 * Rules see the state as it was before the message they judge.
 */
#ifndef BTW_MONITOR_STATE_H
#define BTW_MONITOR_STATE_H

#include "btw/bytes.h"
#include "btw/hash_exchange.h"
#include "btw/monitor.h"

enum {
    ASKS_MAX = 32768,             /* requests remembered per side */
    PIECES_MAX = 1 << 24,         /* longest piece map kept when the geometry is known, */
    PIECES_UNKNOWN_MAX = 1 << 20, /* and when it is not */
    RULES_MAX = 64,
    HASH_ASKS_MAX = 64,     /* hash requests remembered per side */
    FIRST_WORDS_MS = 15000, /* by then the first message of an agreed extension is due */
    LONG_AFTER_MS = 30000,
    INTEREST_MS = 15000,      /* a change of choke state this soon after a change of interest is its consequence */
    SILENCE_LONG_MS = 150000, /* BEP 3: keep-alives come every two minutes */
    TOLD_MAX = 16,            /* findings of one rule against one side, unless they get worse */
};

/* Sets of message types, and of the moments below, are bits. */
#define ON(type) (UINT32_C(1) << (type))
#define ON_EVERYTHING (~UINT32_C(0))
enum moment {
    MOMENT_MET = BTW_TYPES, /* both handshakes have been seen */
    MOMENT_FIRST_WORDS,     /* FIRST_WORDS_MS after that, */
    MOMENT_LONG_AFTER,      /* and LONG_AFTER_MS */
    MOMENT_PULSE, /* a message of either side, or its close, shows that the connection is there, and a long silence
                   * of some side is behind it */
    EVENTS
};

/* A set of piece indices. */
struct pieces {
    uint8_t *bits;
    uint32_t cap, count; /* room, members */
    bool all;            /* every piece there is; the bits mean nothing */
    bool was_all;        /* has been turned from `all` into bits once */
    bool unsure;         /* something did not fit: what it holds is not known for certain */
};
void pieces_free(struct pieces *pieces);
/* total is 0 while the geometry is unknown. */
static inline bool pieces_has(const struct pieces *pieces, uint32_t piece, uint32_t total)
{
    if (pieces->all)
        return total == 0 || piece < total;
    return piece < pieces->cap && btw_bit_get(pieces->bits, piece);
}
void pieces_add(struct pieces *pieces, uint32_t piece, uint32_t total);
void pieces_remove(struct pieces *pieces, uint32_t piece, uint32_t total);
void pieces_set_all(struct pieces *pieces);
void pieces_clear(struct pieces *pieces);
void pieces_set_bits(struct pieces *pieces, struct btw_slice bits, uint32_t total);
static inline uint32_t pieces_count(const struct pieces *pieces, uint32_t total)
{
    return pieces->all ? total : pieces->count;
}

/* One block that a side has asked for, once or more often. */
struct ask {
    uint32_t piece, begin, length;
    uint32_t open;      /* requests that wait for an answer */
    uint32_t loose;     /* requests that may be answered or not: voided by a choke, or cancelled, without Fast */
    uint32_t cancelled; /* those of `open` that were cancelled and still get one answer (BEP 6) */
    uint32_t chokes;    /* chokes of the other side when it was asked last */
    bool repeat_ok;     /* the other side has muddled its answer: asking again is no offence */
    int64_t asked_ms;   /* the last time */
};
struct asks {
    struct ask *list;    /* oldest first */
    uint16_t *index;     /* open addressing on piece and begin: a place in the list, from 1 on; 0: free */
    uint32_t cap, count; /* of the index, of the list */
    uint32_t kept;       /* beyond so many, answered requests are forgotten before the list grows; 0: they never are */
    bool forgot;         /* answered requests were dropped to make room */
    bool overflow;       /* more than ASKS_MAX wait: the account is lost */
};
void asks_free(struct asks *asks);
struct ask *asks_find(const struct asks *asks, uint32_t piece, uint32_t begin, uint32_t length);
/* Makes one that is not there yet; NULL when there is no room (asks->overflow). */
struct ask *asks_add(struct asks *asks, uint32_t piece, uint32_t begin, uint32_t length);
/* Walks the requests that begin at the same place, whatever their length; *at starts at 0. */
struct ask *asks_next_at(const struct asks *asks, uint32_t piece, uint32_t begin, uint32_t *at);

/* Extensions whose messages the monitor looks into, as bits of said.names[]. */
enum extension {
    EXT_OTHER = 1 << 0,
    EXT_UT_METADATA = 1 << 1,
    EXT_UT_PEX = 1 << 2,
    EXT_LT_DONTHAVE = 1 << 3,
    EXT_UT_HOLEPUNCH = 1 << 4,
};

/* All that one side has said. */
struct said {
    struct btw_view view;

    /* How far its words can be trusted to be what its receiver understood. */
    uint32_t garbled;              /* types of which a frame broke its layout */
    bool dead;                     /* framing is lost: what follows is not seen */
    bool gap;                      /* bytes were not observed */
    enum btw_verdict silence_told; /* the worst finding about its present silence */

    int64_t handshake_ms, last_ms;
    uint32_t sent;       /* types sent behind the handshake */
    bool answered;       /* its handshake followed that of the other side */
    bool proved;         /* it has used an extension since the other handshake was seen, so it had read it */
    enum btw_type early; /* first message beyond BEP 3 before the other handshake; BTW_HANDSHAKE: none */

    int64_t choked_ms, interested_ms, not_interested_ms; /* the last time it said so; INT64_MIN: never */
    int64_t flip_ms;                                     /* last counted change of its choke state; INT64_MIN: none */
    uint32_t chokes;                                     /* times it went from unchoking to choking */
    bool unchoked_once;

    struct pieces has, fast;
    uint32_t availabilities; /* bitfield, have_all and have_none sent */
    bool began_full;         /* the first of them said: everything */
    bool withdrew;           /* has sent lt_donthave */
    bool has_order_told;     /* "something came before the availability message" has been reported, */
    bool ext_order_told;     /* and the same for the extended handshake */

    struct asks asks;
    struct btw_hash_range hash_asks[HASH_ASKS_MAX]; /* that wait for an answer, oldest first, */
    size_t hash_count;
    bool hash_overflow; /* and more than that wait: the account is lost */
    bool odd_request;   /* it has asked for something that no decent peer asks for: answers may be odd, too */
    uint32_t burst;     /* rejects of sound requests in a row, up to its last message */
    int64_t burst_ms;   /* time of the first of them */

    uint8_t names[256]; /* per extension id: every enum extension it has announced for it */
    bool ext_unread;    /* sent an extended handshake that nobody can read */

    uint64_t rules_on[EVENTS]; /* by event, the rules that may have something to say about this side: sets of indices */
    uint8_t told[RULES_MAX];   /* findings per rule against this side, */
    uint8_t worst[RULES_MAX];  /* and the worst of them (enum btw_verdict) */
};

struct btw_monitor {
    struct btw_monitor_world world;
    int64_t grace_ms;
    btw_finding_fn *found;
    void *user;
    struct said said[2];
    int64_t met_ms;  /* both handshakes seen; INT64_MIN: not yet */
    bool fast, ext;  /* both have set the bit */
    bool v1, v2;     /* the session is surely one of that version (BEP 52) */
    unsigned moment; /* the next of those that come with time */
    int64_t look_ms; /* before that, time brings nothing that is to be judged */
    bool ended;
};

/* What a check is given, and then whoever keeps the state. */
struct judge {
    struct btw_monitor *monitor;
    size_t rule_index;
    enum btw_side side; /* who is judged: the sender of msg, or the side whose silence is judged */
    struct said *self, *other;
    const struct btw_msg *msg; /* NULL at moments */
    struct ask *ask;           /* the request that msg repeats (request, cancel) or answers (piece, reject), or NULL */
    bool bad_wire;
    int64_t now_ms;
};

/* Reports a breach by judge->side. */
void breach(const struct judge *judge, enum btw_verdict verdict, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Whatever else is said, the rule will have nothing to say about judge->side at these events, and need not be run for
 * them until more is known of the world. */
void settle(const struct judge *judge, uint32_t events);

/* Fills in which rules each event is judged by. */
void rules_index(uint64_t on[EVENTS]);
/* Runs the rules for one event (a message type or a moment) against one side. */
void rules_run(struct judge *judge, unsigned event);

/* The request that the message is about, as struct judge has it. */
struct ask *said_ask(const struct btw_monitor *monitor, enum btw_side side, const struct btw_msg *msg);
/* Takes a message into the state of both sides, after it was judged. */
void said_take(const struct judge *judge);
void said_take_extended(const struct judge *judge);
/* Counts anew what the geometry may have changed. */
void said_recount(struct said *said, uint32_t total);
void said_init(struct said *said);
void said_free(struct said *said);

/* Facts that rules and state share. */

/* Have both handshakes been seen, so that it is settled what is agreed on? */
static inline bool has_met(const struct btw_monitor *monitor)
{
    return monitor->met_ms != INT64_MIN;
}
/* Was everything this side has sent seen, from the first byte on? */
static inline bool is_whole(const struct btw_monitor *monitor, const struct said *said)
{
    return !monitor->world.truncated_start && !monitor->world.hole && !said->gap && !said->dead &&
           said->view.handshake_seen;
}
/* The same, and it has said something behind the handshake: in a capture of one direction the other has at most that.
 */
static inline bool is_heard(const struct btw_monitor *monitor, const struct said *said)
{
    return is_whole(monitor, said) && said->sent != 0;
}
/* Does its receiver understand its words of these types as we do? */
static inline bool is_clear(const struct said *said, uint32_t types)
{
    return !said->dead && (said->garbled & types) == 0;
}
bool has_bit(const struct said *said, const char *name);
/* Type of a frame that broke its layout, by its id; BTW_RAW when that is nothing known. */
enum btw_type raw_type(const struct btw_msg *msg);

/* Size of a piece by the geometry; 0 when unknown.  *exact is false where the geometry only bounds it (files aligned to
 * pieces, BEP 52). */
uint32_t piece_size(const struct btw_monitor_world *world, uint32_t piece, bool *exact);
/* Is this a block that a decent peer may ask for, as far as the geometry tells? */
bool is_sound_block(const struct btw_monitor_world *world, uint32_t piece, uint32_t begin, uint32_t length);
/* The hash request that msg answers; asker->hash_count when there is none. */
size_t hash_asked_for(const struct said *asker, const struct btw_msg *answer);
/* Requests of the ask that still wait; a choke without Fast leaves none. */
uint32_t ask_open(const struct ask *ask, const struct said *choker, bool fast);

/* Would a change of self's choke state count for its rhythm?  Not the first unchoke; and a side that has just shown
 * interest may be unchoked out of turn, as one that lost it may be choked. */
bool flip_is_counted(const struct said *self, const struct said *other, bool choking, int64_t now_ms);

/* A dictionary at the front of payload, read leniently; *dict spans it. */
bool read_dict(struct btw_slice payload, struct btw_slice *dict);

#endif

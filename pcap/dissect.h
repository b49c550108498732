/* SPDX-License-Identifier: MIT
 *
 * From packets to what was said: packets in, events of BitTorrent sessions out, in the order in which the capture
 * proves them.  Whoever decodes, judges, records or replays stands on these events and on nothing below.
 */
#ifndef CAP_DISSECT_H
#define CAP_DISSECT_H

#include "btw/monitor.h"
#include "btw/msg.h"
#include "capture.h"

struct cap_endpoint {
    uint8_t address[16];
    uint8_t address_len; /* 4 or 16 */
    uint16_t port;
};

/* What a TCP connection carries, as far as it is known. */
enum cap_kind {
    CAP_UNKNOWN,   /* nothing that tells has come yet */
    CAP_WIRE,      /* the peer wire in clear */
    CAP_MSE_CLEAR, /* MSE that settled on clear text: decoded behind the negotiation */
    CAP_MSE,       /* MSE under a cipher: sizes and times are all there is */
    CAP_OTHER,     /* something else; it is counted and left alone */
};

/* One direction of a session. */
struct cap_direction {
    struct cap_endpoint from; /* who sends here */
    uint64_t bytes;           /* of the stream, reassembled */
    uint64_t missing;         /* bytes of the stream that the capture does not have */
    uint64_t whole;           /* bytes before the first missing one */
    uint64_t unfinished;      /* bytes at the end that are the beginning of a message */
    bool start;               /* its first byte was captured (or is known to be: SYN) */
    bool seen;                /* anything was captured at all */
    bool unreadable;          /* behind a hole, or a frame that is none, the rest could not be told apart */
    uint8_t sha1[20];         /* of `whole` bytes of the stream, when cap_config.sha1 and the session is over */
};

/* A session.  Index with enum btw_side: BTW_DIALLER is who sent the SYN; if nobody saw that, who sent first. */
struct cap_session {
    uint64_t number; /* from 0, in the order of their first packets: the flow's number */
    enum cap_kind kind;
    struct cap_direction sent[2]; /* sent[BTW_DIALLER]: by who dialled */
    bool dialler_known;           /* a SYN said so */
    uint8_t info_hash[20];        /* valid when hash_known */
    bool hash_known;
    int64_t first_ns, last_ns;
    uint64_t first_frame, last_frame;
    void *user; /* the consumer's own; set at CAP_OPENED, freed by it at CAP_CLOSED */
};

enum cap_event_kind {
    CAP_OPENED,  /* kind has become known (not CAP_UNKNOWN): the first event of a session that is told about */
    CAP_MESSAGE, /* msg, whole */
    CAP_BAD,     /* msg is raw: bytes that are no message, or break its layout (bad says so) */
    CAP_GAP,     /* gap bytes are missing here, or cannot be told apart; reading goes on behind them if resumed */
    CAP_CIPHER,  /* of CAP_MSE: gap bytes went by, whatever they say */
    CAP_FIN,
    CAP_RST,    /* this side closed */
    CAP_CLOSED, /* the last event of the session: both closed, or the capture ended, or it was dropped for want of room
                 */
};

struct cap_event {
    enum cap_event_kind kind;
    struct cap_session *session;
    enum btw_side side;  /* who sent */
    int64_t time_ns;     /* of the packet that completes it; never goes back within a session */
    uint64_t frame;      /* the number of that packet; behind a hole that nothing filled it may go back */
    uint64_t offset;     /* in the stream of that side: where the message begins */
    uint64_t size;       /* bytes it takes there */
    struct btw_msg msg;  /* lives during the call only.  Of a piece data.len is always right; data.data is NULL unless
                            cap_config.payload, and when bytes of it are missing */
    enum btw_status bad; /* of CAP_BAD */
    uint64_t gap;
    bool resumed;
};
typedef void cap_event_fn(void *user, const struct cap_event *event);

/* An info-hash that is known does not help against MSE: its secret is in the keys of both ends (btw/mse.h).
 *
 * Limits are on what is kept in wait for missing bytes; 0 takes the default. */
struct cap_config {
    bool payload;       /* blocks of pieces are wanted */
    bool sha1;          /* of every stream */
    size_t flow_bytes;  /* per direction */
    size_t total_bytes; /* of all */
    size_t flows;       /* connections at once; the one that has been silent longest is dropped first */
    uint32_t len_max;   /* longer messages are no messages */
};

/* What was seen and what was left out; everything is counted. */
struct cap_counts {
    uint64_t packets, bytes;
    uint64_t unknown_link;                        /* of a link type that cannot be read */
    uint64_t not_ip, not_tcp, fragments, damaged; /* damaged: a header that does not fit its packet */
    uint64_t snapped;                             /* shorter than on the wire */
    uint64_t flows, sessions, other;              /* TCP connections; of them BitTorrent; of them not */
    uint64_t utp, dht, tracker;                   /* UDP packets that look like it */
    uint64_t retransmitted, reordered, overlapping, duplicate;
    uint64_t holes, hole_bytes;
    uint64_t dropped_flows, dropped_bytes, dropped_fragments; /* for want of room */
};

struct cap_dissect;

/* NULL: memory is short.  config is copied, what it points to stays the caller's. */
struct cap_dissect *cap_dissect_new(const struct cap_config *config, cap_event_fn *told, void *user);
void cap_dissect_free(struct cap_dissect *dissect);

/* Takes a packet; events are told from inside. */
void cap_dissect_packet(struct cap_dissect *dissect, const struct cap_packet *packet);
/* The capture is over: holes are given up, all sessions close. */
void cap_dissect_end(struct cap_dissect *dissect);

const struct cap_counts *cap_dissect_counts(const struct cap_dissect *dissect);

#endif

/* SPDX-License-Identifier: MIT
 *
 * The inside of the link in memory, shared by link_mem.c (what the engine asks for) and link_mem_play.c (what happens
 * as time goes on).  Nobody else includes it.
 *
 * All that happens is an event in one queue: the latency is the same for all, so what was put in first is due first.
 */
#ifndef SCN_LINK_MEM_STATE_H
#define SCN_LINK_MEM_STATE_H

#include "link_mem.h"
#include "veil.h"

enum mem_event_kind {
    MEM_DIAL,    /* the engine's SYN at the host */
    MEM_OPENED,  /* and the answer */
    MEM_TO_PEER, /* bytes, or how the stream ends */
    MEM_TO_PEER_END,
    MEM_TO_ENGINE,
    MEM_TO_ENGINE_END,
    MEM_DRAINED,       /* nothing of what the engine sent waits any more */
    MEM_READABLE,      /* the engine reads again */
    MEM_HOST_DIAL,     /* the host's SYN at a listener */
    MEM_HOST_CONNECTED /* and the answer */
};

struct mem_event {
    struct mem_event *next;
    enum mem_event_kind kind;
    int64_t due_ms;
    struct mem_conn *conn;
    enum btw_end how;
    const char *error;
    size_t len;
    uint8_t bytes[];
};

struct mem_queue {
    struct mem_event *first, **last;
};

struct mem_conn {
    struct mem_conn *next;
    struct scn_conn *engine;    /* NULL: not there yet, or forgotten */
    struct scn_veil *peer;      /* NULL: not there yet, or gone */
    struct btw_address address; /* of the engine's end */
    bool open;                  /* for the peer */
    unsigned pending;           /* events in the link's queue */
    struct mem_queue backlog;   /* from the engine, behind a full window */
    size_t backlog_bytes, to_peer;
    struct mem_queue unread;  /* for the engine, which has paused */
    bool paused, reset;       /* reset: the engine was told that nobody is there any more */
    size_t to_engine, window; /* bytes not read by the engine, and how many there may be */
};

struct mem_listener {
    struct mem_listener *next;
    struct scn_listener *engine;
    struct btw_address address;
    uint8_t info_hash[20], peer_id[20];
    bool has_id;
    int64_t learn_ms; /* INT64_MAX: the host knows */
};

struct scn_mem {
    struct scn_link link;
    struct btw_host *host;
    struct scn_faults *faults, none;
    int64_t now_ms;
    struct mem_queue events;
    struct mem_conn *conns;
    struct mem_listener *listeners;
    unsigned listener_count;
    uint16_t next_port;
};

/* link_mem.c */
void mem_queue_put(struct mem_queue *queue, struct mem_event *event);
struct mem_event *mem_queue_take(struct mem_queue *queue); /* NULL: it is empty */
struct mem_event *mem_event_new(struct mem_conn *conn, enum mem_event_kind kind, struct btw_slice bytes);
void mem_schedule(struct scn_mem *mem, struct mem_event *event);
void mem_schedule_plain(struct scn_mem *mem, struct mem_conn *conn, enum mem_event_kind kind);
void mem_schedule_end(struct scn_mem *mem, struct mem_conn *conn, enum mem_event_kind kind, enum btw_end how,
                      const char *error);
struct mem_conn *mem_conn_new(struct scn_mem *mem);
void mem_conn_free(struct mem_conn *conn);
/* Sends what the window has room for.  An end takes none. */
void mem_send_backlog(struct scn_mem *mem, struct mem_conn *conn);

#endif

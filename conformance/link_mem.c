/* SPDX-License-Identifier: MIT
 *
 * The link in memory: what the engine asks for.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "link_mem_state.h"
#include "net.h"

/* ---- queues ------------------------------------------------------------------------------------------------------ */

static void *need(size_t size)
{
    void *memory = calloc(1, size);
    if (!memory) {
        fputs("conformance: out of memory\n", stderr);
        abort();
    }
    return memory;
}

static void queue_init(struct mem_queue *queue)
{
    queue->first = NULL;
    queue->last = &queue->first;
}

void mem_queue_put(struct mem_queue *queue, struct mem_event *event)
{
    event->next = NULL;
    *queue->last = event;
    queue->last = &event->next;
}

struct mem_event *mem_queue_take(struct mem_queue *queue)
{
    struct mem_event *event = queue->first;
    if (!event)
        return NULL;
    queue->first = event->next;
    if (!queue->first)
        queue->last = &queue->first;
    return event;
}

static void queue_clear(struct mem_queue *queue)
{
    struct mem_event *event;
    while ((event = mem_queue_take(queue)))
        free(event);
}

struct mem_event *mem_event_new(struct mem_conn *conn, enum mem_event_kind kind, struct btw_slice bytes)
{
    struct mem_event *event = need(sizeof *event + bytes.len);
    event->conn = conn;
    event->kind = kind;
    event->len = bytes.len;
    if (bytes.len)
        memcpy(event->bytes, bytes.data, bytes.len);
    return event;
}

void mem_schedule(struct scn_mem *mem, struct mem_event *event)
{
    event->due_ms = mem->now_ms + SCN_MEM_LATENCY_MS;
    event->conn->pending++;
    mem_queue_put(&mem->events, event);
}

void mem_schedule_plain(struct scn_mem *mem, struct mem_conn *conn, enum mem_event_kind kind)
{
    mem_schedule(mem, mem_event_new(conn, kind, btw_slice_of(NULL, 0)));
}

void mem_schedule_end(struct scn_mem *mem, struct mem_conn *conn, enum mem_event_kind kind, enum btw_end how,
                      const char *error)
{
    struct mem_event *event = mem_event_new(conn, kind, btw_slice_of(NULL, 0));
    event->how = how;
    event->error = error;
    mem_schedule(mem, event);
}

/* ---- connections ------------------------------------------------------------------------------------------------- */

struct mem_conn *mem_conn_new(struct scn_mem *mem)
{
    struct mem_conn *conn = need(sizeof *conn);
    conn->window = SCN_MEM_WINDOW + SCN_MEM_SENDBUF;
    queue_init(&conn->backlog);
    queue_init(&conn->unread);
    conn->next = mem->conns;
    mem->conns = conn;
    return conn;
}

void mem_conn_free(struct mem_conn *conn)
{
    scn_veil_free(conn->peer);
    queue_clear(&conn->backlog);
    queue_clear(&conn->unread);
    free(conn);
}

void mem_send_backlog(struct scn_mem *mem, struct mem_conn *conn)
{
    bool waited = conn->backlog_bytes > 0;
    while (conn->backlog.first && (conn->to_peer == 0 || conn->to_peer + conn->backlog.first->len <= SCN_MEM_WINDOW)) {
        struct mem_event *event = mem_queue_take(&conn->backlog);
        conn->backlog_bytes -= event->len;
        conn->to_peer += event->len;
        mem_schedule(mem, event);
    }
    if (waited && conn->backlog_bytes == 0)
        mem_schedule_plain(mem, conn, MEM_DRAINED);
}

/* ---- the link's operations --------------------------------------------------------------------------------------- */

static struct scn_mem *mem_of(struct scn_link *link)
{
    return (struct scn_mem *)link; /* its first member */
}

static int64_t mem_now(struct scn_link *link)
{
    return mem_of(link)->now_ms;
}

static struct btw_address v6_loopback(uint16_t port)
{
    struct btw_address address = { .len = 16, .port = port };
    address.bytes[15] = 1;
    return address;
}

static void *mem_dial(struct scn_link *link, struct scn_conn *engine, const struct scn_dial *how)
{
    struct scn_mem *mem = mem_of(link);
    struct mem_conn *conn = mem_conn_new(mem);
    struct sockaddr_in v4;
    conn->engine = engine;
    scn_net_source(&v4, how->source);
    scn_net_to_address(&conn->address, (const struct sockaddr *)&v4);
    conn->address.port = mem->next_port++;
    if (how->v6)
        conn->address = v6_loopback(conn->address.port);
    if (how->rcvbuf > 0) { /* as Linux does it: doubled, and never tiny */
        size_t window = (size_t)how->rcvbuf * 2;
        conn->window = (window < SCN_MEM_WINDOW_MIN ? SCN_MEM_WINDOW_MIN : window) + SCN_MEM_SENDBUF;
    }
    mem_schedule_plain(mem, conn, MEM_DIAL);
    return conn;
}

static void mem_send(struct scn_link *link, void *handle, struct btw_slice bytes)
{
    struct mem_conn *conn = handle;
    if (bytes.len == 0)
        return;
    mem_queue_put(&conn->backlog, mem_event_new(conn, MEM_TO_PEER, bytes));
    conn->backlog_bytes += bytes.len;
    mem_send_backlog(mem_of(link), conn);
}

static size_t mem_queued(struct scn_link *link, void *handle)
{
    const struct mem_conn *conn = handle;
    (void)link;
    return conn->backlog_bytes;
}

static void mem_read(struct scn_link *link, void *handle, bool on)
{
    struct mem_conn *conn = handle;
    conn->paused = !on;
    if (on)
        mem_schedule_plain(mem_of(link), conn, MEM_READABLE);
}

static void put_end(struct scn_mem *mem, struct mem_conn *conn, enum btw_end how)
{
    struct mem_event *event = mem_event_new(conn, MEM_TO_PEER_END, btw_slice_of(NULL, 0));
    event->how = how;
    mem_queue_put(&conn->backlog, event);
    mem_send_backlog(mem, conn);
}

static void mem_fin(struct scn_link *link, void *handle)
{
    put_end(mem_of(link), handle, BTW_END_FIN);
}

static void mem_rst(struct scn_link *link, void *handle)
{
    struct mem_conn *conn = handle;
    queue_clear(&conn->backlog);
    conn->backlog_bytes = 0;
    mem_schedule_end(mem_of(link), conn, MEM_TO_PEER_END, BTW_END_RST, NULL);
}

static void mem_forget(struct scn_link *link, void *handle)
{
    struct mem_conn *conn = handle;
    conn->engine = NULL;
    conn->paused = false;
    queue_clear(&conn->unread);
    put_end(mem_of(link), conn, BTW_END_RST);
}

static bool mem_address(struct scn_link *link, void *handle, struct btw_address *out)
{
    const struct mem_conn *conn = handle;
    (void)link;
    *out = conn->address;
    return true;
}

static void *mem_listen(struct scn_link *link, struct scn_listener *engine, bool v6, const uint8_t info_hash[20],
                        const uint8_t *peer_id)
{
    struct scn_mem *mem = mem_of(link);
    struct mem_listener *listener = need(sizeof *listener);
    struct sockaddr_in v4;
    scn_net_listener(&v4, mem->listener_count++);
    scn_net_to_address(&listener->address, (const struct sockaddr *)&v4);
    listener->address.port = mem->next_port++;
    if (v6)
        listener->address = v6_loopback(listener->address.port);
    listener->engine = engine;
    memcpy(listener->info_hash, info_hash, sizeof listener->info_hash);
    listener->has_id = peer_id != NULL;
    if (peer_id)
        memcpy(listener->peer_id, peer_id, sizeof listener->peer_id);
    listener->learn_ms = mem->now_ms + SCN_MEM_LEARN_MS;
    listener->next = mem->listeners;
    mem->listeners = listener;
    return listener;
}

static void mem_unlisten(struct scn_link *link, void *handle)
{
    struct mem_listener **at = &mem_of(link)->listeners;
    while (*at && *at != handle)
        at = &(*at)->next;
    assert(*at);
    *at = (*at)->next;
    free(handle);
}

static const struct scn_link_ops mem_ops = {
    .now = mem_now,
    .dial = mem_dial,
    .send = mem_send,
    .queued = mem_queued,
    .read = mem_read,
    .fin = mem_fin,
    .rst = mem_rst,
    .forget = mem_forget,
    .address = mem_address,
    .listen = mem_listen,
    .unlisten = mem_unlisten,
};

struct scn_mem *scn_mem_new(struct btw_host *host, struct scn_faults *faults)
{
    struct scn_mem *mem = need(sizeof *mem);
    mem->link.ops = &mem_ops;
    mem->host = host;
    mem->faults = faults ? faults : &mem->none;
    mem->next_port = 20000;
    queue_init(&mem->events);
    return mem;
}

void scn_mem_free(struct scn_mem *mem)
{
    if (!mem)
        return;
    queue_clear(&mem->events);
    while (mem->conns) {
        struct mem_conn *conn = mem->conns;
        mem->conns = conn->next;
        mem_conn_free(conn);
    }
    while (mem->listeners)
        mem_unlisten(&mem->link, mem->listeners); /* NOLINT(clang-analyzer-unix.Malloc): it leaves the list */
    free(mem);
}

struct scn_link *scn_mem_link(struct scn_mem *mem)
{
    return &mem->link;
}

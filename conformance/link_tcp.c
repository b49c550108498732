/* SPDX-License-Identifier: MIT
 *
 * Sockets for the engine.  libuv does the waiting; this file turns its callbacks into the engine's.
 *
 * A connection lives until both sides have let go: the engine by forget(), libuv by its close callback.
 */
#include "link_tcp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#include "btw/bytes.h"
#include "gate.h"
#include "run.h"

enum { READ_SIZE = 64 * 1024, BACKLOG = 64 };

struct tcp_conn {
    uv_tcp_t handle; /* first: callbacks get this */
    uv_connect_t connect;
    uv_shutdown_t shutdown;
    struct scn_tcp *tcp;
    struct scn_conn *engine; /* NULL: forgotten */
    struct scn_dial how;
    struct scn_gate_dial dial;
    TAILQ_ENTRY(tcp_conn) link; /* of those that failed */
    int failure;                /* why it could not even be tried, until that is reported */
    bool open, reading, reset, got_fin, sent_fin, closed;
};

struct tcp_listener {
    uv_tcp_t handle;
    struct scn_tcp *tcp;
    struct scn_listener *engine;
    uint8_t info_hash[20];
    struct btw_address address;
};

struct send {
    uv_write_t request;
    struct tcp_conn *conn;
    uint8_t bytes[];
};

struct scn_tcp {
    struct scn_link link; /* first */
    uv_loop_t *loop;
    struct scn_tcp_config config;
    struct sockaddr_storage source;
    struct scn_gate gate;
    uv_idle_t reporter; /* tells of failures once the operation that met them has returned */
    TAILQ_HEAD(, tcp_conn) failed;
    unsigned listeners;
    char buffer[READ_SIZE]; /* shared: libuv reads one connection at a time, and the engine copies what it keeps */
};

static struct scn_tcp *tcp_of(struct scn_link *link)
{
    return (struct scn_tcp *)link;
}

static void *must(void *memory)
{
    if (memory == NULL)
        abort(); /* a tool out of memory has nothing better to do */
    return memory;
}

/* ---- the end of a connection ------------------------------------------------------------------------------------- */

static void conn_release(struct tcp_conn *conn)
{
    if (conn->closed && conn->engine == NULL)
        free(conn);
}

static void on_closed(uv_handle_t *handle)
{
    struct tcp_conn *conn = (struct tcp_conn *)handle;
    conn->closed = true;
    conn_release(conn);
}

static void conn_close(struct tcp_conn *conn)
{
    struct scn_tcp *tcp = conn->tcp;
    scn_gate_leave(&tcp->gate, &conn->dial);
    if (conn->failure != 0)
        TAILQ_REMOVE(&tcp->failed, conn, link);
    conn->failure = 0;
    conn->open = false;
    if (!uv_is_closing((uv_handle_t *)&conn->handle))
        uv_close((uv_handle_t *)&conn->handle, on_closed);
}

/* The connection is gone: closes our end, then tells the engine, which may forget the connection there and then. */
static void conn_gone(struct tcp_conn *conn, const char *error)
{
    struct scn_conn *engine = conn->engine;
    conn_close(conn);
    if (engine != NULL)
        scn_conn_ended(engine, BTW_END_RST, error);
}

static bool is_reset(ssize_t status)
{
    return status == UV_ECONNRESET || status == UV_EPIPE;
}

/* ---- bytes ------------------------------------------------------------------------------------------------------- */

static void on_buffer(uv_handle_t *handle, size_t size, uv_buf_t *out)
{
    struct scn_tcp *tcp = ((struct tcp_conn *)handle)->tcp;
    (void)size;
    *out = uv_buf_init(tcp->buffer, READ_SIZE);
}

static void on_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *buffer)
{
    struct tcp_conn *conn = (struct tcp_conn *)stream;
    if (got == 0)
        return; /* nothing there after all */
    scn_gate_answered(&conn->tcp->gate, &conn->dial);
    if (got > 0) {
        scn_conn_received(conn->engine, btw_slice_of(buffer->base, (size_t)got));
    } else if (got == UV_EOF && !conn->reset) {
        conn->got_fin = true;
        conn->reading = false;
        uv_read_stop(stream);
        struct scn_conn *engine = conn->engine;
        if (conn->sent_fin)
            conn_close(conn);
        scn_conn_ended(engine, BTW_END_FIN, NULL);
    } else {
        conn_gone(conn, got == UV_EOF || is_reset(got) ? NULL : uv_strerror((int)got));
    }
}

static void read_start(struct tcp_conn *conn)
{
    conn->reading = uv_read_start((uv_stream_t *)&conn->handle, on_buffer, on_read) == 0;
}

static void on_sent(uv_write_t *request, int status)
{
    struct send *send = (struct send *)request;
    struct tcp_conn *conn = send->conn;
    free(send);
    if (conn->engine == NULL || !conn->open)
        return;
    if (status == 0) {
        if (uv_stream_get_write_queue_size((uv_stream_t *)&conn->handle) == 0)
            scn_conn_drained(conn->engine);
        return;
    }
    /* The failed write has eaten the error that a read would have met.  What came before it is still to be read. */
    conn->reset = true;
    if (!conn->reading)
        conn_gone(conn, is_reset(status) ? NULL : uv_strerror(status));
}

static void tcp_send(struct scn_link *link, void *handle, struct btw_slice bytes)
{
    struct tcp_conn *conn = handle;
    (void)link;
    if (!conn->open || bytes.len == 0)
        return;
    struct send *send = must(malloc(sizeof *send + bytes.len));
    send->conn = conn;
    memcpy(send->bytes, bytes.data, bytes.len);
    uv_buf_t buffer = uv_buf_init((char *)send->bytes, (unsigned)bytes.len);
    /* Each request is a write of its own to the system, also when it has to wait. */
    if (uv_write(&send->request, (uv_stream_t *)&conn->handle, &buffer, 1, on_sent) != 0)
        free(send); /* the connection is going down; reading tells */
}

static size_t tcp_queued(struct scn_link *link, void *handle)
{
    const struct tcp_conn *conn = handle;
    (void)link;
    return conn->open ? uv_stream_get_write_queue_size((const uv_stream_t *)&conn->handle) : 0;
}

static void tcp_read(struct scn_link *link, void *handle, bool on)
{
    struct tcp_conn *conn = handle;
    (void)link;
    if (!conn->open || conn->got_fin || on == conn->reading)
        return;
    if (on) {
        read_start(conn);
    } else {
        conn->reading = false;
        uv_read_stop((uv_stream_t *)&conn->handle);
    }
}

static void on_shutdown(uv_shutdown_t *request, int status)
{
    struct tcp_conn *conn = request->data;
    if (conn->got_fin && status != UV_ECANCELED)
        conn_close(conn);
}

static void tcp_fin(struct scn_link *link, void *handle)
{
    struct tcp_conn *conn = handle;
    (void)link;
    if (!conn->open || conn->sent_fin)
        return;
    conn->sent_fin = true;
    conn->shutdown.data = conn;
    uv_shutdown(&conn->shutdown, (uv_stream_t *)&conn->handle, on_shutdown);
}

static void tcp_rst(struct scn_link *link, void *handle)
{
    struct tcp_conn *conn = handle;
    (void)link;
    uv_os_fd_t fd;
    if (!conn->open)
        return;
    /* Not uv_tcp_close_reset, which refuses once a FIN is under way. */
    struct linger at_once = { .l_onoff = 1, .l_linger = 0 };
    if (uv_fileno((const uv_handle_t *)&conn->handle, &fd) == 0)
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    conn_close(conn);
}

/* ---- dialling ---------------------------------------------------------------------------------------------------- */

static void on_connected(uv_connect_t *request, int status)
{
    struct tcp_conn *conn = request->data;
    if (conn->engine == NULL || status == UV_ECANCELED)
        return;
    if (status != 0) {
        conn_gone(conn, uv_strerror(status));
        return;
    }
    conn->open = true;
    scn_gate_connected(&conn->tcp->gate, &conn->dial);
    uv_tcp_nodelay(&conn->handle, 1);
    read_start(conn);
    scn_conn_opened(conn->engine);
}

static const struct sockaddr *target_of(const struct scn_tcp *tcp, bool v6)
{
    const struct scn_endpoint *target = &tcp->config.target;
    v6 = v6 || !target->has_v4;
    if (v6)
        return target->has_v6 ? (const struct sockaddr *)&target->v6 : NULL;
    return (const struct sockaddr *)&target->v4;
}

static int bind_source(struct tcp_conn *conn, const struct sockaddr *target)
{
    const struct scn_tcp *tcp = conn->tcp;
    struct sockaddr_in source;
    if (tcp->config.source != NULL && tcp->config.source->sa_family == target->sa_family)
        return uv_tcp_bind(&conn->handle, tcp->config.source, 0);
    if (target->sa_family != AF_INET || !scn_net_is_loopback(target))
        return 0;
    scn_net_source(&source, conn->how.source);
    return uv_tcp_bind(&conn->handle, (const struct sockaddr *)&source, 0);
}

static int connect_now(struct tcp_conn *conn)
{
    const struct sockaddr *target = target_of(conn->tcp, conn->how.v6);
    if (target == NULL)
        return UV_EADDRNOTAVAIL;
    int fd = socket(target->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    /* Before connecting: the window that is offered first depends on it. */
    if (conn->how.rcvbuf > 0)
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &conn->how.rcvbuf, sizeof conn->how.rcvbuf);
    int failed = uv_tcp_open(&conn->handle, fd);
    if (failed != 0) {
        close(fd);
        return failed;
    }
    failed = bind_source(conn, target);
    conn->connect.data = conn;
    return failed != 0 ? failed : uv_tcp_connect(&conn->connect, &conn->handle, target, on_connected);
}

/* ---- starting ---------------------------------------------------------------------------------------------------- */

static void on_report(uv_idle_t *idle)
{
    struct scn_tcp *tcp = idle->data;
    struct tcp_conn *conn;
    while ((conn = TAILQ_FIRST(&tcp->failed)) != NULL)
        conn_gone(conn,
                  conn->failure == UV_EADDRNOTAVAIL ? "the target has no such address" : uv_strerror(conn->failure));
    uv_idle_stop(idle);
}

static void on_start(struct scn_gate_dial *dial)
{
    struct tcp_conn *conn = (struct tcp_conn *)((char *)dial - offsetof(struct tcp_conn, dial));
    struct scn_tcp *tcp = conn->tcp;
    conn->failure = connect_now(conn);
    if (conn->failure == 0)
        return;
    TAILQ_INSERT_TAIL(&tcp->failed, conn, link);
    uv_idle_start(&tcp->reporter, on_report);
    scn_gate_leave(&tcp->gate, dial);
}

static struct tcp_conn *conn_new(struct scn_tcp *tcp)
{
    struct tcp_conn *conn = must(calloc(1, sizeof *conn));
    conn->tcp = tcp;
    uv_tcp_init(tcp->loop, &conn->handle);
    return conn;
}

static void *tcp_dial(struct scn_link *link, struct scn_conn *engine, const struct scn_dial *how)
{
    struct scn_tcp *tcp = tcp_of(link);
    struct tcp_conn *conn = conn_new(tcp);
    conn->engine = engine;
    conn->how = *how;
    scn_gate_enter(&tcp->gate, &conn->dial, how->first);
    return conn;
}

static void tcp_forget(struct scn_link *link, void *handle)
{
    struct tcp_conn *conn = handle;
    (void)link;
    conn->engine = NULL;
    conn_close(conn);
    conn_release(conn);
}

static bool tcp_address(struct scn_link *link, void *handle, struct btw_address *out)
{
    const struct tcp_conn *conn = handle;
    struct sockaddr_storage local;
    int size = sizeof local;
    (void)link;
    if (!conn->open || uv_tcp_getsockname(&conn->handle, (struct sockaddr *)&local, &size) != 0)
        return false;
    scn_net_to_address(out, (const struct sockaddr *)&local);
    return out->len != 0;
}

/* ---- listening --------------------------------------------------------------------------------------------------- */

static void on_incoming(uv_stream_t *server, int status)
{
    struct tcp_listener *listener = (struct tcp_listener *)server;
    struct scn_tcp *tcp = listener->tcp;
    if (status != 0)
        return;
    struct tcp_conn *conn = conn_new(tcp);
    if (uv_accept(server, (uv_stream_t *)&conn->handle) != 0) {
        conn_close(conn);
        return;
    }
    uv_tcp_nodelay(&conn->handle, 1);
    conn->open = true;
    conn->engine = scn_conn_accepted(listener->engine, conn);
    if (conn->engine == NULL)
        conn_close(conn);
    else if (conn->open)
        read_start(conn);
}

static void listener_free(uv_handle_t *handle)
{
    free(handle);
}

/* Each listener has an address of its own on the loopback net: clients take equal addresses for one peer. */
static bool listener_bind(struct tcp_listener *listener, bool v6)
{
    struct scn_tcp *tcp = listener->tcp;
    const struct sockaddr *target = target_of(tcp, v6);
    struct sockaddr_storage local;
    int size = sizeof local;
    if (target == NULL)
        return false;
    if (target->sa_family == AF_INET && scn_net_is_loopback(target))
        scn_net_listener((struct sockaddr_in *)&local, tcp->listeners);
    else if (!scn_net_towards(&local, target))
        return false;
    /* The port is the 16 bits behind the family, in both shapes. */
    ((struct sockaddr_in *)&local)->sin_port = htons(tcp->listeners == 0 ? tcp->config.listen_port : 0);
    tcp->listeners++;
    if (uv_tcp_bind(&listener->handle, (struct sockaddr *)&local, 0) != 0 ||
        uv_listen((uv_stream_t *)&listener->handle, BACKLOG, on_incoming) != 0 ||
        uv_tcp_getsockname(&listener->handle, (struct sockaddr *)&local, &size) != 0)
        return false;
    scn_net_to_address(&listener->address, (struct sockaddr *)&local);
    return true;
}

static void *tcp_listen(struct scn_link *link, struct scn_listener *engine, bool v6, const uint8_t info_hash[20],
                        const uint8_t *peer_id)
{
    struct scn_tcp *tcp = tcp_of(link);
    if (tcp->config.offer == NULL)
        return NULL;
    struct tcp_listener *listener = must(calloc(1, sizeof *listener));
    listener->tcp = tcp;
    listener->engine = engine;
    memcpy(listener->info_hash, info_hash, sizeof listener->info_hash);
    uv_tcp_init(tcp->loop, &listener->handle);
    if (!listener_bind(listener, v6)) {
        uv_close((uv_handle_t *)&listener->handle, listener_free);
        return NULL;
    }
    tcp->config.offer(tcp->config.user, info_hash, &listener->address, peer_id, true);
    return listener;
}

static void tcp_unlisten(struct scn_link *link, void *handle)
{
    struct scn_tcp *tcp = tcp_of(link);
    struct tcp_listener *listener = handle;
    tcp->config.offer(tcp->config.user, listener->info_hash, &listener->address, NULL, false);
    uv_close((uv_handle_t *)&listener->handle, listener_free);
}

/* ---- the link ---------------------------------------------------------------------------------------------------- */

static int64_t tcp_now(struct scn_link *link)
{
    return (int64_t)uv_now(tcp_of(link)->loop);
}

static const struct scn_link_ops ops = {
    .now = tcp_now,
    .dial = tcp_dial,
    .send = tcp_send,
    .queued = tcp_queued,
    .read = tcp_read,
    .fin = tcp_fin,
    .rst = tcp_rst,
    .forget = tcp_forget,
    .address = tcp_address,
    .listen = tcp_listen,
    .unlisten = tcp_unlisten,
};

struct scn_tcp *scn_tcp_new(uv_loop_t *loop, const struct scn_tcp_config *config)
{
    struct scn_tcp *tcp = must(calloc(1, sizeof *tcp));
    tcp->link.ops = &ops;
    tcp->loop = loop;
    tcp->config = *config;
    if (config->source != NULL) {
        bool v6 = config->source->sa_family == AF_INET6;
        memcpy(&tcp->source, config->source, v6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in));
        tcp->config.source = (const struct sockaddr *)&tcp->source;
    }
    TAILQ_INIT(&tcp->failed);
    scn_gate_init(&tcp->gate, loop, on_start);
    uv_idle_init(loop, &tcp->reporter);
    tcp->reporter.data = tcp;
    return tcp;
}

struct scn_link *scn_tcp_link(struct scn_tcp *tcp)
{
    return &tcp->link;
}

void scn_tcp_close(struct scn_tcp *tcp)
{
    scn_gate_close(&tcp->gate);
    uv_close((uv_handle_t *)&tcp->reporter, NULL);
}

void scn_tcp_free(struct scn_tcp *tcp)
{
    free(tcp);
}

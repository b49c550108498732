/* SPDX-License-Identifier: MIT
 *
 * The reference peer on a libuv loop.  Once per turn of the loop the host and its connections do what they want; the
 * callbacks only carry bytes to them.
 */
#include "serve.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>
#include <uv.h>

#include "announce.h"
#include "net.h"
#include "veil.h"
#include "waste.h"

enum {
    READ_SIZE = 64 * 1024,
    QUEUE_MAX = 256 * 1024, /* bytes waiting for the socket before the peer's output stays in the peer */
    BACKLOG = 128,
    ANNOUNCE_MS = 1000,
    LINGER_MS = 3000, /* for the other side to read and close, once we have nothing more to say */
};

struct served {
    uv_tcp_t handle; /* first: callbacks get this */
    uv_connect_t connect;
    uv_shutdown_t shutdown;
    LIST_ENTRY(served) link;
    struct server *server;
    struct scn_veil *peer; /* NULL: it has left, the socket lingers */
    bool open;
    uint64_t close_at;
};

struct send {
    uv_write_t request;
    uint8_t bytes[];
};

/* One round of announcing all torrents, in a thread of the pool. */
struct round {
    uv_work_t work; /* first */
    struct scn_announcer *announcer;
    const struct btw_fixture *fixtures;
    bool *complete;
    size_t fixture_count;
    struct scn_announced (*peers)[SCN_ANNOUNCE_PEERS_MAX];
    size_t *counts;
    bool under_way;
};

struct server {
    const struct scn_serve_config *config;
    uv_loop_t *loop;
    uv_tcp_t v4, v6;
    uv_timer_t timer, announce;
    uv_prepare_t turn;
    uv_signal_t term, interrupt;
    uv_pipe_t parent;
    struct btw_host *host;
    int64_t death; /* policy */
    LIST_HEAD(, served) conns;
    struct round round;
    int status;
    char buffer[READ_SIZE];
};

static void *must(void *memory)
{
    if (memory == NULL)
        abort();
    return memory;
}

static int64_t now(const struct server *server)
{
    return (int64_t)uv_now(server->loop);
}

/* ---- one connection ---------------------------------------------------------------------------------------------- */

static void served_free(uv_handle_t *handle)
{
    free(handle);
}

static void served_close(struct served *conn)
{
    if (uv_is_closing((uv_handle_t *)&conn->handle))
        return;
    scn_veil_free(conn->peer);
    conn->peer = NULL;
    conn->open = false;
    LIST_REMOVE(conn, link);
    uv_close((uv_handle_t *)&conn->handle, served_free);
}

static void served_reset(struct served *conn)
{
    uv_os_fd_t fd;
    struct linger at_once = { .l_onoff = 1, .l_linger = 0 };
    if (uv_fileno((const uv_handle_t *)&conn->handle, &fd) == 0)
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    served_close(conn);
}

static void on_buffer(uv_handle_t *handle, size_t size, uv_buf_t *out)
{
    (void)size;
    *out = uv_buf_init(((struct served *)handle)->server->buffer, READ_SIZE);
}

static void on_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *buffer)
{
    struct served *conn = (struct served *)stream;
    int64_t now_ms = now(conn->server);
    if (got == 0)
        return;
    if (got < 0)
        uv_read_stop(stream);
    if (conn->peer == NULL) {
        if (got < 0)
            served_close(conn); /* both sides have said all they had to */
    } else if (got > 0) {
        scn_veil_received(conn->peer, btw_slice_of(buffer->base, (size_t)got), now_ms);
        if (!scn_veil_reads(conn->peer))
            uv_read_stop(stream);
    } else if (got == UV_EOF) {
        scn_veil_received_end(conn->peer, BTW_END_FIN, now_ms);
    } else {
        scn_veil_received_end(conn->peer, BTW_END_RST, now_ms);
        served_close(conn);
    }
}

static struct served *served_new(struct server *server)
{
    struct served *conn = must(calloc(1, sizeof *conn));
    conn->server = server;
    conn->close_at = UINT64_MAX;
    uv_tcp_init(server->loop, &conn->handle);
    LIST_INSERT_HEAD(&server->conns, conn, link);
    return conn;
}

static void served_open(struct served *conn)
{
    conn->open = true;
    uv_tcp_nodelay(&conn->handle, 1);
    uv_read_start((uv_stream_t *)&conn->handle, on_buffer, on_read);
}

static void on_sent(uv_write_t *request, int status)
{
    (void)status; /* reading tells of a broken connection, too */
    free(request);
}

static void write_copy(struct served *conn, struct btw_slice bytes)
{
    struct send *send = must(malloc(sizeof *send + bytes.len));
    memcpy(send->bytes, bytes.data, bytes.len);
    uv_buf_t buffer = uv_buf_init((char *)send->bytes, (unsigned)bytes.len);
    if (uv_write(&send->request, (uv_stream_t *)&conn->handle, &buffer, 1, on_sent) != 0)
        free(send);
}

/* Sends what the peer has to say, and ends the connection when it wants that. */
static void served_pump(struct served *conn)
{
    struct server *server = conn->server;
    uv_stream_t *stream = (uv_stream_t *)&conn->handle;
    struct btw_slice out;
    while (uv_stream_get_write_queue_size(stream) < QUEUE_MAX &&
           (out = scn_veil_output(conn->peer, now(server))).len > 0) {
        write_copy(conn, out);
        scn_veil_sent(conn->peer, out.len);
    }
    enum btw_end end = scn_veil_wants_end(conn->peer);
    if (end == BTW_END_RST) {
        served_reset(conn);
    } else if (end == BTW_END_FIN) {
        /* Closing at once would reset the connection when bytes lie unread, and with it what we have just sent. */
        scn_veil_free(conn->peer);
        conn->peer = NULL;
        conn->close_at = uv_now(server->loop) + LINGER_MS;
        if (uv_shutdown(&conn->shutdown, stream, NULL) != 0)
            served_close(conn);
        else
            uv_read_start(stream, on_buffer, on_read);
    }
}

/* ---- accepting and dialling -------------------------------------------------------------------------------------- */

static void on_incoming(uv_stream_t *listener, int status)
{
    struct server *server = listener->data;
    struct sockaddr_storage remote;
    struct btw_address from;
    int size = sizeof remote;
    if (status != 0)
        return;
    struct served *conn = served_new(server);
    if (uv_accept(listener, (uv_stream_t *)&conn->handle) != 0 ||
        uv_tcp_getpeername(&conn->handle, (struct sockaddr *)&remote, &size) != 0) {
        served_close(conn);
        return;
    }
    scn_net_to_address(&from, (struct sockaddr *)&remote);
    struct btw_peer *peer = btw_host_accept(server->host, &from, now(server));
    if (peer == NULL) {
        served_close(conn);
        return;
    }
    conn->peer = scn_veil_new(peer, server->host, server->config->faults);
    served_open(conn);
}

static void on_connected(uv_connect_t *request, int status)
{
    struct served *conn = request->data;
    if (status == UV_ECANCELED)
        return;
    if (status != 0) {
        scn_veil_received_end(conn->peer, BTW_END_RST, now(conn->server));
        served_close(conn);
        return;
    }
    scn_veil_connected(conn->peer, now(conn->server));
    served_open(conn);
}

static void dial(struct server *server)
{
    struct btw_address to;
    struct btw_peer *peer;
    while ((peer = btw_host_next_dial(server->host, &to)) != NULL) {
        struct sockaddr_storage address;
        struct served *conn = served_new(server);
        conn->peer = scn_veil_new(peer, server->host, server->config->faults);
        conn->connect.data = conn;
        if (!scn_net_from_address(&address, &to) ||
            uv_tcp_connect(&conn->connect, &conn->handle, (struct sockaddr *)&address, on_connected) != 0)
            served_close(conn);
    }
}

static void round_work(uv_work_t *work)
{
    struct round *round = (struct round *)work;
    for (size_t i = 0; i < round->fixture_count; i++)
        round->counts[i] =
            scn_announce(round->announcer, round->fixtures[i].meta.info_hash, round->complete[i], round->peers[i]);
}

static void round_over(uv_work_t *work, int status)
{
    struct round *round = (struct round *)work;
    struct server *server = work->data;
    round->under_way = false;
    if (status != 0)
        return;
    for (size_t i = 0; i < round->fixture_count; i++) {
        for (size_t k = 0; k < round->counts[i]; k++) {
            const struct scn_announced *peer = &round->peers[i][k];
            btw_host_learn(server->host, round->fixtures[i].meta.info_hash, &peer->address,
                           peer->has_id ? peer->peer_id : NULL, now(server));
        }
    }
}

static void on_announce(uv_timer_t *timer)
{
    struct server *server = timer->data;
    struct round *round = &server->round;
    if (round->under_way)
        return;
    round->under_way = true;
    for (size_t i = 0; i < round->fixture_count; i++)
        round->complete[i] = btw_host_complete(server->host, round->fixtures[i].meta.info_hash);
    round->work.data = server;
    uv_queue_work(server->loop, &round->work, round_work, round_over);
}

/* ---- the loop ---------------------------------------------------------------------------------------------------- */

static void on_timer(uv_timer_t *timer)
{
    (void)timer; /* it only wakes the loop */
}

static void sooner(int64_t *deadline, int64_t other)
{
    if (other < *deadline)
        *deadline = other;
}

static void on_turn(uv_prepare_t *prepare)
{
    struct server *server = prepare->data;
    struct served *conn, *next;
    uv_update_time(server->loop);
    if (btw_host_deadline(server->host) <= now(server))
        btw_host_tick(server->host, now(server));
    dial(server);
    int64_t deadline = INT64_MAX;
    for (conn = LIST_FIRST(&server->conns); conn != NULL; conn = next) {
        next = LIST_NEXT(conn, link);
        if (conn->peer == NULL && conn->close_at <= uv_now(server->loop)) {
            served_close(conn);
            continue;
        }
        if (conn->peer == NULL) {
            sooner(&deadline, (int64_t)conn->close_at);
            continue;
        }
        scn_veil_tick(conn->peer, now(server));
        sooner(&deadline, scn_veil_deadline(conn->peer));
        if (conn->open)
            served_pump(conn);
    }
    if (btw_host_dead(server->host)) {
        scn_waste_life(server->death);
        server->status = SCN_SERVE_DIED;
        uv_stop(server->loop);
    }
    sooner(&deadline, btw_host_deadline(server->host));
    if (deadline == INT64_MAX)
        uv_timer_stop(&server->timer);
    else
        uv_timer_start(&server->timer, on_timer, deadline > now(server) ? (uint64_t)(deadline - now(server)) : 1, 0);
}

static void on_signal(uv_signal_t *handle, int number)
{
    (void)number;
    uv_stop(handle->loop);
}

static void on_parent(uv_stream_t *stream, ssize_t got, const uv_buf_t *buffer)
{
    (void)buffer;
    if (got < 0)
        uv_stop(stream->loop);
}

static void parent_buffer(uv_handle_t *handle, size_t size, uv_buf_t *out)
{
    static char nothing[64];
    (void)handle, (void)size;
    *out = uv_buf_init(nothing, sizeof nothing);
}

/* ---- beginning and end ------------------------------------------------------------------------------------------- */

static bool listen_on(struct server *server, uv_tcp_t *listener, const struct sockaddr *address)
{
    uv_tcp_init(server->loop, listener);
    listener->data = server;
    return uv_tcp_bind(listener, address, 0) == 0 && uv_listen((uv_stream_t *)listener, BACKLOG, on_incoming) == 0;
}

/* Both families on one port; a machine without IPv6 is fine. */
static uint16_t server_listen(struct server *server)
{
    struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(server->config->port) };
    v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int size = sizeof v4;
    bool listens = listen_on(server, &server->v4, (struct sockaddr *)&v4) &&
                   uv_tcp_getsockname(&server->v4, (struct sockaddr *)&v4, &size) == 0;
    struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = v4.sin_port, .sin6_addr = in6addr_loopback };
    listen_on(server, &server->v6, (struct sockaddr *)&v6);
    return listens ? ntohs(v4.sin_port) : 0;
}

static bool server_host(struct server *server, uint16_t port, const char **error)
{
    struct btw_policy policy;
    btw_policy_init(&policy);
    if (scn_faults_apply_policy(&policy, server->config->faults) != BTW_OK) {
        *error = "the fault names a policy that does not exist";
        return false;
    }
    server->death = policy.death;
    server->host = must(btw_host_new(&policy, 1, port));
    for (size_t i = 0; i < server->config->fixture_count; i++) {
        if (btw_host_add(server->host, &server->config->fixtures[i], server->config->role, NULL) != BTW_OK) {
            *error = "out of memory";
            return false;
        }
    }
    return true;
}

static void server_handles(struct server *server)
{
    uv_timer_init(server->loop, &server->timer);
    uv_timer_init(server->loop, &server->announce);
    uv_prepare_init(server->loop, &server->turn);
    uv_signal_init(server->loop, &server->term);
    uv_signal_init(server->loop, &server->interrupt);
    uv_pipe_init(server->loop, &server->parent, 0);
    server->announce.data = server->turn.data = server;
    uv_prepare_start(&server->turn, on_turn);
    uv_signal_start(&server->term, on_signal, SIGTERM);
    uv_signal_start(&server->interrupt, on_signal, SIGINT);
    if (server->config->until_eof && uv_pipe_open(&server->parent, STDIN_FILENO) == 0)
        uv_read_start((uv_stream_t *)&server->parent, parent_buffer, on_parent);
}

static void server_announce(struct server *server, uint16_t port)
{
    struct round *round = &server->round;
    size_t count = server->config->fixture_count;
    if (server->config->tracker == NULL)
        return;
    round->announcer = scn_announcer_new(server->config->tracker, btw_host_peer_id(server->host), port);
    round->fixtures = server->config->fixtures;
    round->fixture_count = count;
    round->complete = must(calloc(count, sizeof *round->complete));
    round->counts = must(calloc(count, sizeof *round->counts));
    round->peers = must(calloc(count, sizeof *round->peers));
    if (round->announcer != NULL)
        uv_timer_start(&server->announce, on_announce, 0, ANNOUNCE_MS);
}

static void close_handle(uv_handle_t *handle, void *user)
{
    (void)user;
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

static void server_end(struct server *server)
{
    while (!LIST_EMPTY(&server->conns))
        served_reset(LIST_FIRST(&server->conns));
    uv_walk(server->loop, close_handle, NULL);
    uv_run(server->loop, UV_RUN_DEFAULT); /* also waits for an announce that is under way */
    btw_host_free(server->host);
    scn_announcer_free(server->round.announcer);
    free(server->round.complete);
    free(server->round.counts);
    free(server->round.peers);
}

int scn_serve(const struct scn_serve_config *config, const char **error)
{
    uv_loop_t loop;
    struct server *server = must(calloc(1, sizeof *server));
    uv_loop_init(&loop);
    server->config = config;
    server->loop = &loop;
    LIST_INIT(&server->conns);
    server->status = 0;
    uint16_t port = server_listen(server);
    if (port == 0)
        *error = "the port is taken";
    if (port == 0 || !server_host(server, port, error)) {
        server->status = 1;
    } else {
        server_handles(server);
        server_announce(server, port);
        printf("ready %u\n", port);
        fflush(stdout);
        uv_run(&loop, UV_RUN_DEFAULT);
    }
    server_end(server);
    int status = server->status;
    uv_loop_close(&loop);
    free(server);
    return status;
}

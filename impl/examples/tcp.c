/* SPDX-License-Identifier: MIT */
#include "tcp.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum { SLICES = 64, READ_SIZE = 256 * 1024 };

/* What is read is dealt with before the next read: one buffer serves all connections of a loop. */
static uint8_t read_buffer[READ_SIZE];

static void on_handle_closed(uv_handle_t *handle)
{
    struct tcp *tcp = handle->data;

    if (--tcp->handles > 0)
        return;
    btw_wire_destroy(&tcp->wire);
    tcp->closed(tcp);
}

static void shut(struct tcp *tcp)
{
    if (tcp->closing)
        return;
    tcp->closing = true;
    uv_close((uv_handle_t *)&tcp->timer, on_handle_closed);
    uv_close((uv_handle_t *)&tcp->socket, on_handle_closed); /* a write that is going on ends first */
}

static void on_written(uv_write_t *write, int status)
{
    struct tcp *tcp = write->handle->data;
    size_t bytes = tcp->writing;

    tcp->writing = 0;
    if (status == 0)
        btw_wire_sent(&tcp->wire, bytes, (int64_t)uv_now(write->handle->loop));
    else
        btw_wire_close(&tcp->wire, BTW_CLOSE_ERROR);
    tcp_flush(tcp);
}

/* One write at a time: the slices live until all of them are sent. */
static void send_queued(struct tcp *tcp)
{
    struct btw_slice slices[SLICES];
    uv_buf_t buffers[SLICES];
    size_t count;

    if (tcp->writing > 0 || !uv_is_writable((uv_stream_t *)&tcp->socket))
        return;
    count = btw_wire_output(&tcp->wire, slices, SLICES);
    for (size_t i = 0; i < count; i++) {
        buffers[i] = uv_buf_init((char *)slices[i].data, (unsigned)slices[i].len);
        tcp->writing += slices[i].len;
    }
    if (count > 0 && uv_write(&tcp->write, (uv_stream_t *)&tcp->socket, buffers, (unsigned)count, on_written) != 0)
        btw_wire_close(&tcp->wire, BTW_CLOSE_ERROR);
}

static void on_timer(uv_timer_t *timer)
{
    struct tcp *tcp = timer->data;

    btw_wire_tick(&tcp->wire, (int64_t)uv_now(timer->loop));
    tcp_flush(tcp);
}

void tcp_flush(struct tcp *tcp)
{
    int64_t now_ms = (int64_t)uv_now(tcp->timer.loop), due_ms;

    if (tcp->wire.closed == BTW_CLOSE_NONE)
        send_queued(tcp);
    if (tcp->wire.closed != BTW_CLOSE_NONE) {
        shut(tcp);
        return;
    }
    due_ms = btw_wire_deadline(&tcp->wire);
    if (due_ms == INT64_MAX)
        uv_timer_stop(&tcp->timer);
    else
        uv_timer_start(&tcp->timer, on_timer, due_ms > now_ms ? (uint64_t)(due_ms - now_ms) : 0, 0);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    (void)handle;
    (void)suggested;
    *buffer = uv_buf_init((char *)read_buffer, sizeof read_buffer);
}

static void on_read(uv_stream_t *stream, ssize_t len, const uv_buf_t *buffer)
{
    struct tcp *tcp = stream->data;

    if (len > 0)
        btw_wire_receive(&tcp->wire, (uint8_t *)buffer->base, (size_t)len, (int64_t)uv_now(stream->loop));
    else if (len == UV_EOF)
        btw_wire_eof(&tcp->wire);
    else if (len < 0)
        btw_wire_close(&tcp->wire, BTW_CLOSE_ERROR);
    tcp_flush(tcp);
}

static void on_connected(uv_connect_t *connect, int status)
{
    struct tcp *tcp = connect->handle->data;

    if (status == UV_ECANCELED)
        return;
    if (status < 0 || uv_tcp_nodelay(&tcp->socket, 1) != 0 || uv_read_start(connect->handle, on_alloc, on_read) != 0)
        btw_wire_close(&tcp->wire, BTW_CLOSE_ERROR);
    tcp_flush(tcp);
}

void tcp_random(void *out, size_t len)
{
    for (size_t at = 0; at < len;) {
        ssize_t got = getrandom((uint8_t *)out + at, len - at, 0);

        assert(got > 0 || errno == EINTR);
        at += got > 0 ? (size_t)got : 0;
    }
}

void tcp_peer_id(uint8_t peer_id[20])
{
    static const char client[] = "-BX0001-";

    tcp_random(peer_id, 20);
    for (size_t i = 0; i < 20; i++)
        peer_id[i] = (uint8_t)(i < sizeof client - 1 ? client[i] : 'a' + peer_id[i] % 26);
}

static struct btw_slice random_padding(uint8_t out[BTW_MSE_PAD_MAX])
{
    uint16_t len;

    tcp_random(&len, sizeof len);
    len %= BTW_MSE_PAD_MAX + 1;
    tcp_random(out, len);
    return btw_slice_of(out, len);
}

/* A public key that begins as a plain handshake does would be taken for one. */
static void random_key(uint8_t private_key[BTW_MSE_PRIVATE_SIZE])
{
    uint8_t public_key[BTW_MSE_KEY_SIZE];

    do {
        tcp_random(private_key, BTW_MSE_PRIVATE_SIZE);
        btw_mse_public_key(public_key, private_key);
    } while (public_key[0] == 19);
}

/* Everything but the wire. */
static void set_up(struct tcp *tcp, uv_loop_t *loop, struct btw_wire_mse *mse, void (*closed)(struct tcp *tcp))
{
    tcp->closed = closed;
    tcp->closing = false;
    tcp->writing = 0;
    tcp->handles = 2;
    uv_tcp_init(loop, &tcp->socket);
    uv_timer_init(loop, &tcp->timer);
    tcp->socket.data = tcp->timer.data = tcp;
    if (mse->crypto == BTW_WIRE_CLEAR)
        return;
    random_key(mse->private_key);
    mse->pad_clear = random_padding(tcp->padding[0]);
    mse->pad_secret = random_padding(tcp->padding[1]);
}

void tcp_dial(struct tcp *tcp, uv_loop_t *loop, const struct sockaddr *address, struct btw_wire_config config,
              void (*closed)(struct tcp *tcp))
{
    set_up(tcp, loop, &config.mse, closed);
    btw_wire_dial(&tcp->wire, &config, (int64_t)uv_now(loop));
    if (uv_tcp_connect(&tcp->connect, &tcp->socket, address, on_connected) != 0)
        btw_wire_close(&tcp->wire, BTW_CLOSE_ERROR);
    tcp_flush(tcp);
}

void tcp_accept(struct tcp *tcp, uv_stream_t *listener, struct btw_wire_config config, void (*closed)(struct tcp *tcp))
{
    uv_stream_t *stream = (uv_stream_t *)&tcp->socket;

    set_up(tcp, listener->loop, &config.mse, closed);
    btw_wire_accept(&tcp->wire, &config, (int64_t)uv_now(listener->loop));
    if (uv_accept(listener, stream) != 0 || uv_tcp_nodelay(&tcp->socket, 1) != 0 ||
        uv_read_start(stream, on_alloc, on_read) != 0)
        btw_wire_close(&tcp->wire, BTW_CLOSE_ERROR);
    tcp_flush(tcp);
}

bool tcp_address(struct sockaddr_storage *out, const char *text)
{
    const char *colon = strrchr(text, ':');
    char host[64];
    size_t len = colon == NULL ? 0 : (size_t)(colon - text);
    char *end;
    long port;

    if (len == 0 || len >= sizeof host)
        return false;
    port = strtol(colon + 1, &end, 10);
    if (*end != '\0' || end == colon + 1 || port < 0 || port > UINT16_MAX)
        return false;
    if (text[0] == '[' && text[len - 1] == ']') {
        snprintf(host, sizeof host, "%.*s", (int)len - 2, text + 1);
        return uv_ip6_addr(host, (int)port, (struct sockaddr_in6 *)out) == 0;
    }
    snprintf(host, sizeof host, "%.*s", (int)len, text);
    return uv_ip4_addr(host, (int)port, (struct sockaddr_in *)out) == 0;
}

uint16_t tcp_port(const struct sockaddr_storage *address)
{
    return ntohs(address->ss_family == AF_INET6 ? ((const struct sockaddr_in6 *)address)->sin6_port
                                                : ((const struct sockaddr_in *)address)->sin_port);
}

bool tcp_crypto(enum btw_wire_crypto *out, const char *word)
{
    static const char *const words[] = {
        [BTW_WIRE_CLEAR] = "clear",
        [BTW_WIRE_PREFERRED] = "preferred",
        [BTW_WIRE_REQUIRED] = "required",
    };

    for (unsigned i = 0; i < sizeof words / sizeof *words; i++) {
        if (strcmp(words[i], word) == 0) {
            *out = (enum btw_wire_crypto)i;
            return true;
        }
    }
    return false;
}

void *tcp_memory(void *user, void *memory, size_t size)
{
    (void)user;
    if (size > 0)
        return realloc(memory, size);
    free(memory);
    return NULL;
}

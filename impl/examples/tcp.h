/* SPDX-License-Identifier: MIT
 *
 * One wire on one TCP connection of libuv: all that stands between the two.  The examples share it, and a client on
 * libuv may begin with it.  Failures of the connection end as every end does: with the event CLOSE, then `closed`.
 */
#ifndef TCP_H
#define TCP_H

#include <uv.h>

#include "btw/wire.h"

struct tcp {
    struct btw_wire wire;
    void *user; /* the caller's */
    /* all other fields are private */
    uv_tcp_t socket;
    uv_timer_t timer;
    uv_connect_t connect;
    uv_write_t write;
    size_t writing; /* bytes that libuv is sending; their slices are the wire's and stay where they are */
    int handles;    /* that are not closed yet */
    bool closing;
    void (*closed)(struct tcp *tcp);
    uint8_t padding[2][BTW_MSE_PAD_MAX];
};

/* Both start a connection; the config is copied and gets fresh randomness for its encryption.  The struct is the
 * caller's until then and again when `closed` is called, which is always, later, however the connection ends; the wire
 * is destroyed by that time. */
void tcp_dial(struct tcp *tcp, uv_loop_t *loop, const struct sockaddr *address, struct btw_wire_config config,
              void (*closed)(struct tcp *tcp));
void tcp_accept(struct tcp *tcp, uv_stream_t *listener, struct btw_wire_config config, void (*closed)(struct tcp *tcp));

/* Sends what the wire has queued and sees to its next deadline.  To be called after everything said to a wire outside
 * of its own events. */
void tcp_flush(struct tcp *tcp);

/* "127.0.0.1:6881" or "[::1]:6881"; false when it is neither. */
bool tcp_address(struct sockaddr_storage *out, const char *text);

uint16_t tcp_port(const struct sockaddr_storage *address);

/* "clear", "preferred" or "required"; false when it is none of them. */
bool tcp_crypto(enum btw_wire_crypto *out, const char *word);

/* Random bytes of the kernel's. */
void tcp_random(void *out, size_t len);

/* A peer id of 20 bytes: "-BX0001-" and random letters. */
void tcp_peer_id(uint8_t peer_id[20]);

/* realloc() as the memory function of a wire. */
void *tcp_memory(void *user, void *memory, size_t size);

#endif

/* SPDX-License-Identifier: MIT
 *
 * A peer with nothing else to do: fetches 16 KiB blocks over one connection, 64 requests deep, and throws them away.
 * With --serve, the least that a seed could do: whatever asks gets blocks, and nothing is looked at but lengths.
 */
#include <arpa/inet.h>
#include <assert.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "btw/stream.h"

enum { DEPTH = 64, ROOM = 1 << 18, REQUEST_SIZE = 17, FRONT_SIZE = 13 };

static uint8_t room[ROOM];

static void die(const char *what)
{
    perror(what);
    exit(1);
}

/* What is small goes at once. */
static void hurry(int fd)
{
    int on = 1;

    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

static void send_all(int fd, const uint8_t *data, size_t len)
{
    for (size_t at = 0; at < len;) {
        ssize_t sent = write(fd, data + at, len - at);

        if (sent <= 0)
            die("write");
        at += (size_t)sent;
    }
}

static void read_all(int fd, size_t len)
{
    for (size_t at = 0; at < len;) {
        ssize_t got = read(fd, room + at, len - at);

        if (got <= 0)
            die("read");
        at += (size_t)got;
    }
}

static void say(int fd, const struct btw_msg *msg)
{
    uint8_t bytes[BTW_HANDSHAKE_SIZE];
    size_t len;

    assert(btw_msg_encode(bytes, sizeof bytes, &len, msg) == BTW_OK);
    send_all(fd, bytes, len);
}

/* --- the peer --- */

struct fetch {
    int fd;
    uint32_t pieces, blocks_per_piece;
    uint64_t asked, got, wanted; /* blocks */
    bool unchoked;
};

/* Tops up to DEPTH, in one write. */
static void ask(struct fetch *fetch)
{
    uint8_t bytes[DEPTH * REQUEST_SIZE];
    size_t at = 0, len;

    for (; fetch->unchoked && fetch->asked < fetch->wanted && fetch->asked - fetch->got < DEPTH; fetch->asked++) {
        struct btw_msg msg = { .type = BTW_REQUEST, .length = BTW_BLOCK_SIZE };

        msg.piece = (uint32_t)(fetch->asked / fetch->blocks_per_piece) % fetch->pieces;
        msg.begin = (uint32_t)(fetch->asked % fetch->blocks_per_piece) * BTW_BLOCK_SIZE;
        assert(btw_msg_encode(bytes + at, sizeof bytes - at, &len, &msg) == BTW_OK);
        at += len;
    }
    if (at > 0)
        send_all(fetch->fd, bytes, at);
}

static void take(struct fetch *fetch, const struct btw_stream *stream, const struct btw_msg *msg)
{
    if (msg->type == BTW_HANDSHAKE) /* aria2 wants nothing behind ours before this */
        say(fetch->fd, &(struct btw_msg){ .type = BTW_INTERESTED });
    else if (msg->type == BTW_UNCHOKE)
        fetch->unchoked = true;
    else if (msg->type == BTW_PIECE && btw_stream_part(stream) + msg->data.len == msg->length)
        fetch->got++;
}

static double seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static int fetch_all(struct fetch *fetch)
{
    static uint8_t buffer[ROOM];
    struct btw_stream stream;
    struct btw_msg msg;
    double start = 0;

    btw_stream_init(&stream, buffer, sizeof buffer, BTW_LEN_MAX_DEFAULT, true);
    btw_stream_split_pieces(&stream);
    while (fetch->got < fetch->wanted) {
        ssize_t len = read(fetch->fd, room, sizeof room);
        struct btw_slice in = { room, (size_t)len };

        if (len <= 0)
            die("read");
        while (btw_stream_next(&stream, &in, &msg, NULL) == BTW_OK)
            take(fetch, &stream, &msg);
        if (fetch->unchoked && start == 0)
            start = seconds();
        ask(fetch);
    }
    printf("%.6f\n", seconds() - start);
    return 0;
}

static uint64_t number(const char *text, int base)
{
    char *end;
    uint64_t value = strtoull(text, &end, base);

    if (*end != '\0' || end == text) {
        fprintf(stderr, "%s: not a number\n", text);
        exit(2);
    }
    return value;
}

static void read_hash(uint8_t hash[20], const char *text)
{
    if (strlen(text) != 40) {
        fprintf(stderr, "%s: not an info-hash\n", text);
        exit(2);
    }
    for (size_t i = 0; i < 20; i++) {
        const char digits[3] = { text[2 * i], text[2 * i + 1], '\0' };

        hash[i] = (uint8_t)number(digits, 16);
    }
}

/* --- the least of a seed --- */

/* False when the other side has had enough. */
static bool write_parts(int fd, struct iovec *part, size_t count)
{
    while (count > 0) {
        ssize_t sent = writev(fd, part, (int)count);

        if (sent <= 0)
            return false;
        for (; count > 0 && (size_t)sent >= part->iov_len; part++, count--)
            sent -= (ssize_t)part->iov_len;
        if (count > 0)
            *part = (struct iovec){ (uint8_t *)part->iov_base + sent, part->iov_len - (size_t)sent };
    }
    return true;
}

static void serve_one(int fd)
{
    static uint8_t block[BTW_BLOCK_SIZE];
    uint8_t front[FRONT_SIZE] = { 0, 0, 0x40, 9, 7 }; /* 9 + 16384 */
    struct iovec parts[2 * DEPTH];
    size_t held = 0, count;
    ssize_t len;

    while ((len = read(fd, room + held, sizeof room - held)) > 0) {
        held += (size_t)len;
        count = held / REQUEST_SIZE < DEPTH ? held / REQUEST_SIZE : DEPTH;
        for (size_t i = 0; i < count; i++) {
            parts[2 * i] = (struct iovec){ front, sizeof front };
            parts[2 * i + 1] = (struct iovec){ block, sizeof block };
        }
        if (!write_parts(fd, parts, 2 * count))
            return;
        held -= count * REQUEST_SIZE;
        memmove(room, room + count * REQUEST_SIZE, held);
    }
}

static _Noreturn void serve(int listener, struct sockaddr_in *address)
{
    socklen_t len = sizeof *address;

    if (bind(listener, (struct sockaddr *)address, len) != 0 || listen(listener, 8) != 0 ||
        getsockname(listener, (struct sockaddr *)address, &len) != 0)
        die("listen");
    printf("listening on port %u\n", ntohs(address->sin_port));
    fflush(stdout);
    for (;;) {
        int fd = accept(listener, NULL, NULL);

        if (fd < 0)
            die("accept");
        hurry(fd);
        read_all(fd, BTW_HANDSHAKE_SIZE);
        send_all(fd, room, BTW_HANDSHAKE_SIZE); /* the same hash */
        read_all(fd, 5);                        /* interested */
        say(fd, &(struct btw_msg){ .type = BTW_UNCHOKE });
        serve_one(fd);
        close(fd);
    }
}

/* PORT INFO-HASH PIECES BLOCKS-PER-PIECE BLOCKS */
static int fetch_from(int fd, struct sockaddr_in *address, char **words)
{
    struct fetch fetch = { .fd = fd,
                           .pieces = (uint32_t)number(words[2], 10),
                           .blocks_per_piece = (uint32_t)number(words[3], 10),
                           .wanted = number(words[4], 10) };
    struct btw_msg hello = { .type = BTW_HANDSHAKE, .peer_id = "-CF0001-000000000001" };

    address->sin_port = htons((uint16_t)number(words[0], 10));
    read_hash(hello.info_hash, words[1]);
    hurry(fd);
    if (connect(fd, (struct sockaddr *)address, sizeof *address) != 0)
        die("connect");
    say(fd, &hello);
    return fetch_all(&fetch);
}

int main(int argc, char **argv)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    if (argc == 2 && strcmp(argv[1], "--serve") == 0)
        serve(fd, &address);
    if (argc == 6)
        return fetch_from(fd, &address, argv + 1);
    fprintf(stderr, "usage: %s PORT INFO-HASH PIECES BLOCKS-PER-PIECE BLOCKS | --serve\n", argv[0]);
    return 2;
}

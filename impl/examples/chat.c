/* SPDX-License-Identifier: MIT
 *
 * Two peers that chat: the extension of ut_messages.c over TCP.  An empty text says that one has nothing more to say;
 * who hears it and has said so, too, closes.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "btw/hash.h"
#include "tcp.h"
#include "ut_messages.h"

static const char usage[] =
    "usage: chat [OPTION...] ADDRESS:PORT\n"
    "Sends the lines of standard input, a terminal or a pipe, to a peer, and prints what the peer sends.\n"
    "\n"
    "  --listen       wait for the peer at that address, instead of dialling it\n"
    "  --nick NAME    who we are (up to 32 bytes)\n"
    "  --room NAME    peers meet who name the same room (it makes the info-hash)\n"
    "  --crypto WORD  clear, preferred (default) or required\n"
    "  --help         this text\n";

struct chat {
    struct btw_wire_config config;
    uv_loop_t loop;
    struct tcp tcp;
    uv_tcp_t listener;
    uv_poll_t input;
    struct ut_messages messages;
    uint8_t keys[64];                /* of our extended handshake */
    char text[UT_MESSAGES_TEXT_MAX]; /* what was read and is not sent yet */
    size_t len;
    bool input_open, said_all, failed;
};

/* --- from the peer ---------------------------------------------------------------------------------------------------
 */

static void on_heard(void *user, struct ut_messages *messages, struct btw_slice text)
{
    struct chat *chat = user;

    if (text.len == 0) {
        /* With something of ours in the queue it is the peer that hears last, and closes. */
        if (chat->said_all && btw_wire_queued(messages->wire) == 0)
            btw_wire_close(messages->wire, BTW_CLOSE_OURS);
        return;
    }
    printf("%s: ", messages->nick[0] != '\0' ? messages->nick : "peer");
    for (size_t i = 0; i < text.len; i++) /* a terminal obeys control characters: those are not the peer's to send */
        putchar(text.data[i] < ' ' || text.data[i] == 0x7f ? '?' : text.data[i]);
    putchar('\n');
    fflush(stdout);
}

/* --- to the peer -----------------------------------------------------------------------------------------------------
 */

static void on_input(uv_poll_t *poll, int status, int events);

/* Sends the complete lines, and one that has no end when there is no room for more of it.  With no room in the queue,
 * what is left is for later. */
static void say(struct chat *chat)
{
    int64_t now_ms = (int64_t)uv_now(&chat->loop);
    enum btw_status status = BTW_OK;
    const char *end;

    while ((end = memchr(chat->text, '\n', chat->len)) != NULL || chat->len == sizeof chat->text ||
           (!chat->input_open && chat->len > 0)) {
        size_t len = end != NULL ? (size_t)(end - chat->text) : chat->len, used = end != NULL ? len + 1 : len;

        status = len == 0 ? BTW_OK : ut_messages_say(&chat->messages, btw_slice_of(chat->text, len), now_ms);
        if (status != BTW_OK)
            break;
        chat->len -= used;
        memmove(chat->text, chat->text + used, chat->len);
    }
    if (!chat->input_open && !chat->said_all && status == BTW_OK) {
        status = ut_messages_say(&chat->messages, btw_slice_of(NULL, 0), now_ms);
        chat->said_all = status == BTW_OK;
    }
    if (status != BTW_OK || !chat->input_open)
        uv_poll_stop(&chat->input); /* until DRAINED, or for good */
    else
        uv_poll_start(&chat->input, UV_READABLE, on_input);
}

static void on_input(uv_poll_t *poll, int status, int events)
{
    struct chat *chat = poll->data;
    ssize_t got = read(STDIN_FILENO, chat->text + chat->len, sizeof chat->text - chat->len);

    (void)events;
    if (got < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    if (status < 0 || got <= 0)
        chat->input_open = false;
    else
        chat->len += (size_t)got;
    say(chat);
    tcp_flush(&chat->tcp);
}

static void on_ready(void *user, struct ut_messages *messages)
{
    struct chat *chat = user;

    printf("* %s is here\n", messages->nick[0] != '\0' ? messages->nick : "somebody");
    fflush(stdout);
    say(chat);
}

/* --- the connection --------------------------------------------------------------------------------------------------
 */

static void on_event(void *user, struct btw_wire *wire, const struct btw_wire_event *event)
{
    struct chat *chat = user;

    if (event->kind == BTW_WIRE_READY) {
        btw_wire_availability(wire, btw_slice_of(NULL, 0), event->now_ms); /* have_none, where Fast wants it */
    } else if (event->kind == BTW_WIRE_EXTENDED_HANDSHAKE && !btw_wire_supports(wire, "ut_messages")) {
        fprintf(stderr, "chat: the peer does not speak ut_messages\n");
        chat->failed = true;
        btw_wire_close(wire, BTW_CLOSE_OURS);
    } else if (event->kind == BTW_WIRE_DRAINED) {
        say(chat);
    } else if (event->kind == BTW_WIRE_CLOSE && !chat->said_all && !chat->failed) {
        fprintf(stderr, "chat: %s\n", btw_close_text(event->reason));
        chat->failed = true;
    }
}

static void on_closed(struct tcp *tcp)
{
    struct chat *chat = tcp->user;

    uv_close((uv_handle_t *)&chat->input, NULL);
}

static void on_connection(uv_stream_t *listener, int status)
{
    struct chat *chat = listener->data;

    if (status < 0 || uv_is_closing((uv_handle_t *)listener))
        return;
    tcp_accept(&chat->tcp, listener, chat->config, on_closed);
    ut_messages_use(&chat->messages, &chat->tcp.wire);
    uv_close((uv_handle_t *)listener, NULL); /* one guest is enough */
}

static int start_listening(struct chat *chat, const struct sockaddr *address)
{
    struct sockaddr_storage bound;
    int len = sizeof bound, error;

    chat->listener.data = chat;
    if ((error = uv_tcp_init(&chat->loop, &chat->listener)) != 0 ||
        (error = uv_tcp_bind(&chat->listener, address, 0)) != 0 ||
        (error = uv_listen((uv_stream_t *)&chat->listener, 1, on_connection)) != 0 ||
        (error = uv_tcp_getsockname(&chat->listener, (struct sockaddr *)&bound, &len)) != 0)
        return error;
    printf("* listening on port %d\n", tcp_port(&bound));
    fflush(stdout);
    return 0;
}

static bool start(struct chat *chat, const struct sockaddr *address, bool listens)
{
    int error;

    chat->tcp.user = chat->messages.user = chat->input.data = chat;
    chat->messages.ready = on_ready;
    chat->messages.heard = on_heard;
    chat->input_open = true;
    if ((error = uv_loop_init(&chat->loop)) != 0 ||
        (error = uv_poll_init(&chat->loop, &chat->input, STDIN_FILENO)) != 0 ||
        (listens && (error = start_listening(chat, address)) != 0)) {
        fprintf(stderr, "chat: %s\n", uv_strerror(error));
        return false;
    }
    if (!listens) {
        tcp_dial(&chat->tcp, &chat->loop, address, chat->config, on_closed);
        ut_messages_use(&chat->messages, &chat->tcp.wire);
    }
    return true;
}

static bool configure(struct chat *chat, const char *nick, const char *room)
{
    struct btw_wire_config *config = &chat->config;
    size_t len;

    if (strlen(nick) > UT_MESSAGES_NICK_MAX || ut_messages_keys(chat->keys, sizeof chat->keys, &len, nick) != BTW_OK)
        return false;
    btw_sha1(config->torrent.info_hash, btw_slice_str(room));
    tcp_peer_id(config->torrent.peer_id);
    config->torrent.keys = btw_slice_of(chat->keys, len);
    config->event = on_event;
    config->memory = tcp_memory;
    config->user = chat;
    return true;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        { "listen", no_argument, NULL, 'l' },     { "nick", required_argument, NULL, 'n' },
        { "room", required_argument, NULL, 'r' }, { "crypto", required_argument, NULL, 'c' },
        { "help", no_argument, NULL, 'h' },       { NULL, 0, NULL, 0 },
    };
    static struct chat chat;
    const char *nick = "", *room = "lobby";
    struct sockaddr_storage address;
    bool good = true, listens = false;
    int option;

    signal(SIGPIPE, SIG_IGN); /* a write to a peer that is gone is an error like others */
    btw_wire_defaults(&chat.config);
    chat.config.mse.crypto = BTW_WIRE_PREFERRED;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 'h')
            return fputs(usage, stdout) < 0;
        if (option == 'l')
            listens = true;
        else if (option == 'n')
            nick = optarg;
        else if (option == 'r')
            room = optarg;
        else
            good = good && option == 'c' && tcp_crypto(&chat.config.mse.crypto, optarg);
    }
    if (!good || argc - optind != 1 || !tcp_address(&address, argv[optind]) || !configure(&chat, nick, room)) {
        fputs(usage, stderr);
        return 2;
    }
    if (!start(&chat, (struct sockaddr *)&address, listens))
        return 1;
    uv_run(&chat.loop, UV_RUN_DEFAULT);
    uv_loop_close(&chat.loop);
    return chat.failed ? 1 : 0;
}

/* SPDX-License-Identifier: MIT
 *
 * One end of a conversation between two implementations: plays its half of a script with a struct btw_wire over TCP and
 * checks the other half (see README.md).
 *
 *     wire_peer a|b dial PORT  CRYPTO SCRIPT        CRYPTO: clear, rc4, either, plaintext (of the two, prefer that)
 *     wire_peer a|b listen     CRYPTO SCRIPT        prints "port N"
 *
 * Exit 0: the script came to its end.  1: it did not, standard error says where.  2: a script or call that is wrong.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "btw/hash.h"
#include "btw/notation.h"
#include "btw/wire.h"

enum { LINES_MAX = 512, WORDS_MAX = 16, SLICES = 8, TEXT_MAX = 1 << 17 };

struct line {
    char who;  /* 'a' or 'b' */
    bool self; /* sent without being asked for */
    bool some; /* the first message that begins like this */
    char *text;
};

struct peer {
    char role;
    struct line lines[LINES_MAX];
    size_t line_count, at;
    char *heard[LINES_MAX]; /* what has come, and is not checked yet */
    size_t heard_count;
    void *kept[LINES_MAX]; /* memory behind messages that were sent: blocks have to live */
    size_t kept_count;
    struct btw_wire_config config;
    struct btw_wire_extension extensions[WORDS_MAX];
    size_t extension_count;
    uint8_t pads[2][BTW_MSE_PAD_MAX];
    struct btw_wire wire;
};

static void die(int status, const char *format, ...) __attribute__((format(printf, 2, 3), noreturn));
static void die(int status, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    exit(status);
}

static void *must(void *memory)
{
    if (memory == NULL)
        die(2, "out of memory");
    return memory;
}

static int64_t now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

static void *keep(struct peer *peer, size_t size)
{
    if (peer->kept_count == LINES_MAX)
        die(2, "too much to say");
    return peer->kept[peer->kept_count++] = must(calloc(1, size + 1));
}

/* --- the script ------------------------------------------------------------------------------------------------------
 */

static void read_script(struct peer *peer, const char *path)
{
    FILE *file = fopen(path, "r");
    char *text = NULL;
    size_t cap = 0;

    if (file == NULL)
        die(2, "%s: %s", path, strerror(errno));
    for (ssize_t len; (len = getline(&text, &cap, file)) > 0;) {
        struct line line = { .who = text[0] };
        size_t at = 1;

        text[len - (text[len - 1] == '\n')] = '\0';
        if (text[0] == '\0' || text[0] == '#')
            continue;
        if (strncmp(text, "torrent ", 8) == 0) {
            struct btw_geometry *geometry = &peer->config.torrent.geometry;
            sscanf(text + 8, "%u %u %lu", &geometry->pieces, &geometry->piece_length, &geometry->total_length);
            continue;
        }
        line.self = text[at] == '!';
        at += line.self;
        line.some = strncmp(text + at, " ~", 2) == 0;
        at += line.some ? 2 : 0;
        if ((line.who != 'a' && line.who != 'b') || text[at] != ' ' || peer->line_count == LINES_MAX)
            die(2, "%s: %s", path, text);
        line.text = must(strdup(text + at + 1));
        peer->lines[peer->line_count++] = line;
    }
    free(text);
    fclose(file);
}

/* --- what is heard ---------------------------------------------------------------------------------------------------
 */

static void hear(struct peer *peer, const char *text)
{
    printf("< %s\n", text);
    if (peer->heard_count == LINES_MAX)
        die(1, "too much is said");
    peer->heard[peer->heard_count++] = must(strdup(text));
}

static void print_hex(char *out, size_t cap, struct btw_slice bytes)
{
    if (2 * bytes.len >= cap)
        die(1, "a message of %zu bytes", bytes.len);
    for (size_t i = 0; i < bytes.len; i++)
        sprintf(out + 2 * i, "%02x", bytes.data[i]);
}

#define AT(member) offsetof(struct btw_ext_handshake, member)
static const struct {
    const char *name;
    enum btw_ext_key key;
    size_t offset;
} hello_keys[] = {
    { "metadata_size", BTW_EXT_METADATA_SIZE, AT(metadata_size) },
    { "p", BTW_EXT_P, AT(p) },
    { "reqq", BTW_EXT_REQQ, AT(reqq) },
    { "upload_only", BTW_EXT_UPLOAD_ONLY, AT(upload_only) },
};
enum { HELLO_KEYS = sizeof hello_keys / sizeof hello_keys[0] };

/* "hello m=ut_a,ut_b p=6881": the names in order, without their ids, then the keys that both ends know. */
static void hear_hello(struct peer *peer, const struct btw_ext_handshake *hello)
{
    struct btw_ben_iter iter = btw_ben_iter_of(hello->m);
    struct btw_slice name, value;
    char text[1000] = "hello m=", *end = text + strlen(text), *first = end;

    while (btw_ben_next(&iter, &name, &value) && end - text < 800)
        end +=
            sprintf(end, "%s%.*s", end > first ? "," : "", name.len < 50 ? (int)name.len : 50, (const char *)name.data);
    for (size_t i = 0; i < HELLO_KEYS; i++)
        if (hello->has & hello_keys[i].key)
            end += sprintf(end, " %s=%lld", hello_keys[i].name,
                           (long long)*(const int64_t *)((const char *)hello + hello_keys[i].offset));
    hear(peer, text);
}

static void on_event(void *user, struct btw_wire *wire, const struct btw_wire_event *event)
{
    static char text[TEXT_MAX];
    struct peer *peer = user;
    int head;
    size_t len;

    if (event->kind == BTW_WIRE_CLOSE && event->reason != BTW_CLOSE_OURS) {
        hear(peer, event->reason == BTW_CLOSE_FIN ? "close" : btw_close_text(event->reason));
    } else if (wire->closed != BTW_CLOSE_NONE) {
        return; /* what the end implies has not been said */
    } else if (event->kind == BTW_WIRE_EXTENDED_HANDSHAKE) {
        hear_hello(peer, event->hello);
    } else if (event->kind == BTW_WIRE_EXTENDED) {
        head = snprintf(text, sizeof text, "extended %s ", event->name);
        print_hex(text + head, sizeof text - (size_t)head, event->msg->data);
        hear(peer, text);
    } else if (event->kind == BTW_WIRE_REFUSED) {
        snprintf(text, sizeof text, "refused: %s", btw_breach_text(event->breach));
        hear(peer, text);
    } else if (event->kind <= BTW_WIRE_UNKNOWN && event->msg != NULL) {
        if (btw_msg_print(text, sizeof text, &len, event->msg, BTW_PRINT_FULL) != BTW_OK)
            die(1, "a message too long to print");
        hear(peer, text);
    }
}

/* --- what is said ----------------------------------------------------------------------------------------------------
 */

static struct btw_msg parse(struct peer *peer, const char *text)
{
    struct btw_diag diag;
    struct btw_msg msg;
    size_t cap = 2 * strlen(text);

    if (btw_msg_parse(&msg, keep(peer, cap), cap, text, strlen(text), &diag) != BTW_OK)
        die(2, "%s: %s at %zu", text, diag.text, diag.offset);
    return msg;
}

static struct btw_slice parse_hex(struct peer *peer, const char *text)
{
    size_t cap = strlen(text), len;
    uint8_t *bytes = keep(peer, cap);

    if (btw_text_bytes(bytes, cap, &len, btw_slice_str(text), NULL) != BTW_OK)
        die(2, "%s: not hex", text);
    return btw_slice_of(bytes, len);
}

static void configure_handshake(struct peer *peer, struct line *line)
{
    struct btw_wire_config *config = &peer->config;
    struct btw_msg msg = parse(peer, line->text);

    config->fast = btw_reserved_has(msg.reserved, "fast");
    config->dht = btw_reserved_has(msg.reserved, "dht");
    memcpy(config->torrent.info_hash, msg.info_hash, sizeof msg.info_hash);
    memcpy(config->torrent.peer_id, msg.peer_id, sizeof msg.peer_id);
    line->self = true;
}

static void configure_hello(struct peer *peer, const char *text)
{
    struct btw_ext_handshake *hello = &peer->config.torrent.hello;
    char *rest = strcpy(keep(peer, strlen(text)), text), *word, *value;

    while ((word = strtok_r(rest, " ", &rest)) != NULL) {
        if ((value = strchr(word, '=')) == NULL)
            continue;
        *value++ = '\0';
        for (size_t i = 0; i < HELLO_KEYS; i++)
            if (strcmp(word, hello_keys[i].name) == 0) {
                hello->has |= hello_keys[i].key;
                *(int64_t *)((char *)hello + hello_keys[i].offset) = atoll(value);
            }
        while (strcmp(word, "m") == 0 && peer->extension_count < WORDS_MAX &&
               (peer->extensions[peer->extension_count].name = strtok_r(value, ",", &value)) != NULL)
            peer->extension_count++;
    }
}

/* Our handshake, and our extended handshake with the extensions we use, stand in the script like all that we say. */
static void configure(struct peer *peer)
{
    for (size_t i = 0; i < peer->line_count; i++) {
        struct line *line = &peer->lines[i];
        if (line->who == peer->role && strncmp(line->text, "handshake ", 10) == 0)
            configure_handshake(peer, line);
        else if (line->who == peer->role && strncmp(line->text, "hello ", 6) == 0)
            configure_hello(peer, line->text);
    }
}

static enum btw_status say_message(struct btw_wire *wire, const struct btw_msg *msg)
{
    struct btw_block block = { msg->piece, msg->begin, msg->length };

    switch (msg->type) {
    case BTW_KEEPALIVE:
        return btw_wire_keepalive(wire, now());
    case BTW_CHOKE:
        return btw_wire_choke(wire, now());
    case BTW_UNCHOKE:
        return btw_wire_unchoke(wire, now());
    case BTW_INTERESTED:
        return btw_wire_interested(wire, now());
    case BTW_NOT_INTERESTED:
        return btw_wire_not_interested(wire, now());
    case BTW_HAVE:
        return btw_wire_have(wire, msg->piece, now());
    case BTW_BITFIELD:
        return btw_wire_bitfield(wire, msg->data, now());
    case BTW_REQUEST:
        return btw_wire_request(wire, block, now());
    case BTW_PIECE:
        return btw_wire_piece(wire, msg->piece, msg->begin, msg->data, now());
    case BTW_CANCEL:
        return btw_wire_cancel(wire, block, now());
    case BTW_PORT:
        return btw_wire_port(wire, msg->port, now());
    case BTW_SUGGEST:
        return btw_wire_suggest(wire, msg->piece, now());
    case BTW_HAVE_ALL:
        return btw_wire_have_all(wire, now());
    case BTW_HAVE_NONE:
        return btw_wire_have_none(wire, now());
    case BTW_REJECT:
        return btw_wire_reject(wire, block, now());
    case BTW_ALLOWED_FAST:
        return btw_wire_allowed_fast(wire, msg->piece, now());
    default:
        return btw_wire_send(wire, msg, now());
    }
}

/* False when it is over. */
static bool say(struct peer *peer, const struct line *line)
{
    enum btw_status status;
    char name[64], *hex;

    printf("> %s\n", line->text);
    if (line->self)
        return true;
    if (strcmp(line->text, "close") == 0)
        return false;
    if (sscanf(line->text, "extended %63s", name) == 1 && (hex = strrchr(line->text, ' ')) != NULL) {
        status = btw_wire_extended(&peer->wire, name, parse_hex(peer, hex + 1), now());
    } else {
        struct btw_msg msg = parse(peer, line->text);
        status = say_message(&peer->wire, &msg);
    }
    if (status != BTW_OK)
        die(1, "line %zu: %s: %s", peer->at + 1, line->text,
            status == BTW_REFUSED ? btw_breach_text(peer->wire.session.breach) : btw_status_text(status));
    return true;
}

/* Takes what this line waits for out of what has been heard; false when it has not come. */
static bool find(struct peer *peer, const struct line *line)
{
    for (size_t i = 0; i < peer->heard_count; i++) {
        char *heard = peer->heard[i];
        bool fits = line->some ? strncmp(heard, line->text, strlen(line->text)) == 0 : strcmp(heard, line->text) == 0;

        if (!fits && (!line->some || strcmp(heard, "close") == 0))
            die(1, "line %zu: want %s\n        got %s", peer->at + 1, line->text, heard);
        if (!fits)
            continue;
        free(heard);
        memmove(peer->heard + i, peer->heard + i + 1, (--peer->heard_count - i) * sizeof peer->heard[0]);
        return true;
    }
    return false;
}

/* Goes on as far as it can.  False when the script is at its end, or says that we close. */
static bool play(struct peer *peer)
{
    for (; peer->at < peer->line_count; peer->at++) {
        const struct line *line = &peer->lines[peer->at];
        if (line->who == peer->role) {
            if (!say(peer, line))
                return false;
        } else if (!find(peer, line)) {
            return true;
        }
    }
    return false;
}

/* --- the socket ------------------------------------------------------------------------------------------------------
 */

static int connected(const char *how, const char *port)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof address;
    struct sockaddr *any = (struct sockaddr *)(void *)&address;
    int fd = socket(AF_INET, SOCK_STREAM, 0), listener = fd, yes = 1;

    if (strcmp(how, "dial") == 0) {
        address.sin_port = htons((uint16_t)atoi(port));
        if (connect(fd, any, len) != 0)
            die(1, "connect: %s", strerror(errno));
    } else {
        if (bind(listener, any, len) != 0 || listen(listener, 1) != 0 || getsockname(listener, any, &len) != 0)
            die(1, "listen: %s", strerror(errno));
        printf("port %u\n", ntohs(address.sin_port));
        fflush(stdout);
        if ((fd = accept(listener, NULL, NULL)) < 0)
            die(1, "accept: %s", strerror(errno));
        close(listener);
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    return fd;
}

static void flush_wire(struct peer *peer, int fd)
{
    struct btw_slice slices[SLICES];
    struct iovec iov[SLICES];
    size_t count;

    while ((count = btw_wire_output(&peer->wire, slices, SLICES)) > 0) {
        for (size_t i = 0; i < count; i++)
            iov[i] = (struct iovec){ (void *)(uintptr_t)slices[i].data, slices[i].len };
        ssize_t sent = writev(fd, iov, (int)count);
        if (sent < 0)
            die(1, "write: %s", strerror(errno));
        btw_wire_sent(&peer->wire, (size_t)sent, now());
    }
}

/* Writes block: the other end always reads. */
static void talk(struct peer *peer, int fd)
{
    static uint8_t data[1 << 16];

    while (play(peer)) {
        flush_wire(peer, fd);
        int64_t deadline = btw_wire_deadline(&peer->wire), left = deadline - now();
        struct pollfd entry = { .fd = fd, .events = POLLIN };
        if (peer->wire.closed == BTW_CLOSE_NONE && poll(&entry, 1,
                                                        left < 0       ? 0
                                                        : left > 60000 ? 60000
                                                                       : (int)left) > 0) {
            ssize_t len = read(fd, data, sizeof data);
            if (len > 0)
                btw_wire_receive(&peer->wire, data, (size_t)len, now());
            else
                btw_wire_eof(&peer->wire);
        }
        btw_wire_tick(&peer->wire, now());
        if (peer->wire.closed != BTW_CLOSE_NONE && peer->heard_count == 0)
            die(1, "line %zu: over", peer->at + 1);
    }
    flush_wire(peer, fd);
    btw_wire_close(&peer->wire, BTW_CLOSE_OURS);
}

/* --- encryption ------------------------------------------------------------------------------------------------------
 */

static bool find_skey(void *user, const uint8_t req2[20], uint8_t skey[20])
{
    const struct peer *peer = user;
    uint8_t ours[20];

    btw_mse_skey_hash(ours, peer->config.torrent.info_hash);
    memcpy(skey, peer->config.torrent.info_hash, 20);
    return memcmp(ours, req2, sizeof ours) == 0;
}

static void draw(void *bytes, size_t len)
{
    if (getrandom(bytes, len, 0) != (ssize_t)len)
        die(2, "no random numbers");
}

static void configure_mse(struct peer *peer, const char *crypto)
{
    struct btw_wire_mse *mse = &peer->config.mse;
    uint16_t len[2];

    mse->crypto = strcmp(crypto, "clear") == 0 ? BTW_WIRE_CLEAR
                  : strcmp(crypto, "rc4") == 0 ? BTW_WIRE_REQUIRED
                                               : BTW_WIRE_PREFERRED;
    mse->prefer_plaintext = strcmp(crypto, "plaintext") == 0;
    mse->find = find_skey;
    draw(mse->private_key, sizeof mse->private_key);
    draw(peer->pads, sizeof peer->pads);
    draw(len, sizeof len);
    mse->pad_clear = btw_slice_of(peer->pads[0], len[0] % (BTW_MSE_PAD_MAX + 1));
    mse->pad_secret = btw_slice_of(peer->pads[1], len[1] % (BTW_MSE_PAD_MAX + 1));
}

static void *memory(void *user, void *old, size_t size)
{
    (void)user;
    if (size > 0)
        return realloc(old, size);
    free(old);
    return NULL;
}

int main(int argc, char **argv)
{
    static struct peer peer;
    bool dials = argc == 6 && strcmp(argv[2], "dial") == 0;
    static const char *const methods[] = { "clear", "plaintext", "rc4" };

    if (!dials && !(argc == 5 && strcmp(argv[2], "listen") == 0))
        die(2, "usage: wire_peer a|b dial PORT|listen clear|rc4|either|plaintext SCRIPT");
    peer.role = argv[1][0];
    btw_wire_defaults(&peer.config);
    read_script(&peer, argv[argc - 1]);
    configure(&peer);
    configure_mse(&peer, argv[argc - 2]);
    peer.config.event = on_event;
    peer.config.memory = memory;
    peer.config.user = &peer;

    int fd = connected(argv[2], argv[3]);
    if ((dials ? btw_wire_dial : btw_wire_accept)(&peer.wire, &peer.config, now()) != BTW_OK)
        die(1, "no memory");
    for (size_t i = 0; i < peer.extension_count; i++)
        if (btw_wire_use(&peer.wire, &peer.extensions[i], NULL) != BTW_OK)
            die(2, "%s: cannot be used", peer.extensions[i].name);
    talk(&peer, fd);
    printf("= method %s\n", methods[peer.wire.method]);
    printf("= uploaded %llu\n", (unsigned long long)peer.wire.session.party[BTW_US].payload_bytes);
    printf("= downloaded %llu\n", (unsigned long long)peer.wire.session.party[BTW_THEM].payload_bytes);
    btw_wire_destroy(&peer.wire);
    close(fd);
    while (peer.kept_count > 0)
        free(peer.kept[--peer.kept_count]);
    for (size_t i = 0; i < peer.line_count; i++)
        free(peer.lines[i].text);
    while (peer.heard_count > 0)
        free(peer.heard[--peer.heard_count]);
    return 0;
}

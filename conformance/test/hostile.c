/* SPDX-License-Identifier: MIT
 *
 * The suite under attack: listens, misbehaves in one of the ways of the table below, and lets `conformance run` judge
 * that. The suite must end by itself, keep its memory in bounds, find nothing to praise, and say what happened.
 *
 *   hostile MODE CONFORMANCE [ARGUMENT...]
 */
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/param.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <uv.h>

enum {
    RSS_MAX_KB = 512 * 1024,
    RUN_MS_MAX = 15 * 60 * 1000, /* a run that hangs; not a measure of speed */
    DRIP_MS = 1000,
    BLOCK_SIZE = 128 * 1024,
    HANDSHAKE_SIZE = 68,
    PEER_ID_AT = 48,
    PIECE_SIZE = 13 + 16384,
    SAID_MAX = 1 << 20,
    ARGUMENTS_MAX = 16,
};

/* What comes behind the handshake, or instead of it. */
enum habit { SILENT, FLOOD, DRIP, PARROT, SHAKE, CLOSE, RESET };

/* clang-format off */
static const struct mode {
    const char *name;
    size_t shakes;       /* bytes of a right handshake that answer the suite's */
    size_t patience;     /* the habit begins when the suite has sent so much */
    enum habit habit;
    const char *message; /* that a flood repeats, padded with zeros; NULL: random bytes */
    size_t size;
    int status;          /* how the suite must end */
    const char *says;    /* and what it must say */
} modes[] = {
    { "silence",           0,  0, SILENT, NULL,                          0, 3, "nothing that fits came in time" },
    { "close",             0,  0, CLOSE,  NULL,                          0, 3, "the first handshake with the target failed" },
    { "reset",             0,  0, RESET,  NULL,                          0, 3, "the first handshake with the target failed" },
    { "drip",              0,  0, DRIP,   NULL,                          0, 3, "nothing that fits came in time" },
    { "random",            0,  0, FLOOD,  NULL,                          0, 3, "what came is no BitTorrent stream" },
    { "half-handshake",   33, 68, SILENT, NULL,                          0, 3, "nothing that fits came in time" },
    { "keep-alives",      68, 68, FLOOD,  "\0\0\0\0",                    4, 3, "the target floods" },
    { "garbage",          68, 68, FLOOD,  NULL,                          0, 3, "the target floods" },
    { "endless-message",  68, 69, FLOOD,  "\xff\xff\xff\xff",            4, 1, "the target floods" },
    { "late-keep-alives", 68, 69, FLOOD,  "\0\0\0\0",                    4, 1, "the target floods" },
    { "late-garbage",     68, 69, FLOOD,  NULL,                          0, 1, "the target floods" },
    { "haves",            68, 69, FLOOD,  "\0\0\0\x05\x04\0\0\0\0",      9, 1, "the target floods" },
    { "unchokes",         68, 69, FLOOD,  "\0\0\0\x01\x01",              5, 1, "the target floods" },
    { "pieces",           68, 69, FLOOD,  "\0\0\x40\x09\x07", PIECE_SIZE, 1, "the target floods" },
    { "echo",              0,  0, PARROT, NULL,                          0, 1, "FAIL" },
    { "only-handshakes",  68, 68, SHAKE,  NULL,                          0, 1, "FAIL" },
};
/* clang-format on */

struct client {
    uv_tcp_t handle; /* first: callbacks get this */
    uv_timer_t timer;
    uv_write_t write;
    uint8_t handshake[HANDSHAKE_SIZE]; /* the suite's, as far as it has come */
    size_t got, dripped;
    bool busy; /* a write is under way */
};

static const struct mode *mode;
static uint8_t block[BLOCK_SIZE];
static size_t block_size;
static uint64_t flooded;

/* ---- one connection -------------------------------------------------------------------------------------------------
 */

static void on_timer_closed(uv_handle_t *timer)
{
    free(timer->data);
}

static void on_closed(uv_handle_t *handle)
{
    struct client *client = (struct client *)handle;
    uv_close((uv_handle_t *)&client->timer, on_timer_closed);
}

static void leave(struct client *client)
{
    if (!uv_is_closing((uv_handle_t *)&client->handle))
        uv_close((uv_handle_t *)&client->handle, on_closed);
}

static void flood(struct client *client);

static void on_written(uv_write_t *request, int status)
{
    struct client *client = request->data;
    client->busy = false;
    if (status != 0)
        leave(client);
    else if (mode->habit == FLOOD)
        flood(client);
}

static void say(struct client *client, const uint8_t *bytes, size_t size)
{
    uv_buf_t buffer = uv_buf_init((char *)bytes, (unsigned)size);
    client->write.data = client;
    client->busy = uv_write(&client->write, (uv_stream_t *)&client->handle, &buffer, 1, on_written) == 0;
}

static void flood(struct client *client)
{
    flooded += block_size;
    say(client, block, block_size);
}

static void on_drip(uv_timer_t *timer)
{
    struct client *client = timer->data;
    uv_buf_t one = uv_buf_init((char *)client->handshake + client->dripped++ % HANDSHAKE_SIZE, 1);
    uv_try_write((uv_stream_t *)&client->handle, &one, 1);
}

/* Our handshake is theirs with another peer ID. */
static void shake(struct client *client)
{
    uv_buf_t ours = uv_buf_init((char *)client->handshake, (unsigned)mode->shakes);
    memset(client->handshake + PEER_ID_AT, 'h', HANDSHAKE_SIZE - PEER_ID_AT);
    if (mode->shakes > 0)
        uv_try_write((uv_stream_t *)&client->handle, &ours, 1);
}

static void on_buffer(uv_handle_t *handle, size_t size, uv_buf_t *out)
{
    static char bytes[64 * 1024];
    (void)handle, (void)size;
    *out = uv_buf_init(bytes, sizeof bytes);
}

static void on_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *buffer)
{
    struct client *client = (struct client *)stream;
    uv_buf_t back = uv_buf_init(buffer->base, got > 0 ? (unsigned)got : 0);
    if (got < 0) {
        leave(client);
        return;
    }
    bool had = client->got >= HANDSHAKE_SIZE;
    if (!had)
        memcpy(client->handshake + client->got, back.base, MIN(back.len, HANDSHAKE_SIZE - client->got));
    client->got += back.len;
    if (client->got >= HANDSHAKE_SIZE && (!had || mode->habit == SHAKE))
        shake(client);
    if (mode->habit == PARROT)
        uv_try_write(stream, &back, 1);
    if (mode->habit == FLOOD && !client->busy && client->got >= mode->patience)
        flood(client);
}

static void on_incoming(uv_stream_t *server, int status)
{
    struct client *client = calloc(1, sizeof *client);
    if (client == NULL || status != 0)
        abort();
    uv_tcp_init(server->loop, &client->handle);
    uv_timer_init(server->loop, &client->timer);
    client->timer.data = client;
    memcpy(client->handshake,
           "\x13"
           "BitTorrent protocol",
           20);
    if (uv_accept(server, (uv_stream_t *)&client->handle) != 0 || mode->habit == CLOSE) {
        leave(client);
    } else if (mode->habit == RESET) {
        uv_tcp_close_reset(&client->handle, on_closed);
    } else {
        uv_read_start((uv_stream_t *)&client->handle, on_buffer, on_read);
        if (mode->habit == DRIP)
            uv_timer_start(&client->timer, on_drip, DRIP_MS, DRIP_MS);
        if (mode->habit == FLOOD && mode->patience == 0)
            flood(client);
    }
}

/* ---- the suite ------------------------------------------------------------------------------------------------------
 */

static struct {
    uv_process_t process;
    uv_timer_t deadline;
    uint64_t began;
    int status, signal;
    bool hung;
    char said[SAID_MAX];
} suite;

static void on_deadline(uv_timer_t *timer)
{
    (void)timer;
    suite.hung = true;
    uv_process_kill(&suite.process, SIGKILL);
}

static void on_exit_of_suite(uv_process_t *process, int64_t status, int signal_number)
{
    suite.status = (int)status;
    suite.signal = signal_number;
    uv_stop(process->loop);
}

/* What the suite says goes into a file: nobody has to read it while the attack lasts. */
static bool start_suite(uv_loop_t *loop, char **argv, FILE *output)
{
    uv_stdio_container_t stdio[] = {
        { .flags = UV_IGNORE },
        { .flags = UV_INHERIT_FD, .data.fd = fileno(output) },
        { .flags = UV_INHERIT_FD, .data.fd = fileno(output) },
    };
    uv_process_options_t options = {
        .file = argv[0],
        .args = argv,
        .exit_cb = on_exit_of_suite,
        .stdio = stdio,
        .stdio_count = 3,
    };
    uv_timer_init(loop, &suite.deadline);
    uv_timer_start(&suite.deadline, on_deadline, RUN_MS_MAX, 0);
    suite.began = uv_hrtime();
    return uv_spawn(loop, &suite.process, &options) == 0;
}

static bool check(bool holds, const char *claim)
{
    if (!holds)
        printf("%s: %s\n", mode->name, claim);
    return holds;
}

/* The line that says it, for the log. */
static void print_line(const char *at)
{
    const char *begin = at;
    while (begin > suite.said && begin[-1] != '\n')
        begin--;
    printf("  %.*s\n", (int)strcspn(begin, "\n"), begin);
}

static bool judge(FILE *output)
{
    struct rusage usage;
    rewind(output);
    suite.said[fread(suite.said, 1, SAID_MAX - 1, output)] = '\0';
    getrusage(RUSAGE_CHILDREN, &usage);
    double seconds = (double)(uv_hrtime() - suite.began) / 1e9;
    printf("%s: %.1f s, %ld MiB, exit status %d, flooded %.0f MB/s\n", mode->name, seconds, usage.ru_maxrss / 1024,
           suite.status, (double)flooded / 1e6 / seconds);
    const char *sentence = strstr(suite.said, mode->says);
    if (sentence != NULL)
        print_line(sentence);
    else
        puts(suite.said);
    bool good = check(!suite.hung, "the run does not end");
    good &= check(suite.signal == 0, "the suite was killed by a signal");
    good &= check(suite.status == mode->status, "another exit status was expected");
    good &= check(usage.ru_maxrss <= RSS_MAX_KB, "too much memory");
    return check(sentence != NULL, "the suite does not say what happened") && good;
}

/* ---- main -----------------------------------------------------------------------------------------------------------
 */

static void fill_block(void)
{
    if (mode->message == NULL) {
        srandom(1);
        for (block_size = 0; block_size < BLOCK_SIZE; block_size++)
            block[block_size] = (uint8_t)(random() & 0xff);
        return;
    }
    size_t given = mode->size < 13 ? mode->size : 5;
    for (block_size = 0; block_size + mode->size <= BLOCK_SIZE; block_size += mode->size)
        memcpy(block + block_size, mode->message, given);
}

static bool find_mode(const char *name)
{
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        if (strcmp(modes[i].name, name) == 0)
            mode = &modes[i];
    }
    return mode != NULL;
}

int main(int argc, char **argv)
{
    static char run[] = "run", target[] = "--target", address[32];
    char *arguments[ARGUMENTS_MAX] = { argv[2], run, target, address };
    struct sockaddr_in local = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int size = sizeof local;
    static uv_tcp_t server;
    FILE *output = tmpfile();
    if (argc < 3 || argc + 1 >= ARGUMENTS_MAX || !find_mode(argv[1]) || output == NULL) {
        fputs("usage: hostile MODE CONFORMANCE [ARGUMENT...]\n", stderr);
        return 2;
    }
    memcpy(arguments + 4, argv + 3, (size_t)(argc - 3) * sizeof *argv);
    fill_block();
    signal(SIGPIPE, SIG_IGN);
    uv_loop_t *loop = uv_default_loop();
    uv_tcp_init(loop, &server);
    if (uv_tcp_bind(&server, (const struct sockaddr *)&local, 0) != 0 ||
        uv_listen((uv_stream_t *)&server, SOMAXCONN, on_incoming) != 0 ||
        uv_tcp_getsockname(&server, (struct sockaddr *)&local, &size) != 0)
        return 4;
    snprintf(address, sizeof address, "127.0.0.1:%u", ntohs(local.sin_port));
    if (!start_suite(loop, arguments, output))
        return 4;
    uv_run(loop, UV_RUN_DEFAULT);
    return judge(output) ? 0 : 1;
}

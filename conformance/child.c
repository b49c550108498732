/* SPDX-License-Identifier: MIT
 *
 * A child process on a loop of its own, so that it can be started and stopped from inside another loop's callbacks.
 */
#include "child.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

enum { STOP_MS = 12000 }; /* drivers give their client some seconds to end in peace */

struct scn_child {
    uv_loop_t loop;
    uv_process_t process;
    uv_pipe_t in, out;
    uv_timer_t timer;
    uv_signal_t interrupt, term;
    char said[SCN_CHILD_SAID];
    size_t len, line; /* where the last line begins */
    bool ready, exited, late;
    int interrupted;          /* by that signal; 0: it was not */
    struct scn_child_end end; /* exited */
    char buffer[4096];
};

/* A line is complete. */
static void take_line(struct scn_child *child)
{
    if (!child->ready && strncmp(child->said + child->line, "ready", 5) == 0) {
        child->ready = true;
        uv_stop(&child->loop);
    }
    child->line = child->len;
}

static void on_buffer(uv_handle_t *handle, size_t size, uv_buf_t *out)
{
    struct scn_child *child = handle->data;
    (void)size;
    *out = uv_buf_init(child->buffer, sizeof child->buffer);
}

static void on_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *buffer)
{
    struct scn_child *child = stream->data;
    if (got < 0)
        uv_read_stop(stream);
    for (ssize_t i = 0; i < got; i++) {
        if (child->len + 2 < sizeof child->said)
            child->said[child->len++] = buffer->base[i];
        if (buffer->base[i] == '\n')
            take_line(child);
    }
}

static void on_exit_of(uv_process_t *process, int64_t status, int number)
{
    struct scn_child *child = process->data;
    child->exited = true;
    child->end = (struct scn_child_end){ (int)status, number };
    uv_stop(&child->loop);
}

static void on_late(uv_timer_t *timer)
{
    struct scn_child *child = timer->data;
    child->late = true;
    uv_stop(&child->loop);
}

static void on_signal(uv_signal_t *handle, int number)
{
    struct scn_child *child = handle->data;
    child->interrupted = number;
    uv_stop(&child->loop);
}

static void close_handle(uv_handle_t *handle, void *user)
{
    (void)user;
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

static void child_free(struct scn_child *child)
{
    uv_walk(&child->loop, close_handle, NULL);
    uv_run(&child->loop, UV_RUN_DEFAULT);
    uv_loop_close(&child->loop);
    free(child);
}

static struct scn_child *child_new(void)
{
    struct scn_child *child = calloc(1, sizeof *child);
    if (child == NULL)
        abort();
    uv_loop_init(&child->loop);
    uv_pipe_init(&child->loop, &child->in, 0);
    uv_pipe_init(&child->loop, &child->out, 0);
    uv_timer_init(&child->loop, &child->timer);
    uv_signal_init(&child->loop, &child->interrupt);
    uv_signal_init(&child->loop, &child->term);
    child->process.data = child->out.data = child->timer.data = child->interrupt.data = child->term.data = child;
    return child;
}

static int spawn(struct scn_child *child, const char *const *argv, int err)
{
    uv_stdio_container_t stdio[3] = {
        { .flags = UV_CREATE_PIPE | UV_READABLE_PIPE, .data.stream = (uv_stream_t *)&child->in },
        { .flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE, .data.stream = (uv_stream_t *)&child->out },
        { .flags = UV_INHERIT_FD, .data.fd = err },
    };
    uv_process_options_t options = {
        .file = argv[0],
        .args = (char **)argv,
        .exit_cb = on_exit_of,
        .stdio = stdio,
        .stdio_count = 3,
    };
    return uv_spawn(&child->loop, &child->process, &options);
}

/* A log that cannot be written is no reason not to start. */
static int spawn_logged(struct scn_child *child, const char *const *argv, const char *log)
{
    int file = log != NULL ? open(log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666) : -1;
    int failed = spawn(child, argv, file >= 0 ? file : STDERR_FILENO);
    if (file >= 0)
        close(file);
    return failed;
}

/* Waits for the word of readiness.  Signals are noticed meanwhile; then they are the caller's again, who gets to know
 * of one that came if he has a handler: libuv leaves none behind. */
static void await_ready(struct scn_child *child, unsigned timeout_ms)
{
    struct sigaction interrupt, term;
    sigaction(SIGINT, NULL, &interrupt);
    sigaction(SIGTERM, NULL, &term);
    uv_read_start((uv_stream_t *)&child->out, on_buffer, on_read);
    uv_timer_start(&child->timer, on_late, timeout_ms, 0);
    uv_signal_start(&child->interrupt, on_signal, SIGINT);
    uv_signal_start(&child->term, on_signal, SIGTERM);
    uv_run(&child->loop, UV_RUN_DEFAULT);
    uv_timer_stop(&child->timer);
    uv_signal_stop(&child->interrupt);
    uv_signal_stop(&child->term);
    sigaction(SIGINT, &interrupt, NULL);
    sigaction(SIGTERM, &term, NULL);
    const struct sigaction *handler = child->interrupted == SIGINT ? &interrupt : &term;
    if (child->interrupted != 0 && handler->sa_handler != SIG_DFL)
        raise(child->interrupted);
}

struct scn_child *scn_child_start(const char *const *argv, const char *log, unsigned timeout_ms, char *error,
                                  size_t cap)
{
    struct scn_child *child = child_new();
    int failed = spawn_logged(child, argv, log);
    if (failed != 0) {
        snprintf(error, cap, "cannot start '%s': %s", argv[0], uv_strerror(failed));
        child_free(child);
        return NULL;
    }
    await_ready(child, timeout_ms);
    if (child->ready && !child->exited && child->interrupted == 0)
        return child;
    if (child->interrupted != 0)
        snprintf(error, cap, "interrupted while '%s' was starting", argv[0]);
    else if (child->exited)
        snprintf(error, cap, "'%s' ended before it was ready", argv[0]);
    else
        snprintf(error, cap, "'%s' was not ready after %u s", argv[0], timeout_ms / 1000);
    scn_child_stop(child);
    return NULL;
}

const char *scn_child_said(const struct scn_child *child)
{
    return child->said;
}

/* Until it is gone, or so long. */
static void await_end(struct scn_child *child, unsigned wait_ms)
{
    child->late = false;
    uv_timer_start(&child->timer, on_late, wait_ms, 0);
    while (!child->exited && !child->late)
        uv_run(&child->loop, UV_RUN_DEFAULT); /* a line of output stops it, too */
    uv_timer_stop(&child->timer);
}

bool scn_child_ended(struct scn_child *child, unsigned wait_ms, struct scn_child_end *out)
{
    if (!child->exited)
        uv_run(&child->loop, UV_RUN_NOWAIT);
    if (!child->exited && wait_ms > 0)
        await_end(child, wait_ms);
    *out = child->end;
    return child->exited;
}

static void kill_and_wait(struct scn_child *child, int number)
{
    uv_process_kill(&child->process, number);
    await_end(child, STOP_MS);
}

void scn_child_stop(struct scn_child *child)
{
    if (child == NULL)
        return;
    if (!child->exited)
        uv_run(&child->loop, UV_RUN_NOWAIT); /* it may be gone already: its number may be another's by now */
    if (!child->exited)
        kill_and_wait(child, SIGTERM);
    if (!child->exited)
        kill_and_wait(child, SIGKILL);
    child_free(child);
}

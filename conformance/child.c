/* SPDX-License-Identifier: MIT
 *
 * A child process on a loop of its own, so that it can be started and stopped from inside another loop's callbacks.
 */
#include "child.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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
    bool ready, exited, late, interrupted;
    char buffer[4096];
};

/* A line is complete. */
static void take_line(struct scn_child *child)
{
    child->ready = strncmp(child->said + child->line, "ready", 5) == 0;
    if (child->ready)
        uv_stop(&child->loop);
    else
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
    for (ssize_t i = 0; i < got && !child->ready; i++) {
        if (child->len + 2 < sizeof child->said)
            child->said[child->len++] = buffer->base[i];
        if (buffer->base[i] == '\n')
            take_line(child);
    }
}

static void on_exit_of(uv_process_t *process, int64_t status, int number)
{
    struct scn_child *child = process->data;
    (void)status, (void)number;
    child->exited = true;
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
    (void)number;
    child->interrupted = true;
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

static int spawn(struct scn_child *child, const char *const *argv)
{
    uv_stdio_container_t stdio[3] = {
        { .flags = UV_CREATE_PIPE | UV_READABLE_PIPE, .data.stream = (uv_stream_t *)&child->in },
        { .flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE, .data.stream = (uv_stream_t *)&child->out },
        { .flags = UV_INHERIT_FD, .data.fd = 2 },
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

struct scn_child *scn_child_start(const char *const *argv, unsigned timeout_ms, char *error, size_t cap)
{
    struct scn_child *child = child_new();
    int failed = spawn(child, argv);
    if (failed != 0) {
        snprintf(error, cap, "cannot start '%s': %s", argv[0], uv_strerror(failed));
        child_free(child);
        return NULL;
    }
    uv_read_start((uv_stream_t *)&child->out, on_buffer, on_read);
    uv_timer_start(&child->timer, on_late, timeout_ms, 0);
    uv_signal_start(&child->interrupt, on_signal, SIGINT);
    uv_signal_start(&child->term, on_signal, SIGTERM);
    uv_run(&child->loop, UV_RUN_DEFAULT);
    uv_timer_stop(&child->timer);
    uv_signal_stop(&child->interrupt);
    uv_signal_stop(&child->term);
    if (child->ready && !child->exited && !child->interrupted)
        return child;
    if (child->interrupted)
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

static void signal_and_wait(struct scn_child *child, int number, unsigned wait_ms)
{
    child->late = false;
    uv_process_kill(&child->process, number);
    uv_timer_start(&child->timer, on_late, wait_ms, 0);
    while (!child->exited && !child->late)
        uv_run(&child->loop, UV_RUN_DEFAULT); /* a line of output stops it, too */
    uv_timer_stop(&child->timer);
}

void scn_child_stop(struct scn_child *child)
{
    if (child == NULL)
        return;
    if (!child->exited)
        uv_run(&child->loop, UV_RUN_NOWAIT); /* it may be gone already: its number may be another's by now */
    if (!child->exited)
        signal_and_wait(child, SIGTERM, STOP_MS);
    if (!child->exited)
        signal_and_wait(child, SIGKILL, STOP_MS);
    child_free(child);
}

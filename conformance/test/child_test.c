/* SPDX-License-Identifier: MIT
 *
 * How a program that was started ends, by itself or by a signal, and what it said until then.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "child.h"

enum { READY_MS = 20000, END_MS = 20000 };

/* The scripts go on when this file is there: who ends too early was never ready. */
static char go[] = "/tmp/child-go.XXXXXX";
#define WAIT "; while [ ! -e \"$GO\" ]; do :; done; "

static int before_all(void **state)
{
    (void)state;
    int fd = mkstemp(go);
    close(fd);
    return fd < 0 || unlink(go) != 0 || setenv("GO", go, 1) != 0;
}

static void let_go(struct scn_child *child, struct scn_child_end *end)
{
    FILE *file = fopen(go, "w");
    assert_non_null(file);
    fclose(file);
    assert_true(scn_child_ended(child, END_MS, end));
    unlink(go);
}

static struct scn_child *start(const char *script, const char *log)
{
    const char *const argv[] = { "/bin/sh", "-c", script, NULL };
    char error[200] = "";
    struct scn_child *child = scn_child_start(argv, log, READY_MS, error, sizeof error);
    if (child == NULL)
        fail_msg("%s", error);
    return child;
}

static void an_end_is_told(void **state)
{
    static const struct {
        const char *script;
        int status, signal;
        const char *said;
    } rows[] = {
        { "echo ready" WAIT "exit 7", 7, 0, "ready\n" },
        { "echo ready" WAIT "kill -ABRT $$", 0, SIGABRT, "ready\n" },
        { "echo first; echo ready; echo pid 5" WAIT "echo died 134; exit 1", 1, 0, "first\nready\npid 5\ndied 134\n" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct scn_child *child = start(rows[i].script, NULL);
        struct scn_child_end end;
        let_go(child, &end);
        assert_int_equal(end.status, rows[i].status);
        assert_int_equal(end.signal, rows[i].signal);
        assert_string_equal(scn_child_said(child), rows[i].said);
        scn_child_stop(child);
    }
}

static void who_runs_has_not_ended(void **state)
{
    struct scn_child *child = start("echo ready; read nothing", NULL);
    struct scn_child_end end;
    (void)state;
    assert_false(scn_child_ended(child, 0, &end));
    scn_child_stop(child);
}

static void its_complaints_go_to_the_log(void **state)
{
    char path[] = "/tmp/child.XXXXXX", text[32] = "";
    int fd = mkstemp(path);
    struct scn_child_end end;
    (void)state;
    struct scn_child *child = start("echo oops >&2; echo ready" WAIT, path);
    let_go(child, &end);
    assert_int_equal(read(fd, text, sizeof text - 1), 5);
    assert_string_equal(text, "oops\n");
    scn_child_stop(child);
    close(fd);
    unlink(path);
}

static volatile sig_atomic_t heard;

static void on_signal(int number)
{
    heard = number;
}

/* Whoever wants to know of signals still does, also of one that came while the program was starting. */
static void signals_stay_those_of_the_caller(void **state)
{
    const char *const argv[] = { "/bin/sh", "-c", "while :; do kill -INT $PPID; done", NULL };
    char error[200] = "";
    struct sigaction action = { .sa_handler = on_signal };
    (void)state;
    sigaction(SIGINT, &action, NULL);
    scn_child_stop(start("echo ready; read nothing", NULL));
    heard = 0;
    raise(SIGINT);
    assert_int_equal(heard, SIGINT);
    heard = 0;
    assert_null(scn_child_start(argv, NULL, READY_MS, error, sizeof error));
    assert_string_equal(error, "interrupted while '/bin/sh' was starting");
    assert_int_equal(heard, SIGINT);
    signal(SIGINT, SIG_DFL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_end_is_told),
        cmocka_unit_test(who_runs_has_not_ended),
        cmocka_unit_test(its_complaints_go_to_the_log),
        cmocka_unit_test(signals_stay_those_of_the_caller),
    };
    return cmocka_run_group_tests(tests, before_all, NULL);
}

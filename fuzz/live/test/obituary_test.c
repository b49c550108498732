/* SPDX-License-Identifier: MIT
 *
 * What a dead target's log says, and how its end is told.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "obituary.h"

#define COUNT(rows) (sizeof(rows) / sizeof(rows)[0])

/* ---- a log ------------------------------------------------------------------------------------------------------- */

struct log {
    char path[32];
    FILE *file;
};

static struct log log_new(void)
{
    struct log log = { .path = "/tmp/obituary.XXXXXX" };
    int fd = mkstemp(log.path);
    assert_true(fd >= 0);
    log.file = fdopen(fd, "w");
    assert_non_null(log.file);
    return log;
}

static void log_put(struct log *log, const char *text)
{
    fputs(text, log->file);
    fflush(log->file);
}

static void log_free(struct log *log)
{
    fclose(log->file);
    unlink(log->path);
}

/* ---- reports ----------------------------------------------------------------------------------------------------- */

static void a_report_is_told_by_its_best_line(void **state)
{
    static const struct {
        const char *log, *report; /* NULL: there is none */
    } rows[] = {
        { "", NULL },
        { "listening\nerror: runtime\nSUMMARY: 3 torrents\n", NULL },
        { "a.c:1:2: runtime error: shift exponent 64 is too large\n",
          "a.c:1:2: runtime error: shift exponent 64 is too large" },
        { "==7==ERROR: AddressSanitizer: SEGV on unknown address\n",
          "ERROR: AddressSanitizer: SEGV on unknown address" },
        { "==7==ERROR: AddressSanitizer: SEGV on unknown address\n#0 f\nSUMMARY: AddressSanitizer: SEGV a.c:9 in f\n",
          "AddressSanitizer: SEGV a.c:9 in f" },
        { "SUMMARY: AddressSanitizer: SEGV a.c:9 in f\n==7==ERROR: AddressSanitizer: again\n",
          "AddressSanitizer: SEGV a.c:9 in f" },
        { "==7==ERROR: LeakSanitizer: detected\n", "ERROR: LeakSanitizer: detected" },
        { "==7==WARNING: MemorySanitizer: use\n", "WARNING: MemorySanitizer: use" },
        { "WARNING: ThreadSanitizer: data race\x1b[1m\n", "WARNING: ThreadSanitizer: data race" },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct log log = log_new();
        char report[LIVE_REPORT_TEXT] = "";
        long heard = 0;
        log_put(&log, rows[i].log);
        assert_int_equal(live_report_find(log.path, &heard, report), rows[i].report != NULL);
        assert_string_equal(report, rows[i].report != NULL ? rows[i].report : "");
        log_free(&log);
    }
}

static void what_was_heard_is_not_read_again(void **state)
{
    struct log log = log_new();
    char report[LIVE_REPORT_TEXT] = "";
    long heard = 0;
    (void)state;
    log_put(&log, "nothing\n");
    assert_false(live_report_find(log.path, &heard, report));
    assert_int_equal(heard, 8);
    log_put(&log, "a.c:1:2: runtime error: x\n");
    assert_true(live_report_find(log.path, &heard, report));
    assert_int_equal(heard, 8); /* it counts until the target is started anew */
    heard = 34;
    assert_false(live_report_find(log.path, &heard, report));
    log_free(&log);
}

static void no_file_is_no_report(void **state)
{
    char report[LIVE_REPORT_TEXT] = "";
    long heard = 0;
    (void)state;
    assert_false(live_report_find("/nonexistent/log", &heard, report));
}

/* ---- ends -------------------------------------------------------------------------------------------------------- */

static void an_end_is_told_as_far_as_it_is_known(void **state)
{
    static const struct {
        struct live_obituary obituary;
        const char *text;
    } rows[] = {
        { { 0 }, "" },
        { { .process = true, .status = -1 }, "it was not started here, so its exit status and signal are not known" },
        { { .process = true, .ours = true }, "its process is still there" },
        { { .process = true, .ours = true, .over = true, .status = 7 }, "ended with exit status 7" },
        { { .process = true, .ours = true, .over = true, .status = -1 }, "ended, and its driver does not tell how" },
        { { .process = true, .ours = true, .over = true, .signal = 6 }, "ended by signal 6 (Aborted)" },
        { { .process = true, .ours = true, .over = true, .status = 1, .report = "AddressSanitizer: SEGV" },
          "ended with exit status 1; AddressSanitizer: SEGV" },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char text[LIVE_OBITUARY_TEXT];
        live_obituary_print(text, &rows[i].obituary);
        assert_string_equal(text, rows[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_report_is_told_by_its_best_line),
        cmocka_unit_test(what_was_heard_is_not_read_again),
        cmocka_unit_test(no_file_is_no_report),
        cmocka_unit_test(an_end_is_told_as_far_as_it_is_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

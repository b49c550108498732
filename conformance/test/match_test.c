/* SPDX-License-Identifier: MIT
 *
 * Does a message fit a pattern?  A row is a pattern, a message in the notation, the answer, and what ?x was bound to.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "btw/notation.h"
#include "match.h"

/* One piece of 3 bytes: 'a', 'b', 'c'. */
static bool read_content(const struct scn_torrent *torrent, uint64_t offset, uint8_t *out, size_t len)
{
    (void)torrent;
    if (offset + len > 3)
        return false;
    memcpy(out, &"abc"[offset], len);
    return true;
}

static const struct scn_torrent torrent = {
    .info_hash = { 0xaa },
    .known = true,
    .meta = { .pieces = 1, .piece_length = 16384, .total_length = 3 },
    .read = read_content,
};

static bool get(void *user, const char *name, struct scn_value *out)
{
    (void)user;
    *out = (struct scn_value){ .kind = SCN_VALUE_TORRENT, .torrent = &torrent };
    return strcmp(name, "t1") == 0;
}

static void bind(void *user, const char *name, const struct scn_value *value)
{
    char *bound = user;
    assert_string_equal(name, "x");
    if (value->kind == SCN_VALUE_INT)
        sprintf(bound, "%" PRId64, value->number);
    else
        sprintf(bound, "%.*s", (int)value->bytes.len, (const char *)value->bytes.data);
}

/* clang-format off */
#define HASH "aa00000000000000000000000000000000000000"
#define EMPTY "\"-XX0001-000000000000\""
static const struct {
    const char *pattern, *message;
    bool fits;
    const char *bound; /* of ?x, NULL: nothing */
} rows[] = {
    { "have",                             "have piece=3",                              true,  NULL },
    { "have piece=3",                     "have piece=3",                              true,  NULL },
    { "have piece=4",                     "have piece=3",                              false, NULL },
    { "have piece=*",                     "have piece=3",                              true,  NULL },
    { "have piece=1..3",                  "have piece=3",                              true,  NULL },
    { "have piece=1..2",                  "have piece=3",                              false, NULL },
    { "have piece=?x",                    "have piece=3",                              true,  "3" },
    { "have piece=1+2",                   "have piece=3",                              true,  NULL },
    { "choke",                            "unchoke",                                   false, NULL },
    { "any",                              "choke",                                     true,  NULL },
    { "request piece=?x begin=1",         "request piece=7 begin=0 length=5",           false, NULL },
    { "request piece=?x begin=0",         "request piece=7 begin=0 length=5",           true,  "7" },
    /* bytes */
    { "piece data=\"abc\"",               "piece piece=0 begin=0 data=\"abc\"",        true,  NULL },
    { "piece data=\"abd\"",               "piece piece=0 begin=0 data=\"abc\"",        false, NULL },
    { "piece data=?x",                    "piece piece=0 begin=0 data=\"abc\"",        true,  "abc" },
    { "piece data=$t1",                   "piece piece=0 begin=0 data=\"abc\"",        true,  NULL },
    { "piece data=$t1",                   "piece piece=0 begin=1 data=\"bc\"",         true,  NULL },
    { "piece data=$t1",                   "piece piece=0 begin=1 data=\"ab\"",         false, NULL },
    { "piece data=$t1",                   "piece piece=1 begin=0 data=\"abc\"",        false, NULL },
    { "bitfield bits=$t1",                "bitfield bits=80",                          true,  NULL },
    { "bitfield bits=$t1",                "bitfield bits=00",                          false, NULL },
    { "bitfield bits=$t1",                "bitfield bits=8000",                        false, NULL },
    { "handshake info_hash=$t1",          "handshake info_hash=" HASH " peer_id=" EMPTY, true,  NULL },
    { "handshake info_hash=" HASH,        "handshake info_hash=" HASH " peer_id=" EMPTY, true,  NULL },
    { "handshake peer_id=$t1",            "handshake info_hash=" HASH " peer_id=" EMPTY, false, NULL },
    { "any",                              "handshake info_hash=" HASH " peer_id=" EMPTY, false, NULL },
    /* dictionaries: open, whatever the order; lists are closed */
    { "extended ext=0 dict={m={}}",            "extended ext=0 dict={m={ut_pex=1} v=\"x\"}",     true,  NULL },
    { "extended ext=0 dict={m={ut_pex=?x}}",   "extended ext=0 dict={m={ut_pex=1} v=\"x\"}",     true,  "1" },
    { "extended ext=0 dict={m={ut_pex=2}}",    "extended ext=0 dict={m={ut_pex=1} v=\"x\"}",     false, NULL },
    { "extended ext=0 dict={v=?x}",            "extended ext=0 dict={m={ut_pex=1} v=\"x\"}",     true,  "x" },
    { "extended ext=0 dict={w=*}",             "extended ext=0 dict={m={ut_pex=1} v=\"x\"}",     false, NULL },
    { "extended ext=0 dict={w=none}",          "extended ext=0 dict={m={ut_pex=1} v=\"x\"}",     true,  NULL },
    { "extended ext=0 dict={v=none}",          "extended ext=0 dict={m={ut_pex=1} v=\"x\"}",     false, NULL },
    { "extended ext=0 dict={m=*}",             "extended ext=0 dict={m={ut_pex=1} v=\"x\"}",     true,  NULL },
    { "extended ext=0 dict={m=1}",             "extended ext=0 dict={m={ut_pex=1} v=\"x\"}",     false, NULL },
    { "extended ext=0 dict={l=[1 *]}",         "extended ext=0 dict={l=[1 2]}",                  true,  NULL },
    { "extended ext=0 dict={l=[1]}",           "extended ext=0 dict={l=[1 2]}",                  false, NULL },
    { "extended ext=0 dict={l=[1 2 3]}",       "extended ext=0 dict={l=[1 2]}",                  false, NULL },
    { "extended ext=0 dict={l={}}",            "extended ext=0 dict={l=[1 2]}",                  false, NULL },
    { "extended ext=0 dict={}",                "extended ext=0 data=\"no dictionary\"",     false, NULL },
    { "extended ext=0 dict={l=?x m=5}",        "extended ext=0 dict={l=1 m=6}",                  false, NULL },
};
/* clang-format on */

/* The pattern of `p1 < PATTERN`. */
static struct scn_script *parse(const char *pattern)
{
    char text[300];
    struct scn_error error;
    int len = snprintf(text, sizeof text, "# T.\nscenario a.b\n  torrent base\n\np1 dial\np1 < %s\n", pattern);
    struct scn_script *script = scn_script_parse("f.scn", text, (size_t)len, &error);
    if (!script)
        scn_error_print(stderr, &error);
    assert_non_null(script);
    return script;
}

static void patterns_fit_what_they_say(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t scratch[1000];
        char bound[100] = "";
        struct btw_msg msg;
        struct btw_diag diag;
        struct scn_script *script = parse(rows[i].pattern);
        struct scn_env env = { .arena = scn_arena_new(), .get = get, .bind = bind, .user = bound };
        if (btw_msg_parse(&msg, scratch, sizeof scratch, rows[i].message, strlen(rows[i].message), &diag) != BTW_OK)
            fail_msg("%s: %s", rows[i].message, diag.text);
        if (scn_msg_fits(&env, &script->scenarios[0].steps[1].msgs[0], &msg) != rows[i].fits)
            fail_msg("%s against %s", rows[i].pattern, rows[i].message);
        assert_string_equal(bound, rows[i].bound ? rows[i].bound : "");
        scn_arena_free(env.arena);
        scn_script_free(script);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(patterns_fit_what_they_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

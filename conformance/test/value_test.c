/* SPDX-License-Identifier: MIT
 *
 * What expressions come to.  A row is an expression and its value: an integer, or bytes in hexadecimal, worked out by
 * hand.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "script_names.h"
#include "value.h"

/* A torrent of 3 pieces of 32 KiB, the last of 100 bytes; the byte at offset n is n / 16384 + 1. */
static bool read_content(const struct scn_torrent *torrent, uint64_t offset, uint8_t *out, size_t len)
{
    if (offset + len > torrent->meta.total_length)
        return false;
    for (size_t i = 0; i < len; i++)
        out[i] = (uint8_t)((offset + i) / 16384 + 1);
    return true;
}

static const uint8_t info[16384 + 2] = { [0] = 'd', [16383] = 0xaa, [16384] = 0xbb, [16385] = 'e' };

/* One file of four blocks; only the first byte of its root matters here. */
static const uint8_t file_tree[] = "d1:fd0:d6:lengthi65536e11:pieces root32:\x8a"
                                   "1234567890123456789012345678901eee";

static const struct scn_torrent torrents[] = {
    {
        .info_hash = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20 },
        .known = true,
        .meta = { .has_v1 = true,
                  .has_v2 = true,
                  .info_hash_v2 = { 0xaa, [19] = 0xbb, [20] = 0xcc },
                  .pieces = 3,
                  .piece_length = 32768,
                  .total_length = 65636,
                  .info = { info, sizeof info },
                  .file_tree = { file_tree, sizeof file_tree - 1 } },
        .read = read_content,
    },
    { .info_hash = { 0xff } }, /* known by its info-hash only */
};

static bool get(void *user, const char *name, struct scn_value *out)
{
    (void)user;
    *out = (struct scn_value){ .kind = SCN_VALUE_TORRENT };
    if (strcmp(name, "t1") == 0)
        out->torrent = &torrents[0];
    else if (strcmp(name, "t2") == 0)
        out->torrent = &torrents[1];
    else
        *out = (struct scn_value){ .kind = SCN_VALUE_INT, .number = 7 };
    return strcmp(name, "v") == 0 || out->torrent;
}

static bool counter(void *user, const char *conn, const char *name, int64_t *out)
{
    (void)user;
    *out = 42;
    return strcmp(conn, "p1") == 0 && strcmp(name, "pieces") == 0;
}

/* Evaluates the left side of `check TEXT == 0`. */
static void eval(const char *text,
                 void (*check)(bool ok, const struct scn_env *env, const struct scn_value *value, const char *text,
                               const char *want),
                 const char *want)
{
    char script_text[400];
    struct scn_error error;
    uint64_t random = 1;
    struct scn_value value = { 0 };
    int len = snprintf(script_text, sizeof script_text,
                       "# T.\nscenario a.b\n  torrent base tiny\n  case one $v=7 $nobody=1\n\ncheck %s == 0\n", text);
    struct scn_script *script = scn_script_parse("f.scn", script_text, (size_t)len, &error);
    if (!script)
        scn_error_print(stderr, &error);
    assert_non_null(script);
    struct scn_env env = { .arena = scn_arena_new(), .get = get, .counter = counter, .random = &random };
    bool ok = scn_eval(&env, script->scenarios[0].steps[0].left, &value);
    check(ok, &env, &value, text, want);
    scn_arena_free(env.arena);
    scn_script_free(script);
}

static void print_value(char *out, size_t cap, const struct scn_value *value)
{
    size_t len = 0;
    out[0] = '\0';
    if (value->kind == SCN_VALUE_INT)
        snprintf(out, cap, "%" PRId64, value->number);
    for (size_t i = 0; value->kind == SCN_VALUE_BYTES && i < value->bytes.len && len + 3 < cap; i++)
        len += (size_t)snprintf(out + len, cap - len, i == 0 ? "x%02x" : "%02x", value->bytes.data[i]);
}

/* ---- what they come to ------------------------------------------------------------------------------------------- */

/* clang-format off */
static const struct {
    const char *text, *value; /* bytes behind an x; "" is none */
} values[] = {
    { "16384",                            "16384" },
    { "0xff",                             "255" },
    { "-1",                               "-1" },
    { "$v",                               "7" },
    { "2+3*4",                            "14" },
    { "(2+3)*4",                          "20" },
    { "7/2",                              "3" },
    { "7%4",                              "3" },
    { "1-$v",                             "-6" },
    { "\"ab\"+x\"00ff\"",                 "x616200ff" },
    { "p1.pieces",                        "42" },
    /* properties */
    { "$t1.pieces",                       "3" },
    { "$t1.piece_length",                 "32768" },
    { "$t1.last",                         "2" },
    { "$t1.last_length",                  "100" },
    { "$t1.size",                         "65636" },
    { "$t1.metadata_size",                "16386" },
    { "$t1.metadata_pieces",              "2" },
    { "$t1.info_hash",                    "x0102030405060708090a0b0c0d0e0f1011121314" },
    { "$t2.info_hash",                    "xff00000000000000000000000000000000000000" },
    /* functions */
    { "block($t1,0,16382,4)",             "x01010202" },
    { "block($t1,2,98,2)",                "x0505" },
    { "bits($t1)",                        "xe0" },
    { "bits($t1,[0 2])",                  "xa0" },
    { "bits($t1,[7])",                    "x01" },
    { "bits($t1,[])",                     "x00" },
    { "metadata($t1,1)",                  "xbb65" },
    { "file(\"side.bin\")",               "x01020304" },
    { "file(\"side.bin\",1)",             "x020304" },
    { "file(\"side.bin\",4)",             "" },
    { "file(\"side.bin\",1,2)",           "x0203" },
    { "zeros(3)",                         "x000000" },
    { "zeros(0)",                         "" },
    { "ones(2)",                          "xffff" },
    { "random(9)",                        "xc15c0289ec2d0a9167" },
    { "repeat(\"ab\",3)",                 "x616261626162" },
    { "repeat(\"\",3)",                   "" },
    { "sorted(\"d1:bi1e1:ai2ee\")",       "x64313a61693265313a6269316565" },
    { "$t1.info_hash_v2",                 "xaa000000000000000000000000000000000000bb" },
    { "root($t1, 0)",                     "x8a31323334353637383930313233343536373839303132333435363738393031" },
    { "hashes($t1, 0, 0, 1, 1, 0)",       "x746664dba900c81ef311c8456e15b02a5efeee3736a4f3827ce1eb1e0c24d8da" },
    { "hashes($t1, 0, 0, 0, 2, 1)",       "x111ce3c2a38d83a2e4706bde4abddd509d7f8248116c6832b06745bdc349e09f"
                                          "746664dba900c81ef311c8456e15b02a5efeee3736a4f3827ce1eb1e0c24d8da"
                                          "729dd197ee4b3105b86eefb543fdc53def9abbd5a37d61c69efb12be4bf1fcce" },
    { "part(\"abcde\",1,3)",              "x626364" },
    { "part(\"abcde\",5,0)",              "" },
    { "part(\"\",0,0)",                   "" },
    { "sha1(\"abc\")",                    "xa9993e364706816aba3e25717850c26c9cd0d89d" },
    { "sha256(\"abc\")",                  "xba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
    { "min(3,2)",                         "2" },
    { "min(2,3)",                         "2" },
    { "u16(258)",                         "x0102" },
    { "u16(65537)",                       "x0001" },
    { "u32(16909060)",                    "x01020304" },
    { "text(-12)",                        "x2d3132" },
    { "handshake($t1)",                   "x13426974546f7272656e742070726f746f636f6c0000000000100004"
                                          "0102030405060708090a0b0c0d0e0f1011121314"
                                          "0000000000000000000000000000000000000000" },
    { "bencode({a=1 b=[2 \"c\"]})",       "x64313a61693165313a626c693265313a636565" },
    { "bencode(\"abc\")",                 "x333a616263" },
};

/* What cannot be evaluated, and why. */
static const struct {
    const char *text, *why;
} wrong[] = {
    { "file(\"no.bin\")",                 "the file beside the scenario cannot be read" },
    { "file(\"link.bin\")",               "the file beside the scenario cannot be read" },
    { "file(\"folder\")",                 "the file beside the scenario cannot be read" },
    { "file(\"pipe\")",                   "the file beside the scenario cannot be read" },
    { "file(\"../side.bin\")",            "no name of a file beside the scenario" },
    { "file(\"folder/x.bin\")",           "no name of a file beside the scenario" },
    { "file(\".hidden\")",                "no name of a file beside the scenario" },
    { "file(\"\")",                       "no name of a file beside the scenario" },
    { "file(\"side\\x00.bin\")",         "no name of a file beside the scenario" },
    { "file(\"side.bin\",1,4)",           "the file beside the scenario has no such bytes" },
    { "file(\"side.bin\",5)",             "the file beside the scenario has no such bytes" },
    { "file(\"side.bin\",-1,2)",          "the file beside the scenario has no such bytes" },
    { "file(\"side.bin\",0,-2)",          "the file beside the scenario has no such bytes" },
    { "file(\"large.bin\")",              "more bytes than an expression may come to" },
    { "1/0",                              "division by zero or overflow" },
    { "1%0",                              "division by zero or overflow" },
    { "9223372036854775807+1",            "integer overflow" },
    { "-9223372036854775807-2",           "integer overflow" },
    { "9223372036854775807*2",            "integer overflow" },
    { "\"a\"-1",                          "the operands are not integers" },
    { "$nobody",                          "a variable has no value" },
    { "p1.haves",                         "no such connection or counter" },
    { "p2.pieces",                        "no such connection or counter" },
    { "$t2.pieces",                       "the torrent's metadata is not known" },
    { "root($t1, 1)",                     "the torrent has no such file with a hash tree" },
    { "hashes($t1, 0, 0, 3, 2, 0)",       "the file's hash tree has no such part" },
    { "bits($t2)",                        "the torrent's metadata is not known" },
    { "bits($v)",                         "an argument is not a torrent" },
    { "bits($t1,[8])",                    "a piece outside the bitfield" },
    { "bits($t1,[-1])",                   "a piece outside the bitfield" },
    { "block($t1,3,0,1)",                 "the torrent has no such block, or its content is not known" },
    { "block($t1,2,99,2)",                "the torrent has no such block, or its content is not known" },
    { "block($t1,-1,0,1)",                "an argument is not an integer in range" },
    { "block($t1,0,0,33554433)",          "an argument is not an integer in range" },
    { "metadata($t1,2)",                  "an argument is not an integer in range" },
    { "zeros(-1)",                        "an argument is not an integer in range" },
    { "zeros(33554433)",                  "an argument is not an integer in range" },
    { "zeros($t1)",                       "an argument is not an integer" },
    { "repeat(zeros(33554432),2)",        "more bytes than an expression may come to" },
    { "zeros(33554432)+zeros(1)",         "more bytes than an expression may come to" },
    { "repeat($v,2)",                     "an argument is not bytes" },
    { "sha1($v)",                         "an argument is not bytes" },
    { "part(\"abcde\",6,0)",              "an argument is not an integer in range" },
    { "part(\"abcde\",-1,1)",             "an argument is not an integer in range" },
    { "part(\"abcde\",2,4)",              "an argument is not an integer in range" },
    { "part(\"abcde\",2,-1)",             "an argument is not an integer in range" },
    { "sorted(\"i1e\")",                  "sorted(bytes) wants a bencoded dictionary of few keys" },
    { "bencode($t1)",                     "a torrent is no bencoded value" },
};
/* clang-format on */

static void check_value(bool ok, const struct scn_env *env, const struct scn_value *value, const char *text,
                        const char *want)
{
    char got[200];
    print_value(got, sizeof got, value);
    if (!ok)
        fail_msg("%s: %s", text, env->error);
    if (strcmp(got, want) != 0)
        fail_msg("%s: %s", text, got);
}

static void check_wrong(bool ok, const struct scn_env *env, const struct scn_value *value, const char *text,
                        const char *want)
{
    (void)value;
    if (ok || strcmp(env->error, want) != 0)
        fail_msg("%s: %s", text, ok ? "has a value" : env->error);
}

static void expressions_have_values(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
        eval(values[i].text, check_value, values[i].value);
}

static void wrong_expressions_say_why(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        eval(wrong[i].text, check_wrong, wrong[i].why);
}

static bool a_row_calls(const char *function)
{
    size_t len = strlen(function);
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        if (strncmp(values[i].text, function, len) == 0 && values[i].text[len] == '(')
            return true;
    }
    return false;
}

static bool a_row_has(const char *property)
{
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        if (strncmp(values[i].text, "$t1.", 4) == 0 && strcmp(values[i].text + 4, property) == 0)
            return true;
    }
    return false;
}

static void every_function_and_property_has_a_row(void **state)
{
    (void)state;
    for (size_t i = 0; i < scn_functions.count; i++) {
        if (!a_row_calls(scn_functions.names[i]))
            fail_msg("%s()", scn_functions.names[i]);
    }
    for (size_t i = 0; i < scn_properties.count; i++) {
        if (!a_row_has(scn_properties.names[i]))
            fail_msg("$t1.%s", scn_properties.names[i]);
    }
}

/* ---- files beside the scenario ----------------------------------------------------------------------------------- */

static char folder[] = "/tmp/value_test.XXXXXX";

static void put_file(const char *name, const char *bytes, size_t len, off_t size)
{
    FILE *file = fopen(name, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    assert_int_equal(ftruncate(fileno(file), size), 0);
    fclose(file);
}

static int enter_folder(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(folder));
    assert_int_equal(chdir(folder), 0);
    put_file("side.bin", "\1\2\3\4", 4, 4);
    put_file("large.bin", "", 0, SCN_VALUE_BYTES_MAX + 1);
    assert_int_equal(symlink("side.bin", "link.bin"), 0);
    assert_int_equal(mkdir("folder", 0700), 0);
    assert_int_equal(mkfifo("pipe", 0600), 0);
    return 0;
}

static int leave_folder(void **state)
{
    static const char *const names[] = { "side.bin", "large.bin", "link.bin", "pipe" };
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        assert_int_equal(unlink(names[i]), 0);
    return rmdir("folder") | chdir("/") | rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(expressions_have_values),
        cmocka_unit_test(wrong_expressions_say_why),
        cmocka_unit_test(every_function_and_property_has_a_row),
    };
    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}

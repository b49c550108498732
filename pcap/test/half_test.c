/* SPDX-License-Identifier: MIT
 *
 * Reassembly by rows: segments as they were captured, and the stream that comes of them.
 *
 * A row has words.  `5:abc` is a segment at offset 5, `5:abc+4` one of which 4 more bytes were on the wire, `5:ab$` one
 * with FIN; `^9` says that the other side has got everything in front of offset 9, `.` that a packet of the connection
 * goes by, `..` that enough of them do.  What comes out is its bytes, `(4)` for a hole of 4, `$` for FIN.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "half.h"

struct bench {
    struct cap_half half;
    struct cap_room room;
    struct cap_counts counts;
    struct cap_moment now;
    uint32_t isn;
    char out[4096];
};

static void append(struct bench *bench, const char *text, size_t len)
{
    size_t used = strlen(bench->out);

    assert_true(used + len < sizeof bench->out);
    memcpy(bench->out + used, text, len);
    bench->out[used + len] = '\0';
}

static void take_bytes(void *user, struct btw_slice bytes, const struct cap_moment *when)
{
    (void)when;
    append((struct bench *)user, (const char *)bytes.data, bytes.len);
}

static void take_gap(void *user, uint64_t len, const struct cap_moment *when)
{
    char text[32];

    (void)when;
    append((struct bench *)user, text,
           (size_t)snprintf(text, sizeof text, "(%llu)", (unsigned long long)len)); /* NOLINT(cert-err33-c) */
}

static void take_fin(void *user, const struct cap_moment *when)
{
    (void)when;
    append((struct bench *)user, "$", 1);
}

/* "OFFSET:DATA[+MISSING][$]"; offsets count from the byte behind the ISN and may be negative. */
static void segment(struct bench *bench, const struct cap_sink *sink, char *word)
{
    char *data = strchr(word, ':') + 1, *end = data + strcspn(data, "+$");
    uint8_t *exact = (uint8_t *)malloc((size_t)(end - data) + (end == data)); /* so that ASan sees an over-read */
    struct cap_segment taken = { .seq = bench->isn + 1 + (uint32_t)strtol(word, NULL, 10),
                                 .flags = CAP_TCP_ACK,
                                 .checksum = (uint16_t)bench->now.frame,
                                 .data = btw_slice_of(exact, (size_t)(end - data)) };

    assert_non_null(exact);
    memcpy(exact, data, taken.data.len);
    if (*end == '+')
        taken.missing = (uint32_t)strtoul(end + 1, NULL, 10);
    if (strchr(end, '$') != NULL)
        taken.flags |= CAP_TCP_FIN;
    cap_half_take(&bench->half, &taken, &bench->now, &bench->room, &bench->counts, sink);
    free(exact);
}

static void play(struct bench *bench, const char *row)
{
    struct cap_sink sink = { take_bytes, take_gap, take_fin, bench };
    char words[1024], *rest = words, *word;

    assert_true(strlen(row) < sizeof words);
    strcpy(words, row);
    while ((word = strsep(&rest, " ")) != NULL) {
        unsigned packets = strcmp(word, "..") == 0 ? 100 : 1;

        bench->now.frame++;
        bench->now.time_ns += 1000;
        if (word[0] == '^')
            cap_half_acknowledged(&bench->half, bench->isn + 1 + (uint32_t)strtoul(word + 1, NULL, 10));
        else if (word[0] != '.')
            segment(bench, &sink, word);
        for (unsigned i = 0; i < packets; i++)
            cap_half_wait(&bench->half, &bench->now, &bench->room, &bench->counts, &sink);
    }
}

static void finish(struct bench *bench)
{
    struct cap_sink sink = { take_bytes, take_gap, take_fin, bench };

    cap_half_finish(&bench->half, &bench->now, &bench->room, &bench->counts, &sink);
    cap_half_drop(&bench->half, &bench->room);
    assert_int_equal(bench->room.used, 0);
}

static struct bench new_bench(void)
{
    struct bench bench = { .room = { .max = 1 << 20, .flow_max = 1 << 16 } };

    return bench;
}

/* clang-format off */
static const struct {
    const char *name, *segments, *stream;
} rows[] = {
    { "in order",                       "0:abc 3:def",                      "abcdef" },
    { "out of order",                   "0:abc 6:ghi 3:def",                "abcdefghi" },
    { "backwards",                      "6:c 4:ab 2:yz 0:wx",               "wxyzabc" },
    { "retransmission",                 "0:abc 3:def 0:ABC",                "abcdef" },
    { "retransmission of both",         "0:abc 3:def 0:ABCDEFg",            "abcdefg" },
    { "overlap, first bytes win",       "0:abcd 2:XYefg",                   "abcdefg" },
    { "overlap in wait",                "2:cd 1:XYZe 0:a",                  "aXcde" },
    { "overlap of many in wait",        "2:c 4:e 6:g 0:ABCDEFGH",           "ABcDeFgH" },
    { "inside what waits",              "2:cdefg 3:DE 0:ab",                "abcdefg" },
    { "keepalive probe",                "0:abc 2:c 3:def",                  "abcdef" },
    { "probe in front of everything",   "-1:x 0:abc",                       "abc" },
    { "FIN",                            "0:abc$",                           "abc$" },
    { "FIN in front of data",           "3:$ 0:abc",                        "abc$" },
    { "FIN twice",                      "0:abc$ 3:$",                       "abc$" },
    { "hole that was received",         "0:abc 5:fgh ^8 ..",                "abc(2)fgh" },
    { "hole received, no more",         "0:abc 5:fgh ^5 ..",                "abc(2)fgh" },
    { "overlap with old and waiting",   "0:abcd 6:gh 2:XXefGHi",            "abcdefghi" },
    { "hole that may still be filled",  "0:abc 5:fgh ^3 ..",                "abc" },
    { "hole filled in the last moment", "0:abc 5:fgh ^8 . . 3:de",          "abcdefgh" },
    { "two holes",                      "1:b 3:d ^4 ..",                    "(1)b(1)d" },
    { "second hole not received",       "1:b 3:d ^2 ..",                    "(1)b" },
    { "late after the hole",            "0:abc 5:fgh ^8 .. 3:de 8:i",       "abc(2)fghi" },
    { "short snap",                     "0:abc+2 5:fgh",                    "abc(2)fgh" },
    { "short snap in wait",             "2:c+1 4:e 0:ab ^5 ..",             "abc(1)e" },
    { "short snap, then again whole",   "0:abc+2 0:ABCDE 5:fgh",            "abc(2)fgh" },
    { "nothing but missing bytes",      "0:+4 4:e",                         "(4)e" },
    { "empty",                          "0: 3:",                            "" },
    { "another universe",               "0:abc 1500000000:zzz ^2000000000 .. 3:d", "abcd" },
};
/* clang-format on */

static void rows_come_out_right(void **state)
{
    static const uint32_t isns[] = { 0, 1000, UINT32_MAX, UINT32_MAX - 3, 0x7fffffff };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        for (size_t j = 0; j < sizeof isns / sizeof isns[0]; j++) {
            struct bench bench = new_bench();

            bench.isn = isns[j];
            assert_true(cap_half_syn(&bench.half, isns[j]));
            play(&bench, rows[i].segments);
            if (strcmp(bench.out, rows[i].stream) != 0)
                fail_msg("%s: \"%s\" instead of \"%s\"", rows[i].name, bench.out, rows[i].stream);
            finish(&bench);
        }
}

static void the_end_gives_up_holes(void **state)
{
    struct bench bench = new_bench();

    (void)state;
    assert_true(cap_half_syn(&bench.half, 0));
    play(&bench, "0:abc 5:fgh 10:k 12:$");
    assert_string_equal(bench.out, "abc");
    finish(&bench);
    assert_string_equal(bench.out, "abc(2)fgh(2)k(1)$");
    assert_int_equal(bench.counts.holes, 3);
    assert_int_equal(bench.counts.hole_bytes, 5);
}

/* Without a SYN the first packets may be out of order, too. */
static void a_stream_without_start_waits_a_little(void **state)
{
    struct bench bench = new_bench();

    (void)state;
    play(&bench, "3:def 0:abc 6:g");
    assert_string_equal(bench.out, "");
    play(&bench, "..");
    assert_string_equal(bench.out, "abcdefg");
    finish(&bench);
}

static void a_late_syn_says_where_it_begins(void **state)
{
    struct bench bench = new_bench();

    (void)state;
    play(&bench, "3:def");
    assert_true(cap_half_syn(&bench.half, 0));
    play(&bench, "0:abc");
    assert_string_equal(bench.out, "abcdef");
    assert_true(cap_half_syn(&bench.half, 0));  /* once more */
    assert_false(cap_half_syn(&bench.half, 5)); /* another one */
    finish(&bench);
}

static void a_late_syn_moves_the_fin(void **state)
{
    struct bench bench = new_bench();

    (void)state;
    play(&bench, "6:$");
    assert_true(cap_half_syn(&bench.half, 0));
    play(&bench, "0:abc");
    assert_string_equal(bench.out, "abc");
    play(&bench, "3:def");
    assert_string_equal(bench.out, "abcdef$");
    finish(&bench);
}

/* A SYN behind bytes that came first is of another connection. */
static void a_syn_behind_the_data_is_another(void **state)
{
    struct bench bench = new_bench();

    (void)state;
    play(&bench, "3:def");
    assert_false(cap_half_syn(&bench.half, 10));
    finish(&bench);
}

static void what_waits_is_bounded(void **state)
{
    struct bench bench = new_bench();
    char word[64];

    (void)state;
    bench.room.flow_max = 1000;
    assert_true(cap_half_syn(&bench.half, 0));
    for (unsigned i = 1; i < 100; i++) {
        (void)snprintf(word, sizeof word, "%u:x", 2 * i);
        play(&bench, word);
        assert_true(bench.room.used <= 1000);
    }
    assert_true(bench.counts.holes > 50);
    finish(&bench);
}

static void without_room_bytes_are_dropped_and_counted(void **state)
{
    struct bench bench = new_bench();

    (void)state;
    bench.room.used = bench.room.max = 100;
    assert_true(cap_half_syn(&bench.half, 0));
    play(&bench, "5:fgh 0:ab");
    assert_string_equal(bench.out, "ab");
    assert_int_equal(bench.counts.dropped_bytes, 3);
    assert_int_equal(bench.room.used, 100);
}

static void time_gives_up_as_well(void **state)
{
    struct bench bench = new_bench();

    (void)state;
    assert_true(cap_half_syn(&bench.half, 0));
    play(&bench, "0:abc 5:fgh");
    bench.now.time_ns += INT64_C(31) * 1000000000;
    play(&bench, ".");
    assert_string_equal(bench.out, "abc(2)fgh");
    finish(&bench);
}

static void what_happens_is_counted(void **state)
{
    struct bench bench = new_bench();
    struct cap_sink sink = { take_bytes, take_gap, take_fin, &bench };
    struct cap_segment again = { .seq = 1, .data = btw_slice_of("abc", 3), .checksum = 7 };

    (void)state;
    assert_true(cap_half_syn(&bench.half, 0));
    for (unsigned i = 0; i < 2; i++) /* the same frame twice, */
        cap_half_take(&bench.half, &again, &bench.now, &bench.room, &bench.counts, &sink);
    again.checksum = 8; /* and once more by TCP */
    cap_half_take(&bench.half, &again, &bench.now, &bench.room, &bench.counts, &sink);
    play(&bench, "2:cd 6:gh 5:fghi");
    assert_int_equal(bench.counts.duplicate, 1);
    assert_int_equal(bench.counts.retransmitted, 1);
    assert_int_equal(bench.counts.overlapping, 2);
    assert_int_equal(bench.counts.reordered, 2);
    finish(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_come_out_right),
        cmocka_unit_test(the_end_gives_up_holes),
        cmocka_unit_test(a_stream_without_start_waits_a_little),
        cmocka_unit_test(a_late_syn_says_where_it_begins),
        cmocka_unit_test(a_late_syn_moves_the_fin),
        cmocka_unit_test(a_syn_behind_the_data_is_another),
        cmocka_unit_test(what_waits_is_bounded),
        cmocka_unit_test(without_room_bytes_are_dropped_and_counted),
        cmocka_unit_test(time_gives_up_as_well),
        cmocka_unit_test(what_happens_is_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT
 *
 * Captures good and bad, byte by byte: how many packets come, and how it ends.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <pcap/dlt.h>

#include "capture.h"

/* clang-format off */
#define LITTLE      "d4c3b2a1 0200 0400 00000000 00000000 ffff0000 01000000 "
#define BIG         "a1b2c3d4 0002 0004 00000000 00000000 0000ffff 00000001 "
#define NANO        "4d3cb2a1 0200 0400 00000000 00000000 ffff0000 65000000 "
#define RECORD      "01000000 02000000 02000000 05000000 abcd " /* 2 of 5 bytes at 1.000002 s */
#define NG          "0a0d0d0a 1c000000 4d3c2b1a 0100 0000 ffffffffffffffff 1c000000 "
#define NG_ETHERNET "01000000 14000000 0100 0000 ffff0000 14000000 "
#define NG_SLL      "01000000 14000000 7100 0000 ffff0000 14000000 "
#define NG_SNAP_96  "01000000 14000000 0100 0000 60000000 14000000 "
#define NG_2_20     "01000000 20000000 0100 0000 ffff0000 0900 0100 94 000000 0000 0000 20000000 " /* 2^-20 s */
#define NG_PACKET(interface) "06000000 24000000 " interface "000000 00000000 00001000 02000000 05000000 abcd 0000 24000000 "

static const struct {
    const char *name, *file;
    unsigned packets;
    enum cap_status end; /* CAP_ERROR with no packet: it may be that it cannot be opened */
    const char *error;   /* a part of it */
    int64_t time_ns;     /* of the last packet */
} rows[] = {
    { "nothing",                  "", 0, CAP_ERROR, "the file is empty", 0 },
    { "text",                     "48656c6c6f2c20776f726c642e0a 48656c6c6f2c20776f726c642e0a", 0, CAP_ERROR, "this is no capture", 0 },
    { "three bytes",              "d4c3b2", 0, CAP_ERROR, "ends inside its header", 0 },
    { "half a header",            "d4c3b2a1 0200 0400 00000000", 0, CAP_ERROR, "ends inside its header", 0 },
    { "no packet",                LITTLE, 0, CAP_END, NULL, 0 },
    { "little-endian",            LITTLE RECORD RECORD, 2, CAP_END, NULL, 1000002000 },
    { "big-endian",               BIG "00000001 00000002 00000002 00000005 abcd", 1, CAP_END, NULL, 1000002000 },
    { "nanoseconds",              NANO RECORD, 1, CAP_END, NULL, 1000000002 },
    { "cut in a record's header", LITTLE RECORD "01000000 02000000", 1, CAP_CUT, "behind frame 1", 1000002000 },
    { "cut in its bytes",         LITTLE RECORD RECORD "01000000 02000000 04000000 05000000 abcd", 2, CAP_CUT, "behind frame 2", 1000002000 },
    { "length of 2 GiB",          LITTLE RECORD "01000000 02000000 ffffff7f ffffff7f abcd", 1, CAP_ERROR, "damaged", 1000002000 },
    { "length of 4 GiB",          LITTLE RECORD "01000000 02000000 ffffffff ffffffff abcd", 1, CAP_ERROR, "damaged", 1000002000 },
    { "pcapng",                   NG NG_ETHERNET NG_PACKET("00"), 1, CAP_END, NULL, 1048576000 },
    { "two time units",           NG NG_ETHERNET NG_2_20 NG_PACKET("00") NG_PACKET("01"), 2, CAP_END, NULL, 1000000000 },
    { "two link types",           NG NG_ETHERNET NG_SLL NG_PACKET("00"), 0, CAP_ERROR, "interfaces of different link types", 0 },
    { "two snap lengths",         NG NG_ETHERNET NG_SNAP_96 NG_PACKET("00"), 0, CAP_ERROR, "interfaces of different snap lengths", 0 },
    { "pcapng, cut",              NG NG_ETHERNET NG_PACKET("00") "06000000 24000000 00000000", 1, CAP_CUT, "behind frame 1", 1048576000 },
    { "pcapng, no interface",     NG, 0, CAP_ERROR, "ends inside its header", 0 },
    { "pcapng, bad interface",    NG NG_ETHERNET NG_PACKET("07"), 0, CAP_ERROR, "interface", 0 },
    { "pcapng, length of 0",      NG NG_ETHERNET "06000000 00000000", 0, CAP_ERROR, "damaged", 0 },
};
/* clang-format on */

static size_t put_hex(uint8_t *to, const char *hex)
{
    char digits[3] = "";
    size_t len = 0;

    while (*hex != '\0') {
        if (*hex == ' ') {
            hex++;
            continue;
        }
        digits[0] = *hex++;
        digits[1] = *hex++;
        to[len++] = (uint8_t)strtoul(digits, NULL, 16);
    }
    return len;
}

/* Reads to the end and compares; `from` names the way. */
static void expect(struct cap_capture *capture, char *error, size_t row, const char *from)
{
    struct cap_packet packet = { .time_ns = 0 };
    enum cap_status status = CAP_ERROR;
    unsigned packets = 0;
    const char *said = error;

    if (capture != NULL) {
        while ((status = cap_capture_next(capture, &packet)) == CAP_OK) {
            assert_int_equal(packet.frame, ++packets);
            assert_int_equal(packet.bytes.len, 2);
            assert_int_equal(packet.bytes.data[0], 0xab);
            assert_int_equal(packet.length, 5);
        }
        said = cap_capture_error(capture);
    }
    if (status != rows[row].end || packets != rows[row].packets || packet.time_ns != rows[row].time_ns)
        fail_msg("%s, %s: status %d, %u packets, %lld: %s", rows[row].name, from, status, packets,
                 (long long)packet.time_ns, said == NULL ? "" : said);
    if (rows[row].error != NULL && (said == NULL || strstr(said, rows[row].error) == NULL))
        fail_msg("%s, %s: \"%s\"", rows[row].name, from, said == NULL ? "" : said);
    cap_capture_close(capture);
    free(error);
}

static void files_in_memory_end_as_they_should(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t *bytes = (uint8_t *)malloc(1024);
        struct cap_capture *capture;
        char *error = NULL;

        assert_non_null(bytes);
        capture = cap_capture_memory(btw_slice_of(bytes, put_hex(bytes, rows[i].file)), &error);
        expect(capture, error, i, "memory");
        free(bytes);
    }
}

static void files_on_disk_do_too(void **state)
{
    char path[] = "/tmp/capture_test_XXXXXX";
    int fd = mkstemp(path);

    (void)state;
    assert_int_not_equal(fd, -1);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t bytes[1024];
        char *error = NULL;
        size_t len = put_hex(bytes, rows[i].file);
        struct cap_capture *capture;

        assert_int_equal(ftruncate(fd, 0), 0);
        assert_int_equal(pwrite(fd, bytes, len, 0), len);
        capture = cap_capture_file(path, &error);
        expect(capture, error, i, "file");
    }
    close(fd);
    unlink(path);
}

static void what_is_not_there_is_said(void **state)
{
    char *error = NULL;

    (void)state;
    assert_null(cap_capture_file("/nowhere/at/all.pcap", &error));
    assert_string_equal(error, "/nowhere/at/all.pcap: No such file or directory");
    free(error);
    assert_null(cap_capture_file("/", &error));
    assert_string_equal(error, "/: Is a directory");
    free(error);
    assert_null(cap_capture_live("no-such-interface", NULL, &error));
    assert_non_null(strstr(error, "no-such-interface: "));
    free(error);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_in_memory_end_as_they_should),
        cmocka_unit_test(files_on_disk_do_too),
        cmocka_unit_test(what_is_not_there_is_said),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

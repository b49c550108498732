/* SPDX-License-Identifier: MIT
 *
 * Checks over captures of real clients.  Every finding was looked at and is a true deviation (docs/findings.md, "In
 * captures"); whatever else is found is a false alarm, the worst there is.  And a capture that lacks frames, or has
 * them in another order, proves less, never more.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "cli.h"
#include "files.h"

#define DATA "pcap/test/data/"
static const char *folders[] = { DATA, "pcap/test/clients/" };

/* What is to be found, by file: rule, flow, side (d dialled), first frame, how often. */
static const struct {
    const char *file, *findings;
} expected[] = {
    /* aria2 tells what it has got by bitfields, at last by have_all, and sends an empty message of peer exchange. */
    { "libtorrent-seed_aria2-leech_nanosec.pcap",
      "BEP11-PEX-04 f0 a 12 x1, BEP3-BF-01 f0 a 20 x16, BEP6-NEG-02 f0 a 20 x16, BEP6-NEG-05 f0 a 94 x1" },
    { "transmission-seed_aria2-leech.pcap",
      "BEP11-PEX-04 f0 a 11 x1, BEP3-BF-01 f0 a 39 x3, BEP6-NEG-02 f0 a 39 x4, BEP6-NEG-05 f0 a 79 x1" },
    { "libtorrent-seed_aria2-leech.pcap", "BEP6-NEG-05 f2 d 24 x1" },
    { "aria2-seed_libtorrent-leech.pcap", "BEP11-PEX-04 f2 a 18 x1" },
    /* webtorrent asks for a piece before it says what it has got, once it knows the metadata. */
    { "libtorrent-seed_webtorrent-magnet.pcap", "BEP6-NEG-02 f2 d 20 x1, BEP6-NEG-05 f2 d 20 x1" },
    /* The scripted peer breaks rules on purpose. */
    { "scripted-peer_libtorrent-seed.pcap", "BEP3-ST-11 f0 d 12 x1" },
    { "scripted-peer_transmission-seed.pcap",
      "BEP5-PORT-03 f0 d 12 x1, BEP3-ST-01 f0 d 15 x6, BEP3-ST-11 f0 d 15 x1, BEP10-EXT-05 f0 d 17 x1" },
    /* Published by others.  The peer id was overwritten before; uTorrent has a key of its own, and keys out of order.
     */
    { "arkime-bt-tcp.pcap", "BEP20-ID-01 f0 d 4 x1" },
    { "ndpi-bittorrent.pcap",
      "BEP10-EXT-28 f1 a 5 x1, BEP10-EXT-28 f3 a 15 x1, BEP10-EXT-28 f5 a 21 x1, BEP10-EXT-28 f7 a 27 x1, "
      "BEP10-EXT-28 f2 a 10 x1, BEP10-EXT-28 f10 a 41 x1, BEP10-EXT-28 f11 a 51 x1, "
      "BEP3-BEN-01 f9 a 44 x1, BEP10-EXT-03 f9 a 44 x1, BEP10-EXT-28 f9 a 44 x1, BEP10-EXT-28 f18 a 69 x1, "
      "BEP10-EXT-28 f19 a 83 x1, BEP10-EXT-28 f20 a 85 x1, BEP10-EXT-28 f17 a 72 x1, "
      "BEP3-BEN-01 f22 a 123 x1, BEP10-EXT-03 f22 a 123 x1, BEP10-EXT-28 f22 a 123 x1, "
      "BEP10-EXT-28 f21 a 119 x1, BEP3-BEN-01 f16 a 62 x1, BEP10-EXT-03 f16 a 62 x1, "
      "BEP10-EXT-28 f16 a 62 x1" },
};

static const char *expected_of(const char *file)
{
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        if (strcmp(expected[i].file, file) == 0)
            return expected[i].findings;
    }
    return "";
}

static char told[256]; /* to people: the last line of it, without the file's name */

/* Checks a file. */
static struct cap_check_report checked(const char *path, struct cap_torrents *torrents, bool content)
{
    struct cap_check_report report = { 0 };
    struct cap_check_config config = { .name = "check_test", .file = path, .content = content };
    char *error = NULL, *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    struct cap_capture *capture = cap_capture_file(path, &error);
    if (capture == NULL || out == NULL)
        fail_msg("%s", error);
    assert_int_equal(cap_check(capture, torrents, &config, &report, out), CAP_END);
    cap_capture_close(capture);
    fclose(out);
    size_t from = len > 0 ? len - 1 : 0;
    while (from > 0 && text[from - 1] != '\n')
        from--;
    const char *line = text + from;
    snprintf(told, sizeof told, "%s", strncmp(line, path, strlen(path)) == 0 ? line + strlen(path) : line);
    free(text);
    return report;
}

static const char *findings_of(const struct cap_check_report *report)
{
    static char text[4096];
    size_t len = 0;
    text[0] = '\0';
    for (size_t i = 0; i < report->count; i++) {
        const struct cap_case *session = &report->cases[i];
        for (size_t k = 0; k < session->count; k++) {
            const struct cap_finding *finding = &session->findings[k].finding;
            len += (size_t)snprintf(text + len, sizeof text - len, "%s%s %.*s %c %llu x%u", len > 0 ? ", " : "",
                                    finding->rule->id, (int)strcspn(strstr(session->id, " f") + 1, " "),
                                    strstr(session->id, " f") + 1, finding->side == BTW_DIALLER ? 'd' : 'a',
                                    (unsigned long long)finding->frame, finding->count);
            assert_true(len < sizeof text);
        }
    }
    return text;
}

static void expect_findings(const char *path)
{
    const char *name = strrchr(path, '/') + 1;
    struct cap_torrents torrents = { 0 };
    struct cap_check_report report = checked(path, &torrents, false);
    if (strcmp(findings_of(&report), expected_of(name)) != 0)
        fail_msg("%s: %s, expected %s", name, findings_of(&report), expected_of(name));
    cap_check_report_free(&report);
    cap_torrents_free(&torrents);
}

static void real_clients_are_accused_of_what_they_do_and_of_nothing_else(void **state)
{
    (void)state;
    for (size_t f = 0; f < sizeof folders / sizeof folders[0] && folders[f] != NULL; f++) {
        char pattern[512];
        glob_t files;
        (void)snprintf(pattern, sizeof pattern, "%s/*.pcap*", folders[f]);
        assert_int_equal(glob(pattern, 0, NULL, &files), 0);
        for (size_t i = 0; i < files.gl_pathc; i++)
            expect_findings(files.gl_pathv[i]);
        globfree(&files);
    }
}

/* The metadata of the magnet's torrent went by; as a torrent it verifies the pieces that did. */
static void pieces_are_verified_against_the_torrent(void **state)
{
    static const char file[] = DATA "libtorrent-seed_transmission-magnet.pcap";
    struct cap_torrents torrents = { 0 };
    struct cap_check_report report = checked(file, &torrents, false);
    (void)state;
    assert_int_equal(torrents.count, 1);
    assert_int_equal(torrents.list[0]->meta.pieces, 32);
    cap_check_report_free(&report);
    report = checked(file, &torrents, true);
    assert_string_equal(findings_of(&report), "");
    cap_check_report_free(&report);
    cap_torrents_free(&torrents);
}

/* Overwrites bytes that stand in the file just once with others of as many; the copy's path. */
static const char *edited(const char *path, const char *old, const char *new, size_t len)
{
    static char copy[64];
    struct scn_file file;
    char *at;
    assert_true(scn_file_read(&file, path));
    assert_non_null(at = memmem(file.text, file.len, old, len));
    memcpy(at, new, len);
    assert_null(memmem(file.text, file.len, old, len));
    snprintf(copy, sizeof copy, "/tmp/check_test.XXXXXX");
    int fd = mkstemp(copy);
    assert_int_equal(write(fd, file.text, file.len), file.len);
    close(fd);
    scn_file_free(&file);
    return copy;
}

/* The session's metadata tells the root; the hashes come with a proof. */
static void hashes_are_verified_against_the_root(void **state)
{
    static const char file[] = DATA "libtorrent-x2_hybrid-magnet.pcap";
    struct cap_torrents torrents = { 0 };
    struct cap_check_report report = checked(file, &torrents, true);
    (void)state;
    assert_string_equal(findings_of(&report), "");
    assert_string_equal(told, ": hashes: 1 right, 0 wrong\n");
    cap_check_report_free(&report);
    cap_torrents_free(&torrents);
    const char *copy = edited(file, "\xc0\x5d\x10\xb1\xf4\xa1", "\xc0\x5d\x10\xb1\xf4\xa0", 6);
    report = checked(copy, &torrents, true);
    assert_string_equal(findings_of(&report), "BEP52-HASH-03 f0 a 11 x1");
    assert_string_equal(told, ": hashes: 0 right, 1 wrong\n");
    assert_int_equal(unlink(copy), 0);
    cap_check_report_free(&report);
    cap_torrents_free(&torrents);
}

/* In one line when it is found, and in full when the session ends. */
static void findings_are_told_live(void **state)
{
    static const char file[] = DATA "scripted-peer_libtorrent-seed.pcap";
    struct cap_torrents torrents = { 0 };
    struct cap_check_report report = { 0 };
    struct cap_check_config config = { .name = "check_test", .file = file, .live = true };
    char *error = NULL, *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    struct cap_capture *capture = cap_capture_file(file, &error);
    (void)state;
    assert_int_equal(cap_check(capture, &torrents, &config, &report, out), CAP_END);
    fclose(out);
    const char *first = "0.601185 f0 WARN BEP3-ST-11: 10.77.0.1:53084 (scripted): requests piece 31";
    assert_memory_equal(text, first, strlen(first));
    assert_non_null(strstr(strchr(text, '\n'), "\nWARN BEP3-ST-11 "));
    assert_null(strstr(strchr(text, '\n'), first));
    free(text);
    cap_capture_close(capture);
    cap_check_report_free(&report);
    cap_torrents_free(&torrents);
}

static void the_status_says_what_came_of_it(void **state)
{
    static const struct {
        const char *file;
        int status, strict;
        const char *reason;
    } rows[] = {
        { DATA "base-mss1448.pcap", CLI_GREEN, CLI_GREEN, NULL },
        { DATA "scripted-peer_libtorrent-seed.pcap", CLI_GREEN, CLI_RED, NULL },
        { DATA "transmission-seed_aria2-leech.pcap", CLI_RED, CLI_RED, NULL },
        { DATA "libtorrent-x2_mse-rc4.pcap", CLI_NOTHING, CLI_NOTHING, "it is encrypted" },
        { DATA "tcp-one-direction.pcap", CLI_GREEN, CLI_GREEN, "weak: only one side was captured" },
        { DATA "tcp-midstream.pcap", CLI_GREEN, CLI_GREEN, "weak: the start was not captured" },
        { DATA "tcp-capture-loss.pcap", CLI_GREEN, CLI_GREEN, "weak: bytes are missing" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct cap_torrents torrents = { 0 };
        struct cap_check_report report = checked(rows[i].file, &torrents, false);
        assert_int_equal(cap_check_report_status(&report, false), rows[i].status);
        assert_int_equal(cap_check_report_status(&report, true), rows[i].strict);
        if (rows[i].reason == NULL)
            assert_null(report.cases[report.count - 1].reason);
        else
            assert_string_equal(report.cases[report.count - 1].reason, rows[i].reason);
        cap_check_report_free(&report);
        cap_torrents_free(&torrents);
    }
}

/* ---- the forms of the report ------------------------------------------------------------------------------------- */

static char *written(const struct cap_check_report *report, const char *kind)
{
    char *text = NULL;
    size_t len = 0;
    const struct scn_report_kind *form = cap_report_kinds;
    FILE *out = open_memstream(&text, &len);
    while (strcmp(form->name, kind) != 0)
        form++;
    form->write(report, out);
    fclose(out);
    return text;
}

static void all_forms_say_the_same(void **state)
{
    struct cap_torrents torrents = { 0 };
    struct cap_check_report report = checked(DATA "scripted-peer_libtorrent-seed.pcap", &torrents, false);
    cap_check_report_suspect(&report, "one of two");
    char *json = written(&report, "json"), *tap = written(&report, "tap"), *junit = written(&report, "junit");
    (void)state;
    json_t *root = json_loads(json, 0, NULL);
    const json_t *suspicion = json_array_get(json_object_get(root, "suspicions"), 0);
    const json_t *finding = json_array_get(json_object_get(root, "findings"), 0);
    assert_int_equal(json_integer_value(json_object_get(json_object_get(root, "summary"), "warn")), 1);
    assert_string_equal(json_string_value(suspicion), "one of two");
    assert_non_null(strstr(tap, "\n# one of two\n"));
    assert_string_equal(json_string_value(json_object_get(finding, "rule")), "BEP3-ST-11");
    assert_string_equal(json_string_value(json_object_get(finding, "verdict")), "WARN");
    assert_string_equal(json_string_value(json_object_get(finding, "bep")), "BEP 3");
    assert_string_equal(json_string_value(json_object_get(finding, "section")), "choke-interest");
    assert_int_equal(json_integer_value(json_object_get(finding, "frame")), 12);
    json_int_t at = json_integer_value(json_object_get(finding, "transcript_at"));
    const char *line = json_string_value(json_array_get(json_object_get(finding, "transcript"), (size_t)at));
    assert_string_equal(line, "0.601185 f0 > request piece=31 begin=0 length=16384");
    assert_non_null(strstr(tap, "1..2\nnot ok 1 - pcap/test/data/scripted-peer_libtorrent-seed.pcap f0 10.77.0.1:53084"
                                " > 10.77.0.2:7002 # TODO warning\nnot ok 2 - BEP3-ST-11 in "));
    assert_non_null(strstr(junit, "tests=\"2\" failures=\"0\" errors=\"0\" skipped=\"0\""));
    assert_non_null(strstr(junit, "<system-out>WARN: frame 12: 10.77.0.1:53084 (scripted): requests piece 31"));
    json_decref(root);
    free(json);
    free(tap);
    free(junit);
    cap_check_report_free(&report);
    cap_torrents_free(&torrents);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest findings[] = {
        cmocka_unit_test(real_clients_are_accused_of_what_they_do_and_of_nothing_else),
    };
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(real_clients_are_accused_of_what_they_do_and_of_nothing_else),
        cmocka_unit_test(pieces_are_verified_against_the_torrent),
        cmocka_unit_test(hashes_are_verified_against_the_root),
        cmocka_unit_test(findings_are_told_live),
        cmocka_unit_test(the_status_says_what_came_of_it),
        cmocka_unit_test(all_forms_say_the_same),
    };
    if (argc == 2) {
        folders[0] = argv[1];
        folders[1] = NULL;
        return cmocka_run_group_tests_name("findings", findings, NULL, NULL);
    }
    return cmocka_run_group_tests_name("check", tests, NULL, NULL);
}

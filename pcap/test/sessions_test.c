/* SPDX-License-Identifier: MIT
 *
 * Sessions of real clients (pcap/test/clients), from either side: a scenario comes of each that is clean under lint,
 * that the reference peer passes, and that it fails with the fault that the scenario names.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "lint.h"
#include "prove.h"
#include "record.h"
#include "subject.h"

#define FOLDER "pcap/test/clients/"

static const struct row {
    const char *file;
    const char *rule[2]; /* of the scenario, by who is played */
} rows[] = {
    { "aria2-seed_libtorrent-leech", { "BEP3-SRV-01", "BEP3-REQ-01" } },
    { "libtorrent-seed_aria2-leech", { "BEP3-SRV-01", "BEP3-REQ-01" } },
    { "libtorrent-seed_qbittorrent-leech", { "BEP3-SRV-01", "BEP3-REQ-01" } },
    { "libtorrent-seed_transmission-leech", { "BEP3-REQ-01", "BEP3-SRV-01" } },
    { "libtorrent-seed_webtorrent-leech", { "BEP3-SRV-01", "BEP3-REQ-01" } },
    { "libtorrent-seed_webtorrent-magnet", { "BEP3-SRV-01", "BEP3-REQ-01" } },
    { "libtorrent-x2_mse-plaintext", { "BEP3-SRV-01", "BEP3-REQ-01" } },
    { "libtorrent-x2_v6", { "BEP3-SRV-01", "BEP3-REQ-01" } },
    { "qbittorrent-seed_libtorrent-leech", { "BEP3-SRV-01", "BEP3-REQ-01" } },
    { "rtorrent-seed_libtorrent-leech", { "BEP3-SRV-01", "BEP3-REQ-01" } },
    { "transmission-seed_libtorrent-leech", { "BEP3-SRV-01", "BEP3-REQ-01" } },
    { "webtorrent-seed_libtorrent-leech", { "BEP3-SRV-01", "BEP3-REQ-01" } },
};

static void complain(void *user, const struct scn_place *place, const char *text)
{
    (void)user;
    print_error("%u: %s\n", place->line, text);
}

static void holds(const char *text, const char *rule)
{
    struct scn_error error;
    struct scn_script *script = scn_script_parse("recorded.scn", text, strlen(text), &error);
    assert_non_null(script);
    assert_int_equal(scn_lint(script, complain, NULL), 0);
    struct scn_item item = { .scenario = &script->scenarios[0], .id = script->scenarios[0].name };
    struct scn_prove_config config = { .seed = 1 };
    assert_string_equal(item.scenario->rules[0], rule);
    assert_string_equal(item.scenario->torrents[0], "three");
    assert_true(scn_prove(&item, 1, &config, stderr).ok);
    scn_script_free(script);
}

static void comes_out_as_a_scenario(void **state)
{
    const struct row *row = *state;
    struct cap_tapes tapes;
    struct scn_torrents torrents = { 0 };
    struct scn_arena *arena = scn_arena_new();
    char path[200], error[300] = "";
    struct cap_record_config config = {
        .name = "recorded.session", .source = row->file, .sized = true, .serves = true
    };
    snprintf(path, sizeof path, FOLDER "%s.pcap", row->file);
    cap_tapes_init(&tapes, -1);
    assert_true(cap_tapes_read(&tapes, path, error, sizeof error));
    const struct cap_tape *tape = cap_tapes_pick(&tapes, error, sizeof error);
    assert_non_null(tape);
    assert_true(cap_subject_find(&config.torrent, &torrents, tape, NULL, NULL, error, sizeof error));
    assert_non_null(config.torrent);
    for (int side = 0; side < 2; side++) {
        config.play = (enum btw_side)side;
        const char *text = cap_record(arena, tape, &config, error, sizeof error);
        assert_non_null(text);
        holds(text, row->rule[side]);
    }
    scn_torrents_free(&torrents);
    scn_arena_free(arena);
    cap_tapes_free(&tapes);
}

int main(void)
{
    enum { ROWS = sizeof rows / sizeof rows[0] };
    struct CMUnitTest tests[ROWS] = { { 0 } };
    for (size_t i = 0; i < ROWS; i++)
        tests[i] = (struct CMUnitTest){ rows[i].file, comes_out_as_a_scenario, NULL, NULL, (void *)&rows[i] };
    return _cmocka_run_group_tests("sessions", tests, ROWS, NULL, NULL);
}

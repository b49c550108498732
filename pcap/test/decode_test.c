/* SPDX-License-Identifier: MIT
 *
 * A capture as lines, objects and summaries; filters; the account of a session.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "btw/notation.h"
#include "decode.h"
#include "events.h"
#include "json.h"
#include "summary.h"

#define DATA "pcap/test/data/"

static char *decoded(const char *path, const struct cap_decode_config *config)
{
    struct cap_torrents torrents = { 0 };
    char *text = NULL, *error = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    struct cap_capture *capture = cap_capture_file(path, &error);
    if (capture == NULL || out == NULL)
        fail_msg("%s", error);
    assert_int_equal(cap_decode(capture, &torrents, config, out), CAP_END);
    cap_capture_close(capture);
    cap_torrents_free(&torrents);
    fclose(out);
    return text;
}

static size_t count_lines(const char *text)
{
    size_t lines = 0;
    for (; *text != '\0'; text++)
        lines += *text == '\n';
    return lines;
}

static void expect_in(const char *text, const char *part)
{
    if (strstr(text, part) == NULL)
        fail_msg("no \"%s\" in %s", part, text);
}

/* ---- lines ------------------------------------------------------------------------------------------------------- */

static void a_line_has_time_ends_and_direction(void **state)
{
    const struct cap_decode_config config = { .name = "test", .filter.flow = -1 };
    char *text = decoded(DATA "base-mss1448.pcap", &config);
    (void)state;
    expect_in(text, "0.000280 f0 10.77.0.1:53579 < 10.77.0.2:7002 have_all\n");
    expect_in(text, "0.000346 f0 10.77.0.1:53579 > 10.77.0.2:7002 request piece=5 begin=0 length=16080\n");
    expect_in(text, "0.000986 f0 10.77.0.1:53579 < 10.77.0.2:7002 piece piece=5 begin=0 data=..(16080 bytes)\n");
    expect_in(text, "0.001941 f0 10.77.0.1:53579 > 10.77.0.2:7002 fin\n");
    assert_int_equal(count_lines(text), 32 + 2 + 1); /* messages, FINs, progress */
    free(text);
}

/* Every line of full style is in the notation: it reads back. */
static void full_lines_read_back(void **state)
{
    static uint8_t scratch[1 << 16];
    const struct cap_decode_config config = { .name = "test", .full = true, .filter = { .flow = 0, .types = ~0u } };
    char *text = decoded(DATA "libtorrent-x2_hybrid-magnet.pcap", &config);
    size_t read = 0;
    (void)state;
    for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        struct btw_msg msg;
        int at = 0;
        sscanf(line, "%*s f0 %*s %*c %*s %n", &at);
        assert_true(at > 0);
        assert_int_equal(btw_msg_parse(&msg, scratch, sizeof scratch, line + at, strlen(line + at), NULL), BTW_OK);
        read++;
    }
    assert_int_equal(read, 179);
    free(text);
}

static void holes_and_ciphers_are_comments(void **state)
{
    const struct cap_decode_config config = { .name = "test", .filter.flow = -1 };
    char *lossy = decoded(DATA "tcp-capture-loss.pcap", &config),
         *rc4 = decoded(DATA "libtorrent-x2_mse-rc4.pcap", &config);
    (void)state;
    expect_in(lossy, " < 10.77.0.2:7002 # 1448 bytes are missing; reading goes on\n");
    expect_in(rc4, " # MSE, encrypted\n");
    expect_in(rc4, " encrypted bytes\n");
    free(lossy);
    free(rc4);
}

static void filters_choose_lines(void **state)
{
    static const struct {
        const char *types, *from;
        size_t lines;
    } rows[] = {
        { "piece", NULL, 6 },   { "have,piece", NULL, 12 },         { "have,piece", "10.77.0.1", 6 },
        { "have", ":7002", 0 }, { "unchoke", "10.77.0.2:7002", 2 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct cap_decode_config config = { .name = "test", .filter.flow = -1 };
        const char *unknown;
        size_t len;
        assert_true(cap_filter_add_types(&config.filter, rows[i].types, &unknown, &len));
        assert_true(rows[i].from == NULL || cap_pattern_parse(&config.filter.from, rows[i].from));
        char *text = decoded(DATA "base-mss1448.pcap", &config);
        assert_int_equal(count_lines(text), rows[i].lines);
        free(text);
    }
}

static void patterns_of_endpoints(void **state)
{
    static const struct {
        const char *text;
        bool good;
        uint8_t address_len;
        uint16_t port;
    } rows[] = {
        { "10.0.0.1", true, 4, 0 },       { "10.0.0.1:6881", true, 4, 6881 },
        { ":6881", true, 0, 6881 },       { "::1", true, 16, 0 },
        { "[::1]:6881", true, 16, 6881 }, { "[::1]", true, 16, 0 },
        { "10.0.0.1:0", false, 0, 0 },    { "10.0.0.1:65536", false, 0, 0 },
        { "10.0.0.1:x", false, 0, 0 },    { "host", false, 0, 0 },
        { "[::1", false, 0, 0 },          { "[::1]6881", false, 0, 0 },
        { "10.0.0.256:1", false, 0, 0 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct cap_pattern pattern;
        assert_int_equal(cap_pattern_parse(&pattern, rows[i].text), rows[i].good);
        if (!rows[i].good)
            continue;
        assert_int_equal(pattern.endpoint.address_len, rows[i].address_len);
        assert_int_equal(pattern.endpoint.port, rows[i].port);
    }
    struct cap_filter filter = { 0 };
    const char *unknown;
    size_t len;
    assert_false(cap_filter_add_types(&filter, "have,hvae", &unknown, &len));
    assert_memory_equal(unknown, "hvae", len);
}

/* ---- JSON -------------------------------------------------------------------------------------------------------- */

static void an_object_has_the_fields_of_its_message(void **state)
{
    const struct cap_decode_config config = { .name = "test", .json = true, .filter.flow = -1 };
    char *text = decoded(DATA "base-mss1448.pcap", &config);
    (void)state;
    expect_in(text,
              "\"frame\":8,\"from\":\"10.77.0.1:53579\",\"to\":\"10.77.0.2:7002\",\"type\":\"request\",\"offset\":286,"
              "\"size\":17,\"piece\":5,\"begin\":0,\"length\":16080}\n");
    expect_in(text, "\"type\":\"piece\",\"offset\":344,\"size\":16093,\"length\":16080,\"piece\":5,\"begin\":0}\n");
    expect_in(text, "\"ext\":0,\"dict\":{\"complete_ago\":-1,\"m\":{\"lt_donthave\":7,");
    expect_in(text, "\"yourip\":{\"hex\":\"0a4d0001\"}},\"extension\":\"handshake\"}\n");
    expect_in(text, "\"reserved\":\"0000000000100005\",\"info_hash\":\"89b3eb8bc13e7d2776c73b01c46663854a29a86c\"");
    free(text);
}

static void a_session_is_one_object(void **state)
{
    const struct cap_decode_config config = { .name = "test", .json = true, .summary = true, .filter.flow = -1 };
    char *text = decoded(DATA "base-mss1448.pcap", &config);
    json_t *session = json_loads(text, 0, NULL);
    const json_t *sent = json_array_get(json_object_get(session, "directions"), 1);
    (void)state;
    assert_int_equal(count_lines(text), 1);
    assert_string_equal(json_string_value(json_object_get(sent, "from")), "10.77.0.2:7002");
    assert_string_equal(json_string_value(json_object_get(sent, "sha1")), "9f8727c750641d6ff356495d32d134e13ef326de");
    assert_int_equal(json_integer_value(json_object_get(sent, "bytes")), 98422);
    json_t *want = json_pack("{s:i, s:i, s:i, s:i, s:i}", "unchoke", 2, "piece", 6, "have_all", 1, "allowed_fast", 5,
                             "extended", 1);
    assert_true(json_equal(json_object_get(sent, "messages"), want));
    assert_int_equal(json_integer_value(json_object_get(json_object_get(sent, "pieces"), "completed")), 6);
    json_decref(want);
    json_decref(session);
    free(text);
}

/* ---- the account of a session ------------------------------------------------------------------------------------ */

static void take(void *user, const struct cap_event *event)
{
    struct cap_account *account = user;
    cap_account_take(account, event);
    if (event->kind == CAP_CLOSED)
        cap_account_end(account, event->time_ns);
}

static void waits_chokes_and_pieces_are_counted(void **state)
{
    struct cap_session session = EVENTS_SESSION;
    struct cap_pool pool = { CAP_POOL_SIZE };
    struct cap_account *account = cap_account_new(&pool);
    struct cap_geometry known = { .pieces = 10, .piece_length = 32768, .total_length = 9 * 32768 + 5 };
    (void)state;
    events_play(&session,
                EVENTS_PLAIN "d 10 request piece=0 begin=0 length=16384\nd 10 request piece=9 begin=0 length=5\n"
                             "a 14 piece piece=9 begin=0 data=0102030405\n"
                             "d 20 request piece=1 begin=0 length=16384\nd 21 cancel piece=1 begin=0 length=16384\n"
                             "a 30 piece piece=0 begin=0 data=00\na 40 choke\nd 41 have piece=0\na 50 unchoke\n"
                             "a 60 reject piece=1 begin=0 length=16384\n",
                false, take, account);
    const struct cap_side *dialler = &account->side[BTW_DIALLER], *acceptor = &account->side[BTW_ACCEPTOR];
    assert_int_equal(dialler->messages[BTW_REQUEST], 3);
    assert_int_equal(dialler->answered, 2);
    assert_int_equal(dialler->rejected, 1);
    assert_int_equal(dialler->cancelled, 1);
    assert_int_equal(dialler->waits, 2);
    assert_int_equal(dialler->wait_min_ns, 4000000);
    assert_int_equal(dialler->wait_max_ns, 20000000);
    assert_int_equal(acceptor->choke_count, 2);
    assert_int_equal(acceptor->chokes[0].from_ns, 0);
    assert_int_equal(acceptor->chokes[0].to_ns, 4000000);
    assert_int_equal(acceptor->chokes[1].from_ns, 40000000);
    assert_int_equal(acceptor->chokes[1].to_ns, 50000000);
    assert_int_equal(acceptor->pieces.total, 6);
    assert_int_equal(cap_pieces_whole(&acceptor->pieces, &known), 2); /* the short last one, and one by its have */
    cap_account_free(account);
    assert_int_equal(pool.left, CAP_POOL_SIZE);
}

/* Indices beyond all reason cost nothing. */
static void wild_indices_cost_no_memory(void **state)
{
    struct cap_session session = EVENTS_SESSION;
    struct cap_pool pool = { 1024 + 64 };
    struct cap_account *account = cap_account_new(&pool);
    (void)state;
    events_play(&session,
                EVENTS_PLAIN
                "a 14 piece piece=4294967295 begin=4294967295 data=01\na 15 piece piece=5000 begin=0 data=01\n"
                "a 16 piece piece=255 begin=0 data=01\n",
                false, take, account);
    assert_int_equal(account->side[BTW_ACCEPTOR].pieces.untold, 2);
    assert_int_equal(pool.left, 64);
    cap_account_free(account);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_has_time_ends_and_direction),
        cmocka_unit_test(full_lines_read_back),
        cmocka_unit_test(holes_and_ciphers_are_comments),
        cmocka_unit_test(filters_choose_lines),
        cmocka_unit_test(patterns_of_endpoints),
        cmocka_unit_test(an_object_has_the_fields_of_its_message),
        cmocka_unit_test(a_session_is_one_object),
        cmocka_unit_test(waits_chokes_and_pieces_are_counted),
        cmocka_unit_test(wild_indices_cost_no_memory),
    };
    return cmocka_run_group_tests_name("decode", tests, NULL, NULL);
}

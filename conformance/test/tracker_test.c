/* SPDX-License-Identifier: MIT
 *
 * The tracker, asked over a plain socket.  The answers are written out by hand from BEP 3 and BEP 23.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tracker.h"

#define HASH_A "%00%01%02%03%04%05%06%07%08%09%0a%0b%0c%0d%0e%0f%10%11%12%13"
#define ID_1 "-XX0001-abcdefghijkl"

static const uint8_t hash_a[20] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19 };
static const uint8_t hash_b[20] = { 99 };
static const struct btw_address v4 = { .bytes = { 127, 251, 3, 1 }, .len = 4, .port = 0x1ae1 };
static const struct btw_address v6 = { .bytes = { [15] = 1 }, .len = 16, .port = 0x1ae2 };

struct bench {
    uv_loop_t loop;
    struct scn_tracker *tracker;
    char answer[4096];
    size_t len;
};

static int setup(void **state)
{
    static struct bench bench;
    uv_loop_init(&bench.loop);
    bench.tracker = scn_tracker_new(&bench.loop, "127.0.0.1", 0);
    assert_non_null(bench.tracker);
    *state = &bench;
    return 0;
}

static int teardown(void **state)
{
    struct bench *bench = *state;
    scn_tracker_close(bench->tracker);
    uv_run(&bench->loop, UV_RUN_DEFAULT);
    scn_tracker_free(bench->tracker);
    return uv_loop_close(&bench->loop);
}

/* The body of the answer to GET path, and the status. */
static int get(struct bench *bench, const char *path, const char **body, size_t *len)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(scn_tracker_port(bench->tracker)) };
    char request[1024];
    int status = 0;
    ssize_t got;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    int size = snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n", path);
    assert_int_equal(send(fd, request, (size_t)size, 0), size);
    bench->len = 0;
    while ((got = recv(fd, bench->answer + bench->len, sizeof bench->answer - 1 - bench->len, MSG_DONTWAIT)) != 0) {
        if (got > 0)
            bench->len += (size_t)got;
        else
            uv_run(&bench->loop, UV_RUN_NOWAIT);
    }
    close(fd);
    bench->answer[bench->len] = '\0';
    assert_int_equal(sscanf(bench->answer, "HTTP/1.1 %d", &status), 1);
    char *end = strstr(bench->answer, "\r\n\r\n");
    assert_non_null(end);
    *body = end + 4;
    *len = bench->len - (size_t)(end + 4 - bench->answer);
    return status;
}

static void announces(struct bench *bench, const char *path, const char *want, size_t want_len)
{
    const char *body;
    size_t len;
    assert_int_equal(get(bench, path, &body, &len), 200);
    assert_int_equal(len, want_len);
    assert_memory_equal(body, want, len);
}
#define ANNOUNCES(bench, path, want) announces(bench, path, want, sizeof want - 1)

static void nobody_is_named_when_nobody_listens(void **state)
{
    ANNOUNCES(*state, "/announce?info_hash=" HASH_A "&peer_id=" ID_1 "&port=1&compact=1",
              "d8:intervali5e12:min intervali5e5:peers0:6:peers60:e");
}

static void listeners_are_named_compactly(void **state)
{
    struct bench *bench = *state;
    scn_tracker_add(bench->tracker, hash_b, &v4, NULL); /* for another torrent */
    scn_tracker_add(bench->tracker, hash_a, &v4, NULL);
    scn_tracker_add(bench->tracker, hash_a, &v6, NULL);
    ANNOUNCES(bench, "/announce?info_hash=" HASH_A "&peer_id=" ID_1,
              "d8:intervali5e12:min intervali5e5:peers6:\x7f\xfb\x03\x01\x1a\xe1"
              "6:peers618:\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\x1a\xe2"
              "e");
    scn_tracker_remove(bench->tracker, hash_a, &v4);
    ANNOUNCES(bench, "/announce?info_hash=" HASH_A "&peer_id=" ID_1,
              "d8:intervali5e12:min intervali5e5:peers0:6:peers618:\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\x1a\xe2"
              "e");
}

static void a_peer_id_makes_it_a_list(void **state)
{
    struct bench *bench = *state;
    scn_tracker_add(bench->tracker, hash_a, &v4, (const uint8_t *)"-CF0001-000000000001");
    ANNOUNCES(
        bench, "/announce?info_hash=" HASH_A "&peer_id=" ID_1,
        "d8:intervali5e12:min intervali5e5:peersld2:ip11:127.251.3.17:peer id20:-CF0001-0000000000014:porti6881eeee");
}

static void peer_ids_are_remembered_once(void **state)
{
    struct bench *bench = *state;
    const char *body;
    size_t len, count;
    get(bench, "/announce?info_hash=" HASH_A "&peer_id=" ID_1, &body, &len);
    get(bench, "/announce?info_hash=" HASH_A "&peer_id=" ID_1, &body, &len);
    get(bench, "/announce?info_hash=" HASH_A "&peer_id=-XX0001-%00bcdefghijkl", &body, &len);
    const uint8_t(*ids)[20] = scn_tracker_ids(bench->tracker, &count);
    assert_int_equal(count, 2);
    assert_memory_equal(ids[0], ID_1, 20);
    assert_memory_equal(ids[1], "-XX0001-\0bcdefghijkl", 20);
}

static void nonsense_is_refused(void **state)
{
    struct bench *bench = *state;
    const char *body;
    size_t len, count;
    ANNOUNCES(bench, "/announce?info_hash=short&peer_id=" ID_1,
              "d14:failure reason49:info_hash and peer_id of 20 bytes each are wantede");
    assert_int_equal(get(bench, "/scrape?info_hash=" HASH_A, &body, &len), 404);
    scn_tracker_ids(bench->tracker, &count);
    assert_int_equal(count, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(nobody_is_named_when_nobody_listens), TEST(listeners_are_named_compactly), TEST(a_peer_id_makes_it_a_list),
        TEST(peer_ids_are_remembered_once),        TEST(nonsense_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

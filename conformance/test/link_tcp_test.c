/* SPDX-License-Identifier: MIT
 *
 * The link over sockets, with a recorder in the engine's place and plain sockets as the target.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "btw/bytes.h"
#include "gate.h"
#include "link_tcp.h"
#include "run.h"

/* ---- the engine's place ------------------------------------------------------------------------------------------ */

struct scn_conn {
    bool opened, ended;
    enum btw_end how;
    char error[80];
    uint8_t bytes[256];
    size_t len;
    unsigned drained;
};

struct scn_listener {
    struct scn_conn *conn; /* for the next one who comes; NULL: nobody is wanted */
    void *handle;
};

static bool inside; /* an operation of the link: it must not call back now */

void scn_conn_opened(struct scn_conn *conn)
{
    assert_false(inside);
    conn->opened = true;
}

void scn_conn_received(struct scn_conn *conn, struct btw_slice bytes)
{
    assert_false(inside);
    assert_true(conn->len + bytes.len <= sizeof conn->bytes);
    memcpy(conn->bytes + conn->len, bytes.data, bytes.len);
    conn->len += bytes.len;
}

void scn_conn_drained(struct scn_conn *conn)
{
    assert_false(inside);
    conn->drained++;
}

void scn_conn_ended(struct scn_conn *conn, enum btw_end how, const char *error)
{
    assert_false(inside);
    assert_false(conn->ended && conn->how == BTW_END_RST);
    conn->ended = true;
    conn->how = how;
    snprintf(conn->error, sizeof conn->error, "%s", error ? error : "");
}

struct scn_conn *scn_conn_accepted(struct scn_listener *listener, void *handle)
{
    struct scn_conn *conn = listener->conn;
    listener->conn = NULL;
    if (conn != NULL)
        listener->handle = handle;
    return conn;
}

/* ---- a link and a target ----------------------------------------------------------------------------------------- */

struct bench {
    uv_loop_t loop;
    struct scn_tcp *tcp;
    struct scn_link *link;
    int listener;
    struct sockaddr_in address;
    unsigned offers, withdrawals;
    struct btw_address offered;
};

static void on_offer(void *user, const uint8_t info_hash[20], const struct btw_address *address, const uint8_t *peer_id,
                     bool on)
{
    struct bench *bench = user;
    assert_int_equal(info_hash[0], 0xaa);
    assert_null(peer_id);
    bench->offered = *address;
    bench->offers += on;
    bench->withdrawals += !on;
}

static int setup(void **state)
{
    static struct bench bench;
    socklen_t size = sizeof bench.address;
    memset(&bench, 0, sizeof bench);
    bench.address.sin_family = AF_INET;
    bench.address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    bench.listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(bench.listener, (struct sockaddr *)&bench.address, sizeof bench.address), 0);
    assert_int_equal(getsockname(bench.listener, (struct sockaddr *)&bench.address, &size), 0);
    assert_int_equal(listen(bench.listener, 64), 0);
    struct scn_tcp_config config = { .target = { .v4 = bench.address, .has_v4 = true },
                                     .offer = on_offer,
                                     .user = &bench };
    uv_loop_init(&bench.loop);
    bench.tcp = scn_tcp_new(&bench.loop, &config);
    bench.link = scn_tcp_link(bench.tcp);
    *state = &bench;
    return 0;
}

static int teardown(void **state)
{
    struct bench *bench = *state;
    scn_tcp_close(bench->tcp);
    uv_run(&bench->loop, UV_RUN_DEFAULT);
    scn_tcp_free(bench->tcp);
    assert_int_equal(uv_loop_close(&bench->loop), 0); /* nothing was left open */
    if (bench->listener >= 0)
        close(bench->listener);
    return 0;
}

static void *dial_as(struct bench *bench, struct scn_conn *conn, unsigned source, bool first)
{
    struct scn_dial how = { .source = source, .first = first };
    inside = true;
    void *handle = bench->link->ops->dial(bench->link, conn, &how);
    inside = false;
    return handle;
}

static void *dial(struct bench *bench, struct scn_conn *conn, unsigned source)
{
    return dial_as(bench, conn, source, false);
}

static void forget(struct bench *bench, void *handle)
{
    inside = true;
    bench->link->ops->forget(bench->link, handle);
    inside = false;
}

static void run_until(struct bench *bench, const bool *flag)
{
    while (!*flag && uv_run(&bench->loop, UV_RUN_ONCE) != 0)
        continue;
    assert_true(*flag); /* or nothing is left that could happen */
}

static void run_until_len(struct bench *bench, const struct scn_conn *conn, size_t len)
{
    while (conn->len < len)
        uv_run(&bench->loop, UV_RUN_ONCE);
}

/* A connection that stands, and the target's end of it. */
static void *connected(struct bench *bench, struct scn_conn *conn, int *fd)
{
    void *handle = dial(bench, conn, 7);
    run_until(bench, &conn->opened);
    *fd = accept(bench->listener, NULL, NULL);
    assert_true(*fd >= 0);
    return handle;
}

static void reset(int fd)
{
    struct linger at_once = { 1, 0 };
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(fd);
}

/* ---- tests ------------------------------------------------------------------------------------------------------- */

static void each_number_has_an_address_of_its_own(void **state)
{
    static const struct {
        unsigned number;
        const char *address;
    } rows[] = {
        { 0, "127.1.1.1" }, { 7, "127.1.8.1" }, { 249, "127.1.250.1" }, { 250, "127.2.1.1" }, { 62499, "127.250.250.1" }
    };
    struct bench *bench = *state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct scn_conn conn = { 0 };
        struct sockaddr_in from;
        struct btw_address ours;
        socklen_t size = sizeof from;
        void *handle = dial(bench, &conn, rows[i].number);
        run_until(bench, &conn.opened);
        int fd = accept(bench->listener, (struct sockaddr *)&from, &size);
        assert_string_equal(inet_ntoa(from.sin_addr), rows[i].address);
        assert_true(bench->link->ops->address(bench->link, handle, &ours));
        assert_memory_equal(ours.bytes, &from.sin_addr, 4);
        assert_int_equal(ours.port, ntohs(from.sin_port));
        forget(bench, handle);
        close(fd);
    }
}

static void a_refused_dial_says_why(void **state)
{
    struct bench *bench = *state;
    struct scn_conn conn = { 0 };
    close(bench->listener);
    bench->listener = -1;
    void *handle = dial(bench, &conn, 0);
    run_until(bench, &conn.ended);
    assert_false(conn.opened);
    assert_int_equal(conn.how, BTW_END_RST);
    assert_string_equal(conn.error, "connection refused");
    forget(bench, handle);
}

static void a_dial_that_cannot_be_tried_ends_later(void **state)
{
    struct bench *bench = *state;
    struct scn_conn conn = { 0 }, forgotten = { 0 };
    struct scn_dial how = { .v6 = true }; /* the target has no such address */
    inside = true;
    void *handle = bench->link->ops->dial(bench->link, &conn, &how);
    void *other = bench->link->ops->dial(bench->link, &forgotten, &how);
    inside = false;
    forget(bench, other);
    run_until(bench, &conn.ended);
    assert_string_equal(conn.error, "the target has no such address");
    assert_false(forgotten.ended);
    forget(bench, handle);
}

static void bytes_arrive_in_order_and_drained_is_told(void **state)
{
    struct bench *bench = *state;
    struct scn_conn conn = { 0 };
    char got[6];
    int fd;
    void *handle = connected(bench, &conn, &fd);
    inside = true;
    bench->link->ops->send(bench->link, handle, btw_slice_str("abc"));
    bench->link->ops->send(bench->link, handle, btw_slice_str("def"));
    inside = false;
    while (conn.drained == 0)
        uv_run(&bench->loop, UV_RUN_ONCE);
    assert_int_equal(bench->link->ops->queued(bench->link, handle), 0);
    assert_int_equal(recv(fd, got, sizeof got, MSG_WAITALL), sizeof got);
    assert_memory_equal(got, "abcdef", 6);
    forget(bench, handle);
    close(fd);
}

static void what_does_not_fit_is_queued(void **state)
{
    static uint8_t much[8 << 20];
    struct bench *bench = *state;
    struct scn_conn conn = { 0 };
    int fd;
    void *handle = connected(bench, &conn, &fd);
    bench->link->ops->send(bench->link, handle, btw_slice_of(much, sizeof much));
    size_t queued = bench->link->ops->queued(bench->link, handle);
    assert_true(queued > 0 && queued < sizeof much);
    forget(bench, handle);
    close(fd);
}

static void fin_and_reset_are_told_apart(void **state)
{
    struct bench *bench = *state;
    struct scn_conn ends = { 0 }, breaks = { 0 };
    int fd;
    void *handle = connected(bench, &ends, &fd);
    close(fd);
    run_until(bench, &ends.ended);
    assert_int_equal(ends.how, BTW_END_FIN);
    forget(bench, handle);

    handle = connected(bench, &breaks, &fd);
    reset(fd);
    run_until(bench, &breaks.ended);
    assert_int_equal(breaks.how, BTW_END_RST);
    assert_string_equal(breaks.error, "");
    forget(bench, handle);
}

/* The failed write meets the error first; what the target said before is still read. */
static void a_reset_behind_bytes_loses_neither(void **state)
{
    struct bench *bench = *state;
    struct scn_conn conn = { 0 };
    int fd;
    void *handle = connected(bench, &conn, &fd);
    assert_int_equal(send(fd, "last words", 10, 0), 10);
    reset(fd);
    inside = true;
    bench->link->ops->send(bench->link, handle, btw_slice_str("hello?"));
    inside = false;
    run_until(bench, &conn.ended);
    assert_int_equal(conn.how, BTW_END_RST);
    assert_int_equal(conn.len, 10);
    forget(bench, handle);
}

static void after_our_fin_the_target_may_still_speak(void **state)
{
    struct bench *bench = *state;
    struct scn_conn conn = { 0 };
    char got[8];
    int fd;
    void *handle = connected(bench, &conn, &fd);
    inside = true;
    bench->link->ops->send(bench->link, handle, btw_slice_str("bye"));
    bench->link->ops->fin(bench->link, handle);
    inside = false;
    while (conn.drained == 0)
        uv_run(&bench->loop, UV_RUN_ONCE);
    uv_run(&bench->loop, UV_RUN_NOWAIT);
    assert_int_equal(recv(fd, got, sizeof got, MSG_WAITALL), 3); /* and then the end */
    assert_int_equal(send(fd, "so long", 7, 0), 7);
    close(fd);
    run_until(bench, &conn.ended);
    assert_int_equal(conn.how, BTW_END_FIN);
    assert_memory_equal(conn.bytes, "so long", 7);
    forget(bench, handle);
}

static void our_reset_reaches_the_target(void **state)
{
    struct bench *bench = *state;
    struct scn_conn conn = { 0 };
    char got;
    int fd;
    void *handle = connected(bench, &conn, &fd);
    bench->link->ops->rst(bench->link, handle);
    assert_int_equal(recv(fd, &got, 1, 0), -1);
    assert_int_equal(errno, ECONNRESET);
    uv_run(&bench->loop, UV_RUN_NOWAIT);
    assert_false(conn.ended); /* the engine knows */
    forget(bench, handle);
    close(fd);
}

static void nothing_is_read_while_reading_is_off(void **state)
{
    struct bench *bench = *state;
    struct scn_conn conn = { 0 };
    int fd;
    void *handle = connected(bench, &conn, &fd);
    bench->link->ops->read(bench->link, handle, false);
    assert_int_equal(send(fd, "wait", 4, 0), 4);
    uv_run(&bench->loop, UV_RUN_NOWAIT);
    assert_int_equal(conn.len, 0);
    inside = true;
    bench->link->ops->read(bench->link, handle, true);
    inside = false;
    run_until_len(bench, &conn, 4);
    assert_memory_equal(conn.bytes, "wait", 4);
    forget(bench, handle);
    close(fd);
}

static int accept_now(const struct bench *bench)
{
    fcntl(bench->listener, F_SETFL, O_NONBLOCK);
    return accept(bench->listener, NULL, NULL);
}

/* That so many more dials are on their way now, and no others. */
static void assert_more(struct bench *bench, struct scn_conn *conns, int *fds, unsigned *count, unsigned more)
{
    for (; more > 0; more--, ++*count) {
        run_until(bench, &conns[*count].opened);
        fds[*count] = accept_now(bench);
        assert_true(fds[*count] >= 0);
    }
    assert_int_equal(accept_now(bench), -1);
}

static void no_more_dials_than_places(void **state)
{
    enum { DIALS = SCN_GATE_PLACES + 4 };
    struct bench *bench = *state;
    struct scn_conn conns[DIALS] = { { 0 } };
    void *handles[DIALS];
    int fds[DIALS];
    unsigned count = 0;
    for (unsigned i = 0; i < DIALS; i++)
        handles[i] = dial(bench, &conns[i], i);
    assert_more(bench, conns, fds, &count, SCN_GATE_PLACES);
    assert_int_equal(send(fds[0], "!", 1, 0), 1); /* the first byte gives a place back */
    assert_more(bench, conns, fds, &count, 1);
    assert_int_equal(send(fds[2], "!", 1, 0), 1); /* and those of all that were connected before */
    assert_more(bench, conns, fds, &count, 2);
    forget(bench, handles[3]); /* and so does the end */
    assert_more(bench, conns, fds, &count, 1);
    for (unsigned i = 0; i < DIALS; i++) {
        close(fds[i]);
        if (i != 3)
            forget(bench, handles[i]);
    }
}

static void who_goes_first_waits_for_no_others(void **state)
{
    enum { DIALS = SCN_GATE_PLACES + 4, FIRST = DIALS - 2 };
    struct bench *bench = *state;
    struct scn_conn conns[DIALS] = { { 0 } };
    void *handles[DIALS];
    int fds[DIALS];
    unsigned count = 0;
    for (unsigned i = 0; i < DIALS; i++)
        handles[i] = dial_as(bench, &conns[i], i, i >= FIRST);
    assert_more(bench, conns, fds, &count, SCN_GATE_PLACES);
    assert_int_equal(send(fds[0], "!", 1, 0), 1);
    run_until(bench, &conns[FIRST].opened); /* in their own order */
    assert_false(conns[FIRST + 1].opened || conns[SCN_GATE_PLACES].opened);
    forget(bench, handles[1]);
    run_until(bench, &conns[FIRST + 1].opened);
    assert_false(conns[SCN_GATE_PLACES].opened);
    for (unsigned i = 0; i < count; i++)
        close(fds[i]);
    for (unsigned i = 0; i < DIALS; i++) {
        if (i != 1)
            forget(bench, handles[i]);
    }
}

static void a_listener_is_offered_and_withdrawn(void **state)
{
    static const uint8_t info_hash[20] = { 0xaa };
    struct bench *bench = *state;
    struct scn_conn conn = { 0 };
    struct scn_listener listener = { .conn = &conn };
    void *handle = bench->link->ops->listen(bench->link, &listener, false, info_hash, NULL);
    assert_non_null(handle);
    assert_int_equal(bench->offers, 1);
    struct sockaddr_storage to;
    assert_true(scn_net_from_address(&to, &bench->offered));
    assert_int_equal(bench->offered.bytes[0], 127);
    assert_int_equal(bench->offered.bytes[1], 251); /* no source has such an address */
    int fd = socket(AF_INET, SOCK_STREAM, 0), unwanted = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(struct sockaddr_in)), 0);
    assert_int_equal(send(fd, "hi", 2, 0), 2);
    run_until_len(bench, &conn, 2);
    assert_int_equal(connect(unwanted, (struct sockaddr *)&to, sizeof(struct sockaddr_in)), 0);
    char got;
    ssize_t answer;
    while ((answer = recv(unwanted, &got, 1, MSG_DONTWAIT)) < 0 && errno == EAGAIN)
        uv_run(&bench->loop, UV_RUN_NOWAIT);
    assert_int_equal(answer, 0); /* closed at once */
    forget(bench, listener.handle);
    bench->link->ops->unlisten(bench->link, handle);
    assert_int_equal(bench->withdrawals, 1);
    close(fd);
    close(unwanted);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(each_number_has_an_address_of_its_own),
        TEST(a_refused_dial_says_why),
        TEST(a_dial_that_cannot_be_tried_ends_later),
        TEST(bytes_arrive_in_order_and_drained_is_told),
        TEST(what_does_not_fit_is_queued),
        TEST(fin_and_reset_are_told_apart),
        TEST(a_reset_behind_bytes_loses_neither),
        TEST(after_our_fin_the_target_may_still_speak),
        TEST(our_reset_reaches_the_target),
        TEST(nothing_is_read_while_reading_is_off),
        TEST(no_more_dials_than_places),
        TEST(who_goes_first_waits_for_no_others),
        TEST(a_listener_is_offered_and_withdrawn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

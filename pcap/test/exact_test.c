/* SPDX-License-Identifier: MIT
 *
 * Every capture that was decoded by others, byte by byte: the streams, their digests, every message with its place and
 * its numbers.  Up to a hole or a lost beginning the others say as much as we do; what we read beyond is compared with
 * the same session without holes.
 *
 *     exact_test [CAPTURES EXPECTED]     folders; without, those of pcap/test/data
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dissect.h"

enum { SESSIONS_MAX = 64, LINES_MAX = 2000, LINE_SIZE = 200, COLUMNS = 7 };

/* What one side of a session said, as lines of the expectation. */
struct side {
    char from[64];
    struct cap_direction direction;
    size_t count, next;
    char (*lines)[LINE_SIZE];
    unsigned counted[BTW_TYPES];
};

struct session {
    enum cap_kind kind;
    bool fin[2], rst, closed;
    struct side side[2];
};

struct heard {
    struct session *sessions; /* by number */
    struct cap_counts counts;
};

static const char *captures = "pcap/test/data", *expectations = "pcap/test/data/expected";

/* The numbers of a message as the expectations have them. */
static void print_numbers(char *to, size_t size, const struct btw_msg *msg)
{
    unsigned bits = 0;

    to[0] = '\0';
    switch (msg->type) {
    case BTW_HAVE:
    case BTW_SUGGEST:
    case BTW_ALLOWED_FAST:
        (void)snprintf(to, size, "%u", msg->piece);
        break;
    case BTW_REQUEST:
    case BTW_CANCEL:
    case BTW_REJECT:
        (void)snprintf(to, size, "%u,%u,%u", msg->piece, msg->begin, msg->length);
        break;
    case BTW_PIECE:
        (void)snprintf(to, size, "%u,%u,%zu", msg->piece, msg->begin, msg->data.len);
        break;
    case BTW_PORT:
        (void)snprintf(to, size, "%u", msg->port);
        break;
    case BTW_BITFIELD:
        for (size_t i = 0; i < msg->data.len; i++)
            bits += (unsigned)__builtin_popcount(msg->data.data[i]);
        (void)snprintf(to, size, "%u set of %zu bits", bits, msg->data.len * 8);
        break;
    case BTW_HASH_REQUEST:
    case BTW_HASHES:
    case BTW_HASH_REJECT:
        for (size_t i = 0; i < 8; i++)
            (void)snprintf(to + (i == 0 ? 0 : 5 + 2 * i), size - 32, i == 0 ? "root=%02x" : "%02x", msg->root[i]);
        (void)snprintf(to + 21, size - 21, " base=%u index=%u length=%u proof=%u hashes=%zu", msg->base, msg->index,
                       msg->length, msg->proof, msg->data.len / 32);
        break;
    default:
        break;
    }
}

static void take_message(struct side *side, const struct cap_event *event)
{
    char numbers[LINE_SIZE / 2];

    assert_true(side->count < LINES_MAX);
    print_numbers(numbers, sizeof numbers, &event->msg);
    (void)snprintf(side->lines[side->count++], LINE_SIZE, "%llu\t%s\t%llu\t%s", (unsigned long long)event->offset,
                   btw_desc_of(event->msg.type)->name,
                   (unsigned long long)(event->msg.type == BTW_HANDSHAKE ? event->size : event->size - 4), numbers);
    side->counted[event->msg.type]++;
}

static void print_endpoint(char to[64], const struct cap_endpoint *endpoint)
{
    char address[INET6_ADDRSTRLEN];

    inet_ntop(endpoint->address_len == 4 ? AF_INET : AF_INET6, endpoint->address, address, sizeof address);
    (void)snprintf(to, 64, "%s:%u", address, endpoint->port);
}

static void hear(void *user, const struct cap_event *event)
{
    struct heard *heard = (struct heard *)user;
    struct session *session = &heard->sessions[event->session->number];

    assert_in_range(event->session->number, 0, SESSIONS_MAX - 1);
    session->kind = event->session->kind;
    assert_false(session->closed);
    switch (event->kind) {
    case CAP_MESSAGE:
        take_message(&session->side[event->side], event);
        break;
    case CAP_FIN:
        session->fin[event->side] = true;
        break;
    case CAP_RST:
        session->rst = true;
        break;
    case CAP_CLOSED:
        session->closed = true;
        for (size_t i = 0; i < 2; i++) {
            session->side[i].direction = event->session->sent[i];
            print_endpoint(session->side[i].from, &event->session->sent[i].from);
        }
        break;
    case CAP_BAD:
        fail_msg("session %llu, offset %llu: no message", (unsigned long long)event->session->number,
                 (unsigned long long)event->offset);
        break;
    case CAP_OPENED:
    case CAP_GAP:
    case CAP_CIPHER:
        break;
    }
}

static void dissect_file(struct heard *heard, const char *name, bool payload)
{
    struct cap_config config = { .sha1 = true, .payload = payload };
    struct cap_packet packet;
    char path[512], *error = NULL;
    struct cap_capture *capture;
    struct cap_dissect *dissect;

    (void)snprintf(path, sizeof path, "%s/%s", captures, name);
    capture = cap_capture_file(path, &error);
    if (capture == NULL)
        fail_msg("%s", error);
    heard->sessions = (struct session *)calloc(SESSIONS_MAX, sizeof *heard->sessions);
    assert_non_null(heard->sessions);
    for (size_t i = 0; i < 2 * (size_t)SESSIONS_MAX; i++) {
        heard->sessions[i / 2].side[i % 2].lines = calloc(LINES_MAX, LINE_SIZE);
        assert_non_null(heard->sessions[i / 2].side[i % 2].lines);
    }
    dissect = cap_dissect_new(&config, hear, heard);
    assert_non_null(dissect);
    while (cap_capture_next(capture, &packet) == CAP_OK)
        cap_dissect_packet(dissect, &packet);
    cap_dissect_end(dissect);
    heard->counts = *cap_dissect_counts(dissect);
    cap_dissect_free(dissect);
    cap_capture_close(capture);
}

static void forget(struct heard *heard)
{
    for (size_t i = 0; i < 2 * (size_t)SESSIONS_MAX; i++)
        free(heard->sessions[i / 2].side[i % 2].lines);
    free(heard->sessions);
}

static struct side *side_from(struct session *session, const char *from)
{
    for (size_t i = 0; i < 2; i++)
        if (strcmp(session->side[i].from, from) == 0)
            return &session->side[i];
    fail_msg("nobody sent from %s", from);
    return NULL;
}

/* A stream that begins in its middle or is cut early may still be recognised. */
static void expect_kind(const struct session *session, const char *kind)
{
    bool is_whole = session->side[0].direction.start && session->side[0].direction.missing == 0;

    if (strcmp(kind, "bittorrent") == 0)
        assert_int_equal(session->kind, CAP_WIRE);
    else if (strcmp(kind, "MSE-shaped") == 0)
        assert_true(session->kind == CAP_MSE || session->kind == CAP_MSE_CLEAR);
    else
        assert_true(session->kind == CAP_UNKNOWN || !is_whole);
}

static void expect_direction(const struct session *session, const struct side *side, char *column[COLUMNS])
{
    char sha1[41];

    for (size_t i = 0; i < 20; i++)
        (void)snprintf(sha1 + 2 * i, 3, "%02x", side->direction.sha1[i]);
    assert_int_equal(side->direction.whole, strtoull(column[3], NULL, 10));
    assert_string_equal(sha1, column[4]);
    if (strcmp(column[5], "-") != 0 && side->direction.missing == 0 && session->kind == CAP_WIRE)
        assert_int_equal(side->direction.unfinished, strtoull(column[5], NULL, 10));
}

static void expect_counted(const struct session *session, const char *name, unsigned count)
{
    enum btw_type type = btw_desc_named(name, strlen(name))->type;

    assert_int_equal(session->kind, CAP_MSE_CLEAR);
    assert_int_equal(session->side[0].counted[type] + session->side[1].counted[type], count);
}

static void expect_row(struct heard *heard, char *column[COLUMNS])
{
    struct session *session = &heard->sessions[strtoul(column[1], NULL, 10)];
    char line[LINE_SIZE];
    struct side *side;

    if (strcmp(column[0], "session") == 0) {
        expect_kind(session, column[2]);
        if (session->closed) {
            assert_int_equal(session->fin[0] || session->fin[1], column[3][0] == '1');
            if (!session->fin[0] || !session->fin[1]) /* a reset behind both is none */
                assert_int_equal(session->rst, column[4][0] == '1');
        }
    } else if (strcmp(column[0], "counted") == 0) {
        expect_counted(session, column[2], (unsigned)strtoul(column[3], NULL, 10));
    } else if (session->closed) {
        side = side_from(session, column[2]);
        if (strcmp(column[0], "direction") == 0) {
            expect_direction(session, side, column);
            return;
        }
        (void)snprintf(line, sizeof line, "%s\t%s\t%s\t%s", column[3], column[4], column[5], column[6]);
        assert_string_equal(side->next < side->count ? side->lines[side->next] : "nothing", line);
        side->next++;
    } else {
        assert_string_not_equal(column[0], "message");
    }
}

static void read_row(struct heard *heard, char *line)
{
    static char nothing[] = "";
    char *column[COLUMNS];

    line[strcspn(line, "\n")] = '\0';
    for (size_t i = 0; i < COLUMNS; i++) {
        column[i] = line == NULL ? nothing : strsep(&line, "\t");
    }
    expect_row(heard, column);
}

/* More than was expected is said only where the others had stopped. */
static void expect_no_more(const struct heard *heard)
{
    for (size_t i = 0; i < SESSIONS_MAX; i++)
        for (size_t j = 0; j < 2; j++) {
            const struct side *side = &heard->sessions[i].side[j];

            if (side->next == side->count || heard->sessions[i].kind == CAP_MSE_CLEAR || !side->direction.start)
                continue;
            assert_true(strtoull(side->lines[side->next], NULL, 10) >= side->direction.whole ||
                        side->direction.missing > 0);
        }
}

static void is_exact(void **state)
{
    const char *name = (const char *)*state;
    char path[512], line[512];

    for (int payload = 0; payload < 2; payload++) {
        struct heard heard;
        FILE *file;

        (void)snprintf(path, sizeof path, "%s/%s.tsv", expectations, name);
        file = fopen(path, "r");
        assert_non_null(file);
        dissect_file(&heard, name, payload != 0);
        while (fgets(line, sizeof line, file) != NULL)
            read_row(&heard, line);
        expect_no_more(&heard);
        forget(&heard);
        (void)fclose(file);
    }
}

/* The captures of `edited` that lack something hold a part of the same session. */

static size_t index_of(const struct side *side, const char *line)
{
    for (size_t i = 0; i < side->count; i++)
        if (strcmp(side->lines[i], line) == 0)
            return i;
    return SIZE_MAX;
}

/* All holes lie inside blocks: not one message is lost. */
static void holes_in_blocks_cost_nothing(void **state)
{
    struct heard base, holed;

    (void)state;
    for (int payload = 0; payload < 2; payload++) {
        dissect_file(&base, "base-mss1448.pcap", payload != 0);
        dissect_file(&holed, "tcp-capture-loss.pcap", payload != 0);
        for (size_t i = 0; i < 2; i++) {
            assert_int_equal(holed.sessions[0].side[i].count, base.sessions[0].side[i].count);
            for (size_t j = 0; j < base.sessions[0].side[i].count; j++)
                assert_string_equal(holed.sessions[0].side[i].lines[j], base.sessions[0].side[i].lines[j]);
        }
        assert_int_equal(holed.counts.holes, 5);
        assert_int_equal(holed.counts.hole_bytes, 5 * 1448);
        forget(&base);
        forget(&holed);
    }
}

/* Of messages longer than 96 bytes less headers nothing is left; what is told is true. */
static void short_snaps_tell_no_lies(void **state)
{
    struct heard base, snapped;

    (void)state;
    dissect_file(&base, "base-mss1448.pcap", false);
    dissect_file(&snapped, "file-snaplen96.pcap", false);
    for (size_t i = 0; i < 2; i++)
        for (size_t j = 0; j < snapped.sessions[0].side[i].count; j++)
            assert_int_not_equal(index_of(&base.sessions[0].side[i], snapped.sessions[0].side[i].lines[j]), SIZE_MAX);
    assert_true(snapped.sessions[0].side[BTW_ACCEPTOR].direction.unreadable);
    assert_int_equal(snapped.counts.snapped, 76);
    forget(&base);
    forget(&snapped);
}

/* From the first whole message on everything is there, at offsets that count from where the capture begins. */
static void a_middle_is_found(void **state)
{
    struct heard base, middle;

    (void)state;
    dissect_file(&base, "base-mss1448.pcap", false);
    dissect_file(&middle, "tcp-midstream.pcap", false);
    assert_int_equal(middle.sessions[0].kind, CAP_WIRE);
    for (size_t i = 0; i < 2; i++) {
        const struct side *all = &base.sessions[0].side[0], *rest = &middle.sessions[0].side[i];
        size_t behind;

        if (strcmp(rest->from, all->from) != 0)
            all = &base.sessions[0].side[1];
        assert_false(rest->direction.start || rest->direction.unreadable);
        assert_in_range(rest->count, 4, all->count);
        behind = all->count - rest->count;
        for (size_t j = 0; j < rest->count; j++)
            assert_string_equal(strchr(rest->lines[j], '\t'), strchr(all->lines[behind + j], '\t'));
    }
    forget(&base);
    forget(&middle);
}

static char *name_of(const char *path)
{
    const char *name = strrchr(path, '/') + 1;

    return strndup(name, strlen(name) - strlen(".tsv"));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest edited[] = {
        cmocka_unit_test(holes_in_blocks_cost_nothing),
        cmocka_unit_test(short_snaps_tell_no_lies),
        cmocka_unit_test(a_middle_is_found),
    };
    static struct CMUnitTest tests[256];
    char pattern[512];
    glob_t found;
    int failed;

    if (argc == 3) {
        captures = argv[1];
        expectations = argv[2];
    }
    (void)snprintf(pattern, sizeof pattern, "%s/*.tsv", expectations);
    if (glob(pattern, 0, NULL, &found) != 0 || found.gl_pathc > sizeof tests / sizeof tests[0])
        return 1;
    for (size_t i = 0; i < found.gl_pathc; i++) {
        char *name = name_of(found.gl_pathv[i]);

        tests[i] = (struct CMUnitTest){ name, is_exact, NULL, NULL, name };
    }
    failed = _cmocka_run_group_tests("exact", tests, found.gl_pathc, NULL, NULL);
    for (size_t i = 0; i < found.gl_pathc; i++)
        free(tests[i].initial_state);
    globfree(&found);
    if (argc < 3)
        failed += cmocka_run_group_tests(edited, NULL, NULL);
    return failed;
}

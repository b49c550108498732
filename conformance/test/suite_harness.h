/* SPDX-License-Identifier: MIT
 *
 * A suite, and a target of few words with a clock of its own: it answers handshakes, and dies of `have piece=99`.
 */
#ifndef SCN_SUITE_HARNESS_H
#define SCN_SUITE_HARNESS_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>

#include "btw/notation.h"
#include "suite.h"

enum { CONNS = 512, INFO_HASH_AT = 28, TORRENTS = 4 };
enum kind { REFUSES, CLOSES, SILENT, ANSWERS, DIES };

struct end {
    struct scn_conn *conn;
    enum kind kind; /* what becomes of it once it is open */
    bool opened, gone, answer_due;
    uint8_t info_hash[20]; /* of the answer */
};

struct target {
    struct scn_link link;
    int64_t now;
    enum kind kind;
    enum kind to_strangers; /* whose handshake names none of these hashes */
    uint8_t hashes[TORRENTS][20];
    size_t hash_count; /* 0: there are no strangers */
    bool dead;
    unsigned starts;
    struct end ends[CONNS];
    size_t count;
};

static int64_t target_now(struct scn_link *link)
{
    return ((struct target *)link)->now;
}

static void *target_dial(struct scn_link *link, struct scn_conn *conn, const struct scn_dial *how)
{
    struct target *target = (struct target *)link;
    (void)how;
    assert_true(target->count < CONNS);
    target->ends[target->count] = (struct end){ .conn = conn, .kind = target->kind };
    return &target->ends[target->count++];
}

static bool is_stranger(const struct target *target, const uint8_t info_hash[20])
{
    bool stranger = target->hash_count > 0;
    for (size_t i = 0; i < target->hash_count; i++)
        stranger = stranger && memcmp(target->hashes[i], info_hash, 20) != 0;
    return stranger;
}

static void take_handshake(struct target *target, struct end *end, const uint8_t *handshake)
{
    memcpy(end->info_hash, handshake + INFO_HASH_AT, sizeof end->info_hash);
    if (is_stranger(target, end->info_hash))
        end->kind = target->to_strangers;
    end->answer_due = end->kind == ANSWERS;
    target->dead = target->dead || end->kind == DIES;
}

static void target_send(struct scn_link *link, void *handle, struct btw_slice bytes)
{
    struct target *target = (struct target *)link;
    struct end *end = handle;
    static const uint8_t poison[] = { 0, 0, 0, 5, 4, 0, 0, 0, 99 };
    if (bytes.len == BTW_HANDSHAKE_SIZE)
        take_handshake(target, end, bytes.data);
    if (bytes.len == sizeof poison && memcmp(bytes.data, poison, sizeof poison) == 0)
        target->dead = true;
}

static size_t target_queued(struct scn_link *link, void *handle)
{
    (void)link;
    (void)handle;
    return 0;
}

static void target_read(struct scn_link *link, void *handle, bool on)
{
    (void)link;
    (void)handle;
    (void)on;
}

static void target_ignore(struct scn_link *link, void *handle)
{
    (void)link;
    (void)handle;
}

static void target_forget(struct scn_link *link, void *handle)
{
    (void)link;
    ((struct end *)handle)->conn = NULL;
}

static bool target_address(struct scn_link *link, void *handle, struct btw_address *out)
{
    (void)link;
    (void)handle;
    (void)out;
    return false;
}

static const struct scn_link_ops target_ops = { .now = target_now,
                                                .dial = target_dial,
                                                .send = target_send,
                                                .queued = target_queued,
                                                .read = target_read,
                                                .fin = target_ignore,
                                                .rst = target_ignore,
                                                .forget = target_forget,
                                                .address = target_address };

static void answer(struct end *end)
{
    static const char text[] = "handshake reserved=[] info_hash=0202020202020202020202020202020202020202 "
                               "peer_id=\"-TT0001-000000000000\"";
    uint8_t scratch[256], wire[BTW_HANDSHAKE_SIZE];
    struct btw_msg msg;
    size_t len;
    assert_int_equal(BTW_OK, btw_msg_parse(&msg, scratch, sizeof scratch, text, sizeof text - 1, NULL));
    assert_int_equal(BTW_OK, btw_msg_encode(wire, sizeof wire, &len, &msg));
    end->answer_due = false;
    memcpy(wire + INFO_HASH_AT, end->info_hash, sizeof end->info_hash);
    scn_conn_received(end->conn, btw_slice_of(wire, len));
}

/* One thing that the target does on one connection.  False: it has nothing to do. */
static bool act(struct target *target)
{
    for (size_t i = 0; i < target->count; i++) {
        struct end *end = &target->ends[i];
        if (!end->conn || end->gone)
            continue;
        if (target->dead || end->kind == REFUSES || (end->opened && end->kind == CLOSES)) {
            end->gone = true;
            scn_conn_ended(end->conn, BTW_END_RST, end->opened ? NULL : "connection refused");
            return true;
        }
        if (!end->opened) {
            end->opened = true;
            scn_conn_opened(end->conn);
            return true;
        }
        if (end->answer_due) {
            answer(end);
            return true;
        }
    }
    return false;
}

/* ---- suites ------------------------------------------------------------------------------------------------------ */

struct fixture {
    struct target target;
    struct scn_torrent torrents[TORRENTS];
    struct scn_world world;
    struct scn_script *script;
    struct scn_item items[16];
    size_t count;
    struct scn_suite *suite;
};

static void prepare(struct fixture *f, enum kind kind)
{
    memset(f, 0, sizeof *f);
    f->target.link.ops = &target_ops;
    f->target.kind = kind;
    f->torrents[0].kind = "any";
    memset(f->torrents[0].info_hash, 2, sizeof f->torrents[0].info_hash);
    f->world =
        (struct scn_world){ .torrents = f->torrents, .torrent_count = 1, .role = SCN_TARGET_SEED, .timeout_scale = 1 };
}

static void play(struct fixture *f, const char *text, const struct scn_suite_config *config)
{
    struct scn_error error;
    f->script = scn_script_parse("a.scn", text, strlen(text), &error);
    assert_non_null(f->script);
    for (size_t s = 0; s < f->script->count; s++) {
        const struct scn_scenario *scenario = &f->script->scenarios[s];
        for (size_t c = 0; c == 0 || c < scenario->case_count; c++)
            f->items[f->count++] =
                (struct scn_item){ scenario, scenario->case_count ? &scenario->cases[c] : NULL, scenario->name, 0 };
    }
    f->suite = scn_suite_new(f->items, f->count, &f->world, &f->target.link, config);
    scn_suite_advance(f->suite);
    while (!scn_suite_done(f->suite)) {
        if (!act(&f->target)) {
            int64_t deadline = scn_suite_deadline(f->suite);
            assert_true(deadline < INT64_MAX);
            f->target.now = deadline > f->target.now ? deadline : f->target.now + 1;
        }
        scn_suite_advance(f->suite);
    }
}

static void stop(struct fixture *f)
{
    scn_suite_free(f->suite);
    scn_script_free(f->script);
}

#endif

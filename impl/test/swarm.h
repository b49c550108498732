/* SPDX-License-Identifier: MIT
 *
 * A little network for tests: reference peers that dial each other over memory under a virtual clock, with a monitor on
 * every connection.  Messages may be bent on their way; the wire may be cut into slices of any size.
 */
#ifndef SWARM_H
#define SWARM_H

#include <assert.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <setjmp.h>
#include <cmocka.h>

#include "btw/monitor.h"
#include "btw/notation.h"
#include "btw/peer.h"
#include "btw/merkle.h"
#include "btw/stream.h"

enum { SWARM_HOSTS = 4, SWARM_LINKS = 16, SWARM_STEPS = 2000000, SWARM_PIECES = 2000 };

struct swarm;

/* May change a message (its data is writable) or drop it by returning false. */
typedef bool swarm_bend_fn(struct swarm *swarm, size_t from, size_t to, struct btw_msg *msg);

struct swarm_link {
    struct btw_peer *peer[2]; /* dialler, acceptor */
    size_t host[2];
    struct btw_stream tap[2];
    uint8_t *tap_buffer[2];
    uint8_t *queue[2];
    size_t queue_len[2];
    bool ended[2];
    struct btw_monitor *monitor;
};

struct swarm {
    struct btw_fixture fixture;
    uint32_t piece_sizes[SWARM_PIECES]; /* version 2 */
    struct btw_policy policy[SWARM_HOSTS];
    enum btw_role role[SWARM_HOSTS];
    struct btw_host *host[SWARM_HOSTS];
    size_t hosts;
    struct swarm_link link[SWARM_LINKS];
    size_t links, links_made;
    int64_t now_ms;
    size_t cut; /* bytes delivered at once */
    swarm_bend_fn *bend;
    bool trace, expects_findings;
    uint64_t messages[SWARM_HOSTS][BTW_TYPES]; /* sent, before bending */
    size_t findings;
    void *user;
};

static struct btw_address swarm_address(size_t host, uint16_t port)
{
    return (struct btw_address){ { 10, 0, 0, (uint8_t)(host + 1) }, 4, port };
}

static void swarm_init(struct swarm *s, const char *fixture)
{
    *s = (struct swarm){ .now_ms = 1000, .cut = 65536 };
    assert_int_equal(btw_fixture_make(&s->fixture, fixture, 0), BTW_OK);
    assert_true(s->fixture.meta.pieces <= SWARM_PIECES);
    if (s->fixture.meta.has_v2)
        btw_metainfo_piece_sizes_v2(&s->fixture.meta, s->piece_sizes);
    for (size_t i = 0; i < SWARM_HOSTS; i++)
        btw_policy_init(&s->policy[i]);
}

/* Adds a host with the policy that stands at its place. */
static size_t swarm_add(struct swarm *s, enum btw_role role, const uint8_t *have)
{
    size_t i = s->hosts++;

    s->role[i] = role;
    s->host[i] = btw_host_new(&s->policy[i], 100 + i, 6881);
    assert_non_null(s->host[i]);
    assert_int_equal(btw_host_add(s->host[i], &s->fixture, role, have), BTW_OK);
    return i;
}

static void swarm_introduce(struct swarm *s, size_t dialler, size_t acceptor)
{
    struct btw_address to = swarm_address(acceptor, 6881);

    btw_host_learn(s->host[dialler], s->fixture.meta.info_hash, &to, NULL, s->now_ms);
}

static void swarm_found(void *user, const struct btw_finding *finding)
{
    struct swarm *s = user;
    char text[300] = "";
    size_t len;

    s->findings++;
    if (finding->msg != NULL)
        btw_msg_print(text, sizeof text, &len, finding->msg, BTW_PRINT_BRIEF);
    if (!s->expects_findings)
        fail_msg("%s: %s\n  %s", finding->rule->name, finding->text, text);
}

static bool swarm_content(void *user, uint32_t piece, uint32_t begin, struct btw_slice data)
{
    struct swarm *s = user;
    uint8_t *right = malloc(data.len + 1);
    bool same;

    btw_fixture_block(&s->fixture, piece, begin, right, data.len);
    same = memcmp(right, data.data, data.len) == 0;
    free(right);
    return same;
}

static int swarm_hash_height(void *user, const uint8_t root[32])
{
    struct swarm *s = user;
    struct btw_metainfo_files files = btw_metainfo_files_v2(&s->fixture.meta);
    struct btw_metainfo_file file;

    while (btw_metainfo_next_file(&files, &file))
        if (file.root != NULL && memcmp(file.root, root, 32) == 0)
            return (int)btw_merkle_height(file.length);
    return -1;
}

static void swarm_link(struct swarm *s, size_t dialler, size_t acceptor, struct btw_peer *a, struct btw_peer *b)
{
    struct swarm_link *l;
    struct btw_monitor_world world = { .pieces = s->fixture.meta.pieces,
                                       .piece_length = s->fixture.meta.piece_length,
                                       .total_length = s->fixture.meta.total_length,
                                       .content = swarm_content,
                                       .user = s,
                                       .info_hash = s->fixture.meta.info_hash,
                                       .v1_only = !s->fixture.meta.has_v2,
                                       .hash_height = swarm_hash_height,
                                       .info_hash_v2 = s->fixture.meta.has_v2 ? s->fixture.meta.info_hash_v2 : NULL,
                                       .piece_sizes = s->fixture.meta.has_v2 ? s->piece_sizes : NULL };

    assert_true(s->links < SWARM_LINKS);
    l = &s->link[s->links++];
    s->links_made++;
    *l = (struct swarm_link){ .peer = { a, b }, .host = { dialler, acceptor } };
    for (int side = 0; side < 2; side++) {
        struct btw_address address = swarm_address(l->host[side], 6881);
        l->tap_buffer[side] = malloc(1 << 20);
        btw_stream_init(&l->tap[side], l->tap_buffer[side], 1 << 20, BTW_LEN_MAX_DEFAULT, true);
        world.side[side].complete = s->role[l->host[side]] == BTW_SEED;
        world.side[side].metadata = s->role[l->host[side]] != BTW_MAGNET;
        world.side[side].magnet = s->role[l->host[side]] == BTW_MAGNET;
        memcpy(world.side[side].address, address.bytes, 4);
        world.side[side].address_len = 4;
        world.side[side].listen_port = 6881;
    }
    l->monitor = btw_monitor_new(&world, 0, swarm_found, s);
    assert_non_null(l->monitor);
}

static void swarm_unlink(struct swarm *s, struct swarm_link *l, const enum btw_side *closed_by)
{
    btw_monitor_end(l->monitor, closed_by, s->now_ms);
    btw_monitor_free(l->monitor);
    for (int side = 0; side < 2; side++) {
        btw_peer_free(l->peer[side]);
        free(l->tap_buffer[side]);
        free(l->queue[side]);
    }
    *l = s->link[--s->links];
}

static bool swarm_dial(struct swarm *s)
{
    struct btw_address to, from;
    struct btw_peer *a, *b;
    bool moved = false;

    for (size_t i = 0; i < s->hosts; i++) {
        while ((a = btw_host_next_dial(s->host[i], &to)) != NULL) {
            size_t j = (size_t)to.bytes[3] - 1;
            moved = true;
            from = swarm_address(i, (uint16_t)(40000 + s->links_made));
            b = j < s->hosts ? btw_host_accept(s->host[j], &from, s->now_ms) : NULL;
            if (b == NULL) {
                btw_peer_received_end(a, BTW_END_RST, s->now_ms);
                btw_peer_free(a);
                continue;
            }
            swarm_link(s, i, j, a, b);
            btw_peer_connected(a, s->now_ms);
        }
    }
    return moved;
}

/* Reads what a side has written, shows it to the monitor, bends it and queues it. */
static bool swarm_take(struct swarm *s, struct swarm_link *l, int side)
{
    struct btw_slice out = btw_peer_output(l->peer[side]), in = out;
    struct btw_msg msg;
    bool moved = out.len > 0;
    enum btw_status status;

    while ((status = btw_stream_next(&l->tap[side], &in, &msg, NULL)) == BTW_OK) {
        struct btw_msg bent = msg;
        uint8_t *data = malloc(msg.data.len + 1);
        char text[400];
        size_t len;

        if (s->trace && btw_msg_print(text, sizeof text, &len, &msg, BTW_PRINT_BRIEF) == BTW_OK)
            printf("%8.3f %zu>%zu %s\n", (double)s->now_ms / 1000, l->host[side], l->host[!side], text);
        s->messages[l->host[side]][msg.type]++;
        btw_monitor_sent(l->monitor, (enum btw_side)side, &msg, false, s->now_ms);
        if (msg.data.len > 0)
            memcpy(data, msg.data.data, msg.data.len);
        bent.data.data = data;
        if (s->bend == NULL || s->bend(s, l->host[side], l->host[!side], &bent)) {
            size_t size = btw_msg_size(&bent);
            l->queue[side] = realloc(l->queue[side], l->queue_len[side] + size);
            assert_int_equal(btw_msg_encode(l->queue[side] + l->queue_len[side], size, &len, &bent), BTW_OK);
            l->queue_len[side] += size;
        }
        free(data);
    }
    assert_int_equal(status, BTW_MORE);
    if (moved)
        btw_peer_sent(l->peer[side], out.len);
    return moved;
}

static bool swarm_deliver(struct swarm *s, struct swarm_link *l, int side)
{
    bool moved = l->queue_len[side] > 0;

    for (size_t at = 0; at < l->queue_len[side];) {
        size_t len = l->queue_len[side] - at < s->cut ? l->queue_len[side] - at : s->cut;
        uint8_t *slice = malloc(len);
        memcpy(slice, l->queue[side] + at, len);
        btw_peer_received(l->peer[!side], btw_slice_of(slice, len), s->now_ms);
        free(slice);
        at += len;
    }
    l->queue_len[side] = 0;
    return moved;
}

static bool swarm_move(struct swarm *s)
{
    bool moved = swarm_dial(s);

    for (size_t i = 0; i < s->links; i++) {
        struct swarm_link *l = &s->link[i];
        for (int side = 0; side < 2; side++)
            moved |= swarm_take(s, l, side);
        for (int side = 0; side < 2; side++)
            moved |= swarm_deliver(s, l, side);
    }
    for (size_t i = 0; i < s->links; i++)
        for (int side = 0; side < 2; side++) {
            enum btw_side by = (enum btw_side)side;
            if (btw_peer_output(s->link[i].peer[side]).len > 0 ||
                btw_peer_wants_end(s->link[i].peer[side]) == BTW_END_NONE)
                continue;
            btw_peer_received_end(s->link[i].peer[!side], BTW_END_RST, s->now_ms);
            swarm_unlink(s, &s->link[i], &by);
            return true;
        }
    return moved;
}

static int64_t swarm_deadline(const struct swarm *s)
{
    int64_t next = INT64_MAX;

    for (size_t i = 0; i < s->hosts; i++)
        if (btw_host_deadline(s->host[i]) < next)
            next = btw_host_deadline(s->host[i]);
    for (size_t i = 0; i < s->links; i++)
        if (btw_monitor_deadline(s->link[i].monitor) < next)
            next = btw_monitor_deadline(s->link[i].monitor);
    return next;
}

/* Runs until the host is complete and all is quiet (or, with host SWARM_HOSTS, to the end of the time); false: it is
 * not. */
static bool swarm_run(struct swarm *s, size_t host, int64_t for_ms)
{
    int64_t end_ms = s->now_ms + for_ms;

    for (size_t steps = 0; steps < SWARM_STEPS; steps++) {
        int64_t next;

        if (swarm_move(s))
            continue;
        if (host < s->hosts && btw_host_complete(s->host[host], s->fixture.meta.info_hash))
            return true;
        next = swarm_deadline(s);
        if (next > end_ms)
            break;
        assert_true(next > s->now_ms || steps < SWARM_STEPS);
        s->now_ms = next > s->now_ms ? next : s->now_ms;
        for (size_t i = 0; i < s->hosts; i++)
            btw_host_tick(s->host[i], s->now_ms);
        for (size_t i = 0; i < s->links; i++)
            btw_monitor_tick(s->link[i].monitor, s->now_ms);
    }
    s->now_ms = end_ms;
    return false;
}

static void swarm_free(struct swarm *s)
{
    while (s->links > 0)
        swarm_unlink(s, &s->link[0], NULL);
    for (size_t i = 0; i < s->hosts; i++)
        btw_host_free(s->host[i]);
    btw_fixture_free(&s->fixture);
}

#endif

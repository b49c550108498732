/* SPDX-License-Identifier: MIT
 *
 * The reference client around its connections: whom it lets in, whom it dials and when, and what becomes of it when
 * memory is short.
 */
#include "peer_talk.h"
#include "scarce.h"

static const uint8_t stranger[20] = { 1, 2, 3 };

static struct btw_address address(uint8_t last, uint16_t port)
{
    return (struct btw_address){ { 10, 0, 0, last }, 4, port };
}

static struct btw_host *host_of(const struct btw_policy *policy, const char *fixture, enum btw_role role)
{
    struct btw_host *host = btw_host_new(policy, 7, 6881);

    assert_non_null(host);
    assert_int_equal(btw_host_add(host, fixture_named(fixture), role, NULL), BTW_OK);
    return host;
}

static struct btw_policy decent(void)
{
    struct btw_policy policy;

    btw_policy_init(&policy);
    return policy;
}

static void learn(struct btw_host *host, const char *fixture, uint8_t last, uint16_t port)
{
    struct btw_address there = address(last, port);

    btw_host_learn(host, fixture_named(fixture)->meta.info_hash, &there, NULL, 1000);
}

static void a_peer_id_tells_who_it_is(void **state)
{
    struct btw_policy policy = decent();
    struct btw_host *a = btw_host_new(&policy, 7, 1), *b = btw_host_new(&policy, 7, 1),
                    *c = btw_host_new(&policy, 8, 1);

    (void)state;
    assert_memory_equal(btw_host_peer_id(a), "-BW0001-", 8);
    assert_memory_equal(btw_host_peer_id(a), btw_host_peer_id(b), 20);
    assert_memory_not_equal(btw_host_peer_id(a), btw_host_peer_id(c), 20);
    btw_host_free(a);
    btw_host_free(b);
    btw_host_free(c);
    policy.peer_id_random = 0;
    a = btw_host_new(&policy, 7, 1);
    assert_memory_equal(btw_host_peer_id(a), "-BW0001-000000000000", 20);
    btw_host_free(a);
}

static void a_full_house_lets_nobody_in(void **state)
{
    struct btw_policy policy = decent();
    struct btw_address to;
    struct btw_host *host;
    struct btw_peer *first;

    (void)state;
    policy.max_peers = 2;
    host = host_of(&policy, "tiny", BTW_LEECH);
    learn(host, "tiny", 1, 7001);
    first = btw_host_accept(host, &suite, 1000);
    assert_non_null(first);
    assert_non_null(btw_host_accept(host, &suite, 1000));
    assert_null(btw_host_accept(host, &suite, 1000));
    assert_null(btw_host_next_dial(host, &to));
    btw_peer_free(first);
    assert_non_null(btw_host_next_dial(host, &to));
    assert_null(btw_host_accept(host, &suite, 1000));
    btw_host_free(host);
}

static void a_crashed_client_does_nothing_any_more(void **state)
{
    struct btw_policy policy = decent();
    struct btw_host *host = host_of(&policy, "tiny", BTW_LEECH);
    struct btw_peer *peer = btw_host_accept(host, &suite, 1000);
    struct btw_address to;

    (void)state;
    learn(host, "tiny", 1, 7001);
    assert_true(btw_host_deadline(host) < INT64_MAX);
    btw_host_crash(host);
    assert_true(btw_host_dead(host));
    assert_int_equal(btw_peer_wants_end(peer), BTW_END_RST);
    assert_null(btw_host_accept(host, &suite, 1000));
    assert_null(btw_host_next_dial(host, &to));
    assert_int_equal(btw_host_deadline(host), INT64_MAX);
    btw_host_tick(host, 1000000);
    assert_int_equal(btw_peer_output(peer).len, 0);
    btw_host_free(host);
}

static void an_address_is_dialled_so_often(void **state)
{
    struct btw_policy policy = decent();
    struct btw_address to = { .port = 0 };
    struct btw_host *host;

    (void)state;
    policy.dial_max = 2;
    policy.dial_ms = 5000;
    host = host_of(&policy, "tiny", BTW_LEECH);
    learn(host, "tiny", 1, 7001);
    learn(host, "tiny", 1, 7001); /* once is enough */
    for (int dials = 0; dials < 2; dials++) {
        struct btw_peer *peer = btw_host_next_dial(host, &to);

        assert_non_null(peer);
        assert_int_equal(to.port, 7001);
        assert_null(btw_host_next_dial(host, &to));
        btw_peer_received_end(peer, BTW_END_RST, 1000 + 5000 * dials);
        btw_peer_free(peer);
        assert_null(btw_host_next_dial(host, &to));
        assert_int_equal(btw_host_deadline(host), dials == 0 ? 6000 : INT64_MAX);
        btw_host_tick(host, 6000);
    }
    btw_host_tick(host, 1000000);
    assert_null(btw_host_next_dial(host, &to));
    btw_host_free(host);
}

static void not_everybody_is_dialled(void **state)
{
    struct btw_policy policy = decent();
    struct btw_host *host = host_of(&policy, "tiny", BTW_LEECH);
    struct btw_address to, there = address(1, 7001);
    size_t dialled = 0;

    (void)state;
    btw_host_learn(host, stranger, &there, NULL, 1000);
    assert_null(btw_host_next_dial(host, &to));
    learn(host, "tiny", 1, 0);
    assert_null(btw_host_next_dial(host, &to));
    for (uint16_t port = 1; port <= 1200; port++)
        learn(host, "tiny", 1, port);
    while (btw_host_next_dial(host, &to) != NULL)
        dialled++;
    assert_int_equal(dialled, 1000); /* more are not remembered */
    btw_host_free(host);
}

static void a_hybrid_goes_by_either_hash(void **state)
{
    struct btw_policy policy = decent();
    struct btw_host *host = host_of(&policy, "hybrid", BTW_SEED);
    const struct btw_metainfo *meta = &fixture_named("hybrid")->meta;

    (void)state;
    assert_true(btw_host_complete(host, meta->info_hash));
    assert_true(btw_host_complete(host, meta->info_hash_v2));
    assert_false(btw_host_complete(host, stranger));
    btw_host_free(host);
}

/* A fault: the other end of the hash of version 2. */
static void the_end_of_a_hash_may_stand_for_it(void **state)
{
    struct btw_policy policy = decent();
    const struct btw_metainfo *meta = &fixture_named("v2")->meta;
    struct btw_host *host;

    (void)state;
    policy.v2_hash_end = 1;
    host = host_of(&policy, "v2", BTW_SEED);
    assert_false(btw_host_complete(host, meta->info_hash));
    assert_true(btw_host_complete(host, meta->info_hash_v2 + 12));
    btw_host_free(host);
}

/* --- memory ----------------------------------------------------------------------------------------------------------
 */

/* Two hosts, as far as they come. */
struct couple {
    struct btw_host *host[2];
    struct btw_peer *peer[2];
};

static bool hand_over(struct couple *c, int from)
{
    struct btw_slice out = btw_peer_output(c->peer[from]);
    uint8_t bytes[1000];
    size_t len = out.len < sizeof bytes ? out.len : sizeof bytes;

    if (len == 0)
        return false;
    memcpy(bytes, out.data, len);
    btw_peer_sent(c->peer[from], len);
    btw_peer_received(c->peer[!from], btw_slice_of(bytes, len), 1000);
    return true;
}

static bool is_over(const struct couple *c)
{
    return btw_peer_wants_end(c->peer[0]) != BTW_END_NONE || btw_peer_wants_end(c->peer[1]) != BTW_END_NONE;
}

static bool transfers(const struct btw_fixture *fixture, enum btw_role role)
{
    static const enum btw_role seed = BTW_SEED;
    struct btw_policy policy = decent();
    struct couple c = { .host = { btw_host_new(&policy, 7, 6881), btw_host_new(&policy, 8, 6881) } };
    struct btw_address to, there = address(1, 7001);
    bool complete = false;

    if (c.host[0] != NULL && c.host[1] != NULL && btw_host_add(c.host[0], fixture, seed, NULL) == BTW_OK &&
        btw_host_add(c.host[1], fixture, role, NULL) == BTW_OK) {
        btw_host_learn(c.host[1], fixture->meta.info_hash, &there, NULL, 1000);
        c.peer[0] = btw_host_accept(c.host[0], &suite, 1000);
        c.peer[1] = btw_host_next_dial(c.host[1], &to);
    }
    if (c.peer[0] != NULL && c.peer[1] != NULL) {
        btw_peer_connected(c.peer[1], 1000);
        while (!is_over(&c) && (hand_over(&c, 1) || hand_over(&c, 0)))
            continue;
        complete = btw_host_complete(c.host[1], fixture->meta.info_hash);
    }
    if (c.host[0] != NULL)
        btw_host_free(c.host[0]);
    if (c.host[1] != NULL)
        btw_host_free(c.host[1]);
    return complete;
}

/* Whichever allocation fails, it ends well, and nothing is lost (LeakSanitizer). */
static void memory_may_run_out(void **state)
{
    static const struct {
        const char *fixture;
        enum btw_role role;
    } rows[] = { { "three", BTW_LEECH }, { "three", BTW_MAGNET }, { "v2", BTW_MAGNET } };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct btw_fixture *fixture = fixture_named(rows[i].fixture);
        size_t most, broken = 0;

        btw_scarce(0);
        assert_true(transfers(fixture, rows[i].role));
        most = btw_scarce_count();
        assert_in_range(most, 20, 1000);
        for (size_t n = 1; n <= most; n++) {
            btw_scarce(n);
            broken += !transfers(fixture, rows[i].role);
            assert_true(btw_scarce_count() >= n);
        }
        btw_scarce(0);
        assert_in_range(broken, 1, most);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_peer_id_tells_who_it_is),
        cmocka_unit_test(a_full_house_lets_nobody_in),
        cmocka_unit_test(a_crashed_client_does_nothing_any_more),
        cmocka_unit_test(an_address_is_dialled_so_often),
        cmocka_unit_test(not_everybody_is_dialled),
        cmocka_unit_test(a_hybrid_goes_by_either_hash),
        cmocka_unit_test(the_end_of_a_hash_may_stand_for_it),
        cmocka_unit_test(memory_may_run_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

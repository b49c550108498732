/* SPDX-License-Identifier: MIT
 *
 * Whole downloads between reference peers, with monitors on every connection: they must stay silent.
 */
#include "swarm.h"

/* One row is one download: who is there, what is switched on, how the wire is cut. */
static const struct {
    const char *fixture;
    const char *off; /* a policy entry that is 0 on both sides, or NULL */
    size_t cut;
} downloads[] = {
    { "base", NULL, 65536 }, { "base", "fast", 65536 }, { "base", "ext", 65536 },       { "three", NULL, 1 },
    { "three", "fast", 1 },  { "base", NULL, 77 },      { "base", NULL, 1000 },         { "base", NULL, 16384 },
    { "tiny", NULL, 65536 }, { "tiny", NULL, 1 },       { "priv", NULL, 65536 },        { "v2", NULL, 65536 },
    { "v2", "fast", 1000 },  { "hybrid", NULL, 65536 }, { "hybrid", "upgrade", 65536 },
};

static void a_seed_makes_a_seed(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof downloads / sizeof downloads[0]; i++) {
        struct swarm s;

        swarm_init(&s, downloads[i].fixture);
        s.cut = downloads[i].cut;
        for (size_t h = 0; h < 2 && downloads[i].off != NULL; h++)
            assert_int_equal(btw_policy_set(&s.policy[h], downloads[i].off, 0), BTW_OK);
        swarm_add(&s, BTW_SEED, NULL);
        swarm_add(&s, BTW_LEECH, NULL);
        swarm_introduce(&s, i % 2, !(i % 2)); /* either may dial */
        if (!swarm_run(&s, 1, 60000))
            fail_msg("row %zu: not complete", i);
        assert_int_equal(s.now_ms, 1000); /* nothing had to be waited for */
        assert_int_equal(s.messages[1][BTW_REQUEST], s.messages[0][BTW_PIECE]);
        assert_int_equal(s.messages[1][BTW_HAVE], s.fixture.meta.pieces);
        assert_int_equal(btw_host_refusals(s.host[0]) + btw_host_refusals(s.host[1]), 0);
        assert_false(swarm_run(&s, SWARM_HOSTS, 400000)); /* and go on idling */
        assert_int_equal(s.links, 1);
        swarm_free(&s);
    }
}

static void must_complete(struct swarm *s, size_t host, int64_t within_ms)
{
    if (!swarm_run(s, host, within_ms))
        fail_msg("host %zu is not complete after %lld ms", host, (long long)within_ms);
    for (size_t i = 0; i < s->hosts; i++)
        assert_int_equal(btw_host_refusals(s->host[i]), 0);
}

static void a_magnet_fetches_metadata_and_goes_on(void **state)
{
    static const char *const fixtures[] = { "base", "meta", "meta3", "tiny", "priv", "v2", "hybrid" };

    (void)state;
    for (size_t i = 0; i < sizeof fixtures / sizeof fixtures[0]; i++) {
        struct swarm s;

        swarm_init(&s, fixtures[i]);
        swarm_add(&s, BTW_SEED, NULL);
        swarm_add(&s, BTW_MAGNET, NULL);
        swarm_introduce(&s, 1, 0);
        must_complete(&s, 1, 60000);
        assert_int_equal(s.now_ms, 1000);
        assert_int_equal(s.messages[1][BTW_HAVE_NONE], 1); /* sent late, and once */
        swarm_free(&s);
    }
}

/* BEP 52: a file of 1025 pieces takes three requests of 512 hashes, one of 513 takes two. */
static void a_magnet_fetches_the_piece_layers(void **state)
{
    struct swarm s;

    (void)state;
    swarm_init(&s, "v2big");
    swarm_add(&s, BTW_SEED, NULL);
    swarm_add(&s, BTW_MAGNET, NULL);
    swarm_introduce(&s, 1, 0);
    must_complete(&s, 1, 60000);
    assert_int_equal(s.messages[1][BTW_HASH_REQUEST], 5);
    assert_int_equal(s.messages[0][BTW_HASHES], 5);
    swarm_free(&s);
}

/* One hash is wrong: whoever sent it goes, and the layer is asked for again. */
static bool spoil_hashes(struct swarm *s, size_t from, size_t to, struct btw_msg *msg)
{
    (void)from, (void)to;
    if (msg->type == BTW_HASHES && s->messages[0][BTW_HASHES] == 1)
        ((uint8_t *)msg->data.data)[40] ^= 1;
    return true;
}

static void wrong_hashes_are_not_believed(void **state)
{
    struct swarm s;

    (void)state;
    swarm_init(&s, "v2");
    s.bend = spoil_hashes;
    swarm_add(&s, BTW_SEED, NULL);
    swarm_add(&s, BTW_MAGNET, NULL);
    swarm_introduce(&s, 1, 0);
    must_complete(&s, 1, 60000);
    assert_int_equal(s.links_made, 2);
    swarm_free(&s);
}

/* Who rejects is left alone for a while, and asked again. */
static bool reject_hashes(struct swarm *s, size_t from, size_t to, struct btw_msg *msg)
{
    (void)from, (void)to;
    if (msg->type == BTW_HASHES && s->now_ms < 10000) {
        msg->type = BTW_HASH_REJECT;
        msg->data.len = 0;
    }
    return true;
}

static void hashes_are_asked_for_again(void **state)
{
    struct swarm s;

    (void)state;
    swarm_init(&s, "v2");
    s.bend = reject_hashes;
    swarm_add(&s, BTW_SEED, NULL);
    swarm_add(&s, BTW_MAGNET, NULL);
    swarm_introduce(&s, 1, 0);
    must_complete(&s, 1, 60000);
    assert_in_range(s.messages[1][BTW_HASH_REQUEST], 8, 16); /* four files, at 1, 6 and 11 seconds */
    swarm_free(&s);
}

/* Entries of the policy of a magnet that asks for the layers of "v2": of 4, 2, 3 and 40 pieces. */
static void layers_are_asked_for_as_the_policy_says(void **state)
{
    static const struct {
        const char *fixture, *entry;
        int64_t value;
        swarm_bend_fn *bend;
        bool completes;
        uint64_t asked; /* within ten seconds */
    } rows[] = {
        { "v2", "hash_length", 512, NULL, true, 4 },
        { "v2", "hash_length", 2, NULL, true, 2 + 1 + 2 + 20 },
        { "v2", "hash_first", 0, NULL, true, 4 },
        { "v2", "hash_exact", 1, NULL, false, 4 + 2 },       /* neither 3 nor 40 is a power of two: rejected, twice */
        { "v2", "hash_proof_extra", 1, NULL, false, 4 + 4 }, /* the root is no uncle: likewise */
        { "v2", "hash_retry", 0, reject_hashes, false, 4 },
        { "v2", "hash_verify", 0, spoil_hashes, false, 4 }, /* one piece is never right */
        { "hybrid", "hash_v2_only", 0, NULL, true, 4 },     /* and are rejected in version 1, which needs none */
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct swarm s;

        swarm_init(&s, rows[i].fixture);
        s.bend = rows[i].bend;
        s.expects_findings = true;
        assert_int_equal(btw_policy_set(&s.policy[1], rows[i].entry, rows[i].value), BTW_OK);
        swarm_add(&s, BTW_SEED, NULL);
        swarm_add(&s, BTW_MAGNET, NULL);
        swarm_introduce(&s, 1, 0);
        if (swarm_run(&s, 1, 9000) != rows[i].completes || s.messages[1][BTW_HASH_REQUEST] != rows[i].asked)
            fail_msg("%s %s: asked %llu times\n", rows[i].fixture, rows[i].entry,
                     (unsigned long long)s.messages[1][BTW_HASH_REQUEST]);
        swarm_free(&s);
    }
}

/* Two leeches with the even and the odd pieces. */
static void halves_are_swapped(void **state)
{
    uint8_t even[5] = { 0xaa, 0xaa, 0xaa, 0xaa, 0xa8 }, odd[5] = { 0x55, 0x55, 0x55, 0x55, 0x54 };
    struct swarm s;

    (void)state;
    swarm_init(&s, "base");
    swarm_add(&s, BTW_LEECH, even);
    swarm_add(&s, BTW_LEECH, odd);
    swarm_introduce(&s, 0, 1);
    must_complete(&s, 0, 60000);
    must_complete(&s, 1, 60000);
    assert_int_equal(s.messages[0][BTW_BITFIELD] + s.messages[1][BTW_BITFIELD], 2);
    assert_int_equal(s.messages[0][BTW_HAVE] + s.messages[1][BTW_HAVE], 38);
    swarm_free(&s);
}

/* The third block is lost, so that a request is open when the choke comes; without Fast it makes it void. */
static bool lose_one(struct swarm *s, size_t from, size_t to, struct btw_msg *msg)
{
    (void)from, (void)to;
    return msg->type != BTW_PIECE || s->messages[0][BTW_PIECE] != 3;
}

static void a_choke_in_the_middle(void **state)
{
    struct swarm s;

    (void)state;
    swarm_init(&s, "three");
    s.policy[0].fast = 0;
    s.policy[0].flap_ms = 11000;
    s.policy[1].pipeline = 1;
    s.bend = lose_one;
    swarm_add(&s, BTW_SEED, NULL);
    swarm_add(&s, BTW_LEECH, NULL);
    swarm_introduce(&s, 1, 0);
    must_complete(&s, 1, 60000);
    assert_int_equal(s.messages[0][BTW_CHOKE], 2); /* the second when nothing is wanted any more */
    assert_int_equal(s.now_ms, 23000);             /* after the next unchoke */
    swarm_free(&s);
}

/* The first blocks of every piece are refused once. */
static bool reject_some(struct swarm *s, size_t from, size_t to, struct btw_msg *msg)
{
    (void)from, (void)to;
    if (msg->type == BTW_PIECE && s->messages[0][BTW_PIECE] % 4 == 1)
        *msg = (struct btw_msg){
            .type = BTW_REJECT, .piece = msg->piece, .begin = msg->begin, .length = (uint32_t)msg->data.len
        };
    return true;
}

static void rejected_blocks_are_asked_for_again(void **state)
{
    struct swarm s;

    (void)state;
    swarm_init(&s, "base");
    s.bend = reject_some;
    swarm_add(&s, BTW_SEED, NULL);
    swarm_add(&s, BTW_LEECH, NULL);
    swarm_introduce(&s, 1, 0);
    must_complete(&s, 1, 600000);
    assert_true(s.now_ms > 1000);
    assert_true(s.messages[1][BTW_REQUEST] < 200); /* and without hammering */
    swarm_free(&s);
}

static bool corrupt_from_first(struct swarm *s, size_t from, size_t to, struct btw_msg *msg)
{
    (void)s, (void)to;
    if (from == 0 && msg->type == BTW_PIECE && msg->begin == 0)
        ((uint8_t *)(uintptr_t)msg->data.data)[5] ^= 1;
    return true;
}

static void a_liar_is_banned_and_the_rest_comes_from_others(void **state)
{
    struct swarm s;

    (void)state;
    swarm_init(&s, "base");
    s.bend = corrupt_from_first;
    swarm_add(&s, BTW_SEED, NULL);
    swarm_add(&s, BTW_SEED, NULL);
    swarm_add(&s, BTW_LEECH, NULL);
    swarm_introduce(&s, 2, 0);
    swarm_introduce(&s, 2, 1);
    must_complete(&s, 2, 120000);
    assert_int_equal(s.links, 1);
    swarm_free(&s);
}

static void a_single_liar_gives_nothing(void **state)
{
    struct swarm s;

    (void)state;
    swarm_init(&s, "base");
    s.bend = corrupt_from_first;
    swarm_add(&s, BTW_SEED, NULL);
    swarm_add(&s, BTW_LEECH, NULL);
    swarm_introduce(&s, 1, 0);
    assert_false(swarm_run(&s, 1, 600000));
    assert_int_equal(s.messages[1][BTW_HAVE], 0);
    assert_int_equal(s.links, 0);
    assert_true(s.messages[1][BTW_REQUEST] < 60);
    swarm_free(&s);
}

static bool first_is_mute(struct swarm *s, size_t from, size_t to, struct btw_msg *msg)
{
    (void)s, (void)to;
    return from != 0 || msg->type != BTW_PIECE;
}

static void what_one_peer_owes_comes_from_another(void **state)
{
    (void)state;
    for (int fast = 0; fast < 2; fast++) {
        struct swarm s;

        swarm_init(&s, "base");
        s.bend = first_is_mute;
        s.policy[2].fast = fast;
        s.policy[2].endgame = 0;
        swarm_add(&s, BTW_SEED, NULL);
        swarm_add(&s, BTW_SEED, NULL);
        swarm_add(&s, BTW_LEECH, NULL);
        swarm_introduce(&s, 2, 0);
        swarm_introduce(&s, 2, 1);
        must_complete(&s, 2, 120000);
        assert_int_equal(s.now_ms, 31000); /* after the request timeout */
        assert_int_equal(s.messages[2][BTW_CANCEL], 16);
        swarm_free(&s);
    }
}

static void the_end_game_cancels(void **state)
{
    struct swarm s;

    (void)state;
    swarm_init(&s, "base");
    s.bend = first_is_mute;
    swarm_add(&s, BTW_SEED, NULL);
    swarm_add(&s, BTW_SEED, NULL);
    swarm_add(&s, BTW_LEECH, NULL);
    swarm_introduce(&s, 2, 0);
    swarm_introduce(&s, 2, 1);
    must_complete(&s, 2, 120000);
    assert_int_equal(s.now_ms, 1000);
    assert_int_equal(s.messages[2][BTW_CANCEL], 16);
    swarm_free(&s);
}

static bool metadata_from_first_is_wrong(struct swarm *s, size_t from, size_t to, struct btw_msg *msg)
{
    (void)s, (void)to;
    if (from == 0 && msg->type == BTW_EXTENDED && msg->ext != 0 && msg->data.len > 500)
        ((uint8_t *)(uintptr_t)msg->data.data)[msg->data.len - 3] ^= 1;
    return true;
}

static void wrong_metadata_is_fetched_elsewhere(void **state)
{
    struct swarm s;

    (void)state;
    swarm_init(&s, "meta3");
    s.bend = metadata_from_first_is_wrong;
    swarm_add(&s, BTW_SEED, NULL);
    swarm_add(&s, BTW_SEED, NULL);
    swarm_add(&s, BTW_MAGNET, NULL);
    swarm_introduce(&s, 2, 0);
    swarm_introduce(&s, 2, 1);
    must_complete(&s, 2, 120000);
    swarm_free(&s);
}

/* Host 1 knows only host 0, and learns of host 2 from it. */
static void contacts_travel(void **state)
{
    struct swarm s;

    (void)state;
    swarm_init(&s, "base");
    s.policy[1].pipeline = 1;
    s.bend = first_is_mute;
    swarm_add(&s, BTW_SEED, NULL);
    swarm_add(&s, BTW_LEECH, NULL);
    swarm_add(&s, BTW_SEED, NULL);
    swarm_introduce(&s, 2, 0);
    swarm_introduce(&s, 1, 0);
    must_complete(&s, 1, 120000);
    assert_int_equal(s.links, 3);
    assert_false(swarm_run(&s, SWARM_HOSTS, 400000));
    swarm_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_seed_makes_a_seed),
        cmocka_unit_test(a_magnet_fetches_metadata_and_goes_on),
        cmocka_unit_test(a_magnet_fetches_the_piece_layers),
        cmocka_unit_test(wrong_hashes_are_not_believed),
        cmocka_unit_test(hashes_are_asked_for_again),
        cmocka_unit_test(layers_are_asked_for_as_the_policy_says),
        cmocka_unit_test(halves_are_swapped),
        cmocka_unit_test(a_choke_in_the_middle),
        cmocka_unit_test(rejected_blocks_are_asked_for_again),
        cmocka_unit_test(a_liar_is_banned_and_the_rest_comes_from_others),
        cmocka_unit_test(a_single_liar_gives_nothing),
        cmocka_unit_test(what_one_peer_owes_comes_from_another),
        cmocka_unit_test(the_end_game_cancels),
        cmocka_unit_test(wrong_metadata_is_fetched_elsewhere),
        cmocka_unit_test(contacts_travel),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

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
    { "base", NULL, 65536 }, { "base", "fast", 65536 }, { "base", "ext", 65536 }, { "three", NULL, 1 },
    { "three", "fast", 1 },  { "base", NULL, 77 },      { "base", NULL, 1000 },   { "base", NULL, 16384 },
    { "tiny", NULL, 65536 }, { "tiny", NULL, 1 },       { "priv", NULL, 65536 },
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_seed_makes_a_seed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT
 *
 * The encryption of the reference peer as its policy wants it, against the plain machine of mse.h: one row for each
 * entry of the table, in the role in which it counts.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "btw/peer_mse.h"

#define COUNT(rows) (sizeof(rows) / sizeof(rows)[0])

static const struct btw_address suite = { { 127, 0, 0, 9 }, 4, 40001 };
static const uint8_t padding[600] = { 7 };
static struct btw_fixture fixture;

struct talk {
    struct btw_policy policy;
    struct btw_host *host;
    struct btw_peer *peer;
    struct btw_mse_end *theirs; /* the peer's */
    struct btw_mse ours;
    enum btw_status their_status, our_status;
    unsigned slices; /* that brought our part */
    int64_t now_ms;
};

static bool find(void *user, const uint8_t req2[20], uint8_t skey[20])
{
    uint8_t hash[20];

    (void)user;
    btw_mse_skey_hash(hash, fixture.meta.info_hash);
    memcpy(skey, fixture.meta.info_hash, 20);
    return memcmp(hash, req2, sizeof hash) == 0;
}

/* What our end does; `key` chooses its private key. */
struct ours {
    uint32_t methods;
    size_t pad, ia;
    uint16_t key;
    bool stranger; /* asks for a torrent that is not there */
};

static struct btw_mse_config config_of(const struct ours *ours)
{
    struct btw_mse_config config = { .methods = ours->methods,
                                     .pad_clear = btw_slice_of(padding, ours->pad),
                                     .pad_secret = btw_slice_of(padding, ours->pad),
                                     .ia = btw_slice_of(padding, ours->ia),
                                     .find = find };

    config.private_key[0] = 0x33;
    config.private_key[18] = (uint8_t)(ours->key >> 8);
    config.private_key[19] = (uint8_t)ours->key;
    memcpy(config.skey, fixture.meta.info_hash, 20);
    config.skey[0] ^= ours->stranger;
    return config;
}

static void begin(struct talk *t, enum btw_role role)
{
    t->now_ms = 1000;
    t->host = btw_host_new(&t->policy, 7, 6881);
    assert_non_null(t->host);
    assert_int_equal(btw_host_add(t->host, &fixture, role, NULL), BTW_OK);
}

static void accept_us(struct talk *t)
{
    begin(t, BTW_SEED);
    t->peer = btw_host_accept(t->host, &suite, t->now_ms);
    assert_non_null(t->peer);
    t->theirs = btw_peer_mse_new(t->peer, btw_slice_of(NULL, 0));
}

/* The next connection that the host wants, or none. */
static void dial_us(struct talk *t)
{
    struct btw_address to;

    t->peer = btw_host_next_dial(t->host, &to);
    if (t->peer == NULL)
        return;
    assert_int_equal(to.port, suite.port);
    btw_peer_connected(t->peer, t->now_ms);
    t->theirs = btw_peer_mse_dials(t->peer) ? btw_peer_mse_new(t->peer, btw_peer_output(t->peer)) : NULL;
}

static void end(struct talk *t)
{
    btw_mse_end_free(t->theirs);
    btw_host_free(t->host);
}

static bool to_them(struct talk *t, size_t slice)
{
    uint8_t bytes[1024];
    struct btw_slice clear;
    size_t len = btw_mse_output(&t->ours, bytes, slice < sizeof bytes ? slice : sizeof bytes);

    if (len == 0 || t->their_status != BTW_MORE)
        return false;
    t->slices++;
    t->their_status = btw_mse_end_received(t->theirs, btw_slice_of(bytes, len), &clear, NULL);
    return true;
}

static bool to_us(struct talk *t)
{
    struct btw_slice out = btw_mse_end_output(t->theirs);

    if (out.len == 0 || t->our_status != BTW_MORE)
        return false;
    t->our_status = btw_mse_feed(&t->ours, &out, NULL);
    return true;
}

/* The handshake, to its end; then the peer is told what came of it.  True: it was no encryption. */
static bool shake_hands(struct talk *t, size_t slice)
{
    t->our_status = t->their_status = BTW_MORE;
    while (to_them(t, slice) || to_us(t))
        continue;
    if (!btw_mse_end_done(t->theirs))
        return btw_peer_mse_failed(t->peer, t->theirs);
    btw_peer_mse_done(t->peer, t->theirs, t->slices);
    return false;
}

/* --- who is dialled --------------------------------------------------------------------------------------------------
 */

enum { OURS_IS_DONE = 100 };

/* clang-format off */
static const struct {
    const char *name;
    const char *entry; /* of the policy, or NULL */
    int64_t value;
    struct ours ours;
    size_t slice;
    int reason; /* that our end gives, or that it is done */
    enum btw_mse_method method;
    enum btw_end end;
} accepted[] = {
    { "RC4",                   NULL,              0,   { .methods = 2 }, 4096,                    OURS_IS_DONE, BTW_MSE_RC4,       BTW_END_NONE },
    { "in slices of 5",        NULL,              0,   { .methods = 2 }, 5,                       OURS_IS_DONE, BTW_MSE_RC4,       BTW_END_NONE },
    { "plaintext",             NULL,              0,   { .methods = 1 }, 4096,                    OURS_IS_DONE, BTW_MSE_PLAINTEXT, BTW_END_NONE },
    { "both offered",          NULL,              0,   { .methods = 3 }, 4096,                    OURS_IS_DONE, BTW_MSE_RC4,       BTW_END_NONE },
    { "plaintext is better",   "mse_prefer",      1,   { .methods = 3 }, 4096,                    OURS_IS_DONE, BTW_MSE_PLAINTEXT, BTW_END_NONE },
    { "longest paddings",      NULL,              0,   { .methods = 2, .pad = 512, .ia = 68 }, 77, OURS_IS_DONE, BTW_MSE_RC4,      BTW_END_NONE },
    { "not allowed",           "mse_methods",     1,   { .methods = 2 }, 4096,                    BTW_MSE_NO_REASON, BTW_MSE_NONE, BTW_END_FIN },
    { "and that is a crash",   "on_mse",          2,   { .methods = 4 }, 4096,                    BTW_MSE_NO_REASON, BTW_MSE_NONE, BTW_END_RST },
    { "or nothing",            "on_mse",          0,   { .methods = 4 }, 4096,                    BTW_MSE_NO_REASON, BTW_MSE_NONE, BTW_END_NONE },
    { "an unknown torrent",    NULL,              0,   { .methods = 2, .stranger = true }, 4096,  BTW_MSE_NO_REASON, BTW_MSE_NONE, BTW_END_FIN },
    { "a key of zeros",        "mse_key_lie",     1,   { .methods = 2 }, 4096,                    BTW_MSE_BAD_KEY,   BTW_MSE_NONE, BTW_END_NONE },
    { "a constant of ones",    "mse_vc_lie",      1,   { .methods = 2 }, 4096,                    BTW_MSE_NO_REASON, BTW_MSE_RC4,  BTW_END_NONE },
    { "both are selected",     "mse_methods_lie", 3,   { .methods = 3 }, 4096,                    BTW_MSE_BAD_SELECT, BTW_MSE_RC4, BTW_END_NONE },
    { "endless padding",       "mse_pad_lie",     600, { .methods = 2 }, 4096,                    BTW_MSE_LONG_PAD,  BTW_MSE_RC4,  BTW_END_NONE },
    { "short paddings only",   "mse_pad_max",     19,  { .methods = 2, .pad = 20 }, 4096,         OURS_IS_DONE, BTW_MSE_RC4,       BTW_END_FIN },
    { "short enough",          "mse_pad_max",     20,  { .methods = 2, .pad = 20 }, 4096,         OURS_IS_DONE, BTW_MSE_RC4,       BTW_END_NONE },
    { "IA is missed",          "mse_ia_min",      1,   { .methods = 2 }, 4096,                    OURS_IS_DONE, BTW_MSE_RC4,       BTW_END_FIN },
    { "IA is there",           "mse_ia_min",      1,   { .methods = 2, .ia = 1 }, 4096,           OURS_IS_DONE, BTW_MSE_RC4,       BTW_END_NONE },
    { "IA is too long",        "mse_ia_max",      67,  { .methods = 2, .ia = 68 }, 4096,          OURS_IS_DONE, BTW_MSE_RC4,       BTW_END_FIN },
    { "too many slices",       "mse_slices",      2,   { .methods = 2 }, 50,                      OURS_IS_DONE, BTW_MSE_RC4,       BTW_END_FIN },
    { "few slices",            "mse_slices",      2,   { .methods = 2 }, 4096,                    OURS_IS_DONE, BTW_MSE_RC4,       BTW_END_NONE },
};
/* clang-format on */

static void each_entry_is_obeyed_where_it_accepts(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(accepted); i++) {
        struct btw_mse_config config = config_of(&accepted[i].ours);
        struct talk t = { 0 };
        bool left; /* to the peer, as no encryption at all */
        int reason;

        btw_policy_init(&t.policy);
        if (accepted[i].entry != NULL)
            assert_int_equal(btw_policy_set(&t.policy, accepted[i].entry, accepted[i].value), BTW_OK);
        accept_us(&t);
        btw_mse_dial(&t.ours, &config);
        left = shake_hands(&t, accepted[i].slice);
        reason = t.our_status == BTW_OK ? OURS_IS_DONE : (int)btw_mse_reason(&t.ours);
        if (reason != accepted[i].reason || btw_peer_wants_end(t.peer) != accepted[i].end ||
            left != (reason == BTW_MSE_BAD_KEY))
            fail_msg("%s: reason %d, end %d, left %d", accepted[i].name, reason, (int)btw_peer_wants_end(t.peer), left);
        assert_int_equal(btw_mse_end_done(t.theirs) ? btw_mse_method(btw_mse_end_state(t.theirs)) : BTW_MSE_NONE,
                         accepted[i].method);
        end(&t);
    }
}

static void paddings_are_as_long_as_the_policy_says(void **state)
{
    static const int64_t rows[][2] = { { 0, 0 }, { 512, 0 }, { 0, 512 }, { 3, 4 } };
    const struct ours ours = { .methods = 2 };
    struct btw_mse_config config = config_of(&ours);

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct talk t = { 0 };

        btw_policy_init(&t.policy);
        t.policy.mse_pad_clear = rows[i][0];
        t.policy.mse_pad_secret = rows[i][1];
        accept_us(&t);
        btw_mse_dial(&t.ours, &config);
        shake_hands(&t, 4096);
        assert_int_equal(t.ours.seen.pad_clear, rows[i][0]);
        assert_int_equal(t.ours.seen.pad_secret, rows[i][1]);
        end(&t);
    }
}

static void a_key_may_be_used_again_or_stand_in_reverse(void **state)
{
    const struct ours ours = { .methods = 2 };
    struct btw_mse_config config = config_of(&ours);
    uint8_t keys[3][BTW_MSE_KEY_SIZE];

    (void)state;
    for (int i = 0; i < 3; i++) {
        struct talk t = { 0 };

        btw_policy_init(&t.policy);
        t.policy.mse_fresh = 0;
        t.policy.mse_key_lie = i == 2 ? 2 : 0;
        accept_us(&t);
        btw_mse_dial(&t.ours, &config);
        shake_hands(&t, 4096);
        memcpy(keys[i], t.ours.seen.public_key, sizeof keys[i]);
        end(&t);
    }
    assert_memory_equal(keys[0], keys[1], BTW_MSE_KEY_SIZE);
    for (size_t i = 0; i < BTW_MSE_KEY_SIZE; i++)
        assert_int_equal(keys[2][i], keys[0][BTW_MSE_KEY_SIZE - 1 - i]);
}

/* One secret in 256 begins with a zero byte: that of the host's fixed key and of this one of ours does. */
static void a_secret_that_begins_with_a_zero_may_be_minded(void **state)
{
    const struct ours ours = { .methods = 2, .key = 259 };

    (void)state;
    for (int64_t borne = 0; borne < 2; borne++) {
        struct btw_mse_config config = config_of(&ours);
        struct talk t = { 0 };

        btw_policy_init(&t.policy);
        t.policy.mse_fresh = 0;
        t.policy.mse_zeros = borne;
        accept_us(&t);
        btw_mse_dial(&t.ours, &config);
        shake_hands(&t, 4096);
        assert_int_equal(t.our_status, BTW_OK);
        assert_int_equal(btw_mse_end_secret(t.theirs)[0], 0);
        assert_int_equal(btw_peer_wants_end(t.peer), borne ? BTW_END_NONE : BTW_END_RST);
        end(&t);
    }
}

/* A peer that speaks in clear is welcome unless encryption is demanded. */
static void clear_is_a_matter_of_policy(void **state)
{
    static const char stream[] = "\x13"
                                 "BitTorrent protocol";
    (void)state;
    for (int64_t mse = 0; mse < 3; mse++) {
        struct talk t = { 0 };
        struct btw_slice clear;

        btw_policy_init(&t.policy);
        t.policy.mse = mse;
        accept_us(&t);
        if (mse == 0) {
            assert_null(t.theirs);
        } else {
            assert_int_equal(btw_mse_end_received(t.theirs, btw_slice_of(stream, 20), &clear, NULL), BTW_OK);
            assert_int_equal(clear.len, 20);
            btw_peer_mse_done(t.peer, t.theirs, 1);
        }
        assert_int_equal(btw_peer_wants_end(t.peer), mse == 2 ? BTW_END_FIN : BTW_END_NONE);
        end(&t);
    }
}

static void noise_is_left_to_the_peer(void **state)
{
    static const struct {
        const char *entry;
        int64_t value;
        bool left;
    } rows[] = { { "on_mse", 1, true }, { "on_mse", 2, false } };
    uint8_t noise[800];

    (void)state;
    memset(noise, 0x55, sizeof noise);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct talk t = { 0 };
        struct btw_slice clear;

        btw_policy_init(&t.policy);
        assert_int_equal(btw_policy_set(&t.policy, rows[i].entry, rows[i].value), BTW_OK);
        accept_us(&t);
        assert_int_equal(btw_mse_end_received(t.theirs, btw_slice_of(noise, sizeof noise), &clear, NULL), BTW_TOO_LONG);
        assert_int_equal(btw_peer_mse_failed(t.peer, t.theirs), rows[i].left);
        assert_int_equal(btw_peer_wants_end(t.peer), rows[i].left ? BTW_END_NONE : BTW_END_RST);
        end(&t);
    }
}

/* --- who dials -------------------------------------------------------------------------------------------------------
 */

static void begin_to_dial(struct talk *t, int64_t mse_dial)
{
    btw_policy_init(&t->policy);
    t->policy.mse_dial = mse_dial;
    begin(t, BTW_LEECH);
    btw_host_learn(t->host, fixture.meta.info_hash, &suite, NULL, t->now_ms);
    dial_us(t);
    assert_non_null(t->peer);
}

static void it_dials_encrypted_if_it_is_to(void **state)
{
    (void)state;
    for (int64_t mse_dial = 0; mse_dial < 3; mse_dial++) {
        const struct ours ours = { .methods = 3, .pad = 100 };
        struct btw_mse_config config = config_of(&ours);
        struct talk t = { 0 };

        begin_to_dial(&t, mse_dial);
        assert_int_equal(t.theirs != NULL, mse_dial > 0);
        if (t.theirs != NULL) {
            btw_mse_accept(&t.ours, &config);
            assert_false(shake_hands(&t, 4096));
            assert_int_equal(t.our_status, BTW_OK);
            assert_int_equal(t.ours.seen.methods, 3);
            assert_int_equal(t.ours.seen.ia, 68);
            assert_int_equal(btw_mse_method(&t.ours), BTW_MSE_RC4);
        }
        assert_int_equal(btw_peer_wants_end(t.peer), BTW_END_NONE);
        end(&t);
    }
}

/* Who answers with another handshake is dialled again, in clear only where the policy allows. */
static void it_goes_on_in_clear_if_it_may(void **state)
{
    static const uint8_t answer[68] = "\x13"
                                      "BitTorrent protocol";
    (void)state;
    for (int64_t mse_dial = 1; mse_dial < 3; mse_dial++) {
        struct talk t = { 0 };
        struct btw_slice clear;

        begin_to_dial(&t, mse_dial);
        assert_int_equal(btw_mse_end_received(t.theirs, btw_slice_of(answer, sizeof answer), &clear, NULL),
                         BTW_BAD_WIRE);
        assert_false(btw_peer_mse_failed(t.peer, t.theirs));
        assert_int_equal(btw_peer_wants_end(t.peer), BTW_END_FIN);
        btw_mse_end_free(t.theirs);
        t.theirs = NULL;
        btw_peer_received_end(t.peer, BTW_END_RST, t.now_ms);
        btw_peer_free(t.peer);
        for (t.peer = NULL; t.peer == NULL && btw_host_deadline(t.host) < 100000; dial_us(&t)) {
            t.now_ms = btw_host_deadline(t.host);
            btw_host_tick(t.host, t.now_ms);
        }
        assert_non_null(t.peer);
        if (mse_dial == 1)
            assert_int_equal(t.now_ms, 2000);
        assert_int_equal(btw_peer_mse_dials(t.peer), mse_dial == 2);
        end(&t);
    }
}

static int make_fixture(void **state)
{
    (void)state;
    return btw_fixture_make(&fixture, "tiny", 0) == BTW_OK ? 0 : -1;
}

static int free_fixture(void **state)
{
    (void)state;
    btw_fixture_free(&fixture);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_entry_is_obeyed_where_it_accepts),
        cmocka_unit_test(paddings_are_as_long_as_the_policy_says),
        cmocka_unit_test(a_key_may_be_used_again_or_stand_in_reverse),
        cmocka_unit_test(a_secret_that_begins_with_a_zero_may_be_minded),
        cmocka_unit_test(clear_is_a_matter_of_policy),
        cmocka_unit_test(noise_is_left_to_the_peer),
        cmocka_unit_test(it_dials_encrypted_if_it_is_to),
        cmocka_unit_test(it_goes_on_in_clear_if_it_may),
    };

    return cmocka_run_group_tests(tests, make_fixture, free_fixture);
}

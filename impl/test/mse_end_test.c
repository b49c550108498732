/* SPDX-License-Identifier: MIT
 *
 * Two ends of an encrypted connection talk to each other, honestly and with each of the lies; what the lies look like
 * on the wire is judged by the plain machine of mse.h on the other side.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "btw/bytes.h"
#include "btw/mse_end.h"

static const uint8_t torrent[20] = { 0xaa, 1, 2, 3 };
static const uint8_t pad[600] = { 7 };
static const char hello[] = "nineteen and more bytes of a payload";

static bool find(void *user, const uint8_t req2[20], uint8_t skey[20])
{
    uint8_t hash[20];
    (void)user;
    btw_mse_skey_hash(hash, torrent);
    memcpy(skey, torrent, sizeof torrent);
    return memcmp(hash, req2, sizeof hash) == 0;
}

static struct btw_mse_config config_of(bool dials, uint32_t methods, size_t pad_len)
{
    struct btw_mse_config config = {
        .methods = methods,
        .pad_clear = btw_slice_of(pad, pad_len),
        .pad_secret = btw_slice_of(pad, pad_len),
        .find = find,
    };
    memset(config.private_key, dials ? 0x21 : 0x43, sizeof config.private_key);
    memcpy(config.skey, torrent, sizeof torrent);
    if (dials)
        config.ia = btw_slice_of(hello, 19);
    return config;
}

struct pair {
    struct btw_mse_end *a, *b;
    enum btw_status a_status, b_status;
    char heard[100]; /* by b */
    size_t heard_len;
};

/* Carries what `from` has to send to the other end, in slices of that size; false when there was nothing. */
static bool carry(struct pair *pair, bool from_a, size_t size)
{
    struct btw_slice out = btw_mse_end_output(from_a ? pair->a : pair->b), clear;
    for (size_t at = 0; at < out.len; at += size) {
        struct btw_slice slice = btw_slice_of(out.data + at, out.len - at < size ? out.len - at : size);
        if (!from_a) {
            pair->a_status = btw_mse_end_received(pair->a, slice, &clear, NULL);
            assert_int_equal(clear.len, 0);
            continue;
        }
        pair->b_status = btw_mse_end_received(pair->b, slice, &clear, NULL);
        assert_true(pair->heard_len + clear.len <= sizeof pair->heard);
        if (clear.len > 0)
            memcpy(pair->heard + pair->heard_len, clear.data, clear.len);
        pair->heard_len += clear.len;
    }
    return out.len > 0;
}

static void shake_hands(struct pair *pair, const struct btw_mse_config *a, const struct btw_mse_config *b,
                        const struct btw_mse_lies *a_lies, const struct btw_mse_lies *b_lies, size_t slice)
{
    *pair = (struct pair){ .a = btw_mse_end_new(true, a, a_lies), .b = btw_mse_end_new(false, b, b_lies) };
    assert_non_null(pair->a);
    assert_non_null(pair->b);
    pair->a_status = pair->b_status = BTW_MORE;
    while (carry(pair, true, slice) || carry(pair, false, slice))
        continue;
}

static void part(struct pair *pair)
{
    btw_mse_end_free(pair->a);
    btw_mse_end_free(pair->b);
}

static void honest_ends_understand_each_other(void **state)
{
    (void)state;
    static const uint32_t methods[] = { BTW_MSE_PLAINTEXT, BTW_MSE_RC4 };
    static const size_t slices[] = { 1, 7, 4096 };
    for (size_t m = 0; m < 2; m++) {
        for (size_t s = 0; s < 3; s++) {
            struct btw_mse_config a = config_of(true, methods[m], 512), b = config_of(false, 3, 0);
            struct btw_slice wire, clear;
            struct pair pair;
            shake_hands(&pair, &a, &b, NULL, NULL, slices[s]);
            assert_true(btw_mse_end_done(pair.a) && btw_mse_end_done(pair.b));
            assert_int_equal(btw_mse_method(btw_mse_end_state(pair.b)), methods[m]);
            assert_int_equal(pair.heard_len, 19);
            assert_memory_equal(pair.heard, hello, 19);
            wire = btw_mse_end_encrypt(pair.a, btw_slice_of(hello + 19, sizeof hello - 19));
            assert_int_equal(memcmp(wire.data, hello + 19, wire.len) == 0, methods[m] == BTW_MSE_PLAINTEXT);
            assert_int_equal(btw_mse_end_received(pair.b, wire, &clear, NULL), BTW_OK);
            assert_int_equal(clear.len, sizeof hello - 19);
            assert_memory_equal(clear.data, hello + 19, clear.len);
            part(&pair);
        }
    }
}

/* One lie of one end, and what the other one says of it. */
static const struct {
    const char *name;
    bool by_a;
    struct btw_mse_lies lies;
    enum btw_mse_reason reason;
} lies[] = {
    { "the key is 0", true, { .set = BTW_MSE_LIE_KEY }, BTW_MSE_BAD_KEY },
    { "the key is 0", false, { .set = BTW_MSE_LIE_KEY }, BTW_MSE_BAD_KEY },
    { "no constant", true, { .set = BTW_MSE_LIE_VC, .vc = { 0, 0, 0, 0, 0, 0, 0, 1 } }, BTW_MSE_BAD_VC },
    { "nothing is offered", true, { .set = BTW_MSE_LIE_METHODS, .methods = 0 }, BTW_MSE_NO_METHOD },
    { "something unknown is", true, { .set = BTW_MSE_LIE_METHODS, .methods = 0x80000000 }, BTW_MSE_NO_METHOD },
    { "both are selected", false, { .set = BTW_MSE_LIE_METHODS, .methods = 3 }, BTW_MSE_BAD_SELECT },
    { "much padding is told", true, { .set = BTW_MSE_LIE_PAD, .pad_len = 513 }, BTW_MSE_LONG_PAD },
    { "much padding is told", false, { .set = BTW_MSE_LIE_PAD, .pad_len = 65535 }, BTW_MSE_LONG_PAD },
};

static void each_lie_is_heard(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        for (size_t slice = 1; slice <= 4096; slice += 4095) {
            struct btw_mse_config a = config_of(true, 3, 3), b = config_of(false, 3, 3);
            struct pair pair;
            shake_hands(&pair, &a, &b, lies[i].by_a ? &lies[i].lies : NULL, lies[i].by_a ? NULL : &lies[i].lies, slice);
            const struct btw_mse *judge = btw_mse_end_state(lies[i].by_a ? pair.b : pair.a);
            if (btw_mse_reason(judge) != lies[i].reason)
                fail_msg("%s: %s", lies[i].name, btw_mse_reason_name(btw_mse_reason(judge)));
            part(&pair);
        }
    }
}

/* A constant that is none is not found at all by who dialled: he searches for it. */
static void a_wrong_constant_of_the_answer_is_padding(void **state)
{
    (void)state;
    struct btw_mse_config a = config_of(true, 3, 0), b = config_of(false, 3, 0);
    struct btw_mse_lies lie = { .set = BTW_MSE_LIE_VC, .vc = { 1 } };
    struct pair pair;
    shake_hands(&pair, &a, &b, NULL, &lie, 4096);
    assert_int_equal(pair.a_status, BTW_MORE);
    assert_int_equal(pair.b_status, BTW_OK);
    part(&pair);
}

static void a_payload_that_is_promised_does_not_come(void **state)
{
    (void)state;
    struct btw_mse_config a = config_of(true, 2, 0), b = config_of(false, 3, 0);
    struct btw_mse_lies lie = { .set = BTW_MSE_LIE_IA, .ia_len = 500 };
    struct pair pair;
    shake_hands(&pair, &a, &b, &lie, NULL, 4096);
    assert_int_equal(btw_mse_end_state(pair.b)->seen.ia, 500);
    assert_int_equal(pair.heard_len, 19);
    part(&pair);
}

/* Where the keys are degenerate the secret is known, and who takes it for granted is understood. */
static void a_forged_secret_is_shared(void **state)
{
    (void)state;
    static const uint8_t zeros[96];
    struct btw_mse_config a = config_of(true, 2, 20), b = config_of(false, 2, 20);
    struct btw_mse_lies lie = { .set = BTW_MSE_LIE_KEY, .secret = zeros }, careless = { .secret = zeros };
    struct pair pair;
    shake_hands(&pair, &a, &b, &lie, &careless, 4096);
    assert_true(btw_mse_end_done(pair.a) && btw_mse_end_done(pair.b));
    assert_memory_equal(pair.heard, hello, 19);
    part(&pair);
}

static void a_stream_in_clear_passes_whole(void **state)
{
    (void)state;
    static const char stream[] = "\x13"
                                 "BitTorrent protocolrest";
    for (size_t cut = 0; cut < sizeof stream; cut++) {
        struct btw_mse_config config = config_of(false, 3, 0);
        struct btw_mse_end *end = btw_mse_end_new(false, &config, NULL);
        struct btw_slice clear;
        char heard[sizeof stream];
        size_t len = 0;
        for (int half = 0; half < 2; half++) {
            struct btw_slice wire = half ? btw_slice_of(stream + cut, sizeof stream - cut) : btw_slice_of(stream, cut);
            enum btw_status status = btw_mse_end_received(end, wire, &clear, NULL);
            assert_true(status == BTW_OK || status == BTW_MORE);
            if (clear.len > 0)
                memcpy(heard + len, clear.data, clear.len);
            len += clear.len;
        }
        assert_int_equal(len, sizeof stream);
        assert_memory_equal(heard, stream, len);
        assert_int_equal(btw_mse_method(btw_mse_end_state(end)), BTW_MSE_NONE);
        btw_mse_end_free(end);
    }
}

/* Whoever takes over from an end that heard no encryption gets every byte. */
static void what_was_heard_is_kept(void **state)
{
    (void)state;
    uint8_t noise[700];
    struct btw_mse_config config = config_of(false, 3, 0);
    struct btw_mse_end *end = btw_mse_end_new(false, &config, NULL);
    struct btw_slice clear;
    memset(noise, 0x55, sizeof noise);
    assert_int_equal(btw_mse_end_received(end, btw_slice_of(noise, 300), &clear, NULL), BTW_MORE);
    assert_int_equal(btw_mse_end_received(end, btw_slice_of(noise + 300, 400), &clear, NULL), BTW_TOO_LONG);
    assert_int_equal(btw_mse_reason(btw_mse_end_state(end)), BTW_MSE_NO_SYNC);
    assert_int_equal(btw_mse_end_heard(end).len, sizeof noise);
    assert_memory_equal(btw_mse_end_heard(end).data, noise, sizeof noise);
    assert_int_equal(btw_mse_end_received(end, btw_slice_of(noise, 9), &clear, NULL), BTW_TOO_LONG);
    btw_mse_end_free(end);
    btw_mse_end_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(honest_ends_understand_each_other),
        cmocka_unit_test(each_lie_is_heard),
        cmocka_unit_test(a_wrong_constant_of_the_answer_is_padding),
        cmocka_unit_test(a_payload_that_is_promised_does_not_come),
        cmocka_unit_test(a_forged_secret_is_shared),
        cmocka_unit_test(a_stream_in_clear_passes_whole),
        cmocka_unit_test(what_was_heard_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT
 *
 * Message Stream Encryption: a transcript written by hand, both ends against each other under every cut, and every
 * reason to give up.
 */
#include "mse_harness.h"

/* The whole conversation as bytes: VC, method, lengths are the keystream with the values below xored in.
 *
 * A: 00*8, 00000002, 0000 and 0002, then IA "hi" (68 69) and the payload "A" (41)
 * B: 00*8, 00000002, 0001, PadD 05, and the payload "B" (42) */
#define STEP_3 SYNC OBFUSCATED "cf9a4f92c9509ce2 3f1f69a3 6ed5 fa80 c5bb"
#define STEP_4 "fcf3b3a9c5eeee07 d042e0dc bac9 ad"

static void both_ends_say_what_is_written(void **state)
{
    struct setting setting = { .provide = 2, .allowed = 2, .pad_d = 1, .ia = 2 };
    struct ends *ends = ends_new(&setting);
    uint8_t payload[3] = "A";

    (void)state;
    memcpy((uint8_t *)(uintptr_t)ends->config[0].ia.data, "hi", 2);
    assert_output(&ends->mse[1], ""); /* the responder waits */
    assert_output(&ends->mse[0], YA);
    arrive_hex(ends, 1, YA);
    assert_output(&ends->mse[1], YB);
    arrive_hex(ends, 0, YB);
    assert_output(&ends->mse[0], STEP_3);
    arrive_hex(ends, 1, STEP_3);
    assert_output(&ends->mse[1], STEP_4);
    arrive_hex(ends, 0, STEP_4);
    assert_int_equal(ends->status[0], BTW_OK);
    assert_int_equal(ends->status[1], BTW_OK);
    btw_mse_encrypt(&ends->mse[0], payload, 1);
    assert_int_equal(payload[0], 0xbd ^ 'A'); /* keystream A, byte 18 */
    get_hex(payload, "c5 bb fc");
    btw_mse_decrypt(&ends->mse[1], payload, 3);
    assert_memory_equal(payload, "hiA", 3);
    payload[0] = 'B';
    btw_mse_encrypt(&ends->mse[1], payload, 1);
    assert_int_equal(payload[0], 0x85 ^ 'B'); /* keystream B, byte 15 */
    btw_mse_decrypt(&ends->mse[0], payload, 1);
    assert_int_equal(payload[0], 'B');
    ends_free(ends);
}

static void a_short_secret_is_hashed_whole(void **state)
{
    struct setting setting = { .provide = 2, .allowed = 2 };
    struct ends *ends = ends_new(&setting);
    uint8_t sent[256];

    (void)state;
    arrive_hex(ends, 0, YB_OF_SHORT_S);
    assert_int_equal(btw_mse_output(&ends->mse[0], sent, sizeof sent), 96 + 40 + 16);
    assert_hex(sent + 96, SHORT_SYNC);
    ends_free(ends);
}

/* What is offered and allowed, and what comes of it. */
static const struct {
    uint32_t provide, allowed;
    bool prefer_plaintext;
    enum btw_mse_method method; /* none: refused */
} methods[] = {
    { 1, 3, false, BTW_MSE_PLAINTEXT },     { 2, 3, true, BTW_MSE_RC4 },
    { 3, 3, false, BTW_MSE_RC4 },           { 3, 3, true, BTW_MSE_PLAINTEXT },
    { 3, 1, false, BTW_MSE_PLAINTEXT },     { 3, 2, true, BTW_MSE_RC4 },
    { 0xfffffffe, 3, true, BTW_MSE_RC4 },   { 0xffffffff, 1, false, BTW_MSE_PLAINTEXT },
    { 1, 2, false, BTW_MSE_NONE },          { 2, 1, false, BTW_MSE_NONE },
    { 0, 3, false, BTW_MSE_NONE },          { 4, 3, false, BTW_MSE_NONE },
    { 4, 0xffffffff, false, BTW_MSE_NONE },
};

static const size_t cuts[] = { 1, 2, 7, 19, 20, 95, 96, 97, 600, ANY_CUT_MAX };

static void a_method_is_agreed_upon_under_every_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(methods); i++) {
        struct setting setting = { 5, 6, 7, 8, 68, .provide = methods[i].provide, .allowed = methods[i].allowed };
        setting.prefer_plaintext = methods[i].prefer_plaintext;
        for (size_t k = 0; k < COUNT(cuts); k++) {
            struct ends *ends = ends_new(&setting);
            run(ends, cuts[k]);
            if (methods[i].method != BTW_MSE_NONE) {
                assert_secured(ends, &setting, methods[i].method, cuts[k]);
            } else {
                assert_failed(ends, 1, BTW_MSE_NO_METHOD, BTW_REFUSED, 96 + 5 + 20 + 20 + 8);
                assert_in_range(ends->sent[1], 96, 96 + 6); /* and no step 4 */
                assert_int_equal(ends->status[0], BTW_MORE);
            }
            ends_free(ends);
        }
    }
}

static const size_t pads[] = { 0, 1, 7, 8, 19, 20, 511, 512 };

static void every_padding_and_ia_is_taken(void **state)
{
    static const size_t ias[] = { 0, 1, 20, 68, 69, BTW_MSE_IA_MAX };
    static const size_t few_cuts[] = { 1, 64, ANY_CUT_MAX };

    (void)state;
    for (size_t i = 0; i < COUNT(pads) * COUNT(ias); i++) {
        /* Neighbours in one run differ, and over all runs every position has every length. */
        size_t p = i % COUNT(pads), method = i % 2;
        struct setting setting = { pads[p],
                                   pads[(p + 3) % COUNT(pads)],
                                   pads[(p + 5) % COUNT(pads)],
                                   pads[(p + 6) % COUNT(pads)],
                                   ias[i / COUNT(pads)],
                                   .provide = 3,
                                   .allowed = 3 };
        setting.prefer_plaintext = method == 0;
        for (size_t k = 0; k < COUNT(few_cuts); k++) {
            struct ends *ends = ends_new(&setting);
            run(ends, few_cuts[k]);
            assert_secured(ends, &setting, method == 0 ? BTW_MSE_PLAINTEXT : BTW_MSE_RC4, few_cuts[k]);
            ends_free(ends);
        }
    }
}

static void every_torrent_is_found_and_no_other(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(torrents); i++) {
        struct setting setting = { .provide = 2, .allowed = 2, .ia = 68, .skey = torrents[i] };
        struct ends *ends = ends_new(&setting);
        run(ends, 50);
        assert_secured(ends, &setting, BTW_MSE_RC4, 50);
        ends_free(ends);
    }
}

static void short_keys_and_secrets_work(void **state)
{
    static const char *const private_keys[][2] = { { XA, XB_OF_SHORT_S },
                                                   { XA_OF_SHORT_Y, XB },
                                                   { XB, XA_OF_SHORT_Y } };

    (void)state;
    for (size_t i = 0; i < COUNT(private_keys); i++) {
        struct setting setting = { .provide = 2, .allowed = 2, .ia = 68 };
        struct ends *ends;
        setting.private_a = private_keys[i][0];
        setting.private_b = private_keys[i][1];
        ends = ends_new(&setting);
        run(ends, 50);
        assert_secured(ends, &setting, BTW_MSE_RC4, 50);
        ends_free(ends);
    }
}

/* Each limit one above (at and below: see the paddings), and each field bent on its way. */
static const struct {
    const char *what;
    struct setting setting;
    struct bend bend;
    size_t end; /* the one that gives up: 0 A, 1 B */
    enum btw_mse_reason reason;
    enum btw_status status;
    size_t offset;
} failures[] = {
    /* clang-format off */
    { "PadA of 513",       { .pad_a = 513 }, { 0 },              1, BTW_MSE_NO_SYNC,      BTW_TOO_LONG,  96 + 512 },
    { "PadB of 513",       { .pad_b = 513 }, { 0 },              0, BTW_MSE_NO_SYNC,      BTW_TOO_LONG,  96 + 512 },
    { "PadC of 513",       { .pad_c = 513 }, { 0 },              1, BTW_MSE_LONG_PAD,     BTW_TOO_LONG,  148 },
    { "PadD of 513",       { .pad_d = 513 }, { 0 },              0, BTW_MSE_LONG_PAD,     BTW_TOO_LONG,  108 },
    { "len(PadC) bent",    { .ia = 600 },    { true, 148, 255 }, 1, BTW_MSE_LONG_PAD,     BTW_TOO_LONG,  148 },
    { "sync hash bent",    { .ia = 600 },    { true, 96, 1 },    1, BTW_MSE_NO_SYNC,      BTW_TOO_LONG,  96 + 512 },
    { "SKEY bent",         { .ia = 68 },     { true, 135, 128 }, 1, BTW_MSE_UNKNOWN_SKEY, BTW_NOT_FOUND, 116 },
    { "unknown SKEY",      { .skey = SKEY_UNKNOWN }, { 0 },        1, BTW_MSE_UNKNOWN_SKEY, BTW_NOT_FOUND, 116 },
    { "VC bent, front",    { .ia = 68 },     { true, 136, 1 },   1, BTW_MSE_BAD_VC,       BTW_BAD_WIRE,  136 },
    { "VC bent, back",     { .ia = 68 },     { true, 143, 1 },   1, BTW_MSE_BAD_VC,       BTW_BAD_WIRE,  136 },
    { "offers nothing",    { .ia = 68 },     { true, 147, 2 },   1, BTW_MSE_NO_METHOD,    BTW_REFUSED,   144 },
    { "selects nothing",   { .pad_d = 9 },   { false, 107, 2 },  0, BTW_MSE_BAD_SELECT,   BTW_BAD_WIRE,  104 },
    { "selects two",       { .pad_d = 9 },   { false, 107, 1 },  0, BTW_MSE_BAD_SELECT,   BTW_BAD_WIRE,  104 },
    { "selects plaintext", { .pad_d = 9 },   { false, 107, 3 },  0, BTW_MSE_BAD_SELECT,   BTW_BAD_WIRE,  104 },
    { "selects unknown",   { .provide = 0xfffffffe }, { false, 107, 6 }, 0, BTW_MSE_BAD_SELECT, BTW_BAD_WIRE, 104 },
    { "selects a high bit", { .pad_d = 9 },  { false, 104, 1 },  0, BTW_MSE_BAD_SELECT,   BTW_BAD_WIRE,  104 },
    { "two of two",        { .provide = 3 }, { false, 107, 1 },  0, BTW_MSE_BAD_SELECT,   BTW_BAD_WIRE,  104 },
    /* clang-format on */
};

static void every_breach_ends_it_with_its_reason(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(failures); i++) {
        struct setting setting = failures[i].setting;
        setting.provide = setting.provide == 0 ? 2 : setting.provide;
        setting.allowed = 3;
        for (size_t k = 0; k < COUNT(cuts); k++) {
            struct ends *ends = ends_new(&setting);
            ends->bend = failures[i].bend;
            run(ends, cuts[k]);
            if (btw_mse_reason(&ends->mse[failures[i].end]) != failures[i].reason)
                print_error("%s, cut to %zu\n", failures[i].what, cuts[k]);
            assert_failed(ends, failures[i].end, failures[i].reason, failures[i].status, failures[i].offset);
            ends_free(ends);
        }
    }
}

/* The search ends with the byte that makes the mark impossible, not before and not behind it. */
static void no_sync_is_known_by_its_last_byte(void **state)
{
    static const size_t limit[2] = { 616, 628 };

    (void)state;
    for (size_t end = 0; end < 2; end++) {
        struct btw_slice noise = filler(limit[end], 0x31);
        struct ends *ends = ends_new(&plain_rc4);
        arrive(ends, end, noise.data, limit[end] - 1);
        assert_int_equal(ends->status[end], BTW_MORE);
        arrive(ends, end, noise.data, 1);
        assert_failed(ends, end, BTW_MSE_NO_SYNC, BTW_TOO_LONG, 608);
        release(noise);
        ends_free(ends);
    }
}

static void a_plain_stream_is_known_by_its_first_20_bytes(void **state)
{
    static const char plain[] = "\x13"
                                "BitTorrent protocol"
                                "rest";

    (void)state;
    for (size_t cut = 1; cut <= 24; cut++) {
        struct ends *ends = ends_new(&plain_rc4);
        uint8_t payload[] = "clear";
        for (size_t at = 0; at < 24; at += cut) {
            arrive(ends, 1, (const uint8_t *)plain + at, at + cut < 24 ? cut : 24 - at);
            assert_int_equal(ends->status[1], at + cut < 20 ? BTW_MORE : BTW_OK);
        }
        assert_int_equal(btw_mse_method(&ends->mse[1]), BTW_MSE_NONE);
        assert_bytes(btw_mse_header(), btw_slice_of(plain, 20));
        assert_bytes(btw_slice_of(ends->left[1], ends->left_len[1]), btw_slice_of("rest", 4));
        btw_mse_encrypt(&ends->mse[1], payload, 5);
        btw_mse_decrypt(&ends->mse[1], payload, 5);
        assert_string_equal(payload, "clear");
        assert_output(&ends->mse[1], "");
        ends_free(ends);
    }
}

/* A key that begins like the header but for its 20th byte. */
static void almost_a_header_is_a_key(void **state)
{
    struct btw_slice key = unhex("13 'BitTorrent protocok'" ROOT ROOT "000000000000000000000000");
    struct ends *ends = ends_new(&plain_rc4);

    (void)state;
    arrive(ends, 1, key.data, 96);
    assert_int_equal(ends->status[1], BTW_MORE);
    assert_memory_equal(ends->mse[1].seen.public_key, key.data, 96);
    assert_output(&ends->mse[1], YB);
    release(key);
    ends_free(ends);
}

static void a_plain_answer_is_never_a_key(void **state)
{
    struct ends *ends = ends_new(&plain_rc4);

    (void)state;
    arrive_hex(ends, 0, "13 'BitTorrent protoco'");
    assert_int_equal(ends->status[0], BTW_MORE);
    arrive_hex(ends, 0, "'l'");
    assert_failed(ends, 0, BTW_MSE_PLAIN_ANSWER, BTW_BAD_WIRE, 0);
    ends_free(ends);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_ends_say_what_is_written),
        cmocka_unit_test(a_short_secret_is_hashed_whole),
        cmocka_unit_test(a_method_is_agreed_upon_under_every_cut),
        cmocka_unit_test(every_padding_and_ia_is_taken),
        cmocka_unit_test(every_torrent_is_found_and_no_other),
        cmocka_unit_test(short_keys_and_secrets_work),
        cmocka_unit_test(every_breach_ends_it_with_its_reason),
        cmocka_unit_test(no_sync_is_known_by_its_last_byte),
        cmocka_unit_test(a_plain_stream_is_known_by_its_first_20_bytes),
        cmocka_unit_test(almost_a_header_is_a_key),
        cmocka_unit_test(a_plain_answer_is_never_a_key),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT
 *
 * For the tests of Message Stream Encryption: the published numbers, and both ends against each other over a wire that
 * may cut and bend what passes.
 */
#ifndef BTW_TEST_MSE_HARNESS_H
#define BTW_TEST_MSE_HARNESS_H

#include "btw/mse.h"
#include "wire_rows.h"

#define XA "0102030405060708090a0b0c0d0e0f1011121314"
#define XB "8182838485868788898a8b8c8d8e8f9091929394"
#define XB_OF_SHORT_S "0000000100000000000000000000000000000080" /* 2^128 + 128 */
#define XA_OF_SHORT_Y "0000000000000000000000000000000000000001" /* Y = 2 */
#define SKEY_AA "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define SKEY_UNKNOWN "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

#define P_BUT_LAST                                                                                                     \
    "ffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74020bbea63b139b22514a08798e3404ddef9519b3cd3a431b" \
    "302b0a6df25f14374fe1356d6d51c245e485b576625e7ec6f44c42e9a63a362100000000000905"
#define ZEROS_95 ZERO ZERO "00000000000000000000000000000000000000000000000000000000000000"

#define YA                                                                                                             \
    "96e112dab29e8c5272accb9b17b26887ce54a144a4e3b697c7d159b7a817e556b0918db2b4c658e02a87f7e5fb14b18a553e084cbf3dad2d" \
    "30f16596ccb982d406258c61b30c5c1dae2ddc60bdbd48d79896312aad63238c39e1a633821eb693"
#define YB                                                                                                             \
    "2bef20fa249d56dce27ca02dcf38f01dcfe7052485252c8c015f347c45988ee32a227bbe899de1ef5a023533820e3aec86419aa3ca327b67" \
    "656a81d1f7f7cf577fb8540c10065c5ab667eb6c70eef2595601400686c9966554cc7e95e7fb8d6b"
#define YB_OF_SHORT_S                                                                                                  \
    "38fb5ede2341d1cb777b350d8a9fa109dd8ae0bd7220df11cb0f1f86fc82abc8beb9d2aa15f1f6faef7e1a970ff7411c9eecec0979c6f3b0" \
    "9d1d33612bdcbd1765c396823550ac50810d1121015ab16846f175a82732fc7a6199900ec84abe62"
#define S                                                                                                              \
    "01c19392087c184a550e782ee6456cce9f743c143a62cf60723e7aa38c550650d78fbd0a53578625813a40356d0198d5cfe98e9982f34680" \
    "4be9b7d1837b7e083885a57df839270344ea510714d627f4fb2ed21785ea3bf023c3f40e624d34aa"
#define SHORT_S                                                                                                        \
    "0087c57eeb6a143e4bec4297d3e50c0a27c4fbfc81aeb4381eafa5aa22e282da9bd728ae2c96bb7d3f172b5d5ed666d883ec3fca26f47ffd" \
    "2c419a9c08bf63f530226d61c619d2b7ff0f8ab7e5349cbfa473f5c3bd4ece8d6b9ae6d4094f4fe9"
#define SYNC "be26496183e86b32d6c013fd5bb8e0b2c3cea778"
#define SHORT_SYNC "701319fc9da0bb6dcaa3e961a8db1d788a758b94"
#define OBFUSCATED "76c37dc53b354b62264e32abfc79a6af9642d27d"
#define REQ2_AA "c9b0599dfa950cfbde978efc6aa0588f510fa315"
#define STREAM_A "cf9a4f92c9509ce23f1f69a16ed5fa82add2bdcb2ca1b520d2feab33d84f4912"
#define STREAM_B "fcf3b3a9c5eeee07d042e0debac8a8859d6102d8b57dd124d11d2b2d8ec0aab0"

enum { ANY_CUT_MAX = 70000, PAYLOAD = 100 };

static inline void assert_hex(const uint8_t *got, const char *hex)
{
    struct btw_slice want = unhex(hex);

    assert_memory_equal(got, want.data, want.len);
    release(want);
}

static inline void get_hex(uint8_t *to, const char *hex)
{
    struct btw_slice bytes = unhex(hex);

    memcpy(to, bytes.data, bytes.len);
    release(bytes);
}

/* Info-hashes of the torrents behind the listener. */
static const char *const torrents[] = {
    "0123456789012345678901234567890123456789",
    SKEY_AA,
    "ffffffffffffffffffffffffffffffffffffffff",
};

static inline bool find(void *user, const uint8_t req2[20], uint8_t skey[20])
{
    size_t *looked = user;

    (*looked)++;
    for (size_t i = 0; i < COUNT(torrents); i++) {
        uint8_t candidate[20], hash[20];
        get_hex(candidate, torrents[i]);
        btw_mse_skey_hash(hash, candidate);
        if (memcmp(hash, req2, 20) == 0) {
            memcpy(skey, candidate, 20);
            return true;
        }
    }
    return false;
}

/* What does not belong to the handshake of one run: lengths of the four paddings and of IA, and what both ends want. */
struct setting {
    size_t pad_a, pad_b, pad_c, pad_d, ia;
    uint32_t provide, allowed;
    bool prefer_plaintext;
    const char *skey, *private_a, *private_b; /* NULL: the vectors' */
};

static const struct setting plain_rc4 = { .provide = 2, .allowed = 3 };

/* Bytes of the wire that change on their way: xor at an offset of one direction. */
struct bend {
    bool from_a;
    size_t at;
    uint8_t mask;
};

struct ends {
    struct btw_mse mse[2]; /* A, B */
    struct btw_mse_config config[2];
    size_t looked, sent[2];
    enum btw_status status[2];
    struct btw_diag diag[2];
    struct bend bend;
    uint8_t left[2][ANY_CUT_MAX]; /* payload that came with the end of a handshake */
    size_t left_len[2];
};

/* Bytes that are neither zero nor the same as those of any other filler. */
static inline struct btw_slice filler(size_t len, uint8_t seed)
{
    uint8_t *bytes = malloc(len + (len == 0));

    assert_non_null(bytes);
    for (size_t i = 0; i < len; i++)
        bytes[i] = (uint8_t)(seed + i * 7);
    return btw_slice_of(bytes, len);
}

static inline struct ends *ends_new(const struct setting *setting)
{
    struct ends *ends = calloc(1, sizeof *ends);

    assert_non_null(ends);
    ends->config[0] = (struct btw_mse_config){ .methods = setting->provide,
                                               .pad_clear = filler(setting->pad_a, 1),
                                               .pad_secret = filler(setting->pad_c, 2),
                                               .ia = filler(setting->ia, 3) };
    ends->config[1] = (struct btw_mse_config){ .methods = setting->allowed,
                                               .pad_clear = filler(setting->pad_b, 4),
                                               .pad_secret = filler(setting->pad_d, 5),
                                               .prefer_plaintext = setting->prefer_plaintext,
                                               .find = find,
                                               .find_user = &ends->looked };
    get_hex(ends->config[0].skey, setting->skey != NULL ? setting->skey : SKEY_AA);
    get_hex(ends->config[0].private_key, setting->private_a != NULL ? setting->private_a : XA);
    get_hex(ends->config[1].private_key, setting->private_b != NULL ? setting->private_b : XB);
    btw_mse_dial(&ends->mse[0], &ends->config[0]);
    btw_mse_accept(&ends->mse[1], &ends->config[1]);
    ends->status[0] = ends->status[1] = BTW_MORE;
    return ends;
}

static inline void ends_free(struct ends *ends)
{
    for (size_t i = 0; i < 2; i++) {
        release(ends->config[i].pad_clear);
        release(ends->config[i].pad_secret);
        release(ends->config[i].ia);
    }
    free(ends);
}

/* Hands bytes to end `to`, keeping what it leaves as payload. */
static inline void arrive(struct ends *ends, size_t to, const uint8_t *bytes, size_t len)
{
    struct btw_slice block = exact_copy(bytes, len), in = block;

    ends->status[to] = btw_mse_feed(&ends->mse[to], &in, &ends->diag[to]);
    assert_true(ends->status[to] != BTW_MORE || in.len == 0);
    if (ends->status[to] == BTW_OK && in.len > 0) {
        assert_true(ends->left_len[to] + in.len <= ANY_CUT_MAX);
        memcpy(ends->left[to] + ends->left_len[to], in.data, in.len);
        ends->left_len[to] += in.len;
    }
    release(block);
}

/* Moves up to `cut` bytes from one end to the other; false when there were none. */
static inline bool carry(struct ends *ends, size_t from, size_t cut)
{
    static uint8_t wire[ANY_CUT_MAX];
    size_t len = btw_mse_output(&ends->mse[from], wire, cut);
    size_t at = ends->bend.at - ends->sent[from];

    if (len == 0)
        return false;
    if (ends->bend.mask != 0 && ends->bend.from_a == (from == 0) && at < len)
        wire[at] ^= ends->bend.mask;
    ends->sent[from] += len;
    arrive(ends, !from, wire, len);
    return true;
}

static inline void run(struct ends *ends, size_t cut)
{
    bool moved;

    do {
        moved = carry(ends, 0, cut);
        moved = carry(ends, 1, cut) || moved;
    } while (moved);
}

/* Payload of one end reaches the other unharmed, in slices of any size, behind what had come before. */
static inline void assert_payload(struct ends *ends, size_t from, size_t cut, struct btw_slice before)
{
    struct btw_slice clear = filler(PAYLOAD, (uint8_t)(9 + from)), sent = exact_copy(clear.data, PAYLOAD);
    uint8_t *got = ends->left[!from];

    btw_mse_encrypt(&ends->mse[from], (uint8_t *)(uintptr_t)sent.data, PAYLOAD);
    assert_true((memcmp(sent.data, clear.data, PAYLOAD) == 0) == (btw_mse_method(&ends->mse[from]) != BTW_MSE_RC4));
    memcpy(got + ends->left_len[!from], sent.data, PAYLOAD);
    ends->left_len[!from] += PAYLOAD;
    assert_int_equal(ends->left_len[!from], before.len + PAYLOAD);
    for (size_t at = 0; at < ends->left_len[!from]; at += cut)
        btw_mse_decrypt(&ends->mse[!from], got + at,
                        at + cut < ends->left_len[!from] ? cut : ends->left_len[!from] - at);
    if (before.len > 0)
        assert_memory_equal(got, before.data, before.len);
    assert_memory_equal(got + before.len, clear.data, PAYLOAD);
    release(clear);
    release(sent);
}

static inline void assert_secured(struct ends *ends, const struct setting *setting, enum btw_mse_method method,
                                  size_t cut)
{
    const struct btw_mse_seen *a = &ends->mse[0].seen, *b = &ends->mse[1].seen;

    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(ends->status[i], BTW_OK);
        assert_int_equal(btw_mse_reason(&ends->mse[i]), BTW_MSE_NO_REASON);
        assert_int_equal(btw_mse_method(&ends->mse[i]), method);
        assert_hex(btw_mse_skey(&ends->mse[i]), setting->skey != NULL ? setting->skey : SKEY_AA);
    }
    assert_int_equal(ends->looked, 1);
    assert_int_equal(b->pad_clear, setting->pad_a);
    assert_int_equal(a->pad_clear, setting->pad_b);
    assert_int_equal(b->pad_secret, setting->pad_c);
    assert_int_equal(a->pad_secret, setting->pad_d);
    assert_int_equal(b->ia, setting->ia);
    assert_int_equal(b->methods, setting->provide);
    assert_int_equal(a->methods, method);
    assert_payload(ends, 0, cut, ends->config[0].ia);
    assert_payload(ends, 1, cut, btw_slice_of(NULL, 0));
}

static inline void assert_failed(struct ends *ends, size_t end, enum btw_mse_reason reason, enum btw_status status,
                                 size_t offset)
{
    struct btw_slice in = btw_slice_of("x", 1);
    uint8_t to[1];

    for (int again = 0; again < 2; again++) { /* what is over stays over, and nothing more is sent */
        assert_int_equal(ends->status[end], status);
        assert_int_equal(btw_mse_reason(&ends->mse[end]), reason);
        assert_string_equal(ends->diag[end].rule, btw_mse_reason_name(reason));
        assert_int_equal(ends->diag[end].offset, offset);
        assert_int_equal(btw_mse_output(&ends->mse[end], to, 1), 0);
        ends->status[end] = btw_mse_feed(&ends->mse[end], &in, &ends->diag[end]);
        assert_int_equal(in.len, 1);
    }
    assert_int_equal(btw_mse_feed(&ends->mse[end], &in, NULL), status);
}

static inline void assert_output(struct btw_mse *mse, const char *hex)
{
    struct btw_slice want = unhex(hex);
    uint8_t got[1024];

    assert_bytes(btw_slice_of(got, btw_mse_output(mse, got, sizeof got)), want);
    release(want);
}

static inline void arrive_hex(struct ends *ends, size_t to, const char *hex)
{
    struct btw_slice bytes = unhex(hex);

    arrive(ends, to, bytes.data, bytes.len);
    release(bytes);
}

#endif

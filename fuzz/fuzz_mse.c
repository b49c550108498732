/* SPDX-License-Identifier: MIT
 *
 * Two ends of an encryption, and somebody between them who changes, cuts and delays bytes: they never agree on
 * different things in silence.  Left alone, or with nothing changed but padding, both are done and understand each
 * other; changed keys and marks never end well; methods differ only if the field that tells them was changed, for
 * nothing protects it. How the bytes are cut makes no difference.
 *
 * The input: choices from its end, and from its front what is changed, three bytes a change.  Most inputs have their
 * keys in a small group (--wrap, CMakeLists.txt), or there would be nothing but powers.
 */
#include "btw/bytes.h"
#include "btw/mse.h"
#include "fuzz.h"

enum { CHANGES_MAX = 8, CHANGES_SIZE = 3 * CHANGES_MAX, CHANNEL = 4096, PAYLOAD = 48, PAD_UNIT = 3 };

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
void __real_btw_mse_public_key(uint8_t key[96], const uint8_t private_key[20]);
bool __real_btw_mse_secret(uint8_t secret[96], const uint8_t private_key[20], const uint8_t theirs[96]);
void __wrap_btw_mse_public_key(uint8_t key[96], const uint8_t private_key[20]);
bool __wrap_btw_mse_secret(uint8_t secret[96], const uint8_t private_key[20], const uint8_t theirs[96]);
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

/* The small group: numbers modulo 2^61 - 1, behind bytes that do not matter unless somebody changes them. */
static const uint64_t modulus = (UINT64_C(1) << 61) - 1;
static bool is_real; /* this input has real keys */

static uint64_t power(uint64_t base, uint64_t exponent)
{
    uint64_t result = 1;

    for (; exponent > 0; exponent >>= 1) {
        if (exponent & 1)
            result = (uint64_t)((unsigned __int128)result * base % modulus);
        base = (uint64_t)((unsigned __int128)base * base % modulus);
    }
    return result;
}

static uint64_t exponent_of(const uint8_t private_key[20])
{
    return (uint64_t)btw_u32_at(private_key) << 32 | btw_u32_at(private_key + 4);
}

static void write_number(uint8_t key[96], uint64_t number)
{
    memset(key, 0x21, 88);
    for (size_t i = 0; i < 8; i++)
        key[88 + i] = (uint8_t)(number >> 8 * i);
}

static uint64_t read_number(const uint8_t key[96])
{
    uint64_t number = 0;

    for (size_t i = 0; i < 88; i++)
        if (key[i] != 0x21)
            number = fuzz_digest_number(number, (uint64_t)(i + 1) << 8 | key[i]);
    for (size_t i = 0; i < 8; i++)
        number ^= (uint64_t)key[88 + i] << 8 * i;
    return number % modulus;
}

void __wrap_btw_mse_public_key(uint8_t key[96], const uint8_t private_key[20])
{
    if (is_real)
        __real_btw_mse_public_key(key, private_key);
    else
        write_number(key, power(3, exponent_of(private_key)));
}

bool __wrap_btw_mse_secret(uint8_t secret[96], const uint8_t private_key[20], const uint8_t theirs[96])
{
    if (is_real)
        return __real_btw_mse_secret(secret, private_key, theirs);
    write_number(secret, power(read_number(theirs), exponent_of(private_key)));
    return true;
}

static const uint8_t torrent[20] = "the torrent of both";

struct change {
    uint16_t at; /* byte of the stream */
    uint8_t mask;
};

/* One end, and the stream that leaves it. */
struct side {
    struct btw_mse mse;
    struct btw_mse_config config;
    uint8_t out[CHANNEL];
    size_t out_len, delivered;
    struct change change[CHANGES_MAX];
    size_t changes;
    enum btw_status status;
    struct btw_diag diag;
    uint8_t clear[CHANNEL]; /* payload that has arrived here */
    size_t clear_len;
};

static uint8_t filler[UINT8_MAX * PAD_UNIT]; /* more than a padding may be */

static bool find(void *user, const uint8_t req2[20], uint8_t skey[20])
{
    uint8_t hash[20];

    (void)user;
    btw_mse_skey_hash(hash, torrent);
    if (memcmp(hash, req2, 20) != 0)
        return false;
    memcpy(skey, torrent, 20);
    return true;
}

static void choose_config(struct side sides[2], struct fuzz_choices *choices)
{
    for (int i = 0; i < 2; i++) {
        struct btw_mse_config *config = &sides[i].config;
        uint8_t form = fuzz_choose_byte(choices);
        size_t clear = fuzz_choose_byte(choices), secret = fuzz_choose_byte(choices);
        memset(config, 0, sizeof *config);
        memset(config->private_key, 0x42 + i, sizeof config->private_key);
        config->pad_clear = btw_slice_of(filler, form & 0x80 ? PAD_UNIT * clear : 0);
        config->pad_secret = btw_slice_of(filler, form & 0x40 ? PAD_UNIT * secret : 0);
        config->methods = form & 3 ? form & 3 : 3;
        config->prefer_plaintext = form & 4;
        config->find = find;
        memcpy(config->skey, torrent, 20);
        if (i == 0)
            config->ia = btw_slice_of(filler, form & 0x20 ? 68 : 0);
    }
}

/* What is left of *in behind the handshake is payload; decrypted it is kept. */
static void hear_payload(struct side *side, struct btw_slice in)
{
    FUZZ_CHECK(in.len <= sizeof side->clear - side->clear_len);
    if (in.len == 0)
        return;
    memcpy(side->clear + side->clear_len, in.data, in.len);
    btw_mse_decrypt(&side->mse, side->clear + side->clear_len, in.len);
    side->clear_len += in.len;
}

static void hear(struct side *side, struct btw_slice in)
{
    if (side->status == BTW_MORE) {
        side->status = btw_mse_feed(&side->mse, &in, &side->diag);
        FUZZ_CHECK(side->status == BTW_OK || btw_mse_reason(&side->mse) != BTW_MSE_NO_REASON || in.len == 0);
    }
    if (side->status == BTW_OK)
        hear_payload(side, in);
}

static void put_output(struct side *side)
{
    size_t len;

    while ((len = btw_mse_output(&side->mse, side->out + side->out_len, sizeof side->out - side->out_len)) > 0) {
        side->out_len += len;
        FUZZ_CHECK(side->out_len < sizeof side->out);
    }
}

/* Passes on up to `len` bytes, with the changes; false when there are none. */
static bool deliver(struct side *from, struct side *to, size_t len)
{
    uint8_t bytes[CHANNEL];

    len = len < from->out_len - from->delivered ? len : from->out_len - from->delivered;
    if (len == 0)
        return false;
    memcpy(bytes, from->out + from->delivered, len);
    for (size_t i = 0; i < from->changes; i++)
        if (from->change[i].at >= from->delivered && from->change[i].at < from->delivered + len)
            bytes[from->change[i].at - from->delivered] ^= from->change[i].mask;
    from->delivered += len;
    hear(to, btw_slice_of(bytes, len));
    return true;
}

/* Both talk until nothing moves; step 0: slices of chosen sizes, and when all is chosen, whole. */
static void talk(struct side sides[2], size_t step, struct fuzz_choices choices)
{
    for (bool moved = true; moved;) {
        moved = false;
        for (int i = 0; i < 2; i++) {
            put_output(&sides[i]);
            size_t len = step > 0 ? step : (size_t)fuzz_choose_byte(&choices);
            moved |= deliver(&sides[i], &sides[!i], len > 0 ? len : CHANNEL);
        }
    }
}

static void say_payload(struct side *side)
{
    uint8_t *at = side->out + side->out_len;

    FUZZ_CHECK(side->out_len + PAYLOAD <= sizeof side->out);
    memset(at, 'p', PAYLOAD);
    btw_mse_encrypt(&side->mse, at, PAYLOAD);
    side->out_len += PAYLOAD;
}

static bool understands(const struct side *side, size_t ia)
{
    const uint8_t *at = side->clear + ia;

    if (side->clear_len != ia + PAYLOAD || memcmp(side->clear, filler, ia) != 0)
        return false;
    for (size_t i = 0; i < PAYLOAD; i++)
        if (at[i] != 'p')
            return false;
    return true;
}

/* Where the changes hit: harmless (padding), or what nothing protects (the cipher's plaintext fields). */
enum hit { HIT_NOTHING, HIT_PADDING, HIT_FIELD, HIT_KEY };

static enum hit hit_of(const struct side *side, bool dials)
{
    size_t clear = BTW_MSE_KEY_SIZE + side->config.pad_clear.len, marks = clear + (dials ? 40 : 0);
    size_t fields = marks + 8 + 4 + 2, padding = fields + side->config.pad_secret.len;
    enum hit worst = HIT_NOTHING;

    for (size_t i = 0; i < side->changes; i++) {
        size_t at = side->change[i].at;
        enum hit hit = at < BTW_MSE_KEY_SIZE          ? HIT_KEY
                       : at < clear                   ? HIT_PADDING
                       : at < marks                   ? HIT_KEY
                       : at < fields || at >= padding ? HIT_FIELD
                                                      : HIT_PADDING;
        if (side->change[i].mask != 0 && at < side->out_len && hit > worst)
            worst = hit;
    }
    return worst;
}

static bool has_long_padding(const struct side *side)
{
    return side->config.pad_clear.len > BTW_MSE_PAD_MAX || side->config.pad_secret.len > BTW_MSE_PAD_MAX;
}

static void check_method(const struct side *side, bool dials)
{
    if (side->status == BTW_OK && (dials || btw_mse_method(&side->mse) != BTW_MSE_NONE))
        FUZZ_CHECK((btw_mse_method(&side->mse) & side->config.methods) != 0);
}

static void check_verdict(struct side sides[2])
{
    enum hit hits[2] = { hit_of(&sides[0], true), hit_of(&sides[1], false) };
    enum hit worst = hits[0] > hits[1] ? hits[0] : hits[1];
    bool both = sides[0].status == BTW_OK && sides[1].status == BTW_OK;
    bool can_agree = (sides[0].config.methods & sides[1].config.methods) != 0 && !has_long_padding(&sides[0]) &&
                     !has_long_padding(&sides[1]);

    check_method(&sides[0], true);
    check_method(&sides[1], false);
    if (worst == HIT_KEY)
        FUZZ_CHECK(!both || btw_mse_method(&sides[1].mse) == BTW_MSE_NONE);
    if (worst <= HIT_PADDING)
        FUZZ_CHECK(both == can_agree);
    if (!both)
        return;
    FUZZ_CHECK(memcmp(btw_mse_skey(&sides[0].mse), torrent, 20) == 0);
    if (worst != HIT_FIELD)
        FUZZ_CHECK(btw_mse_method(&sides[0].mse) == btw_mse_method(&sides[1].mse));
}

/* The last word on a byte counts. */
static void add_change(struct side *side, struct change change)
{
    size_t i = 0;

    while (i < side->changes && side->change[i].at != change.at)
        i++;
    side->change[i] = change;
    side->changes += i == side->changes;
}

/* The choices of one channel, cut in two ways. */
static void run(const uint8_t *data, size_t size, size_t step, struct side sides[2])
{
    struct fuzz_choices choices = fuzz_choices_of(data, size);

    for (int i = 0; i < 2; i++)
        sides[i] = (struct side){ .status = BTW_MORE };
    choose_config(sides, &choices);
    for (size_t i = 0; i + 2 < choices.left && i < CHANGES_SIZE; i += 3) {
        uint16_t at = (uint16_t)((data[i] >> 1) << 8 | data[i + 1]);
        add_change(&sides[data[i] & 1], (struct change){ at, data[i + 2] });
    }
    btw_mse_dial(&sides[0].mse, &sides[0].config);
    btw_mse_accept(&sides[1].mse, &sides[1].config);
    talk(sides, step, choices);
    check_verdict(sides);
    if (sides[0].status != BTW_OK || sides[1].status != BTW_OK)
        return;
    say_payload(&sides[0]);
    say_payload(&sides[1]);
    talk(sides, step, choices);
    if (hit_of(&sides[0], true) <= HIT_PADDING && hit_of(&sides[1], false) <= HIT_PADDING)
        FUZZ_CHECK(understands(&sides[1], sides[0].config.ia.len) && understands(&sides[0], 0));
}

static bool has_failed(const struct side sides[2])
{
    return (sides[0].status != BTW_OK && sides[0].status != BTW_MORE) ||
           (sides[1].status != BTW_OK && sides[1].status != BTW_MORE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct side cut[2], whole[2];

    for (size_t i = 0; i < sizeof filler; i++)
        filler[i] = (uint8_t)(i * 7 + 1);
    is_real = fuzz_is_due(data, size, 1, 512);
    run(data, size, 0, cut);
    if (!fuzz_is_due(data, size, 0, 4))
        return 0;
    run(data, size, CHANNEL, whole);
    FUZZ_CHECK(has_failed(cut) == has_failed(whole));
    if (has_failed(whole)) /* then how much the other end still hears depends on the cut */
        return 0;
    for (int i = 0; i < 2; i++) {
        FUZZ_CHECK(cut[i].status == whole[i].status && cut[i].clear_len == whole[i].clear_len);
        FUZZ_CHECK(memcmp(cut[i].clear, whole[i].clear, cut[i].clear_len) == 0);
    }
    return 0;
}

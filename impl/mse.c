/* SPDX-License-Identifier: MIT
 *
 * The handshake of Message Stream Encryption as one machine for both ends.  Whatever the other end sends is a row of
 * fields; each is collected whole, deciphered where it has to be, and read by the function of its stage, which says
 * what comes next.
 */
#include <assert.h>

#include "btw/bytes.h"
#include "btw/mse.h"

_Static_assert(sizeof(struct btw_mse) <= BTW_MSE_STATE_MAX, "the header promises a size");

enum { VC_SIZE = 8, KNOWN_METHODS = BTW_MSE_PLAINTEXT | BTW_MSE_RC4 };

/* In two, for B is a hex digit, too. */
static const char header[] = "\x13"
                             "BitTorrent protocol";
static const uint8_t vc[VC_SIZE];

/* What is expected of the other end. */
enum stage { HEADER, KEY, SYNC, SKEY, VC, METHOD, PAD_LEN, PAD, IA_LEN, DONE, FAILED };

static void expect(struct btw_mse *mse, enum stage stage, size_t need)
{
    assert(need <= sizeof mse->field);
    mse->stage = (int)stage;
    mse->need = need;
}

static void queue(struct btw_mse *mse, struct btw_slice bytes, bool secret)
{
    assert(mse->queue_len < sizeof mse->queue / sizeof mse->queue[0]);
    mse->queue[mse->queue_len++] = (struct btw_mse_part){ bytes, secret };
}

/* Room for bytes of our own; queue_own() queues what was written there. */
static struct btw_writer own_writer(struct btw_mse *mse)
{
    return btw_writer_on(mse->own + mse->own_len, sizeof mse->own - mse->own_len);
}

static void queue_own(struct btw_mse *mse, const struct btw_writer *w, bool secret)
{
    assert(!w->failed);
    queue(mse, btw_slice_of(w->data, w->len), secret);
    mse->own_len += w->len;
}

/* Ya and PadA, or Yb and PadB. */
static void queue_key(struct btw_mse *mse)
{
    uint8_t key[BTW_MSE_KEY_SIZE];
    struct btw_writer w = own_writer(mse);

    btw_mse_public_key(key, mse->config.private_key);
    btw_write_bytes(&w, btw_slice_of(key, sizeof key));
    queue_own(mse, &w, false);
    queue(mse, mse->config.pad_clear, false);
}

/* VC, crypto_provide or crypto_select, PadC or PadD. */
static void queue_methods(struct btw_mse *mse, uint32_t methods)
{
    struct btw_writer w = own_writer(mse);

    btw_write_bytes(&w, btw_slice_of(vc, sizeof vc));
    btw_write_u32(&w, methods);
    btw_write_u16(&w, (uint16_t)mse->config.pad_secret.len);
    queue_own(mse, &w, true);
    queue(mse, mse->config.pad_secret, true);
}

/* What the initiator sends when it has the key. */
static void queue_request(struct btw_mse *mse)
{
    uint8_t hash[20];
    struct btw_writer w = own_writer(mse);

    btw_mse_sync_hash(hash, mse->secret);
    btw_write_bytes(&w, btw_slice_of(hash, sizeof hash));
    btw_mse_skey_hash(hash, mse->config.skey);
    btw_mse_obfuscate(hash, mse->secret);
    btw_write_bytes(&w, btw_slice_of(hash, sizeof hash));
    queue_own(mse, &w, false);
    queue_methods(mse, mse->config.methods);
    w = own_writer(mse);
    btw_write_u16(&w, (uint16_t)mse->config.ia.len);
    queue_own(mse, &w, true);
    queue(mse, mse->config.ia, true);
}

static void make_ciphers(struct btw_mse *mse)
{
    btw_mse_cipher(&mse->ciphers.sends, mse->dials, mse->secret, mse->config.skey);
    btw_mse_cipher(&mse->ciphers.receives, !mse->dials, mse->secret, mse->config.skey);
}

/* A plain stream begins with the header; a public key can be taken not to. */
static enum btw_mse_reason read_header(struct btw_mse *mse)
{
    if (memcmp(mse->field, header, BTW_MSE_HEADER_SIZE) != 0) {
        mse->held = BTW_MSE_HEADER_SIZE; /* they are the beginning of the key */
        expect(mse, KEY, BTW_MSE_KEY_SIZE);
        return BTW_MSE_NO_REASON;
    }
    if (mse->dials)
        return BTW_MSE_PLAIN_ANSWER;
    mse->ciphers.method = BTW_MSE_NONE;
    expect(mse, DONE, 0);
    return BTW_MSE_NO_REASON;
}

static enum btw_mse_reason read_key(struct btw_mse *mse)
{
    memcpy(mse->seen.public_key, mse->field, BTW_MSE_KEY_SIZE);
    if (mse->config.forged_secret != NULL)
        memcpy(mse->secret, mse->config.forged_secret, BTW_MSE_KEY_SIZE);
    else if (!btw_mse_secret(mse->secret, mse->config.private_key, mse->field))
        return BTW_MSE_BAD_KEY;
    if (!mse->dials) {
        queue_key(mse);
        btw_mse_sync_hash(mse->mark, mse->secret);
        expect(mse, SYNC, sizeof mse->mark);
        return BTW_MSE_NO_REASON;
    }
    make_ciphers(mse);
    queue_request(mse);
    memcpy(mse->mark, vc, VC_SIZE);
    btw_rc4_crypt(&mse->ciphers.receives, mse->mark, VC_SIZE);
    expect(mse, SYNC, VC_SIZE);
    return BTW_MSE_NO_REASON;
}

/* The padding in clear has no length: it goes on until the mark.  A wrong byte is dropped and one more awaited. */
static enum btw_mse_reason read_sync(struct btw_mse *mse)
{
    if (memcmp(mse->field, mse->mark, mse->need) == 0) {
        if (mse->dials)
            expect(mse, METHOD, 4); /* the mark was VC */
        else
            expect(mse, SKEY, 20);
        return BTW_MSE_NO_REASON;
    }
    if (mse->seen.pad_clear == BTW_MSE_PAD_MAX)
        return BTW_MSE_NO_SYNC;
    mse->seen.pad_clear++;
    mse->held = mse->need - 1;
    memmove(mse->field, mse->field + 1, mse->held);
    return BTW_MSE_NO_REASON;
}

static enum btw_mse_reason read_skey(struct btw_mse *mse)
{
    btw_mse_obfuscate(mse->field, mse->secret);
    if (!mse->config.find(mse->config.find_user, mse->field, mse->config.skey))
        return BTW_MSE_UNKNOWN_SKEY;
    make_ciphers(mse);
    expect(mse, VC, VC_SIZE);
    return BTW_MSE_NO_REASON;
}

static enum btw_mse_reason read_vc(struct btw_mse *mse)
{
    if (memcmp(mse->field, vc, VC_SIZE) != 0)
        return BTW_MSE_BAD_VC;
    expect(mse, METHOD, 4);
    return BTW_MSE_NO_REASON;
}

/* Of what is offered and allowed; bits that have no meaning yet are ignored. */
static enum btw_mse_method select_method(const struct btw_mse_config *config, uint32_t offered)
{
    uint32_t common = offered & config->methods & KNOWN_METHODS;

    if (common == KNOWN_METHODS)
        return config->prefer_plaintext ? BTW_MSE_PLAINTEXT : BTW_MSE_RC4;
    return (enum btw_mse_method)common;
}

static enum btw_mse_reason read_method(struct btw_mse *mse)
{
    struct btw_reader r = btw_reader_of(btw_slice_of(mse->field, 4));
    uint32_t methods = btw_read_u32(&r);

    mse->seen.methods = methods;
    if (!mse->dials) {
        mse->ciphers.method = select_method(&mse->config, methods);
        if (mse->ciphers.method == BTW_MSE_NONE)
            return BTW_MSE_NO_METHOD;
    } else {
        if ((methods != BTW_MSE_PLAINTEXT && methods != BTW_MSE_RC4) || (methods & mse->config.methods) == 0)
            return BTW_MSE_BAD_SELECT;
        mse->ciphers.method = (enum btw_mse_method)methods;
    }
    expect(mse, PAD_LEN, 2);
    return BTW_MSE_NO_REASON;
}

static enum btw_mse_reason read_pad_len(struct btw_mse *mse)
{
    struct btw_reader r = btw_reader_of(btw_slice_of(mse->field, 2));

    mse->seen.pad_secret = btw_read_u16(&r);
    if (mse->seen.pad_secret > BTW_MSE_PAD_MAX)
        return BTW_MSE_LONG_PAD;
    expect(mse, PAD, mse->seen.pad_secret);
    return BTW_MSE_NO_REASON;
}

static enum btw_mse_reason read_pad(struct btw_mse *mse)
{
    if (mse->dials)
        expect(mse, DONE, 0);
    else
        expect(mse, IA_LEN, 2);
    return BTW_MSE_NO_REASON;
}

/* IA itself is left to btw_mse_decrypt(): its bytes are payload, whatever their number. */
static enum btw_mse_reason read_ia_len(struct btw_mse *mse)
{
    struct btw_reader r = btw_reader_of(btw_slice_of(mse->field, 2));

    mse->seen.ia = btw_read_u16(&r);
    mse->ciphers.ia_left = mse->seen.ia;
    queue_methods(mse, mse->ciphers.method);
    expect(mse, DONE, 0);
    return BTW_MSE_NO_REASON;
}

/* clang-format off */
static const struct stage_row {
    enum btw_mse_reason (*read)(struct btw_mse *mse);
    bool secret;
} stages[] = {
    [HEADER]  = { read_header,  false },
    [KEY]     = { read_key,     false },
    [SYNC]    = { read_sync,    false },
    [SKEY]    = { read_skey,    false },
    [VC]      = { read_vc,      true },
    [METHOD]  = { read_method,  true },
    [PAD_LEN] = { read_pad_len, true },
    [PAD]     = { read_pad,     true },
    [IA_LEN]  = { read_ia_len,  true },
};

static const struct reason_row {
    enum btw_status status;
    const char *name, *sentence;
} reasons[] = {
#define REASON_ROW(code, status, name, sentence) [code] = { status, name, sentence },
    BTW_MSE_REASON_LIST(REASON_ROW)
#undef REASON_ROW
};
/* clang-format on */

static void begin(struct btw_mse *mse, const struct btw_mse_config *config, bool dials)
{
    assert(config->pad_clear.len <= UINT16_MAX && config->pad_secret.len <= UINT16_MAX);
    assert(config->ia.len <= BTW_MSE_IA_MAX && (dials || config->find != NULL));
    *mse = (struct btw_mse){ .config = *config, .dials = dials };
    expect(mse, HEADER, BTW_MSE_HEADER_SIZE);
}

void btw_mse_dial(struct btw_mse *mse, const struct btw_mse_config *config)
{
    begin(mse, config, true);
    queue_key(mse);
}

void btw_mse_accept(struct btw_mse *mse, const struct btw_mse_config *config)
{
    begin(mse, config, false);
}

/* Moves bytes from *in until the field is whole; false when they do not suffice. */
static bool collect(struct btw_mse *mse, struct btw_slice *in)
{
    size_t missing = mse->need - mse->held;
    size_t len = missing < in->len ? missing : in->len;

    if (len > 0) {
        memcpy(mse->field + mse->held, in->data, len);
        *in = btw_slice_of(in->data + len, in->len - len);
        mse->held += len;
        mse->taken += len;
    }
    return mse->held == mse->need;
}

static enum btw_status failure(const struct btw_mse *mse, struct btw_diag *diag)
{
    const struct reason_row *row = &reasons[mse->reason];

    (void)btw_fail(diag, row->status, mse->taken - mse->need, "%s", row->sentence);
    if (diag != NULL)
        diag->rule = row->name;
    return row->status;
}

enum btw_status btw_mse_feed(struct btw_mse *mse, struct btw_slice *in, struct btw_diag *diag)
{
    while (mse->stage < DONE) {
        const struct stage_row *row = &stages[mse->stage];

        if (!collect(mse, in))
            return BTW_MORE;
        if (row->secret)
            btw_rc4_crypt(&mse->ciphers.receives, mse->field, mse->need);
        mse->held = 0;
        mse->reason = row->read(mse);
        if (mse->reason != BTW_MSE_NO_REASON)
            mse->stage = FAILED;
    }
    return mse->stage == DONE ? BTW_OK : failure(mse, diag);
}

size_t btw_mse_output(struct btw_mse *mse, uint8_t *to, size_t cap)
{
    size_t done = 0;

    if (mse->stage == FAILED)
        return 0;
    while (mse->queue_at < mse->queue_len && done < cap) {
        struct btw_mse_part *part = &mse->queue[mse->queue_at];
        size_t len = part->bytes.len < cap - done ? part->bytes.len : cap - done;

        if (len > 0) {
            memcpy(to + done, part->bytes.data, len);
            part->bytes = btw_slice_of(part->bytes.data + len, part->bytes.len - len);
        }
        if (part->secret)
            btw_rc4_crypt(&mse->ciphers.sends, to + done, len);
        done += len;
        mse->queue_at += part->bytes.len == 0;
    }
    return done;
}

enum btw_mse_reason btw_mse_reason(const struct btw_mse *mse)
{
    return mse->reason;
}

const char *btw_mse_reason_name(enum btw_mse_reason reason)
{
    assert((size_t)reason < sizeof reasons / sizeof reasons[0]);
    return reasons[reason].name;
}

enum btw_mse_method btw_mse_method(const struct btw_mse *mse)
{
    assert(mse->stage == DONE);
    return mse->ciphers.method;
}

const uint8_t *btw_mse_skey(const struct btw_mse *mse)
{
    assert(mse->stage == DONE && mse->ciphers.method != BTW_MSE_NONE);
    return mse->config.skey;
}

struct btw_slice btw_mse_header(void)
{
    return btw_slice_of(header, BTW_MSE_HEADER_SIZE);
}

void btw_mse_ciphers_encrypt(struct btw_mse_ciphers *ciphers, uint8_t *data, size_t len)
{
    if (ciphers->method == BTW_MSE_RC4)
        btw_rc4_crypt(&ciphers->sends, data, len);
}

void btw_mse_ciphers_decrypt(struct btw_mse_ciphers *ciphers, uint8_t *data, size_t len)
{
    size_t ia = len < ciphers->ia_left ? len : ciphers->ia_left;

    ciphers->ia_left -= ia;
    btw_rc4_crypt(&ciphers->receives, data, ciphers->method == BTW_MSE_RC4 ? len : ia);
}

bool btw_mse_ciphers_needed(const struct btw_mse_ciphers *ciphers)
{
    return ciphers->method == BTW_MSE_RC4 || ciphers->ia_left > 0;
}

struct btw_mse_ciphers btw_mse_detach(const struct btw_mse *mse)
{
    assert(mse->stage == DONE && mse->queue_at == mse->queue_len);
    return mse->ciphers;
}

void btw_mse_encrypt(struct btw_mse *mse, uint8_t *data, size_t len)
{
    assert(mse->stage == DONE && mse->queue_at == mse->queue_len);
    btw_mse_ciphers_encrypt(&mse->ciphers, data, len);
}

void btw_mse_decrypt(struct btw_mse *mse, uint8_t *data, size_t len)
{
    assert(mse->stage == DONE);
    btw_mse_ciphers_decrypt(&mse->ciphers, data, len);
}

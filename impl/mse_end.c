/* SPDX-License-Identifier: MIT
 *
 * One end of an encrypted connection: buffers around the handshake and the cipher of mse.c.  Lies are told by changing
 * bytes that were enciphered already, which a stream cipher lets anybody do.
 */
#include "btw/mse_end.h"

#include <assert.h>
#include <stdlib.h>

#include "btw/bytes.h"

enum { HASHES_SIZE = 40, VC_SIZE = 8, HANDSHAKE_MAX = 96 + 40 + 16 };

struct bytes {
    uint8_t *data;
    size_t len, cap;
};

struct btw_mse_end {
    struct btw_mse mse;
    struct btw_mse_lies lies;
    bool dials, done;
    enum btw_status status;
    uint8_t *copies; /* of paddings and IA */
    size_t sent;     /* bytes of the handshake */
    struct bytes heard, in, out;
};

static bool reserve(struct bytes *bytes, size_t cap)
{
    uint8_t *data = cap > bytes->cap ? realloc(bytes->data, cap) : bytes->data;

    if (data == NULL && cap > 0)
        return false;
    bytes->data = data;
    bytes->cap = cap > bytes->cap ? cap : bytes->cap;
    return true;
}

static bool append(struct bytes *bytes, struct btw_slice more)
{
    if (!reserve(bytes, bytes->len + more.len))
        return false;
    if (more.len > 0)
        memcpy(bytes->data + bytes->len, more.data, more.len);
    bytes->len += more.len;
    return true;
}

static struct btw_slice copy(uint8_t **at, struct btw_slice from)
{
    struct btw_slice to = btw_slice_of(*at, from.len);

    if (from.len > 0)
        memcpy(*at, from.data, from.len);
    *at += from.len;
    return to;
}

struct btw_mse_end *btw_mse_end_new(bool dials, const struct btw_mse_config *config, const struct btw_mse_lies *lies)
{
    struct btw_mse_end *end = calloc(1, sizeof *end);
    struct btw_mse_config own = *config;
    size_t size = config->pad_clear.len + config->pad_secret.len + config->ia.len;
    uint8_t *at;

    if (end != NULL)
        at = end->copies = malloc(size + 1);
    if (end == NULL || end->copies == NULL || !reserve(&end->out, size + HANDSHAKE_MAX)) {
        btw_mse_end_free(end);
        return NULL;
    }
    own.pad_clear = copy(&at, config->pad_clear);
    own.pad_secret = copy(&at, config->pad_secret);
    own.ia = copy(&at, config->ia);
    if (lies != NULL)
        end->lies = *lies;
    own.forged_secret = end->lies.secret;
    end->dials = dials;
    end->status = BTW_MORE;
    if (dials)
        btw_mse_dial(&end->mse, &own);
    else
        btw_mse_accept(&end->mse, &own);
    return end;
}

void btw_mse_end_free(struct btw_mse_end *end)
{
    if (end == NULL)
        return;
    free(end->copies);
    free(end->heard.data);
    free(end->in.data);
    free(end->out.data);
    free(end);
}

/* --- lies ------------------------------------------------------------------------------------------------------------
 */

/* Changes those of the bytes out[0..len), which stand `from` bytes into the handshake, that belong to the field at
 * `at`. */
static void change(struct btw_mse_end *end, size_t at, struct btw_slice truth, struct btw_slice lie)
{
    for (size_t i = 0; i < lie.len; i++) {
        if (at + i >= end->sent && at + i < end->sent + end->out.len)
            end->out.data[at + i - end->sent] ^= truth.data[i] ^ lie.data[i];
    }
}

static void change_number(struct btw_mse_end *end, size_t at, size_t size, uint32_t truth, uint32_t lie)
{
    uint8_t from[4], to[4];
    struct btw_writer writers[] = { btw_writer_on(from, sizeof from), btw_writer_on(to, sizeof to) };

    btw_write_u32(&writers[0], truth);
    btw_write_u32(&writers[1], lie);
    change(end, at, btw_slice_of(from + 4 - size, size), btw_slice_of(to + 4 - size, size));
}

/* What stands in out is about to go. */
static void lie(struct btw_mse_end *end)
{
    static const uint8_t zeros[VC_SIZE];
    const struct btw_mse_lies *lies = &end->lies;
    const struct btw_mse_config *config = &end->mse.config;
    size_t vc = BTW_MSE_KEY_SIZE + config->pad_clear.len + (end->dials ? HASHES_SIZE : 0);
    uint32_t methods = end->dials ? config->methods : end->done ? (uint32_t)btw_mse_method(&end->mse) : 0;
    uint8_t key[BTW_MSE_KEY_SIZE];

    if (lies->set & BTW_MSE_LIE_KEY && end->sent == 0 && end->out.len >= sizeof key) {
        memcpy(key, end->out.data, sizeof key);
        change(end, 0, btw_slice_of(key, sizeof key), btw_slice_of(lies->key, sizeof lies->key));
    }
    if (lies->set & BTW_MSE_LIE_VC)
        change(end, vc, btw_slice_of(zeros, sizeof zeros), btw_slice_of(lies->vc, sizeof lies->vc));
    if (lies->set & BTW_MSE_LIE_METHODS)
        change_number(end, vc + VC_SIZE, 4, methods, lies->methods);
    if (lies->set & BTW_MSE_LIE_PAD)
        change_number(end, vc + VC_SIZE + 4, 2, (uint32_t)config->pad_secret.len, lies->pad_len);
    if (lies->set & BTW_MSE_LIE_IA && end->dials)
        change_number(end, vc + VC_SIZE + 6 + config->pad_secret.len, 2, (uint32_t)config->ia.len, lies->ia_len);
}

/* --- bytes -----------------------------------------------------------------------------------------------------------
 */

/* Payload, deciphered; behind the header of a stream that is none of ours, as it came. */
static struct btw_slice payload(struct btw_mse_end *end, struct btw_slice wire, bool now_done)
{
    bool plain = btw_mse_method(&end->mse) == BTW_MSE_NONE;

    end->in.len = 0;
    if ((plain && now_done && !append(&end->in, btw_mse_header())) || !append(&end->in, wire)) {
        end->status = BTW_NO_SPACE;
        return btw_slice_of(NULL, 0);
    }
    if (!plain)
        btw_mse_decrypt(&end->mse, end->in.data, end->in.len);
    return btw_slice_of(end->in.data, end->in.len);
}

enum btw_status btw_mse_end_received(struct btw_mse_end *end, struct btw_slice wire, struct btw_slice *clear,
                                     struct btw_diag *diag)
{
    bool was_done = end->done;

    *clear = btw_slice_of(NULL, 0);
    if (end->status != BTW_OK && end->status != BTW_MORE)
        return end->status;
    if (!was_done && !append(&end->heard, wire))
        return end->status = BTW_NO_SPACE;
    end->status = btw_mse_feed(&end->mse, &wire, diag);
    end->done = end->status == BTW_OK;
    if (end->done)
        *clear = payload(end, wire, !was_done);
    return end->status;
}

struct btw_slice btw_mse_end_output(struct btw_mse_end *end)
{
    end->out.len = btw_mse_output(&end->mse, end->out.data, end->out.cap);
    if (end->lies.set != 0 && end->out.len > 0)
        lie(end);
    end->sent += end->out.len;
    return btw_slice_of(end->out.data, end->out.len);
}

struct btw_slice btw_mse_end_encrypt(struct btw_mse_end *end, struct btw_slice clear)
{
    assert(end->done);
    end->out.len = 0;
    if (!append(&end->out, clear))
        return btw_slice_of(NULL, 0);
    if (btw_mse_method(&end->mse) != BTW_MSE_NONE)
        btw_mse_encrypt(&end->mse, end->out.data, end->out.len);
    return btw_slice_of(end->out.data, end->out.len);
}

bool btw_mse_end_done(const struct btw_mse_end *end)
{
    return end->done;
}

const struct btw_mse *btw_mse_end_state(const struct btw_mse_end *end)
{
    return &end->mse;
}

const uint8_t *btw_mse_end_secret(const struct btw_mse_end *end)
{
    return end->mse.secret;
}

struct btw_slice btw_mse_end_heard(const struct btw_mse_end *end)
{
    return btw_slice_of(end->heard.data, end->heard.len);
}

/* SPDX-License-Identifier: MIT
 *
 * MSE in front of the stream.  Its state is large and is held only until the methods are agreed upon; then the ciphers
 * go on alone, and only as long as there is something to decipher.
 */
#include <assert.h>

#include "wire_impl.h"

struct btw_wire_crypt {
    struct btw_mse mse;
    uint8_t ia[BTW_HANDSHAKE_SIZE];
};

/* The only torrent there is, when the caller has no table of them. */
static bool find_only(void *user, const uint8_t req2[20], uint8_t skey[20])
{
    const struct btw_wire *wire = user;
    uint8_t hash[20];

    btw_mse_skey_hash(hash, wire->config.torrent.info_hash);
    if (memcmp(hash, req2, sizeof hash) != 0)
        return false;
    memcpy(skey, wire->config.torrent.info_hash, 20);
    return true;
}

/* Queues what MSE has to say. */
static bool pump(struct btw_wire *wire)
{
    size_t len = 1;

    while (len > 0) {
        struct btw_writer w;

        if (!wire_queue_reserve(wire, BTW_MSE_PAD_MAX, false))
            return false;
        w = wire_queue_writer(wire);
        len = btw_mse_output(&wire->crypt->mse, w.data, w.cap);
        wire_queue_wrote(wire, len);
        wire->queue.ready += len;
    }
    return true;
}

bool wire_crypt_begin(struct btw_wire *wire)
{
    const struct btw_wire_mse *wanted = &wire->config.mse;
    struct btw_mse_config config = {
        .pad_clear = wanted->pad_clear,
        .pad_secret = wanted->pad_secret,
        .methods = wanted->crypto == BTW_WIRE_REQUIRED ? BTW_MSE_RC4 : BTW_MSE_RC4 | BTW_MSE_PLAINTEXT,
        .prefer_plaintext = wanted->prefer_plaintext,
        .find = wanted->find != NULL ? wanted->find : find_only,
        .find_user = wanted->find != NULL ? wire->config.user : wire,
    };
    struct btw_msg handshake = wire_handshake(wire);
    enum btw_status status;
    size_t len;

    wire->crypt = wire_memory(wire, NULL, 0, sizeof *wire->crypt);
    if (wire->crypt == NULL)
        return false;
    memcpy(config.private_key, wanted->private_key, sizeof config.private_key);
    if (!wire->dials) {
        btw_mse_accept(&wire->crypt->mse, &config);
        return true;
    }
    status = btw_msg_encode(wire->crypt->ia, sizeof wire->crypt->ia, &len, &handshake);
    assert(status == BTW_OK);
    memcpy(config.skey, wire->config.torrent.info_hash, sizeof config.skey);
    config.ia = btw_slice_of(wire->crypt->ia, len);
    btw_mse_dial(&wire->crypt->mse, &config);
    return pump(wire);
}

void wire_crypt_free(struct btw_wire *wire)
{
    wire_memory(wire, wire->crypt, sizeof *wire->crypt, 0);
    wire_memory(wire, wire->ciphers, sizeof *wire->ciphers, 0);
    wire->crypt = NULL;
    wire->ciphers = NULL;
}

const uint8_t *wire_crypt_hash(const struct btw_wire *wire)
{
    return wire->hash_known ? wire->hash : NULL;
}

static void tell_secured(struct btw_wire *wire)
{
    wire_tell(wire, &(struct btw_wire_event){ .kind = BTW_WIRE_SECURED, .method = wire->method });
}

/* The peer speaks in clear: an initiator that we accept, or one that answers so because it has not waited for us. */
static void go_on_in_clear(struct btw_wire *wire, struct btw_slice rest)
{
    if (wire->config.mse.crypto == BTW_WIRE_REQUIRED) {
        btw_wire_close(wire, BTW_CLOSE_NOT_ENCRYPTED);
        return;
    }
    wire_crypt_free(wire);
    if (wire->dials) {
        struct btw_msg handshake = wire_handshake(wire);

        wire_queue_drop(wire);
        if (!wire_queue_reserve(wire, BTW_HANDSHAKE_SIZE, false)) {
            btw_wire_close(wire, BTW_CLOSE_MEMORY);
            return;
        }
        wire_queue_msg(wire, &handshake);
    }
    tell_secured(wire);
    wire_stream(wire, btw_mse_header());
    wire_stream(wire, rest);
}

/* The ciphers go on, without the handshake. */
static void secured(struct btw_wire *wire)
{
    struct btw_mse *mse = &wire->crypt->mse;
    struct btw_mse_ciphers *ciphers = wire_memory(wire, NULL, 0, sizeof *ciphers);

    if (ciphers == NULL) {
        btw_wire_close(wire, BTW_CLOSE_MEMORY);
        return;
    }
    *ciphers = btw_mse_detach(mse);
    wire->hash_known = true;
    memcpy(wire->hash, btw_mse_skey(mse), sizeof wire->hash);
    wire->method = btw_mse_method(mse);
    wire_crypt_free(wire);
    wire->ciphers = ciphers;
    tell_secured(wire);
}

static void agree(struct btw_wire *wire, struct btw_slice *in)
{
    struct btw_mse *mse = &wire->crypt->mse;
    enum btw_status status = btw_mse_feed(mse, in, NULL);

    bool clear = status == BTW_OK ? btw_mse_method(mse) == BTW_MSE_NONE : btw_mse_reason(mse) == BTW_MSE_PLAIN_ANSWER;

    if (clear) {
        go_on_in_clear(wire, *in);
    } else if (status != BTW_OK && status != BTW_MORE) {
        wire->mse_reason = btw_mse_reason(mse);
        btw_wire_close(wire, BTW_CLOSE_MSE);
    } else if (!pump(wire)) {
        btw_wire_close(wire, BTW_CLOSE_MEMORY);
    } else if (status == BTW_OK) {
        secured(wire);
    }
}

void wire_crypt_receive(struct btw_wire *wire, uint8_t *data, size_t len)
{
    struct btw_slice in = btw_slice_of(data, len);
    uint8_t *rest;

    if (wire->crypt != NULL)
        agree(wire, &in);
    if (wire->closed != BTW_CLOSE_NONE || wire->ciphers == NULL)
        return;
    rest = data + (len - in.len);
    if (in.len > 0)
        btw_mse_ciphers_decrypt(wire->ciphers, rest, in.len);
    if (!btw_mse_ciphers_needed(wire->ciphers))
        wire_crypt_free(wire);
    wire_stream(wire, btw_slice_of(rest, in.len));
}

void wire_crypt_send(struct btw_wire *wire, uint8_t *data, size_t len)
{
    btw_mse_ciphers_encrypt(wire->ciphers, data, len);
}

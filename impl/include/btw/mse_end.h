/* SPDX-License-Identifier: MIT
 *
 * One end of a connection under Message Stream Encryption, with the memory that it needs: bytes of the wire in, clear
 * bytes out, and the other way round.  mse.h does the work.  What is added are lies: fields sent otherwise than they
 * are, for the tests of others.  So this belongs to the reference peer and to scripted peers, not to the wire library.
 */
#ifndef BTW_MSE_END_H
#define BTW_MSE_END_H

#include "btw/mse.h"

BTW_BEGIN_DECLS

/* Which of the fields below are meant. */
enum btw_mse_lie {
    BTW_MSE_LIE_KEY = 1,
    BTW_MSE_LIE_VC = 2,
    BTW_MSE_LIE_METHODS = 4,
    BTW_MSE_LIE_PAD = 8,
    BTW_MSE_LIE_IA = 16,
};

/* Sent instead of the truth; the length of the field stays. */
struct btw_mse_lies {
    unsigned set; /* of enum btw_mse_lie */
    uint8_t key[BTW_MSE_KEY_SIZE];
    uint8_t vc[8];
    uint32_t methods; /* crypto_provide or crypto_select */
    uint16_t pad_len; /* len(PadC) or len(PadD) */
    uint16_t ia_len;  /* the initiator's */
    const uint8_t
        *secret; /* S, BTW_MSE_KEY_SIZE bytes that must live: what comes of a degenerate key; NULL: the true one */
};

struct btw_mse_end;

/* Paddings and IA of the config are copied.  find_user must outlive the end, lies may be NULL.  NULL: memory. */
struct btw_mse_end *btw_mse_end_new(bool dials, const struct btw_mse_config *config, const struct btw_mse_lies *lies);
void btw_mse_end_free(struct btw_mse_end *end);

/* Bytes of the wire.  As btw_mse_feed: BTW_OK when the handshake is done (*clear is payload, perhaps none: a view that
 * lives until the next call), BTW_MORE when it is not, else it has failed. */
enum btw_status btw_mse_end_received(struct btw_mse_end *end, struct btw_slice wire, struct btw_slice *clear,
                                     struct btw_diag *diag);
/* What the handshake has to send; a view until the next call, empty when there is nothing.  It is taken by the call. */
struct btw_slice btw_mse_end_output(struct btw_mse_end *end);
/* Clear bytes to bytes of the wire, once the handshake is done and its output taken; a view until the next call. */
struct btw_slice btw_mse_end_encrypt(struct btw_mse_end *end, struct btw_slice clear);

/* The handshake is done, and how: BTW_MSE_NONE when the other end, which dialled, speaks in clear. */
bool btw_mse_end_done(const struct btw_mse_end *end);
/* Its state, for all that btw/mse.h lets one ask. */
const struct btw_mse *btw_mse_end_state(const struct btw_mse_end *end);
/* S, 96 bytes, once their public key has come; before that zeros. */
const uint8_t *btw_mse_end_secret(const struct btw_mse_end *end);
/* All that came from the wire before the handshake was done or had failed; lives as long as the end. */
struct btw_slice btw_mse_end_heard(const struct btw_mse_end *end);

BTW_END_DECLS
#endif

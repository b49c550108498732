/* SPDX-License-Identifier: MIT
 *
 * Message Stream Encryption, both ends: the handshake that hides a BitTorrent stream, and the cipher behind it.  It is
 * in no BEP; what clients do is the specification.  Bytes in slices of any size in, bytes to send out; no socket, no
 * clock, no randomness of its own.
 *
 *     btw_mse_accept(&mse, &config);
 *     status = btw_mse_feed(&mse, &in, &diag);                 for every slice that comes, until it is not BTW_MORE
 *     while ((len = btw_mse_output(&mse, to, cap)) > 0) ...    send them, after each of the calls above
 *     btw_mse_decrypt(&mse, data, len);                        from then on, what comes, beginning with `in`
 *     btw_mse_encrypt(&mse, data, len);                        and what goes
 *
 *     A  Ya, PadA                                                                             ->
 *     B  Yb, PadB                                                                             <-
 *     A  HASH(req1, S), HASH(req2, SKEY) xor HASH(req3, S), RC4{ VC, provide, PadC, len(IA), IA } ->
 *     B  RC4{ VC, select, PadD }                                                              <-
 *
 * A (the initiator) dials, B (the responder) was dialled.  SKEY is the info-hash, for v2 the truncated one.  IA is the
 * beginning of A's stream, usually its BitTorrent handshake; it is RC4 whatever is selected.
 *
 * Nothing here allocates, but the multiplication of large numbers (gmp) does inside, and gives it all back before it
 * returns.  The cipher hides a stream from a casual look.  It keeps no secret from anyone who knows the info-hash.
 */
#ifndef BTW_MSE_H
#define BTW_MSE_H

#include <stdbool.h>

#include "btw/api.h"
#include "btw/hash.h"

BTW_BEGIN_DECLS

enum {
    BTW_MSE_KEY_SIZE = 96,     /* Ya, Yb and S, with their leading zero bytes */
    BTW_MSE_PRIVATE_SIZE = 20, /* Xa and Xb */
    BTW_MSE_PAD_MAX = 512,     /* each of PadA to PadD */
    BTW_MSE_IA_MAX = 65535,
    BTW_MSE_HEADER_SIZE = 20, /* that many first bytes tell a plain BitTorrent stream from a public key */
    BTW_MSE_STATE_MAX = 2048, /* struct btw_mse is not larger */

    /* For the caller's clock: when to give up on an other end that stalls.  Both count from the connection. */
    BTW_MSE_KEY_MS = 30000,   /* the public key is there */
    BTW_MSE_SECURE_MS = 60000 /* all is done */
};

/* The bits of crypto_provide and crypto_select. */
enum btw_mse_method {
    BTW_MSE_NONE = 0, /* no handshake was made: the other end speaks in clear from its first byte */
    BTW_MSE_PLAINTEXT = 1,
    BTW_MSE_RC4 = 2,
};

/* Why a handshake ended: the connection is to be closed. */
/* clang-format off */
#define BTW_MSE_REASON_LIST(X)                                                                                        \
    X(BTW_MSE_NO_REASON,    BTW_OK,        "none",         "nothing is wrong")                                        \
    X(BTW_MSE_BAD_KEY,      BTW_BAD_WIRE,  "bad-key",      "the public key is not in 2..P-2")                         \
    X(BTW_MSE_PLAIN_ANSWER, BTW_BAD_WIRE,  "plain-answer", "a plain BitTorrent handshake in answer to a public key")  \
    X(BTW_MSE_NO_SYNC,      BTW_TOO_LONG,  "no-sync",      "no synchronisation within 512 bytes of padding")          \
    X(BTW_MSE_UNKNOWN_SKEY, BTW_NOT_FOUND, "unknown-skey", "no torrent here has that hash")                           \
    X(BTW_MSE_BAD_VC,       BTW_BAD_WIRE,  "bad-vc",       "the verification constant is not zero")                   \
    X(BTW_MSE_NO_METHOD,    BTW_REFUSED,   "no-method",    "none of the methods offered is allowed here")             \
    X(BTW_MSE_BAD_SELECT,   BTW_BAD_WIRE,  "bad-select",   "the method selected is not exactly one of those offered") \
    X(BTW_MSE_LONG_PAD,     BTW_TOO_LONG,  "long-pad",     "a padding of more than 512 bytes")
/* clang-format on */

enum btw_mse_reason {
#define BTW_MSE_REASON_ENUM(code, status, name, sentence) code,
    BTW_MSE_REASON_LIST(BTW_MSE_REASON_ENUM)
#undef BTW_MSE_REASON_ENUM
};

/* Finds the torrent with HASH(req2, info-hash) == req2 (see btw_mse_skey_hash) and fills in its info-hash. */
typedef bool btw_mse_find_fn(void *user, const uint8_t req2[20], uint8_t skey[20]);

/* The slices must live until they were sent.  Paddings are random bytes of random length, up to BTW_MSE_PAD_MAX; longer
 * ones are sent as well, up to 65535 bytes, for the tests of others. */
struct btw_mse_config {
    uint8_t private_key[BTW_MSE_PRIVATE_SIZE]; /* random, fresh for every connection; not zero */
    struct btw_slice pad_clear;                /* PadA or PadB, in clear */
    struct btw_slice pad_secret;               /* PadC or PadD, under the cipher */
    uint32_t methods; /* bits of enum btw_mse_method: what A offers, sent as it is, or what B allows */
    /* the initiator's */
    uint8_t skey[20];
    struct btw_slice ia; /* up to BTW_MSE_IA_MAX bytes */
    /* the responder's */
    bool prefer_plaintext; /* where both are offered and allowed; otherwise RC4 */
    btw_mse_find_fn *find;
    void *find_user;
    /* For the tests of others: S, whatever the keys come to; BTW_MSE_KEY_SIZE bytes that must live.  Else NULL. */
    const uint8_t *forged_secret;
};

/* What the other end sent, as far as it was understood. */
struct btw_mse_seen {
    uint8_t public_key[BTW_MSE_KEY_SIZE];
    uint32_t methods;               /* crypto_provide or crypto_select, as it came */
    uint16_t pad_clear, pad_secret; /* bytes of its paddings */
    uint16_t ia;                    /* bytes of IA */
};

struct btw_mse_part {
    struct btw_slice bytes;
    bool secret;
};

/* What the payload needs, and all that is needed when the handshake is done: a third of struct btw_mse. */
struct btw_mse_ciphers {
    /* all fields are private */
    enum btw_mse_method method;
    struct btw_rc4 sends, receives;
    size_t ia_left; /* bytes of IA that were not decrypted yet */
};

/* Points into itself: it must stay where it is. */
struct btw_mse {
    struct btw_mse_seen seen; /* for all to read */
    /* all other fields are private */
    struct btw_mse_config config;
    bool dials;
    int stage;
    enum btw_mse_reason reason;
    struct btw_mse_ciphers ciphers;
    size_t taken; /* bytes of the other end */
    size_t held, need;
    uint8_t field[BTW_MSE_PAD_MAX]; /* the unfinished field */
    uint8_t secret[BTW_MSE_KEY_SIZE];
    uint8_t mark[20]; /* what ends the padding in clear */
    uint8_t own[152]; /* what is to be sent, but for paddings and IA: 96 + 20 + 20 + 8 + 4 + 2 + 2 bytes */
    size_t own_len;
    struct btw_mse_part queue[7]; /* A's: key, PadA; hashes, methods, PadC, len(IA), IA */
    size_t queue_at, queue_len;
};

/* Begins a handshake.  The config is copied. */
void btw_mse_dial(struct btw_mse *mse, const struct btw_mse_config *config);
void btw_mse_accept(struct btw_mse *mse, const struct btw_mse_config *config);

/* Takes from the front of *in, which it shortens, what belongs to the handshake.
 *
 * BTW_OK         it is done, see btw_mse_method(); what is left of *in is payload, not yet decrypted (for B with IA in
 *                front).  Further calls take nothing and say the same.  With BTW_MSE_NONE, which only B sees, the bytes
 *                of btw_mse_header() have been taken and come first
 * BTW_MORE       *in is used up
 * anything else  it failed, for ever, as btw_mse_reason() says; there is nothing more to send, close the connection.
 *                diag->rule is the reason's name, diag->offset where in the stream the wrong field begins (of a mark
 *                that never came: the last place where it could have begun) */
enum btw_status btw_mse_feed(struct btw_mse *mse, struct btw_slice *in, struct btw_diag *diag);

/* Moves up to cap bytes that are to be sent into `to`; 0 when there are none for now. */
size_t btw_mse_output(struct btw_mse *mse, uint8_t *to, size_t cap);

enum btw_mse_reason btw_mse_reason(const struct btw_mse *mse);
const char *btw_mse_reason_name(enum btw_mse_reason reason);
/* The method agreed upon; call it when btw_mse_feed() has said BTW_OK. */
enum btw_mse_method btw_mse_method(const struct btw_mse *mse);
/* SKEY: the torrent that the connection is for.  As btw_mse_method(), and not with BTW_MSE_NONE. */
const uint8_t *btw_mse_skey(const struct btw_mse *mse);
/* 0x13 and "BitTorrent protocol": the first BTW_MSE_HEADER_SIZE bytes of a plain stream; static storage. */
struct btw_slice btw_mse_header(void);

/* The payload, in place, in order, in slices of any size; when btw_mse_feed() has said BTW_OK, and for encryption after
 * all output was fetched.  Before that, A has nothing to send but IA. */
void btw_mse_encrypt(struct btw_mse *mse, uint8_t *data, size_t len);
void btw_mse_decrypt(struct btw_mse *mse, uint8_t *data, size_t len);

/* The same without the handshake: when both of the above may be called, a copy of the ciphers goes on instead, and the
 * struct btw_mse is not needed any more. */
struct btw_mse_ciphers btw_mse_detach(const struct btw_mse *mse);
void btw_mse_ciphers_encrypt(struct btw_mse_ciphers *ciphers, uint8_t *data, size_t len);
void btw_mse_ciphers_decrypt(struct btw_mse_ciphers *ciphers, uint8_t *data, size_t len);
/* Is there still something to do?  Not with BTW_MSE_PLAINTEXT when all of IA has been decrypted. */
bool btw_mse_ciphers_needed(const struct btw_mse_ciphers *ciphers);

/* The arithmetic, for a responder's table of torrents and for those who test others.
 *
 * Y = 2^private mod P.  One in 256 begins with 19 as a plain handshake does, and there are responders that look no
 * further (Transmission 3.00 closes): whoever dials in the wild draws a private key again until Y begins otherwise. */
void btw_mse_public_key(uint8_t key[96], const uint8_t private_key[20]);
/* S = theirs^private mod P; false when theirs is not in 2..P-2, which leaves secret as it was. */
bool btw_mse_secret(uint8_t secret[96], const uint8_t private_key[20], const uint8_t theirs[96]);
/* HASH(req1, S): the responder's mark. */
void btw_mse_sync_hash(uint8_t hash[20], const uint8_t secret[96]);
/* HASH(req2, SKEY): what btw_mse_find_fn looks up. */
void btw_mse_skey_hash(uint8_t hash[20], const uint8_t skey[20]);
/* hash = hash xor HASH(req3, S): from HASH(req2, SKEY) to what is sent, and back. */
void btw_mse_obfuscate(uint8_t hash[20], const uint8_t secret[96]);
/* The cipher of what the initiator sends, or of what the responder sends, its first 1024 bytes dropped. */
void btw_mse_cipher(struct btw_rc4 *rc4, bool initiator, const uint8_t secret[96], const uint8_t skey[20]);

BTW_END_DECLS
#endif

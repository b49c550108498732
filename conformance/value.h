/* SPDX-License-Identifier: MIT
 *
 * What an expression of a script comes to: an integer, bytes, or a torrent whose meaning the field decides.
 */
#ifndef SCN_VALUE_H
#define SCN_VALUE_H

#include "arena.h"
#include "world.h"

enum scn_value_kind { SCN_VALUE_INT, SCN_VALUE_BYTES, SCN_VALUE_TORRENT };

struct scn_value {
    enum scn_value_kind kind;
    int64_t number;
    struct btw_slice bytes;
    const struct scn_torrent *torrent;
    bool heard; /* of a variable: it came from the target */
};

enum { SCN_VALUE_BYTES_MAX = 32 << 20 }; /* no expression may come to more bytes */

/* Where names are looked up.  A function that is NULL knows nothing. */
struct scn_env {
    struct scn_arena *arena; /* bytes of values live here */
    bool (*get)(void *user, const char *name, struct scn_value *out);
    bool (*counter)(void *user, const char *conn, const char *name, int64_t *out);
    void (*bind)(void *user, const char *name, const struct scn_value *value);
    void *user;
    uint64_t *random;    /* state of the seeded generator */
    uint8_t peer_id[20]; /* for a handshake that names none */
    const char *error;   /* why the last evaluation failed; in the arena or static */
    bool heard;          /* some evaluation took what the target had said */
};

/* False: env->error says why. */
bool scn_eval(struct scn_env *env, const struct scn_expr *expr, struct scn_value *out);
bool scn_eval_int(struct scn_env *env, const struct scn_expr *expr, int64_t *out);
/* Bencoded form of an expression: {..}, [..], integers and bytes; dictionary keys as written. */
bool scn_eval_bencode(struct scn_env *env, const struct scn_expr *expr, struct btw_slice *out);

/* Builds the message of a template; bytes live in env->arena.  A torrent stands for its info-hash, its block or its
 * bitfield. */
bool scn_msg_build(struct scn_env *env, const struct scn_msg *from, struct btw_msg *out);
/* Replaces the fields of msg that `change` writes. */
bool scn_msg_set(struct scn_env *env, const struct scn_msg *change, struct btw_msg *msg);

/* The next 64 bits of the seeded generator (splitmix64). */
uint64_t scn_random(uint64_t *state);

/* Writes the bencoded dictionary with its keys in order to out, which has room for dict.len bytes: as many come out.
 * False: it is no whole dictionary, or has more than 32 keys (sorted.c). */
bool scn_sorted(uint8_t *out, struct btw_slice dict);

#endif

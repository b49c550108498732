/* SPDX-License-Identifier: MIT
 *
 * Patterns against messages: field by field, and inside bencoded payloads key by key.
 */
#include "match.h"

#include <stdlib.h>

#include "btw/bencode.h"

/* Matching goes over the pattern twice: first it only looks, then it binds. */
enum pass { LOOK, BIND };

static void bind(struct scn_env *env, enum pass pass, const char *name, const struct scn_value *value)
{
    if (pass == BIND && env->bind)
        env->bind(env->user, name, value);
}

static bool fits_number(struct scn_env *env, enum pass pass, const struct scn_expr *expr, int64_t number)
{
    struct scn_value value = { .kind = SCN_VALUE_INT, .number = number, .heard = true };
    int64_t low, high;
    switch (expr->kind) {
    case SCN_EXPR_ANY:
        return true;
    case SCN_EXPR_BIND:
        bind(env, pass, expr->name, &value);
        return true;
    case SCN_EXPR_RANGE:
        return scn_eval_int(env, expr->items[0], &low) && scn_eval_int(env, expr->items[1], &high) && low <= number &&
               number <= high;
    default:
        return scn_eval_int(env, expr, &low) && low == number;
    }
}

/* Is data the content that a torrent stands for in this message? */
static bool is_torrent(const struct scn_torrent *torrent, const struct btw_msg *msg, struct btw_slice data)
{
    if (msg->type == BTW_HANDSHAKE)
        return data.len == 20 && memcmp(data.data, torrent->info_hash, 20) == 0;
    if (!torrent->known)
        return false;
    if (msg->type == BTW_BITFIELD)
        return data.len == btw_bits_size(torrent->meta.pieces) &&
               btw_bits_count(data.data, torrent->meta.pieces) == torrent->meta.pieces;
    if (msg->type != BTW_PIECE || data.len == 0 || data.len > BTW_LEN_MAX_DEFAULT)
        return false;
    uint8_t *want = malloc(data.len);
    bool same = want && scn_torrent_block(torrent, msg->piece, msg->begin, want, data.len) &&
                memcmp(want, data.data, data.len) == 0;
    free(want);
    return same;
}

static bool fits_bytes(struct scn_env *env, enum pass pass, const struct scn_expr *expr, struct btw_slice data,
                       const struct btw_msg *msg)
{
    struct scn_value value = { .kind = SCN_VALUE_BYTES, .bytes = data, .heard = true };
    if (expr->kind == SCN_EXPR_ANY)
        return true;
    if (expr->kind == SCN_EXPR_BIND) {
        bind(env, pass, expr->name, &value);
        return true;
    }
    if (!scn_eval(env, expr, &value))
        return false;
    if (value.kind == SCN_VALUE_TORRENT)
        return is_torrent(value.torrent, msg, data);
    return value.kind == SCN_VALUE_BYTES && btw_slice_equal(value.bytes, data);
}

/* ---- bencoded values --------------------------------------------------------------------------------------------- */

static bool fits_bencode(struct scn_env *env, enum pass pass, const struct scn_expr *expr, struct btw_slice value,
                         const struct btw_msg *msg);

static bool find_key(struct btw_slice dict, struct btw_slice wanted, struct btw_slice *out)
{
    struct btw_ben_iter iter = btw_ben_iter_of(dict);
    struct btw_slice key, value;
    while (btw_ben_next(&iter, &key, &value)) {
        if (btw_slice_equal(key, wanted)) {
            *out = value;
            return true;
        }
    }
    return false;
}

static bool fits_dict(struct scn_env *env, enum pass pass, const struct scn_expr *expr, struct btw_slice dict,
                      const struct btw_msg *msg)
{
    if (btw_ben_kind(dict) != BTW_BEN_DICT)
        return false;
    for (size_t i = 0; i + 1 < expr->count; i += 2) {
        const struct scn_expr *wanted = expr->items[i + 1];
        struct btw_slice value;
        bool there = find_key(dict, expr->items[i]->bytes, &value);
        if (wanted->kind == SCN_EXPR_NONE ? there : !there || !fits_bencode(env, pass, wanted, value, msg))
            return false;
    }
    return true;
}

static bool fits_list(struct scn_env *env, enum pass pass, const struct scn_expr *expr, struct btw_slice list,
                      const struct btw_msg *msg)
{
    struct btw_ben_iter iter = btw_ben_iter_of(list);
    struct btw_slice key, value;
    if (btw_ben_kind(list) != BTW_BEN_LIST)
        return false;
    for (size_t i = 0; i < expr->count; i++) {
        if (!btw_ben_next(&iter, &key, &value) || !fits_bencode(env, pass, expr->items[i], value, msg))
            return false;
    }
    return !btw_ben_next(&iter, &key, &value);
}

static bool fits_bencode(struct scn_env *env, enum pass pass, const struct scn_expr *expr, struct btw_slice value,
                         const struct btw_msg *msg)
{
    int64_t number;
    struct btw_slice text;
    if (expr->kind == SCN_EXPR_DICT)
        return fits_dict(env, pass, expr, value, msg);
    if (expr->kind == SCN_EXPR_LIST)
        return fits_list(env, pass, expr, value, msg);
    if (btw_ben_int(value, &number))
        return fits_number(env, pass, expr, number);
    if (btw_ben_str(value, &text))
        return fits_bytes(env, pass, expr, text, msg);
    return expr->kind == SCN_EXPR_ANY;
}

/* ---- messages ---------------------------------------------------------------------------------------------------- */

static bool fits_payload(struct scn_env *env, enum pass pass, const struct scn_msg *pattern, const struct btw_msg *msg)
{
    size_t used = 0;
    unsigned flaws = 0;
    if (btw_ben_check_lenient(msg->data, &used, &flaws, NULL) != BTW_OK)
        return false;
    struct btw_slice tail = { msg->data.data + used, msg->data.len - used };
    if (pattern->dict && !fits_bencode(env, pass, pattern->dict, btw_slice_of(msg->data.data, used), msg))
        return false;
    return !pattern->tail || fits_bytes(env, pass, pattern->tail, tail, msg);
}

static bool fits_field(struct scn_env *env, enum pass pass, const struct scn_expr *expr, const struct btw_field *field,
                       const struct btw_msg *msg)
{
    const uint8_t *at = (const uint8_t *)msg + field->offset;
    uint16_t u16;
    uint32_t u32;
    switch (field->kind) {
    case BTW_KIND_U8:
        return fits_number(env, pass, expr, *at);
    case BTW_KIND_U16:
        memcpy(&u16, at, sizeof u16);
        return fits_number(env, pass, expr, u16);
    case BTW_KIND_U32:
        memcpy(&u32, at, sizeof u32);
        return fits_number(env, pass, expr, u32);
    case BTW_KIND_BYTES:
    case BTW_KIND_RESERVED:
        return fits_bytes(env, pass, expr, btw_slice_of(at, field->size), msg);
    case BTW_KIND_REST:
    case BTW_KIND_PAYLOAD:
        return fits_bytes(env, pass, expr, msg->data, msg);
    }
    return false;
}

static bool walk(struct scn_env *env, enum pass pass, const struct scn_msg *pattern, const struct btw_msg *msg)
{
    for (size_t i = 0; i < BTW_FIELDS_MAX && pattern->desc->fields[i].name; i++) {
        if (pattern->fields[i] && !fits_field(env, pass, pattern->fields[i], &pattern->desc->fields[i], msg))
            return false;
    }
    return (!pattern->dict && !pattern->tail) || fits_payload(env, pass, pattern, msg);
}

bool scn_msg_fits(struct scn_env *env, const struct scn_msg *pattern, const struct btw_msg *msg)
{
    if (!pattern->desc)
        return msg->type != BTW_HANDSHAKE;
    if (pattern->desc->type != msg->type || !walk(env, LOOK, pattern, msg))
        return false;
    return walk(env, BIND, pattern, msg);
}

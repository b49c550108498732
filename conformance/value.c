/* SPDX-License-Identifier: MIT
 *
 * Evaluates expressions and builds messages from templates.  Functions are functions.c's, patterns match.c's.
 */
#include "btw/bencode.h"
#include "script_names.h"
#include "value_state.h"

uint64_t scn_random(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* ---- making values ----------------------------------------------------------------------------------------------- */

bool value_fail(struct scn_env *env, const char *why)
{
    env->error = why;
    return false;
}

bool value_int(struct scn_value *out, int64_t number)
{
    *out = (struct scn_value){ .kind = SCN_VALUE_INT, .number = number };
    return true;
}

bool value_bytes(struct scn_value *out, const uint8_t *data, size_t len)
{
    *out = (struct scn_value){ .kind = SCN_VALUE_BYTES, .bytes = { data, len } };
    return true;
}

uint8_t *value_room(struct scn_env *env, uint64_t len)
{
    if (len > SCN_VALUE_BYTES_MAX) {
        env->error = "more bytes than an expression may come to";
        return NULL;
    }
    return scn_arena_get(env->arena, (size_t)len + 1);
}

bool value_block(struct scn_env *env, const struct scn_torrent *torrent, uint32_t piece, uint32_t begin, size_t len,
                 struct scn_value *out)
{
    uint8_t *data = value_room(env, len);
    if (!data)
        return false;
    if (!scn_torrent_block(torrent, piece, begin, data, len))
        return value_fail(env, "the torrent has no such block, or its content is not known");
    return value_bytes(out, data, len);
}

bool value_all_bits(struct scn_env *env, const struct scn_torrent *torrent, struct scn_value *out)
{
    uint32_t pieces = torrent->meta.pieces;
    uint8_t *bits = value_room(env, btw_bits_size(pieces));
    if (!bits)
        return false;
    for (uint32_t i = 0; i < pieces; i++)
        btw_bit_set(bits, i, true);
    return value_bytes(out, bits, btw_bits_size(pieces));
}

/* ---- properties of torrents -------------------------------------------------------------------------------------- */

static bool torrent_property(struct scn_env *env, const struct scn_torrent *torrent, const char *name,
                             struct scn_value *out)
{
    const struct btw_metainfo *meta = &torrent->meta;
    int property = scn_names_find(&scn_properties, name, strlen(name));
    if (property != SCN_PROPERTY_info_hash && property >= 0 && !torrent->known)
        return value_fail(env, "the torrent's metadata is not known");
    switch ((enum scn_property)property) {
    case SCN_PROPERTY_pieces:
        return value_int(out, meta->pieces);
    case SCN_PROPERTY_piece_length:
        return value_int(out, (int64_t)meta->piece_length);
    case SCN_PROPERTY_last:
        return value_int(out, (int64_t)meta->pieces - 1);
    case SCN_PROPERTY_last_length:
        return value_int(out, scn_torrent_piece_size(torrent, meta->pieces - 1));
    case SCN_PROPERTY_size:
        return value_int(out, (int64_t)meta->total_length);
    case SCN_PROPERTY_metadata_size:
        return value_int(out, (int64_t)meta->info.len);
    case SCN_PROPERTY_metadata_pieces:
        return value_int(out, (int64_t)((meta->info.len + BTW_BLOCK_SIZE - 1) / BTW_BLOCK_SIZE));
    case SCN_PROPERTY_info_hash:
        return value_bytes(out, torrent->info_hash, sizeof torrent->info_hash);
    case SCN_PROPERTY_info_hash_v2:
        return meta->has_v2 ? value_bytes(out, meta->info_hash_v2, sizeof torrent->info_hash)
                            : value_fail(env, "the torrent has no version 2");
    case SCN_PROPERTIES:
        break;
    }
    return value_fail(env, "a torrent has no such property");
}

static bool eval_prop(struct scn_env *env, const struct scn_expr *expr, struct scn_value *out)
{
    const struct scn_expr *of = expr->items[0];
    if (of->kind == SCN_EXPR_CONN) {
        int64_t number;
        if (!env->counter || !env->counter(env->user, of->name, expr->name, &number))
            return value_fail(env, "no such connection or counter");
        return value_int(out, number);
    }
    struct scn_value value;
    if (!scn_eval(env, of, &value))
        return false;
    if (value.kind != SCN_VALUE_TORRENT)
        return value_fail(env, "only torrents and connections have properties");
    return torrent_property(env, value.torrent, expr->name, out);
}

/* ---- operators --------------------------------------------------------------------------------------------------- */

static bool join(struct scn_env *env, struct btw_slice a, struct btw_slice b, struct scn_value *out)
{
    uint8_t *data = value_room(env, (uint64_t)a.len + b.len);
    if (!data)
        return false;
    if (a.len)
        memcpy(data, a.data, a.len);
    if (b.len)
        memcpy(data + a.len, b.data, b.len);
    return value_bytes(out, data, a.len + b.len);
}

static bool eval_op(struct scn_env *env, const struct scn_expr *expr, struct scn_value *out)
{
    struct scn_value a, b;
    if (!scn_eval(env, expr->items[0], &a) || !scn_eval(env, expr->items[1], &b))
        return false;
    if (expr->op == '+' && a.kind == SCN_VALUE_BYTES && b.kind == SCN_VALUE_BYTES)
        return join(env, a.bytes, b.bytes, out);
    if (a.kind != SCN_VALUE_INT || b.kind != SCN_VALUE_INT)
        return value_fail(env, "the operands are not integers");
    int64_t result = 0;
    bool overflow = false;
    switch (expr->op) {
    case '+':
        overflow = __builtin_add_overflow(a.number, b.number, &result);
        break;
    case '-':
        overflow = __builtin_sub_overflow(a.number, b.number, &result);
        break;
    case '*':
        overflow = __builtin_mul_overflow(a.number, b.number, &result);
        break;
    default: /* '/' and '%': the same division traps */
        if (b.number == 0 || (a.number == INT64_MIN && b.number == -1))
            return value_fail(env, "division by zero or overflow");
        result = expr->op == '/' ? a.number / b.number : a.number % b.number;
    }
    return overflow ? value_fail(env, "integer overflow") : value_int(out, result);
}

static bool eval_var(struct scn_env *env, const struct scn_expr *expr, struct scn_value *out)
{
    if (!env->get || !env->get(env->user, expr->name, out))
        return value_fail(env, "a variable has no value");
    env->heard = env->heard || out->heard;
    return true;
}

bool scn_eval(struct scn_env *env, const struct scn_expr *expr, struct scn_value *out)
{
    switch (expr->kind) {
    case SCN_EXPR_INT:
        return value_int(out, expr->number);
    case SCN_EXPR_BYTES:
    case SCN_EXPR_RESERVED:
        return value_bytes(out, expr->bytes.data, expr->bytes.len);
    case SCN_EXPR_VAR:
        return eval_var(env, expr, out);
    case SCN_EXPR_OP:
        return eval_op(env, expr, out);
    case SCN_EXPR_CALL:
        return value_call(env, expr, out);
    case SCN_EXPR_PROP:
        return eval_prop(env, expr, out);
    case SCN_EXPR_DICT:
    case SCN_EXPR_LIST:
        *out = (struct scn_value){ .kind = SCN_VALUE_BYTES };
        return scn_eval_bencode(env, expr, &out->bytes);
    case SCN_EXPR_BIND:
    case SCN_EXPR_ANY:
    case SCN_EXPR_RANGE:
    case SCN_EXPR_CONN:
    case SCN_EXPR_NONE:
        break;
    }
    return value_fail(env, "a pattern where a value is wanted");
}

bool scn_eval_int(struct scn_env *env, const struct scn_expr *expr, int64_t *out)
{
    struct scn_value value;
    if (!scn_eval(env, expr, &value))
        return false;
    if (value.kind != SCN_VALUE_INT)
        return value_fail(env, "an integer is wanted");
    *out = value.number;
    return true;
}

/* ---- bencoding --------------------------------------------------------------------------------------------------- */

static bool put_expr(struct scn_env *env, const struct scn_expr *expr, struct btw_writer *w)
{
    if (expr->kind == SCN_EXPR_DICT || expr->kind == SCN_EXPR_LIST) {
        if (expr->kind == SCN_EXPR_DICT)
            btw_ben_put_dict(w);
        else
            btw_ben_put_list(w);
        for (size_t i = 0; i < expr->count; i++) {
            if (!put_expr(env, expr->items[i], w))
                return false;
        }
        btw_ben_put_end(w);
        return true;
    }
    struct scn_value value;
    if (!scn_eval(env, expr, &value))
        return false;
    if (value.kind == SCN_VALUE_TORRENT)
        return value_fail(env, "a torrent is no bencoded value");
    if (value.kind == SCN_VALUE_INT)
        btw_ben_put_int(w, value.number);
    else
        btw_ben_put_str(w, value.bytes);
    return true;
}

bool scn_eval_bencode(struct scn_env *env, const struct scn_expr *expr, struct btw_slice *out)
{
    for (size_t cap = 4096; cap <= SCN_VALUE_BYTES_MAX; cap *= 16) {
        uint8_t *data = scn_arena_get(env->arena, cap);
        struct btw_writer w = btw_writer_on(data, cap);
        if (!put_expr(env, expr, &w))
            return false;
        if (!w.failed) {
            *out = (struct btw_slice){ data, w.len };
            return true;
        }
    }
    return value_fail(env, "more bytes than an expression may come to");
}

/* ---- messages ---------------------------------------------------------------------------------------------------- */

/* What a torrent stands for in a field of bytes. */
static bool torrent_bytes(struct scn_env *env, const struct scn_torrent *torrent, const struct btw_msg *msg,
                          size_t size, struct scn_value *out)
{
    if (size == 20)
        return value_bytes(out, torrent->info_hash, 20);
    if (!torrent->known)
        return value_fail(env, "the torrent's metadata is not known");
    if (msg->type == BTW_BITFIELD)
        return value_all_bits(env, torrent, out);
    if (msg->type != BTW_PIECE)
        return value_fail(env, "a torrent does not fit this field");
    uint32_t piece_size = scn_torrent_piece_size(torrent, msg->piece);
    if (msg->begin >= piece_size)
        return value_fail(env, "the block lies outside the torrent");
    uint32_t len = piece_size - msg->begin < BTW_BLOCK_SIZE ? piece_size - msg->begin : BTW_BLOCK_SIZE;
    return value_block(env, torrent, msg->piece, msg->begin, len, out);
}

static bool set_bytes(struct scn_env *env, const struct scn_value *value, const struct btw_field *field,
                      struct btw_msg *msg)
{
    uint8_t *at = (uint8_t *)msg + field->offset;
    struct scn_value bytes = *value;
    if (value->kind == SCN_VALUE_TORRENT && !torrent_bytes(env, value->torrent, msg, field->size, &bytes))
        return false;
    if (bytes.kind != SCN_VALUE_BYTES)
        return value_fail(env, "bytes are wanted");
    if (field->kind == BTW_KIND_REST || field->kind == BTW_KIND_PAYLOAD) {
        memcpy(at, &bytes.bytes, sizeof bytes.bytes);
        return true;
    }
    if (bytes.bytes.len != field->size)
        return value_fail(env, "the field has another size");
    memcpy(at, bytes.bytes.data, field->size);
    return true;
}

static bool set_number(struct scn_env *env, const struct scn_value *value, const struct btw_field *field,
                       struct btw_msg *msg)
{
    uint8_t *at = (uint8_t *)msg + field->offset;
    int64_t max = field->kind == BTW_KIND_U8 ? UINT8_MAX : field->kind == BTW_KIND_U16 ? UINT16_MAX : UINT32_MAX;
    if (value->kind != SCN_VALUE_INT || value->number < 0 || value->number > max)
        return value_fail(env, "an integer that fits the field is wanted");
    uint8_t u8 = (uint8_t)value->number;
    uint16_t u16 = (uint16_t)value->number;
    uint32_t u32 = (uint32_t)value->number;
    if (field->kind == BTW_KIND_U8)
        memcpy(at, &u8, sizeof u8);
    else if (field->kind == BTW_KIND_U16)
        memcpy(at, &u16, sizeof u16);
    else
        memcpy(at, &u32, sizeof u32);
    return true;
}

static bool set_payload(struct scn_env *env, const struct scn_msg *change, struct btw_msg *msg)
{
    struct btw_slice dict = { NULL, 0 };
    struct scn_value tail = { .kind = SCN_VALUE_BYTES }, all;
    size_t used = 0;
    unsigned flaws;
    if (msg->data.len && btw_ben_check_lenient(msg->data, &used, &flaws, NULL) == BTW_OK) {
        dict = btw_slice_of(msg->data.data, used); /* what is not written stays */
        tail.bytes = btw_slice_of(msg->data.data + used, msg->data.len - used);
    }
    if (change->dict && !scn_eval_bencode(env, change->dict, &dict))
        return false;
    if (change->tail && !scn_eval(env, change->tail, &tail))
        return false;
    if (tail.kind != SCN_VALUE_BYTES)
        return value_fail(env, "bytes are wanted behind the dictionary");
    if (!join(env, dict, tail.bytes, &all))
        return false;
    msg->data = all.bytes;
    return true;
}

bool scn_msg_set(struct scn_env *env, const struct scn_msg *change, struct btw_msg *msg)
{
    const struct btw_desc *desc = btw_desc_of(msg->type);
    for (size_t i = 0; i < BTW_FIELDS_MAX && desc->fields[i].name; i++) {
        const struct btw_field *field = &desc->fields[i];
        struct scn_value value;
        if (!change->fields[i])
            continue;
        if (!scn_eval(env, change->fields[i], &value))
            return false;
        bool number = field->kind == BTW_KIND_U8 || field->kind == BTW_KIND_U16 || field->kind == BTW_KIND_U32;
        if (!(number ? set_number(env, &value, field, msg) : set_bytes(env, &value, field, msg)))
            return false;
    }
    return (!change->dict && !change->tail) || set_payload(env, change, msg);
}

bool scn_msg_build(struct scn_env *env, const struct scn_msg *from, struct btw_msg *out)
{
    memset(out, 0, sizeof *out);
    out->type = from->desc->type;
    if (out->type == BTW_HANDSHAKE)
        memcpy(out->peer_id, env->peer_id, sizeof out->peer_id);
    return scn_msg_set(env, from, out);
}

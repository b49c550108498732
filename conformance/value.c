/* SPDX-License-Identifier: MIT
 *
 * Evaluates expressions and builds messages from templates.  Patterns are match.c's.
 */
#include "value.h"

#include <inttypes.h>
#include <stdio.h>

#include "btw/bencode.h"
#include "btw/hash.h"

uint64_t scn_random(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static bool fail(struct scn_env *env, const char *why)
{
    env->error = why;
    return false;
}

static bool give_int(struct scn_value *out, int64_t number)
{
    *out = (struct scn_value){ .kind = SCN_VALUE_INT, .number = number };
    return true;
}

static bool give_bytes(struct scn_value *out, const uint8_t *data, size_t len)
{
    *out = (struct scn_value){ .kind = SCN_VALUE_BYTES, .bytes = { data, len } };
    return true;
}

/* ---- functions --------------------------------------------------------------------------------------------------------- */

/* Room for len bytes, NULL when an expression asks for too many. */
static uint8_t *room(struct scn_env *env, uint64_t len)
{
    if (len > SCN_VALUE_BYTES_MAX) {
        env->error = "more bytes than an expression may come to";
        return NULL;
    }
    return scn_arena_get(env->arena, (size_t)len + 1);
}

static bool arg_int(struct scn_env *env, const struct scn_value *arg, int64_t min, int64_t max, int64_t *out)
{
    if (arg->kind != SCN_VALUE_INT || arg->number < min || arg->number > max)
        return fail(env, "an argument is not an integer in range");
    *out = arg->number;
    return true;
}

static bool arg_torrent(struct scn_env *env, const struct scn_value *arg, const struct scn_torrent **out)
{
    if (arg->kind != SCN_VALUE_TORRENT)
        return fail(env, "an argument is not a torrent");
    if (!arg->torrent->known)
        return fail(env, "the torrent's metadata is not known");
    *out = arg->torrent;
    return true;
}

static bool block_of(struct scn_env *env, const struct scn_torrent *torrent, uint32_t piece, uint32_t begin, size_t len,
                     struct scn_value *out)
{
    uint8_t *data = room(env, len);
    if (!data)
        return false;
    if (!scn_torrent_block(torrent, piece, begin, data, len))
        return fail(env, "the torrent has no such block, or its content is not known");
    return give_bytes(out, data, len);
}

static bool call_block(struct scn_env *env, const struct scn_value *args, size_t count, struct scn_value *out)
{
    const struct scn_torrent *torrent;
    int64_t piece, begin, len;
    (void)count;
    return arg_torrent(env, &args[0], &torrent) && arg_int(env, &args[1], 0, UINT32_MAX, &piece) &&
           arg_int(env, &args[2], 0, UINT32_MAX, &begin) && arg_int(env, &args[3], 0, SCN_VALUE_BYTES_MAX, &len) &&
           block_of(env, torrent, (uint32_t)piece, (uint32_t)begin, (size_t)len, out);
}

static bool all_bits(struct scn_env *env, const struct scn_torrent *torrent, struct scn_value *out)
{
    uint32_t pieces = torrent->meta.pieces;
    uint8_t *bits = room(env, btw_bits_size(pieces));
    if (!bits)
        return false;
    for (uint32_t i = 0; i < pieces; i++)
        btw_bit_set(bits, i, true);
    return give_bytes(out, bits, btw_bits_size(pieces));
}

static bool call_metadata(struct scn_env *env, const struct scn_value *args, size_t count, struct scn_value *out)
{
    const struct scn_torrent *torrent;
    if (!arg_torrent(env, &args[0], &torrent))
        return false;
    struct btw_slice info = torrent->meta.info;
    if (count == 1)
        return give_bytes(out, info.data, info.len);
    int64_t piece;
    if (!arg_int(env, &args[1], 0, (int64_t)((info.len - 1) / BTW_BLOCK_SIZE), &piece))
        return false;
    size_t at = (size_t)piece * BTW_BLOCK_SIZE;
    size_t len = info.len - at < BTW_BLOCK_SIZE ? info.len - at : BTW_BLOCK_SIZE;
    return give_bytes(out, info.data + at, len);
}

static bool fill(struct scn_env *env, const struct scn_value *arg, int byte, struct scn_value *out)
{
    int64_t len;
    if (!arg_int(env, arg, 0, SCN_VALUE_BYTES_MAX, &len))
        return false;
    uint8_t *data = room(env, (uint64_t)len);
    if (!data)
        return false;
    memset(data, byte, (size_t)len);
    return give_bytes(out, data, (size_t)len);
}

static bool call_zeros(struct scn_env *env, const struct scn_value *args, size_t count, struct scn_value *out)
{
    (void)count;
    return fill(env, &args[0], 0, out);
}

static bool call_ones(struct scn_env *env, const struct scn_value *args, size_t count, struct scn_value *out)
{
    (void)count;
    return fill(env, &args[0], 0xff, out);
}

static bool call_random(struct scn_env *env, const struct scn_value *args, size_t count, struct scn_value *out)
{
    if (!call_zeros(env, args, count, out))
        return false;
    uint8_t *data = (uint8_t *)out->bytes.data;
    for (size_t i = 0; i < out->bytes.len; i += 8) {
        uint64_t bits = scn_random(env->random);
        size_t left = out->bytes.len - i;
        memcpy(data + i, &bits, left < 8 ? left : 8);
    }
    return true;
}

static bool call_repeat(struct scn_env *env, const struct scn_value *args, size_t count, struct scn_value *out)
{
    int64_t times;
    (void)count;
    if (args[0].kind != SCN_VALUE_BYTES)
        return fail(env, "repeat(bytes, times) wants bytes");
    if (!arg_int(env, &args[1], 0, SCN_VALUE_BYTES_MAX, &times))
        return false;
    struct btw_slice unit = args[0].bytes;
    uint8_t *data = room(env, (uint64_t)times * unit.len);
    if (!data)
        return false;
    for (int64_t i = 0; i < times; i++)
        memcpy(data + (size_t)i * unit.len, unit.data, unit.len);
    return give_bytes(out, data, (size_t)times * unit.len);
}

static bool call_sorted(struct scn_env *env, const struct scn_value *args, size_t count, struct scn_value *out)
{
    struct btw_slice dict = args[0].kind == SCN_VALUE_BYTES ? args[0].bytes : btw_slice_of(NULL, 0);
    uint8_t *data = room(env, dict.len);
    (void)count;
    return (data && scn_sorted(data, dict)) ? give_bytes(out, data, dict.len)
                                            : fail(env, "sorted(bytes) wants a bencoded dictionary of few keys");
}

static bool call_sha1(struct scn_env *env, const struct scn_value *args, size_t count, struct scn_value *out)
{
    (void)count;
    if (args[0].kind != SCN_VALUE_BYTES)
        return fail(env, "sha1(bytes) wants bytes");
    uint8_t *hash = room(env, 20);
    btw_sha1(hash, args[0].bytes);
    return give_bytes(out, hash, 20);
}

static bool big_endian(struct scn_env *env, const struct scn_value *arg, size_t size, struct scn_value *out)
{
    if (arg->kind != SCN_VALUE_INT)
        return fail(env, "an argument is not an integer");
    uint8_t *data = room(env, size);
    for (size_t i = 0; i < size; i++)
        data[i] = (uint8_t)((uint64_t)arg->number >> (8 * (size - 1 - i)));
    return give_bytes(out, data, size);
}

static bool call_u16(struct scn_env *env, const struct scn_value *args, size_t count, struct scn_value *out)
{
    (void)count;
    return big_endian(env, &args[0], 2, out);
}

static bool call_u32(struct scn_env *env, const struct scn_value *args, size_t count, struct scn_value *out)
{
    (void)count;
    return big_endian(env, &args[0], 4, out);
}

static bool call_min(struct scn_env *env, const struct scn_value *args, size_t count, struct scn_value *out)
{
    (void)count;
    if (args[0].kind != SCN_VALUE_INT || args[1].kind != SCN_VALUE_INT)
        return fail(env, "min(a, b) wants integers");
    return give_int(out, args[0].number < args[1].number ? args[0].number : args[1].number);
}

static bool call_text(struct scn_env *env, const struct scn_value *args, size_t count, struct scn_value *out)
{
    (void)count;
    if (args[0].kind != SCN_VALUE_INT)
        return fail(env, "text(n) wants an integer");
    char *text = scn_arena_format(env->arena, "%" PRId64, args[0].number);
    return give_bytes(out, (const uint8_t *)text, strlen(text));
}

/* clang-format off */
static const struct {
    const char *name;
    size_t min, max;
    bool (*call)(struct scn_env *env, const struct scn_value *args, size_t count, struct scn_value *out);
} functions[] = {
    { "block",    4, 4, call_block },
    { "metadata", 1, 2, call_metadata },
    { "zeros",    1, 1, call_zeros },
    { "ones",     1, 1, call_ones },
    { "random",   1, 1, call_random },
    { "repeat",   2, 2, call_repeat },
    { "sorted",   1, 1, call_sorted },
    { "sha1",     1, 1, call_sha1 },
    { "min",      2, 2, call_min },
    { "u16",      1, 1, call_u16 },
    { "u32",      1, 1, call_u32 },
    { "text",     1, 1, call_text },
};
/* clang-format on */

/* bits(t) and bits(t, [0 9 37]): the list is no value, so this one looks at its expressions. */
static bool call_bits(struct scn_env *env, const struct scn_expr *expr, struct scn_value *out)
{
    struct scn_value arg;
    const struct scn_torrent *torrent;
    if (!scn_eval(env, expr->items[0], &arg) || !arg_torrent(env, &arg, &torrent))
        return false;
    if (expr->count == 1)
        return all_bits(env, torrent, out);
    if (expr->items[1]->kind != SCN_EXPR_LIST)
        return fail(env, "bits(torrent, [pieces]) wants a list of pieces");
    size_t size = btw_bits_size(torrent->meta.pieces);
    uint8_t *bits = room(env, size);
    if (!bits)
        return false;
    for (size_t i = 0; i < expr->items[1]->count; i++) {
        int64_t piece;
        if (!scn_eval_int(env, expr->items[1]->items[i], &piece))
            return false;
        if (piece < 0 || (size_t)piece >= size * 8) /* spare bits may be set on purpose */
            return fail(env, "a piece outside the bitfield");
        btw_bit_set(bits, (size_t)piece, true);
    }
    return give_bytes(out, bits, size);
}

static bool eval_call(struct scn_env *env, const struct scn_expr *expr, struct scn_value *out)
{
    if (strcmp(expr->name, "bits") == 0)
        return call_bits(env, expr, out);
    if (strcmp(expr->name, "bencode") == 0) {
        *out = (struct scn_value){ .kind = SCN_VALUE_BYTES };
        return scn_eval_bencode(env, expr->items[0], &out->bytes);
    }
    for (size_t f = 0; f < sizeof functions / sizeof functions[0]; f++) {
        struct scn_value args[4];
        if (strcmp(expr->name, functions[f].name) != 0)
            continue;
        if (expr->count < functions[f].min || expr->count > functions[f].max)
            return fail(env, "wrong number of arguments");
        for (size_t i = 0; i < expr->count; i++) {
            if (!scn_eval(env, expr->items[i], &args[i]))
                return false;
        }
        return functions[f].call(env, args, expr->count, out);
    }
    return fail(env, "no such function");
}

/* ---- properties of torrents -------------------------------------------------------------------------------------------- */

static bool torrent_property(struct scn_env *env, const struct scn_torrent *torrent, const char *name,
                             struct scn_value *out)
{
    if (strcmp(name, "info_hash") == 0)
        return give_bytes(out, torrent->info_hash, sizeof torrent->info_hash);
    if (!torrent->known)
        return fail(env, "the torrent's metadata is not known");
    const struct btw_metainfo *meta = &torrent->meta;
    const struct {
        const char *name;
        int64_t value;
    } numbers[] = {
        { "pieces", meta->pieces },
        { "piece_length", (int64_t)meta->piece_length },
        { "last", (int64_t)meta->pieces - 1 },
        { "last_length", scn_torrent_piece_size(torrent, meta->pieces - 1) },
        { "size", (int64_t)meta->total_length },
        { "metadata_size", (int64_t)meta->info.len },
        { "metadata_pieces", (int64_t)((meta->info.len + BTW_BLOCK_SIZE - 1) / BTW_BLOCK_SIZE) },
    };
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        if (strcmp(name, numbers[i].name) == 0)
            return give_int(out, numbers[i].value);
    }
    return fail(env, "a torrent has no such property");
}

static bool eval_prop(struct scn_env *env, const struct scn_expr *expr, struct scn_value *out)
{
    const struct scn_expr *of = expr->items[0];
    if (of->kind == SCN_EXPR_CONN) {
        int64_t number;
        if (!env->counter || !env->counter(env->user, of->name, expr->name, &number))
            return fail(env, "no such connection or counter");
        return give_int(out, number);
    }
    struct scn_value value;
    if (!scn_eval(env, of, &value))
        return false;
    if (value.kind != SCN_VALUE_TORRENT)
        return fail(env, "only torrents and connections have properties");
    return torrent_property(env, value.torrent, expr->name, out);
}

/* ---- operators --------------------------------------------------------------------------------------------------------- */

static bool join(struct scn_env *env, struct btw_slice a, struct btw_slice b, struct scn_value *out)
{
    uint8_t *data = room(env, (uint64_t)a.len + b.len);
    if (!data)
        return false;
    if (a.len)
        memcpy(data, a.data, a.len);
    if (b.len)
        memcpy(data + a.len, b.data, b.len);
    return give_bytes(out, data, a.len + b.len);
}

static bool eval_op(struct scn_env *env, const struct scn_expr *expr, struct scn_value *out)
{
    struct scn_value a, b;
    if (!scn_eval(env, expr->items[0], &a) || !scn_eval(env, expr->items[1], &b))
        return false;
    if (expr->op == '+' && a.kind == SCN_VALUE_BYTES && b.kind == SCN_VALUE_BYTES)
        return join(env, a.bytes, b.bytes, out);
    if (a.kind != SCN_VALUE_INT || b.kind != SCN_VALUE_INT)
        return fail(env, "the operands are not integers");
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
            return fail(env, "division by zero or overflow");
        result = expr->op == '/' ? a.number / b.number : a.number % b.number;
    }
    return overflow ? fail(env, "integer overflow") : give_int(out, result);
}

bool scn_eval(struct scn_env *env, const struct scn_expr *expr, struct scn_value *out)
{
    switch (expr->kind) {
    case SCN_EXPR_INT:
        return give_int(out, expr->number);
    case SCN_EXPR_BYTES:
    case SCN_EXPR_RESERVED:
        return give_bytes(out, expr->bytes.data, expr->bytes.len);
    case SCN_EXPR_VAR:
        return (env->get && env->get(env->user, expr->name, out)) || fail(env, "a variable has no value");
    case SCN_EXPR_OP:
        return eval_op(env, expr, out);
    case SCN_EXPR_CALL:
        return eval_call(env, expr, out);
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
    return fail(env, "a pattern where a value is wanted");
}

bool scn_eval_int(struct scn_env *env, const struct scn_expr *expr, int64_t *out)
{
    struct scn_value value;
    if (!scn_eval(env, expr, &value))
        return false;
    if (value.kind != SCN_VALUE_INT)
        return fail(env, "an integer is wanted");
    *out = value.number;
    return true;
}

/* ---- bencoding --------------------------------------------------------------------------------------------------------- */

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
        return fail(env, "a torrent is no bencoded value");
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
    return fail(env, "more bytes than an expression may come to");
}

/* ---- messages ---------------------------------------------------------------------------------------------------------- */

/* What a torrent stands for in a field of bytes. */
static bool torrent_bytes(struct scn_env *env, const struct scn_torrent *torrent, const struct btw_msg *msg, size_t size,
                          struct scn_value *out)
{
    if (size == 20)
        return give_bytes(out, torrent->info_hash, 20);
    if (!torrent->known)
        return fail(env, "the torrent's metadata is not known");
    if (msg->type == BTW_BITFIELD)
        return all_bits(env, torrent, out);
    if (msg->type != BTW_PIECE)
        return fail(env, "a torrent does not fit this field");
    uint32_t piece_size = scn_torrent_piece_size(torrent, msg->piece);
    if (msg->begin >= piece_size)
        return fail(env, "the block lies outside the torrent");
    uint32_t len = piece_size - msg->begin < BTW_BLOCK_SIZE ? piece_size - msg->begin : BTW_BLOCK_SIZE;
    return block_of(env, torrent, msg->piece, msg->begin, len, out);
}

static bool set_bytes(struct scn_env *env, const struct scn_value *value, const struct btw_field *field,
                      struct btw_msg *msg)
{
    uint8_t *at = (uint8_t *)msg + field->offset;
    struct scn_value bytes = *value;
    if (value->kind == SCN_VALUE_TORRENT && !torrent_bytes(env, value->torrent, msg, field->size, &bytes))
        return false;
    if (bytes.kind != SCN_VALUE_BYTES)
        return fail(env, "bytes are wanted");
    if (field->kind == BTW_KIND_REST || field->kind == BTW_KIND_PAYLOAD) {
        memcpy(at, &bytes.bytes, sizeof bytes.bytes);
        return true;
    }
    if (bytes.bytes.len != field->size)
        return fail(env, "the field has another size");
    memcpy(at, bytes.bytes.data, field->size);
    return true;
}

static bool set_number(struct scn_env *env, const struct scn_value *value, const struct btw_field *field,
                       struct btw_msg *msg)
{
    uint8_t *at = (uint8_t *)msg + field->offset;
    int64_t max = field->kind == BTW_KIND_U8 ? UINT8_MAX : field->kind == BTW_KIND_U16 ? UINT16_MAX : UINT32_MAX;
    if (value->kind != SCN_VALUE_INT || value->number < 0 || value->number > max)
        return fail(env, "an integer that fits the field is wanted");
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
        return fail(env, "bytes are wanted behind the dictionary");
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
    if (out->type == BTW_HANDSHAKE && env->peer_id)
        memcpy(out->peer_id, env->peer_id, sizeof out->peer_id);
    return scn_msg_set(env, from, out);
}

/* SPDX-License-Identifier: MIT
 *
 * The functions of the script language, one call_NAME for each row of expr_functions.h.  Their arguments are evaluated
 * and checked here, as the row says.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "beside.h"
#include "btw/bencode.h"
#include "btw/hash.h"
#include "hashes.h"
#include "script_names.h"
#include "value_state.h"

enum { ARGS_MAX = 6 };

/* One argument; which member is filled depends on the letter of the row. */
struct arg {
    const struct scn_torrent *torrent; /* t, always known */
    int64_t number;                    /* i */
    struct btw_slice bytes;            /* b, v */
    const struct scn_expr *list;       /* l: a list is no value, the function looks at its expressions */
};

struct call {
    struct scn_env *env;
    const char *scenario; /* the file that it stands in */
    struct arg args[ARGS_MAX];
    size_t count;
};

static bool in_range(struct scn_env *env, int64_t number, int64_t max)
{
    return (number >= 0 && number <= max) || value_fail(env, "an argument is not an integer in range");
}

/* ---- bytes of a torrent ------------------------------------------------------------------------------------------ */

static bool call_block(const struct call *call, struct scn_value *out)
{
    int64_t piece = call->args[1].number, begin = call->args[2].number, len = call->args[3].number;
    return in_range(call->env, piece, UINT32_MAX) && in_range(call->env, begin, UINT32_MAX) &&
           in_range(call->env, len, SCN_VALUE_BYTES_MAX) &&
           value_block(call->env, call->args[0].torrent, (uint32_t)piece, (uint32_t)begin, (size_t)len, out);
}

static bool call_bits(const struct call *call, struct scn_value *out)
{
    const struct scn_torrent *torrent = call->args[0].torrent;
    if (call->count == 1)
        return value_all_bits(call->env, torrent, out);
    const struct scn_expr *list = call->args[1].list;
    size_t size = btw_bits_size(torrent->meta.pieces);
    uint8_t *bits = value_room(call->env, size);
    if (!bits)
        return false;
    for (size_t i = 0; i < list->count; i++) {
        int64_t piece;
        if (!scn_eval_int(call->env, list->items[i], &piece))
            return false;
        if (piece < 0 || (size_t)piece >= size * 8) /* spare bits may be set on purpose */
            return value_fail(call->env, "a piece outside the bitfield");
        btw_bit_set(bits, (size_t)piece, true);
    }
    return value_bytes(out, bits, size);
}

static bool call_metadata(const struct call *call, struct scn_value *out)
{
    struct btw_slice info = call->args[0].torrent->meta.info;
    if (call->count == 1)
        return value_bytes(out, info.data, info.len);
    int64_t piece = call->args[1].number;
    if (!in_range(call->env, piece, (int64_t)((info.len - 1) / BTW_BLOCK_SIZE)))
        return false;
    size_t at = (size_t)piece * BTW_BLOCK_SIZE;
    size_t len = info.len - at < BTW_BLOCK_SIZE ? info.len - at : BTW_BLOCK_SIZE;
    return value_bytes(out, info.data + at, len);
}

static bool call_handshake(const struct call *call, struct scn_value *out)
{
    struct btw_msg msg = { .type = BTW_HANDSHAKE };
    uint8_t *data = value_room(call->env, BTW_HANDSHAKE_SIZE);
    size_t len;
    if (!data)
        return false;
    btw_reserved_set(msg.reserved, "ext", true);
    btw_reserved_set(msg.reserved, "fast", true);
    memcpy(msg.info_hash, call->args[0].torrent->info_hash, sizeof msg.info_hash);
    memcpy(msg.peer_id, call->env->peer_id, sizeof msg.peer_id);
    return btw_msg_encode(data, BTW_HANDSHAKE_SIZE, &len, &msg) == BTW_OK && value_bytes(out, data, len);
}

/* ---- hash trees (BEP 52) ----------------------------------------------------------------------------------------- */

static bool find_file(const struct call *call, struct btw_metainfo_file *file)
{
    return scn_hashes_file(call->args[0].torrent, call->args[1].number, file) ||
           value_fail(call->env, "the torrent has no such file with a hash tree");
}

static bool call_root(const struct call *call, struct scn_value *out)
{
    struct btw_metainfo_file file;
    return find_file(call, &file) && value_bytes(out, file.root, BTW_SHA256_SIZE);
}

static bool call_hashes(const struct call *call, struct scn_value *out)
{
    const struct arg *args = call->args;
    struct btw_hash_range range = { .length = (uint32_t)args[4].number, .proof = (uint32_t)args[5].number };
    struct btw_metainfo_file file;
    uint8_t *hashes, *copy;
    size_t len;
    range.base = (uint32_t)args[2].number;
    range.index = (uint32_t)args[3].number;
    if (!find_file(call, &file))
        return false;
    if (!scn_hashes_answer(args[0].torrent, &file, &range, true, &hashes, &len))
        return value_fail(call->env, "the file's hash tree has no such part");
    copy = value_room(call->env, len);
    if (copy)
        memcpy(copy, hashes, len);
    free(hashes);
    return copy && value_bytes(out, copy, len);
}

/* ---- bytes from nothing ------------------------------------------------------------------------------------------ */

static bool fill(const struct call *call, int byte, struct scn_value *out)
{
    int64_t len = call->args[0].number;
    uint8_t *data = in_range(call->env, len, SCN_VALUE_BYTES_MAX) ? value_room(call->env, (uint64_t)len) : NULL;
    if (!data)
        return false;
    memset(data, byte, (size_t)len);
    return value_bytes(out, data, (size_t)len);
}

static bool call_zeros(const struct call *call, struct scn_value *out)
{
    return fill(call, 0, out);
}

static bool call_ones(const struct call *call, struct scn_value *out)
{
    return fill(call, 0xff, out);
}

static bool call_random(const struct call *call, struct scn_value *out)
{
    if (!fill(call, 0, out))
        return false;
    uint8_t *data = (uint8_t *)out->bytes.data;
    for (size_t i = 0; i < out->bytes.len; i += 8) {
        uint64_t bits = scn_random(call->env->random);
        size_t left = out->bytes.len - i;
        memcpy(data + i, &bits, left < 8 ? left : 8);
    }
    return true;
}

static bool call_file(const struct call *call, struct scn_value *out)
{
    const struct arg *args = call->args;
    int64_t at = call->count > 1 ? args[1].number : 0;
    if (!scn_beside_is_name(args[0].bytes))
        return value_fail(call->env, "no name of a file beside the scenario");
    int64_t size = scn_beside_size(call->scenario, args[0].bytes);
    if (size < 0)
        return value_fail(call->env, "the file beside the scenario cannot be read");
    int64_t len = call->count > 2 ? args[2].number : size - at;
    if (at < 0 || len < 0 || at > size || len > size - at)
        return value_fail(call->env, "the file beside the scenario has no such bytes");
    uint8_t *data = value_room(call->env, (uint64_t)len);
    if (!data)
        return false;
    return scn_beside_read(data, call->scenario, args[0].bytes, (uint64_t)at, (size_t)len)
               ? value_bytes(out, data, (size_t)len)
               : value_fail(call->env, "the file beside the scenario cannot be read");
}

/* ---- bytes from bytes -------------------------------------------------------------------------------------------- */

static bool call_repeat(const struct call *call, struct scn_value *out)
{
    struct btw_slice unit = call->args[0].bytes;
    int64_t times = call->args[1].number;
    if (!in_range(call->env, times, SCN_VALUE_BYTES_MAX))
        return false;
    uint8_t *data = value_room(call->env, (uint64_t)times * unit.len);
    if (!data)
        return false;
    for (int64_t i = 0; unit.len > 0 && i < times; i++)
        memcpy(data + (size_t)i * unit.len, unit.data, unit.len);
    return value_bytes(out, data, (size_t)times * unit.len);
}

static bool call_sorted(const struct call *call, struct scn_value *out)
{
    struct btw_slice dict = call->args[0].bytes;
    uint8_t *data = value_room(call->env, dict.len);
    return (data && scn_sorted(data, dict))
               ? value_bytes(out, data, dict.len)
               : value_fail(call->env, "sorted(bytes) wants a bencoded dictionary of few keys");
}

static bool call_part(const struct call *call, struct scn_value *out)
{
    struct btw_slice whole = call->args[0].bytes;
    int64_t at = call->args[1].number, len = call->args[2].number;
    if (!in_range(call->env, at, (int64_t)whole.len) || !in_range(call->env, len, (int64_t)whole.len - at))
        return false;
    return value_bytes(out, whole.data + at, (size_t)len);
}

static bool call_sha1(const struct call *call, struct scn_value *out)
{
    uint8_t *hash = value_room(call->env, 20);
    btw_sha1(hash, call->args[0].bytes);
    return value_bytes(out, hash, 20);
}

static bool call_sha256(const struct call *call, struct scn_value *out)
{
    uint8_t *hash = value_room(call->env, BTW_SHA256_SIZE);
    btw_sha256(hash, call->args[0].bytes);
    return value_bytes(out, hash, BTW_SHA256_SIZE);
}

static bool call_bencode(const struct call *call, struct scn_value *out)
{
    return value_bytes(out, call->args[0].bytes.data, call->args[0].bytes.len);
}

/* ---- integers ---------------------------------------------------------------------------------------------------- */

static bool call_min(const struct call *call, struct scn_value *out)
{
    int64_t a = call->args[0].number, b = call->args[1].number;
    return value_int(out, a < b ? a : b);
}

/* Only the low bits of an integer that is larger. */
static bool big_endian(const struct call *call, size_t size, struct scn_value *out)
{
    uint8_t *data = value_room(call->env, size);
    for (size_t i = 0; i < size; i++)
        data[i] = (uint8_t)((uint64_t)call->args[0].number >> (8 * (size - 1 - i)));
    return value_bytes(out, data, size);
}

static bool call_u16(const struct call *call, struct scn_value *out)
{
    return big_endian(call, 2, out);
}

static bool call_u32(const struct call *call, struct scn_value *out)
{
    return big_endian(call, 4, out);
}

static bool call_text(const struct call *call, struct scn_value *out)
{
    char *text = scn_arena_format(call->env->arena, "%" PRId64, call->args[0].number);
    return value_bytes(out, (const uint8_t *)text, strlen(text));
}

/* ---- calls ------------------------------------------------------------------------------------------------------- */

#define CALL(name, min, max, args, what) call_##name,
static bool (*const calls[])(const struct call *call, struct scn_value *out) = { SCN_FUNCTION_LIST(CALL) };

static bool take_arg(struct scn_env *env, char kind, const struct scn_expr *expr, struct arg *out)
{
    struct scn_value value;
    switch (kind) {
    case 'l':
        out->list = expr;
        return expr->kind == SCN_EXPR_LIST || value_fail(env, "an argument is not a list of integers");
    case 'v':
        return scn_eval_bencode(env, expr, &out->bytes);
    }
    if (!scn_eval(env, expr, &value))
        return false;
    switch (kind) {
    case 't':
        out->torrent = value.torrent;
        if (value.kind != SCN_VALUE_TORRENT)
            return value_fail(env, "an argument is not a torrent");
        return value.torrent->known || value_fail(env, "the torrent's metadata is not known");
    case 'i':
        out->number = value.number;
        return value.kind == SCN_VALUE_INT || value_fail(env, "an argument is not an integer");
    case 'b':
        out->bytes = value.bytes;
        return value.kind == SCN_VALUE_BYTES || value_fail(env, "an argument is not bytes");
    }
    abort(); /* a letter that expr_functions.h does not explain */
}

bool value_call(struct scn_env *env, const struct scn_expr *expr, struct scn_value *out)
{
    int number = scn_names_find(&scn_functions, expr->name, strlen(expr->name));
    if (number < 0)
        return value_fail(env, "no such function");
    const struct scn_function *function = scn_function_at((size_t)number);
    if (expr->count < function->min || expr->count > function->max)
        return value_fail(env, "wrong number of arguments");
    struct call call = { .env = env, .scenario = expr->place.file, .count = expr->count };
    for (size_t i = 0; i < expr->count; i++) {
        if (!take_arg(env, function->args[i], expr->items[i], &call.args[i]))
            return false;
    }
    return calls[number](&call, out);
}

/* SPDX-License-Identifier: MIT
 *
 * THE TABLE of the peer wire, and what follows from it: encode and decode.  The text of a message is in notation_*.c,
 * the cutting of a stream into messages in stream.c.
 */
#include <assert.h>
#include <string.h>

#include "msg_impl.h"

/* clang-format off */
#define AT(member)                offsetof(struct btw_msg, member)
#define U8(member)                { #member, BTW_KIND_U8, 1, AT(member), 0, 0, false }
#define U16(member)               { #member, BTW_KIND_U16, 2, AT(member), 0, 0, false }
#define U32(member)               { #member, BTW_KIND_U32, 4, AT(member), 0, 0, false }
#define BYTES(size, member)       { #member, BTW_KIND_BYTES, size, AT(member), 0, 0, false }
#define TEXT(size, member)        { #member, BTW_KIND_BYTES, size, AT(member), 0, 0, true }
#define RESERVED                  { "reserved", BTW_KIND_RESERVED, 8, AT(reserved), 0, 0, false }
#define REST(name, least, unit)   { name, BTW_KIND_REST, 0, AT(data), least, unit, false }
#define PAYLOAD                   { "data", BTW_KIND_PAYLOAD, 0, AT(data), 0, 1, false }
#define ANYTHING                  { "data", BTW_KIND_REST, 0, AT(data), 0, 1, true }
#define NONE                      { NULL, BTW_KIND_U8, 0, 0, 0, 0, false }
#define BLOCK                     U32(piece), U32(begin), U32(length)
#define HASH_RANGE                BYTES(32, root), U32(base), U32(index), U32(length), U32(proof)

/* The messages with an id, in the order of their types. */
#define FRAMES(X)                                                                                                \
    /* type               name             id  spec      fields, in wire order */                                \
    X(BTW_CHOKE,          "choke",           0, "BEP 3",  NONE)                                                  \
    X(BTW_UNCHOKE,        "unchoke",         1, "BEP 3",  NONE)                                                  \
    X(BTW_INTERESTED,     "interested",      2, "BEP 3",  NONE)                                                  \
    X(BTW_NOT_INTERESTED, "not_interested",  3, "BEP 3",  NONE)                                                  \
    X(BTW_HAVE,           "have",            4, "BEP 3",  U32(piece))                                            \
    X(BTW_BITFIELD,       "bitfield",        5, "BEP 3",  REST("bits", 1, 1))                                    \
    X(BTW_REQUEST,        "request",         6, "BEP 3",  BLOCK)                                                 \
    X(BTW_PIECE,          "piece",           7, "BEP 3",  U32(piece), U32(begin), REST("data", 0, 1))            \
    X(BTW_CANCEL,         "cancel",          8, "BEP 3",  BLOCK)                                                 \
    X(BTW_PORT,           "port",            9, "BEP 5",  U16(port))                                             \
    X(BTW_SUGGEST,        "suggest",        13, "BEP 6",  U32(piece))                                            \
    X(BTW_HAVE_ALL,       "have_all",       14, "BEP 6",  NONE)                                                  \
    X(BTW_HAVE_NONE,      "have_none",      15, "BEP 6",  NONE)                                                  \
    X(BTW_REJECT,         "reject",         16, "BEP 6",  BLOCK)                                                 \
    X(BTW_ALLOWED_FAST,   "allowed_fast",   17, "BEP 6",  U32(piece))                                            \
    X(BTW_EXTENDED,       "extended",       20, "BEP 10", U8(ext), PAYLOAD)                                      \
    X(BTW_HASH_REQUEST,   "hash_request",   21, "BEP 52", HASH_RANGE)                                            \
    X(BTW_HASHES,         "hashes",         22, "BEP 52", HASH_RANGE, REST("hashes", 0, 32))                     \
    X(BTW_HASH_REJECT,    "hash_reject",    23, "BEP 52", HASH_RANGE)

#define DESC(type, name, id, spec, ...) { type, name, id, spec, { __VA_ARGS__ } },
static const struct btw_desc descs[] = {
    { BTW_HANDSHAKE, "handshake", -1, "BEP 3", { RESERVED, BYTES(20, info_hash), TEXT(20, peer_id) } },
    { BTW_KEEPALIVE, "keepalive", -1, "BEP 3", { NONE } },
    FRAMES(DESC)
    { BTW_RAW,       "raw",       -1, "",      { ANYTHING } },
};

#define TYPE_OF_ID(type, name, id, spec, ...) [id] = type,
const uint8_t msg_type_of_id[UINT8_MAX + 1] = { FRAMES(TYPE_OF_ID) };

static const uint8_t protocol[20] = "\x13" "BitTorrent protocol";

/* The same rows once more, for the sizes of the fields: as members of a struct of bytes. */
#undef U8
#undef U16
#undef U32
#undef BYTES
#undef REST
#undef PAYLOAD
#undef NONE
#define U8(member)                member[1]
#define U16(member)               member[2]
#define U32(member)               member[4]
#define BYTES(size, member)       member[size]
#define REST(name, least, unit)   rest[OPEN]
#define PAYLOAD                   REST(, ,)
#define NONE                      none[0]
#define SIZE(...)                 sizeof(struct { uint8_t __VA_ARGS__; })

enum { OPEN = 1 << 8, HEAD = 4 + 1 }; /* length prefix and id */

/* By type, the bytes of a message without its data, and OPEN when there may be such behind them. */
#define SIZE_OF_FRAME(type, name, id, spec, ...) [type] = HEAD + SIZE(__VA_ARGS__),
static const uint16_t sizes[BTW_TYPES] = {
    [BTW_HANDSHAKE] = BTW_HANDSHAKE_SIZE,
    [BTW_KEEPALIVE] = 4,
    FRAMES(SIZE_OF_FRAME)
    [BTW_RAW] = OPEN,
};

#define NUMBERS_ONLY(size)        ((size) == 0 || (size) == 4 || (size) == 12)
#define PLAIN_SIZE(type, name, id, spec, ...) \
    [id] = (uint8_t)(NUMBERS_ONLY(SIZE(__VA_ARGS__)) ? HEAD + SIZE(__VA_ARGS__) : 0),
const uint8_t msg_plain_size[UINT8_MAX + 1] = { FRAMES(PLAIN_SIZE) };

static const struct btw_reserved_bit reserved_bits[] = {
    { "azureus",  0, 0x80, "BEP 4" }, /* Azureus messaging */
    { "location", 2, 0x08, "BEP 4" }, /* location-aware */
    { "ext",      5, 0x10, "BEP 10" },
    { "enp2",     5, 0x02, "BEP 4" }, /* extension negotiation, two bits */
    { "enp1",     5, 0x01, "BEP 4" },
    { "v2",       7, 0x10, "BEP 52" }, /* a v1 handshake that may be answered with the v2 hash */
    { "nat",      7, 0x08, "BEP 4" },
    { "fast",     7, 0x04, "BEP 6" },
    { "xbt",      7, 0x02, "BEP 4" },  /* XBT peer exchange */
    { "dht",      7, 0x01, "BEP 5" },
    { NULL,       0, 0,    NULL },
};
/* clang-format on */

const struct btw_reserved_bit *btw_reserved_bits(void)
{
    return reserved_bits;
}

static const struct btw_reserved_bit *reserved_bit(const char *name)
{
    const struct btw_reserved_bit *bit = reserved_bits;

    while (bit->name != NULL && strcmp(bit->name, name) != 0)
        bit++;
    assert(bit->name != NULL);
    return bit;
}

bool btw_reserved_has(const uint8_t reserved[8], const char *name)
{
    const struct btw_reserved_bit *bit = reserved_bit(name);

    return (reserved[bit->byte] & bit->mask) != 0;
}

void btw_reserved_set(uint8_t reserved[8], const char *name, bool value)
{
    const struct btw_reserved_bit *bit = reserved_bit(name);
    uint8_t cleared = (uint8_t)(reserved[bit->byte] & ~bit->mask);

    reserved[bit->byte] = (uint8_t)(cleared | (value ? bit->mask : 0));
}

const struct btw_desc *btw_desc_of(enum btw_type type)
{
    assert((unsigned)type < BTW_TYPES && descs[type].type == type);
    return &descs[type];
}

const struct btw_desc *btw_desc_named(const char *name, size_t len)
{
    for (size_t i = 0; i < BTW_TYPES; i++) {
        if (strlen(descs[i].name) == len && memcmp(descs[i].name, name, len) == 0)
            return &descs[i];
    }
    return NULL;
}

const struct btw_desc *btw_desc_of_id(uint8_t id)
{
    return msg_type_of_id[id] == BTW_HANDSHAKE ? NULL : &descs[msg_type_of_id[id]];
}

static bool is_rest(const struct btw_field *field)
{
    return field->kind == BTW_KIND_REST || field->kind == BTW_KIND_PAYLOAD;
}

uint32_t btw_field_number(const struct btw_msg *msg, const struct btw_field *field)
{
    const void *member = (const uint8_t *)msg + field->offset;

    assert(field->kind < BTW_KIND_BYTES);
    if (field->kind == BTW_KIND_U8)
        return *(const uint8_t *)member;
    if (field->kind == BTW_KIND_U16)
        return *(const uint16_t *)member;
    return *(const uint32_t *)member;
}

void btw_field_set_number(struct btw_msg *msg, const struct btw_field *field, uint32_t value)
{
    void *member = (uint8_t *)msg + field->offset;

    assert(field->kind < BTW_KIND_BYTES);
    assert(field->size == 4 || value >> 8 * field->size == 0);
    if (field->kind == BTW_KIND_U8)
        *(uint8_t *)member = (uint8_t)value;
    else if (field->kind == BTW_KIND_U16)
        *(uint16_t *)member = (uint16_t)value;
    else
        *(uint32_t *)member = value;
}

struct btw_slice btw_field_bytes(const struct btw_msg *msg, const struct btw_field *field)
{
    const void *member = (const uint8_t *)msg + field->offset;

    assert(field->kind >= BTW_KIND_BYTES);
    return is_rest(field) ? *(const struct btw_slice *)member : btw_slice_of(member, field->size);
}

/* Bytes of msg->data, which come last in any message that has them. */
static size_t rest_size(const struct btw_msg *msg)
{
    return sizes[msg->type] >= OPEN ? msg->data.len : 0;
}

size_t btw_msg_size(const struct btw_msg *msg)
{
    assert((unsigned)msg->type < BTW_TYPES);
    return sizes[msg->type] % OPEN + rest_size(msg);
}

static void field_write(struct btw_writer *w, const struct btw_msg *msg, const struct btw_field *field)
{
    switch (field->kind) {
    case BTW_KIND_U8:
        btw_write_u8(w, (uint8_t)btw_field_number(msg, field));
        return;
    case BTW_KIND_U16:
        btw_write_u16(w, (uint16_t)btw_field_number(msg, field));
        return;
    case BTW_KIND_U32:
        btw_write_u32(w, btw_field_number(msg, field));
        return;
    case BTW_KIND_BYTES:
    case BTW_KIND_RESERVED:
    case BTW_KIND_REST:
    case BTW_KIND_PAYLOAD:
        btw_write_bytes(w, btw_field_bytes(msg, field));
        return;
    }
}

/* The whole message, or what stands in front of msg->data. */
static inline enum btw_status encode(uint8_t *out, size_t cap, size_t *len, const struct btw_msg *msg, bool whole)
{
    const struct btw_desc *desc = btw_desc_of(msg->type);
    size_t size = btw_msg_size(msg), written = whole ? size : size - rest_size(msg);
    struct btw_writer w = btw_writer_on(out, cap);

    *len = 0;
    if (written > cap || (desc->id >= 0 && size - 4 > UINT32_MAX))
        return BTW_NO_SPACE;
    if (desc->type == BTW_HANDSHAKE)
        btw_write_bytes(&w, btw_slice_of(protocol, sizeof protocol));
    else if (desc->type != BTW_RAW)
        btw_write_u32(&w, (uint32_t)(size - 4));
    if (desc->id >= 0)
        btw_write_u8(&w, (uint8_t)desc->id);
    for (const struct btw_field *field = desc->fields; field->name != NULL; field++)
        if (whole || !is_rest(field))
            field_write(&w, msg, field);
    assert(!w.failed && w.len == written);
    *len = written;
    return BTW_OK;
}

enum btw_status btw_msg_encode(uint8_t *out, size_t cap, size_t *len, const struct btw_msg *msg)
{
    return encode(out, cap, len, msg, true);
}

enum btw_status btw_msg_encode_head(uint8_t *out, size_t cap, size_t *len, const struct btw_msg *msg)
{
    return encode(out, cap, len, msg, false);
}

static void set_raw(struct btw_msg *msg, struct btw_slice bytes)
{
    msg_clear(msg, BTW_RAW);
    msg->data = bytes;
}

/* The rest of a message, which must have `least` bytes and then a multiple of `unit`. */
static struct btw_slice read_rest(struct btw_reader *r, const struct btw_field *field)
{
    struct btw_slice rest = btw_read_rest(r);

    if (rest.len < field->least || (field->unit > 1 && (rest.len - field->least) % field->unit != 0))
        r->failed = true;
    return rest;
}

static void field_read(struct btw_msg *msg, const struct btw_field *field, struct btw_reader *r)
{
    void *member = (uint8_t *)msg + field->offset;
    struct btw_slice bytes;

    switch (field->kind) {
    case BTW_KIND_U8:
        *(uint8_t *)member = btw_read_u8(r);
        return;
    case BTW_KIND_U16:
        *(uint16_t *)member = btw_read_u16(r);
        return;
    case BTW_KIND_U32:
        *(uint32_t *)member = btw_read_u32(r);
        return;
    case BTW_KIND_BYTES:
    case BTW_KIND_RESERVED:
        bytes = btw_read_bytes(r, field->size);
        if (bytes.len > 0)
            memcpy(member, bytes.data, bytes.len);
        return;
    case BTW_KIND_REST:
    case BTW_KIND_PAYLOAD:
        *(struct btw_slice *)member = read_rest(r, field);
        return;
    }
}

/* False when the fields do not fill the body exactly. */
static bool fields_read(struct btw_msg *msg, const struct btw_desc *desc, struct btw_slice body)
{
    struct btw_reader r = btw_reader_of(body);

    msg_clear(msg, desc->type);
    for (const struct btw_field *field = desc->fields; field->name != NULL; field++)
        field_read(msg, field, &r);
    return !r.failed && r.at == r.len;
}

/* Says why a length prefix does not fit the fields of a message.  The least value of each is in ledger row BEP3-FRM-01.
 */
static enum btw_status misfit(const struct btw_desc *desc, size_t len, struct btw_diag *diag)
{
    const struct btw_field *rest = NULL;
    size_t wanted = 1, end;

    for (const struct btw_field *field = desc->fields; field->name != NULL; field++) {
        wanted += is_rest(field) ? field->least : field->size;
        rest = is_rest(field) ? field : NULL;
    }
    end = 4 + (len < wanted ? len : wanted);
    if (rest == NULL)
        return btw_fail(diag, BTW_BAD_WIRE, end, "%s has length %zu, must be %zu", desc->name, len, wanted);
    if (len < wanted)
        return btw_fail(diag, BTW_BAD_WIRE, end, "%s has length %zu, must be at least %zu", desc->name, len, wanted);
    return btw_fail(diag, BTW_BAD_WIRE, 4 + len, "%s has length %zu, must be %zu and a multiple of %u more", desc->name,
                    len, wanted, (unsigned)rest->unit);
}

static __attribute__((noinline)) enum btw_status decode(struct btw_msg *msg, size_t *used, struct btw_slice in,
                                                        size_t len_max, struct btw_diag *diag)
{
    struct btw_reader r = btw_reader_of(in);
    uint32_t len = btw_read_u32(&r);
    const struct btw_desc *desc;
    struct btw_slice frame, body;

    *used = 0;
    if (!r.failed && len > len_max) {
        set_raw(msg, btw_slice_of(in.data, 4));
        return btw_fail(diag, BTW_TOO_LONG, 0, "length prefix %u is above the limit of %zu", (unsigned)len, len_max);
    }
    if (r.failed || in.len - 4 < len) {
        set_raw(msg, btw_slice_of(NULL, 0));
        return BTW_MORE;
    }

    frame = btw_slice_of(in.data, 4 + (size_t)len);
    *used = frame.len;
    desc = len == 0 ? btw_desc_of(BTW_KEEPALIVE) : btw_desc_of_id(frame.data[4]);
    body = len == 0 ? btw_slice_of(frame.data + 4, 0) : btw_slice_of(frame.data + HEAD, len - 1);
    if (desc != NULL && fields_read(msg, desc, body))
        return BTW_OK;
    set_raw(msg, frame);
    return desc == NULL ? BTW_OK : misfit(desc, len, diag);
}

enum btw_status btw_msg_decode(struct btw_msg *msg, size_t *used, struct btw_slice in, size_t len_max,
                               struct btw_diag *diag)
{
    if (len_max >= MSG_PLAIN_MAX - 4 && msg_decode_plain(msg, used, in))
        return BTW_OK;
    return decode(msg, used, in, len_max, diag);
}

enum btw_status btw_handshake_decode(struct btw_msg *msg, size_t *used, struct btw_slice in, struct btw_diag *diag)
{
    *used = 0;
    set_raw(msg, in);
    for (size_t i = 0; i < sizeof protocol && i < in.len; i++) {
        if (in.data[i] == protocol[i])
            continue;
        *used = in.len;
        return btw_fail(diag, BTW_BAD_WIRE, i, "byte %zu of the handshake is 0x%02x, must be 0x%02x", i, in.data[i],
                        protocol[i]);
    }
    if (in.len < BTW_HANDSHAKE_SIZE)
        return BTW_MORE;
    *used = BTW_HANDSHAKE_SIZE;
    (void)fields_read(msg, btw_desc_of(BTW_HANDSHAKE),
                      btw_slice_of(in.data + sizeof protocol, BTW_HANDSHAKE_SIZE - sizeof protocol));
    return BTW_OK;
}

static bool field_equal(const struct btw_msg *a, const struct btw_msg *b, const struct btw_field *field)
{
    if (field->kind < BTW_KIND_BYTES)
        return btw_field_number(a, field) == btw_field_number(b, field);
    return btw_slice_equal(btw_field_bytes(a, field), btw_field_bytes(b, field));
}

bool btw_msg_equal(const struct btw_msg *a, const struct btw_msg *b)
{
    if (a->type != b->type)
        return false;
    for (const struct btw_field *field = btw_desc_of(a->type)->fields; field->name != NULL; field++) {
        if (!field_equal(a, b, field))
            return false;
    }
    return true;
}

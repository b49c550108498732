/* SPDX-License-Identifier: MIT
 *
 * Mutations of a message stream: frames come, go and change places, their fields take odd values by the kind that the
 * message table gives them, and now and then a length prefix lies.
 */
#include "mutate.h"

enum { FRAMES_MAX = 256, PREFIX = 4, LIE_ONE_IN = 8 };

struct frames {
    struct btw_slice frame[FRAMES_MAX];
    size_t count;
};

/* The last one may be cut, or be no frame at all. */
static struct frames split(struct btw_slice in)
{
    struct frames frames = { .count = 0 };

    while (in.len > 0 && frames.count < FRAMES_MAX) {
        size_t len = in.len;
        if (frames.count == 0 && in.data[0] == 19)
            len = BTW_HANDSHAKE_SIZE;
        else if (in.len >= PREFIX)
            len = PREFIX + (size_t)btw_u32_at(in.data);
        if (len > in.len || frames.count + 1 == FRAMES_MAX)
            len = in.len;
        frames.frame[frames.count++] = btw_slice_of(in.data, len);
        in = btw_slice_of(in.data + len, in.len - len);
    }
    return frames;
}

static void put(struct btw_writer *w, const struct frames *frames, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++)
        btw_write_bytes(w, frames->frame[i]);
}

/* ---- messages ---------------------------------------------------------------------------------------------------- */

static uint32_t odd_number(struct mutate *m, uint32_t now)
{
    const uint32_t numbers[] = { 0, 1, 2, 9, 10, 5000, now - 1, now + 1, 16384, 32768, 0xffffc000, UINT32_MAX };

    if (mutate_below(m, 3) == 0) /* around a power of two */
        return (UINT32_C(1) << mutate_below(m, 32)) + (uint32_t)mutate_below(m, 3) - 1;
    return mutate_below(m, 4) == 0 ? (uint32_t)mutate_below(m, 64) : MUTATE_PICK(m, numbers);
}

/* Bytes for the rest of a message: what was there, longer or shorter, or something bencoded. */
static struct btw_slice odd_rest(struct mutate *m, struct btw_slice now, bool is_payload)
{
    static const char *const payloads[] = { "d1:md11:lt_donthavei7e11:upload_onlyi3e11:ut_metadatai2e6:ut_pexi1eee",
                                            "d8:msg_typei0e5:piecei0ee", "d8:msg_typei1e5:piecei0e10:total_sizei1eex",
                                            "d5:added6:abcdef7:added.f1:xe" };
    static uint8_t room[MUTATE_ROOM];
    static const size_t sizes[] = { 0, 1, 2, 4, 5, 31, 32, 64 };
    struct btw_writer w = btw_writer_on(room, sizeof room);
    struct btw_slice value;
    size_t len;

    if (is_payload && mutate_below(m, 3) == 0)
        return btw_slice_str(MUTATE_PICK(m, payloads));
    value = is_payload ? mutate_bencode_in(now) : btw_slice_of(NULL, 0);
    if (value.len > 0) {
        mutate_bencode(m, &w, now, value);
        return w.failed ? now : btw_slice_of(room, w.len);
    }
    len = now.len < sizeof room / 2 ? now.len : sizeof room / 2;
    memset(room, (int)mutate_below(m, 256), len + 64);
    if (len > 0)
        memcpy(room, now.data, len);
    if (mutate_below(m, 2) == 0)
        return btw_slice_of(room, m->bytes(room, len, len + 64));
    return btw_slice_of(room, mutate_below(m, 2) == 0 ? len + mutate_below(m, 3) - (len > 0) : MUTATE_PICK(m, sizes));
}

static void change_field(struct mutate *m, struct btw_msg *msg, const struct btw_field *field)
{
    uint8_t *bytes = (uint8_t *)msg + field->offset;

    switch (field->kind) {
    case BTW_KIND_U8:
        btw_field_set_number(msg, field, odd_number(m, btw_field_number(msg, field)) & UINT8_MAX);
        break;
    case BTW_KIND_U16:
        btw_field_set_number(msg, field, odd_number(m, btw_field_number(msg, field)) & UINT16_MAX);
        break;
    case BTW_KIND_U32:
        btw_field_set_number(msg, field, odd_number(m, btw_field_number(msg, field)));
        break;
    case BTW_KIND_BYTES:
        bytes[mutate_below(m, field->size)] ^= (uint8_t)(1 + mutate_below(m, 255));
        break;
    case BTW_KIND_RESERVED:
        bytes[mutate_below(m, field->size)] ^= (uint8_t)(1 << mutate_below(m, 8));
        break;
    case BTW_KIND_REST:
    case BTW_KIND_PAYLOAD:
        msg->data = odd_rest(m, msg->data, field->kind == BTW_KIND_PAYLOAD);
        break;
    }
}

static void change_some_field(struct mutate *m, struct btw_msg *msg)
{
    const struct btw_desc *desc = btw_desc_of(msg->type);
    size_t count = 0;

    while (count < BTW_FIELDS_MAX && desc->fields[count].name != NULL)
        count++;
    if (count > 0)
        change_field(m, msg, &desc->fields[mutate_below(m, count)]);
}

static void put_msg(struct mutate *m, struct btw_writer *w, const struct btw_msg *msg)
{
    size_t len = 0, at = w->len;
    const uint32_t lies[] = { 0, 1, UINT32_MAX, 0x80000000, 1 << 20, 2 };

    if (w->failed || btw_msg_encode(w->data + w->len, w->cap - w->len, &len, msg) != BTW_OK) {
        w->failed = true;
        return;
    }
    w->len += len;
    if (msg->type != BTW_HANDSHAKE && len >= PREFIX && mutate_below(m, LIE_ONE_IN) == 0) {
        struct btw_writer prefix = btw_writer_on(w->data + at, PREFIX);
        uint32_t truth = btw_u32_at(w->data + at);
        btw_write_u32(&prefix,
                      mutate_below(m, 2) == 0 ? truth + 1 - 2 * (uint32_t)mutate_below(m, 2) : MUTATE_PICK(m, lies));
    }
}

/* Any message but the handshake, which stands first in the table, and raw bytes, which stand last. */
static void put_new(struct mutate *m, struct btw_writer *w)
{
    struct btw_msg msg = { .type = (enum btw_type)(BTW_KEEPALIVE + mutate_below(m, BTW_RAW - BTW_KEEPALIVE)) };

    if (msg.type == BTW_EXTENDED)
        msg.data = odd_rest(m, msg.data, true);
    else if (mutate_below(m, 4) > 0)
        change_some_field(m, &msg);
    put_msg(m, w, &msg);
}

static void put_changed(struct mutate *m, struct btw_writer *w, struct btw_slice frame)
{
    struct btw_msg msg;
    size_t used = 0;
    enum btw_status status = frame.data[0] == 19 && frame.len == BTW_HANDSHAKE_SIZE
                                 ? btw_handshake_decode(&msg, &used, frame, NULL)
                                 : btw_msg_decode(&msg, &used, frame, MUTATE_ROOM, NULL);

    if (status != BTW_OK || msg.type == BTW_RAW) {
        btw_write_bytes(w, frame);
        put_new(m, w);
        return;
    }
    change_some_field(m, &msg);
    put_msg(m, w, &msg);
}

/* ---- streams ----------------------------------------------------------------------------------------------------- */

void mutate_stream(struct mutate *m, struct btw_writer *w, struct btw_slice in)
{
    enum { INSERT, CHANGE, CHANGE_MORE, REPEAT, DELETE, SWAP, WAYS };
    struct frames frames = split(in);
    size_t at = mutate_below(m, frames.count), other = mutate_below(m, frames.count), way = mutate_below(m, WAYS);

    if (way == SWAP) {
        struct btw_slice frame = frames.frame[at];
        frames.frame[at] = frames.frame[other];
        frames.frame[other] = frame;
        put(w, &frames, 0, frames.count);
        return;
    }
    put(w, &frames, 0, at);
    if (way == CHANGE || way == CHANGE_MORE)
        put_changed(m, w, frames.frame[at]);
    else if (way != DELETE)
        btw_write_bytes(w, frames.frame[at]);
    if (way == INSERT)
        put_new(m, w);
    if (way == REPEAT)
        btw_write_bytes(w, frames.frame[other]);
    put(w, &frames, at + 1, frames.count);
}

/* The front of one and the end of the other, or one frame of the other inside. */
void mutate_stream_cross(struct mutate *m, struct btw_writer *w, struct btw_slice in, struct btw_slice other)
{
    struct frames one = split(in), two = split(other);
    size_t at = mutate_below(m, one.count + 1), from = mutate_below(m, two.count + 1);

    put(w, &one, 0, at);
    if (mutate_below(m, 2) == 0) {
        put(w, &two, from, two.count);
    } else {
        put(w, &two, from, from < two.count ? from + 1 : from);
        put(w, &one, at, one.count);
    }
}

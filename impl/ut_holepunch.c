/* SPDX-License-Identifier: MIT
 *
 * The payload of ut_holepunch (BEP 55).  Whom to introduce to whom is left to the client.
 */
#include "btw/ut_holepunch.h"

#include <assert.h>

enum { IPV4, IPV6 }; /* kinds of address on the wire */
enum { IPV4_SIZE = 4, IPV6_SIZE = 16 };

enum btw_status btw_ut_holepunch_decode(struct btw_ut_holepunch *out, struct btw_slice payload, struct btw_diag *diag)
{
    struct btw_reader r = btw_reader_of(payload);
    uint8_t type = btw_read_u8(&r), kind = btw_read_u8(&r);
    struct btw_ut_holepunch msg = { .type = (enum btw_holepunch_type)type };

    if (r.failed)
        return btw_fail(diag, BTW_BAD_WIRE, payload.len, "ut_holepunch without a type and a kind of address");
    if (type > BTW_HOLEPUNCH_ERROR)
        return btw_fail(diag, BTW_BAD_WIRE, 0, "ut_holepunch of the unknown type %u", type);
    if (kind > IPV6)
        return btw_fail(diag, BTW_BAD_WIRE, 1, "an address of the unknown kind %u", kind);
    msg.peer.address_len = kind == IPV4 ? IPV4_SIZE : IPV6_SIZE;
    struct btw_slice address = btw_read_bytes(&r, msg.peer.address_len);
    msg.peer.port = btw_read_u16(&r);
    msg.is_short = r.at == payload.len && type != BTW_HOLEPUNCH_ERROR;
    if (!msg.is_short)
        msg.error = btw_read_u32(&r);
    if (r.failed || address.data == NULL || r.at != payload.len)
        return btw_fail(diag, BTW_BAD_WIRE, r.at, "ut_holepunch with %zu bytes does not fit its kind", payload.len);
    memcpy(msg.peer.address, address.data, address.len);
    *out = msg;
    return BTW_OK;
}

enum btw_status btw_ut_holepunch_encode(uint8_t *out, size_t cap, size_t *len, const struct btw_ut_holepunch *msg)
{
    struct btw_writer w = btw_writer_on(out, cap);

    assert(msg->peer.address_len == IPV4_SIZE || msg->peer.address_len == IPV6_SIZE);
    btw_write_u8(&w, (uint8_t)msg->type);
    btw_write_u8(&w, msg->peer.address_len == IPV4_SIZE ? IPV4 : IPV6);
    btw_write_bytes(&w, btw_slice_of(msg->peer.address, msg->peer.address_len));
    btw_write_u16(&w, msg->peer.port);
    btw_write_u32(&w, msg->error);
    return btw_writer_end(&w, len);
}

const char *btw_holepunch_error_name(uint32_t error)
{
    static const char *const names[] = { "none", "NoSuchPeer", "NotConnected", "NoSupport", "NoSelf" };

    return error < sizeof names / sizeof names[0] ? names[error] : "unknown";
}

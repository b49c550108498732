/* SPDX-License-Identifier: MIT
 *
 * The sender's side of lt_donthave (BEP 54); the receiver's is the session's.
 */
#include "btw/lt_donthave.h"
#include "wire_impl.h"

/* BEP 54: what is open is rejected.  Without Fast nothing is: the session has made it void. */
static void reject_open(struct btw_wire *wire, uint32_t piece)
{
    const struct btw_party *them = &wire->session.party[BTW_THEM];
    size_t kept = 0;

    while (wire->closed == BTW_CLOSE_NONE && kept < them->pending_count) {
        struct btw_block block = them->pending[kept].block;

        if (block.piece == piece)
            wire_reject(wire, block);
        else
            kept++;
    }
}

enum btw_status btw_wire_donthave(struct btw_wire *wire, uint32_t piece, int64_t now_ms)
{
    uint8_t payload[BTW_LT_DONTHAVE_SIZE];
    enum btw_status status;

    btw_lt_donthave_encode(payload, piece);
    status = btw_wire_extended(wire, "lt_donthave", btw_slice_of(payload, sizeof payload), now_ms);
    if (status == BTW_OK)
        reject_open(wire, piece);
    return status;
}

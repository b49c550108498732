/* SPDX-License-Identifier: MIT
 *
 * The payload of lt_donthave (BEP 54).  What it means is the session's.
 */
#include "btw/lt_donthave.h"

enum btw_status btw_lt_donthave_decode(uint32_t *piece, struct btw_slice payload, struct btw_diag *diag)
{
    struct btw_reader r = btw_reader_of(payload);

    if (payload.len != BTW_LT_DONTHAVE_SIZE)
        return btw_fail(diag, BTW_BAD_WIRE, 0, "lt_donthave with %zu bytes instead of %d", payload.len,
                        BTW_LT_DONTHAVE_SIZE);
    *piece = btw_read_u32(&r);
    return BTW_OK;
}

void btw_lt_donthave_encode(uint8_t out[4], uint32_t piece)
{
    struct btw_writer w = btw_writer_on(out, BTW_LT_DONTHAVE_SIZE);

    btw_write_u32(&w, piece);
}

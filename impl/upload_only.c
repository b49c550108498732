/* SPDX-License-Identifier: MIT
 *
 * The payload of the message upload_only.  What it means is the session's.
 */
#include "btw/upload_only.h"

enum btw_status btw_upload_only_decode(bool *upload_only, struct btw_slice payload, struct btw_diag *diag)
{
    if (payload.len != BTW_UPLOAD_ONLY_SIZE)
        return btw_fail(diag, BTW_BAD_WIRE, 0, "upload_only with %zu bytes instead of %d", payload.len,
                        BTW_UPLOAD_ONLY_SIZE);
    *upload_only = payload.data[0] != 0;
    return BTW_OK;
}

void btw_upload_only_encode(uint8_t out[1], bool upload_only)
{
    out[0] = upload_only;
}

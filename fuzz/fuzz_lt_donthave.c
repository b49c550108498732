/* SPDX-License-Identifier: MIT
 *
 * The extended messages of a fixed size, lt_donthave and upload_only: just that size is taken, and comes back.
 */
#include "btw/lt_donthave.h"
#include "btw/upload_only.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct btw_slice in = btw_slice_of(data, size);
    struct btw_diag diag = { 0 }, *told = fuzz_is_due(data, size, 0, 16) ? &diag : NULL;
    uint32_t piece = 0xdecade;
    uint8_t wire[BTW_LT_DONTHAVE_SIZE], byte[BTW_UPLOAD_ONLY_SIZE];
    bool upload_only = false;

    FUZZ_CHECK((btw_lt_donthave_decode(&piece, in, told) == BTW_OK) == (size == sizeof wire));
    FUZZ_CHECK(diag.offset <= size);
    if (size == sizeof wire) {
        btw_lt_donthave_encode(wire, piece);
        FUZZ_CHECK(memcmp(wire, data, size) == 0);
    } else {
        FUZZ_CHECK(piece == 0xdecade);
    }
    FUZZ_CHECK((btw_upload_only_decode(&upload_only, in, told) == BTW_OK) == (size == sizeof byte));
    FUZZ_CHECK(upload_only == (size == sizeof byte && data[0] != 0));
    btw_upload_only_encode(byte, upload_only);
    FUZZ_CHECK(byte[0] == upload_only);
    return 0;
}

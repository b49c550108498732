/* SPDX-License-Identifier: MIT
 *
 * A holepunch message that is read is written back in its long form, of which what came is the beginning; what is
 * refused leaves the caller's struct alone and names a byte of the payload.
 */
#include "btw/ut_holepunch.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct btw_ut_holepunch msg, untouched;
    struct btw_diag diag = { 0 }, *told = fuzz_is_due(data, size, 0, 16) ? &diag : NULL;
    uint8_t wire[BTW_HOLEPUNCH_SIZE_MAX];
    size_t len = 0;
    enum btw_status status;

    memset(&msg, 0x5a, sizeof msg);
    untouched = msg;
    status = btw_ut_holepunch_decode(&msg, btw_slice_of(data, size), told);
    if (status != BTW_OK) {
        FUZZ_CHECK(status == BTW_BAD_WIRE && diag.offset <= size);
        FUZZ_CHECK(msg.type == untouched.type && msg.error == untouched.error);
        FUZZ_CHECK(memcmp(msg.peer.address, untouched.peer.address, sizeof msg.peer.address) == 0);
        return 0;
    }
    FUZZ_CHECK(msg.type <= BTW_HOLEPUNCH_ERROR && (msg.peer.address_len == 4 || msg.peer.address_len == 16));
    FUZZ_CHECK(!msg.is_short || (msg.type != BTW_HOLEPUNCH_ERROR && msg.error == BTW_HOLEPUNCH_NO_ERROR));
    FUZZ_CHECK(btw_ut_holepunch_encode(wire, sizeof wire, &len, &msg) == BTW_OK);
    FUZZ_CHECK(len == size + (msg.is_short ? 4 : 0) && memcmp(wire, data, size) == 0);
    FUZZ_CHECK(btw_ut_holepunch_encode(wire, len - 1, &len, &msg) == BTW_NO_SPACE);
    FUZZ_CHECK(btw_holepunch_error_name(msg.error) != NULL);
    return 0;
}

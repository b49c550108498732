/* SPDX-License-Identifier: MIT
 *
 * AFL++'s driver hands out inputs where they lie in shared memory, and no sanitizer sees a look behind them.  Here each
 * is moved to a block of just its size, as libFuzzer does it.  Linked with --wrap, between the driver and the target.
 */
#include "fuzz.h"

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
int __real_LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int __wrap_LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int __wrap_LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *block = malloc(size > 0 ? size : 1);
    int result;

    FUZZ_CHECK(block != NULL);
    if (size > 0)
        memcpy(block, data, size);
    result = __real_LLVMFuzzerTestOneInput(block, size);
    free(block);
    return result;
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

/* SPDX-License-Identifier: MIT
 *
 * Nothing: how fast an engine can be.
 */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    (void)data, (void)size;
    return 0;
}

/* SPDX-License-Identifier: MIT
 *
 * A target with two bugs, which many inputs show, or, with SOUND, with none: what fuzz/test/run_test.py gives to
 * fuzz/run.
 */
#include "../fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size + 1);
    volatile size_t count = 0;

    FUZZ_CHECK(copy != NULL);
    copy[size] = 0;
#ifndef SOUND
    FUZZ_CHECK(size == 0 || data[0] != 'a');
    if (size > 0 && data[0] == 'b')
        copy[size + 1] = 0;
#endif
    for (size_t i = 0; i < size; i++) /* something to reach */
        count += data[i] == 'x' || data[i] == 'y';
    free(copy);
    return 0;
}

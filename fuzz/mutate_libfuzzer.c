/* SPDX-License-Identifier: MIT
 *
 * The mutations, as libFuzzer calls them.
 */
#include "mutate.h"

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t cap);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t cap, unsigned seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *data1, size_t size1, const uint8_t *data2, size_t size2, uint8_t *out,
                                 size_t cap, unsigned seed);

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t cap, unsigned seed)
{
    struct mutate m = mutate_of(seed, LLVMFuzzerMutate);

    return mutate_input(&m, data, size, cap);
}

size_t LLVMFuzzerCustomCrossOver(const uint8_t *data1, size_t size1, const uint8_t *data2, size_t size2, uint8_t *out,
                                 size_t cap, unsigned seed)
{
    struct mutate m = mutate_of(seed, LLVMFuzzerMutate);

    return mutate_inputs(&m, out, cap, btw_slice_of(data1, size1), btw_slice_of(data2, size2));
}

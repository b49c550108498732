/* SPDX-License-Identifier: MIT
 *
 * What libFuzzer and ASan do beside each input, kept small, so that the time goes into inputs.
 *
 * libFuzzer notes down the operands of every comparison, to try them later, and UBSan compares something at every
 * access: together that costs more than most decoders.  Here they are noted down for one input in TRACED_ONE_IN. Linked
 * with
 * --wrap, between the code and libFuzzer.
 */
#include "fuzz.h"

enum { TRACED_ONE_IN = 8 };

static bool is_traced;

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp,bugprone-macro-parentheses): the linker's names
 */
/* A quarantine that stays in the cache, and short stacks of who allocated. */
const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
    return "quarantine_size_mb=4:thread_local_quarantine_size_kb=64:max_malloc_fill_size=64:malloc_context_size=6";
}

int __real_LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int __wrap_LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int __wrap_LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static unsigned inputs;
    int result;

    is_traced = inputs++ % TRACED_ONE_IN == 0;
    result = __real_LLVMFuzzerTestOneInput(data, size);
    is_traced = false; /* mutators compare, too */
    return result;
}

#define TRACE_SOME(name, type)                                                                                         \
    void __real___sanitizer_cov_trace_##name(type a, type b);                                                          \
    void __wrap___sanitizer_cov_trace_##name(type a, type b);                                                          \
    void __wrap___sanitizer_cov_trace_##name(type a, type b)                                                           \
    {                                                                                                                  \
        if (is_traced)                                                                                                 \
            __real___sanitizer_cov_trace_##name(a, b);                                                                 \
    }

TRACE_SOME(cmp1, uint8_t)
TRACE_SOME(cmp2, uint16_t)
TRACE_SOME(cmp4, uint32_t)
TRACE_SOME(cmp8, uint64_t)
TRACE_SOME(const_cmp1, uint8_t)
TRACE_SOME(const_cmp2, uint16_t)
TRACE_SOME(const_cmp4, uint32_t)
TRACE_SOME(const_cmp8, uint64_t)
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp,bugprone-macro-parentheses) */

/* SPDX-License-Identifier: MIT
 *
 * An input goes the same way through the code each time: else libFuzzer takes chance for something new.  With
 * FUZZ_TWICE in the environment each is held to that.  Linked with --wrap, between libFuzzer and the target.
 */
#include "fuzz.h"

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
int __real_LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int __wrap_LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* How often each edge was come by, as libFuzzer has it counted; not there where another engine counts otherwise. */
extern uint8_t __start___sancov_cntrs[] __attribute__((weak)), __stop___sancov_cntrs[] __attribute__((weak));

static uint64_t digest_of_way(const uint8_t *data, size_t size)
{
    size_t edges = (size_t)(__stop___sancov_cntrs - __start___sancov_cntrs);

    FUZZ_CHECK(edges > 0);
    memset(__start___sancov_cntrs, 0, edges);
    __real_LLVMFuzzerTestOneInput(data, size);
    return fuzz_digest(FUZZ_DIGEST_START, __start___sancov_cntrs, edges);
}

static bool is_wanted(void)
{
    static enum { UNKNOWN, UNWANTED, WANTED } state;

    if (state == UNKNOWN)
        state = getenv("FUZZ_TWICE") != NULL ? WANTED : UNWANTED;
    return state == WANTED;
}

int __wrap_LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!is_wanted())
        return __real_LLVMFuzzerTestOneInput(data, size);
    uint64_t once = digest_of_way(data, size), again = digest_of_way(data, size);
    /* The first may have made what is made once only. */
    FUZZ_CHECK(once == again || digest_of_way(data, size) == again);
    return 0;
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

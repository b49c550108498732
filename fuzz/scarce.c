/* SPDX-License-Identifier: MIT
 *
 * Counts allocations, and refuses one.
 */
#include "scarce.h"

#include "fuzz.h"

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);

static size_t left; /* until the one that fails; 0: none */

void fuzz_scarce(size_t nth)
{
    left = nth;
}

void *fuzz_surely(size_t size)
{
    void *memory = __real_calloc(1, size > 0 ? size : 1);

    FUZZ_CHECK(memory != NULL);
    return memory;
}

static bool fails(void)
{
    return left > 0 && --left == 0;
}

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
    return fails() ? NULL : __real_realloc(memory, size);
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

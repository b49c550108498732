/* SPDX-License-Identifier: MIT
 *
 * Counts allocations, and refuses one.
 */
#include "scarce.h"

#include <assert.h>
#include <stdbool.h>

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);

static size_t fail_at, count;

void btw_scarce(size_t nth)
{
    fail_at = nth;
    count = 0;
}

size_t btw_scarce_count(void)
{
    return count;
}

void *btw_scarce_surely(size_t size)
{
    void *memory = __real_calloc(1, size > 0 ? size : 1);

    assert(memory != NULL);
    return memory;
}

static bool fails(void)
{
    return ++count == fail_at;
}

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t members, size_t size)
{
    return fails() ? NULL : __real_calloc(members, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
    return fails() ? NULL : __real_realloc(memory, size);
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

/* SPDX-License-Identifier: MIT
 *
 * What ASan does beside each input, kept small, so that the time goes into inputs.
 */

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the name is ASan's */
const char *__asan_default_options(void);

/* A quarantine that stays in the cache, and short stacks of who allocated. */
const char *__asan_default_options(void)
{
    return "quarantine_size_mb=4:thread_local_quarantine_size_kb=64:max_malloc_fill_size=64:malloc_context_size=6";
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

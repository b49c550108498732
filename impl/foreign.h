/* SPDX-License-Identifier: MIT
 *
 * MemorySanitizer cannot see what libraries store that are not built with it.  So it is told, where we call them: what
 * they read has to be set, and what they wrote is.  Nothing at all in any other build.
 */
#ifndef BTW_FOREIGN_H
#define BTW_FOREIGN_H

#include <stddef.h>

#ifdef __has_feature
#if __has_feature(memory_sanitizer)
#include <sanitizer/msan_interface.h>
#define BTW_UNDER_MSAN
#endif
#endif

static inline void foreign_reads(const void *bytes, size_t len)
{
#ifdef BTW_UNDER_MSAN
    __msan_check_mem_is_initialized(bytes, len);
#else
    (void)bytes, (void)len;
#endif
}

static inline void foreign_wrote(const void *bytes, size_t len)
{
#ifdef BTW_UNDER_MSAN
    __msan_unpoison(bytes, len);
#else
    (void)bytes, (void)len;
#endif
}

#endif

/* SPDX-License-Identifier: MIT
 *
 * Numbers in sentences for people.
 */
#ifndef SCN_PLURAL_H
#define SCN_PLURAL_H

#include <stdint.h>

/* What a word behind a number ends with: "%zu session%s", count, scn_plural(count). */
static inline const char *scn_plural(uint64_t count)
{
    return count == 1 ? "" : "s";
}

#endif

/* SPDX-License-Identifier: MIT
 *
 * Memory that runs short: for tests and fuzz targets that link btw_scarce, which puts its own malloc, calloc and
 * realloc in front of the real ones.
 */
#ifndef BTW_SCARCE_H
#define BTW_SCARCE_H

#include <stddef.h>

/* Of the allocations from now on the `nth` fails, counted from 1, and no other one; 0: none does. */
void btw_scarce(size_t nth);
/* How many there have been since then. */
size_t btw_scarce_count(void);
/* Zeroed memory for the test itself, which neither counts nor fails; for free(). */
void *btw_scarce_surely(size_t size);

#endif

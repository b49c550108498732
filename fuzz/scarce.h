/* SPDX-License-Identifier: MIT
 *
 * Memory that runs short: for targets that are linked with scarce.c and with --wrap for malloc, calloc and realloc.
 */
#ifndef FUZZ_SCARCE_H
#define FUZZ_SCARCE_H

#include <stddef.h>

/* Of the allocations from now on the `nth` fails, counted from 1, and no other one; 0: none does. */
void fuzz_scarce(size_t nth);
/* Zeroed memory for the target itself, which neither counts nor fails; for free(). */
void *fuzz_surely(size_t size);

#endif

/* SPDX-License-Identifier: MIT
 *
 * Files as memory, for the examples.  Failures are told on stderr.
 */
#ifndef FILES_H
#define FILES_H

#include "btw/bytes.h"

/* A whole file to be read, mapped until the program ends; {NULL, 0} on failure.  An empty file is one. */
struct btw_slice file_map(const char *path);

/* A new file of that size, to be filled in; NULL on failure.  What was there is gone. */
uint8_t *file_make(const char *path, size_t size);

#endif

/* SPDX-License-Identifier: MIT
 *
 * Files beside a scenario: bytes that would be too long to read in it.
 */
#ifndef SCN_BESIDE_H
#define SCN_BESIDE_H

#include "btw/bytes.h"

/* What such a file may be called: letters, digits, '_', '-' and '.', and no '.' in front.  So it never lies outside the
 * folder. */
bool scn_beside_is_name(struct btw_slice name);

/* Where the file of that name lies, in the folder of the scenario, which is a path.  False: errno says why,
 * ENAMETOOLONG. */
bool scn_beside_path(char *out, size_t cap, const char *scenario, struct btw_slice name);

/* Size in bytes of the file of that name in the folder of the scenario, which is a path.  -1: errno says why; EINVAL
 * for what is no regular file, ELOOP for a link. */
int64_t scn_beside_size(const char *scenario, struct btw_slice name);

/* Reads len bytes of it from that offset on.  False: there are not so many, or it cannot be read. */
bool scn_beside_read(uint8_t *out, const char *scenario, struct btw_slice name, uint64_t offset, size_t len);

#endif

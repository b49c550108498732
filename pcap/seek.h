/* SPDX-License-Identifier: MIT
 *
 * What bytes look like, when nobody saw how their stream began.
 */
#ifndef CAP_SEEK_H
#define CAP_SEEK_H

#include <stdbool.h>

#include "btw/bytes.h"

enum {
    CAP_SEEK_MAX = 65536, /* bytes that are searched; three blocks of 16 KiB are in it, wherever it begins */
    CAP_RANDOM_SIZE = 96, /* the shortest bytes that cap_looks_random() judges */
    CAP_NOT_FOUND = -1
};

/* Where the first of several messages begins that follow each other without a flaw: so many that it is no accident.  At
 * the end of a stream fewer will do, if they end where it ends.  CAP_NOT_FOUND: nowhere. */
long cap_seek_messages(struct btw_slice bytes, bool at_end, uint32_t len_max);
/* Where the first 20 bytes of a handshake stand. */
long cap_seek_handshake(struct btw_slice bytes);
/* Could it be the beginning of a handshake: is it, as far as it goes? */
bool cap_begins_handshake(struct btw_slice bytes);
/* Like text or TLS, which no public key looks like; a few bytes are enough to say so. */
bool cap_looks_clear(struct btw_slice bytes);
/* Like a public key and padding. */
bool cap_looks_random(struct btw_slice bytes);

#endif

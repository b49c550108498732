/* SPDX-License-Identifier: MIT
 *
 * Keys of bencoded dictionaries that somebody knows, for everything that makes up dictionaries.
 */
#ifndef FUZZ_KEYS_H
#define FUZZ_KEYS_H

#include <stddef.h>
#include <stdint.h>

/* In messages of extensions, and the names of all extensions.  i is below the count. */
uint32_t fuzz_wire_key_count(void);
const char *fuzz_wire_key(size_t i);

/* In torrents. */
uint32_t fuzz_torrent_key_count(void);
const char *fuzz_torrent_key(size_t i);

#endif

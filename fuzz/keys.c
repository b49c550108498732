/* SPDX-License-Identifier: MIT
 *
 * The tables of keys; names of extensions come from that of the library.
 */
#include "keys.h"

#include "btw/ext.h"

#define COUNT(array) ((uint32_t)(sizeof(array) / sizeof(array)[0]))

/* BEP 9, 10, 11 and 21, what clients add to them, and keys that nobody knows. */
static const char *const wire_keys[] = {
    "",         "added", "added.f", "added6",     "added6.f", "complete_ago",  "dropped",
    "dropped6", "e",     "ipv4",    "ipv6",       "m",        "metadata_size", "msg_type",
    "p",        "piece", "reqq",    "total_size", "v",        "yourip",        "zzz"
};

/* BEP 3, 27, 47 and 52. */
static const char *const torrent_keys[] = { "announce",     "attr",         "file tree",   "files",  "info",
                                            "length",       "meta version", "name",        "path",   "piece layers",
                                            "piece length", "pieces",       "pieces root", "private" };

uint32_t fuzz_wire_key_count(void)
{
    return COUNT(wire_keys) + BTW_EXTS;
}

const char *fuzz_wire_key(size_t i)
{
    return i < COUNT(wire_keys) ? wire_keys[i] : btw_ext_name((enum btw_ext)(i - COUNT(wire_keys)));
}

uint32_t fuzz_torrent_key_count(void)
{
    return COUNT(torrent_keys);
}

const char *fuzz_torrent_key(size_t i)
{
    return torrent_keys[i];
}

/* SPDX-License-Identifier: MIT
 *
 * What metainfo.c, the readers of version 1 and of what all torrents have, wants of metainfo_v2.c.
 */
#ifndef BTW_METAINFO_IMPL_H
#define BTW_METAINFO_IMPL_H

#include "btw/metainfo.h"

enum { META_VERSION = 2 };

/* The file tree, and that it agrees with version 1 if that is there, too. */
enum btw_status metainfo_read_v2(struct btw_metainfo *m, struct btw_diag *diag);
/* The piece layers, which lie outside the info dictionary and are worth nothing unless they match the roots. */
enum btw_status metainfo_read_layers(struct btw_metainfo *m, struct btw_slice layers, struct btw_diag *diag);

/* The next file of a tree: BTW_OK, BTW_END, or BTW_BAD_WIRE and *why while the tree has not been read. */
enum btw_status metainfo_next_leaf(struct btw_metainfo_files *files, struct btw_metainfo_file *file, const char **why);

#endif

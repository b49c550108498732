/* SPDX-License-Identifier: MIT
 *
 * Are the hashes that went by those of the torrent's files (BEP 52)?
 */
#ifndef CAP_TREE_H
#define CAP_TREE_H

#include "torrent.h"

/* Takes a message of type BTW_HASHES.  BTW_OK: they lead to the root of a file of the torrent, or to what its piece
 * layers have there.  BTW_BAD_WIRE: they lead somewhere else, or there are not so many as the message says.
 * BTW_NOT_FOUND: it cannot be told. */
enum btw_status cap_tree_check(const struct cap_torrent *torrent, const struct btw_msg *msg);

#endif

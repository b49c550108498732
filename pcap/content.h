/* SPDX-License-Identifier: MIT
 *
 * Are the blocks that went by the right ones?  Pieces are put together from all sessions of a capture, per receiver,
 * and compared with their hashes: SHA-1 of version 1, or the hash trees of version 2 (BEP 52).  Memory is bounded:
 * blocks are hashed as they come, and only those that come out of order are kept for a while.
 */
#ifndef CAP_CONTENT_H
#define CAP_CONTENT_H

#include "names.h"
#include "torrent.h"

enum {
    CAP_OPEN_PIECES_MAX = 512,   /* pieces that are put together at once, */
    CAP_OPEN_BYTES_MAX = 8 << 20 /* and bytes kept for them; the oldest gives way */
};

struct cap_content_counts {
    uint64_t right, wrong;
    uint64_t mixed;      /* wrong, of several senders: whose fault it is cannot be told */
    uint64_t unfinished; /* not all blocks went by, or not in one piece */
    uint64_t dropped;    /* for want of room */
};

struct cap_content;
struct cap_content *cap_content_new(void);
void cap_content_free(struct cap_content *content);

/* What the message with a block comes to; in the last two cases what[] says so. */
enum cap_content_verdict {
    CAP_CONTENT_FINE,    /* it completes nothing, or a piece that is right */
    CAP_CONTENT_WRONG,   /* it completes a piece that is wrong, and all blocks of it came from this side */
    CAP_CONTENT_SUSPECT, /* the same, and they came from several: what[] names them, and none of them is guilty */
};
enum { CAP_SUSPECTS_MAX = 4, CAP_CONTENT_TEXT = 120 + CAP_SUSPECTS_MAX * (CAP_ENDPOINT_TEXT + 16) };
enum cap_content_verdict cap_content_take(struct cap_content *content, const struct cap_torrent *torrent,
                                          const struct cap_event *event, char what[CAP_CONTENT_TEXT]);

/* What is still open counts as unfinished. */
struct cap_content_counts cap_content_counts(const struct cap_content *content);

#endif

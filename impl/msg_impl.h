/* SPDX-License-Identifier: MIT
 *
 * The short way through the table of msg.c, for the messages that come by the thousand: inline, for stream.c and msg.c.
 */
#ifndef BTW_MSG_IMPL_H
#define BTW_MSG_IMPL_H

#include "btw/bytes.h"
#include "btw/msg.h"

/* By id: the type, and 0, the handshake, of an id that nobody has assigned. */
extern const uint8_t msg_type_of_id[UINT8_MAX + 1];

/* By id: the bytes of a frame that has nothing but a piece, or piece, begin and length, or no field; 0 for others. */
enum { MSG_PLAIN_MAX = 4 + 1 + 3 * 4 };
extern const uint8_t msg_plain_size[UINT8_MAX + 1];

/* Not the whole struct: of the arrays there is more than of all the rest. */
static inline void msg_clear(struct btw_msg *msg, enum btw_type type)
{
    memset(msg, 0, offsetof(struct btw_msg, reserved));
    msg->type = type;
}

static inline uint32_t msg_if(bool condition, uint32_t value)
{
    return value & (0U - condition);
}

/* A frame of msg_plain_size, none of which may be above the caller's limit, without a branch on its type: in a busy
 * stream nobody can foresee that.  All three numbers are read, though they may be of what comes next. */
static inline bool msg_decode_plain(struct btw_msg *msg, size_t *used, struct btw_slice in)
{
    enum { BARE = 4 + 1, ONE_NUMBER = BARE + 4 };
    uint32_t piece, begin, length;
    size_t size;

    if (in.len < MSG_PLAIN_MAX)
        return false;
    size = msg_plain_size[in.data[4]];
    if (4 + (size_t)btw_u32_at(in.data) != size)
        return false;
    piece = btw_u32_at(in.data + 5);
    begin = btw_u32_at(in.data + 9);
    length = btw_u32_at(in.data + 13);
    msg_clear(msg, (enum btw_type)msg_type_of_id[in.data[4]]);
    msg->piece = msg_if(size > BARE, piece);
    msg->begin = msg_if(size > ONE_NUMBER, begin);
    msg->length = msg_if(size > ONE_NUMBER, length);
    *used = size;
    return true;
}

#endif

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

/* By id: the length prefix of a frame that has nothing but the first of the numbers piece, begin and length; 0 for
 * others. */
enum { MSG_PLAIN_LEN_MAX = 1 + 3 * 4 };
extern const uint8_t msg_plain_len[UINT8_MAX + 1];

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

/* A frame of msg_plain_len, without a branch on its type: in a busy stream nobody can foresee that.  All three numbers
 * are read, though they may be of what comes next. */
static inline bool msg_decode_plain(struct btw_msg *msg, size_t *used, struct btw_slice in, size_t len_max)
{
    uint32_t len, piece, begin, length;

    if (in.len < 4 + MSG_PLAIN_LEN_MAX)
        return false;
    len = btw_u32_at(in.data);
    if (len != msg_plain_len[in.data[4]] || len == 0 || len > len_max)
        return false;
    piece = btw_u32_at(in.data + 5);
    begin = btw_u32_at(in.data + 9);
    length = btw_u32_at(in.data + 13);
    msg_clear(msg, (enum btw_type)msg_type_of_id[in.data[4]]);
    msg->piece = msg_if(len > 1, piece);
    msg->begin = msg_if(len > 5, begin);
    msg->length = msg_if(len > 9, length);
    *used = 4 + (size_t)len;
    return true;
}

#endif

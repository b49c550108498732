/* SPDX-License-Identifier: MIT
 *
 * What one side of a connection says: the bytes of its stream in, events out.  A voice is in one of five states; the
 * first two wait for what tells them how to go on, and keep what came.
 */
#ifndef CAP_VOICE_H
#define CAP_VOICE_H

#include "btw/stream.h"
#include "half.h"

enum cap_voice_state {
    CAP_PROBING, /* from the beginning of the stream: what is it? */
    CAP_SEEKING, /* from anywhere: where does a message begin? */
    CAP_READING, /* messages */
    CAP_VEILED,  /* a cipher */
    CAP_DEAF     /* nothing that can or shall be understood */
};

enum {
    CAP_PROBE_MAX = 2048, /* bytes that tell what a stream carries; MSE needs the most */
    CAP_SMALL = 80        /* of most messages no more has to be put together; a handshake fits */
};

struct cap_voice {
    enum cap_voice_state state;
    uint64_t at;       /* offset in the stream of what comes next */
    uint64_t other_at; /* how much the other side had said when this one began */
    uint8_t *buffer;   /* allocated, or NULL: */
    size_t cap, len;   /* PROBING, SEEKING: what came; READING: the stream's, when small is not enough */
    size_t tried;      /* SEEKING: so many were searched in vain */
    uint64_t skipped;  /* SEEKING: bytes dropped so far */
    struct btw_stream stream;
    uint64_t base;  /* offset where the stream began to be read */
    uint64_t item;  /* where its next item begins, from base */
    bool handshake; /* which is a handshake */
    enum {
        CAP_WHOLE,
        CAP_HOLED,
        CAP_LOST
    } item_state; /* HOLED: the bytes of a block are not all there; LOST: nothing
                     of the item is sure */
    struct sha1_ctx *sha1;
    uint8_t small[CAP_SMALL];
};

#endif

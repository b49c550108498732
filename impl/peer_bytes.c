/* SPDX-License-Identifier: MIT
 *
 * The bytes of one connection: what waits to go out, and how what comes in is cut into messages.
 */
#include <assert.h>
#include <stdlib.h>

#include "peer_impl.h"

enum { INPUT_SIZE = 1 << 15 }; /* grows up to the longest message */

/* --- output ----------------------------------------------------------------------------------------------------------
 */

size_t btw_peer_backlog(const struct btw_peer *peer)
{
    return peer->out.len - peer->out.at;
}

static bool reserve(struct buffer *out, size_t more)
{
    size_t held = out->len - out->at, cap = out->cap > 0 ? out->cap : 4096;
    uint8_t *data;

    if (out->at > 0 && out->len + more > out->cap) {
        memmove(out->data, out->data + out->at, held);
        out->at = 0;
        out->len = held;
    }
    if (out->len + more <= out->cap)
        return true;
    while (cap < held + more)
        cap *= 2;
    data = realloc(out->data, cap);
    if (data == NULL)
        return false;
    out->data = data;
    out->cap = cap;
    return true;
}

void btw_peer_put_raw(struct btw_peer *peer, const struct btw_msg *msg)
{
    size_t len, size = btw_msg_size(msg);

    if (peer->state == PEER_DONE || peer->hung)
        return;
    if ((int64_t)(btw_peer_backlog(peer) + size) > peer->host->policy.output_max || !reserve(&peer->out, size)) {
        btw_peer_close(peer, BTW_END_RST);
        return;
    }
    if (btw_msg_encode(peer->out.data + peer->out.len, size, &len, msg) == BTW_OK)
        peer->out.len += len;
}

struct btw_slice btw_peer_output(const struct btw_peer *peer)
{
    if (peer->hung || btw_peer_backlog(peer) == 0)
        return btw_slice_of(NULL, 0);
    return btw_slice_of(peer->out.data + peer->out.at, btw_peer_backlog(peer));
}

void btw_peer_sent(struct btw_peer *peer, size_t len)
{
    assert(len <= btw_peer_backlog(peer));
    peer->out.at += len;
    if (peer->out.at == peer->out.len)
        peer->out.at = peer->out.len = 0;
    btw_peer_work(peer);
    btw_host_settle(peer->host);
}

/* --- bytes in --------------------------------------------------------------------------------------------------------
 */

static bool reading(const struct btw_peer *peer)
{
    return peer->state == PEER_OPEN && !peer->hung;
}

/* What the policy says about a frame that is no message, and where a desynchronised reader would go on in it. */
static int64_t reaction_to_frame(const struct btw_peer *peer, enum btw_status status, const struct btw_msg *msg,
                                 size_t *expected)
{
    const struct btw_policy *policy = &peer->host->policy;
    const struct btw_desc *desc = msg->data.len > 4 ? btw_desc_of_id(msg->data.data[4]) : NULL;

    if (status == BTW_TOO_LONG) {
        *expected = 4;
        return policy->on_too_long;
    }
    if (desc == NULL) {
        *expected = 5;
        return policy->on_unknown_id;
    }
    *expected = btw_msg_size(&(struct btw_msg){ .type = desc->type });
    return policy->on_bad_layout;
}

static bool in_prefix(const struct btw_stream *stream)
{
    return btw_stream_pending(stream) > 0 && btw_stream_pending(stream) < 4;
}

static bool grow_input(struct btw_peer *peer)
{
    size_t need = btw_stream_need(&peer->stream);
    uint8_t *input = malloc(need);

    if (input == NULL) {
        btw_peer_close(peer, BTW_END_RST);
        return false;
    }
    btw_stream_rebuffer(&peer->stream, input, need);
    free(peer->input);
    peer->input = input;
    peer->input_cap = need;
    return true;
}

static bool start_stream(struct btw_peer *peer)
{
    if (peer->input == NULL) {
        peer->input_cap = INPUT_SIZE;
        peer->input = malloc(peer->input_cap);
    }
    if (peer->input == NULL)
        return false;
    btw_stream_init(&peer->stream, peer->input, peer->input_cap, BTW_LEN_MAX_DEFAULT, false);
    return true;
}

/* A fault: the reader loses its place and goes on inside the frame.  Returns what is left to read, in new memory that
 * replaces *spill. */
static struct btw_slice resume_inside(struct btw_peer *peer, struct btw_slice frame, size_t expected,
                                      struct btw_slice in, uint8_t **spill)
{
    size_t left = frame.len > expected ? frame.len - expected : 0;
    uint8_t *bytes = malloc(left + in.len + 1);

    if (bytes == NULL) {
        btw_peer_close(peer, BTW_END_RST);
        return btw_slice_of(NULL, 0);
    }
    memcpy(bytes, frame.data + frame.len - left, left);
    if (in.len > 0)
        memcpy(bytes + left, in.data, in.len);
    free(*spill);
    *spill = bytes;
    start_stream(peer);
    return btw_slice_of(bytes, left + in.len);
}

static void read_messages(struct btw_peer *peer, struct btw_slice in)
{
    uint8_t *spill = NULL;
    struct btw_msg msg;
    size_t expected;

    while (reading(peer)) {
        enum btw_status status = btw_stream_next(&peer->stream, &in, &msg, NULL);
        int64_t reaction;

        if (status == BTW_MORE && in_prefix(&peer->stream) && peer->host->policy.prefix_whole)
            btw_peer_close(peer, BTW_END_FIN);
        if (status == BTW_MORE || (status == BTW_NO_SPACE && !grow_input(peer)))
            break;
        if (status == BTW_NO_SPACE)
            continue;
        if (status == BTW_OK && msg.type != BTW_RAW) {
            btw_peer_message(peer, &msg);
            if (peer->host->policy.slice_one)
                in = btw_slice_of(NULL, 0);
            continue;
        }
        if (status == BTW_TOO_LONG && peer->host->policy.second_handshake)
            btw_peer_greet(peer);
        reaction = reaction_to_frame(peer, status, &msg, &expected);
        if (reaction == REACT_DESYNC)
            in = resume_inside(peer, msg.data, expected, in, &spill);
        else if (reaction == REACT_IGNORE && status == BTW_TOO_LONG)
            peer->hung = true; /* a fault: wait for bytes that never fit */
        else
            btw_peer_react(peer, reaction);
    }
    if (peer->host->policy.message_whole && reading(peer))
        start_stream(peer);
    free(spill);
}

/* A fault: what is missing of a message that was cut off is taken to be zeros. */
static void pad_message(struct btw_peer *peer)
{
    size_t pending = btw_stream_pending(&peer->stream), need = btw_stream_need(&peer->stream);
    uint8_t *zeros;

    if (pending < 4 || need <= pending || need > BTW_LEN_MAX_DEFAULT)
        return;
    zeros = calloc(1, need - pending);
    if (zeros != NULL)
        read_messages(peer, btw_slice_of(zeros, need - pending));
    free(zeros);
}

/* A fault: one thread that waits for one connection, and so for none of the others. */
static bool is_blocked(const struct btw_peer *peer)
{
    const struct btw_policy *policy = &peer->host->policy;

    for (const struct btw_peer *other = peer->host->peers; other != NULL && policy->blocking > 0; other = other->next) {
        bool full = (int64_t)btw_peer_backlog(other) >= policy->output_fill;
        bool half =
            other->state == PEER_GREETING && other->greeting_len > 0 && other->greeting_len < BTW_HANDSHAKE_SIZE;

        if (other != peer && ((policy->blocking == 1 && full) || (policy->blocking == 2 && half)))
            return true;
    }
    return false;
}

void btw_peer_received(struct btw_peer *peer, struct btw_slice bytes, int64_t now_ms)
{
    if (now_ms > peer->host->now_ms)
        peer->host->now_ms = now_ms;
    peer->hung = peer->hung || is_blocked(peer);
    if (peer->state == PEER_GREETING && !peer->hung) {
        btw_peer_greeted(peer, &bytes);
        if (peer->state == PEER_OPEN && !start_stream(peer))
            btw_peer_close(peer, BTW_END_RST);
    }
    read_messages(peer, bytes);
    btw_peer_work(peer);
    btw_host_settle(peer->host);
}

void btw_peer_received_end(struct btw_peer *peer, enum btw_end how, int64_t now_ms)
{
    if (now_ms > peer->host->now_ms)
        peer->host->now_ms = now_ms;
    if (how == BTW_END_FIN && peer->state == PEER_OPEN && !peer->hung && peer->host->policy.on_end == REACT_CLOSE) {
        peer->half_closed = true;
        if (peer->host->policy.pad_at_end)
            pad_message(peer);
        btw_peer_work(peer);
    } else if (how == BTW_END_FIN && peer->state != PEER_DONE) {
        btw_peer_react(peer, peer->host->policy.on_end);
    } else {
        btw_peer_close(peer, BTW_END_RST);
    }
    btw_host_settle(peer->host);
}

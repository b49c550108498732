/* SPDX-License-Identifier: MIT
 *
 * What waits to be sent: a first-in-first-out run of own bytes, with blocks of the caller's memory between them.
 *
 * Slices that were handed out must not move.  So own bytes that need a larger place are copied to a new chunk, and the
 * old one stays until what was handed out is sent.
 */
#include <assert.h>

#include "wire_impl.h"

enum { CHUNK_MIN = 128, REFS_MIN = 8 };

struct btw_wire_chunk {
    struct btw_wire_chunk *older;
    size_t size;
    uint8_t bytes[];
};

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static void free_chunks(struct btw_wire *wire, struct btw_wire_chunk **chunk)
{
    while (*chunk != NULL) {
        struct btw_wire_chunk *older = (*chunk)->older;
        wire_memory(wire, *chunk, sizeof **chunk + (*chunk)->size, 0);
        *chunk = older;
    }
}

/* --- putting in ------------------------------------------------------------------------------------------------------
 */

static bool reserve_own(struct btw_wire *wire, size_t own)
{
    struct btw_wire_queue *queue = &wire->queue;
    size_t held = queue->to - queue->from, size = 2 * (held + own);
    struct btw_wire_chunk *chunk = queue->chunk;

    if (chunk != NULL && own <= chunk->size - queue->to)
        return true;
    if (chunk != NULL && queue->out == 0 && held + own <= chunk->size) {
        memmove(chunk->bytes, chunk->bytes + queue->from, held);
    } else {
        size = size < CHUNK_MIN ? CHUNK_MIN : size;
        chunk = wire_memory(wire, NULL, 0, sizeof *chunk + size);
        if (chunk == NULL)
            return false;
        chunk->size = size;
        chunk->older = queue->chunk;
        if (held > 0)
            memcpy(chunk->bytes, queue->chunk->bytes + queue->from, held);
        queue->chunk = chunk;
        if (queue->out == 0)
            free_chunks(wire, &chunk->older);
    }
    queue->from = 0;
    queue->to = held;
    return true;
}

static bool reserve_ref(struct btw_wire *wire)
{
    struct btw_wire_queue *queue = &wire->queue;
    size_t cap = queue->ref_cap == 0 ? REFS_MIN : 2 * queue->ref_cap;
    struct btw_wire_ref *refs;

    if (queue->ref_first + queue->ref_count < queue->ref_cap)
        return true;
    if (queue->ref_first > 0 && queue->ref_first >= queue->ref_count) {
        memcpy(queue->refs, queue->refs + queue->ref_first, queue->ref_count * sizeof *refs);
        queue->ref_first = 0;
        return true;
    }
    refs = wire_memory(wire, queue->refs, queue->ref_cap * sizeof *refs, cap * sizeof *refs);
    if (refs == NULL)
        return false;
    queue->refs = refs;
    queue->ref_cap = cap;
    return true;
}

size_t wire_queue_own(const struct btw_msg *msg)
{
    return btw_msg_size(msg) - (msg->type == BTW_PIECE ? msg->data.len : 0);
}

bool wire_queue_reserve(struct btw_wire *wire, size_t own, bool block)
{
    return reserve_own(wire, own) && (!block || reserve_ref(wire));
}

struct btw_writer wire_queue_writer(struct btw_wire *wire)
{
    struct btw_wire_chunk *chunk = wire->queue.chunk;

    return btw_writer_on(chunk->bytes + wire->queue.to, chunk->size - wire->queue.to);
}

void wire_queue_wrote(struct btw_wire *wire, size_t len)
{
    assert(len <= wire->queue.chunk->size - wire->queue.to);
    wire->queue.to += len;
    wire->queue.behind += len;
}

static void put_ref(struct btw_wire_queue *queue, struct btw_block block, struct btw_slice bytes)
{
    queue->refs[queue->ref_first + queue->ref_count++] =
        (struct btw_wire_ref){ .bytes = bytes, .before = queue->behind, .block = block };
    queue->ref_bytes += bytes.len;
    queue->behind = 0;
}

void wire_queue_msg(struct btw_wire *wire, const struct btw_msg *msg)
{
    struct btw_writer w = wire_queue_writer(wire);
    bool block = msg->type == BTW_PIECE;
    enum btw_status status;
    size_t len;

    status = block ? btw_msg_encode_head(w.data, w.cap, &len, msg) : btw_msg_encode(w.data, w.cap, &len, msg);
    assert(status == BTW_OK); /* room was reserved */
    wire_queue_wrote(wire, len);
    if (block)
        put_ref(&wire->queue, (struct btw_block){ msg->piece, msg->begin, (uint32_t)msg->data.len }, msg->data);
}

/* --- taking out ------------------------------------------------------------------------------------------------------
 */

static struct btw_wire_ref *first_ref(struct btw_wire_queue *queue)
{
    return queue->ref_count > 0 ? &queue->refs[queue->ref_first] : NULL;
}

static struct btw_slice ref_rest(const struct btw_wire_ref *ref)
{
    return btw_slice_of(ref->bytes.data + ref->sent, ref->bytes.len - ref->sent);
}

static struct btw_wire_ref pop_ref(struct btw_wire_queue *queue)
{
    struct btw_wire_ref ref = queue->refs[queue->ref_first];

    queue->ref_first++;
    queue->ref_count--;
    queue->ref_bytes -= ref.bytes.len - ref.sent;
    if (queue->ref_count == 0)
        queue->ref_first = 0;
    return ref;
}

static void release(struct btw_wire *wire, const struct btw_wire_ref *ref)
{
    wire_tell(wire, &(struct btw_wire_event){ .kind = BTW_WIRE_RELEASE, .block = ref->block, .part = ref->bytes });
}

/* The bytes that come next, as far as they lie together; none when the queue is empty. */
static struct btw_slice front(struct btw_wire_queue *queue)
{
    const struct btw_wire_ref *ref = first_ref(queue);

    if (ref != NULL && ref->before == 0)
        return ref_rest(ref);
    if (queue->from == queue->to)
        return btw_slice_of(NULL, 0);
    return btw_slice_of(queue->chunk->bytes + queue->from, ref != NULL ? ref->before : queue->to - queue->from);
}

/* Takes bytes off front(), of which there are as many. */
static void consume(struct btw_wire *wire, size_t len)
{
    struct btw_wire_queue *queue = &wire->queue;
    struct btw_wire_ref *ref = first_ref(queue), gone;

    if (ref == NULL || ref->before > 0) {
        queue->from += len;
        queue->ready -= smaller(queue->ready, len);
        *(ref != NULL ? &ref->before : &queue->behind) -= len;
        return;
    }
    ref->sent += len;
    queue->ref_bytes -= len;
    if (ref->sent < ref->bytes.len)
        return;
    gone = pop_ref(queue);
    release(wire, &gone);
    wire_tell(wire, &(struct btw_wire_event){ .kind = BTW_WIRE_UPLOAD, .block = gone.block, .bytes = gone.bytes.len });
}

size_t btw_wire_queued(const struct btw_wire *wire)
{
    const struct btw_wire_queue *queue = &wire->queue;

    if (wire->closed != BTW_CLOSE_NONE)
        return 0;
    return queue->to - queue->from + queue->ref_bytes + queue->stage_to - queue->stage_from;
}

static void free_stage(struct btw_wire *wire)
{
    struct btw_wire_queue *queue = &wire->queue;

    wire_memory(wire, queue->stage, queue->stage_cap, 0);
    queue->stage = NULL;
    queue->stage_cap = queue->stage_from = queue->stage_to = 0;
}

/* Room for what is queued, or as much of it as is encrypted at a time. */
static bool reserve_stage(struct btw_wire *wire)
{
    struct btw_wire_queue *queue = &wire->queue;
    size_t cap = smaller(btw_wire_queued(wire), wire->config.stage_size);

    if (cap <= queue->stage_cap)
        return true;
    free_stage(wire);
    queue->stage = wire_memory(wire, NULL, 0, cap);
    queue->stage_cap = queue->stage != NULL ? cap : 0;
    return queue->stage != NULL;
}

/* Fills the stage, which is empty, with the next bytes under the cipher. */
static void fill_stage(struct btw_wire *wire)
{
    struct btw_wire_queue *queue = &wire->queue;
    struct btw_slice next;

    if (!reserve_stage(wire)) {
        btw_wire_close(wire, BTW_CLOSE_MEMORY);
        return;
    }
    queue->stage_from = queue->stage_to = 0;
    while (wire->closed == BTW_CLOSE_NONE && queue->stage_to < queue->stage_cap && (next = front(queue)).len > 0) {
        uint8_t *to = queue->stage + queue->stage_to;
        size_t len = smaller(next.len, queue->stage_cap - queue->stage_to);

        memcpy(to, next.data, len);
        wire_crypt_send(wire, to, len);
        queue->stage_to += len;
        consume(wire, len);
    }
}

static size_t output_staged(struct btw_wire *wire, struct btw_slice *slices)
{
    struct btw_wire_queue *queue = &wire->queue;

    wire_enter(wire, wire->now_ms);
    if (queue->stage_from == queue->stage_to)
        fill_stage(wire);
    wire_leave(wire);
    if (wire->closed != BTW_CLOSE_NONE || queue->stage_from == queue->stage_to)
        return 0;
    slices[0] = btw_slice_of(queue->stage + queue->stage_from, queue->stage_to - queue->stage_from);
    return 1;
}

static size_t output_plain(struct btw_wire_queue *queue, struct btw_slice *slices, size_t max)
{
    size_t count = 0, at = queue->from;

    for (size_t i = 0; i < queue->ref_count && count < max; i++) {
        const struct btw_wire_ref *ref = &queue->refs[queue->ref_first + i];
        if (ref->before > 0)
            slices[count++] = btw_slice_of(queue->chunk->bytes + at, ref->before);
        at += ref->before;
        if (count == max)
            return count;
        slices[count++] = ref_rest(ref);
    }
    if (count < max && at < queue->to)
        slices[count++] = btw_slice_of(queue->chunk->bytes + at, queue->to - at);
    return count;
}

size_t btw_wire_output(struct btw_wire *wire, struct btw_slice *slices, size_t max)
{
    struct btw_wire_queue *queue = &wire->queue;
    size_t count;

    if (wire->closed != BTW_CLOSE_NONE || max == 0)
        return 0;
    if (wire->method == BTW_MSE_RC4 && queue->ready == 0)
        return output_staged(wire, slices);
    count = output_plain(queue, slices, wire->method == BTW_MSE_RC4 ? 1 : max);
    if (wire->method == BTW_MSE_RC4)
        slices[0].len = queue->ready;
    queue->out = 0;
    for (size_t i = 0; i < count; i++)
        queue->out += slices[i].len;
    if (queue->chunk != NULL)
        free_chunks(wire, &queue->chunk->older);
    return count;
}

static void sent_plain(struct btw_wire *wire, size_t bytes)
{
    struct btw_wire_queue *queue = &wire->queue;

    assert(bytes <= queue->out);
    queue->out -= bytes;
    while (bytes > 0 && wire->closed == BTW_CLOSE_NONE) {
        size_t len = smaller(front(queue).len, bytes);
        consume(wire, len);
        bytes -= len;
    }
    if (queue->out > 0 || queue->chunk == NULL)
        return;
    free_chunks(wire, &queue->chunk->older);
    if (queue->from == queue->to)
        queue->from = queue->to = 0;
}

void btw_wire_sent(struct btw_wire *wire, size_t bytes, int64_t now_ms)
{
    struct btw_wire_queue *queue = &wire->queue;

    if (wire->closed != BTW_CLOSE_NONE)
        return;
    wire_enter(wire, now_ms);
    if (queue->stage_from < queue->stage_to) {
        assert(bytes <= queue->stage_to - queue->stage_from);
        queue->stage_from += bytes;
    } else {
        sent_plain(wire, bytes);
    }
    if (queue->stage != NULL && btw_wire_queued(wire) == 0)
        free_stage(wire);
    if (queue->wanted && btw_wire_queued(wire) <= wire->config.queue_max / 2) {
        queue->wanted = false;
        wire_tell(wire, &(struct btw_wire_event){ .kind = BTW_WIRE_DRAINED });
    }
    wire_leave(wire);
}

void wire_queue_drop(struct btw_wire *wire)
{
    struct btw_wire_queue *queue = &wire->queue;

    if (queue->out == 0)
        queue->from = queue->to = queue->behind = 0;
    queue->ready = 0;
}

void wire_queue_close(struct btw_wire *wire)
{
    while (wire->queue.ref_count > 0) {
        struct btw_wire_ref gone = pop_ref(&wire->queue);
        release(wire, &gone);
    }
}

/* Gives back what holds nothing. */
void wire_queue_trim(struct btw_wire *wire)
{
    struct btw_wire_queue *queue = &wire->queue;

    if (queue->from == queue->to && queue->out == 0) {
        free_chunks(wire, &queue->chunk);
        queue->from = queue->to = 0;
    }
    if (queue->ref_count == 0) {
        wire_memory(wire, queue->refs, queue->ref_cap * sizeof *queue->refs, 0);
        queue->refs = NULL;
        queue->ref_cap = 0;
    }
    if (queue->stage_from == queue->stage_to)
        free_stage(wire);
}

void wire_queue_free(struct btw_wire *wire)
{
    struct btw_wire_queue *queue = &wire->queue;

    queue->from = queue->to = queue->out = queue->ref_count = queue->stage_from = queue->stage_to = 0;
    wire_queue_trim(wire);
}

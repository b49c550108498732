/* SPDX-License-Identifier: MIT
 *
 * Which mutation an input gets: one that knows its structure, or plain bytes, without which what the structure forbids
 * would never be tried, nor what an engine has learnt from comparisons.
 */
#include "mutate.h"

#include "btw/bencode.h"

enum { PLAIN_ONE_IN = 3 };

static uint8_t room[MUTATE_ROOM];

struct btw_slice mutate_bencode_in(struct btw_slice in)
{
    size_t used = 0;
    unsigned flaws;

    if (in.len > 1 && (in.data[0] == 'd' || in.data[0] == 'l' || in.data[0] == 'i'))
        btw_ben_check_lenient(in, &used, &flaws, NULL);
    return btw_slice_of(in.data, used);
}

/* What was written, if it fits and is not just what was there. */
static size_t keep(const struct btw_writer *w, uint8_t *out, size_t cap)
{
    if (w->failed || w->len > cap)
        return 0;
    memcpy(out, w->data, w->len);
    return w->len;
}

size_t mutate_input(struct mutate *m, uint8_t *data, size_t size, size_t cap)
{
    struct btw_slice in = btw_slice_of(data, size), value;
    struct btw_writer w = btw_writer_on(room, sizeof room);
    size_t len;

    if (size == 0 || size > sizeof room || mutate_below(m, PLAIN_ONE_IN) == 0)
        return m->bytes(data, size, cap);
    value = mutate_bencode_in(in);
    if (value.len > 0)
        mutate_bencode(m, &w, in, value);
    else
        mutate_stream(m, &w, in);
    len = keep(&w, data, cap);
    return len > 0 ? len : m->bytes(data, size, cap);
}

size_t mutate_inputs(struct mutate *m, uint8_t *out, size_t cap, struct btw_slice one, struct btw_slice other)
{
    struct btw_writer w = btw_writer_on(room, sizeof room);
    struct btw_slice ours = mutate_bencode_in(one);
    struct btw_slice theirs = ours.len > 0 ? mutate_bencode_in(other) : ours;

    if (theirs.len > 0)
        mutate_bencode_cross(m, &w, one, ours, theirs);
    else
        mutate_stream_cross(m, &w, one, other);
    return keep(&w, out, cap);
}

/* SPDX-License-Identifier: MIT
 *
 * Mutations of a bencoded value: a value inside it is replaced, repeated, left out, wrapped or joined by another, with
 * all lengths kept true; what stands behind the value stays.
 */
#include "mutate.h"

#include <stdio.h>

#include "btw/bencode.h"
#include "keys.h"

enum { NODES_MAX = 128 };

/* Every value inside, and in a dictionary the key in front of it. */
struct nodes {
    struct {
        const uint8_t *from; /* of the key, if there is one */
        struct btw_slice value;
    } node[NODES_MAX];
    size_t count;
};

static void collect(struct nodes *nodes, const uint8_t *from, struct btw_slice value)
{
    if (nodes->count == NODES_MAX)
        return;
    nodes->node[nodes->count].from = from;
    nodes->node[nodes->count++].value = value;
}

/* The list grows while it is walked: outer values come first. */
static struct nodes take_apart(struct btw_slice whole)
{
    struct nodes nodes = { .count = 0 };

    collect(&nodes, whole.data, whole);
    for (size_t i = 0; i < nodes.count; i++) {
        struct btw_slice container = nodes.node[i].value, key, value;
        enum btw_ben_kind kind = btw_ben_kind(container);
        const uint8_t *from = container.data + 1;
        struct btw_ben_iter iter;
        if (kind != BTW_BEN_LIST && kind != BTW_BEN_DICT)
            continue;
        iter = btw_ben_iter_of(container);
        for (; btw_ben_next(&iter, &key, &value); from = value.data + value.len)
            collect(&nodes, from, value);
    }
    return nodes;
}

static void put_span(struct btw_writer *w, const uint8_t *from, const uint8_t *to)
{
    if (from != NULL && from < to)
        btw_write_bytes(w, btw_slice_of(from, (size_t)(to - from)));
}

static void put_odd(struct mutate *m, struct btw_writer *w)
{
    static const char *const values[] = { "i0e",
                                          "i-1e",
                                          "i1e",
                                          "i255e",
                                          "i256e",
                                          "i-0e",
                                          "i00e",
                                          "i4294967296e",
                                          "i9223372036854775807e",
                                          "i-9223372036854775808e",
                                          "i9223372036854775808e",
                                          "i16384e",
                                          "i65536e",
                                          "ie",
                                          "i5",
                                          "0:",
                                          "00:",
                                          "1:",
                                          "1:.",
                                          "2:..",
                                          "3:a/b",
                                          "4:abcd",
                                          "6:abcdef",
                                          "16:0123456789abcdef",
                                          "20:01234567890123456789",
                                          "32:01234567890123456789012345678901",
                                          "4294967295:x",
                                          "le",
                                          "de",
                                          "d0:i1ee",
                                          "d1:bi1e1:ai2ee",
                                          "d1:ai1e1:ai2ee",
                                          "llllleeeee",
                                          "l",
                                          "e" };

    btw_write_bytes(w, btw_slice_str(MUTATE_PICK(m, values)));
}

static void put_odd_pair(struct mutate *m, struct btw_writer *w)
{
    size_t at = mutate_below(m, fuzz_wire_key_count() + fuzz_torrent_key_count());

    btw_ben_put_key(w, at < fuzz_wire_key_count() ? fuzz_wire_key(at) : fuzz_torrent_key(at - fuzz_wire_key_count()));
    put_odd(m, w);
}

/* A string of another length that says so. */
static void put_string(struct mutate *m, struct btw_writer *w, struct btw_slice text)
{
    static const size_t more[] = { 1, 2, 6, 12, 18, 20, 32 };
    static const uint8_t filler[32];
    char length[24];
    size_t less = text.len > 0 ? mutate_below(m, text.len) : 0, added = MUTATE_PICK(m, more);

    if (mutate_below(m, 2) == 0) {
        btw_ben_put_str(w, btw_slice_of(text.data, less));
        return;
    }
    snprintf(length, sizeof length, "%zu:", text.len + added);
    btw_write_bytes(w, btw_slice_str(length));
    btw_write_bytes(w, text);
    btw_write_bytes(w, btw_slice_of(filler, added));
}

static void put_replacement(struct mutate *m, struct btw_writer *w, struct btw_slice value)
{
    struct btw_slice text;

    if (btw_ben_str(value, &text) && mutate_below(m, 2) == 0)
        put_string(m, w, text);
    else
        put_odd(m, w);
}

/* What comes in the place of a value, and of its key, if it has one, which begins at `from`. */
static void put_changed(struct mutate *m, struct btw_writer *w, const uint8_t *from, struct btw_slice value)
{
    enum { REPLACE, REPLACE_MORE, ADD, REPEAT, DELETE, WRAP, WAYS };
    const uint8_t *to = value.data + value.len;
    size_t way = mutate_below(m, WAYS);

    if (way == DELETE)
        return;
    put_span(w, from, value.data);
    if (way == ADD && btw_ben_kind(value) == BTW_BEN_DICT) {
        put_span(w, value.data, to - 1);
        put_odd_pair(m, w);
        btw_write_u8(w, 'e');
    } else if (way == REPEAT) {
        put_span(w, value.data, to);
        put_span(w, from, to);
    } else if (way == WRAP) {
        btw_write_u8(w, 'l');
        put_span(w, value.data, to);
        btw_write_u8(w, 'e');
    } else {
        put_replacement(m, w, value);
    }
}

void mutate_bencode(struct mutate *m, struct btw_writer *w, struct btw_slice in, struct btw_slice value)
{
    struct nodes nodes = take_apart(value);
    size_t at = mutate_below(m, nodes.count);

    put_span(w, in.data, nodes.node[at].from);
    put_changed(m, w, nodes.node[at].from, nodes.node[at].value);
    put_span(w, nodes.node[at].value.data + nodes.node[at].value.len, in.data + in.len);
}

/* A value of the other in the place of one of ours. */
void mutate_bencode_cross(struct mutate *m, struct btw_writer *w, struct btw_slice in, struct btw_slice value,
                          struct btw_slice other)
{
    struct nodes nodes = take_apart(value);
    struct btw_slice out = nodes.node[mutate_below(m, nodes.count)].value, into;

    nodes = take_apart(other);
    into = nodes.node[mutate_below(m, nodes.count)].value;
    put_span(w, in.data, out.data);
    put_span(w, into.data, into.data + into.len);
    put_span(w, out.data + out.len, in.data + in.len);
}

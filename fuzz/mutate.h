/* SPDX-License-Identifier: MIT
 *
 * Mutations that know what a message stream and a bencoded value are made of.  One source for libFuzzer
 * (mutate_libfuzzer.c) and for AFL++ (mutate_afl.c); which of the two kinds an input is, is seen from the input.
 */
#ifndef FUZZ_MUTATE_H
#define FUZZ_MUTATE_H

#include "btw/bytes.h"
#include "btw/msg.h"

enum { MUTATE_ROOM = 1 << 18 }; /* the longest input that is mutated */

/* Changes bytes in place without knowing what they are, and returns their new number. */
typedef size_t mutate_bytes_fn(uint8_t *data, size_t size, size_t cap);

struct mutate {
    uint64_t random;
    mutate_bytes_fn *bytes;
};

/* 0 to n-1; n is not 0. */
static inline size_t mutate_below(struct mutate *m, size_t n)
{
    m->random ^= m->random << 13;
    m->random ^= m->random >> 7;
    m->random ^= m->random << 17;
    return (size_t)(m->random >> 32) % n;
}

#define MUTATE_PICK(m, array) ((array)[mutate_below((m), sizeof(array) / sizeof(array)[0])])

static inline struct mutate mutate_of(unsigned seed, mutate_bytes_fn *bytes)
{
    return (struct mutate){ (seed + UINT64_C(1)) * UINT64_C(0x9e3779b97f4a7c15), bytes };
}

/* Each writes a changed input to w, which has failed afterwards if it does not fit.  `value` and `other` are what
 * mutate_bencode_in() has found. */
void mutate_stream(struct mutate *m, struct btw_writer *w, struct btw_slice in);
void mutate_bencode(struct mutate *m, struct btw_writer *w, struct btw_slice in, struct btw_slice value);
/* Each puts a part of `other` into `in`. */
void mutate_stream_cross(struct mutate *m, struct btw_writer *w, struct btw_slice in, struct btw_slice other);
void mutate_bencode_cross(struct mutate *m, struct btw_writer *w, struct btw_slice in, struct btw_slice value,
                          struct btw_slice other);

/* The bencoded value at the front; empty: there is none that a mutation of bencoding could be made of. */
struct btw_slice mutate_bencode_in(struct btw_slice in);

/* What both engines call: changes data in place, in cap bytes, and returns its new size. */
size_t mutate_input(struct mutate *m, uint8_t *data, size_t size, size_t cap);
/* And writes what comes of two inputs to out. */
size_t mutate_inputs(struct mutate *m, uint8_t *out, size_t cap, struct btw_slice one, struct btw_slice other);

#endif

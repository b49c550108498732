/* SPDX-License-Identifier: MIT
 *
 * The mutations, as a custom mutator that afl-fuzz loads (AFL_CUSTOM_MUTATOR_LIBRARY).  It has no way to call the
 * engine's own mutations from inside, so plain bytes are changed here.
 */
#include <stdlib.h>

#include "mutate.h"

void *afl_custom_init(void *afl, unsigned seed);
size_t afl_custom_fuzz(void *state, uint8_t *buf, size_t size, uint8_t **out, uint8_t *other, size_t other_size,
                       size_t size_max);
void afl_custom_deinit(void *state);

struct afl {
    struct mutate mutate;
    uint8_t out[MUTATE_ROOM];
};

static struct mutate *plain; /* the draws of plain_bytes() */

static size_t plain_bytes(uint8_t *data, size_t size, size_t cap)
{
    enum { SET, FLIP, INSERT, DELETE, WAYS };
    size_t at = size > 0 ? mutate_below(plain, size) : 0;

    switch (size > 0 ? mutate_below(plain, WAYS) : INSERT) {
    case INSERT:
        if (size == cap)
            return size;
        memmove(data + at + 1, data + at, size - at);
        data[at] = (uint8_t)mutate_below(plain, 256);
        return size + 1;
    case DELETE:
        memmove(data + at, data + at + 1, size - at - 1);
        return size - 1;
    case FLIP:
        data[at] ^= (uint8_t)(1 << mutate_below(plain, 8));
        return size;
    default:
        data[at] = (uint8_t)mutate_below(plain, 256);
        return size;
    }
}

void *afl_custom_init(void *afl, unsigned seed)
{
    struct afl *state = malloc(sizeof *state);

    (void)afl;
    if (state == NULL)
        return NULL;
    state->mutate = mutate_of(seed, plain_bytes);
    plain = &state->mutate;
    return state;
}

size_t afl_custom_fuzz(void *state, uint8_t *buf, size_t size, uint8_t **out, uint8_t *other, size_t other_size,
                       size_t size_max)
{
    struct afl *afl = state;
    size_t cap = size_max < sizeof afl->out ? size_max : sizeof afl->out, len = 0;

    *out = afl->out;
    if (other != NULL && other_size > 0 && mutate_below(&afl->mutate, 4) == 0)
        len = mutate_inputs(&afl->mutate, afl->out, cap, btw_slice_of(buf, size), btw_slice_of(other, other_size));
    if (len > 0)
        return len;
    len = size < cap ? size : cap;
    memcpy(afl->out, buf, len);
    for (size_t rounds = 1 + mutate_below(&afl->mutate, 4); rounds > 0; rounds--)
        len = mutate_input(&afl->mutate, afl->out, len, cap);
    return len;
}

void afl_custom_deinit(void *state)
{
    free(state);
}

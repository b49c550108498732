/* SPDX-License-Identifier: MIT
 *
 * What all fuzz targets stand on.  A target is one file with one property, which its first comment says, and one
 * function, which libFuzzer, AFL++ and replay_main.c call.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
/* Optional: what has to be done once. */
int LLVMFuzzerInitialize(int *argc, char ***argv) __attribute__((weak));

/* The property: holds for every input, or something is wrong with us. */
#define FUZZ_CHECK(claim) ((claim) ? (void)0 : fuzz_fail(#claim, __FILE__, __LINE__))

static inline void fuzz_fail(const char *claim, const char *file, int line)
{
    fprintf(stderr, "%s:%d: this should hold: %s\n", file, line, claim);
    abort();
}

/* What a target decides besides the input is read from the end of the input, and stays part of it: so a plain recording
 * is a good seed, and every choice can be mutated.  Behind the front all choices are 0. */
struct fuzz_choices {
    const uint8_t *data;
    size_t left;
};

static inline struct fuzz_choices fuzz_choices_of(const uint8_t *data, size_t size)
{
    return (struct fuzz_choices){ data, size };
}

static inline uint8_t fuzz_choose_byte(struct fuzz_choices *choices)
{
    return choices->left == 0 ? 0 : choices->data[--choices->left];
}

/* A number below 65536, and below `below`, which is not 0. */
static inline size_t fuzz_choose(struct fuzz_choices *choices, size_t below)
{
    size_t high = fuzz_choose_byte(choices);

    return (high << 8 | fuzz_choose_byte(choices)) % below;
}

/* What costs much more than decoding does is done for one input in `n` under an engine, and for every one on replay.
 * The input decides; `what` tells several such things of a target apart. */
#ifdef FUZZ_SPARING
__attribute__((no_sanitize("coverage"))) static inline bool fuzz_is_due(const uint8_t *data, size_t size, unsigned what,
                                                                        unsigned n)
{
    uint64_t mix = size + UINT64_C(0x100000001b3) * what;

    for (size_t i = size > sizeof mix ? size - sizeof mix : 0; i < size; i++)
        mix = (mix ^ data[i]) * UINT64_C(0x9e3779b97f4a7c15);
    return (mix >> 32) % n == 0;
}
#else
static inline bool fuzz_is_due(const uint8_t *data, size_t size, unsigned what, unsigned n)
{
    (void)data, (void)size, (void)what, (void)n;
    return true;
}
#endif

/* One number out of many, to tell two long lists from each other (FNV-1a). */
#define FUZZ_DIGEST_START UINT64_C(0xcbf29ce484222325)

static inline uint64_t fuzz_digest(uint64_t digest, const uint8_t *data, size_t len)
{
    for (size_t i = 0; i < len; i++)
        digest = (digest ^ data[i]) * UINT64_C(0x100000001b3);
    return digest;
}

static inline uint64_t fuzz_digest_number(uint64_t digest, uint64_t number)
{
    return (digest ^ number) * UINT64_C(0x100000001b3) ^ digest >> 29;
}

#endif

/* SPDX-License-Identifier: MIT
 *
 * Words and numbers at the front of a line, parted by spaces.
 */
#ifndef LIVE_WORDS_H
#define LIVE_WORDS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* The next word, copied to out.  False: there is none, or it is too long. */
static inline bool live_take_word(const char **line, char *out, size_t cap)
{
    *line += strspn(*line, " \t\n");
    size_t len = strcspn(*line, " \t\n");
    if (len == 0 || len >= cap)
        return false;
    memcpy(out, *line, len);
    out[len] = '\0';
    *line += len;
    return true;
}

/* The next word, which is a number. */
static inline bool live_take_number(const char **line, uint64_t *out)
{
    char word[32], *end = word;
    if (!live_take_word(line, word, sizeof word))
        return false;
    *out = strtoull(word, &end, 10);
    return *end == '\0';
}

static inline bool live_take_size(const char **line, size_t *out)
{
    uint64_t number = 0;
    bool taken = live_take_number(line, &number);
    *out = (size_t)number;
    return taken;
}

static inline bool live_take_unsigned(const char **line, unsigned *out)
{
    uint64_t number = 0;
    bool taken = live_take_number(line, &number);
    *out = (unsigned)number;
    return taken;
}

#endif

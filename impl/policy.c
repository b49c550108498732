/* SPDX-License-Identifier: MIT
 *
 * The policy table: defaults and access by name.  What an entry does is written where the decision is taken.
 */
#include <stdbool.h>
#include <string.h>

#include "btw/policy.h"

/* In the notation words are joined by '-', which a C name cannot hold; both are accepted. */
static const struct btw_policy_row rows[] = {
#define POLICY_ROW(field, decent, sentence)                                                                            \
    { .name = #field, .value = (decent), .what = (sentence), .offset = offsetof(struct btw_policy, field) },
    BTW_POLICY_LIST(POLICY_ROW)
#undef POLICY_ROW
};

size_t btw_policy_count(void)
{
    return sizeof rows / sizeof rows[0];
}

const struct btw_policy_row *btw_policy_at(size_t i)
{
    return i < btw_policy_count() ? &rows[i] : NULL;
}

static void put(struct btw_policy *policy, const struct btw_policy_row *row, int64_t value)
{
    memcpy((unsigned char *)policy + row->offset, &value, sizeof value);
}

void btw_policy_init(struct btw_policy *policy)
{
    for (size_t i = 0; i < btw_policy_count(); i++)
        put(policy, &rows[i], rows[i].value);
}

static bool same_name(const char *a, const char *b)
{
    while (*a != '\0' && (*a == *b || (*a == '_' && *b == '-'))) {
        a++;
        b++;
    }
    return *a == '\0' && *b == '\0';
}

enum btw_status btw_policy_set(struct btw_policy *policy, const char *name, int64_t value)
{
    for (size_t i = 0; i < btw_policy_count(); i++) {
        if (!same_name(rows[i].name, name))
            continue;
        put(policy, &rows[i], value);
        return BTW_OK;
    }
    return BTW_NOT_FOUND;
}

/* Sizes and counts that are divided by, or that memory is taken for. */
static const struct {
    size_t offset;
    int64_t least, most;
} ranges[] = {
#define RANGE(field, low, high)                                                                                        \
    {                                                                                                                  \
        offsetof(struct btw_policy, field), (low), (high)                                                              \
    }
    RANGE(handshake_at, 48, 68),       RANGE(bitfield_extra, 0, 1 << 16), RANGE(request_max, 1, 1 << 20),
    RANGE(queue, 0, 1 << 16),          RANGE(allowed_fast, 0, 64),        RANGE(request_size, 1, 1 << 20),
    RANGE(pipeline, 1, 1 << 16),       RANGE(metadata_queue, 0, 64),      RANGE(metadata_piece, 1, 1 << 20),
    RANGE(metadata_from, -1000, 1000), RANGE(hash_length, 2, 4096),       RANGE(output_max, 0, 1 << 30),
    RANGE(mse_pad_clear, -1, 65535),   RANGE(mse_pad_secret, -1, 65535),  RANGE(mse_methods, 0, 3),
#undef RANGE
};

static int64_t within(int64_t value, int64_t least, int64_t most)
{
    if (value < least)
        return least;
    return value > most ? most : value;
}

void btw_policy_tame(struct btw_policy *policy)
{
    static const int64_t reason = (int64_t)1 << 40; /* times may be added up without overflow */
    int64_t *entry;

    for (size_t i = 0; i < btw_policy_count(); i++) {
        entry = (int64_t *)(void *)((unsigned char *)policy + rows[i].offset);
        *entry = within(*entry, -reason, reason);
    }
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
        entry = (int64_t *)(void *)((unsigned char *)policy + ranges[i].offset);
        *entry = within(*entry, ranges[i].least, ranges[i].most);
    }
}

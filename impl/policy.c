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

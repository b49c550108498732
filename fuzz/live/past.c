/* SPDX-License-Identifier: MIT */
#include "past.h"

void live_past_add(struct live_past *past, const struct live_case *one, const struct live_origin *origin,
                   uint64_t ended)
{
    past->bytes += live_case_bytes(one);
    while (past->count == LIVE_PAST_MAX || (past->count > 0 && past->bytes > LIVE_PAST_BYTES_MAX)) {
        past->bytes -= live_case_bytes(&past->list[past->first].one);
        live_case_free(&past->list[past->first].one);
        past->first = (past->first + 1) % LIVE_PAST_MAX;
        past->count--;
    }
    size_t at = (past->first + past->count++) % LIVE_PAST_MAX;
    past->list[at] = (struct live_past_entry){ live_case_copy(one), *origin, ended };
}

void live_past_clear(struct live_past *past, uint64_t before)
{
    past->cleared = before;
}

void live_past_free(struct live_past *past)
{
    for (size_t i = 0; i < past->count; i++)
        live_case_free(&past->list[(past->first + i) % LIVE_PAST_MAX].one);
    past->count = past->bytes = 0;
}

size_t live_past_suspects(const struct live_past *past)
{
    size_t suspects = 0;
    while (suspects < past->count &&
           past->list[(past->first + past->count - 1 - suspects) % LIVE_PAST_MAX].ended >= past->cleared)
        suspects++;
    return suspects;
}

const struct live_past_entry *live_past_back(const struct live_past *past, size_t i)
{
    return i < past->count ? &past->list[(past->first + past->count - 1 - i) % LIVE_PAST_MAX] : NULL;
}

bool live_past_join(const struct live_past *past, size_t length, struct live_case *out, uint64_t *number)
{
    *out = (struct live_case){ 0 };
    if (length > past->count)
        return false;
    for (size_t i = length; i-- > 0;) {
        if (!live_case_append(out, &live_past_back(past, i)->one)) {
            live_case_free(out);
            return false;
        }
    }
    *number = live_past_back(past, 0)->origin.number;
    return true;
}

/* SPDX-License-Identifier: MIT
 *
 * The sliding window.  A bucket is cleared when its second is used again.
 */
#include "btw/rate.h"

void btw_rate_add(struct btw_rate *rate, uint64_t bytes, int64_t now_ms)
{
    int64_t second = now_ms / 1000, ahead = second - rate->second;

    for (int64_t i = 1; i <= ahead && i <= BTW_RATE_SECONDS + 1; i++)
        rate->bucket[(rate->second + i) % (BTW_RATE_SECONDS + 1)] = 0;
    if (ahead > 0)
        rate->second = second;
    rate->bucket[rate->second % (BTW_RATE_SECONDS + 1)] += bytes;
}

uint64_t btw_rate_get(const struct btw_rate *rate, int64_t now_ms)
{
    int64_t second = now_ms / 1000;
    uint64_t sum = 0;

    for (int64_t i = 1; i <= BTW_RATE_SECONDS; i++) {
        int64_t at = second - i;
        if (at >= 0 && at <= rate->second && at > rate->second - (BTW_RATE_SECONDS + 1))
            sum += rate->bucket[at % (BTW_RATE_SECONDS + 1)];
    }
    return sum / BTW_RATE_SECONDS;
}

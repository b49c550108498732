/* SPDX-License-Identifier: MIT */
#include "pool.h"

#include <stdlib.h>

#include "random.h"

enum { RIVALS = 4 };

bool live_pool_add(struct live_pool *pool, const struct live_entry *entry)
{
    size_t bytes = live_case_bytes(&entry->one);
    if (pool->count == LIVE_POOL_MAX || pool->bytes + bytes > LIVE_POOL_BYTES_MAX)
        return false;
    if ((pool->count & (pool->count - 1)) == 0) {
        size_t cap = pool->count > 0 ? 2 * pool->count : 1;
        pool->list = realloc(pool->list, cap * sizeof *pool->list);
        if (pool->list == NULL)
            abort();
    }
    pool->list[pool->count] = *entry;
    pool->list[pool->count++].one = live_case_copy(&entry->one);
    pool->bytes += bytes;
    return true;
}

/* New things per pick, of each as if it had paid once. */
static bool is_better(const struct live_entry *a, const struct live_entry *b)
{
    return (uint64_t)(a->paid + 1) * (b->picked + 1) > (uint64_t)(b->paid + 1) * (a->picked + 1);
}

size_t live_pool_pick(const struct live_pool *pool, uint64_t *random)
{
    size_t best = live_below(random, (uint32_t)pool->count);
    for (int i = 1; i < RIVALS; i++) {
        size_t rival = live_below(random, (uint32_t)pool->count);
        if (is_better(&pool->list[rival], &pool->list[best]))
            best = rival;
    }
    return best;
}

void live_pool_free(struct live_pool *pool)
{
    for (size_t i = 0; i < pool->count; i++)
        live_case_free(&pool->list[i].one);
    free(pool->list);
    *pool = (struct live_pool){ 0 };
}

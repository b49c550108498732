/* SPDX-License-Identifier: MIT
 *
 * A hash table with chains, and four queues through the same flows.
 */
#include <assert.h>
#include <stdlib.h>
#include <sys/random.h>

#include "flow.h"

_Static_assert(sizeof(struct cap_key) == 40, "a key has no padding");

bool cap_flows_init(struct cap_flows *flows, size_t max)
{
    size_t size = 1;

    while (size < max)
        size *= 2;
    *flows = (struct cap_flows){ .mask = size - 1, .max = max };
    if (getrandom(&flows->seed, sizeof flows->seed, GRND_NONBLOCK) < 0)
        flows->seed = (uintptr_t)flows;
    flows->table = (struct cap_flow **)calloc(size, sizeof(struct cap_flow *));
    return flows->table != NULL;
}

void cap_flows_free(struct cap_flows *flows)
{
    assert(flows->count == 0);
    free(flows->table);
}

struct cap_key cap_key_of(const struct cap_endpoint *source, const struct cap_endpoint *target, bool *first)
{
    struct cap_key key = { .address_len = source->address_len };
    int order = memcmp(source->address, target->address, sizeof source->address);
    const struct cap_endpoint *low, *high;

    *first = order < 0 || (order == 0 && source->port <= target->port);
    low = *first ? source : target;
    high = *first ? target : source;
    memcpy(key.address[0], low->address, sizeof low->address);
    memcpy(key.address[1], high->address, sizeof high->address);
    key.port[0] = low->port;
    key.port[1] = high->port;
    return key;
}

/* Multiply and fold, eight bytes at a time. */
static size_t hash_of(const struct cap_flows *flows, const struct cap_key *key)
{
    uint64_t words[sizeof *key / 8], hash = flows->seed;

    memcpy(words, key, sizeof words);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        hash = (hash ^ words[i]) * UINT64_C(0x9e3779b97f4a7c15);
        hash ^= hash >> 29;
    }
    return (size_t)hash & flows->mask;
}

static bool is_key(const struct cap_flow *flow, const struct cap_key *key)
{
    return memcmp(&flow->key, key, sizeof *key) == 0;
}

struct cap_flow *cap_flows_find(struct cap_flows *flows, const struct cap_key *key)
{
    struct cap_flow *flow = flows->last;

    if (flow != NULL && is_key(flow, key))
        return flow;
    for (flow = flows->table[hash_of(flows, key)]; flow != NULL && !is_key(flow, key);)
        flow = flow->chain;
    if (flow != NULL)
        flows->last = flow;
    return flow;
}

static void unqueue(struct cap_flows *flows, struct cap_flow *flow)
{
    *(flow->older != NULL ? &flow->older->newer : &flows->oldest[flow->queue]) = flow->newer;
    *(flow->newer != NULL ? &flow->newer->older : &flows->newest[flow->queue]) = flow->older;
}

static void enqueue(struct cap_flows *flows, struct cap_flow *flow, enum cap_queue queue)
{
    flow->queue = queue;
    flow->newer = NULL;
    flow->older = flows->newest[queue];
    *(flow->older != NULL ? &flow->older->newer : &flows->oldest[queue]) = flow;
    flows->newest[queue] = flow;
}

struct cap_flow *cap_flows_add(struct cap_flows *flows, const struct cap_key *key)
{
    struct cap_flow *flow = (struct cap_flow *)calloc(1, sizeof *flow);
    struct cap_flow **bucket = &flows->table[hash_of(flows, key)];

    assert(flows->count < flows->max);
    if (flow == NULL)
        return NULL;
    flow->key = *key;
    flow->chain = *bucket;
    *bucket = flow;
    flows->count++;
    enqueue(flows, flow, CAP_EMPTY);
    return flow;
}

void cap_flows_remove(struct cap_flows *flows, struct cap_flow *flow)
{
    struct cap_flow **link = &flows->table[hash_of(flows, &flow->key)];

    while (*link != flow)
        link = &(*link)->chain;
    *link = flow->chain;
    unqueue(flows, flow);
    if (flows->last == flow)
        flows->last = NULL;
    flows->count--;
    free(flow);
}

void cap_flows_touch(struct cap_flows *flows, struct cap_flow *flow, enum cap_queue queue)
{
    if (flow->queue == queue && flow->newer == NULL)
        return;
    unqueue(flows, flow);
    enqueue(flows, flow, queue);
}

struct cap_flow *cap_flows_first(const struct cap_flows *flows)
{
    struct cap_flow *talking = flows->oldest[CAP_TALKING], *holding = flows->oldest[CAP_HOLDING];

    if (flows->oldest[CAP_ENDING] != NULL)
        return flows->oldest[CAP_ENDING];
    if (flows->oldest[CAP_EMPTY] != NULL)
        return flows->oldest[CAP_EMPTY];
    if (talking == NULL || holding == NULL)
        return talking == NULL ? holding : talking;
    return holding->session.last_frame < talking->session.last_frame ? holding : talking; /* times may go back */
}

/* SPDX-License-Identifier: MIT
 *
 * Three sets, each a table that is looked up by a hash of its key.
 */
#include "graph.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "words.h"

enum { DOT_STATES_MAX = 400 };

struct item {
    uint64_t key;
    uint64_t seen, first;
};

struct set {
    struct item *items; /* in the order of coming */
    size_t count;
    uint32_t *slots; /* index + 1 */
    size_t slot_count;
};

struct live_graph {
    struct set states, moves, ways;
};

static void *must(void *memory)
{
    if (memory == NULL)
        abort();
    return memory;
}

/* ---- sets -------------------------------------------------------------------------------------------------------- */

static size_t slot_of(const struct set *set, uint64_t key)
{
    uint64_t hash = (key ^ key >> 29) * UINT64_C(0x9e3779b97f4a7c15);
    size_t at = (size_t)(hash >> 20) & (set->slot_count - 1);
    while (set->slots[at] != 0 && set->items[set->slots[at] - 1].key != key)
        at = (at + 1) & (set->slot_count - 1);
    return at;
}

static void set_grow(struct set *set)
{
    set->slot_count = set->slot_count > 0 ? 2 * set->slot_count : 64;
    free(set->slots);
    set->slots = must(calloc(set->slot_count, sizeof *set->slots));
    set->items = must(realloc(set->items, set->slot_count / 2 * sizeof *set->items));
    for (size_t i = 0; i < set->count; i++)
        set->slots[slot_of(set, set->items[i].key)] = (uint32_t)i + 1;
}

/* True: it was not there before. */
static bool set_add(struct set *set, uint64_t key, uint64_t case_number)
{
    if (2 * set->count >= set->slot_count)
        set_grow(set);
    size_t slot = slot_of(set, key);
    if (set->slots[slot] != 0) {
        set->items[set->slots[slot] - 1].seen++;
        return false;
    }
    set->items[set->count++] = (struct item){ key, 1, case_number };
    set->slots[slot] = (uint32_t)set->count;
    return true;
}

static void set_free(struct set *set)
{
    free(set->items);
    free(set->slots);
}

/* ---- the graph --------------------------------------------------------------------------------------------------- */

/* A state has 23 bits, a cause 5. */
static uint64_t key_of(const struct live_move *move)
{
    return (uint64_t)move->from << 32 | (uint64_t)move->by << 24 | move->to;
}

struct live_graph *live_graph_new(void)
{
    return must(calloc(1, sizeof(struct live_graph)));
}

void live_graph_free(struct live_graph *graph)
{
    if (graph == NULL)
        return;
    set_free(&graph->states);
    set_free(&graph->moves);
    set_free(&graph->ways);
    free(graph);
}

unsigned live_graph_add(struct live_graph *graph, const struct live_look *look, uint64_t case_number)
{
    size_t count;
    unsigned fresh = 0;
    const struct live_move *moves = live_look_moves(look, &count);
    for (size_t i = 0; i < count; i++) {
        fresh += set_add(&graph->states, moves[i].from, case_number);
        fresh += set_add(&graph->states, moves[i].to, case_number);
        fresh += set_add(&graph->moves, key_of(&moves[i]), case_number);
    }
    return fresh + set_add(&graph->ways, live_look_key(look), case_number);
}

size_t live_graph_states(const struct live_graph *graph)
{
    return graph->states.count;
}

size_t live_graph_moves(const struct live_graph *graph)
{
    return graph->moves.count;
}

/* ---- files ------------------------------------------------------------------------------------------------------- */

void live_graph_json(const struct live_graph *graph, FILE *out)
{
    char text[LIVE_STATE_TEXT];
    fputs("{\"states\": [", out);
    for (size_t i = 0; i < graph->states.count; i++) {
        const struct item *item = &graph->states.items[i];
        live_state_print(text, (live_state)item->key);
        fprintf(out, "%s\n  {\"id\": %" PRIu64 ", \"text\": \"%s\", \"seen\": %" PRIu64 ", \"first\": %" PRIu64 "}",
                i > 0 ? "," : "", item->key, text, item->seen, item->first);
    }
    fputs("],\n \"moves\": [", out);
    for (size_t i = 0; i < graph->moves.count; i++) {
        const struct item *item = &graph->moves.items[i];
        fprintf(out,
                "%s\n  {\"from\": %" PRIu64 ", \"to\": %" PRIu64 ", \"by\": \"%s\", \"seen\": %" PRIu64
                ", \"first\": %" PRIu64 "}",
                i > 0 ? "," : "", item->key >> 32, item->key & 0xffffff,
                live_by_name((uint8_t)(item->key >> 24 & 0xff)), item->seen, item->first);
    }
    fputs("]}\n", out);
}

/* Of a large graph the states that came first. */
void live_graph_dot(const struct live_graph *graph, FILE *out)
{
    char text[LIVE_STATE_TEXT];
    size_t states = graph->states.count < DOT_STATES_MAX ? graph->states.count : DOT_STATES_MAX;
    fprintf(out, "/* %zu of %zu states */\ndigraph target {\n  node [shape=box fontname=monospace fontsize=9]\n",
            states, graph->states.count);
    for (size_t i = 0; i < states; i++) {
        live_state_print(text, (live_state)graph->states.items[i].key);
        fprintf(out, "  s%" PRIu64 " [label=\"%s\\n%" PRIu64 "\"]\n", graph->states.items[i].key, text,
                graph->states.items[i].seen);
    }
    for (size_t i = 0; i < graph->moves.count; i++) {
        const struct item *item = &graph->moves.items[i];
        uint64_t from = item->key >> 32, to = item->key & 0xffffff;
        size_t a = graph->states.slots[slot_of(&graph->states, from)],
               b = graph->states.slots[slot_of(&graph->states, to)];
        if (a <= states && b <= states)
            fprintf(out, "  s%" PRIu64 " -> s%" PRIu64 " [label=\"%s\"]\n", from, to,
                    live_by_name((uint8_t)(item->key >> 24 & 0xff)));
    }
    fputs("}\n", out);
}

/* ---- for later --------------------------------------------------------------------------------------------------- */

static const char *const set_names[] = { "state", "move", "way" };

void live_graph_save(const struct live_graph *graph, FILE *out)
{
    const struct set *const sets[] = { &graph->states, &graph->moves, &graph->ways };
    for (size_t s = 0; s < sizeof sets / sizeof sets[0]; s++) {
        for (size_t i = 0; i < sets[s]->count; i++) {
            const struct item *item = &sets[s]->items[i];
            fprintf(out, "%s %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", set_names[s], item->key, item->seen, item->first);
        }
    }
}

bool live_graph_load(struct live_graph *graph, const char *line)
{
    struct set *const sets[] = { &graph->states, &graph->moves, &graph->ways };
    char name[8];
    uint64_t key, seen, first;
    if (!live_take_word(&line, name, sizeof name) || !live_take_number(&line, &key) ||
        !live_take_number(&line, &seen) || !live_take_number(&line, &first))
        return false;
    for (size_t s = 0; s < sizeof sets / sizeof sets[0]; s++) {
        if (strcmp(name, set_names[s]) != 0)
            continue;
        if (set_add(sets[s], key, first))
            sets[s]->items[sets[s]->count - 1].seen = seen;
        return true;
    }
    return false;
}

/* SPDX-License-Identifier: MIT
 *
 * The states that connections with the target have been in, and the moves between them.
 */
#ifndef LIVE_GRAPH_H
#define LIVE_GRAPH_H

#include <stdio.h>

#include "look.h"

struct live_graph;

struct live_graph *live_graph_new(void);
void live_graph_free(struct live_graph *graph);

/* Adds what a play has shown.  Answer: how many states, moves and ways through them were new. */
unsigned live_graph_add(struct live_graph *graph, const struct live_look *look, uint64_t case_number);

size_t live_graph_states(const struct live_graph *graph);
size_t live_graph_moves(const struct live_graph *graph);

/* {"states": [{"id", "text", "seen", "first"}], "moves": [{"from", "to", "by", "seen", "first"}]}; `first` is the
 * number of the case. */
void live_graph_json(const struct live_graph *graph, FILE *out);
void live_graph_dot(const struct live_graph *graph, FILE *out); /* Graphviz */

/* All of it, line by line, for a later campaign.  False: that is no such line. */
void live_graph_save(const struct live_graph *graph, FILE *out);
bool live_graph_load(struct live_graph *graph, const char *line);

#endif

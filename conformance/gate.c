/* SPDX-License-Identifier: MIT
 *
 * Places for dials, given away in the order of coming.
 */
#include "gate.h"

#include <stddef.h>

enum { TICK_MS = 100 };

static struct scn_gate_queue *queue_of(struct scn_gate *gate, const struct scn_gate_dial *dial)
{
    return dial->place == SCN_GATE_FIRST ? &gate->first : &gate->waiting;
}

static struct scn_gate_dial *next(const struct scn_gate *gate)
{
    return TAILQ_EMPTY(&gate->first) ? TAILQ_FIRST(&gate->waiting) : TAILQ_FIRST(&gate->first);
}

static void turn(uv_timer_t *timer)
{
    struct scn_gate *gate = timer->data;
    if (gate->turning)
        return; /* a dial left while it was being started; the loop below goes on */
    gate->turning = true;
    for (size_t i = 0; i < SCN_GATE_PLACES; i++) {
        struct scn_gate_dial *dial = gate->inside[i];
        if (dial != NULL && dial->until <= uv_now(timer->loop)) {
            dial->place = SCN_GATE_OUTSIDE;
            gate->inside[i] = NULL;
        }
        while (gate->inside[i] == NULL && (dial = next(gate)) != NULL) {
            TAILQ_REMOVE(queue_of(gate, dial), dial, link);
            gate->inside[i] = dial;
            dial->place = SCN_GATE_INSIDE;
            dial->until = UINT64_MAX;
            gate->start(dial);
        }
    }
    gate->turning = false;
    if (next(gate) == NULL)
        uv_timer_stop(timer);
    else if (!uv_is_active((uv_handle_t *)timer))
        uv_timer_start(timer, turn, TICK_MS, TICK_MS);
}

void scn_gate_init(struct scn_gate *gate, uv_loop_t *loop, void (*start)(struct scn_gate_dial *dial))
{
    *gate = (struct scn_gate){ .start = start };
    TAILQ_INIT(&gate->first);
    TAILQ_INIT(&gate->waiting);
    uv_timer_init(loop, &gate->timer);
    gate->timer.data = gate;
}

void scn_gate_close(struct scn_gate *gate)
{
    uv_close((uv_handle_t *)&gate->timer, NULL);
}

void scn_gate_enter(struct scn_gate *gate, struct scn_gate_dial *dial, bool first)
{
    dial->place = first ? SCN_GATE_FIRST : SCN_GATE_WAITING;
    TAILQ_INSERT_TAIL(queue_of(gate, dial), dial, link);
    turn(&gate->timer);
}

void scn_gate_connected(struct scn_gate *gate, struct scn_gate_dial *dial)
{
    dial->until = uv_now(gate->timer.loop) + SCN_GATE_SILENCE_MS;
    dial->number = ++gate->connected;
}

void scn_gate_answered(struct scn_gate *gate, struct scn_gate_dial *dial)
{
    if (dial->place != SCN_GATE_INSIDE)
        return;
    for (size_t i = 0; i < SCN_GATE_PLACES; i++) {
        struct scn_gate_dial *other = gate->inside[i];
        if (other != NULL && other->until != UINT64_MAX && other->number <= dial->number) {
            other->place = SCN_GATE_OUTSIDE;
            gate->inside[i] = NULL;
        }
    }
    turn(&gate->timer);
}

void scn_gate_leave(struct scn_gate *gate, struct scn_gate_dial *dial)
{
    if (dial->place == SCN_GATE_FIRST || dial->place == SCN_GATE_WAITING)
        TAILQ_REMOVE(queue_of(gate, dial), dial, link);
    for (size_t i = 0; dial->place == SCN_GATE_INSIDE && i < SCN_GATE_PLACES; i++) {
        if (gate->inside[i] == dial)
            gate->inside[i] = NULL;
    }
    if (dial->place != SCN_GATE_OUTSIDE) {
        dial->place = SCN_GATE_OUTSIDE;
        turn(&gate->timer);
    }
}

/* SPDX-License-Identifier: MIT
 *
 * Steps in an array; every send has a copy of its bytes.
 */
#include "case.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *must(void *memory)
{
    if (memory == NULL)
        abort(); /* a tool out of memory has nothing better to do */
    return memory;
}

/* ---- steps ------------------------------------------------------------------------------------------------------- */

void live_case_free(struct live_case *one)
{
    for (size_t i = 0; i < one->count; i++)
        free(one->steps[i].bytes);
    free(one->steps);
    *one = (struct live_case){ 0 };
}

static uint8_t *bytes_copy(const uint8_t *bytes, size_t len)
{
    uint8_t *copy = must(malloc(len + 1));
    if (len > 0)
        memcpy(copy, bytes, len);
    return copy;
}

struct live_case live_case_copy(const struct live_case *one)
{
    struct live_case copy = { .asks = one->asks, .bystander = one->bystander };
    for (size_t i = 0; i < one->count; i++)
        live_case_insert(&copy, i, &one->steps[i]);
    return copy;
}

bool live_case_insert(struct live_case *one, size_t at, const struct live_step *step)
{
    assert(at <= one->count);
    if (one->count >= LIVE_STEPS_MAX)
        return false;
    struct live_step copy = *step;
    copy.bytes = step->kind == LIVE_SEND ? bytes_copy(step->bytes, step->len) : NULL;
    if (one->count == one->cap) {
        one->cap = one->cap > 0 ? 2 * one->cap : 8;
        one->steps = must(realloc(one->steps, one->cap * sizeof *one->steps));
    }
    memmove(one->steps + at + 1, one->steps + at, (one->count - at) * sizeof *one->steps);
    one->steps[at] = copy;
    one->count++;
    return true;
}

void live_case_remove(struct live_case *one, size_t at, size_t count)
{
    assert(at <= one->count && count <= one->count - at);
    for (size_t i = at; i < at + count; i++)
        free(one->steps[i].bytes);
    if (count > 0)
        memmove(one->steps + at, one->steps + at + count, (one->count - at - count) * sizeof *one->steps);
    one->count -= count;
}

bool live_step_set(struct live_step *step, const uint8_t *bytes, size_t len)
{
    assert(step->kind == LIVE_SEND);
    if (len > LIVE_STEP_BYTES_MAX)
        return false;
    uint8_t *copy = bytes_copy(bytes, len); /* bytes may be a part of the old ones */
    free(step->bytes);
    step->bytes = copy;
    step->len = len;
    return true;
}

/* ---- the whole --------------------------------------------------------------------------------------------------- */

size_t live_case_bytes(const struct live_case *one)
{
    size_t sum = 0;
    for (size_t i = 0; i < one->count; i++)
        sum += one->steps[i].len;
    return sum;
}

unsigned live_case_conns(const struct live_case *one)
{
    unsigned conns = 0;
    for (size_t i = 0; i < one->count; i++) {
        if (one->steps[i].conn >= conns)
            conns = one->steps[i].conn + 1;
    }
    return conns;
}

bool live_case_append(struct live_case *one, const struct live_case *more)
{
    unsigned base = live_case_conns(one);
    if (one->count + more->count > LIVE_STEPS_MAX || base + live_case_conns(more) > LIVE_CONNS_MAX ||
        live_case_bytes(one) + live_case_bytes(more) > LIVE_CASE_BYTES_MAX)
        return false;
    for (size_t i = 0; i < more->count; i++) {
        struct live_step step = more->steps[i];
        step.conn += base;
        live_case_insert(one, one->count, &step);
    }
    one->asks = one->asks || more->asks;
    one->bystander = one->bystander || more->bystander;
    return true;
}

void live_case_mend(struct live_case *one)
{
    bool dialled[LIVE_CONNS_MAX] = { false }, open[LIVE_CONNS_MAX] = { false }, finished[LIVE_CONNS_MAX] = { false };
    size_t bytes = 0, i = 0;
    while (i < one->count) {
        const struct live_step *step = &one->steps[i];
        bool fits = step->conn < LIVE_CONNS_MAX && bytes + step->len <= LIVE_CASE_BYTES_MAX;
        bool dials = fits && step->kind == LIVE_DIAL && !dialled[step->conn];
        bool says = step->kind == LIVE_SEND || step->kind == LIVE_FIN;
        if (!fits || (!dials && (step->kind == LIVE_DIAL || !open[step->conn])) || (says && finished[step->conn]) ||
            (step->kind == LIVE_SEND && step->len == 0)) {
            live_case_remove(one, i, 1);
            continue;
        }
        dialled[step->conn] = true;
        open[step->conn] = step->kind != LIVE_RST;
        finished[step->conn] = finished[step->conn] || step->kind == LIVE_FIN;
        bytes += step->len;
        i++;
    }
}

void live_case_give_ids(struct live_case *one, uint64_t number)
{
    struct btw_msg msg;
    for (size_t i = 0; i < one->count; i++) {
        struct live_step *step = &one->steps[i];
        if (!live_step_msg(step, &msg) || msg.type != BTW_HANDSHAKE ||
            (memcmp(msg.peer_id, "-CF0001-", 8) != 0 && memcmp(msg.peer_id, "-FZ0001-", 8) != 0))
            continue;
        uint64_t hash = number * UINT64_C(0x9e3779b97f4a7c15);
        for (size_t k = 0; k < sizeof msg.peer_id; k++)
            hash = (hash ^ msg.peer_id[k]) * UINT64_C(1099511628211);
        char id[21];
        snprintf(id, sizeof id, "-FZ0001-%012llx", (unsigned long long)(hash >> 16 & 0xffffffffffff));
        memcpy(step->bytes + BTW_HANDSHAKE_SIZE - 20, id, 20);
    }
}

static bool is_said(const struct live_step *step)
{
    struct btw_msg msg;
    return step->kind == LIVE_SEND && !(live_step_msg(step, &msg) && msg.type == BTW_HANDSHAKE);
}

bool live_case_contains(const struct live_case *one, const struct live_case *part)
{
    size_t at = 0, found = 0;
    for (size_t i = 0; i < part->count; i++) {
        const struct live_step *want = &part->steps[i];
        if (!is_said(want))
            continue;
        while (at < one->count && !(is_said(&one->steps[at]) && one->steps[at].len == want->len &&
                                    memcmp(one->steps[at].bytes, want->bytes, want->len) == 0))
            at++;
        if (at++ == one->count)
            return false;
        found++;
    }
    return found > 0;
}

bool live_step_msg(const struct live_step *step, struct btw_msg *out)
{
    size_t used = 0;
    struct btw_slice bytes = btw_slice_of(step->bytes, step->len);
    if (step->kind != LIVE_SEND)
        return false;
    if (step->len == BTW_HANDSHAKE_SIZE && btw_handshake_decode(out, &used, bytes, NULL) == BTW_OK)
        return true;
    return btw_msg_decode(out, &used, bytes, LIVE_STEP_BYTES_MAX, NULL) == BTW_OK && used == step->len &&
           out->type != BTW_RAW;
}

size_t live_case_handshake(const struct live_case *one, size_t at)
{
    unsigned conn = one->steps[at].conn;
    size_t first = SIZE_MAX;
    for (size_t i = at + 1; i-- > 0;) {
        const struct live_step *step = &one->steps[i];
        if (step->conn == conn && step->kind == LIVE_SEND)
            first = i;
        if (step->conn == conn && step->kind == LIVE_DIAL)
            break;
    }
    return first;
}

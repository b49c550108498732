/* SPDX-License-Identifier: MIT
 *
 * Delta debugging (Zeller, Hildebrandt), level by level, again and again until no level gains anything.  Every step
 * taken leaves less of something, so it comes to an end.
 */
#include "minimise.h"

#include <stdlib.h>
#include <string.h>

enum { BYTES_FINE = 512 }; /* sends up to this size are looked through byte by byte */

/* Takes the candidate over if it fails, frees it if not. */
static bool keep_if_fails(struct live_case *one, struct live_case *candidate, struct live_minimise *how)
{
    bool fails = false;
    live_case_mend(candidate);
    if (candidate->count > 0 && how->tries < how->tries_max) {
        how->tries++;
        fails = how->fails(how->user, candidate);
    }
    if (fails) {
        live_case_free(one);
        *one = *candidate;
    } else {
        live_case_free(candidate);
    }
    return fails;
}

/* ---- connections and steps --------------------------------------------------------------------------------------- */

static bool drop_conns(struct live_case *one, struct live_minimise *how)
{
    bool gained = false;
    for (unsigned conn = live_case_conns(one); conn-- > 0;) {
        struct live_case candidate = live_case_copy(one);
        size_t before = candidate.count;
        for (size_t i = candidate.count; i-- > 0;) {
            if (candidate.steps[i].conn == conn)
                live_case_remove(&candidate, i, 1);
        }
        if (candidate.count == before || candidate.count == 0)
            live_case_free(&candidate);
        else
            gained = keep_if_fails(one, &candidate, how) || gained;
    }
    return gained;
}

static bool drop_steps(struct live_case *one, struct live_minimise *how)
{
    bool gained = false;
    for (size_t chunk = one->count / 2 + 1; chunk > 0;) {
        bool dropped = false;
        for (size_t at = 0; at < one->count;) {
            struct live_case candidate = live_case_copy(one);
            live_case_remove(&candidate, at, chunk < one->count - at ? chunk : one->count - at);
            if (keep_if_fails(one, &candidate, how))
                dropped = gained = true;
            else
                at += chunk > 2 ? chunk : 1; /* two may be parts of one, wherever they stand */
        }
        /* In steps of one it must be seen once more that nothing can go. */
        if (chunk > 1)
            chunk = (chunk + 1) / 2;
        else if (!dropped)
            chunk = 0;
    }
    return gained;
}

/* Numbers from 0 again, in the order of the dials. */
static void renumber(struct live_case *one)
{
    unsigned fresh[LIVE_CONNS_MAX] = { 0 }, count = 0;
    for (size_t i = 0; i < one->count; i++) {
        struct live_step *step = &one->steps[i];
        if (step->kind == LIVE_DIAL)
            fresh[step->conn] = count++;
        step->conn = fresh[step->conn];
    }
}

/* ---- cuts -------------------------------------------------------------------------------------------------------- */

static bool is_plain(const struct live_step *step)
{
    return step->split == 0 && step->at == 0 && step->gap_ms == 0 && !step->joined && !step->listens;
}

static bool drop_cuts(struct live_case *one, struct live_minimise *how)
{
    bool gained = false;
    for (size_t i = 0; i < one->count; i++) {
        if (is_plain(&one->steps[i]))
            continue;
        struct live_case candidate = live_case_copy(one);
        struct live_step *step = &candidate.steps[i];
        step->split = step->at = step->gap_ms = 0;
        step->joined = step->listens = false;
        gained = keep_if_fails(one, &candidate, how) || gained;
    }
    for (int i = 0; i < 2; i++) {
        struct live_case candidate = live_case_copy(one);
        bool *extra = i == 0 ? &candidate.asks : &candidate.bystander;
        bool had = *extra;
        *extra = false;
        if (had)
            gained = keep_if_fails(one, &candidate, how) || gained;
        else
            live_case_free(&candidate);
    }
    return gained;
}

/* ---- fields ------------------------------------------------------------------------------------------------------ */

static bool try_msg(struct live_case *one, size_t i, const struct btw_msg *msg, struct live_minimise *how)
{
    size_t len = 0, size = btw_msg_size(msg);
    uint8_t *bytes = malloc(size);
    if (bytes == NULL)
        abort();
    const struct live_step *step = &one->steps[i];
    if (btw_msg_encode(bytes, size, &len, msg) != BTW_OK ||
        (len == step->len && memcmp(bytes, step->bytes, len) == 0)) {
        free(bytes);
        return false;
    }
    struct live_case candidate = live_case_copy(one);
    live_step_set(&candidate.steps[i], bytes, len);
    free(bytes);
    return keep_if_fails(one, &candidate, how);
}

/* The simplest value of the field: 0, nothing, or what a decent handshake has.  False: it has it already. */
static bool simplify(struct btw_msg *msg, const struct btw_field *field)
{
    static const char id[] = "-FZ0001-000000000000";
    uint8_t *bytes = (uint8_t *)msg + field->offset;
    switch (field->kind) {
    case BTW_KIND_U8:
    case BTW_KIND_U16:
    case BTW_KIND_U32:
        if (btw_field_number(msg, field) == 0)
            return false;
        btw_field_set_number(msg, field, 0);
        return true;
    case BTW_KIND_BYTES:
        if (strcmp(field->name, "peer_id") != 0 || memcmp(bytes, id, field->size) == 0)
            return false;
        memcpy(bytes, id, field->size);
        return true;
    case BTW_KIND_RESERVED:
        memset(bytes, 0, field->size);
        return true;
    case BTW_KIND_REST:
    case BTW_KIND_PAYLOAD:
        msg->data.len = 0;
        return true;
    }
    return false;
}

/* Without the named bits one by one. */
static bool drop_bits(struct live_case *one, size_t i, struct live_minimise *how)
{
    bool gained = false;
    struct btw_msg msg;
    for (const struct btw_reserved_bit *bit = btw_reserved_bits(); bit->name != NULL; bit++) {
        if (!live_step_msg(&one->steps[i], &msg) || msg.type != BTW_HANDSHAKE ||
            !btw_reserved_has(msg.reserved, bit->name))
            continue;
        btw_reserved_set(msg.reserved, bit->name, false);
        gained = try_msg(one, i, &msg, how) || gained;
    }
    return gained;
}

static bool drop_fields(struct live_case *one, struct live_minimise *how)
{
    bool gained = false;
    struct btw_msg msg;
    for (size_t i = 0; i < one->count; i++) {
        for (size_t f = 0; f < BTW_FIELDS_MAX && live_step_msg(&one->steps[i], &msg); f++) {
            const struct btw_field *field = &btw_desc_of(msg.type)->fields[f];
            if (field->name == NULL)
                break;
            if (simplify(&msg, field))
                gained = try_msg(one, i, &msg, how) || gained;
        }
        gained = drop_bits(one, i, how) || gained;
    }
    return gained;
}

/* ---- bytes ------------------------------------------------------------------------------------------------------- */

/* Without `count` bytes of the payload of a message (its prefix stays true), or of bytes that are none. */
static bool drop_range(struct live_case *one, size_t i, size_t at, size_t count, struct live_minimise *how)
{
    const struct live_step *step = &one->steps[i];
    struct btw_msg msg;
    bool framed = live_step_msg(step, &msg);
    size_t whole = framed ? msg.data.len : step->len;
    const uint8_t *from = framed ? msg.data.data : step->bytes;
    uint8_t *bytes = malloc(whole + 1);
    if (bytes == NULL)
        abort();
    memcpy(bytes, from, at);
    memcpy(bytes + at, from + at + count, whole - at - count);
    bool gained;
    if (framed) {
        msg.data = btw_slice_of(bytes, whole - count);
        gained = try_msg(one, i, &msg, how);
    } else {
        struct live_case candidate = live_case_copy(one);
        live_step_set(&candidate.steps[i], bytes, whole - count);
        gained = keep_if_fails(one, &candidate, how);
    }
    free(bytes);
    return gained;
}

static size_t droppable(const struct live_step *step)
{
    struct btw_msg msg;
    if (step->kind != LIVE_SEND)
        return 0;
    return live_step_msg(step, &msg) ? (msg.type == BTW_HANDSHAKE ? 0 : msg.data.len) : step->len;
}

static bool drop_bytes(struct live_case *one, struct live_minimise *how)
{
    bool gained = false;
    for (size_t i = 0; i < one->count; i++) {
        size_t len = droppable(&one->steps[i]), least = len > BYTES_FINE ? len / 64 : 1;
        for (size_t chunk = len / 2; chunk >= least && chunk > 0; chunk /= 2) {
            for (size_t at = 0; i < one->count && at + chunk <= droppable(&one->steps[i]);) {
                if (drop_range(one, i, at, chunk, how))
                    gained = true;
                else
                    at += chunk;
            }
        }
    }
    return gained;
}

/* ---- all --------------------------------------------------------------------------------------------------------- */

void live_minimise(struct live_case *one, struct live_minimise *how)
{
    bool gained = true;
    how->tries = 0;
    while (gained && how->tries < how->tries_max) {
        gained = drop_conns(one, how);
        gained = drop_steps(one, how) || gained;
        renumber(one);
        gained = drop_cuts(one, how) || gained;
        gained = drop_fields(one, how) || gained;
        gained = drop_bytes(one, how) || gained;
    }
}

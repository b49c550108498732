/* SPDX-License-Identifier: MIT
 *
 * Sending: statements become bytes when there is room for them, cut and spaced as the script says.
 */
#include <stdlib.h>

#include "run_state.h"

enum { ENCODED_MAX = SCN_VALUE_BYTES_MAX + 1024 };

static struct outbox_item *append(struct scn_conn *conn)
{
    struct outbox_item *item = calloc(1, sizeof *item);
    if (!item)
        abort();
    *conn->outbox_last = item;
    conn->outbox_last = &item->next;
    return item;
}

static void drop_first(struct scn_conn *conn)
{
    struct outbox_item *item = conn->outbox;
    conn->outbox = item->next;
    if (!conn->outbox)
        conn->outbox_last = &conn->outbox;
    free(item->bytes);
    free(item);
}

void outbox_free(struct scn_conn *conn)
{
    while (conn->outbox)
        drop_first(conn);
    conn->outbox = NULL;
    conn->outbox_last = &conn->outbox;
}

/* An optional number of the wire clause. */
static bool number(struct scn_conn *conn, const struct scn_step *step, const struct scn_expr *expr, int64_t absent,
                   int64_t *out)
{
    struct scn_env env = run_env(conn->run, conn->run->arena);
    *out = absent;
    if (!expr || (scn_eval_int(&env, expr, out) && *out >= 0))
        return true;
    run_value_failed(conn->run, step, &env);
    return false;
}

void outbox_add(struct scn_conn *conn, const struct scn_step *step)
{
    int64_t times, split, at;
    if (!number(conn, step, step->wire.times, 1, &times) || !number(conn, step, step->wire.split, 0, &split) ||
        !number(conn, step, step->wire.at, 0, &at))
        return;
    struct outbox_item *item = append(conn);
    item->step = step;
    item->times = times;
    item->repeat_index = conn->run->send_index;
    item->split = (size_t)split;
    item->cut_at = (size_t)at;
    item->gap_ms = step->wire.gap_ms;
    item->every_ms = step->wire.every_ms;
}

static uint8_t *encode(const struct btw_msg *msg, uint8_t *buffer, size_t *cap, size_t *len)
{
    size_t size = btw_msg_size(msg), used = 0;
    if (*len + size > *cap) {
        *cap = (*len + size) * 2;
        buffer = realloc(buffer, *cap);
        if (!buffer)
            abort();
    }
    if (*len + size <= ENCODED_MAX && btw_msg_encode(buffer + *len, *cap - *len, &used, msg) == BTW_OK)
        *len += used;
    return buffer;
}

void outbox_add_msg(struct scn_conn *conn, const struct btw_msg *msg)
{
    size_t cap = 0;
    struct outbox_item *item = append(conn);
    item->bytes = encode(msg, NULL, &cap, &item->len);
    item->times = 1;
    outbox_pump(conn);
}

static void lie(struct outbox_item *item, int64_t prefix)
{
    for (size_t i = 0; i < 4 && i < item->len; i++)
        item->bytes[i] = (uint8_t)((uint64_t)prefix >> (24 - 8 * i));
}

/* Makes the bytes of the repetition that is due. */
static bool make(struct scn_conn *conn, struct outbox_item *item)
{
    struct scn_run *run = conn->run;
    const struct scn_step *step = item->step;
    struct scn_arena *arena = scn_arena_new();
    struct scn_env env = run_env(run, arena);
    size_t cap = 0;
    bool ok = true;
    run->send_index = step->wire.times ? item->i : item->repeat_index;
    item->len = item->at = 0;
    for (size_t m = 0; ok && m < step->msg_count; m++) {
        struct btw_msg msg;
        ok = scn_msg_build(&env, &step->msgs[m], &msg);
        if (ok)
            item->bytes = encode(&msg, item->bytes, &cap, &item->len);
    }
    if (!ok)
        run_value_failed(run, step, &env);
    scn_arena_free(arena);
    int64_t prefix = 0, cut = 0;
    if (!ok || !number(conn, step, step->wire.prefix, 0, &prefix) || !number(conn, step, step->wire.cut, 0, &cut))
        return false;
    if (step->wire.prefix)
        lie(item, prefix);
    if (step->wire.cut && (size_t)cut < item->len)
        item->len = (size_t)cut;
    return true;
}

/* Length of the next segment. */
static size_t segment(const struct outbox_item *item)
{
    size_t left = item->len - item->at;
    if (item->cut_at > item->at && item->cut_at < item->len)
        return item->cut_at - item->at;
    return item->split && item->split < left ? item->split : left;
}

/* Sends one segment of the first item.  False: nothing can go now. */
static bool pump_one(struct scn_conn *conn)
{
    struct outbox_item *item = conn->outbox;
    int64_t now = run_now(conn->run);
    if (now < item->not_before)
        return false;
    if (!item->bytes && item->step && item->i < item->times && !make(conn, item)) {
        drop_first(conn);
        return true;
    }
    if (item->i >= item->times) {
        drop_first(conn);
        return true;
    }
    size_t len = segment(item);
    conn_put(conn, btw_slice_of(item->bytes + item->at, len));
    item->at += len;
    if (item->at < item->len) {
        item->not_before = now + item->gap_ms;
        return true;
    }
    item->not_before = now + item->every_ms;
    free(item->bytes);
    item->bytes = NULL;
    if (++item->i >= item->times)
        drop_first(conn);
    return true;
}

void outbox_pump(struct scn_conn *conn)
{
    struct scn_run *run = conn->run;
    if (!conn->handle || !conn->opened || !cloak_is_open(conn))
        return;
    while (conn->outbox && !run->done && conn->handle &&
           run->link->ops->queued(run->link, conn->handle) < CONN_QUEUED_MAX) {
        if (conn->target_end == BTW_END_RST)
            outbox_free(conn); /* nobody reads it any more */
        else if (!pump_one(conn))
            break;
    }
}

int64_t outbox_deadline(const struct scn_conn *conn)
{
    struct scn_run *run = conn->run;
    if (!conn->outbox || !conn->handle || !conn->opened || !cloak_is_open(conn))
        return INT64_MAX;
    if (run->link->ops->queued(run->link, conn->handle) >= CONN_QUEUED_MAX)
        return INT64_MAX; /* drained will come */
    return conn->outbox->not_before;
}

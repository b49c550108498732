/* SPDX-License-Identifier: MIT
 *
 * The encryption of one connection of the reference peer, outside of its faults.
 */
#include "veil.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "btw/peer_mse.h"

struct scn_veil {
    struct scn_faulty *inner;
    struct btw_peer *peer;   /* the inner one's */
    struct btw_mse_end *end; /* NULL: in clear */
    struct btw_slice out;    /* bytes of the wire that wait; a view into the end */
    unsigned slices;         /* that brought the other side's part of the handshake */
};

struct scn_veil *scn_veil_new(struct btw_peer *peer, struct btw_host *host, struct scn_faults *faults)
{
    struct scn_veil *veil = calloc(1, sizeof *veil);
    if (!veil) {
        fputs("conformance: out of memory\n", stderr);
        abort();
    }
    veil->inner = scn_faulty_new(peer, host, faults);
    veil->peer = peer;
    if (!btw_peer_mse_dials(peer))
        veil->end = btw_peer_mse_new(peer, btw_slice_of(NULL, 0));
    return veil;
}

void scn_veil_free(struct scn_veil *veil)
{
    if (!veil)
        return;
    btw_mse_end_free(veil->end);
    scn_faulty_free(veil->inner);
    free(veil);
}

/* What the peer says first goes along with the handshake. */
void scn_veil_connected(struct scn_veil *veil, int64_t now_ms)
{
    bool dials = btw_peer_mse_dials(veil->peer);
    scn_faulty_connected(veil->inner, now_ms);
    if (!dials)
        return;
    struct btw_slice first = scn_faulty_output(veil->inner, now_ms);
    veil->end = btw_peer_mse_new(veil->peer, first);
    if (veil->end && first.len > 0)
        scn_faulty_sent(veil->inner, first.len);
}

static void drop(struct scn_veil *veil)
{
    btw_mse_end_free(veil->end);
    veil->end = NULL;
    veil->out = btw_slice_of(NULL, 0);
}

/* Bytes that are no encrypted stream are the peer's to refuse, as if it knew of none. */
static void lift(struct scn_veil *veil, int64_t now_ms)
{
    scn_faulty_received(veil->inner, btw_mse_end_heard(veil->end), now_ms);
    drop(veil);
}

void scn_veil_received(struct scn_veil *veil, struct btw_slice bytes, int64_t now_ms)
{
    if (!veil->end) {
        scn_faulty_received(veil->inner, bytes, now_ms);
        return;
    }
    bool was_done = btw_mse_end_done(veil->end);
    struct btw_slice clear;
    if (!was_done)
        veil->slices++;
    enum btw_status status = btw_mse_end_received(veil->end, bytes, &clear, NULL);
    if (status == BTW_OK && !was_done)
        btw_peer_mse_done(veil->peer, veil->end, veil->slices);
    if (clear.len > 0)
        scn_faulty_received(veil->inner, clear, now_ms);
    if (status == BTW_OK && btw_mse_method(btw_mse_end_state(veil->end)) == BTW_MSE_NONE)
        drop(veil);
    if (status != BTW_OK && status != BTW_MORE && btw_peer_mse_failed(veil->peer, veil->end))
        lift(veil, now_ms);
}

void scn_veil_received_end(struct scn_veil *veil, enum btw_end how, int64_t now_ms)
{
    if (veil->end && !btw_mse_end_done(veil->end) && btw_peer_mse_failed(veil->peer, veil->end))
        lift(veil, now_ms);
    scn_faulty_received_end(veil->inner, how, now_ms);
}

bool scn_veil_reads(const struct scn_veil *veil)
{
    return scn_faulty_reads(veil->inner);
}

struct btw_slice scn_veil_output(struct scn_veil *veil, int64_t now_ms)
{
    if (!veil->end)
        return scn_faulty_output(veil->inner, now_ms);
    if (scn_faulty_wants_end(veil->inner) == BTW_END_RST)
        veil->out = btw_slice_of(NULL, 0);
    else if (veil->out.len == 0)
        veil->out = btw_mse_end_output(veil->end);
    if (veil->out.len > 0 || !btw_mse_end_done(veil->end))
        return veil->out;
    struct btw_slice clear = scn_faulty_output(veil->inner, now_ms);
    if (clear.len > 0) {
        veil->out = btw_mse_end_encrypt(veil->end, clear);
        scn_faulty_sent(veil->inner, clear.len);
    }
    return veil->out;
}

void scn_veil_sent(struct scn_veil *veil, size_t len)
{
    if (!veil->end) {
        scn_faulty_sent(veil->inner, len);
        return;
    }
    assert(len <= veil->out.len);
    veil->out = btw_slice_of(veil->out.data + len, veil->out.len - len);
}

enum btw_end scn_veil_wants_end(const struct scn_veil *veil)
{
    return veil->out.len > 0 ? BTW_END_NONE : scn_faulty_wants_end(veil->inner);
}

int64_t scn_veil_deadline(const struct scn_veil *veil)
{
    return scn_faulty_deadline(veil->inner);
}

void scn_veil_tick(struct scn_veil *veil, int64_t now_ms)
{
    scn_faulty_tick(veil->inner, now_ms);
}

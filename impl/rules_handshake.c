/* SPDX-License-Identifier: MIT
 *
 * Rules about the handshake: its layout, its reserved bits, its peer id, and what it promises.
 */
#include <stdio.h>

#include "rules.h"

bool knows_handshake(const struct judge *j)
{
    if (!j->other->view.handshake_seen)
        return false;
    return j->self->answered || j->self->proved || j->now_ms - j->other->handshake_ms > j->monitor->grace_ms;
}

bool has_metadata(const struct judge *j)
{
    return j->monitor->world.side[j->side].complete || j->monitor->world.side[j->side].metadata;
}

const char *name_of(enum btw_type type)
{
    return btw_desc_of(type)->name;
}

/* A dialler may begin with the random bytes of an encrypted connection; only what resembles a handshake is taken for
 * one.  An acceptor answers in kind, so it is judged only when it was spoken to in plain. */
static bool meant_as_handshake(const struct judge *j)
{
    struct btw_slice raw = j->msg->data;

    if (j->side == BTW_DIALLER)
        return raw.len > 1 && raw.data[0] == 19 && (raw.data[1] == 'B' || raw.data[1] == 'b');
    return raw.len > 0 && j->other->view.handshake_seen && !j->other->dead;
}

/* Where the bytes stop to be those of a handshake. */
static size_t first_difference(struct btw_slice raw)
{
    struct btw_diag diag = { 0 };
    struct btw_msg read;
    size_t used;

    (void)btw_handshake_decode(&read, &used, raw, &diag);
    return diag.offset;
}

void handshake_layout(const struct judge *j)
{
    if (j->self->view.handshake_seen || j->self->dead || j->self->gap || j->monitor->world.truncated_start ||
        j->monitor->world.hole) {
        settle(j, ON_EVERYTHING);
    } else if (j->msg->type != BTW_RAW) {
        breach(j, BTW_FAIL, "sends %s before its handshake", name_of(j->msg->type));
    } else if (j->bad_wire && meant_as_handshake(j)) {
        breach(j, BTW_FAIL, "begins with bytes that are no handshake: byte %zu differs",
               first_difference(j->msg->data));
    }
}

void handshake_peer_id(const struct judge *j)
{
    const struct btw_monitor_world *world = &j->monitor->world;
    size_t count = world->side[j->side].tracker_id_count;

    for (size_t i = 0; i < count; i++) {
        if (memcmp(world->side[j->side].tracker_ids[i], j->msg->peer_id, 20) == 0)
            return;
    }
    if (count > 0)
        breach(j, BTW_WARN, "the peer id of the handshake is none of the %zu it has told the tracker", count);
}

/* Judged only now that the other handshake is there: before, it may just not have been seen. */
void initiator_waits(const struct judge *j)
{
    if (j->side != BTW_DIALLER || j->self->early == BTW_HANDSHAKE || !is_whole(j->monitor, j->self))
        return;
    breach(j, BTW_WARN, "sent %s before it had the other handshake, so before it could know the extensions",
           name_of(j->self->early));
}

void reserved_bits_assigned(const struct judge *j)
{
    static const uint8_t assigned[8] = { 0x80, 0, 0x08, 0, 0, 0x13, 0, 0x1f }; /* BEP 4 and BEP 52 */
    char text[17];
    bool other = false;

    for (size_t i = 0; i < 8; i++) {
        uint8_t rest = (uint8_t)(j->msg->reserved[i] & ~assigned[i]);

        other = other || rest != 0;
        (void)snprintf(text + 2 * i, 3, "%02x", rest);
    }
    if (other)
        breach(j, BTW_WARN, "sets reserved bits that nobody has assigned: %s", text);
}

void reserved_bits_spoken(const struct judge *j)
{
    if (!is_whole(j->monitor, j->self) || !is_whole(j->monitor, j->other) || j->self->garbled != 0)
        return;
    if (j->monitor->ext && !j->self->view.ext_handshake_seen)
        breach(j, BTW_WARN, "both sides set the extension bit, but no extended handshake came in %d s",
               FIRST_WORDS_MS / 1000);
    if (j->monitor->fast && j->self->availabilities == 0 && has_metadata(j))
        breach(j, BTW_WARN, "both sides set the fast bit, but no have_all, have_none or bitfield came in %d s",
               FIRST_WORDS_MS / 1000);
}

void peer_id_not_blank(const struct judge *j)
{
    for (size_t i = 1; i < 20; i++) {
        if (j->msg->peer_id[i] != j->msg->peer_id[0])
            return;
    }
    breach(j, BTW_WARN, "all bytes of the peer id are 0x%02x", j->msg->peer_id[0]);
}

void peer_id_random(const struct judge *j)
{
    const struct btw_monitor_world *world = &j->monitor->world;

    for (size_t i = 0; i < world->side[j->side].earlier_id_count; i++) {
        if (memcmp(world->side[j->side].earlier_ids[i] + 8, j->msg->peer_id + 8, 12) == 0) {
            breach(j, BTW_WARN, "the last 12 bytes of the peer id are the same as in an earlier run");
            return;
        }
    }
}

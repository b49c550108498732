/* SPDX-License-Identifier: MIT
 *
 * Rules of the Fast extension (BEP 6): availability first and once, suggest, reject and allowed fast.
 */
#include "rules.h"

enum { BURST = 2, BURST_MS = 2000 };

/* Nothing but extended messages, port and keep-alives before it; what a side without metadata may say does not count
 * either, unless this side is known to have it. */
static bool must_follow_availability(const struct judge *j)
{
    uint32_t harmless = ON(BTW_EXTENDED) | ON(BTW_PORT) | ON(BTW_KEEPALIVE) | ON(BTW_RAW) | ON(BTW_HANDSHAKE) |
                        ON_AVAILABILITY | ON_HASHES;
    uint32_t late = has_metadata(j) ? ~harmless : ON_INDEXED;

    return j->msg != NULL ? (ON(j->msg->type) & late) != 0 : has_metadata(j);
}

void availability_first(const struct judge *j)
{
    struct said *self = j->self;

    if (has_met(j->monitor) && !j->monitor->fast)
        settle(j, ON_EVERYTHING);
    if (self->availabilities > 0 || self->has_order_told)
        settle(j, ~ON_AVAILABILITY);
    if (!j->monitor->fast || !is_whole(j->monitor, self) || j->other->dead || !knows_handshake(j))
        return;
    if (j->msg != NULL && (ON(j->msg->type) & ON_AVAILABILITY) != 0) {
        if (self->availabilities > 0)
            breach(j, BTW_FAIL, "sends %s, though it has sent have_all, have_none or bitfield before",
                   name_of(j->msg->type));
        return;
    }
    if (self->availabilities > 0 || self->has_order_told || !must_follow_availability(j) ||
        !is_clear(self, ON_AVAILABILITY))
        return;
    self->has_order_told = true;
    if (j->msg != NULL)
        breach(j, BTW_FAIL, "sends %s before have_all, have_none or bitfield", name_of(j->msg->type));
    else
        breach(j, BTW_FAIL, "sent no have_all, have_none or bitfield in %d s", FIRST_WORDS_MS / 1000);
}

void have_all_truthful(const struct judge *j)
{
    const struct said *self = j->self;

    if (j->msg->type == BTW_REQUEST) {
        if (self->has.all && !self->has.unsure)
            breach(j, BTW_FAIL, "requests piece %u, although it said have_all", j->msg->piece);
    } else if ((self->sent & (ON_AVAILABILITY | ON_INDEXED)) != 0) {
        breach(j, BTW_FAIL, "sends %s in mid-session", name_of(j->msg->type));
    }
}

void suggest_announced(const struct judge *j)
{
    uint32_t total = j->monitor->world.pieces;
    const struct said *self = j->self;

    if (total != 0 && j->msg->piece >= total) {
        breach(j, BTW_WARN, "suggests piece %u of a torrent of %u pieces", j->msg->piece, total);
    } else if (!pieces_has(&self->has, j->msg->piece, total) && !self->has.unsure && is_whole(j->monitor, self) &&
               is_clear(self, ON_AVAILABILITY | ON(BTW_HAVE))) {
        breach(j, BTW_WARN, "suggests piece %u, which it has not announced", j->msg->piece);
    }
}

/* Requests that are invalid, cancelled or for pieces it lacks may be rejected at any time; when every sound one has
 * been, and a choke comes next, that choke was their cause. */
void choke_before_rejects(const struct judge *j)
{
    const struct said *self = j->self;

    if (!self->view.choking && self->burst >= BURST && j->now_ms - self->burst_ms <= BURST_MS &&
        j->other->view.open_requests == 0)
        breach(j, BTW_WARN, "rejects %u requests and chokes only then", self->burst);
}

void allowed_fast_valid(const struct judge *j)
{
    uint32_t total = j->monitor->world.pieces;

    if (total != 0 && j->msg->piece >= total)
        breach(j, BTW_FAIL, "allows piece %u of a torrent of %u pieces", j->msg->piece, total);
    else if (pieces_has(&j->self->fast, j->msg->piece, total))
        breach(j, BTW_WARN, "allows piece %u a second time", j->msg->piece);
}

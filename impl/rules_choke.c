/* SPDX-License-Identifier: MIT
 *
 * Rules about choking and interest.
 */
#include "rules.h"

enum { RHYTHM_MS = 9000 };

/* A request may have been on its way when the choke was sent. */
void request_unchoked(const struct judge *j)
{
    const struct said *other = j->other;
    bool fast = j->monitor->fast;
    bool allowed = fast && (other->fast.unsure || pieces_has(&other->fast, j->msg->piece, j->monitor->world.pieces));
    bool crossed = other->choked_ms != INT64_MIN && j->now_ms - other->choked_ms <= j->monitor->grace_ms;

    if (!other->view.choking || crossed || allowed || !is_heard(j->monitor, other) ||
        !is_clear(other, ON(BTW_CHOKE) | ON(BTW_UNCHOKE) | ON(BTW_ALLOWED_FAST)))
        return;
    breach(j, BTW_FAIL, "requests piece %u begin %u while it is choked%s", j->msg->piece, j->msg->begin,
           fast ? ", and the piece is not in its allowed-fast set" : "");
}

void seed_not_interested(const struct judge *j)
{
    if (!j->monitor->world.side[j->side].complete)
        settle(j, ON_EVERYTHING);
    else if (!j->self->withdrew)
        breach(j, BTW_FAIL, "sends %s although it has every piece", name_of(j->msg->type));
}

void choke_rhythm(const struct judge *j)
{
    bool choking = j->msg->type == BTW_CHOKE;

    if (choking == j->self->view.choking || j->self->flip_ms == INT64_MIN || j->self->gap ||
        !flip_is_counted(j->self, j->other, choking, j->now_ms))
        return;
    if (j->now_ms - j->self->flip_ms < RHYTHM_MS - j->monitor->world.jitter_ms)
        breach(j, BTW_WARN, "sends %s %lld ms after the last change", name_of(j->msg->type),
               (long long)(j->now_ms - j->self->flip_ms));
}

void request_interested(const struct judge *j)
{
    if (!j->self->view.interested && is_whole(j->monitor, j->self) &&
        is_clear(j->self, ON(BTW_INTERESTED) | ON(BTW_NOT_INTERESTED)))
        breach(j, BTW_WARN, "requests piece %u without having said that it is interested", j->msg->piece);
}

/* SPDX-License-Identifier: MIT
 *
 * Rules about requests, cancels and the pieces that answer them.
 */
#include "rules.h"

enum { REPEAT_MS = 20000 };

void request_length(const struct judge *j)
{
    if (j->msg->length == 0 || j->msg->length > BTW_BLOCK_SIZE)
        breach(j, BTW_FAIL, "requests %u bytes; a block has 1 to %d", j->msg->length, BTW_BLOCK_SIZE);
}

void request_in_piece(const struct judge *j)
{
    const struct btw_monitor_world *world = &j->monitor->world;
    uint64_t end = (uint64_t)j->msg->begin + j->msg->length;
    bool exact;

    if (world->pieces == 0)
        settle(j, ON_EVERYTHING);
    else if (j->msg->piece >= world->pieces)
        breach(j, BTW_FAIL, "requests piece %u of a torrent of %u pieces", j->msg->piece, world->pieces);
    else if (world->piece_sizes != NULL && end <= world->piece_length)
        return; /* request_in_file's business */
    else if (world->piece_length > 0 && end > piece_size(world, j->msg->piece, &exact))
        breach(j, BTW_FAIL, "requests piece %u begin %u length %u, but the piece has %u bytes", j->msg->piece,
               j->msg->begin, j->msg->length, piece_size(world, j->msg->piece, &exact));
}

void request_in_file(const struct judge *j)
{
    const struct btw_monitor_world *world = &j->monitor->world;
    const struct btw_msg *msg = j->msg;

    if (world->piece_sizes == NULL)
        settle(j, ON_EVERYTHING);
    else if (msg->piece < world->pieces && (uint64_t)msg->begin + msg->length > world->piece_sizes[msg->piece])
        breach(j, BTW_FAIL, "requests piece %u begin %u length %u, but its file ends after %u bytes of it", msg->piece,
               msg->begin, msg->length, world->piece_sizes[msg->piece]);
}

void request_aligned(const struct judge *j)
{
    const struct btw_msg *msg = j->msg;
    bool exact;
    uint32_t size = piece_size(&j->monitor->world, msg->piece, &exact);
    uint32_t rest = size > msg->begin ? size - msg->begin : 0;
    uint32_t full = rest < BTW_BLOCK_SIZE ? rest : BTW_BLOCK_SIZE;
    bool in_v2 = j->monitor->world.piece_sizes != NULL; /* too long is request_in_file's business */

    if (msg->begin % BTW_BLOCK_SIZE != 0)
        breach(j, BTW_WARN, "requests a block that begins at %u, no multiple of %d", msg->begin, BTW_BLOCK_SIZE);
    else if (exact && rest > 0 && msg->length != full && !(in_v2 && msg->length > full))
        breach(j, BTW_WARN, "requests %u bytes at piece %u begin %u; the whole block has %u", msg->length, msg->piece,
               msg->begin, full);
}

/* Whatever the other side did to the first request (a choke, a withdrawn piece, a muddled answer) excuses the second.
 */
void request_once(const struct judge *j)
{
    const struct btw_msg *msg = j->msg;
    const struct ask *ask = j->ask;

    if (ask == NULL || ask->open <= ask->cancelled || ask->repeat_ok || ask->chokes != j->other->chokes ||
        j->other->withdrew || j->now_ms - ask->asked_ms > REPEAT_MS)
        return;
    if (!is_heard(j->monitor, j->other) || !is_clear(j->other, ON(BTW_PIECE) | ON(BTW_REJECT) | ON(BTW_CHOKE)) ||
        !is_clear(j->self, ON(BTW_CANCEL)))
        return;
    breach(j, BTW_WARN, "requests piece %u begin %u again, %lld ms after a request that is still unanswered",
           msg->piece, msg->begin, (long long)(j->now_ms - ask->asked_ms));
}

void request_missing_piece(const struct judge *j)
{
    const struct btw_monitor_world *world = &j->monitor->world;
    uint32_t piece = j->msg->piece;
    bool sure = !j->self->has.unsure && is_clear(j->self, ON_AVAILABILITY);

    if (sure && pieces_has(&j->self->has, piece, world->pieces))
        breach(j, BTW_WARN, "requests piece %u, which it has announced itself", piece);
    else if (world->announced != NULL && !j->self->withdrew && world->announced(world->user, j->side, piece, j->now_ms))
        breach(j, BTW_WARN, "requests piece %u, which it has announced on another connection", piece);
}

/* Can we tell what this side was asked for? */
static bool account_is_sure(const struct judge *j)
{
    return is_heard(j->monitor, j->other) && is_clear(j->other, ON(BTW_REQUEST)) && !j->other->asks.overflow;
}

void piece_answers_request(const struct judge *j)
{
    if (j->ask == NULL && account_is_sure(j))
        breach(j, BTW_FAIL, "sends piece %u begin %u with %zu bytes, which nobody asked for", j->msg->piece,
               j->msg->begin, j->msg->data.len);
}

void reject_names_request(const struct judge *j)
{
    if (j->ask == NULL && account_is_sure(j))
        breach(j, BTW_FAIL, "rejects piece %u begin %u length %u, but no such request waits for an answer",
               j->msg->piece, j->msg->begin, j->msg->length);
}

void cancel_names_request(const struct judge *j)
{
    const struct asks *asks = &j->self->asks;
    const struct btw_msg *msg = j->msg;

    if (j->ask == NULL && !asks->forgot && !asks->overflow && is_whole(j->monitor, j->self) &&
        is_clear(j->self, ON(BTW_REQUEST)))
        breach(j, BTW_FAIL, "cancels piece %u begin %u length %u, which it has never requested", msg->piece, msg->begin,
               msg->length);
}

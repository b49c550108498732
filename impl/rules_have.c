/* SPDX-License-Identifier: MIT
 *
 * Rules about availability: bitfield and have.
 */
#include "rules.h"

/* A side that may be waiting for the metadata has a late bitfield to its credit, unless it has spoken of pieces before.
 */
void bitfield_first(const struct judge *j)
{
    uint32_t harmless = ON(BTW_EXTENDED) | ON(BTW_PORT) | ON(BTW_KEEPALIVE) | ON(BTW_RAW);
    uint32_t wrong = has_metadata(j) ? ~harmless : ON_AVAILABILITY | ON_INDEXED;

    if ((j->self->sent & ON_AVAILABILITY) != 0)
        breach(j, BTW_FAIL, "sends a bitfield in mid-session (a known habit of aria2)");
    else if ((j->self->sent & wrong) != 0)
        breach(j, BTW_FAIL, "sends a bitfield behind other messages");
}

void bitfield_size(const struct judge *j)
{
    uint32_t pieces = j->monitor->world.pieces;

    if (pieces != 0 && j->msg->data.len != btw_bits_size(pieces))
        breach(j, BTW_FAIL, "sends a bitfield of %zu bytes for %u pieces", j->msg->data.len, pieces);
}

void bitfield_spare_bits(const struct judge *j)
{
    uint32_t pieces = j->monitor->world.pieces;
    uint8_t spare = (uint8_t)(0xff >> (pieces % 8));

    if (pieces % 8 == 0 || j->msg->data.len != btw_bits_size(pieces))
        return;
    if ((j->msg->data.data[j->msg->data.len - 1] & spare) != 0)
        breach(j, BTW_FAIL, "sets spare bits behind the %u bits of its bitfield", pieces);
}

/* A whole client may reveal its pieces one have at a time (BEP 16), and a piece that was withdrawn (BEP 54) may come
 * back from wherever it went. */
void have_after_data(const struct judge *j)
{
    const struct btw_monitor_world *world = &j->monitor->world;

    if (world->pieces == 0 && world->delivered == NULL)
        settle(j, ON_EVERYTHING);
    else if (world->pieces != 0 && j->msg->piece >= world->pieces)
        breach(j, BTW_FAIL, "announces piece %u of a torrent of %u pieces", j->msg->piece, world->pieces);
    else if (world->delivered != NULL && !world->side[j->side].complete && !j->self->withdrew &&
             !pieces_has(&j->self->has, j->msg->piece, world->pieces) &&
             !world->delivered(world->user, j->side, j->msg->piece, j->now_ms))
        breach(j, BTW_FAIL, "announces piece %u, of which not every byte has been sent to it", j->msg->piece);
}

/* A side that began with less than it has, and has never wanted anything, may be super-seeding: it repeats itself. */
void have_once(const struct judge *j)
{
    const struct said *self = j->self;
    uint32_t wishes = ON(BTW_INTERESTED) | ON(BTW_REQUEST), total = j->monitor->world.pieces;
    bool super_seed;

    if (!pieces_has(&self->has, j->msg->piece, total) || (total != 0 && j->msg->piece >= total))
        return;
    super_seed = !self->began_full && (j->monitor->world.side[j->side].complete || (self->sent & wishes) == 0);
    if (!self->has.unsure && is_clear(self, ON(BTW_BITFIELD)) && !super_seed)
        breach(j, BTW_WARN, "announces piece %u a second time", j->msg->piece);
}

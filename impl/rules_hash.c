/* SPDX-License-Identifier: MIT
 *
 * Rules of version 2 (BEP 52): the upgrade of a handshake, and hash requests with their answers.
 */
#include "rules.h"

void upgrade_of_hybrids(const struct judge *j)
{
    if (j->monitor->world.v1_only && btw_reserved_has(j->msg->reserved, "v2") && !j->other->view.handshake_seen)
        breach(j, BTW_WARN, "offers version 2 of a torrent that has none");
}

void hash_answer_asked_for(const struct judge *j)
{
    const struct said *asker = j->other;

    if (!is_heard(j->monitor, asker) || !is_clear(asker, ON(BTW_HASH_REQUEST)) || asker->hash_overflow)
        return;
    if (hash_asked_for(asker, j->msg) == asker->hash_count)
        breach(j, BTW_FAIL, "sends %s for base %u index %u length %u proof %u, which nobody asked for",
               name_of(j->msg->type), j->msg->base, j->msg->index, j->msg->length, j->msg->proof);
}

/* A reject answers whatever was asked for. */
void hashes_in_version_2(const struct judge *j)
{
    if (j->monitor->v1 && j->msg->type != BTW_HASH_REJECT)
        breach(j, BTW_FAIL, "sends %s in a session of version 1", name_of(j->msg->type));
}

/* Layers above the leaves of the file that a request is about; -1: unknown. */
static int height_of(const struct judge *j)
{
    const struct btw_monitor_world *world = &j->monitor->world;

    return world->hash_height == NULL || world->pieces == 0 ? -1 : world->hash_height(world->user, j->msg->root);
}

void hash_request_formed(const struct judge *j)
{
    const struct btw_monitor_world *world = &j->monitor->world;
    uint32_t length = j->msg->length, index = j->msg->index;
    int height = height_of(j);

    if (length < 2 || (length & (length - 1)) != 0)
        breach(j, BTW_FAIL, "asks for %u hashes, no power of two of at least 2", length);
    else if (index % length != 0)
        breach(j, BTW_FAIL, "asks for %u hashes from %u on, no multiple of their number", length, index);
    else if (height < 0 && world->hash_height != NULL && world->pieces > 0 && j->monitor->v2)
        breach(j, BTW_FAIL, "asks for hashes of a file that the torrent does not have");
    else if (height >= 0 && j->msg->base < (uint32_t)height &&
             (uint64_t)index + length > UINT64_C(1) << ((uint32_t)height - j->msg->base))
        breach(j, BTW_FAIL, "asks for %u hashes from %u on in layer %u of a tree of %d layers", length, index,
               j->msg->base, height);
}

void hash_request_length(const struct judge *j)
{
    if (j->msg->length > BTW_HASHES_LENGTH_MAX)
        breach(j, BTW_WARN, "asks for %u hashes at once", j->msg->length);
}

void hash_request_layers(const struct judge *j)
{
    uint32_t base = j->msg->base, proof = j->msg->proof;
    uint32_t piece_length = j->monitor->world.piece_length;
    int height = height_of(j);

    if (height < 0)
        return;
    uint32_t most = base < (uint32_t)height ? (uint32_t)height - base - 1 : 0;
    if (base >= (uint32_t)height)
        breach(j, BTW_FAIL, "asks for hashes of layer %u, but the tree has %d above its leaves", base, height);
    else if (base != 0 && base != btw_merkle_piece_layer(piece_length))
        breach(j, BTW_WARN, "asks for hashes of layer %u, neither that of leaves nor that of pieces", base);
    if (proof > most)
        breach(j, proof == most + 1 ? BTW_WARN : BTW_FAIL, "asks for %u layers of proof; there are %u", proof, most);
}

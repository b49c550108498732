/* SPDX-License-Identifier: MIT
 *
 * Cases out of captures: what either side of a captured session said is said to the target, about its first torrent.
 */
#include <stdlib.h>
#include <string.h>

#include "seeds.h"
#include "tape.h"

enum { SEED_STEPS_MAX = LIVE_STEPS_MAX / 2, SEED_BYTES_MAX = 48 << 10 };

/* What the target's part of the session was waited for, most likely. */
static bool is_awaited(enum btw_type type)
{
    return type == BTW_HANDSHAKE || type == BTW_UNCHOKE || type == BTW_INTERESTED || type == BTW_REQUEST;
}

/* Nobody here knows the captured torrent, and its peers' ids are theirs. */
static void make_ours(struct btw_msg *msg, const struct scn_world *world)
{
    memcpy(msg->info_hash, world->torrents[0].info_hash, sizeof msg->info_hash);
    memcpy(msg->peer_id, "-FZ0001-000000000000", sizeof msg->peer_id);
}

static bool add_msg(struct live_case *one, struct btw_msg msg, const struct scn_world *world)
{
    size_t len = 0, size = btw_msg_size(&msg);
    if (msg.type == BTW_HANDSHAKE)
        make_ours(&msg, world);
    if (live_case_bytes(one) + size > SEED_BYTES_MAX)
        return false;
    uint8_t *bytes = malloc(size + 1);
    if (bytes == NULL)
        abort();
    bool added =
        btw_msg_encode(bytes, size, &len, &msg) == BTW_OK &&
        live_case_insert(one, one->count, &(struct live_step){ .kind = LIVE_SEND, .bytes = bytes, .len = len });
    free(bytes);
    return added;
}

/* The beginning of what one side said, as far as there is room for it. */
static struct live_case case_of(const struct cap_tape *tape, enum btw_side side, const struct scn_world *world)
{
    struct live_case one = { 0 };
    live_case_insert(&one, 0, &(struct live_step){ .kind = LIVE_DIAL });
    for (size_t i = 0; i < tape->count && one.count < SEED_STEPS_MAX; i++) {
        const struct cap_note *note = &tape->notes[i];
        if (note->kind != CAP_MESSAGE)
            continue;
        if (note->side == side && !add_msg(&one, note->msg, world))
            break;
        if (note->side != side && is_awaited(note->msg.type))
            live_case_insert(&one, one.count, &(struct live_step){ .kind = LIVE_AWAIT, .await = note->msg.type });
    }
    return one;
}

bool live_seeds_take_capture(struct live_seeds *out, const char *path, const struct scn_world *world, char *error,
                             size_t cap)
{
    struct cap_tapes tapes;
    cap_tapes_init(&tapes, -1);
    bool read = cap_tapes_read(&tapes, path, error, cap);
    for (size_t i = 0; read && i < tapes.count; i++) {
        for (enum btw_side side = BTW_DIALLER; side <= BTW_ACCEPTOR; side++) {
            struct live_case one = case_of(tapes.list[i], side, world);
            if (cap_tape_handshake(tapes.list[i], side) != NULL)
                live_seeds_add(out, &one);
            else
                live_case_free(&one);
        }
    }
    cap_tapes_free(&tapes);
    return read;
}

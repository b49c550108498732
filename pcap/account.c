/* SPDX-License-Identifier: MIT
 *
 * Keeps the account of a session.
 */
#include "account.h"

#include <stdlib.h>

#include "btw/bencode.h"

/* A request that waits.  time_ns is ANSWERED once it does no more. */
struct cap_asked {
    uint32_t piece, begin;
    int64_t time_ns;
};
#define ANSWERED INT64_MIN
#define HAD UINT32_MAX
enum { ASKED_MIN = 16, ASKED_MAX = 1024, ASKED_SEARCHED = 64, PIECES_MIN = 64 };

/* Room of the pool for something that grows; false: there is none. */
static bool charge(struct cap_pool *pool, size_t bytes)
{
    if (bytes > pool->left)
        return false;
    pool->left -= bytes;
    return true;
}

struct cap_account *cap_account_new(struct cap_pool *pool)
{
    struct cap_account *account = calloc(1, sizeof *account);
    if (account != NULL)
        account->pool = pool;
    return account;
}

void cap_account_free(struct cap_account *account)
{
    if (account == NULL)
        return;
    for (int i = 0; i < 2; i++) {
        struct cap_side *side = &account->side[i];
        account->pool->left += side->pieces.room * sizeof side->pieces.bytes[0] + side->ext_handshake_len +
                               side->asked_room * sizeof side->asked[0];
        free(side->pieces.bytes);
        free(side->ext_handshake);
        free(side->asked);
    }
    free(account);
}

/* ---- requests and their answers ---------------------------------------------------------------------------------- */

static struct cap_asked *asked_at(const struct cap_side *side, uint32_t i)
{
    return &side->asked[(side->asked_first + i) & (side->asked_room - 1)];
}

static void grow_asked(struct cap_side *side, struct cap_pool *pool)
{
    uint32_t room = side->asked_room == 0 ? ASKED_MIN : side->asked_room * 2;
    size_t more = (room - side->asked_room) * sizeof side->asked[0];
    struct cap_asked *grown = room > ASKED_MAX || !charge(pool, more) ? NULL : malloc(room * sizeof *grown);
    if (grown == NULL)
        return;
    for (uint32_t i = 0; i < side->asked_count; i++)
        grown[i] = *asked_at(side, i);
    free(side->asked);
    side->asked = grown;
    side->asked_room = room;
    side->asked_first = 0;
}

/* A ring, grown as far as there is room; then the oldest is forgotten. */
static __attribute__((noinline)) void ask(struct cap_side *side, const struct btw_msg *msg, int64_t time_ns,
                                          struct cap_pool *pool)
{
    if (side->asked_count == side->asked_room)
        grow_asked(side, pool);
    if (side->asked_room == 0)
        return;
    if (side->asked_count == side->asked_room) {
        side->asked_first++;
        side->asked_count--;
    }
    *asked_at(side, side->asked_count++) = (struct cap_asked){ msg->piece, msg->begin, time_ns };
}

/* Takes the request that msg is about out of the ring; when it was sent, or ANSWERED when it is not known. */
static int64_t take_asked(struct cap_side *side, const struct btw_msg *msg)
{
    int64_t time_ns = ANSWERED;
    for (uint32_t i = 0; i < side->asked_count && i < ASKED_SEARCHED && time_ns == ANSWERED; i++) {
        struct cap_asked *asked = asked_at(side, i);
        if (asked->time_ns != ANSWERED && asked->piece == msg->piece && asked->begin == msg->begin) {
            time_ns = asked->time_ns;
            asked->time_ns = ANSWERED;
        }
    }
    while (side->asked_count > 0 && asked_at(side, 0)->time_ns == ANSWERED) {
        side->asked_first++;
        side->asked_count--;
    }
    return time_ns;
}

static void take_wait(struct cap_side *asker, int64_t asked_ns, int64_t now_ns)
{
    if (asked_ns == ANSWERED)
        return;
    int64_t wait = now_ns - asked_ns;
    if (asker->waits == 0 || wait < asker->wait_min_ns)
        asker->wait_min_ns = wait;
    if (wait > asker->wait_max_ns)
        asker->wait_max_ns = wait;
    asker->wait_sum_ns += wait;
    asker->waits++;
}

/* ---- pieces ------------------------------------------------------------------------------------------------------ */

static bool has_room(struct cap_pieces *pieces, uint32_t piece, struct cap_pool *pool)
{
    uint32_t room = pieces->room == 0 ? PIECES_MIN : pieces->room;
    if (piece < pieces->room)
        return true;
    if (piece >= CAP_PIECES_MAX)
        return false;
    while (room <= piece)
        room *= 2;
    size_t more = (room - pieces->room) * sizeof pieces->bytes[0];
    uint32_t *grown = charge(pool, more) ? realloc(pieces->bytes, room * sizeof *grown) : NULL;
    if (grown == NULL)
        return false;
    memset(grown + pieces->room, 0, more);
    pieces->bytes = grown;
    pieces->room = room;
    return true;
}

static void take_block(struct cap_pieces *pieces, const struct btw_msg *msg, struct cap_pool *pool)
{
    uint32_t length = msg->data.len < HAD ? (uint32_t)msg->data.len : HAD - 1;
    pieces->total += msg->data.len;
    if (length <= HAD - msg->begin && msg->begin + length > pieces->end_max)
        pieces->end_max = msg->begin + length;
    if (!has_room(pieces, msg->piece, pool))
        pieces->untold++;
    else if (pieces->bytes[msg->piece] < HAD - length)
        pieces->bytes[msg->piece] += length;
}

/* Who announces a piece that it was sent some of has it. */
static void take_have(struct cap_pieces *pieces, uint32_t piece)
{
    if (piece < pieces->room && pieces->bytes[piece] > 0)
        pieces->bytes[piece] = HAD;
}

struct cap_geometry cap_geometry_inferred(const struct cap_account *account)
{
    const struct cap_side *side = account->side;
    uint32_t most = side[0].pieces.end_max > side[1].pieces.end_max ? side[0].pieces.end_max : side[1].pieces.end_max;
    struct cap_geometry geometry = { .inferred = true };
    if (most == 0 || most > 1u << 31)
        return geometry;
    geometry.piece_length = BTW_BLOCK_SIZE;
    while (geometry.piece_length < most)
        geometry.piece_length *= 2;
    return geometry;
}

uint32_t cap_geometry_size(const struct cap_geometry *geometry, uint32_t piece)
{
    uint64_t before = (uint64_t)piece * geometry->piece_length;
    if (geometry->pieces == 0)
        return geometry->piece_length;
    if (piece >= geometry->pieces)
        return 0;
    if (geometry->piece_sizes != NULL)
        return geometry->piece_sizes[piece];
    if (piece + 1 < geometry->pieces || geometry->total_length <= before)
        return geometry->piece_length;
    return (uint32_t)(geometry->total_length - before);
}

uint32_t cap_pieces_whole(const struct cap_pieces *pieces, const struct cap_geometry *geometry)
{
    uint32_t whole = 0;
    for (uint32_t i = 0; i < pieces->room; i++) {
        uint32_t size = cap_geometry_size(geometry, i);
        whole += pieces->bytes[i] > 0 && (pieces->bytes[i] == HAD || (size > 0 && pieces->bytes[i] >= size));
    }
    return whole;
}

/* ---- choking ----------------------------------------------------------------------------------------------------- */

static void end_choke(struct cap_side *side, int64_t now_ns)
{
    if (!side->choking)
        return;
    if (side->choke_count < CAP_CHOKES_KEPT)
        side->chokes[side->choke_count] = (struct cap_period){ side->choking_since_ns, now_ns };
    side->choke_count++;
    side->choked_ns += now_ns - side->choking_since_ns;
    side->choking = false;
}

static void begin_choke(struct cap_side *side, int64_t now_ns)
{
    if (side->choking)
        return;
    side->choking = true;
    side->choking_since_ns = now_ns;
}

/* ---- extensions -------------------------------------------------------------------------------------------------- */

static void take_ext_handshake(struct cap_side *self, const struct btw_msg *msg, struct cap_pool *pool)
{
    struct btw_ext_handshake handshake;
    self->extended[CAP_EXT_HANDSHAKES]++;
    if (btw_ext_handshake_decode(&handshake, msg->data, NULL) != BTW_OK)
        return;
    btw_ext_map_update(&self->wants, &handshake);
    size_t len = handshake.dict.len;
    uint8_t *copy = len > CAP_EXT_HANDSHAKE_MAX || !charge(pool, len) ? NULL : malloc(len);
    if (copy == NULL)
        return;
    memcpy(copy, handshake.dict.data, len);
    free(self->ext_handshake);
    pool->left += self->ext_handshake_len;
    self->ext_handshake = copy;
    self->ext_handshake_len = len;
}

static __attribute__((noinline)) void take_extended(struct cap_side *self, const struct cap_side *other,
                                                    const struct btw_msg *msg, struct cap_pool *pool)
{
    enum btw_ext ext = btw_ext_map_find(&other->wants, msg->ext);
    if (msg->ext == 0)
        take_ext_handshake(self, msg, pool);
    else
        self->extended[ext == BTW_EXTS ? CAP_EXT_OTHERS : (int)ext]++;
}

/* ---- messages ---------------------------------------------------------------------------------------------------- */

static bool is_fast(const struct cap_account *account)
{
    return btw_reserved_has(account->side[0].reserved, "fast") && btw_reserved_has(account->side[1].reserved, "fast");
}

static void take_handshake(struct cap_side *self, const struct btw_msg *msg)
{
    self->handshake_seen = true;
    memcpy(self->reserved, msg->reserved, sizeof self->reserved);
    memcpy(self->info_hash, msg->info_hash, sizeof self->info_hash);
    memcpy(self->peer_id, msg->peer_id, sizeof self->peer_id);
}

static __attribute__((noinline)) void take_choke(struct cap_account *account, struct cap_side *self,
                                                 struct cap_side *other, int64_t now_ns)
{
    begin_choke(self, now_ns);
    if (!is_fast(account))
        other->asked_count = 0; /* BEP 3: they are void */
}

static __attribute__((noinline)) void take_piece(struct cap_account *account, struct cap_side *self,
                                                 struct cap_side *other, const struct cap_event *event)
{
    other->answered++;
    take_wait(other, take_asked(other, &event->msg), event->time_ns);
    take_block(&self->pieces, &event->msg, account->pool);
}

static void take_message(struct cap_account *account, const struct cap_event *event)
{
    struct cap_side *self = &account->side[event->side], *other = &account->side[!event->side];
    const struct btw_msg *msg = &event->msg;
    self->messages[msg->type]++;
    switch (msg->type) {
    case BTW_HANDSHAKE:
        take_handshake(self, msg);
        break;
    case BTW_CHOKE:
        take_choke(account, self, other, event->time_ns);
        break;
    case BTW_UNCHOKE:
        end_choke(self, event->time_ns);
        break;
    case BTW_HAVE:
        take_have(&other->pieces, msg->piece);
        break;
    case BTW_REQUEST:
        ask(self, msg, event->time_ns, account->pool);
        break;
    case BTW_PIECE:
        take_piece(account, self, other, event);
        break;
    case BTW_REJECT:
        other->rejected++;
        (void)take_asked(other, msg);
        break;
    case BTW_CANCEL:
        self->cancelled++;
        break;
    case BTW_EXTENDED:
        take_extended(self, other, msg, account->pool);
        break;
    default: /* counted, and that is all */
        break;
    }
}

static void begin(struct cap_account *account, int64_t time_ns)
{
    account->begun = true;
    begin_choke(&account->side[BTW_DIALLER], time_ns);
    begin_choke(&account->side[BTW_ACCEPTOR], time_ns);
}

static __attribute__((noinline)) void take_odd(struct cap_account *account, const struct cap_event *event)
{
    if (!account->begun)
        begin(account, event->time_ns);
    account->side[event->side].bad += event->kind == CAP_BAD;
    take_message(account, event);
}

void cap_account_take(struct cap_account *account, const struct cap_event *event)
{
    if (event->kind == CAP_MESSAGE && account->begun)
        take_message(account, event);
    else if (event->kind == CAP_MESSAGE || event->kind == CAP_BAD)
        take_odd(account, event);
}

void cap_account_end(struct cap_account *account, int64_t time_ns)
{
    if (!account->begun)
        return;
    end_choke(&account->side[BTW_DIALLER], time_ns);
    end_choke(&account->side[BTW_ACCEPTOR], time_ns);
}

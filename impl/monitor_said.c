/* SPDX-License-Identifier: MIT
 *
 * Keeps what each side has said: the counters of btw_view, choke and interest, availability, requests and their
 * answers; what was said in extended messages is in monitor_ext.c.  It judges nothing.
 */
#include "btw/peer_id.h"
#include "monitor_state.h"

void said_init(struct said *said)
{
    memset(said, 0, sizeof *said);
    said->view.choking = true;
    said->view.metadata_size = said->view.reqq = -1;
    said->choked_ms = said->interested_ms = said->not_interested_ms = INT64_MIN;
    said->flip_ms = INT64_MIN;
    said->early = BTW_HANDSHAKE;
    rules_index(said->rules_on);
}

void said_free(struct said *said)
{
    pieces_free(&said->has);
    pieces_free(&said->fast);
    asks_free(&said->asks);
}

bool has_bit(const struct said *said, const char *name)
{
    return said->view.handshake_seen && btw_reserved_has(said->view.handshake.reserved, name);
}

enum btw_type raw_type(const struct btw_msg *msg)
{
    const struct btw_desc *desc = msg->data.len > 4 ? btw_desc_of_id(msg->data.data[4]) : NULL;

    return desc == NULL ? BTW_RAW : desc->type;
}

uint32_t piece_size(const struct btw_monitor_world *world, uint32_t piece, bool *exact)
{
    uint64_t full = (uint64_t)world->piece_length * (world->pieces - UINT32_C(1));

    *exact = false;
    if (piece >= world->pieces || world->piece_length == 0)
        return 0;
    if (world->piece_sizes != NULL) {
        *exact = true;
        return world->piece_sizes[piece];
    }
    /* With files aligned to pieces (BEP 52) the total is shorter than this, and any piece may be. */
    if (world->total_length <= full || world->total_length > full + world->piece_length)
        return world->piece_length;
    *exact = true;
    return piece + 1 < world->pieces ? world->piece_length : (uint32_t)(world->total_length - full);
}

bool is_sound_block(const struct btw_monitor_world *world, uint32_t piece, uint32_t begin, uint32_t length)
{
    bool exact;
    uint32_t size = piece_size(world, piece, &exact);

    if (length == 0 || length > BTW_BLOCK_SIZE)
        return false;
    if (world->pieces == 0 || world->piece_length == 0)
        return true;
    return (uint64_t)begin + length <= size;
}

uint32_t ask_open(const struct ask *ask, const struct said *choker, bool fast)
{
    return fast || ask->chokes == choker->chokes ? ask->open : 0;
}

static bool waits(const struct ask *ask)
{
    return ask != NULL && ask->open + ask->loose > 0;
}

/* Odd questions get odd answers: a block cut at the end of the piece, an empty one, the whole rest.  And where the
 * sizes of pieces are not known, a short block may be all there is. */
static __attribute__((noinline)) struct ask *answered_by(const struct btw_monitor *monitor, const struct said *asker,
                                                         const struct btw_msg *piece)
{
    uint32_t length = (uint32_t)piece->data.len, at = 0;
    struct ask *ask = asks_find(&asker->asks, piece->piece, piece->begin, length);
    bool exact;

    if (waits(ask))
        return ask;
    (void)piece_size(&monitor->world, piece->piece, &exact);
    while ((ask = asks_next_at(&asker->asks, piece->piece, piece->begin, &at)) != NULL) {
        bool sound = is_sound_block(&monitor->world, ask->piece, ask->begin, ask->length);

        if (waits(ask) && (!sound || (!exact && length < ask->length)))
            return ask;
    }
    return NULL;
}

struct ask *said_ask(const struct btw_monitor *monitor, enum btw_side side, const struct btw_msg *msg)
{
    const struct said *self = &monitor->said[side], *other = &monitor->said[!side];
    struct ask *ask;

    switch (msg->type) {
    case BTW_REQUEST:
    case BTW_CANCEL:
        return asks_find(&self->asks, msg->piece, msg->begin, msg->length);
    case BTW_REJECT:
        ask = asks_find(&other->asks, msg->piece, msg->begin, msg->length);
        return waits(ask) ? ask : NULL;
    case BTW_PIECE:
        return answered_by(monitor, other, msg);
    default:
        return NULL;
    }
}

/* --- availability --- */

void said_recount(struct said *said, uint32_t total)
{
    said->view.announced = pieces_count(&said->has, total);
    said->view.allowed_fast = pieces_count(&said->fast, total);
}

static void take_have(const struct judge *j)
{
    uint32_t total = j->monitor->world.pieces;

    pieces_add(&j->self->has, j->msg->piece, total);
    said_recount(j->self, total);
}

static void take_allowed_fast(const struct judge *j)
{
    uint32_t total = j->monitor->world.pieces;

    pieces_add(&j->self->fast, j->msg->piece, total);
    said_recount(j->self, total);
}

static void take_availability(const struct judge *j)
{
    struct said *self = j->self;
    const struct btw_msg *msg = j->msg;
    uint32_t total = j->monitor->world.pieces;
    bool full;

    if (msg->type == BTW_HAVE_ALL)
        pieces_set_all(&self->has);
    else if (msg->type == BTW_HAVE_NONE)
        pieces_clear(&self->has);
    else
        pieces_set_bits(&self->has, msg->data, total);
    full = self->has.all || (total != 0 && self->has.count >= total);
    if (self->availabilities++ == 0)
        self->began_full = full;
    said_recount(self, total);
}

/* --- requests and answers --- */

static void take_request(const struct judge *j)
{
    struct said *self = j->self;
    const struct btw_msg *msg = j->msg;
    struct ask *ask = j->ask != NULL ? j->ask : asks_add(&self->asks, msg->piece, msg->begin, msg->length);

    if (!self->view.interested)
        self->interested_ms = j->now_ms; /* as good as saying so: libtorrent unchokes for it */
    if (!is_sound_block(&j->monitor->world, msg->piece, msg->begin, msg->length))
        self->odd_request = true;
    if (ask == NULL)
        return;
    if (ask->chokes != j->other->chokes && !j->monitor->fast) {
        ask->loose += ask->open;
        ask->open = ask->cancelled = 0;
    }
    ask->chokes = j->other->chokes;
    ask->repeat_ok = false;
    ask->asked_ms = j->now_ms;
    ask->open++;
    if (++self->view.open_requests > self->view.open_requests_max)
        self->view.open_requests_max = self->view.open_requests;
}

/* A choke may have voided the count before the second handshake told that Fast is on, so it can be below the asks. */
static void close_request(struct said *asker)
{
    if (asker->view.open_requests > 0)
        asker->view.open_requests--;
}

static void take_cancel(const struct judge *j)
{
    bool fast = j->monitor->fast;
    struct ask *ask = j->ask;

    if (ask == NULL || ask_open(ask, j->other, fast) == 0)
        return;
    if (fast) {
        if (ask->cancelled < ask->open)
            ask->cancelled++;
        return;
    }
    ask->open--;
    ask->loose++;
    close_request(j->self);
}

static void take_answer(const struct judge *j)
{
    struct said *asker = j->other;
    struct ask *ask = j->ask;
    uint32_t at = 0;

    if (ask == NULL) {
        asker->view.surplus_answers++;
        while ((ask = asks_next_at(&asker->asks, j->msg->piece, j->msg->begin, &at)) != NULL)
            ask->repeat_ok = true;
        return;
    }
    if (ask_open(ask, j->self, j->monitor->fast) > 0) {
        ask->open--;
        close_request(asker);
    } else if (ask->loose > 0) {
        ask->loose--;
    } else {
        ask->open--; /* voided by a choke, already out of view.open_requests */
    }
    if (ask->cancelled > ask->open)
        ask->cancelled = ask->open;
    if (j->msg->type == BTW_PIECE)
        asker->view.answered_pieces++;
    else
        asker->view.answered_rejects++;
}

/* BEP 6: directly in front of a choke, a run of rejects of sound requests is the wrong way round. */
static void take_reject(const struct judge *j)
{
    struct said *self = j->self;
    const struct btw_msg *msg = j->msg;
    bool counts = j->ask != NULL && j->ask->cancelled == 0 && !self->view.choking &&
                  is_sound_block(&j->monitor->world, msg->piece, msg->begin, msg->length) &&
                  pieces_has(&self->has, msg->piece, j->monitor->world.pieces);

    if (!counts)
        self->burst = 0;
    else if (self->burst++ == 0)
        self->burst_ms = j->now_ms;
    take_answer(j);
}

/* --- hashes (BEP 52) --- */

size_t hash_asked_for(const struct said *asker, const struct btw_msg *answer)
{
    struct btw_hash_range range = btw_hash_range_of(answer);
    size_t i = 0;

    while (i < asker->hash_count && !btw_hash_range_equal(&asker->hash_asks[i], &range))
        i++;
    return i;
}

static void take_hash_request(const struct judge *j)
{
    struct said *self = j->self;

    if (self->hash_count == HASH_ASKS_MAX)
        self->hash_overflow = true;
    else
        self->hash_asks[self->hash_count++] = btw_hash_range_of(j->msg);
}

static void take_hash_answer(const struct judge *j)
{
    struct said *asker = j->other;
    size_t i = hash_asked_for(asker, j->msg);

    if (i == asker->hash_count)
        return;
    asker->hash_count--;
    memmove(asker->hash_asks + i, asker->hash_asks + i + 1, (asker->hash_count - i) * sizeof asker->hash_asks[0]);
}

/* --- choke and interest --- */

static void take_interest(const struct judge *j)
{
    struct said *self = j->self;

    self->view.interested = j->msg->type == BTW_INTERESTED;
    *(self->view.interested ? &self->interested_ms : &self->not_interested_ms) = j->now_ms;
}

static void take_choke_state(const struct judge *j)
{
    struct said *self = j->self;
    bool choking = j->msg->type == BTW_CHOKE;
    bool counted = flip_is_counted(self, j->other, choking, j->now_ms);

    if (choking == self->view.choking)
        return;
    self->view.choking = choking;
    self->unchoked_once = true;
    if (counted)
        self->flip_ms = j->now_ms;
    if (!choking)
        return;
    self->choked_ms = j->now_ms;
    self->chokes++;
    if (!j->monitor->fast)
        j->other->view.open_requests = 0;
}

/* --- everything --- */

static void take_handshake(const struct judge *j)
{
    struct said *self = j->self;

    if (self->view.handshake_seen) {
        self->dead = true; /* a second one: nobody can tell what its receiver makes of what follows */
        return;
    }
    self->view.handshake_seen = true;
    self->view.handshake = *j->msg;
    self->handshake_ms = self->last_ms = j->now_ms;
    self->answered = j->other->view.handshake_seen;
    if (!btw_peer_id_client(self->view.client, sizeof self->view.client, j->msg->peer_id))
        self->view.client[0] = '\0';
}

static void take_raw(const struct judge *j)
{
    struct said *self = j->self;
    bool framed = j->msg->data.len > 4;

    if (!framed || (j->bad_wire && !self->view.handshake_seen))
        self->dead = true;
    else if (j->bad_wire)
        self->garbled |= ON(raw_type(j->msg));
}

static bool is_plain(enum btw_type type)
{
    return type <= BTW_CANCEL;
}

/* Does this type need to know what the other side's handshake said? */
static void note_knowledge(struct said *self, const struct said *other, const struct btw_msg *msg)
{
    if (is_plain(msg->type) || msg->type == BTW_RAW)
        return;
    if (other->view.handshake_seen)
        self->proved = true;
    else if (self->early == BTW_HANDSHAKE)
        self->early = msg->type;
}

bool flip_is_counted(const struct said *self, const struct said *other, bool choking, int64_t now_ms)
{
    int64_t cause = choking ? other->not_interested_ms : other->interested_ms;

    if (!choking && !self->unchoked_once)
        return false;
    return cause == INT64_MIN || now_ms - cause > INTEREST_MS;
}

/* By type, what a message changes besides. */
typedef void take_fn(const struct judge *judge);
static take_fn *const takes[BTW_TYPES] = {
    [BTW_HANDSHAKE] = take_handshake,
    [BTW_CHOKE] = take_choke_state,
    [BTW_UNCHOKE] = take_choke_state,
    [BTW_INTERESTED] = take_interest,
    [BTW_NOT_INTERESTED] = take_interest,
    [BTW_HAVE] = take_have,
    [BTW_BITFIELD] = take_availability,
    [BTW_REQUEST] = take_request,
    [BTW_PIECE] = take_answer,
    [BTW_CANCEL] = take_cancel,
    [BTW_HAVE_ALL] = take_availability,
    [BTW_HAVE_NONE] = take_availability,
    [BTW_REJECT] = take_reject,
    [BTW_ALLOWED_FAST] = take_allowed_fast,
    [BTW_EXTENDED] = said_take_extended,
    [BTW_HASH_REQUEST] = take_hash_request,
    [BTW_HASHES] = take_hash_answer,
    [BTW_HASH_REJECT] = take_hash_answer,
    [BTW_RAW] = take_raw,
};

void said_take(const struct judge *j)
{
    const struct btw_msg *msg = j->msg;
    struct said *self = j->self;

    self->view.messages[msg->type]++;
    self->view.bytes += btw_msg_size(msg);
    self->last_ms = j->now_ms;
    self->silence_told = BTW_PASS;
    if (msg->type != BTW_HANDSHAKE) {
        note_knowledge(self, j->other, msg);
        self->sent |= ON(msg->type);
    }
    if (msg->type != BTW_REJECT)
        self->burst = 0;
    if (takes[msg->type] != NULL)
        takes[msg->type](j);
}

/* SPDX-License-Identifier: MIT
 *
 * What each message needs and what it changes: one table, for what is sent and for what is received.
 */
#include "session_impl.h"

/* --- questions -------------------------------------------------------------------------------------------------------
 */

enum btw_who session_other(enum btw_who who)
{
    return who == BTW_US ? BTW_THEM : BTW_US;
}

bool btw_session_fast(const struct btw_session *session)
{
    return session->fast;
}

bool btw_session_ext(const struct btw_session *session)
{
    return session->ext;
}

/* While the geometry is unknown every index that can be remembered may turn out to be right. */
static uint32_t indices(const struct btw_session *session)
{
    uint32_t pieces = session->config.geometry.pieces;

    return pieces > 0 ? pieces : (uint32_t)session->config.map_size * 8;
}

bool session_index_fits(const struct btw_session *session, uint32_t piece)
{
    return piece < indices(session);
}

bool btw_party_has(const struct btw_session *session, enum btw_who who, uint32_t piece)
{
    return session_index_fits(session, piece) && btw_bit_get(session->party[who].have, piece);
}

bool btw_party_allowed(const struct btw_session *session, enum btw_who who, uint32_t piece)
{
    return session_index_fits(session, piece) && btw_bit_get(session->party[who].allowed_fast, piece);
}

bool btw_party_uploads_only(const struct btw_session *session, enum btw_who who)
{
    const struct btw_party *party = &session->party[who];

    return party->upload_only || (party->have_count > 0 && party->have_count == indices(session));
}

static struct btw_pending *find(const struct btw_party *party, struct btw_block block)
{
    for (size_t i = 0; i < party->pending_count; i++)
        if (btw_block_equal(party->pending[i].block, block))
            return &party->pending[i];
    return NULL;
}

const struct btw_pending *btw_party_pending(const struct btw_session *session, enum btw_who who, struct btw_block block)
{
    return find(&session->party[who], block);
}

static struct btw_block block_of(const struct btw_msg *msg)
{
    uint32_t length = msg->type == BTW_PIECE ? (uint32_t)msg->data.len : msg->length;

    return (struct btw_block){ msg->piece, msg->begin, length };
}

/* --- changes ---------------------------------------------------------------------------------------------------------
 */

static void tell(struct btw_session *session, const struct btw_session_event *event)
{
    if (session->config.event != NULL)
        session->config.event(session->config.user, event);
}

void session_tell(struct btw_session *session, enum btw_session_event_kind kind, enum btw_who who)
{
    tell(session, &(struct btw_session_event){ .kind = kind, .who = who });
}

void session_tell_piece(struct btw_session *session, enum btw_session_event_kind kind, enum btw_who who, uint32_t piece)
{
    tell(session, &(struct btw_session_event){ .kind = kind, .who = who, .block.piece = piece });
}

void session_tell_pending(struct btw_session *session, enum btw_session_event_kind kind, enum btw_who who,
                          struct btw_pending pending)
{
    tell(session,
         &(struct btw_session_event){
             .kind = kind, .who = who, .block = pending.block, .given_up = pending.late || pending.cancelled });
}

static void forget(struct btw_party *party, struct btw_pending *pending)
{
    size_t behind = (size_t)(party->pending + party->pending_count - (pending + 1));

    memmove(pending, pending + 1, behind * sizeof *pending);
    party->pending_count--;
}

static struct btw_pending *first_for(const struct btw_party *party, const uint32_t *piece)
{
    for (size_t i = 0; i < party->pending_count; i++)
        if (piece == NULL || party->pending[i].block.piece == *piece)
            return &party->pending[i];
    return NULL;
}

/* From the front after each, for whoever is told may take back others. */
void session_void(struct btw_session *session, enum btw_who who, const uint32_t *piece)
{
    struct btw_party *party = &session->party[who];
    struct btw_pending *pending, voided;

    while ((pending = first_for(party, piece)) != NULL) {
        voided = *pending;
        forget(party, pending);
        session_tell_pending(session, BTW_EVENT_VOIDED, who, voided);
    }
}

/* Closes the open request of `who` that msg answers or takes back.  There is none only if a permissive session answers
 * without having been asked. */
static void settle(struct btw_session *session, enum btw_who who, const struct btw_msg *msg,
                   enum btw_session_event_kind kind)
{
    struct btw_pending *pending = find(&session->party[who], block_of(msg)), settled;

    if (pending == NULL)
        return;
    settled = *pending;
    forget(&session->party[who], pending);
    session_tell_pending(session, kind, who, settled);
}

/* --- what each message needs and changes -----------------------------------------------------------------------------
 */

typedef enum btw_breach check_fn(const struct btw_session *session, enum btw_who who, const struct btw_msg *msg);
typedef void apply_fn(struct btw_session *session, enum btw_who who, const struct btw_msg *msg, int64_t now_ms);

static enum btw_breach check_handshake(const struct btw_session *session, enum btw_who who, const struct btw_msg *msg)
{
    (void)msg;
    return session->party[who].handshake ? BTW_BREACH_HANDSHAKE_TWICE : BTW_BREACH_NONE;
}

static bool both_have(const struct btw_session *session, const char *bit)
{
    const struct btw_party *us = &session->party[BTW_US], *them = &session->party[BTW_THEM];

    return us->handshake && them->handshake && btw_reserved_has(us->reserved, bit) &&
           btw_reserved_has(them->reserved, bit);
}

static void apply_handshake(struct btw_session *session, enum btw_who who, const struct btw_msg *msg, int64_t now_ms)
{
    (void)now_ms;
    session->party[who].handshake = true;
    memcpy(session->party[who].reserved, msg->reserved, sizeof msg->reserved);
    session->fast = both_have(session, "fast");
    session->ext = both_have(session, "ext");
}

/* BEP 3: a choke makes the requests of the choked side void.  BEP 6: it does not, each of them is rejected. */
static void apply_choke(struct btw_session *session, enum btw_who who, const struct btw_msg *msg, int64_t now_ms)
{
    (void)msg, (void)now_ms;
    session->party[who].choking = true;
    session_tell(session, BTW_EVENT_CHOKE, who);
    if (!btw_session_fast(session))
        session_void(session, session_other(who), NULL);
}

static void apply_unchoke(struct btw_session *session, enum btw_who who, const struct btw_msg *msg, int64_t now_ms)
{
    (void)msg, (void)now_ms;
    session->party[who].choking = false;
    session_tell(session, BTW_EVENT_UNCHOKE, who);
}

static void apply_interest(struct btw_session *session, enum btw_who who, const struct btw_msg *msg, int64_t now_ms)
{
    bool interested = msg->type == BTW_INTERESTED;

    (void)now_ms;
    session->party[who].interested = interested;
    session_tell(session, interested ? BTW_EVENT_INTERESTED : BTW_EVENT_NOT_INTERESTED, who);
}

static enum btw_breach check_have(const struct btw_session *session, enum btw_who who, const struct btw_msg *msg)
{
    if (!session_index_fits(session, msg->piece))
        return BTW_BREACH_INDEX;
    return btw_party_has(session, who, msg->piece) ? BTW_BREACH_HAVE_TWICE : BTW_BREACH_NONE;
}

static void apply_have(struct btw_session *session, enum btw_who who, const struct btw_msg *msg, int64_t now_ms)
{
    struct btw_party *party = &session->party[who];

    (void)now_ms;
    if (!session_index_fits(session, msg->piece) || btw_bit_get(party->have, msg->piece))
        return;
    btw_bit_set(party->have, msg->piece, true);
    party->have_count++;
    session_tell_piece(session, BTW_EVENT_HAVE, who, msg->piece);
}

enum btw_breach session_check_bits(const struct btw_geometry *geometry, struct btw_slice bits)
{
    if (bits.len != btw_bits_size(geometry->pieces))
        return BTW_BREACH_BITFIELD_SIZE;
    for (size_t i = geometry->pieces; i < bits.len * 8; i++)
        if (btw_bit_get(bits.data, i))
            return BTW_BREACH_SPARE_BITS;
    return BTW_BREACH_NONE;
}

static enum btw_breach check_availability(const struct btw_session *session, enum btw_who who,
                                          const struct btw_msg *msg)
{
    if (session->party[who].opened)
        return BTW_BREACH_LATE_AVAILABILITY;
    if (msg->type != BTW_BITFIELD)
        return BTW_BREACH_NONE;
    if (session->config.geometry.pieces > 0)
        return session_check_bits(&session->config.geometry, msg->data);
    return msg->data.len > session->config.map_size ? BTW_BREACH_BITFIELD_SIZE : BTW_BREACH_NONE;
}

static void apply_availability(struct btw_session *session, enum btw_who who, const struct btw_msg *msg, int64_t now_ms)
{
    struct btw_party *party = &session->party[who];
    uint32_t pieces = session->config.geometry.pieces;
    size_t len = msg->data.len < session->config.map_size ? msg->data.len : session->config.map_size;

    (void)now_ms;
    memset(party->have, 0, session->config.map_size);
    party->have_count = 0;
    party->has_all = msg->type == BTW_HAVE_ALL;
    if (party->has_all) {
        party->have_count = indices(session);
        btw_bits_fill(party->have, 0, party->have_count, true);
    } else if (msg->type == BTW_BITFIELD && len > 0) {
        memcpy(party->have, msg->data.data, len);
        party->bitfield_size = len;
        party->have_count = btw_bits_count(party->have, pieces > 0 ? pieces : (uint32_t)len * 8);
    }
    session_tell(session, BTW_EVENT_AVAILABILITY, who);
}

/* A sender is held to everything; a receiver forgives what may have crossed.  With Fast even a choked requester is owed
 * an answer, so asking while choked is no breach when received. */
static enum btw_breach check_request(const struct btw_session *session, enum btw_who who, const struct btw_msg *msg)
{
    const struct btw_party *asker = &session->party[who], *server = &session->party[session_other(who)];
    bool fast = btw_session_fast(session), ours = who == BTW_US;

    if (asker->pending_count == asker->pending_cap)
        return BTW_BREACH_TOO_MANY;
    if (!session_index_fits(session, msg->piece))
        return BTW_BREACH_INDEX;
    if (!btw_block_fits(&session->config.geometry, block_of(msg)))
        return BTW_BREACH_RANGE;
    if (!btw_party_has(session, session_other(who), msg->piece))
        return BTW_BREACH_NOT_ANNOUNCED;
    if (server->choking && !(fast && (!ours || btw_party_allowed(session, session_other(who), msg->piece))))
        return BTW_BREACH_CHOKED;
    if (ours && !asker->interested)
        return BTW_BREACH_NOT_INTERESTED;
    if (ours && find(asker, block_of(msg)) != NULL)
        return BTW_BREACH_REQUEST_TWICE;
    return BTW_BREACH_NONE;
}

static void apply_request(struct btw_session *session, enum btw_who who, const struct btw_msg *msg, int64_t now_ms)
{
    struct btw_party *asker = &session->party[who];

    if (asker->pending_count == asker->pending_cap)
        return;
    asker->pending[asker->pending_count++] = (struct btw_pending){ .block = block_of(msg), .since_ms = now_ms };
    session_tell_pending(session, BTW_EVENT_REQUEST, who, asker->pending[asker->pending_count - 1]);
}

static enum btw_breach check_piece(const struct btw_session *session, enum btw_who who, const struct btw_msg *msg)
{
    if (find(&session->party[session_other(who)], block_of(msg)) == NULL)
        return btw_block_fits(&session->config.geometry, block_of(msg)) ? BTW_BREACH_PIECE_UNASKED : BTW_BREACH_RANGE;
    if (who == BTW_US && session->party[who].choking && !btw_party_allowed(session, who, msg->piece))
        return BTW_BREACH_CHOKED;
    return BTW_BREACH_NONE;
}

static void apply_piece(struct btw_session *session, enum btw_who who, const struct btw_msg *msg, int64_t now_ms)
{
    session->party[who].payload_bytes += msg->data.len;
    btw_rate_add(&session->party[who].payload_rate, msg->data.len, now_ms);
    settle(session, session_other(who), msg, BTW_EVENT_ANSWERED);
}

static enum btw_breach check_reject(const struct btw_session *session, enum btw_who who, const struct btw_msg *msg)
{
    return find(&session->party[session_other(who)], block_of(msg)) == NULL ? BTW_BREACH_REJECT_UNASKED
                                                                            : BTW_BREACH_NONE;
}

static void apply_reject(struct btw_session *session, enum btw_who who, const struct btw_msg *msg, int64_t now_ms)
{
    (void)now_ms;
    settle(session, session_other(who), msg, BTW_EVENT_REJECTED);
}

static enum btw_breach check_cancel(const struct btw_session *session, enum btw_who who, const struct btw_msg *msg)
{
    const struct btw_pending *pending = find(&session->party[who], block_of(msg));

    return pending == NULL || pending->cancelled ? BTW_BREACH_CANCEL_UNASKED : BTW_BREACH_NONE;
}

/* BEP 6: a cancelled request still gets exactly one answer.  BEP 3: it is gone. */
static void apply_cancel(struct btw_session *session, enum btw_who who, const struct btw_msg *msg, int64_t now_ms)
{
    struct btw_pending *pending = find(&session->party[who], block_of(msg)), before;

    (void)now_ms;
    if (pending == NULL)
        return;
    if (!btw_session_fast(session)) {
        settle(session, who, msg, BTW_EVENT_CANCELLED);
        return;
    }
    before = *pending;
    pending->cancelled = true;
    session_tell_pending(session, BTW_EVENT_CANCELLED, who, before);
}

static enum btw_breach check_port(const struct btw_session *session, enum btw_who who, const struct btw_msg *msg)
{
    (void)msg;
    return btw_reserved_has(session->party[session_other(who)].reserved, "dht") ? BTW_BREACH_NONE : BTW_BREACH_DHT_OFF;
}

static void apply_port(struct btw_session *session, enum btw_who who, const struct btw_msg *msg, int64_t now_ms)
{
    (void)now_ms;
    session->party[who].dht_port = msg->port;
}

static enum btw_breach check_suggest(const struct btw_session *session, enum btw_who who, const struct btw_msg *msg)
{
    if (!session_index_fits(session, msg->piece))
        return BTW_BREACH_INDEX;
    if (who == BTW_US && !btw_party_has(session, who, msg->piece))
        return BTW_BREACH_NOT_ANNOUNCED;
    return BTW_BREACH_NONE;
}

static enum btw_breach check_allowed_fast(const struct btw_session *session, enum btw_who who,
                                          const struct btw_msg *msg)
{
    if (!session_index_fits(session, msg->piece))
        return BTW_BREACH_INDEX;
    return btw_party_allowed(session, who, msg->piece) ? BTW_BREACH_HAVE_TWICE : BTW_BREACH_NONE;
}

static void apply_allowed_fast(struct btw_session *session, enum btw_who who, const struct btw_msg *msg, int64_t now_ms)
{
    (void)now_ms;
    if (!session_index_fits(session, msg->piece))
        return;
    btw_bit_set(session->party[who].allowed_fast, msg->piece, true);
    session_tell_piece(session, BTW_EVENT_ALLOWED_FAST, who, msg->piece);
}

/* clang-format off */
static const struct {
    bool fast;    /* only when Fast is agreed on */
    bool opens;   /* an availability message must stand before it */
    check_fn *check;
    apply_fn *apply;
} rows[BTW_TYPES] = {
    [BTW_HANDSHAKE]      = { false, false, check_handshake,    apply_handshake },
    [BTW_KEEPALIVE]      = { false, false, NULL,               NULL },
    [BTW_CHOKE]          = { false, true,  NULL,               apply_choke },
    [BTW_UNCHOKE]        = { false, true,  NULL,               apply_unchoke },
    [BTW_INTERESTED]     = { false, true,  NULL,               apply_interest },
    [BTW_NOT_INTERESTED] = { false, true,  NULL,               apply_interest },
    [BTW_HAVE]           = { false, true,  check_have,         apply_have },
    [BTW_BITFIELD]       = { false, true,  check_availability, apply_availability },
    [BTW_REQUEST]        = { false, true,  check_request,      apply_request },
    [BTW_PIECE]          = { false, true,  check_piece,        apply_piece },
    [BTW_CANCEL]         = { false, true,  check_cancel,       apply_cancel },
    [BTW_PORT]           = { false, false, check_port,         apply_port },
    [BTW_SUGGEST]        = { true,  true,  check_suggest,      NULL },
    [BTW_HAVE_ALL]       = { true,  true,  check_availability, apply_availability },
    [BTW_HAVE_NONE]      = { true,  true,  check_availability, apply_availability },
    [BTW_REJECT]         = { true,  true,  check_reject,       apply_reject },
    [BTW_ALLOWED_FAST]   = { true,  true,  check_allowed_fast, apply_allowed_fast },
    [BTW_EXTENDED]       = { false, false, session_check_extended, session_apply_extended },
    [BTW_HASH_REQUEST]   = { false, true,  session_check_hash_request, session_apply_hash_request },
    [BTW_HASHES]         = { false, true,  session_check_hashes, session_apply_hashes },
    [BTW_HASH_REJECT]    = { false, true,  session_check_hashes, session_apply_hashes },
    [BTW_RAW]            = { false, false, NULL,               NULL },
};
/* clang-format on */

enum btw_breach session_check(const struct btw_session *session, enum btw_who who, const struct btw_msg *msg)
{
    bool greeted = session->party[BTW_US].handshake && session->party[BTW_THEM].handshake;

    if (msg->type != BTW_HANDSHAKE && !greeted)
        return BTW_BREACH_NO_HANDSHAKE;
    if (rows[msg->type].fast && !btw_session_fast(session))
        return BTW_BREACH_FAST_OFF;
    return rows[msg->type].check != NULL ? rows[msg->type].check(session, who, msg) : BTW_BREACH_NONE;
}

void session_apply(struct btw_session *session, enum btw_who who, const struct btw_msg *msg, int64_t now_ms)
{
    if (rows[msg->type].opens)
        session->party[who].opened = true;
    if (rows[msg->type].apply != NULL)
        rows[msg->type].apply(session, who, msg, now_ms);
}

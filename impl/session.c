/* SPDX-License-Identifier: MIT
 *
 * The session: one table of what each message needs and changes, applied to both parties alike.  What a breach means
 * for the connection is left to the caller.
 */
#include <assert.h>

#include "btw/session.h"

static const struct {
    const char *text, *spec;
    bool crossing;
} breaches[BTW_BREACHES] = {
#define BREACH_ROW(code, may_cross, bep, sentence) { .text = (sentence), .spec = (bep), .crossing = (may_cross) },
    BTW_BREACH_LIST(BREACH_ROW)
#undef BREACH_ROW
};

const char *btw_breach_text(enum btw_breach breach)
{
    return breaches[breach].text;
}

bool btw_breach_may_cross(enum btw_breach breach)
{
    return breaches[breach].crossing;
}

uint32_t btw_piece_size(const struct btw_geometry *geometry, uint32_t piece)
{
    if (piece >= geometry->pieces)
        return 0;
    if (piece + 1 < geometry->pieces)
        return geometry->piece_length;
    return (uint32_t)(geometry->total_length - (uint64_t)piece * geometry->piece_length);
}

bool btw_block_equal(struct btw_block a, struct btw_block b)
{
    return a.piece == b.piece && a.begin == b.begin && a.length == b.length;
}

bool btw_block_fits(const struct btw_geometry *geometry, struct btw_block block)
{
    return block.length > 0 && (uint64_t)block.begin + block.length <= btw_piece_size(geometry, block.piece);
}

/* --- questions -------------------------------------------------------------------------------------------------------
 */

static enum btw_who other(enum btw_who who)
{
    return who == BTW_US ? BTW_THEM : BTW_US;
}

static bool both_have(const struct btw_session *session, const char *bit)
{
    const struct btw_party *us = &session->party[BTW_US], *them = &session->party[BTW_THEM];

    return us->handshake && them->handshake && btw_reserved_has(us->reserved, bit) &&
           btw_reserved_has(them->reserved, bit);
}

bool btw_session_fast(const struct btw_session *session)
{
    return both_have(session, "fast");
}

bool btw_session_ext(const struct btw_session *session)
{
    return both_have(session, "ext");
}

/* While the geometry is unknown every index that can be remembered may turn out to be right. */
static bool index_fits(const struct btw_session *session, uint32_t piece)
{
    const struct btw_session_config *config = &session->config;

    return config->geometry.pieces > 0 ? piece < config->geometry.pieces : piece / 8 < config->map_size;
}

bool btw_party_has(const struct btw_session *session, enum btw_who who, uint32_t piece)
{
    return index_fits(session, piece) && btw_bit_get(session->party[who].have, piece);
}

bool btw_party_allowed(const struct btw_session *session, enum btw_who who, uint32_t piece)
{
    return index_fits(session, piece) && btw_bit_get(session->party[who].allowed_fast, piece);
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

static void tell_plain(struct btw_session *session, enum btw_session_event_kind kind, enum btw_who who)
{
    tell(session, &(struct btw_session_event){ .kind = kind, .who = who });
}

static void tell_piece(struct btw_session *session, enum btw_session_event_kind kind, enum btw_who who, uint32_t piece)
{
    tell(session, &(struct btw_session_event){ .kind = kind, .who = who, .block.piece = piece });
}

static void tell_pending(struct btw_session *session, enum btw_session_event_kind kind, enum btw_who who,
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
    tell_pending(session, kind, who, settled);
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

static void apply_handshake(struct btw_session *session, enum btw_who who, const struct btw_msg *msg, int64_t now_ms)
{
    (void)now_ms;
    session->party[who].handshake = true;
    memcpy(session->party[who].reserved, msg->reserved, sizeof msg->reserved);
}

/* BEP 3: a choke makes the requests of the choked side void.  BEP 6: it does not, each of them is rejected. */
static void apply_choke(struct btw_session *session, enum btw_who who, const struct btw_msg *msg, int64_t now_ms)
{
    struct btw_party *choked = &session->party[other(who)];

    (void)msg, (void)now_ms;
    session->party[who].choking = true;
    tell_plain(session, BTW_EVENT_CHOKE, who);
    if (btw_session_fast(session))
        return;
    for (size_t i = 0; i < choked->pending_count; i++)
        tell_pending(session, BTW_EVENT_VOIDED, other(who), choked->pending[i]);
    choked->pending_count = 0;
}

static void apply_unchoke(struct btw_session *session, enum btw_who who, const struct btw_msg *msg, int64_t now_ms)
{
    (void)msg, (void)now_ms;
    session->party[who].choking = false;
    tell_plain(session, BTW_EVENT_UNCHOKE, who);
}

static void apply_interest(struct btw_session *session, enum btw_who who, const struct btw_msg *msg, int64_t now_ms)
{
    bool interested = msg->type == BTW_INTERESTED;

    (void)now_ms;
    session->party[who].interested = interested;
    tell_plain(session, interested ? BTW_EVENT_INTERESTED : BTW_EVENT_NOT_INTERESTED, who);
}

static enum btw_breach check_have(const struct btw_session *session, enum btw_who who, const struct btw_msg *msg)
{
    if (!index_fits(session, msg->piece))
        return BTW_BREACH_INDEX;
    return btw_party_has(session, who, msg->piece) ? BTW_BREACH_HAVE_TWICE : BTW_BREACH_NONE;
}

static void apply_have(struct btw_session *session, enum btw_who who, const struct btw_msg *msg, int64_t now_ms)
{
    struct btw_party *party = &session->party[who];

    (void)now_ms;
    if (!index_fits(session, msg->piece) || btw_bit_get(party->have, msg->piece))
        return;
    btw_bit_set(party->have, msg->piece, true);
    party->have_count++;
    tell_piece(session, BTW_EVENT_HAVE, who, msg->piece);
}

static enum btw_breach check_bits(const struct btw_geometry *geometry, struct btw_slice bits)
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
        return check_bits(&session->config.geometry, msg->data);
    return msg->data.len > session->config.map_size ? BTW_BREACH_BITFIELD_SIZE : BTW_BREACH_NONE;
}

static void fill(struct btw_party *party, uint32_t pieces)
{
    for (uint32_t i = 0; i < pieces; i++)
        btw_bit_set(party->have, i, true);
    party->have_count = pieces;
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
        fill(party, pieces);
    } else if (msg->type == BTW_BITFIELD && len > 0) {
        memcpy(party->have, msg->data.data, len);
        party->bitfield_size = len;
        party->have_count = btw_bits_count(party->have, pieces > 0 ? pieces : (uint32_t)len * 8);
    }
    tell_plain(session, BTW_EVENT_AVAILABILITY, who);
}

/* A sender is held to everything; a receiver forgives what may have crossed.  With Fast even a choked requester is owed
 * an answer, so asking while choked is no breach when received. */
static enum btw_breach check_request(const struct btw_session *session, enum btw_who who, const struct btw_msg *msg)
{
    const struct btw_party *asker = &session->party[who], *server = &session->party[other(who)];
    bool fast = btw_session_fast(session), ours = who == BTW_US;

    if (asker->pending_count == asker->pending_cap)
        return BTW_BREACH_TOO_MANY;
    if (!index_fits(session, msg->piece))
        return BTW_BREACH_INDEX;
    if (!btw_block_fits(&session->config.geometry, block_of(msg)))
        return BTW_BREACH_RANGE;
    if (!btw_party_has(session, other(who), msg->piece))
        return BTW_BREACH_NOT_ANNOUNCED;
    if (server->choking && !(fast && (!ours || btw_party_allowed(session, other(who), msg->piece))))
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
    tell_pending(session, BTW_EVENT_REQUEST, who, asker->pending[asker->pending_count - 1]);
}

static enum btw_breach check_piece(const struct btw_session *session, enum btw_who who, const struct btw_msg *msg)
{
    if (find(&session->party[other(who)], block_of(msg)) == NULL)
        return BTW_BREACH_PIECE_UNASKED;
    if (who == BTW_US && session->party[who].choking && !btw_party_allowed(session, who, msg->piece))
        return BTW_BREACH_CHOKED;
    return BTW_BREACH_NONE;
}

static void apply_piece(struct btw_session *session, enum btw_who who, const struct btw_msg *msg, int64_t now_ms)
{
    session->party[who].payload_bytes += msg->data.len;
    btw_rate_add(&session->party[who].payload_rate, msg->data.len, now_ms);
    settle(session, other(who), msg, BTW_EVENT_ANSWERED);
}

static enum btw_breach check_reject(const struct btw_session *session, enum btw_who who, const struct btw_msg *msg)
{
    return find(&session->party[other(who)], block_of(msg)) == NULL ? BTW_BREACH_REJECT_UNASKED : BTW_BREACH_NONE;
}

static void apply_reject(struct btw_session *session, enum btw_who who, const struct btw_msg *msg, int64_t now_ms)
{
    (void)now_ms;
    settle(session, other(who), msg, BTW_EVENT_REJECTED);
}

static enum btw_breach check_cancel(const struct btw_session *session, enum btw_who who, const struct btw_msg *msg)
{
    const struct btw_pending *pending = find(&session->party[who], block_of(msg));

    return pending == NULL || pending->cancelled ? BTW_BREACH_CANCEL_UNASKED : BTW_BREACH_NONE;
}

/* BEP 6: a cancelled request still gets exactly one answer.  BEP 3: it is gone. */
static void apply_cancel(struct btw_session *session, enum btw_who who, const struct btw_msg *msg, int64_t now_ms)
{
    struct btw_pending *pending = find(&session->party[who], block_of(msg));

    (void)now_ms;
    if (pending == NULL)
        return;
    if (!btw_session_fast(session)) {
        settle(session, who, msg, BTW_EVENT_CANCELLED);
        return;
    }
    tell_pending(session, BTW_EVENT_CANCELLED, who, *pending);
    pending->cancelled = true;
}

static enum btw_breach check_port(const struct btw_session *session, enum btw_who who, const struct btw_msg *msg)
{
    (void)msg;
    return btw_reserved_has(session->party[other(who)].reserved, "dht") ? BTW_BREACH_NONE : BTW_BREACH_DHT_OFF;
}

static enum btw_breach check_suggest(const struct btw_session *session, enum btw_who who, const struct btw_msg *msg)
{
    if (!index_fits(session, msg->piece))
        return BTW_BREACH_INDEX;
    if (who == BTW_US && !btw_party_has(session, who, msg->piece))
        return BTW_BREACH_NOT_ANNOUNCED;
    return BTW_BREACH_NONE;
}

static enum btw_breach check_allowed_fast(const struct btw_session *session, enum btw_who who,
                                          const struct btw_msg *msg)
{
    if (!index_fits(session, msg->piece))
        return BTW_BREACH_INDEX;
    return btw_party_allowed(session, who, msg->piece) ? BTW_BREACH_HAVE_TWICE : BTW_BREACH_NONE;
}

static void apply_allowed_fast(struct btw_session *session, enum btw_who who, const struct btw_msg *msg, int64_t now_ms)
{
    (void)now_ms;
    if (!index_fits(session, msg->piece))
        return;
    btw_bit_set(session->party[who].allowed_fast, msg->piece, true);
    tell_piece(session, BTW_EVENT_ALLOWED_FAST, who, msg->piece);
}

static enum btw_breach check_extended(const struct btw_session *session, enum btw_who who, const struct btw_msg *msg)
{
    if (!btw_session_ext(session))
        return BTW_BREACH_EXT_OFF;
    if (msg->ext != 0 && btw_ext_map_find(&session->party[other(who)].ext, msg->ext) == BTW_EXTS)
        return BTW_BREACH_EXT_ID;
    return BTW_BREACH_NONE;
}

static void apply_extended(struct btw_session *session, enum btw_who who, const struct btw_msg *msg, int64_t now_ms)
{
    struct btw_ext_handshake hs;

    (void)now_ms;
    if (msg->ext != 0 || btw_ext_handshake_decode(&hs, msg->data, NULL) != BTW_OK)
        return;
    btw_ext_map_update(&session->party[who].ext, &hs);
    tell_plain(session, BTW_EVENT_EXTENSIONS, who);
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
    [BTW_PORT]           = { false, false, check_port,         NULL },
    [BTW_SUGGEST]        = { true,  true,  check_suggest,      NULL },
    [BTW_HAVE_ALL]       = { true,  true,  check_availability, apply_availability },
    [BTW_HAVE_NONE]      = { true,  true,  check_availability, apply_availability },
    [BTW_REJECT]         = { true,  true,  check_reject,       apply_reject },
    [BTW_ALLOWED_FAST]   = { true,  true,  check_allowed_fast, apply_allowed_fast },
    [BTW_EXTENDED]       = { false, false, check_extended,     apply_extended },
    [BTW_HASH_REQUEST]   = { false, true,  NULL,               NULL },
    [BTW_HASHES]         = { false, true,  NULL,               NULL },
    [BTW_HASH_REJECT]    = { false, true,  NULL,               NULL },
    [BTW_RAW]            = { false, false, NULL,               NULL },
};
/* clang-format on */

static enum btw_breach check(const struct btw_session *session, enum btw_who who, const struct btw_msg *msg)
{
    bool greeted = session->party[BTW_US].handshake && session->party[BTW_THEM].handshake;

    if (msg->type != BTW_HANDSHAKE && !greeted)
        return BTW_BREACH_NO_HANDSHAKE;
    if (rows[msg->type].fast && !btw_session_fast(session))
        return BTW_BREACH_FAST_OFF;
    return rows[msg->type].check != NULL ? rows[msg->type].check(session, who, msg) : BTW_BREACH_NONE;
}

static void apply(struct btw_session *session, enum btw_who who, const struct btw_msg *msg, int64_t now_ms)
{
    if (rows[msg->type].opens)
        session->party[who].opened = true;
    if (rows[msg->type].apply != NULL)
        rows[msg->type].apply(session, who, msg, now_ms);
}

static void count(struct btw_session *session, enum btw_who who, const struct btw_msg *msg, int64_t now_ms)
{
    struct btw_party *party = &session->party[who];
    size_t size = btw_msg_size(msg);

    party->wire_bytes += size;
    btw_rate_add(&party->wire_rate, size, now_ms);
    party->last_ms = now_ms;
}

static int64_t due(int64_t now_ms, int64_t interval_ms)
{
    return interval_ms > 0 ? now_ms + interval_ms : INT64_MAX;
}

static enum btw_status refuse(struct btw_session *session, enum btw_breach breach, struct btw_diag *diag)
{
    session->breach = breach;
    return btw_fail(diag, BTW_REFUSED, 0, "%s (%s)", breaches[breach].text, breaches[breach].spec);
}

/* --- the interface ---------------------------------------------------------------------------------------------------
 */

void btw_session_init(struct btw_session *session, const struct btw_session_config *config, int64_t now_ms)
{
    assert(config->map_size >= btw_bits_size(config->geometry.pieces));
    *session = (struct btw_session){ .config = *config,
                                     .keepalive_at_ms = due(now_ms, config->keepalive_ms),
                                     .idle_at_ms = due(now_ms, config->idle_ms) };
    for (int who = BTW_US; who <= BTW_THEM; who++) {
        session->party[who] = (struct btw_party){ .choking = true,
                                                  .have = config->have[who],
                                                  .allowed_fast = config->allowed_fast[who],
                                                  .pending = config->pending[who],
                                                  .pending_cap = config->pending_cap[who],
                                                  .last_ms = now_ms };
        memset(config->have[who], 0, config->map_size);
        memset(config->allowed_fast[who], 0, config->map_size);
    }
}

enum btw_status btw_session_received(struct btw_session *session, const struct btw_msg *msg, int64_t now_ms,
                                     struct btw_diag *diag)
{
    enum btw_breach breach = check(session, BTW_THEM, msg);
    bool owed = msg->type == BTW_REQUEST && btw_session_fast(session);

    count(session, BTW_THEM, msg, now_ms);
    session->idle_at_ms = due(now_ms, session->config.idle_ms);
    if (breach == BTW_BREACH_NONE || owed)
        apply(session, BTW_THEM, msg, now_ms);
    return breach == BTW_BREACH_NONE ? BTW_OK : refuse(session, breach, diag);
}

enum btw_status btw_session_send(struct btw_session *session, const struct btw_msg *msg, int64_t now_ms,
                                 struct btw_diag *diag)
{
    enum btw_breach breach = check(session, BTW_US, msg);

    if (breach == BTW_BREACH_NONE || session->config.permissive) {
        count(session, BTW_US, msg, now_ms);
        session->keepalive_at_ms = due(now_ms, session->config.keepalive_ms);
        apply(session, BTW_US, msg, now_ms);
    }
    return breach == BTW_BREACH_NONE ? BTW_OK : refuse(session, breach, diag);
}

/* What a magnet was told before it could judge it: a bitfield has to have the right size, and every index to exist. */
static enum btw_breach judge_early(const struct btw_party *party, const struct btw_geometry *geometry, size_t map_size)
{
    if (party->bitfield_size > 0 && party->bitfield_size != btw_bits_size(geometry->pieces))
        return BTW_BREACH_BITFIELD_SIZE;
    for (size_t i = geometry->pieces; i < map_size * 8; i++)
        if (btw_bit_get(party->have, i))
            return party->bitfield_size > 0 ? BTW_BREACH_SPARE_BITS : BTW_BREACH_INDEX;
    return BTW_BREACH_NONE;
}

enum btw_status btw_session_set_geometry(struct btw_session *session, const struct btw_geometry *geometry,
                                         struct btw_diag *diag)
{
    struct btw_party *them = &session->party[BTW_THEM];
    enum btw_breach breach = judge_early(them, geometry, session->config.map_size);

    assert(session->config.map_size >= btw_bits_size(geometry->pieces) && geometry->pieces > 0);
    session->config.geometry = *geometry;
    if (breach != BTW_BREACH_NONE) {
        memset(them->have, 0, session->config.map_size);
        them->have_count = 0;
        return refuse(session, breach, diag);
    }
    if (them->has_all)
        fill(them, geometry->pieces);
    tell_plain(session, BTW_EVENT_AVAILABILITY, BTW_THEM);
    return BTW_OK;
}

void btw_session_tick(struct btw_session *session, int64_t now_ms)
{
    struct btw_party *us = &session->party[BTW_US];
    int64_t patience = session->config.request_timeout_ms;

    for (size_t i = 0; patience > 0 && i < us->pending_count && us->pending[i].since_ms + patience <= now_ms; i++) {
        if (us->pending[i].late)
            continue;
        tell_pending(session, BTW_EVENT_REQUEST_LATE, BTW_US, us->pending[i]);
        us->pending[i].late = true;
    }
    if (session->keepalive_at_ms <= now_ms) {
        session->keepalive_at_ms = due(now_ms, session->config.keepalive_ms);
        tell_plain(session, BTW_EVENT_KEEPALIVE_DUE, BTW_US);
    }
    if (session->idle_at_ms <= now_ms) {
        session->idle_at_ms = due(now_ms, session->config.idle_ms);
        tell_plain(session, BTW_EVENT_IDLE, BTW_THEM);
    }
}

int64_t btw_session_deadline(const struct btw_session *session)
{
    const struct btw_party *us = &session->party[BTW_US];
    int64_t next = session->keepalive_at_ms < session->idle_at_ms ? session->keepalive_at_ms : session->idle_at_ms;

    if (session->config.request_timeout_ms == 0)
        return next;
    for (size_t i = 0; i < us->pending_count; i++) {
        int64_t at = due(us->pending[i].since_ms, session->config.request_timeout_ms);
        if (!us->pending[i].late)
            return at < next ? at : next;
    }
    return next;
}

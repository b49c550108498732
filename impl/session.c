/* SPDX-License-Identifier: MIT
 *
 * The session: messages go through the table of session_rules.c, time through the deadlines here.  What a breach means
 * for the connection is left to the caller.
 */
#include <assert.h>

#include "session_impl.h"

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
    if (geometry->piece_sizes != NULL)
        return geometry->piece_sizes[piece];
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

void session_count_sent(struct btw_session *session, const struct btw_msg *msg, int64_t now_ms)
{
    count(session, BTW_US, msg, now_ms);
    session->keepalive_at_ms = due(now_ms, session->config.keepalive_ms);
}

/* --- the interface ---------------------------------------------------------------------------------------------------
 */

void btw_session_init(struct btw_session *session, const struct btw_session_config *config, int64_t now_ms)
{
    assert(config->map_size >= btw_bits_size(config->geometry.pieces) && config->map_size <= UINT32_MAX / 8);
    *session = (struct btw_session){ .config = *config,
                                     .keepalive_at_ms = due(now_ms, config->keepalive_ms),
                                     .idle_at_ms = due(now_ms, config->idle_ms) };
    for (int who = BTW_US; who <= BTW_THEM; who++) {
        session->party[who] = (struct btw_party){ .choking = true,
                                                  .have = config->have[who],
                                                  .allowed_fast = config->allowed_fast[who],
                                                  .pending = config->pending[who],
                                                  .pending_cap = config->pending_cap[who],
                                                  .hash_pending = config->hash_pending[who],
                                                  .hash_cap = config->hash_cap[who],
                                                  .last_ms = now_ms };
        memset(config->have[who], 0, config->map_size);
        memset(config->allowed_fast[who], 0, config->map_size);
    }
}

enum btw_status btw_session_received(struct btw_session *session, const struct btw_msg *msg, int64_t now_ms,
                                     struct btw_diag *diag)
{
    enum btw_breach breach = session_check(session, BTW_THEM, msg);
    bool owed = msg->type == BTW_REQUEST && btw_session_fast(session);

    count(session, BTW_THEM, msg, now_ms);
    session->idle_at_ms = due(now_ms, session->config.idle_ms);
    if (breach == BTW_BREACH_NONE || owed)
        session_apply(session, BTW_THEM, msg, now_ms);
    return breach == BTW_BREACH_NONE ? BTW_OK : refuse(session, breach, diag);
}

enum btw_status btw_session_send(struct btw_session *session, const struct btw_msg *msg, int64_t now_ms,
                                 struct btw_diag *diag)
{
    enum btw_breach breach = session_check(session, BTW_US, msg);

    if (breach == BTW_BREACH_NONE || session->config.permissive) {
        session_count_sent(session, msg, now_ms);
        session_apply(session, BTW_US, msg, now_ms);
    }
    return breach == BTW_BREACH_NONE ? BTW_OK : refuse(session, breach, diag);
}

/* What a magnet was told before it could judge it: a bitfield has to have the right size, and every index to exist. */
static enum btw_breach judge_early(const struct btw_party *party, const struct btw_geometry *geometry, size_t map_size)
{
    if (party->bitfield_size > 0 && party->bitfield_size != btw_bits_size(geometry->pieces))
        return BTW_BREACH_BITFIELD_SIZE;
    if (!btw_bits_any(party->have, geometry->pieces, map_size * 8))
        return BTW_BREACH_NONE;
    return party->bitfield_size > 0 ? BTW_BREACH_SPARE_BITS : BTW_BREACH_INDEX;
}

/* After have_all every index there could be was set; now it is known which there are. */
static void trim(struct btw_party *party, uint32_t pieces, size_t map_size)
{
    btw_bits_fill(party->have, pieces, map_size * 8, false);
    party->have_count = btw_bits_count(party->have, pieces);
}

enum btw_status btw_session_set_geometry(struct btw_session *session, const struct btw_geometry *geometry,
                                         struct btw_diag *diag)
{
    struct btw_party *them = &session->party[BTW_THEM];
    enum btw_breach breach;

    assert(session->config.map_size >= btw_bits_size(geometry->pieces) && geometry->pieces > 0);
    session->config.geometry = *geometry;
    for (int who = BTW_US; who <= BTW_THEM; who++)
        if (session->party[who].has_all)
            trim(&session->party[who], geometry->pieces, session->config.map_size);
    breach = judge_early(them, geometry, session->config.map_size);
    if (breach != BTW_BREACH_NONE) {
        memset(them->have, 0, session->config.map_size);
        them->have_count = 0;
        return refuse(session, breach, diag);
    }
    session_tell(session, BTW_EVENT_AVAILABILITY, BTW_THEM);
    return BTW_OK;
}

void btw_session_set_pending(struct btw_session *session, enum btw_who who, struct btw_pending *pending, size_t cap)
{
    assert(cap >= session->party[who].pending_count);
    session->party[who].pending = pending;
    session->party[who].pending_cap = cap;
}

/* The oldest request of ours that is late and has not been reported; NULL when there is none. */
static struct btw_pending *find_late(const struct btw_session *session, int64_t now_ms)
{
    const struct btw_party *us = &session->party[BTW_US];
    int64_t patience = session->config.request_timeout_ms;

    for (size_t i = 0; patience > 0 && i < us->pending_count && us->pending[i].since_ms + patience <= now_ms; i++)
        if (!us->pending[i].late)
            return &us->pending[i];
    return NULL;
}

void btw_session_tick(struct btw_session *session, int64_t now_ms)
{
    struct btw_pending *pending;

    while ((pending = find_late(session, now_ms)) != NULL) {
        struct btw_pending before = *pending;
        pending->late = true;
        session_tell_pending(session, BTW_EVENT_REQUEST_LATE, BTW_US, before);
    }
    if (session->keepalive_at_ms <= now_ms) {
        session->keepalive_at_ms = due(now_ms, session->config.keepalive_ms);
        session_tell(session, BTW_EVENT_KEEPALIVE_DUE, BTW_US);
    }
    if (session->idle_at_ms <= now_ms) {
        session->idle_at_ms = due(now_ms, session->config.idle_ms);
        session_tell(session, BTW_EVENT_IDLE, BTW_THEM);
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

/* SPDX-License-Identifier: MIT
 *
 * The wire object: how a connection begins, takes bytes and time, and ends.  What is said on it is in wire_hear.c and
 * wire_say.c.
 */
#include <assert.h>

#include "wire_impl.h"

/* clang-format off */
static const struct {
    const char *name, *text;
} closes[BTW_CLOSES] = {
#define CLOSE_ROW(code, name, sentence) { name, sentence },
    BTW_CLOSE_LIST(CLOSE_ROW)
#undef CLOSE_ROW
};
/* clang-format on */

const char *btw_close_name(enum btw_close reason)
{
    return closes[reason].name;
}

const char *btw_close_text(enum btw_close reason)
{
    return closes[reason].text;
}

void btw_wire_defaults(struct btw_wire_config *config)
{
    *config = (struct btw_wire_config){
        .fast = true,
        .ext = true,
        .tolerated = BTW_WIRE_TOLERATED_DEFAULT,
        .len_max = BTW_LEN_MAX_DEFAULT,
        .queue_max = 1 << 20,
        .stage_size = 16384,
        .requests_max = { 250, 250 },
        .pieces_max = 65536,
        .handshake_ms = 30000,
        .request_timeout_ms = 60000,
        .keepalive_ms = 100000,
        .idle_ms = 240000,
    };
}

/* --- memory ----------------------------------------------------------------------------------------------------------
 */

void *wire_memory(struct btw_wire *wire, void *memory, size_t had, size_t size)
{
    void *now;

    if (memory == NULL && size == 0)
        return NULL;
    now = wire->config.memory(wire->config.user, memory, size);
    if (now == NULL && size > 0)
        return NULL;
    wire->memory += size;
    wire->memory -= memory != NULL ? had : 0;
    return now;
}

static size_t hashes_size(const struct btw_wire *wire)
{
    return 2 * wire->config.hashes_max * sizeof *wire->hashes;
}

size_t btw_wire_memory(const struct btw_wire *wire, bool with_maps)
{
    return wire->memory - (with_maps ? 0 : wire->maps_size);
}

static void free_buffer(struct btw_wire *wire)
{
    btw_stream_rebuffer(&wire->stream, wire->small, sizeof wire->small);
    wire_memory(wire, wire->buffer, wire->buffer_size, 0);
    wire->buffer = NULL;
    wire->buffer_size = 0;
}

static void free_requests(struct btw_wire *wire, enum btw_who who)
{
    struct btw_party *party = &wire->session.party[who];

    wire_memory(wire, party->pending, party->pending_cap * sizeof *party->pending, 0);
    party->pending = NULL;
    party->pending_cap = 0;
}

void btw_wire_trim(struct btw_wire *wire)
{
    wire_queue_trim(wire);
    for (int who = BTW_US; who <= BTW_THEM; who++)
        if (wire->session.party[who].pending_count == 0)
            free_requests(wire, (enum btw_who)who);
    if (btw_stream_pending(&wire->stream) <= sizeof wire->small && wire->depth == 0)
        free_buffer(wire);
}

static void free_all(struct btw_wire *wire)
{
    wire_queue_free(wire);
    wire_crypt_free(wire);
    free_requests(wire, BTW_US);
    free_requests(wire, BTW_THEM);
    wire_memory(wire, wire->buffer, wire->buffer_size, 0);
    wire_memory(wire, wire->maps, wire->maps_size, 0);
    wire_memory(wire, wire->hashes, hashes_size(wire), 0);
    wire->buffer = NULL;
    wire->buffer_size = 0;
    wire->maps = NULL;
    wire->maps_size = 0;
    wire->hashes = NULL;
    assert(wire->memory == 0);
}

void wire_enter(struct btw_wire *wire, int64_t now_ms)
{
    wire->depth++;
    wire->now_ms = now_ms;
}

void wire_leave(struct btw_wire *wire)
{
    if (--wire->depth == 0 && wire->dead)
        free_all(wire);
}

/* --- the beginning ---------------------------------------------------------------------------------------------------
 */

struct btw_msg wire_handshake(const struct btw_wire *wire)
{
    const struct btw_wire_config *config = &wire->config;
    struct btw_msg msg = { .type = BTW_HANDSHAKE };

    memcpy(msg.reserved, config->reserved, sizeof msg.reserved);
    memcpy(msg.info_hash, config->torrent.info_hash, sizeof msg.info_hash);
    memcpy(msg.peer_id, config->torrent.peer_id, sizeof msg.peer_id);
    if (config->fast)
        btw_reserved_set(msg.reserved, "fast", true);
    if (config->dht)
        btw_reserved_set(msg.reserved, "dht", true);
    if (config->ext)
        btw_reserved_set(msg.reserved, "ext", true);
    if (config->torrent.may_upgrade)
        btw_reserved_set(msg.reserved, "v2", true);
    return msg;
}

/* What the session notices by itself; messages are told by wire_hear.c, but a choke comes before what it makes void. */
static void on_session(void *user, const struct btw_session_event *event)
{
    struct btw_wire *wire = user;

    if (event->kind == BTW_EVENT_CHOKE && event->who == BTW_THEM)
        wire_tell_msg(wire, &(struct btw_msg){ .type = BTW_CHOKE });
    else if (event->kind == BTW_EVENT_VOIDED && event->who == BTW_US)
        wire_tell_block(wire, BTW_WIRE_VOID, event->block, event->given_up);
    else if (event->kind == BTW_EVENT_REQUEST_LATE)
        wire_tell_block(wire, BTW_WIRE_TIMEOUT, event->block, event->given_up);
    else if (event->kind == BTW_EVENT_KEEPALIVE_DUE && btw_wire_queued(wire) == 0)
        wire_owe(wire, &(struct btw_msg){ .type = BTW_KEEPALIVE });
    else if (event->kind == BTW_EVENT_IDLE)
        btw_wire_close(wire, BTW_CLOSE_IDLE);
}

static bool on_ext_id(void *user, enum btw_who who, uint8_t id)
{
    return wire_ext_known(user, who, id);
}

static bool reserve_state(struct btw_wire *wire, size_t map_size)
{
    size_t hashes = hashes_size(wire);

    wire->maps = wire_memory(wire, NULL, 0, 4 * map_size);
    wire->maps_size = wire->maps != NULL ? 4 * map_size : 0;
    wire->hashes = wire_memory(wire, NULL, 0, hashes);
    return wire->maps != NULL && (wire->hashes != NULL || hashes == 0);
}

bool wire_begin(struct btw_wire *wire, const struct btw_wire_torrent *torrent)
{
    const struct btw_wire_config *config = &wire->config;
    uint32_t pieces = torrent->geometry.pieces > 0 ? torrent->geometry.pieces : config->pieces_max;
    size_t map_size = btw_bits_size(pieces);
    struct btw_session_config session = {
        .geometry = torrent->geometry,
        .map_size = map_size,
        .request_timeout_ms = config->request_timeout_ms,
        .keepalive_ms = config->keepalive_ms,
        .idle_ms = config->idle_ms,
        .permissive = config->permissive,
        .event = on_session,
        .ext = on_ext_id,
        .user = wire,
    };

    wire->config.torrent = *torrent;
    if (!reserve_state(wire, map_size))
        return false;
    for (int who = BTW_US; who <= BTW_THEM; who++) {
        session.have[who] = wire->maps + (size_t)(2 * who) * map_size;
        session.allowed_fast[who] = session.have[who] + map_size;
        session.hash_cap[who] = config->hashes_max;
        if (config->hashes_max > 0)
            session.hash_pending[who] = wire->hashes + (who == BTW_THEM ? config->hashes_max : 0);
    }
    btw_session_init(&wire->session, &session, wire->now_ms);
    wire->begun = true;
    return true;
}

static void begin(struct btw_wire *wire, const struct btw_wire_config *config, bool dials, int64_t now_ms)
{
    assert(config->event != NULL && config->memory != NULL && config->stage_size > 0);
    *wire = (struct btw_wire){ .config = *config, .dials = dials, .now_ms = now_ms };
    wire->handshake_at_ms = config->handshake_ms > 0 ? now_ms + config->handshake_ms : INT64_MAX;
    btw_stream_init(&wire->stream, wire->small, sizeof wire->small, config->len_max, true);
    if (config->parts)
        btw_stream_split_pieces(&wire->stream);
}

/* Of a beginning: nothing was told, so nothing is told now. */
static enum btw_status began(struct btw_wire *wire, bool well)
{
    if (well)
        return BTW_OK;
    wire->closed = BTW_CLOSE_MEMORY;
    wire->over = true;
    return BTW_NO_SPACE;
}

static bool dial(struct btw_wire *wire)
{
    struct btw_msg handshake = wire_handshake(wire);
    enum btw_status status;

    if (!wire_begin(wire, &wire->config.torrent))
        return false;
    status = btw_session_send(&wire->session, &handshake, wire->now_ms, NULL);
    assert(status == BTW_OK);
    if (wire->config.mse.crypto != BTW_WIRE_CLEAR)
        return wire_crypt_begin(wire);
    if (!wire_queue_reserve(wire, BTW_HANDSHAKE_SIZE, false))
        return false;
    wire_queue_msg(wire, &handshake);
    return true;
}

enum btw_status btw_wire_dial(struct btw_wire *wire, const struct btw_wire_config *config, int64_t now_ms)
{
    begin(wire, config, true, now_ms);
    return began(wire, dial(wire));
}

enum btw_status btw_wire_accept(struct btw_wire *wire, const struct btw_wire_config *config, int64_t now_ms)
{
    begin(wire, config, false, now_ms);
    return began(wire, config->mse.crypto == BTW_WIRE_CLEAR || wire_crypt_begin(wire));
}

/* --- bytes -----------------------------------------------------------------------------------------------------------
 */

static bool grow_buffer(struct btw_wire *wire)
{
    size_t need = btw_stream_need(&wire->stream);
    uint8_t *old = wire->buffer, *buffer = wire_memory(wire, NULL, 0, need);

    if (buffer == NULL)
        return false;
    btw_stream_rebuffer(&wire->stream, buffer, need);
    wire_memory(wire, old, wire->buffer_size, 0);
    wire->buffer = buffer;
    wire->buffer_size = need;
    return true;
}

void wire_stream(struct btw_wire *wire, struct btw_slice in)
{
    enum btw_status status = BTW_OK;
    struct btw_msg msg;

    while (wire->closed == BTW_CLOSE_NONE && status != BTW_MORE) {
        bool greeting = !wire->begun || !wire->session.party[BTW_THEM].handshake;

        status = btw_stream_next(&wire->stream, &in, &msg, NULL);
        if (status == BTW_OK)
            wire_hear(wire, &msg);
        else if (status == BTW_TOO_LONG)
            btw_wire_close(wire, BTW_CLOSE_TOO_LONG);
        else if (status == BTW_BAD_WIRE)
            btw_wire_close(wire, greeting ? BTW_CLOSE_NO_BITTORRENT : BTW_CLOSE_BAD_MESSAGE);
        else if (status == BTW_NO_SPACE && !grow_buffer(wire))
            btw_wire_close(wire, BTW_CLOSE_MEMORY);
    }
}

enum btw_status btw_wire_receive(struct btw_wire *wire, uint8_t *data, size_t len, int64_t now_ms)
{
    wire_enter(wire, now_ms);
    if (wire->crypt != NULL || wire->ciphers != NULL)
        wire_crypt_receive(wire, data, len);
    else
        wire_stream(wire, btw_slice_of(data, len));
    wire_leave(wire);
    return wire->closed == BTW_CLOSE_NONE ? BTW_OK : BTW_END;
}

void btw_wire_eof(struct btw_wire *wire)
{
    btw_wire_close(wire, btw_stream_pending(&wire->stream) > 0 ? BTW_CLOSE_CUT : BTW_CLOSE_FIN);
}

/* --- time ------------------------------------------------------------------------------------------------------------
 */

void btw_wire_tick(struct btw_wire *wire, int64_t now_ms)
{
    if (wire->closed != BTW_CLOSE_NONE)
        return;
    if (wire->ready && wire->session.keepalive_at_ms <= now_ms)
        btw_wire_trim(wire);
    wire_enter(wire, now_ms);
    if (!wire->ready && wire->handshake_at_ms <= now_ms)
        btw_wire_close(wire, BTW_CLOSE_HANDSHAKE);
    else if (wire->ready)
        btw_session_tick(&wire->session, now_ms);
    wire_leave(wire);
}

int64_t btw_wire_deadline(const struct btw_wire *wire)
{
    if (wire->closed != BTW_CLOSE_NONE)
        return INT64_MAX;
    return wire->ready ? btw_session_deadline(&wire->session) : wire->handshake_at_ms;
}

void btw_wire_set_request_timeout(struct btw_wire *wire, int64_t request_timeout_ms)
{
    wire->config.request_timeout_ms = request_timeout_ms;
    wire->session.config.request_timeout_ms = request_timeout_ms;
}

void btw_wire_set_keepalive(struct btw_wire *wire, int64_t keepalive_ms, int64_t now_ms)
{
    wire->config.keepalive_ms = keepalive_ms;
    wire->session.config.keepalive_ms = keepalive_ms;
    wire->session.keepalive_at_ms = keepalive_ms > 0 ? now_ms + keepalive_ms : INT64_MAX;
}

/* --- the end ---------------------------------------------------------------------------------------------------------
 */

/* What the peer said does not hold any more. */
static void unsay(struct btw_wire *wire)
{
    struct btw_party *us = &wire->session.party[BTW_US], *them = &wire->session.party[BTW_THEM];
    bool interested = them->interested, unchoked = wire->begun && !them->choking;

    them->interested = false;
    them->choking = true;
    if (interested)
        wire_tell_msg(wire, &(struct btw_msg){ .type = BTW_NOT_INTERESTED });
    if (unchoked)
        wire_tell_msg(wire, &(struct btw_msg){ .type = BTW_CHOKE });
    for (size_t i = 0; i < us->pending_count; i++)
        wire_tell_block(wire, BTW_WIRE_VOID, us->pending[i].block, us->pending[i].late || us->pending[i].cancelled);
    us->pending_count = them->pending_count = 0;
}

void btw_wire_close(struct btw_wire *wire, enum btw_close reason)
{
    if (wire->closed != BTW_CLOSE_NONE)
        return;
    assert(reason != BTW_CLOSE_NONE);
    wire->closed = reason;
    wire_enter(wire, wire->now_ms);
    unsay(wire);
    wire_queue_close(wire);
    wire_tell(wire,
              &(struct btw_wire_event){ .kind = BTW_WIRE_CLOSE, .reason = reason, .breach = wire->session.breach });
    wire->over = true;
    wire_leave(wire);
}

void btw_wire_destroy(struct btw_wire *wire)
{
    btw_wire_close(wire, BTW_CLOSE_OURS);
    wire->dead = true;
    if (wire->depth == 0)
        free_all(wire);
}

enum btw_status btw_wire_set_geometry(struct btw_wire *wire, const struct btw_geometry *geometry)
{
    enum btw_status status;

    if (wire->closed != BTW_CLOSE_NONE)
        return BTW_END;
    if (!wire->begun || btw_bits_size(geometry->pieces) > wire->session.config.map_size)
        return BTW_NO_SPACE;
    wire->config.torrent.geometry = *geometry;
    status = btw_session_set_geometry(&wire->session, geometry, NULL);
    if (status == BTW_REFUSED)
        btw_wire_close(wire, BTW_CLOSE_BREACH);
    return status;
}

/* SPDX-License-Identifier: MIT
 *
 * A connection object (btw/wire.h) tells the same events and answers with the same bytes however what it hears is cut;
 * its memory is bounded, all of it comes back, and when memory runs short it closes and nothing worse; what it refuses
 * to send is not sent.  That is compared where nothing goes out before all was heard: else what goes out in between is
 * out of reach of a close or a cancel.
 *
 * The input is what the peer says; who dialled, what we can do, what we say besides, and when memory fails, is read
 * from its end.
 */
#include "btw/bytes.h"
#include "btw/wire.h"
#include "fuzz.h"

enum {
    PIECES = 10,
    PIECE_LENGTH = 32768,
    LAST_LENGTH = 5000,
    MEMORY_MAX = 8 << 20,
    EVENTS_MAX = 1 << 20,
    SLICE_MAX = 256
};

static uint8_t content[PIECE_LENGTH];
static const struct btw_geometry geometry = { PIECES, PIECE_LENGTH, (PIECES - 1) * PIECE_LENGTH + LAST_LENGTH, NULL };

/* One connection, and what came of it. */
struct end {
    struct btw_wire wire;
    size_t held, allocations, fails_at;
    uint64_t told, said; /* digests */
    size_t events, blocks;
    bool is_closed, sends_at_once, has_parts, talks, is_talking;
    struct btw_slice script; /* its bytes from the end on are what we say besides */
};

/* Memory with its size in front. */
static void *take_memory(void *user, void *memory, size_t size)
{
    struct end *end = user;
    size_t *old = memory == NULL ? NULL : (size_t *)memory - 2, *fresh;

    if (size > 0 && ++end->allocations == end->fails_at)
        return NULL;
    if (old != NULL)
        end->held -= *old;
    if (size == 0) {
        free(old);
        return NULL;
    }
    fresh = realloc(old, size + 2 * sizeof *fresh);
    FUZZ_CHECK(fresh != NULL);
    *fresh = size;
    end->held += size;
    FUZZ_CHECK(end->held <= MEMORY_MAX);
    return fresh + 2;
}

static enum btw_status serve(struct btw_wire *wire, struct btw_block block, int64_t now_ms)
{
    struct end *end = wire->config.user;
    enum btw_status status;

    if (block.length > sizeof content)
        return BTW_REFUSED;
    status = btw_wire_piece(wire, block.piece, block.begin, btw_slice_of(content, block.length), now_ms);
    end->blocks += status == BTW_OK;
    return status;
}

/* What is said anew, and what is not said to the peer. */
static enum btw_status change_something(struct btw_wire *wire, uint8_t about, int64_t now_ms)
{
    enum { HELLO, GEOMETRY, TIMEOUT, KEEPALIVE, TRIM, WAYS };

    switch (about % WAYS) {
    case HELLO:
        return btw_wire_extended_handshake(wire, now_ms);
    case GEOMETRY:
        return wire->session.config.geometry.pieces == 0 ? btw_wire_set_geometry(wire, &geometry) : BTW_REFUSED;
    case TIMEOUT:
        btw_wire_set_request_timeout(wire, about);
        return BTW_OK;
    case KEEPALIVE:
        btw_wire_set_keepalive(wire, about, now_ms);
        return BTW_OK;
    default:
        FUZZ_CHECK(btw_wire_memory(wire, false) <= btw_wire_memory(wire, true));
        btw_wire_trim(wire);
        return BTW_OK;
    }
}

/* Anything that can be said, about anything. */
static enum btw_status say_anything(struct btw_wire *wire, uint8_t what, uint8_t about, int64_t now_ms)
{
    static const uint8_t bits[3] = { 0xf0 };
    const uint32_t piece = about % (PIECES + 1);
    const struct btw_block block = { piece, about & 0x40 ? BTW_BLOCK_SIZE : 0, about & 0x80 ? 1 : BTW_BLOCK_SIZE };
    const struct btw_hash_range range = { .length = 1U << about % 4, .index = about >> 6, .proof = about >> 4 & 3 };
    const char *const extension = about & 1 ? "ut_metadata" : about & 2 ? "lt_donthave" : "none";

    switch ((enum btw_type)(what % BTW_TYPES)) {
    case BTW_HANDSHAKE:
        return btw_wire_send(wire, &(struct btw_msg){ .type = BTW_HANDSHAKE }, now_ms);
    case BTW_KEEPALIVE:
        return btw_wire_keepalive(wire, now_ms);
    case BTW_CHOKE:
        return btw_wire_choke(wire, now_ms);
    case BTW_UNCHOKE:
        return btw_wire_unchoke(wire, now_ms);
    case BTW_INTERESTED:
        return btw_wire_interested(wire, now_ms);
    case BTW_NOT_INTERESTED:
        return btw_wire_not_interested(wire, now_ms);
    case BTW_HAVE:
        return about & 0x80 ? btw_wire_donthave(wire, piece, now_ms) : btw_wire_have(wire, piece, now_ms);
    case BTW_BITFIELD:
        return btw_wire_bitfield(wire, btw_slice_of(bits, about % sizeof bits), now_ms);
    case BTW_REQUEST:
        return btw_wire_request(wire, block, now_ms);
    case BTW_PIECE:
        return serve(wire, block, now_ms);
    case BTW_CANCEL:
        return btw_wire_cancel(wire, block, now_ms);
    case BTW_PORT:
        return btw_wire_port(wire, about, now_ms);
    case BTW_SUGGEST:
        return btw_wire_suggest(wire, piece, now_ms);
    case BTW_HAVE_ALL:
        return btw_wire_have_all(wire, now_ms);
    case BTW_HAVE_NONE:
        return btw_wire_have_none(wire, now_ms);
    case BTW_REJECT:
        return btw_wire_reject(wire, block, now_ms);
    case BTW_ALLOWED_FAST:
        return btw_wire_allowed_fast(wire, piece, now_ms);
    case BTW_EXTENDED:
        return about & 0x80 ? btw_wire_switch(wire, extension, about & 0x40, now_ms)
                            : btw_wire_extended(wire, extension, btw_slice_of(content, about), now_ms);
    case BTW_HASH_REQUEST:
        return btw_wire_hash_request(wire, &range, now_ms);
    case BTW_HASHES:
        return btw_wire_hashes(wire, &range, btw_slice_of(content, 32 * btw_hash_range_count(&range)), now_ms);
    case BTW_HASH_REJECT:
        return btw_wire_hash_reject(wire, &range, now_ms);
    case BTW_RAW:
    case BTW_TYPES:
        break;
    }
    return change_something(wire, about, now_ms);
}

/* Two bytes for each event, round and round. */
static void talk(struct end *end, struct btw_wire *wire, int64_t now_ms)
{
    size_t at = 2 * end->events % end->script.len, queued = btw_wire_queued(wire);
    const uint8_t *last = end->script.data + end->script.len - 1;
    enum btw_status status;

    if (end->is_talking) /* what is said may be an event */
        return;
    end->is_talking = true;
    status = say_anything(wire, *(last - at), *(last - (at + 1) % end->script.len), now_ms);
    end->is_talking = false;
    FUZZ_CHECK(status == BTW_OK || status == BTW_REFUSED || status == BTW_NO_SPACE || status == BTW_NOT_FOUND ||
               (status == BTW_END && wire->closed != BTW_CLOSE_NONE));
    FUZZ_CHECK(status != BTW_REFUSED || wire->closed != BTW_CLOSE_NONE || btw_wire_queued(wire) == queued);
}

/* As a small client does: greets, wants, serves. */
static void answer(struct btw_wire *wire, const struct btw_wire_event *event)
{
    static const uint8_t bits[2] = { 0xff, 0 };

    switch (event->kind) {
    case BTW_WIRE_READY:
        btw_wire_availability(wire, btw_slice_of(bits, sizeof bits), event->now_ms);
        break;
    case BTW_WIRE_INTERESTED:
        btw_wire_unchoke(wire, event->now_ms);
        break;
    case BTW_WIRE_HAVE:
        btw_wire_interested(wire, event->now_ms);
        break;
    case BTW_WIRE_UNCHOKE:
        btw_wire_request(wire, (struct btw_block){ 9, 0, LAST_LENGTH }, event->now_ms);
        break;
    case BTW_WIRE_REQUEST:
        serve(wire, event->block, event->now_ms);
        break;
    case BTW_WIRE_NOT_INTERESTED:
        if (wire->closed == BTW_CLOSE_NONE)
            btw_wire_choke(wire, event->now_ms);
        break;
    default:
        break;
    }
}

/* DOWNLOAD tells bytes as they come, so it depends on the cut by its nature. */
static void take_event(void *user, struct btw_wire *wire, const struct btw_wire_event *event)
{
    struct end *end = user;

    FUZZ_CHECK(event->kind != BTW_WIRE_CLOSE || btw_close_text(event->reason) != btw_close_name(event->reason));
    FUZZ_CHECK(!end->is_closed && end->events < EVENTS_MAX && btw_wire_event_name(event->kind) != NULL);
    end->events += event->kind != BTW_WIRE_DOWNLOAD;
    end->is_closed = event->kind == BTW_WIRE_CLOSE;
    if (event->kind == BTW_WIRE_RELEASE)
        end->blocks--;
    if (event->kind != BTW_WIRE_DOWNLOAD) {
        end->told = fuzz_digest_number(end->told, (uint64_t)event->kind << 40 | (uint64_t)event->breach << 32 |
                                                      (uint64_t)event->reason << 16 | (uint64_t)event->method);
        end->told = fuzz_digest_number(end->told, (uint64_t)event->block.piece << 32 | event->block.begin);
        if (event->msg != NULL)
            end->told = fuzz_digest(end->told, event->msg->data.data, event->msg->data.len);
    }
    if (wire->closed == BTW_CLOSE_NONE)
        answer(wire, event);
    if (wire->closed == BTW_CLOSE_NONE && end->talks && event->kind != BTW_WIRE_DOWNLOAD)
        talk(end, wire, event->now_ms);
}

/* Everything that is to be sent goes out at once. */
static void flush(struct end *end, int64_t now_ms)
{
    struct btw_slice slices[4];
    size_t count, sent;

    while ((count = btw_wire_output(&end->wire, slices, 4)) > 0) {
        sent = 0;
        for (size_t i = 0; i < count; i++) {
            end->said = fuzz_digest(end->said, slices[i].data, slices[i].len);
            sent += slices[i].len;
        }
        FUZZ_CHECK(sent > 0);
        btw_wire_sent(&end->wire, sent, now_ms);
    }
}

static bool is_ours(void *user, const uint8_t req2[20], uint8_t skey[20])
{
    (void)user, (void)req2;
    memset(skey, 0, 20);
    return true;
}

static void configure(struct btw_wire_config *config, struct end *end, uint8_t form, const uint8_t info_hash[20])
{
    btw_wire_defaults(config);
    memcpy(config->torrent.info_hash, info_hash, 20);
    memcpy(config->torrent.peer_id, "-FZ0001-fuzz-fuzz-fz", 20);
    config->torrent.geometry = form & 2 ? (struct btw_geometry){ 0 } : geometry;
    config->fast = !(form & 4);
    config->ext = !(form & 8);
    config->dht = form & 16;
    config->hashes_max = form & 32 ? 2 : 0;
    config->tolerated = form & 64 ? UINT64_MAX : config->tolerated;
    config->mse.crypto = form & 128 ? BTW_WIRE_PREFERRED : BTW_WIRE_CLEAR;
    memset(config->mse.private_key, 0x42, sizeof config->mse.private_key);
    config->mse.find = is_ours;
    config->torrent.keys = btw_slice_str(end->talks ? "d1:ai1e4:zzzzi1ee" : "");
    config->torrent.hello.has = BTW_EXT_REQQ | BTW_EXT_V;
    config->torrent.hello.reqq = 250;
    config->torrent.hello.v = btw_slice_str("fuzz");
    config->event = take_event;
    config->memory = take_memory;
    config->user = end;
}

/* ---- extensions -------------------------------------------------------------------------------------------------- */

static void hear_handshake(void *user, struct btw_wire *wire, const struct btw_msg *handshake, int64_t now_ms)
{
    (void)wire, (void)now_ms;
    FUZZ_CHECK(user == NULL && handshake->type == BTW_HANDSHAKE);
}

static void hear_hello(void *user, struct btw_wire *wire, const struct btw_ext_handshake *hello, int64_t now_ms)
{
    (void)hello, (void)now_ms; /* which may be the second, and say nothing about it */
    FUZZ_CHECK(user == NULL && btw_wire_supports(wire, "ut_metadata"));
}

static void hear_message(void *user, struct btw_wire *wire, struct btw_slice payload, int64_t now_ms)
{
    FUZZ_CHECK(user == NULL);
    btw_wire_extended(wire, "ut_metadata", payload, now_ms);
}

static const struct btw_wire_extension metadata = { "ut_metadata", hear_handshake, hear_hello, hear_message },
                                       donthave = { .name = "lt_donthave" };

/* ---- the connection ---------------------------------------------------------------------------------------------- */

/* What few ask for. */
static void configure_oddly(struct btw_wire_config *config, uint8_t odd)
{
    static char keys[1200];

    if (keys[0] == '\0')
        snprintf(keys, sizeof keys, "d4:zzzz1024:%01024de", 0);
    config->parts = odd & 1;
    if (odd & 2)
        config->queue_max = 64;
    if (odd & 4) {
        config->mse.crypto = BTW_WIRE_REQUIRED;
        config->mse.find = NULL;
    }
    config->torrent.may_upgrade = odd & 8;
    if (odd & 16)
        config->torrent.keys = btw_slice_str(keys);
}

/* One connection over all of the input, in slices of `step` bytes, or of chosen sizes if that is 0. */
static void live(struct end *end, const uint8_t *data, size_t size, size_t step)
{
    struct fuzz_choices choices = fuzz_choices_of(data, size);
    uint8_t form = fuzz_choose_byte(&choices), fails = fuzz_choose_byte(&choices);
    const uint8_t no_hash[20] = { 0 }, *info_hash = size >= 48 && data[0] == 19 ? data + 28 : no_hash;
    struct btw_wire_config config;
    enum btw_status status;

    *end = (struct end){ .told = FUZZ_DIGEST_START, .said = FUZZ_DIGEST_START };
    end->fails_at = fails % 16 == 15 ? 1 + fails / 16 : 0;
    end->sends_at_once = fails % 4 == 3;
    end->talks = (fails & 8) && size > 0;
    end->script = btw_slice_of(data, size);
    configure(&config, end, form, info_hash);
    if (end->talks && size > 2)
        configure_oddly(&config, data[size - 3]);
    end->has_parts = config.parts;
    status = form & 1 ? btw_wire_dial(&end->wire, &config, 0) : btw_wire_accept(&end->wire, &config, 0);
    FUZZ_CHECK(status == BTW_OK || end->fails_at > 0);
    if (status == BTW_OK) {
        FUZZ_CHECK(btw_wire_use(&end->wire, &metadata, NULL) == BTW_OK);
        FUZZ_CHECK(btw_wire_use(&end->wire, &donthave, NULL) == BTW_OK);
        FUZZ_CHECK(btw_wire_use(&end->wire, &metadata, NULL) == BTW_REFUSED);
    }
    for (size_t at = 0, len; at < size && status == BTW_OK; at += len) {
        uint8_t bytes[SLICE_MAX];
        len = step > 0 ? step : 1 + (size_t)fuzz_choose_byte(&choices);
        len = len < size - at ? len : size - at;
        memcpy(bytes, data + at, len);
        status = btw_wire_receive(&end->wire, bytes, len, 0);
        FUZZ_CHECK((status == BTW_END) == (end->wire.closed != BTW_CLOSE_NONE) &&
                   (status == BTW_END) == end->is_closed);
        if (end->sends_at_once)
            flush(end, 0);
    }
    if (status == BTW_OK) {
        flush(end, 0);
        FUZZ_CHECK(btw_wire_deadline(&end->wire) > 0);
        btw_wire_tick(&end->wire, 1000000);
        flush(end, 1000000);
        btw_wire_eof(&end->wire);
        FUZZ_CHECK(end->is_closed);
    }
    btw_wire_destroy(&end->wire);
    FUZZ_CHECK(end->held == 0 && end->blocks == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct end whole, cut;

    live(&cut, data, size, 0);
    if (cut.fails_at > 0 || cut.sends_at_once || cut.has_parts || !fuzz_is_due(data, size, 0, 4))
        return 0;
    live(&whole, data, size, SLICE_MAX);
    FUZZ_CHECK(whole.told == cut.told && whole.wire.closed == cut.wire.closed);
    FUZZ_CHECK(whole.said == cut.said);
    return 0;
}

/* SPDX-License-Identifier: MIT
 *
 * Two sessions, one at each end of a connection, know the same of both parties: what one end may send the other takes,
 * what the other refuses the one may not send, and what is refused changes nothing.
 *
 * The input is messages; who sends each, how long it takes, and what both can do, is read from its end.
 */
#include "btw/session.h"
#include "fuzz.h"

enum {
    PIECES = 10,
    PIECE_LENGTH = 32768,
    LAST_LENGTH = 5000,
    MAP_SIZE = 4,
    PENDING = 5,
    HASHES = 2,
    LEN_MAX = 1 << 14
};

struct end {
    struct btw_session session;
    uint8_t maps[4][MAP_SIZE];
    struct btw_pending pending[2][PENDING];
    struct btw_hash_pending hashes[2][HASHES];
    uint64_t events;
};

static void take_event(void *user, const struct btw_session_event *event)
{
    struct end *end = user;

    FUZZ_CHECK(event->who == BTW_US || event->who == BTW_THEM);
    end->events++;
}

static void begin(struct end *end, bool is_known)
{
    struct btw_session_config config = { .map_size = MAP_SIZE,
                                         .have = { end->maps[0], end->maps[1] },
                                         .allowed_fast = { end->maps[2], end->maps[3] },
                                         .pending = { end->pending[0], end->pending[1] },
                                         .pending_cap = { PENDING, PENDING },
                                         .hash_pending = { end->hashes[0], end->hashes[1] },
                                         .hash_cap = { HASHES, HASHES },
                                         .request_timeout_ms = 10000,
                                         .keepalive_ms = 20000,
                                         .idle_ms = 50000,
                                         .event = take_event,
                                         .user = end };

    if (is_known)
        config.geometry =
            (struct btw_geometry){ PIECES, PIECE_LENGTH, (PIECES - 1) * PIECE_LENGTH + LAST_LENGTH, NULL };
    end->events = 0;
    btw_session_init(&end->session, &config, 0);
}

/* All that is known of a party, but totals and times. */
static uint64_t digest_of(const struct btw_session *session, enum btw_who who)
{
    const struct btw_party *party = &session->party[who];
    const bool flags[] = { party->handshake, party->choking, party->interested,
                           party->opened,    party->has_all, party->upload_only };
    uint64_t digest = FUZZ_DIGEST_START;

    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++)
        digest = fuzz_digest_number(digest, flags[i]);
    digest = fuzz_digest(digest, party->reserved, sizeof party->reserved);
    digest = fuzz_digest(digest, party->have, MAP_SIZE);
    digest = fuzz_digest(digest, party->allowed_fast, MAP_SIZE);
    digest = fuzz_digest(digest, party->ext.id, sizeof party->ext.id);
    digest = fuzz_digest_number(digest, (uint64_t)party->have_count << 16 | party->dht_port);
    for (size_t i = 0; i < party->pending_count; i++) {
        const struct btw_pending *pending = &party->pending[i];
        digest = fuzz_digest_number(digest, (uint64_t)pending->block.piece << 32 | pending->block.begin);
        digest = fuzz_digest_number(digest, (uint64_t)pending->block.length << 1 | pending->cancelled);
    }
    for (size_t i = 0; i < party->hash_count; i++)
        digest = fuzz_digest(digest, party->hash_pending[i].range.root, 32) + party->hash_pending[i].range.index;
    return digest;
}

static uint64_t digest_both(const struct end *end)
{
    return digest_of(&end->session, BTW_US) * 31 + digest_of(&end->session, BTW_THEM);
}

static void check_party(const struct btw_session *session, enum btw_who who)
{
    const struct btw_party *party = &session->party[who];

    FUZZ_CHECK(party->pending_count <= PENDING && party->hash_count <= HASHES);
    if (session->config.geometry.pieces == 0)
        return;
    FUZZ_CHECK(party->have_count == btw_bits_count(party->have, PIECES));
    for (size_t i = 0; i < party->pending_count; i++) {
        FUZZ_CHECK(btw_block_fits(&session->config.geometry, party->pending[i].block) ||
                   (btw_session_fast(session) && who == BTW_THEM));
        FUZZ_CHECK(btw_party_pending(session, who, party->pending[i].block) != NULL);
    }
}

static void check_one_mind(const struct end *one, const struct end *other)
{
    FUZZ_CHECK(digest_of(&one->session, BTW_US) == digest_of(&other->session, BTW_THEM));
    FUZZ_CHECK(digest_of(&one->session, BTW_THEM) == digest_of(&other->session, BTW_US));
}

/* What the sender may not say.  A receiver forgives more than a sender may do: true if it has not. */
static bool check_indecent(struct end *to, const struct btw_msg *msg, int64_t now_ms)
{
    uint64_t before = digest_both(to);

    if (btw_session_received(&to->session, msg, now_ms, NULL) == BTW_OK)
        return false;
    FUZZ_CHECK(to->session.breach != BTW_BREACH_NONE);
    FUZZ_CHECK(msg->type == BTW_REQUEST || digest_both(to) == before); /* BEP 6: a request is owed an answer */
    return digest_both(to) == before;
}

/* False: the two know different things from now on, as one has said what it should not. */
static bool exchange(struct end *from, struct end *to, const struct btw_msg *msg, bool insists, int64_t now_ms)
{
    uint64_t before = digest_both(from);
    struct btw_diag diag = { 0 };

    if (btw_session_send(&from->session, msg, now_ms, &diag) == BTW_OK) {
        FUZZ_CHECK(btw_session_received(&to->session, msg, now_ms, NULL) == BTW_OK);
    } else {
        FUZZ_CHECK(from->session.breach != BTW_BREACH_NONE && diag.text[0] != '\0');
        FUZZ_CHECK(digest_both(from) == before);
        if (insists && !check_indecent(to, msg, now_ms))
            return false;
    }
    check_one_mind(from, to);
    return true;
}

static struct btw_msg handshake_of(uint8_t can)
{
    struct btw_msg msg = { .type = BTW_HANDSHAKE };

    btw_reserved_set(msg.reserved, "fast", can & 1);
    btw_reserved_set(msg.reserved, "ext", can & 2);
    btw_reserved_set(msg.reserved, "dht", can & 4);
    btw_reserved_set(msg.reserved, "v2", can & 8);
    return msg;
}

static void let_time_pass(struct end ends[2], int64_t now_ms)
{
    for (int i = 0; i < 2; i++) {
        uint64_t before = digest_both(&ends[i]);
        if (btw_session_deadline(&ends[i].session) <= now_ms)
            btw_session_tick(&ends[i].session, now_ms);
        FUZZ_CHECK(btw_session_deadline(&ends[i].session) > now_ms && digest_both(&ends[i]) == before);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct end ends[2];
    struct fuzz_choices choices = fuzz_choices_of(data, size);
    struct btw_slice in = btw_slice_of(data, size);
    struct btw_msg msg;
    size_t used;
    int64_t now_ms = 0;
    uint8_t can = fuzz_choose_byte(&choices), form = fuzz_choose_byte(&choices);

    if (size >= BTW_HANDSHAKE_SIZE && data[0] == 19)
        in = btw_slice_of(data + BTW_HANDSHAKE_SIZE, size - BTW_HANDSHAKE_SIZE);
    for (int i = 0; i < 2; i++)
        begin(&ends[i], form % 8 != 7);
    for (int i = 0; i < 2; i++) {
        msg = handshake_of((uint8_t)(can >> 4 * i));
        FUZZ_CHECK(exchange(&ends[i], &ends[!i], &msg, false, now_ms));
    }
    while (in.len > 0) {
        enum btw_status status = btw_msg_decode(&msg, &used, in, LEN_MAX, NULL);
        uint8_t choice = fuzz_choose_byte(&choices);
        if (status != BTW_OK && status != BTW_BAD_WIRE)
            break;
        in = btw_slice_of(in.data + used, in.len - used);
        now_ms += choice & 2 ? (choice >> 3) * INT64_C(1000) : 0;
        let_time_pass(ends, now_ms);
        if (!exchange(&ends[choice & 1], &ends[!(choice & 1)], &msg, choice & 4, now_ms))
            break;
        for (int i = 0; i < 2; i++) {
            check_party(&ends[i].session, BTW_US);
            check_party(&ends[i].session, BTW_THEM);
        }
    }
    return 0;
}

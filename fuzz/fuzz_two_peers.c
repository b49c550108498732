/* SPDX-License-Identifier: MIT
 *
 * Two reference peers talk over a channel that delivers what it likes when it likes, in pieces as it likes, and may
 * die: no rule of the monitor is broken by either, neither finds an own message wrong, and if the channel lives the
 * download ends.  In the mode that also changes bytes nothing is promised but that nobody falls over.
 *
 * The input: who the two are from its end, and from its front what the channel does, a byte an act.
 */
#include "btw/monitor.h"
#include "btw/peer.h"
#include "btw/stream.h"
#include "fuzz.h"

enum { ACTS_MAX = 512, SETTLE_MAX = 20000, STREAM_ROOM = 1 << 17, GRACE_MS = 5000, SETTLE_MS = 600 * 1000 };

/* What a byte of the input does: the low bits; the others say how much. */
enum act { DELIVER_FROM_DIALLER, DELIVER_FROM_ACCEPTOR, LET_TIME_PASS, BOTH_AND_TIME, ACTS };

struct side {
    struct btw_host *host;
    struct btw_peer *peer;
    struct btw_stream tap;
    uint8_t tap_buffer[STREAM_ROOM];
    uint8_t queue[STREAM_ROOM]; /* sent and not delivered */
    size_t queued;
    int64_t oldest_ms; /* when the first byte of the queue was sent */
};

static struct {
    struct side side[2];
    struct btw_monitor *monitor;
    int64_t now_ms;
    bool bends; /* bytes may change: anything goes */
    bool is_over;
} net;

static struct btw_fixture fixture;

static void found(void *user, const struct btw_finding *finding)
{
    (void)user;
    if (!net.bends)
        fprintf(stderr, "%s: %s\n", finding->rule->name, finding->text);
    FUZZ_CHECK(net.bends); /* else a rule is broken */
}

static bool content(void *user, uint32_t piece, uint32_t begin, struct btw_slice data)
{
    static uint8_t right[BTW_BLOCK_SIZE];

    (void)user;
    if (net.bends || data.len > sizeof right)
        return net.bends;
    btw_fixture_block(&fixture, piece, begin, right, data.len);
    return memcmp(right, data.data, data.len) == 0;
}

static void begin_monitor(const enum btw_role roles[2])
{
    struct btw_monitor_world world = { .pieces = fixture.meta.pieces,
                                       .piece_length = fixture.meta.piece_length,
                                       .total_length = fixture.meta.total_length,
                                       .content = content,
                                       .info_hash = fixture.meta.info_hash,
                                       .v1_only = true };

    for (int i = 0; i < 2; i++) {
        world.side[i].complete = roles[i] == BTW_SEED;
        world.side[i].metadata = roles[i] != BTW_MAGNET;
        world.side[i].magnet = roles[i] == BTW_MAGNET;
    }
    net.monitor = btw_monitor_new(&world, GRACE_MS, found, NULL);
    FUZZ_CHECK(net.monitor != NULL);
}

/* The dialler is connected when this returns. */
static void begin(struct fuzz_choices *choices)
{
    static const char *const switches[] = { "fast", "ext", "dht" };
    uint8_t form = fuzz_choose_byte(choices), off = fuzz_choose_byte(choices);
    enum btw_role other = (form & 14) == 14 ? BTW_MAGNET : BTW_LEECH; /* magnets are slow: their maps are large */
    enum btw_role roles[2] = { form & 1 ? BTW_SEED : other, form & 1 ? other : BTW_SEED };
    struct btw_address address[2] = { { { 10, 0, 0, 1 }, 4, 40000 }, { { 10, 0, 0, 2 }, 4, 6881 } };

    net.bends = (form & 0xf0) == 0xf0;
    net.is_over = false;
    net.now_ms = 1000;
    for (int i = 0; i < 2; i++) {
        struct btw_policy policy;
        struct side *side = &net.side[i];
        btw_policy_init(&policy);
        for (size_t k = 0; k < sizeof switches / sizeof switches[0]; k++)
            if (off >> (3 * i + (int)k) & 1)
                FUZZ_CHECK(btw_policy_set(&policy, switches[k], 0) == BTW_OK);
        if (roles[0] == BTW_MAGNET || roles[1] == BTW_MAGNET)
            FUZZ_CHECK(btw_policy_set(&policy, "ext", 1) == BTW_OK); /* or it cannot end */
        side->host = btw_host_new(&policy, 100 + (uint64_t)i, 6881);
        FUZZ_CHECK(side->host != NULL && btw_host_add(side->host, &fixture, roles[i], NULL) == BTW_OK);
        btw_stream_init(&side->tap, side->tap_buffer, STREAM_ROOM, BTW_LEN_MAX_DEFAULT, true);
        side->queued = 0;
        side->peer = NULL;
    }
    begin_monitor(roles);
    btw_host_learn(net.side[0].host, fixture.meta.info_hash, &address[1], NULL, net.now_ms);
    net.side[0].peer = btw_host_next_dial(net.side[0].host, &address[1]);
    net.side[1].peer = btw_host_accept(net.side[1].host, &address[0], net.now_ms);
    FUZZ_CHECK(net.side[0].peer != NULL && net.side[1].peer != NULL);
    btw_peer_connected(net.side[0].peer, net.now_ms);
}

static void end(bool by_side, enum btw_side side)
{
    btw_monitor_end(net.monitor, by_side ? &side : NULL, net.now_ms);
    btw_monitor_free(net.monitor);
    for (int i = 0; i < 2; i++) {
        btw_peer_received_end(net.side[i].peer, BTW_END_RST, net.now_ms);
        btw_peer_free(net.side[i].peer);
    }
    net.is_over = true;
}

/* Shows the monitor what a side has written, and queues as much as there is room for. */
static bool take(int i)
{
    struct side *side = &net.side[i];
    struct btw_slice out = btw_peer_output(side->peer), in;
    size_t len = out.len < sizeof side->queue - side->queued ? out.len : sizeof side->queue - side->queued;
    struct btw_msg msg;

    if (len == 0)
        return false;
    if (side->queued == 0)
        side->oldest_ms = net.now_ms;
    in = btw_slice_of(out.data, len);
    memcpy(side->queue + side->queued, out.data, len);
    side->queued += len;
    while (btw_stream_next(&side->tap, &in, &msg, NULL) == BTW_OK)
        btw_monitor_sent(net.monitor, (enum btw_side)i, &msg, false, net.now_ms);
    FUZZ_CHECK(in.len == 0);
    btw_peer_sent(side->peer, len);
    return true;
}

static bool deliver(int i, size_t len, uint8_t mask)
{
    struct side *side = &net.side[i];
    uint8_t *bytes;

    len = len < side->queued ? len : side->queued;
    if (len == 0)
        return false;
    bytes = malloc(len);
    FUZZ_CHECK(bytes != NULL);
    memcpy(bytes, side->queue, len);
    bytes[0] ^= net.bends ? mask : 0;
    memmove(side->queue, side->queue + len, side->queued - len);
    side->queued -= len;
    btw_peer_received(net.side[!i].peer, btw_slice_of(bytes, len), net.now_ms);
    free(bytes);
    return true;
}

/* The monitor takes as known what has been under way for GRACE_MS: so long, and no longer, the channel may wait. */
static void pass(int64_t ms)
{
    for (int i = 0; i < 2; i++)
        if (net.side[i].queued > 0 && net.now_ms + ms - net.side[i].oldest_ms >= GRACE_MS / 2)
            deliver(i, SIZE_MAX, 0);
    for (int i = 0; i < 2; i++)
        take(i);
    net.now_ms += ms;
    for (int i = 0; i < 2; i++)
        btw_host_tick(net.side[i].host, net.now_ms);
    btw_monitor_tick(net.monitor, net.now_ms);
}

/* Takes what was written; ends the connection when a side wants that and all it wrote has gone. */
static bool look(void)
{
    bool moved = false;

    for (int i = 0; i < 2; i++)
        moved |= take(i);
    for (int i = 0; i < 2 && !net.is_over; i++)
        if (btw_peer_wants_end(net.side[i].peer) != BTW_END_NONE && btw_peer_output(net.side[i].peer).len == 0)
            end(true, (enum btw_side)i);
    return moved;
}

static void act(uint8_t byte)
{
    size_t amount = byte / ACTS;

    switch ((enum act)(byte % ACTS)) {
    case DELIVER_FROM_DIALLER:
    case DELIVER_FROM_ACCEPTOR:
        deliver(byte % ACTS == DELIVER_FROM_ACCEPTOR, amount == 63 ? SIZE_MAX : 1 + amount * amount, byte);
        break;
    case LET_TIME_PASS:
        pass((int64_t)(amount * amount) / 4);
        break;
    case BOTH_AND_TIME:
    case ACTS:
        deliver(0, SIZE_MAX, 0);
        deliver(1, SIZE_MAX, 0);
        pass((int64_t)amount * 32);
        break;
    }
}

/* From now on the channel is a good one. */
static void settle(void)
{
    int64_t end_ms = net.now_ms + SETTLE_MS;

    for (size_t i = 0; i < SETTLE_MAX && !net.is_over; i++) {
        int64_t next = INT64_MAX;
        bool moved = look();
        for (int k = 0; k < 2 && !net.is_over; k++)
            moved |= deliver(k, SIZE_MAX, 0);
        if (net.is_over || moved)
            continue;
        if (btw_host_complete(net.side[0].host, fixture.meta.info_hash) &&
            btw_host_complete(net.side[1].host, fixture.meta.info_hash))
            return;
        for (int k = 0; k < 2; k++)
            next = btw_host_deadline(net.side[k].host) < next ? btw_host_deadline(net.side[k].host) : next;
        if (next > end_ms)
            break;
        pass(next > net.now_ms ? next - net.now_ms : 0);
    }
    FUZZ_CHECK(net.bends || net.is_over);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_choices choices = fuzz_choices_of(data, size);

    if (fixture.kind == NULL)
        FUZZ_CHECK(btw_fixture_make(&fixture, "tiny", 0) == BTW_OK);
    begin(&choices);
    for (size_t i = 0; i < size && i < ACTS_MAX && !net.is_over; i++) {
        look();
        if (!net.is_over)
            act(data[i]);
    }
    settle();
    for (int i = 0; i < 2; i++)
        FUZZ_CHECK(net.bends || btw_host_refusals(net.side[i].host) == 0);
    if (!net.is_over)
        end(false, BTW_DIALLER);
    for (int i = 0; i < 2; i++)
        btw_host_free(net.side[i].host);
    return 0;
}

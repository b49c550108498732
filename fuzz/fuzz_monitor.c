/* SPDX-License-Identifier: MIT
 *
 * A monitor judges whatever two sides say: the same twice over gives the same findings, each has a rule, a side and a
 * sentence, their number is bounded, and what the monitor has counted is what was said.  Memory that runs short does no
 * harm.
 *
 * The input is messages; who sends each, and when, is read from its end.
 */
#include "btw/bytes.h"
#include "btw/monitor.h"
#include "fuzz.h"
#include "scarce.h"

enum { PIECES = 10, PIECE_LENGTH = 32768, LAST_LENGTH = 5000, LEN_MAX = 1 << 14, FINDINGS_OF_ONE_RULE = 32 };

/* What is not done for every input. */
enum { TWICE, SCARCE };

struct hearing {
    uint64_t digest;
    size_t findings;
    int64_t now_ms;
    uint64_t sent[2];
};

static void found(void *user, const struct btw_finding *finding)
{
    struct hearing *hearing = user;

    FUZZ_CHECK(finding->rule != NULL && btw_rule_find(finding->rule->id) != NULL);
    FUZZ_CHECK(finding->verdict == BTW_WARN || finding->verdict == BTW_FAIL);
    FUZZ_CHECK(finding->side == BTW_DIALLER || finding->side == BTW_ACCEPTOR);
    FUZZ_CHECK(finding->text != NULL && finding->text[0] != '\0' && finding->time_ms <= hearing->now_ms);
    hearing->digest = fuzz_digest(hearing->digest, (const uint8_t *)finding->text, strlen(finding->text));
    hearing->digest = fuzz_digest_number(hearing->digest, (uint64_t)finding->side << 8 | finding->verdict);
    hearing->findings++;
}

static bool content(void *user, uint32_t piece, uint32_t begin, struct btw_slice data)
{
    (void)user;
    FUZZ_CHECK(piece < PIECES && data.len <= PIECE_LENGTH && begin <= PIECE_LENGTH - data.len);
    return data.len == 0 || data.data[0] == 0;
}

/* scarce: the allocation that fails, or 0. */
static struct btw_monitor *begin(struct hearing *hearing, uint8_t form, size_t scarce)
{
    static const uint8_t info_hash[20] = { 0, 0x11, 0x22, 0x33 };
    struct btw_monitor_world world = {
        .content = content, .v1_only = form & 4, .truncated_start = form & 8, .hole = form & 16
    };
    struct btw_monitor *monitor;

    if (form & 1) {
        world.pieces = PIECES;
        world.piece_length = PIECE_LENGTH;
        world.total_length = (PIECES - 1) * PIECE_LENGTH + LAST_LENGTH;
    }
    world.info_hash = form & 2 ? info_hash : NULL;
    world.side[BTW_ACCEPTOR].complete = world.side[BTW_ACCEPTOR].metadata = form & 32;
    world.side[BTW_DIALLER].magnet = form & 64;
    btw_scarce(scarce);
    monitor = btw_monitor_new(&world, form & 128 ? 0 : BTW_GRACE_MS_DEFAULT, found, hearing);
    FUZZ_CHECK(monitor != NULL || scarce == 1);
    return monitor;
}

static void say(struct btw_monitor *monitor, struct hearing *hearing, const struct btw_msg *msg, bool bad,
                uint8_t choice)
{
    enum btw_side side = choice & 1 ? BTW_ACCEPTOR : BTW_DIALLER;

    if (choice & 2) {
        hearing->now_ms += (choice >> 2) * INT64_C(1000);
        btw_monitor_tick(monitor, hearing->now_ms);
    } else if ((choice & 0xfc) == 0xfc) {
        btw_monitor_gap(monitor, side);
    } else if ((choice & 0xfc) == 0xf8) {
        btw_monitor_set_geometry(monitor, PIECES, PIECE_LENGTH, (PIECES - 1) * PIECE_LENGTH + LAST_LENGTH);
    }
    btw_monitor_sent(monitor, side, msg, bad, hearing->now_ms);
    hearing->sent[side]++;
}

static void check_counts(const struct btw_monitor *monitor, const struct hearing *hearing)
{
    for (int side = BTW_DIALLER; side <= BTW_ACCEPTOR; side++) {
        const struct btw_view *view = btw_monitor_view(monitor, (enum btw_side)side);
        uint64_t sum = 0;
        for (size_t type = 0; type < BTW_TYPES; type++)
            sum += view->messages[type];
        FUZZ_CHECK(sum == hearing->sent[side] && view->open_requests <= view->open_requests_max);
        FUZZ_CHECK(view->open_requests_max <= view->messages[BTW_REQUEST]);
        FUZZ_CHECK(strnlen(view->client, sizeof view->client) < sizeof view->client);
    }
}

static struct hearing hear(const uint8_t *data, size_t size, size_t scarce)
{
    struct fuzz_choices choices = fuzz_choices_of(data, size);
    struct hearing hearing = { .digest = FUZZ_DIGEST_START };
    struct btw_slice in = btw_slice_of(data, size);
    struct btw_monitor *monitor = begin(&hearing, fuzz_choose_byte(&choices), scarce);
    enum btw_side side;
    uint8_t choice = 0;

    if (monitor == NULL)
        return hearing;
    while (in.len > 0) {
        struct btw_msg msg;
        size_t used = 0;
        enum btw_status status = in.data[0] == 19 ? btw_handshake_decode(&msg, &used, in, NULL)
                                                  : btw_msg_decode(&msg, &used, in, LEN_MAX, NULL);
        choice = fuzz_choose_byte(&choices);
        if (used == 0)
            break;
        say(monitor, &hearing, &msg, status == BTW_BAD_WIRE, choice);
        in = btw_slice_of(in.data + used, in.len - used);
    }
    check_counts(monitor, &hearing);
    side = choice & 1 ? BTW_DIALLER : BTW_ACCEPTOR;
    btw_monitor_end(monitor, choice & 2 ? &side : NULL, hearing.now_ms);
    FUZZ_CHECK(hearing.findings <= btw_rule_count() * 2 * FINDINGS_OF_ONE_RULE);
    btw_monitor_free(monitor);
    btw_scarce(0);
    return hearing;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hearing first = hear(data, size, 0), second;

    if (size > 0 && fuzz_is_due(data, size, SCARCE, 8))
        hear(data, size, 1 + data[size - 1] / 32);
    if (!fuzz_is_due(data, size, TWICE, 4))
        return 0;
    second = hear(data, size, 0);
    FUZZ_CHECK(first.digest == second.digest && first.findings == second.findings);
    return 0;
}

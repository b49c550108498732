/* SPDX-License-Identifier: MIT
 *
 * A real talk is taped, bent in some places, and played to a fresh wire: whole, and in chunks of random sizes.  Both
 * are told and say the same, the end comes once, and what a peer does stays inside what it may hold.
 */
#include "wire_harness.h"

#define OK(call) assert_int_equal(call, BTW_OK)

enum { TAPE_MAX = 100000, TAPES = 4, BENDS = 60 };

static struct pair p;
static struct {
    uint8_t bytes[TAPE_MAX];
    size_t len;
} tape, bent, said[2];
static char told[2][LOG_SIZE];

static void keep(void *to, size_t *len, const struct btw_slice *slices, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        assert_true(*len + slices[i].len <= TAPE_MAX);
        memcpy((uint8_t *)to + *len, slices[i].data, slices[i].len);
        *len += slices[i].len;
    }
}

static void config_tape(unsigned row)
{
    prepare(&p);
    p.a.config.mse.crypto = row & 1 ? BTW_WIRE_REQUIRED : BTW_WIRE_CLEAR;
    p.b.config.mse.crypto = BTW_WIRE_PREFERRED;
    p.a.config.mse.pad_clear = p.b.config.mse.pad_clear = btw_slice_of(content(), 50);
    p.b.config.parts = (row & 2) != 0;
    p.b.config.len_max = 20000;
}

/* What a said goes to the tape, and to b. */
static void exchange(void)
{
    struct btw_slice slices[16];
    size_t count;

    while ((count = btw_wire_output(&p.a.wire, slices, 16)) > 0) {
        size_t from = tape.len;

        keep(tape.bytes, &tape.len, slices, count);
        btw_wire_sent(&p.a.wire, tape.len - from, p.now_ms);
        OK(receive(&p.b, tape.bytes + from, tape.len - from, p.now_ms));
    }
    while (carry(&p, &p.b, &p.a))
        ;
}

static void serve_at_once(struct end *end, const struct btw_wire_event *event)
{
    if (event->kind == BTW_WIRE_REQUEST)
        serve(end, event->block, event->now_ms);
}

static void b_answers(struct end *end, const struct btw_wire_event *event)
{
    struct btw_wire *wire = &end->wire;

    serve_at_once(end, event);
    if (event->kind == BTW_WIRE_READY) {
        btw_wire_have_all(wire, event->now_ms);
        btw_wire_unchoke(wire, event->now_ms);
    }
    if (event->kind == BTW_WIRE_UNCHOKE) {
        btw_wire_interested(wire, event->now_ms);
        btw_wire_request(wire, (struct btw_block){ 1, 0, 16384 }, event->now_ms);
        btw_wire_request(wire, (struct btw_block){ 9, 4000, 1000 }, event->now_ms);
    }
}

static void record(unsigned row)
{
    static const uint8_t most[] = { 0xff, 0x40 };

    config_tape(row);
    tape.len = 0;
    p.a.on = serve_at_once;
    p.b.on = b_answers;
    OK(btw_wire_dial(&p.a.wire, &p.a.config, p.now_ms));
    OK(btw_wire_accept(&p.b.wire, &p.b.config, p.now_ms));
    for (int i = 0; i < 4; i++)
        exchange();
    OK(btw_wire_bitfield(&p.a.wire, btw_slice_of(most, 2), p.now_ms));
    OK(btw_wire_unchoke(&p.a.wire, p.now_ms));
    OK(btw_wire_interested(&p.a.wire, p.now_ms));
    exchange();
    exchange();
    OK(btw_wire_request(&p.a.wire, (struct btw_block){ 3, 0, 3000 }, p.now_ms));
    OK(btw_wire_request(&p.a.wire, (struct btw_block){ 4, 5, 6 }, p.now_ms));
    OK(btw_wire_cancel(&p.a.wire, (struct btw_block){ 4, 5, 6 }, p.now_ms));
    OK(btw_wire_suggest(&p.a.wire, 3, p.now_ms));
    OK(btw_wire_have(&p.a.wire, 8, p.now_ms));
    OK(btw_wire_allowed_fast(&p.a.wire, 3, p.now_ms));
    OK(btw_wire_keepalive(&p.a.wire, p.now_ms));
    OK(btw_wire_extended_handshake(&p.a.wire, p.now_ms));
    OK(btw_wire_choke(&p.a.wire, p.now_ms));
    exchange();
    assert_non_null(strstr(p.b.log, "piece 9:4000+1000"));
    assert_non_null(strstr(p.b.log, "choke"));
    close_pair(&p);
}

/* Some bytes changed, dropped, doubled, or all behind a place cut off.  A block is long, so most go to the ends. */
static void bend(void)
{
    bent = tape;
    for (uint32_t i = draw(&p) % 3; i < 3; i++) {
        size_t at = draw(&p) % 2 == 0 ? draw(&p) % 700 % bent.len : bent.len - 1 - draw(&p) % 300 % bent.len;
        size_t rest = bent.len - at - 1;

        switch (draw(&p) % 6) {
        case 0:
            bent.len = at + 1;
            break;
        case 1:
            memmove(bent.bytes + at, bent.bytes + at + 1, rest);
            bent.len--;
            break;
        case 2:
            memmove(bent.bytes + at + 1, bent.bytes + at, rest);
            break;
        default:
            bent.bytes[at] ^= (uint8_t)(1u << draw(&p) % 8);
            break;
        }
    }
}

/* To a fresh b, whose answers are kept. */
static void play(unsigned row, int take, bool cut)
{
    struct btw_slice slices[16];
    size_t count, at = 0;
    uint32_t random = p.random;

    config_tape(row);
    p.random = random;
    p.b.on = b_answers;
    said[take].len = 0;
    OK(btw_wire_accept(&p.b.wire, &p.b.config, p.now_ms));
    while (at < bent.len && p.b.wire.closed == BTW_CLOSE_NONE) {
        size_t most = cut ? 1 + draw(&p) % (draw(&p) % 3 == 0 ? 3000 : 30) : bent.len;
        size_t len = most < bent.len - at ? most : bent.len - at;

        receive(&p.b, bent.bytes + at, len, p.now_ms);
        assert_true(btw_wire_memory(&p.b.wire, true) < 40000);
        at += len;
    }
    while ((count = btw_wire_output(&p.b.wire, slices, 16)) > 0) {
        size_t from = said[take].len;

        keep(said[take].bytes, &said[take].len, slices, count);
        btw_wire_sent(&p.b.wire, said[take].len - from, p.now_ms);
    }
    btw_wire_eof(&p.b.wire);
    btw_wire_destroy(&p.b.wire);
    assert_int_equal(btw_wire_memory(&p.b.wire, true), 0);
    assert_int_equal(p.b.blocks, 0);
    strcpy(told[take], p.b.log);
}

static void bent_talks_end_well(void **state)
{
    (void)state;
    for (unsigned row = 0; row < TAPES; row++) {
        record(row);
        p.random = 1000 + row;
        for (int i = 0; i < BENDS; i++) {
            bend();
            play(row, 0, false);
            play(row, 1, true);
            assert_string_equal(told[0], told[1]);
            assert_int_equal(said[0].len, said[1].len);
            assert_memory_equal(said[0].bytes, said[1].bytes, said[0].len);
            assert_string_equal(strstr(told[0], "close "),
                                strrchr(told[0], ',') == NULL ? told[0] : strrchr(told[0], ',') + 2);
        }
    }
}

/* Where a block that nobody waits for belongs to is written by the peer: a caller may use it as an offset. */
static void no_block_is_told_from_outside_the_torrent(void **state)
{
    static const struct {
        const char *message;
        uint64_t tolerated;
        const char *log;
    } rows[] = {
        { "piece piece=9 begin=4998 data=5561", BTW_WIRE_TOLERATED_DEFAULT, "unasked piece 9:4998+2" },
        { "piece piece=9 begin=4999 data=5561", BTW_WIRE_TOLERATED_DEFAULT, "close breach" },
        { "piece piece=9 begin=4999 data=5561", BTW_WIRE_BREACH(BTW_BREACH_RANGE),
          "refused piece: a block that is empty or leaves its piece" },
        { "piece piece=4294967295 begin=0 data=5561", BTW_WIRE_BREACH(BTW_BREACH_RANGE),
          "refused piece: a block that is empty or leaves its piece" },
    };

    (void)state;
    for (size_t i = 0; i < 2 * sizeof rows / sizeof rows[0]; i++) {
        prepare(&p);
        p.a.config.parts = i % 2 == 1;
        p.a.config.tolerated = rows[i / 2].tolerated;
        open_pair(&p);
        p.a.log[0] = '\0';
        hear(&p.a, rows[i / 2].message, p.now_ms);
        expect(&p.a, rows[i / 2].log);
        assert_int_equal(p.a.got[TOTAL - 2], i / 2 == 0 ? 0x55 : 0);
        close_pair(&p);
    }
}

/* The third finds no room; its answer leaves the two that are told of, though they are equal. */
static void each_of_equal_requests_has_one_answer(void **state)
{
    static const char ask[] = "request piece=1 begin=0 length=1", reject[] = "reject piece=1 begin=0 length=1",
                      surplus[] = "refused request: more open requests than the table holds";
    static const uint8_t all[] = { 0xff, 0xc0 };
    const struct btw_block block = { 1, 0, 1 };
    char log[200];

    (void)state;
    prepare(&p);
    p.a.config.requests_max[BTW_THEM] = 2;
    open_pair(&p);
    OK(btw_wire_bitfield(&p.a.wire, btw_slice_of(all, 2), p.now_ms));
    OK(btw_wire_unchoke(&p.a.wire, p.now_ms));
    run(&p);
    p.a.log[0] = '\0';
    for (int i = 0; i < 3; i++)
        hear(&p.a, ask, p.now_ms);
    snprintf(log, sizeof log, "request 1:0+1, request 1:0+1, %s", surplus);
    expect(&p.a, log);
    expect_said(&p.a, reject);
    OK(serve(&p.a, block, p.now_ms));
    OK(serve(&p.a, block, p.now_ms));
    assert_int_equal(serve(&p.a, block, p.now_ms), BTW_REFUSED);
    close_pair(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bent_talks_end_well),
        cmocka_unit_test(no_block_is_told_from_outside_the_torrent),
        cmocka_unit_test(each_of_equal_requests_has_one_answer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

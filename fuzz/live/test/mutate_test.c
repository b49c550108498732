/* SPDX-License-Identifier: MIT
 *
 * Changed cases stay within their limits, are scenarios, come out the same from the same numbers, and reach what they
 * are to reach.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "mutate.h"
#include "random.h"
#include "script.h"

enum { ROUNDS = 2000 };

static const uint8_t hash[20] = "abcdefghijklmnopqrs";

static struct live_facts facts_of_base(void)
{
    struct live_facts facts = { .torrent_count = 1,
                                .metadata_id = 2,
                                .pex_id = 1,
                                .fast = true,
                                .answers_fin = true,
                                .dial_ms = 7000,
                                .await_ms = 50,
                                .patience_ms = 1000 };
    facts.torrents[0] = (struct live_torrent){
        .kind = "base", .pieces = 38, .piece_length = 32768, .last_length = 20001, .metadata_size = 998
    };
    memcpy(facts.torrents[0].info_hash, hash, 20);
    return facts;
}

/* The hex of a send; spaces part it for the eye. */
static void add(struct live_case *one, unsigned conn, const char *hex)
{
    uint8_t bytes[256];
    size_t len = 0;
    for (; *hex != '\0'; hex += *hex == ' ' ? 1 : 2) {
        char digits[3] = { hex[0], hex[1], '\0' };
        if (*hex != ' ')
            bytes[len++] = (uint8_t)strtoul(digits, NULL, 16);
    }
    struct live_step step = { .kind = LIVE_SEND, .conn = conn, .bytes = bytes, .len = len };
    assert_true(live_case_insert(one, one->count, &step));
}

static struct live_case talk(void)
{
    struct live_case one = { 0 };
    live_case_insert(&one, 0, &(struct live_step){ .kind = LIVE_DIAL });
    add(&one, 0,
        "13 426974546f7272656e742070726f746f636f6c 0000000000100004 6162636465666768696a6b6c6d6e6f7071727300 "
        "2d465a303030312d303030303030303030303031");
    live_case_insert(&one, 2, &(struct live_step){ .kind = LIVE_AWAIT, .await = BTW_HANDSHAKE });
    add(&one, 0, "0000001a 14 00 64313a6d6431313a75745f6d657461646174616931656565");
    add(&one, 0, "00000005 04 00000003");
    add(&one, 0, "0000000d 06 00000000 00004000 00004000");
    return one;
}

static char *print(const struct live_case *one, const struct live_facts *facts)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    live_case_print(out, one, &(struct live_style){ "fuzz.test", NULL, facts });
    fclose(out);
    return text;
}

static void a_case_is_written_as_a_scenario(void **state)
{
    struct live_facts facts = facts_of_base();
    struct live_case one = talk();
    (void)state;
    char *text = print(&one, &facts);
    assert_string_equal(text, "scenario fuzz.test\n  torrent base\n  strict\n\n"
                              "p1 dial!\n"
                              "p1 > handshake reserved=[ext fast] info_hash=$t1 peer_id=\"-FZ0001-000000000001\"\n"
                              "p1 maybe handshake within 50ms\n"
                              "p1 > extended ext=0 dict={m={ut_metadata=1}}\n"
                              "p1 > have piece=3\n"
                              "p1 > request piece=0 begin=16384 length=16384\n"
                              "p1 fin\n"
                              "p1 closes within 1000ms else info\n");
    free(text);
    live_case_free(&one);
}

static void what_is_joined_is_one_write(void **state)
{
    struct live_facts facts = facts_of_base();
    struct live_case one = talk();
    (void)state;
    one.steps[5].joined = true;
    one.steps[4].split = 3;
    one.steps[4].gap_ms = 5;
    char *text = print(&one, &facts);
    assert_non_null(strstr(text, "p1 > wire split=3 gap=5ms {\n"
                                 "  have piece=3\n"
                                 "  request piece=0 begin=16384 length=16384\n"
                                 "}\n"));
    free(text);
    live_case_free(&one);
}

static void who_is_to_be_dialled_listens(void **state)
{
    struct live_facts facts = facts_of_base();
    struct live_case one = talk();
    (void)state;
    one.steps[0].listens = true;
    facts.secret = true;
    char *text = print(&one, &facts);
    assert_non_null(strstr(text, "p1 listen\np1 accept! within 7000ms else inconclusive\n"
                                 "p1 secured within 1000ms else inconclusive\np1 > handshake "));
    free(text);
    live_case_free(&one);
}

/* Only clients that do dial are made to. */
static void listening_is_a_change(void **state)
{
    (void)state;
    for (int64_t dials = 0; dials <= 7000; dials += 7000) {
        struct live_facts facts = facts_of_base();
        unsigned listening = 0;
        facts.dial_ms = dials;
        for (uint64_t n = 0; n < ROUNDS; n++) {
            uint64_t random = live_random_of(6, n);
            struct live_case one = talk();
            live_mutate(&one, NULL, &facts, &random);
            for (size_t i = 0; i < one.count; i++)
                listening += one.steps[i].listens;
            live_case_free(&one);
        }
        assert_int_equal(listening > 0, dials > 0);
    }
}

static void every_changed_case_is_a_scenario_within_limits(void **state)
{
    struct live_facts facts = facts_of_base();
    struct scn_error error;
    (void)state;
    for (uint64_t n = 0; n < ROUNDS; n++) {
        uint64_t random = live_random_of(7, n);
        struct live_case one = talk(), partner = talk();
        for (int i = 0; i < 4; i++)
            live_mutate(&one, &partner, &facts, &random);
        assert_true(one.count <= LIVE_STEPS_MAX);
        assert_true(live_case_bytes(&one) <= LIVE_CASE_BYTES_MAX);
        assert_true(live_case_conns(&one) <= LIVE_CONNS_MAX);
        if (one.count > 0) {
            char *text = print(&one, &facts);
            struct scn_script *script = scn_script_parse("test", text, strlen(text), &error);
            if (script == NULL)
                fail_msg("%s\n%s", error.text, text);
            scn_script_free(script);
            free(text);
        }
        live_case_free(&one);
        live_case_free(&partner);
    }
}

static void equal_numbers_make_equal_cases(void **state)
{
    struct live_facts facts = facts_of_base();
    (void)state;
    unsigned differ = 0;
    for (uint64_t n = 0; n < 50; n++) {
        char *texts[3];
        for (int i = 0; i < 3; i++) {
            uint64_t random = live_random_of(i < 2 ? 1 : 2, n);
            struct live_case one = talk(), partner = talk();
            live_mutate(&one, &partner, &facts, &random);
            texts[i] = print(&one, &facts);
            live_case_free(&one);
            live_case_free(&partner);
        }
        assert_string_equal(texts[0], texts[1]);
        differ += strcmp(texts[0], texts[2]) != 0;
        for (int i = 0; i < 3; i++)
            free(texts[i]);
    }
    assert_true(differ > 40);
}

/* What a message may become by one change of a field, among others. */
static void fields_go_to_their_edges(void **state)
{
    struct live_facts facts = facts_of_base();
    static const uint32_t edges[] = { 0, 37, 38, 39, 0x7fffffff, 0x80000000, 0xffffffff };
    bool seen[sizeof edges / sizeof edges[0]] = { false };
    (void)state;
    for (uint64_t n = 0; n < ROUNDS; n++) {
        uint64_t random = live_random_of(3, n);
        struct live_mutation how = { &facts, &random };
        struct live_case one = talk();
        struct btw_msg msg;
        live_mutate_msg(&one.steps[4], &how);
        assert_true(live_step_msg(&one.steps[4], &msg));
        assert_int_equal(msg.type, BTW_HAVE);
        for (size_t i = 0; i < sizeof edges / sizeof edges[0]; i++)
            seen[i] = seen[i] || msg.piece == edges[i];
        live_case_free(&one);
    }
    for (size_t i = 0; i < sizeof edges / sizeof edges[0]; i++)
        assert_true(seen[i]);
}

static bool holds(const struct live_step *step, const char *text)
{
    size_t len = strlen(text);
    for (size_t i = 0; i + len <= step->len; i++) {
        if (memcmp(step->bytes + i, text, len) == 0)
            return true;
    }
    return false;
}

static void payloads_change_by_their_structure(void **state)
{
    static const char *const wanted[] = { "i-1e",
                                          "99999999999999999999:",
                                          "llllllllllllllllllll",
                                          "d1:bi1e1:ai2ee",
                                          "de",
                                          "11:ut_metadatai1e11:ut_metadatai1e" };
    struct live_facts facts = facts_of_base();
    bool seen[sizeof wanted / sizeof wanted[0]] = { false };
    (void)state;
    for (uint64_t n = 0; n < ROUNDS; n++) {
        uint64_t random = live_random_of(4, n);
        struct live_mutation how = { &facts, &random };
        struct live_case one = talk();
        struct btw_msg msg;
        assert_true(!live_mutate_payload(&one.steps[4], &how)); /* a have has none */
        live_mutate_payload(&one.steps[3], &how);
        assert_true(live_step_msg(&one.steps[3], &msg));
        assert_int_equal(msg.type, BTW_EXTENDED);
        for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
            seen[i] = seen[i] || holds(&one.steps[3], wanted[i]);
        live_case_free(&one);
    }
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        if (!seen[i])
            fail_msg("never seen: %s", wanted[i]);
    }
}

/* d5:added6: and an address elsewhere; 127.1.1.1 is this machine. */
static void contacts_stay_on_this_machine(void **state)
{
    struct live_facts facts = facts_of_base();
    (void)state;
    for (uint64_t n = 0; n < 200; n++) {
        uint64_t random = live_random_of(5, n);
        struct live_case one = talk();
        add(&one, 0, "00000014 14 01 64353a6164646564363a 08080808 1ae1 65 6565");
        live_mutate(&one, NULL, &facts, &random);
        for (size_t i = 0; i < one.count; i++) {
            if (one.steps[i].kind == LIVE_SEND && holds(&one.steps[i], "5:added6:"))
                assert_false(holds(&one.steps[i], "5:added6:\x08\x08\x08\x08"));
        }
        live_case_free(&one);
    }
}

static void mending_leaves_what_makes_sense(void **state)
{
    struct live_case one = { 0 };
    (void)state;
    add(&one, 0, "00000000"); /* not dialled */
    live_case_insert(&one, 1, &(struct live_step){ .kind = LIVE_DIAL });
    live_case_insert(&one, 2, &(struct live_step){ .kind = LIVE_DIAL }); /* dialled already */
    live_case_insert(&one, 3, &(struct live_step){ .kind = LIVE_FIN });
    add(&one, 0, "00000000"); /* behind the end */
    live_case_insert(&one, 5, &(struct live_step){ .kind = LIVE_RST });
    live_case_insert(&one, 6, &(struct live_step){ .kind = LIVE_RESUME }); /* nothing is there */
    live_case_mend(&one);
    assert_int_equal(one.count, 3);
    assert_int_equal(one.steps[0].kind, LIVE_DIAL);
    assert_int_equal(one.steps[1].kind, LIVE_FIN);
    assert_int_equal(one.steps[2].kind, LIVE_RST);
    live_case_free(&one);
}

static void a_case_contains_what_it_says_in_order(void **state)
{
    struct live_case one = talk(), part = { 0 };
    (void)state;
    assert_false(live_case_contains(&one, &part)); /* nothing is said */
    live_case_insert(&part, 0, &(struct live_step){ .kind = LIVE_DIAL });
    add(&part, 0, "00000005 04 00000003");
    assert_true(live_case_contains(&one, &part));
    add(&part, 0, "0000000d 06 00000000 00004000 00004000");
    assert_true(live_case_contains(&one, &part));
    add(&part, 0, "00000005 04 00000003");
    assert_false(live_case_contains(&one, &part));
    live_case_free(&one);
    live_case_free(&part);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_case_is_written_as_a_scenario),
        cmocka_unit_test(what_is_joined_is_one_write),
        cmocka_unit_test(who_is_to_be_dialled_listens),
        cmocka_unit_test(listening_is_a_change),
        cmocka_unit_test(every_changed_case_is_a_scenario_within_limits),
        cmocka_unit_test(equal_numbers_make_equal_cases),
        cmocka_unit_test(fields_go_to_their_edges),
        cmocka_unit_test(payloads_change_by_their_structure),
        cmocka_unit_test(contacts_stay_on_this_machine),
        cmocka_unit_test(mending_leaves_what_makes_sense),
        cmocka_unit_test(a_case_contains_what_it_says_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

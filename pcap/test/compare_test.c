/* SPDX-License-Identifier: MIT
 *
 * Two sessions, and what is said of their difference: breaches of meaning, and the orders and choices that are
 * forgiven.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "compare.h"
#include "tell.h"

#define HASH "00112233445566778899aabbccddeeff01234567"
#define HELLO                                                                                                          \
    "d 0 handshake reserved=[ext fast] info_hash=" HASH " peer_id=\"-LT2080-abcdefghijkl\"\n"                          \
    "a 1 handshake reserved=[ext fast] info_hash=" HASH " peer_id=\"-TR3000-abcdefghijkl\"\n"
#define ASK                                                                                                            \
    "d 2 request piece=0 begin=0 length=2\n"                                                                           \
    "d 2 request piece=1 begin=0 length=2\n"

static const struct row {
    const char *what;
    const char *captured, *now; /* behind the handshakes; the acceptor is the target */
    const char *said;           /* `!` for what is grave, captured | now, how many more */
    uint64_t asked, same, unasked;
} rows[] = {
    { "the_same_twice", "a 2 have_all\na 3 unchoke\n" ASK "a 4 piece piece=0 begin=0 data=0102\n",
      "a 2 have_all\na 3 unchoke\n" ASK "a 4 piece piece=0 begin=0 data=0102\n", "", 1, 1, 0 },
    { "answers_in_another_order", ASK "a 4 piece piece=0 begin=0 data=0102\na 5 piece piece=1 begin=0 data=0304\n",
      ASK "a 4 piece piece=1 begin=0 data=0304\na 5 piece piece=0 begin=0 data=0102\n", "", 2, 2, 0 },
    { "another_content", ASK "a 4 piece piece=0 begin=0 data=0102\n", ASK "a 4 piece piece=0 begin=0 data=0103\n",
      "!piece piece=0 begin=0 data=0102|piece piece=0 begin=0 data=0103;", 1, 0, 0 },
    { "a_reject_for_a_block", ASK "a 4 piece piece=1 begin=0 data=0102\n", ASK "a 4 reject piece=1 begin=0 length=2\n",
      "!piece piece=1 begin=0 data=0102|reject piece=1 begin=0 length=2;", 1, 0, 0 },
    { "no_answer", ASK "a 4 reject piece=1 begin=0 length=2\n", ASK, "!reject piece=1 begin=0 length=2|-;", 1, 0, 0 },
    { "nobody_asked", ASK "a 4 piece piece=1 begin=0 data=0102\n", "d 2 interested\n", "", 1, 0, 1 },
    { "everything_in_one_word_or_bit_by_bit", "a 2 bitfield bits=e0\n",
      "a 2 have piece=1\na 3 have piece=0\na 4 have piece=2\n", "", 0, 0, 0 },
    { "pieces_that_it_lacks", "a 2 bitfield bits=fc\n", "a 2 have piece=5\n",
      "have piece=0|-;have piece=1|-;have piece=2|-;have piece=3|- +1;", 0, 0, 0 },
    { "other_blocks_wanted", "a 2 request piece=3 begin=16384 length=16384\n",
      "a 2 request piece=3 begin=0 length=16384\n",
      "request piece=3 begin=16384 length=16384|-;-|request piece=3 begin=0 length=16384;", 0, 0, 0 },
    { "extensions_by_name", "a 2 extended ext=0 dict={m={ut_metadata=2 ut_pex=1} p=1 reqq=5 v=\"a\"}\n",
      "a 2 extended ext=0 dict={m={lt_donthave=3 ut_metadata=7} p=9 reqq=6 upload_only=1 v=\"b\"}\n",
      "extended ext=0 dict={reqq=5}|extended ext=0 dict={reqq=6};-|extended ext=0 dict={upload_only=1};"
      "extended ext=0 dict={m={ut_pex=1}}|-;-|extended ext=0 dict={m={lt_donthave=3}};",
      0, 0, 0 },
    { "choices", "a 2 allowed_fast piece=1\na 2 allowed_fast piece=2\na 3 unchoke\n",
      "a 2 unchoke\na 3 choke\na 4 unchoke\n", "-|choke;allowed_fast piece=1|- +1;", 0, 0, 0 },
    { "metadata",
      "d 2 extended ext=0 dict={m={ut_metadata=4}}\na 2 extended ext=0 dict={m={ut_metadata=2}}\n"
      "d 3 extended ext=2 dict={msg_type=0 piece=0}\na 4 extended ext=4 dict={msg_type=1 piece=0 total_size=1} "
      "tail=00\n",
      "d 2 extended ext=0 dict={m={ut_metadata=4}}\na 2 extended ext=0 dict={m={ut_metadata=9}}\n"
      "d 3 extended ext=9 dict={msg_type=0 piece=0}\na 4 extended ext=4 dict={msg_type=2 piece=0}\n",
      "!extended ext=4 dict={msg_type=1 piece=0 total_size=1} tail=00|extended ext=4 dict={msg_type=2 piece=0};", 1, 0,
      0 },
    { "it_leaves_as_it_did", "d 2 interested\na 9 fin\nd 10 fin\n", "d 2 interested\na 5 fin\n", "", 0, 0, 0 },
    { "it_resets_now", "d 2 interested\na 9 fin\n", "d 2 interested\na 9 rst\n", "fin|rst;", 0, 0, 0 },
    { "it_stays_now", "d 2 interested\na 9 fin\n", "d 2 interested\nd 9 fin\na 9 fin\n", "fin|-;", 0, 0, 0 },
    { "we_left_too_soon_to_tell", "d 2 interested\na 9 fin\n", "d 2 interested\nd 8 fin\n", "", 0, 0, 0 },
    { "it_had_stayed", "d 2 interested\nd 9 fin\na 9 fin\n", "d 2 interested\na 3 rst\n", "-|rst;", 0, 0, 0 },
    { "it_had_stayed_while_captured", "d 2 interested\n", "d 2 interested\na 3 fin\n", "-|fin;", 0, 0, 0 },
    { "its_end_may_be_missing", "d 2 interested\na 2 gap\n", "d 2 interested\na 3 fin\n", "", 0, 0, 0 },
};

static const struct cap_tape *tape_of(struct cap_tapes *tapes, const char *text)
{
    char whole[4096], error[300];
    snprintf(whole, sizeof whole, "%s%s", HELLO, text);
    tell(tapes, whole);
    return cap_tapes_pick(tapes, error, sizeof error);
}

static void differs_so(void **state)
{
    const struct row *row = *state;
    struct cap_tapes captured, now;
    struct scn_arena *arena = scn_arena_new();
    const struct cap_tape *a = tape_of(&captured, row->captured), *b = tape_of(&now, row->now);
    struct cap_comparison comparison = cap_compare(arena, a, b, BTW_ACCEPTOR, true);
    char *said = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&said, &len);
    for (size_t i = 0; i < comparison.count; i++) {
        const struct cap_difference *difference = &comparison.list[i];
        fprintf(out, "%s%s|%s", difference->grave ? "!" : "", difference->captured ? difference->captured : "-",
                difference->now ? difference->now : "-");
        if (difference->more > 0)
            fprintf(out, " +%u", difference->more);
        fputc(';', out);
    }
    fclose(out);
    assert_string_equal(said, row->said);
    assert_int_equal(comparison.asked, row->asked);
    assert_int_equal(comparison.same, row->same);
    assert_int_equal(comparison.unasked, row->unasked);
    free(said);
    scn_arena_free(arena);
    cap_tapes_free(&captured);
    cap_tapes_free(&now);
}

int main(void)
{
    enum { ROWS = sizeof rows / sizeof rows[0] };
    struct CMUnitTest tests[ROWS] = { { 0 } };
    for (size_t i = 0; i < ROWS; i++)
        tests[i] = (struct CMUnitTest){ rows[i].what, differs_so, NULL, NULL, (void *)&rows[i] };
    return _cmocka_run_group_tests("compare", tests, ROWS, NULL, NULL);
}

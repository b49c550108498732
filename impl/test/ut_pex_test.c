/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "btw/ut_pex.h"

#define COUNT(rows) (sizeof(rows) / sizeof(rows)[0])
#define A4 "\x7f\x00\x00\x01\x1a\xe1" /* 127.0.0.1:6881 */
#define B4 "\x0a\x01\x02\x03\x00\x50" /* 10.1.2.3:80 */
#define A6 "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\x1a\xe1"
#define BYTES(text) btw_slice_of(text, sizeof(text) - 1)

static const char all[] = "d5:added12:" A4 B4 "7:added.f2:\x02\x10"
                          "6:added618:" A6 "8:added6.f1:\x04"
                          "7:dropped6:" B4 "8:dropped618:" A6 "e";

static void every_list_is_read(void **state)
{
    struct btw_ut_pex msg;

    (void)state;
    assert_int_equal(btw_ut_pex_decode(&msg, BYTES(all), NULL), BTW_OK);
    assert_int_equal(msg.has, (1 << 6) - 1);
    assert_int_equal(msg.bad, 0);
    assert_int_equal(msg.flaws, 0);
    assert_true(btw_slice_equal(msg.added, BYTES(A4 B4)));
    assert_true(btw_slice_equal(msg.added_f, BYTES("\x02\x10")));
    assert_true(btw_slice_equal(msg.added6, BYTES(A6)));
    assert_true(btw_slice_equal(msg.added6_f, BYTES("\x04")));
    assert_true(btw_slice_equal(msg.dropped, BYTES(B4)));
    assert_true(btw_slice_equal(msg.dropped6, BYTES(A6)));
}

static void every_contact_is_found(void **state)
{
    static const struct {
        enum btw_pex_key key;
        size_t i;
        uint8_t first, last, address_len, flags;
        uint16_t port;
    } rows[] = {
        { BTW_PEX_ADDED, 0, 127, 1, 4, BTW_PEX_SEED, 6881 }, { BTW_PEX_ADDED, 1, 10, 3, 4, BTW_PEX_REACHABLE, 80 },
        { BTW_PEX_ADDED6, 0, 0, 1, 16, BTW_PEX_UTP, 6881 },  { BTW_PEX_DROPPED, 0, 10, 3, 4, 0, 80 },
        { BTW_PEX_DROPPED6, 0, 0, 1, 16, 0, 6881 },
    };
    struct btw_ut_pex msg;
    struct btw_pex_contact contact;

    (void)state;
    assert_int_equal(btw_ut_pex_decode(&msg, BYTES(all), NULL), BTW_OK);
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_true(btw_pex_contact_at(&msg, rows[i].key, rows[i].i, &contact));
        assert_int_equal(contact.address_len, rows[i].address_len);
        assert_int_equal(contact.address[0], rows[i].first);
        assert_int_equal(contact.address[contact.address_len - 1], rows[i].last);
        assert_int_equal(contact.port, rows[i].port);
        assert_int_equal(contact.flags, rows[i].flags);
    }
    assert_false(btw_pex_contact_at(&msg, BTW_PEX_ADDED, 2, &contact));
    assert_false(btw_pex_contact_at(&msg, BTW_PEX_DROPPED6, 1, &contact));
    assert_false(btw_pex_contact_at(&msg, BTW_PEX_ADDED, SIZE_MAX, &contact));
}

#define ROW(text, has, bad, flaws)                                                                                     \
    {                                                                                                                  \
        text, sizeof(text) - 1, has, bad, flaws                                                                        \
    }

static const struct {
    const char *text;
    size_t len;
    unsigned has, bad, flaws;
} odd[] = {
    ROW("de", 0, 0, 0),
    ROW("d5:added6:" A4 "7:dropped0:e", BTW_PEX_ADDED | BTW_PEX_DROPPED, 0, 0),
    ROW("d5:added5:abcdee", 0, BTW_PEX_ADDED, 0),
    ROW("d5:added7:abcdefge", 0, BTW_PEX_ADDED, 0),
    ROW("d6:added612:abcdefabcdefe", 0, BTW_PEX_ADDED6, 0),
    ROW("d7:dropped18:" A4 A4 A4 "8:dropped66:" A4 "e", BTW_PEX_DROPPED, BTW_PEX_DROPPED6, 0),
    ROW("d5:addedi6ee", 0, BTW_PEX_ADDED, 0),
    ROW("d5:added6:" A4 "7:added.f0:e", BTW_PEX_ADDED, BTW_PEX_ADDED_F, 0),
    ROW("d5:added6:" A4 "7:added.f2:aae", BTW_PEX_ADDED, BTW_PEX_ADDED_F, 0),
    ROW("d7:added.f1:ae", 0, BTW_PEX_ADDED_F, 0),
    ROW("d5:added5:abcde7:added.f1:ae", 0, BTW_PEX_ADDED | BTW_PEX_ADDED_F, 0),
    ROW("d6:added618:" A6 "8:added6.f3:abce", BTW_PEX_ADDED6, BTW_PEX_ADDED6_F, 0),
    ROW("d7:dropped0:5:added0:e", BTW_PEX_ADDED | BTW_PEX_DROPPED, 0, BTW_BEN_KEY_ORDER),
    ROW("d5:added0:ex", BTW_PEX_ADDED, 0, BTW_BEN_TRAILING),
    ROW("d5:added0:3:fooi1ee", BTW_PEX_ADDED, 0, 0),
};

static void wrong_lists_are_left_out_and_reported(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(odd); i++) {
        struct btw_ut_pex msg;
        struct btw_pex_contact contact;
        assert_int_equal(btw_ut_pex_decode(&msg, btw_slice_of(odd[i].text, odd[i].len), NULL), BTW_OK);
        if (msg.has != odd[i].has || msg.bad != odd[i].bad || msg.flaws != odd[i].flaws)
            fail_msg("row %zu: has %#x bad %#x flaws %#x", i, msg.has, msg.bad, msg.flaws);
        if (btw_pex_contact_at(&msg, BTW_PEX_ADDED, 0, &contact))
            assert_int_equal(contact.flags, 0);
    }
}

static void every_prefix_is_bad_bencode_at_its_end(void **state)
{
    (void)state;
    for (size_t len = 0; len < sizeof all - 1; len++) {
        struct btw_ut_pex msg;
        struct btw_diag diag = { 0 };
        uint8_t *copy = malloc(len + (len == 0));
        assert_non_null(copy);
        memcpy(copy, all, len);
        assert_int_equal(btw_ut_pex_decode(&msg, btw_slice_of(copy, len), &diag), BTW_BAD_BENCODE);
        assert_int_equal(diag.offset, len);
        free(copy);
    }
}

static void messages_are_written(void **state)
{
    const struct btw_pex_contact contacts[] = {
        { .address = { 127, 0, 0, 1 }, .address_len = 4, .port = 6881 },
        { .address = { 10, 1, 2, 3 }, .address_len = 4, .port = 80 },
        { .address = { [15] = 1 }, .address_len = 16, .port = 6881 },
    };
    uint8_t added[12], added6[18], out[200];
    struct btw_writer w = btw_writer_on(added, sizeof added);
    struct btw_writer w6 = btw_writer_on(added6, sizeof added6);
    struct btw_ut_pex msg = { .has = (1 << 6) - 1, .added_f = BYTES("\x02\x10"), .added6_f = BYTES("\x04") };
    size_t len;

    (void)state;
    btw_pex_put_contact(&w, &contacts[0]);
    btw_pex_put_contact(&w, &contacts[1]);
    btw_pex_put_contact(&w6, &contacts[2]);
    assert_false(w.failed || w6.failed);
    msg.added = btw_slice_of(added, w.len);
    msg.dropped = btw_slice_of(added + 6, 6);
    msg.added6 = msg.dropped6 = btw_slice_of(added6, w6.len);
    assert_int_equal(btw_ut_pex_encode(out, sizeof all - 2, &len, &msg), BTW_NO_SPACE);
    assert_int_equal(btw_ut_pex_encode(out, sizeof all - 1, &len, &msg), BTW_OK);
    assert_true(btw_slice_equal(btw_slice_of(out, len), BYTES(all)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_list_is_read),
        cmocka_unit_test(every_contact_is_found),
        cmocka_unit_test(wrong_lists_are_left_out_and_reported),
        cmocka_unit_test(every_prefix_is_bad_bencode_at_its_end),
        cmocka_unit_test(messages_are_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

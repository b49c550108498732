/* SPDX-License-Identifier: MIT
 *
 * Peer ids of real clients, of old styles, and of no style.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "btw/peer_id.h"

/* clang-format off */
static const struct {
    const char *id; /* 20 bytes */
    const char *client;
} rows[] = {
    { "-TR3000-abcdefghijkl", "Transmission 3000" },
    { "-LT2080-abcdefghijkl", "libtorrent 2080" },
    { "-lt0D80-abcdefghijkl", "libTorrent (rakshasa) 0D80" },
    { "-qB4520-abcdefghijkl", "qBittorrent 4520" },
    { "-UL-0001-abcdefghijk", "" }, /* the version must end at the eighth byte */
    { "-ZZ1234-abcdefghijkl", "ZZ 1234" },
    { "-A~1234-abcdefghijkl", "A~ 1234" },
    { "A2-1-36-0-abcdefghij", "aria2 1.36.0" },
    { "A2-1-8-0-7bcdefghijk", "aria2 1.8.0" },
    { "M7-10-5-345678901234", "Mainline 7.10.5" },
    { "M4-3-6--345678901234", "Mainline 4.3.6" },
    { "S58B-----abcdefghijk", "Shadow 58B" },
    { "T03I2----abcdefghijk", "BitTornado 03I2" },
    { "abcdefghijklmnopqrst", "" },
    { "--------------------", "" },
    { "M-------------------", "" },
    { "-TR3000abcdefghijklm", "" },
};
/* clang-format on */

static void ids_name_clients(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t id[20];
        char text[64];

        assert_int_equal(strlen(rows[i].id), sizeof id);
        memcpy(id, rows[i].id, sizeof id);
        assert_int_equal(btw_peer_id_client(text, sizeof text, id), rows[i].client[0] != '\0');
        assert_string_equal(text, rows[i].client);
    }
}

static void bytes_that_are_no_text_name_nobody(void **state)
{
    char text[64] = "x";

    (void)state;
    for (unsigned byte = 0; byte < 256; byte++) {
        uint8_t id[20];

        memset(id, (int)byte, sizeof id);
        assert_false(btw_peer_id_client(text, sizeof text, id));
        assert_string_equal(text, "");
    }
}

static void a_short_buffer_cuts_the_name(void **state)
{
    const uint8_t id[20] = "-TR3000-abcdefghijk";
    char text[6];

    (void)state;
    assert_true(btw_peer_id_client(text, sizeof text, id));
    assert_string_equal(text, "Trans");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_name_clients),
        cmocka_unit_test(bytes_that_are_no_text_name_nobody),
        cmocka_unit_test(a_short_buffer_cuts_the_name),
    };

    return cmocka_run_group_tests_name("peer_id", tests, NULL, NULL);
}

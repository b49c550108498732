/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <string.h>

#include "btw/peer_priority.h"

/* The first two are those of BEP 40.  The others are the masks of BEP 40 applied by hand, then a stock CRC-32C; the
 * bytes that went into it stand beside them. */
/* clang-format off */
static const struct {
    const char *a, *b;
    uint16_t a_port, b_port;
    uint32_t priority;
} rows[] = {
    { "123.213.32.10", "98.76.54.32",    0, 0, 0xec2d7224 }, /* 624c1400 7bd50000 */
    { "123.213.32.10", "123.213.32.234", 0, 0, 0x99568189 }, /* 7bd5200a 7bd520ea */
    { "123.213.32.10", "123.213.33.234", 0, 0, 0xf61850a9 }, /* 7bd52000 7bd52140 */
    { "10.0.0.1", "10.0.0.1", 51413, 6881, 0x9f852e9f },     /* 1ae1 c8d5 */
    { "10.0.0.1", "10.0.0.1", 6881, 6881, 0x74a80da3 },      /* 1ae1 1ae1 */
    { "::1", "::1", 6881, 51413, 0x9f852e9f },               /* 1ae1 c8d5 */
    { "2001:db8:1:2:3:4:5:6", "2a02:db8:aaaa:bbbb:cccc:dddd:eeee:ffff", 1, 2, 0x7af1bac8 },
      /* 20010db8000100000001000400050004 2a020db8aaaa11114444555544445555 */
    { "2001:db8:aaaa:2:3:4:5:6", "2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff", 1, 2, 0x0654e557 },
      /* 20010db8aaaa00000001000400050004 20010db8aaaabb114444555544445555 */
    { "2001:db8:aaaa:bb02:3:4:5:6", "2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff", 1, 2, 0xbe9a7d27 },
      /* 20010db8aaaabb020001000400050004 20010db8aaaabbbb4444555544445555 */
    { "2001:db8::101", "2001:db8::2fe", 1, 2, 0x040717d1 },
      /* 20010db8000000000000000000000101 20010db8000000000000000000000254 */
    { "2001:db8::1", "2001:db8::2", 1, 2, 0x5baf182f },      /* both whole */
};
/* clang-format on */

static struct btw_endpoint endpoint(const char *text, uint16_t port)
{
    struct btw_endpoint out = { .port = port };
    int family = strchr(text, ':') != NULL ? AF_INET6 : AF_INET;

    out.address_len = family == AF_INET6 ? 16 : 4;
    memset(out.address, 0xee, sizeof out.address); /* bytes behind an IPv4 address mean nothing */
    assert_int_equal(inet_pton(family, text, out.address), 1);
    return out;
}

static void both_ends_compute_the_same(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct btw_endpoint a = endpoint(rows[i].a, rows[i].a_port), b = endpoint(rows[i].b, rows[i].b_port);
        if (btw_peer_priority(&a, &b) != rows[i].priority || btw_peer_priority(&b, &a) != rows[i].priority)
            fail_msg("%s and %s: %08x, %08x", rows[i].a, rows[i].b, btw_peer_priority(&a, &b),
                     btw_peer_priority(&b, &a));
    }
}

static void ports_matter_only_behind_one_address(void **state)
{
    struct btw_endpoint a = endpoint("123.213.32.10", 6881), b = endpoint("98.76.54.32", 51413);

    (void)state;
    assert_int_equal(btw_peer_priority(&a, &b), 0xec2d7224);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_ends_compute_the_same),
        cmocka_unit_test(ports_matter_only_behind_one_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
